"""Which time `load(between=)` reads: the window and a margin, where files can be left out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from obskit.dataset import Period, newest_time
from obskit.engine import parse_window
from obskit.errors import ConditionError
from obskit.schema import ReadOptions


def resolve_window(source: Any, between: Any, options: ReadOptions) -> tuple[Any, Period | None]:
    """Return the window to keep, and the time to read for it.

    Args:
        source: what `load` was given.
        between: the window as it was given; None for all of the time.
        options: how files are read.

    Returns:
        The window, absolute if it can be before anything is converted, or as it was given; and the time to
        read, None for all of it. "-30m" counts from the newest event, so that all files are read unless their
        footers say which one that is.

    Raises:
        ConditionError, InvalidArgument: `between` is not a window of time.
        NoSuchPath, ReadError: there are no files.
    """
    if between is None or not _is_paths(source):
        return between, None
    try:
        window = parse_window(between, None)
    except ConditionError:  # it is relative, or not a time: then the next call raises the error
        newest = newest_time(source, options)
        if newest is None:
            return between, None
        window = parse_window(between, newest)
    return window, Period.around(window.start, window.end)


def _is_paths(source: Any) -> bool:
    """Whether a source is read from files, and not a Dataset or a table in memory."""
    items: Sequence[Any] = source if isinstance(source, list | tuple) else [source]
    return all(isinstance(item, str | Path) for item in items)
