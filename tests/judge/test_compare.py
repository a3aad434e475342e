"""`compare`: the numbers of a verdict, without the word."""

from __future__ import annotations

import json

import numpy as np
import pytest

from obskit.errors import InvalidArgument
from tests.judge.rollouts import NEW, OLD, Columns, only, rollout, verdict

Rng = np.random.Generator


def test_both_versions_side_by_side() -> None:
    events = rollout(ratio=2.0, slower=1.2)
    found = events.compare(candidate=NEW, baseline=OLD)
    rows = {row["outcome"]: row for row in found.to_arrow().to_pylist()}
    assert list(rows) == ["errors", *(f"slower than earlier p{q}" for q in (50, 75, 90, 95, 99))]
    assert rows["errors"]["low"] > 1
    assert rows["slower than earlier p75"]["low"] > 1
    judged = verdict(events).criterion("errors")
    assert rows["errors"]["ratio"] == judged.ratio
    assert (found.candidate.n, found.baseline.n) == (judged.candidate.n, judged.baseline.n)
    assert "word" not in found.to_dict()
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False)) == found.to_dict()
    assert f"{NEW}: 3,5" in str(found)
    assert "events.compare(candidate='2.4.0', baseline='2.3.7')" in str(found)


def test_any_two_groups_of_requests() -> None:
    def pods(columns: Columns, rng: Rng) -> None:
        n = len(columns["timestamp"])
        columns["host.name"] = np.array(["a", "b"])[rng.integers(0, 2, n)]
        columns["error"] = rng.random(n) < np.where(columns["host.name"] == "a", 0.04, 0.01)

    events = rollout(minutes=20, change=pods)
    found = events.compare(by="host.name", candidate="a", baseline="b")
    assert found.to_arrow().to_pylist()[0]["low"] > 2
    by_condition = events.compare(candidate_where="\"host.name\" = 'a'", baseline_where="\"host.name\" = 'b'")
    assert by_condition.to_arrow().to_pylist()[0]["ratio"] == pytest.approx(
        found.to_arrow().to_pylist()[0]["ratio"]
    )


def test_slices_are_compared_if_asked_for() -> None:
    def clients(columns: Columns, rng: Rng) -> None:
        n = len(columns["timestamp"])
        columns["client.name"] = np.array(["ios", "web", "kiosk"])[rng.integers(0, 3, n)]
        bad = (columns["client.name"] == "kiosk") & (columns["service.version"] == NEW)
        columns["error"] = columns["error"] | (bad & (rng.random(n) < 0.2))

    events = rollout(change=clients)
    assert events.compare(candidate=NEW).slices == ()
    found = events.compare(candidate=NEW, slices=["client.name"])
    assert [one.values for one in found.slices] == [{"client.name": "kiosk"}]
    assert "worse for client.name = 'kiosk' (errors): " in str(found)


def test_a_group_without_requests_is_an_error() -> None:
    with pytest.raises(InvalidArgument) as caught:
        rollout(minutes=5).compare(candidate="9", baseline=OLD)
    assert str(caught.value) == (
        "No request of the candidate '9' is in these events. Values seen: 2.4.0, 2.3.7.\n"
        "Hint: name both groups: candidate and baseline"
    )


def test_groups_that_never_ran_at_the_same_time() -> None:
    def apart(columns: Columns, rng: Rng) -> None:
        since = columns["timestamp"] - np.median(columns["timestamp"])
        columns["service.version"] = np.where(since > 0, NEW, OLD)
        only(columns, abs(since) > 120e6)

    with pytest.raises(InvalidArgument, match="have no requests at the same time"):
        rollout(minutes=10, change=apart).compare(candidate=NEW, baseline=OLD)
