"""What several readers look for in the first bytes of a file."""

from __future__ import annotations

import re

import orjson

UTF8_BOM = b"\xef\xbb\xbf"

OTLP_REQUEST = re.compile(rb'"resource_?(?:[Ss]pans|[Ll]ogs|[Mm]etrics|[Pp]rofiles)"\s*:')
"""The key that every OTLP request in JSON has."""


def json_start(head: bytes) -> bytes:
    """Return the text from its first `{` or `[`, empty if it begins with anything else.

    Args:
        head: the first bytes of a file; a byte order mark and white space before the JSON are skipped.

    Returns:
        The rest of the head, not parsed.
    """
    text = head.removeprefix(UTF8_BOM).lstrip()
    return text if text[:1] in (b"{", b"[") else b""


def _is_json(line: bytes) -> bool:
    try:
        return type(orjson.loads(line)) in (dict, list)
    except orjson.JSONDecodeError:
        return False


_JSON_LINE = re.compile(rb"\n(?=[{\[])")


def after_banner(head: bytes) -> bytes:
    """Return the text from the first line that may begin JSON, other than the very first line.

        Picked up JAVA_TOOL_OPTIONS: -Xmx512m
        {"resourceSpans": ...                       ->    {"resourceSpans": ...

    Args:
        head: the first bytes of a file, which begin with lines of text or in the middle of a record.

    Returns:
        The rest of the head, not parsed; empty if there is no such line, or if the first line is JSON.
    """
    first = head.removeprefix(UTF8_BOM).lstrip().partition(b"\n")[0].strip()
    if (first[:1] in (b"{", b"[") and first[-1:] in (b"{", b"[", b",")) or _is_json(first):
        return b""  # a document over several lines
    found = _JSON_LINE.search(head)
    return head[found.end() :] if found else b""
