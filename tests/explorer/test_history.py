"""The list of what was done, and going back in it."""

from __future__ import annotations

import dataclasses

import pytest

from obskit.errors import InvalidArgument
from obskit.explorer.brush import Axis, Brush, micros
from obskit.explorer.history import MOST_STATES, History, label
from obskit.explorer.state import COMPARE, WEEK, InvestigationState

T, D = Axis("timestamp", time=True), Axis("duration_ms")
START = micros("2026-05-04T10:00Z")
FIRST = InvestigationState(T, D)


def test_undo_and_redo_return_the_same_states_and_a_new_step_drops_the_undone_ones():
    history = History((FIRST,))
    one, two = FIRST.narrow("a = 1"), FIRST.narrow("a = 1").narrow("b = 2")
    history = history.push(one).push(two)
    assert history.labels == ("opened", "+ a = 1", "+ b = 2")
    assert history.undo().current == one
    assert history.undo().undo().current == FIRST
    assert history.undo().undo().undo().current == FIRST
    assert history.undo().redo().current == two
    assert history.redo().current == two
    other = one.narrow("c = 3")
    branched = history.undo().push(other)
    assert branched.labels == ("opened", "+ a = 1", "+ c = 3")
    assert branched.redo().current == other
    assert history.go(0).current == FIRST
    assert history.current == two  # a history is a value


def test_a_view_is_no_step_and_survives_going_back():
    history = History((FIRST,)).push(FIRST.narrow("a = 1"))
    history = history.push(history.current.with_choice(tab="rows"))
    history = history.push(history.current.with_choice(zone="local"))
    assert len(history.states) == 2
    back = history.undo().current
    assert (back.steps, back.tab, back.zone) == ((), "rows", "local")


def test_the_oldest_states_are_dropped():
    history = History((FIRST,))
    for number in range(MOST_STATES + 20):
        history = history.push(dataclasses.replace(FIRST, steps=(f"n = {number}",)))
    assert len(history.states) == len(history.labels) == MOST_STATES
    assert history.current.steps == (f"n = {MOST_STATES + 19}",)
    assert history.undo().current.steps == (f"n = {MOST_STATES + 18}",)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"operation": "name = 'x'"}, "operation name = 'x'"),
        ({"window": (round(START), None)}, "time timestamp >= '2026-05-04T10:00:00Z'"),
        ({"y": Axis("size")}, "show size"),
        ({"brush": Brush(y0=5)}, "box duration_ms >= 5"),
        ({"compare": "week"}, f"compare with {COMPARE['week']}"),
        ({"group": "region"}, "group by region"),
        ({"steps": ("a = 1",), "operation": "b"}, "operation b; + a = 1"),
    ],
)
def test_each_step_has_a_name(change, text):
    changed = dataclasses.replace(FIRST, **change)
    assert label(FIRST, changed) == text
    assert label(changed, FIRST)


def test_a_step_is_changed_in_its_place():
    state = FIRST.narrow("a = 1").narrow("b = 2")
    assert state.narrow("a = 3", 0).steps == ("a = 3", "b = 2")
    assert state.narrow("b = 2", 0).steps == ("b = 2",)
    assert state.narrow("c = 3", 9).steps == ("a = 1", "b = 2", "c = 3")


def test_zoom_takes_the_time_of_the_box_and_leaves_its_other_sides():
    state = dataclasses.replace(FIRST, brush=Brush(START, START + 6e8, 500, None))
    zoomed = state.zoom_to_box()
    assert zoomed.window == (round(START), round(START + 6e8))
    assert zoomed.brush == Brush(y0=500)
    assert zoomed.conditions == (
        "timestamp >= '2026-05-04T10:00:00Z' and timestamp < '2026-05-04T10:10:00Z'",
    )
    further = dataclasses.replace(zoomed, brush=Brush(x0=START + 1e8)).zoom_to_box()
    assert further.window == (round(START + 1e8), round(START + 6e8))
    assert further.brush is None
    assert further.zoom(None).window is None
    with pytest.raises(InvalidArgument, match="no box with a beginning or an end in time"):
        FIRST.zoom_to_box()
    with pytest.raises(InvalidArgument, match="is size, which is not a time"):
        dataclasses.replace(FIRST, x=Axis("size")).zoom((1, 2))


def test_the_same_box_before():
    box = Brush(START, START + 6e8, 500, None)
    state = dataclasses.replace(FIRST, brush=box, compare="earlier")
    selection, options = state.question()
    assert selection == state.selection
    assert options.baseline == "timestamp < '2026-05-04T10:00:00Z' and duration_ms >= 500"
    week = dataclasses.replace(state, compare="week").question()[1].baseline
    assert week == (
        "timestamp >= '2026-04-27T10:00:00Z' and timestamp < '2026-04-27T10:10:00Z' and duration_ms >= 500"
    )
    # A box longer than a week is compared with the week before it began, not with a part of itself.
    long = dataclasses.replace(state, compare="week", brush=Brush(START, START + 3 * WEEK))
    assert long.question()[1].baseline.endswith("timestamp < '2026-05-04T10:00:00Z'")
    with pytest.raises(InvalidArgument, match="only if it begins at a time"):
        dataclasses.replace(state, brush=Brush(y0=5)).question()


@pytest.mark.parametrize(("name", "value"), [("compare", "x"), ("tab", "Rows"), ("zone", None)])
def test_choices_come_from_a_list(name, value):
    with pytest.raises(InvalidArgument, match=f"{name} must be one of "):
        FIRST.with_choice(**{name: value})
