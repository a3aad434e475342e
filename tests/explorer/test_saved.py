"""A state as a dict, and back."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from ibis import _

from obskit.errors import ConditionError, InvalidArgument, UnknownField
from obskit.explorer import Explorer

WHOLE = {
    "x": "timestamp",
    "y": "duration_ms",
    "where": "name = 'GET /book'",
    "operation": "service.name = 'booking'",
    "steps": ["cloud.region = 'eu'", "service.version is not null"],
    "compare": "time",
    "tab": "group",
    "group": "service.version",
    "columns": ["timestamp", "name"],
    "order": "duration_ms desc",
    "trace": f"{7:032x}",
    "beside": f"{8:032x}",
    "zone": "local",
    "window": "2026-05-04T10:05:00Z/2026-05-04T11:00:00Z",
    "box": {"x": ["2026-05-04T10:30:00.123456Z", None], "y": [400.5, None]},
    "explain": {"cluster": None},
}


def test_what_is_restored_is_saved_again(events):
    widget = Explorer(events, state=WHOLE)
    assert widget.state == WHOLE
    assert json.loads(json.dumps(widget.state)) == WHOLE
    again = Explorer(events, state=widget.state)
    again.wait(60)
    widget.wait(60)
    assert again.code == widget.code
    assert again._asked == widget._asked
    for one in (widget, again):
        one.close()


def test_a_box_of_errors_is_restored_as_one(events):
    box = {"x": ["2026-05-04T10:30:00Z", None], "y": [None, None], "errors": True}
    widget = Explorer(events, state={"y": "duration_ms", "box": box})
    assert widget.state["box"] == box
    assert widget.selection == "timestamp >= '2026-05-04T10:30:00Z' and error"
    widget.close()


def test_a_state_that_was_not_touched_is_two_fields(events):
    widget = Explorer(events)
    assert widget.state == {"x": "timestamp", "y": "duration_ms"}
    widget.close()


def test_options_given_as_values_are_saved_as_text(events):
    began = datetime(2026, 5, 4, 10, 10, tzinfo=UTC)
    widget = Explorer(
        events,
        explain={"during": (began, None), "baseline": _["duration_ms"] < 100, "fields": ["cloud.region"]},
    )
    assert widget.state["explain"] == {
        "during": "2026-05-04T10:10:00Z/",
        "baseline": "duration_ms < 100",
        "fields": ["cloud.region"],
    }
    widget.close()


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        ({"y": 7}, InvalidArgument, "the state's y must be the name of a field, got 7"),
        ({"y": "durations"}, UnknownField, "no field is called 'durations'"),
        ({"y": "cloud.region"}, InvalidArgument, "an axis must be a number or a time"),
        ({"boxes": {}}, InvalidArgument, "a state has no key 'boxes'"),
        ({"steps": "a = 1"}, InvalidArgument, "the state's steps must be a list of texts, got 'a = 1'"),
        ({"steps": ["nope = 1"]}, UnknownField, "no field is called 'nope'"),
        ({"operation": "cloud.region ="}, ConditionError, "cannot read the condition"),
        ({"tab": "table"}, InvalidArgument, "tab must be one of difference"),
        ({"compare": 3}, InvalidArgument, "the state's compare must be text, got 3"),
        ({"window": "yesterday"}, ConditionError, "yesterday"),
        ({"box": [1, 2]}, InvalidArgument, "the state's box must be"),
        (
            {"box": {"x": [None, None], "y": ["a", None]}},
            InvalidArgument,
            "side y0 of the box must be a finite",
        ),
        (
            {"box": {"x": [None, None], "y": [None, None], "errors": "yes"}},
            InvalidArgument,
            "the state's box must have true or false as errors, got 'yes'",
        ),
        ({"group": "nope"}, UnknownField, "no field is called 'nope'"),
        ({"explain": {"clustr": None}}, InvalidArgument, "explain has no argument 'clustr'"),
    ],
)
def test_a_state_that_does_not_fit_is_rejected_at_once(events, change, error, text):
    with pytest.raises(error, match=text.replace("(", r"\(")):
        Explorer(events, state={"x": "timestamp", "y": "duration_ms", **change})


def test_a_state_that_is_no_dict_is_rejected(events):
    with pytest.raises(InvalidArgument, match="state must be a dict, got list"):
        Explorer(events, state=[])
