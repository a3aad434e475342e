"""Exact intervals: known values, coverage by simulation, and bounds that the data cannot give."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from obskit.stats.intervals import (
    NOTHING,
    Interval,
    _ranks,
    joint_level,
    quantile_interval,
    quantile_ratio,
    rate_interval,
    rate_ratio,
    share_interval,
)


@pytest.mark.parametrize(
    ("hits", "total", "low", "high"),
    [
        # Clopper and Pearson by the definition: the tails of the binomial are 2.5%.
        (0, 10, 0.0, 1 - 0.025 ** (1 / 10)),
        (10, 10, 0.025 ** (1 / 10), 1.0),
        (3, 20, 0.032070937, 0.378926830),
    ],
)
def test_shares(hits, total, low, high):
    found = share_interval(hits, total)
    assert found.value == hits / total
    assert (found.low, found.high) == (pytest.approx(low, abs=1e-8), pytest.approx(high, abs=1e-8))
    if 0 < hits < total:
        assert stats.binom.sf(hits - 1, total, found.low) == pytest.approx(0.025)
        assert stats.binom.cdf(hits, total, found.high) == pytest.approx(0.025)


def test_rates():
    found = rate_interval(5, 2.0)
    assert found.value == 2.5
    assert stats.poisson.sf(4, found.low * 2) == pytest.approx(0.025)
    assert stats.poisson.cdf(5, found.high * 2) == pytest.approx(0.025)
    assert rate_interval(0, 1.0).high == pytest.approx(-math.log(0.025))


def test_nothing_of_nothing():
    assert share_interval(0, 0) == rate_interval(0, 0) == quantile_interval([]) == NOTHING
    assert rate_ratio(0, 1, 0, 1) == NOTHING


def test_ranks_of_a_median():
    """The table in every textbook: n = 10 has ranks 2 and 9, n = 5 has no interval of 95%."""
    ten = [float(n) for n in range(1, 11)]
    assert quantile_interval(ten) == Interval(5.5, 2.0, 9.0)
    assert quantile_interval(ten[:5]) == Interval(3.0, None, None)
    assert quantile_interval(ten[:6]) == Interval(3.5, 1.0, 6.0)
    assert quantile_interval([float(n) for n in range(1, 101)])[1:] == (40.0, 61.0)


def test_unfinished_values_are_larger_than_all_others():
    known = [float(n) for n in range(1, 8)]
    assert quantile_interval(known, 3) == Interval(5.5, 2.0, None)
    assert quantile_interval([1.0, 2.0], 3) == Interval(None, None, None)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=60), st.sampled_from([0.5, 0.9]))
def test_bounds_surround_the_quantile(values, q):
    found = quantile_interval(values, q=q)
    assert found.value == pytest.approx(float(np.quantile(values, q)))
    assert found.low is None or found.low <= found.value + 1e-9
    assert found.high is None or found.high >= found.value - 1e-9


@pytest.mark.parametrize("n", [6, 11, 40])
def test_the_median_is_covered(n):
    chance = np.random.default_rng(20_260_504)
    runs = chance.exponential(1.0, (2000, n))
    covered = sum(low <= math.log(2) <= high for _, low, high in map(quantile_interval, runs.tolist()))
    assert covered / 2000 > 0.94


@pytest.mark.parametrize(("share", "ratio"), [(0.1, 1.0), (0.3, 2.0)])
def test_the_ratio_of_shares_is_covered(share, ratio):
    chance = np.random.default_rng(20_260_505)
    covered = 0
    for _ in range(500):
        first, second = chance.binomial(60, share * ratio), chance.binomial(90, share)
        _, low, high = rate_ratio(int(first), 60, int(second), 90)
        covered += (low is None or low <= ratio) and (high is None or ratio <= high)
    assert covered / 500 > 0.94


def test_ratios_of_rates_and_of_quantiles():
    found = rate_ratio(10, 30.0, 5, 30.0)
    assert found.value == 2.0
    assert stats.binom.sf(9, 15, found.low / (1 + found.low)) == pytest.approx(0.025)
    assert stats.binom.cdf(10, 15, found.high / (1 + found.high)) == pytest.approx(0.025)
    none_of_two = rate_ratio(3, 30.0, 0, 30.0)
    assert none_of_two == Interval(None, pytest.approx(0.4132, abs=1e-3), None)
    assert quantile_ratio(Interval(4.0, 2.0, 8.0), Interval(2.0, 1.0, None)) == Interval(2.0, None, 8.0)
    assert joint_level() ** 2 == pytest.approx(0.95)


def test_values_of_one_deployment_count_less_than_independent_ones():
    """Commits that were deployed together waited equally long: 200 values, but only 10 deployments."""
    values = [float(deployment) for deployment in range(1, 11) for _ in range(20)]
    clusters = [deployment for deployment in range(10) for _ in range(20)]
    plain, clustered = quantile_interval(values), quantile_interval(values, clusters=clusters)
    assert plain == Interval(5.5, 5.0, 6.0)
    assert clustered == Interval(5.5, 2.0, 9.0)
    assert quantile_interval(values, clusters=list(range(200))) == plain


def test_the_median_of_clustered_values_is_covered():
    chance = np.random.default_rng(20_260_506)
    covered = naive = 0
    for _ in range(400):
        sizes = chance.integers(1, 20, 30)
        waits = np.repeat(chance.exponential(1.0, 30), sizes)
        values = (waits * chance.lognormal(0, 0.05, len(waits))).tolist()
        clusters = np.repeat(np.arange(30), sizes).tolist()
        low, high = quantile_interval(values, clusters=clusters)[1:]
        covered += (low or 0) <= math.log(2) <= (high or math.inf)
        low, high = quantile_interval(values)[1:]
        naive += low <= math.log(2) <= high
    assert covered / 400 > 0.92
    assert naive / 400 < 0.75


@given(st.integers(1, 3000), st.floats(0.001, 0.999), st.floats(0.5, 0.999))
def test_the_ranks_are_the_innermost_whose_tails_are_small_enough(size, q, level):
    low, high = _ranks(size, q, level)
    tail = (1 - level) / 2
    assert low == int(stats.binom.ppf(tail, size, q))
    assert high == int(stats.binom.isf(tail, size, q)) + 1
