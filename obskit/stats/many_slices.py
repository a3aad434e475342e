"""Find the slices, among thousands, in which an outcome is more frequent in one of two arms.

Each slice has an exact p-value. Slices that are too small to ever be significant are left out beforehand
(Tarone), and the rate of false discoveries among the others is limited (Benjamini and Hochberg).

Sources: Tarone, "A modified Bonferroni method for discrete data" (1990); Benjamini and Hochberg,
"Controlling the false discovery rate" (1995); Hoeffding, "On the distribution of the number of successes in
independent trials" (1956), for the bound over strata.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import special

from obskit.stats.sequential import Floats

Bools = npt.NDArray[np.bool_]


def exact_p(n_a: Floats, x_a: Floats, n_b: Floats, x_b: Floats) -> tuple[Floats, Floats]:
    """Return the p-value of each slice against "B has the outcome no more often than A", without strata.

    Args:
        n_a: observations of arm A per slice.
        x_a: outcomes of arm A per slice.
        n_b: observations of arm B per slice.
        x_b: outcomes of arm B per slice.

    Returns:
        (p-values, the least p-values that these numbers of observations and outcomes can give); from the
        hypergeometric distribution.
    """
    m = x_a + x_b
    p, least = np.ones(len(m)), np.ones(len(m))
    some = np.flatnonzero((m > 0) & (n_a > 0) & (n_b > 0))
    least[some] = _hypergeometric_tail(np.minimum(m, n_b)[some], m[some], n_a[some], n_b[some])
    hit = some[x_b[some] > 0]
    p[hit] = _hypergeometric_tail(x_b[hit], m[hit], n_a[hit], n_b[hit])
    return p, least


def _hypergeometric_tail(x: Floats, m: Floats, n_a: Floats, n_b: Floats) -> Floats:
    """Return the probability that arm B has at least `x` of `m` outcomes, if they fall on either arm alike.

    Args:
        x: from 1 to m.
        m: outcomes of both arms.
        n_a: observations of arm A, at least 1.
        n_b: observations of arm B, at least 1.
    """
    # Terms fall beyond the mean. Below it, the other tail is summed: that A has more than m - x outcomes.
    below = x * (n_a + n_b) <= m * n_b
    first = np.where(below, m - x + 1, x)
    ours, others = np.where(below, n_a, n_b), np.where(below, n_b, n_a)
    log_term = _log_choose(ours, first) + _log_choose(others, m - first) - _log_choose(ours + others, m)
    term = np.exp(np.where((first > ours) | (m - first > others), -np.inf, log_term))
    total = term.copy()
    k, left = first.copy(), np.flatnonzero(term > 0)
    while len(left):
        at, out_of = k[left], m[left]
        ratio = (out_of - at) * (ours[left] - at) / ((at + 1) * (others[left] - out_of + at + 1))
        term[left] *= ratio
        total[left] += term[left]
        k[left] += 1
        left = left[term[left] > 1e-17 * total[left]]
    return np.clip(np.where(below, 1 - total, total), 0.0, 1.0)


def _log_choose(n: Floats, k: Floats) -> Floats:
    """Return the logarithm of the number of ways to choose k of n; not used where there is none."""
    inside = np.clip(k, 0, n)
    return np.asarray(-special.betaln(n - inside + 1, inside + 1) - np.log1p(n), np.float64)


def stratified_p(x_b: Floats, m: Floats, expected: Floats, most: Floats) -> tuple[Floats, Floats]:
    """Return an upper bound of the p-value of each slice, from the sums over its strata.

    In each stratum the outcomes of B, given both arms, are hypergeometric, and so a sum of independent
    Bernoulli variables. Hoeffding bounds the tail of such a sum by the binomial with the same mean.

    Args:
        x_b: outcomes of arm B per slice.
        m: outcomes of both arms per slice, in strata that have both arms.
        expected: sum over strata of outcomes times the share of arm B in the observations.
        most: the largest possible `x_b`: sum over strata of the smaller of outcomes and observations of B.

    Returns:
        (bounds of p-values, the least bounds that are possible).
    """
    share = np.divide(expected, m, out=np.zeros(len(m)), where=m > 0)

    def tail(x: Floats) -> Floats:
        out = np.ones(len(m))
        valid = np.flatnonzero((m > 0) & (x >= expected + 1))
        out[valid] = special.betainc(x[valid], m[valid] - x[valid] + 1, share[valid])  # at least x of m
        return out

    return tail(x_b), tail(most)


def attainable(least: Floats, alpha: float) -> Bools:
    """Return which slices can be significant at all, after correction for the number of such slices.

    Args:
        least: the least possible p-value per slice.
        alpha: the level, in (0, 1).

    Returns:
        The slices whose least p-value is at most alpha / k, for the smallest k that at most k slices fulfill.
    """
    ordered = np.sort(least)

    def too_small(k: int) -> bool:
        return int(np.searchsorted(ordered, alpha / k, side="right")) > k

    # The number of slices falls as k grows, so the smallest k can be found by bisection.
    low, high = 0, max(len(least), 1)
    while low + 1 < high:
        middle = (low + high) // 2
        low, high = (middle, high) if too_small(middle) else (low, middle)
    return np.asarray(least <= alpha / high, np.bool_)


def benjamini_hochberg(p: Floats, alpha: float) -> Bools:
    """Return which hypotheses are rejected with a rate of false discoveries of at most alpha.

    Args:
        p: p-values.
        alpha: the rate, in (0, 1).

    Returns:
        Which are rejected.
    """
    order = np.argsort(p, kind="stable")
    passed = np.flatnonzero(p[order] <= alpha * np.arange(1, len(p) + 1) / max(len(p), 1))
    out = np.zeros(len(p), np.bool_)
    if len(passed):
        out[order[: passed[-1] + 1]] = True
    return out


def discoveries(p: Floats, least: Floats, alpha: float) -> Bools:
    """Return the slices in which B has the outcome more often, with few false ones among them.

    Args:
        p: p-value per slice.
        least: the least possible p-value per slice.
        alpha: the expected share of false discoveries, in (0, 1).

    Returns:
        Which slices are discoveries.
    """
    chosen = np.flatnonzero(attainable(least, alpha))
    out = np.zeros(len(p), np.bool_)
    out[chosen] = benjamini_hochberg(p[chosen], alpha)
    return out
