"""Closed segments become Parquet while a receiver runs: rows are seen once, always."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path

import pytest

from obskit.errors import NoSuchPath, ReadError
from obskit.events import load
from obskit.readers import read as reading
from obskit.receive import packer as packing
from tests.support.receive_harness import as_json, traces

LINGER = {"linger": 0.3}


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "EVERY", 0.05)


def listed(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def until(condition, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def names(folder: Path) -> list[str]:
    return sorted(load(folder).to_arrow(["name"])["name"].to_pylist())


def past(folder: Path, number: int, *spans: str) -> Path:
    """A segment of a past hour, as a receiver leaves it."""
    folder.mkdir(exist_ok=True)
    message = traces(*spans).SerializeToString()
    path = folder / f"traces-20260504T10Z-{number:04d}.otlp"
    path.write_bytes(len(message).to_bytes(4, "big") + message)
    return path


def test_a_closed_segment_is_replaced(start, tmp_path):
    """At the start the segment alone, then both, then the Parquet alone: at each moment the same rows."""
    folder = tmp_path / "events"
    path = past(folder, 1, "a", "b")
    seen: list[list[str]] = []
    ended = threading.Event()

    def look() -> None:
        while not ended.is_set():
            seen.append(names(folder))

    looking = threading.Thread(target=look)
    looking.start()
    receiver = start(**LINGER)
    until(lambda: listed(folder) == ["traces-20260504T10Z-0001.parquet"])
    until(lambda: len(seen) > 1)
    ended.set()
    looking.join(30)
    assert {tuple(rows) for rows in seen} == {("a", "b")}
    assert names(folder) == ["a", "b"]
    assert not path.exists()
    assert receiver.stop().startswith("received 0 spans")


def test_segments_are_packed_while_spans_come_in(start):
    """Small segments, closed one after the other; whoever loads sees all that was acknowledged before, once."""
    receiver = start(segment=2000, linger=0.0)
    sent: list[str] = []
    for number in range(8):
        name = f"{number:02d}"
        if number % 3:
            status = receiver.post(traces(name, size=1500).SerializeToString())[0]
        else:
            status = receiver.post(json.dumps(as_json(name)), kind="application/json")[0]
        assert status == 200
        sent.append(name)
        assert names(receiver.folder) == sent
    until(lambda: sum(name.endswith(".parquet") for name in listed(receiver.folder)) >= 2)
    assert names(receiver.folder) == sent
    assert load(receiver.folder).load_report.rejected_count == 0


def test_the_parquet_beside_a_segment_wins(tmp_path, start):
    """A receiver that died between the two: both are there, one counts; the next one removes the segment."""
    folder = tmp_path / "events"
    path = past(folder, 1, "a")
    data = path.read_bytes()
    receiver = start(**LINGER)
    until(lambda: not path.exists())
    receiver.stop()
    path.write_bytes(data)
    assert names(folder) == ["a"]
    assert len(load(str(folder / "*")).dataset.load_report.rejected) == 0
    assert sorted(load(str(folder / "*")).to_arrow(["name"])["name"].to_pylist()) == ["a"]
    start(**LINGER)
    until(lambda: not path.exists())
    assert names(folder) == ["a"]


def test_a_segment_that_cannot_be_converted_stays(start, tmp_path, monkeypatch):
    """The rows stay readable, it is said once, and the others are packed all the same."""
    folder = tmp_path / "events"
    bad = past(folder, 1, "a")
    good = past(folder, 2, "b")
    with bad.open("ab") as file:  # a whole frame with nonsense in it
        file.write(b"\0\0\0\x04\xff\xff\xff\xff")
    receiver = start(**LINGER)
    until(lambda: not good.exists())
    assert bad.exists()
    assert names(folder) == ["a", "b"]
    said = [line for line in receiver.said if "is not converted" in line]
    assert said == [f"{bad.name} is not converted: 1 of its records cannot be read"]


def test_a_child_that_fails_is_tried_again_later(start, tmp_path, monkeypatch):
    folder = tmp_path / "events"
    path = past(folder, 1, "a")
    monkeypatch.setattr(packing.sys, "executable", "/bin/false")
    receiver = start(**LINGER)
    until(lambda: any("is not converted" in line for line in receiver.said))
    assert f"{path.name} is not converted for now: status 1" in receiver.said
    assert listed(folder) == [path.name]
    assert names(folder) == ["a"]


def test_what_was_half_made_is_removed(start, tmp_path):
    folder = tmp_path / "events"
    past(folder, 1, "a")
    half = folder / ".traces-20260504T10Z-0001.parquet.0123456789ab"
    half.mkdir()
    (half / "part-00000.parquet").write_bytes(b"PAR1")
    assert names(folder) == ["a"]
    start(**LINGER)
    until(lambda: listed(folder) == ["traces-20260504T10Z-0001.parquet"])
    assert not half.exists()


def test_a_file_that_is_packed_while_it_is_read_is_looked_for_again(tmp_path, monkeypatch):
    """The segment is listed, then replaced before it is opened: the folder is listed again."""
    folder = tmp_path / "events"
    first, second = past(folder, 1, "a"), past(folder, 2, "b")
    source = reading.Source

    def replaced(path: Path) -> object:
        if path == second and second.exists():
            os.rename(second, folder / "traces-20260504T10Z-0003.otlp")
        return source(path)

    monkeypatch.setattr(reading, "Source", replaced)
    assert names(folder) == ["a", "b"]
    assert load(folder).load_report.rejected_count == 0
    first.unlink()
    (folder / "traces-20260504T10Z-0003.otlp").unlink()
    with pytest.raises(ReadError):
        load(folder)
    with pytest.raises(NoSuchPath):
        load(first)


def test_a_fault_while_packing_ends_no_receiver(start, monkeypatch):
    monkeypatch.setattr("obskit.receive.segments.Segments.closed", lambda _: 1 / 0)
    receiver = start(**LINGER)
    until(lambda: any(line.startswith("cannot convert") for line in receiver.said))
    assert "cannot convert segments to Parquet for now: ZeroDivisionError: division by zero" in receiver.said
    assert receiver.post(traces("a").SerializeToString())[0] == 200
    assert names(receiver.folder) == ["a"]
