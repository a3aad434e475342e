"""Sets of values that together are more common in the selection, though no value is alone.

A set is chosen on one half of the traces and tested on the other: choosing it does not count as evidence.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from obskit.dataset import Weights
from obskit.explain.grouped_rows import SIDES, FieldCondition, GroupedRows
from obskit.explain.singles import Column, set_condition
from obskit.explain.weights import Bits, Bools, Rows, pack, tally_rows
from obskit.stats.counts import Counts, share
from obskit.stats.evidence import rough_score, score

MOST_VALUES = 1_000
# Of the sets that the first values make, so many are scored exactly.
LIKELY = 60


@dataclass(frozen=True)
class HeldOut:
    """A set of values with its counts on the half of the sample that did not choose it.

    Attributes:
        condition: the set.
        selected, baseline: counts of the set in each group.
        all_selected, all_baseline: counts of the whole groups.
    """

    condition: FieldCondition
    selected: Counts
    all_selected: Counts
    baseline: Counts
    all_baseline: Counts


class Halves:
    """A sample in two halves, clusters kept together.

    Args:
        sample: rows with the groups "selected" and "baseline", as of one file.
        clusters: the cluster of each row; a negative number of its own where it has none.
    """

    def __init__(self, sample: GroupedRows, clusters: npt.NDArray[np.int64]) -> None:
        self._sample = sample
        alone = clusters < 0
        key = np.where(alone, -1 - clusters, clusters).astype(np.uint64)
        mixed = (key * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(40)
        first: Bools = (mixed & np.uint64(1)) == 0
        self._first = first
        self._rows = {
            (group, half): np.flatnonzero(np.concatenate(list(sample.groups[group])) & (first == (half == 0)))
            for group in SIDES
            for half in (0, 1)
        }
        self._weights: dict[tuple[str, int], Weights] = {}
        self._totals: dict[tuple[str, int], Counts] = {}

    def second(self) -> Bits:
        """Return the rows of the half that does not choose sets."""
        return pack([~self._first])

    def codes_of(self, name: str, group: str, half: int) -> npt.NDArray[Any]:
        """Return the code of a field in each row of one half of a group."""
        (segment,) = self._sample.segments
        local, _ = self._sample.codes(name).parts[segment.file]
        return local.take(self._rows[group, half])

    def tally(
        self, column: Column, members: Rows, group: str, half: int, codes: npt.NDArray[Any] | None = None
    ) -> Counts:
        """Return the counts of some codes of a field in one half of a group.

        A dictionary may have as many codes as the sample has rows; the others are not counted.

        Args:
            column: the field.
            members: the codes to count.
            group: the group.
            half: 0 or 1.
            codes: the code of each row there, if it is known already.
        Returns:
            One entry per member.
        """
        if codes is None:
            codes = self.codes_of(column.codes.name, group, half)
        numbers = np.zeros(column.codes.size, dtype=np.min_scalar_type(len(members)))
        numbers[members] = np.arange(1, len(members) + 1)
        return self._count(numbers.take(codes), group, half, len(members) + 1)[1:]

    def total(self, group: str, half: int) -> Counts:
        """Return the counts of all rows in one half of a group."""
        if (group, half) not in self._totals:
            every = np.zeros(len(self._rows[group, half]), dtype=np.uint8)
            self._totals[group, half] = self._count(every, group, half, 1)
        return self._totals[group, half]

    def _count(self, found: npt.NDArray[Any], group: str, half: int, size: int) -> Counts:
        if (group, half) not in self._weights:
            (segment,) = self._sample.segments
            self._weights[group, half] = _weights_of(segment.weights, self._rows[group, half])
        return Counts(*tally_rows(found, self._weights[group, half], None, size))

    def find(self, column: Column, floor_share: float, log_level: float) -> HeldOut | None:
        """Return the set of a field's values that is significant on the other half.

        Args:
            column: a field none of whose values is significant alone.
            floor_share: the smallest share of the selection that the set must have.
            log_level: log of the error level of each bound.
        Returns:
            The set with its counts on the second half; None if there is none.
        """
        codes = self.codes_of(column.codes.name, "selected", 0)
        seen = np.bincount(codes, minlength=1)
        seen[0] = 0
        if column.codes.rare_code is not None:
            seen[column.codes.rare_code : column.codes.rare_code + 1] = 0
        usable = np.flatnonzero(seen)
        selected = self.tally(column, usable, "selected", 0, codes)
        often = selected.n >= 2
        if np.count_nonzero(often) < 3:
            return None
        usable, selected = usable[often], selected[often]
        baseline = self.tally(column, usable, "baseline", 0)
        whole_a, whole_b = self.total("selected", 0), self.total("baseline", 0)
        # values have few rows: one more in the baseline keeps a chance absence from looking like a cause
        lift = (selected.w / np.maximum(whole_a.w, 1e-300)) / (
            (baseline.w + whole_b.w / np.maximum(whole_b.n, 1)) / np.maximum(whole_b.w, 1e-300)
        )
        ranked = np.argsort(-lift, kind="stable")[:MOST_VALUES]
        ranked = ranked[lift[ranked] > 1]
        size = _best_size(selected[ranked], whole_a, baseline[ranked], whole_b)
        if size < 3:
            return None
        members = usable[ranked[:size]]
        selected, whole_a = self.tally(column, members, "selected", 1).sum(), self.total("selected", 1)
        if share(selected, whole_a)[0] < floor_share:
            return None
        baseline, whole_b = self.tally(column, members, "baseline", 1).sum(), self.total("baseline", 1)
        if score(selected, whole_a, baseline, whole_b, log_level)[0] <= 0:
            return None
        return HeldOut(set_condition(column.codes, members), selected, whole_a, baseline, whole_b)


def _best_size(selected: Counts, all_selected: Counts, baseline: Counts, all_baseline: Counts) -> int:
    """Return how many values make the set with the most evidence, given their counts in order; 0 if none."""
    if len(selected) < 3:
        return 0
    inside, outside = (
        Counts(*(np.cumsum(x) for x in (part.n, part.w, part.w2))) for part in (selected, baseline)
    )
    whole, log_level = (all_selected, all_baseline), float(np.log(0.05))
    likely = np.arange(len(selected))
    if len(likely) > 2 * LIKELY:  # bounds cost most of the time
        rough = rough_score(inside, whole[0], outside, whole[1], log_level)
        if rough.max() > 0:
            likely = np.sort(np.argsort(-rough, kind="stable")[:LIKELY])
    value = score(inside[likely], whole[0], outside[likely], whole[1], log_level, only_best=True)
    best = int(np.argmax(value))
    return int(likely[best]) + 1 if value[best] > 0 else 0


def _weights_of(weights: Weights, rows: Rows) -> Weights:
    """Return the weights of some rows of a file."""
    if weights.classes is not None:
        return replace(weights, classes=weights.classes[rows], unweighted=0)
    return replace(weights, row_n=weights.rows_n()[rows], row_w=weights.rows_w()[rows], unweighted=0)
