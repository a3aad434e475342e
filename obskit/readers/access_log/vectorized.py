"""Many lines of an access log at once: where the tokens of a layout lie, by whole arrays.

A line is taken if it has exactly the layout's quotation marks and spaces, a request of a usual method and
protocol that asks for a path, and no backslash; all others are left to `single`. Nothing is decided line by
line here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from obskit.readers.access_log.log_formats import (
    BRACKET,
    CLOCK,
    CODES,
    COUNTS,
    LISTS,
    PATTERNS,
    QUOTED,
    SECONDS,
    Layout,
)
from obskit.readers.access_log.timestamps import CLOCK_SIZE, moments_of

NUMBERS = frozenset({*CODES, *COUNTS, *SECONDS})
METHODS = pa.array(["GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT", "QUERY"])
VERSIONS = pa.array(["1.1", "2.0", "1.0", "2", "3.0", "3"])

Positions = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Words = npt.NDArray[np.uint64]

_SPACE, _QUOTE, _BACKSLASH, _NEWLINE, _RETURN, _DASH = b' "\\\n\r-'
# A line that does not fit may lead the cursor on by a few tokens, beyond the end of the last one.
_BEYOND = 1024
_BARE_WORDS = 64
"""How many words of eight bytes a bare token is looked through; a longer one is for the other way."""

_ONES, _HIGHS, _SPACES = (np.uint64(int.from_bytes(bytes([byte]) * 8)) for byte in (0x01, 0x80, _SPACE))
_ZEROS, _SIXES, _UPPER = (np.uint64(int.from_bytes(bytes([byte]) * 8)) for byte in (ord("0"), 0x06, 0xF0))
_JOINS = tuple(
    (np.uint64((10**width << 8 * width) + 1), np.uint64(8 * width), np.uint64(mask))
    for width, mask in ((1, 0x00FF00FF00FF00FF), (2, 0x0000FFFF0000FFFF), (4, 0x00000000FFFFFFFF))
)
# Masks of a word's first bytes, by how many.
_FIRST_BYTES = np.array([(1 << 8 * size) - 1 for size in range(9)], np.uint64)


def _words(texts: Sequence[str]) -> list[tuple[np.uint64, np.uint64]]:
    """Return each text's first eight bytes as a number, and the mask of them."""
    raw = [text.encode()[:8] for text in texts]
    return [(np.uint64(int.from_bytes(text, "little")), _FIRST_BYTES[len(text)]) for text in raw]


_METHODS = _words([f"{text} " for text in METHODS.to_pylist()])
_METHOD_SIZES = np.array([len(text) for text in METHODS.to_pylist()])
# A protocol of one digit is looked at with the space before it, so that all have eight bytes.
_VERSIONS = _words([f"HTTP/{text}" if "." in text else f" HTTP/{text}" for text in VERSIONS.to_pylist()])
_VERSION_SIZES = np.array([5 + len(text) for text in VERSIONS.to_pylist()])


class Split(NamedTuple):
    """What was taken of a block.

    Attributes:
        columns: field -> its text, a row a line taken, `-` and nothing as null. `micros`, codes and counts
            are int64, seconds float64.
        lines: the number, from 0, of each line taken.
        left: (number, begin, end) of every other line, empty ones too, in the block's bytes.
    """

    columns: dict[str, pa.Array]
    lines: Positions
    left: list[tuple[int, int, int]]


class _Tokens:
    """The cursor: where the next token of every line begins, which lines still fit, and what was found."""

    def __init__(self, text: npt.NDArray[np.uint8], starts: Positions, stops: Positions) -> None:
        self.text = text
        # Every stretch of eight bytes, and of the size of a time, to be taken by its place.
        self._words = np.ndarray((len(text) - 7,), "<u8", text, strides=(1,))
        self.clocks = np.ndarray((len(text) - CLOCK_SIZE + 1,), f"S{CLOCK_SIZE}", text, strides=(1,))
        self.begin = starts
        self.stops = stops
        self.word: Words = np.empty(0, np.uint64)
        """The first eight bytes of the token that `token_end` looked at last."""
        self.fits = np.ones(len(starts), bool)
        self.edges: list[tuple[str, Positions, Positions]] = []
        self.codes: dict[str, tuple[npt.NDArray[np.int8], pa.Array]] = {}
        self.numbers: dict[str, tuple[npt.NDArray[Any], Flags | None]] = {}

    def words(self, at: Positions) -> Words:
        """Return the eight bytes at each place."""
        found: Words = self._words[at]
        return found

    def token_end(self) -> Positions:
        """Return where the bare token that begins in each line ends: at a space, or with the line."""
        end = self.begin.copy()
        rows: Any = slice(None)
        self.word = word = self.words(end)
        for _ in range(_BARE_WORDS):
            differs = word ^ _SPACES
            space = (differs - _ONES) & ~differs & _HIGHS
            # The bits below the lowest one set: eight for each byte before the space, 64 without one.
            end[rows] += np.bitwise_count((space - np.uint64(1)) & ~space).astype(np.int64) >> 3
            missed = (space == 0) & (end[rows] < self.stops[rows])
            rows = np.flatnonzero(missed) if type(rows) is slice else rows[missed]
            if not len(rows):
                break
            word = self.words(end[rows])
        self.fits[rows] = False
        return np.minimum(end, self.stops)

    def coded(
        self, name: str, at: Positions, known: list[tuple[np.uint64, np.uint64]], texts: pa.Array
    ) -> Any:
        """Note a field that is one of few texts, told by eight bytes; return which it is."""
        words = self.words(at)
        codes = np.full(len(words), -1, np.int8)
        for code, (word, mask) in enumerate(known):
            codes[(words & mask) == word] = code
        self.fits &= codes >= 0
        codes = np.maximum(codes, 0)
        self.codes[name] = (codes, texts)
        return codes

    def field(self, name: str, begin: Positions, end: Positions) -> None:
        """Note where a field lies."""
        self.edges.append((name, begin, np.maximum(begin, end)))


class Splitter:
    """Takes blocks of one layout apart. The memory for a block is kept: asking for it anew costs more.

    Args:
        layout: one with `whole` set.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._text = np.zeros(_BEYOND, np.uint8)
        self._flags = np.zeros(_BEYOND, bool)

    def split(self, data: bytes) -> Split:
        """Take the lines of a block apart.

        Args:
            data: whole lines, the last perhaps without its newline.
        """
        size = len(data)
        if len(self._text) < size + _BEYOND:
            self._text = np.zeros(size + _BEYOND, np.uint8)
            self._flags = np.zeros(size, bool)
        text = self._text[: size + _BEYOND]
        text[:size] = np.frombuffer(data, np.uint8)
        text[size:] = 0
        ends = self._where(_NEWLINE, size)
        if not data.endswith(b"\n"):
            ends = np.append(ends, size)
        starts = np.concatenate(([0], ends[:-1] + 1))
        stops = ends - ((text[ends - 1] == _RETURN) & (ends > starts))
        quotes = self._where(_QUOTE, size)
        first_quote = np.searchsorted(quotes, starts)
        fits = np.diff(first_quote, append=len(quotes)) == self._layout.quotes
        for odd in self._odd(data):
            fits[np.searchsorted(ends, odd)] = False
        fits &= stops > starts
        lines = np.flatnonzero(fits)
        columns: dict[str, pa.Array] = {}
        if len(lines):
            tokens = _Tokens(text, starts[lines], stops[lines])
            _walk(tokens, self._layout, quotes, first_quote[lines])
            columns, keep = _columns(tokens)
            lines = lines[keep]
        others = np.ones(len(starts), bool)
        others[lines] = False
        left = np.flatnonzero(others)
        places = zip(left.tolist(), starts[left].tolist(), ends[left].tolist(), strict=True)
        return Split(columns, lines, list(places))

    def _where(self, byte: int, size: int) -> Positions:
        return np.flatnonzero(np.equal(self._text[:size], byte, out=self._flags[:size]))

    def _odd(self, data: bytes) -> list[Positions]:
        """Return where bytes are that make a line one for the other way: escapes, and what is no UTF-8."""
        found = []
        if b"\\" in data:
            found.append(self._where(_BACKSLASH, len(data)))
        if not data.isascii():
            try:
                data.decode()
            except UnicodeDecodeError:
                found.append(np.flatnonzero(self._text[: len(data)] >= 0x80))
        return found


def _walk(tokens: _Tokens, layout: Layout, quotes: Positions, first: Positions) -> None:
    """Go through the layout's tokens."""
    text, seen = tokens.text, 0
    last = len(layout.items) - 1
    for at, item in enumerate(layout.items):
        begin = tokens.begin
        if item.style == QUOTED:
            opening, closing = quotes[first + seen], quotes[first + seen + 1]
            seen += 2
            tokens.fits &= opening == begin
            if item.name == "request":
                _request(tokens, opening + 1, closing)
            elif item.name in NUMBERS:
                _number(tokens, item.name, opening + 1, closing, tokens.words(opening + 1))
            else:
                tokens.field(item.name, opening + 1, closing)
            end = closing + 1
        elif item.style == CLOCK:
            end = _clock(tokens, begin)
        else:
            end = tokens.token_end()
            _bare(tokens, item.name, begin, end, item.style)
        if at == last:
            tokens.fits &= end == tokens.stops
        else:
            tokens.fits &= (end < tokens.stops) & (text[end] == _SPACE)
            tokens.begin = end + 1


def _bare(tokens: _Tokens, name: str, begin: Positions, end: Positions, style: str) -> None:
    text, size = tokens.text, end - begin
    if style == BRACKET:
        tokens.fits &= (size > 1) & (text[begin] == ord("[")) & (text[end - 1] == ord("]"))
        tokens.field(name, begin + 1, end - 1)
        return
    tokens.fits &= size > 0
    if name in NUMBERS:
        _number(tokens, name, begin, end, tokens.word)
        return
    if name in LISTS:
        tokens.fits &= text[end - 1] != ord(",")
    tokens.field(name, begin, end)


def _number(tokens: _Tokens, name: str, begin: Positions, end: Positions, word: Words) -> None:
    """Note a number as short as they usually are, or `-`, which is null."""
    size = end - begin
    if name in SECONDS:  # nginx writes them with three digits after the point
        whole, good = _digits(word, size - 4)
        part, also = _digits(tokens.words(np.maximum(end - 3, 0)), np.full(len(size), 3))
        good &= also & (tokens.text[end - 4] == ord("."))
        # A quotient is the float that the text would be read as.
        number: npt.NDArray[Any] = (whole * 1000 + part) / 1000
    else:
        number, good = _digits(word, size)
    if name in CODES:
        tokens.fits &= good & (size <= 3) & (size >= CODES[name])
        tokens.numbers[name] = number, None
        return
    none = (size == 1) & (tokens.text[begin] == _DASH)
    tokens.fits &= good | none
    tokens.numbers[name] = number, none if none.any() else None


def _digits(word: Words, size: Positions) -> tuple[Positions, Flags]:
    """Return the numbers of one to eight digits that words begin with, and which are that."""
    shift = (64 - 8 * np.minimum(size, 8)).astype(np.uint64)
    # The digits' values as the last of eight bytes, zeros before them; pairs, fours, eights are joined.
    value = (word ^ _ZEROS) << shift
    good = (((value + _SIXES) | value) & _UPPER) == 0
    for factor, width, mask in _JOINS:
        value = ((value * factor) >> width) & mask
    return value.astype(np.int64), good & (size >= 1) & (size <= 8)


def _request(tokens: _Tokens, begin: Positions, closing: Positions) -> None:
    """Note the parts of a request line: a usual method, a path, a usual protocol."""
    method = tokens.coded("method", begin, _METHODS, METHODS)
    version = tokens.coded("version", np.maximum(closing - 8, 0), _VERSIONS, VERSIONS)
    target = begin + _METHOD_SIZES[method] + 1
    end = closing - _VERSION_SIZES[version] - 1
    text = tokens.text
    tokens.fits &= (end > target) & (text[target - 1] == _SPACE) & (text[np.maximum(end, 0)] == _SPACE)
    tokens.fits &= text[np.minimum(target, len(text) - 1)] == ord("/")
    tokens.field("target", target, end)


def _clock(tokens: _Tokens, begin: Positions) -> Positions:
    """Check the times in brackets that begin there, note them, and return where they end."""
    at = np.minimum(begin, len(tokens.clocks) - 2)
    close = np.minimum(begin + CLOCK_SIZE + 1, len(tokens.text) - 1)
    tokens.fits &= (at == begin) & (tokens.text[at] == ord("[")) & (tokens.text[close] == ord("]"))
    clocks = tokens.clocks[at + 1]
    # Lines of one second follow each other, so that few of them have to be looked at.
    changes = np.concatenate(([True], clocks[1:] != clocks[:-1]))
    heads = np.frombuffer(clocks[changes].tobytes(), np.uint8).reshape(-1, CLOCK_SIZE)
    moments, good = moments_of(heads.astype(np.int64))
    run = np.cumsum(changes) - 1
    tokens.fits &= good[run]
    tokens.numbers["micros"] = moments[run], None
    return np.minimum(begin + CLOCK_SIZE + 2, tokens.stops)


def _columns(tokens: _Tokens) -> tuple[dict[str, pa.Array], Positions]:
    """Return the fields of the lines that fit, and which lines these are."""
    keep = np.flatnonzero(tokens.fits)
    whole = len(keep) == len(tokens.fits)

    def kept(values: Any) -> Any:
        return values if whole else values[keep]

    columns: dict[str, pa.Array] = {}
    bad = np.zeros(len(keep), bool)
    for name, (codes, texts) in tokens.codes.items():
        columns[name] = pa.DictionaryArray.from_arrays(pa.array(kept(codes)), texts)
    for name, (number, none) in tokens.numbers.items():
        columns[name] = pa.array(kept(number), mask=None if none is None else kept(none))
    names, edges, nulls = [], [], []
    for name, begin, end in tokens.edges:
        first, last = kept(begin), kept(end)
        size = last - first
        none = size <= 1
        if none.any():
            none &= (size == 0) | (tokens.text[first] == _DASH)
        if name == "vhost":
            bad |= none
        if none.all():
            columns[name] = pa.nulls(len(keep), pa.string())
        else:
            names.append(name)
            edges += [first, last]
            nulls.append(none if none.any() else None)
    table = np.empty((len(keep), len(edges)), np.int32)
    for place, positions in enumerate(edges):
        table[:, place] = positions
    pieces = max(table.size - 1, 0)
    # Fields and what lies between them in turn are one array of text over the block as it is.
    every = pa.Array.from_buffers(pa.string(), pieces, [None, pa.py_buffer(table), pa.py_buffer(tokens.text)])
    for place, name in enumerate(names):
        rows = pa.array(np.arange(2 * place, pieces, 2 * len(names)), mask=nulls[place])
        values = columns[name] = every.take(rows)
        if name in PATTERNS:
            bad |= ~_matching(values, name)
        elif name == "user":
            brackets = pc.fill_null(pc.match_substring(values, "["), False)
            bad |= brackets.to_numpy(zero_copy_only=False)
    if bad.any():
        columns = {name: values.filter(pa.array(~bad)) for name, values in columns.items()}
        keep = keep[~bad]
    return columns, keep


def _matching(values: pa.Array, name: str) -> Flags:
    """Return which values are as the layout wants the field to be."""
    pattern = re.compile(PATTERNS[name], re.ASCII)
    encoded = values.dictionary_encode()
    good = [pattern.fullmatch(value) is not None for value in encoded.dictionary.to_pylist()]
    # A null was `-`, which all of them take but the vhost's.
    found: Flags = np.array([*good, True])[
        encoded.indices.fill_null(len(good)).to_numpy(zero_copy_only=False)
    ]
    return found
