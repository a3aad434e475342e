"""The mutations, each with its relation: what the answer for the changed file must be.

A mutation returns a `Change`: the new bytes, and a function that says how the answer differs from the one that
is right. A difference is a fault unless obskit refuses the file or its load report says more than it said for the
original. `lost` is stricter: it names what must be read whatever the report says.
"""

from __future__ import annotations

import bz2
import gzip
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, field

import pyarrow as pa

from tests.metamorphic.answer import Answer, counted, difference
from tests.metamorphic.sample import Sample
from tests.metamorphic.world import World

Relation = Callable[[Answer, Answer], str]


def same(before: Answer, after: Answer) -> str:
    """The same rows, in any order."""
    return difference(before.rows, after.rows)


def nothing_lost(before: Answer, after: Answer) -> str:
    return ""


@dataclass(frozen=True)
class Change:
    """A changed file.

    Attributes:
        data: its bytes.
        file: its name.
        relation: how the answer differs from the right one; "" if it does not.
        lost: what must not be different even if the report has a remark.
        step: what was done, in a few words.
    """

    data: bytes
    file: str
    relation: Relation = same
    lost: Relation = nothing_lost
    step: str = ""


Mutation = Callable[[random.Random, Sample, World, "list[Sample]"], "Change | None"]
MUTATIONS: dict[str, Mutation] = {}
"""Name -> function of (random, sample, world, all samples); it returns None where it means nothing."""


def mutation(made: Mutation) -> Mutation:
    MUTATIONS[made.__name__.replace("_", " ")] = made
    return made


@dataclass(frozen=True)
class Lines:
    """A file as its header, and one record per event."""

    header: bytes
    body: list[bytes] = field(default_factory=list)

    @classmethod
    def of(cls, sample: Sample, data: bytes) -> Lines:
        return cls(*sample.records(data))

    def join(self, body: list[bytes]) -> bytes:
        return b"".join([self.header, *body])

    def ends(self) -> list[int]:
        """Return the offset behind each record."""
        return list(itertools.accumulate(map(len, self.body), initial=len(self.header)))[1:]


def only(numbers: list[int]) -> Relation:
    """The rows with these numbers, in any order and as often as they are given."""
    return lambda before, after: difference([before.rows[n] for n in numbers], after.rows)


def at_least(numbers: list[int]) -> Relation:
    """Nothing is missing of the rows with these numbers."""

    def missing(before: Answer, after: Answer) -> str:
        lost = counted(before.rows[n] for n in numbers) - counted(after.rows)
        return f"{lost.total()} complete records are missing: {dict(next(iter(lost)))}" if lost else ""

    return missing


def at_most(before: Answer, after: Answer) -> str:
    """Rows of the original only: a cut between two records takes rows, and leaves no trace."""
    extra = counted(after.rows) - counted(before.rows)
    return difference(before.rows, after.rows) if extra else ""


SMALLEST = 60
"""Bytes of the smallest record of a document."""


def damaged_once(numbers: list[int] | None, lines: int = 0, removed: int = 0) -> Relation:
    """All rows that the damage did not touch, and at most one more: a value without some of its characters
    is a value too. A record of `lines` may take the damaged one for more of its lines. In a document, which
    records a number of `removed` bytes belonged to is not known; if they held the end of a trace and the
    beginning of the next one, the rest of the next one is read as of the first."""

    def relation(before: Answer, after: Answer) -> str:
        wanted = before.rows if numbers is None else [before.rows[n] for n in numbers]
        missing = (counted(wanted) - counted(after.rows)).total()
        extra = len(after.rows) - len(wanted) + missing
        allowed = (
            (2 + removed // SMALLEST, 1 + (removed >= SMALLEST)) if numbers is None else (min(lines, 1), 1)
        )
        return "" if missing <= allowed[0] and extra <= allowed[1] else difference(wanted, after.rows)

    return relation


def torn_first(numbers: list[int]) -> Relation:
    """The rows with these numbers; one more may be there whose first field, such as the client, is cut."""

    def relation(before: Answer, after: Answer) -> str:
        extra = counted(after.rows) - counted(before.rows[n] for n in numbers)
        first = numbers[0] if numbers else len(before.rows)
        if extra.total() == 1 and first > 0:
            own, torn = before.rows[first - 1], dict(next(iter(extra)))
            cut = [name for name in own.keys() | torn.keys() if own.get(name) != torn.get(name)]
            if len(cut) == 1 and own.get(cut[0], "").endswith(torn.get(cut[0], "-")):
                return ""
        return only(numbers)(before, after)

    return relation


# --- cuts ---------------------------------------------------------------------------------------------------


@mutation
def cut_end(rng: random.Random, sample: Sample, world: World, every: list[Sample]) -> Change | None:
    """The file breaks off anywhere: a copy that was interrupted, a disk that was full."""
    data = sample.write(world)
    at = rng.randrange(1, len(data))
    kept = data[:at]
    if sample.shape != "lines":
        at_break = sample.shape == "document" and sample.header and kept.endswith(b"\n")
        relation = at_most if at_break else same
        return Change(kept, sample.file, relation, step=f"{at} of {len(data)} bytes")
    lines = Lines.of(sample, data)
    whole = sum(end <= at for end in lines.ends())
    numbers, step = list(range(whole)), f"{at} of {len(data)} bytes, {whole} whole records"
    rest = kept[([len(lines.header), *lines.ends()])[whole] :]
    if whole < len(lines.body) and rest and rest == lines.body[whole].rstrip(b"\n"):
        # The last record is complete without its line break: then one more row is right as well.
        return Change(kept, sample.file, only([*numbers, whole]), at_least(numbers), step)
    if rest.endswith(b"\n"):  # a cut between the lines of a record leaves no trace
        return Change(kept, sample.file, damaged_once(numbers), at_least(numbers), step)
    return Change(kept, sample.file, only(numbers), at_least(numbers), step)


@mutation
def cut_start(rng: random.Random, sample: Sample, world: World, every: list[Sample]) -> Change | None:
    """`tail -c`: the file begins anywhere, most often in the middle of a record."""
    data = sample.write(world)
    at = rng.randrange(1, len(data))
    kept = data[at:]
    if sample.shape != "lines" or sample.header:
        return Change(kept, sample.file, step=f"without the first {at} bytes")
    begins = [0, *Lines.of(sample, data).ends()]
    numbers = [n for n in range(world.count) if begins[n] >= at]
    # A lone rest of a line has nothing by which it could be known.
    must = at_least(numbers) if len(numbers) > 2 else nothing_lost
    return Change(kept, sample.file, torn_first(numbers), must, f"without the first {at} bytes")


@mutation
def cut_head_lines(rng: random.Random, sample: Sample, world: World, every: list[Sample]) -> Change | None:
    """`tail -n`: the first lines are missing, and with them the header if there is one."""
    if sample.shape != "lines":
        return None
    lines = Lines.of(sample, sample.write(world))
    gone = rng.randrange(0 if sample.header else 1, world.count - 2)
    numbers = list(range(gone, world.count))
    return Change(b"".join(lines.body[gone:]), sample.file, only(numbers), step=f"without {gone} records")


@mutation
def cut_packed(rng: random.Random, sample: Sample, world: World, every: list[Sample]) -> Change | None:
    """A compressed file that breaks off."""
    packed = gzip.compress(sample.write(world), mtime=0)
    at = rng.randrange(12, len(packed))
    return Change(packed[:at], sample.file + ".gz", step=f"{at} of {len(packed)} packed bytes")


@mutation
def cut_out(rng: random.Random, sample: Sample, world: World, every: list[Sample]) -> Change | None:
    """A piece in the middle is missing, so that two records run into one."""
    data = sample.write(world)
    first = rng.randrange(1, len(data) - 1)
    last = min(len(data) - 1, first + rng.choice([1, 5, 40, 400]))
    made, step = data[:first] + data[last:], f"without bytes {first} to {last}"
    if sample.shape != "lines":
        relation = damaged_once(None, removed=last - first) if sample.shape == "document" else same
        return Change(made, sample.file, relation, step=step)
    lines = Lines.of(sample, data)
    if first < len(lines.header):
        return Change(made, sample.file, step=step)
    begins = [len(lines.header), *lines.ends()]
    intact = [n for n in range(world.count) if begins[n + 1] <= first or begins[n] >= last]
    if last in begins and intact and begins[intact[-1]] >= last:
        intact.remove(begins.index(last))  # its line begins with the rest of another one
    return Change(made, sample.file, damaged_once(intact, sample.reader == "application log"), step=step)


# --- lines ---------------------------------------------------------------------------------------------------


@mutation
def duplicate_lines(rng: random.Random, sample: Sample, world: World, every: list[Sample]) -> Change | None:
    """Some lines are there twice."""
    if sample.shape != "lines":
        return None
    lines = Lines.of(sample, sample.write(world))
    numbers = sorted([*range(world.count), *rng.sample(range(world.count), rng.randint(1, 5))])
    return Change(lines.join([lines.body[n] for n in numbers]), sample.file, only(numbers), only(numbers))


@mutation
def double(rng: random.Random, sample: Sample, world: World, every: list[Sample]) -> Change | None:
    """`cat a a`: the file twice, end to end."""
    data = sample.write(world)
    return Change(data * 2, sample.file, lambda before, after: difference(before.rows * 2, after.rows))


@mutation
def shuffle_lines(rng: random.Random, sample: Sample, world: World, every: list[Sample]) -> Change | None:
    """The order of records says nothing."""
    if sample.shape != "lines":
        return None
    lines = Lines.of(sample, sample.write(world))
    numbers = rng.sample(range(world.count), world.count)
    return Change(lines.join([lines.body[n] for n in numbers]), sample.file, same, same)


@mutation
def drop_lines(rng: random.Random, sample: Sample, world: World, every: list[Sample]) -> Change | None:
    """Whole records are missing: the others stay as they are."""
    if sample.shape != "lines":
        return None
    lines = Lines.of(sample, sample.write(world))
    numbers = sorted(rng.sample(range(world.count), rng.randint(2, world.count - 1)))
    return Change(lines.join([lines.body[n] for n in numbers]), sample.file, only(numbers), only(numbers))


@mutation
def blank_lines(rng: random.Random, sample: Sample, world: World, every: list[Sample]) -> Change | None:
    """Empty lines between records, before the first and after the last."""
    if sample.shape == "binary":
        return None
    data = sample.write(world)
    lines = data.splitlines(keepends=True) if sample.shape == "document" else [*Lines.of(sample, data).body]
    if sample.header and sample.shape == "lines":
        lines.insert(0, Lines.of(sample, data).header)
    places = range(len(lines) + 1) if sample.shape == "lines" else (0, len(lines))
    for at in sorted(rng.choices(places, k=3), reverse=True):
        lines.insert(at, rng.choice([b"\n", b"\n", b"  \n"]))
    return Change(b"".join(lines), sample.file, same, same)


# --- the file as a whole ------------------------------------------------------------------------------------


@mutation
def crlf(rng: random.Random, sample: Sample, world: World, every: list[Sample]) -> Change | None:
    """Windows' line breaks."""
    if sample.shape == "binary":
        return None

    def relation(before: Answer, after: Answer) -> str:
        rows = [{k: v.replace("\r\n", "\n") for k, v in row.items()} for row in after.rows]
        return difference(before.rows, rows)

    return Change(sample.write(world).replace(b"\n", b"\r\n"), sample.file, relation, relation)


@mutation
def byte_order_mark(rng: random.Random, sample: Sample, world: World, every: list[Sample]) -> Change | None:
    """UTF-8 with a mark, as editors on Windows save it."""
    if sample.shape == "binary":
        return None
    return Change(b"\xef\xbb\xbf" + sample.write(world), sample.file, same, same)


@mutation
def utf_16(rng: random.Random, sample: Sample, world: World, every: list[Sample]) -> Change | None:
    """What `>` writes in an old PowerShell."""
    if sample.shape == "binary":
        return None
    return Change(sample.write(world).decode().encode("utf-16"), sample.file)


@mutation
def zeros_at_the_end(rng: random.Random, sample: Sample, world: World, every: list[Sample]) -> Change | None:
    """What a file system leaves after a power failure."""
    # They may be taken for the end of the last record.
    lost = at_least(list(range(world.count - 1))) if sample.shape == "lines" else nothing_lost
    return Change(sample.write(world) + bytes(rng.choice([7, 512])), sample.file, same, lost)


@mutation
def compress(rng: random.Random, sample: Sample, world: World, every: list[Sample]) -> Change | None:
    """Compression changes nothing, and neither does a missing suffix."""
    data, kind = sample.write(world), rng.choice(["gz", "bz2", "zst"])
    if kind == "gz":
        packed = gzip.compress(data, mtime=0)
    elif kind == "bz2":
        packed = bz2.compress(data)
    else:
        packed = pa.Codec("zstd").compress(data, asbytes=True)
    return Change(packed, sample.file + rng.choice([f".{kind}", f".{kind}", ""]), same, same, kind)


SUFFIXES = (".log", ".txt", ".json", ".jsonl", ".csv", ".bak", ".1", ".out", "", ".log.2026-05-04", ".LOG")


@mutation
def rename(rng: random.Random, sample: Sample, world: World, every: list[Sample]) -> Change | None:
    """The content says what a file is, not its name."""
    suffix = rng.choice(SUFFIXES)
    return Change(sample.write(world), "file" + suffix, same, step=suffix)


# --- clocks -----------------------------------------------------------------------------------------------------


@mutation
def write_in_another_zone(
    rng: random.Random, sample: Sample, world: World, every: list[Sample]
) -> Change | None:
    """The same instants, written with another offset to UTC."""
    if not sample.zone:
        return None
    minutes = rng.choice([120, -330, 345, -60])
    made = sample.write(World(world.count, world.shift, minutes))
    return Change(made, sample.file, same, same, f"{minutes} minutes")
