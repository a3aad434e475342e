"""The sink: stuck and full disks, torn lines, many processes; every event is written or counted."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from obskit.instrument import Files, Handle, event
from obskit.instrument.counters import Counters
from obskit.instrument.sinks import jsonl as sink_module
from obskit.instrument.sinks.jsonl import JsonlSink
from tests.support.instrument_process import read, run

Service = Callable[..., Handle]
Rows = Callable[[], list[dict[str, Any]]]


def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def emit(number: int, name: str = "work") -> None:
    for n in range(number):
        with event(name, n=n):
            pass


def test_a_stuck_disk_blocks_only_the_thread_in_the_call(
    service: Service, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One writer hangs in write(2). The others continue at once, in memory, and are written once it is free."""
    handle = service()
    emit(1, "first")
    free, entered, real = threading.Event(), threading.Event(), os.write

    def stuck(fd: int, data: bytes) -> int:
        if b'"victim"' in data:
            entered.set()
            free.wait(30)
        return real(fd, data)

    monkeypatch.setattr(sink_module.os, "write", stuck)
    victim = threading.Thread(target=emit, args=(1, "victim"))
    victim.start()
    entered.wait(10)
    time.sleep(0.06)
    begun = time.perf_counter()
    emit(500)
    assert time.perf_counter() - begun < 5
    assert handle.counters["deferred"] == 500
    assert handle.counters["waiting"] == 500
    assert handle.flush(0.05) is False
    assert len(rows()) == 1
    free.set()
    victim.join(10)
    assert handle.flush(20) is True
    until(lambda: len(rows()) == 502)
    assert [row["n"] for row in rows() if row["name"] == "work"] == list(range(500))
    assert handle.counters["waiting"] == 0
    assert handle.counters["dropped"] == 0
    emit(1, "direct")
    assert handle.counters["deferred"] == 500


def test_a_full_disk_drops_events_and_recovers(
    service: Service, rows: Rows, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    handle = service()
    emit(1)
    real = os.write

    def full(fd: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(sink_module.os, "write", full)
    emit(10)
    monkeypatch.setattr(sink_module.os, "write", real)
    emit(1)
    assert (handle.counters["written"], handle.counters["dropped"]) == (2, 10)
    assert len(rows()) == 2
    assert len([r for r in caplog.records if "No space left" in r.getMessage()]) == 1


def test_after_a_short_write_the_next_event_starts_on_a_new_line(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handle = service()
    emit(1)
    real, shorts = os.write, iter([True, True, True])

    def short(fd: int, data: bytes) -> int:
        return real(fd, data[:20]) if next(shorts, False) else real(fd, data)

    monkeypatch.setattr(sink_module.os, "write", short)
    emit(2)
    (path,) = (tmp_path / "events").glob("*.jsonl")
    whole = []
    for line in path.read_bytes().splitlines():
        try:
            whole.append(orjson.loads(line)["n"])
        except orjson.JSONDecodeError:
            continue
    assert whole == [0, 1]
    assert (handle.counters["written"], handle.counters["dropped"]) == (2, 1)


def test_several_processes_share_a_folder(tmp_path: Path) -> None:
    script = """
    import sys
    from obskit.instrument import configure, event
    configure("s", sink=sys.argv[1])
    for n in range(500):
        with event("work", n=n): pass
    """
    for _ in range(3):
        run(script, str(tmp_path))
    assert len(list(tmp_path.glob("*.jsonl"))) == 3
    assert sorted(row["n"] for row in read(tmp_path)) == sorted(list(range(500)) * 3)


def test_after_half_a_line_and_a_full_disk_the_next_event_starts_on_a_new_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a line fits, then nothing. The next event that fits must not be appended to the half line."""
    counters = Counters()
    sink = JsonlSink(tmp_path, "s", Files(free=0), counters)
    real, accepted = os.write, iter([10, None, None])

    def full(fd: int, data: bytes) -> int:
        left = next(accepted, len(data))
        if left is None:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(fd, data[:left])

    monkeypatch.setattr(sink_module.os, "write", full)
    for n in range(4):
        sink.write(b'{"n":%d,"name":"work"}\n' % n, time.perf_counter_ns())
    (path,) = tmp_path.glob("*.jsonl")
    assert path.read_bytes().splitlines()[1:] == [b'{"n":2,"name":"work"}', b'{"n":3,"name":"work"}']
    assert (counters.as_dict()["written"], counters.as_dict()["dropped"]) == (2, 2)
    sink.close(1)
