from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from obskit.display.series import series

pytest.importorskip("plotly")
START = datetime(2026, 5, 4, 10, tzinfo=UTC)


def table(groups=("a", None)):
    rows = [
        {
            "time": START + timedelta(minutes=m),
            "version": g,
            "p99": None if m == 1 else float("inf") if m == 2 else m,
        }
        for m in (3, 2, 1, 0)
        for g in groups
    ]
    return pa.table({name: [row[name] for row in rows] for name in ("time", "version", "p99")})


def test_rows_are_ordered_and_nulls_are_gaps():
    figure = series(table(), "time", ["p99"], ["version"])
    line = figure.data[0]
    assert list(line.y) == [0, None, None, 3]
    assert list(line.x) == sorted(line.x)
    assert line.connectgaps is False
    assert [trace.name for trace in figure.data] == ["a", "(missing)"]


def test_each_value_has_a_panel_and_there_is_one_legend():
    figure = series({"time": [START], "n": [1], "p50": [2]}, "time", ["n", "p50"])
    assert [trace.yaxis for trace in figure.data] == ["y", "y2"]
    assert figure.layout.yaxis.domain[0] > figure.layout.yaxis2.domain[1]
    assert [trace.name for trace in figure.data] == ["n", "p50"]


def test_too_many_groups_are_cut_and_counted():
    figure = series(table([f"g{i}" for i in range(50)]), "time", ["p99"], ["version"], title="p99")
    assert len(figure.data) == 40
    assert figure.layout.title.text == "p99 (40 of 50 groups)"


def test_no_rows():
    assert len(series({"time": [], "n": []}, "time", ["n"], []).data) == 0
