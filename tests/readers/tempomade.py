"""Tempo's tables as its public schema says: a row a trace, spans nested in resources and scopes."""

import json

import pyarrow as pa

SPARE = pa.struct([(f"String{n:02d}", pa.string()) for n in range(1, 11)])


def attribute_type(version):
    if version == 4:
        return pa.struct(
            [
                ("Key", pa.string()),
                ("IsArray", pa.bool_()),
                ("Value", pa.list_(pa.string())),
                ("ValueInt", pa.list_(pa.int64())),
                ("ValueDouble", pa.list_(pa.float64())),
                ("ValueBool", pa.list_(pa.bool_())),
                ("ValueUnsupported", pa.string()),
            ]
        )
    return pa.struct(
        [
            ("Key", pa.string()),
            ("Value", pa.string()),
            ("ValueInt", pa.int64()),
            ("ValueDouble", pa.float64()),
            ("ValueBool", pa.bool_()),
            ("ValueDropped", pa.string()),
        ]
    )


def schema(version):
    attributes = pa.list_(attribute_type(version))
    time = ("TimeSinceStartNano", pa.uint64()) if version == 4 else ("TimeUnixNano", pa.uint64())
    raw = pa.list_(pa.struct([("Key", pa.string()), ("Value", pa.binary())]))
    event = pa.struct([time, ("Name", pa.string()), ("Attrs", attributes if version == 4 else raw)])
    ids = [("TraceID", pa.binary()), ("SpanID", pa.binary())]
    link = pa.struct([*ids, ("TraceState", pa.string()), ("Attrs", attributes)])
    span = pa.struct(
        [
            ("SpanID", pa.binary()),
            ("ParentSpanID", pa.binary()),
            ("ParentID", pa.int32()),
            ("NestedSetLeft", pa.int32()),
            ("Name", pa.string()),
            ("Kind", pa.int64()),
            ("TraceState", pa.string()),
            ("StartTimeUnixNano", pa.uint64()),
            ("DurationNano", pa.uint64()),
            ("StatusCode", pa.int64()),
            ("StatusMessage", pa.string()),
            ("Attrs", attributes),
            ("Events", pa.list_(event)),
            ("Links", pa.list_(link) if version == 4 else pa.binary()),
            ("HttpMethod", pa.string()),
            ("HttpUrl", pa.string()),
            ("HttpStatusCode", pa.int64()),
            ("DedicatedAttributes", SPARE),
        ]
    )
    scope = [("Name", pa.string()), ("Version", pa.string())]
    scope += [("Attrs", attributes)] if version == 4 else []
    resource = pa.struct(
        [
            ("Attrs", attributes),
            ("ServiceName", pa.string()),
            ("Cluster", pa.string()),
            ("K8sPodName", pa.string()),
            ("DedicatedAttributes", SPARE),
        ]
    )
    scopes = pa.struct([("Scope", pa.struct(scope)), ("Spans", pa.list_(span))])
    resources = pa.struct([("Resource", resource), ("ss", pa.list_(scopes))])
    return pa.schema(
        [
            ("TraceID", pa.binary()),
            ("TraceIDText", pa.string()),
            ("StartTimeUnixNano", pa.uint64()),
            ("RootServiceName", pa.string()),
            ("RootSpanName", pa.string()),
            ("rs", pa.list_(resources)),
        ]
    )


def attribute(version, key, value):
    """Return an attribute as Tempo has it; a dict is what it has no column for."""
    names = {str: "Value", int: "ValueInt", float: "ValueDouble", bool: "ValueBool"}
    none = {name: [] for name in names.values()}
    if type(value) is dict:
        text = json.dumps(
            {"kvlistValue": {"values": [{"key": k, "value": {"stringValue": v}} for k, v in value.items()]}}
        )
        out = {"Key": key, "ValueUnsupported" if version == 4 else "ValueDropped": text}
        return out | ({"IsArray": False, **none} if version == 4 else {})
    if version == 3:
        return {"Key": key, names[type(value)]: value}
    items = value if type(value) is list else [value]
    out = {"Key": key, "IsArray": type(value) is list} | none
    return out | ({names[type(items[0])]: items} if items else {})
