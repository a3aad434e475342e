"""Logarithmic buckets: one histogram for percentiles, heatmaps and numeric conditions.

A bucket is an int32. A positive x is in bucket floor(ln x / ln 1.02), which is reported at its geometric
middle, so the error stays under 1%. Null, NaN, the infinities and zero have buckets of their own, and
negatives mirror positives. So every float64 has exactly one bucket, and the buckets of different parts merge
by addition. Buckets sort as their values do (null first, then NaN).
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

GROWTH = 1.02
LOG_GROWTH = math.log(GROWTH)
# The index of a float64 is below 37,700 in size, so an offset of 50,000 keeps the signs apart.
OFFSET = 50_000
NULL = -200_000
NAN = -150_000
NEGATIVE_INFINITY = -120_000
ZERO = 0
INFINITY = 120_000


def buckets(values: npt.NDArray[np.float64]) -> npt.NDArray[np.int32]:
    """Return the bucket of each value; NaN is in `NAN`. Callers mark nulls as `NULL` themselves."""
    magnitude = np.abs(values)
    with np.errstate(divide="ignore", invalid="ignore"):
        index = np.floor(np.log(magnitude) / LOG_GROWTH)
        out = np.where(np.isfinite(index), np.sign(values) * (index + OFFSET), 0.0).astype(np.int32)
    out[values == np.inf] = INFINITY
    out[values == -np.inf] = NEGATIVE_INFINITY
    out[np.isnan(values)] = NAN
    return out


def middles(bucket: npt.NDArray[np.int32]) -> npt.NDArray[np.float64]:
    """Return the value that each bucket is reported at; NaN for `NULL` and `NAN`."""
    index = np.abs(bucket.astype(np.float64)) - OFFSET
    with np.errstate(over="ignore"):  # the buckets of the infinities are set below
        out = np.sign(bucket) * np.exp((np.clip(index, -40_000, 40_000) + 0.5) * LOG_GROWTH)
    out = np.where(bucket == ZERO, 0.0, out)
    out = np.where(bucket == INFINITY, np.inf, np.where(bucket == NEGATIVE_INFINITY, -np.inf, out))
    return np.where((bucket == NULL) | (bucket == NAN), np.nan, out)


def quantile(bucket: npt.NDArray[np.int32], weight: npt.NDArray[np.float64], q: float) -> float:
    """Return the weighted quantile of a histogram.

    Args:
        bucket: bucket numbers in any order, one per cell; `NULL` and `NAN` are left out.
        weight: the weight of each cell, >= 0.
        q: in [0, 1].
    Returns:
        The middle of the first bucket at which the running weight reaches q of the whole (within 1% of
        the nearest-rank quantile); NaN where there is nothing to count.
    """
    keep = (bucket != NULL) & (bucket != NAN) & (weight > 0)
    bucket, weight = bucket[keep], weight[keep]
    if not len(bucket):
        return math.nan
    order = np.argsort(bucket, kind="stable")
    running = np.cumsum(weight[order])
    at = min(int(np.searchsorted(running, q * running[-1] * (1 - 1e-12), side="left")), len(order) - 1)
    return float(middles(bucket[order[at] : order[at] + 1])[0])
