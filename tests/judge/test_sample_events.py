"""The repository's own `sample_events`: booking 2.4.0 was rolled out at 5, 25 and 50% from 10:00 to 10:30."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from obskit import load
from obskit.events import Events
from obskit.judge import Verdict

SAMPLE = Path(__file__).resolve().parents[2] / "sample_events"


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Events]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OBSKIT_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield load(SAMPLE)


@pytest.fixture(scope="module")
def verdict(events: Events) -> Verdict:
    return events.judge(candidate="2.4.0")


def test_the_planted_deployment_is_a_regression(verdict: Verdict) -> None:
    assert verdict.word == "regress"
    assert (verdict.service, verdict.candidate.label, verdict.baseline.label) == ("booking", "2.4.0", "2.3.7")
    errors, latency = verdict.criterion("errors"), verdict.criterion("latency")
    assert (errors.word, latency.word) == ("regress", "regress")
    assert errors.low > 5
    assert errors.requests < 120
    assert errors.operation == latency.operation == "POST /book"
    assert errors.approximate  # errors are kept, of the other requests only some


def test_its_explanation_is_the_planted_cause(verdict: Verdict) -> None:
    assert verdict.explain().findings[0].condition == "payment.method = 'sepa_debit'"


def test_eighteen_pods_of_which_none_is_the_cause(verdict: Verdict) -> None:
    assert verdict.candidate.pods == 18
    assert "One pod" not in verdict.sentence


def test_the_newest_deployment_was_a_switch(events: Events) -> None:
    found = events.judge()
    assert (found.service, found.evidence, found.word) == ("notification", "before/after", "inconclusive")
    assert any("also deployed in this time" in note and "booking 2.4.0" in note for note in found.notes)


def test_the_other_switch_is_no_regression_either(events: Events) -> None:
    assert events.judge(candidate="6.1.4").word != "regress"


def test_a_version_against_itself_by_zone_is_no_regression(events: Events) -> None:
    """Of one version, requests in one zone against those in another: nothing was planted there."""
    found = events.judge(
        service="seatmap",
        candidate_where="cloud.availability_zone = 'eu-central-1a'",
        baseline_where="cloud.availability_zone = 'eu-central-1c'",
        during="2026-05-04T00:00Z/2026-05-04T09:00Z",
    )
    assert found.word in ("pass", "inconclusive")
