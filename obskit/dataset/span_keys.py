"""Ids of spans and traces as 64-bit numbers, so that millions are joined as numbers instead of text.

An id of 16 bytes becomes `mix_bits(first 8 bytes) ^ last 8 bytes`, straight from the buffers of Arrow.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Numbers = npt.NDArray[np.uint64]

_WORD = 8  # bytes
_LONG = 256  # bytes; of longer ids, one at a time is hashed
_ROWS = 1 << 16  # at a time, so that they stay in the caches
_AT_ONCE = 1 << 20  # bytes


def span_keys(columns: Sequence[pa.ChunkedArray], trace: npt.NDArray[np.int64]) -> list[Numbers]:
    """Return one 64-bit key per span id and trace: equal ids of different traces are different spans.

    Args:
        columns: columns of span ids, each with one per row.
        trace: the number of each row's trace.

    Returns:
        One array per column; the key of a null is that of the number 0. Two of ten million keys are equal by
        chance with a probability of less than 1 in 100,000.
    """
    salt = mix_bits(trace.astype(np.uint64))
    return [mix_bits(id_numbers(column) ^ salt) for column in columns]


def id_numbers(column: pa.ChunkedArray) -> Numbers:
    """Return ids of any length as 64-bit numbers: the same number for the same id in every column.

    Args:
        column: text.

    Returns:
        One number per row; 0 where null.
    """
    out = np.zeros(len(column), np.uint64)
    at = 0
    for chunk in column.chunks:
        for low in range(0, len(chunk), _ROWS):
            ids = chunk.slice(low, _ROWS)
            place = out[at : at + len(ids)]
            if ids.null_count:
                known = pc.is_valid(ids).to_numpy(zero_copy_only=False)
                place[known] = _numbers(ids.drop_null())
            else:
                place[:] = _numbers(ids)
            at += len(ids)
    return out


def _numbers(ids: pa.Array) -> Numbers:
    """Return the numbers of ids without nulls."""
    if not len(ids):
        return np.zeros(0, np.uint64)
    ids = ids.cast(pa.large_string()) if ids.type != pa.string() else ids
    kind = np.int32 if ids.type == pa.string() else np.int64
    _, offsets, data = ids.buffers()
    ends: npt.NDArray[Any] = np.frombuffer(offsets, kind)[ids.offset :][: len(ids) + 1]
    content = np.frombuffer(data, np.uint8) if data is not None else np.zeros(0, np.uint8)
    length = np.diff(ends)
    shortest, longest = int(length.min()), int(length.max())
    if shortest == longest and longest and longest % _WORD == 0 and longest <= _LONG:
        words = content[ends[0] : ends[-1]].view(np.uint64)
        return _joined_words(words.reshape(len(ids), -1), longest)
    out = np.zeros(len(ids), np.uint64)
    for size in np.flatnonzero(np.bincount(np.minimum(length, _LONG + 1))).tolist():
        if size > _LONG:
            for row in np.flatnonzero(length > _LONG).tolist():
                digest = hashlib.blake2b(content[ends[row] : ends[row + 1]].tobytes(), digest_size=_WORD)
                out[row] = int.from_bytes(digest.digest(), "little")
            continue
        rows = np.flatnonzero(length == size)
        step = max(1, _AT_ONCE // max(1, size))
        for some in (rows[low : low + step] for low in range(0, len(rows), step)):
            padded = np.zeros((len(some), -(-size // _WORD) * _WORD), np.uint8)
            padded[:, :size] = content[ends[some][:, None] + np.arange(size)]
            out[some] = _joined_words(padded.view(np.uint64), size)
    return out


def _joined_words(words: Numbers, size: int) -> Numbers:
    """Return one number per row of words, which hold ids of so many bytes."""
    number: Numbers = np.zeros(len(words), np.uint64)
    for at in range(words.shape[1]):
        number = (mix_bits(number) if at else number) ^ words[:, at]
    return number if size % _WORD == 0 else mix_bits(number ^ np.uint64(size))


def mix_bits(x: Numbers) -> Numbers:
    """Return other numbers for numbers, one to one, so that close ones are far apart.

    Source: the finalizer of SplitMix64 (Steele, Lea and Flood, 2014).
    """
    x = x + np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        x ^= x >> np.uint64(shift)
        x *= np.uint64(factor)
    x ^= x >> np.uint64(31)
    return x
