"""Find the window of time of a condition: it is false outside, so those rows need not be read."""

from __future__ import annotations

from collections.abc import Sequence

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
from sqlglot import exp

from obskit.engine.condition import Condition
from obskit.engine.tree import flatten_chain
from obskit.engine.values import microseconds, moment, parse_time, time_literal
from obskit.errors import ConditionError

TIME = "timestamp"
_LOW = (exp.GT, exp.GTE, exp.EQ)
_HIGH = (exp.LT, exp.LTE, exp.EQ)


def time_window(condition: Condition) -> tuple[int | None, int | None]:
    """Return the bounds of `timestamp` (µs, inclusive) outside which a condition is false; None is open."""
    parsed = condition.parsed
    if parsed is None or TIME not in parsed.columns:
        return None, None
    column = f"n{parsed.columns.index(TIME)}"
    lows: list[int] = []
    highs: list[int] = []

    def micros(node: exp.Expression) -> int | None:
        if not isinstance(node, exp.Literal) or not node.is_string:
            return None
        try:
            return microseconds(parse_time(parsed.strings[int(node.this[1:])], parsed.newest))
        except ConditionError:
            return None

    root = parsed.tree
    while isinstance(root, exp.Paren):
        root = root.this
    for part in flatten_chain(root) if isinstance(root, exp.And) else [root]:
        if not isinstance(part.this, exp.Column) or part.this.name != column:
            continue
        if isinstance(part, exp.Between):
            low, high = micros(part.args["low"]), micros(part.args["high"])
        else:
            value = micros(part.expression) if isinstance(part, (*_LOW, *_HIGH)) else None
            low = value if isinstance(part, _LOW) else None
            high = value if isinstance(part, _HIGH) else None
        lows += [low] if low is not None else []
        highs += [high] if high is not None else []
    return max(lows, default=None), min(highs, default=None)


def row_ranges(
    times: Sequence[npt.NDArray[np.int64]], low: int | None, high: int | None, unknown: int
) -> list[tuple[int, int]] | None:
    """Return the rows of each file that are within a window of time.

    Args:
        times: the times of each file's rows in µs, ascending.
        low: the first time of the window in µs; None is open.
        high: the last time of the window in µs, inclusive; None is open.
        unknown: the value of a row without a time.

    Returns:
        (first row, one after the last row) per file; None if a file has rows without a time or out of order.
    """
    out = []
    for column in times:
        if len(column) and (column[-1] == unknown or column[0] > column[-1]):
            return None
        first = 0 if low is None else int(np.searchsorted(column, low, side="left"))
        last = len(column) if high is None else int(np.searchsorted(column, high, side="right"))
        out.append((first, max(first, last)))
    return out


def few_rows(
    times: Sequence[npt.NDArray[np.int64]], low: int | None, high: int | None, unknown: int
) -> list[tuple[int, int]] | None:
    """Return `row_ranges`, but None where they hold more than half of all rows: reading all is as fast."""
    if low is None and high is None:
        return None
    ranges = row_ranges(times, low, high, unknown)
    if ranges is None or 2 * sum(last - first for first, last in ranges) > sum(map(len, times)):
        return None
    return ranges


def within(table: ir.Table, low: int | None, high: int | None) -> ir.Table:
    """Return the rows of a table between two times in µs, inclusive; None is open."""
    if low is not None:
        table = table.filter(table[TIME] >= time_literal(moment(low)))
    if high is not None:
        table = table.filter(table[TIME] <= time_literal(moment(high)))
    return table
