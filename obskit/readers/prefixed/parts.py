"""Join lines that a container runtime wrote in several parts, each stream by itself.

    2026-05-04T10:00:00.1Z stdout P {"id": 1, "te
    2026-05-04T10:00:00.2Z stderr F warning              ->    {"id": 1, "text": "..."}   of line 1
    2026-05-04T10:00:00.3Z stdout F xt": "..."}                warning                    of line 2

Runtimes cut lines after 16 KiB. A part of a block may be continued in the next block.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from obskit.readers.io.line_blocks import LINE_LIMIT
from obskit.readers.prefixed.kinds import PARTIAL, Fields
from obskit.readers.prefixed.times import Flags, Positions
from obskit.schema import FileReport
from obskit.schema.report import TORN

if TYPE_CHECKING:
    from obskit.readers.prefixed.lines import Prefixes, Split

_STREAMS = 1_000
"""Lines that wait for their next part, at most; more streams are in no file of a container."""


@dataclass
class _Waiting:
    """The parts of a line so far."""

    number: int
    offset: int
    time: int
    timed: bool
    pieces: list[bytes] = field(default_factory=list)
    size: int = 0

    @property
    def position(self) -> str:
        return f"line {self.number}, byte {self.offset}"


class Whole(NamedTuple):
    """Whole lines: their texts, the rows of their last parts, and what is known of their first parts."""

    texts: list[bytes]
    rows: Positions
    number: Positions
    offset: Positions
    time: Positions
    timed: Flags


class PartJoiner:
    """Joins the parts of lines, from block to block.

    Args:
        report: counts lines that are too long, or whose last part is missing.
    """

    def __init__(self, report: FileReport) -> None:
        self._report = report
        self._waiting: dict[Hashable, _Waiting] = {}

    def join(self, split: Split, prefixes: Prefixes) -> Whole | None:
        """Return the lines of a block with their parts joined.

        Args:
            split: a block, after the prefix that says which lines are parts was removed.
            prefixes: the different prefixes.

        Returns:
            The whole lines; None if the block has no parts.
        """
        used = np.unique(split.prefix).tolist()
        if not self._waiting and not any(prefixes.fields[number].get(PARTIAL) for number in used):
            return None
        keys = {number: _key(prefixes.fields[number]) for number in used}
        texts: list[bytes] = []
        rows: list[int] = []
        firsts: list[_Waiting] = []
        data = split.data
        spans = zip(split.begin.tolist(), split.stop.tolist(), split.prefix.tolist(), strict=True)
        for row, (begin, stop, prefix) in enumerate(spans):
            fields = prefixes.fields[prefix]
            waiting = self._waiting.get(keys[prefix]) if PARTIAL in fields else None
            if waiting is None:
                waiting = _Waiting(
                    int(split.number[row]), int(split.offset[row]), int(split.time[row]), bool(split.timed[row])
                )
            waiting.size += stop - begin
            if waiting.size <= LINE_LIMIT:
                waiting.pieces.append(data[begin:stop])
            else:
                waiting.pieces.clear()
            if fields.get(PARTIAL):
                if len(self._waiting) < _STREAMS:
                    self._waiting[keys[prefix]] = waiting
                else:
                    self._report.reject(waiting.position, "a part of a line, among those of too many streams")
                continue
            if PARTIAL in fields:
                self._waiting.pop(keys[prefix], None)
            if waiting.size > LINE_LIMIT:
                self._report.reject(waiting.position, f"a line of more than {LINE_LIMIT // 1024**2} MiB")
                continue
            texts.append(b"".join(waiting.pieces))
            rows.append(row)
            firsts.append(waiting)
        return Whole(
            texts,
            np.array(rows, np.int64),
            np.array([first.number for first in firsts], np.int64),
            np.array([first.offset for first in firsts], np.int64),
            np.array([first.time for first in firsts], np.int64),
            np.array([first.timed for first in firsts], bool),
        )

    def finish(self) -> None:
        """Reject the lines whose last part is missing."""
        for waiting in self._waiting.values():
            self._report.reject(waiting.position, f"{TORN}the last part of the line is missing")
        self._waiting.clear()


def _key(fields: Fields) -> Hashable:
    return tuple((name, value) for name, value in fields.items() if name != PARTIAL)
