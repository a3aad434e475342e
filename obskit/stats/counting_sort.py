"""Sort rows by small whole numbers in linear time: rows by the number of their group."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse import csc_array

Ints = npt.NDArray[np.int64]


def rows_by_group(group: Ints, size: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Return the rows in ascending order of their group; those of a group stay in order.

    Args:
        group: number of each row's group, from 0 and below `size`; fewer than 2^31 rows.
        size: number of groups.

    Returns:
        The rows, and where each group begins among them: int32[size + 1].

    Cost: O(rows + size), several times as fast as `np.argsort(group, kind="stable")`.
    """
    rows = len(group)
    # A matrix with one entry per row, in the line of its group: by columns as given, by lines as wanted.
    one_each = np.arange(rows + 1, dtype=np.int32)
    by_row = csc_array((np.ones(rows, np.int8), group.astype(np.int32), one_each), shape=(size, rows))
    by_group = by_row.tocsr()
    return by_group.indices.astype(np.int32, copy=False), by_group.indptr.astype(np.int32, copy=False)
