"""Find out which prefixes the lines of a file have, from its first bytes.

A prefix is taken for one only if most of the first lines have it. Where its form is no proof, such as a time
that may be the line's own, the lines behind it must be of a format that another reader is sure of.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import orjson

from obskit.readers.faults import NOT_FAULTS
from obskit.readers.io.source import HEAD
from obskit.readers.prefixed.kinds import ANY, KINDS, Kind
from obskit.readers.prefixed.lines import COLOURS
from obskit.readers.registry import REGISTRY, Match, Reader
from obskit.readers.sniffing import UTF8_BOM
from obskit.schema import READ_AS_IS, ReadOptions

NAMES = frozenset({"lines with a prefix", "syslog with octet counts"})
"""Names of the readers of this package, which do not read what is behind a prefix."""

_SNIFFED = 100
_NESTED = 3
# Tables have a header in their first line, which only the first of several blocks would have.
_NOT_LINES = ("obskit.readers.tables.", "obskit.readers.markers.", "obskit.readers.load_tests.")
_DOCKER_KEYS = frozenset({"log", "stream", "time", "attrs"})
_FRACTION = re.compile(rb"[.,](\d+)")


@dataclass(frozen=True)
class Layout:
    """What is around the lines of a file.

    Attributes:
        docker: each line is a JSON object of Docker's json-file driver.
        kinds: prefixes, the outermost first.
        colours: the lines have escape sequences of a terminal.
    """

    docker: bool
    kinds: tuple[Kind, ...]
    colours: bool

    @property
    def name(self) -> str:
        """What people call it."""
        names = ["Docker's json-file"] if self.docker else []
        names += [kind.name for kind in self.kinds]
        return ", ".join(names or ["a terminal (colours)"])


def detect(head: bytes) -> Layout | None:
    """Return what is around the lines of a file.

    Args:
        head: the first bytes of the file.

    Returns:
        The layout, or None if the lines have no prefix.
    """
    lines = first_lines(head)
    if not lines:
        return None
    colours = b"\x1b[" in head
    plain = [COLOURS.sub(b"", line) for line in lines] if colours else lines
    inner = _docker_lines(plain)
    docker = inner is not None
    if inner is not None:
        plain = [COLOURS.sub(b"", line) for line in inner if line.strip()]
    kinds: list[Kind] = []
    while len(kinds) < _NESTED and any(map(ANY.match, plain)):
        kind = next((kind for kind in KINDS if _fits(kind, plain)), None)
        if kind is not None and not kind.source and b"\n" not in head:
            break  # a single line that may be torn: any other prefix begins with a time too
        if kind is None:
            break
        kinds.append(kind)
        plain = list(_stripped(kind, plain))
    if docker or kinds:
        return Layout(docker, tuple(kinds), colours)
    if colours and plain:
        without, given = best_match(plain)[0], best_match(lines)[0]
        mostly = 2 * sum(b"\x1b[" in line for line in lines) >= len(lines)
        if without > given or (mostly and without >= Match.CERTAIN):
            return Layout(False, (), True)
    return None


def first_lines(head: bytes) -> list[bytes]:
    """Return the first lines of a file that are not blank, without the last one, which may be incomplete."""
    found = head.removeprefix(UTF8_BOM).split(b"\n", _SNIFFED)
    kept = found[:-1] if len(found) > 1 else found
    return [line.removesuffix(b"\r") for line in kept if line.strip()]


def candidates() -> Iterator[Reader]:
    """Yield the readers of formats that have a record per line."""
    for reader in REGISTRY.readers():
        module = str(getattr(reader.sniff, "__module__", ""))
        if reader.lines is not None and reader.name not in NAMES and not module.startswith(_NOT_LINES):
            yield reader


def best_match(
    lines: Sequence[bytes], without: Sequence[Reader] = (), options: ReadOptions = READ_AS_IS
) -> tuple[Match, Reader | None]:
    """Return the reader that some lines match best, and how well.

    Args:
        lines: without their newlines.
        without: readers that are not asked.
        options: a `log_format` decides for lines that match it.

    Returns:
        The best match; the reader, None if there is no match. Of equal ones the first.
    """
    head = b"".join(line + b"\n" for line in lines)[:HEAD]
    best, found = Match.NO, None
    for reader in candidates():
        if any(reader is other for other in without):
            continue
        try:
            if reader.sniff_log_format is not None and options.log_format is not None:
                if reader.sniff_log_format(head, options) >= Match.CERTAIN:
                    return Match.CERTAIN, reader
                continue
            match = reader.sniff(head)
        except NOT_FAULTS:
            raise
        except Exception:  # noqa: S112 - as in `Registry.choose`: a `sniff` with a fault does not match
            continue
        if match > best:
            best, found = match, reader
    return best, found


def _fits(kind: Kind, lines: list[bytes]) -> bool:
    """Return whether most of the lines have a prefix of a kind, or most of those after a banner."""
    first = next((place for place, line in enumerate(lines) if kind.pattern.match(line)), len(lines))
    banner = 2 * first > len(lines)
    lines = lines[first:] if banner else lines
    matched = [line for line in lines if kind.pattern.match(line)]
    if 2 * len(matched) < len(lines) or len(matched) < 1 + 2 * banner:
        return False
    if kind.check is not None and not kind.check(lines):
        return False
    if kind.sure and not banner:
        return True
    inner = [line for line in _stripped(kind, matched) if line.strip()]
    known = bool(inner) and _recognized(inner)
    if not kind.source:
        return _is_foreign_time(matched, known)
    return known


def _recognized(inner: list[bytes]) -> bool:
    """Return whether a reader is sure of lines, or whether they have a further prefix that is sure."""
    if best_match(inner)[0] >= Match.CERTAIN:
        return True
    return any((kind.sure or not kind.source) and _fits(kind, inner) for kind in KINDS)


def _is_foreign_time(lines: list[bytes], known: bool) -> bool:
    """Return whether the times before lines were written by another program than the lines.

    kubectl and docker write nine digits, GitHub seven. Times of other forms may be those of the lines' own
    format.
    """
    digits = [_FRACTION.search(line[19:30]) for line in lines]
    foreign = all(found is not None and len(found[1]) in (7, 9) for found in digits)
    if foreign and known:
        return True
    own = any(
        str(reader.sniff.__module__).startswith("obskit.readers.app_log") for reader in _sure_readers(lines)
    )
    return (foreign or known) and not own


def _sure_readers(lines: list[bytes]) -> Iterator[Reader]:
    head = b"".join(line + b"\n" for line in lines)
    for reader in candidates():
        try:
            if reader.sniff(head) >= Match.CERTAIN:
                yield reader
        except NOT_FAULTS:
            raise
        except Exception:  # noqa: S112
            continue


def _stripped(kind: Kind, lines: Sequence[bytes]) -> Iterator[bytes]:
    """Yield the lines that have a prefix, without it."""
    for line in lines:
        match = kind.pattern.match(line)
        if match is not None:
            yield line[match.end() :].removeprefix(UTF8_BOM)


def _docker_lines(lines: list[bytes]) -> list[bytes] | None:
    """Return the inner lines of Docker's json-file; None if the lines are anything else."""
    inner = []
    for line in lines:
        if not line.startswith(b"{"):
            continue
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        if not _is_docker(row):
            return None
        inner.append(row["log"].encode("utf-8", "surrogatepass").rstrip(b"\n"))
    return inner if 2 * len(inner) >= len(lines) else None


def _is_docker(row: object) -> bool:
    return (
        isinstance(row, dict)
        and row.keys() <= _DOCKER_KEYS
        and type(row.get("log")) is str
        and row.get("stream") in ("stdout", "stderr")
        and type(row.get("time")) is str
    )
