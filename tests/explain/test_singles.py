"""Conditions on one field: their text holds for exactly the rows that were counted."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from obskit.engine import format_condition
from obskit.explain.grouped_rows import FieldCondition, GroupedRows
from obskit.explain.singles import (
    Column,
    bins,
    interval_condition,
    interval_totals,
    is_number,
    value_condition,
)
from obskit.explain.weights import Segment
from obskit.stats.counts import Counts
from tests.support.examples import examples
from tests.support.worlds import store

odd = st.sampled_from(
    [0.0, -0.0, float("inf"), float("-inf"), float("nan"), 1e-300, -1e300, 0.1, 0.30000000000000004]
)
floats = st.one_of(st.none(), odd, st.floats(-1e6, 1e6), st.floats(allow_nan=True, allow_infinity=True))
integers = st.one_of(st.none(), st.integers(-(2**53), 2**53), st.integers(-5, 200))
texts = st.one_of(
    st.none(), st.text(max_size=8), st.sampled_from(["", "'", '"; drop table', "null", "é", "a\nb"])
)


def numbers(values: list[Any], kind: pa.DataType, folder: Path) -> tuple[Any, GroupedRows]:
    """Return a scope with a field `x`, and all its rows in one group."""
    scope = store({"x": pa.array(values, kind), "y": list(range(len(values)))}, folder)
    codes = scope.dataset.codes
    segments = [Segment(f, file.rows, None, codes.weights()[f]) for f, file in enumerate(scope.dataset.files)]
    return scope, GroupedRows(
        scope.codes, segments, {"selected": [np.ones(file.rows, bool) for file in scope.dataset.files]}
    )


def same_rows(scope: Any, frame: GroupedRows, item: FieldCondition) -> None:
    read = scope.masks(scope.condition(format_condition([item.spec])))
    assert frame.unpack(frame.bits(item)).tolist() == np.concatenate([mask.true for mask in read]).tolist(), (
        item.spec
    )


@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(floats, min_size=2, max_size=60), st.data())
def test_the_text_of_an_interval_holds_for_the_rows_counted(
    values: list[float | None], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        scope, frame = numbers(values, pa.float64(), Path(folder) / "d")
        codes = scope.codes("x")
        entries = int((~np.isnan(codes.lo)).sum()) if codes.lo is not None else 0
        if entries == 0:
            return
        first = int(np.flatnonzero(~np.isnan(codes.lo))[0])
        start = data.draw(st.integers(first, first + entries - 1))
        end = data.draw(st.integers(start + 1, first + entries))
        same_rows(scope, frame, interval_condition(codes, start, end))


@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(integers, min_size=80, max_size=120, unique=True), st.data())
def test_the_text_of_an_interval_of_integers_holds_for_the_rows_counted(
    values: list[int | None], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        scope, frame = numbers(values, pa.int64(), Path(folder) / "d")
        codes = scope.codes("x")
        assert is_number(codes)
        start = data.draw(st.integers(0, codes.size - 2))
        end = data.draw(st.integers(start + 1, codes.size - 1))
        same_rows(scope, frame, interval_condition(codes, start, end))


@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(texts, min_size=2, max_size=30))
def test_the_text_of_a_value_holds_for_the_rows_counted(values: list[str | None]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        scope, frame = numbers(values, pa.string(), Path(folder) / "d")
        if "x" not in scope.schema.names:
            return
        codes = scope.codes("x")
        for code in range(1, codes.size):
            same_rows(scope, frame, value_condition(codes, code))
        same_rows(scope, frame, FieldCondition("x", (0,), {"field": "x", "op": "missing"}))


def test_bins_are_few_and_every_interval_of_them_is_a_test(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    scope, frame = numbers(
        [*rng.lognormal(3, 2, 20_000).tolist(), 0.0, float("inf")], pa.float64(), tmp_path / "d"
    )
    zero = np.zeros(scope.codes("x").size)
    column = Column(scope.codes("x"), frame.tally("selected", "x"), Counts(zero, zero, zero))
    starts = bins(column)
    assert 20 <= len(starts) <= 36
    assert len(interval_totals(column)) == len(starts) * (len(starts) + 1) // 2


@pytest.mark.parametrize(
    ("below", "above", "text"), [(1.234, 5.678, "x >= 5.7"), (0.0011, 0.0019, "x >= 0.0019")]
)
def test_bounds_are_the_shortest_decimals(below: float, above: float, text: str, tmp_path: Path) -> None:
    """A cut between two values is written with as few digits as keep it between them."""
    scope, _ = numbers([below] * 40 + [above] * 40, pa.float64(), tmp_path / "d")
    codes = scope.codes("x")
    said = format_condition([interval_condition(codes, 1, codes.size - 1).spec])
    low = float(said.split(">= ")[1])
    assert below < low <= above
    assert len(said) <= len(text)
