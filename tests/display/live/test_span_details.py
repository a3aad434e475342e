from __future__ import annotations

import json

import pytest

from obskit import load
from obskit.display.live.span_details import code_for, fields_of, row_of, search, span_details
from obskit.display.trace.model import trace_model
from obskit.display.trace.side import TraceSide
from obskit.errors import InvalidArgument
from tests.display.trace.spans import EVIL, at, log, span, table


def side(*rows):
    return TraceSide("ab" * 16, table(rows), trace_model(table(rows)))


def test_all_of_a_span():
    attributes = json.dumps({"why": "late", "n": 3, "deep": {"a": [1]}})
    link = {"trace_id": "cd" * 16, "span_id": "ef" * 8, "trace_state": None, "attributes": None}
    one = side(
        span("root", None, 0, 100.0),
        span(
            "db", "root", 20, 30.0, kind="client", error=True, exception__type="Timeout", exception__message="2 s",
            exception__stacktrace="at f()\n at g()", http__route="/book",
            events=[{"timestamp": at(25), "name": "retry", "attributes": attributes}], links=[link],
        ),
        log("db", 26, "slow", 17),
    )  # fmt: skip
    found = span_details(one, 1)
    assert (found["title"], found["service"], found["kind"], found["parent"]) == ("db", "shop", "client", 0)
    assert found["times"] == [
        ["Duration", "30 ms"],
        ["Self time", "30 ms"],
        ["On the critical path", "30 ms"],
        ["Starts", "20 ms after the first"],
    ]
    assert found["fault"] == {"type": "Timeout", "message": "2 s", "stack": "at f()\n at g()"}
    (event,) = found["events"]["rows"]
    assert (event["at"], event["text"]) == ("25 ms", "retry")
    assert event["fields"] == [["why", "late"], ["n", "3"], ["deep", '{"a": [1]}']]
    (record,) = found["logs"]["rows"]
    assert (record["at"], record["severity"], record["text"], record["error"]) == (
        "26 ms",
        "ERROR",
        "slow",
        True,
    )
    (linked,) = found["links"]["rows"]
    assert linked["code"] == f"events.trace('{'cd' * 16}', span='{'ef' * 8}')"
    assert found["code"] == f"events.trace('{'ab' * 16}', span='db')"
    fields = {field["name"]: field["text"] for field in found["fields"]}
    assert fields["http.route"] == "/book"
    assert "body" not in fields  # it has no value
    assert "events" not in fields  # shown above


def test_values_are_cut_counted_and_made_safe():
    one = side(
        span("a", None, 0, error=True, exception__message="m" * 1_000_000, evil=EVIL, huge="x" * 1_000_000)
    )
    found = span_details(one, 0)
    fields = {field["name"]: field for field in found["fields"]}
    assert fields["huge"]["length"] == 1_000_000
    assert len(fields["huge"]["text"]) == 2_001
    assert "\u202e" not in fields["evil"]["text"]
    assert len(json.dumps(found)) < 20_000


def test_many_events_and_records_are_counted():
    events = [{"timestamp": at(n), "name": "e", "attributes": None} for n in range(500)]
    one = side(span("a", None, 0, events=events), *(log("a", n, "l") for n in range(300)))
    found = span_details(one, 0)
    assert (len(found["events"]["rows"]), found["events"]["total"], found["events"]["more"]) == (
        200,
        500,
        "… 300 more",
    )
    assert (len(found["logs"]["rows"]), found["logs"]["more"]) == (200, "… 100 more")


@pytest.mark.parametrize("attributes", ["{not json", "[1, 2]", "[" * 50_000, '"text"'])
def test_attributes_that_are_not_a_map_are_shown_as_text(attributes):
    one = side(span("a", None, 0, events=[{"timestamp": None, "name": None, "attributes": attributes}]))
    (event,) = span_details(one, 0)["events"]["rows"]
    assert (event["at"], event["text"]) == ("no time", "?")
    ((name, text),) = event["fields"]
    assert name == ""
    assert text


def test_code_for_a_value():
    assert code_for("only", "http.route", "/it's") == "events.where(\"http.route = '/it''s'\")"
    assert code_for("exclude", "n", 3) == "events.where('not (n = 3) or n is null')"
    assert code_for("condition", "error", True) == "error = true"
    assert code_for("group", "http.route", "/x") == (
        'events.query("count()", "share(error)", "p50(duration_ms)", "p99(duration_ms)", by=\'http.route\')'
    )
    with pytest.raises(InvalidArgument) as caught:
        code_for("drop", "n", 3)
    assert str(caught.value) == "unknown action 'drop'\nHint: expected one of only, exclude, group, condition"


def test_the_code_runs_and_selects_what_it_says(tmp_path):
    row = {
        "trace_id": "ab" * 16, "span_id": "cd" * 8, "timestamp": "2026-05-04T10:00:00Z", "duration_ms": 12.5,
        "name": "it's", "select.id": 7, 'we"ird name\n': 'va"l\\ue\u202e', "flag": True, "tags": ["a", "b"], "2xx": "",
    }  # fmt: skip
    other = {
        "trace_id": "ef" * 16,
        "span_id": "01" * 8,
        "timestamp": "2026-05-04T11:00:00Z",
        "duration_ms": 1,
        "name": "b",
    }
    path = tmp_path / "events.jsonl"
    path.write_text("\n".join(map(json.dumps, [row, other])))
    events = load(path)
    of_trace = events.trace("ab" * 16)
    one = TraceSide(of_trace.trace_id, of_trace.table, of_trace.model)

    def count(action, name, value):
        return len(eval(code_for(action, name, value), {"events": events}).rows())

    tried = [(name, value) for _, name, value in fields_of(row_of(one, 0)) if name not in ("error", "kind")]
    assert {name for name, _ in tried} >= {"select.id", "2xx", "flag", "tags", "timestamp"}
    for name, value in tried:
        assert (count("only", name, value), count("exclude", name, value)) == (1, 1), name
        if not isinstance(value, list):
            assert len(eval(code_for("group", name, value), {"events": events})) == 2, name
    assert len(eval(span_details(one, 0)["code"], {"events": events})) == 1


def test_search_finds_text_in_all_fields_and_log_records_without_regard_to_case():
    one = side(
        span("root", None, 0, **{"http.request.header.x": "ABC"}),
        span("b", "root", 1, number=4711, flag=True),
        span("c", "root", 2, events=[{"timestamp": at(2), "name": "Retried", "attributes": None}]),
        log("root", 3, "out of ÄPFEL"),
    )
    for text, spans in (
        ("abc", {0}),
        ("4711", {1}),
        ("retried", {2}),
        ("äpfel", {0}),
        ("[a-z]", set()),
        ("%", set()),
    ):
        assert search([one], text) == [spans], text
