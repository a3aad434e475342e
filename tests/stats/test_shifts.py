"""Shifts of means and shares: coverage by simulation, agreement with plain formulas, and edge cases."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from obskit.stats.shifts import (
    FLOOR,
    beyond_chance,
    dispersion,
    pooled,
    pooled_evidence,
    share_evidence,
    shift,
)


def test_the_interval_contains_the_true_ratio_as_often_as_it_says() -> None:
    """300 components with their own spread, 12 slow and 40 normal traces each, all three times as slow."""
    random = np.random.default_rng(3)
    size, slow, normal = 300, 12, 40
    spread = random.uniform(0.3, 0.6, size)
    component = np.repeat(np.arange(size), slow + normal)
    first = np.tile(np.arange(slow + normal) < slow, size)
    value = random.normal(first * math.log(3), spread[component])
    low, high = shift(component, value, first, size).interval()
    assert 0.92 < np.mean((low < 3) & (high > 3)) < 0.98


def test_a_component_of_one_side_has_no_shift() -> None:
    found = shift(np.array([0, 0, 1]), np.array([1.0, 2.0, 3.0]), np.array([True, False, True]), 3)
    assert found.difference.tolist() == [-1.0, 0.0, 0.0]
    assert found.error.tolist()[1:] == [math.inf, math.inf]
    assert found.evidence().tolist() == [0.0, 0.0, 0.0]
    assert [side.tolist() for side in found.traces] == [[1, 1, 0], [1, 0, 0]]


def test_less_than_half_more_is_no_evidence() -> None:
    """A rise by 40% in a million traces is certain, and still below the floor."""
    random = np.random.default_rng(1)
    first = np.arange(100_000) % 2 == 0
    value = random.normal(first * math.log(1.4), 0.1)
    found = shift(np.zeros(100_000, np.int64), value, first, 1)
    assert found.evidence().tolist() == [0.0]
    assert found.evidence(floor=0.0)[0] > 100


def test_variation_between_stretches_of_time_widens_the_error() -> None:
    """Each of 10 minutes has a level of its own; within a minute nothing varies much."""
    random = np.random.default_rng(2)
    block = np.repeat(np.arange(10), 50)
    value = random.normal(0, 0.5, 10)[block] + random.normal(0, 0.05, 500)
    first = block == 9
    plain = shift(np.zeros(500, np.int64), value, first, 1)
    cautious = shift(np.zeros(500, np.int64), value, first, 1, block=block)
    assert cautious.error[0] > 3 * plain.error[0]
    steady = random.normal(0, 0.5, 500)
    same = [shift(np.zeros(500, np.int64), steady, first, 1, block=b).error[0] for b in (None, block)]
    assert same[1] == pytest.approx(same[0], rel=0.5)


@given(st.integers(0, 50), st.integers(1, 50), st.integers(0, 50), st.integers(1, 50))
def test_shares_have_the_evidence_of_two_binomials(hits1: int, of1: int, hits2: int, of2: int) -> None:
    hits1, hits2 = min(hits1, of1), min(hits2, of2)
    (found,) = share_evidence(*(np.array([float(x)]) for x in (hits1, of1, hits2, of2)))
    both = (hits1 + hits2) / (of1 + of2)
    expected = sum(
        stats.binom.logpmf(hits, of, hits / of) - stats.binom.logpmf(hits, of, both)
        for hits, of in ((hits1, of1), (hits2, of2))
    )
    shares = sorted((hits1 / of1, hits2 / of2))
    differ = shares[1] >= 1.5 * shares[0] or 1 - shares[0] >= 1.5 * (1 - shares[1])
    assert found == pytest.approx(expected if differ else 0.0, abs=1e-9)


def test_no_trials_are_no_evidence() -> None:
    none = np.array([0.0])
    assert share_evidence(none, none, np.array([5.0]), np.array([5.0])).tolist() == [0.0]


def test_dispersion_is_one_by_chance_and_more_with_bursts() -> None:
    random = np.random.default_rng(4)
    of = np.full(2000, 40.0)
    steady = random.binomial(40, 0.3, 2000).astype(float)
    bursts = random.binomial(40, np.where(np.arange(2000) % 10 == 0, 0.9, 0.2)).astype(float)
    component = np.zeros(2000, np.int64)
    assert dispersion(steady, of, component, 1)[0] == pytest.approx(1.0, abs=0.1)
    assert dispersion(bursts, of, component, 1)[0] > 5
    assert dispersion(np.array([]), np.array([]), np.array([], np.int64), 2).tolist() == [1.0, 1.0]


def test_a_pool_weighs_by_precision_and_no_component_rules() -> None:
    mean, error = pooled(np.array([2.0, 0.0, 5.0]), np.array([0.01, 0.01, math.inf]), np.array([0, 0, 1]), 3)
    assert mean.tolist() == pytest.approx([1.0, 0.0, 0.0])
    assert error[0] == pytest.approx(0.3 / math.sqrt(2), rel=0.01)
    assert error[1:].tolist() == [math.inf, math.inf]
    assert pooled_evidence(mean, error).tolist() == pytest.approx(
        [(1 - FLOOR) ** 2 / (2 * error[0] ** 2), 0.0, 0.0]
    )


def test_chance_is_the_probability_of_one_false_one_among_all_tests() -> None:
    """1,000 families of 50 tests under the null hypothesis: about 5% have one or more beyond chance."""
    random = np.random.default_rng(5)
    evidence = random.chisquare(1, (1000, 50)) / 2
    false = [beyond_chance(row, 50, 1).any() for row in evidence]
    assert 0.03 < np.mean(false) < 0.07
