"""Spans and logs as stores of telemetry export them: Grafana, Honeycomb, SigNoz, Splunk and others."""

from __future__ import annotations

from tests.readers.posted_shapes.made import AT, PARENT, SPAN, START, TRACE, lines, text
from tests.readers.posted_shapes.shape import Shape

_FAILED = {"timestamp": AT, "duration_ms": 250.0, "error": True}

_SERVER = {
    **_FAILED,
    "kind": "server",
    "trace_id": TRACE,
    "span_id": SPAN,
    "parent_span_id": PARENT,
    "service.name": "shop",
}

_DYNATRACE = {
    "state": "SUCCEEDED",
    "progress": 100,
    "result": {
        "records": [
            {
                "start_time": "2026-05-04T10:00:00.000000000Z",
                "end_time": "2026-05-04T10:00:00.250000000Z",
                "duration": "250000000",
                "span.name": "GET /cart",
                "span.kind": "server",
                "trace.id": TRACE,
                "span.id": SPAN,
                "span.parent_id": PARENT,
                "request.is_failed": True,
                "dt.entity.service": "SERVICE-41",
            }
        ],
        "types": [{"indexRange": [0, 0], "mappings": {"duration": {"type": "duration"}}}],
        "metadata": {"grail": {"query": "fetch spans"}},
    },
}

_DYNATRACE_LOG = {
    "results": [
        {
            "timestamp": 1777888800000,
            "status": "ERROR",
            "content": "out of stock",
            "eventType": "LOG",
            "additionalColumns": {"loglevel": ["ERROR"], "host.name": ["web-1"], "trace_id": [TRACE]},
        }
    ],
    "sliceSize": 100,
    "nextSliceKey": None,
}

_LIGHTSTEP = {
    "data": [
        {
            "type": "stored-traces",
            "id": "x",
            "attributes": {
                "spans": [
                    {
                        "span-name": "GET /cart",
                        "span-id": SPAN,
                        "trace-id": TRACE,
                        "start-time-micros": START // 1000,
                        "end-time-micros": START // 1000 + 250_000,
                        "is-error": True,
                        "reporter-id": "r1",
                        "tags": {"parent_span_guid": PARENT},
                    }
                ]
            },
            "relationships": {"reporters": [{"reporter-id": "r1", "attributes": {"component": "shop"}}]},
        }
    ]
}

_OPENOBSERVE = {
    "took": 12,
    "hits": [
        {
            "_timestamp": START // 1000,
            "duration": 250_000,
            "start_time": START,
            "end_time": START + 250_000_000,
            "flags": 1,
            "operation_name": "GET /cart",
            "reference_parent_span_id": PARENT,
            "reference_parent_trace_id": TRACE,
            "reference_ref_type": "ChildOf",
            "service_name": "shop",
            "span_id": SPAN,
            "span_kind": "2",
            "span_status": "ERROR",
            "trace_id": TRACE,
        }
    ],
    "total": 1,
    "from": 0,
    "size": 10,
    "scan_size": 1,
}

_HONEYCOMB_CSV = (
    "Timestamp,name,service.name,duration_ms,trace.trace_id,trace.span_id,trace.parent_id,error,SampleRate\n"
    f"2026-05-04T10:00:00Z,GET /cart,shop,250,{TRACE},{SPAN},{PARENT},true,10\n"
    f"2026-05-04T10:00:01Z,GET /cart,shop,12.5,{TRACE},b2c3d4e5f6071829,{SPAN},,10\n"
)

_SIGNOZ_CSV = (
    "timestamp,serviceName,name,durationNano,httpMethod,responseStatusCode,hasError,traceID,spanID\n"
    f"2026-05-04T10:00:00Z,shop,GET /cart,250000000,GET,503,true,{TRACE},{SPAN}\n"
    f"2026-05-04T10:00:01Z,shop,GET /cart,12500000,GET,200,false,{TRACE},b2c3d4e5f6071829\n"
)

_SIGNOZ_JSON = lines(
    {
        "timestamp": "2026-05-04T10:00:00Z",
        "data": {
            "durationNano": 250000000,
            "hasError": True,
            "name": "GET /cart",
            "serviceName": "shop",
            "spanID": SPAN,
            "traceID": TRACE,
        },
    }
)

_HYPERDX = (
    '"Timestamp","ServiceName","StatusCode","Duration","SpanName","TraceId","SpanId","ParentSpanId","SpanKind"\n'
    f'"2026-05-04T10:00:00Z","shop","Error","250000000","GET /cart","{TRACE}","{SPAN}","{PARENT}","Server"\n'
    f'"2026-05-04T10:00:01Z","shop","Unset","12500000","GET /cart","{TRACE}","b2c3d4e5f6071829","{SPAN}","Client"\n'
)

_GRAFANA_TRACE = (
    '"traceID","spanID","parentSpanID","operationName","serviceName","kind","statusCode","statusMessage",'
    '"startTime","duration"\n'
    f"{TRACE},{SPAN},{PARENT},GET /cart,shop,server,2,out of stock,1777888800000,250\n"
    f"{TRACE},b2c3d4e5f6071829,{SPAN},SELECT,shop,client,0,,1777888800100,12.5\n"
)

_LOKI = {
    "status": "success",
    "data": {
        "resultType": "streams",
        "result": [
            {
                "stream": {"app": "shop", "level": "error"},
                "values": [["1777888800000000000", "out of stock"], ["1777888801000000000", "sold out"]],
            }
        ],
        "stats": {},
    },
}

_CLOUDWATCH_CSV = (
    "@timestamp,@message,@logStream\n"
    '2026-05-04 10:00:00.000,"{""level"":""error"",""msg"":""out of stock"",""duration_ms"":250}",web/1\n'
    '2026-05-04 10:00:01.000,"{""level"":""info"",""msg"":""ok"",""duration_ms"":12.5}",web/1\n'
)

_SPLUNK_JSON = lines(
    {
        "preview": False,
        "offset": 0,
        "result": {"_time": "2026-05-04T10:00:00.000+00:00", "_raw": "out of stock", "host": "web-1"},
    },
    {
        "preview": False,
        "offset": 1,
        "lastrow": True,
        "result": {"_time": "2026-05-04T10:00:01.000+00:00", "_raw": "sold out", "host": "web-1"},
    },
)

SHAPES = [
    Shape(
        "Dynatrace, spans of Grail",
        "documentation of Dynatrace, DQL: fetch spans",
        text(_DYNATRACE),
        [
            _FAILED
            | {
                "kind": "server",
                "trace_id": TRACE,
                "span_id": SPAN,
                "parent_span_id": PARENT,
                "name": "GET /cart",
            }
        ],
    ),
    Shape(
        "Dynatrace, logs of API v2",
        "documentation of Dynatrace, /api/v2/logs/search",
        text(_DYNATRACE_LOG),
        [{"timestamp": AT, "severity_text": "ERROR", "error": True, "duration_ms": None}],
    ),
    Shape(
        "Lightstep, stored traces",
        "documentation of Lightstep (Cloud Observability), stored-traces",
        text(_LIGHTSTEP),
        refused="Lightstep",
    ),
    Shape(
        "OpenObserve, search of traces",
        "documentation of OpenObserve, _search",
        text(_OPENOBSERVE),
        [_SERVER | {"duration_ms": None, "duration": 250000, "kind": None, "span_kind": "2"}],
        notes=["duration has no unit"],
    ),
    Shape(
        "Honeycomb, results as CSV",
        "documentation of Honeycomb, download of query results",
        _HONEYCOMB_CSV,
        [
            _FAILED
            | {
                "trace_id": TRACE,
                "span_id": SPAN,
                "parent_span_id": PARENT,
                "sample_weight": 10.0,
                "kind": None,
            },
            {"timestamp": "2026-05-04T10:00:01Z", "duration_ms": 12.5, "error": False},
        ],
    ),
    Shape(
        "SigNoz, traces explorer as CSV",
        "documentation of SigNoz, traces explorer",
        _SIGNOZ_CSV,
        [
            _FAILED | {"trace_id": TRACE, "span_id": SPAN, "service.name": "shop"},
            {"timestamp": "2026-05-04T10:00:01Z", "duration_ms": 12.5, "error": False},
        ],
    ),
    Shape(
        "SigNoz, rows of the query API",
        "documentation of SigNoz, /api/v3/query_range",
        _SIGNOZ_JSON,
        [_FAILED | {"trace_id": TRACE, "span_id": SPAN}],
    ),
    Shape(
        "HyperDX, search as CSV",
        "documentation of HyperDX, download of search results",
        _HYPERDX,
        [
            _SERVER | {"status_code": "ERROR", "duration_ms": None, "Duration": 250000000},
            {"timestamp": "2026-05-04T10:00:01Z", "duration_ms": None, "error": False, "kind": "client"},
        ],
        notes=["Duration has no unit"],
    ),
    Shape(
        "Grafana, inspected data of a trace",
        "documentation of Grafana, structure of trace data frames",
        _GRAFANA_TRACE,
        [
            _SERVER | {"duration_ms": 250.0, "status_code": "ERROR"},
            {"timestamp": "2026-05-04T10:00:00.100Z", "duration_ms": 12.5, "error": False, "kind": "client"},
        ],
    ),
    Shape(
        "Loki, query_range",
        "documentation of Loki, /loki/api/v1/query_range",
        text(_LOKI),
        [
            {"timestamp": AT, "body": "out of stock", "error": True},
            {"timestamp": "2026-05-04T10:00:01Z", "body": "sold out", "error": True},
        ],
    ),
    Shape(
        "CloudWatch Logs Insights as CSV",
        "documentation of CloudWatch Logs Insights, export results",
        _CLOUDWATCH_CSV,
        [{"timestamp": AT}, {"timestamp": "2026-05-04T10:00:01Z"}],
    ),
    Shape(
        "Splunk, exported results as JSON",
        "documentation of Splunk, search/jobs/export",
        _SPLUNK_JSON,
        [
            {"timestamp": AT, "host.name": "web-1"},
            {"timestamp": "2026-05-04T10:00:01Z"},
        ],
    ),
    Shape(
        "Grafana Explore, logs downloaded as JSON",
        "documentation of Grafana, download logs",
        text(
            [
                {
                    "line": "out of stock",
                    "timestamp": str(START),
                    "date": "2026-05-04T10:00:00.000Z",
                    "fields": {"app": "shop", "level": "error", "traceID": TRACE},
                },
                {
                    "line": "ok",
                    "timestamp": str(START),
                    "date": AT,
                    "fields": {"app": "shop", "level": "info"},
                },
            ]
        ),
        [
            {
                "timestamp": AT,
                "body": "out of stock",
                "error": True,
                "trace_id": TRACE,
                "service.name": "shop",
            },
            {"timestamp": AT, "body": "ok", "error": False},
        ],
    ),
]
