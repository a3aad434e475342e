"""Arms by a flag or a condition, without `service`: what other services answered is no baseline."""

from __future__ import annotations

import numpy as np
import pytest

from tests.judge.rollouts import NEW, Columns, rollout, verdict

Rng = np.random.Generator
FLAG = "feature_flag.result.variant"


def flagged(columns: Columns) -> np.ndarray:
    """Add a flag that is on where the new version is; return where it is on."""
    new = columns["service.version"] == NEW
    columns[FLAG] = np.where(new, "on", "off").astype(object)
    del columns["service.version"]
    return new


def more(columns: Columns, service: str, keep: np.ndarray, **changes: object) -> None:
    """Add requests of another service that are like some of these."""
    for name, values in list(columns.items()):
        made = values[keep]
        if name == "service.name":
            made = np.full(len(made), service)
        if name == "trace_id":
            made = np.array([f"{service}{at}" for at in range(len(made))])
        if name in changes:
            made = np.full(len(made), changes[name], dtype=values.dtype)
        columns[name] = np.concatenate([values, made])


def elsewhere_it_is_off_and_fails(columns: Columns, rng: Rng) -> None:
    new = flagged(columns)
    more(columns, "search", np.flatnonzero(~new)[::2], error=True)


def test_a_service_without_the_candidate_is_no_part_of_the_baseline() -> None:
    found = verdict(
        rollout(rpm=1200, errors=0.03, change=elsewhere_it_is_off_and_fails), by=FLAG, candidate="on"
    )
    named = verdict(
        rollout(rpm=1200, errors=0.03, change=elsewhere_it_is_off_and_fails),
        by=FLAG,
        candidate="on",
        service="booking",
    )
    assert found.word == named.word == "pass"
    assert found.service == "booking"
    assert found.baseline == named.baseline
    assert found.criterion("errors").baseline.rate == pytest.approx(0.03, abs=0.005)
    assert any("requests of search are left out of the baseline" in note for note in found.notes)


def switched_in_one_service(columns: Columns, rng: Rng) -> None:
    """The flag is switched on at once in one service, and stays off in another."""
    new = flagged(columns)
    more(columns, "search", np.arange(len(new)), **{FLAG: "off", "error": False})


def test_a_switch_is_not_judged_by_what_another_service_answers_meanwhile() -> None:
    events = rollout(share=1.0, errors=0.01, ratio=5.0, change=switched_in_one_service)
    found = verdict(events, by=FLAG, candidate="on")
    assert (found.word, found.evidence) == ("regress", "before/after")
    assert found.criterion("errors").baseline.rate == pytest.approx(0.01, abs=0.004)


def on_in_two_services(columns: Columns, rng: Rng) -> None:
    new = flagged(columns)
    more(columns, "search", np.flatnonzero(new), error=True)


def test_a_service_without_a_baseline_is_named_as_not_judged() -> None:
    found = verdict(rollout(rpm=1200, errors=0.03, change=on_in_two_services), by=FLAG, candidate="on")
    assert found.candidate.rows == verdict(rollout(rpm=1200, errors=0.03)).candidate.rows
    assert any(
        note.startswith("warning: ") and "of search, where the baseline has none" in note
        for note in found.notes
    )


def without_a_service(columns: Columns, rng: Rng) -> None:
    new = flagged(columns)
    columns["service.name"] = np.where(new, "booking", None)


def test_requests_without_a_service_are_no_baseline_of_one() -> None:
    found = verdict(rollout(change=without_a_service), by=FLAG, candidate="on")
    assert found.word == "error"
    assert "booking is the candidate, no service the baseline" in found.sentence


def test_several_services_stay_together() -> None:
    def both(columns: Columns, rng: Rng) -> None:
        new = flagged(columns)
        more(columns, "search", np.arange(len(new)))
        more(columns, "pages", np.flatnonzero(~new)[::3])

    found = verdict(rollout(rpm=600, change=both), by=FLAG, candidate="on")
    assert found.service is None
    assert found.baseline.condition == f"({FLAG} = 'off') and (service.name in ('booking', 'search'))"
