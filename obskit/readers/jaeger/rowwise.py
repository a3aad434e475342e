"""Jaeger spans as flat rows, from any JSON that Jaeger writes: the path that accepts every form.

It reads the API's answer, traces, spans, Elasticsearch's documents of spans, and Jaeger's own model in the
JSON of protobuf and Thrift (`traceId` in base64, `vType`, or ids as integers).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from obskit.readers.batches.row_batcher import DEPTH_LIMIT, MalformedRecord, attribute_name
from obskit.readers.spans.scalars import column_value, finite_number, optional_text
from obskit.readers.spans.tags import padded
from obskit.schema.types import json_text

WARNINGS = "jaeger.warnings"
_VALUE_KEYS = ("value", "vStr", "vBool", "vInt64", "vLong", "vFloat64", "vDouble", "vBinary")
_PYTHON_TYPES: dict[str, type] = {"string": str, "binary": str, "int64": int, "float64": float, "bool": bool}
_DURATION = re.compile(r"(-?\d+(?:\.\d+)?)(ns|us|µs|ms|s)")
_MICROSECONDS = {"ns": 1e-3, "us": 1.0, "µs": 1.0, "ms": 1e3, "s": 1e6}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class FoundSpan(NamedTuple):
    """A span as found in a document.

    Attributes:
        span: the span, or whatever is in its place.
        processes: the processes that it can name, by id.
        process: the process of the spans next to it, for a span that names none of `processes`.
    """

    span: Any
    processes: dict[str, Any]
    process: Any


def find_spans(document: Any, depth: int = 0) -> Iterator[FoundSpan]:
    """Find every place for a span in a document, whatever it is wrapped in.

    Args:
        document: as parsed from JSON.
        depth: levels around it.

    Yields:
        What is in each place.

    Raises:
        MalformedRecord: nested beyond the limit.
    """
    if depth > DEPTH_LIMIT:
        raise MalformedRecord(f"nested deeper than {DEPTH_LIMIT} levels")
    if type(document) is list:
        for item in document:
            yield from find_spans(item, depth + 1)
        return
    if type(document) is dict:
        for wrapper in ("_source", "hits", "data"):
            inner = document.get(wrapper)
            if type(inner) is list or type(inner) is dict:
                yield from find_spans(inner, depth + 1)
                return
        spans = document.get("spans", document)
        if spans is None:
            return
        if type(spans) is list:
            processes = document.get("processes")
            processes = processes if type(processes) is dict else {}
            for span in spans:
                yield FoundSpan(span, processes, document.get("process"))
            return
        if "data" in document and "spanID" not in document:
            return  # the API's answer if it found nothing: "data": null
    yield FoundSpan(document, {}, None)


def span_row(found: FoundSpan, cache: dict[str, dict[str, Any]]) -> tuple[dict[str, Any], list[str]]:
    """Return a span as a flat row.

    Args:
        found: a span and its processes.
        cache: attributes of the trace's processes by id; those of the span's process are added.

    Returns:
        The row, and the names of the process's tags that the span's own tags override.

    Raises:
        MalformedRecord: it is not a span.
    """
    span = found.span
    if type(span) is not dict:
        raise MalformedRecord("not a span")
    trace, own, parent = _ids(span)
    if not own:
        raise MalformedRecord("span has no spanID")
    duration = span.get("duration")
    start = span.get("startTime", span.get("startTimeMillis"))
    if start is None and span.get("operationName") is None:
        raise MalformedRecord("span has neither startTime nor operationName")
    timestamp = None if start is None else _microseconds(start, "startTime")
    if "startTime" not in span and timestamp is not None:
        timestamp *= 1000
    row: dict[str, Any] = {
        "timestamp": timestamp,
        "duration_ms": None if duration is None else _duration(duration) / 1000,
        "name": optional_text(span.get("operationName")),
        "trace_id": trace,
        "span_id": own,
    }
    row["parent_span_id"], links = resolve_references(_references(span), trace, parent)
    if links:
        row["links"] = links
    if events := [span_event(log) for log in _items(span, "logs")]:
        row["events"] = events
    if warnings := [str(warning) for warning in _list(span, "warnings")]:
        row[WARNINGS] = warnings
    attributes = tags(span)
    resource = _process(found, cache)
    overridden = [name for name in attributes if name in resource]
    return {**resource, **attributes, **row}, overridden


def _ids(span: dict[str, Any]) -> tuple[str | None, str | None, str | None]:
    if "spanID" in span:
        trace, own = optional_text(span.get("traceID")), optional_text(span.get("spanID"))
        parent = optional_text(span.get("parentSpanID"))
        return padded(trace, 32), padded(own, 16), padded(parent, 16)
    return _trace_id(span), _span_id(span, "spanId"), _span_id(span, "parentSpanId")


def _trace_id(item: dict[str, Any]) -> str | None:
    """Return a trace id as hex: protobuf's JSON has it in base64, Thrift's as two integers."""
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
        raise MalformedRecord("trace or span id is not valid")
    return value % 2**64


def _base64(value: Any) -> str | None:
    if value is None or value == "":
        return None
    try:
        return base64.b64decode(value, validate=True).hex()
    except (TypeError, ValueError, binascii.Error):
        raise MalformedRecord("trace or span id is not valid") from None


def _references(span: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a span's references; Kibana shows them as an object with a list per field."""
    found = span.get("references")
    if type(found) is not dict:
        return _items(span, "references")
    columns = {name: values if type(values) is list else [values] for name, values in found.items()}
    count = max(map(len, columns.values()), default=0)
    return [{name: values[at] for name, values in columns.items() if at < len(values)} for at in range(count)]


def resolve_references(
    references: list[dict[str, Any]], trace: str | None, parent: str | None
) -> tuple[str | None, list[tuple[str | None, ...]]]:
    """Split references into the parent and links.

    Args:
        references: as parsed from JSON.
        trace: the span's trace id.
        parent: the span's parent by `parentSpanID`, for a span without a reference to its parent.

    Returns:
        The parent, which is the first CHILD_OF of the same trace, and the other references as links.
    """
    links: list[tuple[str | None, ...]] = []
    found = None
    for reference in references:
        if "spanID" in reference or "traceID" in reference:
            other = padded(optional_text(reference.get("traceID")), 32)
            own = padded(optional_text(reference.get("spanID")), 16)
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


def _process(found: FoundSpan, cache: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the attributes of the process in the span, else of the process that it names."""
    inline = found.span.get("process")
    if type(inline) is dict:
        return process_attributes(inline)
    name = found.span.get("processID")
    key = name if type(name) is str else ""
    if key not in cache:
        process = found.processes.get(key, found.process)
        cache[key] = process_attributes(process) if type(process) is dict else {}
    return cache[key]


def process_attributes(process: dict[str, Any]) -> dict[str, Any]:
    """Return a process's service name and tags as attributes of a resource."""
    out = tags(process)
    service = process.get("serviceName")
    if service is not None and service != "":
        out["service.name"] = str(service)
    return out


def tags(item: dict[str, Any]) -> dict[str, Any]:
    """Return the tags of a span or process as attributes.

    Args:
        item: with `tags`, a list of typed tags, or `tag`, an object by name as Elasticsearch stores them.

    Returns:
        Attribute -> its value.
    """
    out: dict[str, Any] = {}
    by_name = item.get("tag")
    if type(by_name) is dict:
        for key, value in by_name.items():
            # Elasticsearch reads dots as levels of objects, so Jaeger writes `@` instead.
            out[attribute_name(key.replace("@", "."))] = column_value(value)
    for tag in _items(item, "tags"):
        key, kind, value = tag.get("key"), tag.get("type"), tag.get("value")
        if not (type(kind) is str and type(value) is _PYTHON_TYPES.get(kind)):
            value = tag_value(tag)
        if value is not None:
            out[attribute_name("" if key is None else str(key))] = value
    return out


def tag_value(tag: dict[str, Any]) -> Any:
    """Return a tag's value, converted to the type that the tag states where it can be."""
    value = next((tag[name] for name in _VALUE_KEYS if tag.get(name) is not None), None)
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
    return column_value(value)


def span_event(log: dict[str, Any]) -> tuple[int | None, str | None, str | None]:
    """Return a log as a span event.

    Args:
        log: with a `timestamp` and typed `fields`.

    Returns:
        Microseconds since 1970, the name, which is the field `event`, and the other fields as JSON text.
    """
    fields = {
        str(field.get("key")): value
        for field in _items(log, "fields")
        if (value := tag_value(field)) is not None
    }
    timestamp = _microseconds(log.get("timestamp"), "timestamp")
    name = optional_text(fields.pop("event", None))
    return timestamp, name, json_text(fields) if fields else None


def _microseconds(value: Any, field: str) -> int | None:
    """Return microseconds since 1970 from a number, digits, or ISO 8601 as in protobuf's JSON."""
    if value is None:
        return None
    if type(value) is str and "-" in value[1:]:
        try:
            moment = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", value))
            since = moment.replace(tzinfo=moment.tzinfo or UTC) - _EPOCH
        except (ValueError, OverflowError):
            raise MalformedRecord(f"{field} is not a time") from None
        return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    return int(finite_number(value, field))


def _duration(value: Any) -> float:
    """Return microseconds from a number, or from text with a unit as in protobuf's JSON."""
    if type(value) is str and (match := _DURATION.fullmatch(value)):
        return float(match[1]) * _MICROSECONDS[match[2]]
    return finite_number(value, "duration")


def _items(item: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [value for value in _list(item, name) if type(value) is dict]


def _list(item: dict[str, Any], name: str) -> list[Any]:
    values = item.get(name)
    return values if type(values) is list else []
