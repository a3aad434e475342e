"""Mutations of protobuf that know its wire format: one field gets another number, type, length or content."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

_VARINTS = (0, 1, 127, 128, 2**31, 2**32 - 1, 2**63 - 1, 2**63, 2**64 - 1)


@dataclass
class _Field:
    number: int
    kind: int
    value: Any  # int, bytes, or a list of fields


def mutate_protobuf(rng: random.Random, data: bytes) -> bytes | None:
    """Change one to three fields of a message at any depth; None if the data is not a message."""
    fields = _parse(data)
    if not fields:
        return None
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        containers = [found for found in _containers(fields) if found]
        if not containers:
            break
        _change(rng, rng.choice(containers))
    return _write(rng, fields)


def _change(rng: random.Random, container: list[_Field]) -> None:
    at = rng.randrange(len(container))
    field = container[at]
    choice = rng.randrange(9)
    if choice == 0:
        del container[at]
    elif choice == 1:
        container[at:at] = [field] * rng.choice([1, 2, 100])
    elif choice == 2:
        field.number = rng.choice([0, 1, 2, 3, 7, 15, 16, 99, 2**29 - 1])
    elif choice == 3:
        field.kind = rng.randrange(8)
    elif choice == 4:
        field.kind, field.value = (
            2,
            rng.choice([b"", b"\xff\xfe", b"\xed\xa0\x80", b"\0" * 16, b"x" * 70_000]),
        )
    elif choice == 5:
        field.kind, field.value = 0, rng.choice(_VARINTS)
    elif choice == 6:
        field.kind, field.value = rng.choice([(1, rng.choice(_VARINTS)), (5, rng.choice(_VARINTS) % 2**32)])
    elif choice == 7:  # nested as deep as a recursive parser can bear, and deeper
        inner, number = _written(rng, field), rng.choice([field.number, 5, 6, 2])
        for _ in range(rng.choice([3, 60, 99, 101, 500])):
            inner = varint(number << 3 | 2) + varint(len(inner)) + inner
        container[at] = _Field(number, 2, inner)
    else:
        other = rng.randrange(len(container))
        container[at], container[other] = container[other], container[at]


def _containers(fields: list[_Field]) -> list[list[_Field]]:
    found, waiting = [], [fields]
    while waiting:
        container = waiting.pop()
        found.append(container)
        waiting += [field.value for field in container if isinstance(field.value, list)]
    return found


def _parse(data: bytes, depth: int = 0) -> list[_Field] | None:
    fields, at = [], 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, kind = tag >> 3, tag & 7
        value: Any
        if at < 0 or number == 0:
            return None
        if kind == 0:
            value, at = _varint(data, at)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
            value, at = int.from_bytes(data[at : at + size], "little"), at + size
        elif kind == 2:
            size, at = _varint(data, at)
            value, at = data[at : at + size], at + size
            if len(value) > 1 and depth < 50:
                value = _parse(value, depth + 1) or value
        else:
            return None
        if at < 0 or at > len(data):
            return None
        fields.append(_Field(number, kind, value))
    return fields


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while 0 <= at < len(data) and shift < 70:
        value |= (data[at] & 127) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 128:
            return value, at
    return 0, -1


def varint(value: int) -> bytes:
    """Return an integer as protobuf writes it."""
    out = b""
    while value >= 128:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def _write(rng: random.Random, fields: list[_Field]) -> bytes:
    return b"".join(_written(rng, field) for field in fields)


def _written(rng: random.Random, field: _Field) -> bytes:
    tag, value = varint(field.number << 3 | field.kind), field.value
    if isinstance(value, list):
        value = _write(rng, value)
    if isinstance(value, bytes):
        if field.kind != 2:
            return tag + value[:8]
        size = len(value) + (rng.choice([-1, 1, 5, 2**20, 2**31, 2**62]) if rng.random() < 0.01 else 0)
        return tag + varint(max(size, 0)) + value
    if field.kind in (1, 5):
        size = 8 if field.kind == 1 else 4
        return tag + (value % 2 ** (8 * size)).to_bytes(size, "little")
    return tag + varint(value)
