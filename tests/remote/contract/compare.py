"""Answers of two engines are the same if they have the same rows; floats may differ in their last digits."""

from __future__ import annotations

import math
from typing import Any

import pyarrow as pa


def assert_same(found: pa.Table, wanted: pa.Table, *, sort: bool = False) -> None:
    """Assert that two tables have the same columns, types and rows."""
    assert found.schema.names == wanted.schema.names
    for field, other in zip(found.schema, wanted.schema, strict=True):
        assert _plain(field.type) == _plain(other.type), field.name
    rows, others = found.to_pylist(), wanted.to_pylist()
    if sort:
        rows, others = (sorted(some, key=str) for some in (rows, others))
    assert len(rows) == len(others)
    for row, other in zip(rows, others, strict=True):
        for name, value in row.items():
            assert is_close(value, other[name]), (
                f"{name}: {value!r} is not {other[name]!r}, in {row} and {other}"
            )


def is_close(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9) or (math.isnan(one) and math.isnan(other))
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(is_close, one, other))
    return bool(one == other)


def _plain(kind: pa.DataType) -> str:
    """Return a type as text; the name of an item of a list says nothing, and UTC has two names."""
    if pa.types.is_timestamp(kind):
        return str(kind).replace("Etc/UTC", "UTC")
    return f"list of {kind.value_type}" if pa.types.is_list(kind) else str(kind)
