"""Cut text into records, each with the lines that belong to it.

    2026-05-04 10:00:00 ERROR pay failed       record 1: time, level, body "pay failed"
    Traceback (most recent call last):                   and exception.* of the next lines
      ...
    INFO:     Application startup complete.    record 2, of another layout
    {"level": "info", "msg": "ready"}          record 3, an object with its own names

The pattern of the layout that most records have splits the whole text at once. Only records of several lines
are looked at line by line, for records of other layouts between them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from obskit.readers.app_log.exceptions import CRASH
from obskit.readers.app_log.layouts import Layout, layout_of
from obskit.readers.batches.row_batcher import TooDeep, flat
from obskit.readers.logfmt.line_parser import parse_line
from obskit.readers.logfmt.reader import is_record

CRASH_LAYOUT = Layout("crash", re.compile(rb"\n(?=" + CRASH.pattern + b")"), (), False, False, alone=False)
TEXT_LAYOUT = Layout("text", re.compile(b"\n"), (), False, False, alone=False)


@dataclass
class Group:
    """Records of one layout.

    Attributes:
        layout: of all of them.
        fields: values of each group of the layout's pattern.
        rests: the text of each record after its beginning.
        order: place of each record among all records of the text.
        spots: for records in the rest of another one, that record's number and the lines of the rest before.
    """

    layout: Layout
    fields: list[list[bytes | None]]
    rests: list[bytes]
    order: list[float] = field(default_factory=list)
    spots: list[tuple[int, int]] = field(default_factory=list)

    def append(
        self, values: Sequence[bytes | None], rest: bytes, place: float, spot: tuple[int, int]
    ) -> None:
        """Add a record."""
        self.spots.append(spot)
        for column, value in zip(self.fields, values, strict=True):
            column.append(value)
        self.rests.append(rest)
        self.order.append(place)


@dataclass
class Cut:
    """What a text consists of.

    Attributes:
        groups: records by layout; the first group is that of the layout that split the text.
        objects: JSON objects between the records.
        stray: the text before the first record.
        before: newlines before the first record.
        newlines: in the rest of each record of the first group, with what was taken out of it.
        object_spots: of each object, as `Group.spots`.
    """

    groups: list[Group]
    objects: list[dict[str, Any]]
    stray: bytes = b""
    before: int = 0
    newlines: list[int] = field(default_factory=list)
    object_spots: list[tuple[int, int]] = field(default_factory=list)


def cut_records(text: bytes, layout: Layout) -> Cut:
    """Cut a text into records.

    Args:
        text: whole lines, without a carriage return at their ends.
        layout: that most of its records have.

    Returns:
        The records.
    """
    # The newline before each record is part of its pattern: searching for that byte is fast.
    parts = layout.pattern.split(b"\n" + text.rstrip(b"\n"))
    width = len(layout.groups) + 1
    rests = parts[width::width]
    main = Group(layout, [parts[at::width] for at in range(1, width)], rests)
    newlines = [rest.count(b"\n") for rest in rests]
    out = Cut([main], [], before=parts[0].count(b"\n"), newlines=newlines)
    others: dict[str, Group] = {}
    if parts[0].strip():
        out.stray = _scan(parts[0], -1, out, others)[1:]
    for row in [row for row, count in enumerate(newlines) if count]:
        rests[row] = _scan(rests[row], row, out, others)
    main.order = list(range(len(rests)))
    out.groups += others.values()
    return out


def _scan(rest: bytes, row: int, out: Cut, others: dict[str, Group]) -> bytes:
    """Return the lines that belong to a record; put the records that follow them into `out` and `others`."""
    starts: list[tuple[int, Any]] = []
    at, crashed = rest.find(b"\n"), False
    while at >= 0:
        end = rest.find(b"\n", at + 1)
        found = _start(rest, at, len(rest) if end < 0 else end, crashed)
        if found is not None:
            starts.append((at, found))
            crashed = type(found) is tuple and found[0] is CRASH_LAYOUT
            if type(found) is tuple and end >= 0 and found[1].end() > end:
                end = rest.find(b"\n", found[1].end())
        at = end
    if not starts:
        return rest
    ends = [at for at, _ in starts[1:]] + [len(rest)]
    lines = counted = 0
    for number, ((at, found), end) in enumerate(zip(starts, ends, strict=True), start=1):
        place = row + number / (len(starts) + 1)
        lines, counted = lines + rest.count(b"\n", counted, at), at
        if type(found) is dict:
            out.objects.append(found)
            out.object_spots.append((row, lines))
            line = rest.find(b"\n", at + 1, end)
            if line >= 0 and rest[line:end].strip():
                others.setdefault("text", Group(TEXT_LAYOUT, [], [])).append(
                    (), rest[line + 1 : end], place, (row, lines + 1)
                )
            continue
        layout, match = found
        group = others.setdefault(layout.name, Group(layout, [[] for _ in layout.groups], []))
        group.append(match.groups(), rest[match.end() : end], place, (row, lines))
    return rest[: starts[0][0]]


def _start(text: bytes, at: int, end: int, crashed: bool) -> Any:
    """Return what begins at a newline: (layout, match), a row of JSON or logfmt, or None."""
    first = text[at + 1 : at + 2]
    if not first or first in b" \t\n":
        return None
    if first == b"{":
        if text[end - 1 : end] != b"}":
            return None
        try:
            row = orjson.loads(text[at + 1 : end])
        except orjson.JSONDecodeError:
            return None
        return row if type(row) is dict and len(row) > 1 else None
    if first in b"tl@a" and is_record(text[at + 1 : end]):
        return dict(parse_line(text[at + 1 : end])[0])
    found = layout_of(text, at)
    if found is None and not crashed and (match := CRASH_LAYOUT.pattern.match(text, at)) is not None:
        return CRASH_LAYOUT, match
    return found


def first_lines(text: bytes, cut: Cut) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the line that each record begins in, in the order of `to_batch`, and that of each object.

    Args:
        text: that the records come from.
        cut: the records.

    Returns:
        Numbers of lines in the text, from 0.
    """
    text = b"\n" + text.rstrip(b"\n")
    rests = np.array(cut.newlines, np.int64)
    begins = np.ones_like(rests)  # newlines in what the pattern matched, mostly the one before the record
    if cut.before + int((begins + rests).sum()) != text.count(b"\n"):
        matches = cut.groups[0].layout.pattern.finditer(text)
        begins = np.array([match.group().count(b"\n") for match in matches], np.int64)
    first = cut.before + np.cumsum(begins + rests) - (begins + rests)
    # A row of -1 is the text before the first record.
    after = np.append(first + begins, 0)

    def lines(spots: list[tuple[int, int]]) -> npt.NDArray[np.int64]:
        return np.array([after[row] + count for row, count in spots], np.int64)

    groups = [group for group in cut.groups if group.rests]
    own = [first] if cut.groups[0].rests else []
    found = [*own, *(lines(group.spots) for group in groups[len(own) :])]
    if not found:
        return np.empty(0, np.int64), lines(cut.object_spots)
    order = np.argsort(np.concatenate([group.order for group in groups]), kind="stable")
    return np.concatenate(found)[order], lines(cut.object_spots)


def object_rows(cut: Cut) -> Iterator[dict[str, Any] | None]:
    """Yield the JSON objects between the records as flat rows; None for one that is nested too deep."""
    for item in cut.objects:
        try:
            yield flat(item)
        except TooDeep:
            yield None
