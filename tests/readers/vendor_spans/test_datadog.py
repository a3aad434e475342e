"""Datadog. Shapes: the agent's API of traces (documented), and the APIs of spans and logs, version 2."""

import json

import pytest

SPAN = {
    "trace_id": 7277407061855694839,
    "span_id": 2**64 - 1,
    "parent_id": 0,
    "name": "web.request",
    "resource": "GET /cart",
    "service": "shop",
    "type": "web",
    "start": 1777888800000000123,
    "duration": 250000100,
    "error": 1,
    "meta": {
        "_dd.p.tid": "69f86f6000000000",
        "env": "prod",
        "version": "2.4.0",
        "http.status_code": "502",
        "error.type": "Timeout",
        "error.message": "after 250 ms",
        "error.stack": "at cart",
    },
    "metrics": {"_sampling_priority_v1": 1, "items": 3},
}
TRACE = "69f86f600000000064fe8b2a57d3eff7"


def test_a_trace(read):
    child = SPAN | {
        "span_id": 5,
        "parent_id": 2**64 - 1,
        "type": "sql",
        "error": 0,
        "meta": {},
        "metrics": {},
    }
    got = read(json.dumps([[SPAN, child]]).encode())
    row, inner = got.rows
    assert row.pop("timestamp").isoformat() == "2026-05-04T10:00:00+00:00"
    assert row == {
        "duration_ms": 250.0001,
        "name": "web.request",
        "resource.name": "GET /cart",
        "kind": "server",
        "span.type": "web",
        "trace_id": TRACE,
        "span_id": "f" * 16,
        "status_code": "ERROR",
        "error": True,
        "error.type": "Timeout",
        "exception.type": "Timeout",
        "exception.message": "after 250 ms",
        "exception.stacktrace": "at cart",
        "http.response.status_code": 502,
        "service.name": "shop",
        "service.version": "2.4.0",
        "deployment.environment.name": "prod",
        "items": 3,
    }
    # Only the first span of a trace carries the upper half of its id.
    assert (inner["trace_id"], inner["parent_span_id"], inner["kind"]) == (TRACE, "f" * 16, "client")
    assert inner["error"] is False


def test_a_handled_error_is_none(read):
    (row,) = read(json.dumps([[SPAN | {"error": 0, "meta": {"error.type": "Retry"}}]]).encode()).rows
    assert (row["error"], row["exception.type"], row["trace_id"]) == (
        False,
        "Retry",
        f"{'0' * 16}{TRACE[16:]}",
    )


@pytest.mark.parametrize(
    "wrap", [lambda s: {"traces": [[s]]}, lambda s: [s], lambda s: s, lambda s: {"spans": [s]}]
)
def test_other_wraps(read, wrap):
    assert [row["name"] for row in read(json.dumps(wrap(SPAN)).encode()).rows] == ["web.request"]


def test_a_span_of_the_api(read):
    item = {
        "id": "AAA",
        "type": "spans",
        "attributes": {
            "service": "shop",
            "resource_name": "GET /cart",
            "operation_name": "web.request",
            "trace_id": TRACE,
            "span_id": "5",
            "parent_id": "0",
            "start_timestamp": "2026-05-04T10:00:00.000Z",
            "end_timestamp": "2026-05-04T10:00:00.250Z",
            "env": "prod",
            "host": "h1",
            "type": "web",
            "status": "error",
            "custom": {"http": {"status_code": 502}, "error": {"type": "Timeout"}},
        },
    }
    (row,) = read(json.dumps({"data": [item], "meta": {}}).encode()).rows
    assert row["timestamp"].isoformat() == "2026-05-04T10:00:00+00:00"
    assert (row["duration_ms"], row["error"], row["trace_id"], row["span_id"]) == (
        250.0,
        True,
        TRACE,
        f"{5:016x}",
    )
    assert "parent_span_id" not in row
    assert (row["http.response.status_code"], row["exception.type"], row["kind"]) == (
        502,
        "Timeout",
        "server",
    )


def test_a_log_of_the_api(read):
    item = {
        "id": "AAA",
        "type": "log",
        "attributes": {
            "timestamp": "2026-05-04T10:00:00.123Z",
            "status": "error",
            "service": "shop",
            "host": "h1",
            "message": "no seat left",
            "tags": ["env:prod"],
            "attributes": {"dd": {"trace_id": "7277407061855694839", "span_id": "5"}, "customer": "gold"},
        },
    }
    (row,) = read(json.dumps({"data": [item]}).encode()).rows
    assert row["timestamp"].isoformat() == "2026-05-04T10:00:00.123000+00:00"
    assert (row["body"], row["severity_text"], row["service.name"]) == ("no seat left", "error", "shop")
    assert (row["trace_id"], row["span_id"]) == (f"{7277407061855694839:032x}", f"{5:016x}")
    assert (row["customer"], row["kind"]) == ("gold", "event")


def test_bad_spans_are_counted(read):
    bad = [SPAN | {"start": "noon"}, SPAN | {"span_id": -1.5}, {"name": "x"}, 7]
    got = read(json.dumps([[SPAN], bad]).encode())
    assert len(got.rows) == 1
    assert got.reasons == [
        ("span 2", "start is not an integer"),
        ("span 3", "an id is not an integer"),
        ("span 4", "neither a span nor a log"),
        ("span 5", "not an object"),
    ]
