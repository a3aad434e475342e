"""The tab of rows: a page of events at a time, sorted and cut in Python; the table scrolls over all."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pyarrow as pa

from obskit import query
from obskit.display import formatting
from obskit.explorer import calls
from obskit.explorer.brush import micros
from obskit.explorer.panels.answer import Panel, item, text
from obskit.explorer.state import InvestigationState
from obskit.query.axes import SEVERITY

COLUMNS = 8  # chosen where the user did not
MOST_CHOICES = 400
_MOST_TEXT = 120
_FIRST_OF_LOGS = ("timestamp", "severity_text", "body")


def columns_of(events: Any, state: InvestigationState) -> list[str]:
    """Return the fields that are columns: the chosen ones, or those that matter most."""
    names = events.scope.schema.names
    chosen = [name for name in state.columns if name in names]
    if chosen:
        return chosen
    is_log = state.y.field == SEVERITY
    logs = [name for name in _FIRST_OF_LOGS if name in names] if is_log else []
    useful = [name for name in query.by_usefulness(names) if is_log or name not in _FIRST_OF_LOGS]
    first = ["timestamp"] if "timestamp" in names else []
    # The text of the severity says what its number does.
    measure = [] if is_log and "severity_text" in names else [state.y.field]
    return list(dict.fromkeys([*first, *logs, *measure, *useful]))[:COLUMNS]


def answer(events: Any, state: InvestigationState, units: str | None) -> Panel:
    """Return the head of the table and its first page.

    Args:
        events: the events, narrowed by the conditions of the state.
        state: what is shown.
        units: condition of the events that are drawn; None if all are.
    Returns:
        Panel; `view` has `columns`, `choices`, `order`, `total`, `size` (rows a page) and `page`.
    """
    columns = columns_of(events, state)
    call = calls.rows(state, columns)
    narrowed = events
    for condition in (units, call.where):
        narrowed = narrowed if condition is None else narrowed.where(condition)
    first, items = page(events, state, units, 0)
    schema = events.scope.schema
    view = {
        "tab": "rows",
        "columns": [{"name": name, "kind": _kind(schema.field(name).type)} for name in columns],
        "choices": query.by_usefulness(schema.names)[:MOST_CHOICES],
        "order": state.order or "",
        "of": "the selection" if call.where else "all events that are drawn",
        "total": int(narrowed.scope.extent[0]),
        "size": calls.PAGE,
        "page": first,
    }
    return Panel(view, items, (call,))


def page(
    events: Any, state: InvestigationState, units: str | None, offset: int
) -> tuple[dict[str, Any], list[Mapping[str, Any]]]:
    """Return a page of rows.

    Args:
        events: the events, narrowed by the conditions of the state.
        state: what is shown.
        units: condition of the events that are drawn; None if all are.
        offset: number of the first row, from 0.
    Returns:
        {"offset", "rows" of {cells, traces}}; a cell is text, or microseconds for a time. And the conditions
        of the values, row by row.
    """
    columns = columns_of(events, state)
    with_trace = [*columns, *(["trace_id"] if "trace_id" in events.scope.schema.names else [])]
    # The id of the trace is asked for as well, to open it from a row.
    result = calls.rows(state, list(dict.fromkeys(with_trace)), offset).run(events, units)
    items: list[Mapping[str, Any]] = []
    rows = []
    for row in result.to_arrow().to_pylist():
        items.extend(item(name, row[name]) for name in columns)
        rows.append({"cells": [_cell(name, row[name]) for name in columns], "trace": row.get("trace_id")})
    return {"offset": offset, "rows": rows}, items


def _cell(name: str, value: Any) -> Any:
    if isinstance(value, datetime):
        return micros(value)
    if value is None:
        return None
    if name == "duration_ms" and isinstance(value, float):
        return formatting.duration(value)
    if isinstance(value, float):
        return formatting.number(value)
    return text(value, _MOST_TEXT)


def _kind(kind: pa.DataType) -> str:
    if pa.types.is_timestamp(kind):
        return "time"
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return "number"
    return "list" if pa.types.is_nested(kind) else "text"
