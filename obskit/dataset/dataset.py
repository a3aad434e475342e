"""A Dataset: a folder of Parquet files of one schema, with `obskit.json` and, beside them, codes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from obskit.dataset.cache import Lease, lease
from obskit.dataset.codes import Codes
from obskit.dataset.manifest import MANIFEST, DataFile, fingerprint, read_manifest, unknown_field
from obskit.dataset.parts import dictionaries, open_part, read_columns
from obskit.schema import LoadReport


@dataclass(frozen=True, eq=False)
class Dataset:
    """Events at rest. Opened from metadata alone; never changes.

    Attributes:
        path: the folder.
        files: its parts as they were written: in order of time if the events came so.
        schema: of every part.
        rows: of all parts.
        fingerprint: hash of the sorted (digest, rows) of the parts, hex.
        load_report: what was read, rejected, renamed and retyped when it was made.
        codes: dictionary codes of its fields.
        lease: keeps it in the cache while it is open, where it lies there.
    """

    path: Path
    files: tuple[DataFile, ...]
    schema: pa.Schema
    rows: int
    fingerprint: str
    load_report: LoadReport = field(repr=False)
    codes: Codes = field(repr=False)
    lease: Lease | None = field(default=None, repr=False)

    @cached_property
    def span(self) -> tuple[datetime | None, datetime | None]:
        """When the earliest and the latest event began (UTC), None where no event has a time."""
        firsts = [file.first for file in self.files if file.first is not None]
        lasts = [file.last for file in self.files if file.last is not None]
        return min(firsts, default=None), max(lasts, default=None)

    def arrow(self, columns: Sequence[str] | None = None) -> pa.Table:
        """Return the rows as one table, part after part.

        Args:
            columns: names, in the order wanted; all by default.
        Raises:
            UnknownField: no such column.
            DatasetError: a part is missing or torn.
        """
        wanted = self._columns(columns)
        tables = [read_columns(open_part(part), wanted, threads=True) for part in self.files]
        return pa.concat_tables(tables)

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """Yield the rows a row group at a time, in constant memory.

        Raises:
            UnknownField, DatasetError: as `arrow`.
        """
        wanted = self._columns(columns)
        for part in self.files:
            reader = open_part(part)
            for group in range(reader.num_row_groups):
                yield from read_columns(reader, wanted, [group]).combine_chunks().to_batches()

    def take(
        self, file: int, rows: Sequence[int] | npt.NDArray[np.integer], columns: Sequence[str] | None = None
    ) -> pa.Table:
        """Return some rows of one part, in the order asked for.

        Args:
            file: index into `files`.
            rows: row numbers within that part.
            columns: names; all by default.
        Raises:
            IndexError: a row beyond the part's end.
            UnknownField, DatasetError: as `arrow`.
        Cost: reads the row groups those rows lie in, and only the columns.
        """
        wanted = self._columns(columns)
        at = np.asarray(rows, np.int64)
        if len(at) and (at.min() < 0 or at.max() >= self.files[file].rows):
            raise IndexError(f"rows of {self.files[file].path.name} are 0 to {self.files[file].rows - 1:,}")
        # Strings as dictionaries: only what is taken is ever spelt out.
        reader = open_part(self.files[file])
        reader = open_part(self.files[file], read_dictionary=dictionaries(reader, wanted))
        sizes = [reader.metadata.row_group(i).num_rows for i in range(reader.num_row_groups)]
        ends = np.cumsum(sizes)
        group = np.searchsorted(ends, at, side="right")
        needed, where = np.unique(group, return_inverse=True)
        if not len(needed):
            return pa.schema([self.schema.field(name) for name in wanted]).empty_table()
        starts = np.asarray(ends) - np.asarray(sizes)
        offset = np.concatenate([[0], np.cumsum(np.asarray(sizes)[needed])])
        table = read_columns(reader, wanted, [int(g) for g in needed], threads=True)
        taken = table.take(pa.array(at - starts[group] + offset[where]))
        return taken.cast(pa.schema([self.schema.field(name) for name in wanted]))

    def _columns(self, columns: Sequence[str] | None) -> list[str]:
        if columns is None:
            return list(self.schema.names)
        known = set(self.schema.names)
        for name in columns:
            if name not in known:
                raise unknown_field(name, self.schema.names, self.path)
        return list(columns)


def is_dataset(path: Path | str) -> bool:
    """Return whether a folder says it is a Dataset (it may still be torn)."""
    return os.path.isfile(Path(path) / MANIFEST)  # false, not an error, for a name that is too long


def open_dataset(path: Path | str) -> Dataset:
    """Open a Dataset.

    Args:
        path: its folder.
    Raises:
        DatasetError: the folder is no Dataset, was made by another version, was edited, or a part is
            missing or torn; the message names the file.
    Cost: reads `obskit.json` and the sizes of the parts; no rows.
    """
    folder = Path(path).absolute()
    held = lease(folder)
    manifest = read_manifest(folder)
    files = manifest.files
    return Dataset(
        path=folder,
        files=files,
        schema=manifest.schema,
        rows=sum(file.rows for file in files),
        fingerprint=fingerprint(files),
        load_report=LoadReport.from_dict(manifest.load_report),
        codes=Codes(folder, files, manifest.schema),
        lease=held,
    )
