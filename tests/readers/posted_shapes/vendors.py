"""Spans, requests and logs as large vendors' products export them."""

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

_DATADOG_UI = {
    "trace": {
        "root_id": "41",
        "spans": {
            "41": {
                "trace_id": "77",
                "span_id": "41",
                "parent_id": "0",
                "start": 1777888800.0,
                "end": 1777888800.25,
                "duration": 0.25,
                "type": "web",
                "service": "shop",
                "name": "web.request",
                "resource": "GET /cart",
                "resource_hash": "41af",
                "host_id": 7,
                "env": "prod",
                "meta": {"http.status_code": "503"},
                "metrics": {"_dd.measured": 1},
                "ingestion_reason": "auto",
                "error": 1,
                "children_ids": [],
            }
        },
    },
    "orphaned": [],
}

_DATADOG_API = {
    "data": [
        {
            "id": "AQAAA",
            "type": "spans",
            "attributes": {
                "trace_id": TRACE,
                "span_id": "41",
                "parent_id": "0",
                "start_timestamp": "2026-05-04T10:00:00.000Z",
                "end_timestamp": "2026-05-04T10:00:00.250Z",
                "service": "shop",
                "operation_name": "web.request",
                "resource_name": "GET /cart",
                "status": "error",
                "env": "prod",
                "type": "web",
                "single_span": False,
                "retained_by": "diversity_sampling",
                "custom": {"duration": 250000000, "http": {"status_code": "503"}},
                "tags": ["env:prod"],
            },
        }
    ],
    "meta": {"elapsed": 10, "status": "done"},
}

_DATADOG_LOG = {
    "data": [
        {
            "id": "AwAAA",
            "type": "log",
            "attributes": {
                "service": "shop",
                "host": "web-1",
                "message": "out of stock",
                "status": "error",
                "timestamp": "2026-05-04T10:00:00.000Z",
                "tags": ["env:prod"],
                "attributes": {"duration": 250000000, "http": {"status_code": 503}},
            },
        }
    ],
    "meta": {"page": {"after": "x"}},
}

_XRAY_SUMMARY = {
    "TraceSummaries": [
        {
            "Id": "1-69f86ba0-a2b94c3c8e6f1a2b3c4d5e6f",
            "Duration": 0.25,
            "ResponseTime": 0.25,
            "HasFault": True,
            "HasError": False,
            "HasThrottle": False,
            "IsPartial": False,
            "Http": {"HttpURL": "http://shop.example/cart", "HttpStatus": 503, "HttpMethod": "GET"},
            "Annotations": {},
            "Users": [],
            "ServiceIds": [{"Name": "shop", "Names": ["shop"], "Type": "AWS::EC2::Instance"}],
        }
    ],
    "TracesProcessedCount": 1,
    "ApproximateTime": 1777888860.0,
}

_ELASTIC_V8 = {
    "_index": ".ds-traces-apm-default-2026.05.04-000001",
    "_id": "x",
    "_score": 1,
    "_source": {
        "@timestamp": "2026-05-04T10:00:00.000Z",
        "agent": {"name": "java", "version": "1.50.0"},
        "data_stream": {"type": "traces", "dataset": "apm", "namespace": "default"},
        "event": {"outcome": "failure", "success_count": 0},
        "http": {"response": {"status_code": 503}},
        "processor": {"event": "transaction"},
        "service": {"name": "shop"},
        "timestamp": {"us": START // 1000},
        "trace": {"id": TRACE},
        "parent": {"id": PARENT},
        "transaction": {
            "id": SPAN,
            "name": "GET /cart",
            "type": "request",
            "duration": {"us": 250_000},
            "sampled": True,
            "representative_count": 10,
        },
    },
}

_ELASTIC_CSV = (
    '"@timestamp","transaction.name","transaction.duration.us","trace.id","transaction.id","parent.id",'
    '"event.outcome","service.name","http.response.status_code"\n'
    f'"May 4, 2026 @ 10:00:00.000","GET /cart","250,000",{TRACE},{SPAN},{PARENT},failure,shop,503\n'
    f'"May 4, 2026 @ 10:00:01.000","GET /cart","12,500",{TRACE},{SPAN},{PARENT},success,shop,200\n'
)

_SENTRY = {
    "event_id": "fc0d8c0c43fc4630ad850ee518f1b9d0",
    "type": "transaction",
    "transaction": "/cart",
    "platform": "python",
    "start_timestamp": 1777888800.0,
    "timestamp": 1777888800.25,
    "contexts": {
        "trace": {
            "trace_id": TRACE,
            "span_id": SPAN,
            "parent_span_id": PARENT,
            "op": "http.server",
            "status": "internal_error",
        }
    },
    "spans": [
        {
            "span_id": "b2c3d4e5f6071829",
            "parent_span_id": SPAN,
            "trace_id": TRACE,
            "op": "db",
            "description": "SELECT 1",
            "start_timestamp": 1777888800.1,
            "timestamp": 1777888800.2,
            "status": "ok",
        }
    ],
    "measurements": {},
}

_SENTRY_ERROR = {
    "event_id": "fc0d8c0c43fc4630ad850ee518f1b9d0",
    "timestamp": "2026-05-04T10:00:00Z",
    "platform": "python",
    "level": "error",
    "logger": "shop.cart",
    "server_name": "web-1",
    "release": "shop@1.2.3",
    "message": "out of stock",
    "contexts": {"trace": {"trace_id": TRACE, "span_id": SPAN}},
    "exception": {"values": [{"type": "OutOfStock", "value": "sold out", "stacktrace": {"frames": []}}]},
}

_SENTRY_ENVELOPE = lines(
    {"event_id": _SENTRY["event_id"], "sent_at": "2026-05-04T10:00:01Z"}, {"type": "transaction"}, _SENTRY
)

_NEW_RELIC = {
    "results": [
        {
            "events": [
                {
                    "timestamp": 1777888800000,
                    "name": "WebTransaction/Go/cart",
                    "appName": "shop",
                    "duration": 0.25,
                    "error": True,
                    "httpResponseCode": "503",
                    "traceId": TRACE,
                }
            ]
        }
    ],
    "performanceStats": {"inspectedCount": 1},
    "metadata": {"eventTypes": ["Transaction"]},
}

_NEW_RELIC_SPANS = (
    "timestamp,duration.ms,name,trace.id,guid,parentId,span.kind,otel.status_code,entity.name\n"
    f"1777888800000,250,GET /cart,{TRACE},{SPAN},{PARENT},server,ERROR,shop\n"
    f"1777888801000,12.5,GET /cart,{TRACE},b2c3d4e5f6071829,{SPAN},client,OK,shop\n"
)

_INSIGHTS_TABLES = {
    "tables": [
        {
            "name": "PrimaryResult",
            "columns": [
                {"name": "timestamp", "type": "datetime"},
                {"name": "id", "type": "string"},
                {"name": "name", "type": "string"},
                {"name": "success", "type": "string"},
                {"name": "resultCode", "type": "string"},
                {"name": "duration", "type": "real"},
                {"name": "operation_Id", "type": "string"},
                {"name": "operation_ParentId", "type": "string"},
                {"name": "itemType", "type": "string"},
                {"name": "itemCount", "type": "int"},
                {"name": "cloud_RoleName", "type": "string"},
            ],
            "rows": [
                [AT, SPAN, "GET Cart", "False", "503", 250.0, TRACE, PARENT, "request", 10, "shop"],
                [AT, "b2", "GET Cart", "True", "404", 1.5, TRACE, PARENT, "request", 1, "shop"],
            ],
        }
    ]
}

_INSIGHTS_CSV = (
    '"timestamp [UTC]",id,source,name,url,success,resultCode,duration,performanceBucket,itemType,'
    '"operation_Id","operation_ParentId","cloud_RoleName",itemCount\n'
    f'"5/4/2026, 10:00:00.000 AM",{SPAN},,"GET Cart","https://shop.example/cart",False,503,250,'
    f'"250ms-500ms",request,{TRACE},{PARENT},shop,10\n'
    f'"5/14/2026, 10:00:01.000 PM",b2,,"GET Cart","https://shop.example/cart",True,200,"1.5",'
    f'"<250ms",request,{TRACE},{PARENT},shop,1\n'
)

_GCP_V1 = {
    "traces": [
        {
            "projectId": "shop",
            "traceId": TRACE,
            "spans": [
                {
                    "spanId": "42",
                    "parentSpanId": "41",
                    "kind": "RPC_SERVER",
                    "name": "/cart",
                    "startTime": "2026-05-04T10:00:00.000000000Z",
                    "endTime": "2026-05-04T10:00:00.250Z",
                    "labels": {"/http/status_code": "503", "g.co/agent": "node"},
                }
            ],
        }
    ]
}

_GCP_V2 = {
    "spans": [
        {
            "name": f"projects/shop/traces/{TRACE}/spans/{SPAN}",
            "spanId": SPAN,
            "parentSpanId": PARENT,
            "displayName": {"value": "GET /cart", "truncatedByteCount": 0},
            "startTime": "2026-05-04T10:00:00Z",
            "endTime": "2026-05-04T10:00:00.250Z",
            "attributes": {"attributeMap": {"/http/status_code": {"intValue": "503"}}},
            "status": {"code": 2, "message": "out of stock"},
            "spanKind": "SERVER",
        }
    ]
}

_GCP_LOG = [
    {
        "httpRequest": {
            "latency": "0.250s",
            "requestMethod": "GET",
            "requestUrl": "https://shop.example/cart",
            "status": 503,
            "remoteIp": "192.0.2.7",
        },
        "insertId": "x",
        "logName": "projects/shop/logs/run.googleapis.com%2Frequests",
        "resource": {"type": "cloud_run_revision", "labels": {"service_name": "shop"}},
        "severity": "ERROR",
        "timestamp": AT,
        "trace": f"projects/shop/traces/{TRACE}",
        "spanId": SPAN,
    }
]

SHAPES = [
    Shape(
        "Datadog, a trace of the interface",
        "https://github.com/DataDog/dd-trace-py/issues/3213",
        text(_DATADOG_UI),
        [{**_FAILED, "service.name": "shop", "parent_span_id": None, "http.response.status_code": 503}],
    ),
    Shape(
        "Datadog, API of spans",
        "documentation of Datadog, /api/v2/spans/events",
        text(_DATADOG_API),
        [{**_FAILED, "service.name": "shop", "trace_id": TRACE, "parent_span_id": None}],
    ),
    Shape(
        "Datadog, API of logs",
        "documentation of Datadog, /api/v2/logs/events",
        text(_DATADOG_LOG),
        [
            {
                "timestamp": AT,
                "body": "out of stock",
                "severity_text": "error",
                "duration_ms": None,
                "error": True,
                "http.response.status_code": 503,
            }
        ],
    ),
    Shape(
        "Datadog, logs as CSV",
        "documentation of Datadog, export of logs",
        "Date,Host,Service,Status,Message\n"
        '"2026-05-04T10:00:00.000Z","web-1","shop","error","out of stock"\n'
        '"2026-05-04T10:00:01.000Z","web-1","shop","info","ok"\n',
        [
            {"timestamp": AT, "severity_text": "error", "error": True, "body": "out of stock"},
            {"severity_text": "info", "error": False},
        ],
    ),
    Shape(
        "AWS X-Ray, get-trace-summaries",
        "documentation of AWS X-Ray, GetTraceSummaries",
        text(_XRAY_SUMMARY, 4),
        refused="summaries",
    ),
    Shape(
        "Elastic APM 8, elasticdump",
        "documentation of Elastic APM, data streams",
        lines(_ELASTIC_V8, _ELASTIC_V8),
        [_SERVER | {"sample_weight": 10.0, "http.response.status_code": 503}] * 2,
    ),
    Shape(
        "Elastic APM, Kibana's CSV",
        "documentation of Kibana, CSV reports",
        _ELASTIC_CSV,
        [
            {
                "timestamp": AT,
                "duration_ms": None,
                "trace_id": TRACE,
                "error": True,
                "parent_span_id": PARENT,
            },
            {"timestamp": "2026-05-04T10:00:01Z", "duration_ms": None, "error": False},
        ],
        notes=["'transaction.duration.us' stays text"],
    ),
    Shape(
        "Sentry, a transaction",
        "documentation of Sentry, develop.sentry.dev, transaction payloads",
        text(_SENTRY, 2),
        refused="Sentry",
    ),
    Shape(
        "Sentry, transactions one per line",
        "documentation of Sentry, develop.sentry.dev, transaction payloads",
        lines(_SENTRY, _SENTRY),
        refused="Sentry",
    ),
    Shape(
        "Sentry, an envelope",
        "documentation of Sentry, develop.sentry.dev, envelopes",
        _SENTRY_ENVELOPE,
        refused="Sentry",
    ),
    Shape(
        "Sentry, an error event",
        "documentation of Sentry, develop.sentry.dev, event payloads",
        lines(_SENTRY_ERROR),
        [
            {
                "timestamp": AT,
                "body": "out of stock",
                "severity_text": "error",
                "error": True,
                "duration_ms": None,
            }
        ],
    ),
    Shape(
        "New Relic, results of NRQL",
        "documentation of New Relic, query API",
        text(_NEW_RELIC),
        [{"timestamp": AT, "error": True, "trace_id": TRACE, "service.name": "shop", "duration_ms": None}],
    ),
    Shape(
        "New Relic, spans as CSV",
        "documentation of New Relic, data dictionary of Span",
        _NEW_RELIC_SPANS,
        [
            {"timestamp": AT, "duration_ms": 250.0, "trace_id": TRACE, "error": True, "kind": "server"},
            {"timestamp": "2026-05-04T10:00:01Z", "duration_ms": 12.5, "error": False, "kind": "client"},
        ],
    ),
    Shape(
        "Application Insights, tables of the query API",
        "https://learn.microsoft.com/en-us/rest/api/application-insights/query/get",
        text(_INSIGHTS_TABLES),
        [
            _SERVER | {"sample_weight": 10.0, "http.response.status_code": 503},
            {"error": False, "duration_ms": 1.5, "sample_weight": 1.0},
        ],
    ),
    Shape(
        "Application Insights, CSV of the portal",
        "documentation of Azure Monitor, export to CSV, all columns",
        _INSIGHTS_CSV,
        [
            {
                "timestamp": AT,
                "duration_ms": 250.0,
                "error": True,
                "trace_id": TRACE,
                "sample_weight": 10.0,
                "http.response.status_code": 503,
            },
            {"timestamp": "2026-05-14T22:00:01Z", "duration_ms": 1.5, "error": False, "sample_weight": 1.0},
        ],
    ),
    Shape(
        "Google Cloud Trace, API v1",
        "documentation of Cloud Trace, projects.traces.list",
        text(_GCP_V1),
        [
            {
                "timestamp": AT,
                "duration_ms": 250.0,
                "kind": "server",
                "trace_id": TRACE,
                "span_id": f"{42:016x}",
                "parent_span_id": f"{41:016x}",
                "error": True,
            }
        ],
    ),
    Shape(
        "Google Cloud Trace, API v2",
        "documentation of Cloud Trace, projects.traces.batchWrite",
        text(_GCP_V2),
        [_SERVER | {"service.name": None, "name": "GET /cart"}],
    ),
    Shape(
        "Google Cloud Logging, requests of Cloud Run",
        "documentation of gcloud logging read --format=json",
        text(_GCP_LOG, 2),
        [{"timestamp": AT, "duration_ms": 250.0, "error": True, "trace_id": TRACE, "span_id": SPAN}],
    ),
    Shape(
        "Application Insights, CSV whose dates may have the day or the month first",
        "documentation of Azure Monitor, export to CSV",
        _INSIGHTS_CSV.replace("5/14/2026", "5/4/2026"),
        [
            {"timestamp": None, "duration_ms": 250.0, "error": True, "trace_id": TRACE, "kind": "server"},
            {"timestamp": None, "duration_ms": 1.5, "error": False},
        ],
        notes=["may have the day or the month first"],
    ),
    Shape(
        "Application Insights, CSV of a workspace",
        "documentation of Azure Monitor, AppRequests",
        '"TimeGenerated [UTC]",Id,Name,Success,ResultCode,DurationMs,OperationId,ParentId,ItemCount,AppRoleName,Type\n'
        f'"2026-05-04T10:00:00.000Z",{SPAN},"GET Cart",False,503,250,{TRACE},{PARENT},10,shop,AppRequests\n'
        f'"2026-05-04T10:00:01.000Z",b2,"GET Cart",True,200,12.5,{TRACE},{PARENT},1,shop,AppRequests\n',
        [
            _SERVER | {"sample_weight": 10.0, "http.response.status_code": 503},
            {"timestamp": "2026-05-04T10:00:01Z", "duration_ms": 12.5, "error": False},
        ],
    ),
]
