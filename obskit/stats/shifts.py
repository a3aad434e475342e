"""Evidence that times, shares and counts differ between two groups of traces. A trace gives one value.

Evidence is a log likelihood ratio in nats. It measures only what exceeds a ratio of 1.5, so that a large
number of traces alone does not make a difference important.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

RATIO = 1.5
FLOOR = math.log(RATIO)
_PRIOR_DF = 4.0  # degrees of freedom with which the typical variance is added to a component's own
_ENOUGH_DF = 5
_SPREAD = 0.3  # standard deviation between the components of a group, so that none of them rules


@dataclass(frozen=True, eq=False)
class Shift:
    """How the mean of each component differs between two groups, on a log scale.

    Attributes:
        difference: mean of the first group less that of the second; 0 where one has no value.
        error: standard error; infinite where one group has no value.
        df: degrees of freedom.
        mean: the mean in each group.
        traces: number of values in each group.
    """

    difference: Floats
    error: Floats
    df: Floats
    mean: tuple[Floats, Floats]
    traces: tuple[Floats, Floats]

    def evidence(self, floor: float = FLOOR) -> Floats:
        """Return the evidence that each component increased by more than the floor."""
        t = np.maximum(self.difference - floor, 0.0) / self.error
        return (self.df + 1) / 2 * np.log1p(t * t / self.df)

    def interval(self, confidence: float = 0.95) -> tuple[Floats, Floats]:
        """Return the bounds of the ratio, the exponential of the difference."""
        reach = special.stdtrit(self.df, (1 + confidence) / 2) * self.error
        with np.errstate(over="ignore"):
            return np.exp(self.difference - reach), np.exp(self.difference + reach)


def shift(
    component: Ints,
    value: Floats,
    first: Bools,
    size: int,
    prior: float | None = None,
    block: Ints | None = None,
) -> Shift:
    """Compare the mean of each component between two groups of values.

    Args:
        component: number of the component of each value, below `size`; at most one value per trace.
        value: on a log scale.
        first: whether the value belongs to the first group.
        size: number of components.
        prior: standard deviation that is typical of a component; the median of all by default.
        block: number of the stretch of time of each value. If given, the error includes how much the second
            group varies between stretches.

    Returns:
        Shift.

    Source: Smyth, Linear models and empirical Bayes methods (2004), for the moderated variance.
    """
    sums = [_moments(component[of], value[of], size) for of in (first, ~first)]
    (n1, mean1, squares1), (n2, mean2, squares2) = sums
    own_df = np.maximum(n1 - 1, 0) + np.maximum(n2 - 1, 0)
    squares = squares1 + squares2
    enough = own_df >= _ENOUGH_DF
    if prior is not None:
        typical = prior**2
    elif enough.any():
        typical = float(np.median((squares / np.maximum(own_df, 1))[enough]))
    else:
        typical = _SPREAD**2
    typical = max(typical, 1e-6)  # equal times everywhere are rounded times
    variance = (squares + _PRIOR_DF * typical) / (own_df + _PRIOR_DF)
    both = (n1 > 0) & (n2 > 0)
    with np.errstate(divide="ignore"):
        inverse = np.where(both, 1 / np.maximum(n1, 1) + 1 / np.maximum(n2, 1), np.inf)
    error = np.sqrt(variance * inverse)
    if block is not None:
        error = np.sqrt(error**2 + _between(component, value, first, size, block, variance))
    difference = np.where(both, mean1 - mean2, 0.0)
    return Shift(difference, error, own_df + _PRIOR_DF, (mean1, mean2), (n1, n2))


def pooled(difference: Floats, error: Floats, group: Ints, size: int) -> tuple[Floats, Floats]:
    """Return the mean shift of each group of components and its standard error.

    Args:
        difference: shift of each component.
        error: its standard error; infinite for one without a shift.
        group: number of the group of each component, below `size`.
        size: number of groups.

    Returns:
        Means and errors; 0 and infinity for a group without a shift. Components count by their precision, to
        which a standard deviation of 0.3 between components is added.
    """
    weight = 1 / (error**2 + _SPREAD**2)
    total = np.bincount(group, weight, minlength=size)
    mean = np.bincount(group, weight * difference, minlength=size) / np.maximum(total, 1e-300)
    with np.errstate(divide="ignore"):
        return mean, np.where(total > 0, 1 / np.sqrt(total), np.inf)


def pooled_evidence(mean: Floats, error: Floats) -> Floats:
    """Return the evidence that each group of components became slower by more than the floor."""
    return np.maximum(mean - FLOOR, 0.0) ** 2 / (2 * error**2)


def share_evidence(hits1: Floats, of1: Floats, hits2: Floats, of2: Floats) -> Floats:
    """Return the log likelihood ratio of two binomials against one, in nats.

    Args:
        hits1: successes in the first group; need not be whole numbers.
        of1: trials in the first group.
        hits2: successes in the second group.
        of2: trials in the second group.

    Returns:
        Evidence; 0 where a group has no trials, or where neither the shares nor their complements differ by
        the least ratio.
    """
    known = (of1 > 0) & (of2 > 0)
    share1, share2 = hits1 / np.maximum(of1, 1e-300), hits2 / np.maximum(of2, 1e-300)
    both = (hits1 + hits2) / np.maximum(of1 + of2, 1e-300)
    gain = sum(
        special.xlogy(hits, share) - special.xlogy(hits, both)
        + special.xlogy(of - hits, np.clip(1 - share, 0, 1)) - special.xlogy(of - hits, 1 - both)
        for hits, of, share in ((hits1, of1, share1), (hits2, of2, share2))
    )  # fmt: skip
    differ = np.maximum(share1, share2) >= RATIO * np.minimum(share1, share2)
    differ |= np.maximum(1 - share1, 1 - share2) >= RATIO * np.minimum(1 - share1, 1 - share2)
    return np.where(known & differ, np.maximum(gain, 0.0), 0.0)


def dispersion(hits: Floats, of: Floats, component: Ints, size: int) -> Floats:
    """Return how much more each component's share varies between stretches of time than chance explains.

    Args:
        hits: successes of one component in one stretch.
        of: its trials there.
        component: its number, below `size`.
        size: number of components.

    Returns:
        Pearson's chi-squared statistic divided by its degrees of freedom, at least 1.
    """
    trials = np.bincount(component, of, minlength=size)
    share = np.bincount(component, hits, minlength=size) / np.maximum(trials, 1e-300)
    expected = of * share[component]
    spread = expected * (1 - share[component])
    terms = np.where(spread > 0, (hits - expected) ** 2 / np.maximum(spread, 1e-300), 0.0)
    blocks = np.bincount(component, of > 0, minlength=size)
    return np.maximum(1.0, np.bincount(component, terms, minlength=size) / np.maximum(blocks - 1, 1))


def beyond_chance(evidence: Floats, tests: int, families: int, alpha: float = 0.05) -> Bools:
    """Return which evidence is more than chance gives in one of all tests (Bonferroni).

    Args:
        evidence: log likelihood ratios with one degree of freedom.
        tests: number of tests in this family.
        families: number of families.
        alpha: probability of one or more false ones among all.

    Returns:
        One flag per test.
    """
    bound = special.chdtri(1, alpha / families / max(tests, 1)) / 2
    found: Bools = evidence > bound
    return found


def _moments(component: Ints, value: Floats, size: int) -> tuple[Floats, Floats, Floats]:
    """Return the number, the mean and the squared deviations of the values of each component."""
    n = np.bincount(component, minlength=size).astype(np.float64)
    mean = np.bincount(component, value, minlength=size) / np.maximum(n, 1)
    off = value - mean[component]
    squares: Floats = np.bincount(component, off * off, minlength=size).astype(np.float64)
    return n, mean, squares


def _between(
    component: Ints, value: Floats, first: Bools, size: int, block: Ints, variance: Floats
) -> Floats:
    """Return the variance of a difference of means that comes from variation between stretches of time."""
    blocks = int(block.max(initial=0)) + 1
    cell, inverse = np.unique(component[~first] * blocks + block[~first], return_inverse=True)
    n, mean, _ = _moments(inverse, value[~first], len(cell))
    of = cell // blocks
    count = np.bincount(of, minlength=size)
    center = np.bincount(of, mean, minlength=size) / np.maximum(count, 1)
    seen = np.bincount(of, (mean - center[of]) ** 2, minlength=size) / np.maximum(count - 1, 1)
    chance = np.bincount(of, 1 / n, minlength=size) / np.maximum(count, 1) * variance
    between = np.where(count > 1, np.maximum(0.0, seen - chance), 0.0)
    blocks1 = np.bincount(np.unique(component[first] * blocks + block[first]) // blocks, minlength=size)
    return between * (1 / np.maximum(blocks1, 1) + 1 / np.maximum(count, 1))
