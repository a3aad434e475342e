"""What OpenTelemetry's SDKs and Collector print, for programs and for people."""

from __future__ import annotations

import json

from tests.readers.posted_shapes.made import (
    AT,
    PARENT,
    SPAN,
    START,
    TRACE,
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

_GO = {
    "Name": "GET /cart",
    "SpanContext": {"TraceID": TRACE, "SpanID": SPAN, "TraceFlags": "01", "TraceState": "", "Remote": False},
    "Parent": {"TraceID": TRACE, "SpanID": PARENT, "TraceFlags": "01", "TraceState": "", "Remote": True},
    "SpanKind": 2,
    "StartTime": "2026-05-04T12:00:00.000000+02:00",
    "EndTime": "2026-05-04T12:00:00.25+02:00",
    "Attributes": [{"Key": "http.response.status_code", "Value": {"Type": "INT64", "Value": 503}}],
    "Events": None,
    "Links": None,
    "Status": {"Code": "Error", "Description": "out of stock"},
    "DroppedAttributes": 0,
    "DroppedEvents": 0,
    "DroppedLinks": 0,
    "ChildSpanCount": 0,
    "Resource": [{"Key": "service.name", "Value": {"Type": "STRING", "Value": "shop"}}],
    "InstrumentationLibrary": {"Name": "cart", "Version": "", "SchemaURL": ""},
}

_PHP = {
    "name": "GET /cart",
    "context": {"trace_id": TRACE, "span_id": SPAN, "trace_state": "", "trace_flags": 1},
    "resource": {"service.name": "shop"},
    "parent_span_id": PARENT,
    "kind": "KIND_SERVER",
    "start": START,
    "end": START + 250_000_000,
    "attributes": {"http.request.method": "GET"},
    "status": {"code": "Error", "description": "out of stock"},
    "events": [],
    "links": [],
}

_JS = f"""{{
  resource: {{
    attributes: {{ 'service.name': 'shop', 'telemetry.sdk.language': 'nodejs' }}
  }},
  instrumentationScope: {{ name: 'cart', version: '1.0.0', schemaUrl: undefined }},
  traceId: '{TRACE}',
  parentSpanContext: undefined,
  traceState: undefined,
  name: 'GET /cart',
  id: '{SPAN}',
  kind: 1,
  timestamp: 1777888800000000,
  duration: 250000,
  attributes: {{ 'http.response.status_code': 503 }},
  status: {{ code: 2 }},
  events: [],
  links: []
}}
"""

_JS_JSON = {
    "traceId": TRACE,
    "parentId": PARENT,
    "name": "GET /cart",
    "id": SPAN,
    "kind": 1,
    "timestamp": START // 1000,
    "duration": 250_000,
    "attributes": {"http.route": "/cart"},
    "status": {"code": 2},
    "events": [],
}

_DOTNET = f"""Activity.TraceId:            {TRACE}
Activity.SpanId:             {SPAN}
Activity.TraceFlags:         Recorded
Activity.ParentSpanId:       {PARENT}
Activity.ActivitySourceName: Shop.Cart
Activity.DisplayName:        GET /cart
Activity.Kind:               Server
Activity.StartTime:          2026-05-04T10:00:00.0000000Z
Activity.Duration:           00:00:00.2500000
Activity.Tags:
    http.response.status_code: 503
StatusCode: Error
Activity.StatusDescription:  out of stock
Resource associated with Activity:
    service.name: shop

"""

_DEBUG = f"""2026-05-04T10:00:01.100Z\tinfo\tTraces\t{{"resource": {{}}, "resource spans": 1, "spans": 1}}
2026-05-04T10:00:01.100Z\tinfo\tResourceSpans #0
Resource SchemaURL: \nResource attributes:
     -> service.name: Str(shop)
ScopeSpans #0
ScopeSpans SchemaURL: \nInstrumentationScope cart \nSpan #0
    Trace ID       : {TRACE}
    Parent ID      : {PARENT}
    ID             : {SPAN}
    Name           : GET /cart
    Kind           : Server
    Start time     : 2026-05-04 10:00:00 +0000 UTC
    End time       : 2026-05-04 10:00:00.25 +0000 UTC
    Status code    : Error
    Status message : out of stock
Attributes:
     -> http.response.status_code: Int(503)
\t{{"resource": {{}}, "otelcol.component.id": "debug", "otelcol.signal": "traces"}}
"""

_RUST = f"""Spans
Resource
\t ->  service.name=String(Owned("shop"))
Span #0
\tInstrumentation Scope
\t\tName         : "cart"

\tName         : GET /cart
\tTraceId      : {TRACE}
\tSpanId       : {SPAN}
\tTraceFlags   : TraceFlags(1)
\tParentSpanId : {PARENT}
\tKind         : Server
\tStart time   : 2026-05-04 10:00:00.000000
\tEnd time     : 2026-05-04 10:00:00.250000
\tStatus       : Error {{ description: "out of stock" }}
"""

_CPP = f"""{{
  name          : GET /cart
  trace_id      : {TRACE}
  span_id       : {SPAN}
  tracestate    :
  parent_span_id: {PARENT}
  start         : {START}
  duration      : 250000000
  description   : out of stock
  span kind     : Server
  status        : Error
  attributes    :
\thttp.response.status_code: 503
  events        :
  links         :
  resources     :
\tservice.name: shop
  instr-lib     : cart-1.0
}}
"""

_RUBY = f"""#<struct OpenTelemetry::SDK::Trace::SpanData
 name="GET /cart",
 kind=:server,
 status=#<OpenTelemetry::Trace::Status:0x0000ffff8c0e @code=2, @description="out of stock">,
 parent_span_id="\\xC3\\xD4",
 total_recorded_attributes=1,
 start_timestamp={START},
 end_timestamp={START + 250_000_000},
 attributes={{"http.response.status_code"=>503}}>
"""

_JAVA = (
    "[otel.javaagent 2026-05-04 10:00:00:250 +0000] [http-nio-8080-exec-1] INFO "
    f"io.opentelemetry.exporter.logging.LoggingSpanExporter - 'GET /cart' : {TRACE} {SPAN} SERVER "
    "[tracer: io.opentelemetry.tomcat-10.0:2.1.0-alpha] AttributesMap{data={http.route=/cart}, capacity=128, "
    "totalAddedValues=1}\n"
)

_JAVA_OTLP = (
    "May 04, 2026 10:00:01 AM io.opentelemetry.exporter.logging.otlp.OtlpJsonLoggingSpanExporter export\n"
    "INFO: " + text(resource_spans(span()))
)

_READABLE = {
    "resource": {"attributes": {"service.name": "shop"}},
    "instrumentationLibrary": {"name": "cart"},
    "_spanContext": {"traceId": TRACE, "spanId": SPAN, "traceFlags": 1},
    "parentSpanId": PARENT,
    "name": "GET /cart",
    "kind": 1,
    "startTime": [START // 10**9, 0],
    "endTime": [START // 10**9, 250_000_000],
    "_duration": [0, 250_000_000],
    "_ended": True,
    "status": {"code": 2, "message": "out of stock"},
    "attributes": {"http.route": "/cart"},
    "links": [],
    "events": [],
}
_BARE = {
    "traceId": TRACE,
    "spanId": SPAN,
    "parentSpanId": PARENT,
    "name": "GET /cart",
    "kind": 2,
    "startTimeUnixNano": str(START),
    "endTimeUnixNano": str(START + 250_000_000),
    "attributes": [{"key": "http.route", "value": {"stringValue": "/cart"}}],
    "status": {"code": 2},
}

SHAPES = [
    Shape(
        "Java, OtlpJsonLoggingSpanExporter behind java.util.logging",
        "documentation of opentelemetry-java, exporters/logging-otlp",
        _JAVA_OTLP,
        [_SERVER],
        rejected=1,
    ),
    Shape(
        "Go, stdouttrace in a list",
        "https://github.com/block/ftl/pull/41",
        text([_GO, {**_GO, "SpanKind": 3}], 4),
        [_SERVER | {"http.response.status_code": 503}, {"kind": "client"}],
    ),
    Shape(
        "Go, stdouttrace with tabs, spans end to end",
        "documentation of stdouttrace, WithPrettyPrint",
        json.dumps(_GO, indent="\t") + "\n" + json.dumps(_GO, indent="\t") + "\n",
        [_SERVER, _SERVER],
    ),
    Shape(
        "PHP, console exporter",
        "documentation of opentelemetry-php, ConsoleSpanExporter",
        text([_PHP], 4),
        [_SERVER | {"name": "GET /cart"}],
    ),
    Shape(
        "PHP, console exporter, a list per span",
        "documentation of opentelemetry-php, ConsoleSpanExporter",
        text([_PHP], 4) + text([{**_PHP, "kind": "KIND_CLIENT", "status": {"code": "Unset"}}], 4),
        [_SERVER, {"kind": "client", "status_code": "UNSET", "error": False}],
    ),
    Shape(
        "JavaScript, ConsoleSpanExporter",
        "https://github.com/open-telemetry/opentelemetry-js/pull/4848",
        _JS,
        refused="console exporter of OpenTelemetry for JavaScript",
    ),
    Shape(
        "JavaScript, ConsoleSpanExporter after lines of the program",
        "https://github.com/open-telemetry/opentelemetry-js/issues/4826",
        "Listening for requests on http://localhost:8080\n" + _JS + _JS,
        refused="console exporter of OpenTelemetry for JavaScript",
    ),
    Shape(
        "JavaScript, ConsoleSpanExporter before instrumentationScope",
        "https://github.com/open-telemetry/opentelemetry-js/pull/2917",
        _JS[_JS.index("  traceId") :].join(["{\n", ""]),
        refused="console exporter of OpenTelemetry for JavaScript",
    ),
    Shape(
        "JavaScript, spans of the console exporter as JSON",
        "https://github.com/open-telemetry/opentelemetry-js/issues/3990",
        text(_JS_JSON, 2),
        [_SERVER | {"service.name": None, "http.route": "/cart"}],
    ),
    Shape(
        ".NET, console exporter",
        "https://github.com/open-telemetry/opentelemetry-dotnet/pull/2890",
        _DOTNET,
        refused="console exporter of OpenTelemetry for .NET",
    ),
    Shape(
        ".NET, console exporter after lines of ASP.NET",
        "documentation of opentelemetry-dotnet, OpenTelemetry.Exporter.Console",
        "info: Microsoft.Hosting.Lifetime[14]\n      Now listening on: http://localhost:5000\n" + _DOTNET,
        refused="console exporter of OpenTelemetry for .NET",
    ),
    Shape(
        "Collector, debug exporter, detailed",
        "https://github.com/firezone/firezone/pull/2099",
        _DEBUG,
        refused="debug exporter",
    ),
    Shape(
        "Rust, opentelemetry-stdout",
        "https://github.com/open-telemetry/opentelemetry-rust/pull/2040",
        _RUST,
        refused="OpenTelemetry for Rust",
    ),
    Shape(
        "C++, ostream exporter",
        "documentation of opentelemetry-cpp, OStreamSpanExporter",
        _CPP,
        refused="OpenTelemetry for C++",
    ),
    Shape(
        "Ruby, console exporter",
        "documentation of opentelemetry-ruby, ConsoleSpanExporter",
        _RUBY,
        refused="OpenTelemetry for Ruby",
    ),
    Shape(
        "Java, LoggingSpanExporter of the agent",
        "https://github.com/open-telemetry/opentelemetry-specification/issues/3565",
        _JAVA,
        refused="plain text",
    ),
    Shape(
        "JavaScript, JSON.stringify of a span",
        "documentation of opentelemetry-js, ReadableSpan; times are seconds and nanoseconds",
        text(_READABLE) + text(_READABLE),
        [_SERVER | {"http.route": "/cart"}] * 2,
    ),
    Shape(
        "spans of OTLP without their resource, one per line",
        "documentation of OTLP; what jq -c '.resourceSpans[].scopeSpans[].spans[]' prints",
        text(_BARE) + text({**_BARE, "kind": 3, "status": {}}),
        [
            _SERVER | {"service.name": None, "http.route": "/cart"},
            {"kind": "client", "status_code": "UNSET", "error": False, "duration_ms": 250.0},
        ],
    ),
    Shape(
        "spans of OTLP in a list, with fields of the program that wrote them",
        "documentation of OTLP",
        text([{**_BARE, "attributes": {"http.route": "/cart"}, "service": "shop"}], 2),
        [_SERVER | {"service.name": None, "service": "shop", "http.route": "/cart"}],
    ),
]
