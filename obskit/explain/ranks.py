"""Rank correlation, also within slices."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

# A slice with fewer rows has no correlation of its own.
LEAST_IN_SLICE = 10
# Integers of which at most so many, for each one that occurs, lie between the least and the greatest are
# counted as they are; others are sorted and numbered first.
MOST_GAPS = 8


def correlation(
    one: npt.NDArray[Any], other: npt.NDArray[Any], slices: npt.NDArray[Any] | None = None
) -> float:
    """Return Spearman's rank correlation of two arrays.

    Args:
        one: numbers.
        other: as many other numbers.
        slices: the slice of each row. Ranks are then counted within each slice, so that differences between
            slices don't matter.
    Returns:
        A number in [-1, 1]; 0 where nothing varies or no slice has enough rows.
    """
    number = np.zeros(len(one), dtype=np.int64) if slices is None else _numbered(slices)
    rows = np.bincount(number)
    kept = rows[number] >= LEAST_IN_SLICE
    number = number[kept]
    if not len(number):
        return 0.0
    x, y = (_centered(values[kept], number) for values in (one, other))
    norm = float(np.sqrt((x**2).sum() * (y**2).sum()))
    return float((x * y).sum()) / norm if norm > 0 else 0.0


def _centered(values: npt.NDArray[Any], number: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return the rank of each value in its slice (ties share one), scaled to the slice's size, mean 0."""
    dense = _numbered(values)
    key = _numbered(number * (int(dense.max()) + 1) + dense)
    count = np.bincount(key)
    middle = np.cumsum(count) - (count + 1) / 2
    rank = middle[key]
    rows = np.bincount(number)
    start = np.cumsum(rows) - rows
    return np.asarray((rank - start[number] - (rows[number] - 1) / 2) / rows[number])


def _numbered(values: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Return numbers from 0 in the order of the values, equal ones for equal values; not all may occur.

    Integers that are close together, as codes are, only have their least one taken away: the numbers are
    counted, and gaps cost less than sorting does.
    """
    if values.dtype.kind in "iu" and len(values):
        least = int(values.min())
        if int(values.max()) - least <= MOST_GAPS * len(values):
            return values.astype(np.int64) - least
    return np.asarray(np.unique(values, return_inverse=True)[1], dtype=np.int64)
