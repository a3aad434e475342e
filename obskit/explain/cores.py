"""Use several cores where numpy works on many rows: it releases the interpreter while it does."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any, TypeVar

from threadpoolctl import ThreadpoolController

T = TypeVar("T")
R = TypeVar("R")

# With fewer rows, threads wait for the interpreter longer than they work next to each other: at a million,
# two of them take 7% more CPU time than one, and answer no sooner.
LEAST_ROWS = 2_000_000
# Two long tasks hinder each other less than many short ones.
LEAST_ROWS_OF_TASKS = 500_000
MOST_THREADS = 4
# A thread takes so many runs of items: few enough to hand over, and many enough to end at the same time.
RUNS = 8


class _Threads:
    """The threads that help, and how many of those of numpy's matrix products are wanted.

    An answer asks for helpers dozens of times, and starting some takes long: they are started once.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._helpers: ThreadPoolExecutor | None = None
        self._blas: ThreadpoolController | None = None
        self._limit: Any = None
        self._limited = 0

    def helpers(self) -> ThreadPoolExecutor:
        """Return the threads that help."""
        with self._lock:
            if self._helpers is None:
                self._helpers = ThreadPoolExecutor(MOST_THREADS - 1, thread_name_prefix="obskit-explain")
            return self._helpers

    def limit(self) -> None:
        """Multiply matrices on one core until `unlimit` was called as often."""
        with self._lock:
            if not self._limited:
                self._blas = self._blas or ThreadpoolController()
                before = self._blas.info()
                self._limit = self._blas.limit(limits=1, user_api="blas")
                if self._blas.info() == before:  # one core already, or someone else decides
                    self._limit = None
            self._limited += 1

    def unlimit(self) -> None:
        """Take back a `limit`."""
        with self._lock:
            self._limited -= 1
            if not self._limited:
                self.restore()

    def restore(self) -> None:
        """Give matrix products their threads back."""
        if self._limit is not None:
            self._take_over()
            self._limit.restore_original_limits()
            self._take_over()
            self._limit = None

    def _take_over(self) -> None:
        """Let whichever thread asks next decide: threadpoolctl 3.8 ignores all but the first that did."""
        for library in self._blas.lib_controllers if self._blas else ():
            if hasattr(library, "clear_controlling_thread"):
                library.clear_controlling_thread(force=True)


_threads = _Threads()


def _forked() -> None:
    """Begin again in a forked process, which has none of the threads."""
    global _threads
    before, _threads = _threads, _Threads()
    before.restore()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


def spread(
    function: Callable[[T], R], items: Sequence[T], rows: int, least: int | None = None
) -> Iterable[R]:
    """Return the results of a function for all items, in their order.

    The calling thread works too, so it never waits for helpers that are busy with something else.

    Args:
        function: spends most of its time in numpy. It may call `spread` itself.
        items: what to call it with.
        rows: how many rows numpy works on.
        least: with fewer rows, the calling thread does everything; None is `LEAST_ROWS`.
    Returns:
        The results: of few rows, each is made when it is taken.
    Raises:
        Exception: the error of the first item that has one. Items after it may not be tried.
    """
    threads = min(os.cpu_count() or 1, MOST_THREADS, len(items))
    if rows < (LEAST_ROWS if least is None else least) or threads < 2:
        return map(function, items)
    size = max(len(items) // (RUNS * threads), 1)
    starts = range(0, len(items), size)
    left = deque(starts)
    found: dict[int, list[R]] = {}
    failed: dict[int, BaseException] = {}

    def work() -> None:
        while True:
            try:
                at = left.popleft()
            except IndexError:
                return
            try:
                found[at] = [function(item) for item in items[at : at + size]]
            except BaseException as error:
                failed[at] = error
                left.clear()

    helping: list[Future[None]] = []
    try:
        while len(helping) < threads - 1:
            helping.append(_threads.helpers().submit(work))
        work()
    finally:
        left.clear()
        wait([helper for helper in helping if not helper.cancel()])
    if failed:
        try:
            raise failed[min(failed)]
        finally:  # an error refers to its frames, which refer to it: nothing of them is to be kept
            failed.clear()
    return [one for at in starts for one in found[at]]


@contextmanager
def one_thread() -> Iterator[None]:
    """Multiply matrices on one core: on a busy machine, BLAS threads waiting for each other cost seconds.

    While any caller wants it, it holds for the whole process.
    """
    threads = _threads  # a fork within makes others
    threads.limit()
    try:
        yield
    finally:
        threads.unlimit()
