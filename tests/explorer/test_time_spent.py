"""The Explorer names the operation in which the time of a box of slow requests goes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

import obskit as ok
from obskit.explorer import Explorer

pytestmark = pytest.mark.once

SAMPLE = "sample_events"
TEN = datetime(2026, 5, 4, 10, tzinfo=UTC).timestamp() * 1e6


@pytest.fixture(scope="module")
def book():
    return ok.load(SAMPLE).where("http.route = '/book'")


def notes(book, brush, **options):
    widget = Explorer(book, **options)
    try:
        widget._receive(widget, {"type": "brush", "brush": brush}, [])
        assert widget._latest.wait(30)
        (rows,) = [found["rows"] for found in widget._found["lists"] if found["key"] == "findings"]
        return [row["note"] or "" for row in rows], widget.explanation
    finally:
        widget._latest.wait(20)
        widget.close()


def test_a_box_of_slow_requests_names_the_operation(book):
    shown, explanation = notes(book, {"x0": TEN, "x1": None, "y0": 500, "y1": None})
    assert "where the time goes: self time of booking INSERT bookings, " in shown[0]
    # What Python holds is what the shown code returns.
    assert "where the time goes" not in (explanation.findings[0].note or "")


def test_other_axes_are_not_about_time(book):
    brush = {"x0": TEN, "x1": None, "y0": 100, "y1": None}
    shown, explanation = notes(book, brush, y="booking.total_amount")
    assert explanation.findings
    assert not any("where the time goes" in note for note in shown)


def test_a_box_of_errors_or_of_time_alone_calls_nothing_slow(book):
    for box in ({"errors": True}, {"x0": TEN}):
        shown, explanation = notes(book, box)
        assert explanation.findings
        assert not any("where the time goes" in note for note in shown)
        assert explanation.selection["condition"].endswith("error" if "errors" in box else "Z'")
