"""Jaeger JSON as Jaeger writes it."""

import json

TRACE = "5b8efff798038103d269b633813fc60c"
START = 1_777_888_800_000_000  # 2026-05-04T10:00:00Z


def tag(key, value, kind=None):
    words = {bool: "bool", int: "int64", float: "float64", str: "string"}
    return {"key": key, "type": kind or words[type(value)], "value": value}


def child_of(span, trace=TRACE, kind="CHILD_OF"):
    return {"refType": kind, "traceID": trace, "spanID": span}


def span(own="1", tags=(), references=(), **more):
    return {
        "traceID": TRACE,
        "spanID": own,
        "operationName": "GET /book",
        "references": list(references),
        "startTime": START,
        "duration": 1500,
        "tags": list(tags),
        "logs": [],
        "processID": "p1",
        "warnings": None,
    } | more


def trace(*spans, tags=(), service="front"):
    process = {"serviceName": service, "tags": list(tags)}
    return {"traceID": TRACE, "spans": list(spans), "processes": {"p1": process}, "warnings": None}


def answer(*traces):
    return {"data": list(traces), "total": 0, "limit": 0, "offset": 0, "errors": None}


def dumped(document, **how):
    return json.dumps(document, **how).encode()


def compact(document):
    return dumped(document, separators=(",", ":"))
