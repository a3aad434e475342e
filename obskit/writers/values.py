"""Convert columns to Python values that JSON can hold: times become text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from obskit.schema import to_text


def plain_rows(batch: pa.RecordBatch, names: Sequence[str]) -> list[dict[str, Any]]:
    """Return the rows of a batch as dicts with these names, without nulls."""
    columns = [plain_values(column) for column in batch.columns]
    return [
        {name: value for name, value in zip(names, row, strict=True) if value is not None}
        for row in zip(*columns, strict=True)
    ]


def plain_values(column: pa.Array) -> list[Any]:
    """Return the values of a column: bool, int, float, text, or lists of these or of dicts without nulls."""
    values: list[Any] = _times_as_text(column).to_pylist()
    if pa.types.is_list(column.type) and pa.types.is_struct(column.type.value_type):
        return [None if row is None else [_without_nulls(item) for item in row] for row in values]
    return values


def _without_nulls(item: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if item is None else {name: value for name, value in item.items() if value is not None}


def _times_as_text(array: pa.Array) -> pa.Array:
    """Replace every time in an array by ISO 8601 text."""
    kind = array.type
    if not has_times(kind):
        return array
    if pa.types.is_timestamp(kind):
        return to_text(array)
    if pa.types.is_struct(kind):
        columns = [_times_as_text(child) for child in array.flatten()]
        return pa.StructArray.from_arrays(columns, [field.name for field in kind], mask=array.is_null())
    lengths = pc.fill_null(pc.list_value_length(array), 0)
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), pc.cumulative_sum(lengths).cast(pa.int32())])
    return pa.ListArray.from_arrays(offsets, _times_as_text(array.flatten()), mask=array.is_null())


def has_times(kind: pa.DataType) -> bool:
    """Return whether values of a type are times or contain times."""
    if pa.types.is_list(kind):
        return has_times(kind.value_type)
    if pa.types.is_struct(kind):
        return any(has_times(field.type) for field in kind)
    return bool(pa.types.is_timestamp(kind))


def has_non_finite(batch: pa.RecordBatch) -> bool:
    """Return whether a batch contains NaN or an infinity."""
    for column in batch.columns:
        values = column.flatten() if pa.types.is_list(column.type) else column
        if pa.types.is_floating(values.type) and pc.any(pc.invert(pc.is_finite(values))).as_py():
            return True
    return False
