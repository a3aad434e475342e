"""Write Jaeger's JSON, as its API returns it and its UI loads it: `{"data": [...]}` with one item per trace.

Jaeger has microseconds, but no log records and no lists. A log record becomes a span without a duration, a
list becomes JSON text, and everything else that has no field becomes an `obskit.*` tag, so that it is read
back unchanged.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import orjson
import pyarrow as pa

from obskit.names import CARRIED, CARRIED_FIELD, CARRIED_LIST
from obskit.writers.notes import WriteNotes
from obskit.writers.records import (
    EMPTY,
    IDS,
    RESERVED,
    SPAN_KINDS,
    Record,
    is_lossless_event,
    micros_of,
    records,
)

ROWS = 4_096
SPANS = 10_000
"""Most spans per item; a longer trace continues in another item with the same id."""

DOCUMENT_BYTES = 32 * 1024**2
"""Approximate size of one document; a reader may have to hold it in memory."""

_NO_TRACE, _NO_SPAN = "0" * 32, "0" * 16
# Tags that have a meaning for the span itself, to Jaeger or to readers of its JSON.
_SPAN_TAGS = frozenset(
    {"error", "span.kind", "otel.status_code", "otel.status_description", "w3c.tracestate", "jaeger.warnings"}
)
_TYPES = {bool: "bool", int: "int64", float: "float64", str: "string"}


def traces(batches: Iterator[pa.RecordBatch], notes: WriteNotes) -> Iterator[bytes]:
    """Encode rows that come trace by trace: one document, or several of limited size, one per line."""
    size, documents = 0, 0
    for document in _documents(batches, notes):
        if size == 0 or size + len(document) > DOCUMENT_BYTES:
            yield b"]}\n" * (size > 0) + b'{"data":['
            size, documents = 0, documents + 1
        yield b"," * (size > 0) + document
        size += len(document)
    yield b"]}\n"
    if documents > 1:
        notes.note(f"{documents:,} JSON documents, one per line: Jaeger's UI loads only files with one")
    for name in notes.empty():
        notes.field(EMPTY, name)


def _documents(batches: Iterator[pa.RecordBatch], notes: WriteNotes) -> Iterator[bytes]:
    trace: _Trace | None = None
    for batch in batches:
        for start in range(0, batch.num_rows, ROWS):
            for record in records(batch.slice(start, ROWS), notes):
                own = record.take_id("trace_id") or _NO_TRACE
                if trace is not None and (trace.id != own or len(trace.spans) >= SPANS):
                    yield trace.document()
                    trace = None
                trace = trace or _Trace(own)
                trace.add(record, notes)
    if trace is not None:
        yield trace.document()


class _Trace:
    """Builds one item: spans, and the processes that they refer to."""

    def __init__(self, trace_id: str) -> None:
        self.id = trace_id
        self.spans: list[dict[str, Any]] = []
        self._processes: dict[bytes, tuple[str, dict[str, Any]]] = {}

    def add(self, record: Record, notes: WriteNotes) -> None:
        """Add a span."""
        key = orjson.dumps(record.resource)
        if key not in self._processes:
            resource = dict(record.resource)
            service = resource.pop("service.name") if resource.get("service.name") else ""
            process = {"serviceName": service, "tags": tags(resource)}
            self._processes[key] = (f"p{len(self._processes) + 1}", process)
        self.spans.append(_span(record, self.id, self._processes[key][0]))
        if record.has_odd_id:
            notes.count(IDS)

    def document(self) -> bytes:
        """Return the item as JSON."""
        processes = dict(self._processes.values())
        return orjson.dumps({"traceID": self.id, "spans": self.spans, "processes": processes})


def _span(record: Record, trace: str, process: str) -> dict[str, Any]:
    parent = record.take_id("parent_span_id")
    references = [{"refType": "CHILD_OF", "traceID": trace, "spanID": parent}] if parent else []
    out: dict[str, Any] = {
        "traceID": trace,
        "spanID": record.take_id("span_id") or _NO_SPAN,
        "operationName": record.take_text("name") or "",
        "references": references,
    }
    if (start := record.take_time()) is not None:
        out["startTime"] = start
    duration: float | None = record.columns.get("duration_ms")
    if duration is not None and 0 <= duration <= 9e12:
        out["duration"] = round(duration * 1000)
        if out["duration"] / 1000 == duration:
            record.take("duration_ms")
    span_tags: dict[str, Any] = {}
    if record.columns.get("kind") in SPAN_KINDS:
        span_tags["span.kind"] = record.take("kind")
    status = record.take("status_code")
    if status is None:
        record.mark_null("status_code")
    elif status != "UNSET":
        span_tags["otel.status_code"] = status
    if status == "ERROR":
        span_tags["error"] = True
    for name, tag in (("status_message", "otel.status_description"), ("trace_state", "w3c.tracestate")):
        if text := record.take_text(name):
            span_tags[tag] = text
    references += [
        {"refType": "FOLLOWS_FROM", "traceID": link.get("trace_id"), "spanID": link.get("span_id")}
        for link in record.columns.get("links") or ()
        if link and link.get("trace_id") and link.get("span_id")
    ]
    events = record.columns.get("events") or []
    out["logs"] = [_log(event or {}) for event in events]
    if events and all(is_lossless_event(event, flat=True) for event in events):
        record.take("events")
    own = {_key(name, value): value for name, value in record.attributes.items()}
    out["tags"] = tags(span_tags) + tags(own) + tags(record.carried_attributes())
    return out | {"processID": process}


def _key(name: str, value: Any) -> str:
    """Return the tag for a field; a field named like a tag of the span itself gets an `obskit.` prefix."""
    if name not in _SPAN_TAGS or type(value) is list:
        return name
    return f"{CARRIED_FIELD}{'attributes.error' if name == 'error' else name}"


def tags(values: dict[str, Any]) -> list[dict[str, Any]]:
    """Return values as Jaeger's typed tags; a list becomes JSON text under an `obskit.` name."""
    return [_tag(name, value) for name, value in values.items()]


def _tag(name: str, value: Any) -> dict[str, Any]:
    kind = type(value)
    if kind is list:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        if name not in CARRIED:  # events and links have a type of their own
            name = f"{CARRIED_LIST}{'attributes.' * (name in RESERVED)}{name}"
        return {"key": name, "type": "string", "value": text}
    if kind is float and not math.isfinite(value):
        value = str(value)
    return {"key": name, "type": _TYPES[kind], "value": value}


def _log(event: dict[str, Any]) -> dict[str, Any]:
    """Return a span's event as a log: its name becomes the field `event`, its attributes the other fields."""
    out: dict[str, Any] = {}
    if (time := event.get("timestamp")) is not None:
        out["timestamp"] = micros_of(time)
    fields = {"event": event.get("name") or ""} | _flat_attributes(event.get("attributes"))
    return out | {"fields": tags(fields)}


def _flat_attributes(text: str | None) -> dict[str, Any]:
    """Parse attributes from JSON text; nested values become text."""
    try:
        found = orjson.loads(text or "{}")
    except orjson.JSONDecodeError:
        return {"attributes": text}
    if type(found) is not dict:
        return {"attributes": text}
    return {
        name: orjson.dumps(value).decode() if type(value) in (dict, list) else value
        for name, value in found.items()
        if value is not None and name != "event"
    }
