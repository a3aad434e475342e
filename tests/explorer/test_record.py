"""Pins, notes and entries of a ledger, as the page asks for them."""

from __future__ import annotations

import json

import pytest

import obskit as ok
from obskit.display import formatting
from tests.support import planted

SLOW = {"x0": None, "x1": None, "y0": 400, "y1": None}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    events = tmp_path / "events"
    events.mkdir()
    planted.write(events)
    return events


def send(explorer, **message):
    explorer._receive(explorer, message, [])
    explorer._recorder.wait()
    explorer.wait(60)
    return explorer._record


def test_a_pin_has_the_rows_of_the_finding_and_opens_again(folder, tmp_path):
    explorer = ok.Explorer(ok.load(folder))
    send(explorer, type="brush", brush=SLOW)
    record = send(explorer, type="record", action="pin", text="")
    (file,) = tmp_path.glob("explorer-*.pin.json")
    pinned = ok.Pin.read(file)
    assert record["text"].startswith(f"Pinned as {file}: ")
    assert record["text"].endswith(f" of at most {formatting.size(64 << 20)}.")
    assert ok.load(pinned).fingerprint == explorer.events.fingerprint
    kept = ok.load(pinned.kept_path)
    asked = "duration_ms >= 400"
    assert kept.where(asked).scope.extent[0] >= explorer.explanation.to_dict()["selection"]["events"]
    again = send(explorer, type="record", action="pin", text="")
    assert not again.get("error")
    assert len(list(tmp_path.glob("explorer-*.pin.json"))) == 2


def test_a_note_is_on_the_time_axis_where_the_box_begins(folder):
    explorer = ok.Explorer(ok.load(folder))
    assert explorer._record["folder"] == str(folder)
    start = 1_777_888_800_000_000 + 35 * 60_000_000
    send(explorer, type="brush", brush={**SLOW, "x0": start})
    record = send(explorer, type="record", action="note", text="traffic moved, password=hunter2hunter2")
    assert record["text"] == (
        f"Noted at 2026-05-04T10:35:00Z, where the box begins, in {folder / 'notes.jsonl'}."
    )
    (line,) = (folder / "notes.jsonl").read_text().splitlines()
    assert json.loads(line)["timestamp"].startswith("2026-05-04T10:35:00")
    assert "hunter2" not in line
    assert any("traffic moved" in mark["title"] + mark["label"] for mark in explorer._view["markers"])
    assert explorer.selection is not None  # the box stays


def test_no_note_is_lost_when_several_come_at_once(folder):
    explorer = ok.Explorer(ok.load(folder))
    for number in range(5):
        explorer._receive(explorer, {"type": "record", "action": "note", "text": f"note {number}"}, [])
    explorer._recorder.wait()
    explorer.wait(60)
    lines = (folder / "notes.jsonl").read_text().splitlines()
    assert [json.loads(line)["body"] for line in lines] == [f"note {number}" for number in range(5)]


def test_a_finding_goes_into_the_ledger(folder, tmp_path):
    explorer = ok.Explorer(ok.load(folder), ledger=tmp_path / "incident.ledger.jsonl")
    assert explorer._record["ledger"] == str(tmp_path / "incident.ledger.jsonl")
    record = send(explorer, type="record", action="keep", judgement="cause", text="")
    assert (record["error"], record["text"]) == (True, "there is no finding to keep")
    send(explorer, type="brush", brush=SLOW)
    record = send(explorer, type="record", action="keep", judgement="ruled out", text=" ")
    assert (record["text"], record["hint"]) == ('"ruled out" needs a reason', "write why in the field")
    record = send(explorer, type="record", action="keep", judgement="cause", text="only the new version")
    assert record["text"] == f"Kept as cause in {tmp_path / 'incident.ledger.jsonl'}."
    send(explorer, type="record", action="pin", text="")
    kept = ok.Ledger(tmp_path / "incident.ledger.jsonl").entries
    assert [entry.judgement for entry in kept] == ["cause", "open"]
    assert kept[0].why == "only the new version"
    assert kept[1].question.startswith("pinned as explorer-")


def test_errors_are_said_in_the_words_of_the_widget(folder, tmp_path):
    explorer = ok.Explorer(ok.load(folder / "requests.jsonl"))
    assert explorer._record["folder"] == ""
    record = send(explorer, type="record", action="note", text="x")
    assert record["text"] == "these events were not loaded from a folder that notes can be added to"
    record = send(explorer, type="record", action="keep", judgement="cause", text="")
    assert record["text"] == "this Explorer has no ledger"
    record = send(explorer, type="record", action="other", text="")
    assert record["text"] == "unknown action 'other'"
    in_folder = ok.Explorer(ok.load(folder))
    record = send(in_folder, type="record", action="note", text="  ")
    assert (record["text"], record["hint"]) == ("a note needs text", "write it in the field")
    assert not (folder / "notes.jsonl").exists()
