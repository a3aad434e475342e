"""Mutations of Parquet and Arrow files that know their columns: other types, names, values or no rows."""

from __future__ import annotations

import io
import random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

_ODD: tuple[Any, ...] = (
    *(
        None,
        [],
        {},
        "x",
        "",
        b"\xff",
        5,
        -1,
        2**63 - 1,
        1.5,
        float("nan"),
        float("inf"),
        True,
        [None],
        [[]],
        [{}],
    ),
    *([1, 2], ["a"], {"a": 1}, {"a": {"b": [1]}}, "\0", "2026-05-04T10:00:00Z", b""),
)


def mutate_table(rng: random.Random, data: bytes) -> bytes | None:
    """Rewrite a Parquet or Arrow file with one or two changes; None if it is not such a file."""
    try:
        table, form = _read(data)
    except (pa.ArrowException, OSError):
        return None
    for _ in range(rng.choice([1, 1, 2])):
        try:
            table = rng.choice([_retype, _retype, _revalue, _revalue, _rename, _shape])(rng, table)
        except (pa.ArrowException, OverflowError, TypeError, ValueError):
            continue  # Arrow cannot hold this change: the table as it was is an input too
    try:
        return _write(table, form)
    except (pa.ArrowException, OSError):
        return None


def _read(data: bytes) -> tuple[pa.Table, str]:
    if data.startswith(b"PAR1"):
        return pq.read_table(io.BytesIO(data)), "parquet"
    if data.startswith(b"ARROW1"):
        return pa.ipc.open_file(data).read_all(), "file"
    return pa.ipc.open_stream(data).read_all(), "stream"


def _write(table: pa.Table, form: str) -> bytes:
    sink = io.BytesIO()
    if form == "parquet":
        pq.write_table(table, sink)
    else:
        new = pa.ipc.new_file if form == "file" else pa.ipc.new_stream
        with new(sink, table.schema) as writer:
            writer.write_table(table)
    return sink.getvalue()


def _column(rng: random.Random, rows: int) -> pa.Array:
    kinds = [
        lambda: pa.nulls(rows),
        lambda: pa.array([2**64 - 1] * rows, pa.uint64()),
        lambda: pa.array([b"\xff\xfe"] * rows, pa.binary()),
        lambda: pa.array([2**62] * rows, pa.timestamp("s", "UTC")),
        lambda: pa.array([-(2**63) + 1] * rows, pa.timestamp("ns")),
        lambda: pa.array([2**40] * rows, pa.duration("us")),
        lambda: pa.array([1] * rows, pa.date32()),
        lambda: pa.array([1] * rows, pa.time64("ns")),
        lambda: pa.array(["x"] * rows).dictionary_encode(),
        lambda: pa.array([["a", None]] * rows),
        lambda: pa.array([{"a": {"b": 1}}] * rows),
        lambda: pa.array([[("k", 1)]] * rows, pa.map_(pa.string(), pa.int64())),
        lambda: pa.array([1] * rows, pa.decimal128(38, 37)),
        lambda: pa.array([b"1234"] * rows, pa.binary(4)),
        lambda: pa.array(["x"] * rows, pa.large_string()),
        lambda: pa.array(["x"] * rows, pa.string_view()),
        lambda: pa.array([[1, 2]] * rows, pa.list_(pa.int8(), 2)),
        lambda: pa.array([0.0] * rows, pa.float16()),
        lambda: pa.array([{}] * rows, pa.struct([])),
        lambda: pa.array([[{}]] * rows, pa.list_(pa.struct([]))),
    ]
    return rng.choice(kinds)()


def _retype(rng: random.Random, table: pa.Table) -> pa.Table:
    at = rng.randrange(table.num_columns)
    return table.set_column(at, table.column_names[at], _column(rng, table.num_rows))


def _revalue(rng: random.Random, table: pa.Table) -> pa.Table:
    """Change a value at any depth, and let Arrow infer the types again."""
    at = rng.randrange(table.num_columns)
    values = table.column(at).to_pylist()
    container: Any = values
    key: Any = rng.randrange(len(values))
    while rng.random() < 0.85:
        inner = container[key]
        keys = (
            list(inner)
            if isinstance(inner, dict)
            else list(range(len(inner)))
            if isinstance(inner, list)
            else []
        )
        if not keys:
            break
        container, key = inner, rng.choice(keys)
    container[key] = rng.choice(_ODD)
    kind = table.schema.field(at).type
    try:
        changed = pa.array(values, kind)  # such as a null where the format always has a value
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        changed = pa.array(values)
    return table.set_column(at, table.column_names[at], changed)


def _rename(rng: random.Random, table: pa.Table) -> pa.Table:
    names = list(table.column_names)
    names[rng.randrange(len(names))] = rng.choice(["", "\0", "a.b", "NAME", "timestamp", "é", *names])
    return table.rename_columns(names)


def _shape(rng: random.Random, table: pa.Table) -> pa.Table:
    choice = rng.randrange(4)
    if choice == 0:
        return table.slice(0, 0)
    if choice == 1:
        return table.select([])
    if choice == 2:
        return table.remove_column(rng.randrange(table.num_columns))  # of several with one name too
    return pa.concat_tables([table] * 3)
