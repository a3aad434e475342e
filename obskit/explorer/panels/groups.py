"""The tab of groups: the top values of a field with counts, errors, percentiles and a line over time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from obskit.display import formatting
from obskit.explorer import calls
from obskit.explorer.over_time import has_time, span_of, step_of
from obskit.explorer.panels.answer import Panel, cell, note
from obskit.explorer.state import InvestigationState
from obskit.explorer.view import by_weight

_SHARES = ("errors", "warnings", "severe")
_SPARK = 40  # points of a line


def answer(events: Any, state: InvestigationState, units: str | None) -> Panel:
    """Return the table of a field's values.

    Args:
        events: the events, narrowed by the conditions of the state.
        state: what is shown; its `group` is the field.
        units: condition of the events that are drawn; None if all are.
    Returns:
        Panel; `view` has `head`, `rows` of {value, cells, spark} and `notes`.
    """
    name = state.group
    if name is None:
        return note("group", "Choose a field to see its most common values.")
    has_errors = "error" in events.scope.schema.names
    call = calls.groups(state, has_errors)
    result = call.run(events, units)
    measures = calls.measures(state.y, has_errors)
    counted = ["events", *(["selected"] if state.selection is not None else [])]
    sparks, over_time = _sparks(events, state, units)
    items: list[Mapping[str, Any]] = []
    rows = []
    for row in result.to_arrow().to_pylist():
        cells = [formatting.count(row[column]) for column in counted]
        cells += [_measure(row[column], column) for _, column, _ in measures]
        rows.append(
            {"value": cell(items, name, row[name]), "cells": cells, "spark": sparks.get(_key(row[name]))}
        )
    view = {
        "tab": "group",
        "field": name,
        "head": [
            name,
            *(f"{word}{by_weight(events)}" for word in counted),
            *(title for _, _, title in measures),
            *(["over time"] if sparks else []),
        ],
        "rows": rows,
        "notes": [*map(str, result.notes), *_cut(name, len(rows))],
    }
    return Panel(view, items, (call, *over_time))


def _cut(name: str, shown: int) -> list[str]:
    return [f"the {shown} largest groups of {name}"] if shown == calls.GROUPS else []


def _sparks(
    events: Any, state: InvestigationState, units: str | None
) -> tuple[dict[str, list[float]], tuple[calls.Call, ...]]:
    """Return the counts of each group over time, by the key of its value."""
    span = span_of(events) if has_time(events, state) else None
    if span is None:
        return {}, ()
    call = calls.group_counts(state, step_of(*span, _SPARK)[0])
    found: dict[str, list[float]] = {}
    for row in call.run(events, units).to_arrow().to_pylist():
        found.setdefault(_key(row[state.group]), []).append(row["events"] or 0)
    return found, (call,)


def _key(value: Any) -> str:
    # Where groups are left over, `query` returns all of them as text.
    return "missing" if value is None else f"value {value}"


def _measure(value: float | None, column: str) -> str:
    if value is None:
        return ""
    return formatting.share(value) if column in _SHARES else formatting.number(value)
