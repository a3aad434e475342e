"""Jaeger's spans as flat rows, from every JSON that Jaeger writes: the way that takes anything.

The API's answer, a trace, spans, and Elasticsearch's documents of them; Jaeger's own model as protobuf's and
Thrift's JSON have it (`traceId` in base64, `vType`, or ids as integers).
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from obskit.readers.batches.row_batcher import DEPTH_LIMIT, MalformedRecord, attribute_name
from obskit.readers.spans.tags import padded
from obskit.schema.types import json_text

WARNINGS = "jaeger.warnings"
_VALUES = ("value", "vStr", "vBool", "vInt64", "vLong", "vFloat64", "vDouble", "vBinary")
_EXACT: dict[str, type] = {"string": str, "binary": str, "int64": int, "float64": float, "bool": bool}
_LENGTH = re.compile(r"(-?\d+(?:\.\d+)?)(ns|us|µs|ms|s)")
_MICROSECONDS = {"ns": 1e-3, "us": 1.0, "µs": 1.0, "ms": 1e3, "s": 1e6}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INT64 = 2**63


class Found(NamedTuple):
    """A span as it stands in a document, and the processes that it may name."""

    span: Any
    processes: dict[str, Any]
    process: Any


def find(document: Any, depth: int = 0) -> Iterator[Found]:
    """Give all that stands where a span belongs, whatever it is wrapped in.

    Raises:
        MalformedRecord: wrapped beyond the limit.
    """
    if depth > DEPTH_LIMIT:
        raise MalformedRecord(f"nested deeper than {DEPTH_LIMIT} levels")
    if type(document) is list:
        for item in document:
            yield from find(item, depth + 1)
        return
    if type(document) is dict:
        for wrapper in ("_source", "hits", "data"):
            inner = document.get(wrapper)
            if type(inner) is list or type(inner) is dict:
                yield from find(inner, depth + 1)
                return
        spans = document.get("spans", document)
        if spans is None:
            return
        if type(spans) is list:
            processes = document.get("processes")
            processes = processes if type(processes) is dict else {}
            for span in spans:
                yield Found(span, processes, document.get("process"))
            return
        if "data" in document and "spanID" not in document:
            return  # the answer where nothing was found: "data": null
    yield Found(document, {}, None)


def span_row(found: Found, known: dict[str, dict[str, Any]]) -> tuple[dict[str, Any], list[str]]:
    """Return a span as a flat row, and which names a tag took from a tag of its process.

    Args:
        found: what `find` gave.
        known: processes of the same trace that were read already, by their id.

    Raises:
        MalformedRecord: it is no span.
    """
    span = found.span
    if type(span) is not dict:
        raise MalformedRecord("not a span")
    trace, own, parent = _ids(span)
    if not own:
        raise MalformedRecord("a span without a spanID")
    length = span.get("duration")
    duration = None if length is None else _length(length) / 1000
    start = span.get("startTime", span.get("startTimeMillis"))
    if start is None and span.get("operationName") is None:
        raise MalformedRecord("a span without a startTime and an operationName")
    begin = None if start is None else _moment(start, "startTime")
    if "startTime" not in span and begin is not None:
        begin *= 1000
    row: dict[str, Any] = {
        "timestamp": begin,
        "duration_ms": duration,
        "name": _text(span.get("operationName")),
        "trace_id": trace,
        "span_id": own,
    }
    row["parent_span_id"], links = references_of(_items(span, "references"), trace, parent)
    if links:
        row["links"] = links
    if events := [event(log) for log in _items(span, "logs")]:
        row["events"] = events
    if warnings := [str(warning) for warning in _list(span, "warnings")]:
        row[WARNINGS] = warnings
    attributes = tags(span)
    resource = _process(found, known)
    again = [name for name in attributes if name in resource]
    return {**resource, **attributes, **row}, again


def _ids(span: dict[str, Any]) -> tuple[str | None, str | None, str | None]:
    if "spanID" in span:
        trace, own = _text(span.get("traceID")), _text(span.get("spanID"))
        parent = _text(span.get("parentSpanID"))
        return padded(trace, 32), padded(own, 16), padded(parent, 16)
    return _trace_id(span), _span_id(span, "spanId"), _span_id(span, "parentSpanId")


def _trace_id(item: dict[str, Any]) -> str | None:
    """Return the id of the model's JSON: base64 in protobuf's, two integers in Thrift's."""
    if "traceIdLow" in item:
        low, high = (_unsigned(item.get(name) or 0) for name in ("traceIdLow", "traceIdHigh"))
        return f"{high:016x}{low:016x}"
    return padded(_base64(item.get("traceId")), 32)


def _span_id(item: dict[str, Any], name: str) -> str | None:
    value = item.get(name)
    if type(value) is int:
        return f"{_unsigned(value):016x}"
    return padded(_base64(value), 16)


def _unsigned(value: Any) -> int:
    if type(value) is not int or not -(2**63) <= value < 2**64:
        raise MalformedRecord("an id that is none")
    return value % 2**64


def _base64(value: Any) -> str | None:
    if value is None or value == "":
        return None
    try:
        return base64.b64decode(value, validate=True).hex()
    except (TypeError, ValueError, binascii.Error):
        raise MalformedRecord("an id that is none") from None


def references_of(
    references: list[dict[str, Any]], trace: str | None, parent: str | None
) -> tuple[str | None, list[tuple[str | None, ...]]]:
    """Return the parent (the first CHILD_OF of the same trace) and the other references as links."""
    links: list[tuple[str | None, ...]] = []
    found = None
    for reference in references:
        if "spanID" in reference or "traceID" in reference:
            other = padded(_text(reference.get("traceID")), 32)
            own = padded(_text(reference.get("spanID")), 16)
        else:
            other, own = _trace_id(reference), _span_id(reference, "spanId")
        kind = str(reference.get("refType") or "CHILD_OF").upper()
        same = other is None or (trace is not None and other.lower() == trace.lower())
        if found is None and kind == "CHILD_OF" and same and own:
            found = own
            continue
        if own and own == parent and same and kind == "CHILD_OF":
            continue
        text = json_text({"opentracing.ref_type": kind.lower()})
        links.append((other and other.lower(), own and own.lower(), None, text))
    return found or parent, links


def _process(found: Found, known: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the resource's attributes: of the process within the span, else of the one that it names."""
    inline = found.span.get("process")
    if type(inline) is dict:
        return resource_of(inline)
    name = found.span.get("processID")
    key = name if type(name) is str else ""
    if key not in known:
        process = found.processes.get(key, found.process)
        known[key] = resource_of(process) if type(process) is dict else {}
    return known[key]


def resource_of(process: dict[str, Any]) -> dict[str, Any]:
    """Return a process's service and tags."""
    out = tags(process)
    service = process.get("serviceName")
    if service is not None and service != "":
        out["service.name"] = str(service)
    return out


def tags(item: dict[str, Any]) -> dict[str, Any]:
    """Return the tags of a span or process: typed ones, and `tag`, which Elasticsearch may hold by name."""
    out: dict[str, Any] = {}
    by_name = item.get("tag")
    if type(by_name) is dict:
        for key, value in by_name.items():
            # Elasticsearch takes dots for levels, so Jaeger writes another sign.
            out[attribute_name(key.replace("@", "."))] = plain(value)
    for tag in _items(item, "tags"):
        key, kind, value = tag.get("key"), tag.get("type"), tag.get("value")
        if not (type(kind) is str and type(value) is _EXACT.get(kind)):  # nearly all are what they say
            value = tag_value(tag)
        if value is not None:
            out[attribute_name("" if key is None else str(key))] = value
    return out


def tag_value(tag: dict[str, Any]) -> Any:
    """Return a tag's value as the type that it says; one that is not of it stays as it is."""
    value = next((tag[name] for name in _VALUES if tag.get(name) is not None), None)
    kind = str(tag.get("type") or tag.get("vType") or "").lower()
    if type(value) is str:
        if kind == "bool" and value.lower() in ("true", "false"):
            return value.lower() == "true"
        try:
            if kind in ("int64", "long"):
                number = int(value)
                return number if str(number) == value else value
            if kind in ("float64", "double"):
                return float(value)
        except ValueError:
            pass
        return value
    if type(value) is int and kind in ("float64", "double"):
        return float(value)
    if type(value) is float and kind in ("int64", "long") and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return plain(value)


def plain(value: Any) -> Any:
    """Return a value that a column can hold; an object is JSON text."""
    return json_text(value) if type(value) is dict or type(value) is list else value


def event(log: dict[str, Any]) -> tuple[int | None, str | None, str | None]:
    """Return a log as a span's event: its field `event` is the name, the others are attributes."""
    fields = {
        str(field.get("key")): value
        for field in _items(log, "fields")
        if (value := tag_value(field)) is not None
    }
    return event_of(_moment(log.get("timestamp"), "timestamp"), fields)


def event_of(timestamp: int | None, fields: dict[str, Any]) -> tuple[int | None, str | None, str | None]:
    """Return an event of a log's time and fields."""
    name = fields.pop("event", None)
    return timestamp, _text(name), json_text(fields) if fields else None


def _moment(value: Any, what: str) -> int | None:
    """Return microseconds since 1970, given as a number, digits, or in protobuf's JSON as ISO 8601."""
    if value is None:
        return None
    if type(value) is str and "-" in value[1:]:
        try:
            moment = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", value))
            since = moment.replace(tzinfo=moment.tzinfo or UTC) - _EPOCH
        except (ValueError, OverflowError):
            raise MalformedRecord(f"a {what} that is none") from None
        return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    found = _number(value, what)
    return int(found)


def _length(value: Any) -> float:
    """Return a duration in microseconds, given as a number, or in protobuf's JSON as text with its unit."""
    if type(value) is str and (match := _LENGTH.fullmatch(value)):
        return float(match[1]) * _MICROSECONDS[match[2]]
    return _number(value, "duration")


def _number(value: Any, what: str) -> float:
    if type(value) is str and re.fullmatch(r"-?\d{1,19}", value):
        value = int(value)
    if type(value) not in (int, float) or not math.isfinite(value):
        raise MalformedRecord(f"a {what} that is no number")
    if not -_INT64 <= value < _INT64:
        raise MalformedRecord(f"a {what} beyond 64 bits")
    return value  # type: ignore[no-any-return]


def _items(item: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [value for value in _list(item, name) if type(value) is dict]


def _list(item: dict[str, Any], name: str) -> list[Any]:
    values = item.get(name)
    return values if type(values) is list else []


def _text(item: Any) -> str | None:
    return None if item is None or item == "" else item if type(item) is str else json_text(item)
