"""Sets of values that together are more common in the selection, though no value is alone.

A set is chosen on one half of the traces and tested on the other: choosing it does not count as evidence.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from obskit.explain.grouped_rows import SIDES, FieldCondition, GroupedRows
from obskit.explain.singles import Column, set_condition
from obskit.explain.weights import Bits, Bools, pack, row_weights
from obskit.stats.evidence import Counts, score, share

MOST_VALUES = 1_000


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
        sample: rows with the groups "selected" and "baseline".
        clusters: the cluster of each row; negative where it has none.
    """

    def __init__(self, sample: GroupedRows, clusters: npt.NDArray[np.int64]) -> None:
        self._sample = sample
        alone = clusters < 0
        key = np.where(alone, np.arange(len(clusters)), clusters).astype(np.uint64)
        mixed = (key * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(40)
        first: Bools = (mixed & np.uint64(1)) == 0
        pieces = [row_weights(segment, None) for segment in sample.segments]
        n, w = (np.concatenate(part) for part in zip(*pieces, strict=True))
        self._sums = (n, n * w, n * w * w)
        self._first = first
        self._rows = {
            (group, half): np.flatnonzero(np.concatenate(list(sample.groups[group])) & (first == (half == 0)))
            for group in SIDES
            for half in (0, 1)
        }

    def second(self) -> Bits:
        """Return the rows of the half that does not choose sets."""
        return pack([~self._first])

    def tally(self, name: str, group: str, half: int) -> Counts:
        """Return the counts of each code of a field in one half of a group."""
        rows, codes = self._rows[group, half], self._sample.values(name)
        size = self._sample.codes(name).size
        return Counts(*(np.bincount(codes[rows], x[rows], size).astype(np.float64) for x in self._sums))

    def find(self, column: Column, floor_share: float, log_level: float) -> HeldOut | None:
        """Return the set of a field's values that is significant on the other half.

        Args:
            column: a field none of whose values is significant alone.
            floor_share: the smallest share of the selection that the set must have.
            log_level: log of the error level of each bound.
        Returns:
            The set with its counts on the second half; None if there is none.
        """
        name = column.codes.name
        selected, baseline = self.tally(name, "selected", 0), self.tally(name, "baseline", 0)
        # values have few rows: one more in the baseline keeps a chance absence from looking like a cause
        lift = (selected.w / max(selected.w.sum(), 1e-300)) / (
            (baseline.w + baseline.w.sum() / max(baseline.n.sum(), 1)) / max(baseline.w.sum(), 1e-300)
        )
        usable = selected.n >= 2
        usable[0] = False
        if column.codes.rare_code is not None:
            usable[column.codes.rare_code] = False
        ranked = np.argsort(-np.where(usable, lift, 0.0), kind="stable")[
            : min(int(usable.sum()), MOST_VALUES)
        ]
        ranked = ranked[lift[ranked] > 1]
        if len(ranked) < 3:
            return None
        whole_a, whole_b = selected.sum(), baseline.sum()
        first_a = Counts(*(np.cumsum(x[ranked]) for x in (selected.n, selected.w, selected.w2)))
        first_b = Counts(*(np.cumsum(x[ranked]) for x in (baseline.n, baseline.w, baseline.w2)))
        value = score(first_a, whole_a, first_b, whole_b, np.log(0.05))
        size = int(np.argmax(value)) + 1
        if value[size - 1] <= 0 or size < 3:
            return None
        members = ranked[:size]
        selected, baseline = self.tally(name, "selected", 1), self.tally(name, "baseline", 1)
        found = HeldOut(
            set_condition(column.codes, members),
            selected[members].sum(),
            selected.sum(),
            baseline[members].sum(),
            baseline.sum(),
        )
        if (
            score(found.selected, found.all_selected, found.baseline, found.all_baseline, log_level)[0] <= 0
            or share(found.selected, found.all_selected)[0] < floor_share
        ):
            return None
        return found
