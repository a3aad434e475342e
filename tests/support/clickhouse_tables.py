"""Rows of the Collector's ClickHouse exporter as files: lines, Parquet, Arrow."""

import io
import json
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq

from tests.support import otlp_requests as otlpmade

TEXTS = pa.map_(pa.string(), pa.string())
STAMP = pa.timestamp("ns", "UTC")
SCHEMA = pa.schema(
    {
        "Timestamp": STAMP,
        "TraceId": pa.string(),
        "SpanId": pa.string(),
        "ParentSpanId": pa.string(),
        "TraceState": pa.string(),
        "SpanName": pa.string(),
        "SpanKind": pa.string(),
        "ServiceName": pa.string(),
        "ResourceAttributes": TEXTS,
        "ScopeName": pa.string(),
        "ScopeVersion": pa.string(),
        "SpanAttributes": TEXTS,
        "Duration": pa.uint64(),
        "StatusCode": pa.string(),
        "StatusMessage": pa.string(),
        "Events.Timestamp": pa.list_(STAMP),
        "Events.Name": pa.list_(pa.string()),
        "Events.Attributes": pa.list_(TEXTS),
        "Links.TraceId": pa.list_(pa.string()),
        "Links.SpanId": pa.list_(pa.string()),
        "Links.TraceState": pa.list_(pa.string()),
        "Links.Attributes": pa.list_(TEXTS),
    }
)


def table(rows):
    def arrow(value, kind):
        if pa.types.is_timestamp(kind):
            return pa.scalar(value).cast(pa.timestamp("ns")).cast(kind).as_py()
        if pa.types.is_map(kind):
            return list(value.items())
        return [arrow(item, kind.value_type) for item in value] if pa.types.is_list(kind) else value

    columns = {f.name: [arrow(r[f.name], f.type) for r in rows] for f in SCHEMA}
    return pa.table({f.name: pa.array(columns[f.name], f.type) for f in SCHEMA}, schema=SCHEMA)


def written(rows, form):
    sink = io.BytesIO()
    if form == "lines":
        return b"".join(json.dumps(r).encode() + b"\n" for r in rows)
    if form == "quoted":
        return written([r | {"Duration": str(r["Duration"])} for r in rows], "lines")
    if form == "parquet":
        pq.write_table(table(rows), sink)
    else:
        with pa.ipc.new_stream(sink, SCHEMA) as writer:
            writer.write_table(table(rows))
    return sink.getvalue()


def exported(data):
    """Return the rows that the exporter writes for the spans of an OTLP JSON request."""
    return [_row(*span) for span in otlpmade.spans_in(data)]


def _row(resource, scope, span):
    start, end = int(span["startTimeUnixNano"]), int(span["endTimeUnixNano"])
    attributes = _texts(resource)
    events, links = span.get("events", []), span.get("links", [])
    return {
        "Timestamp": _time(start),
        "TraceId": span["traceId"],
        "SpanId": span["spanId"],
        "ParentSpanId": span.get("parentSpanId", ""),
        "TraceState": span.get("traceState", ""),
        "SpanName": span["name"],
        "SpanKind": ("Unspecified", "Internal", "Server", "Client", "Producer", "Consumer")[span["kind"]],
        "ServiceName": attributes.get("service.name", ""),
        "ResourceAttributes": attributes,
        "ScopeName": scope.get("name", ""),
        "ScopeVersion": scope.get("version", ""),
        "SpanAttributes": _texts(span),
        "Duration": end - start,
        "StatusCode": ("Unset", "Ok", "Error")[span["status"].get("code", 0)],
        "StatusMessage": span["status"].get("message", ""),
        "Events.Timestamp": [_time(int(event["timeUnixNano"])) for event in events],
        "Events.Name": [event["name"] for event in events],
        "Events.Attributes": [_texts(event) for event in events],
        "Links.TraceId": [link["traceId"] for link in links],
        "Links.SpanId": [link["spanId"] for link in links],
        "Links.TraceState": [link.get("traceState", "") for link in links],
        "Links.Attributes": [_texts(link) for link in links],
    }


def _time(nanoseconds):
    seconds, rest = divmod(nanoseconds, 10**9)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}.{rest:09d}"


def _texts(item):
    return {pair["key"]: _text(otlpmade.plain(pair["value"])) for pair in item.get("attributes", [])}


def _text(value):
    """Return a value as the Collector's text: a float that is an integer has no point."""
    if type(value) is str:
        return value
    if type(value) is float and value.is_integer():
        return str(int(value))
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
