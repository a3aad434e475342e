"""Weights, times, units of work and clusters of rows."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest

from obskit.dataset import (
    NO_TIME,
    weight_note,
)
from obskit.errors import UnknownField
from tests.dataset.samples import Store, table


def test_times_weights_and_clusters(store: Store) -> None:
    data = store(
        pa.table(
            {
                "timestamp": pa.array([30, None, 10, 20], pa.timestamp("us", "UTC")),
                "trace_id": ["b", "a", "a", None],
                "event_count": pa.array([None, 0, 3, 1]),
                "sample_weight": [1.0, math.nan, 2.0, None],
            }
        )
    )
    assert [x.tolist() for x in data.codes.times()] == [[10, 20, 30, NO_TIME]]
    (weights,) = data.codes.weights()
    assert weights.rows_n().tolist() == [3, 1, 1, 1]
    assert weights.rows_w().tolist() == [2.0, 1.0, 1.0, 1.0]
    assert (weights.unweighted, len(weights.n)) == (2, 2)
    assert [x.tolist() for x in data.codes.clusters()] == [[1, 0, 2, 1]]
    assert data.codes.clusters()[0].dtype == np.uint32
    with pytest.raises(UnknownField, match="no field 'nope'"):
        data.codes.clusters("nope")


def test_a_dataset_without_any_of_our_columns(store: Store) -> None:
    data = store(pa.table({"s": ["a", None, "a"]}))
    assert data.codes.times()[0].tolist() == [NO_TIME] * 3
    assert data.codes.no_units
    assert data.codes.weights()[0].unweighted == 3
    assert data.codes.field("s").totals["units"].n.tolist() == [1, 2]


def test_more_weights_than_classes_are_kept_by_row(store: Store) -> None:
    data = store(table(sample_weight=[1.0 + i for i in range(600)], s=["a", "b", None] * 200))
    (weights,) = data.codes.weights()
    assert weights.classes is None
    assert weights.rows_w().tolist() == [1.0 + i for i in range(600)]
    totals = data.codes.field("s").totals["all"]
    assert totals.n.tolist() == [200, 200, 200]
    assert totals.w.tolist() == [sum(range(1 + k, 601, 3)) for k in (2, 0, 1)]


def test_a_note_counts_rows_without_a_sample_weight() -> None:
    assert weight_note(None, 10) == weight_note(0, 10) == weight_note(0, 0) == []
    assert weight_note(10, 10) == ["10 of 10 rows have no sample weight, counted as 1"]
    assert weight_note(1, 10) == [
        "warning: 1 of 10 rows has no sample weight, counted as 1; known and unknown weights are mixed"
    ]
