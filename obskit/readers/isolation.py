"""Read a file so that a reader's fault costs one line, or one file, but never the other files.

If a file has a record per line, the faulty lines are found by halving, and it is read again without them:

    line 1  good                      2 rows
    line 2  raises KeyError    ->     rejected: line 2, byte 120: a fault in the reader (KeyError)
    line 3  good

Any other file is a `ReadError`. Until there is a fault this costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import orjson
import pyarrow as pa

from obskit.errors import ObskitError, ReadError
from obskit.readers.faults import NOT_FAULTS, fault_reason
from obskit.readers.io.line_blocks import LineBlocks
from obskit.readers.io.source import Source, Stream
from obskit.readers.registry import Reader
from obskit.readers.sniffing import UTF8_BOM
from obskit.schema import FileReport, LoadReport, ReadOptions

MOST_LINES = 1_000
"""Faulty lines of a file that are looked for; with more of them the whole file is rejected."""

_LONGEST = 256 * 1024 * 1024  # bytes of a line; no reader takes longer ones


def read_isolated(
    reader: Reader, source: Source, report: FileReport, options: ReadOptions
) -> Iterator[pa.RecordBatch]:
    """Yield a file's events; a fault of the reader costs the line that it happens in, if there are lines.

    Args:
        reader: of the file's format.
        source: the file.
        report: counts what cannot be read. It gets the reader's counts when the file has been read.
        options: how to read it.

    Yields:
        Batches as the reader makes them.

    Raises:
        ReadError: the reader refuses the file, or fails at another place than single lines.
        LimitExceeded: the file exceeds a limit of the reader.
    """
    counts = LoadReport(display_names=report.report.display_names)
    given = 0
    try:
        for batch in reader.read(source, FileReport(counts, report.path, report.growing), options):
            given += batch.num_rows
            yield batch
    except NOT_FAULTS:
        report.report.merge(counts)
        raise
    except GeneratorExit:
        report.report.merge(counts)
        raise
    except Exception as error:
        fault = error  # the counts are discarded: the file is read again
    else:
        report.report.merge(counts)
        return
    yield from _Isolation(reader, source, options, fault).batches(report, given)


@dataclass(frozen=True)
class _FaultyLine:
    """Where a line is that the reader fails on, and why."""

    number: int
    offset: int
    length: int
    reason: str

    @property
    def position(self) -> str:
        return f"line {self.number}, byte {self.offset}"


class _Isolation:
    """Reads a file again after a fault."""

    def __init__(self, reader: Reader, source: Source, options: ReadOptions, fault: Exception) -> None:
        self._reader = reader
        self._source = source
        self._options = options
        self._fault = fault

    def batches(self, report: FileReport, given: int) -> Iterator[pa.RecordBatch]:
        """Yield the rows that were not given yet, without those of faulty lines, which are rejected."""
        lines = self._faulty_lines() if _has_line_records(self._reader, self._source) else []
        if not lines:
            raise self._error()
        # Rows of the first faulty line may have been given already; they are not repeated.
        skipped = min(given, self._rows_before(lines[0])) if given else 0
        counts = LoadReport(display_names=report.report.display_names)
        try:
            for batch in self._read(
                _Masked(self._source, lines), FileReport(counts, report.path, report.growing)
            ):
                left = batch.slice(min(skipped, batch.num_rows))
                skipped -= batch.num_rows - left.num_rows
                if left.num_rows:
                    given += left.num_rows
                    yield left
        except ReadError:
            if given:
                raise
            raise self._error(lines[0]) from None
        except NOT_FAULTS:
            raise
        except Exception:
            raise self._error(lines[0]) from None
        if not given:
            raise self._error(lines[0])
        report.report.merge(counts)
        for line in lines:
            report.reject(line.position, line.reason)

    def _read(self, source: Source, report: FileReport | None = None) -> Iterator[pa.RecordBatch]:
        path = str(source.path)
        return self._reader.read(source, report or LoadReport().file(path), self._options)

    def _error(self, line: _FaultyLine | None = None) -> ReadError:
        where = f", first at {line.position}" if line else ""
        error = ReadError(
            f"{self._source.path} cannot be read: {fault_reason(self._fault)}{where}",
            hint=f"this is a bug of the reader of {self._reader.name}: report it with a part of the file",
        )
        error.__cause__ = self._fault
        return error

    def _rows_before(self, line: _FaultyLine) -> int:
        return sum(batch.num_rows for batch in self._read(_Masked(self._source, [], line.offset)))

    def _faulty_lines(self) -> list[_FaultyLine]:
        """Return the lines that the reader fails on, alone or with the header; empty if it is not lines."""
        found: list[_FaultyLine] = []
        header = b""
        with self._source.stream() as stream:
            for block in LineBlocks(stream, LoadReport().file(""), limit=_LONGEST):
                lines = _split(block.data)
                if self._reader.lines == "text" and not header:  # it may have the names of the columns
                    header = lines[0]
                if not self._halve(header, lines, block.line, block.offset, found):
                    return []
        return found

    def _halve(
        self, header: bytes, lines: Sequence[bytes], number: int, offset: int, found: list[_FaultyLine]
    ) -> bool:
        """Append the faulty ones of some lines; return False if only lines together are faulty."""
        reason = self._reason(header, b"".join(lines))
        if reason is None:
            return True
        if len(lines) == 1:
            found.append(_FaultyLine(number, offset, len(lines[0].rstrip(b"\r\n")), reason))
            return len(found) <= MOST_LINES
        half, before = len(lines) // 2, len(found)
        after = offset + sum(map(len, lines[:half]))
        return (
            self._halve(header, lines[:half], number, offset, found)
            and self._halve(header, lines[half:], number + half, after, found)
            and len(found) > before
        )

    def _reason(self, header: bytes, data: bytes) -> str | None:
        """Return why the reader fails on some lines; None if it does not."""
        try:
            for _ in self._read(_Lines(self._source, data if data.startswith(header) else header + data)):
                pass
        except (ObskitError, OSError):
            return None
        except MemoryError:
            raise
        except Exception as error:
            return fault_reason(error)
        return None


def _split(data: bytes) -> list[bytes]:
    # Not by `splitlines`, for which a carriage return ends a line too.
    return [line + b"\n" for line in data.removesuffix(b"\n").split(b"\n")]


def _has_line_records(reader: Reader, source: Source) -> bool:
    """Whether each line of a file is a record or a document of its own."""
    if reader.lines == "text":
        return True
    lines = [line for line in source.head.removeprefix(UTF8_BOM).split(b"\n") if line.strip()]
    return len(lines) > 1 and any(map(_is_json, lines[:2]))


def _is_json(line: bytes) -> bool:
    try:
        return type(orjson.loads(line)) in (dict, list)
    except orjson.JSONDecodeError:
        return False


class _Copy(Source):
    """A source with another stream; what identifies the format is that of the file."""

    def __init__(self, source: Source) -> None:
        vars(self).update(vars(source))
        self._source = source


class _Lines(_Copy):
    """Some lines of a file."""

    def __init__(self, source: Source, data: bytes) -> None:
        super().__init__(source)
        self._data = data

    @contextmanager
    def stream(self) -> Iterator[Stream]:
        """Open a stream of the lines."""
        yield _Pieces([self._data])


class _Pieces:
    """A stream of bytes in memory."""

    def __init__(self, pieces: list[bytes]) -> None:
        self.damage: str | None = None
        self._pieces = pieces

    def position(self) -> int:
        """Return 0."""
        return 0

    def piece(self) -> bytes:
        """Return the next bytes; empty at the end."""
        return self._pieces.pop(0) if self._pieces else b""


class _Masked(_Copy):
    """A file with spaces in place of some lines, so that the others keep their positions."""

    def __init__(self, source: Source, lines: list[_FaultyLine], stop: int | None = None) -> None:
        super().__init__(source)
        self._lines = lines
        self._stop = stop

    @contextmanager
    def stream(self) -> Iterator[Stream]:
        """Open a stream of the file."""
        with self._source.stream() as stream:
            yield _MaskedStream(stream, self._lines, self._stop)


class _MaskedStream:
    """A stream with spaces in place of some lines, which ends at `stop`."""

    def __init__(self, stream: Stream, lines: list[_FaultyLine], stop: int | None) -> None:
        self.damage: str | None = None
        self._stream = stream
        self._lines = list(lines)
        self._left = stop
        self._at = 0

    def position(self) -> int:
        """Return how many bytes of the file have been read."""
        return self._stream.position()

    def piece(self) -> bytes:
        """Return the next bytes; empty at the end."""
        data = self._stream.piece()[: self._left]
        self.damage = self._stream.damage
        if self._left is not None:
            self._left -= len(data)
        begin, self._at = self._at, self._at + len(data)
        masked = bytearray(data)
        for line in self._lines:
            low, high = max(line.offset, begin), min(line.offset + line.length, self._at)
            if low < high:
                masked[low - begin : high - begin] = b" " * (high - low)
        self._lines = [line for line in self._lines if line.offset + line.length > self._at]
        return bytes(masked)
