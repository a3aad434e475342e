from __future__ import annotations

import dataclasses

import pyarrow as pa
import pytest

from obskit.engine import format_condition, format_exclusion, parse_condition
from obskit.explain import ExplainOptions
from obskit.explorer.brush import Axis, Brush, micros
from obskit.explorer.code import code
from obskit.explorer.state import InvestigationState

T, D = Axis("timestamp", time=True), Axis("duration_ms")
START = micros("2026-05-04T10:00Z")


def test_each_click_is_a_new_value():
    state = InvestigationState(T, D)
    narrowed = state.narrow("a = 1").narrow("b = 2").narrow("a = 1")
    assert (state.steps, narrowed.steps, narrowed.remove(0).steps) == ((), ("a = 1", "b = 2"), ("b = 2",))


def test_a_box_of_errors_stays_one():
    state = InvestigationState(T, D, brush=Brush(START, START + 6e8, errors=True))
    assert state.selection.endswith(" and error")
    assert dataclasses.replace(state, compare="time").question()[0] == "error"
    assert state.turn(Axis("size")).selection == state.selection
    assert state.zoom_to_box().selection == "error"
    earlier = dataclasses.replace(state, compare="earlier").question()[1]
    assert earlier.baseline == "timestamp < '2026-05-04T10:00:00Z' and error"


def test_a_box_against_everything_outside():
    state = InvestigationState(
        T, D, brush=Brush(START, START + 6e8, 500, None), options=ExplainOptions(cluster=None)
    )
    selection, options = state.question()
    assert selection == state.selection
    assert options == ExplainOptions(cluster=None)


def test_a_box_against_others_in_the_same_time():
    state = InvestigationState(T, D, brush=Brush(START, None, 500, None), compare="time")
    assert state.question() == (
        "duration_ms >= 500",
        ExplainOptions(during="2026-05-04T10:00:00Z/"),
    )
    until = InvestigationState(T, D, brush=Brush(START, START + 6e8, 500, None), compare="time")
    assert until.question()[1] == ExplainOptions(during="2026-05-04T10:00:00Z/2026-05-04T10:10:00Z")
    # A box over another time than `timestamp` becomes a condition, not a window.
    ended = InvestigationState(
        Axis("ended", time=True), D, brush=Brush(START, None, 500, None), compare="time"
    )
    assert ended.question()[1] == ExplainOptions(during="ended >= '2026-05-04T10:00:00Z'")
    # A box over the whole height has no outcome, so it is compared with the rest.
    assert (
        InvestigationState(T, D, brush=Brush(START, None), compare="time").question()[1] == ExplainOptions()
    )


def test_the_newest_stretch_is_left_out_unless_the_box_is_inside_it():
    state = InvestigationState(T, D, brush=Brush(START, None, 500, None), until=START + 6e8)
    assert state.question()[1] == ExplainOptions(where=T.condition(None, START + 6e8))
    assert (
        InvestigationState(T, D, brush=Brush(START + 7e8, None), until=START + 6e8).question()[1]
        == ExplainOptions()
    )
    own = InvestigationState(
        T, D, brush=Brush(START, None), until=START + 6e8, options=ExplainOptions(where="a = 1")
    )
    assert own.question()[1] == ExplainOptions(where="a = 1")


def test_the_code_is_python_and_reproduces_all_that_is_shown():
    state = InvestigationState(T, D, "region = 'eu'", brush=Brush(y0=500)).narrow("name = '\"q\"'")
    text = code(state, "events = ok.load('x')", "kind = 'server'")
    compile(text, "code", "exec")
    assert text == (
        "import obskit as ok\n\nevents = ok.load('x')\n"
        "events = events.where(\"region = 'eu'\")\n"
        "events = events.where('name = \\'\"q\"\\'')\n\n"
        "units = \"kind = 'server'\"\n"
        "picture = events.where(units).heatmap(x='timestamp', y='duration_ms', bins=(200, 60))\n"
        "found = events.explain(\n    'duration_ms >= 500',\n)\n"
        "display(picture.plot(), found)"
    )


def test_code_of_an_untouched_explorer():
    assert code(InvestigationState(T, D), "events = e") == (
        "import obskit as ok\n\nevents = e\n\n"
        "picture = events.heatmap(x='timestamp', y='duration_ms', bins=(200, 60))\ndisplay(picture.plot())"
    )


@pytest.mark.parametrize(
    "items",
    [
        [{"field": "a", "op": "=", "value": "x"}],
        [{"field": "a", "op": "missing"}],
        [{"field": "a", "op": "=", "value": "x"}, {"field": "n", "op": "between", "low": 1, "high": None}],
        [{"field": "a", "op": "in", "values": ["x", "y"]}, {"field": "n", "op": "missing"}],
    ],
)
def test_every_event_meets_either_only_or_exclude(items):
    """Events that lack the field are included."""
    ibis = pytest.importorskip("ibis")
    rows = pa.table({"a": ["x", "x", "y", None, None], "n": pa.array([1, None, 5, 0, None], pa.int64())})
    table = ibis.memtable(rows)
    connection = ibis.duckdb.connect()
    counts = []
    for text in (format_condition(items), format_exclusion(items)):
        condition = parse_condition(text, rows.schema, newest=None)
        counts.append(len(connection.to_pyarrow(table.filter(condition.to_ibis(table)))))
    connection.disconnect()
    assert sum(counts) == 5
    assert 0 < counts[0] < 5
