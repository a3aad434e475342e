"""Samples of spans and markers: tracing tools' documents and their lines."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.metamorphic.line_samples import objects
from tests.metamorphic.sample import Sample
from tests.metamorphic.world import Request, World
from tests.support import otlp_requests


def document(make: Callable[[list[Request]], Any]) -> Callable[[World], bytes]:
    """Return a writer of one JSON document."""
    return lambda world: json.dumps(make(world.requests())).encode() + b"\n"


def _otlp_span(one: Request) -> dict[str, Any]:
    start = one.epoch_us * 1000
    return {
        "traceId": one.trace_id,
        "spanId": one.span_id,
        "parentSpanId": one.parent_id,
        "name": f"{one.method} {one.path}",
        "kind": 2,
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(start + one.duration_us * 1000),
        "status": {"code": 2} if one.failed else {},
        "attributes": [
            {"key": "http.response.status_code", "value": {"intValue": str(one.status)}},
            {"key": "client.address", "value": {"stringValue": one.client}},
        ],
    }


def _otlp(requests: list[Request]) -> dict[str, Any]:
    service = {"key": "service.name", "value": {"stringValue": "shop"}}
    spans = [_otlp_span(one) for one in requests]
    return {
        "resourceSpans": [
            {"resource": {"attributes": [service]}, "scopeSpans": [{"scope": {"name": "s"}, "spans": spans}]}
        ]
    }


def _otlp_protobuf(world: World) -> bytes:
    made: bytes = otlp_requests.protobuf(_otlp(world.requests()))
    return made


def _jaeger(requests: list[Request]) -> dict[str, Any]:
    spans = [
        {
            "traceID": one.trace_id,
            "spanID": one.span_id,
            "operationName": f"{one.method} {one.path}",
            "references": [{"refType": "CHILD_OF", "traceID": one.trace_id, "spanID": one.parent_id}]
            if one.parent_id
            else [],
            "startTime": one.epoch_us,
            "duration": one.duration_us,
            "tags": [{"key": "http.status_code", "type": "int64", "value": one.status}],
            "logs": [],
            "processID": "p1",
        }
        for one in requests
    ]
    processes = {"p1": {"serviceName": "shop", "tags": []}}
    traces = [
        {"traceID": trace, "spans": [one for one in spans if one["traceID"] == trace], "processes": processes}
        for trace in dict.fromkeys(one["traceID"] for one in spans)
    ]
    return {"data": traces, "total": 0, "limit": 0, "offset": 0, "errors": None}


def _zipkin(one: Request) -> dict[str, Any]:
    return {
        "traceId": one.trace_id,
        "id": one.span_id,
        **({"parentId": one.parent_id} if one.parent_id else {}),
        "kind": "SERVER",
        "name": f"{one.method} {one.path}".lower(),
        "timestamp": one.epoch_us,
        "duration": one.duration_us,
        "localEndpoint": {"serviceName": one.service},
        "tags": {"http.status_code": str(one.status)},
    }


def _honeycomb(one: Request) -> dict[str, Any]:
    data = {
        "trace.trace_id": one.trace_id,
        "trace.span_id": one.span_id,
        "name": one.path,
        "duration_ms": one.ms,
        "service_name": one.service,
        "http.status_code": one.status,
    }
    return {"time": one.iso, "samplerate": 4, "data": data}


def _clickhouse(one: Request) -> dict[str, Any]:
    return {
        "Timestamp": one.time.strftime("%Y-%m-%d %H:%M:%S.%f") + "000",
        "TraceId": one.trace_id,
        "SpanId": one.span_id,
        "ParentSpanId": one.parent_id,
        "SpanName": one.path,
        "SpanKind": "Server",
        "ServiceName": one.service,
        "ResourceAttributes": {"service.name": one.service},
        "SpanAttributes": {"http.response.status_code": str(one.status)},
        "Duration": one.duration_us * 1000,
        "StatusCode": "Error" if one.failed else "Unset",
        "StatusMessage": "",
    }


def _cdevent(one: Request) -> dict[str, Any]:
    context = {"id": one.span_id, "type": "dev.cdevents.service.deployed.0.3.0", "timestamp": one.iso}
    content = {"environment": {"id": "production"}, "artifactId": f"pkg:oci/shop@sha256:{one.number}"}
    return {"context": context, "subject": {"id": one.service, "content": content}}


def _cloudevent(one: Request) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": one.span_id,
        "source": "/ci",
        "type": "shop.deployed",
        "time": one.iso,
        "data": {"n": one.number},
    }


def _github(one: Request) -> dict[str, Any]:
    return {
        "deployment": {
            "id": one.number,
            "sha": f"{one.number:040x}",
            "ref": f"2.4.{one.number}",
            "created_at": one.time.strftime("%Y-%m-%dT%H:%M:%SZ"),
        },
        "repository": {"full_name": "shop/booking"},
        "sender": {"login": "ann"},
    }


def _gitlab(one: Request) -> dict[str, Any]:
    return {
        "object_kind": "deployment",
        "status": "failed" if one.failed else "success",
        "status_changed_at": one.time.strftime("%Y-%m-%d %H:%M:%S +0000"),
        "deployment_id": one.number,
        "environment": "production",
        "short_sha": f"{one.number:08x}",
    }


def _argocd(one: Request) -> dict[str, Any]:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": f"booking-{one.number}"},
        "spec": {"destination": {"namespace": "shop"}},
        "status": {
            "history": [
                {
                    "id": one.number,
                    "revision": f"{one.number:040x}",
                    "deployedAt": one.time.strftime("%Y-%m-%dT%H:%M:%SZ"),
                }
            ]
        },
    }


def _kubernetes(one: Request) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"booking.{one.number:x}", "namespace": "shop"},
        "involvedObject": {"kind": "Pod", "name": f"booking-{one.number}", "namespace": "shop"},
        "reason": "BackOff" if one.failed else "Pulled",
        "message": f"message {one.number}",
        "type": "Warning" if one.failed else "Normal",
        "lastTimestamp": one.time.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


SAMPLES = (
    Sample("OTLP JSON", "requests", "traces.jsonl", objects(lambda one: _otlp([one]))),
    Sample("OTLP JSON", "document", "traces.json", document(_otlp), "document"),
    Sample("OTLP protobuf", "", "traces.pb", _otlp_protobuf, "binary"),
    Sample("Jaeger", "", "jaeger.json", document(_jaeger), "document"),
    Sample("Zipkin", "", "zipkin.json", document(lambda all_: [_zipkin(one) for one in all_]), "document"),
    Sample("Zipkin", "lines", "zipkin.jsonl", objects(_zipkin)),
    Sample(
        "Honeycomb", "", "batch.json", document(lambda all_: [_honeycomb(one) for one in all_]), "document"
    ),
    Sample("Honeycomb", "lines", "batch.jsonl", objects(_honeycomb), zone=True),
    Sample("ClickHouse JSONEachRow", "", "otel_traces.jsonl", objects(_clickhouse)),
    Sample("CDEvents", "", "cdevents.jsonl", objects(_cdevent), zone=True),
    Sample("CloudEvents", "", "cloudevents.jsonl", objects(_cloudevent), zone=True),
    Sample("GitHub deployments", "", "github.jsonl", objects(_github)),
    Sample("GitLab deployments", "", "gitlab.jsonl", objects(_gitlab)),
    Sample("Argo CD", "", "argocd.jsonl", objects(_argocd)),
    Sample("Kubernetes events", "", "events.jsonl", objects(_kubernetes)),
)
