"""Parquet and Arrow IPC (files and streams): names and types as the file has them.

If the columns are those of a tracing tool, `column_layouts` turns the rows into spans.
"""

from __future__ import annotations

import functools
import mmap
import os
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from obskit.errors import ReadError
from obskit.readers import tempo
from obskit.readers.io.source import Readable, Source, Stream
from obskit.readers.registry import Match, Reader
from obskit.readers.tables.column_layouts import layout_of
from obskit.readers.tables.frame_columns import FrameColumns
from obskit.schema import FileReport, ReadOptions, check_sources
from obskit.text import first_line

ROWS = 65_536
BYTES = 64 * 1024 * 1024
"""Bytes of rows to read at once, as Parquet counts them before compression."""

SHORT = "a Parquet row group with fewer rows than the footer says"

_MIN_ROWS = 16
_BROKEN = (pa.ArrowException, OSError, ValueError, MemoryError, KeyError)
AFTER = "another Arrow file begins after the end of the first: it is not read"
MOST_REST = 4 * 1024 * 1024
"""Bytes after the last batch that are looked at; a footer has a few hundred bytes, and more per batch."""

_FOOTER_START = (b"\x15\x02", b"\x15\x04")  # the version: 1 or 2, in Thrift's compact form
_JOINT = b"ARROW1ARROW1\0\0"
_CONTINUED = b"\xff\xff\xff\xff"


def sniff_parquet(head: bytes) -> Match:
    """Return whether the bytes start like a Parquet file."""
    return Match.CERTAIN if head[:4] == b"PAR1" else Match.NO


def read_parquet(source: Source, report: FileReport, options: ReadOptions) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a Parquet file, one row group after the other; unreadable row groups are rejected.

    Args:
        source: the file.
        report: receives the rejections.
        options: with a `mapping`, the columns are not taken for those of a tracing tool.
    Yields:
        Batches of at most `ROWS` rows and about `BYTES` bytes.
    Raises:
        ReadError: the footer cannot be read, or a column that the mapping names is missing.
        LimitExceeded: the file as a whole is compressed, and is too large when decompressed.
    """
    with source.on_disk() as path:
        try:
            file = pq.ParquetFile(pa.OSFile(os.fsencode(path)), pre_buffer=False)  # a name may not be UTF-8
            names = file.schema_arrow.names  # raises if a name is not UTF-8
        except _BROKEN as error:
            raise ReadError(
                f"{source.path} has a Parquet footer that cannot be read: {first_line(error)}",
                hint="the file may be truncated; write it again",
            ) from error
        with file:
            check_concatenation(path, file, source)
            layout = None if options.mapping else layout_of(names)
            check_sources(options.mapping, names, source.path)
            columns: FrameColumns | None = None
            dates = functools.partial(_text_column, file)
            for group in range(file.num_row_groups):
                wanted = source.row_groups is None or group in source.row_groups
                if not wanted and (layout or columns):
                    continue
                for batch in _row_group(file, group, report, layout.rows if layout else ROWS):
                    if layout:
                        yield from layout.read(batch, source, report)
                        continue
                    # Decided by the first rows of the file, also if they are not wanted.
                    columns = columns or FrameColumns(batch, source.path.name, report, options, dates)
                    if not wanted:
                        break
                    yield columns.apply(batch)


def check_concatenation(path: Path, file: pq.ParquetFile, source: Source) -> None:
    """Check that a file is not several Parquet files end to end: the footer is that of the last one.

    Its offsets count from the start of the file, so rows of the first file would be read by the last one's
    footer. Whatever is before the last file adds to the bytes that no column chunk accounts for, besides
    indexes; where one ends and the next begins, there is the magic number twice.

    Args:
        path: where the bytes are.
        file: the same, opened.
        source: the file, for the message.

    Raises:
        ReadError: another file begins in it.
    """
    columns = [
        file.metadata.row_group(group).column(at)
        for group in range(file.num_row_groups)
        for at in range(file.metadata.num_columns)
    ]
    end = 4
    for column in columns:
        starts = [column.data_page_offset, column.dictionary_page_offset or column.data_page_offset]
        end = max(end, min(starts) + column.total_compressed_size)
    with open(path, "rb") as data:
        size = os.fstat(data.fileno()).st_size
        gap = size - 8 - file.metadata.serialized_size - end
        if gap <= 0:
            return
        with mmap.mmap(data.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            second = _second_file(mapped, gap + 12)
    if second is not None:
        raise ReadError(
            f"{source.path} is several Parquet files end to end: another one begins at byte {second}",
            hint="load the files as they were before they were joined, in a folder",
        )


def _second_file(data: mmap.mmap, end: int) -> int | None:
    """Return where a second file begins: after a footer, its size, and the magic number that ends a file."""
    at = -1
    while (at := data.find(b"PAR1PAR1", at + 1, end)) >= 0:
        footer = at - 4 - int.from_bytes(data[max(at - 4, 0) : at], "little")
        if footer >= 4 and data[footer : footer + 2] in _FOOTER_START:
            return at + 4
    return None


def _row_group(file: pq.ParquetFile, group: int, report: FileReport, rows: int) -> Iterator[pa.RecordBatch]:
    given = 0
    stored = file.metadata.row_group(group)
    # A row may be large: a whole trace, or a body of megabytes.
    rows = max(_MIN_ROWS, min(rows, BYTES * stored.num_rows // max(stored.total_byte_size, 1)))
    batches = file.iter_batches(batch_size=rows, row_groups=[group], use_threads=False)
    while True:
        try:
            batch = next(batches)
            batch.validate(full=True)
        except StopIteration:
            if given < stored.num_rows:
                report.reject(f"row group {group}, after row {given}", SHORT)
            return
        except _BROKEN:
            report.reject(f"row group {group}, after row {given}", "a Parquet row group that cannot be read")
            return
        given += batch.num_rows
        yield batch


def _text_column(file: pq.ParquetFile, name: str) -> Iterator[pa.Array]:
    """Yield one text column of a file; nothing after what cannot be read."""
    try:
        for batch in file.iter_batches(batch_size=ROWS, columns=[name], use_threads=False):
            yield pc.cast(batch.column(0), pa.string())
    except _BROKEN:
        return


def sniff_arrow(head: bytes) -> Match:
    """Return whether the bytes start like an Arrow IPC file or stream."""
    if head[:8] == b"ARROW1\0\0":
        return Match.CERTAIN
    size = int.from_bytes(head[4:8], "little", signed=True)
    return Match.CERTAIN if head[:4] == _CONTINUED and 0 < size < 256 * 1024**2 else Match.NO


class _WithoutMagic:
    """The Arrow IPC stream inside an IPC file: everything after the first eight bytes."""

    def __init__(self, stream: Stream) -> None:
        self.damage: str | None = None
        self._stream = stream
        self._first = True

    def piece(self) -> bytes:
        piece = self._stream.piece()
        if self._first:
            while len(piece) <= 8 and (more := self._stream.piece()):
                piece += more
            self._first = False
            return piece[8:]
        return piece

    def position(self) -> int:
        return self._stream.position()


def _another_begins(readable: Readable, is_file: bool) -> bool:
    """Whether more rows follow the end of an Arrow stream; in an IPC file, its footer follows."""
    rest = readable.read(MOST_REST)
    return _JOINT in rest if is_file else rest.startswith((_CONTINUED, b"ARROW1"))


def read_arrow(source: Source, report: FileReport, options: ReadOptions) -> Iterator[pa.RecordBatch]:
    """Yield the rows of an Arrow file or stream; of a truncated one, those before the break.

    Args:
        source: the file.
        report: receives the rejections.
        options: with a `mapping`, the columns are not taken for those of a tracing tool.
    Yields:
        Batches of at most `ROWS` rows.
    Raises:
        ReadError: the schema cannot be read, or a column that the mapping names is missing.
    """
    with source.stream() as stream:
        is_file = source.head[:6] == b"ARROW1"
        readable = Readable(_WithoutMagic(stream) if is_file else stream)
        try:
            reader = pa.ipc.open_stream(pa.PythonFile(readable, mode="r"))
            names = reader.schema.names  # raises if a name is not UTF-8
        except _BROKEN as error:
            raise ReadError(
                f"{source.path} has an Arrow schema that cannot be read: {first_line(error)}",
                hint="the file may be truncated; write it again",
            ) from error
        check_sources(options.mapping, names, source.path)
        layout = None if options.mapping else layout_of(names)
        columns: FrameColumns | None = None
        given = 0
        while True:
            try:
                batch = reader.read_next_batch()
                batch.validate(full=True)
            except StopIteration:
                if _another_begins(readable, is_file):
                    report.reject(f"after batch {given - 1}", AFTER)
                break
            except _BROKEN:
                why = stream.damage or "an Arrow batch that cannot be read; the rest of the file is skipped"
                report.reject(f"batch {given}", why)
                return
            given += 1
            rows = layout.rows if layout else ROWS
            for start in range(0, batch.num_rows, rows):
                part = batch.slice(start, rows)
                if layout:
                    yield from layout.read(part, source, report)
                    continue
                columns = columns or FrameColumns(part, source.path.name, report, options)
                yield columns.apply(part)
        if stream.damage:
            report.reject("end of the file", stream.damage)


PARQUET = Reader("Parquet", (".parquet", ".pq"), sniff_parquet, read_parquet, select_files=tempo.block_files)
ARROW = Reader("Arrow IPC", (".arrow", ".arrows", ".feather", ".ipc"), sniff_arrow, read_arrow)
