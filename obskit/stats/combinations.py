"""Count how often combinations of whole numbers occur, without more memory than there are rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[Any]
Table = tuple[tuple[Ints, ...], Ints]
_DENSE = 4  # cells per row up to which all cells are counted, instead of those that occur


def count_combinations(columns: Sequence[Ints]) -> Table:
    """Return the combinations of whole numbers that occur, in ascending order, and how often each does.

    Args:
        columns: one array per column, all of one length, with numbers from 0.

    Returns:
        One array per column, and the counts.
    """
    found, counts = sum_combinations(columns, None)
    return found, counts.astype(np.int64)


def sum_combinations(columns: Sequence[Ints], weight: Ints | None) -> Table:
    """Return the combinations of whole numbers that occur, in ascending order, and the weight of each.

    Args:
        columns: as in `count_combinations`.
        weight: the weight of each row; None if each is 1.

    Returns:
        One array per column, and the sums.
    """
    rows = len(columns[0])
    if not rows:
        return tuple(np.zeros(0, np.int32) for _ in columns), np.zeros(0)
    low = [int(column.min()) for column in columns]
    sizes = [int(column.max()) - least + 1 for column, least in zip(columns, low, strict=True)]
    cells = math.prod(sizes)
    if cells >= 1 << 62:  # more than a number holds
        found, index = np.unique(np.stack(columns, axis=1), axis=0, return_inverse=True)
        # numpy 2.0 returns the index as a column
        return tuple(np.ascontiguousarray(part) for part in found.T), np.bincount(index.ravel(), weight)
    cell = np.zeros(rows, np.int64)
    for column, least, size in zip(columns, low, sizes, strict=True):
        cell *= size
        cell += column
        cell -= least
    if cells <= _DENSE * rows:
        seen = np.flatnonzero(np.bincount(cell, minlength=cells))
        sums = np.bincount(cell, weight, cells)[seen]
    else:
        seen, index = np.unique(cell, return_inverse=True)
        sums = np.bincount(index, weight)
    out: list[Ints] = []
    for least, size in zip(reversed(low), reversed(sizes), strict=True):
        seen, code = np.divmod(seen, size)
        out.append((code + least).astype(np.int32))
    return tuple(reversed(out)), sums
