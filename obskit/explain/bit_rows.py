"""Which rows a bit set over several segments holds: their numbers, the first and the last, some of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from obskit.dataset import FieldCodes, among
from obskit.explain.weights import Bits, Bools, Rows, Segment, pack, word_count, words_in_use


def rows_with(segments: Sequence[Segment], codes: FieldCodes, wanted: Bools) -> Bits:
    """Return the rows in which a field has one of some values.

    Args:
        segments: the rows, each segment padded to whole words.
        codes: the field.
        wanted: for each of its codes, whether rows with it are wanted.
    Returns:
        A bit set over all segments.
    """
    out = np.zeros(8 * sum(word_count(segment.length) for segment in segments), dtype=np.uint8)
    start = 0
    for segment in segments:
        local, remap = codes.parts[segment.file]
        accept = wanted if remap is None else wanted[remap]
        hits = accept.nonzero()[0]
        if len(hits):
            found = local if segment.rows is None else local[segment.rows]
            packed = np.packbits(among(found, accept, hits), bitorder="little")
            out[start : start + len(packed)] = packed
        start += 8 * word_count(segment.length)
    return out.view(np.uint64)


def row_numbers(segments: Sequence[Segment], bits: Bits) -> Iterator[Rows]:
    """Yield a bit set's rows as row numbers of each segment's file.

    Args:
        segments: the rows, each segment padded to whole words.
        bits: the bit set.
    Yields:
        Row numbers in ascending order, for every segment.

    Cost: by words in use; memory for the rows of one segment.
    """
    start = 0
    for segment in segments:
        words = bits[start : start + word_count(segment.length)]
        start += len(words)
        rows = _places(words)
        yield rows if segment.rows is None else segment.rows[rows]


def mask_rows(mask: Bools) -> Rows:
    """Return the row numbers of a mask; where whole stretches are empty, much faster than numpy."""
    return _places(pack([mask]))


def _places(words: Bits) -> Rows:
    """Return which bits are set."""
    full = words_in_use(words)
    # one index over all bits: numpy finds it several times as fast as pairs of word and bit
    rows = np.flatnonzero(np.unpackbits(words[full].view(np.uint8), bitorder="little").view(bool))
    return rows if len(full) == len(words) else full[rows >> 6] * 64 + (rows & 63)


def every(words: Bits, step: int) -> Rows:
    """Return every so many-th row of a bit set, the first one included; the others are not numbered.

    Args:
        words: the rows to choose from.
        step: 1 returns all of them.
    Returns:
        Row numbers in ascending order: those of `np.flatnonzero` of a mask `[::step]`.
    """
    if step < 64:
        return _places(words)[::step]
    ends = np.cumsum(np.bitwise_count(words), dtype=np.int64)
    ranks = np.arange(0, ends[-1] if len(ends) else 0, step)
    found = np.searchsorted(ends, ranks, side="right")
    bits = np.unpackbits(words[found].view(np.uint8), bitorder="little").reshape(-1, 64)
    # the rank of the row in its own word
    own = ranks - (ends[found] - np.bitwise_count(words[found]))
    place = (np.cumsum(bits, axis=1) <= own[:, None]).sum(axis=1)
    return np.asarray(found * 64 + place, dtype=np.int64)


def first_and_last(segments: Sequence[Segment], bits: Bits) -> list[tuple[int, int, int]]:
    """Return (segment, first row, last row) of a bit set for each segment that has any of its rows."""
    full = words_in_use(bits)
    out, start = [], 0
    for at, segment in enumerate(segments):
        stop = start + word_count(segment.length)
        low, high = np.searchsorted(full, (start, stop))
        if low < high:
            first, last = int(full[low]), int(full[high - 1])
            head, tail = int(bits[first]), int(bits[last])
            lowest = (head & -head).bit_length() - 1
            out.append((at, 64 * (first - start) + lowest, 64 * (last - start) + tail.bit_length() - 1))
        start = stop
    return out


def choose(
    segments: Sequence[Segment], inside: Bits, near: tuple[int, int, int], most: int
) -> list[tuple[int, int]]:
    """Return (file, row) of a few rows of a bit set, spread evenly.

    Args:
        segments: the rows.
        inside: the bit set.
        near: segment, first and last row (of the segment) of the stretch to choose from, if it has any.
        most: how many rows.
    Returns:
        At most `most` rows; none where the bit set is empty.
    """
    full = words_in_use(inside)
    at, first, last = near
    start = sum(word_count(segment.length) for segment in segments[:at])
    close = full[(full >= start + first // 64) & (full <= start + last // 64)]
    chosen = close if len(close) else full
    if not len(chosen):
        return []
    out = []
    for word in chosen[np.unique(np.linspace(0, len(chosen) - 1, most).astype(np.int64))].tolist():
        value, offset = int(inside[word]), 0
        for segment in segments:
            if word < offset + word_count(segment.length):
                row = 64 * (word - offset) + (value & -value).bit_length() - 1
                out.append((segment.file, row if segment.rows is None else int(segment.rows[row])))
                break
            offset += word_count(segment.length)
    return out
