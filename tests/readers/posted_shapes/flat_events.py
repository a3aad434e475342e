"""JSON lines of applications: times, durations, statuses and errors in the spellings that programs use."""

from __future__ import annotations

import json
from typing import Any

from tests.readers.posted_shapes.made import AT
from tests.readers.posted_shapes.shape import Shape

START = 1_777_888_800


def _lines(*documents: Any) -> str:
    return "".join(json.dumps(document) + "\n" for document in documents)


SHAPES = [
    Shape(
        "times in s, ms, us and ns",
        "times of Vector, Fluent Bit, journald and Go",
        _lines({"ts": START}, {"ts": START * 10**3}, {"ts": START * 10**6}, {"ts": START * 10**9}),
        [{"timestamp": AT}] * 4,
    ),
    Shape(
        "times as texts of digits",
        "exports of CloudWatch and Loki",
        _lines({"timestamp": str(START * 1000)}, {"timestamp": f"{START}.250"}),
        [{"timestamp": AT}, {"timestamp": "2026-05-04T10:00:00.250Z"}],
    ),
    Shape(
        "durations with the unit in the name",
        "names in logs of Go, Node.js and Rails",
        _lines(
            {"ts": AT, "latency_ms": 250},
            {"ts": AT, "duration_us": 250_000},
            {"ts": AT, "elapsed_ns": 250_000_000},
            {"ts": AT, "responseTimeMs": 250},
            {"ts": AT, "duration_seconds": 0.25},
            {"ts": AT, "took_secs": 0.25},
        ),
        [{"duration_ms": 250.0}] * 6,
    ),
    Shape(
        "durations with the unit in the text",
        "durations of Go, Rust and Java",
        _lines(
            {"ts": AT, "duration": "250ms"},
            {"ts": AT, "duration": "250.0µs"},
            {"ts": AT, "duration": "1m2.5s"},
            {"ts": AT, "duration": "PT0.25S"},
            {"ts": AT, "duration": "0.25 s"},
        ),
        [
            {"duration_ms": 250.0},
            {"duration_ms": 0.25},
            {"duration_ms": 62_500.0},
            {"duration_ms": None, "duration": "PT0.25S"},
            {"duration_ms": 250.0},
        ],
    ),
    Shape(
        "durations without a unit",
        "logs of Rails (ms), Envoy (ms), nginx (s) and zap (s): the name alone says nothing",
        _lines({"ts": AT, "duration": 250}, {"ts": AT, "duration": 0.25}),
        [{"duration_ms": None, "duration": 250.0}, {"duration_ms": None, "duration": 0.25}],
        notes=["duration"],
    ),
    Shape(
        "statuses: texts and numbers",
        "logs of Express, Rails and Spring",
        _lines({"ts": AT, "status": "503"}, {"ts": AT, "status": 200}, {"ts": AT, "status": 404}),
        [
            {"http.response.status_code": 503, "error": True},
            {"http.response.status_code": 200, "error": False},
            {"http.response.status_code": 404, "error": False},
        ],
    ),
    Shape(
        "status that is a word",
        "logs of job runners",
        _lines({"ts": AT, "status": "ok"}, {"ts": AT, "status": "failed"}),
        [{"status": "ok", "http.response.status_code": None}, {"status": "failed"}],
    ),
    Shape(
        "error that is null, empty or absent",
        "logs of Node.js and Go with a fixed set of fields",
        _lines(
            {"ts": AT, "error": None},
            {"ts": AT, "error": ""},
            {"ts": AT, "error": {}},
            {"ts": AT, "error": 0},
            {"ts": AT, "error": False},
            {"ts": AT},
        ),
        [{"error": False}] * 6,
    ),
    Shape(
        "error that is a message",
        "logs of zap, logrus and zerolog",
        _lines(
            {"ts": AT, "level": "error", "error": "connection refused"},
            {"ts": AT, "level": "warn", "error": "connection refused"},
        ),
        [
            {"error": True, "attributes.error": "connection refused"},
            {"error": False, "attributes.error": "connection refused"},
        ],
    ),
    Shape(
        "error that is an object",
        "logs of pino and Elastic's ECS loggers",
        _lines(
            {"@timestamp": AT, "error": {"type": "OutOfStock", "message": "sold out", "stack_trace": "a\nb"}},
        ),
        [{"error": True, "error.type": "OutOfStock", "error.message": "sold out"}],
    ),
    Shape(
        "booleans as texts and numbers",
        "exports of tables with text columns",
        _lines({"ts": AT, "error": "true"}, {"ts": AT, "error": "False"}, {"ts": AT, "error": 1}),
        [{"error": True}, {"error": False}, {"error": True}],
    ),
    Shape(
        "flags that say that a span failed",
        "spans of SigNoz (hasError), OpenObserve and Lightstep (is_error)",
        _lines(
            {"ts": AT, "hasError": True},
            {"ts": AT, "hasError": False},
            {"ts": AT, "is_error": True},
            {"ts": AT, "isError": "true"},
        ),
        [{"error": True}, {"error": False}, {"error": True}, {"error": True}],
    ),
    Shape(
        "flat spans with OpenTelemetry's words",
        "exports of HyperDX, SigNoz and New Relic",
        _lines(
            {"ts": AT, "span.kind": "server", "otel.status_code": "ERROR", "duration_ms": 250},
            {"ts": AT, "SpanKind": "Client", "StatusCode": "Ok"},
            {"ts": AT, "span_kind": "SPAN_KIND_SERVER", "span_status": "STATUS_CODE_ERROR"},
        ),
        [
            {"kind": "server", "status_code": "ERROR", "error": True, "duration_ms": 250.0},
            {"kind": "client", "status_code": "OK", "error": False},
            {"kind": "server", "status_code": "ERROR", "error": True},
        ],
    ),
    Shape(
        "kinds as numbers, which OpenTelemetry's API and its protocol count differently",
        "https://github.com/open-telemetry/opentelemetry-js/issues/3990 and OTLP",
        _lines({"ts": AT, "span_kind": 1}, {"ts": AT, "span_kind": "2"}, {"ts": AT, "kind": 2}),
        [{"kind": None}, {"kind": None}, {"kind": None, "attributes.kind": 2}],
        notes=["kind is a number"],
    ),
    Shape(
        "statuses of spans in an object",
        "spans that programs write themselves",
        _lines(
            {"ts": AT, "span_id": "a1b2c3d4e5f60718", "status": {"code": 2}},
            {"ts": AT, "span_id": "a1b2c3d4e5f60719", "status": {"code": 0}},
        )
        + _lines({"ts": AT, "span_id": "a1b2c3d4e5f6071a"}),
        [
            {"status_code": "ERROR", "error": True},
            {"status_code": "UNSET", "error": False},
            {"status_code": None, "error": False},
        ],
    ),
    Shape(
        "sample rates as weights and as fractions",
        "documentation of Honeycomb and OpenTelemetry",
        _lines({"ts": AT, "sample_rate": 10}, {"ts": AT, "sampleRate": 0.1}, {"ts": AT, "SampleRate": 1}),
        [{"sample_weight": 10.0}, {"sample_weight": 10.0}, {"sample_weight": 1.0}],
    ),
    Shape(
        "levels of pino, bunyan, syslog and .NET",
        "documentation of pino, journald and Serilog",
        _lines(
            {"time": START * 1000, "level": 50, "msg": "a"}, {"time": START * 1000, "level": 30, "msg": "b"}
        ),
        [{"timestamp": AT, "error": True, "body": "a"}, {"error": False, "body": "b"}],
    ),
    Shape(
        "records below data",
        "answers of web APIs",
        json.dumps({"data": [{"timestamp": AT, "status": 503}, {"timestamp": AT, "status": 200}]}),
        [{"timestamp": AT, "error": True}, {"timestamp": AT, "error": False}],
    ),
    Shape(
        "records below result",
        "answers of web APIs",
        json.dumps(
            {"status": "ok", "result": [{"timestamp": AT, "code": 503}, {"timestamp": AT, "code": 200}]}
        ),
        [{"timestamp": AT, "error": True}, {"timestamp": AT, "error": False}],
    ),
    Shape(
        "columns and rows",
        "answers of databases: Druid, Pinot, Metabase, Azure",
        json.dumps({"columns": ["timestamp", "status"], "rows": [[AT, 503], [AT, 200]]}),
        [{"timestamp": AT, "error": True}, {"timestamp": AT, "error": False}],
    ),
    Shape(
        "rows that are objects",
        "answers of node-postgres and BigQuery's client",
        json.dumps(
            {"rows": [{"timestamp": AT, "status": 503}, {"timestamp": AT, "status": 200}], "rowCount": 2}
        ),
        [{"timestamp": AT, "error": True}, {"timestamp": AT, "error": False}],
    ),
    Shape(
        "columns with types, rows of values",
        "answers of Trino: columns and data",
        json.dumps(
            {
                "id": "20260504_100000_00001_abcde",
                "columns": [{"name": "ts", "type": "timestamp"}, {"name": "status", "type": "integer"}],
                "data": [["2026-05-04 10:00:00.000", 503], ["2026-05-04 10:00:00.000", 200]],
                "stats": {"state": "FINISHED"},
            }
        ),
        [{"timestamp": AT, "error": True}, {"timestamp": AT, "error": False}],
    ),
    Shape(
        "a list of lists with the names first",
        "answers of Wayback's CDX and of spreadsheets' APIs",
        json.dumps([["timestamp", "status"], [AT, 503], [AT, 200]]),
        refused="list",
    ),
    Shape(
        "an unknown wrap around a list of events, on one line",
        "answers of web APIs",
        json.dumps({"ok": True, "payload": {"items": [{"at": AT, "status": 503}], "more": False}}),
        [{"timestamp": None}],
        notes=["payload.items"],
    ),
    Shape(
        "objects with a comma after each line",
        "https://stackoverflow.com/questions/8307062",
        '{"ts": "2026-05-04T10:00:00Z", "status": 503},\n{"ts": "2026-05-04T10:00:00Z", "status": 200}\n',
        [{"timestamp": AT, "error": True}, {"timestamp": AT, "error": False}],
    ),
    Shape(
        "elasticdump of application logs",
        "documentation of elasticdump",
        _lines(
            {"_index": "app", "_id": "1", "_score": 1, "_source": {"@timestamp": AT, "level": "ERROR"}},
            {"_index": "app", "_id": "2", "_score": 1, "_source": {"@timestamp": AT, "level": "INFO"}},
        ),
        [{"timestamp": AT, "error": True}, {"timestamp": AT, "error": False}],
    ),
    Shape(
        "mongoexport with dates and longs",
        "documentation of MongoDB Extended JSON",
        _lines(
            {
                "_id": {"$oid": "69f86ba0a2b94c3c8e6f1a2b"},
                "ts": {"$date": "2026-05-04T10:00:00Z"},
                "status": 503,
                "latency_ms": {"$numberLong": "250"},
            },
        ),
        [{"timestamp": AT, "http.response.status_code": 503, "duration_ms": 250.0}],
    ),
    Shape(
        "DynamoDB with the types of its values",
        "documentation of DynamoDB, export to S3",
        _lines({"Item": {"ts": {"S": AT}, "status": {"N": "503"}, "ok": {"BOOL": False}}}),
        [{"timestamp": AT, "http.response.status_code": 503, "error": True, "ok": False}],
    ),
    Shape(
        "Lambda, REPORT lines as JSON",
        "documentation of AWS Lambda, JSON log format",
        _lines(
            {
                "time": "2026-05-04T10:00:00.000Z",
                "type": "platform.report",
                "record": {
                    "requestId": "x",
                    "metrics": {"durationMs": 250.0, "billedDurationMs": 251, "initDurationMs": 41.0},
                    "status": "error",
                },
            }
        ),
        [{"timestamp": AT, "duration_ms": None, "record.metrics.durationMs": 250.0}],
    ),
    Shape(
        "an order with items is one event, not one per item",
        "events of shops",
        _lines({"time": AT, "status": "paid", "total": 9.5, "items": [{"sku": "a"}, {"sku": "b"}]}) * 2,
        [{"timestamp": AT, "status": "paid", "total": 9.5}] * 2,
    ),
    Shape(
        "durations of protobuf, with and without nanoseconds",
        "documentation of protobuf, Duration as an object; logs of Envoy's gRPC access log service",
        _lines(
            {"ts": AT, "duration": {"seconds": 1, "nanos": 250_000_000}},
            {"ts": AT, "duration": {"nanos": 12_500_000}},
            {"ts": AT},
        ),
        [{"duration_ms": 1250.0}, {"duration_ms": 12.5}, {"duration_ms": None}],
    ),
    Shape(
        "times in objects",
        "documentation of Firestore's Timestamp and of BigQuery's client for Node.js",
        _lines({"ts": {"_seconds": START, "_nanoseconds": 250_000_000}}, {"timestamp": {"value": AT}}),
        [{"timestamp": "2026-05-04T10:00:00.250Z"}, {"timestamp": AT}],
    ),
    Shape(
        "Rust, tracing-subscriber as JSON",
        "documentation of tracing-subscriber, fmt::format::Json",
        _lines(
            {
                "timestamp": "2026-05-04T10:00:00.000000Z",
                "level": "ERROR",
                "fields": {"message": "sold out", "elapsed": "250ms"},
                "target": "shop::cart",
            },
        ),
        [{"timestamp": AT, "body": "sold out", "severity_text": "ERROR", "error": True, "duration_ms": None}],
    ),
    Shape(
        "Cloudflare Logpush",
        "documentation of Cloudflare, Logpush, HTTP requests; times as RFC 3339 or nanoseconds",
        _lines(
            {"EdgeStartTimestamp": AT, "EdgeResponseStatus": 503, "ClientRequestURI": "/cart"},
            {"EdgeStartTimestamp": START * 10**9, "EdgeResponseStatus": 404, "ClientRequestURI": "/cart"},
        ),
        [
            {"timestamp": AT, "http.response.status_code": 503, "error": True},
            {"timestamp": AT, "http.response.status_code": 404, "error": False},
        ],
    ),
    Shape(
        "Vercel, log drain",
        "documentation of Vercel, log drains",
        _lines(
            {
                "timestamp": START * 1000,
                "level": "info",
                "message": "done",
                "source": "lambda",
                "proxy": {"statusCode": 503, "path": "/cart", "method": "GET", "timestamp": START * 1000},
            },
        ),
        [{"timestamp": AT, "http.response.status_code": 503, "error": True}],
    ),
    Shape(
        "Heroku's router",
        "documentation of Heroku, router log messages: service is how long the dyno took",
        '2026-05-04T10:00:00.000000+00:00 heroku[router]: at=info method=GET path="/cart" host=shop.example '
        'request_id=x fwd="192.0.2.7" dyno=web.1 connect=1ms service=250ms status=503 bytes=41\n' * 2,
        [{"timestamp": AT, "duration_ms": 250.0, "service.name": None, "server.address": "shop.example"}] * 2,
    ),
]
