"""Read and normalize the events of files or of a table, batch by batch."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from obskit.dataset.coalesce import coalesce
from obskit.dataset.codes import Progress
from obskit.errors import ObskitError
from obskit.names import COLUMNS
from obskit.readers import read_batches, read_paths
from obskit.schema import LoadReport, Normalizer, ReadOptions

INSPECTED_FILES = 16
"""Files whose first rows are inspected before all files are read."""

INSPECTED_ROWS = 4_000
LARGE = 16 << 20
"""Bytes of input beyond which a Dataset may have more than one part."""


class EventStream:
    """Normalized batches of files or of a table, and their schema so far."""

    def __init__(
        self,
        source: list[str] | pa.Table,
        report: LoadReport,
        options: ReadOptions,
        progress: Progress | None,
        given: Sequence[Path] = (),
    ) -> None:
        self._source = source
        self._given = given
        self._options = options
        self._progress = progress
        self.report = report
        self._normalizer = Normalizer(report, options)
        self._expected: list[pa.Field] = []

    def schema(self) -> pa.Schema:
        """Return the schema so far, plus the expected fields while rows are still being read."""
        known = {field.name: field for field in self._normalizer.schema}
        for field in self._expected:
            known.setdefault(field.name, field)
        names = [name for name in COLUMNS if name in known] + sorted(known.keys() - COLUMNS.keys())
        return pa.schema([known[name] for name in names])

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        if not isinstance(self._source, pa.Table):
            self._expected = _expected_fields(self._source, self._options)
        yield from self._batches()
        self._expected = []

    def _batches(self) -> Iterator[pa.RecordBatch]:
        if isinstance(self._source, pa.Table):
            for batch in self._source.to_batches(max_chunksize=1 << 16):
                yield self._normalizer.batch(batch)
            self._normalizer.finish()
            return
        for batch in coalesce(read_paths(self._source, self.report, self._options, roots=self._given)):
            yield self._normalizer.batch(batch)
            if self._progress is not None:
                self._progress("reading rows", self.report.rows_read, 0)
        self._normalizer.finish()


def _expected_fields(files: list[str], options: ReadOptions) -> list[pa.Field]:
    """Return the fields of the files' first rows, so that early parts need no rewriting for them.

    This is a cheap guess: at the end, missing fields are added and unused ones are left out.
    """
    if len(files) == 1 or sum(map(os.path.getsize, files)) < LARGE:
        return []
    normalizer = Normalizer(LoadReport(), options)
    for file in files[:: -(-len(files) // INSPECTED_FILES)]:
        rows = 0
        try:
            for batch in read_batches(Path(file), LoadReport(), options):
                present = [
                    name
                    for name, col in zip(batch.schema.names, batch.columns, strict=True)
                    if col.null_count < len(col)
                ]
                normalizer.batch(batch.slice(0, INSPECTED_ROWS).select(present))
                rows += batch.num_rows
                if rows >= INSPECTED_ROWS:
                    break
        except ObskitError:
            continue  # reported when the file is read as a whole
    return list(normalizer.schema)
