"""Turn shifts of counts into what is reported: ranked messages, and values of fields folded into one row."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import ibis.expr.types as ir
import numpy as np

from obskit.engine import Scope, format_condition, format_value
from obskit.names import EXCEPTION_FINGERPRINT, TEMPLATE
from obskit.query.usefulness import by_usefulness
from obskit.triage.messages_counts import Stretches, ValueCounts
from obskit.triage.messages_result import Message
from obskit.triage.messages_shifts import GONE, NEW, Shift, TimeGrid, find_shifts

SAME_COUNTS = 0.02  # relative difference up to which values of two fields changed together
REAL_SHARE = 0.01  # share of all events from which on a value that is new or gone is reported
_SEVERE = ((17, 10.0), (13, 3.0))  # severity number and how much more an event of it counts
_NUMBERS = {"FATAL": 21, "ERROR": 17, "WARN": 13, "INFO": 9, "DEBUG": 5, "TRACE": 1}

Labels = Callable[[datetime], str | None]


def find_messages(counts: ValueCounts, time: Stretches, labels: Labels) -> tuple[list[Message], int]:
    """Return the messages of one field that are new, more frequent or gone.

    Args:
        counts: the values of the field.
        time: the moments.
        labels: returns the name of the deployment at a moment.

    Returns:
        The messages by their excess events; and the number of comparisons.
    """
    shifts, taken = find_shifts(counts.grid)
    shifts.sort(key=lambda shift: (-shift.excess, shift.row))
    return [_message(counts, [shift], time, labels) for shift in shifts], taken


def importance(item: Message) -> float:
    """Return the excess events of a message times its severity; exceptions are as severe as errors."""
    number = 17 if item.kind == "exception" else _NUMBERS.get(item.severity or "", 0)
    return item.excess * next((factor for least, factor in _SEVERE if number >= least), 1.0)


def find_values(fields: Sequence[ValueCounts], time: Stretches, labels: Labels) -> tuple[list[Message], int]:
    """Return the values of dense fields that are new or gone.

    Values of one field that change at one moment are one item. Items of several fields with about the same
    counts are one item too, such as a version and its deployment id.

    Args:
        fields: the fields.
        time: the moments.
        labels: returns the name of the deployment at a moment.

    Returns:
        The items by their share; and the number of comparisons over all fields together.
    """
    if not fields:
        return [], 0
    grids = [counts.grid for counts in fields]
    joined = [np.concatenate([getattr(grid, name) for grid in grids]) for name in ("counts", "unit")]
    whole = TimeGrid(joined[0], grids[0].whole, joined[1], time.cells, time.preferred)
    shifts, taken = find_shifts(whole)
    start = np.cumsum([0, *(len(counts.values) for counts in fields)])
    folded: dict[tuple[int, str, int], list[Shift]] = {}
    for shift in shifts:
        if shift.change in (NEW, GONE) and max(shift.share_before, shift.share_after) >= REAL_SHARE:
            field = int(np.searchsorted(start, shift.row, side="right")) - 1
            own = dataclasses.replace(shift, row=shift.row - int(start[field]))
            folded.setdefault((field, shift.change, shift.at), []).append(own)
    items = [_message(fields[key[0]], found, time, labels) for key, found in folded.items()]
    order = {name: at for at, name in enumerate(by_usefulness(counts.field for counts in fields))}
    items.sort(key=lambda item: (-max(item.share_before, item.share_after), order[item.field]))
    return _merged(items), taken


def _merged(items: Sequence[Message]) -> list[Message]:
    """Return the items, those with about the same counts at the same moment as one."""
    groups: list[list[Message]] = []
    for item in items:
        same = next((group for group in groups if _alike(group[0], item)), None)
        if same is None:
            groups.append([item])
        else:
            same.append(item)
    return [
        dataclasses.replace(first, also=tuple(other.condition for other in rest)) for first, *rest in groups
    ]


def _alike(one: Message, other: Message) -> bool:
    if (one.change, one.since) != (other.change, other.since):
        return False
    return all(
        abs(left - right) <= SAME_COUNTS * max(left, right)
        for left, right in ((one.before, other.before), (one.after, other.after))
    )


def _message(counts: ValueCounts, shifts: Sequence[Shift], time: Stretches, labels: Labels) -> Message:
    values = tuple(sorted(counts.values[shift.row] for shift in shifts))
    item = {"field": counts.field, "op": "=", "value": values[0]}
    if len(values) > 1:
        item = {"field": counts.field, "op": "in", "values": list(values)}
    since = time.moments[shifts[0].at]
    return Message(
        change=shifts[0].change,
        field=counts.field,
        values=values,
        condition=format_condition([item]),
        since=since,
        deployment=labels(since),
        before=sum(shift.before for shift in shifts),
        after=sum(shift.after for shift in shifts),
        share_before=sum(shift.share_before for shift in shifts),
        share_after=sum(shift.share_after for shift in shifts),
        excess=sum(shift.excess for shift in shifts),
    )


def described(scope: Scope, items: Sequence[Message]) -> tuple[list[Message], list[str]]:
    """Return items with the times of their events, and messages with their severity and newest example.

    Args:
        scope: the rows.
        items: messages, exceptions and values.

    Returns:
        The same items, and the statements that ran.

    Cost: one statement per field.
    """
    found: dict[tuple[str, Any], dict[str, Any]] = {}
    sql = []
    for field in dict.fromkeys(item.field for item in items):
        values = [value for item in items if item.field == field for value in item.values]
        output = scope.run(partial(_details, field=field, values=values))
        sql.append(output.sql)
        found.update({(field, row["value"]): row for row in output.table.to_pylist()})
    return [_with_details(item, [found[item.field, value] for value in item.values]) for item in items], sql


def _details(table: ir.Table, field: str, values: Sequence[Any]) -> ir.Table:
    rows = table.filter(table[field].isin(values) & table["timestamp"].notnull())
    moment: Any = rows["timestamp"]
    columns: dict[str, Any] = {"first": moment.min(), "last": moment.max(), "rows": rows.count()}
    text = {TEMPLATE: "body", EXCEPTION_FINGERPRINT: "exception.message"}.get(field)
    if text is not None and text in rows.columns:
        columns["example"] = rows[text].argmax(moment)
    if text is not None and "severity_number" in rows.columns:
        number: Any = rows["severity_number"]
        for name, least in _NUMBERS.items():
            columns[name] = (number >= least).ifelse(1, 0).sum().fill_null(0)
    return rows.group_by(value=rows[field]).aggregate(**columns)


def _with_details(item: Message, rows: Sequence[dict[str, Any]]) -> Message:
    severity = next((name for name in _NUMBERS if rows[0].get(name, 0) >= rows[0]["rows"] / 2), None)
    return dataclasses.replace(
        item,
        first_seen=min(row["first"] for row in rows),
        last_seen=max(row["last"] for row in rows),
        severity=severity,
        example=rows[0].get("example"),
    )


def seen_when(item: Message) -> str:
    """Return the condition of the time when an item is there: after its change, before it if gone."""
    sign = "<" if item.change == GONE else ">="
    return f"timestamp {sign} {format_value(item.since)}"
