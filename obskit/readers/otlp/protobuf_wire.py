"""Protobuf's wire format, a field at a time: for frames, for what to tell of bytes, and for damaged messages.

Whole messages go through ptars (see `otlpwire`); this is the slow way that knows the place of a fault.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

VARINT, FIXED64, LEN, FIXED32 = 0, 1, 2, 5
_MOST = 10
"""Bytes of the longest varint."""


class Broken(ValueError):
    """Bytes that are no protobuf: why, and where they begin."""

    def __init__(self, why: str, position: int) -> None:
        super().__init__(why)
        self.position = position


class Field(NamedTuple):
    """A field of a message: its number and wire type; its bytes lie from `start` to before `stop`.

    A varint is `value` already, and so are the bytes of a fixed one as an unsigned number.
    """

    number: int
    wire: int
    value: int
    start: int
    stop: int


def varint(data: bytes, at: int, stop: int) -> tuple[int, int]:
    """Return an unsigned number and where it ends.

    Raises:
        Broken: it ends beyond `stop`, or has more than ten bytes.
    """
    value, shift = 0, 0
    for place in range(at, min(stop, at + _MOST)):
        byte = data[place]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & (2**64 - 1), place + 1
        shift += 7
    raise Broken("a number that does not end", at)


def fields(data: bytes, start: int, stop: int) -> Iterator[Field]:
    """Give a message's fields in their order.

    Raises:
        Broken: a field that does not end within the message, or of a kind that there is not.
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
        else:
            raise Broken("not protobuf", begin)
        if end > stop:
            raise Broken("a field longer than what holds it", begin)
        yield Field(number, wire, value, at, end)
        at = end
