"""Which fields come first."""

from __future__ import annotations

import pyarrow as pa

from obskit.query.usefulness import by_difference, by_usefulness


def test_known_fields_come_first_and_others_keep_their_order() -> None:
    names = ["z", "a", "trace_id", "error", "timestamp"]
    assert by_usefulness(names) == ["timestamp", "error", "trace_id", "z", "a"]


def test_what_differs_comes_before_ids_constants_and_nothing() -> None:
    table = pa.table(
        {
            "nothing": pa.nulls(4, pa.string()),
            "same": pa.array(["x"] * 4),
            "id": pa.array(["a", "b", "c", "d"]),
            "list": pa.array([[1], [2], [3], [4]]),
            "zone": pa.array(["a", "b", "a", "b"]),
            "number": pa.array([1.0, 2.0, 3.0, 4.0]),
            "error": pa.array([True] * 4),
            "body": pa.nulls(4, pa.string()),
        }
    )
    assert by_difference(table) == ["error", "zone", "number", "id", "list", "same", "body", "nothing"]
    assert by_difference(table.slice(0, 0))[:2] == ["body", "error"]
