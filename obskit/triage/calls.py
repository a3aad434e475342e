"""Find the services and databases that calls began to fail at, also where a retry hid it from the caller.

Triage compares units of work, which are fine if a second attempt succeeds. This compares the calls
themselves: client spans by the service that makes them and by what they call, with the same test.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa

from obskit.display import formatting
from obskit.display.result import plain
from obskit.display.tables import format_cell
from obskit.engine import Scope, format_condition, format_value, microseconds, quote_name
from obskit.errors import EmptySelection
from obskit.explain import ExplainOptions, Explanation, explain
from obskit.stats.counts import share
from obskit.triage.changes import (
    ALPHA,
    FEWEST,
    FEWEST_LATER,
    CandidateMoments,
    Change,
    evidence_of_growth,
    find_changes,
)
from obskit.triage.counts import Operation, PeriodCounts, count_operations
from obskit.triage.repeats import count_by_trace
from obskit.triage.row_set import Bools, RowSet, TraceIds
from obskit.triage.worse import WorseOutcome, operation_name

CALLEE_FIELDS = (
    "server.address",
    "peer.service",
    "rpc.service",
    "db.system.name",
    "db.system",
    "messaging.system",
    "network.peer.address",
)
"""Fields that name what a client span calls; the first that has a value does."""

CLIENT = "kind = 'client'"
MOST_CALLS = 8  # listed
MOST_EXPLAINED = 2
HIDDEN = 0.9  # share of the failed calls' traces whose root is fine, to call the failures masked
_LENGTHS = (1, 2, 4)  # of an incident that has ended, in moments
_CALLEE = "obskit.callee"
_MASKED = "obskit.trace.masked_error"
_ENDED_LEVEL = math.log(0.01)  # of the test whether calls fail less after a time than in it
_LEFT = 0.25  # part of an increase that may stay after it has ended
_AGAIN = 0.5  # share of those traces in which another call to the same place succeeded


@dataclass(frozen=True)
class FailingCall(WorseOutcome):
    """Calls from one service to one place that fail more than before.

    Attributes:
        operation: the service that calls, if known, and the field that names what it calls.
        change, deployment: as in `Cause`.
        until: when they stopped failing; None if they still do.
        masked: share of the failed calls in that time whose trace has a root without an error; None if there
            are no traces.
        retried: share of those traces in which another call to the same place succeeded.
        where: the condition of these calls.
        explanation: what sets the failed calls apart from the others to the same place; None if it is not
            looked for.
    """

    until: datetime | None
    masked: float | None
    retried: float
    where: str
    explanation: Explanation | None = None

    @property
    def is_masked(self) -> bool:
        """Whether the callers are fine."""
        return self.masked is not None and self.masked >= HIDDEN

    def headline(self) -> str:
        """Return one line that says which calls fail, since when, and whether their callers do."""
        text = super().headline()
        if self.until is not None:
            text = text.replace(", about", f" until {format_cell(self.until)}, about")
        if not self.is_masked:
            return text
        how = "masked by retries" if self.retried >= _AGAIN else "hidden from the callers"
        return f"{text}; {how}: {formatting.share(self.masked)} of their traces end without an error"

    def name(self) -> str:
        """Return the calls for people, such as "calls from payment to api.psp.example"."""
        *service, callee = self.operation.values()
        caller = operation_name({"service.name": service[0]}) if service else ""
        return f"calls{' from ' + caller if caller else ''} to {callee}"

    def to_dict(self) -> dict[str, Any]:
        """Return the calls as values that JSON can hold."""
        return {
            **super().to_dict(),
            "until": plain(self.until),
            "masked": self.masked,
            "retried": self.retried,
            "where": self.where,
            "explanation": self.explanation.to_dict() if self.explanation is not None else None,
        }


def failing_calls(
    scope: Scope,
    candidates: CandidateMoments,
    traces: TraceIds,
    labels: Callable[[datetime], str | None],
) -> tuple[tuple[FailingCall, ...], int]:
    """Return the calls that fail more than before, the most additional failures first.

    Args:
        scope: the events, before and after.
        candidates: the moments to compare at.
        traces: the traces of the events.
        labels: returns the name of the deployment at a moment.

    Returns:
        At most 8 calls; of the masked ones, the first 2 with an explanation. None if no client span names
        what it calls. And how many spans are left out, because they are of traces with far more than others.

    Cost: one statement over the client spans; where failures are masked, an explanation per failing call.
    """
    schema = scope.dataset.schema
    fields = [n for n in CALLEE_FIELDS if n in schema.names and pa.types.is_string(schema.field(n).type)]
    if not fields or not {"kind", "error"} <= set(schema.names) or _CALLEE in scope.schema.names:
        return (), 0
    callee = f"coalesce({', '.join(map(quote_name, fields))})"
    calls = scope.narrow(CLIENT).derive(_CALLEE, callee).narrow(f"{_CALLEE} is not null")
    keys = [*(n for n in ("service.name",) if n in schema.names), _CALLEE]
    counted, _ = count_operations(calls, keys, candidates.moments)
    if not counted:
        return (), 0
    every = RowSet.of(scope)
    clients = every.kept(every.meet([{"field": "kind", "op": "=", "value": "client"}]))
    named = [*([key] for key in keys[:-1]), fields]
    counted, repeated = count_by_trace(counted, clients, named, candidates.moments)
    rows, _ = find_changes(counted, candidates, lambda key: key[0] if len(key) > 1 else None)
    lasting = {row.key: c for row in rows for c in row.changes if c.outcome == "errors"}
    windows = [_windows(operation, len(candidates.moments)) for operation in counted]
    level = math.log(ALPHA / max(1, sum(map(len, windows))))
    worse = []
    for operation, pairs in zip(counted, windows, strict=True):
        change, until = lasting.get(operation.key), None
        ended = _best_window(operation, pairs, candidates.moments, level)
        if ended is not None and (
            change is None or ended[0] > _evidence(operation, change, candidates.moments)
        ):
            _, change, until = ended
        if change is not None:
            worse.append((dict(zip(keys, operation.key, strict=True)), change, until))
    worse.sort(key=lambda one: (-one[1].events, str(one[0])))
    if not worse:
        return (), repeated
    found = [
        _failing_call(clients, traces, key, fields, change, until, labels(change.since))
        for key, change, until in worse[:MOST_CALLS]
    ]
    chosen = [call for call in found if call.is_masked][:MOST_EXPLAINED]
    return tuple(_explained(scope, call) if call in chosen else call for call in found), repeated


def _windows(operation: Operation, moments: int) -> list[tuple[int, int]]:
    """Return the windows to compare with the time before them, as indices of moments.

    A provider that recovers after an hour is hardly visible in the whole time since it began to fail.
    """
    seen = operation.observed(moments)
    pairs = [(at, at + length) for at in range(moments) for length in _LENGTHS if at + length < moments]
    return [(at, end) for at, end in pairs if seen[at] >= FEWEST and seen[end] - seen[at] >= FEWEST]


def _best_window(
    operation: Operation, windows: Sequence[tuple[int, int]], moments: Sequence[datetime], level: float
) -> tuple[float, Change, datetime] | None:
    """Return the window with the most evidence that errors grew: evidence, growth and end."""
    best: tuple[float, Change, datetime] | None = None
    until = {at: operation.periods(at) for at in {index for pair in windows for index in pair}}
    for at, end in windows:
        before, (whole, rest) = until[at][0], until[end]
        after = whole.without(before)
        if after.failed.n[0] < FEWEST_LATER or not _has_ended(before, after, rest):
            continue
        evidence = evidence_of_growth(before.failed, before.all, after.failed, after.all, level)
        if evidence is not None and (best is None or evidence > best[0]):
            was, now = (float(share(part.failed, part.all)[0]) for part in (before, after))
            change = Change("errors", moments[at], False, was, now, (now - was) * after.events)
            best = evidence, change, moments[end]
    return best


def _has_ended(before: PeriodCounts, during: PeriodCounts, rest: PeriodCounts) -> bool:
    """Whether calls surely fail less after a time than in it, and hardly more than before it."""
    if rest.all.n[0] < FEWEST:
        return False
    was, now, then = (float(share(part.failed, part.all)[0]) for part in (before, during, rest))
    fell = evidence_of_growth(rest.failed, rest.all, during.failed, during.all, _ENDED_LEVEL)
    return fell is not None and then - was < _LEFT * (now - was)


def _evidence(operation: Operation, change: Change, moments: Sequence[datetime]) -> float:
    """Return the evidence for a growth of errors that lasts."""
    before, after = operation.periods(list(moments).index(change.since))
    return evidence_of_growth(before.failed, before.all, after.failed, after.all, math.log(ALPHA)) or 0.0


def _failing_call(
    calls: RowSet,
    traces: TraceIds,
    key: dict[str, Any],
    fields: Sequence[str],
    change: Change,
    until: datetime | None,
    label: str | None,
) -> FailingCall:
    value = key.pop(_CALLEE)
    operation = {name: v for name, v in key.items() if v is not None}
    for field in fields:
        items = [{"field": n, "op": "=", "value": v} for n, v in {**operation, field: value}.items()]
        inside = calls.meet(items)
        if inside.any():
            break
    inside &= calls.times >= microseconds(change.since)
    if until is not None:
        inside &= calls.times < microseconds(until)
    masked, retried = _hidden_share(calls.kept(inside), traces)
    where = f"{CLIENT} and {format_condition(items)}"
    return FailingCall({**operation, field: value}, change, label, until, masked, retried, where)


def _hidden_share(calls: RowSet, traces: TraceIds) -> tuple[float | None, float]:
    """Return the share of failed calls whose trace has a fine root, and how many of those were repeated."""
    if _MASKED not in calls.scope.known.names or not len(calls):
        return None, 0.0
    trace, known = traces.of(calls)
    masked = calls.gather([facts["masked_error"] for facts in calls.scope.dataset.codes.traces()])
    ids, number = np.unique(trace[known], return_inverse=True)

    def has(rows: Bools) -> Bools:
        return np.bincount(number, rows[known], len(ids)) > 0

    failed = calls.meet([{"field": "error", "op": "=", "value": True}])
    weight = np.bincount(number, (calls.weights[1] * failed)[known], len(ids))
    hidden = weight * has(masked == 1)
    every, some = float(weight.sum()), float(hidden.sum())
    again = float((hidden * has(~failed)).sum())
    return (some / every if every else None), (again / some if some else 0.0)


def _explained(scope: Scope, call: FailingCall) -> FailingCall:
    """Add what sets the failed calls apart from the others to the same place."""
    during = (
        (call.since, call.until) if call.until is not None else f"timestamp >= {format_value(call.since)}"
    )
    try:
        # Not over the whole day: whatever else changed meanwhile would set that time apart.
        found = explain(scope, "error", ExplainOptions(where=call.where, during=during, history=None))
    except EmptySelection:
        return call
    return dataclasses.replace(call, explanation=found)
