"""Count how many requests are slower than fixed thresholds, by look, operation and arm.

The thresholds of an operation are percentiles of its own requests before the deployment; of its first looks,
which then do not count, if there were too few. Durations are counted in buckets 2% wide, so thresholds are at
the edges of buckets. A rise is rounded to whole buckets so that neither verdict becomes easier: up for a
regression beyond the floor, and down for a pass at the margin.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from obskit.judge.durations import code_buckets
from obskit.judge.observations import Observations
from obskit.judge.strata import Strata, Tally, strata_of
from obskit.stats import buckets

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
QUANTILES = (0.5, 0.75, 0.9, 0.95, 0.99)
FEWEST_BEFORE = 20  # earlier requests of an operation, to take its thresholds from them
_NOTHING = int(buckets.NULL)


@dataclass(frozen=True, eq=False)
class Thresholds:
    """The thresholds of every operation, as buckets of durations: a request is slower if its bucket is above.

    Attributes:
        edges: of shape (operations, quantiles, 3): the threshold, with the floor, and with the margin.
        first: the first look that counts, per operation; the number of looks if none does.
        bucket: the bucket of each code of the durations.
    """

    edges: Ints
    first: Ints
    bucket: Ints

    @property
    def timed(self) -> npt.NDArray[np.bool_]:
        """Which codes are durations."""
        return np.asarray((self.bucket != buckets.NULL) & (self.bucket != buckets.NAN), np.bool_)

    def milliseconds(self, operation: int, quantile: int) -> float:
        """Return a threshold in ms: the upper end of its bucket."""
        edge = int(self.edges[operation, quantile, 0])
        if edge <= 0:
            return 0.0
        return math.exp((edge - buckets.OFFSET + 1) * buckets.LOG_GROWTH)


def find_thresholds(observed: Observations, before: Floats, floor: float, margin: float) -> Thresholds:
    """Return the thresholds of every operation.

    Args:
        observed: the observations; they have durations.
        before: weight of earlier requests by operation and code of the duration.
        floor: the least rise that is a regression, as a share.
        margin: the largest rise that passes, as a share.

    Returns:
        The thresholds.
    """
    assert observed.durations is not None
    assert observed.duration is not None
    bucket = code_buckets(observed.durations)
    timed = (bucket != buckets.NULL) & (bucket != buckets.NAN)
    first = np.zeros(len(observed.operations), np.int64)
    histogram = np.where(timed, before, 0.0)
    for operation in np.flatnonzero(histogram.sum(axis=1) < FEWEST_BEFORE):
        of = np.flatnonzero((observed.operation == operation) & timed[observed.duration])
        by_look = observed.tally(observed.look, observed.looks.count, of).cumsum()
        if not len(by_look) or by_look[-1] < FEWEST_BEFORE:
            first[operation] = observed.looks.count
            continue
        last = int(np.searchsorted(by_look, FEWEST_BEFORE))
        first[operation] = last + 1
        chosen = of[observed.look[of] <= last]
        histogram[operation] = observed.tally(observed.duration, len(bucket), chosen)
    order = np.argsort(bucket, kind="stable")
    running = np.cumsum(histogram[:, order], axis=1)
    edges = np.full((len(observed.operations), len(QUANTILES), 3), _NOTHING, np.int64)
    for at, q in enumerate(QUANTILES):
        reached = running >= (running[:, -1] * q * (1 - 1e-12))[:, None]
        edge = bucket[order[np.argmax(reached & (running > 0), axis=1)]]
        grows = edge > 0  # not zero, and not negative, which clocks that ran back give
        edges[:, at, 0] = edge
        edges[:, at, 1] = edge + np.where(grows, math.ceil(_steps(floor) - 1e-9), 0)
        edges[:, at, 2] = edge + np.where(grows, math.floor(_steps(margin) + 1e-9), 0)
    return Thresholds(edges, first, bucket)


def thresholds_for(other: Observations, observed: Observations, thresholds: Thresholds) -> Thresholds:
    """Return thresholds by the operations of other observations.

    Args:
        other: the other observations.
        observed: the observations whose thresholds are known.
        thresholds: those thresholds.

    Returns:
        The thresholds; an operation without any does not count.
    """
    number = {key: at for at, key in enumerate(observed.operations.keys)}
    keys = other.operations.keys
    edges = thresholds.edges[[number.get(key, 0) for key in keys]]
    first = np.array([0 if key in number else other.looks.count for key in keys])
    return Thresholds(edges, first, thresholds.bucket)


def rise_counted(rise: float, *, up: bool) -> float:
    """Return a rise rounded to whole buckets, as a share."""
    steps = math.ceil(_steps(rise) - 1e-9) if up else math.floor(_steps(rise) + 1e-9)
    return math.expm1(steps * buckets.LOG_GROWTH)


def _steps(rise: float) -> float:
    return math.log1p(rise) / buckets.LOG_GROWTH


@dataclass(frozen=True, eq=False)
class LatencyCounts:
    """Requests by look, operation, arm and number of thresholds that they exceed.

    Attributes:
        n, w, w2: sums of rows, weight and squared weight above the edge of each rank; of shape
            (looks, operations, 2, ranks). The first rank is all requests with a duration.
        rank: the rank of each edge; of shape (operations, quantiles, 3).
    """

    n: Floats
    w: Floats
    w2: Floats
    rank: Ints

    def strata(self, quantile: int, rise: int) -> Strata:
        """Return the strata of requests slower than a threshold.

        Args:
            quantile: the index of the percentile.
            rise: what the candidate's threshold is raised by: 0 nothing, 1 the floor, 2 the margin.

        Returns:
            The baseline's requests above the threshold, and the candidate's above the raised one.
        """
        ranks = np.stack([self.rank[:, quantile, 0], self.rank[:, quantile, rise]], axis=1)
        at = np.broadcast_to(ranks[None, :, :, None], (*self.n.shape[:3], 1))
        hits = Tally(*(np.take_along_axis(v, at, axis=3)[..., 0] for v in (self.n, self.w, self.w2)))
        every = Tally(self.n[..., 0], self.w[..., 0], self.w2[..., 0])
        return strata_of(hits, every - hits)


def count_latency(observed: Observations, thresholds: Thresholds) -> LatencyCounts:
    """Count the requests above every threshold, in one pass.

    Args:
        observed: the observations; they have durations.
        thresholds: the thresholds.

    Returns:
        The counts. Looks whose requests gave the thresholds are left out.
    """
    assert observed.duration is not None
    operations, looks = len(observed.operations), observed.looks.count
    flat = thresholds.edges.reshape(operations, -1)
    ordered = np.sort(flat, axis=1)
    ranks = flat.shape[1] + 1
    # The level of a request is the number of edges below its bucket.
    level_of = np.stack([np.searchsorted(edges, thresholds.bucket, side="left") for edges in ordered])
    level_of[:, ~thresholds.timed] = ranks  # not counted
    rank = np.stack([np.searchsorted(o, f, side="right") for o, f in zip(ordered, flat, strict=True)])
    size = len(thresholds.bucket)
    level = level_of.astype(np.uint8).reshape(-1)[observed.operation * size + observed.duration]
    if thresholds.first.any():
        level[observed.look < thresholds.first[observed.operation]] = ranks
    cell = observed.stratum * (ranks + 1) + level
    found = tally(cell, (looks, operations, 2, ranks + 1), observed.weight, observed.count)
    n, w, w2 = (above(v[..., :ranks]) for v in found)
    return LatencyCounts(n, w, w2, rank.reshape(thresholds.edges.shape))


def above(levels: Floats) -> Floats:
    """Return sums over all higher levels, along the last axis."""
    return np.ascontiguousarray(levels[..., ::-1].cumsum(axis=-1)[..., ::-1])


def tally(
    cell: Ints, shape: tuple[int, ...], weight: Floats | None, count: Ints | None = None
) -> tuple[Floats, Floats, Floats]:
    """Return the rows, the weight and the squared weight by cell; without weights all three are the rows.

    Args:
        cell: the cell of each entry.
        shape: the shape of the cells.
        weight: the weight of a row of each entry; None if all weigh the same.
        count: the number of rows of each entry; None if each is one row.

    Returns:
        Three arrays of the shape.
    """
    size = math.prod(shape)
    n = np.bincount(cell, count, size).reshape(shape).astype(np.float64)
    if weight is None:
        return n, n, n
    whole = weight if count is None else weight * count
    w = np.asarray(np.bincount(cell, whole, size), np.float64).reshape(shape)
    w2 = np.asarray(np.bincount(cell, whole * weight, size), np.float64).reshape(shape)
    return n, w, w2
