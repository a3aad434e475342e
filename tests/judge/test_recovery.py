"""After a rollback or a fix: is the regression over, for the whole and for each slice?"""

from __future__ import annotations

import numpy as np
import pytest

from tests.judge.rollouts import NEW, OLD, Columns, T, rollout, verdict

pytestmark = pytest.mark.once

Rng = np.random.Generator
AFTER = "2026-05-04T10:40Z"


def minutes_of(columns: Columns) -> np.ndarray:
    return (columns["timestamp"] - int(T.timestamp() * 1e6)) / 60e6


def rolled_back(columns: Columns, rng: Rng) -> None:
    """2.4.0 fails on 10% from 10:00 to 10:40; then 2.3.7 answers all requests again."""
    minutes = minutes_of(columns)
    new = (columns["service.version"] == NEW) & (minutes < 40)
    columns["service.version"] = np.where(new, NEW, OLD)
    columns["error"] = rng.random(len(new)) < np.where(new, 0.1, 0.01)


def test_a_rollback_is_a_recovery() -> None:
    found = verdict(rollout(change=rolled_back), after=AFTER)
    assert found.word == "regress"
    (recovery,) = found.recovery
    assert (recovery.what, recovery.outcome, recovery.word) == ("all requests", "errors", "recovered")
    assert recovery.during == pytest.approx(0.1, abs=0.02)
    assert recovery.after == pytest.approx(0.01, abs=0.003)
    assert found.sentence.endswith("Recovered since 2026-05-04T10:40:00Z.")
    assert found.window[1] <= T.replace(hour=10, minute=40)


@pytest.mark.parametrize("then", [OLD, "2.4.1"])
@pytest.mark.parametrize(("rate", "word"), [(0.01, "recovered"), (0.1, "not recovered")])
def test_after_a_switch_without_a_canary_too(then: str, rate: float, word: str) -> None:
    """2.4.0 answers all requests from 10:00 to 10:40; then the old version does, or a fixed one."""

    def replaced(columns: Columns, rng: Rng) -> None:
        minutes = minutes_of(columns)
        columns["service.version"] = np.select([minutes < 0, minutes < 40], [OLD, NEW], then)
        usual = np.select([minutes < 0, minutes < 40], [0.01, 0.1], rate)
        columns["error"] = rng.random(len(minutes)) < usual

    found = verdict(rollout(change=replaced), baseline=OLD, after=AFTER, latency=None)
    assert (found.word, found.evidence) == ("regress", "before/after")
    assert [one.word for one in found.recovery] == [word]
    assert found.window[1] <= T.replace(hour=10, minute=40)
    assert found.sentence.endswith(
        f"{word.capitalize()} since 2026-05-04T10:40:00Z{'.' if word == 'recovered' else ': all requests.'}"
    )


def test_a_fix_that_is_none_is_no_recovery() -> None:
    def still(columns: Columns, rng: Rng) -> None:
        minutes = minutes_of(columns)
        new = (columns["service.version"] == NEW) & (minutes < 40)
        late = (minutes >= 40) & (rng.random(len(new)) < 0.5)
        columns["service.version"] = np.select([new, late], [NEW, "2.4.1"], OLD)
        columns["error"] = rng.random(len(new)) < np.where(new | late, 0.1, 0.01)

    found = verdict(rollout(change=still), after=AFTER)
    assert [one.word for one in found.recovery] == ["not recovered"]
    assert found.sentence.endswith("Not recovered since 2026-05-04T10:40:00Z: all requests.")


def test_one_slice_may_recover_and_another_not() -> None:
    def partly(columns: Columns, rng: Rng) -> None:
        n = len(columns["timestamp"])
        minutes = minutes_of(columns)
        columns["customer.id"] = np.array([f"c{at}" for at in range(20)])[rng.integers(0, 20, n)]
        new = (columns["service.version"] == NEW) & (minutes < 40)
        columns["service.version"] = np.where(new, NEW, OLD)
        one, two = columns["customer.id"] == "c1", columns["customer.id"] == "c2"
        bad = (new & (one | two)) | ((minutes >= 40) & two)
        columns["error"] = rng.random(n) < np.where(bad, 0.4, 0.01)

    found = verdict(rollout(rpm=1200, change=partly), after=AFTER)
    words = {one.what: one.word for one in found.recovery}
    assert words["customer.id = 'c1'"] == "recovered"
    assert words["customer.id = 'c2'"] == "not recovered"
    assert {one.values["customer.id"]: one.recovered for one in found.slices} == {
        "c1": "recovered",
        "c2": "not recovered",
    }
    assert "customer.id = 'c2'" in found.sentence.rpartition("Not recovered")[2]
    assert "not recovered since 2026-05-04T10:40:00Z: " in str(found)


def test_too_few_requests_after_it_say_nothing() -> None:
    found = verdict(rollout(change=rolled_back), after="2026-05-04T10:59:59Z")
    assert [one.word for one in found.recovery] == ["too few requests"]
    assert "too few requests to say whether it has recovered" in found.sentence


def test_slow_requests_recover_too() -> None:
    def slow(columns: Columns, rng: Rng) -> None:
        new = (columns["service.version"] == NEW) & (minutes_of(columns) < 40)
        columns["service.version"] = np.where(new, NEW, OLD)
        columns["duration_ms"] = columns["duration_ms"] * np.where(new, 2.0, 1.0)

    found = verdict(rollout(change=slow), after=AFTER)
    assert [(one.outcome, one.word) for one in found.recovery] == [("latency", "recovered")]


def test_a_pass_has_nothing_to_recover_from() -> None:
    assert verdict(rollout(rpm=1200, errors=0.03), after="2026-05-04T10:55Z").recovery == ()
