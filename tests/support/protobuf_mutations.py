"""Requests in protobuf that are damaged: in their bytes, or in a field while all lengths stay right."""

from __future__ import annotations

import random
from typing import Any

from obskit.readers.otlp.messages import MESSAGES
from obskit.readers.otlp.protobuf_wire import LEN, VARINT, fields

Node = tuple[int, int, Any]  # field number, wire type, and the bytes of the value or the nodes of a message

_LENGTHS = {1: 8, 5: 4}


def tree(message: str, data: bytes) -> list[Node]:
    """Return the fields of a message, and those of the messages in it."""
    out: list[Node] = []
    for field in fields(data, 0, len(data)):
        known = MESSAGES.get(message, {}).get(field.number, ("", ""))[1].removeprefix("*")
        value = data[field.start : field.stop]
        out.append((field.number, field.wire, tree(known, value) if known in MESSAGES else value))
    return out


def encoded(nodes: list[Node]) -> bytes:
    """Return the bytes of a message."""
    out = bytearray()
    for number, wire, value in nodes:
        data = encoded(value) if isinstance(value, list) else value
        out += _varint(number << 3 | wire)
        if wire == LEN:
            out += _varint(len(data))
        out += data
    return bytes(out)


def _varint(number: int) -> bytes:
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def change_field(rng: random.Random, nodes: list[Node]) -> None:
    """Change, drop, repeat or add one field at any depth."""
    place = rng.randrange(len(nodes) + 1)
    if place == len(nodes):
        nodes.append(_any_field(rng))
        return
    number, wire, value = nodes[place]
    if isinstance(value, list) and value and rng.random() < 0.9:
        change_field(rng, value)
        return
    change = rng.randrange(5)
    if change == 0:
        nodes[place] = (number, *_any_field(rng)[1:])
    elif change == 1:
        nodes[place] = (rng.randrange(1, 20), wire, value)
    elif change == 2:
        del nodes[place]
    elif change == 3:
        nodes.insert(place, nodes[place])
    elif wire == LEN:
        nodes[place] = (number, wire, rng.randbytes(rng.randrange(20)))
    else:
        nodes[place] = (number, *_any_field(rng)[1:]) if wire == 3 else (number, wire, _any_value(rng, wire))


def _any_field(rng: random.Random) -> Node:
    wire = rng.choice([0, 1, 2, 3, 5])
    number = rng.randrange(1, 20)
    if wire == 3:
        return (
            number,
            wire,
            encoded([_any_field(rng)] if rng.random() < 0.5 else []) + _varint(number << 3 | 4),
        )
    return number, wire, _any_value(rng, wire)


def _any_value(rng: random.Random, wire: int) -> bytes:
    if wire == VARINT:
        return _varint(rng.choice([0, 1, 2**31, 2**63, 2**64 - 1, rng.randrange(300)]))
    if wire == LEN:
        return rng.choice([b"", b"\xff", b"text", bytes(8), bytes(16), rng.randbytes(rng.randrange(30))])
    return rng.choice([bytes(_LENGTHS[wire]), b"\xff" * _LENGTHS[wire], rng.randbytes(_LENGTHS[wire])])


def change_bytes(rng: random.Random, data: bytes) -> bytes:
    """Flip, replace, drop or add a few bytes, or cut the message off."""
    at, end = rng.randrange(len(data)), rng.randrange(1, 4)
    change = rng.randrange(4)
    if change == 0:
        return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]
    if change == 1:
        return data[:at] + data[at + end :]
    if change == 2:
        return data[:at] + rng.randbytes(end) + data[at:]
    return data[:at]
