"""Google Cloud Logging and Trace. Shapes: LogEntry of API v2, Trace of API v1, Span of API v2 (reference)."""

import json

import pytest

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203330"
REQUEST = {
    "insertId": "1",
    "logName": "projects/shop/logs/run.googleapis.com%2Frequests",
    "timestamp": "2026-05-04T10:00:00.123456789Z",
    "receiveTimestamp": "2026-05-04T10:00:01Z",
    "severity": "ERROR",
    "httpRequest": {
        "requestMethod": "GET",
        "requestUrl": "https://shop.example/cart?id=7",
        "status": 502,
        "responseSize": "91",
        "userAgent": "curl",
        "remoteIp": "203.0.113.7",
        "latency": "0.250123s",
        "protocol": "HTTP/1.1",
        "referer": "https://shop.example/",
    },
    "resource": {"type": "cloud_run_revision", "labels": {"service_name": "cart", "x": "y"}},
    "trace": f"projects/shop/traces/{TRACE}",
    "spanId": SPAN,
}
LOG = {
    "insertId": "2",
    "logName": "projects/shop/logs/stderr",
    "timestamp": "2026-05-04T10:00:00Z",
    "severity": "CRITICAL",
    "jsonPayload": {"message": "no seat left", "customer": {"tier": "gold"}, "stack_trace": "at cart"},
    "resource": {"type": "k8s_container", "labels": {"pod_name": "shop-1", "namespace_name": "prod"}},
    "sourceLocation": {"file": "cart.py", "line": "7", "function": "book"},
    "labels": {"k8s-pod/app": "shop"},
}


def test_a_request(read):
    (row,) = read(json.dumps(REQUEST).encode()).rows
    assert row.pop("timestamp").isoformat() == "2026-05-04T10:00:00.123456+00:00"
    assert row == {
        "duration_ms": 250.123,
        "name": "GET",
        "kind": "server",
        "severity_text": "ERROR",
        "severity_number": 17,
        "error": True,
        "trace_id": TRACE,
        "span_id": SPAN,
        "http.request.method": "GET",
        "http.response.status_code": 502,
        "http.response.body.size": 91,
        "url.full": "https://shop.example/cart?id=7",
        "url.path": "/cart",
        "url.query": "id=7",
        "server.address": "shop.example",
        "client.address": "203.0.113.7",
        "user_agent.original": "curl",
        "network.protocol.version": "1.1",
        "httpRequest.referer": "https://shop.example/",
        "insertId": "1",
        "logName": "projects/shop/logs/run.googleapis.com%2Frequests",
        "resource.type": "cloud_run_revision",
        "resource.labels.x": "y",
        "service.name": "cart",
    }


def test_a_log_record(read):
    (row,) = read(json.dumps(LOG).encode()).rows
    assert (row["kind"], row["body"], row["severity_number"]) == ("event", "no seat left", 21)
    assert (row["jsonPayload.customer.tier"], row["exception.stacktrace"]) == ("gold", "at cart")
    assert (row["k8s.pod.name"], row["k8s.namespace.name"]) == ("shop-1", "prod")
    assert (row["code.file.path"], row["code.line.number"], row["code.function.name"]) == (
        "cart.py",
        7,
        "book",
    )
    assert row["labels.k8s-pod/app"] == "shop"
    assert "duration_ms" not in row
    assert "jsonPayload.message" not in row


def test_an_audit_entry(read):
    payload = {"methodName": "v1.instances.delete", "status": {"code": 7, "message": "denied"}}
    entry = {name: LOG[name] for name in ("logName", "timestamp", "severity")} | {"protoPayload": payload}
    (row,) = read(json.dumps(entry).encode()).rows
    assert (row["name"], row["body"]) == ("v1.instances.delete", "denied")
    assert row["protoPayload.status.code"] == 7


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("wrap", [lambda *items: list(items), lambda *items: {"entries": list(items)}])
def test_lists_of_entries(read, indent, wrap):
    got = read(json.dumps(wrap(LOG, REQUEST), indent=indent).encode())
    assert [row["kind"] for row in got.rows] == ["event", "server"]
    assert got.reasons == []


def test_an_entry_without_the_name_of_its_log(read):
    got = read(b"".join(json.dumps(item).encode() + b"\n" for item in (LOG, {"severity": "INFO"})))
    assert [reason for _, reason in got.reasons] == ["an entry without logName"]


V1 = {
    "projectId": "shop",
    "traceId": TRACE,
    "spans": [
        {
            "spanId": "13235353014750950192",
            "kind": "RPC_SERVER",
            "name": "/cart",
            "startTime": "2026-05-04T10:00:00.123456789Z",
            "endTime": "2026-05-04T10:00:00.373456789Z",
            "labels": {
                "/http/status_code": "502",
                "/http/method": "GET",
                "/http/client_protocol": "HTTP/1.1",
            },
        },
        {
            "spanId": "5",
            "parentSpanId": "13235353014750950192",
            "name": "SELECT",
            "startTime": "2026-05-04T10:00:00.2Z",
            "endTime": "2026-05-04T10:00:00.1Z",
        },
    ],
}


@pytest.mark.parametrize("document", [V1, {"traces": [V1]}, [V1]])
def test_version_1(read, document):
    got = read(json.dumps(document, indent=2).encode())
    server, child = got.rows
    assert server.pop("timestamp").isoformat() == "2026-05-04T10:00:00.123456+00:00"
    assert server == {
        "duration_ms": 250.0,
        "name": "/cart",
        "kind": "server",
        "trace_id": TRACE,
        "span_id": f"{13235353014750950192:016x}",
        "status_code": "UNSET",
        "error": True,
        "http.request.method": "GET",
        "http.response.status_code": 502,
        "network.protocol.version": "1.1",
    }
    assert child["parent_span_id"] == server["span_id"]
    assert got.report.notes == [
        "1 span ends before the start, so duration_ms is null: the clock was set back, or the program is wrong"
    ]


def test_version_2(read):
    span = {
        "name": f"projects/shop/traces/{TRACE}/spans/{SPAN}",
        "spanId": SPAN,
        "parentSpanId": "00f067aa0ba902b7",
        "displayName": {"value": "GET /cart"},
        "startTime": "2026-05-04T10:00:00Z",
        "endTime": "2026-05-04T10:00:00.25Z",
        "spanKind": "SERVER",
        "status": {"code": 14, "message": "unavailable"},
        "attributes": {
            "attributeMap": {
                "/http/status_code": {"intValue": "503"},
                "tier": {"stringValue": {"value": "gold", "truncatedByteCount": 0}},
                "cached": {"boolValue": False},
            }
        },
        "timeEvents": {
            "timeEvent": [
                {"time": "2026-05-04T10:00:00.1Z", "annotation": {"description": {"value": "retry"}}}
            ]
        },
    }
    (row,) = read(json.dumps({"spans": [span]}).encode()).rows
    assert (row["trace_id"], row["span_id"], row["parent_span_id"]) == (TRACE, SPAN, "00f067aa0ba902b7")
    assert (row["name"], row["kind"], row["duration_ms"], row["error"]) == (
        "GET /cart",
        "server",
        250.0,
        True,
    )
    assert (row["status_message"], row["http.response.status_code"]) == ("unavailable", 503)
    assert (row["tier"], row["cached"], row["events"][0]["name"]) == ("gold", False, "retry")
