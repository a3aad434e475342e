"""Compare two arms at any number of looks: e-values and bounds that stay valid however often one looks.

The counts of two arms are split into strata, such as the minutes of a rollout. In a stratum the arms A and B
have `n_a` and `n_b` observations, of which `x_a` and `x_b` have the outcome. Given `m = x_a + x_b` and the
share `pi = n_b / (n_a + n_b)`, `x_b` is binomial with the probability `pi r / (1 - pi + pi r)`, where r is
the ratio of the two rates. An e-value is a likelihood ratio, averaged over the alternatives in `RATIOS`; its
expectation is at most 1 if the null hypothesis is true. So it exceeds 1/alpha at any look with a probability
of at most alpha (Ville's inequality). The share may differ between strata, and it may be chosen by a rollout.

Sources: Robbins, "Statistical methods related to the law of the iterated logarithm" (1970), for mixtures;
Hoeffding, "Probability inequalities for sums of bounded random variables" (1963), for observations without
replacement; Lindon and Malek, "Anytime-valid inference for multinomial count data" (2022).
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import special

Floats: TypeAlias = npt.NDArray[np.float64]

# The alternatives that an e-value is averaged over: how many times as high, or as low, the rate may be.
RATIOS = np.array([1.1, 1.2, 1.35, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0, 6.0, 10.0, 20.0, 50.0])
_STEPS = np.log(RATIOS)
_LOG_WEIGHT = -float(np.log(len(RATIOS)))
_LEAST, _MOST = 1e-4, 1e4  # beyond these a bound of a ratio is 0 or infinite
_HALVINGS = 44


def log_e_terms(
    x_b: npt.ArrayLike, m: npt.ArrayLike, pi: npt.ArrayLike, r0: npt.ArrayLike = 1.0, *, up: bool
) -> Floats:
    """Return the contribution of every stratum to the logarithm of each alternative's likelihood ratio.

    Args:
        x_b: outcomes of arm B per stratum.
        m: outcomes of both arms per stratum.
        pi: share of arm B in the observations of the stratum, in [0, 1].
        r0: the ratio of rates under the null hypothesis; broadcasts with the strata.
        up: whether the alternatives are above `r0`.

    Returns:
        Array of shape (len(RATIOS), ...): sum it over strata, then give it to `log_mixture`. A stratum
        without outcomes, or with one arm only, contributes 0.
    """
    x, total, share, null = np.broadcast_arrays(*(np.asarray(v, np.float64) for v in (x_b, m, pi, r0)))
    step = (_STEPS if up else -_STEPS).reshape(-1, *([1] * x.ndim))
    informative = (share > 0) & (share < 1) & (total > 0)
    alternative = null * np.exp(step)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = x * step + total * (np.log1p(share * (null - 1)) - np.log1p(share * (alternative - 1)))
    return np.asarray(np.where(informative, found, 0.0), np.float64)


def log_mixture(terms: Floats) -> Floats:
    """Average likelihood ratios over the alternatives.

    Args:
        terms: their logarithms, of shape (len(RATIOS), ...), summed over strata.

    Returns:
        The natural logarithm of the e-value.
    """
    return np.asarray(special.logsumexp(terms, axis=0) + _LOG_WEIGHT, np.float64)


def log_e(
    x_b: npt.ArrayLike,
    m: npt.ArrayLike,
    pi: npt.ArrayLike,
    r0: npt.ArrayLike = 1.0,
    *,
    up: bool,
    design_effect: float = 1.0,
) -> Floats:
    """Return the evidence against a ratio of rates, from strata along the last axis.

    Args:
        x_b: outcomes of arm B, of shape (..., strata).
        m: outcomes of both arms, likewise.
        pi: share of arm B in the observations, likewise.
        r0: the ratio under the null hypothesis, of shape (...).
        up: with True the null hypothesis is r <= r0, else r >= r0.
        design_effect: at least 1; by how much dependence and unequal weights inflate the variance.

    Returns:
        Natural logarithm of the e-value, of shape (...).
    """
    terms = log_e_terms(x_b, m, pi, np.asarray(r0, np.float64)[..., None], up=up)
    return log_mixture(terms.sum(axis=-1) / design_effect)


def ratio_bound(
    x_b: npt.ArrayLike,
    m: npt.ArrayLike,
    pi: npt.ArrayLike,
    alpha: float,
    *,
    lower: bool,
    design_effect: float = 1.0,
) -> Floats:
    """Return a one-sided bound of the ratio of rates that holds at all looks with probability 1 - alpha.

    Args:
        x_b: outcomes of arm B, of shape (..., strata).
        m: outcomes of both arms, likewise.
        pi: share of arm B in the observations, likewise.
        alpha: probability of an error over all looks, in (0, 1).
        lower: whether to return the lower bound.
        design_effect: as in `log_e`.

    Returns:
        The bound, of shape (...): 0 or infinity if the data do not bound the ratio.
    """
    x, total, share = np.broadcast_arrays(*(np.asarray(v, np.float64) for v in (x_b, m, pi)))
    shape = x.shape[:-1]
    low, high = np.full(shape, np.log(_LEAST)), np.full(shape, np.log(_MOST))
    level = np.log(1 / alpha)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        rejected = log_e(x, total, share, np.exp(middle), up=lower, design_effect=design_effect) >= level
        above = rejected if lower else ~rejected
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    found = np.exp((low + high) / 2)
    if lower:
        return np.where(found < _LEAST * 1.01, 0.0, found)
    return np.where(found > _MOST / 1.01, np.inf, found)


def rate_bound(x: npt.ArrayLike, n: npt.ArrayLike, alpha: float, *, lower: bool = False) -> Floats:
    """Return a one-sided bound of one rate that holds at all looks with probability 1 - alpha.

    Args:
        x: outcomes.
        n: observations.
        alpha: probability of an error over all looks, in (0, 1).
        lower: whether to return the lower bound.

    Returns:
        The bound, in [0, 1].

    Source: Robbins (1970), mixture over a beta distribution with a = b = 1/2.
    """
    hits, total = np.broadcast_arrays(np.asarray(x, np.float64), np.asarray(n, np.float64))
    mixed = special.betaln(0.5 + hits, 0.5 + total - hits) - special.betaln(0.5, 0.5)
    middle = np.clip(hits / np.maximum(total, 1e-9), 1e-12, 1 - 1e-12)
    low, high = (np.full(hits.shape, 1e-12), middle) if lower else (middle, np.full(hits.shape, 1 - 1e-12))
    for _ in range(_HALVINGS + 16):
        at = (low + high) / 2
        evidence = mixed - special.xlogy(hits, at) - special.xlog1py(total - hits, -at)
        outward = (evidence >= np.log(1 / alpha)) == lower
        low, high = np.where(outward, at, low), np.where(outward, high, at)
    return np.asarray((low + high) / 2, np.float64)


def rank_bounds(n: npt.ArrayLike, q: float, alpha: float) -> tuple[Floats, Floats]:
    """Return the ranks between which a quantile lies at all looks with probability 1 - alpha.

    Args:
        n: observations so far, per look.
        q: the quantile, in (0, 1).
        alpha: probability of an error over all looks, in (0, 1).

    Returns:
        The lower and the upper rank, counted from 1: the quantile is not below the observation of the lower
        rank and not above that of the upper one. The rank 0 is no lower bound, and n + 1 is no upper one.

    Source: Howard and Ramdas, "Sequential estimation of quantiles with applications to A/B testing and
    best-arm identification" (2022), with a mixture over a beta distribution with a = 5 q and b = 5 (1 - q).
    """
    total = np.asarray(n, np.float64)
    a, b = 5 * q, 5 * (1 - q)

    def excluded(below: Floats) -> npt.NDArray[np.bool_]:
        mixed = special.betaln(a + below, b + total - below) - special.betaln(a, b)
        evidence = mixed - below * np.log(q) - (total - below) * np.log1p(-q)
        return np.asarray(evidence >= np.log(1 / alpha), np.bool_)

    ends = []
    for start, stop in ((np.floor(total * q), np.full(total.shape, -1.0)), (np.ceil(total * q), total + 1)):
        # As many observations below the quantile as `inside` are not excluded, as many as `outside` are.
        inside, outside = start, stop
        while (apart := np.abs(outside - inside) > 1).any():
            middle = np.trunc((inside + outside) / 2)
            beyond = excluded(np.clip(middle, 0, total)) & apart
            inside, outside = np.where(apart & ~beyond, middle, inside), np.where(beyond, middle, outside)
        ends.append(inside)
    return ends[0], ends[1] + 1


def common_ratio(n_a: npt.ArrayLike, x_a: npt.ArrayLike, n_b: npt.ArrayLike, x_b: npt.ArrayLike) -> float:
    """Return the Mantel-Haenszel estimate of the ratio of rates, B over A, from strata.

    Args:
        n_a: observations of arm A per stratum.
        x_a: outcomes of arm A per stratum.
        n_b: observations of arm B per stratum.
        x_b: outcomes of arm B per stratum.

    Returns:
        The ratio: infinite if only B has outcomes, NaN if neither has.
    """
    n1, x1, n2, x2 = (np.asarray(v, np.float64) for v in (n_a, x_a, n_b, x_b))
    n = np.maximum(n1 + n2, 1e-300)
    top, bottom = float((x2 * n1 / n).sum()), float((x1 * n2 / n).sum())
    if bottom > 0:
        return top / bottom
    return float("inf") if top > 0 else float("nan")


def common_difference(
    n_a: npt.ArrayLike, x_a: npt.ArrayLike, n_b: npt.ArrayLike, x_b: npt.ArrayLike
) -> float:
    """Return the Mantel-Haenszel estimate of the difference of rates, B minus A, from strata.

    Args:
        n_a: observations of arm A per stratum.
        x_a: outcomes of arm A per stratum.
        n_b: observations of arm B per stratum.
        x_b: outcomes of arm B per stratum.

    Returns:
        The difference, in [-1, 1]; NaN if no stratum has both arms.
    """
    n1, x1, n2, x2 = (np.asarray(v, np.float64) for v in (n_a, x_a, n_b, x_b))
    n = np.maximum(n1 + n2, 1e-300)
    weight = float((n1 * n2 / n).sum())
    return float(((x2 * n1 - x1 * n2) / n).sum()) / weight if weight > 0 else float("nan")
