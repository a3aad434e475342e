"""Nested objects and maps become columns with dotted names."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from obskit.errors import LimitExceeded
from obskit.schema import LoadReport, Normalizer
from obskit.schema.flatten import sorted_by_code
from tests.schema.samples import events


def test_nested_objects_are_flattened_and_the_shallower_name_wins():
    rows, report, _ = events(
        {"a": {"b": 1, "c": {"d": "x"}}, "a.b": 2}, {"a": {"b": 3, "c": None}, "a.b": None}
    )
    assert [(row["a.b"], row["a.c.d"]) for row in rows] == [(2, "x"), (3, None)]
    assert report.overridden == {"a.b": 1}


def test_maps_become_columns():
    report = LoadReport()
    normalizer = Normalizer(report)
    maps = pa.array([[("k", 1), ("k", 2)], None, [], [("j", 3)]], pa.map_(pa.string(), pa.int64()))
    batch = normalizer.batch(pa.RecordBatch.from_pydict({"m": maps}).slice(0))
    assert batch.column("m.k").to_pylist() == [2, None, None, None]
    assert batch.column("m.j").to_pylist() == [None, None, None, 3]
    sliced = normalizer.batch(pa.RecordBatch.from_pydict({"m": maps}).slice(3))
    assert sliced.column("m.j").to_pylist() == [3]


def test_too_many_fields():
    with pytest.raises(LimitExceeded, match="more than 3 distinct field names"):
        events({"a": 1, "b": 2, "c": 3}, max_fields=3)


def test_names_like_sql_or_empty_are_names():
    rows, _, _ = events({'"; drop table x --': 1, "": 2, "select": 3})
    assert rows[0]['"; drop table x --'] == 1
    assert rows[0]["(unnamed)"] == 2
    assert rows[0]["select"] == 3


@pytest.mark.parametrize("codes", [[], [0], [2, -1, 0, 2, 1, 0]])
def test_positions_are_sorted_by_code(codes: list[int]) -> None:
    order, edges = sorted_by_code(np.array(codes, np.int64), 3)
    found = [order[edges[code] : edges[code + 1]].tolist() for code in range(3)]
    assert found == [[at for at, own in enumerate(codes) if own == code] for code in range(3)]
