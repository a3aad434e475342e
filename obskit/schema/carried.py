"""What formats without a place for it carry as attributes of ours, put back where it belongs.

`writers` writes these names (`names.CARRIED` and the constants beside it); here they are read, whatever the
format was.
"""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from obskit.names import ABSENT, CARRIED, CARRIED_FIELD, CARRIED_LIST, COLUMNS

_OURS = "obskit."
_ITEMS: dict[type, pa.DataType] = {bool: pa.bool_(), int: pa.int64(), float: pa.float64(), str: pa.string()}


def carried(name: str, values: pa.Array) -> tuple[str, pa.Array] | None:
    """Return the name and values of the field that an attribute carries; None where it carries none."""
    if not name.startswith(_OURS):
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
    """Return JSON text as lists of one type; None where any is no such."""
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
    if len(kinds) > 1 or not kinds <= _ITEMS.keys():
        return None
    try:
        return pa.array(rows, pa.list_(_ITEMS[kinds.pop()] if kinds else pa.null()))
    except (OverflowError, pa.ArrowInvalid):
        return None


def absent(columns: dict[str, pa.Array]) -> None:
    """Take out what the attribute `ABSENT` says is null, and that attribute itself."""
    said = columns.pop(ABSENT, None)
    if said is None or not pa.types.is_string(said.type):
        return
    for name in {name for text in said.unique().to_pylist() if text for name in text.split(",")}:
        if name in COLUMNS and name in columns:
            within = pc.match_substring_regex(said, f"(^|,){name}(,|$)")
            nothing = pa.scalar(None, columns[name].type)
            columns[name] = pc.if_else(pc.fill_null(within, False), nothing, columns[name])
