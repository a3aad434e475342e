"""Zipkin's spans as flat rows: the way that takes anything."""

from __future__ import annotations

import math
from typing import Any

from obskit.readers.batches.row_batcher import MalformedRecord, attribute_name
from obskit.readers.spans.tags import padded
from obskit.schema.types import json_text

SERVICE = "service.name"
PEER = "service.peer.name"
SHARED, DEBUG = "zipkin.shared", "zipkin.debug"
ENDPOINTS = {
    "localEndpoint": (SERVICE, "network.local.address", "network.local.port"),
    "remoteEndpoint": (PEER, "network.peer.address", "network.peer.port"),
}
"""Endpoint -> what its service, its address and its port are called."""

KINDS = frozenset({"CLIENT", "SERVER", "PRODUCER", "CONSUMER"})
_INT64 = 2**63


def span_row(span: Any) -> dict[str, Any]:
    """Return a span as a flat row.

    Raises:
        MalformedRecord: it is no span.
    """
    if type(span) is not dict:
        raise MalformedRecord("not a span")
    own = _text(span.get("id"))
    if own is None:
        raise MalformedRecord("a span without an id")
    kind = str(span.get("kind") or "").upper()
    length = _number(span.get("duration"), "duration")
    row: dict[str, Any] = {
        "timestamp": _moment(span),
        "duration_ms": None if length is None else length / 1000,
        "name": _text(span.get("name")),
        "kind": kind.lower() if kind in KINDS else None,
        "trace_id": padded(_text(span.get("traceId")), 32),
        "span_id": padded(own, 16),
        "parent_span_id": padded(_text(span.get("parentId")), 16),
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
                out[attribute_name(key)] = _plain(value)
    for key, name in (("shared", SHARED), ("debug", DEBUG)):
        if span.get(key) is True:
            out[name] = True
    return {**out, **row}


def _endpoint(endpoint: Any, names: tuple[str, str, str], out: dict[str, Any]) -> None:
    if type(endpoint) is not dict:
        return
    service, address, port = names
    if text := _text(endpoint.get("serviceName")):
        out[service] = text
    if text := _text(endpoint.get("ipv4")) or _text(endpoint.get("ipv6")):
        out[address] = text
    number = endpoint.get("port")
    if type(number) is int and 0 < number < 65_536:
        out[port] = number


def _event(note: dict[str, Any]) -> tuple[int | None, str | None, str | None]:
    return _moment(note), _text(note.get("value")), None


def _moment(item: dict[str, Any]) -> int | None:
    """Return microseconds since 1970; 0 is Zipkin's word for none."""
    found = _number(item.get("timestamp"), "timestamp")
    return int(found) or None if found is not None else None


def _number(value: Any, what: str) -> float | None:
    if value is None:
        return None
    if type(value) is str and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    if type(value) not in (int, float) or not math.isfinite(value):
        raise MalformedRecord(f"a {what} that is no number")
    if not -_INT64 <= value < _INT64:
        raise MalformedRecord(f"a {what} beyond 64 bits")
    return value  # type: ignore[no-any-return]


def _plain(value: Any) -> Any:
    if type(value) is dict or type(value) is list:
        return json_text(value)
    return value


def _text(item: Any) -> str | None:
    return None if item is None or item == "" else item if type(item) is str else json_text(item)
