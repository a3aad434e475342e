"""The state of an Explorer as the controls of the page show it."""

from __future__ import annotations

from typing import Any

from obskit.display import formatting
from obskit.engine import Window
from obskit.explorer import saved
from obskit.explorer.history import History
from obskit.explorer.panels.answer import for_page
from obskit.explorer.state import COMPARE, InvestigationState
from obskit.text import safe

MOST_HISTORY = 50  # states that the page lists
_MOST_TEXT = 160


def asked(history: History) -> dict[str, Any]:
    """Return what the controls show, as values for JSON.

    Args:
        history: the states, of which the current one is shown.
    Returns:
        The choices of the current state; `steps` as text (`whole` is None
        where it is too long for the page); `history` as {at, text} with the newest last; `resume` is the
        line of Python that begins at this state in another kernel.
    """
    state = history.current
    first = max(0, len(history.states) - MOST_HISTORY)
    return {
        "steps": [
            {"text": formatting.shorten(safe(step), _MOST_TEXT), "whole": for_page(step)}
            for step in state.steps
        ],
        "opened": formatting.shorten(safe(state.where), _MOST_TEXT) if state.where else "",
        "operation": state.operation or "",
        "window": str(Window(*state.window)) if state.window else "",
        "can_zoom": _can_zoom(state),
        "brush": state.brush.to_dict() if state.brush is not None and state.selection else {},
        "selection": state.selection or "",
        "compare": state.compare,
        "compares": [[key, text] for key, text in COMPARE.items()],
        "tab": state.tab,
        "group": state.group or "",
        "trace": state.trace or "",
        "beside": state.beside or "",
        "zone": state.zone,
        "resume": for_page(f"ok.Explorer(events, state={saved.to_dict(state)!r})"),
        "undo": history.at > 0,
        "redo": history.at < len(history.states) - 1,
        "at": history.at,
        "history": [
            {"at": at, "text": formatting.shorten(safe(history.labels[at]), _MOST_TEXT)}
            for at in range(first, len(history.states))
        ],
    }


def _can_zoom(state: InvestigationState) -> bool:
    brush = state.brush
    return state.x.time and brush is not None and (brush.x0 is not None or brush.x1 is not None)
