"""Zipkin spans as flat rows: the path that accepts every form."""

from __future__ import annotations

from typing import Any

from obskit.readers.batches.row_batcher import MalformedRecord, attribute_name
from obskit.readers.spans.scalars import column_value, finite_number, optional_text
from obskit.readers.spans.tags import padded

SERVICE = "service.name"
PEER = "service.peer.name"
SHARED, DEBUG = "zipkin.shared", "zipkin.debug"
ENDPOINTS = {
    "localEndpoint": (SERVICE, "network.local.address", "network.local.port"),
    "remoteEndpoint": (PEER, "network.peer.address", "network.peer.port"),
}
"""Endpoint -> the names of its service, address and port."""

KINDS = frozenset({"CLIENT", "SERVER", "PRODUCER", "CONSUMER"})


def span_row(span: Any) -> dict[str, Any]:
    """Return a span as a flat row.

    Args:
        span: a span, or whatever is in its place.

    Returns:
        obskit's columns, and attributes by their own names.

    Raises:
        MalformedRecord: it is not a span.
    """
    if type(span) is not dict:
        raise MalformedRecord("not a span")
    own = optional_text(span.get("id"))
    if own is None:
        raise MalformedRecord("span has no id")
    kind = str(span.get("kind") or "").upper()
    duration = span.get("duration")
    row: dict[str, Any] = {
        "timestamp": _microseconds(span),
        "duration_ms": None if duration is None else finite_number(duration, "duration") / 1000,
        "name": optional_text(span.get("name")),
        "kind": kind.lower() if kind in KINDS else None,
        "trace_id": padded(optional_text(span.get("traceId")), 32),
        "span_id": padded(own, 16),
        "parent_span_id": padded(optional_text(span.get("parentId")), 16),
    }
    notes = span.get("annotations")
    if type(notes) is list and (events := [_event(note) for note in notes if type(note) is dict]):
        row["events"] = events
    tags = span.get("tags")
    out: dict[str, Any] = {}
    for name, names in ENDPOINTS.items():
        _endpoint(span.get(name), names, out)
    if type(tags) is dict:
        for key, value in tags.items():
            if value is not None:
                out[attribute_name(key)] = column_value(value)
    for key, name in (("shared", SHARED), ("debug", DEBUG)):
        if span.get(key) is True:
            out[name] = True
    return {**out, **row}


def _endpoint(endpoint: Any, names: tuple[str, str, str], out: dict[str, Any]) -> None:
    if type(endpoint) is not dict:
        return
    service, address, port = names
    if text := optional_text(endpoint.get("serviceName")):
        out[service] = text
    if text := optional_text(endpoint.get("ipv4")) or optional_text(endpoint.get("ipv6")):
        out[address] = text
    number = endpoint.get("port")
    if type(number) is int and 0 < number < 65_536:
        out[port] = number


def _event(note: dict[str, Any]) -> tuple[int | None, str | None, str | None]:
    return _microseconds(note), optional_text(note.get("value")), None


def _microseconds(item: dict[str, Any]) -> int | None:
    """Return microseconds since 1970; Zipkin writes 0 for an unknown time."""
    value = item.get("timestamp")
    return None if value is None else int(finite_number(value, "timestamp")) or None
