"""Spans and log records that OpenTelemetry's SDKs print as JSON.

    {"name": "GET", "context": {"trace_id": "0xaba8..."}, "kind": "SpanKind.SERVER", ...}       Python
    {"Name": "GET", "SpanContext": {"TraceID": "aba8...", ...}, "SpanKind": 2, ...}              Go
    [{"name": "GET", "context": {"trace_id": "aba8..."}, "kind": "KIND_SERVER", ...}]            PHP
    {"traceId": "aba8...", "id": "00f0...", "kind": 1, "duration": 250000, ...}                  JavaScript

They print an object per span, on a line or over several lines, among whatever else the program prints. The
metrics that they print are rejected. JavaScript's spans are JSON only if the runtime prints objects so; its
times and durations are microseconds, and its kinds are those of OpenTelemetry's API, where 1 is a server.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from obskit.readers.batches.row_batcher import MalformedRecord, attribute_name
from obskit.readers.spans.scalars import optional_text
from obskit.readers.vendor_spans.console_spans import (
    STATUS,
    attribute_text,
    bare_span,
    item_attributes,
    item_name,
    javascript_span,
    link,
    php_span,
    readable_span,
    trace_state,
)
from obskit.readers.vendor_spans.documents import METRICS, VendorFormat, reader_of
from obskit.readers.vendor_spans.fields import (
    KINDS,
    attributes,
    identifier,
    iso_nanoseconds,
    objects,
    own_object,
    without_nulls,
)
from obskit.schema.types import json_text

_PYTHON = re.compile(rb'"context"\s*:\s*\{\s*"trace_id"\s*:\s*"0x')
_PYTHON_KIND = re.compile(rb'"kind"\s*:\s*"SpanKind\.')
_PYTHON_LOG = re.compile(rb'"severity_number"\s*:\s*("<SeverityNumber\.|\d)')
_PYTHON_LOG_TOO = re.compile(rb'"(?:trace_flags|dropped_attributes)"\s*:')
_GO = re.compile(rb'"SpanContext"\s*:\s*\{\s*"TraceID"\s*:')
_GO_LOG = re.compile(rb'"ObservedTimestamp"\s*:.{0,4000}?"Body"\s*:\s*\{\s*"Type"\s*:', re.DOTALL)
_GO_METRICS = re.compile(rb'^\s*\{\s*"Resource"\s*:.*?"ScopeMetrics"\s*:', re.DOTALL)
_PHP = re.compile(rb'"context"\s*:\s*\{\s*"trace_id"\s*:\s*"[0-9a-f]{32}"')
_PHP_KIND = re.compile(rb'"kind"\s*:\s*"KIND_')
_JAVASCRIPT = tuple(
    re.compile(pattern)
    for pattern in (
        rb'"traceId"\s*:\s*"[0-9a-f]{32}"',
        rb'"id"\s*:\s*"[0-9a-f]{16}"',
        rb'"kind"\s*:\s*[0-4]\s*[,}]',
        rb'"status"\s*:\s*\{\s*"code"\s*:\s*[0-2]\b',
        rb'"attributes"\s*:\s*\{',
        rb'"duration"\s*:\s*\d',
    )
)
_READABLE = (
    re.compile(rb'"(?:startTime|_startTime)"\s*:\s*\[\s*\d{10}\s*,\s*\d{1,9}\s*\]'),
    re.compile(rb'"endTime"\s*:\s*\[\s*\d'),
    re.compile(rb'"traceId"\s*:\s*"[0-9a-f]{32}"'),
    re.compile(rb'"kind"\s*:\s*[0-4]\s*[,}]'),
)
_BARE = (
    re.compile(
        rb'\A\s*\[?\s*\{\s*"(?:traceId|spanId|name|flags|parentSpanId|kind|traceState|attributes)"\s*:'
    ),
    re.compile(rb'"startTimeUnixNano"\s*:\s*"?\d{18,20}"?'),
    re.compile(rb'"endTimeUnixNano"\s*:'),
    re.compile(rb'"spanId"\s*:\s*"'),
)
_SEVERITY = re.compile(r"<SeverityNumber\.\w+: (\d+)>")
_GO_KINDS = ("", "internal", "server", "client", "producer", "consumer")


class Console(VendorFormat):
    """Objects that an OpenTelemetry SDK printed."""

    name = "OpenTelemetry console"

    @classmethod
    def matches(cls, head: bytes) -> bool:
        """Return whether there is a span, a log record or metrics in the form of one of the SDKs."""
        if _PYTHON.search(head) and _PYTHON_KIND.search(head):
            return True
        if b'"0x' in head and _PYTHON_LOG.search(head) and _PYTHON_LOG_TOO.search(head):
            return True
        if _PHP.search(head) and _PHP_KIND.search(head):
            return True
        if all(mark.search(head) for mark in _JAVASCRIPT) or all(mark.search(head) for mark in _READABLE):
            return True
        if all(mark.search(head) for mark in _BARE):
            return True
        return bool(_GO.search(head) or _GO_LOG.search(head) or _GO_METRICS.search(head))

    def rows(self, record: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield the row of a span or log record."""
        if type(record.get("SpanContext")) is dict:
            yield self._go_span(record)
        elif "ObservedTimestamp" in record and "Body" in record:
            yield _go_log(record)
        elif type(record.get("context")) is dict and "start_time" in record:
            yield self._python_span(record)
        elif type(record.get("context")) is dict and "start" in record:
            yield php_span(self.odd, record)
        elif "startTimeUnixNano" in record and "spanId" in record:
            yield bare_span(record)
        elif type(record.get("startTime")) is list and type(record.get("endTime")) is list:
            yield readable_span(self.odd, record)
        elif type(record.get("traceId")) is str and type(record.get("kind")) is int:
            yield javascript_span(self.odd, record)
        elif "severity_number" in record and "body" in record:
            yield _python_log(record)
        elif "resource_metrics" in record or "ScopeMetrics" in record:
            raise MalformedRecord(METRICS)
        else:
            raise MalformedRecord("neither a span nor a log record")

    def _python_span(self, record: dict[str, Any]) -> dict[str, Any]:
        context, status = own_object(record, "context"), own_object(record, "status")
        resource = own_object(record, "resource")
        times = self._times(record, "start_time", "end_time")
        kind = str(record.get("kind")).removeprefix("SpanKind.").lower()
        row = {
            **times,
            "name": optional_text(record.get("name")),
            "kind": kind if kind in KINDS else None,
            "trace_id": identifier(context.get("trace_id"), 32),
            "span_id": identifier(context.get("span_id"), 16),
            "parent_span_id": identifier(record.get("parent_id"), 16),
            "trace_state": trace_state(context.get("trace_state")),
            "status_code": STATUS.get(str(status.get("status_code")).lower(), "UNSET"),
            "status_message": optional_text(status.get("description")),
            "events": [
                (
                    _micro(iso_nanoseconds(item.get("timestamp"), "timestamp")),
                    item_name(item),
                    item_attributes(item),
                )
                for item in objects(record, "events")
            ]
            or None,
            "links": [link(own_object(item, "context"), item) for item in objects(record, "links")] or None,
        }
        return {
            **attributes(resource.get("attributes")),
            **attributes(record.get("attributes")),
            **without_nulls(row),
        }

    def _go_span(self, record: dict[str, Any]) -> dict[str, Any]:
        context, status = own_object(record, "SpanContext"), own_object(record, "Status")
        parent, kind = own_object(record, "Parent"), record.get("SpanKind")
        scope = own_object(record, "InstrumentationScope") or own_object(record, "InstrumentationLibrary")
        row = {
            **self._times(record, "StartTime", "EndTime"),
            "name": optional_text(record.get("Name")),
            "kind": _GO_KINDS[kind] or None if type(kind) is int and 0 <= kind < len(_GO_KINDS) else None,
            "trace_id": identifier(context.get("TraceID"), 32),
            "span_id": identifier(context.get("SpanID"), 16),
            "parent_span_id": identifier(parent.get("SpanID"), 16),
            "trace_state": optional_text(context.get("TraceState")),
            "status_code": STATUS.get(str(status.get("Code")).lower(), "UNSET"),
            "status_message": optional_text(status.get("Description")),
            "events": [
                (
                    _micro(iso_nanoseconds(item.get("Time"), "Time")),
                    optional_text(item.get("Name")),
                    attribute_text(_go_attributes(item.get("Attributes"))),
                )
                for item in objects(record, "Events")
            ]
            or None,
            "links": [
                (
                    identifier(own_object(item, "SpanContext").get("TraceID"), 32),
                    identifier(own_object(item, "SpanContext").get("SpanID"), 16),
                    optional_text(own_object(item, "SpanContext").get("TraceState")),
                    attribute_text(_go_attributes(item.get("Attributes"))),
                )
                for item in objects(record, "Links")
            ]
            or None,
            "otel.scope.name": optional_text(scope.get("Name")),
            "otel.scope.version": optional_text(scope.get("Version")),
        }
        return {
            **_go_attributes(record.get("Resource")),
            **_go_attributes(record.get("Attributes")),
            **without_nulls(row),
        }

    def _times(self, record: dict[str, Any], start_name: str, end_name: str) -> dict[str, Any]:
        start = iso_nanoseconds(record.get(start_name), start_name)
        end = iso_nanoseconds(record.get(end_name), end_name)
        return self.odd.times(start, end)


def _python_log(record: dict[str, Any]) -> dict[str, Any]:
    severity, resource = record.get("severity_number"), record.get("resource")
    if type(severity) is str and (found := _SEVERITY.fullmatch(severity)):
        severity = int(found[1])
    own = iso_nanoseconds(record.get("timestamp"), "timestamp")
    seen = iso_nanoseconds(record.get("observed_timestamp"), "observed_timestamp")
    body, pairs = record.get("body"), record.get("attributes")
    row = {
        "timestamp": _micro(own if own is not None else seen),
        "kind": "event",
        "name": optional_text(record.get("event_name")),
        "body": optional_text(body),
        "severity_text": optional_text(record.get("severity_text")),
        "severity_number": severity if type(severity) is int and severity else None,
        "trace_id": identifier(record.get("trace_id"), 32),
        "span_id": identifier(record.get("span_id"), 16),
    }
    shared = attributes(resource.get("attributes")) if type(resource) is dict else {}
    return {**shared, **attributes(pairs), **without_nulls(row)}


def _go_log(record: dict[str, Any]) -> dict[str, Any]:
    own = iso_nanoseconds(record.get("Timestamp"), "Timestamp")
    seen = iso_nanoseconds(record.get("ObservedTimestamp"), "ObservedTimestamp")
    scope, severity = own_object(record, "Scope"), record.get("Severity")
    row = {
        "timestamp": _micro(own if own is not None else seen),
        "kind": "event",
        "name": optional_text(record.get("EventName")),
        "body": optional_text(_go_value(record.get("Body"))),
        "severity_text": optional_text(record.get("SeverityText")),
        "severity_number": severity if type(severity) is int and severity else None,
        "trace_id": identifier(record.get("TraceID"), 32),
        "span_id": identifier(record.get("SpanID"), 16),
        "otel.scope.name": optional_text(scope.get("Name")),
    }
    return {
        **_go_attributes(record.get("Resource")),
        **_go_attributes(record.get("Attributes")),
        **without_nulls(row),
    }


def _micro(nanoseconds: int | None) -> int | None:
    return None if nanoseconds is None else nanoseconds // 1000


def _go_attributes(found: Any) -> dict[str, Any]:
    """Return Go's list of keys and typed values as attributes."""
    out = {}
    for pair in found if type(found) is list else []:
        if type(pair) is dict and type(pair.get("Key")) is str:
            value = _go_value(pair.get("Value"))
            if value is not None:
                out[attribute_name(pair["Key"])] = value
    return out


def _go_value(found: Any) -> Any:
    value = found.get("Value") if type(found) is dict and "Type" in found else found
    if type(value) is dict or (type(value) is list and any(type(item) in (dict, list) for item in value)):
        return json_text(value)
    return value


READER = reader_of(Console)
