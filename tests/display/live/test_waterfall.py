"""The widget's Python: what it answers to the messages of a page."""

from __future__ import annotations

import pytest

from obskit.display.trace.model import trace_model
from obskit.display.trace.pairs import trace_rows
from obskit.display.trace.side import TraceSide
from tests.display.trace.spans import span, table

pytest.importorskip("anywidget")
from obskit.display.live.waterfall import WaterfallView


def view(*sides, **more):
    made = [TraceSide(f"{n}" * 32, table(rows), trace_model(table(rows))) for n, rows in enumerate(sides)]
    return WaterfallView(made, trace_rows(*(side.model for side in made)), **more)


ROWS = [span("root", None, 0, 100.0), span("db", "root", 20, 30.0, http__route="/book", odd=None)]


def send(widget, **message):
    widget._receive(None, message, [])
    return widget


def test_a_span_is_asked_for_when_it_is_selected():
    widget = view(ROWS)
    assert widget._details == {}
    details = send(widget, type="span", row=1)._details
    assert (details["row"], [side["title"] for side in details["sides"]]) == (1, ["db"])


def test_a_deep_link_selects_a_span_at_once():
    widget = view(ROWS, span=1)
    assert widget._view["selected"] == 1
    assert widget._details["row"] == 1


def test_both_spans_of_a_row():
    widget = view(ROWS, [span("root", None, 0, 50.0), span("other", "root", 1)])
    assert [side["trace"] for side in send(widget, type="span", row=0)._details["sides"]] == [
        "0" * 8,
        "1" * 8,
    ]
    assert [side["title"] for side in send(widget, type="span", row=1)._details["sides"]] == ["other"]


def test_a_menu_gives_code_for_the_field_at_its_place():
    widget = view(ROWS)
    field = next(
        f
        for f in send(widget, type="span", row=1)._details["sides"][0]["fields"]
        if f["name"] == "http.route"
    )
    code = send(widget, type="code", row=1, side=0, field=field["at"], action="only", asked=5)._code
    assert code == {"text": "events.where(\"http.route = '/book'\")", "action": "only", "asked": 5}


def test_search_answers_with_rows():
    widget = view(ROWS)
    assert send(widget, type="search", text="/BOOK")._found == {"text": "/BOOK", "rows": [1]}
    assert send(widget, type="search", text="")._found == {"text": "", "rows": []}


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ({"type": "drop"}, "unknown message 'drop'"),
        ({"type": "span", "row": 7}, "row must be from 0 to 1, got 7"),
        ({"type": "span", "row": -1}, "row must be from 0 to 1, got -1"),
        ({"type": "span"}, "KeyError: 'row'"),
        ({}, "unknown message None"),
    ],
)
def test_what_is_wrong_is_shown_in_the_page(message, text):
    widget = send(view(ROWS), **message)
    assert widget._status["text"] == text
    assert send(widget, type="span", row=0)._status == {}


def test_the_state_that_a_notebook_saves_holds_no_rows():
    rows = [
        span("root", None, 0, 100.0),
        *(span(f"s{n}", "root", n, secret="s3cret" * 100) for n in range(200)),
    ]
    state = view(rows).get_state()
    assert b"s3cret" not in bytes(state["_cells"])
    assert "s3cret" not in str(state["_view"])
    assert len(state["_cells"]) < 20_000
