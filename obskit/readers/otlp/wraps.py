"""Find OTLP requests in what other programs wrap around them.

{"batches": [{"resource": ...}]}                             Tempo's API, and Grafana's download of a trace
{"trace": {"resourceSpans": ...}}, {"result": {...}}         Tempo's API v2, Jaeger's API v3
{"resource": ..., "scopeSpans": ...}                         one resource, as Java's exporter logs it
2026-05-04T10:00:00.123Z info {"resourceSpans": ...}         a line of a log
{"level": "INFO", "message": "{\\"resourceSpans\\": ...}"}     a line of a log in JSON
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import orjson

from obskit.readers.otlp.rowwise import is_request
from obskit.readers.otlp.typed_values import get
from obskit.readers.sniffing import OTLP_REQUEST
from obskit.readers.spans.concatenated import find_objects

_KEY = r'"(?:resource_?(?:[Ss]pans|[Ll]ogs|[Mm]etrics|[Pp]rofiles)|batches)"\s*:\s*\['
_RESOURCE = r'"resource"\s*:\s*\{'
OBJECT_START = re.compile(rf"\{{\s*(?:{_KEY}|{_RESOURCE})")
"""Where a request, or a single resource, begins in a text."""

_OBJECT_START = re.compile(OBJECT_START.pattern.encode())
_PREFIXED = re.compile(rb"(?m)^[^{\n]{1,2000}" + OBJECT_START.pattern.encode())
_ON_A_LINE = re.compile(rb"(?m)^" + OBJECT_START.pattern.encode())
_SCOPES = re.compile(
    rb'"(?:scope_?(?:[Ss]pans|[Ll]ogs|[Mm]etrics)|instrumentationLibrary(?:Spans|Logs))"\s*:'
)
_SINGLE = re.compile(rb"\A\s*\{\s*" + _RESOURCE.encode())
_SINGLES = re.compile(rb"\A\s*\[?\s*\{\s*" + _RESOURCE.encode())
_WRAPPED = re.compile(
    rb'\A\s*\{\s*"(?:trace|result)"\s*:\s*\{\s*"batches"\s*:\s*\[\s*\{\s*"(?:resource|scopeSpans|instrument)'
)
_BATCHES = re.compile(rb'\A(\s*\{\s*)"batches"(\s*:\s*\[\s*\{\s*"(?:resource|scopeSpans|instrumentationLib))')
_IN_TEXT = re.compile(
    rb'"(?:message|msg|body)"\s*:\s*"\{\\"(?:resource(?:Spans|Logs)\\":\s?\[|resource\\":\s?\{)'
)
_CUT = re.compile(rb"(\})(?=\{\s*%s)" % _KEY.encode())

_BATCH_KEYS = ("trace", "result")
_TEXT_KEYS = ("message", "msg", "body")
_RESOURCE_KEYS = {
    "resourceSpans": ("scopeSpans", "instrumentationLibrarySpans"),
    "resourceLogs": ("scopeLogs", "instrumentationLibraryLogs"),
    "resourceMetrics": ("scopeMetrics",),
}


def begins_with_wrap(text: bytes) -> bool:
    """Return whether JSON begins with a wrap that has none of the keys of a request."""
    if _BATCHES.match(text) or _WRAPPED.match(text) or (_SINGLES.match(text) and _SCOPES.search(text)):
        return True
    return _IN_TEXT.search(text.partition(b"\n")[0]) is not None


def has_request_on_a_line(head: bytes) -> bool:
    """Return whether a line begins with a request; the lines before it may be other text."""
    return any(_is_request_at(head, found) for found in _ON_A_LINE.finditer(head))


def has_request_behind_text(head: bytes) -> bool:
    """Return whether a request comes after other text on its line."""
    return any(_is_request_at(head, found) for found in _PREFIXED.finditer(head))


def _is_request_at(head: bytes, found: re.Match[bytes]) -> bool:
    """Whether a match of `OBJECT_START` is a request; a lone resource has scopes on its line."""
    end = head.find(b"\n", found.start())
    line = head[found.start() : end if end >= 0 else len(head)]
    return OTLP_REQUEST.search(line) is not None or _SCOPES.search(line) is not None


def joins_requests(head: bytes) -> bool:
    """Return whether requests follow each other without a line break."""
    return _CUT.search(head) is not None


def break_lines(data: bytes) -> bytes:
    """Return requests that follow each other with line breaks between them."""
    return _CUT.sub(rb"\1\n", data)


def plain(data: bytes) -> bytes:
    """Return Tempo's `batches` as a request; other bytes as they are."""
    return _BATCHES.sub(rb'\1"resourceSpans"\2', data, count=1)


def bare_lines(data: bytes) -> bytes | None:
    """Return the requests in a block of lines, one per line and without what is around them.

    Args:
        data: whole lines.
    Returns:
        Lines of requests; None if a line has no request, or does not end with it, so that each line has to
        be looked at by itself.
    """
    out = []
    for line in data.split(b"\n"):
        line = line.rstrip()
        if not line:
            continue
        found = _OBJECT_START.search(line)
        if found is None or not line.endswith(b"}"):
            return None
        body = line[found.start() :] if found.start() else line
        if _SINGLE.match(body):
            name = b"resourceLogs" if b'"scopeLogs"' in body else b"resourceSpans"
            body = b'{"%s":[%s]}' % (name, body)
        out.append(plain(body))
    return b"\n".join(out)


def requests_in(document: Any) -> list[Any]:
    """Return the requests in a parsed document.

    Args:
        document: as parsed from JSON: a request, a list of requests, or a wrap.
    Returns:
        Requests; anything else as it is, for its rejection.
    """
    if type(document) is list:
        return [request for item in document for request in _unwrap(item, 0)]
    return _unwrap(document, 0)


def _unwrap(item: Any, depth: int) -> list[Any]:
    if type(item) is not dict or depth > 2 or is_request(item):
        return [item]
    batches = item.get("batches")
    if type(batches) is list:
        return [{"resourceSpans": batches}]
    for request, scopes in _RESOURCE_KEYS.items():
        if any(type(get(item, name)) is list for name in scopes):
            return [{request: [item]}]
    for name in _BATCH_KEYS:
        if type(item.get(name)) is dict:
            return _unwrap(item[name], depth + 1)
    for name in _TEXT_KEYS:
        text = item.get(name)
        if type(text) is str and OBJECT_START.match(text):
            try:
                return requests_in(orjson.loads(text))
            except orjson.JSONDecodeError:
                return [item]
    return [item]


def objects_in(data: bytes) -> Iterator[tuple[int, bytes, bool]]:
    """Yield the requests in a text, and each line of the text around them.

    Args:
        data: that is not JSON as a whole.
    Yields:
        Offset, bytes, and whether it is JSON. Text before a request on the same line is part of that line's
        log, and is not given.
    """
    for piece in find_objects(data, OBJECT_START):
        if piece.is_object:
            yield piece.begin, data[piece.begin : piece.end], True
            continue
        text = data[piece.begin : piece.end]
        if piece.end < len(data):  # the last line of it is the beginning of the request's line
            text = text[: text.rfind(b"\n") + 1]
        offset = piece.begin
        for line in text.split(b"\n"):
            if line.strip():
                yield offset, line, False
            offset += len(line) + 1
