"""Counts in rows, and exposures where the sampling depends on the outcome."""

from __future__ import annotations

import numpy as np
import pytest

from obskit.judge.strata import Strata, Tally, strata_of

pytestmark = pytest.mark.once


def tally(rows: list[tuple[float, float]], weights: list[tuple[float, float]]) -> Tally:
    """Rows of both arms, one operation, one entry per look; all rows of an arm and look weigh the same."""
    n, w = np.array(rows, float)[:, None, :], np.array(weights, float)[:, None, :]
    return Tally(n, n * w, n * w * w)


def test_equal_weights_are_counted_as_rows() -> None:
    found = strata_of(
        tally([(10, 2), (12, 3)], [(5, 20), (5, 20)]), tally([(990, 98), (988, 97)], [(5, 20), (5, 20)])
    )
    assert not found.dependent
    assert found.n_a.ravel().tolist() == [1000, 1000]
    assert found.x_b.ravel().tolist() == [2, 3]
    assert found.design_effect.tolist() == [1, 1]


def test_tail_sampling_scales_the_rows_without_the_outcome() -> None:
    """Every error is kept (weight 1), and one of fifty others: 20 rows stand for 1,000."""
    found = strata_of(tally([(10, 2)], [(1, 1)]), tally([(20, 2)], [(50, 50)]))
    assert found.dependent
    assert found.n_a.tolist() == [[1010]]
    assert found.n_b.tolist() == [[102]]
    assert found.x_a.tolist() == [[10]]
    assert found.design_effect[0] > 1


def test_arms_that_are_sampled_otherwise_have_weights_of_their_own() -> None:
    """The baseline's errors weigh 10, the candidate's 1: each arm is scaled by its own."""
    found = strata_of(tally([(10, 10)], [(10, 1)]), tally([(100, 990)], [(100, 1)]))
    assert found.n_a.tolist() == [[10 + 100 * 100 / 10]]
    assert found.n_b.tolist() == [[10 + 990]]


def test_an_operation_that_is_sampled_by_outcome_leaves_the_others_exact() -> None:
    hits = tally([(10, 2)], [(1, 1)])
    others = tally([(20, 2)], [(50, 50)])
    plain_hits, plain_others = tally([(10, 2)], [(1, 1)]), tally([(990, 98)], [(1, 1)])
    both = strata_of(
        Tally(*(np.concatenate(pair, axis=1) for pair in hits.pairs(plain_hits))),
        Tally(*(np.concatenate(pair, axis=1) for pair in others.pairs(plain_others))),
    )
    assert both.n_a.tolist() == [[1010, 1000]]


def test_evidence_at_a_look_is_that_of_all_looks_until_then() -> None:
    rng = np.random.default_rng(1)
    n_a, n_b = rng.poisson(900, (6, 2)).astype(float), rng.poisson(100, (6, 2)).astype(float)
    strata = Strata(
        n_a,
        rng.binomial(n_a.astype(int), 0.02).astype(float),
        n_b,
        rng.binomial(n_b.astype(int), 0.05).astype(float),
        np.full(6, 1.3),
        True,
    )
    for up in (True, False):
        every = strata.log_e(1.5, up=up)
        assert [strata.log_e_at(k, 1.5, up=up) for k in range(6)] == pytest.approx(every.tolist())
    low, high = strata.bounds(0.05, 0.05)
    assert low < strata.ratio() < high
    assert strata.log_e(low * 0.99, up=True)[-1] >= np.log(20)
    assert float(strata.excess().sum()) > 0
