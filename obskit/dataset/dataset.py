"""`Dataset`: a folder of Parquet files with one schema, a manifest (`obskit.json`) and codes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from obskit.dataset.cache import Lease, lease
from obskit.dataset.codes import Codes
from obskit.dataset.manifest import MANIFEST, DataFile, fingerprint, read_manifest, unknown_field
from obskit.dataset.parts import dictionaries, open_part, read_columns
from obskit.dataset.recent_groups import RecentGroups
from obskit.dataset.span_forest import SpanForest
from obskit.dataset.span_links import NO_LINKS, SpanLinks, span_links
from obskit.dataset.text_numbers import text_numbers
from obskit.schema import LoadReport


@dataclass(frozen=True, eq=False)
class Dataset:
    """Events on disk. Opened from metadata only; never changes.

    Attributes:
        path: the folder.
        files: its parts in the order they were written: by time if the input was.
        schema: of every part.
        rows: number of rows in all parts.
        fingerprint: hash of the sorted (digest, rows) of the parts, hex.
        load_report: what was read, rejected, renamed and converted when it was made.
        codes: dictionary codes of its fields.
        lease: keeps it in the cache while it is open; None if it is not in the cache.
        kept: what other packages computed from all rows, by name, to compute it once.
        left_out: which files were not read, because their events are of another time; empty if all were.
    """

    path: Path
    files: tuple[DataFile, ...]
    schema: pa.Schema
    rows: int
    fingerprint: str
    load_report: LoadReport = field(repr=False)
    codes: Codes = field(repr=False)
    lease: Lease | None = field(default=None, repr=False)
    kept: dict[str, Any] = field(default_factory=dict, repr=False)
    left_out: str = ""

    @property
    def local(self) -> bool:
        """Whether the rows are on this machine, and so have codes, times and masks."""
        return True

    def prepare(self) -> None:
        """Begin what makes the next answers faster; nothing, for rows on this machine."""

    @property
    def no_units(self) -> bool:
        """Whether no row is a unit of work."""
        return self.codes.no_units

    @property
    def opening(self) -> str:
        """The call that opens it, where it is not `load` of its path."""
        return ""

    @property
    def described(self) -> str:
        """Where the rows are, for the comments of statements."""
        union = ", union_by_name = true" if any(len(file.absent) for file in self.files) else ""
        return f"read_parquet('{self.path}/*.parquet'{union})"

    @cached_property
    def span(self) -> tuple[datetime | None, datetime | None]:
        """Earliest and latest timestamp (UTC); None if no event has one."""
        firsts = [file.first for file in self.files if file.first is not None]
        lasts = [file.last for file in self.files if file.last is not None]
        return min(firsts, default=None), max(lasts, default=None)

    @cached_property
    def forest(self) -> SpanForest:
        """Each row's span, its parent and its place in the trace; the dataset must have a `trace_id`."""
        codes = self.codes
        return SpanForest(self.files, self.schema.names, codes.numbers("trace_id"), codes.over_files)

    @cached_property
    def links(self) -> SpanLinks:
        """The links between its spans; the dataset must have a `trace_id`."""
        names = self.schema.names
        if "links" not in names or "span_id" not in names:
            return NO_LINKS
        return span_links(self.arrow(["links", "trace_id", "span_id"]), self.forest.span)

    def arrow(self, columns: Sequence[str] | None = None) -> pa.Table:
        """Return the rows as one table, part after part.

        Args:
            columns: names, in the order wanted; all by default.

        Returns:
            Table of all rows, in memory.

        Raises:
            UnknownField: there is no such column.
            DatasetError: a part is missing or torn.
        """
        wanted = self._columns(columns)
        tables = [read_columns(open_part(part), wanted, threads=True) for part in self.files]
        return pa.concat_tables(tables)

    def text_numbers(self, field: str) -> tuple[npt.NDArray[np.int32], list[str]]:
        """Number the values of a field as text.

        Args:
            field: its name; a field that does not exist is null on every row.

        Returns:
            A number per row, 0 where null, and the value of each number from 1.

        Raises:
            DatasetError: as in `arrow`.
        """
        if field not in self.schema.names:
            return np.zeros(self.rows, np.int32), []
        number, values = text_numbers(self.files, field)
        return number, values.to_pylist()

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """Yield the rows, one row group at a time, in constant memory.

        Args:
            columns: names, in the order wanted; all by default.

        Yields:
            Batches of at most a row group.

        Raises:
            UnknownField, DatasetError: as in `arrow`.
        """
        wanted = self._columns(columns)
        for part in self.files:
            reader = open_part(part)
            for group in range(reader.num_row_groups):
                yield from read_columns(reader, wanted, [group]).combine_chunks().to_batches()

    def take(
        self,
        file: int,
        rows: Sequence[int] | npt.NDArray[np.integer],
        columns: Sequence[str] | None = None,
        *,
        again: bool = False,
    ) -> pa.Table:
        """Return some rows of one part, in the order asked for.

        Args:
            file: index into `files`.
            rows: row numbers within that part.
            columns: names; all by default.
            again: whether rows near these are likely to be asked for again, with the same few columns. What
                was read is then kept, up to 16 MiB.

        Returns:
            Table with these rows.

        Raises:
            IndexError: a row number is out of range.
            UnknownField, DatasetError: as in `arrow`.

        Cost: reads the row groups that contain these rows, and only the columns.
        """
        wanted = self._columns(columns)
        at = np.asarray(rows, np.int64)
        if len(at) and (at.min() < 0 or at.max() >= self.files[file].rows):
            raise IndexError(f"rows of {self.files[file].path.name} are 0 to {self.files[file].rows - 1:,}")
        if again and len(at) and wanted:
            return self._recent.take(file, at, pa.schema([self.schema.field(name) for name in wanted]))
        # Strings are read as dictionaries: only the rows that are taken are decoded.
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

    @cached_property
    def _recent(self) -> RecentGroups:
        return RecentGroups(self.files)

    def _columns(self, columns: Sequence[str] | None) -> list[str]:
        if columns is None:
            return list(self.schema.names)
        known = set(self.schema.names)
        for name in columns:
            if name not in known:
                raise unknown_field(name, self.schema.names, self.path)
        return list(columns)


def is_dataset(path: Path | str) -> bool:
    """Return whether a folder has a manifest (it may still be torn)."""
    return os.path.isfile(Path(path) / MANIFEST)  # false, not an error, for a name that is too long


def open_dataset(path: Path | str) -> Dataset:
    """Open a Dataset.

    Args:
        path: its folder.

    Returns:
        The Dataset.

    Raises:
        DatasetError: the folder is not a Dataset, was made by another version, was edited, or a part is
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
