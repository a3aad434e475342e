"""Intervals of ratios that are shown because they are large contain the truth as often as they say."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from obskit.stats.counts import Counts, Floats
from obskit.stats.selected_ratio import effective_hits, selected_ratio_interval

ANY = (np.zeros(1), np.full(1, np.inf))
ONE = np.ones(1)


def counts(*n: float, w: float = 1.0) -> Counts:
    of = np.array(n, dtype=float)
    return Counts(of, of * w, of * w * w)


def interval(hits: float, misses: float, least: float = 0.0, level: float = 0.95) -> tuple[float, float]:
    low, high = selected_ratio_interval(
        np.array([hits]), np.array([misses]), ONE, np.array([least]), ANY, level
    )
    return float(low[0]), float(high[0])


@given(st.integers(1, 500), st.integers(1, 500))
def test_a_ratio_that_is_always_shown_has_the_interval_of_a_binomial_share(hits: int, misses: int) -> None:
    """With half an event added to both sides: Jeffreys' interval, which is the mid-P interval to a hair."""
    low, high = interval(hits, misses)
    share = stats.beta(hits + 0.5, misses + 0.5)
    ends = [min(max(share.ppf(p), 1e-12), 1 - 1e-12) for p in (0.025, 0.975)]
    ratios = [end / (1 - end) for end in ends]
    assert math.isclose(low, min(ratios[0], hits / misses), rel_tol=1e-6)
    assert math.isclose(high, max(ratios[1], hits / misses), rel_tol=1e-6)


@given(st.integers(1, 500), st.integers(0, 500), st.floats(0, 1), st.floats(0, 1))
def test_intervals_enclose_the_ratio_and_reach_lower_the_closer_the_threshold(
    hits: int, misses: int, one: float, other: float
) -> None:
    ratio = hits / misses if misses else math.inf
    most = ratio if misses else 1e6
    near, far = max(one, other) * most, min(one, other) * most
    low, high = interval(hits, misses, near)
    assert 0 <= low <= ratio <= high
    assert low <= interval(hits, misses, far)[0] * (1 + 1e-9)


def test_intervals_stay_within_the_bounds_that_hold_for_all() -> None:
    bounds = np.array([1.2]), np.array([3.0])
    low, high = selected_ratio_interval(np.array([20.0]), np.array([10.0]), ONE, np.array([2.0]), bounds)
    assert math.isclose(low[0], 1.2, rel_tol=1e-6)
    assert 2.0 <= high[0] <= 3.0


def test_without_events_outside_only_the_lower_bound_is_finite() -> None:
    low, high = interval(30, 0)
    assert 5 < low < 30
    assert high == math.inf


def test_of_ratios_shown_because_they_are_large_95_in_100_intervals_contain_the_truth() -> None:
    """100 events, shown if at least 60 are inside: an ordinary interval of those shown is often too high.

    truth:   shares .50 to .65, ratios 1 to 1.86
    shown:   ............|#####   60 and more of 100
    """
    shown = np.arange(60, 100).astype(float)
    size = len(shown)
    for share in (0.50, 0.55, 0.60, 0.65):
        truth = share / (1 - share)
        often = stats.binom.pmf(shown, 100, share)

        def covered(least: float, often: Floats = often, truth: float = truth) -> float:
            bounds = np.zeros(size), np.full(size, np.inf)
            low, high = selected_ratio_interval(
                shown, 100 - shown, np.ones(size), np.full(size, least), bounds
            )
            return float(often[(low <= truth) & (truth <= high)].sum() / often.sum())

        assert 0.93 <= covered(60 / 40) <= 0.985, share
        if share < 0.60:
            assert covered(0.0) < 0.9, share


def test_effective_hits_have_the_precision_of_the_ratio_of_rates() -> None:
    """Rates of 40% and 10% on 500 and 2,000 events: the ratio varies by so much in repeated draws."""
    rng = np.random.default_rng(6)
    a, c = rng.binomial(500, 0.4, 100_000), rng.binomial(2_000, 0.1, 100_000)
    spread = np.var(np.log(a / 500) - np.log(c / 2_000))
    x, y = effective_hits(
        counts(200), counts(400), counts(300), counts(2_100), (np.array([0.4]), np.array([0.1])), (ONE, ONE)
    )
    assert math.isclose(1 / x[0] + 1 / y[0], spread, rel_tol=0.03)
    assert math.isclose(x[0] / y[0], 1.0, rel_tol=1e-9)


@given(st.integers(1, 100), st.integers(0, 100), st.integers(0, 100), st.integers(0, 100), st.floats(1, 20))
def test_equal_weights_change_nothing_and_clusters_count_less(
    a: int, b: int, c: int, d: int, effect: float
) -> None:
    rates = np.array([a / (a + b)]), np.array([c / max(c + d, 1)])

    def size(weight: float, deff: float) -> tuple[float, float]:
        groups = (counts(n, w=weight) for n in (a, a + c, b, b + d))
        x, y = effective_hits(*groups, rates, (np.array([deff]), np.array([deff])))
        return float(x[0]), float(y[0])

    plain = size(1.0, 1.0)
    assert np.allclose(size(7.0, 1.0), plain, rtol=1e-9)
    assert all(few <= many * (1 + 1e-9) + 1e-9 for few, many in zip(size(1.0, effect), plain, strict=True))
