"""Extract the attributes from OTLP's JSON with numpy, before Arrow parses the rest of the text.

About four fifths of such a text are lists of pairs in one form. Each list that consists only of such pairs,
without spaces or escapes, is replaced by a number:

    "attributes":[{"key":"db","value":{"stringValue":"users"}},{"key":"n","value":{"intValue":"7"}}]
    "attributes":[{"cut-5f1e...":0}]

The positions of the quotes give the keys and values of the list:

    starts: [0, 2]    key: ["db", "n"]    values: (["users", null], [null, 7])

The text that is left is small. Arrow parses it, together with the lists in any other form.
"""

from __future__ import annotations

import secrets
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from obskit.readers.batches.attribute_columns import Integers
from obskit.readers.jsonl.uniform_lines import Flags, Places, Text, scalars

PLACEHOLDER = f"cut-{secrets.token_hex(8)}"
"""Name of the field that replaces a list and holds its number; random, so no input contains it."""

_LARGEST = 32 * 1024 * 1024
"""Bytes of the largest block; the positions of all its quotes are in memory at once."""

MIN_LISTS = 8
"""Number of lists in a block from which on extracting them is faster."""


class ExtractedPairs(NamedTuple):
    """The pairs of all extracted lists.

    Attributes:
        starts: position of the first pair of each list; the number of pairs is appended.
        key: keys, as in `attribute_columns.Attributes`.
        values: values, as in `attribute_columns.Attributes`.
    """

    starts: Integers
    key: pa.Array
    values: tuple[pa.Array, ...]


class _Pairs(NamedTuple):
    """Offsets in the text of each pair, which is `{"key":"db","value":{"stringValue":"users"}}`.

    Attributes:
        begin: of its opening brace.
        end: after its last closing brace.
        key: of the first byte of the key.
        key_end: after the key.
        value: of the first byte of the value.
        value_end: after the value.
        kind: form of the value, an index of `_BEFORE`; -1 for a pair in another form.
    """

    begin: Places
    end: Places
    key: Places
    key_end: Places
    value: Places
    value_end: Places
    kind: npt.NDArray[np.int8]


# The text before a value of each kind; integers are written with or without quotes.
_BEFORE = (b'"stringValue":"', b'"intValue":"', b'"intValue":', b'"doubleValue":', b'"boolValue":')
_TEXT, _QUOTED, _BARE, _DOUBLE, _BOOL = range(5)
_LENGTHS = np.array([len(before) for before in _BEFORE], np.int32)
_HEADS = ((_TEXT, b'"stringV'), (_BARE, b'"intValu'), (_DOUBLE, b'"doubleV'), (_BOOL, b'"boolVal'))
_TAILS = np.array([int.from_bytes(before[-8:], "little") for before in _BEFORE], np.uint64)
# Type, and for each kind whether its values have that type; the last entry is for kind -1.
_TYPES = (
    (pa.string(), np.array([1, 0, 0, 0, 0, 0], bool)),
    (pa.int64(), np.array([0, 1, 1, 0, 0, 0], bool)),
    (pa.float64(), np.array([0, 0, 0, 1, 0, 0], bool)),
    (pa.bool_(), np.array([0, 0, 0, 0, 1, 0], bool)),
)


def extract_pairs(data: bytes) -> tuple[bytes, ExtractedPairs] | None:
    """Take the lists of pairs out of a block of requests.

    Args:
        data: UTF-8, one request per line. It may be invalid JSON, which the parser of the rest will find.
    Returns:
        The text with numbers in place of the lists, and the lists; None if there are too few of them.
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
    if len(first) < MIN_LISTS:
        return None
    begins, ends = pairs.begin[first].tolist(), pairs.end[last].tolist()
    parts: list[bytes] = []
    at = 0
    for number, (begin, end) in enumerate(zip(begins, ends, strict=True)):
        parts += (data[at:begin], b'{"%s":%d}' % (PLACEHOLDER.encode(), number))
        at = end
    left = b"".join([*parts, data[at:]])
    if int(np.count_nonzero(np.frombuffer(left, np.uint8) == ord("\n"))) != newlines:
        return None
    sizes = last - first + 1
    starts = np.concatenate(([0], np.cumsum(sizes)))
    chosen = np.arange(starts[-1]) + np.repeat(first - starts[:-1], sizes)
    made = _values(text, _Pairs(*(column[chosen] for column in pairs)))
    return None if made is None else (left, ExtractedPairs(starts, *made))


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
    # A value without quotes usually ends four bytes before the next quote: `7}},{"key"`, `7}}],"kind"`.
    value_end = np.where(quoted, closes[at + 4], opens[at + 4] - 4)
    other = np.flatnonzero(~quoted & (kind >= 0))
    stop = value_end[other]
    first = (text.bytes[stop] == ord("}")) & (text.bytes[stop - 1] != ord("}")) & (stop > value[other])
    other = other[~first]
    if len(other):
        braces = np.flatnonzero(text.bytes == ord("}")).astype(np.int32)
        if not len(braces):  # the text ends within the first value
            return None
        place = np.searchsorted(braces, value[other])
        value_end[other] = braces[np.minimum(place, len(braces) - 1)]
    end = value_end + (quoted + np.int32(2))
    end = np.where((kind >= 0) & (end <= len(text.data)), end, np.int32(2))
    kind[(text.bytes[end - 1] != ord("}")) | (text.bytes[end - 2] != ord("}"))] = -1
    return _Pairs(begin, end, key, key_end, value, value_end, kind)


def _kinds(text: Text, key_end: Places) -> tuple[npt.NDArray[np.int8], Places]:
    """Return the kind of each value, or -1, and the offset of the name of its type."""
    inner = key_end + np.int32(11)  # after `","value":{`
    head = text.words(inner)
    kind = np.full(len(inner), -1, np.int8)
    for number, wanted in _HEADS:
        kind[head == _word(wanted)] = number
    kind[(kind == _BARE) & (text.bytes[np.minimum(inner + 11, len(text.bytes) - 1)] == ord('"'))] = _QUOTED
    tail = text.words(inner + _LENGTHS[kind] - 8)
    kind[(tail != _TAILS[kind]) | ~_text_at(text, key_end, b'","value":{')] = -1
    return kind, inner


def _lists(text: Text, pairs: _Pairs) -> tuple[Integers, Integers]:
    """Return the first and last pair of each list in which all pairs have the usual form."""
    usual = pairs.kind >= 0
    joined = usual[:-1] & usual[1:] & (text.bytes[pairs.end[:-1]] == ord(","))
    joined &= pairs.begin[1:] == pairs.end[:-1] + 1
    first = np.flatnonzero(usual & ~np.append(False, joined))
    last = np.flatnonzero(usual & ~np.append(joined, False))
    begin = pairs.begin[first]
    inside = begin >= 14
    good = inside & _text_at(text, np.where(inside, begin - 14, 0), b'"attributes":[')
    good &= text.bytes[pairs.end[last]] == ord("]")
    return first[good], last[good]


def _values(text: Text, pairs: _Pairs) -> tuple[pa.Array, tuple[pa.Array, ...]] | None:
    try:
        key = text.strings(pairs.key, pairs.key_end - pairs.key).dictionary_encode()
    except pa.ArrowException:
        return None
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
                made = _scalar_column(text, pairs.value[of_kind], length[of_kind], arrow, of_kind)
        except pa.ArrowException:
            return None
        if made is None:
            return None
        values.append(made)
    return key, tuple(values)


def _scalar_column(
    text: Text, start: Places, length: Places, kind: pa.DataType, rows: Flags
) -> pa.Array | None:
    """Return scalars as a column for all pairs, with null for pairs of another type."""
    found = scalars(text, start, length, kind)
    if found is None or found.null_count:
        return None
    all_of_them: npt.NDArray[Any] = np.zeros(len(rows), kind.to_pandas_dtype())
    all_of_them[rows] = found.to_numpy(zero_copy_only=False)
    return pa.array(all_of_them, kind, mask=~rows)


def _text_at(text: Text, at: Places, wanted: bytes) -> Flags:
    """Return at which offsets the text `wanted` is; it has at least eight bytes."""
    last = text.words(at + np.int32(len(wanted) - 8)) == _word(wanted[-8:])
    found: Flags = (text.words(at) == _word(wanted[:8])) & last
    return found


def _word(text: bytes) -> np.uint64:
    return np.uint64(int.from_bytes(text, "little"))
