"""Use several cores where numpy works on many rows: it releases the interpreter while it does."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import cache
from typing import TypeVar

from threadpoolctl import ThreadpoolController

T = TypeVar("T")
R = TypeVar("R")

# With fewer rows, threads wait for the interpreter longer than they work next to each other: at a million,
# two of them take 7% more CPU time than one, and answer no sooner.
LEAST_ROWS = 2_000_000
MOST_THREADS = 4
# A thread takes so many runs of items: few enough to hand over, and many enough to end at the same time.
RUNS = 8


@cache
def _helpers() -> ThreadPoolExecutor:
    """Return the threads that help: an answer asks for them dozens of times, and starting some takes long."""
    return ThreadPoolExecutor(MOST_THREADS - 1, thread_name_prefix="obskit-explain")


if hasattr(os, "register_at_fork"):  # a forked process has none of the threads
    os.register_at_fork(after_in_child=_helpers.cache_clear)


def spread(function: Callable[[T], R], items: Sequence[T], rows: int) -> Iterable[R]:
    """Return the results of a function for all items, in their order.

    The calling thread works too, so it never waits for helpers that are busy with something else.

    Args:
        function: spends most of its time in numpy. It may call `spread` itself.
        items: what to call it with.
        rows: how many rows numpy works on; if they are few, the calls follow each other.
    Returns:
        Results.
    Raises:
        Exception: the error of the first item that has one. With many rows, items after it may not be tried.
    """
    threads = min(os.cpu_count() or 1, MOST_THREADS, len(items))
    if rows < LEAST_ROWS or threads < 2:
        return map(function, items)
    size = max(len(items) // (RUNS * threads), 1)
    starts = range(0, len(items), size)
    left = deque(starts)
    found: dict[int, list[R]] = {}
    failed: dict[int, BaseException] = {}

    def work() -> None:
        while left:
            try:
                at = left.popleft()
            except IndexError:  # another thread was faster
                return
            try:
                found[at] = [function(item) for item in items[at : at + size]]
            except BaseException as error:
                failed[at] = error
                left.clear()

    helpers = [_helpers().submit(work) for _ in range(threads - 1)]
    try:
        work()
    finally:
        wait([helper for helper in helpers if not helper.cancel()])
    if failed:
        raise failed[min(failed)]
    return [one for at in starts for one in found[at]]


class _Blas:
    """The threads of numpy's matrix products, and how many callers want only one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._controller = ThreadpoolController()
        self._wanted = 0

    def take(self) -> None:
        with self._lock:
            if not self._wanted:
                self._limit = self._controller.limit(limits=1, user_api="blas")
            self._wanted += 1

    def give_back(self) -> None:
        with self._lock:
            self._wanted -= 1
            if not self._wanted:
                self._limit.restore_original_limits()


@cache
def _blas() -> _Blas:
    return _Blas()


@contextmanager
def one_thread() -> Iterator[None]:
    """Multiply matrices on one core: on a busy machine, BLAS threads waiting for each other cost seconds.

    While any caller wants it, it holds for the whole process.
    """
    _blas().take()
    try:
        yield
    finally:
        _blas().give_back()
