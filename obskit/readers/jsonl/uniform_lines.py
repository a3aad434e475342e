"""Flat JSON lines that all have the same keys in the same order: parsed all at once, by numpy and Arrow.

Programs write such lines by the million. The first line tells what stands between the values; where that is
found at the same places of every line, what is left are the values, as texts that Arrow parses. Whatever is
not so is refused: an escape, a nested value, a key more or less, a space where the first line has none.
"""

from __future__ import annotations

import re
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
    """What stands before a value in every line, from the end of the value before it on, its quote with it."""

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

    def from_aligned(self, index: npt.NDArray[np.intp], shift: Words) -> Words:
        """Return the words that begin `shift` bits after aligned ones, of which one more is given."""
        aligned = self._words[index]
        return _joined(aligned[:-1], aligned[1:], shift)

    def strings(self, start: Places, length: Places, missing: Flags | None = None) -> pa.Array:
        """Return stretches as an array of strings, column by column; null where `missing`.

        Args:
            start: of each stretch; of shape (columns, rows) where every row has some, else of one dimension.
            length: in bytes, of the same shape; and so is `missing`.
        """
        # Stretches that follow each other are every other one that the same offsets cut the text into.
        columns = len(start) if start.ndim == 2 else 1
        cuts = np.empty((start.size // columns, 2 * columns), np.int32)
        cuts[:, 0::2] = start.T if start.ndim == 2 else start[:, None]
        cuts[:, 1::2] = (start + length).T if start.ndim == 2 else (start + length)[:, None]
        flat = cuts.ravel()
        if not start.size or flat[0] < 0 or flat[-1] > len(self.data) or (flat[1:] < flat[:-1]).any():
            return self._scattered(
                start.ravel(), length.ravel(), None if missing is None else missing.ravel()
            )
        at = np.arange(columns, dtype=np.int32)[:, None] + np.arange(len(cuts), dtype=np.int32) * columns
        index = pa.array(at.ravel() * 2, mask=None if missing is None else missing.ravel())
        buffers = [None, pa.py_buffer(flat), pa.py_buffer(self.data)]
        return pa.Array.from_buffers(pa.string(), len(flat) - 1, buffers).take(index)

    def _scattered(self, start: Places, length: Places, missing: Flags | None) -> pa.Array:
        """Return stretches in any order, by Arrow's views: length, then twelve bytes or a place."""
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
        rows = int(np.count_nonzero(body < 32)) + (not data.endswith(b"\n"))  # if these are newlines
        quotes = np.flatnonzero(body == _QUOTE).astype(np.int32)
        template = self._template
        columns = None if template is None else template.columns(text, quotes, rows)
        if columns is None:
            fields = _fields(data.partition(b"\n")[0], self.schema)
            if fields is None or (template is not None and fields == template.fields):
                return None
            self._template = template = _Template(fields, self.schema)
            columns = template.columns(text, quotes, rows)
        if columns is None:
            return None
        kept = [column for column in columns.items() if column[1].null_count < rows]
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
        closing = b'"' if out and out[-1].is_text else b""
        lead = len(closing) + found["before"].index(b'"')
        out.append(_Field(closing + found["before"] + (found["quote"] or b""), key, is_text, lead))
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
        self._closing = b'"}' if fields[-1].is_text else b"}"
        self._leads = np.array([[field.lead] for field in fields], np.int32)
        self._lengths = np.array([[len(field.before)] for field in fields], np.int32)
        kinds = [schema.field(field.key).type for field in fields]
        self._scalars = []
        for kind in (pa.int64(), pa.float64(), pa.bool_()):
            which = np.array([not f.is_text and k.equals(kind) for f, k in zip(fields, kinds, strict=True)])
            if which.any():
                self._scalars.append((kind, which))
        self._words = []
        eights = np.array([-(-len(field.before) // 8) for field in fields])
        for count in np.unique(eights).tolist():
            which = np.flatnonzero(eights == count)
            texts = np.array([[fields[at].before] for at in which.tolist()], f"S{8 * count}")
            words = texts.view(np.uint64).T[:, :, None]
            rest = [len(fields[at].before) - 8 * (count - 1) for at in which.tolist()]
            mask = np.array([[(1 << 8 * size) - 1] for size in rest], np.uint64)
            self._words.append((which, np.arange(count + 1)[:, None, None], words, mask))

    def columns(self, text: Text, quotes: Places, rows: int) -> dict[str, pa.Array] | None:
        """Return the values, or None where what stands between them is not the same in every line.

        Args:
            text: the lines.
            quotes: the places of all quotes.
            rows: how many bytes below space there are, with one more if the last line has no newline.
        """
        if len(quotes) != self._quotes * rows:
            return None
        size = len(text.data)
        place = quotes.reshape(rows, self._quotes).T[self._opens] - self._leads
        ends = np.append(place[0, 1:] - 1, np.int32(size - text.data.endswith(b"\n")))
        start, stop = place + self._lengths, np.concatenate([place[1:], [ends - len(self._closing)]])
        if not (
            place[0, 0] == 0
            and (text.bytes[ends[:-1]] == _NEWLINE).all()
            and int(start[:, -1].max()) < size
            and all((text.bytes[stop[-1] + at] == byte).all() for at, byte in enumerate(self._closing))
            and self._found(text, place)
        ):
            return None
        found: dict[str, pa.Array] = {}
        try:
            if self._is_text.any():
                begin = start[self._is_text]
                _share(found, self.fields, self._is_text, text.strings(begin, stop[self._is_text] - begin))
            for kind, which in self._scalars:
                begin = start[which]
                values = scalars(text, begin, stop[which] - begin, kind)
                if values is None:
                    return None
                _share(found, self.fields, which, values)
        except pa.ArrowException:
            return None
        return (
            {field.key: found[field.key] for field in self.fields} if len(found) == len(self.fields) else None
        )

    def _found(self, text: Text, place: Places) -> bool:
        """Whether what stands before the values stands at the given places of every line."""
        index, shift = (place >> 3).astype(np.intp), ((place & 7) << 3).astype(np.uint64)
        for which, steps, words, mask in self._words:
            have = text.from_aligned(index[which] + steps, shift[which])
            have[-1] &= mask
            if not (have == words).all():
                return False
        return True


def _share(found: dict[str, pa.Array], fields: list[_Field], which: Flags, values: pa.Array) -> None:
    """Give the fields of a type their stretches of its values."""
    rows = len(values) // int(which.sum())
    for number, index in enumerate(np.flatnonzero(which).tolist()):
        found[fields[index].key] = values.slice(number * rows, rows)


def scalars(text: Text, start: Places, length: Places, kind: pa.DataType) -> pa.Array | None:
    """Return stretches as numbers or booleans (null where so written), None where one is none of JSON's.

    Args:
        text: where they are.
        start, length: as `Text.strings` takes them.
        kind: int64, float64 or bool.
    """
    if int(length.min()) < 1 or int(length.max()) > _LONGEST:
        return None
    stretches = start, length
    start, length = start.ravel(), length.ravel()
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
    texts = text.strings(*stretches, missing)
    if not whole and any(odd in texts.buffers()[2].to_pybytes() for odd in (b".e", b".E")):
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
