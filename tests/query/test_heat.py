"""`heatmap`: counts from codes and from statements, and its axes."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from obskit.dataset import from_arrow
from obskit.engine import Scope
from obskit.errors import (
    InvalidArgument,
    UnknownField,
)
from obskit.query import heatmap
from tests.query.scopes import events


@pytest.mark.parametrize("where", [None, "http.route = '/a'", "size > 2900"])
@pytest.mark.parametrize("y", ["duration_ms", "size"])
def test_heatmap_counts_what_numpy_counts(where: str | None, y: str) -> None:
    scope = events().narrow(where)
    result = heatmap(scope, y=y, bins=(20, 10))
    rows = scope.run(lambda t: t.select("timestamp", y, "sample_weight")).table
    weight = rows.column("sample_weight").to_numpy()
    times = rows.column("timestamp").cast(pa.int64()).fill_null(-1).to_numpy().astype(float)
    values = rows.column(y).cast(pa.float64()).fill_null(float("nan")).to_numpy()
    there = (times >= 0) & ~np.isnan(values) & ((values > 0) | (result.apart["zero"] == 0))
    x_edges = result.x_edges.astype("int64").astype(float)
    expected = np.histogram2d(values[there], times[there], [result.y_edges, x_edges], weights=weight[there])[
        0
    ]
    assert result.grid.shape == (10, 20)
    assert result.grid.sum() == pytest.approx(weight[there].sum())
    # cells are within 1% of a value of each other, so few events fall on the other side of an edge
    assert np.abs(result.grid - expected).sum() <= 0.06 * expected.sum()
    assert result.apart["missing"] == pytest.approx(weight[(times < 0) | np.isnan(values)].sum())
    if y == "duration_ms" and where is None:
        assert result.apart["zero"] > 0
        assert result.y_edges[1] / result.y_edges[0] == pytest.approx(result.y_edges[2] / result.y_edges[1])


def test_heatmap_by_statement_agrees_with_codes() -> None:
    scope = events()
    coded = heatmap(scope, y="duration_ms", bins=(12, 6))
    stated = heatmap(scope.derive("took", "duration_ms"), y="took", bins=(12, 6))
    assert coded.sql == ""
    assert "GROUP BY" in stated.sql
    assert coded.x_edges.tolist() == stated.x_edges.tolist()
    assert np.abs(coded.grid - stated.grid).sum() <= 0.05 * stated.grid.sum()
    assert coded.apart == pytest.approx(stated.apart)


def test_heatmap_of_two_numbers_and_its_table() -> None:
    result = heatmap(events(), x="size", y="duration_ms", bins=(4, 3))
    assert result.table.column("events").to_numpy().sum() == pytest.approx(result.grid.sum())
    assert result.table.schema.names == [
        "size from",
        "size to",
        "duration_ms from",
        "duration_ms to",
        "events",
    ]


def test_heatmap_without_rows_and_with_invalid_arguments() -> None:
    empty = heatmap(events().narrow("size > 5000"))
    assert empty.grid.sum() == 0
    with pytest.raises(InvalidArgument, match=r"http\.route is string and cannot be an axis"):
        heatmap(events(), y="http.route")
    with pytest.raises(
        InvalidArgument, match=r"bins must be two whole numbers from 1 to 4,000, got \(0, 5\)"
    ):
        heatmap(events(), bins=(0, 5))
    with pytest.raises(UnknownField):
        heatmap(events(), y="duration")


def test_events_that_are_not_on_the_grid_are_noted() -> None:
    values = [1.0, 100.0, 0.0, float("inf"), None, None]
    scope = Scope.of(from_arrow(pa.table({"x": pa.array([1.0] * 6), "y": pa.array(values)})))
    result = heatmap(scope, x="x", y="y", log=True)
    assert result.notes == (
        "2 events without a value of x or y are not on the grid",
        "1 event with a value of y at or below zero is not on the grid",
        "1 event with an infinite value is not on the grid",
        "the axis of y is logarithmic; events near an edge may be in the cell next to theirs",
    )
