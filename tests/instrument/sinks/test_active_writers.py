"""`ActiveWriters`: a thread that is in write(2) for more than 50 ms means a stuck disk."""

from __future__ import annotations

import threading
import time

from obskit.instrument.sinks.active_writers import STUCK_NS, ActiveWriters


def test_only_a_thread_that_has_been_writing_for_long_is_stuck() -> None:
    writers = ActiveWriters()
    assert not writers.stuck()
    writers.entered[1] = time.perf_counter_ns()
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
    writers.entered[writers.thread.clock] = 10
    assert not writers.any_of(writers.snapshot())
