"""Rank correlation, also within slices."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

# A slice with fewer rows has no correlation of its own.
LEAST_IN_SLICE = 10
# Integers that are closer than this, as codes are, can be ranked as they are; others are numbered first.
MOST_DISTANCE = 1 << 31


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
    if slices is None:
        slices = np.zeros(len(one), dtype=np.int64)
    _, number, size = np.unique(slices, return_inverse=True, return_counts=True)
    kept = size[number] >= LEAST_IN_SLICE
    number = number[kept]
    if not len(number):
        return 0.0
    x, y = (_centered(values[kept], number) for values in (one, other))
    norm = float(np.sqrt((x**2).sum() * (y**2).sum()))
    return float((x * y).sum()) / norm if norm > 0 else 0.0


def _centered(values: npt.NDArray[Any], number: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Return the rank of each value in its slice (ties share one), scaled to the slice's size, mean 0."""
    dense = values
    if values.dtype.kind not in "iu" or int(values.max()) - int(values.min()) > MOST_DISTANCE:
        _, dense = np.unique(values, return_inverse=True)
    dense = dense.astype(np.int64) - int(dense.min())
    key = number.astype(np.int64) * (int(dense.max()) + 1) + dense
    _, at, count = np.unique(key, return_inverse=True, return_counts=True)
    middle = np.cumsum(count) - (count + 1) / 2
    rank = middle[at]
    rows = np.bincount(number)
    start = np.cumsum(rows) - rows
    return np.asarray((rank - start[number] - (rows[number] - 1) / 2) / rows[number])
