"""Write Parquet and Arrow IPC. They include the schema, so every type and null is read back unchanged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from obskit.dataset import write_part
from obskit.schema import NAMED

ROWS = 65_536


def parquet(path: Path, batches: Iterator[pa.RecordBatch], schema: pa.Schema) -> None:
    """Write one Parquet file, in the same way as a part of a Dataset."""
    write_part(path, _tables(batches, schema), schema)


def _tables(batches: Iterator[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.Table]:
    """Join batches into row groups, because each row group costs a page per column."""
    held: list[pa.RecordBatch] = []
    rows = 0
    for batch in batches:
        held.append(batch)
        rows += batch.num_rows
        if rows >= ROWS:
            yield pa.Table.from_batches(held, schema)
            held, rows = [], 0
    if held:
        yield pa.Table.from_batches(held, schema)


def arrow(path: Path, batches: Iterator[pa.RecordBatch], schema: pa.Schema) -> None:
    """Write one Arrow IPC file (Feather 2) with zstd-compressed buffers."""
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    schema = schema.with_metadata(NAMED)
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, schema, options=options) as writer:
        for batch in batches:
            writer.write_batch(pa.RecordBatch.from_arrays(batch.columns, schema=schema))
