"""Datadog: traces as tracers send them to the agent, and spans and logs as the API returns them.

    [[{"trace_id": 1, "span_id": 2, "parent_id": 0, "name": "web.request", "resource": "GET /cart",
       "start": 1777888800000000000, "duration": 250000000, "error": 1, "meta": {...}, "metrics": {...}}]]
    {"trace": {"root_id": "2", "spans": {"2": {"start": 1777888800.0, "duration": 0.25, "end": ..., ...}}}}
    {"data": [{"type": "spans", "attributes": {"start_timestamp": "2026-05-04T10:00:00Z", ...}}]}

Times and durations are nanoseconds, but seconds in a trace of the interface. Ids are decimal in traces, and
become hex; `_dd.p.tid` is the upper half of a trace id of 128 bits. `error` is 1 for a span that failed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from obskit.readers.batches.row_batcher import MalformedRecord, attribute_name
from obskit.readers.spans.scalars import optional_text
from obskit.readers.vendor_spans.documents import VendorFormat, reader_of
from obskit.readers.vendor_spans.fields import (
    KINDS,
    attributes,
    decimal_id,
    identifier,
    iso_nanoseconds,
    number,
    own_object,
    second_nanoseconds,
    whole_number,
    without_nulls,
)
from obskit.schema import FileReport

_TRACE_ID = re.compile(rb'"trace_id"\s*:\s*(?:\d+|"[0-9a-fA-F]+")')
_SPAN_ID = re.compile(rb'"span_id"\s*:\s*(?:\d+|"[0-9a-fA-F]+")')
_START = re.compile(rb'"start"\s*:\s*\d{18,19}\b')
_RESOURCE = re.compile(rb'"resource"\s*:\s*"')
_DURATION = re.compile(rb'"duration"\s*:\s*\d+')
_API = re.compile(rb'"type"\s*:\s*"(?:spans|log)"')
_API_SPAN = re.compile(rb'"(?:start_timestamp|resource_name)"\s*:')
_API_LOG = re.compile(rb'"attributes"\s*:\s*\{(?:[^{}]|\{[^{}]*\})*"(?:service|host|tags|message)"\s*:')
_INTERFACE = re.compile(rb'"root_id"\s*:\s*"?\d+"?\s*,\s*"spans"\s*:\s*\{')
_ERRORS = {
    "error.type": "exception.type",
    "error.message": "exception.message",
    "error.msg": "exception.message",
    "error.stack": "exception.stacktrace",
}
_META = {"env": "deployment.environment.name", "version": "service.version"}
_HALF = re.compile(r"[0-9a-fA-F]{16}")
_REMEMBERED = 1_000_000
"""Traces whose upper half of the id is remembered."""

_SERVER_TYPES = frozenset({"web", "serverless"})
_CLIENT_TYPES = frozenset({"http", "sql", "db", "cache", "redis", "mongodb", "cassandra", "elasticsearch"})


class Datadog(VendorFormat):
    """Spans and logs of one file."""

    name = "Datadog"

    def __init__(self, report: FileReport) -> None:
        super().__init__(report)
        self._upper: dict[str, str] = {}

    @classmethod
    def matches(cls, head: bytes) -> bool:
        """Return whether there is a span of a tracer, or a span or log of the API."""
        if _START.search(head) and _RESOURCE.search(head) and _DURATION.search(head):
            return bool(_TRACE_ID.search(head) and _SPAN_ID.search(head))
        if _INTERFACE.search(head) and _TRACE_ID.search(head):
            return True
        if not _API.search(head) or b'"attributes"' not in head:
            return False
        return bool(_API_SPAN.search(head) or (b'"type"' in head and _API_LOG.search(head)))

    def unwrap(self, document: Any) -> Iterator[Any]:
        """Yield the spans of lists of traces, or the items of an answer of the API."""
        waiting = [document]
        while waiting:
            item = waiting.pop()
            if type(item) is list:
                waiting.extend(reversed(item))
            elif type(item) is dict and "span_id" not in item and "attributes" not in item:
                inner = next(
                    (item[name] for name in ("traces", "spans", "data", "trace") if name in item), None
                )
                if type(inner) is dict and "root_id" in item:
                    yield from inner.values()
                elif type(inner) in (list, dict):
                    waiting.append(inner)
                elif inner is None and not item.keys() & {"traces", "spans", "data", "trace"}:
                    yield item
            else:
                yield item

    def rows(self, record: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield the row of a span or log."""
        kind = record.get("type")
        if type(record.get("attributes")) is dict and kind in ("spans", "span"):
            yield self._api_span(record["attributes"])
        elif type(record.get("attributes")) is dict and kind == "log":
            yield _api_log(record["attributes"])
        elif "span_id" in record and "start" in record:
            yield self._span(record)
        else:
            raise MalformedRecord("neither a span nor a log")

    def _identity(self, record: dict[str, Any], upper: Any) -> dict[str, Any]:
        """Return the ids of a span; only the first span of a trace has the upper half of the trace's id."""
        trace = decimal_id(record.get("trace_id"), 16)
        if trace is not None and len(trace) == 16:
            if type(upper) is str and _HALF.fullmatch(upper):
                if len(self._upper) >= _REMEMBERED:
                    self._upper.clear()
                self._upper[trace] = upper.lower()
            trace = self._upper.get(trace, "0" * 16) + trace
        return {
            "trace_id": trace,
            "span_id": decimal_id(record.get("span_id"), 16),
            "parent_span_id": decimal_id(record.get("parent_id"), 16),
        }

    def _span(self, record: dict[str, Any]) -> dict[str, Any]:
        start, end = _bounds(record)
        failed = record.get("error") in (1, True)
        meta, metrics = own_object(record, "meta"), own_object(record, "metrics")
        row = {
            **self.odd.times(start, end),
            **self._identity(record, meta.get("_dd.p.tid")),
            "name": optional_text(record.get("name")),
            "resource.name": optional_text(record.get("resource")),
            "service.name": optional_text(record.get("service")),
            "span.type": optional_text(record.get("type")),
            "kind": _kind(meta.get("span.kind"), record.get("type")),
            "status_code": "ERROR" if failed else "UNSET",
            "error.type": optional_text(meta.get("error.type")) if failed else None,
        }
        return {**_tags(metrics), **_tags(meta), **without_nulls(row)}

    def _api_span(self, found: dict[str, Any]) -> dict[str, Any]:
        start = iso_nanoseconds(found.get("start_timestamp"), "start_timestamp")
        end = iso_nanoseconds(found.get("end_timestamp"), "end_timestamp")
        custom = own_object(found, "custom")
        duration = custom.get("duration")
        if start is not None and type(duration) is int:
            end = start + duration
        failed = found.get("status") == "error" or custom.get("error") in (1, True)
        error = own_object(custom, "error")
        row = {
            **self.odd.times(start, end),
            **self._identity(found, None),
            "name": optional_text(found.get("operation_name")) or optional_text(found.get("resource_name")),
            "resource.name": optional_text(found.get("resource_name")),
            "service.name": optional_text(found.get("service")),
            "span.type": optional_text(found.get("type")),
            "kind": _kind(own_object(custom, "span").get("kind"), found.get("type")),
            "status_code": "ERROR" if failed else "UNSET",
            "deployment.environment.name": optional_text(found.get("env")),
            "host.name": optional_text(found.get("host")),
            "exception.type": optional_text(error.get("type")),
            "error.type": optional_text(error.get("type")) if failed else None,
            "exception.message": optional_text(error.get("message")),
            "exception.stacktrace": optional_text(error.get("stack")),
            "tags": found.get("tags") or None,
        }
        kept = {name: value for name, value in custom.items() if name not in ("duration", "error")}
        return {**_tags(attributes(kept)), **without_nulls(row)}


def _bounds(record: dict[str, Any]) -> tuple[int, int | None]:
    """Return start and end in nanoseconds. Seconds are recognized by size, if all three values agree."""
    start, took = record["start"], record.get("duration")
    if type(start) in (int, float) and 9e8 < start < 4.2e9:
        end = number(record.get("end"), "end")
        took = number(took, "duration")
        if abs(end - start - took) > 0.002:
            raise MalformedRecord("start, end and duration are not in one unit")
        begin = second_nanoseconds(start, "start") or 0
        return begin, begin + round(took * 1e6) * 1000
    begin = whole_number(start, "start")
    return begin, None if took is None else begin + whole_number(took, "duration")


def _kind(given: Any, kind: Any) -> str:
    word = str(given or "").lower()
    if word in KINDS:
        return word
    if kind in _SERVER_TYPES:
        return "server"
    return "client" if kind in _CLIENT_TYPES else "internal"


def _tags(found: dict[str, Any]) -> dict[str, Any]:
    """Return tags as attributes under OpenTelemetry's names; those of the tracer itself begin with "_"."""
    out: dict[str, Any] = {}
    for name, value in found.items():
        if value is None or name.startswith("_") or name == "span.kind":
            continue
        known = _ERRORS.get(name) or _META.get(name)
        out[known or attribute_name(name)] = value
    return attributes(out) if any(type(value) is dict for value in out.values()) else out


def _api_log(found: dict[str, Any]) -> dict[str, Any]:
    time = iso_nanoseconds(found.get("timestamp"), "timestamp")
    custom = own_object(found, "attributes")
    ids = own_object(custom, "dd")
    row = {
        "timestamp": None if time is None else time // 1000,
        "kind": "event",
        "body": optional_text(found.get("message")) or optional_text(custom.get("message")),
        "severity_text": optional_text(found.get("status")),
        "service.name": optional_text(found.get("service")),
        "host.name": optional_text(found.get("host")),
        "trace_id": _log_id(ids.get("trace_id") or custom.get("dd.trace_id"), 32),
        "span_id": _log_id(ids.get("span_id") or custom.get("dd.span_id"), 16),
        "tags": found.get("tags") or None,
    }
    kept = {name: value for name, value in custom.items() if name not in ("dd", "message")}
    return {**attributes(kept), **without_nulls(row)}


def _log_id(value: Any, width: int) -> str | None:
    """Return an id of a log: decimal from most tracers, or hex of 32 digits."""
    if type(value) is str and len(value) == 32:
        return identifier(value, width)
    return None if value is None else decimal_id(value, width)


READER = reader_of(Datadog)
