"""Batches of events to a Dataset, in constant memory, whole or not at all.

A part is sorted and written in a thread of its own while the next one is collected: most of both is done by
Arrow, which needs no interpreter.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from obskit.dataset.atomic_write import room_for
from obskit.dataset.cache import TEMPORARY, temporary_beside
from obskit.dataset.dataset import Dataset, is_dataset, open_dataset
from obskit.dataset.manifest import MANIFEST, DataFile, Manifest, read_manifest, write_manifest
from obskit.dataset.parts import open_part, read_columns, rewrite_part, sorted_by_time, write_part
from obskit.dataset.unfinished import TELLING, Unfinished
from obskit.errors import DatasetError
from obskit.schema import LoadReport, cast

ROWS = 1 << 20
BYTES = 256 << 20
THREADS = 2


@dataclass
class _Parts:
    """Collects batches and writes a part whenever enough are there.

    A type may widen and columns may come later, so what is written early may be of an older schema;
    `finish` rewrites just those parts.
    """

    folder: Path
    schema: Callable[[], pa.Schema]
    rows: int
    bytes: int
    pool: ThreadPoolExecutor
    pending: list[pa.RecordBatch] = field(default_factory=list)
    held_rows: int = 0
    held_bytes: int = 0
    done: list[tuple[DataFile, pa.Schema]] = field(default_factory=list)
    writing: Future[DataFile] | None = None
    written: pa.Schema | None = None

    def add(self, batch: pa.RecordBatch) -> None:
        while self.held_rows + batch.num_rows >= self.rows:
            room = self.rows - self.held_rows
            self._hold(batch.slice(0, room))
            batch = batch.slice(room)
            self.flush()
        if batch.num_rows:
            self._hold(batch)
        if self.held_bytes >= self.bytes:
            self.flush()

    def _hold(self, batch: pa.RecordBatch) -> None:
        self.pending.append(batch)
        self.held_rows += batch.num_rows
        self.held_bytes += batch.nbytes

    def flush(self) -> None:
        """Hand what is held to the writing thread, once that has done with the part before."""
        self._settle()
        self.written = _at_least_time(self.schema())
        path = self.folder / f"part-{len(self.done):05d}.parquet"
        self.writing = self.pool.submit(_write, path, self.pending, self.written)
        self.pending = []
        self.held_rows = self.held_bytes = 0

    def _settle(self) -> None:
        if self.writing is not None and self.written is not None:
            self.done.append((self.writing.result(), self.written))
            self.writing = None

    def so_far(self, wanted: pa.Schema) -> Iterator[pa.Table]:
        """Yield some columns of everything that was added, a row group at a time."""
        self._settle()
        for file, schema in self.done:
            have = [name for name in wanted.names if name in schema.names]
            reader = open_part(file)
            for group in range(reader.num_row_groups):
                yield cast(read_columns(reader, have, [group]), wanted)
        yield pa.Table.from_batches([cast(batch, wanted) for batch in self.pending], wanted)

    def finish(self) -> tuple[list[DataFile], pa.Schema]:
        self._settle()
        if self.pending or not self.done:
            self.flush()
            self._settle()
        final = _at_least_time(self.schema())
        files = [
            self.pool.submit(rewrite_part, file, final, cast) if old != final else file
            for file, old in self.done
        ]
        return [file if isinstance(file, DataFile) else file.result() for file in files], final


def _write(path: Path, batches: list[pa.RecordBatch], schema: pa.Schema) -> DataFile:
    """Write one part; the batches are let go of as they are used, so that one copy is held."""
    columns: list[list[pa.Array]] = [[] for _ in schema]
    batches.reverse()
    while batches:
        for chunks, column in zip(columns, cast(batches.pop(), schema).columns, strict=True):
            chunks.append(column)
    made = write_part(path, [sorted_by_time(columns, schema)], schema)
    pa.default_memory_pool().release_unused()
    return made


def _at_least_time(schema: pa.Schema) -> pa.Schema:
    """Return the schema; one without columns gets `timestamp`, as Parquet engines refuse a file of none."""
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
) -> None:
    """Write a Dataset into an empty folder.

    Raises:
        StorageFull: the disk is full.
    """
    with room_for(f"the Dataset to {folder.parent}"):
        with ThreadPoolExecutor(THREADS, thread_name_prefix="obskit-write") as pool:
            parts = _Parts(folder, schema, rows, bytes_, pool)
            held = Unfinished(report)
            for batch in batches:
                parts.add(held.without(batch))
                if held.too_many():
                    held.settle(parts.so_far(TELLING))
                    for provisional in held.surplus():
                        parts.add(provisional)
            held.settle(parts.so_far(TELLING))
            for provisional in held.rest():
                parts.add(provisional)
            files, final = parts.finish()
        sizes = tuple(file.path.stat().st_size for file in files)
        write_manifest(folder, Manifest(tuple(files), final, report.to_dict(), sizes, source))


def write(
    batches: Iterable[pa.RecordBatch],
    schema: Callable[[], pa.Schema],
    out: Path,
    report: LoadReport,
    *,
    source: str | None = None,
    rows_per_file: int = ROWS,
    bytes_per_file: int = BYTES,
) -> Dataset:
    """Write canonical batches as a Dataset.

    Args:
        batches: from a Normalizer; a field's type may widen and fields may be added as they come.
        schema: called for the schema so far; after the last batch it is final.
        out: the folder to make; an existing Dataset there is replaced, an empty folder filled.
        report: what loading found; kept with the Dataset.
        source: what it was made from, as the cache keys it.
        rows_per_file, bytes_per_file: a part is written when either is reached; three times that is held,
            and provisional rows, which wait for the end of their unit up to a bound of their own.
    Raises:
        DatasetError: `out` is there and no Dataset.
        StorageFull: the disk is full; nothing is left behind.
    """
    out = Path(out).absolute()
    check_target(out)
    building = temporary_beside(out)
    try:
        build(building, batches, schema, report, source=source, rows=rows_per_file, bytes_=bytes_per_file)
        install(building, out)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return open_dataset(out)


def check_target(out: Path) -> None:
    """Refuse to write over what is not ours.

    Raises:
        DatasetError: `out` is a file, or a folder that holds something other than a Dataset.
    """
    if out.is_file():
        raise DatasetError(f"{out} is a file", hint="name a folder that is not there yet")
    if out.is_dir() and not is_dataset(out) and any(out.iterdir()):
        raise DatasetError(f"{out} is not empty and no Dataset", hint="name an empty folder or a new one")


def install(built: Path, out: Path) -> None:
    """Move a finished Dataset to its place; one that is there is moved aside and removed after.

    One of the same parts stays, with its codes and for whoever has it open, and gets the new manifest.
    """
    for attempt in range(5):
        aside = out.with_name(f".{out.name}{TEMPORARY}{secrets.token_hex(6)}")
        replaced = is_dataset(out)
        try:
            if replaced and _same_parts(built, out):
                os.replace(built / MANIFEST, out / MANIFEST)
                return
            if replaced:
                out.rename(aside)
            os.rename(built, out)
        except OSError:
            # Another process replaces it too, and was between its two renames or is done: again.
            if aside.exists() and not out.exists():
                aside.rename(out)
            if attempt == 4 or (out.exists() and not is_dataset(out)):
                raise
        else:
            return
        finally:
            shutil.rmtree(aside, ignore_errors=True)


def _same_parts(built: Path, there: Path) -> bool:
    try:
        new, old = read_manifest(built), read_manifest(there)
    except DatasetError:
        return False
    mine, theirs = ([(f.path.name, f.rows, f.digest) for f in m.files] for m in (new, old))
    return mine == theirs and new.sizes == old.sizes
