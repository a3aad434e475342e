"""Notes: events on the time axis, from several processes at once, without secrets."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from obskit import InvalidArgument, load, note
from obskit.explorer.markers import markers
from obskit.query.deployments import notices
from obskit.record import append
from obskit.record.append import append_line, read_lines

ROOT = Path(__file__).parents[2]


def test_a_note_is_an_event_on_the_time_axis(tmp_path: Path) -> None:
    folder = tmp_path / "events"
    shutil.copytree(ROOT / "sample_events", folder)
    before = load(folder).fields().dataset["scope_rows"]
    file = note(
        "rolled back to 2.3.7 in eu-central-1", into=folder, at="2026-05-04T11:00Z", phase="mitigated"
    )
    note("<b>all good</b>", into=folder, at=datetime(2026, 5, 4, 12, tzinfo=UTC))
    events = load(folder)
    assert (file, events.dataset.rows) == (folder / "notes.jsonl", before + 2)
    shown = events.where("name = 'obskit.note'").rows(["timestamp", "body", "kind", "obskit.note.phase"])
    assert [list(row.values())[1:] for row in shown.to_arrow().sort_by("timestamp").to_pylist()] == [
        ["rolled back to 2.3.7 in eu-central-1", "event", "mitigated"],
        ["<b>all good</b>", "event", None],
    ]
    said = [one for one in notices(events.scope) if one.what == "note"]
    assert [str(one) for one in said] == ["note rolled back to 2.3.7 in eu-central-1", "note <b>all good</b>"]
    assert any("rolled back" in mark["title"] for mark in markers(events, 0, 4e15))


def test_a_note_keeps_no_secret(tmp_path: Path) -> None:
    file = note("restarted with password=hunter2hunter2 on db-1", into=tmp_path)
    row = json.loads(file.read_text())
    assert "hunter2" not in row["body"]
    assert "db-1" in row["body"]
    assert re.fullmatch(r"20\d\d-.*Z", row["timestamp"])


# Only the module that appends: four processes with all of obskit would take fifty times as long to start. They
# begin to write at the same moment, when their stdin ends.
WRITER = """
import pathlib, runpy, sys
append_line = runpy.run_path(sys.argv[1])["append_line"]
print(flush=True)
sys.stdin.read()
for n in range(50):
    append_line(pathlib.Path(sys.argv[2]), {"who": int(sys.argv[3]), "n": n, "text": "x" * 5000})
"""


def test_concurrent_writers_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    program = [sys.executable, "-c", WRITER, append.__file__, str(path)]
    writers = [
        subprocess.Popen(
            [*program, str(who)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for who in range(4)
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.close()
    for writer in writers:
        with writer:
            assert writer.wait(60) == 0
    rows, bad = read_lines(path)
    assert bad == 0
    assert sorted((row["who"], row["n"]) for row in rows) == [(who, n) for who in range(4) for n in range(50)]
    for who in range(4):
        assert [row["n"] for row in rows if row["who"] == who] == list(range(50))


def test_a_torn_line_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    append_line(path, {"n": 1})
    with path.open("ab") as file:
        file.write(b'{"n": 2, "te')
    append_line(path, {"n": 3})
    assert read_lines(path) == ([{"n": 1}, {"n": 3}], 1)


def test_wrong_calls(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    load(ROOT / "sample_events").where("error").write(tmp_path / "made")
    for call, said in (
        (lambda: note(" ", into=tmp_path), "a note needs text"),
        (lambda: note("x" * 10_001, into=tmp_path), "at most 10,000 characters, got 10,001"),
        (lambda: note("x", into=tmp_path, phase="over"), "phase must be one of began, detected, mitigated"),
        (lambda: note("x", into=tmp_path / "file"), "is a file, expected the folder of the events"),
        (lambda: note("x", into=tmp_path / "made"), "is a Dataset, to which nothing can be added"),
    ):
        with pytest.raises(InvalidArgument) as error:
            call()
        assert said in str(error.value)
    assert not (tmp_path / "notes.jsonl").exists()
