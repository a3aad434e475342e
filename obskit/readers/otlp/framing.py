"""Split a stream of protobuf into OTLP requests, in each of the three ways they are stored in files.

    bare              0a 1f <31 bytes>  0a 22 <34 bytes>      each resource is a field: tag and length
    length before     00 00 00 21 <33 bytes>                  four bytes, big-endian: the Collector's files
    varint before     21 <33 bytes>                           protobuf's own "delimited" format

If a length is wrong, or there is garbage between two messages, that place is rejected. Reading continues at
the next offset where a whole message starts, so the messages after the damage are kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from obskit.readers.io.source import Stream
from obskit.readers.otlp.protobuf_wire import LEN, Broken, Field, fields, varint
from obskit.schema import FileReport

FRAME_LIMIT = 256 * 1024 * 1024
"""Bytes that one message may have; a message is held in memory as a whole."""

BARE, FIXED, DELIMITED = "bare", "length before", "varint before"
FRAMINGS = (FIXED, BARE, DELIMITED)
_TAG = b"\x0a"
_HEADER = 11
"""Bytes of the longest header, which is a tag and a varint."""

_GARBAGE_LIMIT = 64 * 1024 * 1024
"""Bytes of garbage after which the rest of the file is skipped."""

_RECORDS_CHECKED = 20
"""Records to check before bytes are taken for a request."""

_FIELDS_CHECKED = 1_000
"""Fields of a resource to check before bytes are taken for a resource."""


@dataclass(frozen=True)
class ProtobufMessage:
    """A request, or one resource of a bare request in the form of a request.

    Attributes:
        data: the bytes of the message, without the length before it.
        position: offset of the first byte in the file.
    """

    data: bytes
    position: int


def framing_of(head: bytes) -> str | None:
    """Return the framing of a file, or None if it is not OTLP in protobuf.

    Args:
        head: the first bytes of the file.
    Returns:
        One of `FRAMINGS`.
    """
    for framing in FRAMINGS:
        found = _header(framing, head, 0)
        if found is not None and 0 < found[1] - found[0] <= FRAME_LIMIT:
            stop = min(found[1], len(head))
            if _is_request(framing, head, found[0], stop, found[1] > stop, strict=True):
                return framing
    return None


def _header(framing: str, data: bytes, at: int) -> tuple[int, int] | None:
    """Return start and end of the message whose header is at `at`, or None if there is no header."""
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
    """Whether bytes have the form of a request.

    Args:
        framing: one of `FRAMINGS`; with `BARE`, the bytes are a resource.
        data: bytes that contain the message.
        start: offset of the message.
        stop: offset after the message, or after the part of it that is in `data`.
        cut: the message goes on beyond `stop`.
        strict: accept only fields that OTLP defines, and require a record, unless the message is cut.
    Returns:
        Whether it is a request, as far as the bytes show.
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
        if not strict and known and number >= _FIELDS_CHECKED:
            return True  # a fault further on is found when the records are read
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
                    if records >= _RECORDS_CHECKED:
                        return True
    return (records > 0 or cut) if strict else known > 0


def _is_record(data: bytes, start: int, stop: int, cut: bool) -> bool:
    return all(field is not None and field.number <= 20 for field in _read(data, start, stop, cut))


def _read(data: bytes, start: int, stop: int, cut: bool) -> Iterator[Field | None]:
    """Yield the fields, and None where one is broken; if the bytes are cut, the last field may go beyond."""
    try:
        for field in fields(data, start, stop + FRAME_LIMIT if cut else stop):
            yield field
            if field.stop >= stop:
                return
    except (Broken, IndexError) as error:
        if not cut or (isinstance(error, Broken) and stop - error.position > _HEADER):
            yield None


class MessageStream:
    """Iterates over the messages in a stream of protobuf, and rejects what is between them.

    Args:
        stream: bytes of the file.
        report: receives the rejections.
        framing: one of `FRAMINGS`.
        size: minimum number of bytes to read ahead.
    """

    def __init__(self, stream: Stream, report: FileReport, framing: str, *, size: int) -> None:
        self._stream = stream
        self._report = report
        self._framing = framing
        self._size = size
        self._data = b""
        self._at = 0  # offset of the next message in `_data`
        self._offset = 0  # offset of `_data` in the file
        self._ended = False
        self.damage_reported = False

    def __iter__(self) -> Iterator[ProtobufMessage]:
        while self._read_ahead(_HEADER):
            found = _header(self._framing, self._data, self._at)
            if found is None:
                self._skip_damage(self._torn() if self._remaining() < _HEADER else "not protobuf")
                continue
            head, size = found[0] - self._at, found[1] - self._at
            if size - head > FRAME_LIMIT:
                self._skip_damage(f"a message of more than {FRAME_LIMIT // 1024**2} MiB")
                continue
            self._read_ahead(size + _HEADER)
            if self._remaining() < size:
                self._skip_damage(self._torn())
                continue
            start, stop = self._at + head, self._at + size
            if stop == start:
                self._at = stop
                continue
            if not self._is_request(start, stop) and not self._next_message_follows(stop):
                self._skip_damage("not an OTLP message")
                continue
            begin = self._at if self._framing == BARE else start
            yield ProtobufMessage(self._data[begin:stop], self._offset + begin)
            self._at = stop

    def _remaining(self) -> int:
        return len(self._data) - self._at

    def _torn(self) -> str:
        self.damage_reported = self._stream.damage is not None
        return self._stream.damage or "torn: the file ends within the message"

    def _read_ahead(self, count: int) -> bool:
        """Have `count` bytes from `_at` on in memory, or all that are left; return whether there are any."""
        if self._remaining() >= count or self._ended:
            return self._remaining() > 0
        pieces, have = [self._data[self._at :]], self._remaining()
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

    def _next_message_follows(self, stop: int) -> bool:
        """Whether a message or the end follows at `stop`; then only the content of this message is wrong."""
        if stop == len(self._data) and self._ended:
            return True
        found = _header(self._framing, self._data, stop)
        if found is None or found[1] - found[0] > FRAME_LIMIT:
            return False
        return found[0] == found[1] or self._is_request(*found)

    def _skip_damage(self, why: str) -> None:
        """Reject the bytes at `_at`, and move to the next whole message, or to the end of the file."""
        self._report.reject(f"byte {self._offset + self._at}", why)
        # A request starts with a tag. The header before the tag has four bytes, one to five, or none.
        headers = {FIXED: (4,), BARE: (0,), DELIMITED: (1, 2, 3, 4, 5)}[self._framing]
        passed = 0
        while passed <= _GARBAGE_LIMIT:
            at = self._at + 1
            while (tag := self._data.find(_TAG, at)) >= 0:
                for place in (tag - header for header in headers if tag - header > self._at):
                    if self._is_message_at(place, tag):
                        self._at = place
                        return
                at = tag + 1
            if self._ended:
                break
            stay = min(self._remaining(), _HEADER)
            passed += self._remaining() - stay
            self._at = len(self._data) - stay
            self._read_ahead(_HEADER + 1)
        self._at, self._ended = len(self._data), True

    def _is_message_at(self, place: int, tag: int) -> bool:
        """Whether a whole message starts at `place`, as far as the file was read."""
        found = _header(self._framing, self._data, place)
        if found is None or not 4 <= found[1] - found[0] <= FRAME_LIMIT:
            return False
        if self._framing != BARE and found[0] != tag:
            return False
        if found[1] > len(self._data) and self._ended:
            return False
        return self._is_request(*found, strict=True)
