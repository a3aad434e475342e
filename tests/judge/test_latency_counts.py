"""Thresholds of slow requests: from earlier requests, or from the first looks, which then do not count."""

from __future__ import annotations

import pytest

from obskit.engine import microseconds
from obskit.judge.arm_choice import find_arms
from obskit.judge.latency_counts import QUANTILES, count_latency, rise_counted
from obskit.judge.looks import Looks
from obskit.judge.observations import observe
from obskit.judge.options import JudgeArguments, parse_options
from obskit.judge.outcome_counts import thresholds_of
from tests.judge.rollouts import NEW, T, rollout, verdict


def test_rises_are_rounded_so_that_no_verdict_becomes_easier() -> None:
    """Buckets are 2% wide: a floor is rounded up, and a margin down."""
    assert rise_counted(0.05, up=True) == pytest.approx(1.02**3 - 1)
    assert rise_counted(0.2, up=False) == pytest.approx(1.02**9 - 1)
    assert rise_counted(0.02, up=True) == rise_counted(0.02, up=False) == pytest.approx(0.02)
    assert rise_counted(0.01, up=False) == 0


@pytest.mark.parametrize("before", [30, 0])
def test_shares_above_thresholds_are_those_of_the_percentiles(before: int) -> None:
    events = rollout(before=before, rpm=1200, minutes=30)
    options = parse_options(events.scope, JudgeArguments(candidate=NEW))
    arms = find_arms(events.scope, options)
    observed = observe(arms, Looks(microseconds(T), 60_000_000, 30), None)
    thresholds = thresholds_of(arms, observed, options)
    assert thresholds.first.tolist() == ([0, 0, 0] if before else [1, 1, 1])
    counts = count_latency(observed, thresholds)
    for at, q in enumerate(QUANTILES):
        strata = counts.strata(at, 0)
        assert (strata.n_a[0].sum() > 0) == bool(before)
        assert float(strata.x_a.sum() / strata.n_a.sum()) == pytest.approx(
            1 - q, abs=0.05 if q < 0.9 else 0.03
        )
        # a raised threshold has fewer requests of the candidate above it
        assert counts.strata(at, 2).x_b.sum() <= counts.strata(at, 1).x_b.sum() <= strata.x_b.sum()


def test_without_earlier_requests_a_slower_version_is_found_all_the_same() -> None:
    assert verdict(rollout(before=0, rpm=1200, slower=1.25), errors=None).word == "regress"
    assert verdict(rollout(before=0, rpm=1200), errors=None).word == "pass"
