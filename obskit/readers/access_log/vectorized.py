"""Vectorized parser for access log lines: it finds the tokens of all lines of a block with numpy.

It takes a line that has exactly the layout's quotation marks and spaces, a request with a common method and
protocol that asks for a path, and no backslash. `line_parser` reads all other lines. No Python code here runs
per line.
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
    REST,
    SECONDS,
    Layout,
)
from obskit.readers.access_log.timestamps import CLOCK_SIZE, parse_clocks

NUMBERS = frozenset({*CODES, *COUNTS, *SECONDS})
METHODS = pa.array(["GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT", "QUERY"])
VERSIONS = pa.array(["1.1", "2.0", "1.0", "2", "3.0", "3"])

Positions = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Words = npt.NDArray[np.uint64]

_SPACE, _QUOTE, _BACKSLASH, _NEWLINE, _RETURN, _DASH = b' "\\\n\r-'
# In a line that does not fit, the cursor can be a few tokens beyond the end of the block.
_BEYOND = 1024
_BARE_WORDS = 64
"""Words of eight bytes in which the end of a bare token is searched; `line_parser` reads longer ones."""

_ONES, _HIGHS, _SPACES = (np.uint64(int.from_bytes(bytes([byte]) * 8)) for byte in (0x01, 0x80, _SPACE))
_ZEROS, _SIXES, _UPPER = (np.uint64(int.from_bytes(bytes([byte]) * 8)) for byte in (ord("0"), 0x06, 0xF0))
_JOINS = tuple(
    (np.uint64((10**width << 8 * width) + 1), np.uint64(8 * width), np.uint64(mask))
    for width, mask in ((1, 0x00FF00FF00FF00FF), (2, 0x0000FFFF0000FFFF), (4, 0x00000000FFFFFFFF))
)
# The mask of the first n bytes of a word, by n.
_FIRST_BYTES = np.array([(1 << 8 * size) - 1 for size in range(9)], np.uint64)


def _prefixes(texts: Sequence[str]) -> list[tuple[np.uint64, np.uint64]]:
    """Return the first eight bytes of each text as a number, and the mask of these bytes."""
    raw = [text.encode()[:8] for text in texts]
    return [(np.uint64(int.from_bytes(text, "little")), _FIRST_BYTES[len(text)]) for text in raw]


_METHODS = _prefixes([f"{text} " for text in METHODS.to_pylist()])
_METHOD_SIZES = np.array([len(text) for text in METHODS.to_pylist()])
# A protocol version of one digit includes the space before it, so that all have eight bytes.
_VERSIONS = _prefixes([f"HTTP/{text}" if "." in text else f" HTTP/{text}" for text in VERSIONS.to_pylist()])
_VERSION_SIZES = np.array([5 + len(text) for text in VERSIONS.to_pylist()])


class SplitBlock(NamedTuple):
    """The fields of a block's lines, and the lines that remain to be parsed.

    Attributes:
        columns: field -> its text, one row per parsed line; null replaces `-` and empty text. `micros`,
            codes and counts are int64, seconds float64.
        lines: the number of each parsed line, from 0.
        remaining: (number, begin, end) of each other line in the block's bytes, including empty lines.
    """

    columns: dict[str, pa.Array]
    lines: Positions
    remaining: list[tuple[int, int, int]]


class _Tokens:
    """The cursor: where the next token of each line begins, which lines still fit, and the fields so far."""

    def __init__(self, text: npt.NDArray[np.uint8], starts: Positions, stops: Positions) -> None:
        self.text = text
        # Views that give the eight bytes, or the time, at any offset.
        self._words = np.ndarray((len(text) - 7,), "<u8", text, strides=(1,))
        self.clocks = np.ndarray((len(text) - CLOCK_SIZE + 1,), f"S{CLOCK_SIZE}", text, strides=(1,))
        self.begin = starts
        self.stops = stops
        self.word: Words = np.empty(0, np.uint64)
        """The first eight bytes of the token whose end `token_end` found last."""
        self.fits = np.ones(len(starts), bool)
        self.edges: list[tuple[str, Positions, Positions]] = []
        self.codes: dict[str, tuple[npt.NDArray[np.int8], pa.Array]] = {}
        self.numbers: dict[str, tuple[npt.NDArray[Any], Flags | None]] = {}

    def words(self, at: Positions) -> Words:
        """Return the eight bytes at each offset."""
        found: Words = self._words[at]
        return found

    def token_end(self) -> Positions:
        """Return where the bare token at the cursor ends in each line: at a space, or with the line."""
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
        """Record a field that is one of a few texts, recognized by eight bytes; return the text's index."""
        words = self.words(at)
        codes = np.full(len(words), -1, np.int8)
        for code, (word, mask) in enumerate(known):
            codes[(words & mask) == word] = code
        self.fits &= codes >= 0
        codes = np.maximum(codes, 0)
        self.codes[name] = (codes, texts)
        return codes

    def field(self, name: str, begin: Positions, end: Positions) -> None:
        """Record where a field begins and ends."""
        self.edges.append((name, begin, np.maximum(begin, end)))


class BlockSplitter:
    """Splits blocks of lines of one layout. It reuses the memory for a block, because allocation is slow.

    Args:
        layout: a vectorizable one.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._text = np.zeros(_BEYOND, np.uint8)
        self._flags = np.zeros(_BEYOND, bool)

    def split(self, data: bytes) -> SplitBlock:
        """Split the lines of a block into fields.

        Args:
            data: whole lines; the last one can lack its newline.

        Returns:
            The fields of the lines that fit the layout, and the position of the others.
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
        remaining = zip(left.tolist(), starts[left].tolist(), ends[left].tolist(), strict=True)
        return SplitBlock(columns, lines, list(remaining))

    def _where(self, byte: int, size: int) -> Positions:
        return np.flatnonzero(np.equal(self._text[:size], byte, out=self._flags[:size]))

    def _odd(self, data: bytes) -> list[Positions]:
        """Return the offsets of bytes that only `line_parser` reads: escapes, and bytes outside UTF-8."""
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
    """Find the layout's tokens in all lines."""
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
        elif item.style == REST:
            end = tokens.stops
            tokens.fits &= (end > begin) & (text[begin] != _SPACE)
            tokens.field(item.name, begin, end)
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
    """Record a number of at most eight digits, or null for `-`."""
    size = end - begin
    if name in SECONDS:  # nginx writes three digits after the point
        whole, good = _digits(word, size - 4)
        good &= size <= 10
        part, also = _digits(tokens.words(np.maximum(end - 3, 0)), np.full(len(size), 3))
        good &= also & (tokens.text[end - 4] == ord("."))
        # This quotient is the same float that parsing the text gives.
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
    """Return the number in the first one to eight digits of each word, and which words begin with one."""
    shift = (64 - 8 * np.minimum(size, 8)).astype(np.uint64)
    # The digits become the last of eight bytes, after zeros; then pairs, fours and eights are combined.
    value = (word ^ _ZEROS) << shift
    good = (((value + _SIXES) | value) & _UPPER) == 0
    for factor, width, mask in _JOINS:
        value = ((value * factor) >> width) & mask
    return value.astype(np.int64), good & (size >= 1) & (size <= 8)


def _request(tokens: _Tokens, begin: Positions, closing: Positions) -> None:
    """Record the parts of a request line: a common method, a path, a common protocol."""
    method = tokens.coded("method", begin, _METHODS, METHODS)
    version = tokens.coded("version", np.maximum(closing - 8, 0), _VERSIONS, VERSIONS)
    target = begin + _METHOD_SIZES[method] + 1
    end = closing - _VERSION_SIZES[version] - 1
    text = tokens.text
    tokens.fits &= (end > target) & (text[target - 1] == _SPACE) & (text[np.maximum(end, 0)] == _SPACE)
    tokens.fits &= text[np.minimum(target, len(text) - 1)] == ord("/")
    tokens.field("target", target, end)


def _clock(tokens: _Tokens, begin: Positions) -> Positions:
    """Record the times in brackets that begin at the offsets, and return where they end."""
    at = np.minimum(begin, len(tokens.clocks) - 2)
    close = np.minimum(begin + CLOCK_SIZE + 1, len(tokens.text) - 1)
    tokens.fits &= (at == begin) & (tokens.text[at] == ord("[")) & (tokens.text[close] == ord("]"))
    clocks = tokens.clocks[at + 1]
    # Consecutive lines are often of one second, so only the times that change are parsed.
    changes = np.concatenate(([True], clocks[1:] != clocks[:-1]))
    changed = np.frombuffer(clocks[changes].tobytes(), np.uint8).reshape(-1, CLOCK_SIZE)
    micros, good = parse_clocks(changed.astype(np.int64))
    run = np.cumsum(changes) - 1
    tokens.fits &= good[run]
    tokens.numbers["micros"] = micros[run], None
    return np.minimum(begin + CLOCK_SIZE + 2, tokens.stops)


def _columns(tokens: _Tokens) -> tuple[dict[str, pa.Array], Positions]:
    """Return the fields of the lines that fit, and the numbers of these lines."""
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
    # One array of text over the block, without a copy: its items are fields and the gaps between them.
    every = pa.Array.from_buffers(pa.string(), pieces, [None, pa.py_buffer(table), pa.py_buffer(tokens.text)])
    for place, name in enumerate(names):
        rows = pa.array(np.arange(2 * place, pieces, 2 * len(names)), mask=nulls[place])
        values = columns[name] = every.take(rows)
        if name in PATTERNS and name != "rest":  # `_walk` has checked the rest
            bad |= ~_matching(values, name)
        elif name == "user":
            brackets = pc.fill_null(pc.match_substring(values, "["), False)
            bad |= brackets.to_numpy(zero_copy_only=False)
    if bad.any():
        columns = {name: values.filter(pa.array(~bad)) for name, values in columns.items()}
        keep = keep[~bad]
    return columns, keep


def _matching(values: pa.Array, name: str) -> Flags:
    """Return which values match the layout's pattern for the field."""
    found: Flags
    if name == "forwarded_for":  # nearly all values differ, so Arrow matches them
        good = pc.match_substring_regex(values, rf"^(?:{PATTERNS[name]})$")
        found = pc.fill_null(good, True).to_numpy(zero_copy_only=False)
        return found
    pattern = re.compile(PATTERNS[name], re.ASCII)
    encoded = values.dictionary_encode()
    known = [pattern.fullmatch(value) is not None for value in encoded.dictionary.to_pylist()]
    # A null was `-`, which all patterns except the vhost's accept.
    found = np.array([*known, True])[encoded.indices.fill_null(len(known)).to_numpy(zero_copy_only=False)]
    return found
