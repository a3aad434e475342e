"""The time of the newest event of files, from their footers: "-30m" counts from it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from obskit.dataset.conversion import Paths, list_inputs, resolve_inputs
from obskit.dataset.dataset import is_dataset
from obskit.dataset.inputs import is_url
from obskit.dataset.pruning import is_small
from obskit.readers.tables.time_ranges import time_ranges
from obskit.schema import READ_AS_IS, ReadOptions


def newest_time(paths: Paths, options: ReadOptions = READ_AS_IS) -> datetime | None:
    """Return the time of the newest event of some files, if that is known without converting them.

    Args:
        paths: as in `convert`.
        options: how to read the files.

    Returns:
        The time; None where it is not known of every file, and where nothing would be left out anyway: a
        Dataset that is opened in place, small input, and files behind URLs, which would be fetched twice.

    Raises:
        NoSuchPath, ReadError: from the readers.

    Cost: reads the footers of Parquet files, unless they were read before and have not changed.
    """
    named = [paths] if isinstance(paths, str | Path) else paths
    if not isinstance(named, Sequence) or any(
        not isinstance(one, str | Path) or _is_url(one) for one in named
    ):
        return None
    given = resolve_inputs(paths)
    if len(given) == 1 and is_dataset(given[0]):
        return None
    return _newest(list_inputs(given), options)


def _is_url(path: str | Path) -> bool:
    return isinstance(path, str) and is_url(path)


def _newest(files: Sequence[str], options: ReadOptions) -> datetime | None:
    """Return the latest time in the footers; None if that of a file is not known exactly."""
    if is_small(files):
        return None
    last: int | None = None
    for file in files:
        found = time_ranges(file, options)
        if not found:
            return None
        for one in found:
            if one is None or not one.exact:
                return None
            last = one.last if last is None else max(last, one.last)
    return None if last is None else datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=last)
