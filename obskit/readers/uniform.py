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

_QUOTE, _NEWLINE, _CLOSE, _MINUS, _ZERO, _NINE = b'"\n}-09'
_FIELD = re.compile(rb'(?P<before>(?:^\{|, ?)"(?P<key>[^"]*)": ?)(?:(?P<quote>")[^"]*"|[-+.0-9a-zA-Z]+)')
_AFTER_ZERO = np.frombuffer(b".eE", np.uint8)
_LONGEST = 40
"""Bytes of a number, beyond which it is left to others."""


class _Field(NamedTuple):
    """What stands before a value in every line, from the end of the value before it on."""

    before: bytes
    key: str
    is_text: bool
    lead: int  # bytes of `before` until the key's first quote


class Text:
    """Bytes of which eight, or four, can be read at any place."""

    def __init__(self, data: bytes) -> None:
        padded = data + bytes(16)
        self.data = data
        self.bytes = np.frombuffer(padded, np.uint8)
        self.words = np.ndarray((len(padded) - 7,), "<u8", padded, 0, (1,))
        self.halves = np.ndarray((len(padded) - 3,), "<u4", padded, 0, (1,))

    def strings(self, start: Places, length: Places, missing: Flags | None = None) -> pa.Array:
        """Return stretches as an array of strings, by Arrow's views: length, then twelve bytes or a place."""
        views = np.empty((len(start), 2), np.uint64)
        views.view(np.uint32)[:, 0] = length
        views.view(np.uint32)[:, 1] = self.halves[start]
        views[:, 1] = np.where(length > 12, start.astype(np.uint64) << np.uint64(32), self.words[start + 4])
        valid = None if missing is None else pa.py_buffer(np.packbits(~missing, bitorder="little"))
        array = pa.Array.from_buffers(
            pa.string_view(), len(start), [valid, pa.py_buffer(views), pa.py_buffer(self.data)]
        )
        return pc.cast(array, pa.string())


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
        newlines = np.flatnonzero(body == _NEWLINE).astype(np.int32)
        if np.count_nonzero(body < 32) != len(newlines):
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
        found = _FIELD.match(line, at) if at == 0 or line[at : at + 1] == b"," else None
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
        have = text.words[place[self._row] + self._offset]
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
    head = text.halves[start]
    null = (head == _word(b"null")) & (length == 4)
    missing = null if null.any() else None
    if pa.types.is_boolean(kind):
        true = (head == _word(b"true")) & (length == 4)
        false = (head == _word(b"fals")) & (length == 5) & (text.bytes[start + 4] == ord("e"))
        return pa.array(true, pa.bool_(), mask=missing) if (true | false | null).all() else None
    whole = pa.types.is_int64(kind)
    if not _numbers(text, start, length, null, whole):
        return None
    texts = text.strings(start, length, missing)
    if not whole and any(pc.any(pc.match_substring(texts, odd)).as_py() for odd in (".e", ".E")):
        return None
    column = pc.cast(texts, kind)
    if not whole:
        values = column.drop_null().to_numpy(zero_copy_only=False)
        if not (np.abs(values) < 2.0**63).all():  # may have been integers, which are kept exactly
            return None
    return column


def _numbers(text: Text, start: Places, length: Places, null: Flags, whole: bool) -> bool:
    """Whether all are null, or begin and end as numbers of JSON: Arrow takes 01, 0x1, +1, 1. and inf too."""
    minus = text.bytes[start] == _MINUS
    first, last = text.bytes[start + minus], text.bytes[start + length - 1]
    good = (first >= _ZERO) & (first <= _NINE) & (last >= _ZERO) & (last <= _NINE)
    zero = first == _ZERO
    if zero.any():  # 0, 0.5 and 0e1, but not -0, which is a float
        alone = (length == 1) & ~minus
        second = text.bytes[start + minus + 1]
        good &= ~zero | (alone if whole else alone | ((length > minus + 1) & np.isin(second, _AFTER_ZERO)))
    return bool((good | null).all())


def _word(text: bytes) -> np.uint32:
    return np.uint32(int.from_bytes(text, "little"))
