"""Answers do not depend on how many cores count."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import subprocess
import sys
import threading
import warnings
import weakref

import numpy as np
import pyarrow as pa
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

import obskit as ok
from obskit.explain.cores import one_thread, spread


def test_results_come_in_the_order_of_the_items() -> None:
    for rows in (0, 10**9):
        assert list(spread(lambda n: n * n, range(20), rows)) == [n * n for n in range(20)]


def test_few_rows_are_counted_in_the_thread_that_asks() -> None:
    here = threading.get_ident()
    assert set(spread(lambda _: threading.get_ident(), range(5), 1_000)) == {here}


def test_an_error_of_one_call_is_raised() -> None:
    def fail(n: int) -> int:
        raise ValueError(f"no {n}")

    with pytest.raises(ValueError, match="no 0"):
        list(spread(fail, range(3), 10**9))
    assert list(spread(str, range(3), 10**9)) == ["0", "1", "2"]  # the threads still work


def test_a_call_may_use_all_cores_itself() -> None:
    def inner(n: int) -> int:
        return sum(spread(lambda m: n * m, range(10), 10**9))

    found: list[list[int]] = []

    def ask() -> None:
        found.append(list(spread(inner, range(30), 10**9)))

    askers = [threading.Thread(target=ask) for _ in range(8)]  # more than there are helpers
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join(60)
    assert found == [[45 * n for n in range(30)]] * 8


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_starts_threads_of_its_own() -> None:
    list(spread(str, range(5), 10**9))
    with warnings.catch_warnings():  # Python 3.12 and later warn of any thread, such as those of the tests
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if not child:
        signal.alarm(30)
        os._exit(0 if list(spread(str, range(5), 10**9)) == [*"01234"] else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_nothing_of_a_failed_call_is_kept() -> None:
    class Large:
        pass

    kept: list[weakref.ref[Large]] = []

    def fail(n: int) -> int:
        large = Large()
        kept.append(weakref.ref(large))
        raise ValueError(f"no {n}")

    gc.disable()
    try:
        with contextlib.suppress(ValueError):
            list(spread(fail, range(3), 10**9))
        assert [one() for one in kept] == [None] * len(kept)
    finally:
        gc.enable()


def test_two_first_callers_give_the_threads_of_matrix_products_back() -> None:
    code = (
        "import threading, numpy, threadpoolctl\n"
        "from obskit.explain.cores import one_thread\n"
        "def threads(): return {one['num_threads'] for one in threadpoolctl.threadpool_info()}\n"
        "before, start = threads(), threading.Barrier(8)\n"
        "def use():\n"
        "    start.wait()\n"
        "    with one_thread(): pass\n"
        "for turn in range(300):\n"
        "    users = [threading.Thread(target=use) for _ in range(8)]\n"
        "    [one.start() for one in users], [one.join() for one in users]\n"
        "    assert threads() == before, (turn, threads(), before)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_matrix_products_get_their_threads_back_from_another_thread_than_the_one_that_took_them() -> None:
    def threads() -> set[int]:
        return {one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"}

    before = threads()
    entered, leave = threading.Event(), threading.Event()
    use = one_thread()

    def first() -> None:
        use.__enter__()
        entered.set()
        leave.wait(60)

    user = threading.Thread(target=first)
    user.start()
    try:
        assert entered.wait(60)
        assert threads() == {1}
        use.__exit__(None, None, None)
        assert threads() == before
        with one_thread():
            assert threads() == {1}
        with threadpool_limits(1, user_api="blas"):
            assert threads() == {1}
        assert threads() == before
    finally:
        leave.set()
        user.join()


def test_a_limit_of_the_host_that_ends_during_a_product_does_not_stay() -> None:
    def threads() -> set[int]:
        return {one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"}

    before = threads()
    entered, leave = threading.Event(), threading.Event()

    def use() -> None:
        with one_thread():
            entered.set()
            leave.wait(60)

    user = threading.Thread(target=use)
    with threadpool_limits(1, user_api="blas"):
        user.start()
        assert entered.wait(60)
    leave.set()
    user.join()
    assert threads() == before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_process_forked_during_a_product_has_its_threads_back() -> None:
    def threads() -> set[int]:
        return {one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"}

    before = threads()
    with one_thread(), warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
        if not child:
            signal.alarm(30)
            os._exit(0 if threads() == before else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert threads() == before


def test_matrix_products_get_their_threads_back_when_the_last_caller_is_done() -> None:
    def threads() -> set[int]:
        return {one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"}

    before = threads()
    first, second = one_thread(), one_thread()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert threads() == {1}
    second.__exit__(None, None, None)
    assert threads() == before


@pytest.mark.parametrize("weighted", [False, True])
def test_an_answer_is_the_same_on_all_cores(monkeypatch: pytest.MonkeyPatch, weighted: bool) -> None:
    rng = np.random.default_rng(3)
    rows = 6_000
    version, region = rng.choice(["1", "2"], rows), rng.choice(["north", "south", "west"], rows)
    bad = (version == "2") & (region == "south")
    columns = {
        "version": version,
        "region": region,
        "size": rng.integers(0, 5_000, rows),
        "trace_id": rng.integers(0, 2_000, rows).astype(str),
        "error": rng.random(rows) < np.where(bad, 0.5, 0.02),
        "timestamp": pa.array(np.arange(rows) * 1_000_000, pa.timestamp("us", "UTC")),
    }
    if weighted:
        columns["sample_weight"] = np.where(region == "west", 10.0, 1.0)
    events = ok.load(pa.table(columns))
    during = "1970-01-01T00:30:00Z/1970-01-01T01:40:00Z"
    alone = events.explain("error", during=during).to_dict()
    monkeypatch.setattr("obskit.explain.cores.LEAST_ROWS", 0)
    monkeypatch.setattr("obskit.explain.candidates.LEAST_ROWS_OF_TASKS", 0)
    assert events.explain("error", during=during).to_dict() == alone
    assert alone["findings"][0]["condition"] in (
        "version = '2' and region = 'south'",
        "region = 'south' and version = '2'",
    )
