"""Choose the files of a load that may hold events of a window of time.

    window 10:00 to 11:00, read from 09:00 to 12:00
    08.parquet | 09.parquet  10.parquet  11.parquet | 12.parquet | notes.jsonl
    not read   | read                               | not read   | read: its times are not known

A file is left out only if its own footer says that all of its events are of another time. What is left out
depends on the files and the window alone, never on what the cache has, so that the same call has the same
fingerprint everywhere. Small input is read as a whole: leaving something out would save nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from obskit.dataset import groups
from obskit.dataset.groups import FILE_COST, Group, decompressed, divide
from obskit.readers.tables.time_ranges import TimeRange, time_ranges
from obskit.schema import ReadOptions
from obskit.schema.time_text import FIRST, LAST
from obskit.text import pluralize

MARGIN = 3_600_000_000
"""Microseconds before and after a window that are read too: traces that cross its border are then whole."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Period(NamedTuple):
    """The time to read, in microseconds since 1970.

    Attributes:
        start: the first time; None is open.
        end: the first time that is too late; None is open.
    """

    start: int | None
    end: int | None

    @classmethod
    def around(cls, start: int | None, end: int | None) -> Period:
        """Return the time to read for a window [start, end) that is asked for."""
        return cls(
            None if start is None or start < FIRST + MARGIN else start - MARGIN,
            None if end is None or end > LAST - MARGIN else end + MARGIN,
        )

    @classmethod
    def from_texts(cls, start: str | None, end: str | None) -> Period:
        """Return the period that `to_texts` returned; raises ValueError or TypeError for anything else."""
        return cls(_parse(start), _parse(end))

    def to_texts(self) -> tuple[str | None, str | None]:
        """Return the bounds in ISO 8601."""
        start, end = (None if at is None else _iso(at) for at in self)
        return start, end

    def holds(self, found: TimeRange) -> bool:
        """Return whether some of the times may be in the period."""
        return (self.end is None or found.first < self.end) and (
            self.start is None or found.last >= self.start
        )

    def distance(self, found: TimeRange) -> int:
        """Return how far the times are from the period, in microseconds."""
        before = 0 if self.start is None else self.start - found.last
        after = 0 if self.end is None else found.first - self.end
        return max(before, after, 0)

    def __str__(self) -> str:
        if self.start is None:
            return "" if self.end is None else f"before {_iso(self.end)}"
        return (
            f"since {_iso(self.start)}"
            if self.end is None
            else f"from {_iso(self.start)} to {_iso(self.end)}"
        )


@dataclass(frozen=True)
class Chosen:
    """What is read of some files.

    Attributes:
        files: those that are read.
        row_groups: of Parquet files that are read in part, the row groups to read.
        left_out: what is not read and why, as a sentence; empty if everything is read.
    """

    files: list[str]
    row_groups: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    left_out: str = ""

    @property
    def key(self) -> list[tuple[int, list[int]]]:
        """Which row groups are read, by the position of the file."""
        places = enumerate(self.files)
        return [(at, list(self.row_groups[file])) for at, file in places if file in self.row_groups]

    def divide(self, options: ReadOptions, *, lines: bool = True) -> list[Group]:
        """Return the groups of the files, in the order of the files.

        Args:
            options: how to read them.
            lines: whether to divide large files of JSON lines.

        Returns:
            The groups, as `groups.divide` returns them; files that are read in part are groups of their own.
        """
        found: list[Group] = []
        together: list[str] = []
        for file in self.files:
            if file not in self.row_groups:
                together.append(file)
                continue
            found += divide(together, options, lines=lines) if together else []
            found.append(Group((file,), row_groups=self.row_groups[file]))
            together = []
        return found + (divide(together, options, lines=lines) if together or not found else [])


def choose(files: list[str], period: Period | None, options: ReadOptions) -> Chosen:
    """Choose what to read of some files.

    Args:
        files: all files of the load.
        period: the time to read; None for all of the time.
        options: how to read them.

    Returns:
        What to read: all files where no time is known, at least one in any case.

    Cost: reads the footers of Parquet files, unless they were read before and have not changed.
    """
    if period is None or is_small(files):
        return Chosen(files)
    ranges = {file: time_ranges(file, options) or (None,) for file in files}
    wanted = {
        file: tuple(at for at, one in enumerate(found) if one is None or period.holds(one))
        for file, found in ranges.items()
    }
    if not any(wanted.values()):  # something is read, so that conditions can name the fields
        nearest, at = _nearest(ranges, period)
        wanted[nearest] = (at,)
    kept = [file for file in files if wanted[file]]
    row_groups = {file: wanted[file] for file in kept if 2 * len(wanted[file]) < len(ranges[file])}
    left_out = []
    if len(kept) < len(files):
        left_out.append(f"{len(files) - len(kept):,} of {pluralize(len(files), 'file')}")
    if row_groups:
        of = sum(len(ranges[file]) for file in row_groups)
        left = of - sum(map(len, row_groups.values()))
        which = pluralize(len(row_groups), "other file" if left_out else "file")
        left_out.append(f"{left:,} of {pluralize(of, 'row group')} of {which}")
    if not left_out:
        return Chosen(files)
    what = " and ".join(left_out)
    return Chosen(kept, row_groups, f"{what} were not read: they hold no events {period}")


def is_small(files: Sequence[str]) -> bool:
    """Return whether files are read as a whole, because that takes no time worth saving."""
    return sum(decompressed(file) + FILE_COST for file in files) < groups.SMALLEST


def _nearest(ranges: Mapping[str, Sequence[TimeRange | None]], period: Period) -> tuple[str, int]:
    """Return the file and its row group whose times are the nearest to the period; all of them are known."""
    known = (
        (period.distance(one), file, at)
        for file, found in ranges.items()
        for at, one in enumerate(found)
        if one is not None
    )
    _, file, at = min(known, key=lambda item: item[0])
    return file, at


def _parse(text: str | None) -> int | None:
    return None if text is None else (datetime.fromisoformat(text) - _EPOCH) // timedelta(microseconds=1)


def _iso(at: int) -> str:
    return (_EPOCH + timedelta(microseconds=at)).isoformat().replace("+00:00", "Z")
