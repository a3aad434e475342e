"""OTLP's requests in a stream of protobuf, in the three ways they are written one after the other.

bare            one request or several, of which each resource is a field of its own (tag, length)
length before   four bytes, the highest first, as the Collector's file exporter writes
varint before   as protobuf's own libraries write "delimited"

A frame that lies about its length, or garbage between frames, is told as a rejection; the next place at
which a whole frame stands is looked for from there, so that what is good after it is kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from obskit.readers.io.source import Stream
from obskit.readers.otlp.protobuf_wire import LEN, Broken, Field, fields, varint
from obskit.schema import FileReport

FRAME_LIMIT = 256 * 1024 * 1024
"""Bytes that one frame may have; it is held in memory whole."""

BARE, FIXED, DELIMITED = "bare", "length before", "varint before"
FRAMINGS = (FIXED, BARE, DELIMITED)
_TAG = b"\x0a"
_HEADER = 11
"""Bytes of the longest header: a tag and a varint."""

_MORE = 64 * 1024 * 1024
"""Bytes of garbage after which the rest of a file is given up."""

_LOOKED_AT = 20
"""Records that are looked at to tell whether bytes are a request."""

_ENOUGH = 1_000
"""Fields of a resource after which bytes that were none are no longer expected."""


@dataclass(frozen=True)
class Frame:
    """A request, or one of its resources as a request: its bytes, and the place of the first in the file."""

    data: bytes
    position: int


def framing_of(head: bytes) -> str | None:
    """Return how frames stand in a file that begins with these bytes, None where it is none of OTLP's."""
    for framing in FRAMINGS:
        found = _header(framing, head, 0)
        if found is not None and 0 < found[1] - found[0] <= FRAME_LIMIT:
            stop = min(found[1], len(head))
            if _is_request(framing, head, found[0], stop, found[1] > stop, strict=True):
                return framing
    return None


def _header(framing: str, data: bytes, at: int) -> tuple[int, int] | None:
    """Return where the frame at a place begins and ends after its header, None where there is no header."""
    try:
        if framing == FIXED:
            start = at + 4
            return (start, start + int.from_bytes(data[at:start], "big")) if start <= len(data) else None
        if framing == BARE:
            if data[at : at + 1] != _TAG:
                return None
            at += 1
        size, start = varint(data, at, len(data))
    except Broken:
        return None
    return start, start + size


def _is_request(framing: str, data: bytes, start: int, stop: int, cut: bool, *, strict: bool) -> bool:
    """Whether a frame has the form of a request.

    Args:
        framing: what the frame holds depends on it.
        data: the frame lies in it from `start` to before `stop`.
        start: see there.
        stop: see there.
        cut: the frame goes on beyond `stop`.
        strict: with nothing in it but what OTLP has, and at least one record as far as it can be seen.
    """
    if framing == BARE:
        return _is_resource(data, start, stop, cut, strict)
    found = 0
    for field in _read(data, start, stop, cut):
        if field is None or (strict and (field.number != 1 or field.wire != LEN)):
            return False
        if field.number == 1 and field.wire == LEN:
            beyond = field.stop > stop
            if not _is_resource(data, field.start, min(field.stop, stop), beyond, strict):
                return False
            found += 1
    return found > 0


def _is_resource(data: bytes, start: int, stop: int, cut: bool, strict: bool) -> bool:
    known = records = 0
    for number, field in enumerate(_read(data, start, stop, cut)):
        if not strict and known and number >= _ENOUGH:
            return True  # what is broken further on is told record by record
        if field is None or (strict and (field.number not in (1, 2, 3, 1000) or field.wire != LEN)):
            return False
        known += field.number in (1, 2)
        if strict and field.number == 2:
            beyond = field.stop > stop
            for inner in _read(data, field.start, min(field.stop, stop), beyond):
                if inner is None or inner.number not in (1, 2, 3) or inner.wire != LEN:
                    return False
                if inner.number == 2:
                    if not _is_record(data, inner.start, min(inner.stop, stop), inner.stop > stop):
                        return False
                    records += 1
                    if records >= _LOOKED_AT:
                        return True
    return (records > 0 or cut) if strict else known > 0


def _is_record(data: bytes, start: int, stop: int, cut: bool) -> bool:
    return all(field is not None and field.number <= 20 for field in _read(data, start, stop, cut))


def _read(data: bytes, start: int, stop: int, cut: bool) -> Iterator[Field | None]:
    """Give the fields; None is what is broken. Of bytes that are cut the last field may be longer."""
    try:
        for field in fields(data, start, stop + FRAME_LIMIT if cut else stop):
            yield field
            if field.stop >= stop:
                return
    except (Broken, IndexError) as error:
        if not cut or (isinstance(error, Broken) and stop - error.position > _HEADER):
            yield None


class Frames:
    """Cuts a stream into frames.

    Args:
        framing: one of `FRAMINGS`.
        size: bytes read ahead at least.
    """

    def __init__(self, stream: Stream, report: FileReport, framing: str, *, size: int) -> None:
        self._stream = stream
        self._report = report
        self._framing = framing
        self._size = size
        self._data = b""
        self._at = 0  # where the next frame begins in `_data`
        self._offset = 0  # of the first byte of `_data` in the file
        self._ended = False
        self.told_damage = False

    def __iter__(self) -> Iterator[Frame]:
        while self._have(_HEADER):
            found = _header(self._framing, self._data, self._at)
            if found is None:
                self._lost(self._torn() if self._left() < _HEADER else "not protobuf")
                continue
            head, size = found[0] - self._at, found[1] - self._at
            if size - head > FRAME_LIMIT:
                self._lost(f"a message of more than {FRAME_LIMIT // 1024**2} MiB")
                continue
            self._have(size + _HEADER)
            if self._left() < size:
                self._lost(self._torn())
                continue
            start, stop = self._at + head, self._at + size
            if stop == start:
                self._at = stop
                continue
            if not self._is_request(start, stop) and not self._goes_on(stop):
                self._lost("not an OTLP message")
                continue
            begin = self._at if self._framing == BARE else start
            yield Frame(self._data[begin:stop], self._offset + begin)
            self._at = stop

    def _left(self) -> int:
        return len(self._data) - self._at

    def _torn(self) -> str:
        self.told_damage = self._stream.damage is not None
        return self._stream.damage or "torn: the file ends within the message"

    def _have(self, count: int) -> bool:
        """Have so many bytes from the place at hand on, or all that there are; say whether there are any."""
        if self._left() >= count or self._ended:
            return self._left() > 0
        pieces, have = [self._data[self._at :]], self._left()
        self._offset, self._at = self._offset + self._at, 0
        while have < max(count, self._size) and not self._ended:
            piece = self._stream.piece()
            self._ended = not piece
            pieces.append(piece)
            have += len(piece)
        self._data = b"".join(pieces)
        return have > 0

    def _is_request(self, start: int, stop: int, *, strict: bool = False) -> bool:
        cut = stop > len(self._data)
        return _is_request(self._framing, self._data, start, min(stop, len(self._data)), cut, strict=strict)

    def _goes_on(self, stop: int) -> bool:
        """Whether another frame, or the end, follows: then only what this one holds is broken."""
        if stop == len(self._data) and self._ended:
            return True
        found = _header(self._framing, self._data, stop)
        if found is None or found[1] - found[0] > FRAME_LIMIT:
            return False
        return found[0] == found[1] or self._is_request(*found)

    def _lost(self, why: str) -> None:
        """Reject what is at hand, and go to the next whole frame after it, or to the end."""
        self._report.reject(f"byte {self._offset + self._at}", why)
        # Before the tag by which a request begins stands the header: four bytes, one to five, or nothing.
        headers = {FIXED: (4,), BARE: (0,), DELIMITED: (1, 2, 3, 4, 5)}[self._framing]
        passed = 0
        while passed <= _MORE:
            at = self._at + 1
            while (tag := self._data.find(_TAG, at)) >= 0:
                for place in (tag - header for header in headers if tag - header > self._at):
                    if self._stands(place, tag):
                        self._at = place
                        return
                at = tag + 1
            if self._ended:
                break
            stay = min(self._left(), _HEADER)
            passed += self._left() - stay
            self._at = len(self._data) - stay
            self._have(_HEADER + 1)
        self._at, self._ended = len(self._data), True

    def _stands(self, place: int, tag: int) -> bool:
        """Whether a whole frame stands at a place; one that is longer than what was read yet may be."""
        found = _header(self._framing, self._data, place)
        if found is None or not 4 <= found[1] - found[0] <= FRAME_LIMIT:
            return False
        if self._framing != BARE and found[0] != tag:
            return False
        if found[1] > len(self._data) and self._ended:
            return False
        return self._is_request(*found, strict=True)
