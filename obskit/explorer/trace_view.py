"""A trace opened in place: the live waterfall below the picture."""

from __future__ import annotations

from typing import Any

from obskit.display.live.waterfall_answers import WaterfallAnswers
from obskit.display.trace.pairs import trace_rows
from obskit.display.trace.side import TraceSide


def trace_view(events: Any, trace_id: str, beside: str | None = None) -> WaterfallAnswers:
    """Return the waterfall of a trace, or of two next to each other.

    Args:
        events: the events; their conditions don't matter, the trace is complete.
        trace_id: the id in hex.
        beside: the id of the trace that it is compared with, or None.
    Returns:
        What the page draws, and answers to its messages.
    Raises:
        EmptySelection: no event has this id.
        InvalidArgument: the events have no trace ids.
    """
    found = events.trace(trace_id, beside=beside)
    shown = [found] if found.beside is None else [found, found.beside]
    return WaterfallAnswers(
        [TraceSide(one.trace_id, one.table, one.model) for one in shown],
        trace_rows(found.model, None if found.beside is None else found.beside.model),
        notes=found.footer(),
        display_tz=found.display_tz,
    )
