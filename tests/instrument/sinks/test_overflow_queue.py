"""Lines that wait for a stuck sink: bounded, in order, and written by one thread."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from obskit.instrument import Files, Handle
from obskit.instrument.counters import Counters
from obskit.instrument.sinks import jsonl as sink_module
from obskit.instrument.sinks.jsonl import JsonlSink
from tests.support.instrument_process import read

Service = Callable[..., Handle]
Rows = Callable[[], list[dict[str, Any]]]


def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def test_a_pipe_that_nobody_reads_fills_a_bounded_queue(tmp_path: Path) -> None:
    """A FIFO acts as a stuck disk: every event is written, or dropped and counted."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    counters = Counters()
    sink = JsonlSink(pipe, "s", Files(queue_bytes=50_000), counters)
    line = b"x" * 999 + b"\n"
    stuck = threading.Thread(
        target=lambda: [sink.write(line, time.perf_counter_ns()) for _ in range(80)], daemon=True
    )
    stuck.start()
    until(lambda: any(time.perf_counter_ns() - since > 60_000_000 for since in sink.writers.entered.values()))
    for _ in range(200):
        sink.write(line, time.perf_counter_ns())
    counts = counters.as_dict()
    assert counts["waiting"] == 50
    assert counts["dropped"] == 150
    got = bytearray()
    deadline = time.monotonic() + 20
    while (stuck.is_alive() or counters.as_dict()["waiting"]) and time.monotonic() < deadline:
        got += drained(reader)
        time.sleep(0.005)
    got += drained(reader)
    counts = counters.as_dict()
    assert counts["waiting"] == 0
    assert counts["written"] == got.count(b"\n")
    assert counts["written"] + counts["dropped"] == 280
    assert sink.close(1)
    os.close(reader)


def drained(reader: int) -> bytes:
    got = b""
    while True:
        try:
            piece = os.read(reader, 65536)
        except BlockingIOError:
            return got
        if not piece:
            return got
        got += piece


def test_only_one_thread_drains_even_if_a_signal_arrives_as_it_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signal handler that emits while the thread is starting must not start a second one."""
    sink = JsonlSink(tmp_path, "s", Files(free=0), Counters())
    started: list[int] = []

    class Late(threading.Thread):
        def start(self) -> None:
            started.append(len(started))
            if len(started) == 1:
                sink.queue.put(b'{"n":1}\n')
            super().start()

    monkeypatch.setattr(threading, "Thread", Late)
    sink.queue.put(b'{"n":0}\n')
    assert sink.flush(10)
    assert started == [0]
    assert [row["n"] for row in read(tmp_path)] == [0, 1]
    sink.close(1)


def test_if_no_thread_can_start_the_next_event_tries_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink = JsonlSink(tmp_path, "s", Files(free=0), Counters())
    tries = iter([True])

    class Refused(threading.Thread):
        def start(self) -> None:
            if next(tries, False):
                raise RuntimeError("can't start new thread")
            super().start()

    monkeypatch.setattr(threading, "Thread", Refused)
    sink.queue.put(b'{"n":0}\n')
    assert not sink.flush(0.05)
    sink.queue.put(b'{"n":1}\n')
    assert sink.flush(10)
    assert [row["n"] for row in read(tmp_path)] == [0, 1]
    sink.close(1)


def test_once_the_disk_is_free_threads_write_themselves_although_lines_still_wait(tmp_path: Path) -> None:
    """In a busy process it can take the drain thread long to get the interpreter."""
    sink, free = JsonlSink(tmp_path, "s", Files(free=0), Counters()), threading.Event()
    write = sink.queue._write
    sink.queue._write = lambda lines: write(lines) if free.wait(20) else 0
    sink.queue.put(b'{"n":0}\n')
    sink.write(b'{"n":1}\n', time.perf_counter_ns())
    assert [row["n"] for row in read(tmp_path)] == [1]
    free.set()
    assert sink.close(10)
    assert [row["n"] for row in read(tmp_path)] == [1, 0]


def test_a_pipe_that_is_full_takes_no_thread_while_lines_wait(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    counters = Counters()
    sink = JsonlSink(pipe, "s", Files(), counters)
    line = b"x" * 4095 + b"\n"
    for _ in range(16):
        sink.write(line, time.perf_counter_ns())  # 64 KiB fill it
    sink.queue.put(line)
    sink.write(line, time.perf_counter_ns())
    assert counters.as_dict()["waiting"] == 2
    got = bytearray()
    until(lambda: bool(got.extend(drained(reader))) or counters.as_dict()["waiting"] == 0)
    sink.write(line, time.perf_counter_ns())
    assert counters.as_dict()["deferred"] == 2
    assert len(got + drained(reader)) == 19 * 4096
    assert sink.close(1)
    os.close(reader)


def test_waiting_lines_are_written_in_batches_and_each_once_after_a_short_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counters, sizes, real = Counters(), [], os.write
    sink = JsonlSink(tmp_path, "s", Files(free=0), counters)
    sink.write(b'{"n":0}\n', time.perf_counter_ns())

    def short(fd: int, data: bytes) -> int:
        sizes.append(len(data))
        return real(fd, data[:20] if len(sizes) == 1 else data)

    monkeypatch.setattr(sink_module.os, "write", short)
    lines = [b'{"n":%d}\n' % n for n in range(1, 9)]
    assert sink._write_queued(lines) == 2
    assert sink._write_queued(lines[2:]) == 6
    assert sizes == [64, 1 + 48]
    (path,) = tmp_path.glob("*.jsonl")
    assert path.read_bytes().split(b"\n") == [
        b'{"n":0}', b'{"n":1}', b'{"n":2}', b'{"n"', *(b'{"n":%d}' % n for n in range(3, 9)), b"",
    ]  # fmt: skip
    assert counters.as_dict()["written"] == 9
    sink.close(1)


def test_a_sink_that_is_closed_is_not_blamed_on_the_disk(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    counters = Counters()
    sink = JsonlSink(tmp_path, "s", Files(free=0), counters)
    sink.queue._write = lambda lines: time.sleep(0.01) or 0  # lines still wait when it closes
    sink.queue.put(b"{}\n")
    sink.close(0.01)
    sink.write(b"{}\n", time.perf_counter_ns())
    assert counters.as_dict()["dropped"] == 1
    assert [record.getMessage() for record in caplog.records] == [
        f"obskit: {tmp_path} is closed; events are dropped and counted"
    ]
    sink.queue._write = len
    assert sink.flush(10)
