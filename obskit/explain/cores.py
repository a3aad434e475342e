"""Use both cores where numpy works on many rows: it releases the interpreter while it does."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

# With fewer rows, threads wait for the interpreter longer than they work next to each other: at a million,
# two of them take 7% more CPU time than one, and answer no sooner.
LEAST_ROWS = 2_000_000
# A thread takes so many runs of items: few enough to hand over, and many enough to end at the same time.
RUNS = 8


def spread(function: Callable[[T], R], items: Sequence[T], rows: int) -> Iterable[R]:
    """Return the results of a function for all items, in their order.

    Args:
        function: spends most of its time in numpy.
        items: what to call it with.
        rows: how many rows numpy works on; if they are few, the calls follow each other.
    Returns:
        Results; an error of a call is raised when its result is taken.
    """
    threads = min(os.cpu_count() or 1, 4, len(items))
    if rows < LEAST_ROWS or threads < 2:
        return map(function, items)
    size = max(len(items) // (RUNS * threads), 1)
    runs = [items[at : at + size] for at in range(0, len(items), size)]
    with ThreadPoolExecutor(threads, thread_name_prefix="obskit-explain") as pool:
        return [
            found for run in pool.map(lambda run: [function(item) for item in run], runs) for found in run
        ]
