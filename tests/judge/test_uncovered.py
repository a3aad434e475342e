"""What cannot be compared, or is not recorded, is never part of a pass."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from obskit.judge import Verdict
from tests.judge.rollouts import NEW, Columns, T, only, rollout, verdict

pytestmark = pytest.mark.once

Rng = np.random.Generator
START = int(T.timestamp() * 1e6)


def judged(change: Callable[[Columns, Rng], None], **arguments: object) -> Verdict:
    """Judge a version that does not differ, but for a change; it would pass."""
    return verdict(rollout(rpm=1200, errors=0.03, change=change, **arguments))  # type: ignore[arg-type]


def words(found: Verdict) -> dict[str, str]:
    return {one.name: one.word for one in found.criteria}


def new_operation(failing: float) -> Callable[[Columns, Rng], None]:
    def change(columns: Columns, rng: Rng) -> None:
        new = (columns["service.version"] == NEW) & (columns["name"] == "DELETE /book")
        columns["name"] = np.where(new, "POST /refund", columns["name"])
        columns["error"] = np.where(new, rng.random(len(new)) < failing, columns["error"])

    return change


def test_failures_of_a_new_operation_are_not_passed_over() -> None:
    found = judged(new_operation(0.9))
    assert words(found)["errors"] == found.word == "inconclusive"
    assert "requests of POST /refund failed, which 2.3.7 has no or hardly any requests of" in found.sentence
    assert any("operations that 2.3.7 has no or hardly any" in note for note in found.notes)
    assert found.criterion("errors").since is None


def test_a_new_operation_that_fails_no_more_than_others_passes_with_a_note() -> None:
    found = judged(new_operation(0.03))
    assert found.word == "pass"
    assert any("(POST /refund): they are not compared" in note for note in found.notes)


def test_an_operation_of_which_the_baseline_has_a_single_request_is_a_new_one() -> None:
    def change(columns: Columns, rng: Rng) -> None:
        new_operation(0.9)(columns, rng)
        old = np.flatnonzero((columns["service.version"] != NEW) & (columns["timestamp"] > START))
        columns["name"][old[0]] = "POST /refund"

    assert judged(change).word == "inconclusive"


@pytest.mark.parametrize("value", [None, float("nan"), -5.0])
def test_durations_that_only_the_candidate_lacks_do_not_pass(value: float | None) -> None:
    def change(columns: Columns, rng: Rng) -> None:
        lost = (columns["service.version"] == NEW) & (rng.random(len(columns["name"])) < 0.2)
        durations = columns["duration_ms"].astype(object)
        durations[lost] = value
        columns["duration_ms"] = durations

    found = judged(change)
    assert words(found) == {"errors": "pass", "latency": "inconclusive", "traffic": "pass"}
    assert "have no duration, or one that is negative or not a number" in found.sentence


def test_infinite_durations_are_slow_and_nothing_is_waited_for() -> None:
    def change(columns: Columns, rng: Rng) -> None:
        lost = (columns["service.version"] == NEW) & (rng.random(len(columns["name"])) < 0.2)
        columns["duration_ms"] = np.where(lost, np.inf, columns["duration_ms"])

    found = judged(change)
    assert (found.word, words(found)["latency"]) == ("regress", "regress")


def test_durations_that_both_lack_alike_pass() -> None:
    def change(columns: Columns, rng: Rng) -> None:
        columns["duration_ms"] = np.where(
            rng.random(len(columns["name"])) < 0.2, np.nan, columns["duration_ms"]
        )

    assert judged(change).word == "pass"


def statuses(lost: float) -> Callable[[Columns, Rng], None]:
    def change(columns: Columns, rng: Rng) -> None:
        status = np.where(columns["error"], 500.0, 200.0)
        del columns["error"]
        gone = (columns["service.version"] == NEW) & (rng.random(len(status)) < lost)
        columns["http.response.status_code"] = np.where(gone, np.nan, status)

    return change


def test_requests_without_a_status_are_not_taken_for_good_ones() -> None:
    found = judged(statuses(0.1))
    assert words(found) == {"errors": "inconclusive", "latency": "pass", "traffic": "pass"}
    assert "have no status, so whether they failed is not known" in found.sentence
    assert judged(statuses(0.0)).word == "pass"


def stops_at(minute: int, operation: str) -> Callable[[Columns, Rng], None]:
    def change(columns: Columns, rng: Rng) -> None:
        late = columns["timestamp"] >= START + minute * 60_000_000
        gone = (columns["service.version"] == NEW) & (columns["name"] == operation) & late
        only(columns, ~gone)

    return change


def test_a_candidate_that_stops_answering_one_operation_does_not_pass() -> None:
    found = judged(stops_at(30, "POST /book"))
    assert words(found) == {"errors": "pass", "latency": "pass", "traffic": "inconclusive"}
    assert "booking 2.4.0 answers no requests of POST /book since 2026-05-04T10:30:00Z" in found.sentence


def test_an_operation_that_ends_for_both_is_none_that_the_candidate_lost() -> None:
    def change(columns: Columns, rng: Rng) -> None:
        late = columns["timestamp"] >= START + 30 * 60_000_000
        only(columns, ~((columns["name"] == "POST /book") & late))

    assert judged(change).word == "pass"


def test_a_candidate_that_gets_less_of_everything_has_not_lost_an_operation() -> None:
    """It goes down to a hundredth of the requests, of which a rare operation may have none."""

    def change(columns: Columns, rng: Rng) -> None:
        late = (columns["timestamp"] >= START + 40 * 60_000_000) & (columns["service.version"] == NEW)
        stays = (columns["name"] != "DELETE /book") & (rng.random(len(late)) < 0.15)
        only(columns, ~late | stays)

    assert "answers no requests of" not in judged(change).sentence


@pytest.mark.parametrize("part", ["all operations", "one operation"])
def test_a_candidate_whose_requests_are_all_of_one_trace_is_not_gone(part: str) -> None:
    """They are one observation, of the first look, but requests nevertheless."""

    def change(columns: Columns, rng: Rng) -> None:
        new = columns["service.version"] == NEW
        if part == "one operation":
            new &= columns["name"] == "POST /book"
        first = np.cumsum(new) <= 100
        columns["trace_id"] = np.where(new & ~first, "e" * 32, columns["trace_id"])

    found = judged(change)
    assert words(found)["traffic"] == "pass"
    assert "answers no requests" not in found.sentence


def test_users_that_are_known_by_then_are_requests_as_well() -> None:
    """The candidate has forty users of its own; the baseline has new ones all the time."""

    def change(columns: Columns, rng: Rng) -> None:
        n = len(columns["name"])
        new = columns["service.version"] == NEW
        columns["user.id"] = np.where(new, np.arange(n) % 40, 1000 + np.arange(n) // 3).astype(str)

    assert words(judged(change, share=0.3))["traffic"] == "pass"
    found = verdict(rollout(rpm=1200, errors=0.03, share=0.3, change=change), cluster="user.id")
    assert words(found)["traffic"] == "pass"


def test_a_candidate_with_a_declared_share_and_hardly_a_request_is_gone() -> None:
    def change(columns: Columns, rng: Rng) -> None:
        late = columns["timestamp"] > START + 60_000_000
        only(columns, ~((columns["service.version"] == NEW) & late))

    found = judged(change, share=0.5)
    assert found.word == verdict(rollout(rpm=1200, share=0.5, change=change), split=0.5).word == "no_data"
