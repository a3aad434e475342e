"""Rows that are a sample of a table elsewhere, with counts of that table.

The selected rows and a sample of the others are on this machine. Counts of the sample are scaled to the sizes
of the groups, which are known; the conditions that matter are counted there, exactly, by one statement. Its
answer has a row for each combination of these conditions, so it gives the counts of all their conjunctions.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from obskit.explain.grouped_rows import FieldCondition, GroupedRows
from obskit.explain.weights import Bits
from obskit.explain.wide_numbers import Histogram
from obskit.stats.counts import Counts, Floats

# Bits of one number, without its sign.
MOST_CONDITIONS = 62


@dataclass(frozen=True)
class Combinations:
    """How many rows of each group have each combination of some conditions.

    Attributes:
        conditions: the conditions; the first one is the lowest bit.
        bits: for each combination a number with the bits of the conditions that hold.
        counts: group -> n, n·w and n·w² of each combination, an array of 3 x combinations.
        first, last: when the first and the last compared row of each began, µs; the largest and the smallest
            number where none has a time.
    """

    conditions: tuple[FieldCondition, ...]
    bits: npt.NDArray[np.int64]
    counts: Mapping[str, Floats]
    first: npt.NDArray[np.int64]
    last: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Elsewhere:
    """What is known of the table that a sample was taken from.

    Attributes:
        totals: the exact size of each group.
        rows: number of rows in the population.
        left_out: number of rows of `where` that are not in the population.
        unknown: number of compared rows for which the selection is null.
        unweighted: number of rows of the table without a sample weight; None if it has no weights.
        combine: counts combinations of conditions there.
        histograms: returns the histograms of numbers there: field -> whether its cells are its values.
    """

    totals: Mapping[str, Counts]
    rows: int
    left_out: int
    unknown: int
    unweighted: int | None
    combine: Callable[[Sequence[FieldCondition]], Combinations]
    histograms: Callable[[Mapping[str, bool]], Mapping[str, Histogram]]


class RecountedRows(GroupedRows):
    """A sample of the compared rows that answers for all of them.

    Args:
        rows: the sample.
        totals: the exact size of each group.
    """

    def __init__(self, rows: GroupedRows, totals: Mapping[str, Counts]) -> None:
        self.__dict__.update(rows.__dict__)
        self._known: list[Combinations] = []
        self._scale: dict[str, tuple[float, float, float]] = {}
        for name, seen in rows.totals.items():
            whole = totals[name]
            n, w, w2 = (
                float(all_of[0] / part[0]) if part[0] else 1.0
                for all_of, part in ((whole.n, seen.n), (whole.w, seen.w), (whole.w2, seen.w2))
            )
            self._scale[name] = n, w, w2
        self.totals = dict(totals)

    @property
    def complete(self) -> bool:
        """Whether the sample is all of the rows."""
        return all(scale == (1.0, 1.0, 1.0) for scale in self._scale.values())

    def add(self, found: Combinations) -> None:
        """Add exact counts."""
        self._known.append(found)

    def is_known(self, conditions: Iterable[FieldCondition]) -> bool:
        """Return whether the exact counts of a slice are known."""
        return self.complete or self._of(frozenset(conditions)) is not None

    def count(self, group: str, slices: Sequence[Bits] | Bits) -> Counts:
        """Return the scaled counts of a group's rows in each slice."""
        return self._scaled(group, super().count(group, slices))

    @property
    def recounts(self) -> int:
        """How often exact counts were added."""
        return len(self._known)

    def count_slices(
        self,
        groups: Sequence[str],
        slices: Sequence[Sequence[FieldCondition]],
        alike: Callable[[Sequence[FieldCondition]], Hashable] | None = None,
    ) -> list[Counts]:
        """Return the counts of each group's rows in each slice: exact where they are known, else scaled."""
        found = super().count_slices(groups, slices, alike)
        scaled = [self._scaled(group, counts) for group, counts in zip(groups, found, strict=True)]
        return self.recounted(groups, slices, scaled)

    def known_outside(
        self,
        groups: Sequence[str],
        slices: Sequence[Sequence[FieldCondition]],
        aside: Sequence[Sequence[FieldCondition]],
    ) -> list[Counts] | None:
        """Return what `OutsideCounts.count` does if all conditions were counted exactly, else None."""
        named = frozenset(condition for conditions in (*slices, *aside) for condition in conditions)
        table = None if self.complete else self._of(named)
        if table is None:
            return None
        left = np.ones(len(table.bits), dtype=bool)
        for conditions in aside:
            left &= ~_holds(table, conditions)
        inside = np.array([*(_holds(table, conditions) & left for conditions in slices), left])
        return [Counts(*(table.counts[group] @ inside.T)) for group in groups]

    def recounted(
        self, groups: Sequence[str], slices: Sequence[Sequence[FieldCondition]], found: list[Counts]
    ) -> list[Counts]:
        """Return counts of slices in which those that are known exactly replace estimates."""
        if self.complete:
            return found
        for at, conditions in enumerate(slices):
            table = self._of(frozenset(conditions))
            if table is None:
                continue
            inside = _holds(table, conditions)
            for group, counts in zip(groups, found, strict=True):
                counts.n[at], counts.w[at], counts.w2[at] = table.counts[group][:, inside].sum(axis=1)
        return found

    def ends(self, conditions: Sequence[FieldCondition]) -> tuple[int, int] | None:
        """Return when the first and last row of a slice began, µs; None if only the sample knows."""
        table = None if self.complete else self._of(frozenset(conditions))
        if table is None:
            return None
        inside = _holds(table, conditions)
        return (int(table.first[inside].min()), int(table.last[inside].max())) if inside.any() else None

    def tally(self, group: str, name: str) -> Counts:
        """Return the scaled counts of a group's rows for each code of a field."""
        return self._scaled(group, super().tally(group, name))

    def tally_slice(self, groups: Sequence[str], bits: Bits, name: str) -> Counts:
        """Return the scaled counts of some groups' rows in a slice, for each code of a field."""
        parts = [
            self._scaled(group, super(RecountedRows, self).tally_slice([group], bits, name))
            for group in groups
        ]
        out = parts[0]
        for part in parts[1:]:
            out = out + part
        return out

    def _scaled(self, group: str, counts: Counts) -> Counts:
        n, w, w2 = self._scale[group]
        return counts if n == w == w2 == 1.0 else Counts(counts.n * n, counts.w * w, counts.w2 * w2)

    def _of(self, conditions: frozenset[FieldCondition]) -> Combinations | None:
        return next((one for one in self._known if conditions <= set(one.conditions)), None)


def _holds(table: Combinations, conditions: Iterable[FieldCondition]) -> npt.NDArray[np.bool_]:
    wanted = sum(1 << table.conditions.index(condition) for condition in conditions)
    return np.asarray((table.bits & wanted) == wanted)
