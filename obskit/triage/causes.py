"""Explain what got worse, once: of operations that got worse in the same traces, the one where it began."""

from __future__ import annotations

import dataclasses
import functools
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np

from obskit.engine import Condition, Scope, format_condition, format_value
from obskit.errors import EmptySelection
from obskit.explain import ExplainOptions, Explanation, Finding, explain
from obskit.query.terms import per_row, row_weight
from obskit.triage.changes import RATIO, Change, Row
from obskit.triage.earlier import EarlierTime, Judged, compare_with_earlier
from obskit.triage.result import SAME_TRACES, Cause, Repeat

MOST_EXPLAINED = 4  # operations
MOST_COMPARED = 16  # changes whose traces are compared
MIN_SHARE = 0.1  # share of a repeat's traces in which an operation must be, to be named for it
MOST_TRACES = 5_000


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
    units: Condition | None,
    labels: Callable[[datetime], str | None],
    progress: Callable[[str, int, int], None] | None,
) -> tuple[tuple[Cause, ...], tuple[Repeat, ...]]:
    """Explain the outcomes that got worse, the worst first.

    Args:
        scope: the events, before and after.
        keys: the fields that identify operations.
        rows: operations, the worst first.
        units: the condition of units of work; None if all rows are examined.
        labels: returns the name of the deployment at a moment.
        progress: called with (what, done, total).

    Returns:
        The explained outcomes of at most 4 operations, and the outcomes in the same traces, which are not
        explained again.

    Cost: one statement and one explanation per outcome.
    """
    changes = [(row, change) for row in rows for change in row.changes]
    changes.sort(key=lambda pair: -pair[1].rank)
    outcomes = _outcomes_of(scope, keys, changes[:MOST_COMPARED], units)
    first, again = _split_repeats(outcomes)
    chosen: list[_Outcome] = []
    for item in first:
        operations = {id(other.row) for other in chosen} | {id(item.row)}
        if len(operations) <= MOST_EXPLAINED:
            chosen.append(item)
    order = list(dict.fromkeys(id(item.row) for item in chosen))
    chosen.sort(key=lambda item: order.index(id(item.row)))
    causes: list[Cause] = []
    explained: list[_Outcome] = []
    for at, item in enumerate(chosen):
        if progress is not None:
            progress("explaining", at, len(chosen))
        try:
            causes.append(_explain_change(scope, item, labels(item.change.since)))
        except EmptySelection:  # by rounding, no row was above the limit
            continue
        explained.append(item)
    repeats = []
    for item, of, common in again:
        same = [other.operation for other in of if any(other is one for one in explained)]
        if same:
            label = labels(item.change.since)
            repeats.append(Repeat(item.operation, item.change, label, _unique(same), common))
    return tuple(causes), tuple(repeats)


def _explain_change(scope: Scope, item: _Outcome, label: str | None) -> Cause:
    """Explain an outcome, and set apart the findings that were so before.

    Raises:
        EmptySelection: no row has the outcome, or all have.
    """

    def judge(where: str) -> tuple[Explanation, list[Judged]]:
        # Over the whole time: after a rollout every row has the new version, so it can only be found if
        # the rows before the deployment are in the baseline.
        found = explain(scope, item.selection, ExplainOptions(where=where))
        return found, compare_with_earlier(scope, where, item.selection, item.change.since, found.findings)

    where = item.where
    found, judged = judge(where)
    old = [pair for pair in judged if pair[1].verdict == "before"]
    if old and len(old) == len(judged):
        # What was always so can hide what is new: look once more without it.
        rest = " and ".join(f"coalesce(not ({finding.condition}), true)" for finding, _ in old)
        try:
            found, judged = judge(f"({where}) and {rest}")
            where = f"({where}) and {rest}"
            old += [pair for pair in judged if pair[1].verdict == "before"]
        except EmptySelection:
            judged = []
    new = [pair for pair in judged if pair[1].verdict != "before"]
    return Cause(
        item.operation,
        item.change,
        label,
        item.selection,
        where,
        dataclasses.replace(found, findings=tuple(_with_note(*pair) for pair in new)),
        earlier=tuple(earlier for _, earlier in new),
        as_before=tuple(old),
    )


def _with_note(finding: Finding, earlier: EarlierTime) -> Finding:
    """Return the finding with its earlier time among what its readers see, wherever it is shown."""
    note = earlier.describe()
    return dataclasses.replace(finding, note=f"{finding.note}; {note}" if finding.note else note)


def _split_repeats(
    outcomes: Sequence[_Outcome],
) -> tuple[list[_Outcome], list[tuple[_Outcome, list[_Outcome], float]]]:
    """Split outcomes into those to explain and repeats, which are in the same traces as one of those.

    An operation whose service was deployed is explained before its callers and the operations that it calls;
    otherwise the innermost operation is. An outcome that is only partly in the traces of others is a
    repeat too, if the rest is no more than before.

    Args:
        outcomes: the outcomes that got worse, the worst first.

    Returns:
        The outcomes to explain; and (repeat, outcomes whose traces it shares, share of its traces).
    """
    inside = [sum(_waits_for(item, other) for other in outcomes) for item in outcomes]
    order = sorted(range(len(outcomes)), key=lambda at: (not outcomes[at].change.own, inside[at], at))
    first: list[tuple[int, _Outcome]] = []
    again: list[tuple[int, _Outcome, list[_Outcome], float]] = []
    for at in order:
        item = outcomes[at]
        others = [other for _, other in first]
        common = _shared_share(others, item)
        left = (1 - common) * item.change.after
        if common > SAME_TRACES or (common > MIN_SHARE and left < RATIO * item.change.before):
            of = [other for other in others if _shared_share([other], item) >= MIN_SHARE]
            again.append((at, item, of, common))
        else:
            first.append((at, item))
    first.sort(key=lambda pair: pair[0])
    again.sort(key=lambda group: group[0])
    return [item for _, item in first], [group[1:] for group in again]


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
    scope: Scope, keys: Sequence[str], changes: Sequence[tuple[Row, Change]], units: Condition | None
) -> list[_Outcome]:
    described = [_conditions_of(keys, *pair, units) for pair in changes]
    later = [
        f"({where}) and {selection} and timestamp >= {format_value(change.since)}"
        for (_, change), (_, where, selection) in zip(changes, described, strict=True)
    ]
    traces = _traces_of(scope, later) if later else []
    return [
        _Outcome(row, change, *conditions, own)
        for (row, change), conditions, own in zip(changes, described, traces, strict=True)
    ]


def _conditions_of(
    keys: Sequence[str], row: Row, change: Change, units: Condition | None
) -> tuple[dict[str, Any], str, str]:
    """Return an operation, the condition of its events, and that of the outcome."""
    operation = dict(zip(keys, row.key, strict=True))
    items = [
        {"field": name, "op": "missing"} if value is None else {"field": name, "op": "=", "value": value}
        for name, value in operation.items()
    ]
    where = " and ".join(
        [format_condition(items) if items else "true", *([f"({units.text})"] if units else [])]
    )
    selection = "error"
    if change.limit is not None:
        selection = f"duration_ms > {change.limit:{'.4g' if change.limit < 1e4 else '.0f'}}"
    return operation, where, selection


def _traces_of(scope: Scope, conditions: Sequence[str]) -> list[_Traces]:
    """Return the traces of the events of each condition.

    Cost: one statement; memory O(events of any condition).
    """
    if "trace_id" not in scope.schema.names:
        return [_Traces({}, None)] * len(conditions)
    read = [scope.condition(text) for text in conditions]

    def build(table: ir.Table) -> ir.Table:
        took: Any = table["duration_ms"] if "duration_ms" in table.columns else ibis.literal(0.0)
        weight: Any = row_weight(table).cast("float64")
        trace: Any = table["trace_id"]
        flags: dict[str, Any] = {
            f"in{at}": per_row(one.to_ibis(table), table).fill_null(False) for at, one in enumerate(read)
        }
        wanted = trace.notnull() & functools.reduce(operator.or_, flags.values())
        # Few columns: a statement over all of them takes long to compile.
        return table.filter(wanted).select(trace=trace.hash(), took=took, weight=weight, **flags)

    table = scope.run(build).table
    trace, took, weight = (table.column(name).to_numpy() for name in ("trace", "took", "weight"))
    took = np.nan_to_num(took.astype(np.float64))
    out = []
    for at in range(len(conditions)):
        inside = table.column(f"in{at}").to_numpy(zero_copy_only=False).astype(bool)
        ids, number = np.unique(trace[inside], return_inverse=True)
        weights = np.bincount(number, weight[inside], len(ids))
        longest = np.zeros(len(ids))
        np.maximum.at(longest, number, took[inside])
        # The smallest numbers are the same sample of traces for every operation.
        some = slice(MOST_TRACES)
        of = dict(
            zip(
                ids[some].tolist(),
                zip(weights[some].tolist(), longest[some].tolist(), strict=True),
                strict=True,
            )
        )
        out.append(_Traces(of, int(ids[MOST_TRACES - 1]) if len(ids) >= MOST_TRACES else None))
    return out


def _unique(operations: Sequence[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    out: list[dict[str, Any]] = []
    for operation in operations:
        if operation not in out:
            out.append(operation)
    return tuple(out)
