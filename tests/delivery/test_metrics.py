"""Metrics of a sample, and ratios of two samples."""

import numpy as np
import pytest

from obskit.delivery.judged import judge_deployments
from obskit.delivery.metrics import Sample, metrics_of, ratios_of, sample_of
from obskit.stats.intervals import NOTHING, Interval, rate_interval, share_interval
from tests.delivery.records import deployed, incident


def named(found):
    return {one.name: one for one in found}


def test_the_metrics_by_hand():
    """Four deployments in two days; the second fails for 30 minutes and the third is its rollback."""
    deployments = [deployed(0, "1"), deployed(600, "2"), deployed(630, "1"), deployed(2000, "3")]
    judged, _ = judge_deployments(deployments, [incident(610, 640)])
    judged[1].leads, judged[3].leads = [60.0, 120.0], [180.0]
    found = named(metrics_of(sample_of(judged, [0, 1, 2, 3], 2.0)))
    assert found["lead_time"].interval.value == 120.0
    assert (found["lead_time"].n, found["lead_time_p90"].interval.value) == (3, 168.0)
    assert found["deployment_frequency"].interval == rate_interval(4, 2.0)
    assert found["time_between_deployments"].interval.value == 36_000.0
    assert found["change_fail_rate"].interval == share_interval(1, 4)
    assert (found["recovery_time"].interval, found["recovery_time"].n) == (Interval(2400.0, None, None), 1)
    assert found["rework_rate"].interval == share_interval(1, 4)
    assert "pull_request_cycle" not in found


def test_open_failures_are_counted_and_longer_than_all_others():
    judged, _ = judge_deployments(
        [deployed(n * 100, str(n)) for n in range(3)], [incident(10, 20), incident(110), incident(210)]
    )
    recovery = named(metrics_of(sample_of(judged, [0, 1, 2], 1.0)))["recovery_time"]
    assert (recovery.interval, recovery.n, recovery.open) == (NOTHING, 3, 2)


def test_without_any_incident_in_the_data_no_failure_is_no_answer():
    judged, _ = judge_deployments([deployed(0, "1"), deployed(9, "2")], [])
    found = named(metrics_of(sample_of(judged, [0, 1], 1.0, incidents=False)))
    assert found["change_fail_rate"].interval == NOTHING
    assert found["rework_rate"].interval == NOTHING
    known = named(metrics_of(sample_of(judged, [0, 1], 1.0, incidents=True)))
    assert known["change_fail_rate"].interval.value == 0.0


def test_gaps_are_within_one_service_and_environment():
    judged, _ = judge_deployments([deployed(0, "1"), deployed(5, "1", "seats"), deployed(60, "2")], [])
    assert sample_of(judged, [0, 1, 2], 1.0).gaps == [3600.0]


def test_ratios_of_two_groups():
    first = Sample(
        30.0, deployments=20, failed=8, rework=1, leads=[100.0] * 12, lead_clusters=list(range(12))
    )
    second = Sample(
        60.0, deployments=20, failed=2, rework=1, leads=[50.0] * 12, lead_clusters=list(range(12))
    )
    found = {one.name: one for one in ratios_of(first, second)}
    assert found["deployment_frequency"].interval.value == 2.0
    assert found["change_fail_rate"].interval.value == pytest.approx(4.0)
    assert found["change_fail_rate"].interval.low < 1.0 < found["change_fail_rate"].interval.high
    assert found["lead_time"].interval == Interval(2.0, 2.0, 2.0)
    assert (found["lead_time"].first_n, found["lead_time"].second_n) == (12, 12)
    assert found["recovery_time"].interval == NOTHING


def test_the_ratio_of_medians_covers_the_truth():
    chance = np.random.default_rng(20_260_507)
    covered = 0
    for _ in range(400):
        one, other = chance.exponential(2.0, 25).tolist(), chance.exponential(1.0, 40).tolist()
        (ratio,) = [
            found
            for found in ratios_of(
                Sample(1.0, leads=one, lead_clusters=list(range(25))),
                Sample(1.0, leads=other, lead_clusters=list(range(40))),
            )
            if found.name == "lead_time"
        ]
        covered += ratio.interval.low <= 2.0 <= ratio.interval.high
    assert covered / 400 > 0.94
