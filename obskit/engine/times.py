"""Parse windows of time: (start, end), "start/end", or "-30m" before the newest event."""

from __future__ import annotations

import re
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
from obskit.engine.zoned import zone_of
from obskit.errors import ConditionError, InvalidArgument, ObskitError

# Characters of conditions that no time contains.
_OPERATORS = frozenset("=<>'\"()")
# Each part of such a name begins with a letter, and no time does.
_ZONE_NAME = re.compile(r"\s[A-Za-z][\w+-]*(?:/[A-Za-z][\w+-]*)*")


@dataclass(frozen=True)
class Window:
    """A window of time [start, end), so that neighboring windows share no event.

    Attributes:
        start: microseconds since the epoch, inclusive; None is open.
        end: microseconds since the epoch, exclusive; None is open.
    """

    start: int | None
    end: int | None

    def mask(self, times: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Return which times are in the window; `NO_TIME` is in no window."""
        mask: npt.NDArray[np.bool_] = times != NO_TIME
        if self.start is not None:
            mask &= times >= self.start
        if self.end is not None:
            mask &= times < self.end
        return mask

    @property
    def condition_text(self) -> str | None:
        """The window as a condition on `timestamp`; None if it is open on both sides."""
        parts = [f"{TIME} >= {format_value(moment(self.start))}"] if self.start is not None else []
        parts += [f"{TIME} < {format_value(moment(self.end))}"] if self.end is not None else []
        return " and ".join(parts) or None

    def __str__(self) -> str:
        return f"{_iso(self.start)}/{_iso(self.end)}"


def parse_window(given: Any, newest: datetime | None) -> Window:
    """Parse a window of time.

    Args:
        given: (start, end) as datetimes or texts, None is open; "start/end", where one may be left out; or
            one time, such as "-30m", for everything since then. Times without a zone are UTC; a name such as
            Europe/Berlin may follow. A `Window` is returned as it is.
        newest: the time of the newest event, which "-30m" and "30m" count from.

    Returns:
        The window; at least one side is not open.

    Raises:
        ConditionError: the text of a bound is not a time.
        InvalidArgument: `given` is not a window, is open on both sides, or does not end after it begins.
    """
    if isinstance(given, Window):
        return given
    bounds: Any = given
    if isinstance(given, str):
        bounds = split_window(given)
        bounds = (given, None) if len(bounds) == 1 else bounds
    elif isinstance(given, datetime):
        bounds = (given, None)
    if not isinstance(bounds, (tuple, list)) or len(bounds) != 2:
        raise _not_a_window(given)
    moments = [parse_moment(bound, newest) for bound in bounds]
    start, end = (None if at is None else microseconds(at) for at in moments)
    if start is None and end is None:
        raise _not_a_window(given)
    if start is not None and end is not None and start >= end:
        raise InvalidArgument(
            f"the window {Window(start, end)} must end after it begins",
            hint="give the earlier time first",
        )
    return Window(start, end)


def split_window(text: str) -> list[str]:
    """Split "FROM/TO" at its slash, but not at those in names of time zones.

    Args:
        text: a window: `2026-05-04 10:00 Europe/Berlin/2026-05-04 11:00 Europe/Berlin`.

    Returns:
        The bounds, of which one may be empty; one text if there is no slash between times.

    Raises:
        ConditionError: one bound has the name of a zone, and the other has no zone.
    """
    names: list[str] = _ZONE_NAME.findall(text)
    bounds = [part.replace("\0", "/") for part in _ZONE_NAME.sub(_hide_slashes, text).split("/")]
    if names and len(bounds) == 2:
        _check_same_zone(bounds[0], bounds[1], text)
    return bounds


def _hide_slashes(match: re.Match[str]) -> str:
    return match[0].replace("/", "\0")


def _check_same_zone(start: str, end: str, text: str) -> None:
    for one, other in ((start, end), (end, start)):
        if zone_of(one) is None or not other or zone_of(other) is not None:
            continue
        try:
            naive = datetime.fromisoformat(other).tzinfo is None
        except ValueError:
            continue
        if naive:
            raise ConditionError(
                f"in {text!r} only one of the two times has a zone",
                hint=f"write the zone behind both, or Z for UTC: '{other} {zone_of(one)}'",
            )


def parse_moment(given: Any, newest: datetime | None) -> datetime | None:
    """Parse one bound of a window.

    Args:
        given: a datetime, ISO 8601 text, or "-30m"; None and "" are open. Times without a zone are UTC.
        newest: the time of the newest event, which "-30m" counts from.

    Returns:
        The time; None if the bound is open.

    Raises:
        ConditionError: the text is not a time.
        InvalidArgument: `given` has another type.
    """
    if given is None:
        return None
    if isinstance(given, str):
        return parse_time(given, newest) if given.strip() else None
    if isinstance(given, datetime):
        return given.replace(tzinfo=UTC) if given.tzinfo is None else given
    raise InvalidArgument(f"{given!r} is not a time", hint="use a datetime, ISO 8601 text or '-30m'")


def window_or_condition(given: Any, scope: Scope) -> Window | Condition | None:
    """Parse a value that may be a window of time or a condition.

    Args:
        given: what `parse_window` or `Scope.condition` takes, or None. Text that is both is a window.
        scope: the fields that a condition may use.

    Returns:
        The window or the condition; None for None.

    Raises:
        ConditionError, UnknownField, UnknownFunction, InvalidArgument: `given` is neither; text that looks
            like a time gets the error for times.
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
        window_error = error
    try:
        return scope.condition(given)
    except ObskitError:
        if given.strip()[:1] in "0123456789/+-" and not _OPERATORS & set(given):
            raise window_error from None
        raise


def _not_a_window(given: Any) -> InvalidArgument:
    return InvalidArgument(
        f"{given!r} is not a window of time", hint="use (start, end), 'start/end' in ISO 8601, or '-30m'"
    )


def _iso(at: int | None) -> str:
    return "" if at is None else moment(at).isoformat().replace("+00:00", "Z")
