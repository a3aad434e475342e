"""Folders that are written to while they are read: no row twice, none lost, no false alarm."""

from __future__ import annotations

import fcntl
import gzip
import json
import os
import threading
from pathlib import Path

import pytest

from obskit.errors import ReadError
from obskit.events import load
from obskit.instrument.sinks.retention import pack
from obskit.probe import EventFile
from obskit.readers import being_written, expand
from obskit.readers.io import live_files as growing
from obskit.schema import GROWING

STEM = "shop-host-77-20260504T100000.000001Z"


def line(number: int) -> bytes:
    return json.dumps({"timestamp": 1_777_888_800 + number, "name": f"{number}"}).encode() + b"\n"


def names(folder: Path) -> list[str]:
    return sorted(load(folder).to_arrow(["name"])["name"].to_pylist(), key=int)


@pytest.fixture
def held():
    """Lock files as obskit's writers do."""
    open_files = []

    def hold(path: Path) -> Path:
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        open_files.append(descriptor)
        return path

    yield hold
    for descriptor in open_files:
        os.close(descriptor)


def test_an_incomplete_last_event_is_not_a_rejection_while_the_file_is_written(tmp_path, held):
    (tmp_path / "whole.jsonl").write_bytes(line(1))
    live = tmp_path / "live.jsonl"
    live.write_bytes(line(2) + line(3)[:20])
    held(live)
    events = load(tmp_path)
    assert events.load_report.rejected_count == 0
    assert events.load_report.notes == [GROWING]
    assert (
        GROWING == "some files are still being written: their incomplete last records will be read next time"
    )
    live.write_bytes(line(2) + line(3))
    fresh = events.refresh()
    assert fresh.dataset.rows == 3
    assert fresh.load_report.notes == []
    assert events.dataset.rows == 2  # as they were


def test_an_incomplete_last_event_of_a_finished_file_is_a_rejection(tmp_path):
    (tmp_path / "torn.jsonl").write_bytes(line(2) + line(3)[:20])
    report = load(tmp_path).load_report
    assert [str(r) for r in report.rejected] == [
        f"{tmp_path}/torn.jsonl, line 2, byte {len(line(2))}: torn: the file ends within the line"
    ]


def test_a_segment_that_is_being_written(tmp_path, held):
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    request = ExportTraceServiceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add(name="1", span_id=b"\1" * 8)
    span.start_time_unix_nano = span.end_time_unix_nano = 1_777_888_800_000_000_000
    message = request.SerializeToString()
    frame = len(message).to_bytes(4, "big") + message
    path = tmp_path / "traces-20260504T10Z-0001.otlp"
    path.write_bytes(frame + frame[:-3])
    held(path)
    events = load(tmp_path)
    assert events.dataset.rows == 1
    assert events.load_report.rejected_count == 0
    assert events.load_report.notes == [GROWING]


def test_files_without_a_complete_event_yet_are_skipped(tmp_path, held):
    (tmp_path / "whole.jsonl").write_bytes(line(1))
    for name, content in (("empty.jsonl", b""), ("begun.jsonl", line(2)[:9])):
        (tmp_path / name).write_bytes(content)
        held(tmp_path / name)
    events = load(tmp_path)
    assert events.dataset.rows == 1
    assert events.load_report.rejected_count == 0
    assert events.load_report.notes == [GROWING]
    with pytest.raises(ReadError):
        load(tmp_path / "empty.jsonl")  # the only file that was asked for


def test_obskits_writers_lock_their_files(tmp_path):
    with EventFile(tmp_path) as file:
        file.write({"timestamp": 1_777_888_800, "name": "1"})
        assert being_written(file.path)
        assert names(tmp_path) == ["1"]
        assert load(tmp_path).load_report.notes == []  # it ends with a complete event
    assert not being_written(file.path)
    assert not being_written(tmp_path / "none")


def test_a_file_and_its_compressed_copy_count_once(tmp_path):
    """A writer leaves both for a moment; one that dies while it compresses leaves them for good."""
    path = tmp_path / f"{STEM}.jsonl"
    path.write_bytes(line(1) + line(2))
    (tmp_path / f"{STEM}.jsonl.packing").write_bytes(gzip.compress(line(1) + line(2))[:30])
    assert names(tmp_path) == ["1", "2"]
    assert load(tmp_path).load_report.rejected_count == 0
    (tmp_path / f"{STEM}.jsonl.packing").unlink()
    (tmp_path / f"{STEM}.jsonl.gz").write_bytes(gzip.compress(line(1) + line(2)))
    assert names(tmp_path) == ["1", "2"]
    assert [path.name for path in expand(tmp_path / "*")] == [f"{STEM}.jsonl.gz"]
    # Only for names that obskit gives; other files are all read.
    (tmp_path / "mine.jsonl").write_bytes(line(3))
    (tmp_path / "mine.jsonl.gz").write_bytes(gzip.compress(line(3)))
    assert names(tmp_path) == ["1", "2", "3", "3"]


def test_files_are_compressed_while_they_are_read(tmp_path):
    """A writer compresses file after file while a reader loads repeatedly: each time every row once."""
    wanted = [f"{number}" for number in range(24)]
    paths = []
    for number in range(24):
        paths.append(tmp_path / f"shop-host-{number}-20260504T100000.000001Z.jsonl")
        paths[-1].write_bytes(line(number))
    seen, ended = [], threading.Event()

    def look() -> None:
        while not ended.is_set():
            seen.append(names(tmp_path))

    looking = threading.Thread(target=look)
    looking.start()
    for path in paths:
        pack(path)
    while not seen and looking.is_alive():  # do not wait if it raised; pytest reports that
        looking.join(0.01)
    ended.set()
    looking.join(60)
    assert {tuple(rows) for rows in seen} == {tuple(wanted)}
    assert names(tmp_path) == wanted


def test_a_folder_that_changes_while_it_is_listed_is_listed_again(tmp_path, monkeypatch):
    """The new file appears in a part that was listed, the old one vanishes from one that was not: both missing."""
    (tmp_path / f"{STEM}.jsonl").write_bytes(line(1))
    (tmp_path / "other.jsonl").write_bytes(line(2))
    scandir, first = os.scandir, [True]

    class Listing:
        def __init__(self, entries: list[os.DirEntry[str]]) -> None:
            self._entries = entries

        def __enter__(self) -> list[os.DirEntry[str]]:
            return self._entries

        def __exit__(self, *_: object) -> None:
            """Nothing is open."""

    def replaced(where: Path) -> Listing:
        with scandir(where) as listing:
            entries = list(listing)
        if first.pop() if first else False:
            pack(tmp_path / f"{STEM}.jsonl")
            entries = [entry for entry in entries if entry.name == "other.jsonl"]
        return Listing(entries)

    monkeypatch.setattr(growing.os, "scandir", replaced)
    found = expand(tmp_path)
    monkeypatch.undo()
    assert [path.name for path in found] == ["other.jsonl", f"{STEM}.jsonl.gz"]
