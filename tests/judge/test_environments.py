"""Environments: not randomised, so one passes only against its own earlier time."""

from __future__ import annotations

import numpy as np
import pytest

from tests.judge.rollouts import NEW, OLD, Columns, T, rollout, verdict

pytestmark = pytest.mark.once

Rng = np.random.Generator
FIELD = "deployment.environment.name"


def environments(columns: Columns, rng: Rng) -> None:
    """Half of the requests are of staging, which runs 2.4.0 from 10:00 on."""
    n = len(columns["timestamp"])
    staging = rng.random(n) < 0.5
    late = columns["timestamp"] >= int(T.timestamp() * 1e6)
    columns[FIELD] = np.where(staging, "staging", "production")
    columns["service.version"] = np.where(staging & late, NEW, OLD)
    columns["error"] = rng.random(n) < 0.03


def failing(columns: Columns, rng: Rng) -> None:
    environments(columns, rng)
    new = columns["service.version"] == NEW
    columns["error"] = columns["error"] | (new & (rng.random(len(new)) < 0.05))


def judged(change: object, **more: object):
    events = rollout(rpm=1200, change=change)
    return verdict(events, candidate="staging", baseline="production", mode="environments", **more)


def test_an_environment_that_fails_more_often_is_a_regression() -> None:
    found = judged(failing)
    assert (found.word, found.evidence) == ("regress", "not randomised")
    assert (found.candidate.label, found.baseline.label) == ("staging", "production")


def test_an_environment_does_not_pass_by_comparison_with_another_alone() -> None:
    found = judged(environments)
    assert found.word == "inconclusive"
    assert found.criterion("errors").word == "pass"
    assert found.sentence.startswith(
        "Environments differ in more than the version. Against its own earlier time: "
    )
    assert "there are only 0 earlier weeks without a deployment to compare with" in found.sentence


def test_an_environment_without_an_earlier_time() -> None:
    def always(columns: Columns, rng: Rng) -> None:
        environments(columns, rng)
        columns["service.version"] = np.full(len(columns["timestamp"]), OLD)

    found = judged(always)
    assert found.word == "inconclusive"
    assert "staging has no earlier time to compare with." in found.sentence


def test_one_environment_of_several_can_be_judged() -> None:
    def both(columns: Columns, rng: Rng) -> None:
        n = len(columns["timestamp"])
        columns[FIELD] = np.array(["production", "staging"])[rng.integers(0, 2, n)]
        bad = (columns[FIELD] == "staging") & (columns["service.version"] == NEW)
        columns["error"] = columns["error"] | (bad & (rng.random(n) < 0.2))

    events = rollout(rpm=1200, errors=0.05, change=both)
    assert verdict(events, environment="staging").word == "regress"
    found = verdict(events, environment="production")
    assert (found.word, found.environment) == ("pass", "production")
