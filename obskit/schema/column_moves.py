"""Rename and move columns of flat rows, row by row where a batch has rows of several programs."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

from obskit.names import flat_fields as names
from obskit.names.flat_fields import flat_field
from obskit.schema.flatten import Column

Columns = dict[str, Column]
"""Columns by name."""


def is_time(name: str) -> bool:
    """Return whether a name is one of times."""
    meaning = flat_field(name)
    return name == "timestamp" or (meaning is not None and meaning.reading == names.TIME)


def matches(values: pa.Array, pattern: str) -> pa.Array:
    """Return in which rows a column has text that matches."""
    if not pa.types.is_string(values.type):
        return pa.repeat(False, len(values))
    return pc.fill_null(pc.match_substring_regex(values, pattern), False)


def keep_rest(have: Columns, column: Column, used: pa.Array) -> None:
    """Keep a column only in the rows that are not used."""
    values = pc.if_else(used, pa.scalar(None, column.values.type), column.values)
    if values.null_count < len(values):
        have[column.name] = column._replace(values=values)
    else:
        del have[column.name]


def first(have: Columns, folded: dict[str, str], wanted: Iterable[str]) -> Column | None:
    """Return the first of some columns that is there, whatever its case."""
    return next((have[folded[name]] for name in wanted if folded.get(name) in have), None)


def rename(have: Columns, name: str, new: str, beside: Iterable[str] = ()) -> None:
    """Rename a column, in rows that have a value in each of the columns beside it.

    Rows of several programs are in one batch if their files are read together, or if one file has them.
    """
    if new in have or name not in have:
        return
    rows = pa.repeat(True, len(have[name].values))
    for other in beside:
        rows = pc.and_(rows, pc.is_valid(have[other].values))
    move(have, name, new, rows)


def move(have: Columns, name: str, new: str, rows: pa.Array) -> None:
    """Move the values of some rows to a column with another name."""
    column = have[name]
    if new in have or not pc.any(rows, min_count=0).as_py():
        return
    left = pc.and_not(pc.is_valid(column.values), rows)
    null = pa.scalar(None, column.values.type)
    if pc.any(left, min_count=0).as_py():
        have[name] = column._replace(values=pc.if_else(left, column.values, null))
        column = column._replace(values=pc.if_else(rows, column.values, null))
    else:
        del have[name]
    have[new] = column._replace(name=new)
