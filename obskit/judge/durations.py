"""Durations as buckets, by the code of the field `duration_ms`."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from obskit.dataset import FieldCodes
from obskit.stats import buckets

Ints = npt.NDArray[Any]


def code_buckets(durations: FieldCodes) -> Ints:
    """Return the bucket of each code of a field of durations; the code 0 is missing."""
    if durations.bucket is not None:
        known = durations.bucket
    else:
        values = durations.values.to_numpy(zero_copy_only=False).astype(np.float64)
        known = buckets.buckets(values)
    return np.concatenate([[buckets.NULL], known]).astype(np.int64)
