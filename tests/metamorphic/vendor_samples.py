"""Samples of vendors' spans and logs, in the shapes that their documentation describes."""

from __future__ import annotations

import json
from typing import Any

from tests.metamorphic.line_samples import objects
from tests.metamorphic.sample import Sample
from tests.metamorphic.span_samples import document
from tests.metamorphic.world import Request, World


def _xray(one: Request) -> dict[str, Any]:
    return {
        "id": one.span_id,
        "name": one.service,
        "trace_id": f"1-{one.trace_id[:8]}-{one.trace_id[8:]}",
        "start_time": one.epoch_us / 1e6,
        "end_time": (one.epoch_us + one.duration_us) / 1e6,
        "http": {
            "request": {"method": one.method, "url": f"https://shop.example{one.path}"},
            "response": {"status": one.status},
        },
        "error": 400 <= one.status < 500,
        "fault": one.failed,
    }


def _xray_answer(requests: list[Request]) -> dict[str, Any]:
    return {
        "Traces": [
            {
                "Id": _xray(one)["trace_id"],
                "Duration": one.ms / 1000,
                "Segments": [{"Id": one.span_id, "Document": json.dumps(_xray(one))}],
            }
            for one in requests
        ]
    }


def _datadog(requests: list[Request]) -> list[Any]:
    return [
        [
            {
                "trace_id": int(one.trace_id[16:], 16),
                "span_id": int(one.span_id, 16),
                "parent_id": int(one.parent_id, 16) if one.parent_id else 0,
                "service": one.service,
                "name": "web.request",
                "resource": f"{one.method} {one.path}",
                "type": "web",
                "start": one.epoch_us * 1000,
                "duration": one.duration_us * 1000,
                "error": int(one.failed),
                "meta": {"http.status_code": str(one.status), "span.kind": "server"},
                "metrics": {"_sampling_priority_v1": 1},
            }
        ]
        for one in requests
    ]


def _apm(one: Request) -> dict[str, Any]:
    return {
        "@timestamp": one.iso,
        "processor": {"event": "transaction", "name": "transaction"},
        "trace": {"id": one.trace_id},
        "transaction": {
            "id": one.span_id,
            "name": f"{one.method} {one.path}",
            "type": "request",
            "duration": {"us": one.duration_us},
            "sampled": True,
        },
        "timestamp": {"us": one.epoch_us},
        "event": {"outcome": "failure" if one.failed else "success"},
        "service": {"name": one.service},
        "http": {"request": {"method": one.method}, "response": {"status_code": one.status}},
    }


def _apm_hits(requests: list[Request]) -> dict[str, Any]:
    hits = [{"_index": "apm-7.17-transaction", "_id": one.span_id, "_source": _apm(one)} for one in requests]
    return {"took": 1, "timed_out": False, "hits": {"total": {"value": len(hits)}, "hits": hits}}


def _gcp(one: Request) -> dict[str, Any]:
    return {
        "logName": "projects/shop/logs/run.googleapis.com%2Frequests",
        "timestamp": one.iso,
        "severity": one.level.replace("WARN", "WARNING"),
        "insertId": f"id{one.number}",
        "httpRequest": {
            "requestMethod": one.method,
            "requestUrl": f"https://shop.example{one.path}",
            "status": one.status,
            "responseSize": str(one.size),
            "latency": f"{one.duration_us / 1e6:.6f}s",
            "remoteIp": one.client,
        },
        "resource": {"type": "cloud_run_revision", "labels": {"service_name": one.service}},
        "trace": f"projects/shop/traces/{one.trace_id}",
        "spanId": one.span_id,
    }


def _gcp_trace(requests: list[Request]) -> dict[str, Any]:
    traces: dict[str, list[dict[str, Any]]] = {}
    for one in requests:
        traces.setdefault(one.trace_id, []).append(
            {
                "spanId": str(int(one.span_id, 16)),
                "kind": "RPC_SERVER",
                "name": one.path,
                "startTime": one.iso,
                "endTime": one.end.isoformat().replace("+00:00", "Z"),
                "labels": {"/http/status_code": str(one.status), "/http/method": one.method},
            }
        )
    return {
        "traces": [{"projectId": "shop", "traceId": trace, "spans": spans} for trace, spans in traces.items()]
    }


def _insights(one: Request) -> dict[str, Any]:
    return {
        "time": one.iso,
        "Type": "AppRequests",
        "Name": f"{one.method} {one.path}",
        "Id": one.span_id,
        "OperationId": one.trace_id,
        "ResultCode": str(one.status),
        "Success": not one.failed,
        "DurationMs": one.ms,
        "AppRoleName": one.service,
        "ItemCount": 1,
    }


def _console(one: Request) -> dict[str, Any]:
    stamp = "%Y-%m-%dT%H:%M:%S.%fZ"
    return {
        "name": f"{one.method} {one.path}",
        "context": {"trace_id": f"0x{one.trace_id}", "span_id": f"0x{one.span_id}", "trace_state": "[]"},
        "kind": "SpanKind.SERVER",
        "parent_id": f"0x{one.parent_id}" if one.parent_id else None,
        "start_time": one.time.strftime(stamp),
        "end_time": one.end.strftime(stamp),
        "status": {"status_code": "ERROR" if one.failed else "UNSET"},
        "attributes": {"http.response.status_code": one.status},
        "events": [],
        "links": [],
        "resource": {"attributes": {"service.name": one.service}, "schema_url": ""},
    }


def _console_text(world: World) -> bytes:
    return "".join(json.dumps(_console(one), indent=4) + "\n" for one in world.requests()).encode()


def _export(requests: list[Request]) -> dict[str, Any]:
    rows = [
        {"timestamp": one.iso, "level": one.level, "message": f"request {one.number}", "status": one.status}
        for one in requests
    ]
    return {"logs": rows}


def _export_list(requests: list[Request]) -> list[Any]:
    rows: list[Any] = _export(requests)["logs"]
    return rows


SAMPLES = (
    Sample("JSON document", "envelope", "logs.json", document(_export), "document"),
    Sample("JSON document", "list", "logs.json", document(_export_list), "document"),
    Sample("AWS X-Ray", "", "segments.jsonl", objects(_xray)),
    Sample("AWS X-Ray", "answer", "traces.json", document(_xray_answer), "document"),
    Sample("Datadog", "", "datadog.json", document(_datadog), "document"),
    Sample("Elastic APM", "", "apm.jsonl", objects(_apm)),
    Sample("Elastic APM", "hits", "hits.json", document(_apm_hits), "document"),
    Sample("Google Cloud Logging", "", "entries.jsonl", objects(_gcp), zone=True),
    Sample(
        "Google Cloud Logging",
        "list",
        "entries.json",
        document(lambda all_: [_gcp(one) for one in all_]),
        "document",
    ),
    Sample("Google Cloud Trace", "", "traces.json", document(_gcp_trace), "document"),
    Sample("Application Insights", "", "insights.jsonl", objects(_insights), zone=True),
    Sample("OpenTelemetry console", "", "spans.jsonl", objects(_console)),
    Sample("OpenTelemetry console", "text", "out.log", _console_text, "document"),
)
