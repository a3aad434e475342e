"""Exact confidence intervals of shares, rates, medians and their ratios, for small counts.

None of them assumes a distribution of durations, and none is an approximation for large counts. A bound that
the data cannot give is None: with four values, no interval of their median has a confidence of 95%.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import special

LEVEL = 0.95


class Interval(NamedTuple):
    """An estimate with its bounds.

    Attributes:
        value: the estimate; None if there is none.
        low, high: the bounds; None where the data gives none.
    """

    value: float | None
    low: float | None
    high: float | None


NOTHING = Interval(None, None, None)


def share_interval(hits: int, total: int, level: float = LEVEL) -> Interval:
    """Return a share with the interval of Clopper and Pearson.

    Args:
        hits: how many of them.
        total: of how many.
        level: the confidence, in (0, 1).

    Returns:
        Numbers in [0, 1]; nothing if `total` is 0.

    Source: Clopper and Pearson (1934).
    """
    if total <= 0:
        return NOTHING
    tail = (1 - level) / 2
    low = 0.0 if hits == 0 else float(special.betaincinv(hits, total - hits + 1, tail))
    high = 1.0 if hits == total else float(special.betainccinv(hits + 1, total - hits, tail))
    return Interval(hits / total, low, high)


def rate_interval(count: int, exposure: float, level: float = LEVEL) -> Interval:
    """Return the rate of a Poisson count with its exact interval.

    Args:
        count: how many events.
        exposure: over how long, in any unit.
        level: the confidence, in (0, 1).

    Returns:
        Events per unit; nothing without exposure.

    Source: Garwood (1936).
    """
    if exposure <= 0:
        return NOTHING
    tail = (1 - level) / 2
    low = 0.0 if count == 0 else float(special.gammaincinv(count, tail))
    high = float(special.gammainccinv(count + 1, tail))
    return Interval(count / exposure, low / exposure, high / exposure)


def quantile_interval(
    values: Sequence[float],
    unfinished: int = 0,
    *,
    q: float = 0.5,
    level: float = LEVEL,
    clusters: Sequence[int] | None = None,
) -> Interval:
    """Return a quantile with the interval between two order statistics.

    Args:
        values: the values that are known, in any order.
        unfinished: how many more are not known yet, and count as larger than all others.
        q: which quantile, in (0, 1).
        level: the confidence, in (0, 1).
        clusters: the cluster of each value; values of one cluster need not be independent. The ranks are then
            those of fewer, independent values.

    Returns:
        The quantile by linear interpolation, and its bounds; None where an unfinished value would be needed.

    Source: David and Nagaraja, Order Statistics (2003), section 7.1; for clusters, the design effect of
        Woodruff (1952).
    """
    known, total = sorted(values), len(values) + unfinished
    if total == 0:
        return NOTHING
    at = q * (total - 1)
    below, above = math.floor(at), math.ceil(at)
    value = None
    if above < len(known):
        value = known[below] + (at - below) * (known[above] - known[below])
    size = total
    if clusters is not None and value is not None:
        size = max(1, math.floor(total / _design_effect(values, clusters, value, q)))
    low_rank, high_rank = _ranks(size, q, level)
    low_at = None if low_rank < 1 else math.floor(total * (low_rank - 1) / size)
    high_at = None if high_rank > size else math.ceil(total * high_rank / size) - 1
    low = None if low_at is None or low_at >= len(known) else known[low_at]
    high = None if high_at is None or high_at >= len(known) else known[high_at]
    return Interval(value, low, high)


def _ranks(size: int, q: float, level: float) -> tuple[int, int]:
    """Return the ranks of the bounds; 0 or `size` + 1 if there is none."""
    tail = (1 - level) / 2
    # x_(l) lies above the quantile with the probability that fewer than l values lie below it.
    low = bisect_left(range(size), tail, key=lambda k: float(special.bdtr(k, size, q)))
    # From `high` on, more than that many values lie below it with no more probability.
    high = bisect_left(range(size), -tail, key=lambda k: -float(special.bdtrc(k, size, q))) + 1
    return low, high


def _design_effect(values: Sequence[float], clusters: Sequence[int], quantile: float, q: float) -> float:
    """Return by how much clusters raise the variance of the share of values below a quantile; at least 1."""
    below = np.where(np.asarray(values, dtype=float) <= quantile, 1.0, 0.0)
    _, at = np.unique(np.asarray(clusters), return_inverse=True)
    sums = np.bincount(at, weights=below - below.mean())
    return max(1.0, float((sums**2).sum()) / max(len(values) * q * (1 - q), 1e-300))


def rate_ratio(
    first: int, first_exposure: float, second: int, second_exposure: float, level: float = LEVEL
) -> Interval:
    """Return the ratio of two rates, or of two shares, with the conditional interval.

    Given the sum of both counts, the first is binomial. For shares the interval is wider than necessary,
    because their counts vary less than those of rates.

    Args:
        first: count of the first group.
        first_exposure: its exposure: time for a rate, all cases for a share.
        second: count of the second group.
        second_exposure: its exposure.
        level: the confidence, in (0, 1).

    Returns:
        First divided by second; no estimate if the second count is 0.

    Source: Przyborowski and Wilenski (1940); for shares, Hoeffding (1963).
    """
    if first_exposure <= 0 or second_exposure <= 0 or first + second == 0:
        return NOTHING
    scale = second_exposure / first_exposure
    _, low, high = share_interval(first, first + second, level)

    def ratio_of(part: float | None) -> float | None:
        return None if part is None or part >= 1 else part / (1 - part) * scale

    return Interval(first / second * scale if second else None, ratio_of(low), ratio_of(high))


def quantile_ratio(first: Interval, second: Interval) -> Interval:
    """Return the ratio of two quantiles of independent groups.

    Args:
        first: the quantile of the first group, at the level `joint_level`.
        second: the quantile of the second, at the same level.

    Returns:
        First divided by second; both intervals hold at once with `LEVEL`, and so does that of the ratio.
    """

    def divide(left: float | None, right: float | None) -> float | None:
        return None if left is None or right is None or right == 0 else left / right

    return Interval(
        divide(first.value, second.value), divide(first.low, second.high), divide(first.high, second.low)
    )


def joint_level(level: float = LEVEL) -> float:
    """Return the level of each of two independent intervals that hold at once with `level`."""
    return math.sqrt(level)
