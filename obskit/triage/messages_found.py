"""Turn shifts of counts into what is reported: ranked messages, and values of fields folded into one row."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import ibis.expr.types as ir
import numpy as np

from obskit.engine import Scope, format_condition, format_value
from obskit.names import EXCEPTION_FINGERPRINT, TEMPLATE
from obskit.query.usefulness import by_usefulness
from obskit.triage.messages_counts import Stretches, ValueCounts
from obskit.triage.messages_instances import (
    IDENTITIES,
    VERSIONS,
    Deployed,
    Owners,
    alike,
    fold_instances,
    follow_versions,
    join_alike,
)
from obskit.triage.messages_result import Message
from obskit.triage.messages_shifts import GONE, NEW, Shift, TimeGrid, find_shifts, find_shifts_in_both

SAME_COUNTS = 0.02  # relative difference up to which values of two fields changed together
REAL_SHARE = 0.01  # share of all events from which on a value that is new or gone is reported
_SEVERE = ((17, 10.0), (13, 3.0))  # severity number and how much more an event of it counts
_NUMBERS = {"FATAL": 21, "ERROR": 17, "WARN": 13, "INFO": 9, "DEBUG": 5, "TRACE": 1}


def find_messages(counts: ValueCounts, time: Stretches, deployed: Deployed) -> tuple[list[Message], int]:
    """Return the messages of one field that are new, more frequent or gone.

    Args:
        counts: the values of the field.
        time: the moments.
        deployed: the deployments by moment.

    Returns:
        The messages by their excess events; and the number of comparisons.
    """
    of_all: list[Shift] = []
    if counts.everything is None:
        shifts, taken = find_shifts(counts.grid)
    else:
        shifts, of_all, taken = find_shifts_in_both(counts.grid, counts.everything, time.seconds)
    items = [_message(counts, [shift], time, deployed) for shift in (*shifts, *of_all)]
    if counts.everything is not None:
        items = [
            dataclasses.replace(item, share_of="messages" if at < len(shifts) else "events")
            for at, item in enumerate(items)
        ]
    return sorted(items, key=lambda item: -item.excess), taken


def importance(item: Message) -> float:
    """Return the excess events of a message times its severity; exceptions are as severe as errors."""
    number = 17 if item.kind == "exception" else _NUMBERS.get(item.severity or "", 0)
    return item.excess * next((factor for least, factor in _SEVERE if number >= least), 1.0)


def find_values(
    fields: Sequence[ValueCounts], time: Stretches, deployed: Deployed, owners: Owners
) -> tuple[list[Message], int]:
    """Return the values of dense fields that are new or gone.

    Values of one field that change at one moment are one item. Items of several fields with about the same
    counts are one item too, such as a region and its zone. So are all instances and versions that change in
    one rollout.

    Args:
        fields: the fields.
        time: the moments.
        deployed: the deployments by moment.
        owners: returns, for each value of a field, the values of another field on its rows.

    Returns:
        The items by their share, instances last, in the order of time; and the number of comparisons over all
        fields together.
    """
    if not fields:
        return [], 0
    grids = [counts.grid for counts in fields]
    joined = [np.concatenate([getattr(grid, name) for grid in grids]) for name in ("counts", "unit")]
    whole = TimeGrid(joined[0], grids[0].whole, joined[1], time.cells, time.preferred)
    shifts, taken = find_shifts(whole, (NEW, GONE))
    start = np.cumsum([0, *(len(counts.values) for counts in fields)])
    by_field: dict[str, list[Shift]] = {counts.field: [] for counts in fields}
    for shift in shifts:
        at = int(np.searchsorted(start, shift.row, side="right")) - 1
        by_field[fields[at].field].append(dataclasses.replace(shift, row=shift.row - int(start[at])))
    instances, others = [], []
    for counts in fields:
        found = by_field[counts.field]
        if counts.field in IDENTITIES:
            more, versioned = follow_versions(counts, found, fields, by_field, owners)
            for item, rows in _by_service(counts, [*found, *more], time, deployed, owners):
                exact = rows <= versioned or counts.field in VERSIONS
                instances.append(dataclasses.replace(item, exact=exact))
        else:
            real = [shift for shift in found if _largest(shift) >= REAL_SHARE]
            others += [_message(counts, same, time, deployed) for same in _by_moment(real)]
    order = {name: at for at, name in enumerate(by_usefulness(counts.field for counts in fields))}
    others.sort(key=lambda item: (-_largest(item), order[item.field]))
    # Rows have one value per field, so the shares of a field's values add up.
    folded = [one for one in fold_instances(instances, time.moments, deployed) if _largest(one) >= REAL_SHARE]
    return join_alike(folded, _merged(others), SAME_COUNTS), taken


def _by_service(
    counts: ValueCounts, shifts: Sequence[Shift], time: Stretches, deployed: Deployed, owners: Owners
) -> Iterator[tuple[Message, set[int]]]:
    """Yield one item per service, change and moment, and the rows of its values."""
    services = owners(counts.field, "service.name") if shifts else ()
    by_service: dict[str | None, list[Shift]] = {}
    for shift in shifts:
        own = services[shift.row]
        by_service.setdefault(own[0] if len(own) == 1 else None, []).append(shift)
    for service, found in by_service.items():
        for same in _by_moment(found):
            item = _message(counts, same, time, deployed)
            yield dataclasses.replace(item, service=service), {shift.row for shift in same}


def _by_moment(shifts: Sequence[Shift]) -> list[list[Shift]]:
    """Return the shifts with the same change and moment together."""
    folded: dict[tuple[str, int], list[Shift]] = {}
    for shift in shifts:
        folded.setdefault((shift.change, shift.at), []).append(shift)
    return list(folded.values())


def _largest(item: Message | Shift) -> float:
    return max(item.share_before, item.share_after)


def _merged(items: Sequence[Message]) -> list[Message]:
    """Return the items, those with about the same counts at the same moment as one."""
    groups: list[list[Message]] = []
    for item in items:
        same = next((group for group in groups if alike(group[0], item, SAME_COUNTS)), None)
        if same is None:
            groups.append([item])
        else:
            same.append(item)
    return [
        dataclasses.replace(first, also=tuple(other.condition for other in rest)) for first, *rest in groups
    ]


def _message(counts: ValueCounts, shifts: Sequence[Shift], time: Stretches, deployed: Deployed) -> Message:
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
        deployment=", ".join(map(str, deployed.get(since, ()))) or None,
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
        values = list({value for item in items if item.field == field for value in item.values})
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
