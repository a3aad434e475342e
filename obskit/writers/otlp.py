"""Write OTLP as JSON: export requests, one per line, with spans and log records in separate requests.

Attributes that are named like those of a resource (`service.*`, `k8s.*`, ...) become resource attributes,
because a flat row does not say where they came from.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import orjson
import pyarrow as pa

from obskit.writers.notes import WriteNotes
from obskit.writers.records import (
    EMPTY,
    IDS,
    SPAN_KINDS,
    Record,
    is_lossless_event,
    is_lossless_link,
    micros_of,
    records,
)

ROWS = 1_000
"""Most rows per request."""

_STATUS = {"UNSET": 0, "OK": 1, "ERROR": 2}
_SCOPE = {"otel.scope.name": "name", "otel.scope.version": "version"}


def requests(batches: Iterator[pa.RecordBatch], notes: WriteNotes) -> Iterator[bytes]:
    """Encode the rows as requests, one per line."""
    for batch in batches:
        for start in range(0, batch.num_rows, ROWS):
            spans = _Request("resourceSpans", "scopeSpans", "spans")
            logs = _Request("resourceLogs", "scopeLogs", "logRecords")
            for record in records(batch.slice(start, ROWS), notes):
                scope = _scope(record)
                if record.is_log:
                    logs.add(record.resource, scope, _log(record))
                else:
                    spans.add(record.resource, scope, _span(record))
                if record.has_odd_id:
                    notes.count(IDS)
            yield spans.line() + logs.line()
    for name in notes.empty():
        notes.field(EMPTY, name)


class _Request:
    """Builds one request: records grouped by resource and scope."""

    def __init__(self, resources: str, scopes: str, items: str) -> None:
        self._names = (resources, scopes, items)
        self._held: dict[bytes, tuple[dict[str, Any], dict[bytes, dict[str, Any]]]] = {}

    def add(self, resource: dict[str, Any], scope: dict[str, Any], record: dict[str, Any]) -> None:
        """Add a record to its resource and scope."""
        _, scopes, items = self._names
        key = orjson.dumps(resource)
        if key not in self._held:
            self._held[key] = ({"resource": {"attributes": pairs(resource)}, scopes: []}, {})
        entry, groups = self._held[key]
        inner = orjson.dumps(scope)
        if inner not in groups:
            groups[inner] = {"scope": scope, items: []}
            entry[scopes].append(groups[inner])
        groups[inner][items].append(record)

    def line(self) -> bytes:
        """Return the request as a line; empty if it has no records."""
        if not self._held:
            return b""
        request = {self._names[0]: [entry for entry, _ in self._held.values()]}
        return orjson.dumps(request, option=orjson.OPT_APPEND_NEWLINE)


def _scope(record: Record) -> dict[str, Any]:
    """Remove the scope from a record's attributes; an empty text stays, because OTLP treats it as missing."""
    found = record.attributes
    return {short: found.pop(name) for name, short in _SCOPE.items() if found.get(name)}


def _span(record: Record) -> dict[str, Any]:
    out: dict[str, Any] = {}
    _put(out, "traceId", record.take_id("trace_id"))
    _put(out, "spanId", record.take_id("span_id"))
    _put(out, "parentSpanId", record.take_id("parent_span_id"))
    _put(out, "traceState", record.take_text("trace_state"))
    _put(out, "name", record.take_text("name"))
    if record.columns.get("kind") in SPAN_KINDS:
        out["kind"] = SPAN_KINDS.index(record.take("kind")) + 1
    start = record.take_time()
    if start is not None:
        out["startTimeUnixNano"] = str(start * 1000)
        duration = record.take_nanoseconds()
        if duration is not None:
            out["endTimeUnixNano"] = str(start * 1000 + duration)
    status: dict[str, Any] = {}
    if record.columns.get("status_code") is None:
        record.mark_null("status_code")
    elif record.columns["status_code"] in _STATUS:
        status["code"] = _STATUS[record.take("status_code")]
    _put(status, "message", record.take_text("status_message"))
    out["status"] = status
    events, links = (record.columns.get(name) or [] for name in ("events", "links"))
    if events and all(is_lossless_event(event, flat=False) for event in events):
        out["events"] = [_event(event) for event in record.take("events")]
    if links and all(map(is_lossless_link, links)):
        out["links"] = [_link(link) for link in record.take("links")]
    out["attributes"] = pairs(record.attributes) + pairs(record.carried_attributes())
    return out


def _log(record: Record) -> dict[str, Any]:
    out: dict[str, Any] = {}
    start = record.take_time()
    if start is not None:
        out["timeUnixNano"] = str(start * 1000)
    name = record.take_text("name")
    _put(out, "eventName", name)
    if name is None and "name" not in record.columns and "event.name" in record.attributes:
        record.mark_null("name")
    if record.take("kind") is None:
        record.mark_null("kind")
    _put(out, "traceId", record.take_id("trace_id"))
    _put(out, "spanId", record.take_id("span_id"))
    _put(out, "severityText", record.take_text("severity_text"))
    if 0 < record.columns.get("severity_number", 0) <= 24:
        out["severityNumber"] = record.take("severity_number")
    if (body := record.take("body")) is not None:
        out["body"] = {"stringValue": body}
    out["attributes"] = pairs(record.attributes) + pairs(record.carried_attributes())
    return out


def _put(out: dict[str, Any], name: str, value: Any) -> None:
    if value is not None:
        out[name] = value


def _event(event: dict[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {"name": event["name"]}
    if (time := event.get("timestamp")) is not None:
        out["timeUnixNano"] = str(micros_of(time) * 1000)
    return out | _attributes(event)


def _link(link: dict[str, Any]) -> dict[str, Any]:
    out = {"traceId": link.get("trace_id") or "", "spanId": link.get("span_id") or ""}
    if link.get("trace_state"):
        out["traceState"] = link["trace_state"]
    return out | _attributes(link)


def _attributes(item: dict[str, Any]) -> dict[str, Any]:
    """Return the attributes of an event or link, which are JSON text in a column."""
    text = item.get("attributes")
    return {} if text is None else {"attributes": pairs(orjson.loads(text))}


def pairs(attributes: dict[str, Any]) -> list[dict[str, Any]]:
    """Return attributes as OTLP's list of keys and values."""
    return [{"key": name, "value": any_value(value)} for name, value in attributes.items()]


def any_value(value: Any) -> dict[str, Any]:
    """Return a value as OTLP's AnyValue; 64-bit integers are text, as OTLP's JSON requires."""
    kind = type(value)
    if kind is str:
        return {"stringValue": value}
    if kind is bool:
        return {"boolValue": value}
    if kind is int:
        return {"intValue": str(value)}
    if kind is float:
        return {"doubleValue": value if math.isfinite(value) else _NON_FINITE[str(value)]}
    if kind is list:
        return {"arrayValue": {"values": [any_value(item) for item in value]}}
    if kind is dict:
        return {"kvlistValue": {"values": pairs(value)}}
    return {}


_NON_FINITE = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
