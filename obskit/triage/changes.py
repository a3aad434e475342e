"""Find the operations that got worse, since when, and whether that is more than chance.

Each operation is compared with its own earlier time at several moments. It got worse if the share of events
that failed, or that were slower than its earlier p95, grew so much that the confidence bounds of the two
shares do not overlap. The bounds account for sample weights and for the number of comparisons.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np

from obskit.query.deployments import Deployment
from obskit.stats.counts import Counts, effective_size, heavy, share
from obskit.stats.evidence import lower_bound, upper_bound
from obskit.triage.counts import Key, Operation, PeriodCounts, bucket_end
from obskit.triage.screen import moments_of_growth

ALPHA = 0.01  # probability of one false alarm among all operations, outcomes and moments
RATIO = 1.2  # a share must grow by at least this factor
FEWEST = 20  # events before and after, to compare at all
FEWEST_LATER = 5  # events with the outcome after the moment
SLOW = 0.95
MOST_MOMENTS = 24
MOST_DEPLOYMENTS = 24
_NEARLY = 0.9  # share of the best moment's evidence that makes a deployment the better answer
_HAD_GROWN_LEVEL = math.log(0.01)  # level of the test whether a share grew between two moments
_EDGE = 0.01  # share of the time at both ends without a moment
_STEP_SECONDS = (1, 5, 15, 60, 300, 900, 3600, 3 * 3600, 6 * 3600, 86_400, 7 * 86_400, 28 * 86_400)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Change:
    """One outcome of an operation that got worse.

    Attributes:
        outcome: "errors" or "slow".
        since: the moment at which it changed.
        own: whether the operation's own service was deployed at that moment.
        before, after: share of events with the outcome, in [0, 1].
        events: events with the outcome in excess of the earlier share.
        limit: the earlier p95 in ms; None for errors.
        counts: events with the outcome before, all before, with the outcome after, all after.
    """

    outcome: str
    since: datetime
    own: bool
    before: float
    after: float
    events: float
    limit: float | None = None
    counts: tuple[Counts, Counts, Counts, Counts] | None = field(default=None, compare=False, repr=False)

    def grew_without(self, share: float, level: float) -> bool:
        """Return whether the outcome would have grown beyond chance without a share of its later events.

        Args:
            share: the share of the later events with the outcome to leave out, in [0, 1].
            level: natural logarithm of the probability of a false alarm.

        Returns:
            Whether it would have.
        """
        if self.counts is None:
            return (1 - share) * self.after >= RATIO * self.before
        hits_before, all_before, hits_after, all_after = self.counts
        left = Counts(*(part * (1 - share) for part in (hits_after.n, hits_after.w, hits_after.w2)))
        return evidence_of_growth(hits_before, all_before, left, all_after, level) is not None

    @property
    def rank(self) -> float:
        """How much it matters; a service that was deployed ranks before the callers that suffer with it."""
        return self.events * (1.1 if self.own else 1.0)


@dataclass(frozen=True)
class Row:
    """An operation before and after the moment at which it changed most.

    Attributes:
        key: its values of the fields that identify operations.
        since: the moment.
        before, after: its events before and after the moment.
        changes: the outcomes that got worse, the worst first.
        compared: whether it had enough events before and after any moment.
    """

    key: Key
    since: datetime
    before: PeriodCounts
    after: PeriodCounts
    changes: tuple[Change, ...]
    compared: bool

    @property
    def rank(self) -> float:
        """How much the operation got worse."""
        return sum(change.rank for change in self.changes)

    def more(self, outcome: str) -> float | None:
        """Return the excess events of an outcome; None if it did not get worse."""
        return next((change.events for change in self.changes if change.outcome == outcome), None)


def full_moments(first: datetime, last: datetime) -> tuple[list[datetime], str]:
    """Return round moments between two times, and their step in words.

    Args:
        first: the beginning. The first hundredth of the time has no moment: nearly nothing is before it.
        last: the end; the same holds for the last hundredth.

    Returns:
        At most 24 moments, such as the full hours of a day, and text such as "full hour" or "5 minutes".
    """
    span = (last - first).total_seconds()
    begin = (first - _EPOCH).total_seconds() + _EDGE * span
    end = (last - _EPOCH).total_seconds() - _EDGE * span
    # A day and some seconds has the moments of a day.
    steps = (step for step in _STEP_SECONDS if end // step - begin // step <= MOST_MOMENTS)
    step = next(steps, None) or math.ceil(span / MOST_MOMENTS / 86_400) * 86_400
    # a datetime cannot hold a moment after the year 9999
    places = range(int(begin // step) + 1, int(end // step) + 1)
    found = [_EPOCH + timedelta(seconds=step * at) for at in places]
    word, length = next(
        (
            (word, length)
            for word, length in (("day", 86_400), ("hour", 3600), ("minute", 60))
            if step >= length
        ),
        ("second", 1),
    )
    spacing = f"full {word}" if step == length else f"{step // length} {word}s"
    return found, spacing


@dataclass(frozen=True)
class CandidateMoments:
    """The moments at which operations are compared with their earlier time.

    Attributes:
        moments: all moments, ascending.
        deployed: the deployments at those moments that are the time of one.
        default: the index of the moment to show for an operation that did not get worse.
    """

    moments: tuple[datetime, ...]
    deployed: Mapping[datetime, Sequence[Deployment]]
    default: int

    def own(self, service: str | None) -> list[int]:
        """Return the indices of the moments at which a service was deployed."""
        return [
            at
            for at, moment in enumerate(self.moments)
            if any(deployment.service == service for deployment in self.deployed.get(moment, ()))
        ]


def find_changes(
    operations: Sequence[Operation], candidates: CandidateMoments, service_of: Callable[[Key], str | None]
) -> tuple[list[Row], int]:
    """Compare every operation with its earlier time.

    Args:
        operations: what was counted.
        candidates: the moments to compare at.
        service_of: returns the service of an operation's key.

    Returns:
        The operations, the worst first, and the number of comparisons.

    Source: Bonferroni's correction for the number of comparisons; the bounds are those of `stats.evidence`.
    """
    comparable = [_comparable_moments(operation, len(candidates.moments)) for operation in operations]
    taken = 2 * sum(map(len, comparable))
    level = math.log(ALPHA / 2 / max(1, taken))
    grew = moments_of_growth(
        operations,
        comparable,
        len(candidates.moments),
        slow=SLOW,
        ratio=RATIO,
        fewest=FEWEST_LATER,
        level=level,
    )
    own: dict[str | None, list[int]] = {}
    rows = []
    for operation, at, places in zip(operations, comparable, grew, strict=True):
        service = service_of(operation.key)
        if service not in own:
            own[service] = candidates.own(service)
        rows.append(_compare_operation(operation, at, places, candidates, own[service], level))
    return sorted(rows, key=lambda row: (-row.rank, -row.after.events, str(row.key))), taken


def _comparable_moments(operation: Operation, moments: int) -> list[int]:
    """Return the indices of the moments with enough events before and after them."""
    seen = operation.observed(moments)
    whole = seen[-1]
    return [at for at in range(moments) if min(seen[at], whole - seen[at]) >= FEWEST]


def _compare_operation(
    operation: Operation,
    comparable: Sequence[int],
    grew: Sequence[int],
    candidates: CandidateMoments,
    own: Sequence[int],
    level: float,
) -> Row:
    growth: dict[str, list[tuple[float, int, Change]]] = {"errors": [], "slow": []}
    for at in grew:
        for change, evidence in growth_at(*operation.periods(at), candidates.moments[at], at in own, level):
            growth[change.outcome].append((evidence, at, change))
    best = [_best_moment(operation, found, own, candidates) for found in growth.values() if found]
    best.sort(key=lambda pair: -pair[1].rank)
    at = best[0][0] if best else _default_moment(comparable, candidates, own)
    before, after = operation.periods(at)
    return Row(
        operation.key,
        candidates.moments[at],
        before,
        after,
        tuple(change for _, change in best),
        bool(comparable),
    )


def _best_moment(
    operation: Operation,
    found: Sequence[tuple[float, int, Change]],
    own: Sequence[int],
    candidates: CandidateMoments,
) -> tuple[int, Change]:
    """Return the moment with the most evidence, or the deployment at which the change began.

    A rollout takes time, so a moment after it often has more evidence. The change began at a deployment if
    that has nearly as much evidence, or if the share had grown soon after it.
    """
    most, best, change = max(found, key=lambda candidate: candidate[0])
    deployed = [at for at, moment in enumerate(candidates.moments) if moment in candidates.deployed]
    for places in (own, deployed):
        near = [candidate for candidate in found if candidate[1] in places]
        near = [
            candidate
            for candidate in near
            if candidate[0] >= _NEARLY * most or _began_at(operation, candidate[1], best, candidate[2])
        ]
        if near:
            _, at, change = max(near, key=lambda candidate: candidate[1])
            return at, change
    return best, change


def _began_at(operation: Operation, at: int, best: int, change: Change) -> bool:
    """Return whether the share had grown between a moment and the best one, and not only long after it.

    If the share was as before from the moment to a later one, and then grew, it began at the later one.
    """
    before, until = operation.periods(at)[0], operation.periods(best)[0]
    for place in range(at + 1, best + 1):
        earlier = operation.periods(place)[0]
        soon, later = earlier.without(before), until.without(earlier)
        if _grew(before, soon, change.outcome):
            return True
        if not _rose(before, soon, change.outcome) and _grew(soon, later, change.outcome):
            return False
    return False


def _grew(before: PeriodCounts, after: PeriodCounts, outcome: str) -> bool:
    """Return whether the share of an outcome grew beyond chance."""
    return any(
        evidence_of_growth(hits_before, all_before, hits_after, all_after, _HAD_GROWN_LEVEL) is not None
        for one, hits_before, all_before, hits_after, all_after, _ in _outcome_counts(before, after)
        if one == outcome
    )


def _rose(before: PeriodCounts, after: PeriodCounts, outcome: str) -> bool:
    """Return whether the share of an outcome is larger, be it by chance: a rollout begins with few events."""
    return any(
        share(hits_after, all_after)[0] >= RATIO * share(hits_before, all_before)[0]
        for one, hits_before, all_before, hits_after, all_after, _ in _outcome_counts(before, after)
        if one == outcome
    )


def _default_moment(comparable: Sequence[int], candidates: CandidateMoments, own: Sequence[int]) -> int:
    """Return the moment to show if nothing got worse: the newest deployment, preferably its own."""
    deployed = [at for at in comparable if candidates.moments[at] in candidates.deployed]
    for places in ([at for at in own if at in comparable], deployed):
        if places:
            return places[-1]
    return candidates.default


def growth_at(
    before: PeriodCounts, after: PeriodCounts, since: datetime, own: bool, level: float
) -> list[tuple[Change, float]]:
    """Return the changes at a moment, each with its evidence (a log likelihood ratio, in nats)."""
    out = []
    for outcome, hits_before, all_before, hits_after, all_after, limit in _outcome_counts(before, after):
        if hits_after.n[0] < FEWEST_LATER:
            continue
        evidence = evidence_of_growth(hits_before, all_before, hits_after, all_after, level)
        if evidence is not None:
            was, now = float(share(hits_before, all_before)[0]), float(share(hits_after, all_after)[0])
            events = (now - was) * float(all_after.w[0])
            counts = hits_before, all_before, hits_after, all_after
            out.append((Change(outcome, since, own, was, now, events, limit, counts), evidence))
    return out


def _outcome_counts(
    before: PeriodCounts, after: PeriodCounts
) -> list[tuple[str, Counts, Counts, Counts, Counts, float | None]]:
    """Return (outcome, hits before, all before, hits after, all after, earlier p95 in ms) per outcome."""
    limit = before.cell(SLOW)
    out: list[tuple[str, Counts, Counts, Counts, Counts, float | None]] = [
        ("errors", before.failed, before.all, after.failed, after.all, None)
    ]
    if limit is not None:
        out.append(
            ("slow", before.above(limit), before.timed, after.above(limit), after.timed, bucket_end(limit))
        )
    return out


def evidence_of_growth(
    hits_before: Counts, all_before: Counts, hits_after: Counts, all_after: Counts, level: float
) -> float | None:
    """Return the evidence that a share grew.

    Args:
        hits_before: the events with the outcome before.
        all_before: all events before.
        hits_after: the events with the outcome after.
        all_after: all events after.
        level: natural logarithm of the probability of a false alarm.

    Returns:
        A log likelihood ratio in nats; None if the share did not grow enough or the bounds overlap.
    """
    was, now = share(hits_before, all_before), share(hits_after, all_after)
    if now[0] <= 0 or now[0] < RATIO * was[0]:
        return None
    size0, high = _upper_share(hits_before, all_before, level)
    size1 = effective_size(hits_after, all_after, side="low")
    if lower_bound(now, size1, level)[0] <= high:
        return None
    return _evidence(float(was[0]), size0, float(now[0]), float(size1[0]))


def _upper_share(part: Counts, whole: Counts, level: float) -> tuple[float, float]:
    """Return the effective sample size of the earlier share, and the upper bound of that share.

    If weights differ, one more heavy row is counted with the outcome, because by chance none may have been
    sampled; with equal weights that row weighs nothing. It is added to the counts: added to the variance
    alone, it would leave a share near zero with an effective sample size near zero.
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
