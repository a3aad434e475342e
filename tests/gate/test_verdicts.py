"""What the three routes answer, while the files grow, stand still or cannot be read."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from obskit import load
from obskit.errors import InvalidArgument, NoSuchPath
from obskit.events import Events
from obskit.gate import Address, Settings
from obskit.gate.serve import serve
from obskit.judge import JudgeArguments
from tests.judge.rollouts import rollout
from tests.support.gate_harness import Answered, Gate, write_rollout

ASK = "?service=booking&candidate=2.4.0"
Start = Callable[..., Gate]


@pytest.mark.parametrize(
    ("folder", "word", "advance", "rollback"),
    [("same", "pass", 200, 409), ("worse", "regress", 409, 200), ("small", "inconclusive", 409, 409)],
)
def test_each_route_answers_from_the_same_verdict(
    rollouts: Path, start: Start, folder: str, word: str, advance: int, rollback: int
) -> None:
    gate = start(rollouts / folder)
    found = decided(gate, f"/judge{ASK}")
    assert (found.status, found.document["verdict"]) == (200, word)
    expected = load(rollouts / folder).judge(candidate="2.4.0", service="booking", slices=())
    assert found.document["sentence"] == expected.sentence
    assert found.document["candidate"] == {"value": "2.4.0", "rows": expected.candidate.rows}  # type: ignore[union-attr]
    assert 0 <= found.document["age_s"] < 60
    for method in (gate.get, gate.post):
        for route, status in (("advance", advance), ("rollback", rollback)):
            answer = method(f"/flagger/{route}{ASK}")
            assert (answer.status, answer.document["verdict"]) == (status, word)


@pytest.mark.parametrize("query", ["?service=booking&candidate=9", "?service=other&candidate=2.4.0"])
def test_a_version_or_service_without_requests_is_no_data(rollouts: Path, start: Start, query: str) -> None:
    gate = start(rollouts / "same")
    found = decided(gate, f"/judge{query}")
    assert (found.status, found.document["verdict"]) == (200, "no_data")
    assert gate.post(f"/flagger/advance{query}").status == 409
    assert gate.post(f"/flagger/rollback{query}").status == 409


def test_new_files_change_the_verdict(tmp_path: Path, start: Start) -> None:
    write_rollout(tmp_path / "events", rollout(minutes=5, before=5, share=0.02))
    gate = start(tmp_path / "events", every=timedelta(seconds=0.5))
    assert decided(gate, f"/judge{ASK}").document["verdict"] in ("no_data", "inconclusive")
    write_rollout(tmp_path / "events", rollout(minutes=20, before=5, ratio=2.5, errors=0.03))
    deadline = time.monotonic() + 60
    while gate.post(f"/flagger/rollback{ASK}").status != 200:
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_a_folder_that_is_still_empty_is_an_error_until_there_are_events(
    tmp_path: Path, start: Start
) -> None:
    (tmp_path / "events").mkdir()
    gate = start(tmp_path / "events", every=timedelta(seconds=0.5))
    found = gate.get(f"/judge{ASK}")
    assert (found.status, found.document["verdict"]) == (200, "error")
    assert found.document["sentence"] == f"the folder {tmp_path / 'events'} has no file to read"
    write_rollout(tmp_path / "events", rollout(minutes=20, before=5, ratio=2.5, errors=0.03))
    deadline = time.monotonic() + 60
    while gate.get(f"/judge{ASK}").document["verdict"] != "regress":
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert gate.said[2:] == [f"the folder {tmp_path / 'events'} has no file to read"]


def test_a_path_that_does_not_exist_ends_the_gate(tmp_path: Path) -> None:
    settings = Settings(Address("127.0.0.1", 0))
    with pytest.raises(NoSuchPath):
        asyncio.run(
            serve(settings, lambda: load(tmp_path / "no"), JudgeArguments(), lambda _: None, asyncio.Event())
        )


def test_a_verdict_is_an_error_when_the_files_cannot_be_read_for_three_looks(
    tmp_path: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_rollout(tmp_path / "events", rollout(minutes=20, before=5, ratio=2.5, errors=0.03))
    gate = start(tmp_path / "events", every=timedelta(seconds=2))
    assert decided(gate, f"/judge{ASK}").document["verdict"] == "regress"
    (tmp_path / "events" / "events.parquet").unlink()
    why = f"the folder {tmp_path / 'events'} has no file to read"
    kept = until(gate, lambda found: found.document["problem"] == why)
    assert kept.document["verdict"] == "regress"
    lost = until(gate, lambda found: found.document["verdict"] == "error")
    assert lost.document["age_s"] >= 6
    assert lost.document["sentence"].endswith(f" s old, more than 3 looks. {why}")
    assert lost.document["last"]["verdict"] == "regress"
    assert gate.post(f"/flagger/rollback{ASK}").status == 409


def test_a_pass_is_not_repeated_for_a_candidate_that_answers_no_requests(
    tmp_path: Path, start: Start
) -> None:
    write_rollout(
        tmp_path / "events", rollout(minutes=30, before=5, rpm=1200, errors=0.03), ago=timedelta(hours=2)
    )
    gate = start(tmp_path / "events")
    found = decided(gate, f"/judge{ASK}")
    assert found.document["verdict"] == "no_data"
    assert found.document["last"]["verdict"] == "pass"
    assert found.document["sentence"] == (
        "The candidate's newest request is 123 min old, so a pass may no longer hold (--idle)."
    )
    assert gate.post(f"/flagger/advance{ASK}").status == 409
    relaxed = start(tmp_path / "events", idle=None)
    assert decided(relaxed, f"/judge{ASK}").document["verdict"] == "pass"


def test_a_regression_of_an_idle_candidate_stays(tmp_path: Path, start: Start) -> None:
    write_rollout(
        tmp_path / "events",
        rollout(minutes=20, before=5, ratio=2.5, errors=0.03),
        ago=timedelta(hours=2),
    )
    assert decided(start(tmp_path / "events"), f"/judge{ASK}").document["verdict"] == "regress"


def test_a_slow_first_verdict_is_no_data_then_an_error(
    rollouts: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*_: object) -> None:
        time.sleep(4)
        raise InvalidArgument("late", hint="none")

    monkeypatch.setattr("obskit.gate.looks.judge", slow)
    gate = start(rollouts / "same", every=timedelta(seconds=1), patience=0.2)
    before = time.monotonic()
    found = gate.get(f"/judge{ASK}")
    assert time.monotonic() - before < 3
    assert found.document["verdict"] == "no_data"
    assert found.document["sentence"] == "The first verdict is still being computed."
    late = until(gate, lambda found: found.document["verdict"] == "error")
    assert late.document["sentence"].startswith(("There is no verdict after ", "late"))


def test_a_bug_while_judging_is_an_error_and_the_gate_goes_on(
    rollouts: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def broken(*_: object) -> None:
        calls.append(1)
        raise ZeroDivisionError("secret")

    monkeypatch.setattr("obskit.gate.looks.judge", broken)
    gate = start(rollouts / "same", every=timedelta(seconds=0.3))
    found = gate.get(f"/judge{ASK}")
    assert found.document["verdict"] == "error"
    assert found.document["sentence"] == "internal error of obskit: ZeroDivisionError"
    deadline = time.monotonic() + 20
    while len(calls) < 3:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_no_more_than_32_deployments_are_judged(
    rollouts: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    def quick(*_: object) -> None:
        raise InvalidArgument("quick", hint="none")

    monkeypatch.setattr("obskit.gate.looks.judge", quick)
    gate = start(rollouts / "small")
    words = [gate.get(f"/judge?candidate={n}").document["sentence"] for n in range(33)]
    assert set(words[:32]) == {"quick"}
    assert words[32].startswith("32 deployments are being judged, and no more are judged at once")


def decided(gate: Gate, target: str, *headers: str) -> Answered:
    """The answer when the first verdict is there: on a busy machine it takes longer than one request."""
    deadline = time.monotonic() + 60
    while True:
        found = gate.get(target, *headers)
        if "age_s" in found.document:
            return found
        assert time.monotonic() < deadline


def until(gate: Gate, holds: Callable[[Answered], bool]) -> Answered:
    deadline = time.monotonic() + 60
    while not holds(found := gate.get(f"/judge{ASK}")):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return found


def test_events_are_followed_by_refresh(
    rollouts: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    refreshed = []
    original = Events.refresh

    def counted(self: Events) -> Events:
        refreshed.append(1)
        return original(self)

    monkeypatch.setattr(Events, "refresh", counted)
    gate = start(rollouts / "small")
    decided(gate, f"/judge{ASK}")
    assert refreshed
