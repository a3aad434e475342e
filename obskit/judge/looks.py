"""The looks of a comparison: equal steps of time, and the rows within them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[Any]
Bools = npt.NDArray[np.bool_]
MOST_LOOKS = 10_000
_MICROS = timedelta(microseconds=1)


@dataclass(frozen=True)
class Looks:
    """The looks of a comparison: equal steps of time.

    Attributes:
        start: the start of the first look in µs.
        length: the length of a look in µs.
        count: the number of complete looks.
    """

    start: int
    length: int
    count: int

    @property
    def end(self) -> int:
        """The end of the last look in µs."""
        return self.start + self.length * self.count

    def end_of(self, look: int) -> int:
        """Return the end of a look in µs."""
        return self.start + self.length * (look + 1)


def plan_looks(start: int, end: int, step: timedelta | None) -> tuple[Looks, list[str]]:
    """Divide a window of time into looks.

    Args:
        start: the start of the window in µs.
        end: its end in µs.
        step: the time between two looks; None for one look.

    Returns:
        The looks, of which all are complete, and a note if they had to be longer.
    """
    span = max(0, end - start)
    length = span if step is None else max(1, step // _MICROS)
    if not length:
        return Looks(start, 1, 0), []
    notes = []
    if span // length > MOST_LOOKS:
        length *= -(-span // (length * MOST_LOOKS))
        notes.append(f"looks are {timedelta(microseconds=length)} long: there are at most {MOST_LOOKS:,}")
    return Looks(start, length, span // length), notes


def rows_in_looks(times: Ints, mask: Bools, looks: Looks) -> tuple[Ints, Ints]:
    """Return the rows of a file that are within the looks, and the look of each."""
    ends = looks.start + looks.length * np.arange(looks.count + 1, dtype=np.int64)
    if len(times) and not (times[1:] >= times[:-1]).all():
        rows = np.flatnonzero(mask & (times >= looks.start) & (times < looks.end))
        rows = rows[np.argsort(times[rows], kind="stable")]
        return rows, (times[rows] - looks.start) // looks.length
    bounds = np.searchsorted(times, ends)
    first, last = int(bounds[0]), int(bounds[-1])
    rows = np.flatnonzero(mask[first:last]) + first
    sizes = np.diff(np.searchsorted(rows, bounds))
    return rows, np.repeat(np.arange(looks.count), sizes)
