"""Evidence that a slice is commoner in one group than in another, from counts, sampling weights and clusters.

Everything is an array over slices. A group's counts are a `Counts`: observations n, weight w and squared
weight w2, so that a share is weighted while its uncertainty knows how few rows carry that weight.
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


@dataclass(frozen=True)
class Counts:
    """Sums over the rows of a slice: observations n, weight n·w, squared weight n·w² (equal shapes)."""

    n: Floats
    w: Floats
    w2: Floats

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.n + other.n, self.w + other.w, self.w2 + other.w2)

    def __sub__(self, other: Counts) -> Counts:
        # weights are floats: what is left of equal sums is noise, not a negative count
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
    """Return how many independent, equally weighted observations a slice's share is worth.

    n_eff = p(1-p)/v, where v is the variance of the weighted share under Poisson sampling:
    v = sum n w² (1[in slice] - p)² / (sum n w)². Where v is 0 (p is 0 or 1): (sum n w)² / (sum n w²).
    Kish's formula, which knows only the weights' spread, gives false alarms where sampling depends on the
    slice. A cluster's rows count once through `design_effect` >= 1.

    Where weights differ, v is seen too small if by chance all heavy rows are on one side. So the side that a
    bound looks at is given one heavy row more ("low": outside the slice, "high": inside); with equal weights
    that row weighs nothing and the sizes are exact.
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


def sized(
    part: Counts, whole: Counts, design_effect: Floats | float = 1.0, unit: float = 0.0, *, side: Side
) -> tuple[Floats, Floats]:
    """Return each slice's share and what it is worth, with one large cluster more on a bound's unlucky side.

    Where weights differ, by chance all heavy rows may be on one side, and the variance of the share looks
    smaller than it is: so a share is never worth more than the weights' spread allows (Kish). Where clusters
    differ in size, a large one is added: inside the slice for an upper bound, outside for a lower one.

    Args:
        part, whole: the slices' counts, and the group's.
        design_effect: of clustering, >= 1.
        unit: weight of a large cluster beyond an average one; 0 where all are of a size.
        side: "low" or "high", the bound that is wanted.
    Returns:
        Shares in [0, 1] and effective observations; with equal weights and no clusters, as they were counted.
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
    """Return the square of a heavy unit's weight beyond an average one's; 0 where all weigh the same.

    Args:
        squares, total, count: sums of the squared weights, of the weights, and of the units.
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
    """What the counts say of each slice (arrays of one length)."""

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
    a: Counts,
    all_a: Counts,
    b: Counts,
    all_b: Counts,
    log_level: float,
    deff: tuple[Floats | float, Floats | float] = (1.0, 1.0),
    units: tuple[float, float] = (0.0, 0.0),
) -> Evidence:
    """Compare slices between a selection and a baseline.

    Args:
        a, b: the slices' counts in the selection and in the baseline.
        all_a, all_b: the whole groups (length 1).
        log_level: natural log of the one-sided error level of each bound, all corrections included.
        deff: design effects of clustering in both groups, >= 1.
        units: weight of a heavy cluster in both groups.
    Returns:
        Evidence; `score` is KL(Bern(p1_low) || Bern(p0_high)), 0 where the bounds overlap. The interval of
        the risk ratio is its own expression at the ends of the two intervals.
    """
    p1, p0 = share(a, all_a), share(b, all_b)
    low1 = lower_bound(*sized(a, all_a, deff[0], units[0], side="low"), log_level)
    high1 = upper_bound(*sized(a, all_a, deff[0], units[0], side="high"), log_level)
    low0 = lower_bound(*sized(b, all_b, deff[1], units[1], side="low"), log_level)
    high0 = upper_bound(*sized(b, all_b, deff[1], units[1], side="high"), log_level)
    wa, wb = float(all_a.w[0]), float(all_b.w[0])
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


def score(a: Counts, all_a: Counts, b: Counts, all_b: Counts, log_level: float) -> Floats:
    """Return the score that `weigh` gives, alone: for searches that need nothing else."""
    p1, p0 = share(a, all_a), share(b, all_b)
    out = np.zeros(len(a))
    # bounds cost most, and a slice that is no commoner has no score
    more = np.flatnonzero(p1 > p0)
    low = lower_bound(*sized(a[more], all_a, side="low"), log_level)
    out[more] = divergence(low, upper_bound(*sized(b[more], all_b, side="high"), log_level))
    return out


def rates(p1: Floats, p0: Floats, weight_a: float, weight_b: float) -> tuple[Floats, Floats]:
    """Return the rate of the outcome inside and outside slices of these shares (NaN where no event is)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        inside = p1 * weight_a / (p1 * weight_a + p0 * weight_b)
        outside = (1 - p1) * weight_a / ((1 - p1) * weight_a + (1 - p0) * weight_b)
    return inside, outside


def _ratio(inside: Floats, outside: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = inside / outside
    # a slice that holds every event has no outside to compare with
    return np.where(np.isnan(outside), np.nan, np.where(np.isnan(ratio), 1.0, ratio))


def paid_tests(totals: Floats, log_rate: float, alpha: float) -> int:
    """Return how many slices could reach significance at all (Tarone): what a search must pay for.

    Args:
        totals: observations of each slice, both groups together.
        log_rate: natural log of the selection's share of all observations, < 0.
        alpha: the error allowed for this search.
    Returns:
        The least k >= 1 such that at most k slices have rate^total <= alpha/k.
    Source: Tarone (1990), A modified Bonferroni method for discrete data.
    """
    best = totals * log_rate  # log of the least p-value each slice could have
    best = best[best <= np.log(alpha)]
    # the more tests are paid for, the fewer slices can pass: bisect for where the two meet
    low, high = 1, max(len(best), 1)
    while low < high:
        k = (low + high) // 2
        if np.count_nonzero(best <= np.log(alpha / k)) <= k:
            high = k
        else:
            low = k + 1
    return low


def excess_score(
    a: Counts,
    all_a: Counts,
    b: Counts,
    all_b: Counts,
    history_a: Counts,
    all_history_a: Counts,
    history: Counts,
    all_history: Counts,
    log_level: float,
    deff: Floats | float = 1.0,
    unit: float = 0.0,
) -> Floats:
    """Return the score of each slice's excess of the outcome over its own earlier rate.

    With H the outcome's earlier rate and h the slice's own, shrunk towards H by 20 observations:
    e = max(0, a - h(a+b)) of E = A - H(A+B) is what the slice adds beyond the usual, and is compared with its
    share of all events, (a+b)/(A+B). A slice that was always bad adds little and sinks; it is not removed.

    Args:
        history_a, history: the slices' counts of the outcome, and of all events, in earlier time.
        all_history_a, all_history: the same for all events (length 1).
    """
    both, all_both = a + b, all_a + all_b
    usual = float(all_history_a.w[0] / max(all_history.w[0], 1e-300))
    size = history.w**2 / np.maximum(history.w2, 1e-300)
    with np.errstate(divide="ignore", invalid="ignore"):
        own = np.where(history.w > 0, history_a.w / history.w, 0.0)
    h = (own * size + 20 * usual) / (size + 20)
    e = np.maximum(a.w - h * both.w, 0.0)
    excess = float(all_a.w[0] - usual * all_both.w[0])
    if excess <= 0:  # the outcome is no commoner than before: nothing to divide among slices
        return np.zeros(len(a))
    shifted, size = sized(a, all_a, deff, unit, side="low")
    with np.errstate(divide="ignore", invalid="ignore"):
        kept = np.where(a.w > 0, shifted / np.maximum(share(a, all_a), 1e-300), 0.0)
    p1 = np.clip(e / excess * kept, 0.0, 1.0)
    low = lower_bound(p1, size * min(1.0, excess / float(all_a.w[0])), log_level)
    return divergence(low, upper_bound(*sized(both, all_both, deff, unit, side="high"), log_level))
