"""Verdicts as checks."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from obskit.checks import Checks, checks
from obskit.cli import main
from obskit.errors import InvalidArgument
from obskit.events import Events
from tests.checks.world import write
from tests.judge.rollouts import rollout

CHECK = '[[verdict]]\nname = "booking"\ncandidate = "2.4.0"\nslices = []\n'


@pytest.fixture(scope="module")
def same() -> Events:
    return rollout(minutes=30, before=5, rpm=1200, errors=0.03)


def ask(tmp_path: Path, events: Events, text: str = CHECK) -> Checks:
    return checks(events, write(tmp_path, text))


def test_a_pass_is_ok(tmp_path: Path, same: Events) -> None:
    found = ask(tmp_path, same)
    (one,) = found.outcomes
    verdict = same.judge(candidate="2.4.0", slices=())
    assert (found.word, one.word, one.value, one.item) == ("ok", "ok", "pass", "booking")
    assert one.sentence == verdict.sentence
    assert one.numbers["errors_ratio"] == verdict.criterion("errors").ratio
    assert one.numbers["candidate_rows"] == verdict.candidate.rows  # type: ignore[union-attr]


def test_a_regression_violates_the_check(tmp_path: Path) -> None:
    events = rollout(minutes=20, before=5, ratio=2.5, errors=0.03)
    found = ask(tmp_path, events)
    assert (found.word, found.outcomes[0].value) == ("violated", "regress")
    assert '<failure message="booking 2.4.0 fails on ' in found.to_junit()
    pq.write_table(events.to_arrow(), tmp_path / "events.parquet")
    file = str(write(tmp_path, CHECK))
    assert main(["check", str(tmp_path / "events.parquet"), "--checks", file]) == 10


def test_an_undecided_deployment_is_not_ok(tmp_path: Path, same: Events) -> None:
    small = ask(tmp_path, rollout(minutes=10, before=5, share=0.05))
    assert (small.word, small.outcomes[0].value) == ("no data", "inconclusive")
    assert small.outcomes[0].sentence.startswith("The verdict is inconclusive: booking 2.4.0 ")
    absent = ask(tmp_path, same, CHECK.replace("2.4.0", "9"))
    assert (absent.word, absent.outcomes[0].value) == ("no data", "")
    assert absent.outcomes[0].sentence == (
        "The verdict is no data: No request of the candidate '9' is in these events. "
        "Values seen: 2.4.0, 2.3.7."
    )
    json.dumps(absent.to_dict())


def test_margins_and_none_are_passed_on(tmp_path: Path, same: Events) -> None:
    found = ask(tmp_path, same, f'{CHECK}errors = "+50pp"\nlatency = "none"\nalpha = 0.1\n')
    (one,) = found.outcomes
    verdict = same.judge(candidate="2.4.0", slices=(), errors="+50pp", latency=None, alpha=0.1)
    assert one.sentence == verdict.sentence
    assert "latency_word" not in one.numbers


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("canditate = '1'\n", "there is no key 'canditate'"),
        ("candidate = 2\n", "candidate must be text, got 2"),
        ("alpha = 'x'\n", "alpha must be a number, got 'x'"),
    ],
)
def test_a_wrong_key_or_value_is_an_error(tmp_path: Path, same: Events, text: str, message: str) -> None:
    with pytest.raises(InvalidArgument) as found:
        ask(tmp_path, same, f'[[verdict]]\nname = "booking"\n{text}')
    assert found.value.message.endswith(f"checks.toml: verdict 'booking': {message}")


def test_an_error_of_judge_names_the_check(tmp_path: Path, same: Events) -> None:
    with pytest.raises(InvalidArgument) as found:
        ask(tmp_path, same, f"{CHECK}alpha = 7.0\n")
    assert "checks.toml: verdict 'booking': alpha must be" in found.value.message
