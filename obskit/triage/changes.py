"""Which operations got worse, since when, and whether that is more than chance.

An operation is held against its own earlier time at several moments. For each, the share of events that
failed, and of those slower than its earlier p95, must have grown so far that the bounds of the two shares
stand apart, with the variance of the sampling design and a correction for all the looks that were taken.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from obskit.query.deployments import Deployment
from obskit.stats.evidence import Counts, effective_size, heavy, lower_bound, share, upper_bound
from obskit.triage.counts import Key, Operation, Side, edge

ALPHA = 0.01  # of one false alarm among all operations, outcomes and moments
RATIO = 1.2  # a share that grew by less is not worth an alarm
FEWEST = 20  # events on either side, to say anything
FEWEST_LATER = 5  # events with the outcome
SLOW = 0.95
MOST_MOMENTS = 24
MOST_DEPLOYMENTS = 24
_NEAR = 0.9  # of the best moment's evidence, to be preferred to it as a deployment
_ALREADY = math.log(0.01)  # level at which a share had grown between a deployment and the best moment
_STEPS = (1, 5, 15, 60, 300, 900, 3600, 3 * 3600, 6 * 3600, 86_400, 7 * 86_400, 28 * 86_400)
_WORDS = (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Change:
    """One outcome of an operation that got worse.

    Attributes:
        outcome: "errors" or "slow".
        since: the moment, and `own` whether a deployment of its own service was then.
        before, after: share of the outcome, in [0, 1].
        events: how many more there were than the earlier share would have made.
        limit: the earlier p95 in ms, None for errors.
    """

    outcome: str
    since: datetime
    own: bool
    before: float
    after: float
    events: float
    limit: float | None = None

    @property
    def rank(self) -> float:
        """By how much it matters: callers suffer with the service that was deployed, which stands first."""
        return self.events * (1.1 if self.own else 1.0)


@dataclass(frozen=True)
class Row:
    """An operation before and after the moment at which it changed most.

    `compared` says whether both sides had enough events to tell.
    """

    key: Key
    since: datetime
    before: Side
    after: Side
    changes: tuple[Change, ...]
    compared: bool

    @property
    def rank(self) -> float:
        """By how much the operation got worse."""
        return sum(change.rank for change in self.changes)

    def more(self, outcome: str) -> float | None:
        """Return how many events more an outcome has, None where it did not get worse."""
        return next((change.events for change in self.changes if change.outcome == outcome), None)


def full_moments(first: datetime, last: datetime) -> tuple[list[datetime], str]:
    """Return up to 24 round moments between two times (full hours of a day), and their step in words."""
    span = (last - first).total_seconds()
    step = next((step for step in _STEPS if span / step <= MOST_MOMENTS), None)
    step = step or math.ceil(span / MOST_MOMENTS / 86_400) * 86_400
    begin = math.floor((first - _EPOCH).total_seconds() / step) + 1
    end = math.floor((last - _EPOCH).total_seconds() / step)  # no later: there is no year 10000
    found = [_EPOCH + timedelta(seconds=step * at) for at in range(begin, end + 1)]
    word, length = next(
        (
            (word, length)
            for word, length in (("day", 86_400), ("hour", 3600), ("minute", 60))
            if step >= length
        ),
        ("second", 1),
    )
    said = f"full {word}" if step == length else f"{step // length} {word}s"
    return [moment for moment in found if moment < last], said


@dataclass(frozen=True)
class Looks:
    """The moments at which operations are held against their earlier time, ascending.

    Attributes:
        moments: all of them.
        deployed: deployments by moment, those of them that are one.
        usual: the number of the moment to show for what got worse at none.
    """

    moments: tuple[datetime, ...]
    deployed: Mapping[datetime, Sequence[Deployment]]
    usual: int

    def own(self, service: str | None) -> list[int]:
        """Return where the service itself was deployed, in order of time."""
        return [
            at
            for at, moment in enumerate(self.moments)
            if any(deployment.service == service for deployment in self.deployed.get(moment, ()))
        ]


def changed(
    operations: Sequence[Operation], looks: Looks, service_of: Callable[[Key], str | None]
) -> tuple[list[Row], int]:
    """Hold every operation against its earlier time.

    Returns:
        The operations, those that got worse first; and how many looks were taken.
    """
    tried = [_comparable(operation, len(looks.moments)) for operation in operations]
    taken = 2 * sum(map(len, tried))
    level = math.log(ALPHA / 2 / max(1, taken))
    rows = [
        _row(operation, at, looks, looks.own(service_of(operation.key)), level)
        for operation, at in zip(operations, tried, strict=True)
    ]
    return sorted(rows, key=lambda row: (-row.rank, -row.after.events, str(row.key))), taken


def _comparable(operation: Operation, moments: int) -> list[int]:
    """Return the moments at which there are enough events on either side."""
    seen = operation.observed(moments)
    whole = seen[-1]
    return [at for at in range(moments) if min(seen[at], whole - seen[at]) >= FEWEST]


def _row(operation: Operation, tried: Sequence[int], looks: Looks, own: Sequence[int], level: float) -> Row:
    grown: dict[str, list[tuple[float, int, Change]]] = {"errors": [], "slow": []}
    for at in tried:
        for change, evidence in _grown(*operation.sides(at), looks.moments[at], at in own, level):
            grown[change.outcome].append((evidence, at, change))
    best = [_best(operation, found, own, looks) for found in grown.values() if found]
    best.sort(key=lambda pair: -pair[1].rank)
    at = best[0][0] if best else _usual(tried, looks, own)
    before, after = operation.sides(at)
    return Row(
        operation.key, looks.moments[at], before, after, tuple(change for _, change in best), bool(tried)
    )


def _best(
    operation: Operation, found: Sequence[tuple[float, int, Change]], own: Sequence[int], looks: Looks
) -> tuple[int, Change]:
    """Return the moment with most evidence, or the deployment with which it began.

    A rollout takes its time, so that a later moment tells the two sides better apart. A deployment is where
    it began if it has nearly the evidence, or if from it to the best moment the share had grown already.
    """
    most, best, change = max(found, key=lambda look: look[0])
    deployed = [at for at, moment in enumerate(looks.moments) if moment in looks.deployed]
    for places in (own, deployed):
        near = [look for look in found if look[1] in places]
        near = [
            look for look in near if look[0] >= _NEAR * most or _already(operation, look[1], best, look[2])
        ]
        if near:
            _, at, change = max(near, key=lambda look: look[1])
            return at, change
    return best, change


def _already(operation: Operation, at: int, best: int, change: Change) -> bool:
    if at >= best:
        return False
    before, after = operation.sides(at)[0], operation.sides(best)[0].without(operation.sides(at)[0])
    return any(
        _stands_apart(part0, whole0, part1, whole1, _ALREADY) is not None
        for outcome, part0, whole0, part1, whole1, _ in _questions(before, after)
        if outcome == change.outcome
    )


def _usual(tried: Sequence[int], looks: Looks, own: Sequence[int]) -> int:
    """Return the moment to show where nothing got worse: the newest deployment, its own before others'."""
    deployed = [at for at in tried if looks.moments[at] in looks.deployed]
    for places in ([at for at in own if at in tried], deployed):
        if places:
            return places[-1]
    return looks.usual


def _grown(before: Side, after: Side, since: datetime, own: bool, level: float) -> list[tuple[Change, float]]:
    """Return what got worse at a moment, each with its evidence (a likelihood ratio, in nats)."""
    out = []
    for outcome, part0, whole0, part1, whole1, limit in _questions(before, after):
        if part1.n[0] < FEWEST_LATER:
            continue
        evidence = _stands_apart(part0, whole0, part1, whole1, level)
        if evidence is not None:
            was, now = float(share(part0, whole0)[0]), float(share(part1, whole1)[0])
            events = (now - was) * float(whole1.w[0])
            out.append((Change(outcome, since, own, was, now, events, limit), evidence))
    return out


def _questions(before: Side, after: Side) -> list[tuple[str, Counts, Counts, Counts, Counts, float | None]]:
    """Return outcomes, each with its events and all events before, the same after, and the earlier p95."""
    limit = before.cell(SLOW)
    out: list[tuple[str, Counts, Counts, Counts, Counts, float | None]] = [
        ("errors", before.failed, before.all, after.failed, after.all, None)
    ]
    if limit is not None:
        out.append(("slow", before.above(limit), before.timed, after.above(limit), after.timed, edge(limit)))
    return out


def _stands_apart(part0: Counts, whole0: Counts, part1: Counts, whole1: Counts, level: float) -> float | None:
    """Return the evidence that a share grew, None where the bounds of the two shares overlap."""
    was, now = share(part0, whole0), share(part1, whole1)
    if now[0] <= 0 or now[0] < RATIO * was[0]:
        return None
    size0, high = _highest(part0, whole0, level)
    size1 = effective_size(part1, whole1, side="low")
    if lower_bound(now, size1, level)[0] <= high:
        return None
    return _evidence(float(was[0]), size0, float(now[0]), float(size1[0]))


def _highest(part: Counts, whole: Counts, level: float) -> tuple[float, float]:
    """Return how many observations an earlier share is worth, and the upper bound of the share.

    Where weights differ, one heavy row more is counted with the outcome: by chance none may have been seen.
    (Added to the variance alone, it would make a share of nearly nothing worth nearly no observations.) With
    equal weights that row weighs nothing.
    """
    weight = math.sqrt(heavy(float(whole.w2[0]), float(whole.w[0]), float(whole.n[0])))
    row = Counts(np.zeros(1), np.array([weight]), np.array([weight**2]))
    part, whole = part + row, whole + row
    size = effective_size(part, whole, side="low")
    return float(size[0]), float(upper_bound(share(part, whole), size, level)[0])


def _evidence(was: float, n0: float, now: float, n1: float) -> float:
    pooled = (was * n0 + now * n1) / (n0 + n1)
    return n0 * _divergence(was, pooled) + n1 * _divergence(now, pooled)


def _divergence(p: float, q: float) -> float:
    parts = ((p, q), (1 - p, 1 - q))
    return sum(a * math.log(a / b) for a, b in parts if a > 0 and b > 0)
