"""The Explorer on log records: counts over time by severity, a row per level."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

pytest.importorskip("anywidget")

import obskit as ok
from obskit.errors import InvalidArgument
from tests.triage.test_logs import logs


def test_severity_is_drawn_over_time(tmp_path: Path) -> None:
    explorer = ok.Explorer(logs(tmp_path))
    view = explorer._view
    assert (view["y"]["field"], view["y"]["labels"]) == ("severity_number", ["INFO", "WARN", "ERROR"])
    assert (view["rows"], view["y"]["low"], view["y"]["high"]) == (3, 9.0, 21.0)
    grid = np.frombuffer(explorer._grid, "<u4").reshape(view["rows"], view["columns"])
    assert grid.sum() == 8_000
    assert grid[0].sum() > grid[1].sum() > grid[2].sum() > 0
    assert "8,000 events: severity from INFO to ERROR upwards" in repr(explorer)


def test_a_box_over_a_level_is_explained(tmp_path: Path) -> None:
    explorer = ok.Explorer(logs(tmp_path))
    found = explorer.brush(x=("2026-05-04T04:00Z", None), y=(17, None))
    assert explorer.selection == "timestamp >= '2026-05-04T04:00:00Z' and severity_number >= 17"
    assert found.findings[0].condition == "k8s.pod.name = 'checkout-2'"
    explorer._receive(
        explorer,
        {"type": "group", "list": "findings", "row": 0, "chip": 0, "version": explorer._found["version"]},
        [],
    )
    explorer.wait()
    assert explorer._panel["head"][3:] == ["WARN or above", "ERROR or above", "over time"]
    assert "y='severity_number'" in explorer.code
    assert "share(severity_number >= 17) as severe" in explorer.code


def test_the_picture_can_be_plotted(tmp_path: Path) -> None:
    figure = logs(tmp_path).heatmap(y="severity_number").plot()
    assert figure.layout.yaxis.type == "linear"
    assert list(figure.layout.yaxis.ticktext) == ["INFO", "WARN", "ERROR"]


def test_without_a_number_the_error_says_how_to_make_one() -> None:
    events = ok.load(pa.table({"body": ["a", "b"]}))
    with pytest.raises(InvalidArgument, match="no numeric field has values") as raised:
        ok.Explorer(events)
    assert "length(body)" in str(raised.value.hint)
