"""Find the message within the text of a log record: in a JSON object, in logfmt, or before its dump.

    {"level": "info", "msg": "user logged in", "ms": 12}       user logged in
    ts=10:00:00 level=warn msg="retrying in 30s"               retrying in 30s
    cannot connect\n  attempt 1\n  attempt 2                   cannot connect
    Traceback (most recent call last):\n ...\nKeyError: 'x'    KeyError: 'x'

A text that is neither an object nor logfmt from its first character on stays whole: `event="x"` in the middle
of a sentence is a part of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_QUOTED = r"\"(?P<message>(?:[^\"\\]|\\.)*)\""
_KEYS = ("message|msg|@m|MESSAGE", "event|log|@mt")  # the second ones only where there are none of the first
_JSON = r"(?s)^\s*\{\s*\".*\}\s*$"
_LOGFMT = r"^\s*[A-Za-z_@][\w.@/-]*="
_TRACEBACK = r"(?s)^\s*Traceback \(most recent call last\):\s*\n.*\n(\S[^\n]*?)\s*$"
_FIRST_LINE = r"(?s)^\s*([^\n]*)\n.*"
_STRUCTURED = r"^\s*(?:\{|[A-Za-z_@][\w.@/-]*=)"  # how both begin
_LINE_BREAK = re.compile(b"\n")
_DEPTH = 4  # an object whose message is an object, and so on


def message_of(texts: pa.Array) -> pa.Array:
    """Return the message within each text.

    Args:
        texts: bodies of log records.

    Returns:
        Array of the same length. Text without a message of its own, such as an object that has none, stays
        whole; of text with several lines, the first one that says something.
    """
    rows = pc.fill_null(pc.match_substring_regex(texts, _STRUCTURED), False)
    if pc.any(rows, min_count=0).as_py():
        texts = pc.replace_with_mask(texts, rows, _unpacked(texts.filter(rows)))
    if _has_line_break(texts):
        texts = pc.replace_substring_regex(texts, _TRACEBACK, r"\1")
        texts = pc.replace_substring_regex(texts, _FIRST_LINE, r"\1")
    return texts


def _unpacked(texts: pa.Array) -> pa.Array:
    """Return the messages in texts that may be objects or logfmt; others as they are."""
    for _ in range(_DEPTH):
        before = texts
        texts = _within(texts, _JSON, _from_json)
        texts = _within(texts, _LOGFMT, _from_logfmt)
        if texts is before:
            break
    return texts


def _has_line_break(texts: pa.Array) -> bool:
    """Return whether any text has several lines; many times as fast on the bytes as by a kernel."""
    _, offsets, data = texts.buffers()
    if offsets is None or data is None or not len(texts):
        return False
    kind = np.int64 if pa.types.is_large_string(texts.type) else np.int32
    ends = np.frombuffer(offsets, kind)[[texts.offset, texts.offset + len(texts)]]
    return _LINE_BREAK.search(data, *ends.tolist()) is not None


def _within(texts: pa.Array, pattern: str, read: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """Return texts with those that match replaced by the message in them; the same array if none has one."""
    rows = pc.fill_null(pc.match_substring_regex(texts, pattern), False)
    if not pc.any(rows, min_count=0).as_py():
        return texts
    whole = texts.filter(rows)
    found = read(whole)
    if found.null_count == len(found):
        return texts
    return pc.replace_with_mask(texts, rows, pc.coalesce(found, whole))


def _from_json(texts: pa.Array) -> pa.Array:
    found = [_extract(texts, rf"\"(?:{keys})\"\s*:\s*{_QUOTED}") for keys in _KEYS]
    return _unescaped(pc.coalesce(*found))


def _from_logfmt(texts: pa.Array) -> pa.Array:
    found = []
    for keys in _KEYS:
        begin = rf"(?:^|\s)(?:{keys})="
        found.append(_unescaped(_extract(texts, begin + _QUOTED)))
        found.append(_extract(texts, rf"{begin}(?P<message>[^\s\"]+)"))
    return pc.coalesce(*found)


def _extract(texts: pa.Array, pattern: str) -> pa.Array:
    return pc.struct_field(pc.extract_regex(texts, pattern), "message")


def _unescaped(texts: pa.Array) -> pa.Array:
    """Return the first line of quoted texts, with quotes and slashes as they were before quoting."""
    texts = pc.replace_substring_regex(texts, r"(?s)([^\\])\\[rn].*", r"\1")
    return pc.replace_substring_regex(texts, r"\\([\"/])", r"\1")
