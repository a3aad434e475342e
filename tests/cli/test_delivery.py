"""`obskit delivery`: files of markers and a repository in; a table, JSON or Markdown out."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from obskit.cli import main
from tests.support.git_repository import Repository

T = datetime(2026, 5, 4, tzinfo=UTC)


def day(number: float) -> datetime:
    return T + timedelta(days=number)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OBSKIT_CACHE", str(tmp_path / "cache"))
    made = Repository(tmp_path / "repo")
    lines = ["time,kind,text,service,version,id,commit"]
    for number in range(8):
        commit = made.commit(day(number - 0.5))
        service = "book" if number % 2 else "seats"
        lines.append(f"{day(number).isoformat()},deploy,x,{service},1.{number},d{number},{commit}")
    (tmp_path / "markers.csv").write_text("\n".join(lines) + "\n")
    incidents = [
        f"{day(1.1).isoformat()},incident,slow,book,i1",
        f"{day(1.2).isoformat()},resolved,slow,book,i1",
    ]
    (tmp_path / "incidents.csv").write_text("\n".join(["time,kind,text,service,id", *incidents]) + "\n")
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *words: str | Path) -> tuple[int, str, str]:
    status = main([str(word) for word in words])
    said = capsys.readouterr()
    return status, said.out, said.err


def test_a_table(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [
        "delivery",
        folder / "markers.csv",
        "--git",
        folder / "repo",
        "--incidents",
        folder / "incidents.csv",
    ]
    status, out, err = run(capsys, *words)
    assert (status, err) == (0, "")
    assert "change fail rate" in out
    assert "25.0%" in out


def test_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(
        capsys,
        *("delivery", folder / "markers.csv", "--git", folder / "repo"),
        *("--incidents", folder / "incidents.csv", "--per", "all", "--json"),
    )
    found = json.loads(out)
    assert (status, found["kind"], found["per"]) == (0, "delivery", "all")
    rows = {row["metric"]: row for row in found["rows"]}
    assert (rows["change_fail_rate"]["value"], rows["recovery_time"]["value"]) == (
        0.125,
        pytest.approx(17_280.0),
    )
    assert rows["lead_time"]["n"] == 12  # both services bring the commits of one repository
    assert found["incidents"][0]["deployment"] == "d1"


def test_markdown(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "delivery", folder / "markers.csv", "--markdown")
    assert status == 0
    assert "| service | metric | value | 95% interval | n |" in out


def test_a_window_and_a_comparison(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    markers = folder / "markers.csv"
    status, out, _ = run(capsys, "delivery", markers, "--compare", "book", "seats", "--json")
    assert (status, json.loads(out)["kind"]) == (0, "delivery comparison")
    window = "2026-05-04/2026-05-08"
    status, out, _ = run(capsys, "delivery", markers, "--compare", "book", window)
    assert status == 0
    assert f"book ({day(0):%Y-%m-%d}" in out
    status, out, _ = run(capsys, "delivery", markers, "--during", window, "--per", "all", "--json")
    assert {row["n"] for row in json.loads(out)["rows"] if row["metric"] == "deployment_frequency"} == {4}


def test_bands_of_ones_own(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bands = folder / "bands.toml"
    bands.write_text('version = "ours"\n[bands]\nnames = ["fast", "slow"]\ndeployment_frequency = [0.01]\n')
    _, out, _ = run(capsys, "delivery", folder / "markers.csv", "--bands", bands)
    assert "fast" in out


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["delivery"], 2, "there is nothing to measure"),
        (["delivery", "--git", "none"], 2, "none is not a folder"),
        (["delivery", "markers.csv", "--git", "repo", "--git", "repo"], 2, "--git names two repositories"),
        (["delivery", "markers.csv", "--compare", "book", "nope"], 2, "there is no group 'nope'"),
        (["delivery", "markers.csv", "--per", "team"], 2, "no field is called 'team'"),
        (["delivery", "markers.csv", "--during", "soon"], 2, "'soon'"),
        (["delivery", "incidents.csv"], 1, "there is no deployment that was completed"),
    ],
)
def test_mistakes(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    status: int,
    message: str,
) -> None:
    monkeypatch.chdir(folder)
    found, out, err = run(capsys, *words)
    assert (found, out) == (status, "")
    assert message in err
    assert "Hint: " in err


def test_a_repository_per_service(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(
        capsys, "delivery", folder / "markers.csv", "--git", f"book={folder / 'repo'}", "--json"
    )
    rows = {row["group"]: row["n"] for row in json.loads(out)["rows"] if row["metric"] == "lead_time"}
    assert (status, rows) == (0, {"book": 6, "seats": 0})
