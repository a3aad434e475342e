"""Whether a change is more than chance, and the moments to compare at."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import numpy.typing as npt
import pytest

from obskit.query.deployments import Deployment
from obskit.stats import buckets
from obskit.stats.counts import Counts
from obskit.triage import changes
from obskit.triage import counts as counting
from tests.triage.days import T

pytestmark = pytest.mark.once


@pytest.mark.parametrize("by", ["route", "outcome"])
def test_unequal_weights_cause_no_false_alarm(by: str) -> None:
    """Rows in random order of time: 100 shuffles, and nothing may be found, whatever the weights.

    weights   1 for one route and 200 for the other; or 4 for failures and 64 for the rest
    """
    rng = np.random.default_rng(5)
    rows, alarms = 3_000, 0
    for _ in range(100):
        error = rng.random(rows) < 0.03
        route = rng.integers(0, 2, rows)
        heavy = np.where(error, 4.0, 64.0)
        if by == "route":
            # what is sampled hard fails more often, all day
            heavy = np.where(rng.random(rows) < 0.9, 1.0, 200.0)
            error = rng.random(rows) < np.where(heavy > 1, 0.2, 0.02)
        slow = rng.lognormal(3, 0.5, rows) * np.where(heavy > 1, 2, 1)
        moments = changes.full_moments(T, T.replace(hour=23))[0]
        interval = rng.integers(0, len(moments) + 1, rows)
        cell = buckets.buckets(slow).astype(np.int64)
        operations = [one(route == key, key, interval, cell, error, heavy) for key in (0, 1)]
        candidates = changes.CandidateMoments(tuple(moments), {}, 0)
        found, _ = changes.find_changes(operations, candidates, lambda _: None)
        alarms += any(row.changes for row in found)
    assert alarms == 0


def one(
    rows: npt.NDArray[np.bool_],
    key: int,
    interval: npt.NDArray[np.int64],
    cell: npt.NDArray[np.int64],
    error: npt.NDArray[np.bool_],
    weight: npt.NDArray[np.float64],
) -> counting.Operation:
    cells, at = np.unique(cell[rows], return_inverse=True)
    sums = np.array([np.ones(rows.sum()), weight[rows], weight[rows] ** 2])
    return counting.Operation((key,), cells, interval[rows], at + len(cells) * error[rows], sums)


def test_one_rare_error_before_does_not_hide_many_after() -> None:
    """One light failure among heavy rows: the earlier share is nearly nothing, and known to be.

    Kish's count and one of the variance alone both go wrong here, each in its own direction.
    """
    part, whole = counts(1, 2.0), counts(524, 15.0) + counts(1, 2.0)
    worse, all_after = counts(420, 4.0), counts(420, 4.0) + counts(1767, 6.5)
    assert changes.evidence_of_growth(part, whole, worse, all_after, np.log(1e-5)) is not None
    assert changes.evidence_of_growth(worse, all_after, part, whole, np.log(1e-5)) is None


def counts(n: int, weight: float) -> Counts:
    return Counts(np.array([float(n)]), np.array([n * weight]), np.array([n * weight**2]))


def test_moments_are_round_and_at_most_24() -> None:
    moments, step = changes.full_moments(T.replace(minute=1), T.replace(hour=23, minute=59))
    assert (len(moments), moments[0], step) == (23, T.replace(hour=1), "full hour")
    moments, step = changes.full_moments(T, T.replace(minute=30))
    assert (moments[0], step) == (T.replace(minute=5), "5 minutes")
    assert changes.full_moments(T, T)[0] == []
    # a day and some seconds at both ends is a day
    moments, step = changes.full_moments(T - timedelta(seconds=2), T + timedelta(days=1, seconds=3))
    assert (len(moments), moments[0], step) == (23, T.replace(hour=1), "full hour")
    moments, step = changes.full_moments(T.replace(year=2000), T)
    assert len(moments) <= 25


@pytest.mark.parametrize(
    ("bad_from", "expected"),
    [
        (8, 8),  # the deployment itself
        (9, 12),  # 1.9% between the deployment and 12:00, but 1% until 9:00
    ],
)
def test_growth_long_after_a_deployment_did_not_begin_with_it(bad_from: int, expected: int) -> None:
    """A service is deployed at 8:00; moments at 4:00, 8:00, 9:00, 12:00 and 20:00.

    errors   1% until an hour, 3% during the next three, 20% from 12:00 on
    """
    hours = np.array([4, 8, 9, 12, 20])
    moments = tuple(T.replace(hour=int(hour)) for hour in hours)
    rng = np.random.default_rng(11)
    at = np.sort(rng.uniform(0, 24, 60_000))
    rate = np.select([at < bad_from, at < 12], [0.01, 0.03], 0.2)
    error = rng.random(len(at)) < rate
    every = np.ones(len(at), bool)
    operation = one(
        every, 0, np.searchsorted(hours, at), np.zeros(len(at), np.int64), error, every.astype(float)
    )
    deployed = {moments[1]: [Deployment(moments[1], "search", "6.1.4")]}
    candidates = changes.CandidateMoments(moments, deployed, 0)
    (row,), _ = changes.find_changes([operation], candidates, lambda _: "search")
    assert [change.outcome for change in row.changes] == ["errors"]
    assert row.since == T.replace(hour=expected)
