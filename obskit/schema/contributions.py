"""Source columns that contribute to one column of the events, and how their values are merged.

http.response.status_code  404   null
http.status_code           null  503      merged: 404, 503
"""

from __future__ import annotations

from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from obskit.names import FlatField
from obskit.schema.mapping import SourceColumn
from obskit.schema.types import convert, unify


class Contribution(NamedTuple):
    """A source column that contributes to a column of the events; the lowest rank wins."""

    name: str
    rank: tuple[int, int, int]
    values: pa.Array
    how: str  # "own", "mapped", "flat", "header", "old", "carried" or "fallback"
    source: SourceColumn
    mixed: dict[str, int]
    meaning: FlatField | None = None


def final_type(kind: pa.DataType) -> pa.DataType:
    """Return the type of a field; one with only nulls becomes text, so that it can be queried."""
    if pa.types.is_null(kind):
        return pa.string()
    if pa.types.is_list(kind) and pa.types.is_null(kind.value_type):
        return pa.list_(pa.string())
    return kind


def count_both(left: pa.Array, right: pa.Array) -> int:
    """Return in how many rows both have a value."""
    return int(pc.sum(pc.and_(pc.is_valid(left), pc.is_valid(right))).as_py() or 0)


def coalesce(first: pa.Array, second: pa.Array) -> pa.Array:
    """Return the first values, and the second ones where the first are null."""
    kind = unify(first.type, second.type)
    return pc.coalesce(convert(first, kind), convert(second, kind))
