"""Join small batches before they are normalized: the cost per batch is that of a thousand rows.

Readers yield at least one batch per file, and a folder may hold hundreds of thousands of small files.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

SMALL = 2_048
"""Rows of a batch that is joined with the next ones."""

ROWS = 8_192
BATCHES = 512
CELLS = 4_000_000
"""Rows, batches, and rows times columns of a joined batch, about."""


def coalesce(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Join consecutive small batches whose columns have the same types; a missing column is null.

    Args:
        batches: as readers yield them.

    Yields:
        The same rows in the same order. Batches that are not small, or whose fields have metadata, are
        unchanged.
    """
    group = _Group()
    for batch in batches:
        if batch.num_rows >= SMALL or not _is_plain(batch.schema):
            yield from group.take()
            yield batch
            continue
        if not group.accepts(batch):
            yield from group.take()
        group.add(batch)
        if group.full:
            yield from group.take()
    yield from group.take()


def _is_plain(schema: pa.Schema) -> bool:
    return len(set(schema.names)) == len(schema) and not any(field.metadata for field in schema)


class _Group:
    """Batches that are going to be joined."""

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self._batches: list[pa.RecordBatch] = []
        self._types: dict[str, pa.DataType] = {}
        self._metadata: dict[bytes, bytes] | None = None
        self._last: pa.Schema | None = None
        self._rows = 0

    @property
    def full(self) -> bool:
        cells = self._rows * len(self._types)
        return self._rows >= ROWS or len(self._batches) >= BATCHES or cells >= CELLS

    def accepts(self, batch: pa.RecordBatch) -> bool:
        """Return whether a batch has no column of another type than the group."""
        schema = batch.schema
        if not self._batches or schema is self._last:
            return True
        if schema.metadata != self._metadata:
            return False
        return all(
            have is None or pa.types.is_null(have) or pa.types.is_null(field.type) or have.equals(field.type)
            for field in schema
            for have in (self._types.get(field.name),)
        )

    def add(self, batch: pa.RecordBatch) -> None:
        if not self._batches:
            self._metadata = batch.schema.metadata
        if batch.schema is not self._last:
            self._last = batch.schema
            for field in batch.schema:
                have = self._types.get(field.name)
                if have is None or pa.types.is_null(have):
                    self._types[field.name] = field.type
        self._batches.append(batch)
        self._rows += batch.num_rows

    def take(self) -> Iterator[pa.RecordBatch]:
        """Yield the joined batch, and begin again."""
        batches, metadata = self._batches, self._metadata
        self._clear()
        if len(batches) == 1:
            yield batches[0]
        elif batches:
            tables = [pa.Table.from_batches([batch.replace_schema_metadata(None)]) for batch in batches]
            table = pa.concat_tables(tables, promote_options="default").combine_chunks()
            yield from table.replace_schema_metadata(metadata).to_batches()
