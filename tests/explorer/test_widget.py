"""The Explorer without a browser: messages of a page in, what the page would show out."""

from __future__ import annotations

import json
import threading

import numpy as np
import pyarrow as pa
import pytest

import obskit.explain
from obskit.errors import ConditionError, DatasetError, EmptySelection, InvalidArgument, UnknownField
from obskit.events import load
from obskit.explorer import Explorer
from obskit.explorer.session import KEPT

START = 1_777_888_800_000_000
SLOW = {"x0": START + 1.8e9, "x1": None, "y0": 400, "y1": None}


@pytest.fixture
def explorer(events):
    widget = Explorer(events)
    yield widget
    widget._latest.wait(20)
    widget.close()


def send(widget, **message):
    """Send what the page sends, and wait for the answer."""
    widget._receive(widget, message, [])
    assert widget._latest.wait(20)


def steps(widget):
    return [step["whole"] for step in widget._asked["steps"]]


def chips(widget, key="findings"):
    (rows,) = [found["rows"] for found in widget._found["lists"] if found["key"] == key]
    return [row["chips"] for row in rows]


def test_the_grid_holds_every_unit_of_work_and_nothing_else(explorer):
    grid = np.frombuffer(explorer._grid, dtype="<u4").reshape(
        explorer._view["rows"], explorer._view["columns"]
    )
    assert grid.sum() == 6000  # the inner span is not a unit of work
    assert grid[:, 0].sum() > 0
    assert explorer._view["y"]["log"]
    assert explorer._view["x"]["low"] == START
    assert explorer._view["about"] == "6,000 units of work"
    assert explorer._view["fields"][0] == "duration_ms"
    assert "http.response.body.size" in explorer._view["fields"]


def test_a_version_that_was_not_there_from_the_start_is_marked(explorer):
    (marker,) = explorer._view["markers"]
    assert marker["label"] == "booking 2.4.0"
    assert marker["at"] == pytest.approx(START + 1.8e9, abs=3e7)
    assert explorer._view["incomplete_from"] == pytest.approx(START + 3.6e9 - 60e6, abs=2e6)


def test_a_box_is_explained(explorer):
    send(explorer, type="brush", brush=SLOW)
    assert explorer.selection == "timestamp >= '2026-05-04T10:30:00Z' and duration_ms >= 400"
    assert sorted(chips(explorer)[0]) == ["cloud.region = eu", "service.version = 2.4.0"]
    assert explorer._found["baseline"]["condition"] == "all others"
    assert explorer._status["state"] == "idle"
    assert "First: " in explorer._status["text"]
    assert explorer._asked["brush"] == SLOW
    assert explorer.explanation.findings[0].selected > 100


def test_first_bars_come_before_conjunctions(explorer):
    seen = []
    explorer.observe(lambda change: seen.append(chips(explorer)[0]), names="_found")
    send(explorer, type="brush", brush=SLOW)
    assert [len(first) for first in seen] == [1, 2]


def test_others_in_the_same_time(explorer):
    send(explorer, type="brush", brush=SLOW)
    everything = explorer.explanation.baseline["events"]
    send(explorer, type="compare", compare="time")
    assert "during='2026-05-04T10:30:00Z/'" in explorer.code
    assert explorer.explanation.baseline["events"] < everything
    assert explorer._found["history"] is not None


@pytest.mark.parametrize("action", ["only", "exclude"])
def test_a_menu_narrows_and_the_step_can_be_taken_back(explorer, action):
    send(explorer, type="brush", brush=SLOW)
    at = chips(explorer)[0].index("cloud.region = eu")
    send(explorer, type=action, list="findings", row=0, chip=at, version=explorer._found["version"])
    expected = (
        "cloud.region = 'eu'" if action == "only" else "not (cloud.region = 'eu') or cloud.region is null"
    )
    assert steps(explorer) == [expected]
    regions = explorer.events.query("rows() as n", by="cloud.region").to_pandas()["cloud.region"]
    assert ("eu" in set(regions.dropna())) == (action == "only")
    assert bool(regions.isna().any()) == (action == "exclude")  # those without a region are not "eu"
    assert explorer._found["version"] > 1
    send(explorer, type="remove", step=0)
    assert steps(explorer) == []
    assert explorer.events is not None
    assert np.frombuffer(explorer._grid, "<u4").sum() == 6000


def test_all_conditions_of_a_finding_at_once(explorer):
    send(explorer, type="brush", brush=SLOW)
    send(explorer, type="exclude", list="findings", row=0, chip=None, version=explorer._found["version"])
    (step,) = steps(explorer)
    assert step.startswith("not (")
    assert np.frombuffer(explorer._grid, "<u4").sum() > 5000


def test_groups(explorer):
    send(explorer, type="brush", brush=SLOW)
    at = chips(explorer)[0].index("cloud.region = eu")
    send(explorer, type="group", list="findings", row=0, chip=at, version=explorer._found["version"])
    table = explorer._panel
    assert table["head"] == [
        "cloud.region",
        "events",
        "selected",
        "errors",
        "p50 (ms)",
        "p99 (ms)",
        "over time",
    ]
    names = [row["value"]["text"] for row in table["rows"]]
    assert set(names) == {"eu", "us", "ap", "(missing)"}
    assert sum(int(row["cells"][0].replace(",", "")) for row in table["rows"]) == 6000
    send(
        explorer, type="exclude", list="panel", row=names.index("(missing)"), chip=0, version=table["version"]
    )
    assert steps(explorer) == ["not (cloud.region is null)"]
    send(explorer, type="ungroup")
    assert explorer._asked["group"] == ""


def test_another_vertical_field_keeps_only_the_time_of_the_box(explorer):
    send(explorer, type="brush", brush={**SLOW, "x1": START + 2.4e9})
    send(explorer, type="axis", y="http.response.body.size")
    assert explorer.selection == "timestamp >= '2026-05-04T10:30:00Z' and timestamp < '2026-05-04T10:40:00Z'"
    assert explorer._view["y"]["field"] == "http.response.body.size"


def test_the_code_reproduces_what_is_shown(explorer, events, monkeypatch):
    send(explorer, type="brush", brush=SLOW)
    at = chips(explorer)[0].index("cloud.region = eu")
    send(explorer, type="group", list="findings", row=0, chip=at, version=explorer._found["version"])
    shown: list[object] = []
    variables = {"display": lambda *things: shown.extend(things)}
    exec(explorer.code, variables)
    picture, found, groups = (variables[name] for name in ("picture", "found", "groups"))
    assert np.array_equal(picture.grid, explorer._session.picture.grid)
    assert found.to_dict()["findings"] == explorer.explanation.to_dict()["findings"]
    assert [row["events"] for row in groups.table.to_pylist()] == [
        float(row["cells"][0].replace(",", "")) for row in explorer._panel["rows"]
    ]
    assert len(shown) == 6  # the lines over time, and those of the groups, too


def test_only_the_newest_of_many_boxes_is_answered(explorer):
    asked = []
    explain = obskit.explain.explain
    held = threading.Event()

    def slow(scope, selection, options):
        asked.append(selection)
        held.wait(0.2)
        return explain(scope, selection, options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(obskit.explain, "explain", slow)
        for low in range(300, 340, 5):
            explorer._receive(explorer, {"type": "brush", "brush": {**SLOW, "y0": low}}, [])
        assert explorer._latest.wait(20)
    assert explorer.selection.endswith(">= 335")
    assert explorer.explanation.selection["condition"].endswith(">= 335")
    assert len(asked) < 8  # the boxes in between were never started


def test_errors_are_shown_and_the_next_question_is_answered(explorer):
    send(explorer, type="brush", brush={"x0": None, "x1": None, "y0": 1e9, "y1": None})
    assert explorer._status["state"] == "empty"
    assert explorer._status["text"] == "The selection has no events."
    assert explorer._found == {}
    with pytest.raises(EmptySelection):
        explorer.wait()
    send(explorer, type="nonsense")
    assert explorer._status["state"] == "error"
    assert explorer._status["text"] == "unknown message 'nonsense'"
    send(explorer, type="only", list="findings", row=0, chip=0, version=999)
    assert explorer._status["text"] == "this menu belongs to an older answer"
    send(explorer, type="brush", brush=SLOW)
    assert explorer._status["state"] == "idle"


def test_old_explanations_are_dropped(explorer):
    for low in range(400, 400 + 10 * KEPT, 10):
        send(explorer, type="brush", brush={**SLOW, "y0": low})
    assert len(explorer._session._menus["found"]) == KEPT


def test_the_explorer_opens_with_a_condition_and_options(events):
    widget = Explorer(events, where="\"service.version\" = '2.4.0'", explain={"cluster": None})
    assert "events = events.where(\"service.version = '2.4.0'\")" in widget.code
    found = widget.brush(y=(400, None))
    assert found.findings[0].conditions[0]["value"] == "eu"
    assert "cluster=None" in widget.code
    widget.close()


def test_a_narrowing_that_names_kind_chooses_its_own_rows(events):
    widget = Explorer(events, where="kind = 'internal'")
    assert widget._view["about"] == "1 event"
    widget.close()


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"y": "duration"}, UnknownField, "duration"),
        (
            {"y": "cloud.region"},
            InvalidArgument,
            "an axis must be a number or a time, got cloud.region, which is string",
        ),
        ({"y": "timestamp"}, InvalidArgument, "y must be a numeric field, got timestamp, which is a time"),
        ({"where": "cloud.region ="}, ConditionError, "cloud.region"),
        (
            {"explain": {"clustr": None}},
            InvalidArgument,
            "explain has no argument 'clustr'\nHint: did you mean",
        ),
    ],
)
def test_arguments_that_are_wrong_are_rejected_at_once(events, arguments, error, text):
    with pytest.raises(error, match=text):
        Explorer(events, **arguments)


def test_without_a_kernel_there_is_a_picture_and_a_table(explorer):
    explorer.brush(x=("2026-05-04T10:30Z", None), y=(400, None))
    data, _ = explorer._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert "data:image/png;base64," in data["text/html"]
    assert "<script" not in data["text/html"]
    assert "service.version = 2.4.0" in data["text/html"]
    assert "ok.Explorer(events, state={&#x27;x&#x27;" in data["text/html"]
    assert "The frame is the box: timestamp &gt;= " in data["text/html"]
    assert "Dashed lines: booking 2.4.0 (2026-05-04T10:" in data["text/html"]
    assert data["text/plain"].startswith(
        "Explorer(duration_ms over timestamp)\n6,000 units of work: duration_ms from"
    )


def test_a_drag_is_a_few_kilobytes(explorer):
    send(explorer, type="brush", brush=SLOW)
    assert len(json.dumps(explorer._found)) < 40_000
    assert len(explorer._grid) <= 200 * 60 * 4


def test_both_axes_can_be_numbers(events):
    widget = Explorer(events, x="http.response.body.size", y="duration_ms")
    assert not widget._view["x"]["time"]
    assert (widget._view["markers"], widget._view["incomplete_from"]) == ([], None)
    widget.brush(x=(50_000, None), y=(400, None))
    assert widget.selection == "http.response.body.size >= 50000 and duration_ms >= 400"
    assert "x='http.response.body.size'" in widget.code
    widget.close()


def test_a_state_without_events_is_drawn_empty_and_is_no_error(explorer):
    send(explorer, type="brush", brush=SLOW)
    for region in ("eu", "us", "ap"):
        text = f"cloud.region != '{region}' and \"service.version\" = '2.4.0'"
        explorer._receive(explorer, {"type": "filter", "text": text}, [])
    send(explorer, type="compare", compare="time")
    assert np.frombuffer(explorer._grid, "<u4").sum() == 0
    assert explorer._status["state"] == "empty"
    assert explorer._view["about"] == "0 units of work"


def test_negative_and_missing_values_are_drawn_on_a_linear_axis(tmp_path, monkeypatch):
    monkeypatch.setenv("OBSKIT_CACHE", str(tmp_path))
    times = pa.array([START + second * 1_000_000 for second in range(400)], pa.timestamp("us", "UTC"))
    balance = pa.array([None if n % 9 == 0 else float(n % 50 - 25) for n in range(400)])
    widget = Explorer(load(pa.table({"timestamp": times, "balance": balance})), y="balance")
    assert widget._view["y"]["log"] is False
    assert widget._view["y"]["low"] == -25
    assert np.frombuffer(widget._grid, "<u4").sum() == 400 - 45
    widget.close()


def test_the_codes_of_many_fields_are_opened_once_after_the_first_view(events, monkeypatch):
    """Otherwise the first box waits for them, at ten million rows for seconds."""
    own = load(events.to_arrow())
    opened, done = [], threading.Event()

    def joint(self, progress=None):
        if self is own.dataset.codes:
            opened.append(threading.current_thread().name)
            done.set()

    monkeypatch.setattr("obskit.dataset.codes.Codes.joint", joint)
    widget = Explorer(own)
    widget.wait()
    assert done.wait(20)
    assert opened == ["obskit-ahead"]
    send(widget, do="box", **SLOW)
    assert opened.count("obskit-ahead") == 1
    widget.close()


def test_files_that_are_gone_are_no_error_before_somebody_asks(events, monkeypatch, capfd):
    own = load(events.to_arrow())
    done = threading.Event()

    def joint(self, progress=None):
        if self is own.dataset.codes:
            done.set()
        raise DatasetError("a file is gone")

    monkeypatch.setattr("obskit.dataset.codes.Codes.joint", joint)
    widget = Explorer(own)
    widget.wait()
    assert done.wait(20)
    widget.close()
    assert not capfd.readouterr().err
