"""Rows as bit sets: who is in the selection, in the baseline, in a slice, counted by population count.

A `Frame` is a set of rows (all that are compared, or a sample of them) with named groups. A condition becomes
one packed bit a row; a conjunction is a bitwise and, its counts a popcount for each class of sampling weight.
Nothing here knows what is being asked.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from obskit.dataset import FieldCodes, Weights
from obskit.stats.evidence import Counts, Floats

Bits: TypeAlias = npt.NDArray[np.uint64]
Rows: TypeAlias = npt.NDArray[np.int64]
Bools: TypeAlias = npt.NDArray[np.bool_]

# Beyond this many different weights in a group, rows are summed one by one instead of a popcount a class.
MOST_CLASSES = 32


@dataclass(frozen=True)
class Item:
    """One condition on one field: the codes it accepts, and how it is written."""

    field: str
    codes: tuple[int, ...]
    spec: Mapping[str, Any] = dataclasses.field(hash=False, compare=False)


@dataclass(frozen=True)
class Segment:
    """Rows of one file of the dataset, in its order; `rows` None means all of them."""

    file: int
    length: int
    rows: Rows | None
    weights: Weights


def pack(masks: Sequence[Bools]) -> Bits:
    """Return the masks of all segments as one bit set; each segment is padded to whole words."""
    parts = []
    for mask in masks:
        packed = np.packbits(mask, bitorder="little")
        padded = np.zeros(-(-len(mask) // 64) * 8, dtype=np.uint8)
        padded[: len(packed)] = packed
        parts.append(padded.view(np.uint64))
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.uint64)


def popcount(bits: Bits) -> int:
    """Return how many bits are set."""
    return int(np.bitwise_count(bits).sum(dtype=np.int64))


class Frame:
    """Rows to be compared, in named groups.

    Args:
        codes: the codes of a field by its name.
        segments: the rows, file by file.
        groups: name -> a mask a segment.
    """

    def __init__(
        self,
        codes: Callable[[str], FieldCodes],
        segments: Sequence[Segment],
        groups: Mapping[str, Sequence[Bools]],
    ) -> None:
        self.codes = codes
        self.segments = tuple(segments)
        self.groups = dict(groups)
        self._bits: dict[Item, Bits] = {}
        self._positions = {
            name: [None if mask.all() else np.flatnonzero(mask) for mask in masks]
            for name, masks in groups.items()
        }
        self._rows = {name: pack(masks) for name, masks in groups.items()}
        # classes are few in a group: a popcount of each counts a slice exactly
        self._members = {name: self._split(masks) for name, masks in groups.items()}
        self.totals = {name: self._sum(name, None) for name in groups}

    def _split(self, masks: Sequence[Bools]) -> list[tuple[Bits, tuple[float, float, float]]] | None:
        """Return a group's rows as a bit set for each class of weight, with what one row of it counts.

        None where the rows have too many different weights.
        """
        parts: dict[tuple[float, float], dict[int, Bools]] = {}
        for at, (segment, mask) in enumerate(zip(self.segments, masks, strict=True)):
            weights = segment.weights
            if weights.classes is None:
                return None
            classes = weights.classes if segment.rows is None else weights.classes[segment.rows]
            used = np.flatnonzero(np.bincount(classes[mask], minlength=len(weights.n)))
            for k in used:
                pair = float(weights.n[k]), float(weights.w[k])
                own = mask if len(used) == 1 else mask & (classes == k)
                held = parts.setdefault(pair, {})
                held[at] = held[at] | own if at in held else own
            if len(parts) > MOST_CLASSES:
                return None
        empty = [np.zeros(segment.length, dtype=bool) for segment in self.segments]
        return [
            (pack([held.get(at, none) for at, none in enumerate(empty)]), (n, n * w, n * w * w))
            for (n, w), held in parts.items()
        ]

    def bits(self, item: Item) -> Bits:
        """Return the rows that meet a condition."""
        if item not in self._bits:
            codes = self.codes(item.field)
            wanted = np.zeros(codes.size, dtype=bool)
            wanted[list(item.codes)] = True
            masks = []
            for segment in self.segments:
                local, remap = codes.parts[segment.file]
                accept = wanted if remap is None else wanted[remap]
                found = local if segment.rows is None else local[segment.rows]
                hits = np.flatnonzero(accept)
                if len(hits) == 1:
                    masks.append(np.asarray(found == hits[0]))
                elif len(hits) == 0:
                    masks.append(np.zeros(segment.length, dtype=bool))
                else:
                    masks.append(accept[found])
            self._bits[item] = pack(masks)
        return self._bits[item]

    def slice(self, items: Sequence[Item]) -> Bits:
        """Return the rows that meet all conditions."""
        bits = self.bits(items[0])
        for item in items[1:]:
            bits = bits & self.bits(item)
        return bits

    def _sum(self, group: str, bits: Bits | None) -> Counts:
        sums = np.zeros(3)
        members = self._members[group]
        if members is None:
            sums += self._row_sums(group, bits)
        else:
            for rows, one in members:
                sums += popcount(rows if bits is None else rows & bits) * np.array(one)
        return Counts(sums[:1], sums[1:2], sums[2:])

    def _row_sums(self, group: str, bits: Bits | None) -> Floats:
        out, start = np.zeros(3), 0
        inside = None if bits is None else self.unpack(bits)
        for segment, mask in zip(self.segments, self.groups[group], strict=True):
            picked = mask if inside is None else mask & inside[start : start + segment.length]
            start += segment.length
            n, w = row_weights(segment, np.flatnonzero(picked))
            out += (n.sum(), (n * w).sum(), (n * w * w).sum())
        return out

    def count(self, group: str, slices: Sequence[Bits]) -> Counts:
        """Return the counts of a group's rows in each slice."""
        return Counts.join([self._sum(group, bits) for bits in slices])

    def tally(self, group: str, name: str) -> Counts:
        """Return the counts of a group's rows for each code of a field (length `codes(name).size`)."""
        codes = self.codes(name)
        out = np.zeros((3, codes.size))
        for segment, picked in zip(self.segments, self._positions[group], strict=True):
            local, remap = codes.parts[segment.file]
            rows = (
                segment.rows if picked is None else picked if segment.rows is None else segment.rows[picked]
            )
            found = local if rows is None else local[rows]
            size = codes.size if remap is None else len(remap)
            sums = _tally(found, segment.weights, rows, size)
            if remap is None:
                out += sums
            else:
                np.add.at(out.T, remap, sums.T)
        return Counts(out[0], out[1], out[2])

    def tally_slice(self, groups: Sequence[str], bits: Bits, name: str) -> Counts:
        """Return the counts, for each code of a field, of the groups' rows that lie in a slice."""
        codes = self.codes(name)
        out = np.zeros((3, codes.size))
        mask, start = self.unpack(bits), 0
        for at, segment in enumerate(self.segments):
            inside = mask[start : start + segment.length]
            start += segment.length
            member = self.groups[groups[0]][at]
            for group in groups[1:]:
                member = member | self.groups[group][at]
            picked = np.flatnonzero(inside & member)
            rows = picked if segment.rows is None else segment.rows[picked]
            local, remap = codes.parts[segment.file]
            sums = _tally(local[rows], segment.weights, rows, codes.size if remap is None else len(remap))
            if remap is None:
                out += sums
            else:
                np.add.at(out.T, remap, sums.T)
        return Counts(out[0], out[1], out[2])

    def meets(self, group: str, one: Bits, other: Bits) -> tuple[int, int]:
        """Return how many rows of a group are in both slices, and in either."""
        rows = self._rows[group]
        return popcount(rows & one & other), popcount(rows & (one | other))

    def values(self, name: str) -> npt.NDArray[np.int64]:
        """Return the field's code of every row, segment after segment."""
        codes = self.codes(name)
        parts = []
        for segment in self.segments:
            local, remap = codes.parts[segment.file]
            found = local if segment.rows is None else local[segment.rows]
            parts.append((found if remap is None else remap[found]).astype(np.int64))
        return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)

    def unpack(self, bits: Bits) -> Bools:
        """Return a bit set as one boolean a row, segment after segment."""
        mask = np.unpackbits(bits.view(np.uint8), bitorder="little").view(bool)
        parts, start = [], 0
        for segment in self.segments:
            parts.append(mask[start : start + segment.length])
            start += -(-segment.length // 64) * 64
        return np.concatenate(parts) if parts else np.zeros(0, dtype=bool)

    def weights(self) -> tuple[Floats, Floats]:
        """Return n and w of every row, segment after segment."""
        parts = [row_weights(segment, None) for segment in self.segments]
        if not parts:
            return np.zeros(0), np.zeros(0)
        return np.concatenate([n for n, _ in parts]), np.concatenate([w for _, w in parts])


def row_weights(segment: Segment, picked: Rows | None) -> tuple[Floats, Floats]:
    """Return n and w of a segment's rows; `picked` numbers rows of the segment, None means all."""
    rows = segment.rows if picked is None else picked if segment.rows is None else segment.rows[picked]
    weights = segment.weights
    if weights.classes is not None:
        classes = weights.classes if rows is None else weights.classes[rows]
        return weights.n.astype(float)[classes], weights.w[classes]
    n, w = weights.rows_n().astype(float), weights.rows_w()
    return (n, w) if rows is None else (n[rows], w[rows])


def _tally(found: npt.NDArray[Any], weights: Weights, rows: Rows | None, size: int) -> Floats:
    """Return n, n·w and n·w² summed for each code, as an array of 3 x size."""
    if weights.classes is not None:
        kinds = len(weights.n)
        n, w = weights.n.astype(float), weights.w
        if kinds == 1:
            hits = np.bincount(found, minlength=size)[:, None]
        else:
            # one integer count over (code, class) replaces three weighted ones
            classes = weights.classes if rows is None else weights.classes[rows]
            key = found.astype(np.intp)
            key *= kinds
            key += classes
            hits = np.bincount(key, minlength=size * kinds).reshape(size, kinds)
        return np.stack([hits @ n, hits @ (n * w), hits @ (n * w * w)])
    n, w = weights.rows_n().astype(float), weights.rows_w()
    if rows is not None:
        n, w = n[rows], w[rows]
    return np.stack([np.bincount(found, weights=x, minlength=size) for x in (n, n * w, n * w * w)])
