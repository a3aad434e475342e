"""Jaeger's JSON in all its forms, the slow and the fast way, and input that is none."""

import json
from datetime import UTC, datetime

import pytest

from obskit.errors import LimitExceeded, ReadError
from obskit.readers.spans import json_documents as documents

TRACE = "5b8efff798038103d269b633813fc60c"
START = 1_777_888_800_000_000  # 2026-05-04T10:00:00Z


def tag(key, value, kind=None):
    words = {bool: "bool", int: "int64", float: "float64", str: "string"}
    return {"key": key, "type": kind or words[type(value)], "value": value}


def child_of(span, trace=TRACE, kind="CHILD_OF"):
    return {"refType": kind, "traceID": trace, "spanID": span}


def span(own="1", tags=(), references=(), **more):
    return {
        "traceID": TRACE,
        "spanID": own,
        "operationName": "GET /book",
        "references": list(references),
        "startTime": START,
        "duration": 1500,
        "tags": list(tags),
        "logs": [],
        "processID": "p1",
        "warnings": None,
    } | more


def trace(*spans, tags=(), service="front"):
    process = {"serviceName": service, "tags": list(tags)}
    return {"traceID": TRACE, "spans": list(spans), "processes": {"p1": process}, "warnings": None}


def answer(*traces):
    return {"data": list(traces), "total": 0, "limit": 0, "offset": 0, "errors": None}


def dumped(document, **how):
    return json.dumps(document, **how).encode()


def compact(document):
    return dumped(document, separators=(",", ":"))


def test_a_span_in_full(read):
    tags = [
        tag("span.kind", "server"),
        tag("http.status_code", 503),
        tag("share", 0.25),
        tag("cached", False),
        tag("raw", "AAE=", "binary"),
        tag("otel.scope.name", "lib"),
        tag("otel.status_code", "ERROR"),
        tag("otel.status_description", "too slow"),
        tag("w3c.tracestate", "ot=th:c"),
    ]
    logs = [{"timestamp": START + 5, "fields": [tag("event", "retry"), tag("attempt", 2)]}]
    given = span("eee19b7ec3c1b174", tags, [child_of("eee19b7ec3c1b173")], logs=logs, warnings=["clock skew"])
    (row,) = read(dumped(answer(trace(given, tags=[tag("host.name", "a")])))).rows
    assert row.pop("timestamp") == datetime(2026, 5, 4, 10, tzinfo=UTC)
    (event,) = row.pop("events")
    assert (event["timestamp"].microsecond, event["name"], event["attributes"]) == (
        5,
        "retry",
        '{"attempt":2}',
    )
    assert row == {
        "duration_ms": 1.5,
        "name": "GET /book",
        "kind": "server",
        "trace_id": TRACE,
        "span_id": "eee19b7ec3c1b174",
        "parent_span_id": "eee19b7ec3c1b173",
        "trace_state": "ot=th:c",
        "sample_weight": 4.0,
        "status_code": "ERROR",
        "status_message": "too slow",
        "error": True,
        "http.response.status_code": 503,
        "share": 0.25,
        "cached": False,
        "raw": "AAE=",
        "otel.scope.name": "lib",
        "host.name": "a",
        "service.name": "front",
        "jaeger.warnings": ["clock skew"],
    }


SPAN = span("b", references=[child_of("a")])
INLINE = SPAN | {"process": {"serviceName": "front", "tags": []}}
STORED = {
    "traceID": TRACE,
    "spanID": "b",
    "parentSpanID": "a",
    "operationName": "GET /book",
    "startTime": START,
    "startTimeMillis": START // 1000,
    "duration": 1500,
    "tags": [],
    "process": {"serviceName": "front"},
}


@pytest.mark.parametrize(
    "data",
    [
        dumped(answer(trace(SPAN))),
        compact(answer(trace(SPAN))) + b"\n" + compact(answer(trace(SPAN))),
        dumped(trace(SPAN), indent=2),
        dumped(trace(SPAN)),
        dumped([trace(SPAN), trace(SPAN)], indent=1),
        dumped([INLINE, INLINE]),
        dumped([INLINE, INLINE], indent=1),
        dumped(INLINE) + b"\n" + dumped(INLINE) + b"\n",
        dumped(STORED) + b"\n" + dumped(STORED) + b"\n",
        dumped({"_index": "jaeger-span", "_source": STORED}) + b"\n",
        dumped({"hits": {"total": 1, "hits": [{"_id": "x", "_source": STORED}]}}, indent=1),
        dumped({"data": {"services": [], "spans": [SPAN], "processes": trace()["processes"]}}),
        b"\xef\xbb\xbf" + dumped(answer(trace(SPAN))),
    ],
    ids=lambda data: data[:30].decode(),
)
def test_every_form_gives_the_same_rows(read, data):
    got = read(data)
    assert got.report.rejected_count == 0
    assert got.rows
    for row in got.rows:
        assert row == {
            "timestamp": datetime(2026, 5, 4, 10, tzinfo=UTC),
            "duration_ms": 1.5,
            "name": "GET /book",
            "trace_id": TRACE,
            "span_id": "000000000000000b",
            "parent_span_id": "000000000000000a",
            "status_code": "UNSET",
            "error": False,
            "service.name": "front",
        }


def test_stored_tags_by_name_and_typed_values_as_text(read):
    stored = STORED | {
        "tag": {"http@method": "GET", "n": 5},
        "tags": [
            tag("http.status_code", "404", "int64"),
            tag("x", "0.5", "float64"),
            tag("y", "true", "bool"),
            tag("z", "12 apples", "int64"),
            tag("long", "9007199254740993", "int64"),
            tag("whole", 2, "float64"),
        ],
    }
    (row,) = read(dumped(stored)).rows
    wanted = {"http.request.method": "GET", "n": 5, "http.response.status_code": 404, "x": 0.5, "y": True}
    assert row | wanted | {"z": "12 apples", "long": 9007199254740993, "whole": 2.0} == row
    assert type(row["whole"]) is float


def test_references_that_are_not_the_parent_are_links(read):
    other = "0" * 31 + "f"
    given = span("c", references=[child_of("a", kind="FOLLOWS_FROM"), child_of("b"), child_of("d", other)])
    (row,) = read(dumped(trace(given))).rows
    assert row["parent_span_id"] == "000000000000000b"
    assert [(link["trace_id"], link["span_id"], link["attributes"]) for link in row["links"]] == [
        (TRACE, "000000000000000a", '{"opentracing.ref_type":"follows_from"}'),
        (other, "000000000000000d", '{"opentracing.ref_type":"child_of"}'),
    ]


@pytest.mark.parametrize(
    ("tags", "wanted"),
    [
        ([tag("error", True)], ("ERROR", True, None)),
        ([tag("error", "true")], ("ERROR", True, None)),
        ([tag("error", False), tag("otel.status_code", "OK")], ("OK", False, None)),
        ([tag("error", True), tag("otel.status_code", "OK")], ("ERROR", True, None)),
        ([tag("error", "timeout")], ("ERROR", True, "timeout")),
        ([tag("error", "timeout"), tag("error.type", "TimeoutError")], ("ERROR", True, "TimeoutError")),
        ([], ("UNSET", False, None)),
    ],
)
def test_errors(read, tags, wanted):
    (row,) = read(dumped(trace(span(tags=tags)))).rows
    assert (row["status_code"], row["error"], row.get("error.type")) == wanted
    assert "attributes.error" not in row


def test_a_kind_and_a_status_that_mean_nothing_stay_tags(read):
    (row,) = read(dumped(trace(span(tags=[tag("span.kind", "robot"), tag("otel.status_code", "7")])))).rows
    assert (row.get("kind"), row["span.kind"], row["otel.status_code"]) == (None, "robot", "7")


def test_a_spans_tag_wins_over_its_processs(read):
    got = read(dumped(trace(span(tags=[tag("k", "span")]), span("2"), tags=[tag("k", "process")])))
    assert [row["k"] for row in got.rows] == ["span", "process"]
    assert got.report.overridden == {"k": 1}


def test_tags_called_as_our_columns_make_room(read):
    (row,) = read(dumped(trace(span(tags=[tag("name", "mine"), tag("timestamp", 1)])))).rows
    assert (row["name"], row["attributes.name"], row["attributes.timestamp"]) == ("GET /book", "mine", 1)


def test_one_bad_span_is_counted_with_its_position(read):
    deep = "x"
    for _ in range(100):
        deep = [deep]
    bad = [span("2", startTime="soon"), 5, span(""), span("3", duration=[]), span("4", startTime=2**70), None]
    got = read(dumped(answer(trace(span("1"), *bad, span("9", tags=[tag("deep", deep, "string")])))))
    assert [row["span_id"][-1] for row in got.rows] == ["1", "9"]
    assert got.reasons == [
        ("span 2", "startTime is not a number"),
        ("span 3", "not a span"),
        ("span 4", "span has no spanID"),
        ("span 5", "duration is not a number"),
        ("span 6", "startTime does not fit in 64 bits"),
        ("span 7", "not a span"),
    ]


def test_a_document_that_breaks_off_gives_the_spans_before(read):
    whole = dumped([INLINE | {"spanID": str(n)} for n in range(20)], indent=1)
    got = read(whole[:-200])
    assert len(got.rows) == 19
    ((position, reason),) = got.reasons
    assert reason == "not JSON"
    assert whole[int(position.removeprefix("byte ")) :][:1] == b"{"


def test_a_line_that_breaks_off_and_a_bad_one(read):
    line = dumped(INLINE)
    got = read(line + b"\n{bad\n" + line + b"\n" + line[:-9])
    assert len(got.rows) == 2
    assert got.reasons == [
        (f"line 2, byte {len(line) + 1}", "not JSON"),
        (f"line 4, byte {2 * len(line) + 7}", "torn: the file ends within the line"),
    ]


def test_nothing_but_damage_is_an_error(read, tmp_path):
    with pytest.raises(ReadError) as caught:
        read(dumped(answer(trace(span(), span())), indent=1)[:-400], name="torn.json")
    assert str(caught.value).startswith(
        f"{tmp_path}/torn.json looks like Jaeger JSON, but no record in it can be read: not JSON (line "
    )


def test_a_document_beyond_the_limit(read, tmp_path, monkeypatch):
    monkeypatch.setattr(documents, "DOCUMENT_LIMIT", 1_000)
    with pytest.raises(LimitExceeded) as caught:
        read(dumped(trace(*[span()] * 10), indent=1), name="big.json")
    assert str(caught.value) == (
        f"{tmp_path}/big.json: a JSON document is larger than 0 MiB\nHint: write one record per line: jq -c '.data[]? // .' FILE"
    )


def test_events_of_ones_own_that_have_such_fields_are_none_of_jaegers(read):
    got = read(dumped({"traceID": "1", "spanID": "2", "msg": "hello"}) + b"\n")
    assert got.rows == [{"trace_id": "1", "span_id": "2", "msg": "hello", "error": False}]


def test_an_answer_without_a_trace_has_no_rows(read):
    assert read(dumped(answer({"traceID": "1", "spans": []}))).rows == []
    assert read(compact({"data": [trace()]})).rows == []


def big(count=400):
    """Traces as Jaeger writes them, with all that the fast way has a case for."""
    traces = []
    for n in range(0, count, 4):
        spans = [
            span(
                f"{n + i + 1:x}",
                [tag("span.kind", "server"), tag("n", n), tag("ratio", n / 8), tag("flag", n % 8 == 0)]
                + ([tag("error", True)] if n % 12 == 0 else [])
                + ([tag("rare", "x")] if n % 100 == 0 else []),
                [child_of(f"{n + i:x}")] if i else [],
                startTime=START + n,
                processID="p1" if i % 2 else "p2",
                logs=[{"timestamp": START, "fields": [tag("event", "e"), tag("k", i)]}]
                if n % 16 == 0
                else [],
                warnings=["late"] if n % 40 == 0 else None,
            )
            for i in range(4)
        ]
        spans[3]["references"].append(child_of("1", kind="FOLLOWS_FROM"))
        one = trace(*spans, tags=[tag("host.name", "a"), tag("n.host", 1)])
        one["processes"]["p2"] = {"serviceName": "back", "tags": [tag("host.name", f"b{n % 3}")]}
        traces.append(one)
    return answer(*traces)


@pytest.mark.parametrize("form", ["answer", "traces", "a trace a line"])
def test_both_ways_give_the_same(read, monkeypatch, form):
    document = big()
    data = {
        "answer": compact(document),
        "traces": compact(document["data"]),
        "a trace a line": b"\n".join(map(compact, document["data"])),
    }[form]
    monkeypatch.setattr(documents, "PIECE", 20_000)
    monkeypatch.setattr(documents.SpanFormat, "piece_size", 20_000)
    fast = []
    whole = documents.SpanFormat.read_columns
    monkeypatch.setattr(
        documents.SpanFormat,
        "read_columns",
        lambda self, d: fast.append((w := whole(self, d)) is not None) or w,
    )
    one = read(data)
    assert sum(fast) >= (3 if form != "a trace a line" else 0)
    monkeypatch.setattr(documents.SpanFormat, "read_columns", lambda self, d: None)
    other = read(data)
    assert one.rows == other.rows
    assert one.types == other.types
    assert one.report.to_dict() == other.report.to_dict()
    assert len(one.rows) == 400
