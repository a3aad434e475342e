"""The declared split of a Rollout at each step, and Flagger's phases."""

import json

import pytest

from tests.support.change_markers import FLAGGER, ROLLOUT


def rollout(**state):
    return json.dumps(ROLLOUT | {"status": ROLLOUT["status"] | state}).encode()


@pytest.mark.parametrize(
    ("state", "split", "status"),
    [
        ({"currentStepIndex": 0}, 10, "started"),
        ({"currentStepIndex": 2}, 50, "started"),
        ({"currentStepIndex": 4}, 100, "started"),
        ({"canary": {"weights": {"canary": {"weight": 25}}}}, 25, "started"),
        ({"phase": "Healthy", "currentStepIndex": None}, 100, "succeeded"),
        ({"phase": "Degraded", "abort": True, "abortedAt": "2026-05-04T12:00:00Z"}, 0, "failed"),
        ({"phase": "Degraded"}, 10, "failed"),
        ({"currentStepIndex": None}, None, "started"),
    ],
)
def test_the_declared_split(read, state, split, status):
    row = read(rollout(**state)).rows[0]
    assert (row.get("obskit.rollout.split_percent"), row["deployment.status"]) == (split, status)
    assert row["obskit.rollout.ramp_percent"] == [10, 50]


def test_a_rollout_that_has_not_begun_is_counted(read):
    got = read(rollout(phase=None) + b"\n" + rollout())
    assert len(got.rows) == 1
    assert [reason for _, reason in got.reasons] == ["it has not been deployed, run or started"]


@pytest.mark.parametrize(
    ("phase", "status", "split"),
    [("Initialized", "started", None), ("Succeeded", "succeeded", 100), ("Failed", "failed", 0)],
)
def test_phases_of_flagger(read, phase, status, split):
    said = FLAGGER["metadata"] | {"eventMessage": "Promotion completed!"}
    row = read(json.dumps(FLAGGER | {"phase": phase, "metadata": said}).encode()).rows[0]
    assert (row["deployment.status"], row.get("obskit.rollout.split_percent")) == (status, split)
