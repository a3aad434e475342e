"""AWS X-Ray's segments. Shapes: the developer guide's segment documents, and answers of BatchGetTraces."""

import json

import pytest

from obskit.errors import ReadError

TRACE = "1-69f86f60-6ea9978529a7aed4065a86c0"
SEGMENT = {
    "id": "3fee878456215060",
    "name": "shop",
    "trace_id": TRACE,
    "start_time": 1777888800.123456,
    "end_time": 1777888800.623456,
    "fault": True,
    "http": {
        "request": {"method": "POST", "url": "https://shop.example/cart?id=7", "client_ip": "203.0.113.7"},
        "response": {"status": 502, "content_length": 91},
    },
    "service": {"version": "2.4.0"},
    "aws": {"xray": {"sdk": "X-Ray for Go"}, "ec2": {"instance_id": "i-1"}},
    "annotations": {"customer": "gold"},
    "metadata": {"debug": {"cart": {"items": 3}}},
    "cause": {
        "exceptions": [
            {
                "id": "1",
                "type": "Timeout",
                "message": "after 500 ms",
                "stack": [{"path": "cart.py", "line": 7, "label": "book"}],
            }
        ]
    },
    "subsegments": [
        {
            "id": "53995c3f42cd8ad8",
            "name": "DynamoDB",
            "start_time": 1777888800.2,
            "end_time": 1777888800.3,
            "namespace": "aws",
            "error": True,
            "throttle": True,
            "aws": {"operation": "PutItem", "table_name": "carts"},
            "http": {"response": {"status": 429}},
            "subsegments": [
                {"id": "53995c3f42cd8ad9", "name": "parse", "start_time": 1777888800.2, "in_progress": True}
            ],
        },
        {
            "id": "53995c3f42cd8ada",
            "name": "orders@db",
            "start_time": 1777888800.3,
            "end_time": 1777888800.4,
            "namespace": "remote",
            "sql": {"sanitized_query": "SELECT ?", "database_type": "PostgreSQL", "user": "app"},
        },
    ],
}


def test_a_segment_and_its_subsegments(read):
    got = read(json.dumps(SEGMENT).encode())
    segment, dynamo, parse, query = got.rows
    assert segment.pop("timestamp").isoformat() == "2026-05-04T10:00:00.123456+00:00"
    assert segment == {
        "duration_ms": 500.0,
        "name": "shop",
        "kind": "server",
        "trace_id": "69f86f606ea9978529a7aed4065a86c0",
        "span_id": "3fee878456215060",
        "status_code": "ERROR",
        "error": True,
        "error.type": "Timeout",
        "exception.type": "Timeout",
        "exception.message": "after 500 ms",
        "exception.stacktrace": "  at book (cart.py:7)",
        "http.request.method": "POST",
        "http.response.status_code": 502,
        "http.response.body.size": 91,
        "url.full": "https://shop.example/cart?id=7",
        "url.path": "/cart",
        "url.query": "id=7",
        "server.address": "shop.example",
        "client.address": "203.0.113.7",
        "service.name": "shop",
        "service.version": "2.4.0",
        "aws.xray.sdk": "X-Ray for Go",
        "aws.ec2.instance_id": "i-1",
        "customer": "gold",
        "aws.xray.metadata.debug.cart.items": 3,
    }
    assert [row["parent_span_id"] for row in (dynamo, parse, query)] == [
        segment["span_id"],
        dynamo["span_id"],
        segment["span_id"],
    ]
    assert [row["kind"] for row in (dynamo, parse, query)] == ["client", "internal", "client"]
    assert {row["service.name"] for row in got.rows} == {"shop"}
    assert (dynamo["error"], dynamo["aws.xray.throttle"], dynamo["aws.operation"]) == (True, True, "PutItem")
    assert (query["db.query.text"], query["db.system.name"], query["sql.user"]) == (
        "SELECT ?",
        "PostgreSQL",
        "app",
    )
    assert "duration_ms" not in parse
    assert got.report.notes == [
        "1 span has no end time, so duration_ms is null: the export came before the end of the work"
    ]


@pytest.mark.parametrize(
    ("flags", "error"),
    [
        ({}, False),
        ({"error": True}, False),
        ({"fault": True}, True),
        ({"throttle": True, "error": True}, True),
    ],
)
def test_which_flags_are_errors(read, flags, error):
    plain = {
        name: value for name, value in SEGMENT.items() if name in ("id", "name", "trace_id", "start_time")
    }
    (row,) = read(json.dumps(plain | {"end_time": 1777888801} | flags).encode()).rows
    assert row["error"] is error


def test_what_the_daemon_receives(read):
    got = read(b'{"format": "json", "version": 1}\n' + json.dumps(SEGMENT).encode() + b"\n")
    assert len(got.rows) == 4
    assert got.reasons == []


@pytest.mark.parametrize("indent", [None, 4])
def test_an_answer_with_a_broken_document(read, indent):
    segments = [
        {"Id": "1", "Document": text} for text in (json.dumps(SEGMENT), '{"id": "1', json.dumps(SEGMENT))
    ]
    got = read(json.dumps({"Traces": [{"Id": TRACE, "Segments": segments}]}, indent=indent).encode())
    assert len(got.rows) == 8
    assert [reason for _, reason in got.reasons] == ["not an object"]


def test_a_bad_subsegment_costs_no_other(read):
    bad = SEGMENT | {"subsegments": [{"name": "no id"}, *SEGMENT["subsegments"]]}
    got = read(json.dumps(bad).encode())
    assert len(got.rows) == 4
    assert [reason for _, reason in got.reasons] == ["a segment needs id and start_time"]


def test_a_large_answer_is_cut_between_traces(read, monkeypatch):
    monkeypatch.setattr("obskit.readers.spans.json_documents.PIECE", 2_000)
    monkeypatch.setattr("obskit.readers.vendor_spans.xray.XRay.piece_size", 2_000)
    trace = {"Id": TRACE, "Duration": 0.5, "Segments": [{"Id": "1", "Document": json.dumps(SEGMENT)}]}
    data = json.dumps({"Traces": [trace] * 20, "UnprocessedTraceIds": []}).encode()
    assert len(read(data).rows) == 80
    got = read(data[: len(data) // 2])
    assert 0 < len(got.rows) < 80
    assert got.report.rejected_count == 1


def test_summaries_are_refused_by_name(read):
    with pytest.raises(ReadError) as caught:
        read(json.dumps({"TraceSummaries": [{"Id": TRACE, "HasFault": True}]}).encode(), "summaries.json")
    assert caught.value.message.endswith(
        "summaries.json looks like AWS X-Ray, but no record in it can be read: "
        "summaries of traces have no segments: export them by `aws xray batch-get-traces`"
    )


def test_deep_nesting(read):
    deep = {"id": "1", "name": "x", "start_time": 1}
    for _ in range(70):
        deep = {"id": "1", "name": "x", "start_time": 1, "subsegments": [deep]}
    with pytest.raises(ReadError):
        read(json.dumps(SEGMENT | {"subsegments": [deep]}).encode())
