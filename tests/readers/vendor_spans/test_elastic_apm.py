"""Elastic APM. Shapes: documents of the APM server 7 and 8, Kibana's `fields`, and the intake API (its spec)."""

import json

import pytest

TRACE, SPAN, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203330", "00f067aa0ba902b7"
DOCUMENT = {
    "@timestamp": "2026-05-04T10:00:00.123Z",
    "processor": {"event": "transaction", "name": "transaction"},
    "timestamp": {"us": 1777888800123456},
    "trace": {"id": TRACE},
    "parent": {"id": PARENT},
    "transaction": {
        "id": SPAN,
        "name": "GET /cart",
        "type": "request",
        "duration": {"us": 250123},
        "result": "HTTP 5xx",
        "representative_count": 4,
    },
    "event": {"outcome": "failure"},
    "service": {"name": "shop", "environment": "prod"},
    "http": {"request": {"method": "get"}, "response": {"status_code": 502}},
    "url": {"path": "/cart", "domain": "shop.example"},
    "client": {"ip": "203.0.113.7"},
    "kubernetes": {"pod": {"name": "shop-1"}},
    "labels": {"customer": "gold"},
}


def test_a_transaction(read):
    (row,) = read(json.dumps(DOCUMENT).encode()).rows
    assert row.pop("timestamp").isoformat() == "2026-05-04T10:00:00.123456+00:00"
    assert row == {
        "duration_ms": 250.123,
        "name": "GET /cart",
        "kind": "server",
        "trace_id": TRACE,
        "span_id": SPAN,
        "parent_span_id": PARENT,
        "status_code": "ERROR",
        "error": True,
        "sample_weight": 4.0,
        "transaction.type": "request",
        "transaction.result": "HTTP 5xx",
        "event.outcome": "failure",
        "service.name": "shop",
        "deployment.environment.name": "prod",
        "http.request.method": "GET",
        "http.response.status_code": 502,
        "url.path": "/cart",
        "server.address": "shop.example",
        "client.address": "203.0.113.7",
        "k8s.pod.name": "shop-1",
        "labels.customer": "gold",
    }


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [("db", "client"), ("external.http", "client"), ("app", "internal"), ("messaging", "consumer")],
)
def test_kinds_of_spans(read, kind, wanted):
    span = {"id": SPAN, "name": "SELECT", "type": kind, "duration": {"us": 5}}
    (row,) = read(json.dumps(DOCUMENT | {"processor": {"event": "span"}, "span": span}).encode()).rows
    assert (row["kind"], row["duration_ms"], row["name"]) == (wanted, 0.005, "SELECT")


def test_an_error_is_a_log_record_below_its_span(read):
    error = {
        "id": "e1",
        "exception": [
            {"type": "Timeout", "message": "after 250 ms", "stacktrace": [{"function": "f", "lineno": 7}]}
        ],
    }
    (row,) = read(json.dumps(DOCUMENT | {"processor": {"event": "error"}, "error": error}).encode()).rows
    assert (row["kind"], row["body"], row["severity_text"]) == ("event", "after 250 ms", "ERROR")
    assert (row["exception.type"], row["span_id"], row["trace_id"]) == ("Timeout", PARENT, TRACE)
    assert "duration_ms" not in row


@pytest.mark.parametrize(
    "document",
    [
        {"hits": {"total": {"value": 1}, "hits": [{"_index": "apm", "_source": DOCUMENT}]}},
        {"took": 3, "hits": {"hits": [{"_index": "apm", "_source": DOCUMENT}]}},
        {"responses": [{"hits": {"hits": [{"_source": DOCUMENT}]}}]},
        [{"_index": "apm", "_source": DOCUMENT}],
        {"_index": "apm", "_source": DOCUMENT},
        {
            "_index": "apm",
            "fields": {
                "processor.event": ["transaction"],
                "transaction.id": [SPAN],
                "transaction.name": ["GET /cart"],
                "transaction.duration.us": [250123],
                "@timestamp": ["2026-05-04T10:00:00.123Z"],
                "trace.id": [TRACE],
            },
        },
    ],
)
@pytest.mark.parametrize("indent", [None, 1])
def test_wraps(read, document, indent):
    (row,) = read(json.dumps(document, indent=indent).encode()).rows
    assert (row["name"], row["duration_ms"], row["trace_id"]) == ("GET /cart", 250.123, TRACE)


INTAKE = [
    {"metadata": {"service": {"name": "shop", "version": "2.4.0"}, "system": {"detected_hostname": "h1"}}},
    {
        "transaction": {
            "id": SPAN,
            "trace_id": TRACE,
            "parent_id": PARENT,
            "name": "GET /cart",
            "type": "request",
            "timestamp": 1777888800123456,
            "duration": 250.123,
            "outcome": "failure",
            "sample_rate": 0.25,
            "context": {
                "request": {
                    "method": "GET",
                    "url": {"full": "https://shop.example/cart", "pathname": "/cart"},
                },
                "response": {"status_code": 502},
                "tags": {"customer": "gold"},
            },
        }
    },
    {
        "span": {
            "id": "53995c3f42cd8ad8",
            "trace_id": TRACE,
            "transaction_id": SPAN,
            "parent_id": SPAN,
            "name": "SELECT",
            "type": "db.postgresql.query",
            "timestamp": 1777888800124456,
            "duration": 5.5,
            "context": {"db": {"statement": "SELECT 1"}},
        }
    },
    {
        "error": {
            "id": "e1",
            "trace_id": TRACE,
            "parent_id": SPAN,
            "timestamp": 1777888800130000,
            "exception": {"type": "Timeout", "message": "after 250 ms"},
        }
    },
    {"metricset": {"timestamp": 1, "samples": {}}},
]


def test_what_an_agent_sends(read):
    got = read(b"".join(json.dumps(item).encode() + b"\n" for item in INTAKE))
    transaction, span, error = got.rows
    assert transaction["timestamp"].isoformat() == "2026-05-04T10:00:00.123456+00:00"
    assert (transaction["duration_ms"], transaction["sample_weight"], transaction["error"]) == (
        250.123,
        4.0,
        True,
    )
    assert (transaction["service.name"], transaction["host.name"]) == ("shop", "h1")
    assert (transaction["http.response.status_code"], transaction["url.path"]) == (502, "/cart")
    assert transaction["labels.customer"] == "gold"
    assert (span["duration_ms"], span["kind"], span["parent_span_id"]) == (5.5, "client", SPAN)
    assert span["db.query.text"] == "SELECT 1"
    assert (error["exception.type"], error["span_id"], error["kind"]) == ("Timeout", SPAN, "event")
    assert [reason for _, reason in got.reasons] == ["metrics are not events"]


def test_a_torn_answer_keeps_the_documents_before(read):
    hits = {"hits": {"hits": [{"_index": "apm", "_source": DOCUMENT}] * 10}}
    data = json.dumps(hits).encode()
    got = read(data[: len(data) * 3 // 4])
    assert len(got.rows) == 7
    assert got.report.rejected_count == 1


def test_bad_documents(read):
    bad = [
        DOCUMENT | {"transaction": {"id": SPAN, "duration": {"us": "x"}}},
        {"processor": {"event": "metric"}},
    ]
    bad += [{"a": 1}, DOCUMENT | {"@timestamp": "noon"}]
    got = read(b"".join(json.dumps(item).encode() + b"\n" for item in [DOCUMENT, *bad]))
    assert len(got.rows) == 1
    assert [reason for _, reason in got.reasons] == [
        "transaction.duration.us is not a number",
        "not a transaction, span or error",
        "not a transaction, span or error",
        "@timestamp is not a time",
    ]
