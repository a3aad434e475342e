"""The current file: its name and mode, and when a new one takes its place."""

from __future__ import annotations

import gzip
import os
import shutil
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from obskit.instrument import Files, Handle, event
from obskit.instrument.counters import Counters
from obskit.instrument.sinks.jsonl import JsonlSink
from tests.support.instrument_process import read

Service = Callable[..., Handle]
Rows = Callable[[], list[dict[str, Any]]]


def emit(number: int, name: str = "work") -> None:
    for n in range(number):
        with event(name, n=n):
            pass


def test_files_are_private_and_named_after_service_and_process(service: Service) -> None:
    handle = service(service="book ing/é")
    emit(1)
    assert handle.file is not None
    assert stat.S_IMODE(handle.file.stat().st_mode) == 0o600
    assert stat.S_IMODE(handle.file.parent.stat().st_mode) == 0o700
    assert handle.file.name.startswith("book_ing_")
    assert f"-{os.getpid()}-" in handle.file.name


def test_files_rotate_and_are_packed(tmp_path: Path) -> None:
    counters = Counters()
    sink = JsonlSink(tmp_path, "s", Files(rotate_bytes=10_000, free=0), counters)
    for n in range(300):
        sink.write(b'{"n":%d,"pad":"%s"}\n' % (n, b"x" * 100), time.perf_counter_ns())
    sink.tend()
    packed = sorted(tmp_path.glob("*.jsonl.gz"))
    plain = list(tmp_path.glob("*.jsonl"))
    assert len(packed) == 3
    assert plain == [sink.file]
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in packed)
    seen = [
        orjson.loads(line)["n"] for path in packed for line in gzip.decompress(path.read_bytes()).splitlines()
    ]
    seen += [row["n"] for row in read(tmp_path)]
    assert seen == list(range(300))
    sink.close(1)


def test_files_rotate_by_age(tmp_path: Path) -> None:
    sink = JsonlSink(tmp_path, "s", Files(rotate_seconds=0.01, free=0, pack=False), Counters())
    sink.write(b"{}\n", time.perf_counter_ns())
    first = sink.file
    time.sleep(0.02)
    sink.tend()
    sink.write(b"{}\n", time.perf_counter_ns())
    assert sink.file != first
    assert len(list(tmp_path.glob("*.jsonl"))) == 2
    sink.close(1)


def test_a_removed_file_is_replaced(tmp_path: Path) -> None:
    sink = JsonlSink(tmp_path, "s", Files(free=0), Counters())
    sink.write(b"{}\n", time.perf_counter_ns())
    assert sink.file is not None
    sink.file.unlink()
    sink.tend()
    sink.write(b'{"n":1}\n', time.perf_counter_ns())
    assert [row["n"] for row in read(tmp_path)] == [1]
    sink.close(1)


def test_a_removed_folder_is_created_again(tmp_path: Path) -> None:
    """If it cannot be created, events are counted as dropped, not as written to a file nobody can open."""
    counters = Counters()
    folder = tmp_path / "events"
    sink = JsonlSink(folder, "s", Files(free=0), counters)
    sink.write(b"{}\n", time.perf_counter_ns())
    shutil.rmtree(folder)
    folder.write_text("in the way")
    sink.tend()
    sink.write(b"{}\n", time.perf_counter_ns())
    assert (counters.as_dict()["written"], counters.as_dict()["dropped"]) == (1, 1)
    folder.unlink()
    sink.tend()
    sink.write(b'{"n":1}\n', time.perf_counter_ns())
    assert [row["n"] for row in read(folder)] == [1]
    assert (counters.as_dict()["written"], counters.as_dict()["dropped"]) == (2, 1)
    sink.close(1)
