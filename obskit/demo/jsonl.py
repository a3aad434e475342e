"""Write events as gzipped flat JSON lines: one file per service, without nulls."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

# A service would not write `error`: the reader of telemetry derives it.
_LEFT_OUT = frozenset({"error"})
_LEVEL = 6


def json_lines(batch: pa.RecordBatch) -> pa.Array:
    """Return one JSON object per row, without null fields and without a newline."""
    members = [
        _json_members(name, batch.column(name))
        for name in batch.schema.names
        if name not in _LEFT_OUT and batch.column(name).null_count < batch.num_rows
    ]
    joined = pc.binary_join_element_wise(*members, ",", null_handling="skip")
    return pc.binary_join_element_wise("{", joined, "}", "")


def _json_members(name: str, column: pa.Array) -> pa.Array:
    """Return `"name":value` for each value of a column, and null for each null."""
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
    """Write one file per service, with its events in the order in which they arrive.

    The gzip header contains no file name and no time, so the bytes depend only on the events and on zlib.

    Args:
        batches: events, with a column `service.name`.
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
