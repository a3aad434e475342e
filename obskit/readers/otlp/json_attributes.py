"""Attributes in OTLP's JSON by numpy: lists of pairs as nearly all programs write them, cut out of the text.

Four fifths of such a text are `{"key":"...","value":{"stringValue":"..."}}`. Where all of a list is that,
without a space or an escape, its keys and values are told by the places of the quotes, and the list's number
is put in its place. The rest of the text is small; Arrow parses it, and any list that was not so with it.
"""

from __future__ import annotations

import secrets
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from obskit.readers.batches.attribute_columns import Integers
from obskit.readers.jsonl.uniform_lines import Flags, Places, Text, scalars

CUT = f"cut-{secrets.token_hex(8)}"
"""Name of the field that holds a list's number; no input can have it by design."""

_LARGEST = 32 * 1024 * 1024
"""Bytes of a block; the places of all quotes are held at once."""

_MANY = 8
"""Lists in a block from which on cutting them out is worth it."""


class Cut(NamedTuple):
    """Lists of pairs: the first pair of each, and beyond the last; keys and values as `pivot.Attributes`."""

    starts: Integers
    key: pa.Array
    values: tuple[pa.Array, ...]


class _Pairs(NamedTuple):
    """Pairs of the usual form.

    Attributes:
        begin: of each the place of its opening brace.
        end: the place after its closing one.
        key: where its key begins, and `key_end`, where that ends; `value` and `value_end` so for its value.
        kind: of the value, a place in `_KINDS`; -1 for a pair of another form.
    """

    begin: Places
    end: Places
    key: Places
    key_end: Places
    value: Places
    value_end: Places
    kind: npt.NDArray[np.int8]


# What stands before a value of each kind; an integer may be written both ways.
_BEFORE = (b'"stringValue":"', b'"intValue":"', b'"intValue":', b'"doubleValue":', b'"boolValue":')
_TEXT, _QUOTED, _BARE, _DOUBLE, _BOOL = range(5)
_LENGTHS = np.array([len(before) for before in _BEFORE], np.int32)
_HEADS = ((_TEXT, b'"stringV'), (_BARE, b'"intValu'), (_DOUBLE, b'"doubleV'), (_BOOL, b'"boolVal'))
_TAILS = np.array([int.from_bytes(before[-8:], "little") for before in _BEFORE], np.uint64)
# Type -> for every kind whether its values are of it; the last is that of no kind, -1.
_TYPES = (
    (pa.string(), np.array([1, 0, 0, 0, 0, 0], bool)),
    (pa.int64(), np.array([0, 1, 1, 0, 0, 0], bool)),
    (pa.float64(), np.array([0, 0, 0, 1, 0, 0], bool)),
    (pa.bool_(), np.array([0, 0, 0, 0, 1, 0], bool)),
)


def cut(data: bytes) -> tuple[bytes, Cut] | None:
    """Return a block of requests without its lists of pairs, and those; None where that gains nothing.

    Args:
        data: UTF-8, one request a line. Whether it is JSON is for whoever parses what is left.
    """
    if len(data) > _LARGEST or b"\\" in data:
        return None
    text = Text(data)
    body = text.bytes[: len(data)]
    quotes = np.flatnonzero(body == ord('"')).astype(np.int32)
    newlines = int(np.count_nonzero(body == ord("\n")))
    if len(quotes) % 2 or np.count_nonzero(body < 32) != newlines:
        return None
    pairs = _pairs(text, quotes)
    if pairs is None:
        return None
    first, last = _lists(text, pairs)
    if len(first) < _MANY:
        return None
    begins, ends = pairs.begin[first].tolist(), pairs.end[last].tolist()
    parts: list[bytes] = []
    at = 0
    for number, (begin, end) in enumerate(zip(begins, ends, strict=True)):
        parts += (data[at:begin], b'{"%s":%d}' % (CUT.encode(), number))
        at = end
    left = b"".join([*parts, data[at:]])
    if int(np.count_nonzero(np.frombuffer(left, np.uint8) == ord("\n"))) != newlines:
        return None
    sizes = last - first + 1
    starts = np.concatenate(([0], np.cumsum(sizes)))
    chosen = np.arange(starts[-1]) + np.repeat(first - starts[:-1], sizes)
    made = _values(text, _Pairs(*(column[chosen] for column in pairs)))
    return None if made is None else (left, Cut(starts, *made))


def _pairs(text: Text, quotes: Places) -> _Pairs | None:
    opens, closes = quotes[0::2], quotes[1::2]
    if len(opens) < 8 or opens[0] < 1:
        return None
    at = np.flatnonzero(text.bytes[opens + 1] == ord("k"))
    at = at[text.words(opens[at] - 1) == _word(b'{"key":"')]
    at = at[at + 4 < len(opens)]
    if not len(at):
        return None
    begin, key, key_end = opens[at] - 1, opens[at + 1] + 1, closes[at + 1]
    kind, inner = _kinds(text, key_end)
    quoted = (kind == _TEXT) | (kind == _QUOTED)
    value = inner + _LENGTHS[kind]
    # A bare value ends four bytes before the next quote, be it of the next pair or of what follows.
    value_end = np.where(quoted, closes[at + 4], opens[at + 4] - 4)
    other = np.flatnonzero(~quoted & (kind >= 0))
    stop = value_end[other]
    first = (text.bytes[stop] == ord("}")) & (text.bytes[stop - 1] != ord("}")) & (stop > value[other])
    other = other[~first]
    if len(other):
        braces = np.flatnonzero(text.bytes == ord("}")).astype(np.int32)
        if not len(braces):  # torn before the first value ended
            return None
        place = np.searchsorted(braces, value[other])
        value_end[other] = braces[np.minimum(place, len(braces) - 1)]
    end = value_end + (quoted + np.int32(2))
    end = np.where((kind >= 0) & (end <= len(text.data)), end, np.int32(2))
    kind[(text.bytes[end - 1] != ord("}")) | (text.bytes[end - 2] != ord("}"))] = -1
    return _Pairs(begin, end, key, key_end, value, value_end, kind)


def _kinds(text: Text, key_end: Places) -> tuple[npt.NDArray[np.int8], Places]:
    """Return the kind of each value, -1 where it is none of the usual, and where its name begins."""
    inner = key_end + np.int32(11)  # after `","value":{`
    head = text.words(inner)
    kind = np.full(len(inner), -1, np.int8)
    for number, wanted in _HEADS:
        kind[head == _word(wanted)] = number
    kind[(kind == _BARE) & (text.bytes[np.minimum(inner + 11, len(text.bytes) - 1)] == ord('"'))] = _QUOTED
    tail = text.words(inner + _LENGTHS[kind] - 8)
    kind[(tail != _TAILS[kind]) | ~_have(text, key_end, b'","value":{')] = -1
    return kind, inner


def _lists(text: Text, pairs: _Pairs) -> tuple[Integers, Integers]:
    """Return the first and the last pair of every list that is of such pairs alone."""
    usual = pairs.kind >= 0
    joined = usual[:-1] & usual[1:] & (text.bytes[pairs.end[:-1]] == ord(","))
    joined &= pairs.begin[1:] == pairs.end[:-1] + 1
    first = np.flatnonzero(usual & ~np.append(False, joined))
    last = np.flatnonzero(usual & ~np.append(joined, False))
    begin = pairs.begin[first]
    inside = begin >= 14
    good = inside & _have(text, np.where(inside, begin - 14, 0), b'"attributes":[')
    good &= text.bytes[pairs.end[last]] == ord("]")
    return first[good], last[good]


def _values(text: Text, pairs: _Pairs) -> tuple[pa.Array, tuple[pa.Array, ...]] | None:
    key = text.strings(pairs.key, pairs.key_end - pairs.key).dictionary_encode()
    length = pairs.value_end - pairs.value
    values = []
    for arrow, kinds in _TYPES:
        of_kind = kinds[pairs.kind]
        if not of_kind.any():
            continue
        try:
            if arrow.equals(pa.string()):
                made = text.strings(pairs.value, np.where(of_kind, length, 0), ~of_kind)
            else:
                made = _spread(text, pairs.value[of_kind], length[of_kind], arrow, of_kind)
        except pa.ArrowException:
            return None
        if made is None:
            return None
        values.append(made)
    return key, tuple(values)


def _spread(text: Text, start: Places, length: Places, kind: pa.DataType, rows: Flags) -> pa.Array | None:
    """Return scalars at the places where they belong, null between them."""
    found = scalars(text, start, length, kind)
    if found is None or found.null_count:
        return None
    all_of_them: npt.NDArray[Any] = np.zeros(len(rows), kind.to_pandas_dtype())
    all_of_them[rows] = found.to_numpy(zero_copy_only=False)
    return pa.array(all_of_them, kind, mask=~rows)


def _have(text: Text, at: Places, wanted: bytes) -> Flags:
    """Return at which places a text of at least eight bytes stands."""
    last = text.words(at + np.int32(len(wanted) - 8)) == _word(wanted[-8:])
    found: Flags = (text.words(at) == _word(wanted[:8])) & last
    return found


def _word(text: bytes) -> np.uint64:
    return np.uint64(int.from_bytes(text, "little"))
