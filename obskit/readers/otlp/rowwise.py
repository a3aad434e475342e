"""Convert one OTLP request, parsed from JSON, to flat rows: one dict per span or log record.

    {"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]},
     "scopeSpans": [{"scope": {"name": "lib"},
                     "spans": [{"name": "GET /", "attributes": [{"key": "n", "value": {"intValue": "7"}}]}]}]}

    -> {"name": "GET /", ..., "service.name": "shop", "otel.scope.name": "lib", "n": 7}

This is the tolerant parser, and the reference for `columnar`, which gives the same events faster.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from obskit.readers.batches.row_batcher import DEPTH_LIMIT, MalformedRecord, attribute_name
from obskit.readers.sniffing import OTLP_REQUEST
from obskit.schema import FileReport
from obskit.schema.types import json_text

_KINDS = ("unspecified", "internal", "server", "client", "producer", "consumer")
_STATUS = ("UNSET", "OK", "ERROR")
_SNAKE = {
    "resourceSpans": "resource_spans",
    "resourceLogs": "resource_logs",
    "resourceMetrics": "resource_metrics",
    "resourceProfiles": "resource_profiles",
    "scopeSpans": "scope_spans",
    "scopeLogs": "scope_logs",
    "logRecords": "log_records",
    "traceId": "trace_id",
    "spanId": "span_id",
    "parentSpanId": "parent_span_id",
    "traceState": "trace_state",
    "startTimeUnixNano": "start_time_unix_nano",
    "endTimeUnixNano": "end_time_unix_nano",
    "timeUnixNano": "time_unix_nano",
    "observedTimeUnixNano": "observed_time_unix_nano",
    "severityNumber": "severity_number",
    "severityText": "severity_text",
    "eventName": "event_name",
    "stringValue": "string_value",
    "boolValue": "bool_value",
    "intValue": "int_value",
    "doubleValue": "double_value",
    "arrayValue": "array_value",
    "kvlistValue": "kvlist_value",
    "bytesValue": "bytes_value",
}
METRICS, PROFILES = "metrics are not events", "profiles are not events"
OTHERS = {"resourceMetrics": METRICS, "resourceProfiles": PROFILES}
"""Keys of requests that hold no events -> why they are rejected, once per file."""

_PLAIN: dict[str, type] = {"stringValue": str, "boolValue": bool, "doubleValue": float}
_SEVERITIES = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")


def rows_of(request: dict[str, Any], report: FileReport, position: str) -> Iterator[Any]:
    """Yield the spans and log records of a request as flat rows; malformed records are rejected.

    Args:
        request: a parsed request of spans, logs or both.
        report: receives rejections and overridden keys.
        position: where the request is in the file; a record adds its number, as "line 3, byte 812, spans 2".
    Yields:
        One dict per record: column or attribute name -> value.
    """
    for kind, scopes, old, records, make, noun in (
        ("resourceSpans", "scopeSpans", "instrumentationLibrarySpans", "spans", span, "span"),
        ("resourceLogs", "scopeLogs", "instrumentationLibraryLogs", "logRecords", log, "log record"),
    ):
        at = 0
        for resource in _objects(request, kind, report, position):
            below: list[str] = []  # keys that occur twice here: an override in each record of the resource
            try:
                base = attributes(_dict(resource, "resource"), below)
            except MalformedRecord as error:
                report.reject(position, str(error))
                base = {}
            for group in _objects(resource, scopes if _get(resource, scopes) else old, report, position):
                hidden = list(below)
                try:
                    scope = _scope(group, hidden)
                except MalformedRecord as error:
                    report.reject(position, str(error))
                    scope = {}
                hidden += base.keys() & scope.keys()
                shared = {**base, **scope}
                for record in _list(group, records, report, position):
                    at += 1
                    where = f"{position}, {records} {at}" if position else f"{records} {at}"
                    again = list(hidden)
                    try:
                        if type(record) is not dict:
                            raise MalformedRecord(f"a malformed {noun}")
                        own = make(record)
                        extra = attributes(record, again)
                    except (MalformedRecord, TypeError, ValueError, AttributeError, OverflowError) as error:
                        why = str(error) if isinstance(error, MalformedRecord) else f"a malformed {noun}"
                        report.reject(where, why)
                        continue
                    for key in (*again, *(shared.keys() & extra.keys())):
                        report.override(key)
                    yield {**own, **shared, **extra}


def others(request: dict[str, Any]) -> list[str]:
    """Return the reasons to reject what a request holds besides spans and log records."""
    return [why for name, why in OTHERS.items() if _items(request, name)]


def is_request(item: Any) -> bool:
    """Whether a JSON value is a request: an object with a key of a request, or an empty object."""
    if type(item) is not dict:
        return False
    return not item or any(OTLP_REQUEST.fullmatch(b'"%s":' % name.encode()) for name in item)


def _objects(item: dict[str, Any], name: str, report: FileReport, position: str) -> list[dict[str, Any]]:
    """Return the objects in a list; other items, or another value than a list, are rejected."""
    values = _list(item, name, report, position)
    found = [value for value in values if type(value) is dict]
    for _ in range(len(values) - len(found)):
        report.reject(position, f"an item of {name} that is not an object")
    return found


def _list(item: dict[str, Any], name: str, report: FileReport, position: str) -> list[Any]:
    values = _get(item, name)
    if type(values) is list:
        return values
    if values is not None:
        report.reject(position, f"{name} is not a list")
    return []


def _get(item: dict[str, Any], name: str) -> Any:
    value = item.get(name)
    return item.get(_SNAKE.get(name, name)) if value is None else value


def _items(item: dict[str, Any], name: str) -> list[dict[str, Any]]:
    values = _get(item, name)
    return [value for value in values if type(value) is dict] if type(values) is list else []


def _dict(item: dict[str, Any], name: str) -> dict[str, Any]:
    value = item.get(name)
    return value if type(value) is dict else {}


def _scope(group: dict[str, Any], again: list[str]) -> dict[str, Any]:
    scope = _dict(group, "scope") or _dict(group, "instrumentationLibrary")
    out = attributes(scope, again)
    for name in ("name", "version"):
        if scope.get(name):
            _set(out, f"otel.scope.{name}", str(scope[name]), again)
    return out


def span(item: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of a span, without its attributes."""
    start, end = integer(_get(item, "startTimeUnixNano")), integer(_get(item, "endTimeUnixNano"))
    status = _dict(item, "status")
    out: dict[str, Any] = {
        "timestamp": start // 1000 if start else None,
        "duration_ms": (end - start) / 1e6 if start and end else None,
        "name": _text(item.get("name")),
        "kind": kind_word(item.get("kind")),
        "trace_id": _text(_get(item, "traceId")),
        "span_id": _text(_get(item, "spanId")),
        "parent_span_id": _text(_get(item, "parentSpanId")),
        "status_code": status_word(status.get("code")),
    }
    if state := _get(item, "traceState"):
        out["trace_state"] = _text(state)
    if message := status.get("message"):
        out["status_message"] = _text(message)
    if events := _items(item, "events"):
        out["events"] = [_event(event) for event in events]
    if links := _items(item, "links"):
        out["links"] = [_link(link) for link in links]
    return out


def log(item: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of a log record; without a time of its own it has the time it was observed."""
    time = integer(_get(item, "timeUnixNano")) or integer(_get(item, "observedTimeUnixNano"))
    body = item.get("body")
    out = {
        "timestamp": time // 1000 if time else None,
        "name": _text(_get(item, "eventName")) or _event_name(item),
        "kind": "event",
        "trace_id": _text(_get(item, "traceId")),
        "span_id": _text(_get(item, "spanId")),
        "severity_text": _text(_get(item, "severityText")),
        "severity_number": severity(_get(item, "severityNumber")),
    }
    if body is not None:
        out["body"] = value_text(value(body))
    return out


def _event_name(item: dict[str, Any]) -> str | None:
    for pair in _items(item, "attributes"):
        if _key(pair) == "event.name":
            return value_text(value(pair.get("value")))
    return None


def _event(item: dict[str, Any]) -> tuple[int | None, str | None, str | None]:
    time = integer(_get(item, "timeUnixNano"))
    return (time // 1000 if time else None, _text(item.get("name")), _attribute_text(item))


def _link(item: dict[str, Any]) -> tuple[str | None, str | None, str | None, str | None]:
    ids = [_text(_get(item, name)) for name in ("traceId", "spanId")]
    trace, own = (text and text.lower() for text in ids)
    return trace, own, _text(_get(item, "traceState")), _attribute_text(item)


def _attribute_text(item: dict[str, Any]) -> str | None:
    pairs = {_key(p): value(p.get("value")) for p in _items(item, "attributes")}
    return json_text(pairs) if pairs else None


def integer(number: Any) -> int:
    """Return a 64-bit integer.

    Args:
        number: a number or text; None and "" are 0.
    Returns:
        The integer, signed or unsigned.
    Raises:
        MalformedRecord: the value is not an integer, or has more than 64 bits.
    """
    if number is None or number == "":
        return 0
    try:
        found = int(number)
    except (TypeError, ValueError, OverflowError):
        raise MalformedRecord("a value that is not an integer") from None
    if not -(2**63) <= found < 2**64:
        raise MalformedRecord("an integer of more than 64 bits")
    return found


def _text(item: Any) -> str | None:
    return None if item is None or item == "" else str(item)


def kind_word(item: Any) -> str | None:
    """Return a span kind as a word, from its number or name: 2 is "server"; None if unknown."""
    if type(item) is int:
        return _KINDS[item] if 0 < item < len(_KINDS) else None
    text = str(item or "").removeprefix("SPAN_KIND_").lower()
    if text.isdigit():
        return kind_word(int(text))
    return text if text in _KINDS[1:] else None


def status_word(item: Any) -> str | None:
    """Return a status as UNSET, OK or ERROR, from its number or name; None if unknown."""
    if type(item) is int:
        return _STATUS[item] if 0 <= item < len(_STATUS) else None
    text = str(item or "UNSET").removeprefix("STATUS_CODE_").upper()
    if text.isdigit():
        return status_word(int(text))
    return text if text in _STATUS else None


def severity(item: Any) -> int | None:
    """Return a severity number, from a number or a name: "WARN2" is 14; None if unknown."""
    text = str(item or 0).removeprefix("SEVERITY_NUMBER_").upper()
    if text.isdigit():
        return int(text) or None
    level, step = text.rstrip("234"), text[-1:]
    if level not in _SEVERITIES:
        return None
    return _SEVERITIES.index(level) * 4 + (int(step) if step.isdigit() else 1)


def attributes(item: dict[str, Any], again: list[str]) -> dict[str, Any]:
    """Return attributes as a flat dict; if a name occurs twice, the last value wins.

    Args:
        item: a resource, scope, span or log record.
        again: names that occur twice are appended to this list.
    Returns:
        Name -> value.
    Raises:
        MalformedRecord: an attribute is nested too deeply, or an integer is not one.
    """
    out: dict[str, Any] = {}
    for pair in _items(item, "attributes"):
        wrapped = pair.get("value")
        if type(wrapped) is dict and len(wrapped) == 1:  # simple values first, because nearly all are
            ((kind, found),) = wrapped.items()
            if type(found) is _PLAIN.get(kind):
                _set(out, _key(pair), found, again)
                continue
        _put(out, _key(pair), wrapped, again)
    return out


def _key(pair: dict[str, Any]) -> str:
    key = pair.get("key")
    return "" if key is None else str(key)


def _set(out: dict[str, Any], key: str, found: Any, again: list[str]) -> None:
    name = attribute_name(key)
    if name in out:
        again.append(name)
    out[name] = found


def _put(out: dict[str, Any], name: str, wrapped: Any, again: list[str]) -> None:
    for key, found in leaves(name, wrapped):
        _set(out, key, found, again)


def leaves(name: str, wrapped: Any, depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Yield the values of an attribute: one, or one per nested pair with a dotted name.

    Args:
        name: key of the attribute.
        wrapped: its AnyValue.
        depth: levels of nesting above it.
    Yields:
        Name and value; nothing for null.
    Raises:
        MalformedRecord: nested deeper than `DEPTH_LIMIT`, or an integer is not one.
    """
    if type(wrapped) is not dict:
        return
    pairs = _get(wrapped, "kvlistValue")
    if type(pairs) is dict:
        if depth >= DEPTH_LIMIT:
            raise MalformedRecord(f"nested deeper than {DEPTH_LIMIT} levels")
        for pair in _items(pairs, "values"):
            yield from leaves(f"{name}.{_key(pair)}", pair.get("value"), depth + 1)
    else:
        found = value(wrapped)
        if found is not None:
            yield name, found


def value(wrapped: Any, depth: int = 0) -> Any:
    """Return the value of an AnyValue: {"intValue": "7"} is 7.

    Args:
        wrapped: an AnyValue; anything else is None.
        depth: levels of nesting above it.
    Returns:
        Text, bool, int, float, list, dict or None.
    Raises:
        MalformedRecord: nested deeper than `DEPTH_LIMIT`, or an integer is not one.
    """
    if type(wrapped) is not dict:
        return None
    if depth > DEPTH_LIMIT:
        raise MalformedRecord(f"nested deeper than {DEPTH_LIMIT} levels")
    for name in (
        "stringValue",
        "intValue",
        "doubleValue",
        "boolValue",
        "arrayValue",
        "kvlistValue",
        "bytesValue",
    ):
        found = _get(wrapped, name)
        if found is None:
            continue
        if name == "intValue":
            return integer(found)
        if name == "doubleValue":
            return float(found)  # the text "NaN", "Infinity" and "-Infinity" too
        if name == "boolValue":
            return found if type(found) is bool else str(found).lower() == "true"
        if name == "arrayValue":
            items = found.get("values") if type(found) is dict else None
            return [value(item, depth + 1) for item in items] if type(items) is list else []
        if name == "kvlistValue":
            pairs = _items(found, "values") if type(found) is dict else []
            return {_key(p): value(p.get("value"), depth + 1) for p in pairs}
        return str(found)
    return None


def value_text(item: Any) -> str | None:
    """Return a value as text; lists and dicts become JSON."""
    return item if item is None or type(item) is str else json_text(item)
