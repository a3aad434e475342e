"""Mutations of any bytes, of text, and of compressed files; and `mutate`, which chooses among all of them."""

from __future__ import annotations

import bz2
import gzip
import random
import re
from collections.abc import Callable, Sequence

import pyarrow as pa

from tests.attack.json_mutations import mutate_json
from tests.attack.table_mutations import mutate_table
from tests.attack.wire_mutations import mutate_protobuf

_NUMBERS = (
    *(
        b"0",
        b"-1",
        b"-0",
        b"1e400",
        b"-1e400",
        b"1e-400",
        b"99999999999999999999",
        b"9223372036854775808",
        b"0x1f",
    ),
    *(b"NaN", b"Infinity", b"1_000", b"1.", b".5", b"00", b"253402300800", b"9" * 400, b"1,5", "٣".encode()),
)
_BAD_TEXT = (
    *(
        b"\xff",
        b"\xed\xa0\x80",
        b"\xc0\x80",
        b"\xf4\x90\x80\x80",
        b"\xe2\x82",
        b"\0",
        b"\0" * 100,
        b"\xef\xbb\xbf",
    ),
    *(
        b"\x1b[31m",
        "\u2028".encode(),
        "\u0085".encode(),
        b"\x0b",
        b"\x0c",
        b"\x1a",
        b"\xff\xfe",
        b"\r",
        b"\r\r\n",
    ),
)
_QUOTES = (
    b'"',
    b'""',
    b"'",
    b'"\n',
    b',"',
    b'",',
    b'"a"b',
    b"\\",
    b'\\"',
    b";",
    b"\t",
    b",,,",
    b'"' * 3,
    b"`",
)
LARGE = 300_000
"""What is larger is not mutated again: to parse it would take longer than to load it."""
Mutation = Callable[[random.Random, bytes, Sequence[bytes]], "bytes | None"]


def _place(rng: random.Random, data: bytes) -> int:
    """Return a place, more often near the begin or the end, where headers and footers are."""
    if rng.random() < 0.5:
        return rng.randrange(len(data) + 1)
    near = min(rng.randrange(64), len(data))
    return near if rng.random() < 0.5 else len(data) - near


def _flip(rng: random.Random, data: bytes, others: Sequence[bytes]) -> bytes | None:
    changed = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 8, 40])):
        at = min(_place(rng, data), len(data) - 1)
        changed[at] = rng.choice([changed[at] ^ 1 << rng.randrange(8), rng.randrange(256), 0, 255])
    return bytes(changed)


def _truncate(rng: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    at = _place(rng, data)
    return rng.choice([data[:at], data[:at], data[at:]])


def _splice(rng: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    other = rng.choice(others)
    one, two = _place(rng, data), _place(rng, other)
    return rng.choice(
        [data[:one] + other[two:], data + other, data + b"\n" + other, data[:one] + other + data[one:]]
    )


def _duplicate(rng: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    start, end = sorted((_place(rng, data), _place(rng, data)))
    return data[:end] + data[start:end] * rng.choice([1, 2, 30]) + data[end:]


def _delete(rng: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    start = _place(rng, data)
    return data[:start] + data[start + rng.choice([1, 2, 8, 100]) :]


def _number(rng: random.Random, data: bytes, others: Sequence[bytes]) -> bytes | None:
    found = list(re.finditer(rb"-?\d+(\.\d+)?", data[:100_000]))
    if not found:
        return None
    one = rng.choice(found)
    return data[: one.start()] + rng.choice(_NUMBERS) + data[one.end() :]


def _insert(rng: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    for _ in range(rng.choice([1, 1, 3])):
        at = _place(rng, data)
        data = data[:at] + rng.choice(rng.choice([_BAD_TEXT, _QUOTES])) + data[at:]
    return data


def _newlines(rng: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    ends = rng.sample([b"\n", b"\r\n", b"\r", b"\n\n", b"\x00\n", b" \n", b""], 3)
    return re.sub(rb"\n", lambda _: rng.choice(ends), data)


def _long_line(rng: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    at = _place(rng, data)
    size = rng.choice([70_000, 70_000, 1_100_000] if rng.random() < 0.9 else [17_000_000])
    return data[:at] + rng.choice([b"x", b" ", b"9", b"[", b'"', b'{"a":', b","]) * size + data[at:]


def _zeros(rng: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    at = _place(rng, data)
    return data[:at] + bytes(rng.choice([1, 4096])) + data[at + rng.choice([0, 4096]) :]


def _lines(rng: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    lines = data.splitlines(keepends=True)
    rng.shuffle(lines)
    return b"".join(lines[rng.choice([0, 0, 1]) :] * rng.choice([1, 1, 2, 200]))


def _json(rng: random.Random, data: bytes, others: Sequence[bytes]) -> bytes | None:
    return mutate_json(rng, data)


def _table(rng: random.Random, data: bytes, others: Sequence[bytes]) -> bytes | None:
    return mutate_table(rng, data)


def _protobuf(rng: random.Random, data: bytes, others: Sequence[bytes]) -> bytes | None:
    return mutate_protobuf(rng, data)


BYTES: dict[str, Mutation] = {
    "flip": _flip,
    "truncate": _truncate,
    "splice": _splice,
    "duplicate": _duplicate,
    "delete": _delete,
    "number": _number,
    "insert": _insert,
    "newlines": _newlines,
    "long line": _long_line,
    "zeros": _zeros,
    "lines": _lines,
}
STRUCTURE: dict[str, Mutation] = {"json": _json, "table": _table, "protobuf": _protobuf}


def mutate(
    rng: random.Random, data: bytes, others: Sequence[bytes], structure: str
) -> tuple[bytes, list[str]]:
    """Return the data with one to three mutations, and their names.

    Args:
        rng: makes all choices.
        data: a valid file.
        others: valid files of other formats, to splice with.
        structure: "json", "table", "protobuf" or "text": which mutations know the data's structure.
    """
    names: list[str] = []
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        if len(data) > LARGE:
            break
        if structure in STRUCTURE and rng.random() < 0.7:
            name, mutation = structure, STRUCTURE[structure]
        else:
            name, mutation = rng.choice(list(BYTES.items()))
        changed = mutation(rng, data, others) if data else None
        if changed is not None:
            data = changed
            names.append(name)
    return data, names


def pack(rng: random.Random, data: bytes) -> tuple[bytes, str]:
    """Return the data in a compressed file that may be whole, cut, spoiled or a bomb; and what it is."""
    kind = rng.choice(["gzip", "zstd", "bz2"])
    if rng.random() < 0.02:
        data += rng.choice([b"\0" * 40, b" " * 40, b"\n", b"x" * 40, b'{"a":1}\n']) * rng.choice(
            [10_000, 1_000_000]
        )
    packed = compress(kind, data)
    harm = rng.choice(["", "cut", "flip", "two", "tail"])
    if harm == "cut":
        packed = packed[: _place(rng, packed)]
    elif harm == "flip":
        packed = _flip(rng, packed, ()) or packed
    elif harm == "two":
        packed += compress(rng.choice(["gzip", "zstd", "bz2"]), data[:1000])
    elif harm == "tail":
        packed += rng.choice([b"\0" * 100, b"junk", packed[:5], b"\n"])
    return packed, f"{kind} {harm}".strip()


def compress(kind: str, data: bytes) -> bytes:
    """Return the data compressed; the same bytes at any time."""
    if kind == "gzip":
        return gzip.compress(data, 1, mtime=0)
    if kind == "bz2":
        return bz2.compress(data, 1)
    packed: bytes = pa.Codec("zstd").compress(data, asbytes=True)
    return packed
