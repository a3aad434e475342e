"""JSON documents with totals, profiles or spans of products, recognized by their first object.

{"latencies": {...}, "status_codes": {...}}       a report of vegeta: totals
{"nodes": [...], "timeDeltas": [...]}             a CPU profile
{"traces": [{"rootServiceName": ...}]}            the result of a search, without the spans of the traces
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from obskit.readers.unsupported.kinds import Unsupported, without_events

_TOTALS = "it has totals, not requests: "
_OTHER_TOOL = f"{_TOTALS}repeat the test with vegeta or JMeter"
_RECEIVE = "let the program send its spans as OTLP to `obskit receive`, or to the Collector's file exporter"

Row = dict[str, Any]


def _objects(row: Row, *names: str) -> bool:
    """Whether all of these names hold objects."""
    return all(type(row.get(name)) is dict for name in names)


def _first(row: Row, name: str) -> Row:
    """Return the first object of a list; {} if there is none."""
    found = row.get(name)
    return found[0] if type(found) is list and found and type(found[0]) is dict else {}


def _is_sentry(row: Row) -> bool:
    """Whether an object is a transaction."""
    return _objects(row, "contexts") and type(row.get("spans")) is list


def _is_lightstep(row: Row) -> bool:
    inner = _first(row, "data").get("attributes")
    return type(inner) is dict and "span-name" in _first(inner, "spans")


def _is_columnar(row: Row) -> bool:
    """Whether all values are objects with the same numbers as keys: pandas' `to_json`."""
    columns = list(row.values())
    if len(columns) < 2 or not all(type(column) is dict and "0" in column for column in columns):
        return False
    keys = columns[0].keys()
    return all(column.keys() == keys for column in columns) and all(key.isdigit() for key in keys)


_KNOWN: tuple[tuple[str, Callable[[Row], bool], Unsupported], ...] = (
    (
        "latencies",
        lambda row: _objects(row, "latencies", "status_codes"),
        Unsupported("a report of vegeta", f"{_TOTALS}vegeta encode --to json results.bin > results.jsonl"),
    ),
    (
        "responseTimeHistogram",
        lambda row: _objects(row, "summary", "responseTimeHistogram"),
        Unsupported("a summary of oha", _OTHER_TOOL),
    ),
    (
        "non2xx",
        lambda row: _objects(row, "latency", "requests") and {"2xx", "connections"} <= row.keys(),
        Unsupported("a summary of autocannon", _OTHER_TOOL),
    ),
    (
        "numberOfConnections",
        lambda row: _objects(row, "spec", "result"),
        Unsupported("a summary of bombardier", _OTHER_TOOL),
    ),
    (
        "intermediate",
        lambda row: _objects(row, "aggregate") and type(row.get("intermediate")) is list,
        Unsupported("a report of Artillery", _OTHER_TOOL),
    ),
    (
        "num_requests",
        lambda row: "response_times" in row,
        Unsupported("statistics of Locust", _OTHER_TOOL),
    ),
    (
        "timeDeltas",
        lambda row: type(row.get("nodes")) is list and "samples" in row,
        without_events("a CPU profile of V8"),
    ),
    (
        "$schema",
        lambda row: "speedscope.app" in str(row["$schema"]),
        without_events("a profile of speedscope"),
    ),
    ("lighthouseVersion", lambda row: "audits" in row, without_events("a report of Lighthouse")),
    (
        "rootServiceName",
        lambda row: "startTimeUnixNano" in _first(row, "traces"),
        Unsupported(
            "the result of a search in Tempo, which has only some of each trace's spans",
            "download the traces: curl TEMPO/api/traces/ID > trace.json",
        ),
    ),
    ("start_timestamp", _is_sentry, Unsupported("a transaction of Sentry", _RECEIVE)),
    ("span-name", _is_lightstep, Unsupported("traces of Lightstep", _RECEIVE)),
    (
        "0",
        _is_columnar,
        Unsupported(
            "a data frame of pandas by columns",
            "write it by rows: df.to_json(FILE, orient='records', lines=True)",
        ),
    ),
)

_ENVELOPE = re.compile(
    rb'\{[^\n]*"sent_at"[^\n]*\}\n\{[^\n]*"type"\s*:\s*'
    rb'"(?:transaction|event|sessions?|client_report|attachment|profile|profile_chunk|check_in|log|span)"'
)

HINTS = "|".join(re.escape(key) for key in ("sent_at", *(key for key, _, _ in _KNOWN)))
"""Alternatives of a pattern: a document of these formats has one of them as a key."""


def report_format(row: Row, text: bytes) -> Unsupported | None:
    """Return the format of a document by its first object.

    Args:
        row: the object.
        text: the beginning of the file, which has the keys of inner objects too.

    Returns:
        The format; None for any other object.

    Example:
        print(report_format({"lighthouseVersion": "12", "audits": {}}, b'"lighthouseVersion":').what)
    """
    if _ENVELOPE.match(text):
        return Unsupported("an envelope of Sentry", _RECEIVE)
    for key, fits, found in _KNOWN:
        if b'"%b"' % key.encode() in text and (key in row or key in _INNER) and fits(row):
            return found
    return None


_INNER = frozenset({"numberOfConnections", "rootServiceName", "span-name", "0"})
