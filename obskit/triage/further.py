"""Further changes of an operation that got worse: at other deployments than the one with the most evidence.

    errors of book   ____________|||||||||||||||||||||||||
                     version 1   version 2     version 3 made it worse again

The time between the moments of two changes is compared, so that each has a time of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from obskit.triage.changes import ALPHA, FEWEST, CandidateMoments, Change, Row, growth_at
from obskit.triage.counts import Key, Operation, PeriodCounts


@dataclass(frozen=True)
class FurtherChange:
    """A change of an outcome before or after the one with the most evidence.

    Attributes:
        change: what got worse.
        begin, until: the time in which it is compared; None where it has no bound.
    """

    change: Change
    begin: datetime | None
    until: datetime | None


def further_changes(
    operations: Sequence[Operation],
    rows: Sequence[Row],
    candidates: CandidateMoments,
    service_of: Callable[[Key], str | None],
    taken: int,
) -> dict[Key, list[FurtherChange]]:
    """Return further changes at deployments, of the operations that got worse.

    They may be later steps of the same rollout: only what sets their events apart tells.

    Args:
        operations: what was counted.
        rows: the operations with their changes.
        candidates: the moments to compare at.
        service_of: returns the service of an operation's key.
        taken: the number of comparisons so far.

    Returns:
        For each outcome of an operation at most one before and one after the change with the most evidence.

    Cost: a test per deployment and changed outcome.
    """
    deployed = [at for at, moment in enumerate(candidates.moments) if moment in candidates.deployed]
    changed = {row.key: row for row in rows if row.changes}
    tests = sum(len(deployed) * len(row.changes) for row in changed.values())
    level = math.log(ALPHA / 2 / max(1, taken + tests))
    out: dict[Key, list[FurtherChange]] = {}
    for operation in operations:
        row = changed.get(operation.key)
        if row is None:
            continue
        own = candidates.own(service_of(operation.key))
        for change in row.changes:
            first = candidates.moments.index(change.since)
            for places in ([at for at in deployed if at < first], [at for at in deployed if at > first]):
                found = [_at(operation, first, at, candidates, own, change.outcome, level) for at in places]
                best = max((one for one in found if one is not None), key=lambda one: one[0], default=None)
                if best is not None:
                    out.setdefault(operation.key, []).append(best[1])
    return out


def _at(
    operation: Operation,
    first: int,
    at: int,
    candidates: CandidateMoments,
    own: Sequence[int],
    outcome: str,
    level: float,
) -> tuple[float, FurtherChange] | None:
    """Compare the time from one change to a moment, or from a moment to a change, with the other side."""
    moments = candidates.moments
    begin, until = (None, moments[first]) if at < first else (moments[first], None)
    before, after = operation.periods(at)
    earlier, _ = operation.periods(first)
    if at < first:
        after = earlier.without(before)
    else:
        before = before.without(earlier)
    if min(_observed(before), _observed(after)) < FEWEST:
        return None
    for change, evidence in growth_at(before, after, moments[at], at in own, level):
        if change.outcome == outcome:
            return evidence, FurtherChange(change, begin, until)
    return None


def _observed(period: PeriodCounts) -> float:
    return float(period.all.n[0])
