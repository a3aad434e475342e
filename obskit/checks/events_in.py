"""The events that a check is about: its condition, units of work, and a window before the newest event."""

from __future__ import annotations

from datetime import timedelta

from obskit.engine import Scope, format_value


def scope_of(scope: Scope, where: str | None, population: str, notes: list[str]) -> Scope:
    """Return the events that a check is about.

    Args:
        scope: all events.
        where: the check's condition.
        population: "units" or "all".
        notes: receives why all rows are included, where units were asked for.

    Returns:
        The narrowed scope.

    Raises:
        ConditionError, UnknownField, UnknownFunction: the condition is not valid.
    """
    narrowed = scope.narrow(where)
    if population == "all":
        return narrowed
    units, reason = narrowed.units()
    if reason is not None:
        notes.append(reason)
    return narrowed.narrow(units)


def last(scope: Scope, length: timedelta | None, before: timedelta = timedelta(0)) -> Scope:
    """Return the events of a window before the newest event of the dataset.

    Args:
        scope: the events.
        length: how long the window is; None for all of the time.
        before: how long before the newest event the window ends.

    Returns:
        The narrowed scope; the same if the events have no time.
    """
    newest = scope.newest
    if newest is None or length is None:
        return scope
    end = newest - before
    condition = f"timestamp > {format_value(end - length)}"
    if before:
        condition += f" and timestamp <= {format_value(end)}"
    return scope.narrow(condition)
