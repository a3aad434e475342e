"""Parse a block of flat JSON lines that all have the same keys in the same order, with numpy and Arrow.

Programs write such lines by the million:

    {"id":7,"op":"GET /","ok":true}
    {"id":12,"op":"PUT /a","ok":false}

The first line gives the text in front of each value. A string's quotes belong to that text, not to the value:

    {"id":          an int64 follows
    ,"op":"         a string follows
    ","ok":         a bool follows

numpy finds all quotes of the block. There must be the same number in each line, so their positions make a
table with one row per line, and the columns of that table say where each value starts and ends. If the
texts between the values are the ones of the first line everywhere, Arrow converts each column of values:

    id: [7, 12]     op: ["GET /", "PUT /a"]     ok: [true, false]

The whole block is refused, and `jsonl.reader` parses it another way, if any line has an escape, a nested
value, a key more or less, other spacing, or a number that JSON does not allow. `python -m benchmarks.load
--only flat-jsonl` measures the reader with and without this module: about 1.2 times the rows per CPU-second.
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

_QUOTE, _NEWLINE, _MINUS, _ZERO = (np.uint8(byte) for byte in b'"\n-0')
_FIELD = re.compile(rb'(?P<before>(?:^\{|, ?)"(?P<key>[^"]*)": ?)(?:(?P<quote>")[^"]*"|[-+.0-9a-zA-Z]+)')
_HALF = np.uint64(0xFFFFFFFF)
_LONGEST = 40
"""Bytes of the longest number that is parsed here."""

_SAMPLE = 32 * 1024
"""Bytes of the first block whose lines are compared before the whole block is searched."""


class _Field(NamedTuple):
    """A field of the first line.

    Attributes:
        before: the bytes between the previous value and this one, including the quotes of string values.
        key: the field's name.
        is_text: whether its value is a string.
        lead: number of bytes in `before` up to the first quote of the key.
    """

    before: bytes
    key: str
    is_text: bool
    lead: int


class Text:
    """Bytes that can be read as eight-byte words at any offset.

    numpy is slow at reading words at offsets that are not multiples of eight, so two aligned words are read
    and joined.

    Args:
        data: the bytes; they are copied once, with padding at the end.
    """

    def __init__(self, data: bytes) -> None:
        padded = data + bytes(32 - len(data) % 8)
        self.data = data
        self.bytes = np.frombuffer(padded, np.uint8)
        self._words = np.frombuffer(padded, np.uint64)

    def words(self, at: Places) -> Words:
        """Return the eight bytes at each offset as a little-endian number."""
        at = np.minimum(at, len(self.data)).astype(np.intp)
        index, shift = at >> 3, ((at & 7) << 3).astype(np.uint64)
        return _joined(self._words[index], self._words[index + 1], shift)

    def from_aligned(self, index: npt.NDArray[np.intp], shift: Words) -> Words:
        """Return the words that start `shift` bits after aligned words.

        Args:
            index: numbers of aligned words, one more along the first axis than there are words to return.
            shift: bits, less than 64.
        Returns:
            The words, one fewer along the first axis than `index`.
        """
        aligned = self._words[index]
        return _joined(aligned[:-1], aligned[1:], shift)

    def strings(self, start: Places, length: Places, missing: Flags | None = None) -> pa.Array:
        """Return slices of the text as one array of strings, column by column.

        Args:
            start: offsets of shape (columns, rows), or of one dimension for one column. Row by row they
                ascend, and no slice overlaps the next.
            length: bytes, of the same shape.
            missing: whether a value is null, of the same shape.
        Returns:
            String array of `start.size` values.
        Raises:
            ArrowInvalid: the slices are out of order, overlap or leave the text.
        """
        if not start.size:
            return pa.array([], pa.string())
        # An Arrow string array is a list of ascending offsets. These offsets cut the text into the slices and
        # the bytes between them, alternately; `take` then picks every second string.
        columns = len(start) if start.ndim == 2 else 1
        cuts = np.empty((start.size // columns, 2 * columns), np.int32)
        cuts[:, 0::2] = start.T if start.ndim == 2 else start[:, None]
        cuts[:, 1::2] = (start + length).T if start.ndim == 2 else (start + length)[:, None]
        flat = cuts.ravel()
        if flat[0] < 0 or flat[-1] > len(self.data) or (flat[1:] < flat[:-1]).any():
            raise pa.ArrowInvalid("slices out of order")
        at = np.arange(columns, dtype=np.int32)[:, None] + np.arange(len(cuts), dtype=np.int32) * columns
        index = pa.array(at.ravel() * 2, mask=None if missing is None else missing.ravel())
        buffers = [None, pa.py_buffer(flat), pa.py_buffer(self.data)]
        return pa.Array.from_buffers(pa.string(), len(flat) - 1, buffers).take(index)


def _joined(low: Words, high: Words, shift: Words) -> Words:
    out: Words = low >> shift
    high = high << np.uint64(1)  # in two steps, because a shift by 64 bits is undefined
    high <<= np.uint64(63) - shift
    out |= high
    return out


class UniformBlockParser:
    """Parses blocks whose lines all look like the first line; remembers that line for the next block.

    Args:
        schema: types of all fields that may occur.
    """

    def __init__(self, schema: pa.Schema) -> None:
        self.schema = schema
        self._template: _Template | None = None

    def parse(self, data: bytes) -> pa.RecordBatch | None:
        """Return the block as a batch, without columns that are null throughout.

        Args:
            data: lines in UTF-8, as `{"id":7,"ok":true}` with a newline after each; the last may lack it.
        Returns:
            The batch, or None if the lines are not all alike and another parser has to take the block.
        """
        if b"\\" in data or (self._template is None and not _may_be_uniform(data)):
            return None
        text = Text(data)
        body = text.bytes[: len(data)]
        # Bytes below 32 can only be the newlines: `_Template.columns` refuses anything else.
        rows = int(np.count_nonzero(body < 32)) + (not data.endswith(b"\n"))
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


def _may_be_uniform(data: bytes) -> bool:
    """Whether the first lines have equally many quotes: a cheap test before the whole block is searched."""
    lines = data[:_SAMPLE].split(b"\n")[:-1]
    return len({line.count(b'"') for line in lines}) <= 1


def _fields(line: bytes, schema: pa.Schema) -> list[_Field] | None:
    """Return the fields of a line, or None if it is not flat or differs from the schema."""
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
    """The fields of one line, laid out as arrays so that numpy can look for them in all lines at once."""

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
        """Return the values by field, or None if some line has other text between its values.

        Args:
            text: the lines.
            quotes: offsets of all quotes.
            rows: number of control characters, plus one if the last line has no newline.
        Returns:
            Field name -> array of `rows` values, in the order of the line.
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
        """Whether every line has the fields' `before` texts at these offsets."""
        index, shift = (place >> 3).astype(np.intp), ((place & 7) << 3).astype(np.uint64)
        for which, steps, words, mask in self._words:
            have = text.from_aligned(index[which] + steps, shift[which])
            have[-1] &= mask
            if not (have == words).all():
                return False
        return True


def _share(found: dict[str, pa.Array], fields: list[_Field], which: Flags, values: pa.Array) -> None:
    """Split the values of one type by field, and put them into `found`."""
    rows = len(values) // int(which.sum())
    for number, index in enumerate(np.flatnonzero(which).tolist()):
        found[fields[index].key] = values.slice(number * rows, rows)


def scalars(text: Text, start: Places, length: Places, kind: pa.DataType) -> pa.Array | None:
    """Return slices of the text as numbers or booleans; `null` becomes null.

    Args:
        text: the bytes.
        start: offsets, as `Text.strings` takes them.
        length: bytes, of the same shape.
        kind: int64, float64 or bool.
    Returns:
        Array of `start.size` values, or None if a slice is not such a value in JSON's notation.
    Raises:
        ArrowInvalid: Arrow cannot convert a slice.
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
    texts = text.strings(*stretches, missing)
    if not whole and any(odd in texts.buffers()[2].to_pybytes() for odd in (b".e", b".E")):
        return None
    column = pc.cast(texts, kind)
    if not whole:
        values = column.drop_null().to_numpy(zero_copy_only=False)
        if not (np.abs(values) < 2.0**63).all():  # integers so large must keep all their digits
            return None
    return column


def _numbers(text: Text, start: Places, length: Places, first: npt.NDArray[np.uint8], whole: bool) -> Flags:
    """Return which slices start and end like a JSON number; Arrow also accepts 01, 0x1, +1, 1. and inf."""
    last = text.bytes[start + length - 1]
    minus = first == _MINUS
    signed = bool(minus.any())
    if signed:
        first = text.bytes[start + minus]
    # The bytes are unsigned, so a byte below "0" wraps around to more than 9.
    good: Flags = (first - _ZERO <= 9) & (last - _ZERO <= 9)
    zero = np.flatnonzero(first == _ZERO)
    if len(zero):  # accept 0, 0.5 and 0e1; refuse 01, and -0, which is a float
        minus, digits = minus[zero], length[zero]
        second = text.bytes[start[zero] + minus + 1]
        after = (second == ord(".")) | (second == ord("e")) | (second == ord("E"))
        good[zero] &= ((digits == 1) & ~minus) | ((digits > minus + 1) & after & (not whole))
    return good


def _word(text: bytes) -> np.uint64:
    return np.uint64(int.from_bytes(text, "little"))
