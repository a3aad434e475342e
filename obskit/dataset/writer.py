"""Write batches of events as a Dataset, in constant memory, completely or not at all.

While one part is sorted and written in a thread, the next one is collected; Arrow does most of both without
the interpreter lock.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from obskit.dataset.atomic_write import report_full_disk
from obskit.dataset.cache import TEMPORARY, temporary_folder_for
from obskit.dataset.dataset import Dataset, is_dataset, open_dataset
from obskit.dataset.hours import split_by_hour
from obskit.dataset.manifest import MANIFEST, DataFile, Manifest, read_manifest, write_manifest
from obskit.dataset.parts import open_part, read_columns, rewrite_part, sorted_by_time, write_part
from obskit.dataset.unfinished import UNIT_COLUMNS, ProvisionalRows
from obskit.errors import DatasetError
from obskit.schema import LoadReport, cast

ROWS = 1 << 20
BYTES = 256 << 20
THREADS = 2


@dataclass
class _PartWriter:
    """Collects batches and writes a part whenever there are enough.

    Types may widen and columns may be added as batches come, so early parts may have an older schema;
    `finish` rewrites those parts only. With `by_hour`, an hour with many rows has parts of its own.
    """

    folder: Path
    schema: Callable[[], pa.Schema]
    rows: int
    bytes: int
    pool: ThreadPoolExecutor
    by_hour: bool = False
    pending: list[pa.RecordBatch] = field(default_factory=list)
    held_rows: int = 0
    held_bytes: int = 0
    done: list[tuple[DataFile, pa.Schema]] = field(default_factory=list)
    writing: Future[DataFile] | None = None
    written: pa.Schema | None = None

    def add(self, batch: pa.RecordBatch) -> None:
        while self.held_rows + batch.num_rows >= self.rows:
            missing = self.rows - self.held_rows
            self._hold(batch.slice(0, missing))
            batch = batch.slice(missing)
            self.flush()
        if batch.num_rows:
            self._hold(batch)
        if self.held_bytes >= self.bytes:
            self.flush()

    def _hold(self, batch: pa.RecordBatch) -> None:
        self.pending.append(batch)
        self.held_rows += batch.num_rows
        self.held_bytes += batch.nbytes

    def flush(self, *, last: bool = False) -> None:
        """Pass collected batches to the writing thread, once it has finished the previous part."""
        parts, rest = [self.pending], list[pa.RecordBatch]()
        if self.by_hour:
            parts, rest = split_by_hour(self.pending, self._is_large, last=last)
        self.pending = []
        self.held_rows = self.held_bytes = 0
        for batches in parts:
            self._submit(batches)
        for batch in rest:
            self._hold(batch)

    def _is_large(self, rows: int) -> bool:
        """Return whether so many of the collected rows are a quarter of a part, in rows or in bytes."""
        return 4 * rows >= self.rows or 4 * rows * self.held_bytes >= self.bytes * self.held_rows

    def _submit(self, batches: list[pa.RecordBatch]) -> None:
        self._collect()
        self.written = _with_timestamp(self.schema())
        path = self.folder / f"part-{len(self.done):05d}.parquet"
        self.writing = self.pool.submit(_write, path, batches, self.written)

    def _collect(self) -> None:
        if self.writing is not None and self.written is not None:
            self.done.append((self.writing.result(), self.written))
            self.writing = None

    def written_rows(self, wanted: pa.Schema) -> Iterator[pa.Table]:
        """Yield some columns of all rows that were added, one row group at a time."""
        self._collect()
        yield from read_as(self.done, wanted)
        yield pa.Table.from_batches([cast(batch, wanted) for batch in self.pending], wanted)

    def finish(self) -> tuple[list[DataFile], pa.Schema]:
        self._collect()
        if self.pending or not self.done:
            self.flush(last=True)
            self._collect()
        final = _with_timestamp(self.schema())
        files = [
            self.pool.submit(rewrite_part, file, final, cast) if old != final else file
            for file, old in self.done
        ]
        return [file if isinstance(file, DataFile) else file.result() for file in files], final


def read_as(files: Iterable[tuple[DataFile, pa.Schema]], wanted: pa.Schema) -> Iterator[pa.Table]:
    """Yield some columns of parts, one row group at a time.

    Args:
        files: the parts, each with its own schema.
        wanted: names and types of the columns; those that a part does not have are null.

    Yields:
        Tables of these columns.
    """
    for file, schema in files:
        have = [name for name in wanted.names if name in schema.names]
        reader = open_part(file)
        for group in range(reader.num_row_groups):
            yield cast(read_columns(reader, have, [group]), wanted)


def _write(path: Path, batches: list[pa.RecordBatch], schema: pa.Schema) -> DataFile:
    """Write one part. Batches are released as they are used, so that there is only one copy in memory."""
    columns: list[list[pa.Array]] = [[] for _ in schema]
    batches.reverse()
    while batches:
        for chunks, column in zip(columns, cast(batches.pop(), schema).columns, strict=True):
            chunks.append(column)
    made = write_part(path, [sorted_by_time(columns, schema)], schema, in_order=True)
    pa.default_memory_pool().release_unused()
    return made


def _with_timestamp(schema: pa.Schema) -> pa.Schema:
    """Return the schema; an empty one gets `timestamp`, because engines reject files without columns."""
    return schema.remove_metadata() if len(schema) else pa.schema([("timestamp", pa.timestamp("us", "UTC"))])


def build(
    folder: Path,
    batches: Iterable[pa.RecordBatch],
    schema: Callable[[], pa.Schema],
    report: LoadReport,
    *,
    source: str | None = None,
    rows: int = ROWS,
    bytes_: int = BYTES,
    by_hour: bool = False,
) -> None:
    """Write a Dataset into an empty folder.

    Args:
        folder: an empty folder.
        batches: as in `write`.
        schema: as in `write`.
        report: as in `write`.
        source: key of the input in the cache, if it has one.
        rows: rows after which a part is complete.
        bytes_: bytes after which a part is complete.
        by_hour: as in `write`.

    Raises:
        StorageFull: the disk is full.
    """
    made = write_parts(folder, batches, schema, report, rows=rows, bytes_=bytes_, by_hour=by_hour)
    sizes = tuple(file.path.stat().st_size for file in made.files)
    write_manifest(folder, Manifest(made.files, made.schema, report.to_dict(), sizes, source))


class Written(NamedTuple):
    """Parts, their schema, and provisional rows that are not in them."""

    files: tuple[DataFile, ...]
    schema: pa.Schema
    waiting: list[pa.RecordBatch]


def write_parts(
    folder: Path,
    batches: Iterable[pa.RecordBatch],
    schema: Callable[[], pa.Schema],
    report: LoadReport,
    *,
    rows: int = ROWS,
    bytes_: int = BYTES,
    by_hour: bool = False,
    wait: bool = False,
) -> Written:
    """Write the parts of a Dataset, and no manifest, into an empty folder.

    Args:
        folder: an empty folder.
        batches: as in `write`.
        schema: as in `write`.
        report: as in `write`.
        rows: rows after which a part is complete.
        bytes_: bytes after which a part is complete.
        by_hour: as in `write`.
        wait: whether more rows of the same load are written elsewhere: provisional rows that may still be
            replaced are then returned instead of written.

    Returns:
        The parts, at least one.

    Raises:
        StorageFull: the disk is full.
    """
    with (
        report_full_disk(f"the Dataset to {folder.parent}"),
        ThreadPoolExecutor(THREADS, thread_name_prefix="obskit-write") as pool,
    ):
        parts = _PartWriter(folder, schema, rows, bytes_, pool, by_hour)
        held = ProvisionalRows(report)
        for batch in batches:
            parts.add(held.hold_back(batch))
            if held.too_many():
                held.settle(parts.written_rows(UNIT_COLUMNS))
                for provisional in held.overflow():
                    parts.add(provisional)
        held.settle(parts.written_rows(UNIT_COLUMNS))
        waiting = held.release() if wait else []
        for provisional in held.rest():
            parts.add(provisional)
        files, final = parts.finish()
    return Written(tuple(files), final, waiting)


def write(
    batches: Iterable[pa.RecordBatch],
    schema: Callable[[], pa.Schema],
    out: Path,
    report: LoadReport,
    *,
    rows_per_file: int = ROWS,
    bytes_per_file: int = BYTES,
    by_hour: bool = False,
) -> Dataset:
    """Write normalized batches as a Dataset.

    Args:
        batches: from a Normalizer; types may widen and fields may be added as they come.
        schema: returns the schema so far; after the last batch it is final.
        out: folder to create; an existing Dataset is replaced, an empty folder filled.
        report: what loading found; stored with the Dataset.
        rows_per_file: rows after which a part is complete.
        bytes_per_file: bytes after which a part is complete. Memory holds up to three times that, and
            provisional rows up to a limit of their own.
        by_hour: whether an hour with at least a quarter of a part has parts of its own, for other programs
            that read the files.

    Returns:
        The Dataset.

    Raises:
        DatasetError: `out` exists and is not a Dataset.
        StorageFull: the disk is full; nothing is left behind.
    """
    out = Path(out).absolute()
    check_target(out)
    building = temporary_folder_for(out)
    try:
        rows, bytes_ = rows_per_file, bytes_per_file
        build(building, batches, schema, report, rows=rows, bytes_=bytes_, by_hour=by_hour)
        install(building, out)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return open_dataset(out)


def check_target(out: Path) -> None:
    """Check that a folder can be written to without replacing anything but a Dataset.

    Args:
        out: the folder.

    Raises:
        DatasetError: `out` is a file, or a folder that holds something other than a Dataset.
    """
    if out.is_file():
        raise DatasetError(f"{out} is a file, expected a folder", hint="choose a new or an empty folder")
    if out.is_dir() and not is_dataset(out) and any(out.iterdir()):
        raise DatasetError(f"{out} is not empty and is not a Dataset", hint="choose a new or an empty folder")


def install(built: Path, out: Path) -> None:
    """Move a finished Dataset to its place; an existing one is moved away first and removed afterwards.

    If the existing one has the same parts, it stays, with its codes and for processes that have it open, and
    gets the new manifest.
    """
    for attempt in range(5):
        retired = out.with_name(f".{out.name}{TEMPORARY}{secrets.token_hex(6)}")
        replaced = is_dataset(out)
        try:
            if replaced and _same_parts(built, out):
                os.replace(built / MANIFEST, out / MANIFEST)
                return
            if replaced:
                out.rename(retired)
            os.rename(built, out)
        except OSError:
            # Another process is replacing it too, or just has: try again.
            if retired.exists() and not out.exists():
                retired.rename(out)
            if attempt == 4 or (out.exists() and not is_dataset(out)):
                raise
        else:
            return
        finally:
            shutil.rmtree(retired, ignore_errors=True)


def _same_parts(built: Path, there: Path) -> bool:
    try:
        new, old = read_manifest(built), read_manifest(there)
    except DatasetError:
        return False
    mine, theirs = ([(f.path.name, f.rows, f.digest) for f in m.files] for m in (new, old))
    return mine == theirs and new.sizes == old.sizes
