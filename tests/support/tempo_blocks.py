"""Tempo tables by its public schema: one row per trace, spans nested in resources and scopes."""

import io
import json

import pyarrow as pa
import pyarrow.parquet as pq

from tests.support import otlp_requests as otlpmade

START = 1_777_888_800_000_000_000  # 2026-05-04T10:00:00Z

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
    """Return an attribute as Tempo stores it; a dict is a value without a column."""
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


def stored(data):
    """Return the `vParquet4` block that Tempo writes for the spans of an OTLP JSON request."""
    traces = {}
    for resource, scope, span in otlpmade.spans_in(data):
        resources = traces.setdefault(span["traceId"], {})
        one = resources.setdefault(json.dumps(resource), _resource(resource))
        name = {"Name": scope.get("name", ""), "Version": scope.get("version", ""), "Attrs": []}
        if not any(group["Scope"] == name for group in one["ss"]):
            one["ss"].append({"Scope": name, "Spans": []})
        next(group for group in one["ss"] if group["Scope"] == name)["Spans"].append(_span(span))
    rows = [
        {
            "TraceID": bytes.fromhex(trace),
            "TraceIDText": trace,
            "StartTimeUnixNano": START,
            "RootServiceName": "",
            "RootSpanName": "",
            "rs": list(resources.values()),
        }
        for trace, resources in traces.items()
    ]
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema(4)), sink)
    return sink.getvalue()


def _resource(resource):
    rest = [pair for pair in resource["attributes"] if pair["key"] != "service.name"]
    name = next((p["value"]["stringValue"] for p in resource["attributes"] if p["key"] == "service.name"), "")
    return {"Resource": {"Attrs": _pairs(rest), "ServiceName": name}, "ss": []}


def _span(span):
    start, end = int(span["startTimeUnixNano"]), int(span["endTimeUnixNano"])
    return {
        "SpanID": bytes.fromhex(span["spanId"]),
        "ParentSpanID": bytes.fromhex(span.get("parentSpanId", "")),
        "Name": span["name"],
        "Kind": span["kind"],
        "TraceState": span.get("traceState", ""),
        "StartTimeUnixNano": start,
        "DurationNano": end - start,
        "StatusCode": span["status"].get("code", 0),
        "StatusMessage": span["status"].get("message", ""),
        "Attrs": _pairs(span["attributes"]),
        "Events": [
            {
                "TimeSinceStartNano": int(event["timeUnixNano"]) - start,
                "Name": event["name"],
                "Attrs": _pairs(event.get("attributes", [])),
            }
            for event in span.get("events", [])
        ],
        "Links": [
            {
                "TraceID": bytes.fromhex(link["traceId"]),
                "SpanID": bytes.fromhex(link["spanId"]),
                "TraceState": link.get("traceState", ""),
                "Attrs": _pairs(link.get("attributes", [])),
            }
            for link in span.get("links", [])
        ],
    }


def _pairs(pairs):
    return [_pair(pair["key"], pair["value"]) for pair in pairs]


def _pair(key, value):
    """Return an attribute; a list of several types, or an empty one, is protobuf's JSON."""
    found = otlpmade.plain(value)
    if type(found) is list and len({type(item) for item in found}) > 1:
        none = {name: [] for name in ("Value", "ValueInt", "ValueDouble", "ValueBool")}
        return {"Key": key, "IsArray": False, "ValueUnsupported": json.dumps(value), **none}
    return attribute(4, key, found)
