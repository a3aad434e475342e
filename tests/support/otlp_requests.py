"""OTLP requests for tests, in the form of JSON, and encoded as protobuf by the official library."""

import base64
import copy
import json

from google.protobuf import json_format
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

TRACE = "5b8efff798038103d269b633813fc60c"
SPAN = "eee19b7ec3c1b174"
_MESSAGES = {
    "resourceSpans": ExportTraceServiceRequest,
    "resourceLogs": ExportLogsServiceRequest,
    "resourceMetrics": ExportMetricsServiceRequest,
}


def attribute(key, **value):
    return {"key": key, "value": value}


def request(*spans, resource=(), scope=None):
    return {
        "resourceSpans": [
            {
                "resource": {"attributes": list(resource)},
                "scopeSpans": [{"scope": scope or {}, "spans": list(spans)}],
            }
        ]
    }


def span(number=0, **more):
    return {
        "traceId": TRACE,
        "spanId": f"{number + 1:016x}",
        "name": f"GET /{number}",
        "startTimeUnixNano": str(1544712660000000000 + number),
        "endTimeUnixNano": str(1544712660001500001 + number),
        "kind": 2,
        "attributes": [attribute("n", intValue=str(number)), attribute("s", stringValue=f"text {number}")],
        **more,
    }


def logs(*records):
    return {"resourceLogs": [{"resource": {}, "scopeLogs": [{"scope": {}, "logRecords": list(records)}]}]}


def protobuf(body):
    """Encode a request as protobuf."""
    ((kind, _),) = body.items()
    body = copy.deepcopy(body)
    _ids(body)
    return json_format.ParseDict(body, _MESSAGES[kind]()).SerializeToString()


def _ids(item):
    """Rewrite ids in base64, which protobuf's JSON requires."""
    for key, inner in item.items() if isinstance(item, dict) else ():
        if key in ("traceId", "spanId", "parentSpanId"):
            item[key] = base64.b64encode(bytes.fromhex(inner)).decode()
        elif key not in ("attributes", "value", "body"):
            _ids(inner)
    for inner in item if isinstance(item, list) else ():
        _ids(inner)


def fixed(*messages):
    return b"".join(len(message).to_bytes(4, "big") + message for message in messages)


def delimited(*messages):
    out = b""
    for message in messages:
        size = len(message)
        while size >= 128:
            out += bytes([size & 127 | 128])
            size >>= 7
        out += bytes([size]) + message
    return out


def field(number, data):
    """Encode bytes as a LEN field of a message."""
    return bytes([number << 3 | 2]) + delimited(data)


def bare(*messages):
    return b"".join(messages)


def lines(*bodies):
    return b"".join(json.dumps(body).encode() + b"\n" for body in bodies)


_TEXT = st.one_of(
    st.sampled_from(["", "x", "GET /", "é", "12", "true"]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=4),
)
_SCALARS = st.one_of(
    _TEXT.map(lambda text: {"stringValue": text}),
    st.booleans().map(lambda found: {"boolValue": found}),
    st.one_of(st.integers(-3, 3), st.integers(-(2**63), 2**63 - 1)).map(lambda n: {"intValue": str(n)}),
    st.floats(allow_nan=False, allow_infinity=False).map(lambda n: {"doubleValue": n}),
    st.sampled_from(["NaN", "Infinity", "-Infinity"]).map(lambda n: {"doubleValue": n}),
    st.binary(max_size=3).map(lambda data: {"bytesValue": base64.b64encode(data).decode()}),
    st.just({}),
)
_KEYS = st.sampled_from(["a", "b", "A", "a.b", "name", "events", "http.status_code", "event.name", ""])


def _pairs(values, most=4):
    return st.lists(st.builds(lambda key, value: {"key": key, "value": value}, _KEYS, values), max_size=most)


VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=2).map(lambda items: {"arrayValue": {"values": items}}),
        _pairs(inner, 2).map(lambda items: {"kvlistValue": {"values": items}}),
    ),
    max_leaves=3,
)
PLAIN = st.one_of(
    _TEXT.map(lambda text: {"stringValue": text}),
    st.booleans().map(lambda found: {"boolValue": found}),
    st.integers(-(2**63), 2**63 - 1).map(lambda n: {"intValue": str(n)}),
    st.floats(-1e300, 1e300).map(lambda n: {"doubleValue": n}),
    st.lists(st.integers(-3, 3).map(lambda n: {"intValue": str(n)}), min_size=1, max_size=2).map(
        lambda items: {"arrayValue": {"values": items}}
    ),
)
"""Values of the usual kinds, which the columnar parsers accept."""

_TIMES = st.one_of(st.integers(1, 2**64 - 1), st.integers(10**18, 2 * 10**18)).map(str)
_TRACES = st.sampled_from([TRACE, TRACE.upper(), "0" * 32])
_SPANS = st.sampled_from([SPAN, "00f067aa0ba902b7"])


def _optional(**fields):
    return st.fixed_dictionaries({}, optional=fields)


def spans(values):
    rest = _optional(
        parentSpanId=_SPANS,
        traceState=st.sampled_from(["ot=th:c", "a=b"]),
        name=_TEXT,
        kind=st.integers(0, 7),
        startTimeUnixNano=_TIMES,
        endTimeUnixNano=_TIMES,
        attributes=_pairs(values),
        status=_optional(code=st.integers(0, 3), message=_TEXT),
        droppedAttributesCount=st.integers(0, 3),
        events=st.lists(_optional(timeUnixNano=_TIMES, name=_TEXT, attributes=_pairs(values, 2)), max_size=2),
        links=st.lists(
            _optional(
                traceId=_TRACES,
                spanId=_SPANS,
                traceState=st.just("a=b"),
                attributes=_pairs(values, 2),
            ),
            max_size=2,
        ),
    )
    return st.builds(
        lambda own, more: {**own, **more}, st.fixed_dictionaries({"traceId": _TRACES, "spanId": _SPANS}), rest
    )


def records(values):
    rest = _optional(
        observedTimeUnixNano=_TIMES,
        severityNumber=st.integers(0, 30),
        severityText=_TEXT,
        eventName=_TEXT,
        body=values,
        traceId=_TRACES,
        spanId=_SPANS,
        attributes=_pairs(values),
    )
    return st.builds(lambda time, more: {"timeUnixNano": time, **more}, _TIMES, rest)


def _request(outer, group, inner, made, values):
    scope = _optional(name=_TEXT, version=_TEXT, attributes=_pairs(values, 2))
    groups = st.builds(
        lambda found, items: {"scope": found, inner: items}, scope, st.lists(made, min_size=1, max_size=3)
    )
    resource = st.builds(
        lambda pairs, found: {"resource": {"attributes": pairs}, group: found},
        _pairs(values),
        st.lists(groups, min_size=1, max_size=2),
    )
    return st.lists(resource, min_size=1, max_size=2).map(lambda found: {outer: found})


def requests(values):
    """A strategy for requests of spans or of log records."""
    return st.one_of(
        _request("resourceSpans", "scopeSpans", "spans", spans(values), values),
        _request("resourceLogs", "scopeLogs", "logRecords", records(values), values),
    )


def spans_in(data):
    """Yield (resource, scope, span) for each span in lines of requests."""
    for line in data.splitlines():
        for resource in json.loads(line).get("resourceSpans", []):
            for scope in resource["scopeSpans"]:
                for one in scope["spans"]:
                    yield resource["resource"], scope["scope"], one


def plain(value):
    """Return an AnyValue as a Python value."""
    for kind, found in value.items():
        if kind == "arrayValue":
            return [plain(item) for item in found["values"]]
        return int(found) if kind == "intValue" else found
    return None
