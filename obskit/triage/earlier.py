"""Compare each finding with its own earlier time: what was so before did not begin at the moment of a change.

A slice such as `app.platform = 'kiosk'` may hold many slow requests because it always did. Its share of slow
requests before and after the moment tells: 84% before and 85% now is not what got worse.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import ibis.expr.types as ir
import numpy as np

from obskit.display import formatting
from obskit.engine import Scope, time_literal
from obskit.explain import Finding
from obskit.query.terms import per_row, row_count, sample_weight
from obskit.stats.evidence import Counts, share
from obskit.triage.changes import RATIO, evidence_of_growth

ALPHA = 0.05  # probability that a slice of these findings is taken to have grown by chance
FEWEST = 20  # earlier events of a slice, to compare it at all
MOST = 20  # findings
_ORDER = {"grew": 0, "new": 0, "unclear": 1, "before": 2}
_SUMS = ("n", "w", "w2")


@dataclass(frozen=True)
class EarlierTime:
    """A slice of an operation before and after a moment.

    Attributes:
        verdict: "grew": more of its events, or of the operation's events in it, have the outcome than before;
            "new": too few earlier events to compare; "unclear": growth that may be chance; "before": as
            before.
        before, after: share of the slice's events with the outcome, in [0, 1]; None without events.
        part_before, part_after: share of the operation's events that are in the slice and have the outcome.
        events_before: rows of the slice before the moment.
    """

    verdict: str
    before: float | None
    after: float | None
    part_before: float
    part_after: float
    events_before: int

    def describe(self) -> str:
        """Return it in words, such as "was so before: 18%, now 17%"."""
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
    scope: Scope, where: str, selection: str, since: datetime, findings: Sequence[Finding]
) -> list[Judged]:
    """Compare findings with their own earlier time.

    Args:
        scope: the events, before and after.
        where: the condition of the operation's events.
        selection: the condition of the outcome.
        since: the moment at which the outcome became more frequent.
        findings: what sets the events with the outcome apart.

    Returns:
        The findings with their earlier time; those that were so before are last, else the order is kept.

    Cost: one statement.
    """
    kept = list(findings[:MOST])
    if not kept:
        return []
    inner = scope.narrow(where)
    slices = [inner.condition(finding.condition) for finding in kept]
    outcome = inner.condition(selection)

    def build(table: ir.Table) -> ir.Table:
        n: Any = row_count(table).cast("float64")
        w: Any = sample_weight(table).cast("float64")
        flags: dict[str, Any] = {
            f"slice{at}": per_row(one.to_ibis(table), table).fill_null(False) for at, one in enumerate(slices)
        }
        hit: Any = per_row(outcome.to_ibis(table), table).fill_null(False)
        time: Any = table["timestamp"]
        # Few columns: a statement over all of them takes long to compile.
        rows = table.filter(time.notnull()).select(
            **flags, hit=hit, later=time >= time_literal(since), sum_n=n, sum_w=n * w, sum_w2=n * w * w
        )
        sums: dict[str, Any] = {}
        for name in _SUMS:
            sums[name] = rows[f"sum_{name}"].sum()
            for flag in flags:
                sums[f"{flag}_{name}"] = rows[f"sum_{name}"].sum(where=rows[flag]).fill_null(0.0)
        return rows.group_by(["later", "hit"]).aggregate(**sums)

    cells = {(row["later"], row["hit"]): row for row in inner.run(build).table.to_pylist()}

    def counts(later: bool, hits: bool, prefix: str = "") -> Counts:
        found = [cells[later, hit] for hit in ((True,) if hits else (True, False)) if (later, hit) in cells]
        return Counts(*(np.array([sum(float(row[prefix + name]) for row in found)]) for name in _SUMS))

    whole = (counts(False, False), counts(True, False))
    level = math.log(ALPHA / 2 / len(kept))
    judged = []
    for at, finding in enumerate(kept):
        sides = [
            (counts(later, True, f"slice{at}_"), counts(later, False, f"slice{at}_"))
            for later in (False, True)
        ]
        judged.append((finding, _judge(sides, whole, level)))
    return sorted(judged, key=lambda pair: _ORDER[pair[1].verdict])


def _judge(sides: Sequence[tuple[Counts, Counts]], whole: tuple[Counts, Counts], level: float) -> EarlierTime:
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
    return EarlierTime(verdict, before, after, parts[0], parts[1], round(float(all0.n[0])))
