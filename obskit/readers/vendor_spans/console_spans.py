"""Spans as the SDKs for PHP and JavaScript print them, and spans of OTLP without their resource."""

from __future__ import annotations

from typing import Any

from obskit.readers.batches.row_batcher import MalformedRecord
from obskit.readers.otlp.rowwise import SPAN_KEYS, records_of
from obskit.readers.spans.oddities import Oddities
from obskit.readers.spans.scalars import optional_text
from obskit.readers.vendor_spans.fields import (
    KINDS,
    attributes,
    identifier,
    number,
    objects,
    own_object,
    whole_number,
    without_nulls,
)
from obskit.schema.types import json_text

_OTLP_SPAN = frozenset(
    {"traceId", "spanId", "parentSpanId", "traceState", "flags", "name", "kind", "status", "events", "links"}
    | {"startTimeUnixNano", "endTimeUnixNano", "attributes", "droppedAttributesCount", "droppedEventsCount"}
    | {"droppedLinksCount"}
)
_API_KINDS = ("internal", "server", "client", "producer", "consumer")
_STATUSES = ("UNSET", "OK", "ERROR")
STATUS = {"unset": "UNSET", "error": "ERROR", "ok": "OK"}


def php_span(odd: Oddities, record: dict[str, Any]) -> dict[str, Any]:
    """Return the row of a span of PHP's console exporter, whose times are nanoseconds."""
    context, status = own_object(record, "context"), own_object(record, "status")
    start, end = whole_number(record["start"], "start"), record.get("end")
    kind = str(record.get("kind")).removeprefix("KIND_").lower()
    row = {
        **odd.times(start, None if end is None else whole_number(end, "end")),
        "name": optional_text(record.get("name")),
        "kind": kind if kind in KINDS else None,
        "trace_id": identifier(context.get("trace_id"), 32),
        "span_id": identifier(context.get("span_id"), 16),
        "parent_span_id": identifier(record.get("parent_span_id"), 16),
        "trace_state": optional_text(context.get("trace_state")),
        "status_code": STATUS.get(str(status.get("code")).lower(), "UNSET"),
        "status_message": optional_text(status.get("description")),
        "events": [
            (whole_number(item.get("timestamp"), "timestamp") // 1000, item_name(item), item_attributes(item))
            for item in objects(record, "events")
        ]
        or None,
        "links": [link(own_object(item, "context"), item) for item in objects(record, "links")] or None,
    }
    return {
        **attributes(record.get("resource")),
        **attributes(record.get("attributes")),
        **without_nulls(row),
    }


def javascript_span(odd: Oddities, record: dict[str, Any]) -> dict[str, Any]:
    """Return the row of a span of JavaScript's console exporter, whose times are microseconds."""
    status, scope = own_object(record, "status"), own_object(record, "instrumentationScope")
    start = round(number(record.get("timestamp"), "timestamp") * 1000)
    took, kind, code = record.get("duration"), record["kind"], status.get("code")
    parent = record.get("parentId") or own_object(record, "parentSpanContext").get("spanId")
    row = {
        **odd.times(start, None if took is None else start + round(number(took, "duration") * 1000)),
        "name": optional_text(record.get("name")),
        "kind": _API_KINDS[kind] if 0 <= kind < len(_API_KINDS) else None,
        "trace_id": identifier(record["traceId"], 32),
        "span_id": identifier(record.get("id"), 16),
        "parent_span_id": identifier(parent, 16),
        "trace_state": optional_text(record.get("traceState")),
        "status_code": _STATUSES[code] if type(code) is int and 0 <= code < len(_STATUSES) else "UNSET",
        "status_message": optional_text(status.get("message")),
        "events": [
            (_hr_time(item.get("time")), item_name(item), item_attributes(item))
            for item in objects(record, "events")
        ]
        or None,
        "links": [
            (
                identifier(own_object(item, "context").get("traceId"), 32),
                identifier(own_object(item, "context").get("spanId"), 16),
                None,
                item_attributes(item),
            )
            for item in objects(record, "links")
        ]
        or None,
        "otel.scope.name": optional_text(scope.get("name")),
        "otel.scope.version": optional_text(scope.get("version")),
    }
    return {
        **attributes(own_object(record, "resource").get("attributes")),
        **attributes(record.get("attributes")),
        **without_nulls(row),
    }


def bare_span(record: dict[str, Any]) -> dict[str, Any]:
    """Return the row of a span of OTLP's JSON without its resource, as `jq '.. .spans[]?'` gives it."""
    own = {name: value for name, value in record.items() if name in _OTLP_SPAN}
    more = {name: value for name, value in record.items() if name not in _OTLP_SPAN}
    if type(own.get("attributes")) is dict:  # written by a program of its own
        more |= own.pop("attributes")
    group = {"scopeSpans": [{"spans": [own]}]}
    made = next(iter(records_of({"resourceSpans": [group]}, SPAN_KEYS, _malformed)))
    if made.row is None:
        raise MalformedRecord(made.reason)
    return {**attributes(more), **made.row}


def readable_span(odd: Oddities, record: dict[str, Any]) -> dict[str, Any]:
    """Return the row of JavaScript's own object of a span, whose times are pairs."""
    context = own_object(record, "_spanContext") or own_object(record, "spanContext") or record
    start, end = _hr_time(record["startTime"]), _hr_time(record["endTime"])
    if start is None:
        raise MalformedRecord("startTime is not seconds and nanoseconds")
    parent = record.get("parentSpanId") or own_object(record, "parentSpanContext").get("spanId")
    alike = {
        **record,
        "traceId": context.get("traceId"),
        "id": context.get("spanId"),
        "parentId": parent,
        "timestamp": start,
        "duration": None if end is None or end == 0 else end - start,
        "resource": record.get("resource")
        or {"attributes": own_object(record, "_resource").get("_attributes")},
        "instrumentationScope": record.get("instrumentationScope") or record.get("instrumentationLibrary"),
        "kind": record["kind"] if type(record.get("kind")) is int else -1,
    }
    return javascript_span(odd, alike)


def _hr_time(pair: Any) -> int | None:
    """Return microseconds of JavaScript's pair of seconds and nanoseconds."""
    if type(pair) is list and len(pair) == 2 and all(type(part) is int for part in pair):
        return int(pair[0] * 1_000_000 + pair[1] // 1000)
    return None


def _malformed(reason: str) -> None:
    raise MalformedRecord(reason)


def item_name(item: dict[str, Any]) -> str | None:
    """Return the name of an event of a span."""
    return optional_text(item.get("name"))


def item_attributes(item: dict[str, Any]) -> str | None:
    """Return the attributes of an event or link as JSON text."""
    return attribute_text(item.get("attributes"))


def attribute_text(found: Any) -> str | None:
    """Return attributes as JSON text; None if there are none."""
    return json_text(found) if type(found) is dict and found else None


def trace_state(value: Any) -> str | None:
    """Return a trace state; Python prints an empty one as "[]", and another as a list of pairs."""
    text = optional_text(value)
    if text is None or text == "[]":
        return None
    return text


def link(context: dict[str, Any], item: dict[str, Any]) -> tuple[str | None, ...]:
    """Return a link of a span as the tuple of its column."""
    ids = identifier(context.get("trace_id"), 32), identifier(context.get("span_id"), 16)
    return (*ids, trace_state(context.get("trace_state")), item_attributes(item))
