"""What a row weighs: the rows of each weight as bit sets, and sums over codes.

A row represents n identical events (its event count) of sample weight w each. Usually there are few different
pairs (n, w), which makes counting cheap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from obskit.dataset import Weights
from obskit.stats.counts import Floats

Bits: TypeAlias = npt.NDArray[np.uint64]
Rows: TypeAlias = npt.NDArray[np.int64]
Bools: TypeAlias = npt.NDArray[np.bool_]

# With more different weights than this in a group, rows are summed one by one instead of by popcounts.
MOST_CLASSES = 32
# Up to so many rows are counted together over all files; more are counted file by file, in little memory.
AT_ONCE = 4_000_000
# To count picked words pays where fewer than this share of a stretch of words has rows.
FULL_ENOUGH = 0.4
# Words, the rows of a weight in them, n and w.
WeightClass: TypeAlias = tuple[slice | Rows, Bits, float, float]


@dataclass(frozen=True)
class Segment:
    """Rows of one file of the dataset, in its order; `rows` None means all of them."""

    file: int
    length: int
    rows: Rows | None
    weights: Weights


def word_count(length: int) -> int:
    """Return how many 64-bit words are needed for so many rows."""
    return -(-length // 64)


def pack(masks: Sequence[Bools]) -> Bits:
    """Return the masks of all segments as one bit set; each segment is padded to whole words."""
    out = np.zeros(8 * sum(word_count(len(mask)) for mask in masks), dtype=np.uint8)
    start = 0
    for mask in masks:
        packed = np.packbits(mask, bitorder="little")
        out[start : start + len(packed)] = packed
        start += 8 * word_count(len(mask))
    return out.view(np.uint64)


def words_in_use(bits: Bits) -> Rows:
    """Return the positions of the words that have a row."""
    return np.flatnonzero(bits != 0)  # numpy looks through booleans four times as fast as through numbers


def weight_classes(segments: Sequence[Segment]) -> list[WeightClass] | None:
    """Return the rows of each distinct (n, w) as a bit set with n and w; None if there are too many pairs."""
    parts: dict[tuple[float, float], dict[int, Bools]] = {}
    for at, segment in enumerate(segments):
        weights = segment.weights
        if weights.classes is None:
            return None
        classes = weights.classes if segment.rows is None else weights.classes[segment.rows]
        for k in np.flatnonzero(np.bincount(classes, minlength=len(weights.n))):
            masks = parts.setdefault((float(weights.n[k]), float(weights.w[k])), {})
            masks[at] = masks[at] | (classes == k) if at in masks else classes == k
        if len(parts) > 4 * MOST_CLASSES:
            return None
    empty = [np.zeros(segment.length, dtype=bool) for segment in segments]
    whole = slice(0, sum(word_count(segment.length) for segment in segments))
    out: list[WeightClass] = []
    for (n, w), masks in parts.items():
        members = pack([masks.get(at, none) for at, none in enumerate(empty)])
        out.append((*_shortened(whole, members), n, w))
    return out


def split(rows: Bits, classes: Sequence[WeightClass] | None) -> list[WeightClass] | None:
    """Return a group's rows by class of weight; None if there are too many classes.

    Args:
        rows: the group.
        classes: the rows of each weight.
    Returns:
        The classes that the group has, with its rows.
    """
    if classes is None:
        return None
    out: list[WeightClass] = []
    for where, members, n, w in classes:
        own = rows[where] & members
        if own.any():
            out.append((*_shortened(where, own), n, w))
        if len(out) > MOST_CLASSES:
            return None
    return out


def _shortened(where: slice | Rows, bits: Bits) -> tuple[slice | Rows, Bits]:
    """Return words and the rows in them without the words that have no row, as far as that saves time."""
    full = words_in_use(bits)
    first, stop = (int(full[0]), int(full[-1]) + 1) if len(full) else (0, 0)
    if isinstance(where, slice) and len(full) >= FULL_ENOUGH * (stop - first):
        return slice(where.start + first, where.start + stop), bits[first:stop]
    return full + where.start if isinstance(where, slice) else where[full], bits[full]


def join_weights(weights: Sequence[Weights], positions: Sequence[Rows]) -> Weights:
    """Return the weights of rows of several files as those of one file."""
    table: dict[tuple[int, float], int] = {}
    classes: list[Rows] = []
    for own, rows in zip(weights, positions, strict=True):
        if own.classes is not None:
            pairs = zip(own.n.tolist(), own.w.tolist(), strict=True)
            remap = np.array([table.setdefault(pair, len(table)) for pair in pairs], dtype=np.int64)
            classes.append(remap[own.classes[rows]])
    if len(classes) == len(weights) and classes:
        joined = np.concatenate(classes)
        used = np.flatnonzero(np.bincount(joined, minlength=len(table)))
        if len(used) <= 255:
            dense = np.zeros(len(table), dtype=np.uint8)
            dense[used] = np.arange(len(used))
            n, w = (np.array(part) for part in zip(*table, strict=True))
            return Weights(dense[joined], n[used], w[used], None, None, 0)
    pieces = [(own.rows_n()[rows], own.rows_w()[rows]) for own, rows in zip(weights, positions, strict=True)]
    n, w = (
        (np.concatenate(part) for part in zip(*pieces, strict=True))
        if pieces
        else (np.zeros(0, int), np.zeros(0))
    )
    return Weights(None, np.zeros(0, np.int64), np.zeros(0), n, w, 0)


def row_weights(segment: Segment, rows: Rows | None) -> tuple[Floats, Floats]:
    """Return n and w of rows of a segment's file; None means all rows of the segment."""
    rows = segment.rows if rows is None else rows
    weights = segment.weights
    if weights.classes is not None:
        classes = weights.classes if rows is None else weights.classes[rows]
        return weights.n.astype(float)[classes], weights.w[classes]
    n, w = weights.rows_n().astype(float), weights.rows_w()
    return (n, w) if rows is None else (n[rows], w[rows])


def tally_rows(found: npt.NDArray[Any], weights: Weights, rows: Rows | Bools | None, size: int) -> Floats:
    """Return n, n·w and n·w² summed for each code.

    Args:
        found: the code of each row.
        weights: weights of the rows' file.
        rows: which rows of the file these are; None for all of them.
        size: number of codes.
    Returns:
        An array of 3 x size.
    """
    if weights.classes is not None:
        kinds = len(weights.n)
        n, w = weights.n.astype(float), weights.w
        if kinds > 1 and size * kinds > 2 * len(found):
            # a long dictionary: there are fewer rows than cells of (code, class)
            classes = weights.classes if rows is None else weights.classes[rows]
            sums = (n, n * w, n * w * w)
            return np.stack([np.bincount(found, weights=one[classes], minlength=size) for one in sums])
        if kinds == 1:
            hits = np.bincount(found, minlength=size)[None, :]
        else:
            # one integer count over (class, code) replaces three weighted ones
            classes = weights.classes if rows is None else weights.classes[rows]
            key = np.multiply(classes, size, dtype=np.intp)
            key += found
            hits = np.bincount(key, minlength=size * kinds).reshape(kinds, size)
        return class_sums(hits, weights)
    n, w = weights.rows_n().astype(float), weights.rows_w()
    if rows is not None:
        n, w = n[rows], w[rows]
    return np.stack([np.bincount(found, weights=x, minlength=size) for x in (n, n * w, n * w * w)])


def class_sums(hits: Rows, weights: Weights) -> Floats:
    """Return n, n·w and n·w² summed for each code, given the number of rows of each class and code."""
    n, w = weights.n.astype(float), weights.w
    return np.asarray(np.einsum("ik,ks->is", np.stack([n, n * w, n * w * w]), hits.astype(float)))


def sums_of_classes(found: Sequence[Rows], classes: Sequence[WeightClass], size: int) -> Floats:
    """Return n, n·w and n·w² of so many slices, given the rows of each class in them; 3 x size."""
    each = np.array([(n, n * w, n * w * w) for *_, n, w in classes]).reshape(-1, 3, 1)
    counts = np.array(found, dtype=float).reshape(-1, 1, size)
    return np.asarray(np.add.reduce(each * counts, axis=0))
