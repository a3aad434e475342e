"""Jaeger's JSON: answers as of its API, `{"data": [...]}`, a trace an item, which its own screens load.

Jaeger has microseconds and neither log records nor lists: a log record is a span without a duration, lists go
as JSON text, and whatever else has no place goes as tags of ours, so that it is read back as it was.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import orjson
import pyarrow as pa

from obskit.names import CARRIED, CARRIED_FIELD, CARRIED_LIST
from obskit.writers.notes import Told
from obskit.writers.records import (
    EMPTY,
    IDS,
    SPAN_KINDS,
    TAKEN,
    Record,
    micros_of,
    records,
    whole_event,
)

ROWS = 4_096
SPANS = 10_000
"""Spans of one item; a longer trace goes on in another of the same id."""

ANSWER = 32 * 1024**2
"""Bytes of one answer, about: a reader may have to hold one whole."""

_NO_TRACE, _NO_SPAN = "0" * 32, "0" * 16
# Tags that say something of the span itself, to Jaeger or to whoever reads its JSON.
_MEANT = frozenset(
    {"error", "span.kind", "otel.status_code", "otel.status_description", "w3c.tracestate", "jaeger.warnings"}
)
_TYPES = {bool: "bool", int: "int64", float: "float64", str: "string"}


def traces(batches: Iterator[pa.RecordBatch], told: Told) -> Iterator[bytes]:
    """Give the answers of rows that come trace by trace: one, or a line each where it would be large."""
    size, answers = 0, 0
    for document in _documents(batches, told):
        if size == 0 or size + len(document) > ANSWER:
            yield b"]}\n" * (size > 0) + b'{"data":['
            size, answers = 0, answers + 1
        yield b"," * (size > 0) + document
        size += len(document)
    yield b"]}\n"
    if answers > 1:
        told.note(f"{answers:,} answers, a line each, are in it: Jaeger's own screens load one")
    for name in told.empty():
        told.field(EMPTY, name)


def _documents(batches: Iterator[pa.RecordBatch], told: Told) -> Iterator[bytes]:
    trace: _Trace | None = None
    for batch in batches:
        for start in range(0, batch.num_rows, ROWS):
            for record in records(batch.slice(start, ROWS), told):
                own = record.take_id("trace_id") or _NO_TRACE
                if trace is not None and (trace.id != own or len(trace.spans) >= SPANS):
                    yield trace.document()
                    trace = None
                trace = trace or _Trace(own)
                trace.add(record, told)
    if trace is not None:
        yield trace.document()


class _Trace:
    """An item in the making: spans, and the processes that they name."""

    def __init__(self, trace_id: str) -> None:
        self.id = trace_id
        self.spans: list[dict[str, Any]] = []
        self._processes: dict[bytes, tuple[str, dict[str, Any]]] = {}

    def add(self, record: Record, told: Told) -> None:
        """Take in a span."""
        key = orjson.dumps(record.resource)
        if key not in self._processes:
            resource = dict(record.resource)
            service = resource.pop("service.name") if resource.get("service.name") else ""
            process = {"serviceName": service, "tags": tags(resource)}
            self._processes[key] = (f"p{len(self._processes) + 1}", process)
        self.spans.append(_span(record, self.id, self._processes[key][0]))
        if record.has_odd_id:
            told.count(IDS)

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
    duration: float | None = record.ours.get("duration_ms")
    if duration is not None and 0 <= duration <= 9e12:
        out["duration"] = round(duration * 1000)
        if out["duration"] / 1000 == duration:
            record.take("duration_ms")
    said: dict[str, Any] = {}
    if record.ours.get("kind") in SPAN_KINDS:
        said["span.kind"] = record.take("kind")
    status = record.take("status_code")
    if status is None:
        record.absent("status_code")
    elif status != "UNSET":
        said["otel.status_code"] = status
    if status == "ERROR":
        said["error"] = True
    for name, tag in (("status_message", "otel.status_description"), ("trace_state", "w3c.tracestate")):
        if text := record.take_text(name):
            said[tag] = text
    references += [
        {"refType": "FOLLOWS_FROM", "traceID": link.get("trace_id"), "spanID": link.get("span_id")}
        for link in record.ours.get("links") or ()
        if link and link.get("trace_id") and link.get("span_id")
    ]
    events = record.ours.get("events") or []
    out["logs"] = [_log(event or {}) for event in events]
    if events and all(whole_event(event, flat=True) for event in events):
        record.take("events")
    own = {_key(name, value): value for name, value in record.attributes.items()}
    out["tags"] = tags(said) + tags(own) + tags(record.carried())
    return out | {"processID": process}


def _key(name: str, value: Any) -> str:
    """Return the key of a field: one that would say something of the span itself stands apart."""
    if name not in _MEANT or type(value) is list:
        return name
    return f"{CARRIED_FIELD}{'attributes.error' if name == 'error' else name}"


def tags(values: dict[str, Any]) -> list[dict[str, Any]]:
    """Return values as Jaeger's typed tags; a list is JSON text under a name of ours."""
    return [_tag(name, value) for name, value in values.items()]


def _tag(name: str, value: Any) -> dict[str, Any]:
    kind = type(value)
    if kind is list:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        if name not in CARRIED:  # events and links have a type of their own
            name = f"{CARRIED_LIST}{'attributes.' * (name in TAKEN)}{name}"
        return {"key": name, "type": "string", "value": text}
    if kind is float and not math.isfinite(value):
        value = str(value)
    return {"key": name, "type": _TYPES[kind], "value": value}


def _log(event: dict[str, Any]) -> dict[str, Any]:
    """Return an event as a log: its name is the field `event`, its attributes are the others."""
    out: dict[str, Any] = {}
    if (time := event.get("timestamp")) is not None:
        out["timestamp"] = micros_of(time)
    fields = {"event": event.get("name") or ""} | _flat(event.get("attributes"))
    return out | {"fields": tags(fields)}


def _flat(text: str | None) -> dict[str, Any]:
    """Return attributes that are JSON text, what is nested in them as text."""
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
