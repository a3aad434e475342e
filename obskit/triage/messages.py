"""`messages`: list log messages, exceptions and values that are new, more frequent or gone since a moment."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import datetime

import numpy as np
import pyarrow as pa

from obskit.display.tables import format_cell
from obskit.engine import Scope, format_value
from obskit.errors import EmptySelection, InvalidArgument
from obskit.explain import ExplainOptions, Explanation, explain
from obskit.names import EXCEPTION_FINGERPRINT, TEMPLATE
from obskit.query.deployments import Deployment, changes, first_steps
from obskit.query.output import dataset_of, format_call, join_statements, merge_notes
from obskit.triage.changes import MOST_DEPLOYMENTS, full_moments
from obskit.triage.messages_counts import CodedRows, Stretches, count_dense, count_messages, stretches
from obskit.triage.messages_found import described, find_messages, find_values, importance, seen_when
from obskit.triage.messages_instances import Deployed
from obskit.triage.messages_result import Message, Messages, table_of

MOST_EXPLAINED = 5
MOST_ITEMS = 200  # messages and exceptions, and as many values
SHARED = 0.1  # share of the other messages that have a field, to look there for where a message is

_SAID = ("message", "exception")

Progress = Callable[[str, int, int], None]


def messages(
    scope: Scope,
    since: datetime | None = None,
    *,
    until: datetime | None = None,
    explained: int = MOST_EXPLAINED,
    progress: Progress | None = None,
) -> Messages:
    """List log messages, exceptions and values of fields that are new, more frequent or gone since a moment.

    Args:
        scope: the events.
        since: the moment. By default every deployment and every full hour (or other round step, at most 24),
            corrected for that many comparisons.
        until: events from this time on are left out.
        explained: how many messages are explained.
        progress: called with (what, done, total).

    Returns:
        Messages and exceptions first, by their excess events times their severity; then values of fields that
        at least half of the events have, and that at least 1% of the events before or after have. Last, one
        item per rollout for the instances and versions that are new, gone or replaced.

    Raises:
        InvalidArgument: no event has a time, or `since` is not before `until`.
        EmptySelection: no event is left to compare.

    Cost: one pass over the codes of the fields, one statement per field that changed, and one explanation
        for each of the first messages.
    Source: `messages_shifts`.
    """
    if since is not None and until is not None and since >= until:
        raise InvalidArgument(
            f"since must be before until, got {since.isoformat()} and {until.isoformat()}",
            hint="use an earlier `since` or a later `until`",
        )
    if "timestamp" not in scope.schema.names or scope.dataset.span[0] is None:
        raise InvalidArgument(
            "messages are compared over time, but no event has a time",
            hint="load with a mapping to the column of the time: mapping={'timestamp': 'COLUMN'}",
        )
    rows = scope if until is None else scope.narrow(f"timestamp < {format_value(until)}")
    _, first, last = rows.extent
    if first is None or last is None:
        raise EmptySelection(
            "none of these events has a time",
            hint="the dataset is empty" if rows.where is None else f"loosen the condition: {rows.where.text}",
        )
    deployed, moments, notes = _moments(scope, first, last, since)
    time = stretches(first, last, moments, tuple(deployed), chosen=since is not None)
    items, taken, sql = _changes(rows, time, deployed, notes)
    if taken > 2:
        notes.append(f"the threshold is corrected for {taken:,} comparisons: values and moments")
    wanted = [at for at, item in enumerate(items) if item.kind in _SAID][:explained]
    for done, at in enumerate(wanted):
        if progress is not None:
            progress("explaining", done, len(wanted))
        items[at] = dataclasses.replace(items[at], explanation=_explained(rows, items[at]))
    return Messages(
        kind="messages",
        table=table_of(items),
        query=format_call(
            "messages", scope=scope, since=since and format_cell(since), until=until and format_cell(until)
        ),
        sql=join_statements(scope, sql),
        dataset=dataset_of(scope),
        notes=merge_notes(scope.notes, notes),
        items=tuple(items),
        verdict="" if items else _verdict(time, first, last, since),
    )


def _moments(
    scope: Scope, first: datetime, last: datetime, since: datetime | None
) -> tuple[Deployed, list[datetime], list[str]]:
    """Return the deployments by moment, the moments to compare at, and a note about them."""
    if since is not None:
        return {}, [since], [f"events from {format_cell(since)} on are compared with those before"]
    found = [d for d in first_steps(changes(scope)) if first < d.at <= last][-MOST_DEPLOYMENTS:]
    deployed: dict[datetime, list[Deployment]] = {}
    for deployment in found:
        deployed.setdefault(deployment.at, []).append(deployment)
    round_ones, step = full_moments(first, last)
    text = f"compared with earlier time at every {step}" + (" and every deployment" if found else "")
    return deployed, sorted({*deployed, *round_ones}), [text]


def _changes(
    scope: Scope, time: Stretches, deployed: Deployed, notes: list[str]
) -> tuple[list[Message], int, list[str]]:
    """Return what changed, how many comparisons were made, and the statements that ran."""
    if not time.moments:
        return [], 0, []
    names = scope.schema.names
    coded = CodedRows(scope, time)
    found: list[Message] = []
    taken, sql = 0, list[str]()
    fields = [name for name in (TEMPLATE, EXCEPTION_FINGERPRINT) if name in names]
    for field in fields:
        counts = count_messages(scope, field, coded, time)
        own, tests = find_messages(counts, time, deployed)
        found += own
        taken += tests
        sql += counts.sql
    if TEMPLATE not in names and "body" in names:
        notes.append(
            f"no event has {TEMPLATE}, so messages are not compared; an earlier version of obskit stored "
            "these events without it: load them from their source again"
        )
    elif not fields:
        notes.append("no event has a message or a stack trace: only values of fields are compared")
    values, tests = find_values(count_dense(scope, coded), time, deployed, coded.owners)
    left = max(0, len(found) - MOST_ITEMS) + max(0, len(values) - MOST_ITEMS)
    items, more = described(scope, [*found[:MOST_ITEMS], *values[:MOST_ITEMS]])
    if left > 0:
        notes.append(f"{left:,} more items are left out")
    items.sort(key=lambda item: (0, -importance(item)) if item.kind in _SAID else (1, 0.0))
    return items, taken + tests, [*sql, *more]


def _explained(scope: Scope, item: Message) -> Explanation | None:
    """Return what sets the events of a message apart from other messages, while it was there.

    Only by fields that other messages have as well: the name of a pool or a query, which only this code
    writes, says what the message is and not where it is.
    """
    where = f"{seen_when(item)} and {item.field} is not null"
    fields = _shared_fields(scope.narrow(f"{where} and not ({item.condition})"))
    if not fields:
        return None
    try:
        return explain(
            scope, item.condition, ExplainOptions(where=where, fields=fields, population="all", history=None)
        )
    except EmptySelection:  # every event has this message
        return None


def _shared_fields(others: Scope) -> list[str]:
    """Return the fields of text or flags that at least a tenth of some events have."""
    masks = [mask.true for mask in others.masks(None)]
    least = SHARED * sum(int(mask.sum()) for mask in masks)
    names = [
        item.name
        for item in others.dataset.schema
        if pa.types.is_string(item.type) or pa.types.is_boolean(item.type)
    ]
    others.dataset.codes.ensure(names)
    out = []
    for name in names:
        coded = others.codes(name)
        has = sum(int(np.count_nonzero(coded.codes(file)[mask])) for file, mask in enumerate(masks))
        if has >= least > 0:
            out.append(name)
    return out


def _verdict(time: Stretches, first: datetime, last: datetime, since: datetime | None) -> str:
    if since is not None and not time.moments:
        return (
            f"Nothing was compared: {format_cell(since)} is not between the first row, {format_cell(first)}, "
            f"and the last, {format_cell(last)}."
        )
    return "No message, exception or value is new, more frequent or gone beyond chance."
