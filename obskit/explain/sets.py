"""Values that share an excess none shows alone: chosen on half of the traces, tested on the rest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from obskit.explain.frame import Frame, Item
from obskit.explain.singles import Column, set_item
from obskit.explain.weights import Bools, row_weights
from obskit.stats.evidence import Counts, score, share

MOST_VALUES = 1_000


@dataclass(frozen=True)
class HeldOut:
    """The counts of a set on the half of the sample that did not choose it."""

    item: Item
    a: Counts
    all_a: Counts
    b: Counts
    all_b: Counts


class Halves:
    """The sample in two halves by cluster, and what each row of a group weighs."""

    def __init__(self, sample: Frame, clusters: npt.NDArray[np.int64]) -> None:
        self._sample = sample
        alone = clusters < 0
        key = np.where(alone, np.arange(len(clusters)), clusters).astype(np.uint64)
        mixed = (key * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(40)
        first: Bools = (mixed & np.uint64(1)) == 0
        pieces = [row_weights(segment, None) for segment in sample.segments]
        n, w = (np.concatenate(part) for part in zip(*pieces, strict=True))
        self._sums = (n, n * w, n * w * w)
        self._rows = {
            (group, half): np.flatnonzero(np.concatenate(list(sample.groups[group])) & (first == (half == 0)))
            for group in ("a", "b")
            for half in (0, 1)
        }

    def tally(self, name: str, group: str, half: int) -> Counts:
        """Return the counts of each code of a field in one half of a group."""
        rows, codes = self._rows[group, half], self._sample.values(name)
        size = self._sample.codes(name).size
        return Counts(*(np.bincount(codes[rows], x[rows], size).astype(np.float64) for x in self._sums))

    def find(self, column: Column, floor_share: float, log_level: float) -> HeldOut | None:
        """Return the set of a field's values that holds on the other half, or None.

        Args:
            column: a field none of whose values is significant alone.
            floor_share: least share of the selection that the set must hold.
            log_level: log of the error level of each bound.
        """
        name = column.codes.name
        a, b = self.tally(name, "a", 0), self.tally(name, "b", 0)
        # few rows a value: one more in the baseline keeps a chance absence from looking like a cause
        lift = (a.w / max(a.w.sum(), 1e-300)) / (
            (b.w + b.w.sum() / max(b.n.sum(), 1)) / max(b.w.sum(), 1e-300)
        )
        usable = a.n >= 2
        usable[0] = False
        if column.codes.rare_code is not None:
            usable[column.codes.rare_code] = False
        ranked = np.argsort(-np.where(usable, lift, 0.0), kind="stable")[
            : min(int(usable.sum()), MOST_VALUES)
        ]
        ranked = ranked[lift[ranked] > 1]
        if len(ranked) < 3:
            return None
        whole_a, whole_b = a.sum(), b.sum()
        first_a = Counts(*(np.cumsum(x[ranked]) for x in (a.n, a.w, a.w2)))
        first_b = Counts(*(np.cumsum(x[ranked]) for x in (b.n, b.w, b.w2)))
        value = score(first_a, whole_a, first_b, whole_b, np.log(0.05))
        size = int(np.argmax(value)) + 1
        if value[size - 1] <= 0 or size < 3:
            return None
        members = ranked[:size]
        a, b = self.tally(name, "a", 1), self.tally(name, "b", 1)
        held = HeldOut(set_item(column.codes, members), a[members].sum(), a.sum(), b[members].sum(), b.sum())
        if (
            score(held.a, held.all_a, held.b, held.all_b, log_level)[0] <= 0
            or share(held.a, held.all_a)[0] < floor_share
        ):
            return None
        return held
