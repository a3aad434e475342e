"""Compare each finding with its own earlier time: what was so before did not begin at the moment of a change.

A slice such as `app.platform = 'kiosk'` may hold many slow requests because it always did. Its share of slow
requests before and after the moment tells: 84% before and 85% now is not what got worse.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from obskit.dataset import NO_TIME
from obskit.display import formatting
from obskit.engine import Scope, format_condition, microseconds
from obskit.explain import Finding
from obskit.stats.counts import Counts, share
from obskit.triage.changes import RATIO, evidence_of_growth
from obskit.triage.repeats import by_cluster
from obskit.triage.row_set import Bools, RowSet

ALPHA = 0.05  # probability that a slice of these findings is taken to have grown by chance
FEWEST = 20  # earlier events of a slice, to compare it at all
MOST = 40  # findings, or refinements
ALL = 0.98  # share of the events of a slice that is as good as all of them
_ORDER = {"grew": 0, "new": 0, "unclear": 1, "part": 2, "before": 3}


@dataclass(frozen=True)
class EarlierTime:
    """A slice of an operation before and after a moment.

    Attributes:
        verdict: "grew": more of its events, or of the operation's events in it, have the outcome than before;
            "new": too few earlier events to compare; "unclear": growth that may be chance; "before": as
            before; "part": nearly all of its events with the outcome are in the findings above; "above":
            they are in the traces of an outcome that is explained already.
        before, after: share of the slice's events with the outcome, in [0, 1]; None without events.
        part_before, part_after: share of the operation's events that are in the slice and have the outcome.
        events_before: rows of the slice before the moment.
        apart: whether this is about the events of the slice that are in none of the findings above.
    """

    verdict: str
    before: float | None
    after: float | None
    part_before: float
    part_after: float
    events_before: int
    apart: bool = False

    def describe(self) -> str:
        """Return it in words, such as "was so before: 18%, now 17%"."""
        return self._describe() + (", without the events of the findings above" if self.apart else "")

    def _describe(self) -> str:
        was, now = formatting.share(self.before), formatting.share(self.after)
        if self.verdict == "before":
            return f"was so before: {was}, now {now}"
        if not self.events_before:
            return f"new: no events before, now {now} of them"
        if self.verdict == "new":
            return f"{formatting.count(self.events_before)} events before, too few to compare; now {now}"
        if self.verdict == "unclear":
            return f"before: {was}, now {now}, which may be chance"
        if (self.after or 0.0) < RATIO * (self.before or 0.0):
            part, more = formatting.share(self.part_before), formatting.share(self.part_after)
            return f"{was} before, {now} now, but more frequent: {part} of all events before, {more} now"
        return f"before: {was}, now {now}"

    def to_dict(self) -> dict[str, Any]:
        """Return it as values that JSON can hold."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


Judged = tuple[Finding, EarlierTime]


def compare_with_earlier(
    scope: Scope,
    where: str,
    selection: str,
    since: datetime,
    findings: Sequence[Finding],
    *,
    apart: bool = True,
) -> list[Judged]:
    """Compare findings with their own earlier time.

    Of each finding, the events that are in none of the findings before it are compared: what grew only
    because another finding is a part of it did not grow. Refinements are parts of findings, and are compared
    as they are.

    Args:
        scope: the events, before and after.
        where: the condition of the operation's events.
        selection: the condition of the outcome.
        since: the moment at which the outcome became more frequent.
        findings: what sets the events with the outcome apart.
        apart: whether the events of the findings before each one are left out.

    Returns:
        At most 40 findings with their earlier time; those that were so before are last, else the order is
        kept.

    Cost: one look at the codes of each condition.
    """
    kept = list(findings[:MOST])
    if not kept:
        return []
    rows = RowSet.of(scope.narrow(where))
    rows = rows.kept(rows.times != NO_TIME)
    cell = 2 * (rows.times >= microseconds(since)) + rows.true_of(selection)
    left = np.ones(len(rows), bool)
    weights = rows.weights if rows.traces is None else by_cluster(rows.weights, rows.traces, cell)

    known: dict[str, Bools] = {}

    def meets(item: dict[str, Any]) -> Bools:
        """Return which rows meet an item; findings and refinements have many in common."""
        text = format_condition([item])
        if text not in known:
            known[text] = rows.meet([item])
        return known[text]

    def sides(inside: Bools) -> list[tuple[Counts, Counts]]:
        """Return the rows with the outcome and all rows, before and after the moment."""
        at = np.flatnonzero(inside)
        sums = [np.bincount(cell[at], part[at], 4).reshape(2, 2) for part in weights]
        hits, every = (
            [Counts(*(part[late, low:].sum(keepdims=True) for part in sums)) for late in (0, 1)]
            for low in (1, 0)
        )
        return list(zip(hits, every, strict=True))

    (_, before), (_, after) = sides(left)
    whole = before, after
    level = math.log(ALPHA / 2 / len(kept))
    judged = []
    for finding in kept:
        inside = np.logical_and.reduce([meets(item) for item in finding.conditions])
        full = sides(inside)
        rest = sides(inside & left) if apart else full
        fewer = bool(_events(rest) < _events(full) and rest[0][1].n[0] >= FEWEST and rest[1][1].n[0] > 0)
        compared = inside & left if fewer else inside
        events = round(float(rows.weights[0][compared & (cell < 2)].sum()))
        earlier = _judge(rest if fewer else full, whole, level, events, apart=fewer)
        if apart:
            left &= ~inside
        (hits, _), (own, _) = full[1], rest[1]
        if own.w[0] <= (1 - ALL) * hits.w[0]:
            earlier = dataclasses.replace(earlier, verdict="part")
        judged.append((finding, earlier))
    return sorted(judged, key=lambda pair: _ORDER[pair[1].verdict])


def _events(sides: Sequence[tuple[Counts, Counts]]) -> float:
    return float(sum(all_.n[0] for _, all_ in sides))


def _judge(
    sides: Sequence[tuple[Counts, Counts]],
    whole: tuple[Counts, Counts],
    level: float,
    events_before: int,
    *,
    apart: bool,
) -> EarlierTime:
    """Judge a slice by its rate of the outcome, and by its part of the operation's events."""
    (hits0, all0), (hits1, all1) = sides
    before = float(share(hits0, all0)[0]) if all0.n[0] else None
    after = float(share(hits1, all1)[0]) if all1.n[0] else None
    parts = [float(share(hits, of)[0]) for hits, of in ((hits0, whole[0]), (hits1, whole[1]))]
    tests = ((hits0, all0, hits1, all1), (hits0, whole[0], hits1, whole[1]))
    # Without events in the whole there is nothing to test.
    grew = any(
        evidence_of_growth(*test, level) is not None for test in tests if test[1].n[0] and test[3].n[0]
    )
    if all0.n[0] < FEWEST:
        verdict = "new"
    elif grew:
        verdict = "grew"
    elif (after or 0.0) < RATIO * (before or 0.0) and parts[1] < RATIO * parts[0]:
        verdict = "before"
    else:
        verdict = "unclear"
    return EarlierTime(verdict, before, after, parts[0], parts[1], events_before, apart)


def only_says_when(scope: Scope, where: str, since: datetime, judged: Sequence[Judged]) -> list[Judged]:
    """Return the findings with a condition that says no more than "late in the day".

    A version that was rolled out at 7:00 is on nearly all events from then on. If a trouble began at 11:00,
    events with the trouble have that version, and half of those without it don't. But the version was fine
    for hours, and there is no other one left to be compared with.

    Args:
        scope: the events, before and after.
        where: the condition of the operation's events.
        since: the moment at which the outcome became more frequent.
        judged: findings with their earlier time.

    Returns:
        Those whose slice was there before the moment, without the outcome, and from then on has nearly all
        events of the same slice without one of the conditions.

    Cost: one look at the codes of each condition.
    """
    grew = [pair for pair in judged if pair[1].verdict == "grew" and pair[1].events_before >= FEWEST]
    if not grew:
        return []
    rows = RowSet.of(scope.narrow(where))
    rows = rows.kept(rows.times >= microseconds(since))
    _, weight, _ = rows.weights

    def says_no_more(finding: Finding) -> bool:
        each = [rows.meet([item]) for item in finding.conditions]
        inside = weight[np.logical_and.reduce(each)].sum()
        others = [np.logical_and.reduce([*each[:at], *each[at + 1 :]]) for at in range(len(each))]
        return any(inside >= ALL * weight[other].sum() for other in others)

    return [pair for pair in grew if says_no_more(pair[0])]
