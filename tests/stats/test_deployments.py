"""The split between arms, the number of requests that a decision needs, and changes against earlier weeks."""

from __future__ import annotations

import math

import numpy as np
import pytest

from obskit.stats.deployments import (
    change_noise,
    compare_with_weeks,
    log_change,
    log_e_split,
    needed_for_rate,
    needed_for_ratio,
)
from obskit.stats.sequential import rate_bound


def test_a_wrong_split_is_noticed_and_the_declared_one_is_not() -> None:
    """10% are declared; 300 runs of 60 looks at 600 assigned units."""
    for share, few, most in ((0.1, 0.0, 0.01), (0.13, 0.99, 1.0), (0.05, 0.99, 1.0), (0.0, 0.99, 1.0)):
        rng = np.random.default_rng([5, int(share * 1000)])
        n = rng.poisson(600, (300, 60))
        b = rng.binomial(n, share).cumsum(axis=1)
        alarms = (log_e_split(n.cumsum(axis=1) - b, b, 0.1) >= math.log(100)).any(axis=1).mean()
        assert few <= alarms <= most


def test_the_number_of_requests_that_a_decision_needs() -> None:
    """The simulated medians until a pass were 5,960 and 23,878 requests of the candidate at a share of 10%."""
    assert needed_for_ratio(0.01, 1.5, 9) == pytest.approx(5960, rel=0.25)
    assert needed_for_ratio(0.01, 1.25, 9) == pytest.approx(23878, rel=0.25)
    assert needed_for_ratio(0.0, 1.5, 9) == math.inf
    assert needed_for_ratio(0.01, 1.5, 0) == math.inf


def test_the_number_of_requests_without_errors_is_where_the_bound_falls_below_the_margin() -> None:
    needed = needed_for_rate(0.0, 0.001, 0.05 / 6)
    assert float(rate_bound(0, needed, 0.05 / 6)) <= 0.001 < float(rate_bound(0, 0.99 * needed, 0.05 / 6))
    assert needed_for_rate(0.01, 0.001, 0.05) == math.inf


def test_a_change_like_that_of_other_weeks_is_none() -> None:
    usual = [0.4, 0.5, 0.6, 0.5]
    same = compare_with_weeks(0.5, usual, 0.05)
    assert (same.weeks, same.ratio) == (4, pytest.approx(1))
    assert same.low < 1 < same.high
    worse = compare_with_weeks(0.5 + math.log(3), usual, 0.05)
    assert worse.ratio == pytest.approx(3)
    assert worse.low == pytest.approx(3 * math.exp(-0.0816497 * math.sqrt(1.25) * 2.353363), rel=1e-5)
    assert worse.low > 1


def test_no_outcomes_in_any_week_prove_nothing() -> None:
    """Zero errors of thirty requests, week after week, do not exclude that the rate has doubled."""
    assert change_noise(0, 0) == 4
    change = log_change(0, 30, 0, 30)
    found = compare_with_weeks(change, [change] * 5, 0.05, change_noise(0, 0))
    assert found.low < 0.1
    assert found.high > 10


def test_before_and_after_with_reference_weeks_keeps_its_level() -> None:
    """The error rate is 1.6 times as high in the later window, every week; 4,000 runs with 4 weeks."""
    false = {1.0: 0, 3.0: 0}
    for ratio in false:
        rng = np.random.default_rng([12, int(ratio)])
        for _ in range(4000):
            level = np.log(0.01) + rng.normal(0, 0.12, (5, 2)) + rng.normal(0, 0.1, (5, 2))
            level[:, 1] += math.log(1.6)
            level[0, 1] += math.log(ratio)
            n = rng.poisson(20_000, (5, 2))
            x = rng.poisson(n * np.exp(level))
            changes = [
                log_change(*(float(v) for v in (a, m, b, k))) for (a, b), (m, k) in zip(x, n, strict=True)
            ]
            false[ratio] += compare_with_weeks(changes[0], changes[1:], 0.05).low > 1
    assert 0.035 <= false[1.0] / 4000 <= 0.065
    assert false[3.0] / 4000 >= 0.85
