"""Columns as Python values that JSON can hold: times as text, everything else as it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from obskit.schema import to_text


def plain_rows(batch: pa.RecordBatch, names: Sequence[str]) -> list[dict[str, Any]]:
    """Return a batch's rows as dicts under these names, without nulls."""
    columns = [plain_values(column) for column in batch.columns]
    return [
        {name: value for name, value in zip(names, row, strict=True) if value is not None}
        for row in zip(*columns, strict=True)
    ]


def plain_values(column: pa.Array) -> list[Any]:
    """Return a column's values: bool, int, float, text, lists of these, lists of dicts without nulls."""
    values: list[Any] = _timeless(column).to_pylist()
    if pa.types.is_list(column.type) and pa.types.is_struct(column.type.value_type):
        return [None if row is None else [_known(item) for item in row] for row in values]
    return values


def _known(item: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if item is None else {name: value for name, value in item.items() if value is not None}


def _timeless(array: pa.Array) -> pa.Array:
    """Return an array with every time in it as ISO 8601 text."""
    kind = array.type
    if not time_fields(kind):
        return array
    if pa.types.is_timestamp(kind):
        return to_text(array)
    if pa.types.is_struct(kind):
        columns = [_timeless(child) for child in array.flatten()]
        return pa.StructArray.from_arrays(columns, [field.name for field in kind], mask=array.is_null())
    lengths = pc.fill_null(pc.list_value_length(array), 0)
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), pc.cumulative_sum(lengths).cast(pa.int32())])
    return pa.ListArray.from_arrays(offsets, _timeless(array.flatten()), mask=array.is_null())


def time_fields(kind: pa.DataType) -> bool:
    """Whether values of a type are times, or hold some."""
    if pa.types.is_list(kind):
        return time_fields(kind.value_type)
    if pa.types.is_struct(kind):
        return any(time_fields(field.type) for field in kind)
    return bool(pa.types.is_timestamp(kind))


def endless(batch: pa.RecordBatch) -> bool:
    """Whether any number of a batch is NaN or infinite."""
    for column in batch.columns:
        values = column.flatten() if pa.types.is_list(column.type) else column
        if pa.types.is_floating(values.type) and pc.any(pc.invert(pc.is_finite(values))).as_py():
            return True
    return False
