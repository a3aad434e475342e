"""Candidate conditions on one field: values, missing, numeric intervals, sets.

All counts are exact, over all rows of both groups, from dictionary codes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from obskit.dataset import FieldCodes
from obskit.explain.grouped_rows import FieldCondition
from obskit.stats.counts import Counts
from obskit.stats.evidence import rough_score, score

# Enough to find the edge of an effect to a few percent of the population; 32 bins make 528 intervals.
BINS = 32
# Intervals of a field that are scored exactly; bounds cost most of the time.
LIKELY = 60
# Integers with more distinct values than this are also cut into intervals.
CATEGORIES = 64


@dataclass(frozen=True)
class Column:
    """A field's counts in both groups, one entry per code; code 0 is missing."""

    codes: FieldCodes
    selected: Counts
    baseline: Counts

    @property
    def rows(self) -> tuple[npt.NDArray[np.float64], ...]:
        """n, w and w2 of the selection, then of the baseline."""
        one, other = self.selected, self.baseline
        return one.n, one.w, one.w2, other.n, other.w, other.w2

    @cached_property
    def starts(self) -> npt.NDArray[np.int64]:
        """Where a numeric field is cut: the starts of its bins."""
        return bins(self)


@cache
def _runs(size: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the first and the last bin of each run of adjacent ones."""
    first, last = np.triu_indices(size)
    first.flags.writeable = last.flags.writeable = False
    return first, last


def is_number(codes: FieldCodes) -> bool:
    """Return whether the field's values are numbers to be cut into intervals."""
    if codes.kind == "numeric":
        return True
    return codes.kind == "value" and pa.types.is_integer(codes.type) and codes.size - 1 > CATEGORIES


def bins(column: Column) -> npt.NDArray[np.int64]:
    """Return where a numeric field is cut: the starts of at most about `BINS` runs of adjacent entries.

    Zero and the infinities have bins of their own; NaN is left out. The cuts are quantiles of both groups
    together, with a few more in the tails, where slow and large events are. They don't depend on which events
    are selected.
    """
    codes = column.codes
    weight = (column.selected.n + column.baseline.n)[1:]
    low = _numbers(codes, codes.lo)
    ordinary = np.isfinite(low) & (low != 0)
    total = weight[ordinary].sum()
    weight = np.where(ordinary, weight, 0.0)
    running = np.cumsum(weight) - weight
    quantiles = np.concatenate([[0.0, 0.001, 0.01], np.arange(1, 25) / 25, [0.99, 0.999]])
    cuts = np.searchsorted(running, quantiles * total, side="left")
    special = np.flatnonzero(~ordinary & ~np.isnan(low))
    starts = np.unique(np.concatenate([cuts, special, special + 1, [0]]))
    return starts[starts < len(low)].astype(np.int64)


def interval_totals(column: Column) -> npt.NDArray[np.float64]:
    """Return the observations in each interval of a field's bins; each interval is one test."""
    starts = column.starts
    if not len(starts):
        return np.zeros(0)
    sums = _before(column.selected.n + column.baseline.n, starts)
    first, last = _runs(len(starts))
    return np.asarray(sums[last + 1] - sums[first])


def _before(values: npt.NDArray[np.float64], starts: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return the sum of a field's values before each bin, and of all of them, given one value per code."""
    return np.concatenate([[0.0], np.cumsum(np.add.reduceat(values[1:], starts))])


def field_conditions(
    column: Column, all_selected: Counts, all_baseline: Counts, floor: float, log_level: float
) -> list[FieldCondition]:
    """Return the conditions on one field that enough of the selection meets.

    Args:
        column: the field's counts.
        all_selected: the counts of the whole selection.
        all_baseline: the counts of the whole baseline.
        floor: the fewest selected observations.
        log_level: log of the error level of each bound.
    Returns:
        Missing, "has a value", single values and the best intervals.
    """
    codes = column.codes
    conditions = []
    if column.selected.n[0] >= floor:
        conditions.append(FieldCondition(codes.name, (0,), {"field": codes.name, "op": "missing"}))
    if column.selected.n[1:].sum() >= floor and column.selected.n[0] + column.baseline.n[0] > 0:
        # an interval open on both sides: the field has some value
        spec = {"field": codes.name, "op": "between", "low": None, "high": None}
        conditions.append(FieldCondition(codes.name, range(1, codes.size), spec))
    if codes.kind == "value":
        worth = column.selected.n >= floor
        worth[0] = False
        if codes.rare_code is not None:
            worth[codes.rare_code] = False
        conditions += [value_condition(codes, int(code)) for code in np.flatnonzero(worth)]
    if is_number(codes) and codes.size > 1:
        conditions += _intervals(column, all_selected, all_baseline, floor, log_level)
    return conditions


def value_condition(codes: FieldCodes, code: int) -> FieldCondition:
    """Return the condition that a field has the value of a code."""
    return FieldCondition(
        codes.name, (code,), {"field": codes.name, "op": "=", "value": codes.values[code - 1].as_py()}
    )


def _intervals(
    column: Column, all_selected: Counts, all_baseline: Counts, floor: float, log_level: float
) -> list[FieldCondition]:
    """Return the best interval, and the best one that doesn't overlap it."""
    cuts = np.append(column.starts, column.codes.size - 1)
    first, last = _runs(len(column.starts))
    sums = np.array([_before(values, column.starts) for values in column.rows])
    between = sums.take(last + 1, axis=1) - sums.take(first, axis=1)
    # all numbers together are "not missing"
    whole = between[0] + between[3] >= (column.selected.n + column.baseline.n)[1:].sum()
    worth = np.flatnonzero((between[0] >= floor) & ~whole)
    if not len(worth):
        return []
    first, last, between = first[worth], last[worth], between.take(worth, axis=1)
    selected, baseline = Counts(*between[:3]), Counts(*between[3:])
    rough = rough_score(selected, all_selected, baseline, all_baseline, log_level)
    free = rough > 0
    conditions: list[FieldCondition] = []
    while len(conditions) < 2:
        likely = np.flatnonzero(free)
        likely = likely[np.argsort(-rough[likely], kind="stable")[:LIKELY]]
        if not conditions:
            likely = np.union1d(likely, np.flatnonzero(free & (first == last)))
        value = score(
            selected[likely], all_selected, baseline[likely], all_baseline, log_level, only_best=True
        )
        if not len(value) or value.max() <= 0:
            break
        # an interval of several bins has to say more than its best bin
        bins_first = np.lexsort((likely, first[likely] != last[likely], -value))
        best = int(likely[bins_first[0]])
        start, end = int(cuts[first[best]]), int(cuts[last[best] + 1])
        conditions.append(interval_condition(column.codes, start, end))
        free &= (first > last[best]) | (last < first[best])
    return conditions


def interval_condition(codes: FieldCodes, start: int, end: int) -> FieldCondition:
    """Return the condition that a number is one of the entries start ... end - 1.

    The bounds are the shortest decimals between the values that occur, so that the condition, read back from
    its text, holds for exactly the same rows.
    """
    low, high = _numbers(codes, codes.lo), _numbers(codes, codes.hi)
    numbers = np.flatnonzero(~np.isnan(low))
    whole = pa.types.is_integer(codes.type)
    start = max(start, int(numbers[0]))
    end = min(end, int(numbers[-1]) + 1)
    # NaN is above all numbers in SQL, so an open end would include it
    open_above = end > numbers[-1] and len(numbers) == len(low)
    lower = None if start <= numbers[0] else _shortest(high[start - 1], low[start], up=True, whole=whole)
    upper = None if open_above else high[end - 1]
    if upper is not None and end <= numbers[-1]:
        upper = _shortest(high[end - 1], low[end], up=False, whole=whole)
    spec: dict[str, Any] = {"field": codes.name, "op": "between", "low": lower, "high": upper}
    if lower is not None and lower == upper:
        spec = {"field": codes.name, "op": "=", "value": lower}
    return FieldCondition(codes.name, range(start + 1, end + 1), spec)


def _numbers(codes: FieldCodes, bounds: npt.NDArray[np.float64] | None) -> npt.NDArray[np.float64]:
    """Return the bounds of a number field's entries; integers coded by value are their own bounds."""
    return codes.values.to_numpy(zero_copy_only=False).astype(float) if bounds is None else bounds


def _shortest(below: float, above: float, *, up: bool, whole: bool) -> float | int:
    """Return the shortest decimal between two values: in (below, above] if `up`, else in [below, above)."""
    if whole:
        return int(above) if up else int(below)
    if not (math.isfinite(below) and math.isfinite(above)):
        return above if up else below
    for digits in range(1, 18):
        for value in (above, below, (below + above) / 2):
            rounded = float(f"{value:.{digits}g}")
            if (below < rounded <= above) if up else (below <= rounded < above):
                return rounded
    return above if up else below


def set_condition(codes: FieldCodes, members: Iterable[int]) -> FieldCondition:
    """Return the condition that a field has one of several values, which it lists in the order given."""
    listed = [int(code) for code in members]
    values: list[Any] = [codes.values[code - 1].as_py() for code in listed]
    return FieldCondition(
        codes.name, tuple(sorted(listed)), {"field": codes.name, "op": "in", "values": values}
    )
