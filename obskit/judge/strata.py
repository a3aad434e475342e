"""Counts of an outcome in two arms by look and operation, and the evidence in them at every look.

The outcome is counted in rows, never in sample weights. Where the sampling depends on the outcome, as with
tail sampling that keeps every error, the rows without it are counted as the number that would have been kept
at the rate at which rows with the outcome are kept; the evidence is then divided by a design effect.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from obskit.stats.sequential import (
    Floats,
    common_difference,
    common_ratio,
    log_e_terms,
    log_mixture,
    ratio_bound,
)

# Sampling depends on the outcome if the mean weights differ by more, as a logarithm.
DEPENDENT = 0.1
_TWICE = float(np.log(2))
A, B = 0, 1


@dataclass(frozen=True, eq=False)
class Tally:
    """Sums over rows by look, operation and arm, each of shape (looks, operations, 2).

    Attributes:
        n: rows.
        w: sample weight.
        w2: squared sample weight.
    """

    n: Floats
    w: Floats
    w2: Floats

    def __sub__(self, other: Tally) -> Tally:
        # Weights are floats: the difference of equal sums may be slightly negative.
        return Tally(*(np.maximum(a - b, 0.0) for a, b in self.pairs(other)))

    def pairs(self, other: Tally) -> tuple[tuple[Floats, Floats], ...]:
        """Return the sums of both, side by side."""
        return (self.n, other.n), (self.w, other.w), (self.w2, other.w2)


@dataclass(frozen=True, eq=False)
class Strata:
    """An outcome in two arms, by look and operation: each array has the shape (looks, operations).

    Attributes:
        n_a, n_b: exposure of the baseline and of the candidate.
        x_a, x_b: rows with the outcome.
        design_effect: by how much the evidence up to each look is reduced, at least 1; of shape (looks,).
        dependent: whether the sampling depends on the outcome, so that intervals are approximate.
    """

    n_a: Floats
    x_a: Floats
    n_b: Floats
    x_b: Floats
    design_effect: Floats
    dependent: bool

    @property
    def looks(self) -> int:
        """The number of looks."""
        return len(self.n_a)

    @cached_property
    def m(self) -> Floats:
        """Outcomes of both arms."""
        return self.x_a + self.x_b

    @cached_property
    def pi(self) -> Floats:
        """The candidate's share of the exposure; 0 in a stratum without rows."""
        return np.divide(self.n_b, n := self.n_a + self.n_b, out=np.zeros_like(n), where=n > 0)

    def log_e(self, r0: float = 1.0, *, up: bool) -> Floats:
        """Return the evidence against the ratio `r0` at every look, as the logarithm of an e-value."""
        terms = log_e_terms(self.x_b, self.m, self.pi, r0, up=up).sum(axis=2).cumsum(axis=1)
        return log_mixture(terms / self.design_effect)

    def log_e_at(self, look: int, r0: float, *, up: bool) -> float:
        """Return the evidence against a ratio at one look."""
        part = slice(0, look + 1)
        terms = log_e_terms(self.x_b[part], self.m[part], self.pi[part], r0, up=up).sum(axis=(1, 2))
        return float(log_mixture(terms / self.design_effect[look]))

    def bounds(self, alpha_low: float, alpha_high: float, until: int | None = None) -> tuple[float, float]:
        """Return the lower and the upper bound of the ratio at a look, by default the last."""
        last = self.looks - 1 if until is None else until
        if last < 0:
            return 0.0, float("inf")
        x_b, m, pi = (v[: last + 1].ravel() for v in (self.x_b, self.m, self.pi))
        effect = float(self.design_effect[last])
        low = float(ratio_bound(x_b, m, pi, alpha_low, lower=True, design_effect=effect))
        return low, float(ratio_bound(x_b, m, pi, alpha_high, lower=False, design_effect=effect))

    def ratio(self, until: int | None = None) -> float:
        """Return the Mantel-Haenszel ratio up to a look, by default the last."""
        return common_ratio(*(v[: self._end(until)] for v in self._arms))

    def difference(self, until: int | None = None) -> float:
        """Return the Mantel-Haenszel difference up to a look, by default the last."""
        return common_difference(*(v[: self._end(until)] for v in self._arms))

    def totals(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Return (n_a, x_a, n_b, x_b) up to every look, each of shape (looks,)."""
        n_a, x_a, n_b, x_b = (v.sum(axis=1).cumsum() for v in self._arms)
        return n_a, x_a, n_b, x_b

    def excess(self) -> Floats:
        """Return per operation by how much the candidate's outcomes exceed those expected of it."""
        return np.asarray((self.x_b - self.m * self.pi).sum(axis=0), np.float64)

    @property
    def _arms(self) -> tuple[Floats, Floats, Floats, Floats]:
        return self.n_a, self.x_a, self.n_b, self.x_b

    def _end(self, until: int | None) -> int:
        return self.looks if until is None else until + 1


def strata_of(hits: Tally, others: Tally) -> Strata:
    """Return the strata of an outcome, with exposures that account for how rows were sampled.

    Args:
        hits: the rows with the outcome.
        others: the rows without it.

    Returns:
        The strata. If within each arm of an operation rows with and without the outcome have the same mean
        weight, exposures are rows, and everything is exact.
    """
    plain = hits.n + others.n
    dependent, weight = sampling(hits, others)
    if not dependent.any():
        effect = np.ones(len(plain))
        return Strata(plain[..., A], hits.n[..., A], plain[..., B], hits.n[..., B], effect, False)
    exposure = np.where(dependent[:, None], hits.n + others.w / weight, plain)
    squares = np.where(dependent[:, None], others.w2 / weight**2, others.n)
    effect = _design_effects(hits.n, exposure, squares)
    return Strata(exposure[..., A], hits.n[..., A], exposure[..., B], hits.n[..., B], effect, True)


def sampling(hits: Tally, others: Tally) -> tuple[np.ndarray, Floats]:
    """Return per operation whether sampling depends on the outcome, and the weight of rows with it.

    Args:
        hits: the rows with the outcome.
        others: the rows without it.

    Returns:
        Flags of shape (operations,) and weights of shape (operations, 2): the mean of both arms, or each
        arm's own if those differ by more than a factor of 2.
    """
    n, w = hits.n.sum(axis=0), hits.w.sum(axis=0)
    other_n, other_w = others.n.sum(axis=0), others.w.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        own = np.where(n > 0, w / n, np.nan)
        gap = np.abs(np.log(own / (other_w / other_n)))
        dependent = (gap > DEPENDENT).any(axis=1)
        total = n.sum(axis=1)
        shared = np.where(total > 0, w.sum(axis=1) / total, 1.0)
        apart = np.abs(np.log(own[:, A] / own[:, B])) > _TWICE
    weight = np.where(apart[:, None], own, shared[:, None])
    return dependent, np.where(np.isfinite(weight) & (weight > 0), weight, 1.0)


def _design_effects(x: Floats, exposure: Floats, squares: Floats) -> Floats:
    """Return per look the robust variance of the score so far, divided by that of plain counts; at least 1.

    Args:
        x: rows with the outcome; (looks, operations, 2).
        exposure: exposures.
        squares: sums of squared exposures of the rows without the outcome.
    """
    n = np.maximum(exposure.sum(axis=2), 1e-9)
    pi, p, m = exposure[..., B] / n, np.clip(x.sum(axis=2) / n, 0, 1), x.sum(axis=2)
    in_a, in_b = pi**2, (1 - pi) ** 2
    robust = (1 - p) ** 2 * (x[..., B] * in_b + x[..., A] * in_a)
    robust += p**2 * (squares[..., B] * in_b + squares[..., A] * in_a)
    naive = pi * (1 - pi) * m
    robust, naive = robust.sum(axis=1).cumsum(), naive.sum(axis=1).cumsum()
    return np.asarray(np.maximum(1.0, robust / np.maximum(naive, 1e-9)), np.float64)
