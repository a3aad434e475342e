"""Every place of an OTLP/JSON request, with every kind of wrong value in it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.support import otlp_requests as made

_HOLE = "the place of the wrong value"

WRONG = [
    *(b"[]", b"{}", b'""', b'"x"', b"5", b"-1", b"1.5", b"-0.0", b"true", b"false", b"null"),
    *(b"[null]", b"[[]]", b"[5]", b'["x"]', b"[{}]", b'{"a":1}', b'[{"a":1}]', b'{"values":5}'),
    *(b'{"stringValue":[]}', b'[{"key":5,"value":[]}]', b'[{"key":"k","value":{"kvlistValue":[]}}]'),
    *(b"[" * 100 + b"]" * 100, b"[" * 3_000 + b"]" * 3_000),
    *(b'{"a":' * 100 + b"1" + b"}" * 100, b'{"a":' * 3_000 + b"1" + b"}" * 3_000),
    *(b"1" + b"0" * 40, b'"1' + b"0" * 40 + b'"', b'"' + b"1" * 5_000 + b'"', b"1e30", b"1e400", b'"1e400"'),
    *(b"9223372036854775808", b"-9223372036854775809", b'"18446744073709551615"', b'"18446744073709551616"'),
    *(b"NaN", b"Infinity", b'"NaN"', b'"Infinity"', b'"inf"', b'"abc"', b'"0x10"', b'"1_0"', b'" 7"'),
    *(b'"\\ud800"', b'"\\ud83d\\ude00"', b'"\xff"', '"²"'.encode(), '"٣"'.encode(), b'"\\u0000"'),
    *(b'"=="', b'"A"', b'"zz"', b'"' + b"ab" * 40 + b'"', b'"2026-05-04T10:00:00Z"'),
]
"""JSON texts, and what is not even JSON."""

_IGNORED = ("flags", "Count", "schemaUrl")
"""Fields that obskit does not read: a few wrong values are enough."""

_REPEATED = re.compile(r"spans/0/attributes/[1-9](/key|/value)?$")

_VALUES = [
    {"stringValue": "s"},
    {"boolValue": True},
    {"intValue": "7"},
    {"doubleValue": 1.5},
    {"arrayValue": {"values": [{"stringValue": "in a list"}, {"kvlistValue": {"values": []}}]}},
    {"kvlistValue": {"values": [made.attribute("inner", intValue=1)]}},
    {"bytesValue": "AAE="},
]
_ATTRIBUTES = [{"key": f"k{number}", "value": value} for number, value in enumerate(_VALUES)]
_SHARED = {"attributes": [made.attribute("s", stringValue="x")], "droppedAttributesCount": 1}
_SPAN = {
    "traceId": made.TRACE,
    "spanId": made.SPAN,
    "parentSpanId": "00f067aa0ba902b7",
    "traceState": "a=b",
    "flags": 257,
    "name": "GET /",
    "kind": 2,
    "startTimeUnixNano": "1777888800000000000",
    "endTimeUnixNano": "1777888800001000000",
    "attributes": _ATTRIBUTES,
    "droppedAttributesCount": 1,
    "events": [{"timeUnixNano": "1777888800000000000", "name": "e", **_SHARED}],
    "droppedEventsCount": 0,
    "links": [{"traceId": made.TRACE, "spanId": made.SPAN, "traceState": "a=b", "flags": 1, **_SHARED}],
    "droppedLinksCount": 0,
    "status": {"code": 2, "message": "no"},
}
_LOG = {
    "timeUnixNano": "1777888800000000000",
    "observedTimeUnixNano": "1777888800000000000",
    "severityNumber": 9,
    "severityText": "INFO",
    "body": {"stringValue": "hello"},
    "attributes": [made.attribute("k", stringValue="x")],
    "droppedAttributesCount": 1,
    "flags": 1,
    "traceId": made.TRACE,
    "spanId": made.SPAN,
    "eventName": "started",
}


def _request(resources: str, scopes: str, records: str, record: dict[str, Any]) -> dict[str, Any]:
    group = {"scope": {"name": "lib", "version": "1", **_SHARED}, records: [record], "schemaUrl": "u"}
    return {resources: [{"resource": _SHARED, scopes: [group], "schemaUrl": "u"}]}


TEMPLATES = {
    "traces": _request("resourceSpans", "scopeSpans", "spans", _SPAN),
    "logs": _request("resourceLogs", "scopeLogs", "logRecords", _LOG),
}
"""signal -> a request of one record that has every field."""

GOOD = {
    "traces": made.request(*map(made.span, range(10)), resource=[made.attribute("r", stringValue="x")]),
    "logs": made.logs(*[_LOG] * 10),
}
"""signal -> a request of ten good records: enough for the vectorized parsers."""


class Place(NamedTuple):
    """A place of a request.

    Attributes:
        path: the keys and positions that lead there.
        before, after: the text of the request around it.
    """

    path: str
    before: bytes
    after: bytes

    def bodies(self) -> Iterator[tuple[str, bytes]]:
        """Yield a name of each wrong value, and the request with it; keys come twice too."""
        ignored = self.path.endswith(_IGNORED)
        for wrong in WRONG[:12] if ignored else WRONG:
            shown = wrong[:24].decode("ascii", "backslashreplace")
            yield f"{self.path} = {shown}", self.before + wrong + self.after
        key = self.before.rpartition(b"{")[2].rpartition(b",")[2]
        if key.endswith(b":"):  # not an item of a list
            yield f"{self.path} twice", self.before + b"5," + key + b'"x"' + self.after


def places(signal: str) -> Iterator[Place]:
    """Yield every place of a signal's request: each value of each key, and each item of each list.

    The attributes of a span differ in the kind of their value alone, so only one of them has its key replaced, and
    itself as a whole.
    """
    for path, before, after in replaced(TEMPLATES[signal]):
        if not _REPEATED.search(path):
            yield Place(path, before, after)


def replaced(document: Any) -> Iterator[tuple[str, bytes, bytes]]:
    """Yield the path of every place of a JSON document, and the text before and after it."""
    for path in _paths(document):
        copy = json.loads(json.dumps(document))  # shares no parts
        holder: Any = copy
        for step in path[:-1]:
            holder = holder[step]
        holder[path[-1]] = _HOLE
        text = json.dumps(copy, separators=(",", ":")).encode()
        before, after = text.split(b'"' + _HOLE.encode() + b'"')
        yield "/".join(map(str, path)), before, after


def _paths(item: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    steps = item.items() if isinstance(item, dict) else enumerate(item) if isinstance(item, list) else ()
    for step, inner in steps:
        yield (*path, step)
        yield from _paths(inner, (*path, step))
