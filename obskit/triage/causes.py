"""Explain what got worse, once: of operations that got worse in the same traces, the one where it began."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from obskit.engine import Condition, Scope, format_condition, microseconds
from obskit.errors import EmptySelection
from obskit.triage.changes import ALPHA, RATIO, Change, Row
from obskit.triage.counts import Key
from obskit.triage.earlier import Judged
from obskit.triage.explained import explain_changes, selection_of, slow_limit
from obskit.triage.further import FurtherChange
from obskit.triage.result import SAME_TRACES, Cause, Repeat
from obskit.triage.row_set import Floats, RowSet, TraceIds

MOST_EXPLAINED = 4  # operations
MOST_COMPARED = 16  # changes whose traces are compared
MIN_SHARE = 0.1  # share of a repeat's traces in which an operation must be, to be named for it
MOST_TRACES = 5_000
# Level of the test whether an outcome grew beyond what is in the traces of others: as for operations.
_LEFT_LEVEL = math.log(ALPHA / 1_000)


@dataclass(frozen=True)
class _Traces:
    """The traces of an outcome.

    Attributes:
        of: a trace's number -> (weight, longest duration of the operation in ms).
        up_to: the greatest number, if there are more traces than these; None if these are all.
    """

    of: dict[int, tuple[float, float]]
    up_to: int | None


@dataclass(frozen=True)
class _Outcome:
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
    further: Mapping[Key, Sequence[FurtherChange]],
    units: Condition | None,
    traces: TraceIds,
    labels: Callable[[datetime], str | None],
    progress: Callable[[str, int, int], None] | None,
) -> tuple[tuple[Cause, ...], tuple[Repeat, ...]]:
    """Explain the outcomes that got worse, the worst first.

    Args:
        scope: the events, before and after.
        keys: the fields that identify operations.
        rows: operations, the worst first.
        further: by operation, further changes, which are explained if something else sets them apart.
        units: the condition of units of work; None if all rows are examined.
        traces: the traces of the events.
        labels: returns the name of the deployment at a moment.
        progress: called with (what, done, total).

    Returns:
        The explained outcomes of at most 4 operations, and the outcomes in the same traces, which are not
        explained again.

    Cost: one explanation per outcome.
    """
    changes = [(row, change) for row in rows for change in row.changes]
    changes.sort(key=lambda pair: -pair[1].rank)
    outcomes = _outcomes_of(scope, keys, changes[:MOST_COMPARED], units, traces)
    first, again, parts = _split_repeats(outcomes)
    chosen: list[_Outcome] = []
    for item in first:
        operations = {id(other.row) for other in chosen} | {id(item.row)}
        if len(operations) <= MOST_EXPLAINED:
            chosen.append(item)
    order = list(dict.fromkeys(id(item.row) for item in chosen))
    chosen.sort(key=lambda item: order.index(id(item.row)))
    chosen = _after_their_parts(chosen, parts)
    causes: list[Cause] = []
    explained: list[_Outcome] = []
    for at, item in enumerate(chosen):
        if progress is not None:
            progress("explaining", at, len(chosen))
        others = [one for one in explained if any(one is part for part in parts[id(item)])]
        own = [one for one in further.get(item.row.key, ()) if one.change.outcome == item.change.outcome]
        above = functools.partial(_is_above, scope, traces, item, others) if others else None
        try:
            cause, *more = explain_changes(scope, item.operation, item.change, own, item.where, labels, above)
        except EmptySelection:  # by rounding, no row was above the limit
            continue
        if others:
            within = _unique([other.operation for other in others])
            cause = dataclasses.replace(cause, within=within, share=_shared_share(others, item))
        causes += [cause, *more]
        explained.append(item)
    repeats = []
    for item, of, common in again:
        same = [other.operation for other in of if any(other is one for one in explained)]
        if same:
            # a deployment at the moment of a repeat is no cause, unless it is that of the others
            known = item.change.own or any(other.change.since == item.change.since for other in of)
            label = labels(item.change.since) if known else None
            repeats.append(Repeat(item.operation, item.change, label, _unique(same), common))
    return tuple(causes), tuple(repeats)


def _is_above(
    scope: Scope, traces: TraceIds, item: _Outcome, others: Sequence[_Outcome], judged: Sequence[Judged]
) -> list[bool]:
    """Return of which findings the increase is in the traces of outcomes that are explained above.

    Of each finding, the events that are in none of the findings before it count.
    """
    rows = RowSet.of(scope.narrow(item.where))
    rows = rows.kept((rows.times >= microseconds(item.change.since)) & rows.true_of(item.selection))
    took, left = _durations(rows), np.ones(len(rows), bool)
    out = []
    for finding, earlier in judged:
        inside = rows.meet(finding.conditions)
        own = _traces_of(rows.kept(inside & left), took[inside & left], traces)
        left &= ~inside
        common = _shared_share(others, dataclasses.replace(item, traces=own))
        grew = (1 - common) * (earlier.after or 0.0)
        out.append(common > SAME_TRACES or (common > MIN_SHARE and grew < RATIO * (earlier.before or 0.0)))
    return out


def _split_repeats(
    outcomes: Sequence[_Outcome],
) -> tuple[list[_Outcome], list[tuple[_Outcome, list[_Outcome], float]], dict[int, list[_Outcome]]]:
    """Split outcomes into those to explain and repeats, which are in the same traces as one of those.

    An operation whose service was deployed is explained before its callers and the operations that it calls;
    otherwise the innermost operation is. An outcome that is only partly in the traces of others is a
    repeat too, if the rest did not grow beyond chance.

    Args:
        outcomes: the outcomes that got worse, the worst first.

    Returns:
        The outcomes to explain; (repeat, outcomes whose traces it shares, share of its traces); and by the id
        of each outcome to explain the others that have a part of its traces.
    """
    inside = [sum(_waits_for(item, other) for other in outcomes) for item in outcomes]
    order = sorted(range(len(outcomes)), key=lambda at: (not outcomes[at].change.own, inside[at], at))
    first: list[tuple[int, _Outcome]] = []
    again: list[tuple[int, _Outcome, list[_Outcome], float]] = []
    parts: dict[int, list[_Outcome]] = {}
    for at in order:
        item = outcomes[at]
        others = [other for _, other in first]
        common = _shared_share(others, item)
        of = [other for other in others if _shared_share([other], item) >= MIN_SHARE]
        if common > SAME_TRACES or (common > MIN_SHARE and not item.change.grew_without(common, _LEFT_LEVEL)):
            again.append((at, item, of, common))
        else:
            first.append((at, item))
            parts[id(item)] = [other for other in of if other.row is not item.row]
    first.sort(key=lambda pair: pair[0])
    again.sort(key=lambda group: group[0])
    return [item for _, item in first], [group[1:] for group in again], parts


def _after_their_parts(chosen: Sequence[_Outcome], parts: Mapping[int, Sequence[_Outcome]]) -> list[_Outcome]:
    """Return outcomes in their order, but each after the others that have a part of its traces.

    Outcomes of one operation stay next to each other where that is possible.
    """
    out: list[_Outcome] = []
    left = list(chosen)
    while left:
        waiting = {id(item) for item in left}
        ready = [item for item in left if not waiting & {id(part) for part in parts[id(item)]}]
        item = next((item for item in ready if out and item.row is out[-1].row), ready[0])
        left.remove(item)
        out.append(item)
    return out


def _waits_for(outer: _Outcome, inner: _Outcome) -> bool:
    """Whether an operation takes longer than another in the traces they share, so that it waits for it."""
    shared = outer.traces.of.keys() & inner.traces.of.keys()
    if len(shared) < MIN_SHARE * min(len(outer.traces.of), len(inner.traces.of)):
        return False
    difference = sum(outer.traces.of[one][1] - inner.traces.of[one][1] for one in shared)
    return difference > 0


def _shared_share(others: Sequence[_Outcome], item: _Outcome) -> float:
    """Return the share of an outcome's traces that others have too, over the ids that all could have."""
    ends = [one.traces.up_to for one in (*others, item) if one.traces.up_to is not None]
    ids = {one: weight for one, (weight, _) in item.traces.of.items() if not ends or one <= min(ends)}
    whole = sum(ids.values())
    shared = set[int]().union(*(other.traces.of for other in others))
    return sum(ids[one] for one in ids.keys() & shared) / whole if whole else 0.0


def _outcomes_of(
    scope: Scope,
    keys: Sequence[str],
    changes: Sequence[tuple[Row, Change]],
    units: Condition | None,
    traces: TraceIds,
) -> list[_Outcome]:
    rows = RowSet.of(scope.narrow(units))
    took = _durations(rows)
    out = []
    for row, change in changes:
        operation = dict(zip(keys, row.key, strict=True))
        items = [
            {"field": name, "op": "missing"} if value is None else {"field": name, "op": "=", "value": value}
            for name, value in operation.items()
        ]
        where = " and ".join(
            [format_condition(items) if items else "true", *([f"({units.text})"] if units else [])]
        )
        selection = selection_of(change)
        inside = rows.meet(items) & (rows.times >= microseconds(change.since))
        if change.limit is None:
            inside &= rows.meet([{"field": "error", "op": "=", "value": True}])
        else:
            inside &= took > float(slow_limit(change.limit))
        own = _traces_of(rows.kept(inside), took[inside], traces)
        out.append(_Outcome(row, change, operation, where, selection, own))
    return out


def _durations(rows: RowSet) -> Floats:
    """Return how long each row took in ms; 0 where it is not known."""
    return np.nan_to_num(rows.number("duration_ms")) if rows.has("duration_ms") else np.zeros(len(rows))


def _traces_of(rows: RowSet, took: Floats, traces: TraceIds) -> _Traces:
    """Return the traces of some rows, of which it is known how long each took in ms."""
    if not traces.exist:
        return _Traces({}, None)
    trace, known = traces.of(rows)
    ids, number = np.unique(trace[known], return_inverse=True)
    weights = np.bincount(number, rows.weights[1][known], len(ids))
    longest = np.zeros(len(ids))
    np.maximum.at(longest, number, took[known])
    # The smallest numbers are the same sample of traces for every operation.
    some = slice(MOST_TRACES)
    of = dict(
        zip(
            ids[some].tolist(),
            zip(weights[some].tolist(), longest[some].tolist(), strict=True),
            strict=True,
        )
    )
    return _Traces(of, int(ids[MOST_TRACES - 1]) if len(ids) >= MOST_TRACES else None)


def _unique(operations: Sequence[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    out: list[dict[str, Any]] = []
    for operation in operations:
        if operation not in out:
            out.append(operation)
    return tuple(out)
