"""The rows of a dataset trace by trace, in pieces that fit into the caches of a processor.

Spans of one trace are often far apart in the files, and joining ten million of them at once reads memory at
random. A piece of whole traces is joined several times as fast, and two pieces at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from obskit.stats.counting_sort import rows_by_group

Ints = npt.NDArray[np.int64]
Result = TypeVar("Result")

PIECE = 1 << 16
"""Rows of a piece, unless one trace has more."""

THREADS = 2


class TraceOrder:
    """The rows that are in a trace, ordered by trace, then by row.

    Args:
        trace: the number of each row's trace, from 1; 0 without one.
        traces: the largest number.
    """

    def __init__(self, trace: Ints, traces: int) -> None:
        self._rows, begins = rows_by_group(trace, traces + 1)
        ends = begins[1:]
        self._cuts = [int(ends[0])]
        while self._cuts[-1] < len(trace):
            at = int(np.searchsorted(ends, min(self._cuts[-1] + PIECE, len(trace))))
            self._cuts.append(int(ends[at]))

    def each_piece(self, work: Callable[[Ints], Result]) -> list[Result]:
        """Call a function with the rows of each piece, in two threads.

        Args:
            work: gets rows in the order of their traces; those of a trace are in one piece, in ascending
                order.

        Returns:
            What it returned, per piece.
        """

        def of_piece(cut: tuple[int, int]) -> Result:
            return work(self._rows[slice(*cut)].astype(np.int64))

        cuts = list(pairwise(self._cuts))
        if len(cuts) < 2:
            return [of_piece(cut) for cut in cuts]
        with ThreadPoolExecutor(THREADS, thread_name_prefix="obskit-traces") as pool:
            return list(pool.map(of_piece, cuts))
