"""Small files of vendors' formats of spans and logs, for `format_samples`."""

from __future__ import annotations

import json
from typing import Any

_TRACE_ID, _SPAN_ID = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
_CONSOLE = {
    "name": "POST /book",
    "context": {"trace_id": f"0x{_TRACE_ID}", "span_id": f"0x{_SPAN_ID}", "trace_state": "[]"},
    "kind": "SpanKind.SERVER",
    "parent_id": None,
    "start_time": "2026-05-04T10:00:00.000000Z",
    "end_time": "2026-05-04T10:00:00.812000Z",
    "status": {"status_code": "UNSET"},
    "attributes": {"http.route": "/book"},
    "events": [],
    "links": [],
    "resource": {"attributes": {"service.name": "gateway"}, "schema_url": ""},
}
_XRAY = {
    "id": _SPAN_ID,
    "name": "gateway",
    "start_time": 1_777_888_800.0,
    "end_time": 1_777_888_800.812,
    "trace_id": f"1-{_TRACE_ID[:8]}-{_TRACE_ID[8:]}",
    "fault": True,
}
_DATADOG = {
    "trace_id": 41,
    "span_id": 42,
    "parent_id": 0,
    "name": "web.request",
    "resource": "POST /book",
    "service": "gateway",
    "start": 1_777_888_800_000_000_000,
    "duration": 812_000_000,
    "error": 0,
    "meta": {"http.status_code": "200"},
}
_ELASTIC_APM = {
    "@timestamp": "2026-05-04T10:00:00.000Z",
    "processor": {"event": "transaction", "name": "transaction"},
    "trace": {"id": _TRACE_ID},
    "transaction": {"id": _SPAN_ID, "name": "POST /book", "type": "request", "duration": {"us": 812_000}},
    "event": {"outcome": "success"},
    "service": {"name": "gateway"},
}
_CLOUD_LOGGING = {
    "insertId": "41",
    "logName": "projects/shop/logs/stdout",
    "timestamp": "2026-05-04T10:00:00.000000Z",
    "severity": "ERROR",
    "textPayload": "no seat left",
    "resource": {"type": "k8s_container", "labels": {"pod_name": "booking-7"}},
}
_CLOUD_TRACE = {
    "projectId": "shop",
    "traceId": _TRACE_ID,
    "spans": [
        {
            "spanId": "42",
            "kind": "RPC_SERVER",
            "name": "/book",
            "startTime": "2026-05-04T10:00:00Z",
            "endTime": "2026-05-04T10:00:00.812Z",
        }
    ],
}
_APP_INSIGHTS = {
    "time": "2026-05-04T10:00:00.000Z",
    "Type": "AppRequests",
    "Id": _SPAN_ID,
    "OperationId": _TRACE_ID,
    "Name": "POST /book",
    "DurationMs": 812,
    "Success": True,
}


def _line(item: dict[str, Any]) -> bytes:
    return json.dumps(item, separators=(",", ":")).encode() + b"\n"


VENDORS: dict[str, bytes] = {
    "OpenTelemetry console": json.dumps(_CONSOLE, indent=4).encode() + b"\n",
    "Datadog": json.dumps([[_DATADOG]]).encode(),
    "AWS X-Ray": _line(_XRAY),
    "Elastic APM": _line(_ELASTIC_APM),
    "Google Cloud Logging": _line(_CLOUD_LOGGING),
    "Google Cloud Trace": _line(_CLOUD_TRACE),
    "Application Insights": _line(_APP_INSIGHTS),
}
"""Name of a reader -> a file of its format."""
