"""An answer of a tab, and which module gives it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from obskit.explorer.panels import fields, groups, messages, rows, traces
from obskit.explorer.panels.answer import Panel
from obskit.explorer.state import InvestigationState

_TABS: dict[str, Callable[[Any, InvestigationState, str | None], Panel]] = {
    "fields": fields.answer,
    "group": groups.answer,
    "messages": messages.answer,
    "rows": rows.answer,
    "traces": traces.answer,
}


def answer(events: Any, state: InvestigationState, units: str | None) -> Panel:
    """Answer the question of the tab that is open.

    Args:
        events: the events, narrowed by the conditions of the state.
        state: what is shown.
        units: condition of the events that are drawn; None if all are.
    Returns:
        The panel; an empty one for the tab "difference".
    Raises:
        ObskitError: the question cannot be answered; the message is for the user.
    """
    ask = _TABS.get(state.tab)
    return Panel({"tab": state.tab}) if ask is None else ask(events, state, units)


__all__ = ["Panel", "answer"]
