"""Parents without the children they used to have: a message without its consumer, a call that is not made.

Of parents without an error, the share without such a child is compared with its own earlier time. A failing
parent is left out: that it made no further call is part of its failure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from obskit.stats.evidence import lower_bound, upper_bound
from obskit.triage.missing.binned import BinnedRows, Bools, Floats, Ints
from obskit.triage.missing.links import Links
from obskit.triage.missing.slices import Slices
from obskit.triage.missing.steps import FEWEST_BINS, begin_of, evidence, unit_size

RATIO = 1.2  # the share without a child must grow by at least this factor
FEWEST = 20  # parents before and after
FEWEST_LACKING = 8  # independent parents without the child
USUAL = 0.5  # share of parents that had the child before
LEAST = 0.002  # share of parents that newly lack it
_SCREEN = math.log(1e-3)  # level at which an edge is looked at more closely
_NEAR = 24
_MOST_EDGES = 8
_EXPLAINED = 0.8  # part of the parents that newly lack the child, for a slice to be all of it


@dataclass(frozen=True, eq=False)
class ChildLoss:
    """Parents without a child that they used to have.

    Attributes:
        parent, child: the operations, by their index in `Links.keys`.
        at: the first bin after the moment.
        begin: where it began, in bins; between `at` - 1 and `at` + 1.
        slices, slice: the slice of parents that lack it; None if all do.
        before, after: share of the parents that have the child, in [0, 1].
        parents: the parents after the moment, by weight.
        evidence: in nats.
    """

    parent: int
    child: int
    at: int
    begin: float
    slices: Slices | None
    slice: int
    before: float
    after: float
    parents: float
    evidence: float


def find_child_losses(
    rows: BinnedRows, links: Links, failed: Bools, watched: Sequence[Slices], moments: Ints, alpha: float
) -> tuple[list[ChildLoss], int]:
    """Return the calls that no longer follow.

    Args:
        rows: the rows by time.
        links: which spans have children of which operation.
        failed: rows with an error.
        watched: the slices to look for.
        moments: bins at which later time may begin.
        alpha: probability of one false alarm among all.

    Returns:
        The losses, most evidence first, and the number of comparisons.

    Cost: one bincount over the links; for the few calls that changed, one per field over their parents.
    """
    bins, operations = rows.size, len(links.keys)
    bin_of = np.concatenate(rows.bins).astype(np.int64)
    counts = links.drawn & ~failed & (bin_of < bins)
    used = counts[links.parent]
    parent, child, lag = links.parent[used], links.child[used], links.lag[used]
    edges, edge = np.unique(links.operation[parent] * operations + child, return_inverse=True)
    tried = len(edges) * max(1, len(moments))
    if not len(edges):
        return [], 0
    weight = links.weight
    has = _table(edge, bin_of[parent], weight[parent], len(edges), bins)
    at_row = np.flatnonzero(counts)
    whole = _table(links.operation[at_row], bin_of[at_row], weight[at_row], operations + 1, bins)
    squares = _table(links.operation[at_row], bin_of[at_row], weight[at_row] ** 2, operations + 1, bins)
    out: list[ChildLoss] = []
    end = int(links.time.max())
    screened = []
    for number, pair in enumerate(edges.tolist()):
        of, what = divmod(pair, operations)
        found = _best_moment(whole[of] - has[number], squares[of], whole[of], moments, _SCREEN)
        if found is not None:
            screened.append((found, number, of, what))
    screened.sort(key=lambda item: -item[0][1])
    slices = sum(len(one.keys) for one in watched)
    for _, number, of, what in screened[:_MOST_EDGES]:
        mine = edge == number
        # Children that come later than the data end are not missing.
        late = int(np.quantile(lag[mine], 0.999))
        parents = at_row[(links.operation[at_row] == of) & (links.time[at_row] <= end - late)]
        having = np.zeros(len(bin_of), bool)
        having[parent[mine]] = True
        loss = _closer(
            rows, links, (of, what), parents, ~having[parents], watched, moments, alpha, tried, slices
        )
        if loss is not None:
            out.append(loss)
    return sorted(out, key=lambda loss: -loss.evidence), tried


def _table(index: Ints, at: Ints, weight: Floats, size: int, bins: int) -> Floats:
    return _sums(index * bins + at, weight, size * bins).reshape(size, bins)


def _sums(at: Ints, weight: Floats, size: int) -> Floats:
    return np.asarray(np.bincount(at, weight, size), np.float64)


def _best_moment(
    lacking: Floats, squares: Floats, whole: Floats, moments: Ints, level: float
) -> tuple[int, float] | None:
    """Return the bin at which the share without the child grew most surely, and the evidence."""
    bins = len(whole)
    lack, every = np.cumsum(lacking), np.cumsum(whole)
    near = max(1, round(bins / _NEAR))
    best: tuple[int, float] | None = None
    for at in map(int, moments):
        if not FEWEST_BINS <= at < bins:
            continue
        before, after = every[at - 1], every[-1] - every[at - 1]
        lack0, lack1 = lack[at - 1], lack[-1] - lack[at - 1]
        if before <= 0 or after <= 0:
            continue
        was, now = lack0 / before, lack1 / after
        if 1 - was < USUAL or now < RATIO * was or now - was < LEAST:
            continue
        if not _lasting(lacking, whole, at, near, was, now):
            continue
        mean = float(squares.sum() / whole.sum())
        unit = max(
            mean,
            unit_size(lacking[:at], lacking[:at], whole[:at]),
            unit_size(lacking[at:], lacking[at:], whole[at:]),
        )
        size0, size1 = before / unit, after / unit
        if size0 < FEWEST or size1 < FEWEST or (now - was) * size1 < FEWEST_LACKING:
            continue
        low = lower_bound(np.array([now]), np.array([size1]), level)[0]
        if low <= upper_bound(np.array([was]), np.array([size0]), level)[0]:
            continue
        found = evidence(was, size0, now, size1)
        if best is None or found > best[1]:
            best = at, found
    return best


def _lasting(lacking: Floats, whole: Floats, at: int, near: int, was: float, now: float) -> bool:
    """Whether the share grew next to the moment, stayed so, and had never been as high before."""

    def part(low: int, high: int) -> float | None:
        every = float(whole[low:high].sum())
        return float(lacking[low:high].sum()) / every if every > 0 else None

    bins = len(whole)
    sides = part(max(0, at - near), at), part(at, min(bins, at + near))
    if sides[0] is None or sides[1] is None or sides[1] - sides[0] < 0.5 * (now - was):
        return False
    thirds = np.linspace(at, bins, min(3, bins - at) + 1).astype(int)
    later = [part(low, high) for low, high in pairwise(thirds)]
    if any(share is not None and share - was < 0.5 * (now - was) for share in later):
        return False
    length = max(1, min(bins - at, at // 3))
    earlier = [part(low, low + length) for low in range(at - length + 1)]
    return all(share is None or now >= RATIO * share for share in earlier)


def _closer(
    rows: BinnedRows,
    links: Links,
    edge: tuple[int, int],
    parents: Ints,
    lacking: Bools,
    watched: Sequence[Slices],
    moments: Ints,
    alpha: float,
    tried: int,
    slices: int,
) -> ChildLoss | None:
    """Look at one call: find its moment, and the slice of parents that lack the child."""
    bin_of = np.concatenate(rows.bins).astype(np.int64)[parents]
    weight = links.weight[parents]

    def table(chosen: Bools) -> tuple[Floats, Floats, Floats]:
        at = bin_of[chosen]
        lack = _sums(at, weight[chosen] * lacking[chosen], rows.size)
        squares = _sums(at, weight[chosen] ** 2, rows.size)
        every = _sums(at, weight[chosen], rows.size)
        return lack, squares, every

    everything = np.ones(len(parents), bool)
    level = math.log(alpha / 2 / tried)
    whole = table(everything)
    sure = _best_moment(*whole, moments, level)
    screened = sure or _best_moment(*whole, moments, _SCREEN)
    if screened is None:
        return None
    found = _best_slice(rows, parents, lacking, weight, bin_of >= screened[0], watched)
    candidates: list[tuple[Slices | None, int, Bools, float]] = []
    if found is not None:
        candidates.append((*found, math.log(alpha / 2 / tried / max(slices, 1))))
    if sure is not None:
        candidates.append((None, -1, everything, level))
    for one, number, inside, own_level in candidates:
        part = table(inside)
        best = _best_moment(*part, moments, own_level)
        if best is None:
            continue
        at = best[0]
        lack, _, every = part
        was, now = (1 - float(lack[side].sum() / every[side].sum()) for side in (slice(at), slice(at, None)))
        return ChildLoss(
            *edge,
            at,
            begin_of(every - lack, every, at, was, now),
            one,
            number,
            was,
            now,
            float(every[at:].sum()),
            best[1],
        )
    return None


def _best_slice(
    rows: BinnedRows, parents: Ints, lacking: Bools, weight: Floats, later: Bools, watched: Sequence[Slices]
) -> tuple[Slices, int, Bools] | None:
    """Return the slice that has nearly all parents that newly lack the child, if there is one."""
    best: tuple[float, Slices, int] | None = None
    ends = np.cumsum([0, *(len(part) for part in rows.bins)])
    for one in watched:
        number = np.empty(len(parents), np.int64)
        for file, (table, codes) in enumerate(zip(one.tables, one.codes, strict=True)):
            inside = (parents >= ends[file]) & (parents < ends[file + 1])
            number[inside] = table[codes[parents[inside] - ends[file]]]
        size = len(one.keys) + 1
        cell = number * 4 + later * 2 + lacking
        sums = np.bincount(cell, weight, size * 4).reshape(size, 2, 2)
        after, before = sums[:, 1], sums[:, 0]
        every, lack = after.sum(axis=1), after[:, 1]
        usual = np.divide(before[:, 1], before.sum(axis=1), out=np.zeros(size), where=before.sum(axis=1) > 0)
        excess = lack - usual * every
        overall = float(excess.sum())
        if overall <= 0 or every.sum() <= 0:
            continue
        for at in np.flatnonzero(excess[:-1] >= _EXPLAINED * overall).tolist():
            outside = float(every.sum() - every[at])
            if outside < FEWEST or before[at].sum() < FEWEST:
                continue
            p, q = lack[at] / every[at], float(lack.sum() - lack[at]) / outside
            score = evidence(float(q), outside, float(p), float(every[at]))
            if p > RATIO * q and (best is None or score > best[0]):
                best = score, one, at
    if best is None:
        return None
    _, one, at = best
    chosen = np.concatenate(one.rows(at))[parents]
    return one, at, chosen
