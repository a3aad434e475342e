"""Validate an OTLP/JSON request, and return it as one line for a segment.

Records that `obskit.readers` would reject are rejected here, so that the sender is informed. The others are
kept as sent. Parsed JSON takes many times its size in memory, so this is estimated before parsing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import orjson

from obskit.readers.otlp.rowwise import rows_of
from obskit.receive.refusal import Refused
from obskit.schema import LoadReport

# signal -> (its key, the key of scopes, that of records), and as snake_case
_KEYS = {
    "traces": ("resourceSpans", "scopeSpans", "spans"),
    "logs": ("resourceLogs", "scopeLogs", "logRecords"),
    "metrics": ("resourceMetrics", "scopeMetrics", "metrics"),
}
_SNAKE = {
    "resourceSpans": "resource_spans",
    "resourceLogs": "resource_logs",
    "resourceMetrics": "resource_metrics",
    "scopeSpans": "scope_spans",
    "scopeLogs": "scope_logs",
    "scopeMetrics": "scope_metrics",
    "logRecords": "log_records",
    "dataPoints": "data_points",
}
_BEGIN = re.compile(rb'\s{0,64}\{\s{0,64}"resource')
_NEWLINES = bytes.maketrans(b"\r\n", b"  ")


def weight(body: bytes | bytearray) -> int:
    """Estimate how many bytes the parsed objects of a JSON text need at most."""
    # Text of which one character is beyond 16 bits takes four bytes for each.
    wide = not body.isascii() or b"\\u" in body
    # An object of CPython 3.11 to 3.14 with a key or two, a list, a short string or number with its place.
    objects = 220 * body.count(b"{") + 90 * body.count(b"[") + 80 * body.count(b",")
    return (6 if wide else 2) * len(body) + objects


def read(signal: str, body: bytes | bytearray) -> tuple[bytes, int, int, str]:
    """Validate a request.

    Args:
        signal: "traces", "logs" or "metrics".
        body: the request.
    Returns:
        (line to keep, without a newline, empty if there is nothing to keep; number of events in it; number of
        rejected events; reason for the first rejection).
    Raises:
        Refused: it is not such a request (400).
    """
    try:
        request = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Refused(400, "the body is not valid JSON") from None
    records = list(_records(request, signal))
    if signal == "metrics":
        return b"", 0, sum(_points(metric) for _, _, metric in records), ""
    good, why = _good(request, signal)
    if good == len(records):
        if not good:
            return b"", 0, 0, ""
        # What else a request holds is not kept; nor a beginning by which the reader would not know it.
        plain = len(request) == 1 and _BEGIN.match(body)
        # A raw newline stands only between the tokens of JSON.
        return bytes(body.translate(_NEWLINES)) if plain else _line(request, signal), good, 0, ""
    kept = []
    for resource, scope, record in records:
        alone = _alone(signal, resource, scope, record)
        fine, reason = _good(alone, signal) if type(record) is dict else (0, "a record is not a JSON object")
        if fine:
            kept.append(alone[_KEYS[signal][0]][0])
        else:
            why = why or reason
    line = _line({_KEYS[signal][0]: kept}, signal) if kept else b""
    return line, len(kept), len(records) - len(kept), why


def _line(request: dict[str, Any], signal: str) -> bytes:
    key = _KEYS[signal][0]
    try:
        return orjson.dumps({key: _get(request, key)})
    except TypeError:  # deeper than it writes, or half of a surrogate pair
        raise _bad(signal) from None


def _good(request: dict[str, Any], signal: str) -> tuple[int, str]:
    """Return how many rows the reader makes of a request of nothing else, and what it says of the others."""
    report = LoadReport()
    key = _KEYS[signal][0]
    only = {key: _get(request, key)}
    rows = sum(1 for _ in rows_of(only, report.file(""), ""))
    if report.rejected_count:
        return -1 if rows else 0, report.rejected[0].reason
    return rows, ""


def _records(request: Any, signal: str) -> Iterator[tuple[dict[str, Any], dict[str, Any], Any]]:
    """Give (resource, scope, record) of every record.

    Raises:
        Refused: what is above the records is not of OTLP's form.
    """
    resources, scopes, records = _KEYS[signal]
    if type(request) is not dict:
        raise _bad(signal)
    for resource in _list(request, resources, signal):
        for scope in _list(resource, scopes, signal):
            if type(scope) is not dict:
                raise _bad(signal)
            for record in _list(scope, records, signal):
                yield resource, scope, record


def _list(holder: Any, name: str, signal: str) -> list[Any]:
    if type(holder) is not dict:
        raise _bad(signal)
    found = _get(holder, name)
    if found is None:
        return []
    if type(found) is not list:
        raise _bad(signal)
    return found


def _get(holder: dict[str, Any], name: str) -> Any:
    found = holder.get(name)
    return holder.get(_SNAKE.get(name, name)) if found is None else found


def _alone(signal: str, resource: dict[str, Any], scope: dict[str, Any], record: Any) -> dict[str, Any]:
    resources, scopes, records = _KEYS[signal]
    above = {"resource": resource["resource"]} if "resource" in resource else {}
    beside = {"scope": scope["scope"]} if "scope" in scope else {}
    return {resources: [{**above, scopes: [{**beside, records: [record]}]}]}


def _points(metric: Any) -> int:
    if type(metric) is not dict:
        return 1
    points = [_get(kind, "dataPoints") for kind in metric.values() if type(kind) is dict]
    return sum(len(found) for found in points if type(found) is list)


def _bad(signal: str) -> Refused:
    return Refused(400, f"the body is not an OTLP/JSON export request for {signal}")
