"""Restore columns that a format could only hold as attributes.

`writers` stores what a format has no field for under names such as `obskit.sample_weight` (see
`names.CARRIED`).
Here these attributes become columns again, whatever the format: `obskit.sample_weight` -> `sample_weight`,
`obskit.list.tags` with the text `["a"]` -> `tags` with the list ["a"].
"""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from obskit.names import ABSENT, CARRIED, CARRIED_FIELD, CARRIED_LIST, COLUMNS

_PREFIX = "obskit."
_ITEM_TYPES: dict[type, pa.DataType] = {
    bool: pa.bool_(),
    int: pa.int64(),
    float: pa.float64(),
    str: pa.string(),
}


def unpack_carried(name: str, values: pa.Array) -> tuple[str, pa.Array] | None:
    """Return the name and values of the column that an attribute carries; None if it carries none."""
    if not name.startswith(_PREFIX):
        return None
    if name in CARRIED:
        return CARRIED[name], values
    if name.startswith(CARRIED_FIELD) and name != CARRIED_FIELD:
        return name.removeprefix(CARRIED_FIELD), values
    if name.startswith(CARRIED_LIST) and name != CARRIED_LIST:
        lists = _lists(values)
        return None if lists is None else (name.removeprefix(CARRIED_LIST), lists)
    return None


def _lists(values: pa.Array) -> pa.Array | None:
    """Parse JSON texts as lists of one type; None if any of them is something else."""
    if not pa.types.is_string(values.type):
        return None
    rows: list[list[Any] | None] = []
    for text in values.to_pylist():
        try:
            row = None if text is None else json.loads(text)
        except (ValueError, RecursionError):
            return None
        if row is not None and type(row) is not list:
            return None
        rows.append(row)
    kinds = {type(item) for row in rows for item in row or () if item is not None}
    if len(kinds) > 1 or not kinds <= _ITEM_TYPES.keys():
        return None
    try:
        return pa.array(rows, pa.list_(_ITEM_TYPES[kinds.pop()] if kinds else pa.null()))
    except (OverflowError, pa.ArrowInvalid):
        return None


def clear_absent(columns: dict[str, pa.Array]) -> None:
    """Set values to null where the attribute `ABSENT` says so, and remove that attribute."""
    listed = columns.pop(ABSENT, None)
    if listed is None or not pa.types.is_string(listed.type):
        return
    for name in {name for text in listed.unique().to_pylist() if text for name in text.split(",")}:
        if name in COLUMNS and name in columns:
            is_listed = pc.match_substring_regex(listed, f"(^|,){name}(,|$)")
            null = pa.scalar(None, columns[name].type)
            columns[name] = pc.if_else(pc.fill_null(is_listed, False), null, columns[name])
