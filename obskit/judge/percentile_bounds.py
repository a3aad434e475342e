"""The p99 of each arm so far, with an interval that holds at any number of looks.

It is for people. The verdict rests on shares above fixed thresholds, which find a rise much sooner.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from obskit.judge.durations import code_buckets
from obskit.judge.observations import Observations
from obskit.stats import buckets
from obskit.stats.sequential import Floats, rank_bounds

P99 = 0.99
MOST_STEPS = 240  # looks at which it is computed


@dataclass(frozen=True, eq=False)
class PercentileTrack:
    """A percentile of both arms; arrays have the shape (2, steps), the baseline first.

    Attributes:
        looks: the looks after which it was computed, the last one among them.
        value: the percentile of all observations up to a look, in ms; NaN without any.
        low, high: its interval, in ms; 0 and infinite where it has no bound.
    """

    looks: tuple[int, ...]
    value: Floats
    low: Floats
    high: Floats


def track_percentile(observed: Observations, alpha: float, q: float = P99) -> PercentileTrack | None:
    """Return a percentile of the duration of both arms, up to every look.

    Args:
        observed: the observations.
        alpha: the probability that an interval is wrong at any look.
        q: the percentile, in (0, 1).

    Returns:
        The percentiles; None without durations, and with sample weights that differ, by which the ranks of
        the rows are not those of the requests.
    """
    if observed.duration is None or observed.durations is None or observed.weight is not None:
        return None
    looks = observed.looks.count
    if not looks:
        return None
    step = max(1, -(-looks // MOST_STEPS))
    ends = tuple(range((looks - 1) % step, looks, step))
    known, cell = np.unique(code_buckets(observed.durations), return_inverse=True)
    timed = (known != buckets.NULL) & (known != buckets.NAN)
    stage = np.searchsorted(ends, np.arange(looks), side="left").astype(np.int32)  # the step that has a look
    key = (stage[observed.look] * 2 + observed.candidate) * len(known)
    key += cell.astype(np.int32)[observed.duration]
    counts = observed.tally(key, len(ends) * 2 * len(known)).reshape(len(ends), 2, len(known))
    running = np.where(timed, counts, 0).cumsum(axis=0).cumsum(axis=2).astype(np.float64)
    total = running[..., -1]
    lower, upper = rank_bounds(total, q, alpha)
    edges = _edges(known)
    middles = buckets.middles(known.astype(np.int32))
    value = np.where(total > 0, middles[_at(running, np.maximum(np.ceil(q * total - 1e-9), 1))], math.nan)
    low = np.where(lower >= 1, edges[0][_at(running, np.maximum(lower, 1))], 0.0)
    high = np.where(upper <= total, edges[1][_at(running, np.minimum(upper, total))], math.inf)
    return PercentileTrack(ends, value.T, low.T, high.T)


def _at(running: Floats, rank: Floats) -> np.ndarray:
    """Return the index of the bucket that has the observation of a rank, of shape (steps, 2)."""
    return np.asarray(np.argmax(running >= rank[..., None], axis=2))


def _edges(bucket: np.ndarray) -> tuple[Floats, Floats]:
    """Return the lower and the upper end of buckets, in ms; the middle of those that are not positive."""
    usual = (bucket > 0) & (bucket < buckets.INFINITY)
    low = np.exp(np.where(usual, bucket - buckets.OFFSET, 0) * buckets.LOG_GROWTH)
    middle = buckets.middles(bucket.astype(np.int32))
    return np.where(usual, low, middle), np.where(usual, low * buckets.GROWTH, middle)
