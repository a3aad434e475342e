"""Jaeger JSON in all its forms, and damaged or similar input."""

from datetime import UTC, datetime

import pytest

from obskit.errors import LimitExceeded, ReadError
from obskit.readers.spans import json_documents as documents
from tests.support.jaeger_json import START, TRACE, answer, child_of, compact, dumped, span, tag, trace


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
def test_tags_give_the_status_and_the_error(read, tags, wanted):
    (row,) = read(dumped(trace(span(tags=tags)))).rows
    assert (row["status_code"], row["error"], row.get("error.type")) == wanted
    assert "attributes.error" not in row


def test_an_unknown_kind_or_status_stays_a_tag(read):
    (row,) = read(dumped(trace(span(tags=[tag("span.kind", "robot"), tag("otel.status_code", "7")])))).rows
    assert (row.get("kind"), row["span.kind"], row["otel.status_code"]) == (None, "robot", "7")


def test_a_spans_tag_overrides_its_processs(read):
    got = read(dumped(trace(span(tags=[tag("k", "span")]), span("2"), tags=[tag("k", "process")])))
    assert [row["k"] for row in got.rows] == ["span", "process"]
    assert got.report.overridden == {"k": 1}


def test_tags_named_like_a_column_get_a_prefix(read):
    (row,) = read(dumped(trace(span(tags=[tag("name", "mine"), tag("timestamp", 1)])))).rows
    assert (row["name"], row["attributes.name"], row["attributes.timestamp"]) == ("GET /book", "mine", 1)


def test_bad_spans_are_rejected_with_their_position(read):
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


def test_a_torn_document_gives_the_spans_before(read):
    whole = dumped([INLINE | {"spanID": str(n)} for n in range(20)], indent=1)
    got = read(whole[:-200])
    assert len(got.rows) == 19
    ((position, reason),) = got.reasons
    assert reason == "not JSON"
    assert whole[int(position.removeprefix("byte ")) :][:1] == b"{"


def test_a_torn_line_and_a_bad_one_are_rejected(read):
    line = dumped(INLINE)
    got = read(line + b"\n{bad\n" + line + b"\n" + line[:-9])
    assert len(got.rows) == 2
    assert got.reasons == [
        (f"line 2, byte {len(line) + 1}", "not JSON"),
        (f"line 4, byte {2 * len(line) + 7}", "torn: the file ends within the line"),
    ]


def test_a_file_without_a_span_is_an_error(read, tmp_path):
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


def test_other_events_with_such_fields_are_not_detected_as_jaeger(read):
    got = read(dumped({"traceID": "1", "spanID": "2", "msg": "hello"}) + b"\n")
    assert got.rows == [{"trace_id": "1", "span_id": "2", "body": "hello", "error": False}]


def test_an_answer_without_a_trace_has_no_rows(read):
    assert read(dumped(answer({"traceID": "1", "spans": []}))).rows == []
    assert read(compact({"data": [trace()]})).rows == []
