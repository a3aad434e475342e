"""Flat JSON lines that all have the same keys in the same order: parsed all at once, by numpy and Arrow.

Programs write such lines by the million. The first line tells what stands between the values; where that is
found at the same places of every line, what is left are the values, as texts that Arrow parses. Whatever is
not so is refused: an escape, a nested value, a key more or less, a space where the first line has none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Places = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]
Words = npt.NDArray[np.uint64]

_QUOTE, _NEWLINE, _CLOSE, _MINUS, _ZERO = (np.uint8(byte) for byte in b'"\n}-0')
_FIELD = re.compile(rb'(?P<before>(?:^\{|, ?)"(?P<key>[^"]*)": ?)(?:(?P<quote>")[^"]*"|[-+.0-9a-zA-Z]+)')
_HALF = np.uint64(0xFFFFFFFF)
_LONGEST = 40
"""Bytes of a number, beyond which it is left to others."""


class _Field(NamedTuple):
    """What stands before a value in every line, from the end of the value before it on."""

    before: bytes
    key: str
    is_text: bool
    lead: int  # bytes of `before` until the key's first quote


class Text:
    """Bytes of which eight can be read at any place.

    A gather at places that are no multiples of eight is slow in numpy: two words are read and joined.
    """

    def __init__(self, data: bytes) -> None:
        padded = data + bytes(32 - len(data) % 8)
        self.data = data
        self.bytes = np.frombuffer(padded, np.uint8)
        self._words = np.frombuffer(padded, np.uint64)

    def words(self, at: Places) -> Words:
        """Return the eight bytes at some places, each as a number; the first byte is the lowest."""
        at = np.minimum(at, len(self.data)).astype(np.intp)
        index, shift = at >> 3, ((at & 7) << 3).astype(np.uint64)
        return _joined(self._words[index], self._words[index + 1], shift)

    def strings(self, start: Places, length: Places, missing: Flags | None = None) -> pa.Array:
        """Return stretches as an array of strings, by Arrow's views: length, then twelve bytes or a place."""
        at = start.astype(np.intp)
        index, shift = at >> 3, ((at & 7) << 3).astype(np.uint64)
        middle = self._words[index + 1]
        first = _joined(self._words[index], middle, shift)
        second = _joined(middle, self._words[index + 2], shift)
        views = np.empty((len(start), 2), np.uint64)
        views[:, 0] = (first << np.uint64(32)) | length.astype(np.uint64)
        inside = (first >> np.uint64(32)) | (second << np.uint64(32))
        views[:, 1] = np.where(length > 12, at.astype(np.uint64) << np.uint64(32), inside)
        valid = None if missing is None else pa.py_buffer(np.packbits(~missing, bitorder="little"))
        array = pa.Array.from_buffers(
            pa.string_view(), len(start), [valid, pa.py_buffer(views), pa.py_buffer(self.data)]
        )
        return pc.cast(array, pa.string())


def _joined(low: Words, high: Words, shift: Words) -> Words:
    out: Words = low >> shift
    high = high << np.uint64(1)  # in two steps, for a shift by 64 is none
    high <<= np.uint64(63) - shift
    out |= high
    return out


class Alike:
    """Parses blocks of lines that are all alike, as long as the first of one is like that of the last.

    Args:
        schema: the types of all fields that there may be.
    """

    def __init__(self, schema: pa.Schema) -> None:
        self.schema = schema
        self._template: _Template | None = None

    def batch(self, data: bytes) -> pa.RecordBatch | None:
        """Return lines, which are UTF-8, as a batch, or None where they are not all alike."""
        if b"\\" in data:
            return None
        text = Text(data)
        body = text.bytes[: len(data)]
        newlines = np.flatnonzero(body < 32).astype(np.int32)
        if not (body[newlines] == _NEWLINE).all():
            return None
        ends = newlines if data.endswith(b"\n") else np.append(newlines, np.int32(len(data)))
        quotes = np.flatnonzero(body == _QUOTE).astype(np.int32)
        template = self._template
        columns = None if template is None else template.columns(text, quotes, ends)
        if columns is None:
            fields = _fields(data[: int(ends[0])], self.schema)
            if fields is None or (template is not None and fields == template.fields):
                return None
            self._template = template = _Template(fields, self.schema)
            columns = template.columns(text, quotes, ends)
        if columns is None:
            return None
        kept = [column for column in columns.items() if column[1].null_count < len(ends)]
        return pa.RecordBatch.from_arrays([c for _, c in kept], [name for name, _ in kept]) if kept else None


def _fields(line: bytes, schema: pa.Schema) -> list[_Field] | None:
    """Return what the first line has, None where it is not flat or has a field of another type."""
    out: list[_Field] = []
    at = 0
    while at < len(line) - 1:
        found = _FIELD.match(line, at) if line[at : at + 1] == (b"," if at else b"{") else None
        if found is None:
            return None
        key = found["key"].decode()
        index = schema.get_field_index(key)
        is_text = found["quote"] is not None
        if index < 0 or is_text != pa.types.is_string(schema.field(index).type):
            return None
        before = found["before"] + (found["quote"] or b"")
        out.append(_Field(before, key, is_text, before.index(b'"')))
        at = found.end()
    names = {field.key for field in out}
    return out if out and len(names) == len(out) and line[at:] == b"}" else None


class _Template:
    """What one line is made of, laid out to be looked for in all."""

    def __init__(self, fields: list[_Field], schema: pa.Schema) -> None:
        self.fields = fields
        sizes = [4 if field.is_text else 2 for field in fields]
        self._quotes = sum(sizes)
        self._opens = np.cumsum([0, *sizes])[:-1]
        self._is_text = np.array([field.is_text for field in fields])
        self._leads = np.array([[field.lead] for field in fields], np.int32)
        self._lengths = np.array([[len(field.before)] for field in fields], np.int32)
        kinds = [schema.field(field.key).type for field in fields]
        self._scalars = []
        for kind in (pa.int64(), pa.float64(), pa.bool_()):
            which = np.array([not f.is_text and k.equals(kind) for f, k in zip(fields, kinds, strict=True)])
            if which.any():
                self._scalars.append((kind, which))
        words = [
            (number, start, piece)
            for number, field in enumerate(fields)
            for start, piece in _pieces(field.before)
        ]
        self._row = np.array([number for number, _, _ in words])
        self._offset = np.array([[start] for _, start, _ in words], np.int32)
        self._mask = np.array([[(1 << 8 * len(piece)) - 1] for _, _, piece in words], np.uint64)
        self._cut = any(len(piece) < 8 for _, _, piece in words)
        self._word = np.array([[int.from_bytes(piece, "little")] for _, _, piece in words], np.uint64)

    def columns(self, text: Text, quotes: Places, ends: Places) -> dict[str, pa.Array] | None:
        """Return the values, or None where what stands between them is not the same in every line.

        Args:
            text: the lines.
            quotes: the places of all quotes.
            ends: where each line ends.
        """
        if len(quotes) != self._quotes * len(ends):
            return None
        at = np.ascontiguousarray(quotes.reshape(len(ends), self._quotes).T)
        place = at[self._opens] - self._leads
        stop = np.concatenate([place[1:], [ends - 1]])  # where each value, with its quote if any, ends
        closes = at[self._opens[self._is_text] + 3]
        start = place + self._lengths
        if not (
            place[0, 0] == 0
            and np.array_equal(place[0, 1:], ends[:-1] + 1)
            and np.array_equal(stop[self._is_text], closes + 1)
            and (text.bytes[stop[-1]] == _CLOSE).all()
            and int(start[:, -1].max()) < len(text.data)
        ):
            return None
        have = text.words(place[self._row] + self._offset)
        if self._cut:
            have &= self._mask
        if not (have == self._word).all():
            return None
        found: dict[str, pa.Array] = {}
        try:
            if self._is_text.any():
                lengths = closes - start[self._is_text]
                values = text.strings(start[self._is_text].ravel(), lengths.ravel())
                _share(found, self.fields, self._is_text, values)
            for kind, which in self._scalars:
                values = scalars(text, start[which].ravel(), (stop - start)[which].ravel(), kind)
                if values is None:
                    return None
                _share(found, self.fields, which, values)
        except pa.ArrowException:
            return None
        return (
            {field.key: found[field.key] for field in self.fields} if len(found) == len(self.fields) else None
        )


def _pieces(text: bytes) -> Iterator[tuple[int, bytes]]:
    """Give a text in eights, of which the last may have some of the one before again."""
    for start in range(0, len(text), 8):
        start = min(start, max(0, len(text) - 8))
        yield start, text[start : start + 8]


def _share(found: dict[str, pa.Array], fields: list[_Field], which: Flags, values: pa.Array) -> None:
    """Give the fields of a type their stretches of its values."""
    rows = len(values) // int(which.sum())
    for number, index in enumerate(np.flatnonzero(which).tolist()):
        found[fields[index].key] = values.slice(number * rows, rows)


def scalars(text: Text, start: Places, length: Places, kind: pa.DataType) -> pa.Array | None:
    """Return stretches as numbers or booleans (null where so written), None where one is none of JSON's."""
    if int(length.min()) < 1 or int(length.max()) > _LONGEST:
        return None
    first = text.bytes[start]
    null, missing = np.zeros(1, bool), None
    if (first == ord("n")).any():
        null = missing = (text.words(start) & _HALF == _word(b"null")) & (length == 4)
    if pa.types.is_boolean(kind):
        head = text.words(start) & _HALF
        true = (head == _word(b"true")) & (length == 4)
        false = (head == _word(b"fals")) & (length == 5) & (text.bytes[start + 4] == ord("e"))
        return pa.array(true, pa.bool_(), mask=missing) if (true | false | null).all() else None
    whole = pa.types.is_int64(kind)
    if not (_numbers(text, start, length, first, whole) | null).all():
        return None
    if whole and missing is None and int(length.max()) <= 8:
        return pa.array(_short(text.words(start), length, first == _MINUS))
    texts = text.strings(start, length, missing)
    if not whole and any(pc.any(pc.match_substring(texts, odd)).as_py() for odd in (".e", ".E")):
        return None
    column = pc.cast(texts, kind)
    if not whole:
        values = column.drop_null().to_numpy(zero_copy_only=False)
        if not (np.abs(values) < 2.0**63).all():  # may have been integers, which are kept exactly
            return None
    return column


def _numbers(text: Text, start: Places, length: Places, first: npt.NDArray[np.uint8], whole: bool) -> Flags:
    """Return which begin and end as numbers of JSON: Arrow takes 01, 0x1, +1, 1. and inf too."""
    last = text.bytes[start + length - 1]
    minus = first == _MINUS
    signed = bool(minus.any())
    if signed:
        first = text.bytes[start + minus]
    # As unsigned bytes, what is below "0" is far above "9".
    good: Flags = (first - _ZERO <= 9) & (last - _ZERO <= 9)
    zero = np.flatnonzero(first == _ZERO)
    if len(zero):  # 0, 0.5 and 0e1, but not -0, which is a float
        minus, digits = minus[zero], length[zero]
        second = text.bytes[start[zero] + minus + 1]
        after = (second == ord(".")) | (second == ord("e")) | (second == ord("E"))
        good[zero] &= ((digits == 1) & ~minus) | ((digits > minus + 1) & after & (not whole))
    return good


def _short(words: npt.NDArray[np.uint64], length: Places, minus: Flags) -> npt.NDArray[np.int64]:
    """Return integers of at most eight bytes, which are in words with what follows them.

    Raises:
        ArrowInvalid: one has something but digits in it.
    """
    # The digits go to the word's high end, zeros before them; then two, four and eight are joined.
    empty = ((8 - length) * 8).astype(np.uint64)
    digits = np.where(minus, (words & ~np.uint64(0xFF)) | np.uint64(_ZERO), words) << (empty & np.uint64(63))
    digits |= np.where(empty, np.uint64(0x3030303030303030) >> (np.uint64(64) - empty), np.uint64(0))
    digits -= np.uint64(0x3030303030303030)
    if ((digits | (digits + np.uint64(0x7676767676767676))) & np.uint64(0x8080808080808080)).any():
        raise pa.ArrowInvalid("not an integer")
    digits = (digits * np.uint64(10) + (digits >> np.uint64(8))) & np.uint64(0x00FF00FF00FF00FF)
    digits = (digits * np.uint64(100) + (digits >> np.uint64(16))) & np.uint64(0x0000FFFF0000FFFF)
    digits = (digits * np.uint64(10000) + (digits >> np.uint64(32))) & np.uint64(0xFFFFFFFF)
    found: npt.NDArray[np.int64] = digits.astype(np.int64)
    found[minus] *= -1
    return found


def _word(text: bytes) -> np.uint64:
    return np.uint64(int.from_bytes(text, "little"))
