"""A box over the heatmap, and its conditions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from obskit.engine import format_value, microseconds, moment, parse_time, quote_name
from obskit.errors import InvalidArgument

SIDES = ("x0", "x1", "y0", "y1")
ERRORS = "error"  # the condition, which is a field of its own
# Steps in microseconds to which a time is rounded, so that conditions read well.
_STEPS = tuple(int(seconds * 1e6) for seconds in (1e-6, 1e-3, 0.01, 0.1, 1, 5, 10, 30, 60))


@dataclass(frozen=True)
class Axis:
    """One side of the heatmap.

    Attributes:
        field: the name of the field.
        time: whether the field is a time; values are then microseconds since 1970 (UTC).
    """

    field: str
    time: bool = False

    def literal(self, value: float) -> str:
        """Return a value of this axis as conditions write it."""
        if self.time:
            return format_value(moment(value))
        return format_value(int(value) if float(value).is_integer() and abs(value) < 2**53 else value)

    def condition(self, low: float | None, high: float | None) -> str | None:
        """Return the condition low <= field < high; a side that is None is open. None if both are open."""
        name = quote_name(self.field)
        parts = [f"{name} >= {self.literal(low)}"] if low is not None else []
        parts += [f"{name} < {self.literal(high)}"] if high is not None else []
        return " and ".join(parts) or None


@dataclass(frozen=True)
class Brush:
    """A box: low (inclusive) and high (exclusive) sides in the units of the fields; None is open.

    Attributes:
        x0, x1, y0, y1: the sides.
        errors: whether only the errors in the box are selected.
    """

    x0: float | None = None
    x1: float | None = None
    y0: float | None = None
    y1: float | None = None
    errors: bool = False

    @classmethod
    def read(cls, message: Mapping[str, Any], x: Axis, y: Axis, span: float = 60e6) -> Brush:
        """Read a box as the page sends it.

        Args:
            message: the sides by name; one that is None or absent is open. And "errors", if it is true.
            x: the horizontal axis.
            y: the vertical axis.
            span: microseconds of time that are shown; they set the rounding of a box with one side in time.
        Returns:
            The box; low sides are below high ones, and numbers are rounded so that conditions read well.
        Raises:
            InvalidArgument: a side is not a finite number.
        """
        sides: dict[str, float | None] = {}
        for side in SIDES:
            value = message.get(side)
            if value is not None and (
                isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value)
            ):
                raise InvalidArgument(
                    f"side {side} of the box must be a finite number or None, got {value!r}",
                    hint="draw the box again",
                )
            sides[side] = value
        x0, x1 = _ordered(sides["x0"], sides["x1"])
        y0, y1 = _ordered(sides["y0"], sides["y1"])
        sides_of_x, sides_of_y = _rounded(x0, x1, x.time, span), _rounded(y0, y1, y.time, span)
        return cls(*sides_of_x, *sides_of_y, errors=message.get("errors") is True)

    def condition(self, x: Axis, y: Axis) -> str | None:
        """Return the box as a condition; None if all events are inside."""
        parts = (x.condition(self.x0, self.x1), self.outcome(y))
        return " and ".join(filter(None, parts)) or None

    def outcome(self, y: Axis) -> str | None:
        """Return the condition of the box without its horizontal sides; None if it has no other."""
        parts = (y.condition(self.y0, self.y1), ERRORS if self.errors else None)
        return " and ".join(filter(None, parts)) or None

    def to_dict(self) -> dict[str, Any]:
        """Return the sides by name, and "errors" if only errors are selected."""
        return {**{side: getattr(self, side) for side in SIDES}, **({"errors": True} if self.errors else {})}


def micros(value: Any, newest: datetime | None = None) -> float:
    """Return a time as microseconds since 1970.

    Args:
        value: a datetime, ISO 8601 text, or microseconds already.
        newest: the time from which relative text such as "-30m" counts.
    Returns:
        Microseconds since 1970 (UTC).
    Raises:
        ConditionError: the text is not a time.
    """
    if isinstance(value, str):
        value = parse_time(value, newest)
    return float(microseconds(value) if isinstance(value, datetime) else value)


def _ordered(low: float | None, high: float | None) -> tuple[float | None, float | None]:
    return (high, low) if low is not None and high is not None and high < low else (low, high)


def _rounded(
    low: float | None, high: float | None, time: bool, span: float
) -> tuple[float | None, float | None]:
    """Round both sides by less than a hundredth of the distance between them."""
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
    # Three digits are finer than a pixel on a log axis; sides that are close together need more.
    sizes = [size for size in (abs(value), wide) if size > 0]
    digits = max((2 - math.floor(math.log10(size)) for size in sizes), default=0)
    return round(value, min(digits, 300))
