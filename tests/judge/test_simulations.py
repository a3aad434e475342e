"""Quick runs of `benchmarks.verdicts` with its fixed seeds: false alarms, detections, and the rules of others."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import verdict_peers as peers
from benchmarks import verdicts

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def errors() -> dict[str, list[tuple[float, float]]]:
    return verdicts.errors(200)


def test_false_alarms_and_detections_of_errors(errors: dict[str, list[tuple[float, float]]]) -> None:
    """No change at 1% and 0.1%: alarms in at most 5% of the rollouts. x2, x3 and x1.3 are found."""
    same, double, same_rare, triple, third = errors["obskit"]
    assert same[0] <= 5
    assert same_rare[0] <= 5
    assert double[0] == triple[0] == 100
    assert third[0] >= 90
    assert double[1] < 2_000
    assert triple[1] < 4_500


def test_other_rules_are_slower_or_wrong_more_often(errors: dict[str, list[tuple[float, float]]]) -> None:
    assert errors["z test at every look"][0][0] > 20
    assert errors["GrowthBook, one-sided sequence"][3][1] > 1.5 * errors["obskit"][3][1]
    assert errors["Kayenta every 10 minutes"][1][1] > 3 * errors["obskit"][1][1]
    assert errors["Argo, error rate > 5%, 4 minutes"][1][0] == 0
    assert errors["Flagger, success < 99%, 5 minutes"][0][0] == 100


def test_strata_are_what_a_ramp_needs() -> None:
    found = verdicts.ramp(150)
    assert max(found["obskit, by look"][:2]) <= 5
    assert min(found["obskit, by look"][2:]) >= 95
    assert found["the same, pooled"][0] > 90
    assert found["GrowthBook"][0] > 90


def test_margins_decide_within_an_hour() -> None:
    found = verdicts.margins(25)
    assert found["0.00% -> 0.00%"] == (100, 0, 0)
    assert found["1.00% -> 1.00%"][0] >= 90
    for worse in ("0.10% -> 0.30%", "1.00% -> 2.00%"):
        assert found[worse] == (0, 100, 0)


def test_sampling_that_depends_on_the_outcome_keeps_the_level_and_the_power() -> None:
    """W1: a tenth of all rows. W2, W4: errors are kept. W5, W7: the arms are sampled in other ways. W8: slow rows."""
    for kind, (null, double) in verdicts.weights(30).items():
        assert null <= 10, kind  # 3 of 30; at 5% more are improbable
        assert double >= 60, kind


def test_latency_keeps_its_level_and_finds_slow_tails() -> None:
    found = verdicts.latency(100)
    assert found["the same"][0] <= 5
    assert found["the same"][1] >= 95
    assert found["x1.05"][0] <= 5
    assert found["x1.2"][0] >= 95
    assert found["x1.2"][1] <= 5
    for tail in ("above p90 x1.2", "above p95 x1.5"):
        assert found[tail][0] >= 95
        assert found[tail][1] <= 15


def test_slices_are_found_among_thousands() -> None:
    found = verdicts.slices(12)
    assert found["errors, end known"][0] >= 75
    assert found["p99 x2 for 1% of customers"][0] >= 85
    for _, false, quiet in found.values():
        assert false <= 17  # 2 of 12 runs
        assert quiet <= 17


def test_kayentas_rule_on_inputs_from_its_issues() -> None:
    """Seven of ten minutes at 100 against all 1 pass and eight do not; rare errors against none pass."""
    ones = np.ones(10)
    assert not peers.is_high(ones, np.array([100.0] * 7 + [1.0] * 3))
    assert peers.is_high(ones, np.array([100.0] * 8 + [1.0] * 2))
    assert not peers.is_high(np.zeros(6), np.array([0.0, 1, 2, 1, 0, 0]))
    assert not peers.is_high(ones, ones)
