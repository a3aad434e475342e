"""The stretch of time a condition is about: rows outside of it need not be read to know that it is false."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from sqlglot import exp

from obskit.engine.condition import Condition
from obskit.engine.tree import flat
from obskit.engine.values import microseconds, parse_time
from obskit.errors import ConditionError

TIME = "timestamp"
_LOW = (exp.GT, exp.GTE, exp.EQ)
_HIGH = (exp.LT, exp.LTE, exp.EQ)


def time_window(condition: Condition) -> tuple[int | None, int | None]:
    """Return bounds of `timestamp` (µs, both inclusive) beyond which a condition is false; None is open."""
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
    for part in flat(root) if isinstance(root, exp.And) else [root]:
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


def slices(
    times: Sequence[npt.NDArray[np.int64]], low: int | None, high: int | None, unknown: int
) -> list[tuple[int, int]] | None:
    """Return per file the rows (first, one beyond the last) within a window, inclusive on both sides.

    Args:
        times: per file, ascending.
        low, high: µs; None is open.
        unknown: the value of a row without a time.
    Returns:
        None where a file has rows without a time or out of order: then rows have to be read to know.
    """
    out = []
    for column in times:
        if len(column) and (column[-1] == unknown or column[0] > column[-1]):
            return None
        first = 0 if low is None else int(np.searchsorted(column, low, side="left"))
        last = len(column) if high is None else int(np.searchsorted(column, high, side="right"))
        out.append((first, max(first, last)))
    return out
