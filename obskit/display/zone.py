"""The time zone in which times are shown: UTC, or the one of `load(display_tz=)`.

It changes only tables, figures and `repr`: 2026-05-04T10:00:00Z is shown as 2026-05-04T12:00:00+02:00 in
Europe/Berlin. Data, JSON and conditions stay in UTC.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from obskit.errors import InvalidArgument

_CURRENT: ContextVar[ZoneInfo | None] = ContextVar("obskit_display_zone", default=None)
Method = TypeVar("Method", bound=Callable[..., Any])


def check_zone(name: str | None) -> str | None:
    """Return the name of a time zone, once it is known to exist.

    Args:
        name: such as "Europe/Berlin"; None is UTC.

    Returns:
        The same name.

    Raises:
        InvalidArgument: there is no such zone.
    """
    if name is not None:
        try:
            ZoneInfo(name)
        except (ValueError, OSError, TypeError, KeyError) as error:
            raise InvalidArgument(
                f"display_tz must be the name of a time zone, got {name!r}",
                hint="for example Europe/Berlin or UTC",
            ) from error
    return name


@contextmanager
def shown_in(name: str | None) -> Iterator[None]:
    """Show times in a zone within the context.

    Args:
        name: of a time zone; None leaves the zone as it is.

    Yields:
        Nothing.

    Raises:
        InvalidArgument: there is no such zone.
    """
    if name is None:
        yield
        return
    before = _CURRENT.set(ZoneInfo(check_zone(name) or name))
    try:
        yield
    finally:
        _CURRENT.reset(before)


def in_own_zone(method: Method) -> Method:
    """Make a method show times in the zone of its object's `display_tz`."""

    @functools.wraps(method)
    def wrapped(self: Any, *args: Any, **named: Any) -> Any:
        with shown_in(self.display_tz):
            return method(self, *args, **named)

    return wrapped  # type: ignore[return-value]


def current() -> ZoneInfo | None:
    """Return the zone in which times are shown; None for UTC."""
    return _CURRENT.get()


def heading(name: str) -> str:
    """Return the heading of a column of times; it names the zone if that is not UTC."""
    zone = current()
    return name if zone is None else f"{name} ({zone.key})"


def axis(first: datetime | None, name: str) -> tuple[timedelta, str]:
    """Return what is added to the times on the axis of a figure, and the title of the axis.

    An axis has no zone, and local times repeat an hour when clocks go back. So all times get the offset that
    the first one has, and the title says which.

    Args:
        first: the first time; without a zone it is UTC. None if there is no time.
        name: the field.

    Returns:
        The offset, and the title.
    """
    zone = current()
    if zone is None or first is None:
        return timedelta(), name
    local = (first.replace(tzinfo=UTC) if first.tzinfo is None else first).astimezone(zone)
    return local.utcoffset() or timedelta(), f"{name} ({zone.key}, UTC{local.isoformat()[-6:]})"


def shifted(at: Any, offset: timedelta) -> Any:
    """Return a time of a figure with an offset added, in no zone; other values as they are."""
    if not offset or not isinstance(at, datetime):
        return at
    return (at.astimezone(UTC) if at.tzinfo else at).replace(tzinfo=None) + offset
