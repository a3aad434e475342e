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
