"""When each row of a dataset began and ended, in whole nanoseconds from one moment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from obskit.dataset.manifest import DataFile
from obskit.dataset.parts import open_part, read_columns
from obskit.dataset.population import NO_TIME, times

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_LIMIT = 2.0**61  # ns; 73 years
_SAMPLE = 1 << 20
_ROWS = 1 << 16  # at a time, so that they stay in the caches


class SpanEnds(NamedTuple):
    """When each row began and ended.

    Attributes:
        start, end: ns from about the median start, so that they may be negative; 0 where unknown.
        timed: whether both are known, and within 73 years of that.
        lasting: whether there is a duration, which need not be a possible one.
    """

    start: Ints
    end: Ints
    timed: Bools
    lasting: Bools


def read_ends(files: Sequence[DataFile], names: Sequence[str]) -> SpanEnds:
    """Read when each row began and ended.

    Args:
        files: the files of a dataset.
        names: its fields; those that are not there are null on every row.

    Returns:
        SpanEnds.

    Cost: reads two columns, file by file.
    """
    rows = sum(file.rows for file in files)
    at, length, lasting = np.full(rows, NO_TIME), np.full(rows, np.nan), np.zeros(rows, bool)
    there = [name for name in ("timestamp", "duration_ms") if name in names]
    low = 0
    for file in files if there else ():
        table = read_columns(open_part(file), there, threads=True)
        rest = slice(low, low := low + file.rows)
        at[rest] = times(table)
        if "duration_ms" in there:
            column = table.column("duration_ms")
            lasting[rest] = pc.is_valid(column).to_numpy()
            length[rest] = pc.fill_null(column.cast(pa.float64()), np.nan).to_numpy()
    start, end, timed = np.zeros(rows, np.int64), np.zeros(rows, np.int64), np.zeros(rows, bool)
    middle = _median(at)
    for low in range(0, rows, _ROWS):
        rest = slice(low, low + _ROWS)
        start[rest], end[rest], timed[rest] = _ends(at[rest], length[rest], middle)
    return SpanEnds(start, end, timed, lasting)


def _median(at: Ints) -> int:
    """Return the median time, so that one clock that was not set does not put all others out of range."""
    for some in (at[:: max(1, len(at) // _SAMPLE)], at):
        known = some[some != NO_TIME]
        if len(known):
            return int(np.median(known))
    return 0


def _ends(at: Ints, length_ms: npt.NDArray[np.float64], middle: int) -> tuple[Ints, Ints, Bools]:
    known = at != NO_TIME
    offset = np.where(known, at - middle, 0)
    length = length_ms * 1e6
    timed = known & np.isfinite(length) & (length >= 0)
    length[~timed] = 0
    timed &= np.abs(offset) * 1000.0 + length < _LIMIT
    first = np.where(timed, offset * 1000, 0)
    return first, first + np.rint(np.where(timed, length, 0)).astype(np.int64), timed
