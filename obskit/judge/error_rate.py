"""Judge the error rate at every look: a regression beyond the margin, or a rise beyond it excluded."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from obskit.judge.margins import Margin
from obskit.judge.strata import Strata
from obskit.judge.words import FEWEST, Bools
from obskit.stats.deployments import needed_for_rate, needed_for_ratio
from obskit.stats.sequential import Floats, rate_bound

# Shares of alpha for the ways in which a rise beyond the margin can be excluded.
BY_RATIO, BY_RATE = 2 / 3, 1 / 6
MOST_TESTED = 240  # looks at which the margin as a difference is tested


@dataclass(frozen=True, eq=False)
class Track:
    """What holds at every look; arrays of shape (looks,).

    Attributes:
        log_e: the evidence that the candidate's rate is higher, as the logarithm of an e-value.
        regressed: whether that evidence is enough, and the estimated rise is beyond the margin.
        passed: whether a rise beyond the margin is excluded.
        enough: whether both arms have enough observations.
    """

    log_e: Floats
    regressed: Bools
    passed: Bools
    enough: Bools


def track_errors(strata: Strata, margin: Margin, alpha: float, alpha_regress: float) -> Track:
    """Judge the error rate at every look.

    Args:
        strata: failed requests of both arms.
        margin: the margin.
        alpha: the probability of a wrong pass.
        alpha_regress: the probability of a wrong alarm.

    Returns:
        What holds at every look.
    """
    n_a, x_a, n_b, x_b = strata.totals()
    effect = strata.design_effect
    log_e = strata.log_e(up=True)
    passed = strata.log_e(margin.ratio, up=False) >= math.log(1 / (alpha * BY_RATIO))
    most_a, most_b = (
        rate_bound(x / effect, np.maximum(n, x) / effect, alpha * BY_RATE)
        for x, n in ((x_a, n_a), (x_b, n_b))
    )
    if margin.difference > 0:
        passed |= most_b <= margin.difference
        passed |= _within_difference(strata, margin.difference, most_a, alpha * BY_RATIO)
    looks = range(strata.looks)
    ratios = np.array([strata.ratio(k) for k in looks])
    differences = np.array([strata.difference(k) for k in looks])
    beyond = (ratios > margin.ratio) & (differences > margin.difference)
    regressed = (log_e >= math.log(1 / alpha_regress)) & beyond & ~passed
    enough = (n_a >= FEWEST) & (n_b >= FEWEST)
    return Track(log_e, regressed, np.asarray(passed, np.bool_), enough)


def _within_difference(strata: Strata, most: float, rate: Floats, alpha: float) -> Bools:
    """Return per look whether the ratio is so low that the rate rises by no more than `most`.

    Args:
        strata: failed requests.
        most: the margin as a difference.
        rate: upper bound of the baseline's rate per look.
        alpha: the level.
    """
    out = np.zeros(strata.looks, np.bool_)
    step = max(1, -(-strata.looks // MOST_TESTED))
    level = math.log(1 / alpha)
    # The last look is always among those that are tested.
    for look in range((strata.looks - 1) % step, strata.looks, step):
        ratio = 1 + most / max(float(rate[look]), 1e-12)
        out[look] = strata.log_e_at(look, ratio, up=False) >= level
    return out


def needed_errors(strata: Strata, margin: Margin, alpha: float) -> float | None:
    """Return how many requests of the candidate a pass is likely to need, if both arms are alike.

    Args:
        strata: failed requests of both arms.
        margin: the margin.
        alpha: the probability of a wrong pass.

    Returns:
        Requests of the candidate, in all; None if no number is enough.
    """
    n_a, x_a, n_b, x_b = (float(v[-1]) if len(v) else 0.0 for v in strata.totals())
    if not n_a or not n_b:
        return None
    rate = (x_a + x_b) / (n_a + n_b)
    ways = [needed_for_rate(rate, margin.difference, alpha * BY_RATE)] if margin.difference else []
    ratio = max(margin.ratio, 1 + margin.difference / rate if rate else 1.0)
    if ratio > 1:
        ways.append(needed_for_ratio(rate, ratio, n_a / n_b, alpha))
    least = min(ways, default=math.inf)
    return least if math.isfinite(least) else None


def main_operation(strata: Strata, names: tuple[str, ...]) -> str | None:
    """Return the operation that has more than 80% of the candidate's excess; None with one operation."""
    excess = np.maximum(strata.excess(), 0)
    if len(names) < 2 or excess.sum() <= 0 or excess.max() <= 0.8 * excess.sum():
        return None
    return names[int(excess.argmax())]
