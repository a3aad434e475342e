"""Bounds hold as often as their level says; weights and clusters count correctly."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from obskit.stats.counts import Counts, effective_size, share, share_and_size
from obskit.stats.evidence import (
    count_testable,
    divergence,
    excess_score,
    lower_bound,
    rates,
    rough_score,
    score,
    upper_bound,
    usual_rate,
    weigh,
)


def counts(*n: float, w: float = 1.0) -> Counts:
    of = np.array(n, dtype=float)
    return Counts(of, of * w, of * w * w)


@given(st.integers(0, 200), st.integers(1, 200), st.floats(1e-9, 0.2))
def test_bounds_are_clopper_and_pearsons(hits: int, misses: int, level: float) -> None:
    n = hits + misses
    p, size = np.array([hits / n]), np.array([float(n)])
    interval = stats.binomtest(hits, n).proportion_ci(1 - 2 * level, method="exact")
    assert math.isclose(lower_bound(p, size, math.log(level))[0], interval.low, rel_tol=1e-6, abs_tol=1e-9)
    assert math.isclose(upper_bound(p, size, math.log(level))[0], interval.high, rel_tol=1e-6, abs_tol=1e-9)


@given(st.floats(0, 1), st.floats(0, 1))
def test_divergence_is_zero_where_the_slice_is_not_more_common(p: float, q: float) -> None:
    found = divergence(np.array([p]), np.array([q]))[0]
    assert found >= 0
    assert (found == 0) or p > q


@given(st.integers(1, 1000), st.integers(1, 1000), st.floats(0.1, 1000))
def test_rows_of_equal_weight_count_in_full(inside: int, outside: int, weight: float) -> None:
    whole = counts(inside + outside, w=weight)
    part = counts(inside, w=weight)
    for side in ("low", "high"):
        assert math.isclose(effective_size(part, whole, side=side)[0], inside + outside, rel_tol=1e-6)
    assert math.isclose(share(part, whole)[0], inside / (inside + outside), rel_tol=1e-9)


def test_heavy_rows_inside_are_worth_their_own_number_only() -> None:
    """17 rows of weight 1000 inside, 20 of weight 1 outside: the share is .999, the evidence that of 17 rows."""
    part = Counts(np.array([17.0]), np.array([17_000.0]), np.array([17e6]))
    whole = Counts(np.array([37.0]), np.array([17_020.0]), np.array([17e6 + 20]))
    assert share(part, whole)[0] > 0.99
    assert effective_size(part, whole, side="low")[0] < 20


def test_a_tiny_share_has_a_small_upper_bound() -> None:
    """One light failure among 500 heavy rows: the upper bound is that of one heavy row, not of no rows."""
    part = Counts(np.array([1.0]), np.array([1.0]), np.array([1.0]))
    whole = Counts(np.array([520.0]), np.array([16_020.0]), np.array([500 * 32.0**2 + 20]))
    none = Counts(np.zeros(1), np.zeros(1), np.zeros(1))
    level = math.log(1e-6)
    some = upper_bound(*share_and_size(part, whole, side="high"), level)[0]
    assert 0.01 < some < 0.05
    assert upper_bound(*share_and_size(none, whole, side="high"), level)[0] < 1.05 * some


@given(st.integers(0, 500), st.integers(1, 500), st.sampled_from(["low", "high"]), st.floats(0.5, 100))
def test_nothing_is_added_where_all_rows_weigh_the_same(
    inside: int, outside: int, side: str, w: float
) -> None:
    p, size = share_and_size(counts(inside, w=w), counts(inside + outside, w=w), side=side)
    assert math.isclose(p[0], inside / (inside + outside), rel_tol=1e-9, abs_tol=1e-12)
    assert math.isclose(size[0], inside + outside, rel_tol=1e-6)


def test_the_risk_ratio_is_infinite_where_nothing_happens_outside() -> None:
    found = weigh(counts(50), counts(50), counts(50), counts(1000), math.log(0.01))
    assert found.risk_ratio[0] == math.inf
    assert found.risk_ratio_low[0] < math.inf
    assert found.rate_outside[0] == 0
    assert math.isclose(found.rate_inside[0], 0.5)


def test_the_plausible_ratio_is_below_the_truth_once_in_forty() -> None:
    """12% of 1,000 events fail in a slice and 8% of 4,000 outside, with rows of weight 7: 4,000 trials."""
    rng = np.random.default_rng(3)
    inside, outside = rng.binomial(1_000, 0.12, 4_000), rng.binomial(4_000, 0.08, 4_000)
    below = [
        weigh(
            counts(a, w=7), counts(a + c, w=7), counts(1_000 - a, w=7), counts(5_000 - a - c, w=7), -9.0
        ).plausible_ratio[0]
        < 1.5
        for a, c in zip(inside, outside, strict=True)
    ]
    assert 0.018 < np.mean(below) < 0.032


def test_rates_come_back_from_shares() -> None:
    inside, outside = rates(np.array([0.8]), np.array([0.2]), 100.0, 900.0)
    assert math.isclose(inside[0], 80 / (80 + 180))
    assert math.isclose(outside[0], 20 / (20 + 720))


def test_the_interval_of_a_share_covers_the_truth_at_its_level() -> None:
    """Sampled unevenly (1 in 1 or 1 in 20): 2,000 trials at a one-sided level of 5%."""
    rng = np.random.default_rng(7)
    missed = 0
    for _ in range(2000):
        keep = np.where(rng.random(400) < 0.5, 1.0, 1 / 20)
        kept = rng.random(400) < keep
        slice_ = rng.random(400) < 0.3
        w = 1 / keep[kept]
        inside = slice_[kept]
        whole = Counts(*(np.array([x]) for x in (float(kept.sum()), w.sum(), (w * w).sum())))
        part = Counts(
            *(np.array([x]) for x in (float(inside.sum()), w[inside].sum(), (w[inside] ** 2).sum()))
        )
        low = lower_bound(*share_and_size(part, whole, side="low"), math.log(0.05))[0]
        missed += low > 0.3
    assert missed / 2000 <= 0.055


@given(st.lists(st.integers(1, 500), max_size=50), st.floats(-5, -0.01), st.floats(0.001, 0.1))
def test_count_testable_is_the_smallest_consistent_number_of_tests(
    totals: list[int], rate: float, alpha: float
) -> None:
    k = count_testable(np.array(totals, dtype=float), rate, alpha)

    def reach(tests: int) -> int:
        return sum(n * rate <= math.log(alpha / tests) for n in totals)

    assert k == 1 or reach(k) <= k
    assert all(reach(smaller) > smaller for smaller in range(1, k))


def test_what_was_always_so_has_no_excess() -> None:
    """Two slices, both 30% failing now; the first failed at 30% before, the second at 1%."""
    a, b = counts(300, 300), counts(700, 700)
    history_a, history = counts(600, 20), counts(2000, 2000)
    usual = usual_rate(history_a, history, 700 / 12_000)
    score = excess_score(
        a, counts(650), b, counts(5000), counts(700), counts(12_000), math.log(1e-4), 1.0, 0.0, usual
    )
    assert score[0] == 0
    assert score[1] > 0.5


def test_nothing_is_commoner_than_before_and_so_nothing_scores() -> None:
    asked = (counts(10), counts(20), counts(90), counts(980), counts(100), counts(2000), -5.0, 1.0, 0.0)
    assert excess_score(*asked, np.array([0.1])).tolist() == [0.0]


def test_what_one_slice_adds_has_a_score_though_the_outcome_became_rarer_elsewhere() -> None:
    """100 of 1,000 events of a slice fail, 10 did before; in all there are fewer failures than before."""
    asked = (
        counts(100),
        counts(300),
        counts(900),
        counts(9_000),
        counts(900),
        counts(10_000),
        -5.0,
        1.0,
        0.0,
    )
    usual = np.array([0.01])
    assert excess_score(*asked, usual).tolist() == [0.0]
    assert excess_score(*asked, usual, least=90.0)[0] > 0.5


def test_the_earlier_rate_of_a_slice_hardly_seen_is_the_one_it_is_shrunk_toward() -> None:
    rates = usual_rate(counts(0, 300), counts(1, 1000), np.array([0.5, 0.5]))
    assert np.round(rates, 3).tolist() == [0.476, 0.304]


@given(
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 4_000)), min_size=1, max_size=40),
    st.floats(-60, -6),
)
def test_the_rough_score_is_near_the_score(hits: list[tuple[int, int]], log_level: float) -> None:
    selected, baseline = (np.array(side, dtype=float) for side in zip(*hits, strict=True))
    one, other = Counts(selected, selected, selected), Counts(baseline, baseline, baseline)
    wholes = (Counts(*(np.array([400.0]),) * 3), Counts(*(np.array([4_000.0]),) * 3))
    exact = score(one, wholes[0], other, wholes[1], log_level)
    rough = rough_score(one, wholes[0], other, wholes[1], log_level)
    assert np.all(np.abs(exact - rough) <= 0.15 + 0.25 * exact)


@given(
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 4_000)), min_size=1, max_size=40),
    st.floats(-60, -3),
)
def test_the_score_alone_is_that_of_all_evidence(hits: list[tuple[int, int]], log_level: float) -> None:
    selected, baseline = (counts(*side) for side in zip(*hits, strict=True))
    asked = (selected, counts(400), baseline, counts(4_000), log_level)
    exact = score(*asked)
    assert exact.tolist() == weigh(*asked).score.tolist()
    best = score(*asked, only_best=True)
    assert best.max() == exact.max()
    assert np.all((best == exact) | (best == 0))
    assert np.all(best[exact == exact.max()] == exact.max())  # of equally good slices, none is left out


def test_without_intervals_the_other_numbers_are_the_same() -> None:
    asked = (counts(30, 40), counts(100), counts(10, 60), counts(1_000), math.log(0.01))
    whole, part = weigh(*asked), weigh(*asked, intervals=False)
    for name in ("score", "risk_ratio", "plausible_ratio", "excess_share"):
        assert getattr(whole, name).tolist() == getattr(part, name).tolist()
    assert np.isnan(part.risk_ratio_low).all()
    assert np.isnan(part.risk_ratio_high).all()


def test_a_level_per_slice_gives_what_each_level_gives_alone() -> None:
    levels = np.log([0.05, 1e-6, 0.05, 1e-12])
    selected, baseline = counts(30, 40, 5, 90), counts(10, 60, 2, 100)
    whole = counts(100), counts(1_000)
    together = weigh(selected, whole[0], baseline, whole[1], levels)
    for at, level in enumerate(levels.tolist()):
        one = np.array([at])
        alone = weigh(selected[one], whole[0], baseline[one], whole[1], level)
        for name in ("score", "risk_ratio_low", "risk_ratio_high"):
            assert getattr(together, name)[at] == getattr(alone, name)[0]
