"""What the page shows when a question fails: nothing of an older question, and nothing that is still counted."""

from __future__ import annotations

import contextlib
import threading

import pytest

from obskit.errors import DatasetError
from obskit.explain import Cancelled
from obskit.explorer import Explorer, answers
from obskit.explorer.kept import Kept
from obskit.explorer.session import Session

START = 1_777_888_800_000_000
SLOW = {"x0": START + 1.8e9, "x1": None, "y0": 400, "y1": None}
NOTHING = {"x0": None, "x1": None, "y0": 1e9, "y1": None}


@pytest.fixture
def explorer(events):
    widget = Explorer(events)
    widget._sent = []
    widget.send = lambda message, *_: widget._sent.append(message)
    widget._latest.wait(60)
    yield widget
    widget._latest.wait(60)
    widget.close()


def send(widget, **message):
    """Send what the page sends, and wait for the answer."""
    widget._receive(widget, message, [])
    for thread in (widget._latest, widget._judged):
        assert thread.wait(60)


def test_every_message_that_waits_for_an_answer_is_acknowledged(explorer):
    """A click that changes nothing leads to no other message, and the kernel is there nevertheless."""
    for message in ({"type": "ping"}, {"type": "clear"}, {"type": "nonsense"}):
        explorer._sent.clear()
        send(explorer, **message)
        assert explorer._sent == [{"type": "received"}]
    explorer._sent.clear()
    send(explorer, type="seen")
    assert explorer._sent == []


def test_what_is_rejected_leaves_the_answer(explorer):
    send(explorer, type="brush", brush=SLOW)
    before = explorer._found, explorer.explanation, explorer.state
    send(explorer, type="filter", text="cloud.regoin = 'eu'")
    assert explorer._status["state"] == "error"
    assert (explorer._found, explorer.explanation, explorer.state) == before


@pytest.mark.parametrize("tab", ["difference", "fields", "group", "rows", "traces"])
def test_an_empty_box_is_no_error_in_any_tab_and_everything_else_is_answered(explorer, tab):
    send(explorer, type="tab", tab=tab)
    send(explorer, type="brush", brush=SLOW)
    send(explorer, type="filter", text="cloud.region = 'ap'")
    before = explorer._strip
    send(explorer, type="brush", brush=NOTHING)
    send(explorer, type="filter", text="\"service.version\" = '2.4.0'")
    assert explorer._status["state"] == "empty"
    assert explorer._status["text"] == "The selection has no events."
    assert explorer._found == {}
    assert explorer._strip != before  # the lines are those of both conditions
    assert f"events.where({explorer.state['steps'][1]!r})" in explorer._code
    if tab == "fields":
        assert explorer._panel["empty"] == "Not answered."
    send(explorer, type="brush", brush={**SLOW, "x0": None, "y0": 50})
    assert explorer._status["state"] == "idle"
    assert explorer._panel.get("empty") != "Not answered."


def test_after_cancel_no_tab_shows_an_older_answer(explorer):
    send(explorer, type="tab", tab="fields")
    send(explorer, type="brush", brush=SLOW)
    send(explorer, type="cancel")
    assert explorer._panel["empty"] == "Cancelled. Click or draw again to ask."
    send(explorer, type="brush", brush={**SLOW, "y0": 300})
    assert explorer._panel["fields"]


def test_a_trace_that_is_not_there_closes_the_one_before(explorer):
    send(explorer, type="trace", trace=f"{1:032x}")
    assert explorer._trace["id"] == f"{1:032x}"
    send(explorer, type="trace", trace="f" * 32)
    assert explorer._trace == {}
    assert explorer._status["state"] == "error"


def test_a_verdict_that_breaks_is_not_judged_for_ever(explorer, monkeypatch):
    def broken(*_):
        raise RuntimeError("broken")

    monkeypatch.setattr("obskit.explorer.verdicts.inside_box", broken)
    send(explorer, type="judge", deployment="booking 2.4.0")
    assert explorer._verdict == {}
    assert explorer._status["text"] == "RuntimeError: broken"


def test_nothing_unfinished_is_kept(explorer, events):
    """Single conditions are shown first; they are no finding to keep yet."""
    send(explorer, type="brush", brush=SLOW)
    state = explorer._state
    assert explorer._answers.finished(state) is explorer.explanation
    held, told = threading.Event(), threading.Event()

    def wait_there(**_):
        told.set()
        held.wait(60)

    explorer._answers._publish = wait_there
    explorer._receive(explorer, {"type": "brush", "brush": {**SLOW, "y0": 300}}, [])
    assert told.wait(60)
    assert explorer._answers.finished(explorer._state) is None
    explorer._answers._publish = explorer._publish
    held.set()


@pytest.mark.parametrize("asked_before", [False, True])
def test_findings_of_a_box_that_was_left_are_never_those_of_the_one_before(explorer, asked_before):
    """A second box is asked, and taken back as soon as its first findings are shown."""
    send(explorer, type="brush", brush=SLOW)
    answers, first = explorer._answers, explorer._state
    wanted = [str(one) for one in answers.explanation.findings]
    send(explorer, type="brush", brush={**SLOW, "x1": START + 2.4e9, "y0": None, "y1": 40})
    second = explorer._state
    if not asked_before:
        answers._explanations = type(answers._explanations)()
    answers.answer(first, lambda: False)
    told = []
    publish = answers._publish

    def watched(**shown):
        told.extend(name for name in shown if name == "found")
        publish(**shown)

    answers._publish = watched
    with contextlib.suppress(Cancelled):
        answers.answer(second, lambda: bool(told))
    answers._publish = publish
    assert told
    assert [str(one) for one in answers.explanation.findings] != wanted
    answers.answer(first, lambda: False)
    assert [str(one) for one in answers.finished(first).findings] == wanted


def test_events_that_were_replaced_are_never_narrowed_again(events):
    """A page of rows may be narrowing the old events at the moment when new ones take their place."""
    session = Session(events, "duration_ms")
    state = Explorer(events)._state.narrow("cloud.region = 'eu'")
    fresh = events.where("duration_ms > 0")
    narrowed = []

    class Slow:
        """The old events, which are replaced while they are narrowed."""

        def where(self, condition):
            session.replace(fresh, "duration_ms")
            narrowed.append(condition)
            return events

    session.base = Slow()
    assert session.events(state) is events
    assert narrowed == list(state.conditions)
    assert session.events(state).scope.where.text == fresh.where("cloud.region = 'eu'").scope.where.text


def test_an_engine_that_fails_is_told_at_once(explorer, monkeypatch):
    """The error is there while the other parts are still being answered, and stays until they are."""
    counting, go_on, seen = threading.Event(), threading.Event(), []

    def slow_lines(*_):
        counting.set()
        assert go_on.wait(60)
        raise DatasetError("the files of the dataset cannot be read", hint="load the events again")

    def fails(*_, **__):
        raise DatasetError("the files of the dataset cannot be read", hint="load the events again")

    monkeypatch.setattr("obskit.explorer.answers.strip", slow_lines)
    monkeypatch.setattr("obskit.explorer.answers.draw", fails)
    explorer._answers._seen.clear()
    explorer._answers._strips = Kept()
    explorer.observe(lambda change: seen.append(change.new.get("state")), "_status")
    explorer._receive(explorer, {"type": "brush", "brush": SLOW}, [])
    assert counting.wait(60)
    assert explorer._status == {
        "state": "error",
        "text": "the files of the dataset cannot be read",
        "hint": "load the events again",
    }
    assert seen[-1] == "error"
    go_on.set()
    with pytest.raises(DatasetError):
        explorer.wait(60)
    assert seen.count("working") <= 1  # before the error
    assert explorer._status["state"] == "error"


def test_the_error_of_an_older_question_is_not_shown(explorer, monkeypatch):
    begun, go_on = threading.Event(), threading.Event()
    strip = answers.strip

    def fails_late(*given):
        monkeypatch.setattr("obskit.explorer.answers.strip", strip)
        begun.set()
        assert go_on.wait(60)
        raise DatasetError("the files of the dataset cannot be read")

    monkeypatch.setattr("obskit.explorer.answers.strip", fails_late)
    explorer._receive(explorer, {"type": "filter", "text": "error"}, [])
    assert begun.wait(60)
    shown = []
    explorer.observe(lambda change: shown.append(change.new), "_status")
    explorer._receive(explorer, {"type": "clear"}, [])
    explorer._receive(explorer, {"type": "brush", "brush": SLOW}, [])
    go_on.set()
    assert explorer._latest.wait(60)
    assert [status["state"] for status in shown if status["state"] == "error"] == []
    assert explorer._status["state"] == "empty"  # the newest one's: the box has no errors
