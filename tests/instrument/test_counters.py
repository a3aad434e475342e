"""`Counters`: exact from any thread, one log line per kind of failure, and no exception for the host."""

from __future__ import annotations

import logging
import threading

import pytest

from obskit.instrument.counters import LOG, NAMES, Counters


def test_counts_from_many_threads_are_exact() -> None:
    counters = Counters()

    def work() -> None:
        for _ in range(2000):
            counters.add("late")
            counters.count_written()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counters.as_dict() == {**dict.fromkeys(NAMES, 0), "late": 8000, "written": 8000}


def test_each_kind_of_failure_is_logged_once_and_counted_each_time(caplog: pytest.LogCaptureFixture) -> None:
    counters = Counters()
    for error in (ValueError("first"), ValueError("second"), KeyError("third")):
        counters.record_failure("add()", error)
    assert [record.getMessage() for record in caplog.records] == [
        "obskit: add() failed (ValueError: first); more failures of this kind are counted, not logged",
        "obskit: add() failed (KeyError: 'third'); more failures of this kind are counted, not logged",
    ]
    assert counters.as_dict()["failed"] == 3


def test_a_log_handler_that_raises_does_not_reach_the_host() -> None:
    class Broken(logging.Handler):
        def handle(self, record: logging.LogRecord) -> bool:
            raise RuntimeError("broken handler")

    counters, handler = Counters(), Broken()
    LOG.addHandler(handler)
    try:
        counters.record_failure("add()", ValueError("x"))
    finally:
        LOG.removeHandler(handler)
    assert counters.as_dict()["failed"] == 1


def test_after_reset_counts_start_at_zero_and_failures_are_logged_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    counters = Counters()
    for _ in range(2):
        counters.count_written()
        counters.record_failure("add()", ValueError("x"))
        assert (counters.as_dict()["written"], counters.as_dict()["failed"]) == (1, 1)
        counters.reset()
    assert len(caplog.records) == 2
