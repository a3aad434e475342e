"""Notice log records whose text holds what their columns lack: a request with its status, or a level.

    203.0.113.7: "GET /cart HTTP/1.1" (502) 512 bytes 0.257 s      no status: the record is not an error
    {"level": "error", "msg": "payment failed"}                    no level of its own, or another one

Such a load is not wrong in any row, but an outage in it does not show. The load report says what to do.
"""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

LOOKED_AT = 200
"""Rows of a batch that are looked at."""

REQUESTS = (
    "the texts of log records look like requests, but their statuses and durations are not read: if it is an "
    "access log, give its layout (--log-format)"
)
LEVELS = (
    "the texts of log records are JSON or pairs of their own, whose levels and other fields are not read: "
    "write them to a file of their own, such as with jq -r .message"
)

_TARGET = r'\b(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)[\s"]+(?:https?[ ]\S+[ ])?"?(?:/|https?://)'
_STATUS = r'(?:^|[\s("|:=])[1-5]\d\d(?:[\s)",|\]]|$)'
_PAIR = r'(?i)\bstatus(?:[_ ]?code)?["\']?[ ]?[=:][ ]?["\']?[1-5]\d\d\b'
_REQUEST = rf"{_TARGET}.*{_STATUS}|{_STATUS}.*{_TARGET}|{_PAIR}"
_OWN_LEVEL = r'\{.*"(?:level|severity|lvl|levelname)"[ ]?:.*\}\s*$|(?:^|[ ])(?:level|lvl|severity)=["\w]'


def note_bodies(events: pa.RecordBatch, note: Callable[[str], None]) -> None:
    """Note texts of log records that hold statuses or levels.

    Args:
        events: a batch of events.
        note: called with a remark for people.
    """
    at = events.schema.get_field_index("body")
    if at < 0 or not pa.types.is_string(events.column(at).type):
        return
    first = events.slice(0, LOOKED_AT)
    bodies = first.column(at).drop_null()
    if 2 * len(bodies) < first.num_rows or not len(bodies):
        return
    if not _has(first, "http.response.status_code") and _mostly(bodies, _REQUEST):
        note(REQUESTS)
    if _mostly(bodies, _OWN_LEVEL):
        note(LEVELS)


def _has(events: pa.RecordBatch, name: str) -> bool:
    at = events.schema.get_field_index(name)
    return at >= 0 and bool(events.column(at).null_count < events.num_rows)


def _mostly(texts: pa.Array, pattern: str) -> bool:
    found = pc.match_substring_regex(texts, pattern)
    return bool(2 * (pc.sum(found).as_py() or 0) > len(texts))
