"""The Arrow types that an event's fields may have, and conversions between them.

A field is a bool, int64, float64, string, timestamp[us, UTC] or a list of one of these; `severity_number` is
int32, and a span's `events` and `links` are lists of structs. `plain` converts any Arrow array to one of
these types, `unify` finds the type that holds values of two types, `convert` converts an array to it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

TIMESTAMP = pa.timestamp("us", "UTC")
EVENTS_TYPE = pa.list_(
    pa.struct([("timestamp", TIMESTAMP), ("name", pa.string()), ("attributes", pa.string())])
)
LINKS_TYPE = pa.list_(
    pa.struct(
        [
            ("trace_id", pa.string()),
            ("span_id", pa.string()),
            ("trace_state", pa.string()),
            ("attributes", pa.string()),
        ]
    )
)
"""Types of a span's events and links; their attributes are JSON text."""

TYPES: dict[str, Any] = {
    "timestamp": TIMESTAMP,
    "float": pa.float64(),
    "string": pa.string(),
    "bool": pa.bool_(),
    "int": pa.int64(),
    "int32": pa.int32(),
}
"""Name of a type -> Arrow type."""

_WORDS = {str(kind): word for word, kind in TYPES.items()}
# Beyond 2**53, float64 cannot represent every integer.
_EXACT = float(2**53)


def word(kind: pa.DataType) -> str:
    """Return the name of a type for people: "int", "string", "list of int", ..."""
    if pa.types.is_list(kind):
        return f"list of {word(kind.value_type)}"
    return _WORDS.get(str(kind), "struct" if pa.types.is_struct(kind) else str(kind))


def unify(left: pa.DataType, right: pa.DataType) -> pa.DataType:
    """Return the type that holds values of both: float for int and float, string for other mixtures."""
    if left.equals(right) or pa.types.is_null(right):
        return left
    if pa.types.is_null(left):
        return right
    if pa.types.is_list(left) and pa.types.is_list(right):
        inner = unify(left.value_type, right.value_type)
        both_structs = pa.types.is_struct(left.value_type) or pa.types.is_struct(right.value_type)
        return pa.string() if both_structs else pa.list_(inner)
    if _numeric(left) and _numeric(right):
        floats = pa.types.is_floating(left) or pa.types.is_floating(right)
        return pa.float64() if floats else pa.int64()
    return pa.string()


def _numeric(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def convert(array: pa.Array, kind: pa.DataType) -> pa.Array:
    """Convert an array to `kind`, a type that `unify` returned for the array's type and another."""
    if isinstance(array, pa.ChunkedArray):
        return pa.chunked_array([convert(chunk, kind) for chunk in array.chunks], type=kind)
    if array.type.equals(kind):
        return array
    if array.null_count == len(array):  # all null, so its type does not matter
        return pa.nulls(len(array), kind)
    if pa.types.is_string(kind):
        return to_text(array)
    if pa.types.is_list(kind) and pa.types.is_list(array.type):
        return _lists(array, convert(array.flatten(), kind.value_type))
    return pc.cast(array, kind, safe=False)


def _lists(array: pa.Array, values: pa.Array) -> pa.Array:
    """Return a list array with its items (those of non-null lists) replaced one for one by `values`."""
    lengths = pc.fill_null(pc.list_value_length(array), 0).to_numpy(zero_copy_only=False)
    offsets = np.concatenate(([0], np.cumsum(lengths)))
    mask = pc.is_null(array) if array.null_count else None
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), values, mask=mask)


def to_text(array: pa.Array) -> pa.Array:
    """Return values as text, as JSON writes them: true, 12, 1.5, [1,2]; times as ISO 8601 in UTC."""
    kind = array.type
    if pa.types.is_string(kind):
        return array
    if pa.types.is_floating(kind):
        return _float_text(array)
    if pa.types.is_timestamp(kind):
        text = pc.strftime(pc.cast(array, pa.timestamp("us")), "%Y-%m-%dT%H:%M:%S")
        return pc.binary_join_element_wise(text, pa.scalar("Z"), "")
    if pa.types.is_nested(kind):
        return pa.array([None if v is None else json_text(v) for v in array.to_pylist()], pa.string())
    return pc.cast(array, pa.string())


def _float_text(array: pa.Array) -> pa.Array:
    # An integer that was read as a float ("5.0", or 5 next to 1.5) becomes "5", whichever batch it came in.
    values = array.to_numpy(zero_copy_only=False)
    with np.errstate(invalid="ignore"):
        whole = (np.floor(values) == values) & (np.abs(values) < _EXACT)
    integers = pc.cast(pa.array(np.where(whole, values, 0).astype(np.int64)), pa.string())
    return pc.if_else(
        pc.is_null(array), None, pc.if_else(pa.array(whole), integers, pc.cast(array, pa.string()))
    )


def json_text(value: Any) -> str:
    """Return a nested value as JSON text; values that JSON does not support are written with `str`."""
    return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode("utf-8", "replace")


def cast(data: pa.RecordBatch | pa.Table, schema: pa.Schema) -> pa.RecordBatch | pa.Table:
    """Convert rows to another schema, the final one of a Normalizer.

    Args:
        data: rows in an earlier schema.
        schema: the final schema.

    Returns:
        The same rows. Missing columns are null; types are converted as in `convert` (int to float, anything
        to string); columns that the schema does not have are left out.
    """
    columns = []
    for item in schema:
        at = data.schema.get_field_index(item.name)
        if at < 0:
            columns.append(pa.nulls(data.num_rows, item.type))
        else:
            columns.append(convert(data.column(at), item.type))
    if isinstance(data, pa.Table):
        return pa.Table.from_arrays(columns, schema=schema)
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def plain(array: pa.Array) -> pa.Array:
    """Convert any Arrow array to one of the types above; structs and maps must be flattened first.

    Args:
        array: any array. Integers become int64, or text if one does not fit. Lists of nested values become
            lists of JSON text. Binary becomes text if it is UTF-8, else hex digits. Durations become
            milliseconds.

    Returns:
        Array of the same length.
    """
    kind = array.type
    t = pa.types
    if t.is_string(kind) or t.is_int64(kind) or t.is_float64(kind) or t.is_boolean(kind) or t.is_null(kind):
        return array
    if isinstance(array, pa.ExtensionArray):
        return plain(array.storage)
    if t.is_dictionary(kind):
        return plain(array.dictionary_decode())
    if t.is_run_end_encoded(kind):
        return plain(pc.run_end_decode(array))
    if t.is_integer(kind):
        try:
            return pc.cast(array, pa.int64())
        except pa.ArrowInvalid:
            return pc.cast(array, pa.string())
    if t.is_floating(kind) or t.is_decimal(kind):
        return pc.cast(array, pa.float64(), safe=False)
    if t.is_large_string(kind) or t.is_string_view(kind):
        return pc.cast(array, pa.string())
    if t.is_binary(kind) or t.is_large_binary(kind) or t.is_fixed_size_binary(kind) or t.is_binary_view(kind):
        return pa.array([None if v is None else _bytes_text(v) for v in array.to_pylist()], pa.string())
    if t.is_timestamp(kind) or t.is_date(kind):
        return _microseconds(array)
    if t.is_duration(kind):
        per_ms = {"s": 1e-3, "ms": 1.0, "us": 1e3, "ns": 1e6}[kind.unit]
        return pc.divide(pc.cast(pc.cast(array, pa.int64()), pa.float64(), safe=False), per_ms)
    if t.is_list(kind):
        return _plain_list(array)
    if t.is_large_list(kind) or t.is_fixed_size_list(kind):
        return _plain_list(pc.cast(array, pa.list_(kind.value_type)))
    if t.is_time(kind):
        return pc.cast(array, pa.string())
    return pa.array([None if v is None else json_text(v) for v in array.to_pylist()], pa.string())


def _plain_list(array: pa.Array) -> pa.Array:
    if array.type.equals(EVENTS_TYPE) or array.type.equals(LINKS_TYPE):
        return array
    inner = array.type.value_type
    if pa.types.is_nested(inner):
        texts = [
            None if row is None else [None if v is None else json_text(v) for v in row]
            for row in array.to_pylist()
        ]
        return pa.array(texts, pa.list_(pa.string()))
    if plain(pa.nulls(0, inner)).type.equals(inner):
        return array
    return _lists(array, plain(array.flatten()))


def _microseconds(array: pa.Array) -> pa.Array:
    """Convert times and dates to timestamp[us, UTC]; no zone means UTC, out of range becomes null."""
    kind = array.type
    if pa.types.is_date(kind):
        array = pc.cast(array, pa.timestamp("s"), safe=False)
        kind = array.type
    if kind.unit == "us":
        return array.cast(TIMESTAMP)
    numbers = array.cast(pa.int64())
    if kind.unit == "ns":
        return pc.divide(numbers, 1000).cast(TIMESTAMP)
    factor = 1_000_000 if kind.unit == "s" else 1_000
    limit = (2**63 - 1) // factor
    fits = pc.and_(pc.less_equal(numbers, limit), pc.greater_equal(numbers, -limit))
    return pc.multiply(pc.if_else(fits, numbers, None), factor).cast(TIMESTAMP)


def _bytes_text(value: bytes) -> str:
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return value.hex()
    return text if text.isprintable() else value.hex()
