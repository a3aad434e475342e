"""Honeycomb events: batches `[{"time": ..., "samplerate": ..., "data": {...}}]`, or one event per line.

A line can also be just the data. Honeycomb's standard names become obskit's: `trace.trace_id`,
`trace.span_id`, `trace.parent_id`, `service_name`, `library.name` and others. An annotation of a span
(`meta.annotation_type`) is a separate event below that span, as Honeycomb sends it; a link has its target in
`links`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
import pyarrow as pa

from obskit.readers.batches.row_batcher import DEPTH_LIMIT, MalformedRecord, TooDeep, attribute_name, flat
from obskit.readers.io.source import Source
from obskit.readers.registry import Match, Reader
from obskit.readers.sniffing import json_start
from obskit.readers.spans.json_documents import CutPoints, SpanFormat, read_documents
from obskit.readers.spans.scalars import optional_text
from obskit.readers.spans.tags import KINDS
from obskit.schema import EVENTS_TYPE, LINKS_TYPE, FileReport, ReadOptions

_DATA = re.compile(rb'"data"\s*:\s*\{')
_RATE = re.compile(rb'"(?:samplerate|sampleRate|time)"\s*:')
_TRACE = re.compile(rb'"trace\.trace_id"\s*:')
_WRAPPER = frozenset({"time", "timestamp", "samplerate", "sampleRate", "data", "dataset"})
_OPENING = re.compile(rb'\s*\[\s*(?=\{\s*"(?:time|samplerate|sampleRate|data|timestamp)"\s*:)')
_NEXT = re.compile(rb'(\})\s*,\s*(?=\{\s*"(?:time|samplerate|sampleRate|timestamp)"\s*:)')
_NAMES = {
    "trace.trace_id": "trace_id",
    "trace.span_id": "span_id",
    "trace.parent_id": "parent_span_id",
    "trace.trace_state": "trace_state",
    "duration_ms": "duration_ms",
    "name": "name",
    "body": "body",
    "severity_text": "severity_text",
    "severity_code": "severity_number",
    "status_message": "status_message",
}
"""Honeycomb's name -> obskit's column."""

_ATTRIBUTES = {
    "service_name": "service.name",
    "library.name": "otel.scope.name",
    "library.version": "otel.scope.version",
}
_TIMES = ("time", "timestamp", "Timestamp")
_RATES = ("samplerate", "sampleRate", "SampleRate", "sample_rate", "meta.sample_rate")
_IDS = {"trace_id": "trace.trace_id", "span_id": "trace.span_id", "parent_span_id": "trace.parent_id"}
_ANNOTATIONS = ("span_event", "link")


def sniff(head: bytes) -> Match:
    """Return how well the head of a file matches JSON with Honeycomb events."""
    if b'"trace.trace_id"' not in head and b'"data"' not in head:
        return Match.NO
    text = json_start(head)
    if not text or not (_TRACE.search(text) or _DATA.search(text)):
        return Match.NO
    try:
        row = orjson.loads(text.partition(b"\n")[0])
    except orjson.JSONDecodeError:
        found = _TRACE.search(text) or (_RATE.search(text) and text[:1] == b"[" and _OPENING.match(text))
        return Match.DIALECT if found else Match.NO
    row = row[0] if type(row) is list and row else row
    if type(row) is not dict:
        return Match.NO
    if "trace.trace_id" in row:
        return Match.DIALECT
    data = row.get("data")
    if type(data) is not dict or not row.keys() <= _WRAPPER:
        return Match.NO
    return Match.DIALECT if row.keys() & {*_RATES, "time"} or "trace.trace_id" in data else Match.NO


class HoneycombFormat(SpanFormat):
    """Honeycomb batches of one file."""

    name = "Honeycomb JSON"
    types: Mapping[str, pa.DataType] = {"events": EVENTS_TYPE, "links": LINKS_TYPE}

    def cut_points(self, data: bytes) -> CutPoints | None:
        """Return where a batch can be cut: between two events."""
        found = _OPENING.match(data)
        return None if found is None else CutPoints(found.end(), _NEXT, b"[", b"]")

    def parse_rows(self, document: Any, where: str) -> Iterator[dict[str, Any]]:
        """Yield the events of a batch as flat rows; anything else is rejected."""
        for item in document if type(document) is list else [document]:
            position = self.next_position(where, "event")
            try:
                yield event_row(item)
            except (MalformedRecord, TooDeep) as error:
                self.reject(position, str(error) or f"nested deeper than {DEPTH_LIMIT} levels")


def event_row(item: Any) -> dict[str, Any]:
    """Return an event as a flat row.

    Args:
        item: an event, its data alone, or whatever is in its place.

    Returns:
        obskit's columns, and attributes by their own names.

    Raises:
        MalformedRecord: it is not an event.
        TooDeep: its data is nested beyond the limit.
    """
    if type(item) is not dict:
        raise MalformedRecord("not an event")
    data, around = item, item
    if "data" in item and item.keys() <= _WRAPPER:
        data = item["data"]
        if type(data) is not dict:
            raise MalformedRecord("event data is not an object")
    else:
        around = {}
    data = flat(data)
    row: dict[str, Any] = {}
    for name, values in (("timestamp", _TIMES), ("sample_weight", _RATES)):
        found = next(((src, key) for src in (around, data) for key in values if _is_set(src.get(key))), None)
        if found is not None:
            src, key = found
            row[name] = src[key]
            if not around:  # the other names remain fields of their own
                data = {other: value for other, value in data.items() if other != key}
    annotation = data.get("meta.annotation_type")
    kind = str(data.get("span.kind") or data.get("kind") or "").lower().removeprefix("span_kind_")
    row["kind"] = "event" if annotation in _ANNOTATIONS else kind if kind in KINDS else None
    if row["kind"] is None and "trace.span_id" not in data:
        row["kind"] = "event"
    _status(data, row)
    if annotation == "link":
        ids = [data.get(f"trace.link.{name}") for name in ("trace_id", "span_id")]
        row["links"] = [(*(None if i is None else str(i).lower() for i in ids), None, None)]
    out: dict[str, Any] = {}
    for key, value in data.items():
        if value is None or key in ("error", "status_code") or (key == "span.kind" and kind in KINDS):
            continue
        if key in _NAMES and type(value) is not list:
            row[_NAMES[key]] = value
        elif key in _ATTRIBUTES:
            out.setdefault(_ATTRIBUTES[key], value)
        elif key in _IDS and _IDS[key] not in data:
            out[key] = value  # a line of a plain event between Honeycomb's
        elif not (key == "kind" and kind in KINDS):
            out[attribute_name(key)] = value
    return {**out, **row}


def _status(data: dict[str, Any], row: dict[str, Any]) -> None:
    """Add the status. `error` is a flag, or text about what went wrong."""
    error, status = data.get("error"), data.get("status_code")
    failed = error is not None and str(error).lower() not in ("", "false", "0")
    if failed:
        row["status_code"] = "ERROR"
        if str(error).lower() not in ("true", "1") and data.get("error.type") is None:
            row["error.type"] = optional_text(error)
    if status is not None and type(status) is not list and (not failed or _is_http_status(status)):
        row["http.response.status_code" if failed else "status_code"] = status


def _is_http_status(status: Any) -> bool:
    text = str(status)
    return text.isdigit() and 100 <= int(text) < 600


def _is_set(value: Any) -> bool:
    """Whether a value can be a time or a rate: a text that is not empty, or a number other than 0."""
    return type(value) in (str, int, float) and value not in ("", 0)


def read(source: Source, report: FileReport, _options: ReadOptions) -> Iterator[pa.RecordBatch]:
    """Yield the events of a file as batches.

    Args:
        source: the file.
        report: counts the records that cannot be read.
        _options: not used.

    Returns:
        Batches in the file's order.

    Raises:
        ReadError: no event can be read.
        LimitExceeded: a document has more than `DOCUMENT_LIMIT` bytes, or there are too many field names.
    """
    return read_documents(source, HoneycombFormat(report))


READER = Reader("Honeycomb", (".json", ".jsonl", ".ndjson"), sniff, read)
