"""Windows of time, as every verb takes them: (start, end), "start/end", "-30m" before the newest event."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
from ibis.common.deferred import Deferred

from obskit.dataset import NO_TIME
from obskit.engine.condition import Condition
from obskit.engine.items import format_value
from obskit.engine.scope import Scope
from obskit.engine.values import microseconds, moment, parse_time
from obskit.engine.window import TIME
from obskit.errors import ConditionError, InvalidArgument, ObskitError

# What a condition compares or calls with; a time has none of them.
_OPERATORS = frozenset("=<>'\"()")


@dataclass(frozen=True)
class Window:
    """A stretch of time [start, end) in microseconds since the epoch; None is open.

    The end is not in it, so that neighbouring windows share no event.
    """

    start: int | None
    end: int | None

    def mask(self, times: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Return which rows began within it; rows without a time (`NO_TIME`) are in none."""
        mask: npt.NDArray[np.bool_] = times != NO_TIME
        if self.start is not None:
            mask &= times >= self.start
        if self.end is not None:
            mask &= times < self.end
        return mask

    @property
    def condition_text(self) -> str | None:
        """The same as a condition on `timestamp`; None where it is open on both sides."""
        parts = [f"{TIME} >= {format_value(moment(self.start))}"] if self.start is not None else []
        parts += [f"{TIME} < {format_value(moment(self.end))}"] if self.end is not None else []
        return " and ".join(parts) or None

    def __str__(self) -> str:
        return f"{_iso(self.start)}/{_iso(self.end)}"


def parse_window(given: Any, newest: datetime | None) -> Window:
    """Read a window of time.

    Args:
        given: (start, end) of datetimes or texts, None is open; "start/end", either may be left out; a time
            alone, or "-30m", for all since then. A `Window` stays as it is. Naive times are UTC.
        newest: what "-30m" counts from; "30m" is the same.
    Raises:
        ConditionError: a bound is no time.
        InvalidArgument: it is none of these, is open on both sides, or ends before it begins.
    """
    if isinstance(given, Window):
        return given
    bounds: Any = given
    if isinstance(given, str):
        bounds = given.split("/") if "/" in given else (given, None)
    elif isinstance(given, datetime):
        bounds = (given, None)
    if not isinstance(bounds, (tuple, list)) or len(bounds) != 2:
        raise _no_window(given)
    moments = [parse_moment(bound, newest) for bound in bounds]
    start, end = (None if at is None else microseconds(at) for at in moments)
    if start is None and end is None:
        raise _no_window(given)
    if start is not None and end is not None and start >= end:
        raise InvalidArgument(
            f"the window {Window(start, end)} ends before it begins", hint="give the earlier time first"
        )
    return Window(start, end)


def parse_moment(given: Any, newest: datetime | None) -> datetime | None:
    """Read one side of a window: a datetime (naive is UTC), ISO 8601, or "-30m"; None and "" are open.

    Raises:
        ConditionError: a text that is no time.
        InvalidArgument: it is none of these.
    """
    if given is None:
        return None
    if isinstance(given, str):
        return parse_time(given, newest) if given.strip() else None
    if isinstance(given, datetime):
        return given.replace(tzinfo=UTC) if given.tzinfo is None else given
    raise InvalidArgument(f"{given!r} is no time", hint="a datetime, ISO 8601, or '-30m'")


def window_or_condition(given: Any, scope: Scope) -> Window | Condition | None:
    """Read what says "when" either way: as a window of time, or as a condition.

    A text is a window if it reads as one (a length of time, a time, or two such around a slash, either left
    out), else a condition over the fields of `scope`. None stays None.

    Raises:
        ConditionError, UnknownField, UnknownFunction, InvalidArgument: it is neither a time nor a condition;
            worded for whichever it resembles more.
    """
    if given is None:
        return None
    if isinstance(given, (Condition, Deferred, ir.Value)):
        return scope.condition(given)
    if not isinstance(given, str):
        return parse_window(given, scope.newest)
    try:
        return parse_window(given, scope.newest)
    except (InvalidArgument, ConditionError) as error:
        no_window = error
    try:
        return scope.condition(given)
    except ObskitError:
        if given.strip()[:1] in "0123456789/+-" and not _OPERATORS & set(given):
            raise no_window from None
        raise


def _no_window(given: Any) -> InvalidArgument:
    return InvalidArgument(
        f"{given!r} is no window of time", hint="(start, end), 'start/end' in ISO 8601, or '-30m'"
    )


def _iso(at: int | None) -> str:
    return "" if at is None else moment(at).isoformat().replace("+00:00", "Z")
