"""A box over the heatmap, and the conditions it stands for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from obskit.engine import format_value, microseconds, moment, parse_time, quote_name
from obskit.errors import InvalidArgument

SIDES = ("x0", "x1", "y0", "y1")
# Microseconds a side in time may be rounded to, so that conditions read well.
_STEPS = tuple(int(seconds * 1e6) for seconds in (1e-6, 1e-3, 0.01, 0.1, 1, 5, 10, 30, 60))


@dataclass(frozen=True)
class Axis:
    """One side of the heatmap.

    Attributes:
        field: what is drawn.
        time: whether it is a time; values are then microseconds since 1970 (UTC).
    """

    field: str
    time: bool = False

    def literal(self, value: float) -> str:
        """Return a value of this axis as conditions write it."""
        if self.time:
            return format_value(moment(value))
        return format_value(int(value) if float(value).is_integer() and abs(value) < 2**53 else value)

    def condition(self, low: float | None, high: float | None) -> str | None:
        """Return the condition of low <= field < high; None is open, and None if both are."""
        name = quote_name(self.field)
        parts = [f"{name} >= {self.literal(low)}"] if low is not None else []
        parts += [f"{name} < {self.literal(high)}"] if high is not None else []
        return " and ".join(parts) or None


@dataclass(frozen=True)
class Brush:
    """Low (inclusive) and high (exclusive) sides in the fields' own units; None is open."""

    x0: float | None = None
    x1: float | None = None
    y0: float | None = None
    y1: float | None = None

    @classmethod
    def read(cls, message: Mapping[str, Any], x: Axis, y: Axis, span: float = 60e6) -> Brush:
        """Read a box as the page sends it: checked, put in order and rounded to what reads well.

        Args:
            message: the sides by name; None, or none, is open.
            x, y: what the sides are of.
            span: how long the time shown is, in microseconds, for a box with one side in time.
        Raises:
            InvalidArgument: a side is no finite number.
        """
        sides: dict[str, float | None] = {}
        for side in SIDES:
            value = message.get(side)
            if value is not None and (
                isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value)
            ):
                raise InvalidArgument(
                    f"the side {side} of the box is {value!r}", hint="a finite number, or None"
                )
            sides[side] = value
        x0, x1 = _ordered(sides["x0"], sides["x1"])
        y0, y1 = _ordered(sides["y0"], sides["y1"])
        return cls(*_rounded(x0, x1, x.time, span), *_rounded(y0, y1, y.time, span))

    def condition(self, x: Axis, y: Axis) -> str | None:
        """Return the box as a condition; None where all of its sides are open."""
        parts = (x.condition(self.x0, self.x1), y.condition(self.y0, self.y1))
        return " and ".join(filter(None, parts)) or None

    def to_dict(self) -> dict[str, float | None]:
        """Return the sides by name."""
        return {side: getattr(self, side) for side in SIDES}


def micros(value: Any, newest: datetime | None = None) -> float:
    """Return a time as microseconds since 1970: a datetime, ISO 8601 text, or such a number already.

    Raises:
        ConditionError: text that is no time.
    """
    if isinstance(value, str):
        value = parse_time(value, newest)
    return float(microseconds(value) if isinstance(value, datetime) else value)


def _ordered(low: float | None, high: float | None) -> tuple[float | None, float | None]:
    return (high, low) if low is not None and high is not None and high < low else (low, high)


def _rounded(
    low: float | None, high: float | None, time: bool, span: float
) -> tuple[float | None, float | None]:
    """Round both sides, by less than a hundredth of the way between them."""
    known = [value for value in (low, high) if value is not None]
    if not known:
        return None, None
    both = low is not None and high is not None and high > low
    wide = high - low if both else (span if time else max(map(abs, known)))  # type: ignore[operator]
    rounded = [None if value is None else _round(value, wide, time) for value in (low, high)]
    if both and rounded[0] == rounded[1]:
        return low, high
    return rounded[0], rounded[1]


def _round(value: float, wide: float, time: bool) -> float:
    if time:
        step = max((step for step in _STEPS if step <= wide / 200), default=1)
        return float(round(value / step) * step)
    # Three digits of its own are finer than a pixel on a log axis; between close sides more are needed.
    sizes = [size for size in (abs(value), wide) if size > 0]
    digits = max((2 - math.floor(math.log10(size)) for size in sizes), default=0)
    return round(value, min(digits, 300))
