"""Events as flat JSON lines, gzipped: one file a service, nulls left out."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

# What a sender would not write: `error` is for the reader of telemetry to work out.
_LEFT_OUT = frozenset({"error"})
_LEVEL = 6


def json_lines(batch: pa.RecordBatch) -> pa.Array:
    """Return a JSON object for each row, null fields left out, without line ends."""
    members = [
        _json_members(name, batch.column(name))
        for name in batch.schema.names
        if name not in _LEFT_OUT and batch.column(name).null_count < batch.num_rows
    ]
    joined = pc.binary_join_element_wise(*members, ",", null_handling="skip")
    return pc.binary_join_element_wise("{", joined, "}", "")


def _json_members(name: str, column: pa.Array) -> pa.Array:
    """Return `"name":value` for each value of a column and null for nulls."""
    key = json.dumps(name) + ":"
    if pa.types.is_string(column.type):
        coded = column.dictionary_encode()
        values = pa.array(
            [key + json.dumps(value, ensure_ascii=False) for value in coded.dictionary.to_pylist()]
        )
        return values.cast(pa.string()).take(coded.indices)
    if pa.types.is_timestamp(column.type):
        text = pc.strftime(column, "%Y-%m-%dT%H:%M:%SZ")
        return pc.binary_join_element_wise(key + '"', text, '"', "")
    return pc.binary_join_element_wise(key, column.cast(pa.string()), "")


def write_jsonl(batches: Iterable[pa.RecordBatch], out: Path) -> list[Path]:
    """Write the events of each service into a file of its own, in the order they come.

    The bytes depend on the events and on zlib alone: no file name, no time.

    Args:
        batches: with a column `service.name`.
        out: an existing folder.
    Returns:
        The files written.
    """
    files: dict[str, tuple[Path, Any]] = {}
    with ExitStack() as stack:
        for batch in batches:
            services = batch.column("service.name")
            for service in sorted(services.unique().to_pylist()):
                if service not in files:
                    path = out / f"{service}.jsonl.gz"
                    raw = stack.enter_context(path.open("wb"))
                    packed = gzip.GzipFile("", "wb", _LEVEL, raw, mtime=0)
                    files[service] = (path, stack.enter_context(packed))
                own = json_lines(batch.filter(pc.equal(services, service)))
                files[service][1].write(("\n".join(own.to_pylist()) + "\n").encode())
    return [path for path, _ in files.values()]
