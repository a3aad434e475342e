"""Judge the latency at every look: slower beyond the floor, or a rise beyond the margin excluded."""

from __future__ import annotations

import math

import numpy as np
from scipy import special

from obskit.judge.error_rate import Track
from obskit.judge.latency_counts import QUANTILES, LatencyCounts
from obskit.judge.strata import Strata
from obskit.judge.words import FEWEST
from obskit.stats.deployments import needed_for_ratio

PASSED_AT = (0.5, 0.95)  # the percentiles at which a rise beyond the margin must be excluded
FLOOR, MARGIN = 1, 2


def track_latency(counts: LatencyCounts, alpha: float, alpha_regress: float) -> tuple[Track, int]:
    """Judge the latency at every look.

    Args:
        counts: requests by look, operation, arm and threshold.
        alpha: the probability of a wrong pass.
        alpha_regress: the probability of a wrong alarm.

    Returns:
        What holds at every look, and the index of the percentile with the strongest evidence of a rise.
    """
    strata = [counts.strata(at, FLOOR) for at in range(len(QUANTILES))]
    evidence = np.stack([each.log_e(up=True) for each in strata])
    # The mean of e-values is an e-value, whatever their dependence.
    log_e = special.logsumexp(evidence, axis=0) - math.log(len(QUANTILES))
    passed = np.ones(strata[0].looks, np.bool_)
    for q in PASSED_AT:
        below = counts.strata(QUANTILES.index(q), MARGIN).log_e(up=False)
        passed &= np.maximum.accumulate(below) >= math.log(1 / alpha) if len(below) else passed
    n_a, _, n_b, _ = strata[0].totals()
    track = Track(
        np.asarray(log_e, np.float64),
        np.asarray(log_e >= math.log(1 / alpha_regress), np.bool_),
        passed,
        (n_a >= FEWEST) & (n_b >= FEWEST),
    )
    return track, int(evidence[:, -1].argmax()) if strata[0].looks else 0


def needed_latency(counts: LatencyCounts, alpha: float) -> float | None:
    """Return how many requests of the candidate a pass is likely to need, if both arms are alike.

    Args:
        counts: requests by look, operation, arm and threshold.
        alpha: the probability of a wrong pass.

    Returns:
        Requests of the candidate, in all; None if no number is enough.
    """
    most = 0.0
    for q in PASSED_AT:
        at = QUANTILES.index(q)
        every = slow_strata(counts, at)
        n_a, n_b, slow = (float(v.sum()) for v in (every.n_a, every.n_b, every.x_a))
        # Of the baseline's requests above the threshold, the part that is above the raised one, too.
        kept = _above_raised(counts, at)
        if not (n_a and n_b and slow) or not 0 < kept < 1:
            return None
        most = max(most, needed_for_ratio(kept * slow / n_a, kept, n_a / n_b, alpha))
    return most if math.isfinite(most) else None


def _above_raised(counts: LatencyCounts, quantile: int) -> float:
    """Return the share of the baseline's requests above a threshold that are above the raised one."""
    every = counts.n[:, :, 0, :].sum(axis=0)
    of = np.arange(len(every))
    above, raised = (float(every[of, counts.rank[:, quantile, rise]].sum()) for rise in (0, MARGIN))
    return raised / above if above else 0.0


def slow_strata(counts: LatencyCounts, quantile: int) -> Strata:
    """Return the strata of requests slower than a percentile of earlier ones, without floor or margin."""
    return counts.strata(quantile, 0)
