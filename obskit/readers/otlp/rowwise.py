"""Convert one OTLP request, parsed from JSON, to flat rows: one dict per span or log record.

    {"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]},
     "scopeSpans": [{"scope": {"name": "lib"},
                     "spans": [{"name": "GET /", "attributes": [{"key": "n", "value": {"intValue": "7"}}]}]}]}

    -> {"name": "GET /", ..., "service.name": "shop", "otel.scope.name": "lib", "n": 7}

This is the tolerant parser, and the reference for `columnar`, which gives the same events faster. The
receiver validates with it too: it refuses exactly the records that the readers would reject.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from obskit.readers.batches.row_batcher import MalformedRecord
from obskit.readers.faults import NOT_FAULTS, fault_reason
from obskit.readers.otlp import typed_values
from obskit.readers.otlp.identifiers import hex_id
from obskit.readers.otlp.typed_values import (
    get,
    kind_word,
    message,
    nanoseconds,
    objects,
    severity,
    status_word,
    text,
)
from obskit.readers.sniffing import OTLP_REQUEST
from obskit.readers.spans.oddities import Oddities
from obskit.schema import FileReport
from obskit.schema.types import json_text

METRICS, PROFILES = "metrics are not events", "profiles are not events"
OTHERS = {"resourceMetrics": METRICS, "resourceProfiles": PROFILES}
"""Keys of requests that hold no events -> why they are rejected, once per file."""


class RecordKeys(NamedTuple):
    """The keys that lead to the records of one signal.

    Attributes:
        resources: key of the resources in a request.
        scopes: key of the scopes in a resource.
        old_scopes: what `scopes` was called before version 0.16 of the protocol.
        records: key of the records in a scope.
        noun: what a record is called.
    """

    resources: str
    scopes: str
    old_scopes: str
    records: str
    noun: str


SPAN_KEYS = RecordKeys("resourceSpans", "scopeSpans", "instrumentationLibrarySpans", "spans", "span")
LOG_KEYS = RecordKeys("resourceLogs", "scopeLogs", "instrumentationLibraryLogs", "logRecords", "log record")


class ParsedRecord(NamedTuple):
    """A record of a request, with what it is in.

    Attributes:
        resource, group, record: as they are in the request.
        row: the flat row; None if the record is rejected.
        reason: why it is rejected; empty if it is not.
        overridden: keys that had several typed_values.
    """

    resource: dict[str, Any]
    group: dict[str, Any]
    record: Any
    row: dict[str, Any] | None
    reason: str
    overridden: tuple[str, ...]


def rows_of(
    request: dict[str, Any], report: FileReport, position: str, odd: Oddities | None = None
) -> Iterator[dict[str, Any]]:
    """Yield the spans and log records of a request as flat rows; malformed records are rejected.

    Args:
        request: a parsed request of spans, logs or both.
        report: receives rejections and overridden keys.
        position: where the request is in the file; a record adds its number, as "line 3, byte 812, spans 2".
        odd: counts odd spans.
    Yields:
        One dict per record: column or attribute name -> value.
    """
    for keys in (SPAN_KEYS, LOG_KEYS):
        found = records_of(request, keys, lambda why: report.reject(position, why))
        for number, record in enumerate(found, 1):
            if record.row is None:
                place = f"{keys.records} {number}"
                report.reject(f"{position}, {place}" if position else place, record.reason)
                continue
            for key in record.overridden:
                report.override(key)
            if odd is not None:
                _count_oddities(record, odd)
            yield record.row


def _count_oddities(found: ParsedRecord, odd: Oddities) -> None:
    record, row = found.record, found.row or {}
    for name, column in (("traceId", "trace_id"), ("spanId", "span_id")):
        if get(record, name) not in (None, "", row.get(column)):
            odd.base64 += 1
            break
    if "duration_ms" in row and row["duration_ms"] is None and row["timestamp"] is not None:
        if nanoseconds(record, "endTimeUnixNano"):
            odd.backwards += 1
        else:
            odd.unfinished += 1


def records_of(
    request: dict[str, Any], keys: RecordKeys, reject: Callable[[str], None]
) -> Iterator[ParsedRecord]:
    """Parse the records of a request. A record is rejected if it, its resource or its scope is malformed.

    Args:
        request: a parsed request.
        keys: of the signal.
        reject: called with the reason for what is above the records and not of OTLP's form.
    Yields:
        Every record, in order.
    """
    make = span if keys is SPAN_KEYS else log
    for resource in _objects(request, keys.resources, reject):
        below: list[str] = []  # keys that occur twice here: an override in each record of the resource
        base, no_base = _parsed(_resource, resource, below)
        scopes = keys.scopes if get(resource, keys.scopes) else keys.old_scopes
        for group in _objects(resource, scopes, reject):
            hidden = list(below)
            scope, no_scope = _parsed(_scope, group, hidden)
            why_not = no_base or no_scope
            hidden += base.keys() & scope.keys()
            shared = {**base, **scope}
            for record in _list(group, keys.records, reject):
                row, reason, again = None, why_not, list(hidden)
                if type(record) is not dict:
                    reason = f"a malformed {keys.noun}"
                elif not reason:
                    try:
                        own = make(record)
                        extra = typed_values.attributes(record, again)
                        row = {**own, **shared, **extra}
                        again += shared.keys() & extra.keys()
                    except MalformedRecord as error:
                        reason = str(error)
                    except NOT_FAULTS:
                        raise
                    except Exception as error:
                        reason = fault_reason(error)
                yield ParsedRecord(resource, group, record, row, reason, tuple(again))


def _parsed(
    parse: Callable[[dict[str, Any], list[str]], dict[str, Any]], item: dict[str, Any], again: list[str]
) -> tuple[dict[str, Any], str]:
    """Return the attributes of a resource or scope, or why its records are rejected."""
    try:
        return parse(item, again), ""
    except MalformedRecord as error:
        return {}, str(error)
    except NOT_FAULTS:
        raise
    except Exception as error:
        return {}, fault_reason(error)


def others(request: dict[str, Any]) -> list[str]:
    """Return the reasons to reject what a request holds besides spans and log records."""
    return [why for name, why in OTHERS.items() if _has_objects(get(request, name))]


def _has_objects(found: Any) -> bool:
    return type(found) is list and any(type(item) is dict for item in found)


def is_request(item: Any) -> bool:
    """Whether a JSON value is a request: an object with a key of a request, or an empty object."""
    if type(item) is not dict:
        return False
    return not item or any(OTLP_REQUEST.fullmatch(b'"%s":' % name.encode()) for name in item)


def _objects(item: dict[str, Any], name: str, reject: Callable[[str], None]) -> list[dict[str, Any]]:
    """Return the objects in a list; other items, or another value than a list, are rejected."""
    found = _list(item, name, reject)
    good = [one for one in found if type(one) is dict]
    for _ in range(len(found) - len(good)):
        reject(f"an item of {name} that is not an object")
    return good


def _list(item: dict[str, Any], name: str, reject: Callable[[str], None]) -> list[Any]:
    found = get(item, name)
    if type(found) is list:
        return found
    if found is not None:
        reject(f"{name} is not a list")
    return []


def _resource(resource: dict[str, Any], again: list[str]) -> dict[str, Any]:
    return typed_values.attributes(message(resource, "resource"), again)


def _scope(group: dict[str, Any], again: list[str]) -> dict[str, Any]:
    scope = message(group, "scope") or message(group, "instrumentationLibrary")
    out = typed_values.attributes(scope, again)
    for name in ("name", "version"):
        if (found := text(scope, name)) is not None:
            typed_values.put(out, f"otel.scope.{name}", found, again)
    return out


def span(item: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of a span, without its attributes."""
    start, end = nanoseconds(item, "startTimeUnixNano"), nanoseconds(item, "endTimeUnixNano")
    status = message(item, "status")
    out: dict[str, Any] = {
        "timestamp": start // 1000 if start else None,
        "duration_ms": (end - start) / 1e6 if start and end >= start else None,
        "name": text(item, "name"),
        "kind": kind_word(item.get("kind")),
        "trace_id": _id(item, "traceId"),
        "span_id": _id(item, "spanId"),
        "parent_span_id": _id(item, "parentSpanId"),
        "status_code": status_word(status.get("code")),
    }
    if (state := text(item, "traceState")) is not None:
        out["trace_state"] = state
    if (said := text(status, "message")) is not None:
        out["status_message"] = said
    if events := objects(item, "events"):
        out["events"] = [_event(event) for event in events]
    if links := objects(item, "links"):
        out["links"] = [_link(link) for link in links]
    return out


def _id(item: dict[str, Any], name: str) -> str | None:
    found = text(item, name)
    return found and hex_id(found)


def log(item: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of a log record; without a time of its own it has the time it was observed."""
    own, observed = nanoseconds(item, "timeUnixNano"), nanoseconds(item, "observedTimeUnixNano")
    time = own or observed
    body = item.get("body")
    out = {
        "timestamp": time // 1000 if time else None,
        "name": text(item, "eventName") or _event_name(item),
        "kind": "event",
        "trace_id": _id(item, "traceId"),
        "span_id": _id(item, "spanId"),
        "severity_text": text(item, "severityText"),
        "severity_number": severity(get(item, "severityNumber")),
    }
    if body is not None:
        out["body"] = typed_values.value_text(typed_values.value(body))
    return out


def _event_name(item: dict[str, Any]) -> str | None:
    for pair in objects(item, "attributes"):
        if typed_values.key_of(pair) == "event.name":
            return typed_values.value_text(typed_values.value(pair.get("value")))
    return None


def _event(item: dict[str, Any]) -> tuple[int | None, str | None, str | None]:
    time = nanoseconds(item, "timeUnixNano")
    return (time // 1000 if time else None, text(item, "name"), _attribute_text(item))


def _link(item: dict[str, Any]) -> tuple[str | None, str | None, str | None, str | None]:
    trace, own = (found and found.lower() for found in (_id(item, "traceId"), _id(item, "spanId")))
    return trace, own, text(item, "traceState"), _attribute_text(item)


def _attribute_text(item: dict[str, Any]) -> str | None:
    pairs = {typed_values.key_of(p): typed_values.value(p.get("value")) for p in objects(item, "attributes")}
    return json_text(pairs) if pairs else None
