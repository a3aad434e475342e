"""Spans as the Collector, Jaeger, Zipkin and Tempo write them."""

from __future__ import annotations

from tests.readers.posted_shapes.made import (
    AT,
    PARENT,
    SPAN,
    START,
    TRACE,
    attribute,
    lines,
    resource_spans,
    span,
    text,
)
from tests.readers.posted_shapes.shape import Shape

_SERVER = {
    "timestamp": AT,
    "duration_ms": 250.0,
    "kind": "server",
    "trace_id": TRACE,
    "span_id": SPAN,
    "parent_span_id": PARENT,
    "service.name": "shop",
    "status_code": "ERROR",
    "error": True,
}

_LONG = {"low": START & 0xFFFFFFFF, "high": START >> 32, "unsigned": True}

_LONG_END = {"low": (START + 250_000_000) & 0xFFFFFFFF, "high": (START + 250_000_000) >> 32, "unsigned": True}

_JAEGER_PROTO = {
    "spans": [
        {
            "traceId": "fRwOX6K5TDyObxorPE1ebw==",
            "spanId": "obLD1OX2Bxg=",
            "operationName": "GET /cart",
            "references": [
                {"traceId": "fRwOX6K5TDyObxorPE1ebw==", "spanId": "w9Tl9gcYKTo=", "refType": "CHILD_OF"}
            ],
            "flags": 1,
            "startTime": "2026-05-04T10:00:00Z",
            "duration": "0.250s",
            "tags": [
                {"key": "span.kind", "vType": "STRING", "vStr": "server"},
                {"key": "error", "vType": "BOOL", "vBool": True},
            ],
            "process": {"serviceName": "shop"},
        }
    ]
}

_JAEGER_ES = {
    "_index": "jaeger-span-2026-05-04",
    "_type": "span",
    "_id": "AV1",
    "_score": 1,
    "_source": {
        "traceID": TRACE,
        "spanID": SPAN,
        "flags": 1,
        "operationName": "GET /cart",
        "references": [{"refType": "CHILD_OF", "traceID": TRACE, "spanID": PARENT}],
        "startTime": START // 1000,
        "startTimeMillis": START // 1_000_000,
        "duration": 250_000,
        "tags": [
            {"key": "span.kind", "type": "string", "value": "server"},
            {"key": "error", "type": "bool", "value": "true"},
        ],
        "logs": [],
        "process": {"serviceName": "shop", "tags": []},
    },
}

_ZIPKIN = {
    "traceId": TRACE,
    "parentId": PARENT,
    "id": SPAN,
    "kind": "SERVER",
    "name": "get /cart",
    "timestamp": START // 1000,
    "duration": 250_000,
    "localEndpoint": {"serviceName": "shop", "ipv4": "192.0.2.7"},
    "tags": {"http.path": "/cart", "error": "out of stock"},
}

_TEMPO_SEARCH = {
    "traces": [
        {
            "traceID": TRACE,
            "rootServiceName": "shop",
            "rootTraceName": "GET /cart",
            "startTimeUnixNano": str(START),
            "durationMs": 250,
            "spanSet": {
                "spans": [
                    {
                        "spanID": SPAN,
                        "startTimeUnixNano": str(START),
                        "durationNanos": "250000000",
                        "attributes": [attribute("service.name", "shop")],
                    }
                ],
                "matched": 1,
            },
        }
    ],
    "metrics": {"inspectedTraces": 41, "inspectedBytes": "9912"},
}

SHAPES = [
    Shape(
        "Collector, file exporter, enums as numbers",
        "documentation of the Collector's file exporter",
        lines({"resourceSpans": [resource_spans(span())]}),
        [_SERVER],
    ),
    Shape(
        "OTLP JSON, enums as names",
        "https://github.com/open-telemetry/opentelemetry-proto/issues/268",
        text(
            {
                "resourceSpans": [
                    resource_spans(span(kind="SPAN_KIND_SERVER", status={"code": "STATUS_CODE_ERROR"}))
                ]
            },
            2,
        ),
        [_SERVER],
    ),
    Shape(
        "Collector before 0.47: instrumentationLibrarySpans",
        "documentation of OTLP 0.9",
        lines(
            {
                "resourceSpans": [
                    {
                        "resource": {"attributes": [attribute("service.name", "shop")]},
                        "instrumentationLibrarySpans": [
                            {"instrumentationLibrary": {"name": "cart"}, "spans": [span()]}
                        ],
                    }
                ]
            }
        ),
        [_SERVER],
    ),
    Shape(
        "OTLP JSON of JavaScript, times as halves of 64 bits",
        "https://github.com/open-telemetry/opentelemetry-js/issues/4216",
        text(
            {
                "resourceSpans": [
                    resource_spans(span(startTimeUnixNano=_LONG, endTimeUnixNano=_LONG_END)),
                ]
            }
        ),
        [_SERVER],
    ),
    Shape(
        "Jaeger, gRPC API v2 as JSON",
        "documentation of Jaeger, model.proto",
        text(_JAEGER_PROTO, 2),
        [_SERVER | {"status_code": "ERROR"}],
    ),
    Shape(
        "Jaeger, API v3",
        "documentation of Jaeger, api_v3",
        text({"result": {"resourceSpans": [resource_spans(span())]}}),
        [_SERVER],
    ),
    Shape(
        "Jaeger, API v3, a result per line",
        "documentation of Jaeger, api_v3",
        lines(*[{"result": {"resourceSpans": [resource_spans(span())]}}] * 2),
        [_SERVER, _SERVER],
    ),
    Shape(
        "Jaeger in Elasticsearch, a dump",
        "documentation of elasticdump and Jaeger",
        lines(_JAEGER_ES, _JAEGER_ES),
        [_SERVER | {"status_code": "ERROR"}] * 2,
    ),
    Shape(
        "Zipkin 2, list of traces",
        "documentation of Zipkin, /api/v2/traces",
        text([[_ZIPKIN]]),
        [_SERVER | {"status_code": "ERROR"}],
    ),
    Shape(
        "Zipkin in Elasticsearch",
        "documentation of Zipkin, zipkin-storage/elasticsearch",
        text(
            {
                "took": 4,
                "hits": {
                    "total": 1,
                    "hits": [
                        {
                            "_index": "zipkin-span-2026-05-04",
                            "_id": "x",
                            "_source": {
                                "timestamp_millis": START // 1_000_000,
                                "_q": ["error", "http.path=/cart"],
                                **_ZIPKIN,
                            },
                        }
                    ],
                },
            }
        ),
        [_SERVER | {"status_code": "ERROR"}],
    ),
    Shape(
        "Zipkin in Elasticsearch, a dump",
        "documentation of Zipkin, zipkin-storage/elasticsearch",
        lines(
            *[
                {
                    "_index": "zipkin-span-2026-05-04",
                    "_id": "x",
                    "_source": {"timestamp_millis": START // 1_000_000, **_ZIPKIN},
                }
            ]
            * 2
        ),
        [_SERVER | {"status_code": "ERROR"}] * 2,
    ),
    Shape(
        "Tempo, API",
        "documentation of Tempo, /api/traces",
        text({"batches": [resource_spans(span())]}),
        [_SERVER],
    ),
    Shape(
        "Tempo, API v2",
        "documentation of Tempo, /api/v2/traces",
        text({"trace": {"resourceSpans": [resource_spans(span())]}, "metrics": {}}),
        [_SERVER],
    ),
    Shape(
        "Tempo, search response",
        "https://gist.github.com/joe-elliott/67a085a3afffdfbd3b0cf244ab903b0d",
        text(_TEMPO_SEARCH, 2),
        refused="search",
    ),
]
