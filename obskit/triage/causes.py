"""What got worse, explained once: of operations that fail in the same traces, the one where it begins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import ibis
import ibis.expr.types as ir

from obskit.engine import Condition, Scope, format_condition, format_value
from obskit.errors import EmptySelection
from obskit.explain import ExplainOptions, explain
from obskit.query.terms import row_weight
from obskit.triage.changes import RATIO, Change, Row
from obskit.triage.result import SAME, Cause, Repeat

MOST_EXPLAINED = 4  # operations
MOST_LOOKED_AT = 16  # changes whose traces are compared
NAMED = 0.1  # share of the traces that an operation must have to be named
MOST_TRACES = 5_000


@dataclass(frozen=True)
class _Traces:
    """Trace ids, all of them or the least, with the weight and the time of the operation in each (ms)."""

    of: dict[str, tuple[float, float]]
    up_to: str | None  # the greatest, where there are more


@dataclass(frozen=True)
class _Asked:
    row: Row
    change: Change
    operation: dict[str, Any]
    where: str
    selection: str
    traces: _Traces


def causes_of(
    scope: Scope,
    keys: Sequence[str],
    rows: Sequence[Row],
    units: Condition | None,
    labels: Callable[[datetime], str | None],
    progress: Callable[[str, int, int], None] | None,
) -> tuple[tuple[Cause, ...], tuple[Repeat, ...]]:
    """Explain what got worse, the worst first.

    Args:
        scope: the events, before and after.
        keys: the fields of an operation.
        rows: operations, those that got worse first.
        units: the condition of units of work, where only they are looked at.
        labels: what was deployed at a moment.
        progress: called as (what, done, total).
    Returns:
        The explained outcomes of at most 4 operations, and those whose events are in the same traces.
    Cost: a statement and an explanation each.
    """
    changes = [(row, change) for row in rows for change in row.changes]
    changes.sort(key=lambda pair: -pair[1].rank)
    asked = [_asked(scope, keys, *pair, units) for pair in changes[:MOST_LOOKED_AT]]
    first, again = _apart(asked)
    chosen: list[_Asked] = []
    for item in first:
        operations = {id(other.row) for other in chosen} | {id(item.row)}
        if len(operations) <= MOST_EXPLAINED:
            chosen.append(item)
    order = list(dict.fromkeys(id(item.row) for item in chosen))
    chosen.sort(key=lambda item: order.index(id(item.row)))
    causes: list[Cause] = []
    explained: list[_Asked] = []
    for at, item in enumerate(chosen):
        if progress is not None:
            progress("explaining", at, len(chosen))
        try:
            # Over all of the time: the rows before a deployment are part of the baseline, so that the
            # version itself can be found, which is on everything once it is rolled out.
            found = explain(scope, item.selection, ExplainOptions(where=item.where))
        except EmptySelection:  # the rows were of the last bucket alone, by rounding
            continue
        explained.append(item)
        label = labels(item.change.since)
        causes.append(Cause(item.operation, item.change, label, item.selection, item.where, found))
    repeats = []
    for item, of, common in again:
        same = [other.operation for other in of if any(other is one for one in explained)]
        if same:
            label = labels(item.change.since)
            repeats.append(Repeat(item.operation, item.change, label, _once(same), common))
    return tuple(causes), tuple(repeats)


def _apart(
    asked: Sequence[_Asked],
) -> tuple[list[_Asked], list[tuple[_Asked, list[_Asked], float]]]:
    """Set apart what happened in the traces of others, with those others and the share of its traces.

    A service that was deployed stands for its callers and for what it calls; else an operation that is
    within others stands for them. What is in the traces of others only in part is set apart too, where the
    rest is no more than before.
    """
    inside = [sum(_contains(item, other) for other in asked) for item in asked]
    order = sorted(range(len(asked)), key=lambda at: (not asked[at].change.own, inside[at], at))
    first: list[tuple[int, _Asked]] = []
    again: list[tuple[int, _Asked, list[_Asked], float]] = []
    for at in order:
        item = asked[at]
        others = [other for _, other in first]
        common = _common(others, item)
        left = (1 - common) * item.change.after
        if common > SAME or (common > NAMED and left < RATIO * item.change.before):
            of = [other for other in others if _common([other], item) >= NAMED]
            again.append((at, item, of, common))
        else:
            first.append((at, item))
    first.sort(key=lambda pair: pair[0])
    again.sort(key=lambda group: group[0])
    return [item for _, item in first], [group[1:] for group in again]


def _contains(outer: _Asked, inner: _Asked) -> bool:
    """Whether an operation takes longer than another in the traces they share: it waits for it."""
    shared = outer.traces.of.keys() & inner.traces.of.keys()
    if len(shared) < NAMED * min(len(outer.traces.of), len(inner.traces.of)):
        return False
    difference = sum(outer.traces.of[one][1] - inner.traces.of[one][1] for one in shared)
    return difference > 0


def _common(others: Sequence[_Asked], item: _Asked) -> float:
    """Return the share of an item's traces that others have, over those ids that all of them hold."""
    ends = [one.traces.up_to for one in (*others, item) if one.traces.up_to is not None]
    ids = {one: weight for one, (weight, _) in item.traces.of.items() if not ends or one <= min(ends)}
    whole = sum(ids.values())
    held = set[str]().union(*(other.traces.of for other in others))
    return sum(ids[one] for one in ids.keys() & held) / whole if whole else 0.0


def _asked(scope: Scope, keys: Sequence[str], row: Row, change: Change, units: Condition | None) -> _Asked:
    operation = dict(zip(keys, row.key, strict=True))
    items = [
        {"field": name, "op": "missing"} if value is None else {"field": name, "op": "=", "value": value}
        for name, value in operation.items()
    ]
    where = format_condition(items) + (f" and ({units.text})" if units else "")
    selection = "error"
    if change.limit is not None:
        selection = f"duration_ms > {change.limit:{'.4g' if change.limit < 1e4 else '.0f'}}"
    later = f"({where}) and {selection} and timestamp >= {format_value(change.since)}"
    return _Asked(row, change, operation, where, selection, _traces(scope.narrow(later)))


def _traces(scope: Scope) -> _Traces:
    if "trace_id" not in scope.schema.names:
        return _Traces({}, None)

    def build(table: ir.Table) -> ir.Table:
        took: Any = table["duration_ms"] if "duration_ms" in table.columns else ibis.literal(0.0)
        weight: Any = row_weight(table).cast("float64")
        known = table.mutate(took=took, weight=weight).filter(table["trace_id"].notnull())
        found = known.group_by("trace_id").aggregate(
            weight=known["weight"].sum(), took=known["took"].max().fill_null(0)
        )
        # The least ids are the same sample of the traces for every operation.
        return found.order_by("trace_id").limit(MOST_TRACES)

    table = scope.run(build).table
    ids, weights, lengths = (table.column(name).to_pylist() for name in ("trace_id", "weight", "took"))
    of = dict(zip(ids, zip(weights, lengths, strict=True), strict=True))
    return _Traces(of, ids[-1] if len(ids) == MOST_TRACES else None)


def _once(operations: Sequence[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    out: list[dict[str, Any]] = []
    for operation in operations:
        if operation not in out:
            out.append(operation)
    return tuple(out)
