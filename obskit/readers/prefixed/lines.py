"""Remove the prefixes from blocks of lines, and keep what they say.

    [pod/shop-1/app] {"id": 1}           lines    {"id": 1}     {"id": 2}
    [pod/shop-1/app] {"id": 2}     ->    prefix   0             0
                                         number   1             2
                                         offset   0             27

A prefix is removed by moving the beginning of each line; all lines are then copied at once. No Python code
here runs per line, except for lines with texts that are rare.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from obskit.readers.io.line_blocks import Block
from obskit.readers.prefixed.kinds import Fields, Kind, Text
from obskit.readers.prefixed.known_texts import LONGEST, KnownTexts
from obskit.readers.prefixed.parts import PartJoiner
from obskit.readers.prefixed.syslog import DATA
from obskit.readers.prefixed.times import Bytes, Flags, Positions, bsd_times, iso_times, to_utc
from obskit.readers.sniffing import UTF8_BOM

COLOURS = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b\n]*(?:\x07|\x1b\\)?|[()][AB0-2]|[=>78cDEHM])")
"""Escape sequences of terminals: colours, titles and links."""

_NEWLINE, _RETURN, _SPACE, _HYPHEN = b"\n\r -"
_SPACES = b" \t\r\v\f"


@dataclass
class Prefixes:
    """The different prefixes of some lines.

    Attributes:
        fields: of each prefix; the first one is that of lines without a prefix.
    """

    fields: list[Fields] = field(default_factory=lambda: [{}])
    _known: dict[tuple[int, int, bytes], int] = field(default_factory=dict)

    def extended(
        self, before: Positions, part: int, found: Positions, texts: Sequence[bytes], fields: Sequence[Fields]
    ) -> Positions:
        """Return the prefixes after one more part.

        Args:
            before: the prefix of each line so far.
            part: number of the part.
            found: index of each line's text.
            texts: the different texts.
            fields: of each text.

        Returns:
            The prefix of each line.
        """
        if len(before) and (before == before[0]).all():
            last = int(before[0])
            ids = [self._id(last, part, text, own) for text, own in zip(texts, fields, strict=True)]
            return np.array(ids, np.int64)[found]
        codes, inverse = np.unique(before * max(len(texts), 1) + found, return_inverse=True)
        pairs = [divmod(code, max(len(texts), 1)) for code in codes.tolist()]
        ids = [self._id(last, part, texts[at], fields[at]) for last, at in pairs]
        return np.array(ids, np.int64)[inverse]

    def adopted(self, fields: Fields) -> int:
        """Return the number of a prefix with these fields."""
        key = (0, -1, repr(sorted(fields.items())).encode())
        if key not in self._known:
            self._known[key] = len(self.fields)
            self.fields.append(fields)
        return self._known[key]

    def _id(self, before: int, part: int, text: bytes, fields: Fields) -> int:
        key = (before, part, text)
        if key not in self._known:
            self._known[key] = len(self.fields)
            self.fields.append({**self.fields[before], **fields})
        return self._known[key]


class Lines(NamedTuple):
    """Lines without their prefixes.

    Attributes:
        lines: each with a newline at its end.
        number: of each line in the file, from 1.
        offset: of each line in the file, in bytes.
        prefix: of each line, an index in `Prefixes.fields`; 0 is that of a line without a prefix.
        time: of the prefix, in microseconds since 1970.
        timed: which lines have such a time.
    """

    lines: pa.Array
    number: Positions
    offset: Positions
    prefix: Positions
    time: Positions
    timed: Flags

    def take(self, rows: Any) -> Lines:
        """Return some of the lines."""
        index = pa.array(np.arange(len(self.number))[rows])
        return Lines(self.lines.take(index), *(values[rows] for values in self[1:]))


def joined(parts: Sequence[Lines]) -> Lines:
    """Return lines after each other."""
    if len(parts) == 1:
        return parts[0]
    lines = pa.concat_arrays([part.lines for part in parts])
    return Lines(lines, *(np.concatenate([part[i] for part in parts]) for i in range(1, 6)))


class Peeler:
    """Removes the prefixes of some kinds, one after the other, from blocks.

    Args:
        kinds: the outermost first.
        newest: when the file was last written.
        joiner: joins lines that were written in parts.
        zone: IANA name of the zone of times without one; None is UTC.
        docker: the blocks are made by `split_docker`.

    Attributes:
        odd_times: local times that occur twice, or do not exist, because the clock was changed.
    """

    def __init__(
        self,
        kinds: Sequence[Kind],
        newest: datetime,
        joiner: PartJoiner,
        zone: str | None = None,
        *,
        docker: bool = False,
    ) -> None:
        self.odd_times = 0
        self._zone = zone
        self._kinds = kinds
        self._joiner = joiner
        self._docker = docker
        self._newest = newest
        self._continues = any(kind.continues for kind in kinds)
        self._texts = [
            [KnownTexts(part.pattern, part.end) if isinstance(part, Text) else None for part in kind.parts]
            for kind in kinds
        ]
        self._buffer = np.zeros(0, np.uint8)

    def split(self, block: Block) -> Split:
        """Return where the lines of a block begin and end."""
        data, offsets = block.data, None
        if b"\x1b" in data:
            starts = _starts(np.frombuffer(data, np.uint8))[0]
            offsets = starts + block.offset
            data = COLOURS.sub(b"", data)
        return self.split_bytes(data, block.line, block.offset, offsets)

    def split_bytes(self, data: bytes, line: int, offset: int, offsets: Positions | None) -> Split:
        """Return where lines begin and end; `offsets` are theirs in the file if they differ."""
        size = len(data)
        if len(self._buffer) < size + LONGEST:
            self._buffer = np.zeros(size + size // 4 + LONGEST, np.uint8)
        text = self._buffer[: size + LONGEST]
        text[:size] = np.frombuffer(data, np.uint8)
        text[size:] = 0
        starts, ends = _starts(text[:size])
        if len(ends) and ends[-1] == size:
            text[size] = _NEWLINE
        if offsets is None:
            offsets = starts + offset
        number = np.arange(line, line + len(starts))
        count = len(starts)
        zeros = np.zeros(count, np.int64)
        stops = ends - ((text[ends - 1] == _RETURN) & (ends > starts))
        return Split(
            data,
            text,
            starts,
            stops,
            ends,
            number,
            offsets[:count],
            zeros,
            zeros.copy(),
            np.zeros(count, bool),
        )

    def peel(self, split: Split, prefixes: Prefixes) -> Lines:
        """Remove the prefixes.

        Args:
            split: a block.
            prefixes: the different prefixes so far; gets those of the block.

        Returns:
            The lines that are not blank without their prefix.
        """
        if self._docker:
            split = self._joined(split, prefixes)
        for number, kind in enumerate(self._kinds):
            self._peel(number, kind, split, prefixes)
            if kind.in_parts:
                split = self._joined(split, prefixes)
        if self._continues:
            _continue(split)
        return split.lines()

    def _joined(self, split: Split, prefixes: Prefixes) -> Split:
        """Return a block whose lines are whole."""
        parts = self._joiner.join(split, prefixes)
        if parts is None:
            return split
        joined = self.split_bytes(b"".join(text + b"\n" for text in parts.texts), 1, 0, parts.offset)
        rows = parts.rows
        joined.number, joined.time, joined.timed = parts.number, parts.time, parts.timed
        joined.prefix, joined.peeled = split.prefix[rows], split.peeled[rows]
        return joined

    def _peel(self, number: int, kind: Kind, split: Split, prefixes: Prefixes) -> None:
        rows: Any = slice(None)
        at, stops = split.begin, split.stop
        prefix = split.prefix
        time: Positions | None = None
        timed: Flags | None = None
        marked = not split.data.isascii() and UTF8_BOM in split.data
        for place, part in enumerate(kind.parts):
            if marked:
                at = _without_mark(split.text, at)
            if isinstance(part, Text):
                texts = self._texts[number][place]
                assert texts is not None
                found, names = texts.find(split.data, split.text, at, stops)
                good = found >= 0
                size = np.array([*map(len, names), 0], np.int64)[found]
                if good.all():
                    fields = [part.fields(texts.matches[name]) for name in names]
                    prefix = prefixes.extended(prefix, number * 100 + place, found, names, fields)
                else:
                    fields = [part.fields(texts.matches[name]) for name in names]
                    kept = prefixes.extended(prefix[good], number * 100 + place, found[good], names, fields)
                    prefix = prefix.copy()
                    prefix[good] = kept
            elif part == "bsd":
                time, size, _ = bsd_times(split.text, at, stops, self._newest)
                timed = good = size > 0
            else:
                time, size, _ = iso_times(split.text, at, stops)
                timed = good = size > 0
                if part == "iso or -":
                    nil = ~good & (split.text[at] == _HYPHEN) & (split.text[at + 1] == _SPACE)
                    good, size = good | nil, np.where(nil, 1, size)
            at = at + size
            if not good.all():
                rows = np.flatnonzero(good) if type(rows) is slice else rows[good]
                at, stops, prefix = at[good], stops[good], prefix[good]
                time = None if time is None else time[good]
                timed = None if timed is None else timed[good]
            if not len(at):
                return
        if marked:
            at = _without_mark(split.text, at)
        split.begin[rows] = at
        split.prefix[rows] = prefix
        split.peeled[rows] = True
        if kind.with_data:
            has_data = [any(name.startswith(DATA) for name in fields) for fields in prefixes.fields]
            split.with_data[rows] = np.array(has_data)[prefix]
        if time is not None and "bsd" in kind.parts and self._zone is not None:
            time, odd = to_utc(time, self._zone)
            self.odd_times += odd
        if time is not None:
            split.time[rows] = time
            split.timed[rows] = timed


@dataclass
class Split:
    """The lines of a block while their prefixes are removed: where each begins and ends in its text."""

    data: bytes
    text: Bytes
    begin: Positions
    stop: Positions
    end: Positions
    number: Positions
    offset: Positions
    prefix: Positions
    time: Positions
    timed: Flags

    def __post_init__(self) -> None:
        self.peeled = np.zeros(len(self.begin), bool)
        self.with_data = self.peeled.copy()

    def lines(self) -> Lines:
        """Return the lines that are not blank."""
        keep = (self.begin < self.stop) | self.with_data
        for row in np.flatnonzero((self.begin < self.stop) & (self.text[self.begin] <= _SPACE)).tolist():
            keep[row] = bool(self.text[self.begin[row] : self.stop[row]].tobytes().strip(_SPACES))
        rows = np.flatnonzero(keep)
        count = len(rows)
        if not count:
            return Lines(pa.array([], pa.binary()), *(values[:0] for values in self._columns()))
        every = count == len(keep)

        def kept(values: Any) -> Any:
            return values if every else values[rows]

        edges = np.empty(2 * count, np.int32)
        edges[0::2] = kept(self.begin)
        edges[1::2] = kept(self.end) + 1
        pieces = pa.Array.from_buffers(
            pa.binary(), max(2 * count - 1, 0), [None, pa.py_buffer(edges), pa.py_buffer(self.text)]
        )
        lines = pieces.take(pa.array(np.arange(0, 2 * count, 2)))
        return Lines(lines, *map(kept, self._columns()))

    def _columns(self) -> tuple[Any, ...]:
        return self.number, self.offset, self.prefix, self.time, self.timed


def _starts(text: Bytes) -> tuple[Positions, Positions]:
    """Return where each line begins and where it ends, before its newline."""
    ends = np.flatnonzero(text == _NEWLINE)
    if len(text) and (not len(ends) or ends[-1] != len(text) - 1):
        ends = np.append(ends, len(text))
    starts = np.empty_like(ends)
    starts[:1] = 0
    starts[1:] = ends[:-1] + 1
    return starts, ends


def _without_mark(text: Bytes, at: Positions) -> Positions:
    """Return the positions after a byte order mark, which some programs write before a message."""
    marked: Flags = (text[at] == UTF8_BOM[0]) & (text[at + 1] == UTF8_BOM[1]) & (text[at + 2] == UTF8_BOM[2])
    after: Positions = at + 3 * marked
    return after


def _continue(split: Split) -> None:
    """Give the prefix of the line before to lines without one that begin with white space."""
    bare = ~split.peeled & ((split.text[split.begin] == _SPACE) | (split.text[split.begin] == ord("\t")))
    if not bare.any() or not split.peeled.any():
        return
    rows = np.arange(len(bare))
    last = np.maximum.accumulate(np.where(split.peeled, rows, -1))
    # Only lines right after a message, or after another line that continues it.
    stranger = np.maximum.accumulate(np.where(~split.peeled & ~bare, rows, -1))
    moved = np.flatnonzero(bare & (last > stranger))
    for values in (split.prefix, split.time, split.timed):
        values[moved] = values[last[moved]]
