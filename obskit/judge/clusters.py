"""Number the traces or users of requests over all files, and choose the first request of each."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from obskit.engine import Scope

Ints = npt.NDArray[Any]
Bools = npt.NDArray[np.bool_]
TRACE = "trace_id"
STICKY = 0.05  # share of clusters in both arms above which the split does not follow the cluster


def cluster_ids(scope: Scope, field: str, rows: Sequence[Ints]) -> list[Ints]:
    """Number the values of a field on some rows.

    Args:
        scope: the events.
        field: a field of the dataset.
        rows: rows of each file.

    Returns:
        Numbers of the rows, the files after each other; 0 without a value. Equal numbers of one array are
        equal values; the values of different arrays are taken for different ones. There is one array, or one
        per file if those of traces follow each other in time: a trace that goes on in the next file is
        another one there.

    Cost: none beyond the codes; for one array of several files, the values are read and hashed.
    """
    several = sum(bool(len(r)) for r in rows) > 1
    if several and (field != TRACE or files_overlap(scope)):
        return [_hashed(scope, field, rows)]
    return [ids[r] for ids, r in zip(scope.dataset.codes.clusters(field), rows, strict=True)]


def join(arrays: Sequence[Ints]) -> Ints:
    """Return the numbers of several arrays as one, such that different values have different numbers."""
    out, start = [np.zeros(0, np.int64)], 0
    for ids in arrays:
        out.append(np.where(ids > 0, ids.astype(np.int64) + start, 0))
        start += int(ids.max(initial=0))
    return np.concatenate(out)


def leaders(arrays: Sequence[Ints], candidate: Bools, order: Ints | None) -> Ints:
    """Return for each request the first one of its cluster and arm.

    Args:
        arrays: the clusters of the requests, from `cluster_ids`; 0 if a request is alone.
        candidate: whether it is one of the candidate.
        order: the indices of the requests in order of time, for one array; None if they are in this order.

    Returns:
        Indices of requests.
    """
    out, start = [np.zeros(0, np.int64)], 0
    for ids in arrays:
        at = np.arange(len(ids))
        in_time = at if order is None else order
        most = int(ids.max(initial=0))
        key = ids.astype(np.int32 if most < 1 << 30 else np.int64)
        key = key * 2 + candidate[start : start + len(ids)]
        first = np.zeros(2 * most + 2, np.int64)
        # Of assignments to the same place the last one counts: that of the first request.
        first[key[in_time[::-1]]] = in_time[::-1]
        out.append(np.where(ids == 0, at, first[key]) + start)
        start += len(ids)
    return np.concatenate(out)


def is_sticky(arrays: Sequence[Ints], candidate: Bools) -> bool:
    """Return whether few of the candidate's clusters are in the baseline, too."""
    both = whole = start = 0
    for ids in arrays:
        seen = np.zeros((2, int(ids.max(initial=0)) + 1), np.bool_)
        seen[candidate[start : start + len(ids)].astype(np.int64), ids] = True
        both += int(seen[:, 1:].all(axis=0).sum())
        whole += int(seen[1, 1:].sum())
        start += len(ids)
    return both <= STICKY * max(whole, 1)


def files_overlap(scope: Scope) -> bool:
    """Return whether a file has events from before the end of another one."""
    spans = [(f.first, f.last) for f in scope.dataset.files if f.first is not None and f.last is not None]
    return any(later[0] < earlier[1] for earlier, later in pairwise(sorted(spans)))


def _hashed(scope: Scope, field: str, rows: Sequence[Ints]) -> Ints:
    """Number the values of a field by reading them."""
    wanted = np.zeros(scope.dataset.rows, np.bool_)
    start = 0
    for file, r in zip(scope.dataset.files, rows, strict=True):
        wanted[start + r] = True
        start += file.rows
    chunks, start = [], 0
    for batch in scope.dataset.batches([field]):
        end = start + batch.num_rows
        chunks.append(batch.column(0).filter(pa.array(wanted[start:end])))
        start = end
    index = pa.chunked_array(chunks).dictionary_encode().combine_chunks().indices
    number = pc.fill_null(index.cast(pa.int64()), -1).to_numpy() + 1
    # The values came in the order of the rows; those of a file may be asked for in another one.
    out, start = [], 0
    for r in rows:
        part = number[start : start + len(r)]
        start += len(r)
        ranked = np.empty(len(r), np.int64)
        ranked[np.argsort(r, kind="stable")] = np.arange(len(r))
        out.append(part[ranked])
    return np.concatenate(out)
