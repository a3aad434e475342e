"""`obskit check`: a file of checks in; a table, JSON, JUnit XML and an exit status out."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from obskit.cli import main

SAMPLE = str(Path(__file__).resolve().parents[2] / "sample_events")
BOUND = '[[query]]\nname = "errors"\ncalculate = "share(error)"\n{}\n'


@pytest.fixture
def checks(tmp_path: Path) -> Path:
    return tmp_path / "checks.toml"


def run(capsys: pytest.CaptureFixture[str], *words: str | Path) -> tuple[int, str, str]:
    status = main([str(word) for word in words])
    said = capsys.readouterr()
    return status, said.out, said.err


@pytest.mark.parametrize(
    ("bound", "status", "word"),
    [
        ("max = 0.5", 0, "ok"),
        ("max = 0", 10, "violated"),
        ("max = 0.5\nat_least = 1000000", 12, "no data"),
    ],
)
def test_the_exit_status(
    checks: Path, capsys: pytest.CaptureFixture[str], bound: str, status: int, word: str
) -> None:
    checks.write_text("version = 1\n" + BOUND.format(bound))
    found, out, err = run(capsys, "check", SAMPLE, "--checks", checks)
    assert (found, err) == (status, "")
    assert word in out
    found, out, _ = run(capsys, "check", SAMPLE, "--checks", checks, "--json")
    assert (found, json.loads(out)["outcome"]) == (status, word)


def test_a_violation_counts_more_than_missing_data(checks: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = BOUND.format("max = 0.5\nat_least = 1000000").replace('"errors"', '"rare"')
    checks.write_text("version = 1\n" + BOUND.format("max = 0") + missing)
    assert run(capsys, "check", SAMPLE, "--checks", checks)[0] == 10


def test_junit(checks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    checks.write_text("version = 1\n" + BOUND.format("max = 0"))
    path = tmp_path / "checks.xml"
    assert run(capsys, "check", SAMPLE, "--checks", checks, "--junit", path)[0] == 10
    assert ET.parse(path).getroot().get("failures") == "1"
    status, out, _ = run(capsys, "check", SAMPLE, "--checks", checks, "--junit", "-")
    assert (status, ET.fromstring(out).get("failures")) == (10, "1")


def test_events_can_be_narrowed(checks: Path, capsys: pytest.CaptureFixture[str]) -> None:
    checks.write_text('version = 1\n[[query]]\nname = "all"\ncalculate = "count()"\nmax = 1e9\n')
    _, out, _ = run(capsys, "check", SAMPLE, "--checks", checks, "--since", "1h", "--json")
    _, whole, _ = run(capsys, "check", SAMPLE, "--checks", checks, "--json")
    narrow, wide = (json.loads(text)["outcomes"][0]["numbers"]["rows"] for text in (out, whole))
    assert 0 < narrow < wide


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["--checks", "none.toml"], 2, "none.toml cannot be read"),
        (["--checks", "checks.toml", "--json", "--junit", "-"], 2, "both write to stdout"),
        (["--checks", "checks.toml", "--junit", "no/such/x.xml"], 2, "no/such/x.xml cannot be written"),
        ([], 2, "--checks"),
    ],
)
def test_mistakes(
    checks: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    status: int,
    message: str,
) -> None:
    monkeypatch.chdir(checks.parent)
    checks.write_text("version = 1\n" + BOUND.format("max = 0.5"))
    found, out, err = run(capsys, "check", SAMPLE, *words)
    assert (found, out) == (status, "")
    assert message in err


def test_a_condition_that_is_not_valid_is_a_wrong_call(
    checks: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checks.write_text('version = 1\n[[objective]]\nname = "a"\ngood = "nope"\nobjective = 0.9\n')
    status, _, err = run(capsys, "check", SAMPLE, "--checks", checks)
    assert status == 2
    assert "objective 'a': no field is called 'nope'" in err
