"""Commands that answer about a window of time read only the files of that time; those that compare read all."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from obskit.cli import main
from obskit.dataset import groups

T = datetime(2026, 5, 4, tzinfo=UTC)
BETWEEN = ["--between", "2026-05-04T05:00Z/2026-05-04T06:00Z"]
SAID = "9 of 12 files were not read: they hold no events from 2026-05-04T04:00:00Z to 2026-05-04T07:00:00Z"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Twelve files of an hour each."""
    monkeypatch.setattr(groups, "SMALLEST", 1)
    made = tmp_path / "events"
    made.mkdir()
    for hour in range(12):
        times = [T + timedelta(hours=hour, minutes=10 * part) for part in range(6)]
        columns = {
            "timestamp": pa.array(times, pa.timestamp("us", "UTC")),
            "duration_ms": [float(hour + part) for part in range(6)],
            "name": ["GET /a", "GET /b"] * 3,
            "kind": ["server"] * 6,
            "trace_id": [f"{hour:016x}{part + 1:016x}" for part in range(6)],
            "user.id": ["u1", "u2", "u3"] * 2,
            "error": [part == 2 for part in range(6)],
        }
        pq.write_table(pa.table(columns), made / f"{hour:02d}.parquet")
    return str(made)


def run_json(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    status = main([*words, "--json"])
    said = capsys.readouterr()
    assert status == 0, said.err
    found: dict[str, Any] = json.loads(said.out)
    return found


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("info", []),
        ("rows", ["--limit", "100", "--order", "timestamp"]),
        ("query", ["count()", "p99(duration_ms)", "--by", "name"]),
        ("impact", ["--select", "error"]),
    ],
)
def test_answers_about_the_window_read_its_files(
    capsys: pytest.CaptureFixture[str], folder: str, command: str, words: list[str]
) -> None:
    found = run_json(capsys, command, folder, *words, *BETWEEN)
    whole = run_json(
        capsys,
        command,
        folder,
        *words,
        "--where",
        "timestamp >= '2026-05-04T05:00Z' and timestamp < '2026-05-04T06:00Z'",
    )
    assert found["dataset"]["rows"] == 18
    assert whole["dataset"]["rows"] == 72
    assert found["rows"] == whole["rows"]
    assert SAID in found["notes"]


def test_since_counts_from_the_newest_event(capsys: pytest.CaptureFixture[str], folder: str) -> None:
    found = run_json(capsys, "query", folder, "count()", "--since", "30m")
    assert (found["rows"], found["dataset"]["rows"]) == ([{"count()": 4}], 12)


def test_what_is_written_is_the_window(
    capsys: pytest.CaptureFixture[str], folder: str, tmp_path: Path
) -> None:
    found = run_json(capsys, "convert", folder, *BETWEEN, "--out", str(tmp_path / "window.parquet"))
    assert SAID in found["load_report"]["notes"]
    assert pq.read_table(tmp_path / "window.parquet").num_rows == 6


@pytest.mark.parametrize(
    ("command", "words"), [("triage", []), ("messages", []), ("explain", ["--select", "error"])]
)
def test_answers_that_compare_with_other_times_read_everything(
    capsys: pytest.CaptureFixture[str], folder: str, command: str, words: list[str]
) -> None:
    found = run_json(capsys, command, folder, *words, *BETWEEN)
    assert found["dataset"]["rows"] == 72
    assert not any("were not read" in note for note in found["notes"])


def test_a_lookup_comes_before_the_window(
    capsys: pytest.CaptureFixture[str], folder: str, tmp_path: Path
) -> None:
    (tmp_path / "users.csv").write_text("user.id,plan\nu1,free\nu2,paid\n")
    lookup = ["--lookup", f"{tmp_path / 'users.csv'}:user.id"]
    found = run_json(capsys, "query", folder, "count()", "--by", "plan", *lookup, *BETWEEN)
    assert {(row["plan"], row["count()"]) for row in found["rows"]} == {("free", 2), ("paid", 2), (None, 2)}


@pytest.mark.parametrize(
    "words", [["--where", "flag = 'a'"], ["--by", "flag", "--where", "name = 'GET /a'"]], ids=["where", "by"]
)
def test_a_field_that_only_files_of_other_times_have_exists(
    folder: str, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    last = Path(folder) / "11.parquet"
    pq.write_table(pq.read_table(last).append_column("flag", pa.array(["a"] * 6)), last)
    status = main(["query", folder, "count()", *BETWEEN, *words])
    said = capsys.readouterr()
    assert status == (1 if "flag = 'a'" in words else 0)
    assert "no field" not in said.err
