"""Sample the rows of large files in a few seconds, for an answer that comes before the exact one.

From files with one record per line, lines are taken at even distances: an uncompressed file is read at those
positions only, a compressed one has to be decompressed up to each, so of a very large one only the beginning
is sampled. From other files the first rows are taken. What cannot be read is not counted here.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson
import pyarrow as pa

from obskit.errors import ObskitError
from obskit.readers.io.source import Gzip, Plain, Source, Stream
from obskit.readers.registry import REGISTRY, Reader
from obskit.readers.sniffing import UTF8_BOM
from obskit.schema import READ_AS_IS, LoadReport, ReadOptions

FILES = 32
"""Files that are sampled, at most."""

MARKS = 24
"""Positions in a file at which lines are taken."""

LAST = 0.995
"""The last of these positions, as a share of the file: the newest events matter most."""

DECOMPRESSED_PER_SECOND = 50_000_000
"""Bytes of compressed input that are decompressed in a second, about."""

_LINE_LIMIT = 16 * 1024 * 1024


@dataclass(frozen=True)
class Plan:
    """Which lines of a file are taken.

    Attributes:
        lines: number of lines at each mark.
        step: distance between marks, as a share of the file.
        reach: where the last mark may be, as a share of the file.
        deadline: when to stop, on `time.monotonic`.
    """

    lines: int
    step: float
    reach: float
    deadline: float


class SampledStream:
    """A stream without the lines between the marks of a plan. It may end early, without damage."""

    def __init__(self, stream: Stream, size: int, plan: Plan) -> None:
        self.damage: str | None = None
        self._stream = stream
        self._size = max(size, 1)
        self._plan = plan
        self._next = 0.0
        self._left = plan.lines  # begin at the first line: it may be the header of a table
        self._rest = b""
        self._ended = False

    def position(self) -> int:
        """Return how many bytes of the file have been passed."""
        return self._stream.position()

    def piece(self) -> bytes:
        """Return whole lines; empty at the end."""
        while not self._ended:
            data = self._stream.piece()
            if not data:
                self._ended = True
                return self._rest
            if not self._left:
                data = self._enter(data)
            lines = self._lines(data)
            if lines:
                return lines
        return b""

    def _enter(self, data: bytes) -> bytes:
        """Return the bytes after the first newline once the next mark is reached, else nothing."""
        share = self._stream.position() / self._size
        if share > self._plan.reach or time.monotonic() > self._plan.deadline:
            self._ended = True
        cut = data.find(b"\n")
        if self._ended or share < self._next or cut < 0:
            return b""
        self._left = self._plan.lines
        return data[cut + 1 :]

    def _lines(self, data: bytes) -> bytes:
        if not self._left:
            return b""
        data = self._rest + data
        if len(data) > _LINE_LIMIT and b"\n" not in data:
            self._ended = True
            return b""
        cut = 0
        while self._left and (end := data.find(b"\n", cut)) >= 0:
            cut, self._left = end + 1, self._left - 1
        self._rest = data[cut:] if self._left else b""
        if not self._left:
            self._next += self._plan.step
            if isinstance(self._stream, Plain):
                taken = self.position() - len(data) + cut
                # One byte earlier: if a line begins at the mark, the newline before it is found.
                self._stream.skip_to(max(taken, int(self._next * self._size)) - 1)
        return data[:cut]


class SampledSource(Source):
    """A file whose streams yield only the lines of a plan, once there is one."""

    plan: Plan | None = None

    @contextmanager
    def stream(self) -> Iterator[Stream]:
        """Open the file from its beginning."""
        with super().stream() as stream:
            if self.plan is None:
                yield stream
                return
            if isinstance(stream, Gzip):
                stream.step = min(stream.step, max(4096, self.size // (4 * MARKS)))
            yield SampledStream(stream, self.size, self.plan)


class PreviewReader:
    """A sample of the rows of files.

    Args:
        paths: files, as `expand` returns them.
        options: how to read them.
        rows: of the sample, about; shared among the files by their size.
        seconds: that reading may take, about.

    Attributes:
        files: number of files that rows were read from.
        of: number of all files.
        reach: share of each compressed file that was read, at most.

    Example:
        from pathlib import Path

        path = Path("events.jsonl")
        path.write_text('{"timestamp": "2026-05-04T10:00:00Z", "name": "book"}\\n')
        for batch in PreviewReader([path], rows=1_000, seconds=2.0).batches():
            print(batch.num_rows)
    """

    def __init__(
        self, paths: Sequence[Path], options: ReadOptions = READ_AS_IS, *, rows: int, seconds: float
    ) -> None:
        sized = [(path, path.stat().st_size) for path in paths]
        self.of = len(sized)
        self.files = 0
        self._chosen = sized[:: max(1, -(-len(sized) // FILES))]
        self._options = options
        self._rows = rows
        self._seconds = seconds
        self._bytes = max(1, sum(size for _, size in self._chosen))
        self.reach = min(1.0, seconds * DECOMPRESSED_PER_SECOND / self._bytes)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows, with names as found; files that cannot be read are skipped."""
        for path, size in self._chosen:
            share = size / self._bytes
            quota = max(1, int(self._rows * share))
            given = 0
            try:
                for batch in self._file(path, quota, time.monotonic() + self._seconds * share):
                    yield batch.slice(0, quota - given)
                    given += batch.num_rows
                    if given >= quota:
                        break
            except ObskitError:
                continue
            except (OSError, MemoryError):
                raise
            except Exception:  # noqa: S112 - a fault of the reader, which is reported when the file is loaded
                continue
            self.files += bool(given)

    def _file(self, path: Path, quota: int, deadline: float) -> Iterator[pa.RecordBatch]:
        source = SampledSource(path)
        reader = REGISTRY.choose(source, self._options)
        if _has_line_records(reader, source):
            reach = self.reach if source.compression else 1.0
            marks = min(MARKS, quota)
            step = LAST * reach / max(1, marks - 1)
            source.plan = Plan(-(-quota // marks), step, reach, deadline)
        yield from reader.read(source, LoadReport().file(path), self._options)


def _has_line_records(reader: Reader, source: Source) -> bool:
    first, newline, _ = source.head.removeprefix(UTF8_BOM).partition(b"\n")
    if reader.lines is None or not newline:
        return False
    if reader.lines == "text":
        return True
    try:
        orjson.loads(first)
    except orjson.JSONDecodeError:
        return False
    return True
