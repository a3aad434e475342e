"""Notice log records whose text holds what their columns lack: a request with its status, or a level.

    203.0.113.7: "GET /cart HTTP/1.1" (502) 512 bytes 0.257 s      no status: the record is not an error
    {"level": "error", "msg": "payment failed"}                    no level of its own, or another one

Such a load is not wrong in any row, but an outage in it does not show. The load report says what to do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

LOOKED_AT = 1_000
"""Rows that are looked at, or those of one batch more."""

FEWEST = 2
"""Texts from which most of them says something."""

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


class BodyNotes:
    """Looks at the first texts of log records, and notes what most of them hold.

    Args:
        note: called with a remark for people.
    """

    def __init__(self, note: Callable[[str], None]) -> None:
        self._note = note
        self._rows = 0
        self._batches: list[tuple[int, ...]] = []

    def add(self, events: pa.RecordBatch) -> None:
        """Look at a batch of events."""
        at = events.schema.get_field_index("body")
        if at < 0 or self._rows >= LOOKED_AT or not pa.types.is_string(events.column(at).type):
            return
        first = events.slice(0, LOOKED_AT)
        bodies = first.column(at)
        texts, levels = len(bodies) - bodies.null_count, _count(bodies, _OWN_LEVEL)
        status = first.schema.get_field_index("http.response.status_code")
        if status >= 0:
            bodies = bodies.filter(pc.is_null(first.column(status)))
        self._look((first.num_rows, texts, levels, _count(bodies, _REQUEST)))

    def _look(self, found: Sequence[int]) -> None:
        """Add what was found in a batch: rows, texts, and texts of each kind."""
        self._batches.append(tuple(found))
        rows, texts, levels, requests = (sum(column) for column in zip(*self._batches, strict=True))
        self._rows = rows
        if texts >= FEWEST and 2 * texts >= rows:
            for text, count in ((LEVELS, levels), (REQUESTS, requests)):
                if 2 * count > texts:
                    self._note(text)

    def to_state(self) -> list[tuple[int, ...]]:
        """Return what was found batch by batch, which `absorb` reads."""
        return self._batches

    def absorb(self, state: Sequence[Sequence[int]]) -> None:
        """Look at batches that come after all others so far.

        Args:
            state: what `to_state` returned for them.
        """
        for found in state:
            if self._rows < LOOKED_AT:
                self._look(found)


def _count(texts: pa.Array, pattern: str) -> int:
    return pc.sum(pc.match_substring_regex(texts, pattern)).as_py() or 0
