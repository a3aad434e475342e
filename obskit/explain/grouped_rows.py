"""Rows in named groups as bit sets, and how many of them are in a slice.

`GroupedRows` holds all compared rows, or a sample of them. A condition is one bit per row and a conjunction
is a bitwise and. The counts of a slice are one popcount per class of sample weight.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from obskit.dataset import FieldCodes, JointCodes, Weights
from obskit.explain.bit_rows import choose, first_and_last, row_numbers, rows_with
from obskit.explain.cores import spread
from obskit.explain.joint_counts import LEAST_ROWS as LEAST_JOINTLY
from obskit.explain.joint_counts import joint_counts
from obskit.explain.kept_bits import KeptBits
from obskit.explain.weights import (
    AT_ONCE,
    Bits,
    Bools,
    Rows,
    Segment,
    WeightClass,
    join_weights,
    pack,
    row_weights,
    split,
    sums_of_classes,
    tally_rows,
    weight_classes,
    word_count,
)
from obskit.stats.counts import Counts, Floats


@dataclass(frozen=True, eq=False)
class FieldCondition:
    """One condition on one field; equal only to itself.

    Attributes:
        field: the name of the field.
        codes: the codes that meet the condition, in ascending order; 0 is missing. A range where there may be
            many.
        spec: the condition as findings carry it: `field`, `op` and `value`, `values`, or `low` and `high`.
    """

    field: str
    codes: tuple[int, ...] | range
    spec: Mapping[str, Any]

    @property
    def index(self) -> slice | list[int]:
        """The codes as an index into an array with one entry per code."""
        codes = self.codes
        return slice(codes.start, codes.stop) if isinstance(codes, range) else list(codes)


# The two groups that every comparison has.
SIDES = ("selected", "baseline")
# Slices are counted so many words at once: few calls for short bit sets, and all of it in the cache for long.
WORDS_AT_ONCE = 100_000
# If so few slices are counted at once, it is cheaper to look for those with the same rows.
FEW_AT_ONCE = 16
# So many of them are kept at a time, because they are large.
MOST_ALIKE = 4


def popcounts(bits: Bits) -> Rows:
    """Return how many bits are set in each row of a matrix."""
    # 32 bits are enough for the rows of a dataset, and add up twice as fast as 64
    return np.asarray(np.add.reduce(np.bitwise_count(bits), axis=1, dtype=np.uint32))


class GroupedRows:
    """Rows to be compared, in named groups.

    Args:
        codes: the codes of a field by its name.
        segments: the rows, file by file.
        groups: for each group one mask per segment.
        classes: the rows of each weight, if they are known already.
        kept: rows that meet conditions, from earlier questions about the same segments.

    Attributes:
        length: the number of rows.
        at_once: so many slices are counted at a time.
    """

    def __init__(
        self,
        codes: Callable[[str], FieldCodes],
        segments: Sequence[Segment],
        groups: Mapping[str, Sequence[Bools]],
        classes: Sequence[WeightClass] | None = None,
        kept: KeptBits | None = None,
    ) -> None:
        self.codes = codes
        self._kept = kept
        self.segments = tuple(segments)
        self.groups = dict(groups)
        self._bits: dict[FieldCondition, Bits] = {}
        self.length = sum(segment.length for segment in self.segments)
        self._word_total = sum(word_count(segment.length) for segment in self.segments)
        self.at_once = max(WORDS_AT_ONCE // max(self._word_total, 1), 1)
        self._positions: dict[str, list[Rows]] = {}
        self._occupied: dict[str, tuple[list[tuple[Segment, Rows]], int]] = {}
        self._weights: dict[str, Weights] = {}
        self._counted_jointly: dict[tuple[str, str], Counts] = {}
        self._rows = {name: pack(masks) for name, masks in groups.items()}
        # a group has few classes of weight: one popcount for each counts a slice exactly
        known = weight_classes(self.segments) if classes is None else classes
        self._members = {name: split(rows, known) for name, rows in self._rows.items()}
        self.totals = {name: self._whole(name) for name in groups}

    def bits(self, condition: FieldCondition) -> Bits:
        """Return the rows that meet a condition."""
        if condition not in self._bits:
            codes, kept = self.codes(condition.field), self._kept
            found = None if kept is None else kept.get(codes, condition.codes)
            if found is None:
                wanted = np.zeros(codes.size, dtype=bool)
                wanted[condition.index] = True
                found = rows_with(self.segments, codes, wanted)
                if kept is not None:
                    kept.add(codes, condition.codes, found)
            self._bits[condition] = found
        return self._bits[condition]

    def slice(self, conditions: Sequence[FieldCondition]) -> Bits:
        """Return the rows that meet all conditions."""
        bits = self.bits(conditions[0])
        for condition in conditions[1:]:
            bits = bits & self.bits(condition)
        return bits

    def _whole(self, group: str) -> Counts:
        """Return the counts of all rows of a group."""
        members = self._members[group]
        if members is None:
            return self.count(group, [np.full(self._word_total, 2**64 - 1, dtype=np.uint64)])
        return Counts(*sums_of_classes([popcounts(rows[None, :]) for _, rows, _, _ in members], members, 1))

    def members(self, group: str) -> Bits:
        """Return all rows of a group."""
        return self._rows[group]

    def _row_sums(self, group: str, bits: Bits) -> Floats:
        """Return n, n·w and n·w² of a group's rows in a slice, row by row."""
        out, start = np.zeros(3), 0
        inside = self.unpack(bits)
        for segment, mask in zip(self.segments, self.groups[group], strict=True):
            picked = mask & inside[start : start + segment.length]
            start += segment.length
            rows = np.flatnonzero(picked)
            n, w = row_weights(segment, rows if segment.rows is None else segment.rows[rows])
            out += (n.sum(), (n * w).sum(), (n * w * w).sum())
        return out

    def count(self, group: str, slices: Sequence[Bits] | Bits) -> Counts:
        """Return the counts of a group's rows in each slice; `slices` may be a matrix, one per row."""
        return Counts(*self._count(group, slices))

    @property
    def recounts(self) -> int:
        """How often counts of the rows were replaced by better ones."""
        return 0

    def recounted(
        self,
        groups: Sequence[str],  # noqa: ARG002
        slices: Sequence[Sequence[FieldCondition]],  # noqa: ARG002
        found: list[Counts],
    ) -> list[Counts]:
        """Return counts of slices, per group, with those replaced that are known better; here, none is."""
        return found

    def ends(self, conditions: Sequence[FieldCondition]) -> tuple[int, int] | None:  # noqa: ARG002
        """Return when the first and last row of a slice began, µs, where the rows do not tell."""
        return None

    def count_slices(
        self,
        groups: Sequence[str],
        slices: Sequence[Sequence[FieldCondition]],
        alike: Callable[[Sequence[FieldCondition]], Hashable] | None = None,
    ) -> list[Counts]:
        """Return the counts of each group's rows that meet all conditions of each slice.

        Large bit sets are made for a few slices at a time, on all cores.

        Args:
            groups: names of groups.
            slices: conditions of each slice.
            alike: a key that slices with the same rows share, such as their rows in a sample. Of many rows,
                those that several slices hold are then counted once.
        Returns:
            The counts of each group, one entry per slice.
        """
        words = self._word_total
        missing = {one for conditions in slices for one in conditions if one not in self._bits}
        for _ in spread(self.bits, list(missing), 64 * words):
            pass
        keys: list[Hashable] = list(range(len(slices)))
        if alike is not None and self.at_once <= FEW_AT_ONCE:
            keys = [alike(conditions) for conditions in slices]
        by_key: dict[Hashable, list[int]] = {}
        for at, key in enumerate(keys):
            by_key.setdefault(key, []).append(at)
        together: list[list[int]] = []
        for places in by_key.values():
            for start in range(0, len(places), max(self.at_once, MOST_ALIKE)):
                some = places[start : start + max(self.at_once, MOST_ALIKE)]
                if not together or len(together[-1]) + len(some) > self.at_once:
                    together.append([])
                together[-1] += some

        def count(places: Sequence[int]) -> Floats:
            distinct: list[tuple[Hashable, Bits]] = []
            which: list[int] = []
            for at in places:
                key, bits = keys[at], self.slice(slices[at])
                same = (
                    i for i, (own, rows) in enumerate(distinct) if own == key and np.array_equal(bits, rows)
                )
                which.append(next(same, len(distinct)))
                if which[-1] == len(distinct):
                    distinct.append((key, bits))
            every = [bits for _, bits in distinct]
            return np.stack([self._count(group, every) for group in groups])[:, :, which]

        found = np.zeros((len(groups), 3, len(slices)))
        for places, counts in zip(together, spread(count, together, 64 * words), strict=True):
            found[:, :, places] = counts
        return [Counts(*one) for one in found]

    def _count(self, group: str, slices: Sequence[Bits] | Bits) -> Floats:
        """Return n, n·w and n·w² of a group's rows in each slice, an array of 3 x slices."""
        members = self._members[group]
        if members is None:
            sums = [self._row_sums(group, bits)[:, None] for bits in slices]
            return np.concatenate([np.zeros((3, 0)), *sums], axis=1)
        parts = [np.zeros((3, 0))]
        for at in range(0, len(slices), self.at_once):
            some = slices[at : at + self.at_once]
            if not isinstance(some, np.ndarray):  # a single slice is long, and need not be copied
                some = some[0][None, :] if len(some) == 1 else np.stack(some)
            found: list[Rows] = []
            for where, rows, _, _ in members:
                own = some[:, where] if isinstance(where, slice) else some.take(where, axis=1)
                found.append(popcounts(own & rows))
            parts.append(sums_of_classes(found, members, len(some)))
        return parts[1] if len(parts) == 2 else np.concatenate(parts, axis=1)

    def _picked(self, group: str) -> tuple[list[tuple[Segment, Rows]], int]:
        """Return the segments that have rows of a group, each with these rows, and how many these are."""
        if group not in self._occupied:
            pairs = zip(self.segments, self.all_row_numbers(group), strict=True)
            found = [(segment, rows) for segment, rows in pairs if len(rows)]
            self._occupied[group] = found, sum(len(rows) for _, rows in found)
        return self._occupied[group]

    def all_row_numbers(self, group: str) -> list[Rows]:
        """Return all rows of a group, as row numbers of each segment's file."""
        if group not in self._positions:
            self._positions[group] = list(row_numbers(self.segments, self._rows[group]))
        return self._positions[group]

    def _joined_weights(self, group: str) -> Weights:
        """Return the weights of a group's rows as those of one file."""
        if group not in self._weights:
            picked, _ = self._picked(group)
            own = [segment.weights for segment, _ in picked]
            self._weights[group] = join_weights(own, [rows for _, rows in picked])
        return self._weights[group]

    def tally_jointly(self, group: str, names: Collection[str], joint: JointCodes, rows: int) -> None:
        """Count a group's rows for many fields at once; the next `tally` of each of them returns its counts.

        Args:
            group: the group.
            names: the fields. Their codes have to be those that the joint codes were made of.
            joint: joint codes of the dataset.
            rows: how many rows the dataset has.
        """
        picked, total = self._picked(group)
        if LEAST_JOINTLY <= total <= AT_ONCE:
            numbered = [(segment.file, own) for segment, own in picked]
            found = joint_counts(joint, names, numbered, self._joined_weights(group), rows)
            self._counted_jointly |= {(group, name): counts for name, counts in found.items()}

    def tally(self, group: str, name: str) -> Counts:
        """Return the counts of a group's rows for each code of a field; length `codes(name).size`."""
        if (group, name) in self._counted_jointly:
            return self._counted_jointly.pop((group, name))
        codes = self.codes(name)
        picked, total = self._picked(group)
        if not total:
            return Counts(*np.zeros((3, codes.size)))
        if total <= AT_ONCE:
            # one count over the rows of all files together, in the type that counting needs
            found = np.empty(total, dtype=np.intp)
            start = 0
            for segment, rows in picked:
                local, remap = codes.parts[segment.file]
                own = local[rows]
                found[start : start + len(rows)] = own if remap is None else remap[own]
                start += len(rows)
            return Counts(*tally_rows(found, self._joined_weights(group), None, codes.size))
        out = np.zeros((3, codes.size))
        for segment, rows in picked:
            local, remap = codes.parts[segment.file]
            size = codes.size if remap is None else len(remap)
            sums = tally_rows(local[rows], segment.weights, rows, size)
            out[:, slice(None) if remap is None else remap] += sums
        return Counts(*out)

    def tally_slice(self, groups: Sequence[str], bits: Bits, name: str) -> Counts:
        """Return the counts of some groups' rows in a slice, for each code of a field."""
        codes = self.codes(name)
        out = np.zeros((3, codes.size))
        member = np.bitwise_or.reduce([self._rows[group] for group in groups])
        for segment, rows in zip(self.segments, row_numbers(self.segments, bits & member), strict=True):
            if not len(rows):
                continue
            local, remap = codes.parts[segment.file]
            sums = tally_rows(local[rows], segment.weights, rows, codes.size if remap is None else len(remap))
            out[:, slice(None) if remap is None else remap] += sums
        return Counts(*out)

    def compared(self, bits: Bits) -> Bits:
        """Return a slice without the rows that are in neither of the two groups."""
        return np.asarray(bits & np.bitwise_or.reduce([self._rows[group] for group in SIDES]))

    def row_numbers_in(self, group: str, bits: Bits) -> Iterator[Rows]:
        """Yield a group's rows of a slice, as row numbers of each segment's file."""
        return row_numbers(self.segments, bits & self._rows[group])

    def choose(self, group: str, bits: Bits, near: tuple[int, int, int], most: int) -> list[tuple[int, int]]:
        """Return (file, row) of a few of a group's rows in a slice, spread evenly.

        Args:
            group: the group to choose from.
            bits: the slice.
            near: segment, first and last row (of the segment) of the stretch to choose from, if it has any.
            most: how many rows.
        Returns:
            At most `most` rows; none where the slice has no row of the group.
        """
        return choose(self.segments, bits & self._rows[group], near, most)

    def row_numbers(self, bits: Bits) -> list[Rows]:
        """Return a bit set's rows as row numbers of each segment's file. Cost: by words in use."""
        return list(row_numbers(self.segments, bits))

    def sizes(self, group: str, slices: Bits) -> Rows:
        """Return how many rows of a group are in each slice; one slice per row of a matrix."""
        return popcounts(slices & self._rows[group])

    def first_and_last(self, bits: Bits) -> list[tuple[int, int, int]]:
        """Return (segment, first row, last row) of a slice for each segment that has any of its rows."""
        return first_and_last(self.segments, bits)

    def values(self, name: str) -> npt.NDArray[np.int64]:
        """Return a field's code of every row, segment after segment."""
        codes = self.codes(name)
        parts = []
        for segment in self.segments:
            local, remap = codes.parts[segment.file]
            found = local if segment.rows is None else local[segment.rows]
            parts.append((found if remap is None else remap[found]).astype(np.int64))
        return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)

    def unpack(self, bits: Bits) -> Bools:
        """Return a bit set as one boolean per row, segment after segment."""
        mask = np.unpackbits(bits.view(np.uint8), bitorder="little").view(bool)
        parts, start = [], 0
        for segment in self.segments:
            parts.append(mask[start : start + segment.length])
            start += 64 * word_count(segment.length)
        if len(parts) == 1:
            return parts[0]
        return np.concatenate(parts) if parts else np.zeros(0, dtype=bool)

    def weights(self) -> tuple[Floats, Floats]:
        """Return n and w of every row, segment after segment."""
        parts = [row_weights(segment, None) for segment in self.segments]
        if not parts:
            return np.zeros(0), np.zeros(0)
        return np.concatenate([n for n, _ in parts]), np.concatenate([w for _, w in parts])
