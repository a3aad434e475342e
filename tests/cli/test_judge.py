"""`obskit judge`: what it prints, and the exit status that a pipeline acts on."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
import urllib.request
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from obskit.cli import main
from tests.judge.rollouts import T, rollout
from tests.support.git_repository import Repository

REGRESS, INCONCLUSIVE, NO_DATA = 10, 11, 12


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of three rollouts: one fails twice as often, one does not differ, and one is too small."""
    base = tmp_path_factory.mktemp("rollouts")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OBSKIT_CACHE", str(base / "cache"))
        for name, events in {
            "worse": rollout(ratio=2.5),
            "same": rollout(rpm=1200, errors=0.03),
            "small": rollout(minutes=10, share=0.05),
        }.items():
            (base / name).mkdir()
            pq.write_table(events.to_arrow(), base / name / "events.parquet")
    return base


@pytest.fixture(autouse=True)
def cache(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OBSKIT_CACHE", str(folder / "cache"))


def run(folder: Path, name: str, *arguments: str) -> int:
    return main(["judge", str(folder / name), "--candidate", "2.4.0", *arguments])


@pytest.mark.parametrize(("name", "status"), [("worse", REGRESS), ("same", 0), ("small", INCONCLUSIVE)])
def test_the_exit_status_is_the_verdict(
    folder: Path, name: str, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(folder, name) == status
    word = {REGRESS: "regress", 0: "pass", INCONCLUSIVE: "inconclusive"}[status]
    printed = capsys.readouterr()
    assert printed.out.startswith(f"{word}: booking 2.4.0 fails on ")
    assert printed.err == ""


def test_a_candidate_without_requests_is_no_data(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["judge", str(folder / "same"), "--candidate", "9"]) == NO_DATA
    assert capsys.readouterr().out.startswith("no data: No request of the candidate '9' is in these events.")


def test_json_is_one_document(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder, "worse", "--json") == REGRESS
    found = json.loads(capsys.readouterr().out)
    assert (found["kind"], found["schema"], found["verdict"]) == ("verdict", 1, "regress")
    assert found["candidate"]["value"] == "2.4.0"


def test_markdown_begins_with_the_sentence_and_ends_with_the_marker(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(folder, "worse", "--markdown") == REGRESS
    lines = capsys.readouterr().out.strip().splitlines()
    assert lines[0].startswith("**regress: booking 2.4.0 fails on ")
    assert lines[2] == "| criterion | verdict | baseline | candidate | since | ratio | margin |"
    assert lines[-1] == "<!-- obskit:judge booking -->"


def test_allowed_words_exit_with_status_0_and_say_so(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(folder, "small", "--allow", "inconclusive") == 0
    assert capsys.readouterr().err == "obskit: exit status 0 instead of 11, because of --allow inconclusive\n"
    assert run(folder, "small", "--allow", "no_data") == INCONCLUSIVE
    assert run(folder, "worse", "--allow", "inconclusive,no_data") == REGRESS
    assert run(folder, "worse", "--dry-run") == 0
    assert "exit status 0 instead of 10, because of --dry-run" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (["--allow", "regress"], "--allow must be inconclusive or no_data, got 'regress'", "--allow inconclusive,no_data"),
        (["--json", "--markdown"], "--json and --markdown exclude each other", "leave one of them out"),
        (["--every", "1m"], "--every only works with --watch or --serve", "--watch 30m --every 1m"),
        (["--watch", "0s"], "--watch and --every must be longer than 0", "--watch 30m --every 1m"),
        (["--margin-errors", "1.5"], "errors must be a margin, got '1.5'", 'write it as in "larger of x1.5, +0.1pp"'),
    ],
)  # fmt: skip
def test_a_wrong_call_exits_with_status_2(
    folder: Path, arguments: list[str], message: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(folder, "same", *arguments) == 2
    assert capsys.readouterr().err == f"obskit: {message}\nHint: {hint}\n"


def test_the_options_reach_the_verb(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = [
        "--margin-errors", "x3", "--margin-latency", "none", "--slices", "none", "--cluster", "none",
        "--looks", "2m", "--between", "2026-05-04T10:00Z/2026-05-04T10:40Z", "--service", "booking",
    ]  # fmt: skip
    assert run(folder, "worse", "--json", *options) in (0, INCONCLUSIVE, REGRESS)
    found = json.loads(capsys.readouterr().out)
    assert found["reproduce"] == (
        "events.judge(candidate='2.4.0', service='booking', during='2026-05-04T10:00Z/2026-05-04T10:40Z', "
        "errors='x3', latency=None, slices=[], cluster=None, looks='2m')"
    )
    assert found["window"] == ["2026-05-04T10:00:00Z", "2026-05-04T10:40:00Z"]
    assert [one["name"] for one in found["criteria"]] == ["errors", "traffic"]


def test_watching_ends_with_a_decision(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder, "worse", "--watch", "30m", "--every", "10m") == REGRESS
    capsys.readouterr()


class Clock:
    """A clock that only moves while the command sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def test_watching_ends_when_the_time_is_over(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It judges at 0, 2, 4 and 5 minutes, and prints the sentence each time but the last."""
    clock = Clock()
    monkeypatch.setattr("obskit.cli.judge.time", clock)
    assert run(folder, "small", "--watch", "5m", "--every", "2m") == INCONCLUSIVE
    printed = capsys.readouterr()
    assert clock.slept == [120, 120, 60]
    lines = printed.err.splitlines()
    assert len(lines) == 3
    assert all(line.startswith("inconclusive: booking 2.4.0 fails on ") for line in lines)
    assert printed.out.startswith("inconclusive: booking 2.4.0 fails on ")


def test_watching_needs_files(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["judge", "-", "--watch", "1m"]) == 2
    assert capsys.readouterr().err == (
        "obskit: --watch needs files or folders, which can be read again\n"
        "Hint: write the events to a folder\n"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "judge needs the events of both versions\nHint: obskit judge events/"),
        (["{}", "--idle", "5m"], "--idle only works with --serve\nHint: --serve 127.0.0.1:8911"),
        (
            ["{}", "--token-file", "token"],
            "--token-file only works with --serve\nHint: --serve 127.0.0.1:8911",
        ),
        (
            ["{}", "--serve", "127.0.0.1:0", "--watch", "30m"],
            "--watch and --serve exclude each other\nHint: leave one of them out",
        ),
        (
            ["-", "--serve", "127.0.0.1:0"],
            "--serve needs files or folders, which can be read again\nHint: write the events to a folder",
        ),
        (["{}", "--serve", "8911"], "--serve must be ADDRESS:PORT, got '8911'\nHint: --serve 127.0.0.1:8911"),
        (
            ["{}", "--serve", "0.0.0.0:0"],
            "listening on 0.0.0.0 lets anyone who can reach this machine read verdicts\n"
            "Hint: require a token: --token-file FILE",
        ),
        (
            ["{}", "--serve", "127.0.0.1:0", "--every", "0s"],
            "--every must be longer than 0, got '0s'\nHint: --every 1m",
        ),
    ],
)
def test_a_gate_that_cannot_be_served_is_an_error(
    folder: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["judge", *(one.format(folder / "same") for one in arguments)]) == 2
    assert capsys.readouterr().err == f"obskit: {message}\n"


def test_a_path_that_does_not_exist_is_not_served(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["judge", "--serve", "127.0.0.1:0", "--from", str(tmp_path / "no")]) == 2
    assert f"{tmp_path / 'no'} does not exist" in capsys.readouterr().err


def test_verdicts_are_served_until_a_signal(folder: Path, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "obskit",
        "judge",
        "--serve",
        "127.0.0.1:0",
        "--from",
        str(folder / "worse"),
    ]
    token = tmp_path / "token"
    token.write_text("t0ken\n")
    process = subprocess.Popen([*command, "--token-file", str(token)], stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        address = process.stderr.readline().removeprefix("verdicts on ").partition("/judge")[0]
        query = "service=booking&candidate=2.4.0"
        request = urllib.request.Request(
            f"{address}/judge?{query}", headers={"Authorization": "Bearer t0ken"}
        )
        deadline = time.monotonic() + 60
        found: dict[str, object] = {}
        while "age_s" not in found and time.monotonic() < deadline:
            with urllib.request.urlopen(request, timeout=20) as response:
                found = json.load(response)
        assert found["verdict"] == "regress"
        process.send_signal(signal.SIGTERM)
        rest = process.communicate(timeout=30)[1]
    finally:
        process.kill()
    assert process.returncode == 0
    assert re.search(r"(^|\n)answered \d+ requests?\n$", rest)


def test_without_the_extra_the_command_that_installs_it_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in sys.modules if name.startswith(("obskit.gate", "obskit.receive"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "obskit.cli.judge_serve", raising=False)
    monkeypatch.setitem(sys.modules, "h11", None)
    assert main(["judge", str(folder / "same"), "--serve", "127.0.0.1:0"]) == 2
    assert capsys.readouterr().err == (
        "obskit: obskit judge --serve needs the extra 'receive'\n"
        "Hint: pip install 'obskit-notebook[receive]'\n"
    )


def test_git_lists_what_changed(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    repository = Repository(tmp_path / "shop")
    for hour, version in enumerate(("2.3.7", "2.4.0")):
        (repository.folder / "values.yaml").write_text(version)
        repository.git("add", "-A")
        repository.commit(T + timedelta(hours=hour), f"Values of {version}")
        repository.tag(f"v{version}", T)
    assert run(folder, "worse", "--git", str(repository.folder), "--json") == REGRESS
    changes = json.loads(capsys.readouterr().out)["changes"]
    assert [one["subject"] for one in changes["commits"]] == ["Values of 2.4.0"]
    assert [(one["path"], one["kind"]) for one in changes["files"]] == [("values.yaml", "configuration")]
    assert run(folder, "worse", "--git", str(repository.folder)) == REGRESS
    assert "configuration: values.yaml (modified)\n" in capsys.readouterr().out


def test_git_needs_a_repository(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder, "worse", "--git", str(tmp_path / "none")) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "is not a folder" in printed.err
    assert "Hint: name the folder of a git repository" in printed.err
