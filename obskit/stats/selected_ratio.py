"""Confidence intervals of ratios that are only looked at where they are large.

Of many ratios, the ones that stand out are shown, and chance made some of them larger than they are. An
ordinary interval of such a ratio is too high. The interval here takes into account that a smaller ratio would
not have been shown: it asks which true ratios make the seen one probable, given that it was large enough.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from obskit.stats.counts import Counts, Floats
from obskit.stats.evidence import effective_count, log_ratio_variance

# Halving the range so often leaves an error below 1e-9 of it.
STEPS = 32
# The search spans so many natural logs to both sides of the ratio seen.
SPAN = 25.0


def effective_hits(
    selected: Counts,
    all_selected: Counts,
    baseline: Counts,
    all_baseline: Counts,
    rates: tuple[Floats, Floats],
    deff: tuple[Floats, Floats],
) -> tuple[Floats, Floats]:
    """Return events whose division has the same relative error as a ratio of two rates.

    Let V be the variance of the log of a ratio (`log_ratio_variance`), and a and c the events with the
    outcome inside and outside. The log of x/y has the variance 1/x + 1/y. So x = k a and y = k c with
    k = (1/a + 1/c) / V: a division of x + y events, which is binomial, as precise as the ratio.

    Args:
        selected: the slices' counts in the selection.
        all_selected: the counts of the whole selection (length 1, or one per slice).
        baseline: the slices' counts in the baseline.
        all_baseline: the counts of the whole baseline (length 1, or one per slice).
        rates: the outcome's rates inside and outside the slices, in [0, 1].
        deff: design effects of clustering in both groups, >= 1.
    Returns:
        Events inside and outside, effective and with a fraction; 0 where there are none.
    """
    a, c = effective_count(selected, deff[0]), effective_count(all_selected - selected, deff[0])
    variance = log_ratio_variance(selected, all_selected, baseline, all_baseline, rates, deff)
    with np.errstate(divide="ignore", invalid="ignore"):
        k = np.where((a > 0) & (c > 0), (1 / a + 1 / c) / variance, 1.0)
    return a * k, c * k


def selected_ratio_interval(
    hits: Floats,
    misses: Floats,
    scale: Floats,
    least: Floats,
    bounds: tuple[Floats, Floats],
    level: float = 0.95,
) -> tuple[Floats, Floats]:
    """Return the interval of ratios, given that each is shown only because it is large enough.

    A ratio is `scale` times hits / misses, and hits are binomial: X of n = hits + misses. The lower bound is
    the ratio for which P(X >= hits | X >= t) is (1 - level) / 2, where t are the hits at the least ratio that
    would have been shown; the upper bound the one for which it is (1 + level) / 2. Half of the probability of
    exactly `hits` counts (mid-P).

    Args:
        hits: effective events inside each slice, > 0.
        misses: effective events outside, >= 0; the ratio is infinite where there are none.
        scale: the ratio where as many events are inside as outside.
        least: the least ratio that would have been shown; 0 where any would.
        bounds: intervals that hold for all ratios at once; the result stays within them.
        level: share of the shown intervals that contain the true ratio.
    Returns:
        Lower and upper bounds; they enclose the ratio seen.
    Source: Zhong and Prentice (2008), Bias-reduced estimators and confidence intervals for odds ratios in
        genome-wide association studies; Brown, Cai and DasGupta (2001) for the mid-P tail as a beta function.
    """
    n = hits + misses
    with np.errstate(divide="ignore"):
        middle = np.log(scale) + np.where(misses > 0, np.log(hits / misses), 0.0)
        log_scale, log_least = np.log(scale), np.log(least)
        log_bounds = np.log(bounds[0]), np.log(bounds[1])
    shown = np.minimum(n * special.expit(log_least - log_scale), hits)

    def tail(log_ratio: Floats) -> Floats:
        share = special.expit(log_ratio - log_scale)
        with np.errstate(divide="ignore", invalid="ignore"):
            whole = np.where(shown > 0, special.betainc(np.maximum(shown, 1e-9), n - shown + 1, share), 1.0)
            return np.where(whole > 1e-290, special.betainc(hits + 0.5, misses + 0.5, share) / whole, 0.0)

    def ratio_at(probability: float) -> Floats:
        low = np.maximum(log_bounds[0], middle - SPAN)
        high = np.minimum(log_bounds[1], middle + SPAN)
        for _ in range(STEPS):
            at = (low + high) / 2
            more = tail(at) < probability
            low, high = np.where(more, at, low), np.where(more, high, at)
        return np.exp((low + high) / 2)

    ratio = np.where(misses > 0, np.exp(middle), np.inf)
    lower = np.minimum(ratio_at((1 - level) / 2), ratio)
    upper = np.where(misses > 0, ratio_at((1 + level) / 2), np.inf)
    return lower, np.maximum(upper, ratio)
