"""Parse a span's events and links from JSON into lists of structs, as typed formats have them.

In flat JSONL they are a list of objects, in tags of other formats JSON text. Values of another form stay as
they are.
"""

from __future__ import annotations

from typing import Any

import orjson
import pyarrow as pa

from obskit.schema.parse import parse
from obskit.schema.types import EVENTS_TYPE, LINKS_TYPE, json_text

POINTS: dict[str, pa.DataType] = {"events": EVENTS_TYPE, "links": LINKS_TYPE}
"""Column of a span's events or links -> its type."""


def parse_points(values: pa.Array, kind: pa.DataType) -> pa.Array:
    """Parse JSON text, or lists of JSON text, as lists of structs.

    Args:
        values: an array of any type.
        kind: `EVENTS_TYPE` or `LINKS_TYPE`.

    Returns:
        Array of type `kind`; `values` unchanged if any item is not an object with the fields of `kind`.
    """
    if pa.types.is_list(values.type) and pa.types.is_null(values.type.value_type):
        return pa.array(values.to_pylist(), kind)
    text = pa.types.is_string(values.type)
    if not text and not (pa.types.is_list(values.type) and pa.types.is_string(values.type.value_type)):
        return values
    fields = [field.name for field in kind.value_type]
    rows: list[list[dict[str, Any] | None] | None] = []
    for value in values.to_pylist():
        row = _row(value, text, fields)
        if row is None and value is not None:
            return values
        rows.append(row)
    items = [item for row in rows if row is not None for item in row]
    columns = []
    for field in kind.value_type:
        found = [None if item is None else _text(item.get(field.name)) for item in items]
        column = pa.array(found, pa.string())
        columns.append(column if pa.types.is_string(field.type) else parse(column, "timestamp"))
    mask = pa.array([item is None for item in items], pa.bool_())
    structs = pa.StructArray.from_arrays(columns, fields=list(kind.value_type), mask=mask)
    offsets = [0]
    for row in rows:
        offsets.append(offsets[-1] + len(row or ()))
    is_null = pa.array([row is None for row in rows], pa.bool_())
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), structs, type=kind, mask=is_null)


def _row(value: Any, text: bool, fields: list[str]) -> list[dict[str, Any] | None] | None:
    """Return the objects of one row; None if they are not of the right form."""
    if value is None:
        return None
    try:
        items = orjson.loads(value) if text else [None if v is None else orjson.loads(v) for v in value]
    except orjson.JSONDecodeError:
        return None
    if type(items) is not list:
        return None
    good = all(item is None or (type(item) is dict and item.keys() <= set(fields)) for item in items)
    return items if good else None


def _text(value: Any) -> str | None:
    return value if value is None or type(value) is str else json_text(value)
