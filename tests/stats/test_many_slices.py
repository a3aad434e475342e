"""Slices: exact p-values, which of them can be significant, and few false discoveries among thousands."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from obskit.stats.many_slices import (
    attainable,
    benjamini_hochberg,
    discoveries,
    exact_p,
    stratified_p,
)


def floats(*values: float) -> np.ndarray:
    return np.array(values, np.float64)


def test_the_p_value_is_that_of_fishers_exact_test() -> None:
    p, least = exact_p(floats(270, 10), floats(3, 0), floats(30, 10), floats(9, 0))
    fisher = scipy_stats.fisher_exact([[9, 21], [3, 267]], alternative="greater").pvalue
    assert p[0] == pytest.approx(fisher, rel=1e-9)
    assert (p[1], least[1]) == (1.0, 1.0)
    assert least[0] == pytest.approx(scipy_stats.hypergeom.sf(11, 300, 12, 30), rel=1e-9)


@given(st.integers(1, 10**6), st.integers(1, 10**6), st.floats(0, 1), st.floats(0, 1))
def test_the_tail_is_that_of_the_hypergeometric_distribution(
    n_a: int, n_b: int, share: float, at: float
) -> None:
    """Small and large arms, and any number of outcomes, also next to the ends of what is possible."""
    m = max(1, round(share**4 * (n_a + n_b)))
    low, high = max(0, m - n_a), min(m, n_b)
    x_b = round(low + at * (high - low))
    p, least = exact_p(floats(n_a), floats(m - x_b), floats(n_b), floats(x_b))
    for found, x in ((p[0], x_b), (least[0], high)):
        expected = scipy_stats.hypergeom.sf(x - 1, n_a + n_b, m, n_b)
        assert found == pytest.approx(expected, rel=1e-6, abs=1e-250)


def test_a_slice_with_one_arm_is_never_significant() -> None:
    p, least = exact_p(floats(0, 30), floats(0, 3), floats(30, 0), floats(30, 0))
    assert p.tolist() == least.tolist() == [1.0, 1.0]


@given(st.lists(st.tuples(st.integers(1, 8), st.integers(1, 8), st.integers(0, 16)), min_size=1, max_size=3))
def test_the_bound_over_strata_is_at_least_the_exact_tail(strata: list[tuple[int, int, int]]) -> None:
    distribution, m, expected, most = np.ones(1), 0, 0.0, 0
    for n_a, n_b, outcomes in strata:
        outcomes = min(outcomes, n_a + n_b)
        x = np.arange(outcomes + 1)
        distribution = np.convolve(distribution, scipy_stats.hypergeom.pmf(x, n_a + n_b, outcomes, n_b))
        m, expected = m + outcomes, expected + outcomes * n_b / (n_a + n_b)
        most += min(outcomes, n_b)
    exact = np.cumsum(distribution[::-1])[::-1]
    for x_b in range(m + 1):
        bound, _ = stratified_p(floats(x_b), floats(m), floats(expected), floats(most))
        assert bound[0] >= exact[x_b] - 1e-9


def test_which_slices_can_be_significant() -> None:
    """At 5%: three slices reach 0.05/3, but not four 0.05/4, so k is 3."""
    least = floats(1e-9, 1e-5, 0.016, 0.02, 0.04, 1.0)
    assert attainable(least, 0.05).tolist() == [True, True, True, False, False, False]
    assert not attainable(np.ones(1000), 0.05).any()
    assert attainable(np.zeros(0), 0.05).tolist() == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60), st.sampled_from([0.01, 0.05, 0.2]))
def test_the_smallest_k_is_found(values: list[float], alpha: float) -> None:
    least = np.array(values)
    k = next(k for k in range(1, len(least) + 1) if (least <= alpha / k).sum() <= k)
    assert attainable(least, alpha).tolist() == (least <= alpha / k).tolist()


def test_benjamini_and_hochberg_reject_up_to_the_last_that_fits() -> None:
    p = floats(0.039, 0.001, 0.6, 0.008, 0.041)
    assert benjamini_hochberg(p, 0.05).tolist() == [False, True, False, True, False]
    # every third value is too large alone, but a later one fits
    assert benjamini_hochberg(floats(0.03, 0.04, 0.045), 0.05).tolist() == [True, True, True]
    assert benjamini_hochberg(np.zeros(0), 0.05).tolist() == []


def test_one_slice_of_four_thousand_is_found_and_no_other() -> None:
    """500 customers x 8 clients; one slice with 0.05% of the traffic goes from 1% to 30% errors; 40 runs."""
    rank = 1 / np.arange(1, 501) ** 0.9
    clients = np.array([0.35, 0.25, 0.15, 0.1, 0.07, 0.05, 0.02, 0.01])
    traffic = np.outer(rank / rank.sum(), clients).ravel()
    usual = 0.01 * np.exp(np.random.default_rng(5).normal(0, 0.7, len(traffic)))
    usual *= 0.01 / (traffic * usual).sum()
    planted = int(np.argmin(abs(traffic - 0.0005)))
    found, false, false_without = 0, 0, 0
    rng = np.random.default_rng(31)
    for _ in range(40):
        for plant in (True, False):
            rate = usual.copy()
            if plant:
                rate[planted] = 0.3
            n_a, n_b = rng.poisson(540_000 * traffic), rng.poisson(60_000 * traffic)
            x_a, x_b = rng.binomial(n_a, usual), rng.binomial(n_b, rate)
            chosen = np.flatnonzero(
                discoveries(*exact_p(*(v.astype(float) for v in (n_a, x_a, n_b, x_b))), 0.05)
            )
            if plant:
                found += planted in chosen
                false += bool(set(chosen) - {planted})
            else:
                false_without += bool(len(chosen))
    assert found >= 36
    assert false <= 4
    assert false_without <= 4
