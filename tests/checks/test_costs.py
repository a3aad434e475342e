"""Cost of telemetry: events, bytes and fields of each service, and whether they grow."""

import pytest

from obskit.checks import checks
from tests.checks.world import hour, row, scope, write

COST = """
[[cost]]
name = "telemetry"
"""


def ask(tmp_path, rows, text):
    return checks(scope(rows), write(tmp_path, COST + text)).outcomes


def test_events_per_unit_of_work(tmp_path):
    """Each request of book has two calls: three events; seats has one."""
    rows = [
        *hour(),
        *hour(kind="client", parent_span_id="00f067aa0ba902b7"),
        *hour(kind="internal", parent_span_id="00f067aa0ba902b7"),
    ]
    rows += hour(service="seats")[:60]
    book, seats = ask(tmp_path, rows, "events_per_unit = 2\n")
    assert (book.item, book.value, book.word) == ("book, events per unit of work", "3", "violated")
    assert (seats.item, seats.value, seats.word) == ("seats, events per unit of work", "1", "ok")
    assert book.sentence == (
        "book writes 1,800 events for 600 units of work: events per unit of work is 3; it must be at most 2."
    )


def test_bytes_and_fields_by_hand(tmp_path):
    """Six fields of 36 bytes; `é€` has 5 bytes in UTF-8."""
    rows = [row(0, note="é€"), row(10, tags=["a", "b"])]
    found = {
        one.numbers["measure"]: one
        for one in ask(tmp_path, rows, "bytes_per_unit = 1\nfields_per_event = 9\n")
    }
    fixed = 8 + len("GET /book") + len("server") + len("book") + 8 + 1
    listed = len("[a, b]")
    assert found["bytes_per_unit"].numbers["value"] == pytest.approx((2 * fixed + 5 + listed) / 2)
    assert found["fields_per_event"].numbers["value"] == pytest.approx(7.0)
    assert (found["bytes_per_unit"].word, found["fields_per_event"].word) == ("violated", "ok")


def test_growth_is_of_the_later_half(tmp_path):
    """From the middle on each request has a second event."""
    rows = hour() + [one | {"kind": "client", "parent_span_id": "00f067aa0ba902b7"} for one in hour()[300:]]
    (found,) = ask(tmp_path, rows, "growth = 1.5\n")
    assert found.numbers["value"] == pytest.approx(2.0, abs=0.01)
    assert found.word == "violated"
    (steady,) = ask(tmp_path, hour(), "growth = 1.5\n")
    assert (steady.numbers["value"], steady.word) == (pytest.approx(1.0, abs=0.01), "ok")


def test_weights_do_not_change_what_is_stored(tmp_path):
    (found,) = ask(tmp_path, hour(sample_weight=100.0), "events_per_unit = 1\n")
    assert (found.value, found.word) == ("1", "ok")


def test_a_service_without_units_has_no_figure_per_unit(tmp_path):
    rows = [*hour(), row(5, service="cron", kind="client", parent_span_id="00f067aa0ba902b7")]
    found = ask(tmp_path, rows, "events_per_unit = 2\nfields_per_event = 20\n")
    words = {one.item: one.word for one in found}
    assert words["cron, events per unit of work"] == "no data"
    assert words["cron, fields per event"] == "ok"


def test_one_moment_has_no_halves(tmp_path):
    (found,) = ask(tmp_path, [row(0), row(0)], "growth = 1.5\n")
    assert found.sentence == (
        "There is no data on growth of events per unit: book has 2 units of work, but not in both halves of the window."
    )


def test_no_event_is_no_data(tmp_path):
    (found,) = ask(tmp_path, hour(), "where = \"name = 'nope'\"\nevents_per_unit = 1\n")
    assert (found.word, found.sentence) == ("no data", "There is no data: no event is in the window.")
