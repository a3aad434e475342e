"""Validate an OTLP/JSON request, and return it as one line for a segment.

Records that `obskit.readers` would reject are rejected here, so that the sender is informed. The others are
kept as sent. Parsed JSON takes many times its size in memory, so this is estimated before parsing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import orjson

from obskit.readers.otlp.rowwise import LOG_KEYS, SPAN_KEYS, ParsedRecord, RecordKeys, records_of
from obskit.readers.otlp.typed_values import get, snake
from obskit.receive.refusal import Refused

_KEYS = {"traces": SPAN_KEYS, "logs": LOG_KEYS}
_METRICS = ("resourceMetrics", "scopeMetrics", "metrics")
_BEGIN = re.compile(rb'\s{0,64}\{\s{0,64}"resource')
_NEWLINES = bytes.maketrans(b"\r\n", b"  ")


def weight(body: bytes | bytearray) -> int:
    """Estimate how many bytes the parsed objects of a JSON text need at most."""
    # Text of which one character is beyond 16 bits takes four bytes for each.
    wide = not body.isascii() or b"\\u" in body
    # An object of CPython 3.11 to 3.14 with a key or two, a list, a short string or number with its place.
    objects = 220 * body.count(b"{") + 90 * body.count(b"[") + 80 * body.count(b",")
    return (6 if wide else 2) * len(body) + objects


def read(signal: str, body: bytes | bytearray) -> tuple[bytes, int, int, str]:
    """Validate a request.

    Args:
        signal: "traces", "logs" or "metrics".
        body: the request.
    Returns:
        (line to keep, without a newline, empty if there is nothing to keep; number of events in it; number of
        rejected events; reason for the first rejection).
    Raises:
        Refused: it is not such a request (400).
    """
    try:
        request = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Refused(400, "the body is not valid JSON") from None
    if type(request) is not dict:
        raise _bad(signal)
    if signal == "metrics":
        return b"", 0, sum(map(_points, _metrics(request))), ""
    keys = _KEYS[signal]
    only = {keys.resources: get(request, keys.resources)}

    def refuse(_reason: str) -> None:
        raise _bad(signal)

    kept, bad, why = _KeptRecords(keys), 0, ""
    for record in records_of(only, keys, refuse):
        if record.row is not None:
            kept.add(record)
        else:
            bad, why = bad + 1, why or record.reason
    if not kept.count:
        return b"", 0, bad, why
    if bad:
        return _line({keys.resources: kept.resources}, signal), kept.count, bad, why
    # What else a request holds is not kept; nor a beginning by which the reader would not recognize it.
    plain = len(request) == 1 and _BEGIN.match(body)
    # A raw newline stands only between the tokens of JSON.
    return bytes(body.translate(_NEWLINES)) if plain else _line(only, signal), kept.count, 0, ""


class _KeptRecords:
    """The good records of a request, with all else that their resources and scopes have."""

    def __init__(self, keys: RecordKeys) -> None:
        self.resources: list[dict[str, Any]] = []
        self.count = 0
        self._keys = keys
        self._resource: dict[str, Any] | None = None
        self._group: dict[str, Any] | None = None
        self._groups: list[dict[str, Any]] = []
        self._records: list[Any] = []

    def add(self, found: ParsedRecord) -> None:
        if found.resource is not self._resource:
            self._resource, self._groups, self._group = found.resource, [], None
            self.resources.append(self._with(found.resource, self._keys.scopes, self._groups))
        if found.group is not self._group:
            self._group, self._records = found.group, []
            self._groups.append(self._with(found.group, self._keys.records, self._records))
        self._records.append(found.record)
        self.count += 1

    def _with(self, item: dict[str, Any], name: str, inner: list[Any]) -> dict[str, Any]:
        """Return an object with another list of scopes or records, under any of the names it can have."""
        names = {name, snake(name), self._keys.old_scopes}
        return {key: value for key, value in item.items() if key not in names} | {name: inner}


def _line(request: dict[str, Any], signal: str) -> bytes:
    try:
        return orjson.dumps(request)
    except TypeError:  # deeper than it writes
        raise _bad(signal) from None


def _metrics(request: dict[str, Any]) -> Iterator[Any]:
    resources, scopes, metrics = _METRICS
    for resource in _list(request, resources):
        for scope in _list(resource, scopes):
            yield from _list(scope, metrics)


def _list(holder: Any, name: str) -> list[Any]:
    found = get(holder, name) if type(holder) is dict else 0
    if found is None:
        return []
    if type(found) is not list:
        raise _bad("metrics")
    return found


def _points(metric: Any) -> int:
    if type(metric) is not dict:
        return 1
    points = [get(kind, "dataPoints") for kind in metric.values() if type(kind) is dict]
    return sum(len(found) for found in points if type(found) is list)


def _bad(signal: str) -> Refused:
    return Refused(400, f"the body is not an OTLP/JSON export request for {signal}")
