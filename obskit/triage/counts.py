"""Count operations by time interval, failure and log bucket of duration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from obskit.engine import Scope, time_literal
from obskit.query.terms import bucket, middles, row_count, sample_weight
from obskit.stats import buckets
from obskit.stats.counts import Counts

Floats = npt.NDArray[np.float64]
Key = tuple[Any, ...]
_SUMS = ("n", "w", "w2")


@dataclass(frozen=True, eq=False)
class PeriodCounts:
    """The events of one operation in one period of time.

    Attributes:
        cells: log buckets of duration, ascending; (C,).
        sums: observations, weight and squared weight, by failed (no, yes) and bucket; (3, 2, C).
    """

    cells: npt.NDArray[np.int64]
    sums: Floats

    @property
    def events(self) -> float:
        """The number of events that the rows represent."""
        return float(self.sums[1].sum())

    @property
    def all(self) -> Counts:
        """All events; counts of length 1."""
        return _counts(self.sums)

    @property
    def failed(self) -> Counts:
        """The events that failed."""
        return _counts(self.sums[:, 1:])

    @property
    def timed(self) -> Counts:
        """The events that have a duration."""
        return _counts(self.sums[:, :, self._timed])

    def above(self, cell: int) -> Counts:
        """Return the events in buckets above a given one."""
        return _counts(self.sums[:, :, self._timed & (self.cells > cell)])

    def cell(self, q: float) -> int | None:
        """Return the bucket of a percentile of duration; None if no event has a duration."""
        cells, running = self._running
        if not len(running) or running[-1] <= 0:
            return None
        return int(cells[min(int(np.searchsorted(running, q * running[-1] * (1 - 1e-12))), len(cells) - 1)])

    def quantile(self, q: float) -> float | None:
        """Return a percentile of duration in ms, within 1%; None if no event has a duration."""
        found = self.cell(q)
        return None if found is None else float(middles(np.array([found], np.int32))[0])

    def without(self, earlier: PeriodCounts) -> PeriodCounts:
        """Return this period without an earlier part of it; both are of the same operation."""
        # the difference of equal float sums may be slightly negative
        return PeriodCounts(self.cells, np.maximum(self.sums - earlier.sums, 0.0))

    @cached_property
    def _running(self) -> tuple[npt.NDArray[np.int64], Floats]:
        """The buckets of events with a duration, and the running sum of their weights."""
        return self.cells[self._timed], np.cumsum(self.sums[1].sum(axis=0)[self._timed])

    @cached_property
    def _timed(self) -> npt.NDArray[np.bool_]:
        timed: npt.NDArray[np.bool_] = (self.cells != buckets.NULL) & (self.cells != buckets.NAN)
        return timed


def _counts(sums: Floats) -> Counts:
    return Counts(*(np.atleast_1d(part.sum()) for part in sums))


@dataclass(frozen=True, eq=False)
class Operation:
    """One operation over time.

    Attributes:
        key: its values of the fields that identify operations.
        cells: log buckets of duration, ascending; (C,).
        interval: the number of moments at or before each group's events; (K,).
        place: the index of each group's bucket, plus C if its events failed; (K,).
        sums: observations, weight and squared weight of each group; (3, K).
    """

    key: Key
    cells: npt.NDArray[np.int64]
    interval: npt.NDArray[np.int64]
    place: npt.NDArray[np.int64]
    sums: Floats

    def periods(self, at: int) -> tuple[PeriodCounts, PeriodCounts]:
        """Return the events before and after the moment with an index."""
        earlier = self.interval <= at
        return self._period(earlier), self._period(~earlier)

    def observed(self, moments: int) -> Floats:
        """Return the number of observations before each moment, and in total; (moments + 1,)."""
        return np.cumsum(np.bincount(self.interval, self.sums[0], minlength=moments + 1))

    def _period(self, groups: npt.NDArray[np.bool_]) -> PeriodCounts:
        size = len(self.cells)
        place = self.place[groups]
        sums = [np.bincount(place, part[groups], minlength=2 * size).reshape(2, size) for part in self.sums]
        return PeriodCounts(self.cells, np.array(sums))


def bucket_end(cell: int) -> float:
    """Return the upper end of a bucket of duration, in ms."""
    if buckets.ZERO < cell < buckets.INFINITY:
        return float(np.exp((cell - buckets.OFFSET + 1) * buckets.LOG_GROWTH))
    return float(middles(np.array([cell], np.int32))[0])


def count_operations(
    scope: Scope, keys: Sequence[str], moments: Sequence[datetime]
) -> tuple[list[Operation], str]:
    """Count the events of every operation between moments.

    Args:
        scope: the rows.
        keys: the fields that identify operations.
        moments: ascending.

    Returns:
        The operations, and the statement that ran.
    """

    def build(table: ir.Table) -> ir.Table:
        time: Any = table["timestamp"]
        interval: Any = ibis.literal(0, type="int32")
        for moment in moments:
            interval = interval + (time >= time_literal(moment)).ifelse(1, 0)
        failed: Any = (
            table["error"].ifelse(1, 0).fill_null(0) if "error" in table.columns else ibis.literal(0)
        )
        cell = bucket(table["duration_ms"]) if "duration_ms" in table.columns else ibis.literal(buckets.NULL)
        n: Any = row_count(table).cast("float64")
        weight: Any = sample_weight(table).cast("float64")
        groups = {f"k{at}": table[key] for at, key in enumerate(keys)}
        rows = table.filter(table["timestamp"].notnull()).select(
            **groups,
            interval=interval,
            cell=cell,
            failed=failed,
            sum_n=n,
            sum_w=n * weight,
            sum_w2=n * weight * weight,
        )
        return rows.group_by([*groups, "interval", "cell", "failed"]).aggregate(
            n=rows["sum_n"].sum(), w=rows["sum_w"].sum(), w2=rows["sum_w2"].sum()
        )

    output = scope.run(build)
    table = output.table
    found, which = _numbered([table.column(f"k{at}") for at in range(len(keys))], table.num_rows)
    order = np.argsort(which, kind="stable")
    bounds = np.searchsorted(which[order], np.arange(len(found) + 1))
    interval, cell, failed = (
        table.column(name).to_numpy().astype(np.int64)[order] for name in ("interval", "cell", "failed")
    )
    sums = np.array([table.column(name).to_numpy().astype(np.float64)[order] for name in _SUMS])
    out = []
    for number, key in enumerate(found):
        part = slice(bounds[number], bounds[number + 1])
        cells, at = np.unique(cell[part], return_inverse=True)
        out.append(Operation(key, cells, interval[part], at + len(cells) * failed[part], sums[:, part]))
    return out, output.sql


def _numbered(columns: Sequence[pa.ChunkedArray], rows: int) -> tuple[list[Key], npt.NDArray[np.int64]]:
    """Return the distinct keys, and the number of each row's key."""
    which = np.zeros(rows, np.int64)
    values: list[list[Any]] = []
    for column in columns:
        coded = column.combine_chunks().dictionary_encode(null_encoding="encode")
        values.append(coded.dictionary.to_pylist())
        which = which * len(coded.dictionary) + coded.indices.to_numpy().astype(np.int64)
    distinct, number = np.unique(which, return_inverse=True)
    found: list[Key] = []
    for joint in distinct.tolist():
        key = []
        for known in reversed(values):
            joint, at = divmod(joint, len(known))
            key.append(known[at])
        found.append(tuple(reversed(key)))
    return found, number
