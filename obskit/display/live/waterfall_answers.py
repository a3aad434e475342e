"""What the page of a waterfall shows: the trace as bytes, and answers to its messages.

The page gets what it draws once. It asks for the fields of a span when one is selected, so rows of the data
never go to the browser; values come back as text. Clicks change nothing in Python: a menu gives the code to
go on with.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from obskit.display.live.packing import pack
from obskit.display.live.span_details import code_for, row_of, search, span_details
from obskit.display.trace.pairs import TraceRows
from obskit.display.trace.side import TraceSide
from obskit.display.zone import shown_in
from obskit.errors import InvalidArgument, ObskitError
from obskit.text import safe


class WaterfallAnswers:
    """Answers the page of one waterfall; `WaterfallView` and the Explorer send the answers to their pages.

    Args:
        sides: the trace, and if wanted another one to compare with.
        rows: the rows of both.
        span: index of the span that is selected; None for none.
        notes: what a reader must know about the trace, one sentence each.
        display_tz: name of the time zone in which times are shown; None for UTC.

    Attributes:
        first: what the page begins with, by name: `view`, `cells` (bytes), `details`, `found`, `code`,
            `status`.
    """

    def __init__(
        self,
        sides: Sequence[TraceSide],
        rows: TraceRows,
        *,
        span: int | None = None,
        notes: Sequence[str] = (),
        display_tz: str | None = None,
    ) -> None:
        self._sides, self._rows, self._zone = tuple(sides), rows, display_tz
        self._lock = threading.Lock()
        selected = -1 if span is None else int(np.flatnonzero(rows.here == span)[0])
        with shown_in(display_tz):
            view, cells = pack(self._sides, rows)
            details = self._details(selected) if selected >= 0 else {}
        view |= {"selected": selected, "notes": [safe(note) for note in notes]}
        self.first: dict[str, Any] = {
            "view": view,
            "cells": cells,
            "details": details,
            "found": {},
            "code": {},
            "status": {},
        }

    def answer(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Answer a message of the page.

        Args:
            message: what was done, as {type, ...}.
        Returns:
            What has changed on the page, by name; an error is a `status`, for nothing else would show it.
        """
        try:
            with self._lock, shown_in(self._zone):
                return {"status": {}, **self._answer(message)}
        except Exception as error:
            known = isinstance(error, ObskitError)
            text = error.message if isinstance(error, ObskitError) else f"{type(error).__name__}: {error}"
            hint = error.hint if known else None  # type: ignore[attr-defined]
            return {"status": {"text": safe(text), "hint": hint or ""}}

    def _answer(self, message: Mapping[str, Any]) -> dict[str, Any]:
        kind = message.get("type")
        if kind == "span":
            return {"details": self._details(self._row(message))}
        if kind == "search":
            return {"found": self._search(str(message["text"]))}
        if kind == "code":
            return {"code": self._code(message)}
        raise InvalidArgument(f"unknown message {kind!r}", hint="expected span, search or code")

    def _row(self, message: Mapping[str, Any]) -> int:
        row = int(message["row"])
        if not 0 <= row < len(self._rows):
            raise InvalidArgument(
                f"row must be from 0 to {len(self._rows) - 1}, got {row}", hint="run the cell again"
            )
        return row

    def _spans(self, row: int) -> list[tuple[TraceSide, int]]:
        """Return the spans of a row, at least one: of the trace first."""
        spans = (self._rows.here[row], self._rows.there[row])
        return [(side, int(span)) for side, span in zip(self._sides, spans, strict=False) if span >= 0]

    def _details(self, row: int) -> dict[str, Any]:
        return {"row": row, "sides": [span_details(side, span) for side, span in self._spans(row)]}

    def _search(self, text: str) -> dict[str, Any]:
        rows: list[int] = []
        if text:
            hits = search(self._sides, text)
            rows = [
                row
                for row, spans in enumerate(zip(self._rows.here, self._rows.there, strict=True))
                if any(span in found for span, found in zip(spans, hits, strict=False))
            ]
        return {"text": text, "rows": rows}

    def _code(self, message: Mapping[str, Any]) -> dict[str, Any]:
        side, span = self._spans(self._row(message))[int(message["side"])]
        # The page sends the place of a field, for its text is made safe to show.
        name, value = list(row_of(side, span).items())[int(message["field"])]
        action = str(message["action"])
        # The number makes the same answer to a later click a new one.
        return {"text": code_for(action, name, value), "action": action, "asked": message.get("asked")}
