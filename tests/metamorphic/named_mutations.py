"""Mutations that need to know what a line says: names, units, clocks, prefixes, other formats."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from datetime import datetime, timedelta

from tests.metamorphic.answer import KEYS, Answer, Row, difference, fields
from tests.metamorphic.mutations import Change, Lines, Relation, mutation, same
from tests.metamorphic.sample import Sample
from tests.metamorphic.world import Request, World

_KEY = re.compile(rb'"([^"\\]+)"(?=\s*:)')
_UNITS = {b"_us": 0.001, b"_ns": 1e-6, b"_s": 1000.0, b"": None, b"_seconds": 1000.0, b"_micros": 0.001}
"""End of a name -> what a number under it is in milliseconds; None where nothing says it."""


def _is_json(sample: Sample, data: bytes) -> bool:
    return sample.shape == "lines" and data.startswith(b"{")


@mutation
def change_the_unit(rng: random.Random, sample: Sample, world: World, every: list[Sample]) -> Change | None:
    """`duration_ms` becomes `duration_us`: the same numbers are a thousandth as long."""
    if not sample.unit:
        return None
    name = sample.unit.strip(b'"')
    base = name.removesuffix(b"_ms")
    end = rng.choice(list(_UNITS))
    factor, new = _UNITS[end], (base + end).decode()

    own = name.decode()

    def wanted(row: Row) -> list[Row]:
        """The row with the other unit; or with the number under its new name, if the old one said nothing."""
        found = row.get("duration_ms") or row.get(own)
        rest = {k: v for k, v in row.items() if k not in ("duration_ms", own)}
        if found is None:
            return [rest]
        named = rest | {new: found}
        if factor is None:
            return [named]
        scaled = rest | {"duration_ms": f"{float(found) * factor:.12g}"}
        return [scaled] if "duration_ms" in row else [scaled, named]

    def relation(before: Answer, after: Answer) -> str:
        got = [row | _rounded(row) for row in after.rows]
        choices = [wanted(row) for row in before.rows]
        found = ""
        for choice in range(max(map(len, choices), default=0)):
            rows = [one[min(choice, len(one) - 1)] for one in choices]
            found = difference([row | _rounded(row) for row in rows], got)
            if not found:
                return ""
        return found

    data = sample.write(world).replace(name, new.encode())
    return Change(data, sample.file, relation, step=f"{name.decode()} becomes {new}")


def _rounded(row: Row) -> Row:
    """A thousandth of a number may differ in its last digit."""
    return {"duration_ms": f"{float(row['duration_ms']):.9g}"} if "duration_ms" in row else {}


@mutation
def change_the_case_of_names(
    rng: random.Random, sample: Sample, world: World, every: list[Sample]
) -> Change | None:
    """`Timestamp` and `TIMESTAMP` mean what `timestamp` means."""
    if not sample.names:
        return None
    how: Callable[[bytes], bytes] = rng.choice([bytes.upper, bytes.title, bytes.capitalize])
    data = sample.write(world)
    if sample.header:
        head, _, rest = data.partition(b"\n")
        data = how(head) + b"\n" + rest
    else:
        data = _KEY.sub(lambda found: b'"' + how(found[1]) + b'"', data)

    def relation(before: Answer, after: Answer) -> str:
        wanted = [{k.lower(): v for k, v in row.items()} for row in before.rows]
        return difference(wanted, [{k.lower(): v for k, v in row.items()} for row in after.rows])

    return Change(data, sample.file, relation, step=how.__name__)


@mutation
def shift_the_clock(rng: random.Random, sample: Sample, world: World, every: list[Sample]) -> Change | None:
    """All times are some hours later: nothing else is different."""
    if not sample.clock:
        return None
    hours = rng.choice([1, -3, 14, 24 * 30, -24 * 200, 24 * 240])

    def moved(row: Row) -> Row:
        times = ("timestamp", "observed_timestamp")
        return {k: _later(v, hours) if k in times else v for k, v in row.items() if k in KEYS}

    def relation(before: Answer, after: Answer) -> str:
        wanted = [moved(row) for row in before.rows]
        return difference(wanted, [{k: v for k, v in row.items() if k in KEYS} for row in after.rows])

    data = sample.write(World(world.count, world.shift + hours, world.offset))
    return Change(data, sample.file, relation, relation, f"{hours} hours")


def _later(text: str, hours: int) -> str:
    return (datetime.fromisoformat(text) + timedelta(hours=hours)).isoformat()


@mutation
def reverse_the_keys(rng: random.Random, sample: Sample, world: World, every: list[Sample]) -> Change | None:
    """The order of an object's keys says nothing."""
    data = sample.write(world)
    if not _is_json(sample, data):
        return None
    rows = [dict(reversed(json.loads(line).items())) for line in data.splitlines()]
    return Change(_joined(json.dumps(row, separators=(",", ":")) for row in rows), sample.file, same, same)


@mutation
def space_the_json(rng: random.Random, sample: Sample, world: World, every: list[Sample]) -> Change | None:
    """Spaces after commas and colons, as Python's json writes them; or none."""
    data = sample.write(world)
    if not _is_json(sample, data):
        return None
    rows = [json.dumps(json.loads(line)) for line in data.splitlines()]
    return Change(_joined(rows), sample.file, same, same)


@mutation
def write_json_over_lines(
    rng: random.Random, sample: Sample, world: World, every: list[Sample]
) -> Change | None:
    """What `jq .` prints: each object over several lines."""
    data = sample.write(world)
    if not _is_json(sample, data):
        return None
    return Change(_joined(json.dumps(json.loads(line), indent=2) for line in data.splitlines()), sample.file)


@mutation
def write_json_as_a_list(
    rng: random.Random, sample: Sample, world: World, every: list[Sample]
) -> Change | None:
    """What `jq -s .` prints: one list of all objects."""
    data = sample.write(world)
    if not _is_json(sample, data):
        return None
    rows = [json.loads(line) for line in data.splitlines()]
    return Change(json.dumps(rows, indent=rng.choice([None, 2])).encode() + b"\n", sample.file)


def _joined(lines: object) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()  # type: ignore[attr-defined]


# --- other lines next to them and before them ------------------------------------------------------------------


@mutation
def mix_two_formats(rng: random.Random, sample: Sample, world: World, every: list[Sample]) -> Change | None:
    """Two formats in one file: line by line, or one after the other."""
    if sample.shape != "lines":
        return None
    # Where a record may have several lines, the header of another file would be a part of the last one.
    others = [one for one in every if one.shape == "lines" and one is not sample]
    other = rng.choice([one for one in others if not (one.header and sample.start)])
    own, added = sample.write(world), other.write(World(world.count, world.shift + 1))
    if rng.random() < 0.5 or sample.header or other.header:
        data, how = own + added, "then"
    else:
        pairs = zip(own.splitlines(keepends=True), added.splitlines(keepends=True), strict=False)
        data, how = b"".join(a + b for a, b in pairs), "between"

    def relation(before: Answer, after: Answer) -> str:
        return difference(before.rows + _rows(other, added), after.rows)

    return Change(data, sample.file, relation, step=f"{how} {other}")


def _rows(sample: Sample, data: bytes) -> list[Row]:
    from tests.metamorphic.runner import answer_of

    return answer_of(data, sample.file).rows


BANNERS = (
    'Defaulted container "app" out of: app, sidecar\n',
    "Picked up JAVA_TOOL_OPTIONS: -Xmx512m\n",
    "==> access.log <==\n",
    "  ____  \n |  _ \\ ready\n |_____|\n\n",
    "# exported by ann\n",
    "Listening on http://0.0.0.0:8080\nworkers: 4\n",
)


@mutation
def put_a_banner_first(
    rng: random.Random, sample: Sample, world: World, every: list[Sample]
) -> Change | None:
    """Some lines of text before the first record: rows of their own, or counted."""
    if sample.shape == "binary":
        return None
    banner = rng.choice(BANNERS)

    def missing(before: Answer, after: Answer) -> str:
        left = [row for row in after.rows if row.get("body", "\0") not in banner]
        return difference(before.rows, left)

    lost = missing if sample.shape == "lines" and not sample.header else lambda before, after: ""
    return Change(banner.encode() + sample.write(world), sample.file, missing, lost, repr(banner[:20]))


def _kubectl(one: Request) -> str:
    return "[pod/booking-7d9f-x2x/app] "


def _stamped(one: Request) -> str:
    return _prefix_time(one) + " "


def _cri(one: Request) -> str:
    return f"{_prefix_time(one)} stdout F "


def _compose(one: Request) -> str:
    return "booking-1  | "


def _syslog(one: Request) -> str:
    month = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()[one.time.month - 1]
    return f"{month} {one.time.day:2d} {one.time:%H:%M:%S} host-1 booking[41]: "


def _syslog_5424(one: Request) -> str:
    return f"<14>1 {_prefix_time(one)} host-1 booking 41 - - "


def _prefix_time(one: Request) -> str:
    return (one.time + timedelta(milliseconds=3)).strftime("%Y-%m-%dT%H:%M:%S.%f") + "000Z"


PREFIXES: tuple[Callable[[Request], str], ...] = (_kubectl, _stamped, _cri, _compose, _syslog, _syslog_5424)


@mutation
def put_a_prefix_before_lines(
    rng: random.Random, sample: Sample, world: World, every: list[Sample]
) -> Change | None:
    """kubectl, a container runtime or syslog write before each line: its fields join those of the line."""
    data = sample.write(world)
    if sample.shape != "lines" or sample.header:
        return None
    prefix = rng.choice(PREFIXES)
    pairs = zip(world.requests(), Lines.of(sample, data).body, strict=True)
    made = b"".join(
        b"".join(prefix(one).encode() + line for line in record.splitlines(keepends=True))
        for one, record in pairs
    )
    return Change(made, sample.file, kept, step=prefix.__name__.strip("_"))


@mutation
def wrap_lines_as_docker_does(
    rng: random.Random, sample: Sample, world: World, every: list[Sample]
) -> Change | None:
    """Docker's json-file: each line is the text `log` of an object."""
    if sample.shape != "lines" or sample.header:
        return None
    pairs = zip(world.requests(), Lines.of(sample, sample.write(world)).body, strict=True)
    rows = [
        {"log": line.decode(), "stream": "stdout", "time": _prefix_time(one)}
        for one, record in pairs
        for line in record.splitlines(keepends=True)
    ]
    return Change(_joined(json.dumps(row, separators=(",", ":")) for row in rows), sample.file, kept)


@mutation
def colour_the_lines(rng: random.Random, sample: Sample, world: World, every: list[Sample]) -> Change | None:
    """A terminal's colours around each line."""
    if sample.shape != "lines" or sample.header:
        return None
    lines = sample.write(world).splitlines()
    return Change(b"".join(b"\x1b[32m" + line + b"\x1b[0m\n" for line in lines), sample.file)


def _kept(before: Answer, after: Answer) -> str:
    """Each row of the original has one that has all of its fields, and may have more."""
    left = list(after.rows)
    for row in before.rows:
        own = row.items()
        fit = next((one for one in left if own <= one.items()), None)
        if fit is None:
            if not left:
                return f"{len(before.rows)} rows wanted, {len(after.rows)} read"
            near = max(left, key=lambda one: len(own & one.items()))
            return f"no row has all fields: {fields(row, {k: v for k, v in near.items() if k in row})}"
        left.remove(fit)
    return f"{len(left)} rows more than there are lines: {left[0]}" if left else ""


kept: Relation = _kept
