"""The tab of messages: what the log records say, by template, inside the box and outside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from obskit.display import formatting
from obskit.explorer import calls
from obskit.explorer.panels.answer import Panel, cell, note
from obskit.explorer.state import InvestigationState
from obskit.names import TEMPLATE

_MOST_TEXT = 400


def answer(events: Any, state: InvestigationState, units: str | None) -> Panel:
    """Return the table of templates.

    Args:
        events: the events, narrowed by the conditions of the state.
        state: what is shown.
        units: condition of the events that are drawn; messages are counted among all events.
    Returns:
        Panel; `view` has `head`, `rows` of {value, cells} and `notes`.
    """
    if TEMPLATE not in events.scope.schema.names:
        return note("messages", "No event has a message: these events have no field body, message or msg.")
    call = calls.messages(state)
    result = call.run(events, units)
    inside = calls.message_selection(state)
    table = result.to_arrow().to_pylist()
    whole, selected = (sum(row.get(name) or 0 for row in table) for name in ("events", "selected"))
    rest = whole - selected
    shares = {
        row[TEMPLATE]: (
            row["selected"] / selected if selected else None,
            (row["events"] - row["selected"]) / rest if rest > 0 else None,
        )
        for row in table
        if inside
    }
    if inside:  # what is in the box more than outside comes first
        table.sort(key=lambda row: (shares[row[TEMPLATE]][1] or 0) - (shares[row[TEMPLATE]][0] or 0))
    items: list[Mapping[str, Any]] = []
    rows = []
    for row in table:
        cells = [formatting.count(row["events"])]
        if inside:
            cells += [formatting.count(row["selected"]), *map(formatting.share, shares[row[TEMPLATE]])]
        rows.append({"value": cell(items, TEMPLATE, row[TEMPLATE], _MOST_TEXT), "cells": cells})
    head = ["message", "events", *(["in the box", "share in it", "share outside"] if inside else [])]
    notes = [*map(str, result.notes)]
    if len(rows) == calls.MESSAGES:
        notes.append(f"the first {len(rows)} templates; shares are of the events of these")
    if inside:
        notes.append(f"in the box: {inside}; sides of the box in other fields do not apply to messages")
        notes.append("those whose share is largest in the box compared with outside come first")
    if not rows:
        hint = " Log records seldom have an operation: choose all operations." if state.operation else ""
        return note("messages", f"No event of these has a message.{hint}")
    return Panel({"tab": "messages", "head": head, "rows": rows, "notes": notes}, items, (call,))
