"""Parquet and Arrow IPC (files and streams): names and types as the file has them.

If the columns are those of a tracing tool, `column_layouts` turns the rows into spans.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator

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
            layout = None if options.mapping else layout_of(names)
            check_sources(options.mapping, names, source.path)
            columns: FrameColumns | None = None
            dates = functools.partial(_text_column, file)
            for group in range(file.num_row_groups):
                for batch in _row_group(file, group, report, layout.rows if layout else ROWS):
                    if layout:
                        yield from layout.read(batch, source, report)
                        continue
                    columns = columns or FrameColumns(batch, source.path.name, report, options, dates)
                    yield columns.apply(batch)


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
