"""Count an outcome of the observations: strata for the statistics, and totals of an arm for people."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from obskit.judge.arms import Arms
from obskit.judge.criterion import ArmCounts
from obskit.judge.durations import code_buckets
from obskit.judge.latency_counts import Thresholds, find_thresholds, tally
from obskit.judge.observations import Observations
from obskit.judge.options import JudgeOptions
from obskit.judge.setting import earlier_durations
from obskit.judge.strata import Strata, Tally, strata_of
from obskit.stats import buckets

PERCENTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


def error_strata(observed: Observations) -> Strata:
    """Return the strata of failed requests."""
    assert observed.failed is not None
    return outcome_strata(observed, observed.failed)


def outcome_strata(
    observed: Observations, hit: npt.NDArray[np.bool_], kept: npt.NDArray[np.bool_] | None = None
) -> Strata:
    """Return the strata of an outcome.

    Args:
        observed: the observations.
        hit: whether each has the outcome.
        kept: the observations that count; None for all.

    Returns:
        The strata.
    """
    cell, weight = observed.stratum * 2 + hit, observed.weight
    count = observed.count
    if kept is not None:
        cell, weight = cell[kept], None if weight is None else weight[kept]
        count = None if count is None else count[kept]
    sums = tally(cell, (observed.looks.count, len(observed.operations), 2, 2), weight, count)
    others, hits = (Tally(*(v[..., at] for v in sums)) for at in (0, 1))
    return strata_of(hits, others)


def thresholds_of(arms: Arms, observed: Observations, options: JudgeOptions) -> Thresholds:
    """Return the thresholds of slow requests, from earlier requests of each operation."""
    assert options.latency is not None
    return find_thresholds(
        observed, earlier_durations(arms, observed), options.least_slowdown, options.latency
    )


def counts_of_arm(
    observed: Observations, arm: bool, hit: npt.NDArray[np.bool_], *, timed: bool = True
) -> ArmCounts:
    """Return what is counted of one arm.

    Args:
        observed: the observations.
        arm: whether it is the candidate.
        hit: whether each has the outcome.
        timed: whether percentiles of the duration are wanted.

    Returns:
        Observations, outcomes, the weighted rate, and percentiles.
    """
    of = observed.candidate == arm
    n, x = observed.number(of), observed.number(of & hit)
    weight = None if observed.weight is None else observed.whole_weight[of]
    rate = x / n if n else math.nan
    if weight is not None and n:
        rate = float(weight[hit[of]].sum() / weight.sum())
    percentiles = {}
    if timed and observed.duration is not None and observed.durations is not None:
        each = observed.count[of] if weight is None and observed.count is not None else weight
        sums = np.bincount(observed.duration[of], each, observed.durations.size).astype(np.float64)
        bucket = code_buckets(observed.durations).astype(np.int32)
        percentiles = {name: buckets.quantile(bucket, sums, q) for name, q in PERCENTILES.items()}
    return ArmCounts(n, x, rate, percentiles)
