"""Pins: the same events again after a restart or from a copy, and a refusal that says what changed."""

from __future__ import annotations

import dataclasses
import gzip
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import ibis
import pyarrow as pa
import pytest

from obskit import ChangedData, InvalidArgument, Ledger, LimitExceeded, NoSuchPath, Pin, ReadError, load, pin
from obskit.cli import main
from obskit.errors import StorageFull
from tests.events.samples import count, table

ROOT = Path(__file__).parents[2]
SLOW = "duration_ms > 500"
DURING = "2026-05-04T10:00Z/2026-05-04T10:30Z"


def lines(first: int, rows: int, **more: str) -> str:
    """JSONL events, one per second."""
    return "".join(
        json.dumps(
            {"timestamp": f"2026-05-04T10:{n // 60:02}:{n % 60:02}Z", "name": "book", "duration_ms": n} | more
        )
        + "\n"
        for n in range(first, first + rows)
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "events"
    made.mkdir()
    (made / "a.jsonl").write_text(lines(0, 20))
    (made / "b.jsonl").write_text(lines(20, 20))
    return made


def test_a_pin_opens_the_same_events(folder: Path, tmp_path: Path) -> None:
    events = load(folder, tz="Europe/Berlin").where("duration_ms >= 10").derive(late="duration_ms > 30")
    pinned = pin(events, tmp_path / "x.pin.json")
    for again in (load(pinned), load(tmp_path / "x.pin.json"), load(str(pinned.path))):
        assert again.to_arrow().equals(events.to_arrow())
        assert again.query("count()", by="late").to_dict() == events.query("count()", by="late").to_dict()
    assert Pin.read(tmp_path / "x.pin.json") == pinned
    assert pin(load(pinned)).to_dict() | {"made": ""} == pinned.to_dict() | {"made": ""}


@pytest.mark.once
def test_the_answer_after_a_restart_and_on_another_copy_is_equal(tmp_path: Path) -> None:
    events = load(ROOT / "sample_events").where("http.route = '/book'")
    found = events.explain(SLOW, during=DURING).to_dict()
    pin(events, tmp_path / "x.pin.json")
    shutil.copytree(ROOT / "sample_events", tmp_path / "elsewhere" / "sample_events")
    code = (
        "import json, sys, obskit as ok\n"
        "events = ok.load(sys.argv[1], root=sys.argv[2])\n"
        f"print(json.dumps(events.explain({SLOW!r}, during={DURING!r}).to_dict()))"
    )
    environment = os.environ | {"OBSKIT_CACHE": str(tmp_path / "cache"), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "x.pin.json"), str(tmp_path / "elsewhere")],
        env=environment, cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    again = json.loads(done.stdout)
    assert again["findings"] == json.loads(json.dumps(found["findings"]))
    assert (again["query"], again["dataset"]) == (found["query"], found["dataset"])
    assert found["findings"]


def test_every_step_is_repeated(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "names.csv").write_text("name,team\nbook,blue\n")
    events = load(folder, between="2026-05-04T10:00:05Z/2026-05-04T10:00:35Z", where="duration_ms != 7")
    events = (
        events.lookup(tmp_path / "names.csv", on="name").between("-10s").derive(x="team || '!'", y="x || x")
    )
    again = load(pin(events))
    assert again.to_arrow().equals(events.to_arrow())
    assert count(again) > 0
    pinned = pin(events)
    (tmp_path / "names.csv").write_text("name,team\nbook,green\n")
    assert refused(pinned).startswith(
        f"{tmp_path}/names.csv, a table that was looked up, has other content than when it was pinned"
    )
    # It was changed after it was looked up, and before the pin was made.
    assert refused(pin(events)).startswith("a table that was looked up gives other rows")
    (tmp_path / "names.csv").unlink()
    assert "a table that was looked up, is missing" in refused(pinned)


def refused(pinned: Pin, **options: object) -> str:
    with pytest.raises(ChangedData) as error:
        load(pinned, **options)  # type: ignore[arg-type]
    return str(error.value)


def test_a_missing_file(folder: Path) -> None:
    pinned = pin(load(folder))
    (folder / "b.jsonl").unlink()
    assert refused(pinned) == (
        f"{folder} is not what was pinned: 1 file is missing (b.jsonl)\n"
        "Hint: restore the files, or name the folder of a copy of them: ok.load(pin, root=FOLDER)"
    )


def test_another_size(folder: Path) -> None:
    pinned = pin(load(folder))
    before = (folder / "b.jsonl").stat().st_size
    with (folder / "b.jsonl").open("a") as file:
        file.write(lines(40, 1))
    after = (folder / "b.jsonl").stat().st_size
    assert f"1 file has another size (b.jsonl: {after:,} bytes, pinned {before:,})" in refused(pinned)


def test_the_same_size_and_other_rows(folder: Path) -> None:
    pinned = pin(load(folder))
    (folder / "b.jsonl").write_text(lines(20, 20).replace("book", "look"))
    said = refused(pinned)
    assert said.startswith("the data has other rows than were pinned: fingerprint ")
    assert f"pinned {pinned.fingerprint[:12]}; written since: b.jsonl\n" in said


def test_newer_data(folder: Path) -> None:
    pinned = pin(load(folder))
    (folder / "c.jsonl").write_text(lines(40, 20))
    assert refused(pinned) == (
        f"{folder} is not what was pinned: 1 file is new (c.jsonl)\n"
        "Hint: load the path itself for newer data, or a copy of the pinned files: ok.load(pin, root=FOLDER)"
    )


def test_moved_data_is_found_by_root_or_next_to_the_pin(folder: Path, tmp_path: Path) -> None:
    pinned = pin(load(folder), tmp_path / "x.pin.json")
    moved = tmp_path / "archive" / "events"
    moved.parent.mkdir()
    folder.rename(moved)
    assert refused(pinned) == (
        f"{folder} is missing: 2 pinned files should be at {folder}\n"
        "Hint: if it was moved or copied, name its folder: ok.load(pin, root=FOLDER)"
    )
    for root in (moved, moved.parent):
        assert load(pinned, root=root).fingerprint == pinned.fingerprint
    shutil.copy(tmp_path / "x.pin.json", moved.parent)
    assert load(moved.parent / "x.pin.json").fingerprint == pinned.fingerprint


def test_a_file_that_was_only_compressed_is_the_same_data(folder: Path) -> None:
    pinned = pin(load(folder))
    (folder / "b.jsonl.gz").write_bytes(gzip.compress((folder / "b.jsonl").read_bytes()))
    (folder / "b.jsonl").unlink()
    assert load(pinned).fingerprint == pinned.fingerprint


def test_a_large_file_that_was_compressed_is_not_said_to_have_other_rows(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is divided into other parts, and the fingerprint is that of the parts."""
    monkeypatch.setattr("obskit.dataset.groups.SMALLEST", 1_000)
    pinned = pin(load(folder))
    content = (folder / "b.jsonl").read_bytes()
    (folder / "b.jsonl.gz").write_bytes(gzip.compress(content))
    (folder / "b.jsonl").unlink()
    with pytest.raises(ChangedData) as caught:
        load(pinned)
    assert str(caught.value) == (
        "whether the rows are those that were pinned cannot be said: files were compressed or decompressed"
        " since (b.jsonl.gz), and large files are divided differently then\n"
        "Hint: restore the files as they were pinned, compressed or not"
    )
    (folder / "b.jsonl").write_bytes(content)
    (folder / "b.jsonl.gz").unlink()
    assert load(pinned).fingerprint == pinned.fingerprint


def test_pins_rows_and_ledgers_next_to_the_events_are_no_events(folder: Path) -> None:
    events = load(folder)
    pinned = pin(events, folder / "x.pin.json", copy=True, findings=["duration_ms > 30"])
    Ledger(folder / "x.ledger.jsonl").keep(events.query("count()"))
    assert load(folder).fingerprint == load(f"{folder}/*").fingerprint == events.fingerprint
    assert load(pinned).fingerprint == events.fingerprint
    assert load(pinned.kept_path).dataset.rows == 40
    compact = json.dumps(json.loads((folder / "x.pin.json").read_text()))
    (folder / "y.pin.json").write_text(compact)
    assert load(folder / "y.pin.json").fingerprint == events.fingerprint


def test_the_condition_of_errors_is_pinned(folder: Path) -> None:
    events = load(folder, error="duration_ms > 35", mapping={"name": "name"})
    assert load(pin(events)).query("count(error)").to_dict() == events.query("count(error)").to_dict()
    assert count(load(pin(events.where("error")))) == 4
    column = ibis._["duration_ms"] > 35
    assert count(load(pin(events.where(column)))) == 4
    with pytest.raises(InvalidArgument, match="a pin keeps text"):
        pin(load(folder, error=column))


def test_patterns_files_and_datasets(folder: Path, tmp_path: Path) -> None:
    load(folder).write(tmp_path / "made")
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy / "events")
    shutil.copytree(tmp_path / "made", copy / "made")
    for source in (
        f"{folder}/*.jsonl",
        folder / "a.jsonl",
        tmp_path / "made",
        [folder / "a.jsonl", folder / "b.jsonl"],
    ):
        pinned = pin(load(source))
        assert load(pinned).fingerprint == pinned.fingerprint
        root = copy / "events" if not str(source).endswith("made") else copy
        assert load(pinned, root=root).fingerprint == pinned.fingerprint


def test_a_delta_table_is_pinned_by_version(tmp_path: Path) -> None:
    deltalake = pytest.importorskip("deltalake")
    path = str(tmp_path / "table")
    deltalake.write_deltalake(path, table(6))
    events = load(path)
    pinned = pin(events)
    deltalake.write_deltalake(path, table(12), mode="append")
    assert (count(load(path)), count(load(pinned))) == (18, 6)
    assert load(pinned).fingerprint == events.fingerprint
    shutil.move(path, tmp_path / "moved")
    assert count(load(pinned, root=tmp_path / "moved")) == 6


def test_data_in_memory_can_only_be_pinned_with_its_rows(tmp_path: Path) -> None:
    events = load(table(60))
    with pytest.raises(InvalidArgument, match="come from memory or a stream"):
        pin(events)
    pinned = pin(events, tmp_path / "x.pin.json", copy=True, findings=["error"])
    assert pinned.kept_path is not None
    assert count(load(pinned.kept_path)) == 60
    assert f"look at the 60 rows kept with it: ok.load({str(pinned.kept_path)!r})" in refused(pinned)


def test_a_copy_keeps_findings_whole_and_weighs_the_sample(tmp_path: Path) -> None:
    events = load(ROOT / "sample_events").where("http.route = '/book'")
    found = events.explain(SLOW, during=DURING)
    budget = 220_000
    pinned = pin(events, tmp_path / "x.pin.json", copy=True, findings=[found], budget=budget)
    assert pinned.kept is not None
    assert 0 < pinned.kept["bytes"] <= budget
    assert "of at most 215 KiB" in str(pinned)
    kept = load(pinned.kept_path).where("http.route = '/book'")
    cause = found.findings[0].condition
    for condition in (cause, f"{cause} and {SLOW}"):
        assert count(kept.where(condition)) == count(events.where(condition))
    for row in found.findings[0].examples["selected"]:
        assert len(load(pinned.kept_path).trace(row["trace_id"])) == len(
            load(ROOT / "sample_events").trace(row["trace_id"])
        )
    assert count(kept) < count(events)
    ours, all_ = (
        e.query("count() as n", "share(error) as e").to_arrow().to_pylist()[0] for e in (kept, events)
    )
    assert ours["n"] == pytest.approx(
        all_["n"], rel=0.15
    )  # a sample of traces: about 4% of standard deviation
    assert set(kept.explain(SLOW, during=DURING).findings[0].condition.split(" and ")) == set(
        cause.split(" and ")
    )
    assert any(note.startswith("a sample that was kept with a pin") for note in kept.query("count()").notes)


def test_a_budget_that_is_too_small(tmp_path: Path) -> None:
    events = load(ROOT / "sample_events")
    with pytest.raises(LimitExceeded) as error:
        pin(events, tmp_path / "x.pin.json", copy=True, findings=["error"], budget=2000)
    assert str(error.value).startswith("the copy does not fit into 2,000 bytes")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rows": float("inf")}, "cannot convert float infinity"),
        ({"result": {"fingerprint": "x"}}, "'rows' is missing"),
        ({"kept": {"folder": "x"}}, "'notes' is missing"),
        ({"steps": [{"verb": "where"}]}, "a step 'where' is not complete"),
        ({"options": {"progress": "x"}}, "'progress' is not an option"),
        ({"display": {"where": "error"}}, "'where' is not an option"),
        ({"sources": [{"given": "t", "absolute": "/t", "kind": "delta", "files": []}]}, "has no files"),
    ],
)
def test_a_part_of_a_pin_is_damaged(folder: Path, tmp_path: Path, change: dict, said: str) -> None:
    path = tmp_path / "x.pin.json"
    pin(load(folder), path)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ReadError) as error:
        load(path)
    assert "is a damaged pin: " in str(error.value)
    assert said in str(error.value)


def test_steps_that_give_other_rows_are_not_blamed_on_a_table(folder: Path) -> None:
    pinned = pin(load(folder).where("duration_ms > 7"))
    other = dataclasses.replace(pinned, result={"fingerprint": "another", "rows": 1})
    assert refused(other).startswith("the files are those that were pinned, but the steps")


def test_no_rows_are_left_behind_if_the_pin_cannot_be_written(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise StorageFull("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(Pin, "save", full)
        with pytest.raises(StorageFull):
            pin(load(folder), tmp_path / "x.pin.json", copy=True)
    assert list(tmp_path.glob("x.pin*")) == []
    assert pin(load(folder), tmp_path / "x.pin.json", copy=True).kept


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{}", "is not a pin"),
        ("{", "cannot be read as a pin"),
        ("[" * 100_000, "cannot be read as a pin"),
        ('{"obskit_pin": 9}', "has format 9"),
        ('{"obskit_pin": 1}', "is a damaged pin: 'steps' is missing"),
        ('{"obskit_pin": 1, "steps": [{"verb": "write"}]}', "'write' is not a step"),
    ],
)
def test_what_is_not_a_pin(content: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "x.pin.json").write_text(content)
    with pytest.raises(ReadError, match="Hint: ") as error:
        Pin.read(tmp_path / "x.pin.json")
    assert said in str(error.value)


def test_wrong_calls(folder: Path, tmp_path: Path) -> None:
    events = load(folder)
    pinned = pin(events, tmp_path / "x.pin.json")
    for call, said in (
        (lambda: pin(events, tmp_path / "x.pin.json"), "already exists"),
        (lambda: pin(events, copy=True), "copy=True needs a path"),
        (lambda: pin(events, findings=["error"]), "findings= has no effect without copy=True"),
        (lambda: pin(events, tmp_path / "y", copy=True, findings=[3]), "got int"),
        (lambda: pin(events, tmp_path / "y", copy=True, budget=0), "budget must be a number of bytes, got 0"),
        (lambda: load(pinned, tz="UTC"), "so tz cannot be given"),
        (lambda: load(folder, root=tmp_path), "root= is for pins"),
        (lambda: pin(events.lookup(pa.table({"name": ["book"], "t": [1]}), on="name")), "table in memory"),
    ):
        with pytest.raises(InvalidArgument) as error:
            call()
        assert said in str(error.value)
    with pytest.raises(NoSuchPath):
        Pin.read(tmp_path / "none")


def test_a_pin_is_a_path_on_the_command_line(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pinned = pin(load(folder).where("duration_ms >= 30"), tmp_path / "x.pin.json")
    assert main(["query", str(pinned.path), "count()", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == [{"count()": 10.0}]
    (folder / "a.jsonl").unlink()
    assert main(["triage", str(pinned.path)]) == 1
    assert "1 file is missing (a.jsonl)" in capsys.readouterr().err
