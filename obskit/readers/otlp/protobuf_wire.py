"""Protobuf's wire format, one field at a time.

    bytes        08 96 01                       12 02 68 69
    field        number 1, VARINT, value 150    number 2, LEN, bytes 68 69 ("hi")

Used to find message boundaries, to recognize what a message holds, and to read damaged messages: it knows the
offset of a fault. Undamaged messages are decoded by ptars (see `messages`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

VARINT, FIXED64, LEN, GROUP, END_GROUP, FIXED32 = 0, 1, 2, 3, 4, 5
_DEEPEST_GROUP = 100
_LONGEST_VARINT = 10
"""Bytes; 64 bits at seven per byte."""


class Broken(ValueError):
    """Bytes that are not valid protobuf.

    Args:
        why: the reason, as a report shows it.
        position: offset of the first bad byte.
    """

    def __init__(self, why: str, position: int) -> None:
        super().__init__(why)
        self.position = position


class Field(NamedTuple):
    """A field of a message.

    Attributes:
        number: field number.
        wire: wire type: VARINT, FIXED64, LEN, FIXED32 or GROUP. OTLP has no groups, but a parser skips them.
        value: the value of a varint or of a fixed field, as an unsigned number; of LEN, the length in bytes.
        start: offset of the value's first byte.
        stop: offset after the value's last byte.
    """

    number: int
    wire: int
    value: int
    start: int
    stop: int


def varint(data: bytes, at: int, stop: int) -> tuple[int, int]:
    """Return an unsigned varint and the offset after it.

    Args:
        data: the bytes.
        at: offset of the varint.
        stop: offset before which it has to end.
    Returns:
        The value, at most 64 bits, and the offset after its last byte.
    Raises:
        Broken: the varint does not end before `stop`, or has more than ten bytes.
    """
    value, shift = 0, 0
    for place in range(at, min(stop, at + _LONGEST_VARINT)):
        byte = data[place]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & (2**64 - 1), place + 1
        shift += 7
    raise Broken("a varint that does not end", at)


def fields(data: bytes, start: int, stop: int) -> Iterator[Field]:
    """Yield the fields of a message in order.

    Args:
        data: the bytes.
        start: offset of the message.
        stop: offset after the message.
    Yields:
        One `Field` per field; nested messages are LEN fields.
    Raises:
        Broken: a field goes beyond the end of the message, or its tag is not valid.
    """
    at = start
    while at < stop:
        begin = at
        tag, at = data[at], at + 1
        if tag >= 0x80:
            tag, at = varint(data, begin, stop)
        number, wire = tag >> 3, tag & 7
        if number == 0:
            raise Broken("not protobuf", begin)
        value = 0
        if wire == LEN:
            if at < stop and data[at] < 0x80:
                value, at = data[at], at + 1
            else:
                value, at = varint(data, at, stop)
            end = at + value
        elif wire == VARINT:
            value, end = varint(data, at, stop)
        elif wire in (FIXED64, FIXED32):
            end = at + (8 if wire == FIXED64 else 4)
            value = int.from_bytes(data[at:end], "little")
        elif wire == GROUP:
            end = _end_of_group(data, number, at, stop)
        else:
            raise Broken("not protobuf", begin)
        if end > stop:
            raise Broken("a field longer than the message that contains it", begin)
        yield Field(number, wire, value, at, end)
        at = end


def _end_of_group(data: bytes, number: int, at: int, stop: int) -> int:
    """Return the offset after a group; its end is a tag with the same field number."""
    open_groups = [number]
    while open_groups:
        begin = at
        tag, at = varint(data, at, stop)
        number, wire = tag >> 3, tag & 7
        if wire == GROUP and len(open_groups) < _DEEPEST_GROUP:
            open_groups.append(number)
        elif wire == END_GROUP and number == open_groups[-1]:
            open_groups.pop()
        elif wire == VARINT:
            _, at = varint(data, at, stop)
        elif wire == LEN:
            size, at = varint(data, at, stop)
            at += size
        elif wire in (FIXED64, FIXED32):
            at += 8 if wire == FIXED64 else 4
        else:
            raise Broken("not protobuf", begin)
        if at > stop:
            raise Broken("a field longer than the message that contains it", begin)
    return at
