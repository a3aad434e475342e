"""Make a Dataset with more columns from another one, in constant memory; it is cached.

Example: rows with `client.address` 10.1.2.3 get a further column `zone` from a table of networks.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator

import pyarrow as pa

from obskit.dataset.dataset import Dataset
from obskit.dataset.entries import open_or_build
from obskit.dataset.manifest import FORMAT, RULES
from obskit.schema import LoadReport

Compute = Callable[[pa.RecordBatch], list[pa.Array]]


def widen(
    dataset: Dataset,
    batches: Callable[[], Iterable[pa.RecordBatch]],
    kept: pa.Schema,
    added: pa.Schema,
    compute: Compute,
    *,
    key: str,
    notes: Callable[[], list[str]],
) -> Dataset:
    """Return a Dataset of the same rows with more columns.

    Args:
        dataset: the rows' own Dataset, whose load report is kept.
        batches: returns the rows, with the columns of `kept`.
        kept: names and types of the columns that stay.
        added: names and types of the new columns.
        compute: returns the new columns of a batch.
        key: text that differs where the new columns differ.
        notes: called after the last batch; its texts are added to the load report.

    Returns:
        The Dataset, from the cache if it was made before.

    Raises:
        StorageFull: the disk is full.

    Cost: one pass over all columns, the first time.
    """
    report = dataset.load_report.to_dict()
    parts = [FORMAT, RULES, dataset.fingerprint, json.dumps(report, sort_keys=True, default=str), key]
    digest = hashlib.blake2b(repr(parts).encode(), digest_size=16).hexdigest()
    return open_or_build(digest, lambda: _WiderRows(report, batches, kept, added, compute, notes))


class _WiderRows:
    """Batches with the new columns, and the load report."""

    def __init__(
        self,
        report: dict[str, object],
        batches: Callable[[], Iterable[pa.RecordBatch]],
        kept: pa.Schema,
        added: pa.Schema,
        compute: Compute,
        notes: Callable[[], list[str]],
    ) -> None:
        self.report = LoadReport.from_dict(report)
        self._batches, self._compute, self._notes = batches, compute, notes
        self._schema = pa.schema([*kept, *added]).remove_metadata()

    def schema(self) -> pa.Schema:
        return self._schema

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        for batch in self._batches():
            if batch.num_rows:
                columns = [*batch.columns, *self._compute(batch)]
                yield pa.RecordBatch.from_arrays(columns, self._schema.names)
        for note in self._notes():
            self.report.note(note)
