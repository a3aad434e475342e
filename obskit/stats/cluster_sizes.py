"""How many rows of one cluster count, such as one trace with hundreds of retries.

A design effect takes back the evidence of rows that repeat each other. But it can't tell what the other
clusters say, once one of them has a large part of the rows.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

LEAST = 5
_TIMES = 3
_USUAL = 0.9


def most_rows(sizes: npt.NDArray[np.int64]) -> int:
    """Return the largest size of a cluster that is not far larger than nearly all others.

    Args:
        sizes: the number of rows of each cluster; at least one.

    Returns:
        Three times the size that nine of ten clusters don't exceed, but at least 5. A single cluster never
        decides it, unless there is no other.
    """
    at = math.floor(_USUAL * (len(sizes) - 1))
    return max(LEAST, _TIMES * int(np.partition(sizes, at)[at]))
