"""Evidence that a slice is more common in one group than in another: counts, sample weights, clusters.

Arrays have one entry per slice. The counts of a group are `Counts`: observations n, weight w and squared
weight w2. So a share is weighted, and its uncertainty takes into account how few rows carry the weight.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import special

Floats: TypeAlias = npt.NDArray[np.float64]
Side: TypeAlias = Literal["low", "high"]

# A slice's own earlier rate is drawn toward another by so many observations.
USUAL = 20.0


@dataclass(frozen=True)
class Counts:
    """Sums over the rows of each slice, as arrays of one length.

    Attributes:
        n: observations, the sum of event counts.
        w: weight, the sum of event count times sample weight.
        w2: squared weight, the sum of event count times squared sample weight.
    """

    n: Floats
    w: Floats
    w2: Floats

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.n + other.n, self.w + other.w, self.w2 + other.w2)

    def __sub__(self, other: Counts) -> Counts:
        # weights are floats: the difference of equal sums is noise, not a negative count
        return Counts(
            np.maximum(self.n - other.n, 0),
            np.where(self.n > other.n, np.maximum(self.w - other.w, 0), 0.0),
            np.where(self.n > other.n, np.maximum(self.w2 - other.w2, 0), 0.0),
        )

    def __getitem__(self, key: slice | npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> Counts:
        return Counts(self.n[key], self.w[key], self.w2[key])

    def __len__(self) -> int:
        return len(self.n)

    def sum(self) -> Counts:
        """Return the sums over all slices, as arrays of length 1."""
        return Counts(*(np.atleast_1d(part.sum(dtype=np.float64)) for part in (self.n, self.w, self.w2)))

    @staticmethod
    def join(parts: list[Counts]) -> Counts:
        """Return the slices of all parts, in order."""
        if not parts:
            return Counts(np.zeros(0), np.zeros(0), np.zeros(0))
        return Counts(
            *(np.concatenate([getattr(p, k) for p in parts]).astype(float) for k in ("n", "w", "w2"))
        )


def share(part: Counts, whole: Counts) -> Floats:
    """Return the weighted share of the whole that lies in each slice, in [0, 1]."""
    return np.clip(part.w / max(float(whole.w[0]), 1e-300), 0.0, 1.0)


def effective_size(
    part: Counts, whole: Counts, design_effect: Floats | float = 1.0, *, side: Side = "low"
) -> Floats:
    """Return the effective sample size of a slice's share: independent, equally weighted observations.

    n_eff = p(1-p)/v, where v is the variance of the weighted share under Poisson sampling:
    v = sum n w² (1[in slice] - p)² / (sum n w)². Where v is 0 (p is 0 or 1): (sum n w)² / (sum n w²).
    Kish's formula, which uses the spread of the weights alone, gives false alarms where sampling depends on
    the slice.

    Where weights differ, v comes out too small if by chance all heavy rows are on one side. So one heavy row
    is added on the other side. With equal weights that row weighs nothing and the sizes are exact.

    Args:
        part: the counts of the slices.
        whole: the counts of their group (length 1).
        design_effect: of clustering, >= 1; it makes the rows of a cluster count once.
        side: the bound that the size is for. "low" adds the heavy row outside the slice, "high" inside.
    Returns:
        Effective observations, > 0.
    """
    p = share(part, whole)
    total, squares = float(whole.w[0]), float(whole.w2[0])
    more = heavy(squares, total, float(whole.n[0]))
    inside, outside = (0.0, more) if side == "low" else (more, 0.0)
    v = (part.w2 + inside) * (1 - p) ** 2 + (np.maximum(squares - part.w2, 0.0) + outside) * p**2
    v = v / max(total**2, 1e-300)
    plain = total**2 / max(squares, 1e-300)
    with np.errstate(divide="ignore", invalid="ignore"):
        size = np.where(v > 0, p * (1 - p) / v, plain)
    size = np.where((p <= 0) | (p >= 1), plain, size)
    return np.maximum(size / design_effect, 1e-9)


def share_and_size(
    part: Counts, whole: Counts, design_effect: Floats | float = 1.0, unit: float = 0.0, *, side: Side
) -> tuple[Floats, Floats]:
    """Return each slice's share and its effective sample size, both on the conservative side.

    Where weights differ, all heavy rows may be on one side by chance, and the variance of the share looks
    smaller than it is. So the size never exceeds the one that the spread of the weights allows (Kish). Where
    clusters differ in size, a large one is added: inside the slice for an upper bound, else outside.

    Args:
        part: the counts of the slices.
        whole: the counts of their group (length 1).
        design_effect: of clustering, >= 1.
        unit: extra weight of a large cluster over an average one; 0 where all weigh the same.
        side: the bound that is wanted.
    Returns:
        Shares in [0, 1] and effective observations; with equal weights and no clusters, exactly as counted.
    """
    total, squares = float(whole.w[0]), float(whole.w2[0])
    added = max(total + unit, 1e-300)
    p = np.clip((part.w + (unit if side == "high" else 0.0)) / added, 0.0, 1.0)
    v = design_effect * (part.w2 * (1 - p) ** 2 + np.maximum(squares - part.w2, 0.0) * p**2)
    v = (v + unit**2 * ((1 - p) ** 2 if side == "high" else p**2)) / added**2
    plain = total**2 / max(squares, 1e-300) / design_effect
    with np.errstate(divide="ignore", invalid="ignore"):
        size = np.where((v > 0) & (p > 0) & (p < 1), p * (1 - p) / v, plain)
    return p, np.maximum(np.minimum(size, plain), 1e-9)


def heavy(squares: float, total: float, count: float) -> float:
    """Return by how much the squared weight of a heavy unit exceeds that of an average one.

    Args:
        squares: the sum of the squared weights.
        total: the sum of the weights.
        count: the number of units.
    Returns:
        A squared weight, >= 0; 0 where all units weigh the same.
    """
    if total <= 0 or count <= 0:
        return 0.0
    gap = (squares / total) ** 2 - (total / count) ** 2
    return gap if gap > 1e-9 * (total / count) ** 2 else 0.0


def lower_bound(p: Floats, size: Floats, log_level: float) -> Floats:
    """Return the one-sided Clopper-Pearson lower bound of a share seen on `size` observations."""
    hits = p * size
    with np.errstate(invalid="ignore"):
        bound = special.betaincinv(np.maximum(hits, 1e-12), size - hits + 1, math.exp(max(log_level, -700.0)))
    return np.where(hits <= 0, 0.0, np.nan_to_num(bound))


def upper_bound(p: Floats, size: Floats, log_level: float) -> Floats:
    """Return the one-sided Clopper-Pearson upper bound of a share seen on `size` observations."""
    hits = p * size
    misses = np.maximum(size - hits, 1e-12)
    with np.errstate(invalid="ignore"):
        bound = special.betainccinv(hits + 1, misses, math.exp(max(log_level, -700.0)))
    return np.where(size - hits <= 1e-12, 1.0, np.nan_to_num(bound, nan=1.0))


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
        risk_ratio, risk_ratio_low, risk_ratio_high: inside / outside, with its interval.
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
    excess_share: Floats


def weigh(
    selected: Counts,
    all_selected: Counts,
    baseline: Counts,
    all_baseline: Counts,
    log_level: float,
    deff: tuple[Floats | float, Floats | float] = (1.0, 1.0),
    units: tuple[float, float] = (0.0, 0.0),
) -> Evidence:
    """Compare slices between a selection and a baseline.

    Args:
        selected: the slices' counts in the selection.
        all_selected: the counts of the whole selection (length 1).
        baseline: the slices' counts in the baseline.
        all_baseline: the counts of the whole baseline (length 1).
        log_level: natural log of the one-sided error level of each bound, all corrections included.
        deff: design effects of clustering in both groups, >= 1.
        units: extra weight of a large cluster in both groups.
    Returns:
        Evidence; `score` is KL(Bern(p1_low) || Bern(p0_high)), 0 where the bounds overlap. The interval of
        the risk ratio is the ratio computed at the ends of both shares' intervals.
    """
    p1, p0 = share(selected, all_selected), share(baseline, all_baseline)
    low1 = lower_bound(*share_and_size(selected, all_selected, deff[0], units[0], side="low"), log_level)
    high1 = upper_bound(*share_and_size(selected, all_selected, deff[0], units[0], side="high"), log_level)
    low0 = lower_bound(*share_and_size(baseline, all_baseline, deff[1], units[1], side="low"), log_level)
    high0 = upper_bound(*share_and_size(baseline, all_baseline, deff[1], units[1], side="high"), log_level)
    wa, wb = float(all_selected.w[0]), float(all_baseline.w[0])
    inside, outside = rates(p1, p0, wa, wb)
    with np.errstate(divide="ignore", invalid="ignore"):
        excess = np.where(p0 < 1, (p1 - p0) / (1 - p0), 0.0)
    return Evidence(
        score=divergence(low1, high0),
        selected_share=p1,
        baseline_share=p0,
        rate_inside=inside,
        rate_outside=outside,
        risk_ratio=_ratio(inside, outside),
        risk_ratio_low=_ratio(*rates(low1, high0, wa, wb)),
        risk_ratio_high=_ratio(*rates(high1, low0, wa, wb)),
        excess_share=excess,
    )


def score(
    selected: Counts, all_selected: Counts, baseline: Counts, all_baseline: Counts, log_level: float
) -> Floats:
    """Return only the score that `weigh` computes, for searches that need nothing else."""
    p1, p0 = share(selected, all_selected), share(baseline, all_baseline)
    out = np.zeros(len(selected))
    # bounds cost most, and a slice that isn't more common has no score
    more = np.flatnonzero(p1 > p0)
    low = lower_bound(*share_and_size(selected[more], all_selected, side="low"), log_level)
    out[more] = divergence(
        low, upper_bound(*share_and_size(baseline[more], all_baseline, side="high"), log_level)
    )
    return out


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
    low, high = 1, max(len(best), 1)
    while low < high:
        k = (low + high) // 2
        if np.count_nonzero(best <= np.log(alpha / k)) <= k:
            high = k
        else:
            low = k + 1
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
    log_level: float,
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
        log_level: natural log of the one-sided error level of each bound.
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
