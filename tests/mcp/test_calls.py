"""Calls without a protocol: answers of every tool, result ids, and errors that lead on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obskit.explain import Cancelled
from obskit.mcp.calls import Calls
from obskit.mcp.document import Document, Item, Section
from obskit.mcp.reply import BUDGET, LEAST_BUDGET, MOST_BUDGET
from obskit.mcp.results import KEPT, KEPT_CHARACTERS, Results
from obskit.mcp.tools import BY_NAME, TOOLS
from obskit.mcp.workspace import Workspace
from tests.support.examples import examples
from tests.support.mcp_harness import SAMPLE, answered, calls_for, open_paths

pytestmark = pytest.mark.once

BOOK = "http.route = '/book'"


@pytest.fixture(scope="module")
def calls() -> Calls:
    return calls_for(SAMPLE)


def test_overview_describes_the_events(calls: Calls) -> None:
    found = answered(calls.answer("overview", {}))
    assert (found["events"], found["file_count"], found["rejected"]) == (40_000, 7, 0)
    assert found["from"] < "2026-05-04T00:10Z" < "2026-05-04T23:50Z" < found["to"]
    assert found["explain_these"][0] == "error"
    assert [row[0] for row in found["fields"]["rows"][:3]] == ["timestamp", "duration_ms", "name"]
    assert found["shown"]["to"] == 25
    narrowed = answered(calls.answer("overview", {"find": "COMPOSITION", "where": BOOK}))
    assert [row[0] for row in narrowed["fields"]["rows"]] == ["train.composition_id"]
    assert narrowed["fields_found"] == "1 of 143"


def test_an_overview_of_fields_that_do_not_exist_says_so(calls: Calls) -> None:
    found = answered(calls.answer("overview", {"find": "no such field"}))
    assert found["fields_found"] == "0 of 143"
    assert found["fields"] == {"columns": ["field", "type", "fill", "values", "top"], "rows": []}


def test_triage_says_what_got_worse_and_how_to_explain_it(calls: Calls) -> None:
    found = answered(calls.answer("triage", {}))
    worst = found["worse"][0]
    assert worst["operation"] == "booking POST /book"
    assert worst["deployment"] == "booking 2.4.0"
    assert worst["why"][0]["condition"] == (
        "cloud.region = 'eu-central-1' and service.version = '2.4.0' and app.platform = 'android'"
    )
    explained = answered(calls.answer("explain", worst["explain"]))
    assert "app.platform = 'android'" in explained["findings"][0]["condition"]


def test_an_infinite_ratio_is_not_an_unknown_one(calls: Calls) -> None:
    during = "2026-05-04T16:00Z/2026-05-04T17:00Z"
    where = "http.route = '/trains/{train_number}/seats'"
    found = answered(calls.answer("explain", {"select": "error", "where": where, "during": during}))
    best = found["findings"][0]
    assert best["condition"] == "train.composition_id is null"
    assert (best["baseline_share"] == 0) == (best["risk_ratio"] == "infinite")
    assert "infinite" in json.dumps(found)


def test_query_counts_with_weights_and_says_where_nothing_matches(calls: Calls) -> None:
    found = answered(
        calls.answer(
            "query",
            {"calculations": ["count()", "p99(duration_ms) as p99"], "by": ["app.platform"], "where": BOOK},
        )
    )
    assert found["rows"]["columns"] == ["app.platform", "count()", "p99"]
    assert {row[0] for row in found["rows"]["rows"]} >= {"android", "ios", "web", "kiosk"}
    nothing = answered(calls.answer("query", {"where": "http.route = '/nothing'"}))
    assert nothing["rows_counted"] == 0
    assert nothing["notes"][0] == ("no event matches: check the values with overview, or rows without where")


def test_a_text_for_a_list_is_taken_as_its_only_item(calls: Calls) -> None:
    one = answered(calls.answer("query", {"by": "service.name"}))
    assert one["result"] == answered(calls.answer("query", {"by": ["service.name"]}))["result"]


def test_rows_shows_few_fields_or_every_one(calls: Calls) -> None:
    few = answered(calls.answer("rows", {"where": "error", "limit": 2}))
    assert len(few["rows"]["columns"]) == 8
    assert few["events_matching"] > few["events_listed"] == 2
    assert few["notes"][-1].endswith(" more events match: raise limit, or use order and where")
    every = answered(calls.answer("rows", {"where": "exception.type is not null", "fields": ["*"]}))
    assert every["values"]["columns"] == ["row", "field", "value"]
    assert "exception.type" in [row[1] for row in every["values"]["rows"]]


def test_trace_says_where_the_errors_are(calls: Calls) -> None:
    failed = {"where": "error.type = 'MandateSignatureMismatch'", "fields": ["trace_id"], "limit": 1}
    trace_id = answered(calls.answer("rows", failed))["rows"]["rows"][0][0]
    found = answered(calls.answer("trace", {"trace_id": trace_id.upper()}))
    assert found["error_count"] > 0
    at = found["errors_at_offset"][-1]
    page = answered(calls.answer("trace", {"result": found["result"], "offset": at}))
    assert page["spans"]["rows"][0][5] is not None


def test_messages_gives_the_condition_that_finds_the_events(calls: Calls) -> None:
    found = answered(calls.answer("messages", {"since": "2026-05-04T10:00Z"}))
    new = next(one for one in found["messages"] if one["kind"] == "message")
    rows = answered(calls.answer("rows", {"where": new["condition"], "fields": ["body"], "limit": 1}))
    assert rows["events_matching"] > 100


def test_judge_gives_the_verdict_and_how_to_explain_it(calls: Calls) -> None:
    reply = calls.answer("judge", {"candidate": "2.4.0"})
    found = answered(reply)
    expected = open_paths([SAMPLE]).judge(candidate="2.4.0")
    assert (found["verdict"], found["sentence"]) == ("regress", expected.sentence)
    assert found["candidate"] == {"condition": "service.version = '2.4.0'", "requests": 295}
    rows = [dict(zip(found["criteria"]["columns"], row, strict=True)) for row in found["criteria"]["rows"]]
    assert [(row["criterion"], row["verdict"]) for row in rows] == [
        ("errors", "regress"),
        ("latency", "regress"),
        ("traffic", "pass"),
    ]
    assert rows[0]["low"] > 1
    assert rows[0]["counted"] == "failed requests"
    slow = found["slices"][0]
    assert slow["condition"] == "app.platform = 'android'"
    explained = answered(calls.answer("explain", slow["explain"]))
    assert explained["selection"]["events"] > 50
    assert "pods" in found["next"]["left"]
    assert f"sentence: {expected.sentence}" in reply.text


def test_judge_says_when_there_is_no_verdict(calls: Calls) -> None:
    found = answered(calls.answer("judge", {"candidate": "9.9"}))
    assert found["verdict"] == "no_data"
    assert found["sentence"].startswith("No request of the candidate '9.9' is in these events.")
    assert found["criteria"]["rows"] == []
    wrong = calls.answer("judge", {"candidate": "2.4.0", "slices": ["duration_ms"]})
    assert wrong.error
    assert wrong.structured["message"] == "duration_ms is not a field of categories, so it has no slices"


def test_a_result_id_is_the_same_for_the_same_question_and_rows(calls: Calls, tmp_path: Path) -> None:
    first = answered(calls.answer("query", {"where": BOOK, "by": ["app.platform"]}))
    again = answered(
        calls_for(SAMPLE).answer("query", {"by": ["app.platform"], "where": BOOK, "budget": 2_000})
    )
    assert first["result"] == again["result"]
    assert first["rows"] == again["rows"]
    assert first["dataset"]["fingerprint"] == open_paths([SAMPLE]).fingerprint[:12]
    part = answered(
        calls.answer("query", {"where": BOOK, "by": ["app.platform"], "path": "booking.jsonl.gz"})
    )
    assert part["result"] != first["result"]
    assert part["path"] == "booking.jsonl.gz"


def test_a_result_id_returns_the_other_items(calls: Calls) -> None:
    page = answered(calls.answer("overview", {}))
    seen = [row[0] for row in page["fields"]["rows"]]
    while "next" in page:
        page = answered(calls.answer(page["next"]["tool"], page["next"]["arguments"]))
        seen += [row[0] for row in page["fields"]["rows"]]
    assert len(seen) == len(set(seen)) == 143


def test_a_page_belongs_to_the_rows_of_its_first_page(tmp_path: Path) -> None:
    """Files that grow in between do not shift the items."""
    path = tmp_path / "events.jsonl"
    rows = [{"timestamp": f"2026-05-04T10:00:{at:02}Z", "name": f"n{at:02} {'x ' * 30}"} for at in range(40)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    calls = calls_for(tmp_path)
    arguments = {"fields": ["name"], "order": "name", "limit": 40, "budget": LEAST_BUDGET}
    first = answered(calls.answer("rows", arguments))
    with path.open("a") as file:
        file.write(json.dumps({"timestamp": "2026-05-04T10:01:00Z", "name": "a first"}) + "\n")
    assert answered(calls.answer("overview", {}))["events"] == 41
    second = answered(calls.answer("rows", {**first["next"]["arguments"], "budget": LEAST_BUDGET}))
    assert second["dataset"]["rows"] == 40
    assert "a first" not in [row[0] for row in second["rows"]["rows"]]
    assert answered(calls.answer("rows", arguments))["rows"]["rows"][0] == ["a first"]


ERRORS: list[tuple[str, dict[str, Any], str]] = [
    ("nope", {}, "there is no tool 'nope'\nHint: The tools are overview, triage, explain, query, rows, trace, messages, judge\nnext: overview {}"),
    ("row", {}, "there is no tool 'row'\nHint: did you mean rows? The tools are overview, triage, explain, query, rows, trace, messages, judge\nnext: overview {}"),
    ("rows", {"wher": "error"}, "rows has no argument 'wher'\nHint: did you mean where? it takes where, fields, order, limit, chars, result, offset, budget, path\nnext: overview {}"),
    ("explain", {}, 'explain needs the argument select\nHint: for example explain {"select": "error"}\nnext: overview {}'),
    ("explain", {"select": ""}, 'explain needs the argument select\nHint: for example explain {"select": "error"}\nnext: overview {}'),
    ("rows", {"limit": 0}, "limit of rows must be 1 to 2,000, got 0\nHint: give a number in these bounds, or leave out limit\nnext: overview {}"),
    ("rows", {"limit": True}, 'limit of rows must be a whole number, got true\nHint: for example {"limit": 1}\nnext: overview {}'),
    ("rows", {"where": 1}, 'where of rows must be text, got 1\nHint: for example {"where": "..."}\nnext: overview {}'),
    ("query", {"by": [1]}, 'by of query must be a list of texts, got [1]\nHint: for example {"by": ["..."]}\nnext: overview {}'),
    ("explain", {"select": "error", "population": "some"}, 'population of explain must be one of units, all, got "some"\nHint: population: "units"\nnext: overview {}'),
    ("rows", {"where": "error", "result": "rows-1"}, 'result replaces the arguments of its call, so where cannot be given with it\nHint: rows {"result": "rows-1"}, or a new call without result\nnext: overview {}'),
    ("rows", {"result": "rows-1"}, "result 'rows-1' is not kept; only the newest 64 of this server are\nHint: call rows with its arguments again; the same id means the same question and data\nnext: overview {}"),
    ("rows", {"where": "http.rout = '/book'"}, "no field is called 'http.rout'\nHint: the nearest fields are http.route, http.request.method, http.request.resend_count; if it is a value, put it in single quotes: 'http.rout'\nnext: overview {\"find\": \"rout\"}"),
    ("rows", {"where": "error and ("}, "cannot read the condition: error and (\nHint: write one such as http.route = '/book' and duration_ms > 500\nnext: overview {}"),
    ("explain", {"select": "duration_ms > 1e9", "where": BOOK}, 'the selection has no events\nnext: query {"calculations": ["count()", "count(duration_ms > 1e9)"], "where": "http.route = \'/book\'"}'),
    ("trace", {"trace_id": "00"}, 'no event has the trace id \'00\'\nnext: rows {"fields": ["trace_id", "name", "duration_ms"], "limit": 5}'),
]  # fmt: skip


@pytest.mark.parametrize(("tool", "arguments", "text"), ERRORS, ids=[f"{e[0]} {e[1]}" for e in ERRORS])
def test_an_error_says_what_is_wrong_and_the_next_call(
    calls: Calls, tool: str, arguments: dict[str, Any], text: str
) -> None:
    reply = calls.answer(tool, arguments)
    assert reply.error
    assert reply.text == f"error: {text}"
    assert reply.structured["message"] == text.split("\n")[0]
    step = reply.structured["next"]
    assert not calls.answer(step["tool"], step["arguments"]).error, "the next call works"


def test_a_part_that_a_reply_left_out_cannot_become_a_condition(calls: Calls) -> None:
    reply = calls.answer("rows", {"where": "name = 'abc[left out: 5 characters]def'"})
    assert reply.text.startswith(
        "error: where of rows contains '[left out: ', which marks a part that a reply left out"
    )


def test_a_condition_that_is_too_long_is_refused(calls: Calls) -> None:
    reply = calls.answer("rows", {"where": "name = '" + "x" * 20_000 + "'"})
    assert reply.text.startswith("error: where of rows may have 20,000 characters, got 20,009")


def test_a_result_of_another_tool_is_refused(calls: Calls) -> None:
    result = answered(calls.answer("rows", {}))["result"]
    reply = calls.answer("query", {"result": result})
    assert reply.text.startswith(
        f"error: result '{result}' is an answer of rows, not of query\nHint: call rows with this result"
    )


def test_only_the_newest_answers_are_kept(calls: Calls) -> None:
    first = answered(calls.answer("rows", {"limit": 1}))["result"]
    for limit in range(2, KEPT + 2):
        calls.answer("rows", {"limit": limit, "fields": ["name"]})
    assert calls.answer("rows", {"result": first}).error


def test_an_internal_error_does_not_show_its_text(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_paths: object) -> Any:
        raise RuntimeError("password=hunter2")

    reply = Calls(Workspace([SAMPLE], broken)).answer("rows", {})
    assert reply.structured["error"] == "InternalError"
    assert reply.text.startswith(
        "error: rows failed with RuntimeError, which is a bug in obskit\nHint: report it"
    )
    assert "hunter2" not in reply.text + json.dumps(reply.structured)


def test_a_call_that_nobody_waits_for_stops(calls: Calls) -> None:
    asked: list[int] = []

    def cancelled() -> bool:
        asked.append(1)
        return len(asked) > 3

    with pytest.raises(Cancelled):
        calls_for(SAMPLE).answer("triage", {}, cancelled)
    with pytest.raises(Cancelled):
        calls.answer("explain", {"select": "error"}, lambda: True)


def test_the_schemas_are_what_is_checked() -> None:
    assert len(TOOLS) <= 8
    for tool in TOOLS:
        assert tool.schema["additionalProperties"] is False
        assert set(tool.required) <= set(tool.properties)
        for name, one in tool.schema["properties"].items():
            assert one["type"] in ("string", "integer", "array"), name
            assert one["type"] != "integer" or {"minimum", "maximum"} <= set(one), name
            assert "minimum" not in tool.short_schema["properties"][name]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner),
    max_leaves=5,
)
NAMES = st.sampled_from(sorted({name for tool in TOOLS for name in tool.schema["properties"]} | {"x"}))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Calls:
    folder = tmp_path_factory.mktemp("tiny")
    (folder / "events.jsonl").write_text(
        '{"timestamp": "2026-05-04T10:00:00Z", "name": "a", "trace_id": "1", "span_id": "1", "error": true}\n'
        '{"timestamp": "2026-05-04T10:00:01Z", "name": "b", "trace_id": "2", "span_id": "2", "error": false}\n'
    )
    return calls_for(folder)


@settings(max_examples=examples(150))
@given(st.sampled_from(sorted(BY_NAME)), st.dictionaries(NAMES, JSON, max_size=4))
def test_any_arguments_get_a_reply_within_the_budget(
    tiny: Calls, tool: str, arguments: dict[str, Any]
) -> None:
    reply = tiny.answer(tool, arguments)
    budget = arguments.get("budget")
    most = BUDGET if not isinstance(budget, int) or isinstance(budget, bool) else max(budget, LEAST_BUDGET)
    assert reply.tokens <= min(most, MOST_BUDGET)
    assert reply.structured.get("error") != "InternalError", reply.text
    assert reply.text.replace("\n", "").isprintable()


def test_a_result_that_is_too_large_to_keep_says_so(tmp_path: Path) -> None:
    large = "x" * 60_000
    rows = [
        {"timestamp": f"2026-05-04T10:{at // 60:02}:{at % 60:02}Z", "body": f"{at} {large}"}
        for at in range(100)
    ]
    (tmp_path / "events.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    calls = calls_for(tmp_path)
    arguments = {"fields": ["body"], "limit": 100, "chars": 100_000, "budget": 40_000}
    found = answered(calls.answer("rows", arguments))
    assert found["notes"] == ["only the first 34 of 100 rows are kept: lower limit, chars or fields"]
    assert found["shown"]["of"] == 35
    assert answered(calls.answer("rows", {**arguments, "chars": 100}))["shown"]["of"] == 100


def test_large_answers_are_dropped_before_many_small_ones_would_be() -> None:
    results = Results()
    large = Document("rows", {}, [Section("rows", [Item("x" * (KEPT_CHARACTERS // 3), [])])])
    for number in range(5):
        results.keep(f"rows-{number}", large)
    assert [results.find(f"rows-{number}") is not None for number in range(5)] == [
        False,
        False,
        True,
        True,
        True,
    ]
