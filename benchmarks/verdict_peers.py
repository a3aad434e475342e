"""The rules that other tools decide about a rollout by, for counts per minute of two versions.

Each takes arrays of shape (runs, minutes) and returns at which minutes it raises an alarm. They are written
from the documentation and the source of the tools: spinnaker/kayenta at a69573be, growthbook/growthbook at
8f1db445, argoproj/argo-rollouts at 9f8d111d and fluxcd/flagger at 15bd6ad5. Users set the limits of the last
two; those here are the examples of their documentation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats


@dataclass(frozen=True)
class Minutes:
    """Requests and errors of the baseline (a) and the candidate (b) per run and minute."""

    n_a: np.ndarray
    x_a: np.ndarray
    n_b: np.ndarray
    x_b: np.ndarray

    def so_far(self) -> tuple[np.ndarray, ...]:
        """Return n_a, x_a, n_b, x_b summed over the minutes so far."""
        return tuple(v.cumsum(axis=1).astype(float) for v in (self.n_a, self.x_a, self.n_b, self.x_b))


def z_statistic(counts: Minutes) -> np.ndarray:
    """Return the z statistic of two proportions, so far."""
    n_a, x_a, n_b, x_b = counts.so_far()
    p = (x_a + x_b) / np.maximum(n_a + n_b, 1)
    spread = np.sqrt(np.maximum(p * (1 - p), 1e-300) * (1 / np.maximum(n_a, 1) + 1 / np.maximum(n_b, 1)))
    return np.where(p > 0, (x_b / np.maximum(n_b, 1) - x_a / np.maximum(n_a, 1)) / spread, 0.0)


def naive_z(counts: Minutes, alpha: float) -> np.ndarray:
    """A one-sided z test at every look, as if it were the only one."""
    return z_statistic(counts) > stats.norm.ppf(1 - alpha)


def last_z(counts: Minutes, alpha: float) -> np.ndarray:
    """A one-sided z test at the last look only."""
    out = naive_z(counts, alpha)
    out[:, :-1] = False
    return out


def bonferroni_z(counts: Minutes, alpha: float) -> np.ndarray:
    """A one-sided z test at every look, corrected for a number of looks that is known beforehand."""
    return z_statistic(counts) > stats.norm.ppf(1 - alpha / counts.n_a.shape[1])


def growthbook(counts: Minutes, alpha: float, tuned_for: float = 5000) -> np.ndarray:
    """GrowthBook's one-sided asymptotic confidence sequence of the difference; an alarm above 0."""
    n_a, x_a, n_b, x_b = counts.so_far()
    p_a, p_b, n = x_a / n_a, x_b / n_b, n_a + n_b
    variance = (p_a * (1 - p_a) / n_a + p_b * (1 - p_b) / n_b) * n
    log_level = -2 * np.log(2 * alpha)
    rho2 = (log_level + np.log(log_level + 1)) / tuned_for
    grown = n * rho2 + 1
    width = np.sqrt(2 * variance * grown / (n**2 * rho2) * np.log1p(np.sqrt(grown) / (2 * alpha)))
    return p_b - p_a - width > 0


def argo(counts: Minutes, limit: float = 0.05, failures: int = 3) -> np.ndarray:
    """Argo Rollouts with the limits of its documentation: error rate of a minute above 5%, four times."""
    bad = counts.x_b / np.maximum(counts.n_b, 1) > limit
    return bad.cumsum(axis=1) > failures


def flagger(counts: Minutes, limit: float = 0.01, failures: int = 5) -> np.ndarray:
    """Flagger with the limits of its documentation: success rate of a minute below 99%, five times."""
    bad = counts.x_b / np.maximum(counts.n_b, 1) > limit
    return bad.cumsum(axis=1) >= failures


def kayenta(counts: Minutes, every: int | None = None) -> np.ndarray:
    """Kayenta's Mann-Whitney judge on error rates per minute, at the end or every so many minutes."""
    rate_a = counts.x_a / np.maximum(counts.n_a, 1)
    rate_b = counts.x_b / np.maximum(counts.n_b, 1)
    runs, minutes = rate_a.shape
    out = np.zeros((runs, minutes), bool)
    looks = [minutes - 1] if every is None else range(every - 1, minutes, every)
    for run in range(runs):
        for look in looks:
            out[run, look] = is_high(rate_a[run, : look + 1], rate_b[run, : look + 1])
    return out


def is_high(
    control: np.ndarray, experiment: np.ndarray, confidence: float = 0.98, tolerance: float = 0.25
) -> bool:
    """Return whether Kayenta's judge classifies the experiment as High.

    The confidence interval of the shift between the two series must lie above a quarter of the estimated
    shift, and the mean must not be lower.
    """
    if len(np.unique(np.concatenate([control, experiment]))) < 2:
        return False
    z = stats.norm.ppf((1 + confidence) / 2)
    low, middle = _shift(control, experiment, z), _shift(control, experiment, 0.0)
    mean = control.mean()
    return bool(low > tolerance * abs(middle) and (mean == 0 or experiment.mean() >= mean))


def _shift(control: np.ndarray, experiment: np.ndarray, level: float) -> float:
    """Return the shift of the experiment at which the rank-sum statistic falls to a level, by bisection."""
    low, high = float(experiment.min() - control.max()), float(experiment.max() - control.min())
    if _rank_sum(control, experiment - low) <= level:
        return low
    if _rank_sum(control, experiment - high) >= level:
        return high
    for _ in range(30):
        middle = (low + high) / 2
        if _rank_sum(control, experiment - middle) > level:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _rank_sum(control: np.ndarray, experiment: np.ndarray) -> float:
    """Return the rank sum of the experiment as a z value, with corrections for ties and continuity."""
    ranks = stats.rankdata(np.concatenate([experiment, control]))
    m, n = len(experiment), len(control)
    above = ranks[:m].sum() - m * (m + 1) / 2 - m * n / 2
    _, ties = np.unique(ranks, return_counts=True)
    tied = (ties.astype(float) ** 3 - ties).sum() / ((m + n) * (m + n - 1))
    spread = np.sqrt(max(m * n / 12 * (m + n + 1 - tied), 1e-12))
    return float((above - np.sign(above) * 0.5) / spread)
