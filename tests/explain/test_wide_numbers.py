"""Codes and counts of a number for a whole table, of which a sample is here.

table   1 | 2 2 | 4 | 8 8     sample   2 | 8
codes   1    2    3    4                2   4
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pyarrow as pa
import pytest

import obskit as ok
from obskit.dataset import FieldCodes
from obskit.explain.singles import bins, interval_condition
from obskit.explain.wide_numbers import Histogram, wide_codes, wide_column, wide_scope
from obskit.stats.buckets import buckets
from obskit.stats.counts import Counts

TABLE = np.array([1.0, 2.0, 2.01, 4.0, 8.0, 8.05])
SAMPLE = [2.0, None, 8.05]


def codes_of(values: list[float | None] | list[int | None]) -> FieldCodes:
    rows = pa.table({"name": ["x"] * len(values), "size": values})
    return ok.load(rows).dataset.codes.field("size")


def histogram(values: np.ndarray, *, by_value: bool = False, group: str = "baseline") -> Histogram:
    """Return the histogram of values of one group, each with weight 2."""
    cells = values.astype(np.int64) if by_value else buckets(values).astype(np.int64)
    keys, at = np.unique(cells, return_inverse=True)
    lo, hi, n = np.full(len(keys), np.inf), np.full(len(keys), -np.inf), np.bincount(at).astype(float)
    with np.errstate(invalid="ignore"):
        np.minimum.at(lo, at, values)
        np.maximum.at(hi, at, values)
    return Histogram(keys, lo, hi, np.full(len(keys), group), np.stack([n, 2 * n, 4 * n]))


def totals(selected: float, baseline: float) -> dict[str, Counts]:
    return {
        name: Counts(*(np.array([size * factor]) for factor in (1.0, 2.0, 4.0)))
        for name, size in (("selected", selected), ("baseline", baseline))
    }


def test_codes_have_an_entry_for_each_cell_of_the_table() -> None:
    found = wide_codes(codes_of(SAMPLE), histogram(TABLE))
    assert found.kind == "numeric"
    assert found.lo is not None
    assert found.hi is not None
    assert found.lo.tolist() == [1.0, 2.0, 4.0, 8.0]
    assert found.hi.tolist() == [1.0, 2.01, 4.0, 8.05]
    assert found.codes(0).tolist() == [2, 0, 4]
    assert found.values.to_pylist() == pytest.approx([1.0, 2.0, 4.0, 8.0], rel=0.02)


def test_an_interval_ends_between_values_of_the_table() -> None:
    """Of the sample alone, anything from 2 to 8.05 would separate its two values."""
    found = wide_codes(codes_of(SAMPLE), histogram(TABLE))
    assert interval_condition(found, 2, 4).spec == {
        "field": "size",
        "op": "between",
        "low": 4.0,
        "high": None,
    }
    assert interval_condition(codes_of(SAMPLE), 1, 2).spec["low"] != 4.0


def test_integers_by_value() -> None:
    found = wide_codes(codes_of([2, None, 8]), histogram(np.array([1.0, 2.0, 4.0, 8.0]), by_value=True))
    assert found.kind == "value"
    assert found.values.to_pylist() == [1, 2, 4, 8]
    assert found.codes(0).tolist() == [2, 0, 4]


def test_integers_of_which_the_table_has_too_many_values_are_coded_by_bucket() -> None:
    codes = codes_of([2000, None, 8000, 8001])
    assert codes.kind == "value"
    many = histogram(np.array([1000.0, 2000.0, 4000.0, 8000.0, 8001.0]))
    found = wide_codes(codes, dataclasses.replace(many, by_bucket=True))
    assert found.kind == "numeric"
    assert found.lo is not None
    assert found.hi is not None
    assert found.lo.tolist() == [1000.0, 2000.0, 4000.0, 8000.0]
    assert found.hi.tolist() == [1000.0, 2000.0, 4000.0, 8001.0]
    assert found.codes(0).tolist() == [2, 0, 4, 4]


def test_rows_that_came_after_the_histogram_keep_a_place() -> None:
    found = wide_codes(codes_of([2.0, 64.0]), histogram(TABLE))
    assert found.hi is not None
    assert found.hi.tolist() == [1.0, 2.01, 4.0, 8.05, 64.0]
    assert found.codes(0).tolist() == [2, 5]


def test_counts_are_those_of_the_table_and_the_rest_is_missing() -> None:
    codes = wide_codes(codes_of(SAMPLE), histogram(TABLE))
    column = wide_column(codes, histogram(TABLE), totals(selected=5, baseline=10))
    assert column.baseline.n.tolist() == [4, 1, 2, 1, 2]
    assert column.baseline.w.tolist() == [8, 2, 4, 2, 4]
    assert column.baseline.w2.tolist() == [16, 4, 8, 4, 8]
    assert column.selected.n.tolist() == [5, 0, 0, 0, 0]
    assert bins(column).tolist() == [0, 1, 2, 3]


def test_nan_and_infinities_have_cells_of_their_own() -> None:
    values = np.array([np.nan, -np.inf, 0.0, 3.0, np.inf])
    found = wide_codes(codes_of([3.0, float("inf")]), histogram(values))
    assert found.lo is not None
    assert found.lo.tolist()[1:] == [-np.inf, 0.0, 3.0, np.inf]
    assert np.isnan(found.lo[0])
    assert found.codes(0).tolist() == [4, 5]


def test_a_scope_has_the_wide_codes_and_everything_else_of_the_sample() -> None:
    scope = ok.load(pa.table({"name": ["x", "y"], "size": [2.0, 8.0]})).scope
    wide = wide_codes(scope.codes("size"), histogram(TABLE))
    found = wide_scope(scope, {"size": wide})
    assert found.codes("size") is wide
    assert found.codes("name").values.to_pylist() == scope.codes("name").values.to_pylist()
    assert found.dataset is scope.dataset
