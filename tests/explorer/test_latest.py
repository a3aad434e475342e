from __future__ import annotations

import threading
import time

import pytest

from obskit.explorer.latest import Latest


def test_a_newer_job_stops_the_older_and_skips_those_between():
    """first runs ── second waits ── third comes: first is stopped, second never begins."""
    log, begun, failures = [], threading.Event(), []
    latest = Latest(failures.append)

    def first(cancelled):
        begun.set()
        while not cancelled():
            threading.Event().wait(0.001)
        log.append("first stopped")

    latest.submit(first)
    assert begun.wait(5)
    with latest._state:  # both arrive before the thread looks again
        latest.submit(lambda cancelled: log.append("second"))
        latest.submit(lambda cancelled: log.append(("third", cancelled())))
    assert latest.wait(5)
    assert log == ["first stopped", ("third", False)]
    assert not failures


def test_an_error_is_handed_over_and_the_next_job_runs():
    log, failures = [], []
    latest = Latest(failures.append)
    latest.submit(lambda cancelled: 1 / 0)
    assert latest.wait(5)
    latest.submit(lambda cancelled: log.append("ran"))
    assert latest.wait(5)
    assert [type(error) for error in failures] == [ZeroDivisionError]
    assert log == ["ran"]


def test_the_error_of_a_cancelled_job_is_nobodys():
    failures, begun = [], threading.Event()
    latest = Latest(failures.append)

    def job(cancelled):
        begun.set()
        while not cancelled():
            threading.Event().wait(0.001)
        raise ValueError

    latest.submit(job)
    assert begun.wait(5)
    latest.cancel()
    assert latest.wait(5)
    assert not failures


def test_jobs_never_overlap():
    inside, most, latest = [0], [0], Latest(lambda error: None)

    def job(cancelled):
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        threading.Event().wait(0.0005)
        inside[0] -= 1

    threads = [threading.Thread(target=lambda: [latest.submit(job) for _ in range(20)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert latest.wait(5)
    assert most == [1]


def test_a_job_for_an_idle_moment_is_not_submitted_while_another_runs():
    latest, release = Latest(lambda _: None), threading.Event()
    latest.submit(lambda _: release.wait(20))
    assert latest.submit(lambda _: None, only_if_idle=True) == 0
    release.set()
    assert latest.wait(20)
    assert latest.submit(lambda _: None, only_if_idle=True) == 2
    assert latest.wait(20)


def test_an_error_that_cannot_be_handed_over_does_not_stop_what_comes_after():
    raised, done = [], []

    def broken(error):
        raise RuntimeError("cannot be shown") from error

    def fail(_):
        raise ValueError

    latest = Latest(broken)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threading, "excepthook", lambda given: raised.append(str(given.exc_value)))
        latest.submit(fail)
        assert latest.wait(20)
        while not raised:  # the thread ends a moment later
            time.sleep(0.01)
    latest.submit(lambda _: done.append(1))
    assert latest.wait(20)
    assert (raised, done) == (["cannot be shown"], [1])
