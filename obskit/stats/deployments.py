"""Statistics of a deployment beyond comparing two arms: the split, the sample size, before and after."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from obskit.stats.sequential import Floats, rate_bound

POWER = 0.8
# Looking at any time costs this factor of observations over one look; measured as 1.43 to 1.73.
PEEKING = 1.7
_CONCENTRATION = 50.0
_MOST_NEEDED = 1e12


def log_e_split(n_a: npt.ArrayLike, n_b: npt.ArrayLike, share: float) -> Floats:
    """Return the evidence that assigned units are split otherwise than declared.

    Args:
        n_a: units assigned to arm A so far.
        n_b: units assigned to arm B so far.
        share: the declared share of arm B, in (0, 1).

    Returns:
        Natural logarithm of an e-value, valid at any number of looks if units are assigned independently.

    Source: Robbins (1970), mixture over a beta distribution around the declared share.
    """
    a, b = np.asarray(n_a, np.float64), np.asarray(n_b, np.float64)
    first, second = _CONCENTRATION * share, _CONCENTRATION * (1 - share)
    mixed = special.betaln(first + b, second + a) - special.betaln(first, second)
    return np.asarray(mixed - special.xlogy(b, share) - special.xlog1py(a, -share), np.float64)


def needed_for_ratio(rate: float, ratio: float, per_candidate: float, alpha: float = 0.05) -> float:
    """Return how many observations of the candidate are likely needed to tell a ratio of rates from 1.

    Args:
        rate: the rate of the outcome, in [0, 1].
        ratio: the ratio to exclude, not 1.
        per_candidate: observations of the baseline per observation of the candidate.
        alpha: the level of the test, in (0, 1).

    Returns:
        Observations of the candidate, with 80% power and looks at any time; infinite if the rate is 0.
    """
    if rate <= 0 or per_candidate <= 0:
        return math.inf
    z = float(special.ndtri(1 - alpha) + special.ndtri(POWER))
    outcomes = z**2 / math.log(ratio) ** 2 * (1 + 1 / per_candidate)
    return PEEKING * outcomes / rate


def needed_for_rate(rate: float, most: float, alpha: float) -> float:
    """Return how many observations bring the upper bound of a rate below a limit.

    Args:
        rate: the rate, in [0, 1].
        most: the limit, in (0, 1).
        alpha: the level of the bound, in (0, 1).

    Returns:
        Observations; infinite if the rate is not below the limit.
    """
    if not 0 < most < 1 or rate >= most:
        return math.inf
    low, high = 1.0, 2.0
    while float(rate_bound(rate * high, high, alpha)) > most:
        low, high = high, high * 2
        if high > _MOST_NEEDED:
            return math.inf
    while high - low > max(1.0, 1e-3 * high):
        middle = (low + high) / 2
        inside = float(rate_bound(rate * middle, middle, alpha)) <= most
        low, high = (low, middle) if inside else (middle, high)
    return math.ceil(high)


@dataclass(frozen=True)
class Change:
    """A change between two windows of time, compared with the same change in reference weeks.

    Attributes:
        ratio: the change beyond the usual one, as a ratio of rates.
        low: lower bound of that ratio, one-sided.
        high: upper bound of that ratio, one-sided.
        weeks: the number of reference weeks.
    """

    ratio: float
    low: float
    high: float
    weeks: int


def log_change(x_before: float, n_before: float, x_after: float, n_after: float) -> float:
    """Return the logarithm of the ratio of two rates; half an outcome is added to each.

    Args:
        x_before: outcomes in the first window.
        n_before: observations in the first window, at least 1.
        x_after: outcomes in the second window.
        n_after: observations in the second window, at least 1.

    Returns:
        The logarithm of the rate after over the rate before.
    """
    return math.log((x_after + 0.5) / n_after) - math.log((x_before + 0.5) / n_before)


def change_noise(x_before: float, x_after: float) -> float:
    """Return the variance of `log_change` from the numbers of outcomes alone.

    Args:
        x_before: outcomes in the first window.
        x_after: outcomes in the second window.

    Returns:
        The variance; 4 if there are none.
    """
    return 1 / (x_before + 0.5) + 1 / (x_after + 0.5)


def compare_with_weeks(
    change: float, references: Sequence[float], alpha: float, noise: float = 0.0
) -> Change:
    """Compare a change with the same hours of earlier weeks, by a t prediction interval.

    Args:
        change: logarithm of the ratio of rates, from `log_change`.
        references: the same of at least two earlier weeks in which nothing was deployed.
        alpha: level of each one-sided bound, in (0, 1).
        noise: the least variance of the change, from the numbers of outcomes: few outcomes may agree by
            chance in all of these weeks.

    Returns:
        The change beyond what these weeks show.
    """
    usual = np.asarray(references, np.float64)
    weeks = len(usual)
    beyond = change - float(usual.mean())
    spread = math.sqrt(max(float(usual.var(ddof=1)), noise) * (1 + 1 / weeks))
    width = spread * float(special.stdtrit(weeks - 1, 1 - alpha))
    return Change(math.exp(beyond), math.exp(beyond - width), math.exp(beyond + width), weeks)
