"""Number the traces or users of requests over all files, and choose the first request of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from obskit.engine import Scope

Ints = npt.NDArray[Any]
Bools = npt.NDArray[np.bool_]
TRACE = "trace_id"
STICKY = 0.05  # share of clusters in both arms above which the split does not follow the cluster


def cluster_ids(scope: Scope, field: str, rows: Sequence[Ints]) -> Ints:
    """Number the values of a field on some rows.

    Args:
        scope: the events.
        field: a field of the dataset.
        rows: rows of each file.

    Returns:
        Numbers of the rows, the files after each other; 0 without a value. Equal numbers are equal values.

    Cost: none beyond the codes; if the rows are in several files, the numbers of the files are joined once.
    """
    codes = scope.dataset.codes
    several = sum(bool(len(r)) for r in rows) > 1
    numbers = codes.numbers(field) if several else codes.clusters(field)
    return np.concatenate([np.zeros(0, np.uint32), *(ids[r] for ids, r in zip(numbers, rows, strict=True))])


def leaders(ids: Ints, candidate: Bools, order: Ints | None) -> Ints:
    """Return for each request the first one of its cluster and arm.

    Args:
        ids: the cluster of each request, from `cluster_ids`; 0 if it is alone.
        candidate: whether it is one of the candidate.
        order: the indices of the requests in order of time; None if they are in this order.

    Returns:
        Indices of requests.
    """
    at = np.arange(len(ids))
    in_time = at if order is None else order
    most = int(ids.max(initial=0))
    key = ids.astype(np.int32 if most < 1 << 30 else np.int64) * 2 + candidate
    first = np.zeros(2 * most + 2, np.int64)
    # Of assignments to the same place the last one counts: that of the first request.
    first[key[in_time[::-1]]] = in_time[::-1]
    return np.where(ids == 0, at, first[key])


def is_sticky(ids: Ints, candidate: Bools) -> bool:
    """Return whether few of the candidate's clusters are in the baseline, too."""
    seen = np.zeros((2, int(ids.max(initial=0)) + 1), np.bool_)
    seen[candidate.astype(np.int64), ids] = True
    both = int(seen[:, 1:].all(axis=0).sum())
    return both <= STICKY * max(int(seen[1, 1:].sum()), 1)
