"""Which of the collected rows become a part: those of one hour, where an hour has many rows.

Rows come roughly in order of time. A part of one hour lets an engine that asks for an hour skip all other
files, and lets old hours be deleted as files. Hours with few rows share a part.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

HOUR = 3_600_000_000  # microseconds
NO_HOUR = np.iinfo(np.int64).min  # of rows without a time


def split_by_hour(
    batches: Sequence[pa.RecordBatch], is_large: Callable[[int], bool], *, last: bool
) -> tuple[list[list[pa.RecordBatch]], list[pa.RecordBatch]]:
    """Divide collected rows into parts and rows that wait for more.

    Args:
        batches: the rows, in the order in which they came.
        is_large: whether an hour with so many rows deserves parts of its own.
        last: whether no more rows come.

    Returns:
        (parts, rest): the batches of each part, in order of time, and those that wait. The newest hour waits,
        for more of its rows may come, and so do hours with few rows. Where no hour is large, or with `last`,
        nothing waits. Rows keep their order within a part.
    """
    hours = [_hours(batch) for batch in batches]
    found, sizes = np.unique(np.concatenate([np.zeros(0, np.int64), *hours]), return_counts=True)
    large = [int(hour) for hour, size in zip(found, sizes, strict=True) if is_large(int(size))]
    if not last and len(large) > 1 and large[-1] == found[-1]:
        large.pop()
    if not large or len(found) == 1:
        return [list(batches)], []
    parts = [_of_hours(batches, hours, [hour]) for hour in large]
    rest = _of_hours(batches, hours, [hour for hour in found.tolist() if hour not in large])
    return ([*parts, rest], []) if last and rest else (parts, rest)


def _hours(batch: pa.RecordBatch) -> npt.NDArray[np.int64]:
    """Return the hour of each row, counted from 1970; `NO_HOUR` without a time."""
    if "timestamp" not in batch.schema.names:
        return np.full(batch.num_rows, NO_HOUR)
    times = batch.column("timestamp").cast(pa.timestamp("us", "UTC")).cast(pa.int64())
    values = times.fill_null(0).to_numpy(zero_copy_only=False) // HOUR
    return np.where(pc.is_valid(times).to_numpy(zero_copy_only=False), values, NO_HOUR)


def _of_hours(
    batches: Sequence[pa.RecordBatch], hours: Sequence[npt.NDArray[np.int64]], wanted: Sequence[int]
) -> list[pa.RecordBatch]:
    """Return the rows of some hours; a batch with other rows is copied."""
    out = []
    for batch, own in zip(batches, hours, strict=True):
        mask = np.isin(own, wanted)
        if mask.all():
            out.append(batch)
        elif mask.any():
            out.append(batch.filter(pa.array(mask)))
    return out
