"""E-values and bounds: worked numbers, validity at many looks under the null hypothesis, and power."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from obskit.stats.sequential import (
    common_difference,
    common_ratio,
    log_e,
    log_e_terms,
    log_mixture,
    rate_bound,
    ratio_bound,
)


@pytest.mark.parametrize(
    ("x_b", "m", "pi", "r0", "up", "expected"),
    [
        (9, 12, 0.1, 1.0, True, 12.378332),
        (20, 30, 0.5, 1.0, True, 0.870245),
        (5, 5, 0.1, 1.0, True, 8.514754),
        (100, 200, 0.5, 1.5, False, 2.553572),
        (0, 3, 0.5, 1.0, True, -1.221979),
    ],
)
def test_worked_e_values(x_b: int, m: int, pi: float, r0: float, up: bool, expected: float) -> None:
    assert float(log_e([x_b], [m], [pi], r0, up=up)) == pytest.approx(expected, abs=1e-6)


def test_two_strata_give_worked_bounds() -> None:
    counts = ([20, 25], [40, 40], [0.5, 0.25])
    assert float(log_e(*counts, up=True)) == pytest.approx(4.789846, abs=1e-6)
    assert float(ratio_bound(*counts, 0.05, lower=True)) == pytest.approx(1.149245, abs=1e-6)
    assert float(ratio_bound(*counts, 0.05, lower=False)) == pytest.approx(4.565552, abs=1e-6)


def test_a_stratum_without_outcomes_or_with_one_arm_says_nothing() -> None:
    alone = log_e([9], [12], [0.1], up=True)
    with_others = log_e([9, 0, 7, 0], [12, 0, 7, 5], [0.1, 0.5, 1.0, 0.0], up=True)
    assert float(alone) == float(with_others)
    assert float(log_e([0], [0], [0.5], up=True)) == pytest.approx(0, abs=1e-12)


def test_no_outcomes_do_not_bound_the_ratio() -> None:
    assert float(ratio_bound([0], [0], [0.5], 0.05, lower=True)) == 0.0
    assert float(ratio_bound([0], [0], [0.5], 0.05, lower=False)) == np.inf
    assert float(ratio_bound([50], [50], [0.1], 0.05, lower=False)) == np.inf


@given(
    st.integers(0, 60),
    st.integers(0, 60),
    st.floats(0.02, 0.98),
    st.sampled_from([0.01, 0.05, 0.2]),
)
def test_a_bound_is_where_the_evidence_reaches_the_level(x_b: int, x_a: int, pi: float, alpha: float) -> None:
    counts = ([x_b], [x_a + x_b], [pi])
    low = float(ratio_bound(*counts, alpha, lower=True))
    high = float(ratio_bound(*counts, alpha, lower=False))
    assert low <= high
    level = np.log(1 / alpha)
    if low > 0:
        assert float(log_e(*counts, low * 0.999, up=True)) >= level - 1e-9
        assert float(log_e(*counts, low * 1.001, up=True)) < level
    if np.isfinite(high):
        assert float(log_e(*counts, high * 1.001, up=False)) >= level - 1e-9
        assert float(log_e(*counts, high * 0.999, up=False)) < level


@given(st.integers(1, 40), st.floats(0.05, 0.95), st.floats(0.3, 3.0))
def test_the_expectation_is_one_for_binomial_counts(m: int, pi: float, r0: float) -> None:
    """An e-value has the expectation 1 if the ratio is exactly the one of the null hypothesis."""
    x = np.arange(m + 1)
    q = pi * r0 / (1 - pi + pi * r0)
    chance = scipy_stats.binom.pmf(x, m, q)
    for up in (True, False):
        e = np.exp(log_e(x[:, None], np.full((m + 1, 1), m), np.full((m + 1, 1), pi), r0, up=up))
        assert float((chance * e).sum()) == pytest.approx(1, rel=1e-9)


@settings(deadline=None)
@given(st.integers(1, 30), st.integers(1, 30), st.integers(0, 60))
def test_the_expectation_is_at_most_one_for_rows(n_a: int, n_b: int, m: int) -> None:
    """Without replacement the counts are hypergeometric, and the e-value is still valid."""
    m = min(m, n_a + n_b)
    x = np.arange(m + 1)
    chance = scipy_stats.hypergeom.pmf(x, n_a + n_b, m, n_b)
    pi = n_b / (n_a + n_b)
    for up in (True, False):
        e = np.exp(log_e(x[:, None], np.full((m + 1, 1), m), np.full((m + 1, 1), pi), up=up))
        assert float((chance * e).sum()) <= 1 + 1e-9


def test_sixty_looks_raise_few_false_alarms_and_find_a_doubled_rate() -> None:
    """The base rate is 1%, the candidate has 10% of the traffic; 300 rollouts with a fixed seed.

    Looking at a one-sided z test every minute raises a false alarm in about 30% of them.
    """
    runs, looks = 300, 60
    alarms, naive = [], []
    for ratio in (1.0, 2.0):
        rng = np.random.default_rng([20261128, int(ratio)])
        n_a, n_b = rng.poisson(2700, (runs, looks)), rng.poisson(300, (runs, looks))
        x_a, x_b = rng.binomial(n_a, 0.01), rng.binomial(n_b, 0.01 * ratio)
        terms = log_e_terms(x_b, x_a + x_b, n_b / (n_a + n_b), up=True)
        alarms.append(float((log_mixture(terms.cumsum(axis=-1)) >= np.log(20)).any(axis=1).mean()))
        a, b, xa, xb = (v.cumsum(axis=1) for v in (n_a, n_b, x_a, x_b))
        pooled = (xa + xb) / (a + b)
        z = (xb / b - xa / a) / np.sqrt(np.maximum(pooled * (1 - pooled), 1e-12) * (1 / a + 1 / b))
        naive.append(float((z > 1.645).any(axis=1).mean()))
    assert alarms[0] <= 0.05
    assert alarms[1] >= 0.99
    assert naive[0] >= 0.2


def test_strata_keep_a_ramp_with_a_rising_base_rate_from_looking_like_a_regression() -> None:
    """The share goes 1, 5, 25, 50% while everybody's error rate triples; both arms are equal."""
    runs, looks = 200, 60
    rng = np.random.default_rng(7)
    share, rate = np.repeat([0.01, 0.05, 0.25, 0.5], 15), 0.005 * np.linspace(1, 3, looks)
    n_a, n_b = rng.poisson(3000 * (1 - share), (runs, looks)), rng.poisson(3000 * share, (runs, looks))
    x_a, x_b = rng.binomial(n_a, rate), rng.binomial(n_b, rate)
    strata = log_mixture(log_e_terms(x_b, x_a + x_b, n_b / (n_a + n_b), up=True).cumsum(axis=-1))
    pooled_counts = (x_b.sum(1), (x_a + x_b).sum(1), n_b.sum(1) / (n_a + n_b).sum(1))
    pooled = log_mixture(log_e_terms(*pooled_counts, up=True))
    assert float((strata >= np.log(20)).any(axis=1).mean()) <= 0.05
    assert float((pooled >= np.log(20)).mean()) >= 0.8
    ratios = [common_ratio(*arms) for arms in zip(n_a, x_a, n_b, x_b, strict=True)]
    assert np.median(ratios) == pytest.approx(1, abs=0.03)


def test_a_wrong_margin_is_rarely_excluded() -> None:
    """The true ratio is 1.5: "a rise of half is excluded" must be said in at most 5% of the runs."""
    runs, looks = 400, 60
    rng = np.random.default_rng(77)
    n_a, n_b = rng.poisson(540, (runs, looks)), rng.poisson(60, (runs, looks))
    x_a, x_b = rng.binomial(n_a, 0.01), rng.binomial(n_b, 0.015)
    terms = log_e_terms(x_b, x_a + x_b, n_b / np.maximum(n_a + n_b, 1), 1.5, up=False)
    assert float((log_mixture(terms.cumsum(axis=-1)) >= np.log(20)).any(axis=1).mean()) <= 0.05


def test_worked_bounds_of_a_rate() -> None:
    assert float(rate_bound(0, 1000, 0.05 / 6)) == pytest.approx(0.00877513, abs=1e-7)
    assert float(rate_bound(10, 1000, 0.05 / 6)) == pytest.approx(0.0289019, abs=1e-7)
    assert float(rate_bound(10, 1000, 0.05 / 6, lower=True)) == pytest.approx(0.0019162, abs=1e-7)


@given(st.integers(0, 500), st.integers(1, 500))
def test_bounds_of_a_rate_enclose_it(x: int, n: int) -> None:
    x = min(x, n)
    low, high = float(rate_bound(x, n, 0.05, lower=True)), float(rate_bound(x, n, 0.05))
    assert 0 <= low <= x / n + 1e-9
    assert x / n - 1e-9 <= high <= 1


def test_common_estimates_of_one_stratum_are_the_plain_ones() -> None:
    assert common_ratio([900], [9], [100], [3]) == pytest.approx(3)
    assert common_difference([900], [9], [100], [3]) == pytest.approx(0.02)
    assert common_ratio([900], [0], [100], [3]) == np.inf
    assert np.isnan(common_ratio([900], [0], [100], [0]))
    assert np.isnan(common_difference([900], [0], [0], [0]))
