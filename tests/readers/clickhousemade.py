"""Rows of the Collector's ClickHouse exporter as files: lines, Parquet, Arrow."""

import io
import json

import pyarrow as pa
import pyarrow.parquet as pq

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
