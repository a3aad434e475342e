"""How independent the rows are: rows of one trace count as one observation, by a design effect."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from obskit.explain.grouped_rows import SIDES, GroupedRows
from obskit.explain.weights import Bits, Bools, Rows
from obskit.stats.evidence import Floats, heavy


class Clusters:
    """Design effects of clustering: by how much rows of one trace repeat each other.

    Args:
        sample: a sample of whole clusters, with the groups "selected" and "baseline".
        ids: the cluster of each row; negative where it has none and is an observation of its own.
    """

    def __init__(self, sample: GroupedRows, ids: Rows) -> None:
        n, w = sample.weights()
        self._sample = sample
        self._groups = []
        for group in SIDES:
            rows = np.flatnonzero(np.concatenate(list(sample.groups[group])))
            own = ids[rows].copy()
            alone = own < 0
            own[alone] = -1 - np.arange(alone.sum())
            _, number, size = np.unique(own, return_inverse=True, return_counts=True)
            self._groups.append(_ClusteredGroup(rows, number, size, n[rows], w[rows]))

    def effects(self, slices: Sequence[Bits]) -> tuple[Floats, Floats, Floats]:
        """Return each slice's design effects in the selection and the baseline, and its selected clusters."""
        out = np.ones((2, len(slices)))
        seen = np.zeros(len(slices))
        masks = [self._sample.unpack(bits) for bits in slices]
        for at, mask in enumerate(masks):
            for at_group, group in enumerate(self._groups):
                inside = mask[group.rows]
                if at_group == 0:
                    seen[at] = group.distinct(inside)
                out[at_group, at] = group.design_effect(inside)
        return out[0], out[1], seen

    def repeats(self, bits: Bits) -> tuple[float, float]:
        """Return how many events of a slice there are per cluster, in the selection and in the baseline."""
        inside = self._sample.unpack(bits)
        out = []
        for group in self._groups:
            own = inside[group.rows]
            out.append(float(group.n[own].sum()) / max(group.distinct(own), 1.0))
        return max(out[0], 1.0), max(out[1], 1.0)

    def all_repeats(self) -> tuple[float, float]:
        """Return how many events there are per cluster, in the selection and in the baseline."""
        if not self.shared:
            return 1.0, 1.0
        selected, baseline = (
            float(group.n.sum()) / max(group.distinct(np.ones(len(group.rows), dtype=bool)), 1.0)
            for group in self._groups
        )
        return selected, baseline

    @property
    def shared(self) -> bool:
        """Whether any cluster has more than one row."""
        return not all(group.plain for group in self._groups)

    @property
    def units(self) -> tuple[float, float]:
        """Extra weight of a large cluster over an average one, in both groups; 0 where all weigh the same."""
        return self._groups[0].unit, self._groups[1].unit


class _ClusteredGroup:
    """One group's sampled rows with their clusters.

    Args:
        rows: positions of the group's rows in the sample.
        number: the cluster of each row, from 0.
        size: number of rows of each cluster.
        n: event count of each row.
        w: sample weight of each row.
    """

    def __init__(self, rows: Rows, number: Rows, size: Rows, n: Floats, w: Floats) -> None:
        self.rows, self.n = rows, n
        self.weight, self.squares = n * w, n * w * w
        self.shared = size[number] > 1
        self.plain = not self.shared.any()
        self.total = float(self.weight.sum())
        kept, self.number = np.unique(number[self.shared], return_inverse=True)
        self.clusters = len(kept)
        self._n, self._weight, self._squares = (
            n[self.shared],
            self.weight[self.shared],
            self.squares[self.shared],
        )
        self._alone = ~self.shared
        self._each = np.bincount(self.number, self._weight, self.clusters)
        self._rest = float(self.squares[self._alone].sum())
        squares = float((self._each**2).sum()) + self._rest
        count = self.clusters + float(n[self._alone].sum())
        self.unit = 0.0 if self.plain else math.sqrt(heavy(squares, self.total, count))

    def distinct(self, inside: Bools) -> float:
        """Return how many clusters, and events without a cluster, are in a slice."""
        if self.plain:
            return float(self.n[inside].sum())
        seen = np.zeros(self.clusters, dtype=bool)
        seen[self.number[inside[self.shared]]] = True
        return float(seen.sum() + self.n[inside & self._alone].sum())

    def design_effect(self, inside: Bools) -> float:
        """Return the variance of a slice's share with clusters divided by the variance without, >= 1."""
        if self.plain or self.total <= 0:
            return 1.0
        p = float(self.weight[inside].sum()) / self.total
        picked = np.flatnonzero(inside[self.shared])
        sums = np.bincount(self.number[picked], self._weight[picked], self.clusters) - p * self._each
        alone = self._variance(float(self.squares[inside & self._alone].sum()), self._rest, p)
        together = float((sums**2).sum()) + alone
        apart = alone + self._variance(float(self._squares[picked].sum()), float(self._squares.sum()), p)
        return max(1.0, together / apart) if apart > 0 else 1.0

    @staticmethod
    def _variance(inside: float, whole: float, p: float) -> float:
        return inside * (1 - p) ** 2 + (whole - inside) * p**2
