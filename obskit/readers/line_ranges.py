"""Read a stretch of a file of JSON lines, so that a file that grew costs only its new lines.

    a.jsonl      lines 1-40,000 | lines 40,001-80,000 | lines 80,001-91,200
    a.jsonl      lines 1-40,000 | lines 40,001-80,000 | lines 80,001-97,300      it grew: one stretch is new

The stretches depend on the size of the file alone. Each has the hash of its bytes, which is compared again
while it is read: a file that was overwritten, not only appended to, is never taken for the same. Only files
whose rows do not depend on the other rows are divided; rejections keep their position in the file.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

import pyarrow as pa

from obskit.errors import ReadError
from obskit.readers.archives.members import is_archive
from obskit.readers.io.line_blocks import newlines
from obskit.readers.io.source import PIECE, Source, Stream
from obskit.readers.joined import JSON_LINES, json_lines
from obskit.readers.outcome import Outcome
from obskit.readers.path_fields import PathFields, with_fields
from obskit.readers.read import Vanished, read_source
from obskit.readers.registry import REGISTRY
from obskit.schema import LoadReport, ReadOptions

_POSITION = re.compile(r"line (\d+), byte (\d+)")


class NotDivisible(Exception):
    """The file has to be read as a whole, for a stretch of it cannot be read by itself."""


class LineRange(NamedTuple):
    """A stretch of whole lines of a file.

    Attributes:
        path: the file.
        start, stop: its first byte, and the one after its last.
        line: number of its first line, from 1.
        digest: hash of its bytes, hex.
        growing: whether it is the end of a file that is still being written.
    """

    path: str
    start: int
    stop: int
    line: int
    digest: str
    growing: bool


def line_ranges(path: str, options: ReadOptions, cuts: Sequence[int], size: int) -> list[LineRange]:
    """Divide a file of JSON lines.

    Args:
        path: the file.
        options: how to read it.
        cuts: bytes before which a stretch may end, ascending; each is moved to the end of its line.
        size: bytes of the file to read; what was appended since is left for the next time.

    Returns:
        The stretches in order; none if the file has another format, or cannot be read.

    Cost: reads all bytes.

    Example:
        from pathlib import Path

        from obskit.schema import READ_AS_IS

        path = Path("events.jsonl")
        path.write_text('{"id": 1}\\n{"id": 2}\\n')
        print([(part.start, part.stop) for part in line_ranges("events.jsonl", READ_AS_IS, [3], 20)])
    """
    try:
        source = Source(Path(path))
        if source.compression or source.damage or is_archive(source) or json_lines(source.head) is None:
            return []
        if REGISTRY.choose(source, options) is not JSON_LINES:
            return []
        out: list[LineRange] = []
        with Path(path).open("rb") as file:
            ends = [_end_of_line(file, cut, size) for cut in cuts]
            start, line = 0, 1
            for stop in sorted({*ends, size}):
                if stop <= start:
                    continue
                digest, lines = _hash(file, start, stop)
                growing = stop == size and source.growing
                out.append(LineRange(path, start, stop, line, digest, growing))
                start, line = stop, line + lines
        return out
    except (OSError, ReadError):
        return []  # reported when the file is read


def _end_of_line(file: BinaryIO, at: int, size: int) -> int:
    """Return the position after the first newline at or after `at - 1`."""
    file.seek(at - 1)
    while at < size:
        piece = file.read(1 << 16)
        found = piece.find(b"\n")
        if found >= 0:
            return min(file.tell() - len(piece) + found + 1, size)
        if not piece:
            break
    return size


def _hash(file: BinaryIO, start: int, stop: int) -> tuple[str, int]:
    """Return the hash of a stretch, and its number of newlines."""
    digest, lines = hashlib.blake2b(digest_size=16), 0
    file.seek(start)
    while start < stop:
        piece = file.read(min(PIECE, stop - start))
        if not piece:
            break
        digest.update(piece)
        lines += newlines(piece)
        start += len(piece)
    return digest.hexdigest(), lines


def read_line_range(
    part: LineRange, report: LoadReport, options: ReadOptions, *, roots: Sequence[Path], outcome: Outcome
) -> Iterator[pa.RecordBatch]:
    """Yield the events of a stretch of a file.

    Args:
        part: the stretch.
        report: of this stretch alone; counts what cannot be read.
        options: how to read it.
        roots: as in `read_paths`.
        outcome: counts the file with its first stretch.

    Yields:
        Batches as in `read_paths`.

    Raises:
        NotDivisible: the file has to be read as a whole.
        Vanished: the stretch has other bytes than before, or the file was deleted.
        LimitExceeded: a limit of the reader.

    Example:
        from obskit.readers.outcome import Outcome
        from obskit.schema import READ_AS_IS, LoadReport
        from pathlib import Path

        path = Path("events.jsonl")
        path.write_text('{"id": 1}\\n{"id": 2}\\n')
        [part] = line_ranges("events.jsonl", READ_AS_IS, [], 20)
        for batch in read_line_range(part, LoadReport(), READ_AS_IS, roots=[], outcome=Outcome()):
            print(batch.num_rows)
    """
    path = Path(part.path)
    path_fields = PathFields(options.path_fields, roots, report, outcome.matched)
    fields = path_fields.of(path)
    if not part.start:
        path_fields.count(path, fields)
    changed = f"{path} was written to while it was read"
    try:
        source = _Range(Source(path), part)
        for batch in read_source(source, JSON_LINES, report, options):
            yield with_fields(batch, fields, report)
    except FileNotFoundError as error:
        raise Vanished(f"{path} was deleted after its folder was listed", hint="load again") from error
    except ReadError as error:
        raise NotDivisible(str(error)) from error
    if source.digest.hexdigest() != part.digest:
        raise Vanished(changed, hint="load again")
    report.rejected = [
        dataclasses.replace(one, position=_POSITION.sub(lambda at: _moved(at, part), one.position))
        for one in report.rejected
    ]


def _moved(at: re.Match[str], part: LineRange) -> str:
    return f"line {int(at[1]) + part.line - 1}, byte {int(at[2]) + part.start}"


class _Range(Source):
    """A stretch of a file; what identifies the format is that of the file."""

    def __init__(self, source: Source, part: LineRange) -> None:
        vars(self).update(vars(source))
        self.growing = part.growing
        self.digest = hashlib.blake2b(digest_size=16)
        self._part = part

    @contextmanager
    def stream(self) -> Iterator[Stream]:
        """Open a stream of the stretch."""
        self.digest = hashlib.blake2b(digest_size=16)
        with self.path.open("rb") as file:
            yield _RangeStream(file, self)

    @property
    def part(self) -> LineRange:
        """Where the stretch is."""
        return self._part


class _RangeStream:
    """The bytes of a stretch."""

    def __init__(self, file: BinaryIO, source: _Range) -> None:
        self.damage: str | None = None
        self._file, self._source = file, source
        self._left = source.part.stop - source.part.start
        file.seek(source.part.start)

    def position(self) -> int:
        """Return how many bytes have been read."""
        return self._source.part.stop - self._source.part.start - self._left

    def piece(self) -> bytes:
        """Return the next bytes; empty at the end."""
        data = self._file.read(min(PIECE, self._left))
        self._left -= len(data)
        self._source.digest.update(data)
        return data
