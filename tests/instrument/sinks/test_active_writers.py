"""`ActiveWriters`: a thread that is blocked in write(2) for more than 50 ms means a stuck disk."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable

import pytest

from obskit.instrument.sinks.active_writers import STUCK_NS, ActiveWriters


def test_only_a_thread_that_has_been_writing_for_long_is_stuck() -> None:
    writers = ActiveWriters()
    assert not writers.stuck()
    writers.entered[1] = time.perf_counter_ns() + 3_600_000_000_000  # 50 ms may pass between two lines here
    assert not writers.stuck()
    writers.entered[2] = time.perf_counter_ns() - STUCK_NS - 1
    assert writers.stuck()
    del writers.entered[2]
    assert not writers.stuck()


def test_a_snapshot_is_over_when_each_thread_has_left_that_call() -> None:
    """A thread that has come back for another call can only reach the new file."""
    writers = ActiveWriters()
    writers.entered |= {1: 10, 2: 20}
    snapshot = writers.snapshot()
    assert writers.any_of(snapshot)
    del writers.entered[1]
    assert writers.any_of(snapshot)
    writers.entered[2] = 30
    assert not writers.any_of(snapshot)


def test_the_calling_thread_does_not_wait_for_itself() -> None:
    writers = ActiveWriters()
    writers.entered[writers.own_clock()] = 10
    assert not writers.any_of(writers.snapshot())


def entered(writers: ActiveWriters, work: Callable[[], object]) -> threading.Thread:
    """Start a thread that says it entered its write long ago, and does the work instead."""

    def run() -> None:
        writers.entered[writers.own_clock()] = time.perf_counter_ns() - 10 * STUCK_NS
        work()
        del writers.entered[writers.own_clock()]

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    while not writers.entered:
        time.sleep(0.001)
    return thread


def test_a_thread_that_waits_in_the_kernel_is_stuck_until_it_runs() -> None:
    reader, writer = os.pipe()
    writers = ActiveWriters()
    thread = entered(writers, lambda: os.read(reader, 1))
    begun = time.monotonic()
    while not writers.stuck():
        assert time.monotonic() - begun < 20
    assert writers.stuck()
    os.write(writer, b"x")
    thread.join(10)
    assert not writers.stuck()
    os.close(reader)
    os.close(writer)


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has no clocks of other threads")
def test_threads_that_want_the_interpreter_are_not_stuck() -> None:
    """Ten threads compute. At any moment nine of them wait for the interpreter."""
    writers, done = ActiveWriters(), threading.Event()

    def compute() -> None:
        while not done.is_set():
            sum(range(1000))

    threads = [entered(writers, compute) for _ in range(10)]
    assert not any(writers.stuck() for _ in range(30))
    done.set()
    for thread in threads:
        thread.join(10)


def test_what_is_remembered_of_threads_is_bounded() -> None:
    writers = ActiveWriters()
    for clock in range(3000):
        writers.entered = {clock: time.perf_counter_ns() - STUCK_NS // 2 - 1}
        writers.stuck()
    assert len(writers._observed) <= 1024
