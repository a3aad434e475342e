"""Read many small files as if they were one, because the cost per file is a hundred times that per event.

    a.jsonl  {"id": 1}          one block   {"id": 1}      one batch of three rows;
             {"id": 2}      ->              {"id": 2}  ->  a bad line is rejected as line 1 of b.jsonl,
    b.jsonl  {"id": 3}                      {"id": 3}      not as line 3 of the block

Only files whose rows do not depend on the other rows of their file are joined, such as JSON lines, and tables
with the same header. If anything else than a bad line turns up, the files are read one by one instead, so
that the result is the same either way.
"""

from __future__ import annotations

import io
import re
from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import orjson
import pyarrow as pa

from obskit.readers.io.source import HEAD, Plain, Source, Stream
from obskit.readers.jsonl.reader import READER as JSONL
from obskit.readers.markers.reader import has_hint, kind_of
from obskit.readers.registry import REGISTRY, Reader, is_own
from obskit.readers.tables.csv_reader import READER as CSV
from obskit.readers.tables.csv_reader import header_line
from obskit.readers.vendor_spans import DECISIVE
from obskit.schema import READ_AS_IS, FileReport, LoadReport, ReadOptions
from obskit.schema.report import TORN

BYTES = 1024 * 1024
"""Bytes that are joined, about."""

REMEMBERED = 10_000
"""First lines that are remembered, at most."""

# With one of these keys anywhere in the first bytes, a file may be of another format than flat JSONL.
_DECISIVE = (b'"resource', b'"traceID"', b'"operationName"', *DECISIVE)
_POSITION = re.compile(r"line (\d+), byte (\d+)")
_BAD_LINES = ("not JSON", "not a JSON object", "not UTF-8")


class NotJoinable(Exception):
    """The files have to be read one by one."""


@dataclass
class Joined:
    """Small files of one format that are read together.

    Attributes:
        reader: of the format.
        header: bytes that all of the files begin with, and that are read once.
        paths: the files.
        contents: their bytes without the header, each with a newline at its end.
        torn: whether a file has no newline at its end.
        size: bytes of the contents.
    """

    reader: Reader
    header: bytes = b""
    paths: list[Path] = field(default_factory=list)
    contents: list[bytes] = field(default_factory=list)
    torn: list[bool] = field(default_factory=list)
    size: int = 0

    def add(self, source: Source) -> None:
        """Add a file, which `group_of` has put into this group."""
        content = source.head[len(self.header) :]
        torn = not content.endswith(b"\n")
        self._add(source.path, content + b"\n" if torn else content, torn)

    def _add(self, path: Path, content: bytes, torn: bool) -> None:
        self.paths.append(path)
        self.contents.append(content)
        self.torn.append(torn)
        self.size += len(content)

    def halves(self) -> tuple[Joined, Joined]:
        """Return the first and the last files of this group."""
        out = Joined(self.reader, self.header), Joined(self.reader, self.header)
        middle = len(self.paths) // 2
        for at, (path, content, torn) in enumerate(zip(self.paths, self.contents, self.torn, strict=True)):
            out[at >= middle]._add(path, content, torn)
        return out

    def read(self, report: LoadReport, options: ReadOptions) -> list[pa.RecordBatch]:
        """Return the rows of all files.

        Args:
            report: counts what cannot be read, file by file; unchanged if the files are not joinable.
            options: how to read them.

        Returns:
            Batches in the order of the files.

        Raises:
            NotJoinable: something is odd about one of the files.
        """
        own = LoadReport()
        rejections = _Rejections(own, str(self.paths[0]))
        try:
            source = _JoinedSource(self.paths[0], b"".join([self.header, *self.contents]))
            batches = list(self.reader.read(source, rejections, options))
        except (OSError, MemoryError):
            raise
        except Exception as error:  # each file by itself: only there is the line of a fault looked for
            raise NotJoinable from error
        placed = self._placed(rejections.found)
        if self.header and any(self.torn):
            report.file(self.paths[self.torn.index(True)]).note_open_end()
        for path, position, reason in placed:
            report.file(path).reject(position, reason)
        report.merge(own)
        return batches

    def _placed(self, found: list[tuple[str, str]]) -> list[tuple[Path, str, str]]:
        """Return each rejection with its file, and with its position in that file."""
        if not found:
            return []
        if self.header:
            raise NotJoinable
        lines, offsets = [1], [0]
        for content in self.contents:
            lines.append(lines[-1] + content.count(b"\n"))
            offsets.append(offsets[-1] + len(content))
        placed = []
        for position, reason in found:
            at = _POSITION.fullmatch(position)
            if at is None or reason not in _BAD_LINES:
                raise NotJoinable
            line, offset = int(at[1]), int(at[2])
            file = bisect_right(lines, line) - 1
            if self.torn[file] and reason == "not JSON" and line == lines[file + 1] - 1:
                reason = f"{TORN}the file ends within the line"
            where = f"line {line - lines[file] + 1}, byte {offset - offsets[file]}"
            placed.append((self.paths[file], where, reason))
        return placed


def group_of(source: Source, reader: Reader) -> Hashable | None:
    """Return the group of files that a file can be read together with; None if it is read by itself.

    Args:
        source: the file.
        reader: of its format.

    Returns:
        A key: the reader's name, and the header that the files have in common.
    """
    if not source.whole or source.damage or source.growing:
        return None
    header = _HEADERS.get(reader.name)
    found = header(source.head) if header is not None and _READERS[reader.name] is reader else None
    return None if found is None else (reader.name, found)


def joined(group: Hashable) -> Joined:
    """Return an empty group for a key of `group_of`."""
    assert isinstance(group, tuple)
    name, header = group
    return Joined(_READERS[name], header)


def json_lines(head: bytes) -> bytes | None:
    """Return the header of JSON lines, which is empty; None if the first line is not an object.

    Args:
        head: first bytes of a file.

    Returns:
        No bytes, or None.

    Example:
        print(json_lines(b'{"id": 1}'), json_lines(b"id,name"))
    """
    first = head.partition(b"\n")[0]
    if first[:1] != b"{":
        return None
    try:
        return b"" if type(orjson.loads(first)) is dict else None
    except orjson.JSONDecodeError:
        return None


def _table(head: bytes) -> bytes | None:
    """Return the header of a table without quotes: with one, a row may go on in the next file."""
    return None if b'"' in head or b"\r" in head.replace(b"\r\n", b"") else header_line(head)


JSON_LINES = JSONL
"""The reader of files of which each line is an object of its own."""

_READERS: dict[str, Reader] = {reader.name: reader for reader in (JSONL, CSV)}
_HEADERS: dict[str, Callable[[bytes], bytes | None]] = {JSONL.name: json_lines, CSV.name: _table}


class Recognizer:
    """Chooses readers, and remembers for which first lines the choice was flat JSONL.

    What the readers of JSON look for is in the names and types of the first object, or is one of a few
    keys anywhere in the head. A file that repeats the former and has none of the latter is flat JSONL too.
    """

    def __init__(self) -> None:
        self._known: set[Hashable] = set()
        readers = REGISTRY.readers()
        self._claims = [reader.claims for reader in readers if reader.claims is not None]
        # Nothing is known about what the readers of other packages look for.
        self._active = JSONL in readers and all(map(is_own, readers))

    def choose(self, source: Source, options: ReadOptions = READ_AS_IS) -> Reader:
        """Return what `Registry.choose` does.

        Args:
            source: the file.
            options: how to read it.

        Returns:
            The one reader.

        Raises:
            ReadError: as `Registry.choose`.
        """
        seen = _first_object(source) if self._active and options.log_format is None else None
        if seen is None:
            return REGISTRY.choose(source, options)
        if seen in self._known and not any(key in source.head for key in _DECISIVE):
            marked = has_hint(source.head) and kind_of(source.head) is not None
            if not marked and not any(claims(source.path) for claims in self._claims):
                return JSONL
        reader = REGISTRY.choose(source, options)
        if reader is JSONL and len(self._known) < REMEMBERED:
            self._known.add(seen)
        return reader


def _first_object(source: Source) -> Hashable | None:
    """Return the suffix of a file, and names and types on its first line; None if that is not an object."""
    first = source.head.partition(b"\n")[0]
    if first[:1] != b"{":
        return None
    try:
        row = orjson.loads(first)
    except orjson.JSONDecodeError:
        return None
    return source.path.suffix, tuple(row), tuple(map(type, row.values()))


class _JoinedSource(Source):
    """The content of several files, in memory."""

    def __init__(self, path: Path, data: bytes) -> None:
        self.path = self.stored = path
        self.modified = 0.0  # only readers that do not need it are joined
        self.head = data[:HEAD]
        self.whole = len(data) < HEAD
        self.size = len(data)
        self.compression = None
        self.damage = None
        self.growing = False
        self._data = data

    @contextmanager
    def stream(self) -> Iterator[Stream]:
        yield Plain(io.BytesIO(self._data))


@dataclass(frozen=True)
class _Rejections(FileReport):
    """Collects all rejections, to find their files later."""

    found: list[tuple[str, str]] = field(default_factory=list)

    def reject(self, position: str, reason: str) -> None:
        self.found.append((position, reason))
