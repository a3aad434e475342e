"""Fill in the time intervals in which a group has no rows: 0 for counts, null for other values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from obskit.errors import LimitExceeded
from obskit.query.calculations import Calculation

TIME = "timestamp"
MOST_CELLS = 5_000_000


def filled_grid(
    table: pa.Table,
    names: Sequence[str],
    calculations: Sequence[Calculation],
    low: int | None,
    high: int | None,
    seconds: float,
) -> pa.Table:
    """Return every time interval from `low` to `high` for every group.

    Args:
        table: one row per group and interval: keys, the number of the interval as `timestamp`, values.
        names: the keys other than time.
        calculations: the calculations, which say whether an empty interval is 0 or null.
        low: the first interval; None if there are no rows.
        high: the last interval; None if there are no rows.
        seconds: the length of an interval.

    Returns:
        `timestamp` (the beginning of the interval), keys and values, sorted by group, then time.

    Raises:
        LimitExceeded: the table would have more than five million rows.
    """
    fields = [
        pa.field(TIME, pa.timestamp("us", "UTC")),
        *(table.schema.field(n) for n in table.schema.names if n != TIME),
    ]
    schema = pa.schema(fields)
    if low is None or high is None:
        return schema.empty_table()
    group, firsts = _groups(table, names)
    length = high - low + 1
    if length * len(firsts) > MOST_CELLS:
        raise LimitExceeded(
            f"{len(firsts):,} groups with {length:,} intervals each make more than {MOST_CELLS:,} rows",
            hint="use a longer `every` or a smaller `limit`",
        )
    at = table.column(TIME).to_numpy().astype(np.int64) - low
    where = np.full(length * len(firsts), -1, dtype=np.int64)
    where[group * length + at] = np.arange(table.num_rows)
    empty = where < 0
    take = pa.array(np.where(empty, 0, where), mask=empty)
    micros = np.tile(np.arange(low, high + 1, dtype=np.float64) * seconds * 1e6, len(firsts))
    columns: list[Any] = [pa.array(micros.round().astype(np.int64)).cast(pa.timestamp("us", "UTC"))]
    counts = {c.name for c in calculations if c.is_count}
    for field in fields[1:]:
        source = table.column(field.name)
        if field.name in names:
            columns.append(source.take(pa.array(np.repeat(firsts, length))))
        else:
            column = source.take(take)
            columns.append(column.fill_null(0) if field.name in counts else column)
    return pa.Table.from_arrays(columns, schema=schema)


def _groups(table: pa.Table, names: Sequence[str]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return the group of each row, and the first row of each group."""
    group = np.zeros(table.num_rows, dtype=np.int64)
    for name in names:
        codes = table.column(name).combine_chunks().dictionary_encode(null_encoding="encode").indices
        values = codes.to_numpy(zero_copy_only=False).astype(np.int64)
        pair = group * (int(values.max(initial=0)) + 1) + values
        group = np.unique(pair, return_inverse=True)[1].reshape(-1)
    firsts = np.unique(group, return_index=True)[1]
    # Number the groups in the order of their first rows, which is that of the statement.
    rank = np.argsort(np.argsort(firsts))
    return rank[group], np.sort(firsts)
