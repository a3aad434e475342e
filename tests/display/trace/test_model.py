from __future__ import annotations

import math

import pytest

from obskit.display.trace.model import trace_model
from tests.display.trace.spans import at, log, span, table


def test_log_records_and_events_are_marks_of_their_span_at_their_time():
    events = [
        {"timestamp": at(7), "name": "retry", "attributes": None},
        {"timestamp": at(9), "name": "exception"},
    ]
    model = trace_model(
        table(
            [
                span("a", None, 0, 100),
                span("b", "a", 5, events=events),
                log("b", 6, "hello"),
                log("b", 8, "no", 17),
            ]
        )
    )
    assert model.names == ("a", "b")
    assert [(m.span, m.at_ms, m.kind, m.text, m.error) for m in model.marks] == [
        (1, 6, "log", "INFO hello", False),
        (1, 7, "event", "retry", False),
        (1, 8, "log", "ERROR no", True),
        (1, 9, "exception", "exception", True),
    ]
    assert model.shown_as.tolist() == [0, 1, 1, 1]


def test_a_log_record_without_its_span_is_an_entry():
    model = trace_model(table([span("a", None, 0), log("gone", 1, "hello")]))
    assert (model.names, model.origins, model.parent_ids) == (
        ("a", "hello"),
        ("root", "missing"),
        (None, "gone"),
    )


def test_what_went_wrong():
    rows = [
        span("a", None, 0, error=True, exception__type="Timeout", exception__message="after 2 s"),
        span("b", "a", 1, error=True, status_message="boom"),
        span("c", "a", 2, error=False, exception__type="Handled"),
        span("d", "a", 3, error=True),
    ]
    assert trace_model(table(rows)).faults == ("Timeout: after 2 s", "boom", "", "")


def test_odd_times_are_unknown_instead_of_wrong():
    rows = [
        span("a", None, 0, math.inf),
        span("b", "a", None),
        span("c", "a", 5, -3.0),
        span("d", "a", 1, math.nan),
    ]
    model = trace_model(table(rows))
    assert dict(zip(model.names, map(math.isfinite, model.durations), strict=True)) == {
        "a": False, "b": True, "c": False, "d": False,
    }  # fmt: skip
    assert math.isnan(model.starts[list(model.names).index("b")])
    assert model.length_ms == 5


def test_the_time_axis_reaches_to_the_last_log_record_and_the_duration_does_not():
    model = trace_model(table([span("a", None, 10, 100), log("a", 150, "late"), log("a", 5, "early")]))
    assert (model.low_ms, model.length_ms, model.duration_ms) == (0, 145, 100)
    model = trace_model(table([span("a", None, None), log("a", 0, "first"), log("a", 7, "last")]))
    assert (model.length_ms, model.duration_ms) == (7, None)


def test_nothing_is_a_trace_without_spans():
    model = trace_model(table([span("a", None, 0)]).slice(0, 0))
    assert (len(model), model.length_ms, model.segments) == (0, 0.0, ())


def test_a_table_with_ids_alone():
    model = trace_model(table([{"span_id": "a"}, {"span_id": "b", "parent_span_id": "a"}]))
    assert model.depths.tolist() == [0, 1]


@pytest.mark.parametrize("name", ["x" * 1_000_000, "שלום", "a\x00b\u202e"])
def test_names_are_cut_but_not_changed(name):
    (kept,) = trace_model(table([span("a", None, 0) | {"name": name}])).names
    assert kept == (name if len(name) <= 200 else "x" * 199 + "…")
