"""Evidence that a slice is more common in one group than in another: counts, sample weights, clusters.

Arrays have one entry per slice. The counts of a group are `Counts`: observations n, weight w and squared
weight w2. So a share is weighted, and its uncertainty takes into account how few rows carry the weight.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from obskit.stats.counts import Counts, Floats, Side, share, share_and_size

# A slice's own earlier rate is drawn toward another by so many observations.
USUAL = 20.0
Z95 = 1.959964  # a normal variable is within so many standard deviations with a probability of 95%


def _level(log_level: Floats | float) -> Floats | float:
    """Return error levels from their logarithms."""
    if not isinstance(log_level, np.ndarray):
        return math.exp(max(log_level, -300.0))
    found = {value: math.exp(max(value, -300.0)) for value in set(log_level.tolist())}  # one per depth
    return np.array([found[value] for value in log_level.tolist()])


def lower_bound(p: Floats, size: Floats, log_level: Floats | float) -> Floats:
    """Return the one-sided Clopper-Pearson lower bound of a share seen on `size` observations."""
    hits = p * size
    with np.errstate(invalid="ignore"):
        bound = special.betaincinv(np.maximum(hits, 1e-12), size - hits + 1, _level(log_level))
    return np.where((hits <= 0) | np.isnan(bound), 0.0, bound)


def upper_bound(p: Floats, size: Floats, log_level: Floats | float) -> Floats:
    """Return the one-sided Clopper-Pearson upper bound of a share seen on `size` observations."""
    hits = p * size
    misses = np.maximum(size - hits, 1e-12)
    with np.errstate(invalid="ignore"):
        bound = special.betainccinv(hits + 1, misses, _level(log_level))
    return np.where((size - hits <= 1e-12) | np.isnan(bound), 1.0, bound)


def divergence(p: Floats, q: Floats) -> Floats:
    """Return KL(Bernoulli(p) || Bernoulli(q)) in nats, 0 where p <= q."""
    safe = np.clip(q, 1e-12, 1 - 1e-12)
    kl = special.rel_entr(p, safe) + special.rel_entr(1 - p, 1 - safe)
    return np.where(p > q, kl, 0.0)


@dataclass(frozen=True)
class Evidence:
    """What the counts say about each slice, as arrays of one length.

    Attributes:
        score: evidence in nats that the slice is more common in the selection, >= 0.
        selected_share, baseline_share: weighted shares of the groups, in [0, 1].
        rate_inside, rate_outside: the outcome's weighted rate inside and outside the slice.
        risk_ratio, risk_ratio_low, risk_ratio_high: inside / outside, with its interval at the bounds' level.
        plausible_ratio: upper end of the risk ratio's own 95% interval, not corrected for other slices.
        excess_share: share of the selection that the slice adds beyond its share of the baseline.
    """

    score: Floats
    selected_share: Floats
    baseline_share: Floats
    rate_inside: Floats
    rate_outside: Floats
    risk_ratio: Floats
    risk_ratio_low: Floats
    risk_ratio_high: Floats
    plausible_ratio: Floats
    excess_share: Floats


def weigh(
    selected: Counts,
    all_selected: Counts,
    baseline: Counts,
    all_baseline: Counts,
    log_level: Floats | float,
    deff: tuple[Floats | float, Floats | float] = (1.0, 1.0),
    units: tuple[float, float] = (0.0, 0.0),
    weights: tuple[float, float] | None = None,
    *,
    intervals: bool = True,
) -> Evidence:
    """Compare slices between a selection and a baseline.

    Args:
        selected: the slices' counts in the selection.
        all_selected: the counts of the whole selection (length 1).
        baseline: the slices' counts in the baseline.
        all_baseline: the counts of the whole baseline (length 1).
        log_level: natural log of the one-sided error level of each bound, all corrections included; one
            for all slices, or one per slice.
        deff: design effects of clustering in both groups, >= 1.
        units: extra weight of a large cluster in both groups.
        weights: weights of the whole groups, where the counts are of samples of different size; None takes
            those of the counts.
        intervals: whether the risk ratio's interval is needed; else its ends are NaN.
    Returns:
        Evidence; `score` is KL(Bern(p1_low) || Bern(p0_high)), 0 where the bounds overlap. The interval of
        the risk ratio is the ratio computed at the ends of both shares' intervals.
    """
    p1, p0 = share(selected, all_selected), share(baseline, all_baseline)
    low1 = lower_bound(*share_and_size(selected, all_selected, deff[0], units[0], side="low"), log_level)
    high0 = upper_bound(*share_and_size(baseline, all_baseline, deff[1], units[1], side="high"), log_level)
    wa, wb = weights or (float(all_selected.w[0]), float(all_baseline.w[0]))
    ratio_low = ratio_high = np.full(len(selected), np.nan)
    if intervals:
        high1 = upper_bound(
            *share_and_size(selected, all_selected, deff[0], units[0], side="high"), log_level
        )
        low0 = lower_bound(*share_and_size(baseline, all_baseline, deff[1], units[1], side="low"), log_level)
        ratio_low, ratio_high = _ratio(*rates(low1, high0, wa, wb)), _ratio(*rates(high1, low0, wa, wb))
    inside, outside = rates(p1, p0, wa, wb)
    with np.errstate(divide="ignore", invalid="ignore"):
        excess = np.where(p0 < 1, (p1 - p0) / (1 - p0), 0.0)
        ratio = _ratio(inside, outside)
        variance = log_ratio_variance(selected, all_selected, baseline, all_baseline, (inside, outside), deff)
        # a ratio of next to nothing can be anything: e^300 is as good as infinite, and finite
    plausible = ratio * np.exp(np.minimum(Z95 * np.sqrt(variance), 300.0))
    return Evidence(
        score=divergence(low1, high0),
        selected_share=p1,
        baseline_share=p0,
        rate_inside=inside,
        rate_outside=outside,
        risk_ratio=ratio,
        risk_ratio_low=ratio_low,
        risk_ratio_high=ratio_high,
        plausible_ratio=plausible,
        excess_share=excess,
    )


def log_ratio_variance(
    selected: Counts,
    all_selected: Counts,
    baseline: Counts,
    all_baseline: Counts,
    rates: tuple[Floats, Floats],
    deff: tuple[Floats | float, Floats | float],
) -> Floats:
    """Return the variance of the log of each slice's risk ratio; infinite where a rate is 0.

    It is (1-r)^2 (1/a + 1/b) + (1-q)^2 (1/c + 1/d), where r is the rate inside on a events with the outcome
    and b without, and q the one outside on c and d.

    Args:
        selected: the slices' counts in the selection.
        all_selected: the counts of the whole selection (length 1, or one per slice).
        baseline: the slices' counts in the baseline.
        all_baseline: the counts of the whole baseline (length 1, or one per slice).
        rates: the outcome's rates inside and outside the slices, in [0, 1].
        deff: design effects of clustering in both groups, >= 1.
    Returns:
        Variances, >= 0.
    """
    a, c = (effective_count(part, deff[0]) for part in (selected, all_selected - selected))
    # half an event more, so that a rate of 1 is not taken to be exact
    b, d = (effective_count(part, deff[1]) + 0.5 for part in (baseline, all_baseline - baseline))
    inside, outside = (
        np.where(rate < 1, 1 - rate, 0.5 / (of + 0.5)) for rate, of in zip(rates, (a, c), strict=True)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(inside**2 * (1 / a + 1 / b) + outside**2 * (1 / c + 1 / d))


def effective_count(counts: Counts, deff: Floats | float = 1.0) -> Floats:
    """Return the count of equally weighted events whose relative error is that of the sum of the weights."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(counts.w2 > 0, counts.w**2 / (counts.w2 * deff), 0.0)


def score(
    selected: Counts,
    all_selected: Counts,
    baseline: Counts,
    all_baseline: Counts,
    log_level: float,
    *,
    only_best: bool = False,
) -> Floats:
    """Return only the score that `weigh` computes, for searches that need nothing else.

    Args:
        selected: the slices' counts in the selection.
        all_selected: the counts of the whole selection (length 1).
        baseline: the slices' counts in the baseline.
        all_baseline: the counts of the whole baseline (length 1).
        log_level: natural log of the one-sided error level of each bound.
        only_best: whether slices that surely score less than the best one may have 0.
    Returns:
        Nats, >= 0.
    """
    p1, p0 = share(selected, all_selected), share(baseline, all_baseline)
    out = np.zeros(len(selected))

    def limit(at: npt.NDArray[np.int64]) -> Floats:
        return upper_bound(*share_and_size(baseline[at], all_baseline, side="high"), log_level)

    # bounds cost most, and a slice that isn't more common has no score
    more = np.flatnonzero(p1 > p0)
    low = lower_bound(*share_and_size(selected[more], all_selected, side="low"), log_level)
    # nor has one whose lower bound doesn't exceed the share that was seen in the baseline
    least = low > p0[more]
    more, low = more[least], low[least]
    if only_best and len(more) > 1:
        most = divergence(low, p0[more])  # what each would score if the baseline's share were certain
        top = np.array([np.argmax(most)])
        kept = most >= divergence(low[top], limit(more[top]))
        more, low = more[kept], low[kept]
    out[more] = divergence(low, limit(more))
    return out


def rough_score(
    selected: Counts, all_selected: Counts, baseline: Counts, all_baseline: Counts, log_level: float
) -> Floats:
    """Return nearly what `score` does at a fraction of the cost, to choose what to score.

    A bound is where n KL(p || q) reaches the level (Chernoff): Wilson's bound and two steps of Newton.
    """
    out = np.zeros(len(selected))
    more = np.flatnonzero(share(selected, all_selected) > share(baseline, all_baseline))
    low = _rough_bound(selected[more], all_selected, "low", log_level)
    out[more] = divergence(low, _rough_bound(baseline[more], all_baseline, "high", log_level))
    return out


def _rough_bound(part: Counts, whole: Counts, side: Side, log_level: float) -> Floats:
    p, size = share_and_size(part, whole, side=side)
    sign = -1.0 if side == "low" else 1.0
    z2 = -2 * log_level / size
    spread = np.sqrt(z2 * (p * (1 - p) + z2 / 4))
    q = (p + z2 / 2 + sign * spread) / (1 + z2)
    for _ in range(2):
        q = np.clip(q, 1e-12, 1 - 1e-12)
        gap = special.rel_entr(p, q) + special.rel_entr(1 - p, 1 - q) + log_level / size
        slope = (q - p) / (q * (1 - q))
        q = q - np.divide(gap, slope, out=np.zeros_like(q), where=np.abs(slope) > 1e-9)
    return np.clip(q, 0.0, p) if side == "low" else np.clip(q, p, 1.0)


def rates(p1: Floats, p0: Floats, selected_weight: float, baseline_weight: float) -> tuple[Floats, Floats]:
    """Return the outcome's rate inside and outside slices with these shares; NaN where there are none."""
    with np.errstate(divide="ignore", invalid="ignore"):
        inside = p1 * selected_weight / (p1 * selected_weight + p0 * baseline_weight)
        outside = (1 - p1) * selected_weight / ((1 - p1) * selected_weight + (1 - p0) * baseline_weight)
    return inside, outside


def _ratio(inside: Floats, outside: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = inside / outside
    # a slice that holds every event has no outside to compare with
    return np.where(np.isnan(outside), np.nan, np.where(np.isnan(ratio), 1.0, ratio))


def least_testable(log_rate: float, alpha: float) -> float:
    """Return the observations below which no slice is testable, as `count_testable` counts; > 0."""
    return math.log(alpha) / log_rate * (1 - 1e-9)  # rounding must not leave one out


def count_testable(totals: Floats, log_rate: float, alpha: float) -> int:
    """Return how many slices could be significant at all: the number of tests to correct for.

    Args:
        totals: observations of each slice, in both groups together.
        log_rate: natural log of the selection's share of all observations, < 0.
        alpha: the error allowed for this search.
    Returns:
        The least k >= 1 such that at most k slices have rate^total <= alpha/k.
    Source: Tarone (1990), A modified Bonferroni method for discrete data.
    """
    best = totals * log_rate  # log of the smallest p-value that each slice could have
    best = best[best <= np.log(alpha)]
    # the more tests are corrected for, the fewer slices can pass: bisect for where the two meet
    low, high, surely = 1, max(len(best), 1), 0
    while low < high:
        k = (low + high) // 2
        passes = best <= np.log(alpha / k)
        found = surely + int(np.count_nonzero(passes))
        # what passes for k does so for fewer, and what fails for k does so for more: no need to look again
        if found <= k:
            high, surely, best = k, found, best[~passes]
        else:
            low, best = k + 1, best[passes]
    return low


def usual_rate(history_selected: Counts, history: Counts, toward: Floats | float) -> Floats:
    """Return the outcome's earlier rate in each slice, shrunk by `USUAL` observations.

    Args:
        history_selected: the slices' counts of the outcome in earlier time.
        history: the slices' counts of all events in earlier time.
        toward: the rates to shrink toward.
    Returns:
        Rates in [0, 1].
    """
    size = history.w**2 / np.maximum(history.w2, 1e-300)
    with np.errstate(divide="ignore", invalid="ignore"):
        own = np.where(history.w > 0, history_selected.w / history.w, 0.0)
    return np.asarray((own * size + USUAL * toward) / (size + USUAL))


def excess_score(
    selected: Counts,
    all_selected: Counts,
    baseline: Counts,
    all_baseline: Counts,
    all_history_selected: Counts,
    all_history: Counts,
    log_level: Floats | float,
    deff: Floats | float,
    unit: float,
    usual: Floats,
    least: float = 0.0,
) -> Floats:
    """Return the score of each slice's excess of the outcome over its own earlier rate.

    Let a and b be the slice's weights in the selection and the baseline, A and B those of the whole groups,
    H the outcome's earlier rate, and h the slice's own, shrunk (`usual_rate`). The slice adds
    e = max(0, a - h(a+b)) beyond its usual, of E = A - H(A+B) in all. The share e/E is compared with the
    slice's share of all events, (a+b)/(A+B). A slice that was always bad adds little and sinks; it is not
    removed.

    Args:
        selected: the slices' counts in the selection.
        all_selected: the counts of the whole selection (length 1).
        baseline: the slices' counts in the baseline.
        all_baseline: the counts of the whole baseline (length 1).
        all_history_selected: the counts of the outcome in earlier time (length 1).
        all_history: the counts of all events in earlier time (length 1).
        log_level: natural log of the one-sided error level of each bound; one for all slices, or one each.
        deff: design effect of clustering, >= 1.
        unit: extra weight of a large cluster.
        usual: the slices' own earlier rates, h.
        least: the least excess to divide among slices. What one slice adds may exceed the total, if the
            outcome became less frequent elsewhere.
    Returns:
        Nats, >= 0; all 0 where the outcome is no more frequent than before.
    """
    both, all_both = selected + baseline, all_selected + all_baseline
    overall = float(all_history_selected.w[0] / max(all_history.w[0], 1e-300))
    e = np.maximum(selected.w - usual * both.w, 0.0)
    excess = max(float(all_selected.w[0] - overall * all_both.w[0]), least)
    if excess <= 0:  # the outcome is no more frequent than before: there is nothing to divide among slices
        return np.zeros(len(selected))
    shifted, size = share_and_size(selected, all_selected, deff, unit, side="low")
    with np.errstate(divide="ignore", invalid="ignore"):
        kept = np.where(selected.w > 0, shifted / np.maximum(share(selected, all_selected), 1e-300), 0.0)
    p1 = np.clip(e / excess * kept, 0.0, 1.0)
    low = lower_bound(p1, size * min(1.0, excess / float(all_selected.w[0])), log_level)
    return divergence(low, upper_bound(*share_and_size(both, all_both, deff, unit, side="high"), log_level))
