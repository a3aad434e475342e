"""How independent the rows are: rows of one trace count as one observation, by a design effect."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from obskit.explain.grouped_rows import SIDES, GroupedRows
from obskit.explain.weights import Bits, Bools, Rows
from obskit.stats.counts import Floats, heavy

# Rows of whole clusters, in each group, from which design effects are estimated.
MOST_ROWS = 20_000


class Clusters:
    """Design effects of clustering: by how much rows of one trace repeat each other.

    Args:
        sample: a sample of whole clusters, with the groups "selected" and "baseline".
        ids: the cluster of each row; a row that has none, and is an observation of its own, has a number of
            its own below 0.
    """

    def __init__(self, sample: GroupedRows, ids: Rows) -> None:
        n, w = sample.weights()
        self._sample = sample
        self._groups: list[_ClusteredGroup] = []
        for group in SIDES:
            rows = np.flatnonzero(np.concatenate(list(sample.groups[group])))
            _, number, size = np.unique(ids[rows], return_inverse=True, return_counts=True)
            if len(rows) > MOST_ROWS:
                kept = _some(number, MOST_ROWS / len(rows))
                rows, number = rows[kept], number[kept]
            before = sum(group.size for group in self._groups)
            self._groups.append(_ClusteredGroup(rows, number, size, n[rows], w[rows], before))
        # in the order in which the groups look at them
        self._rows = np.concatenate([rows for group in self._groups for rows in group.rows])

    def effects(self, slices: Sequence[Bits]) -> tuple[Floats, Floats, Floats]:
        """Return each slice's design effects in the selection and the baseline, and its selected clusters."""
        out = np.ones((3, len(slices)))
        known: dict[bytes, int] = {}
        for at, bits in enumerate(slices):
            first = known.setdefault(bits.tobytes(), at)  # many conjunctions hold for the same rows
            if first != at:
                out[:, at] = out[:, first]
                continue
            inside = self._sample.unpack(bits).take(self._rows)
            one, other = self._groups
            selected = one.inside(inside)
            out[0, at] = one.design_effect(*selected)
            out[2, at] = one.distinct(*selected)
            if not other.plain:
                out[1, at] = other.design_effect(*other.inside(inside))
        return out[0], out[1], out[2]

    def repeats(self, bits: Bits) -> tuple[float, float]:
        """Return how many events of a slice there are per cluster, in the selection and in the baseline."""
        return self._repeats(self._sample.unpack(bits))

    def all_repeats(self) -> tuple[float, float]:
        """Return how many events there are per cluster, in the selection and in the baseline."""
        return self._repeats(np.ones(sum(segment.length for segment in self._sample.segments), dtype=bool))

    def _repeats(self, mask: Bools) -> tuple[float, float]:
        inside = mask[self._rows]
        selected, baseline = (group.repeats(*group.inside(inside)) for group in self._groups)
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
        before: how many rows the groups before this one have.
    """

    def __init__(self, rows: Rows, number: Rows, size: Rows, n: Floats, w: Floats, before: int) -> None:
        shared = size[number] > 1
        self.plain = not shared.any()
        together = np.flatnonzero(shared)
        kept, self._number = np.unique(number[together], return_inverse=True)
        self._clusters = len(kept)
        self.rows = rows[together], rows[~shared]
        self._together, self._alone = (_Weighted(n[at], w[at]) for at in (together, ~shared))
        middle, self.size = before + len(together), len(rows)
        self._own = slice(before, middle), slice(middle, before + len(rows))
        self._total = self._together.weight.sum() + self._alone.weight.sum()
        self._each = np.bincount(self._number, self._together.weight, self._clusters)
        squares = float((self._each**2).sum() + self._alone.squares.sum())
        count = self._clusters + float(self._alone.n.sum())
        self.unit = 0.0 if self.plain else math.sqrt(heavy(squares, float(self._total), count))

    def inside(self, inside: Bools) -> tuple[Rows, Rows]:
        """Return which rows are in a slice: of those that share a cluster, and of the others.

        Args:
            inside: whether each row of all groups is in the slice.
        Returns:
            Positions among the rows that share a cluster, and among the others.
        """
        together, alone = self._own
        return inside[together].nonzero()[0], inside[alone].nonzero()[0]

    def distinct(self, together: Rows, alone: Rows) -> float:
        """Return how many clusters, and events without a cluster, are in a slice."""
        seen = np.zeros(self._clusters, dtype=bool)
        seen[self._number.take(together)] = True
        return float(np.count_nonzero(seen) + np.add.reduce(self._alone.n.take(alone)))

    def repeats(self, together: Rows, alone: Rows) -> float:
        """Return how many events of a slice there are per cluster, >= 1."""
        if self.plain:
            return 1.0
        events = float(self._together.n[together].sum() + self._alone.n[alone].sum())
        return max(events / max(self.distinct(together, alone), 1.0), 1.0)

    def design_effect(self, together: Rows, alone: Rows) -> float:
        """Return the variance of a slice's share with clusters divided by the variance without, >= 1."""
        if self.plain or self._total <= 0:
            return 1.0
        weight = self._together.weight.take(together)
        p = float((np.add.reduce(weight) + np.add.reduce(self._alone.weight.take(alone))) / self._total)
        sums = np.bincount(self._number.take(together), weight, self._clusters) - p * self._each
        rest = self._alone.variance(alone, p)
        apart = rest + self._together.variance(together, p)
        return max(1.0, (float(sums @ sums) + rest) / apart) if apart > 0 else 1.0


class _Weighted:
    """Event counts and weights of sampled rows, and the sums of their squared weights."""

    def __init__(self, n: Floats, w: Floats) -> None:
        self.n, self.weight, self.squares = n, n * w, n * w * w
        self._whole = float(self.squares.sum())

    def variance(self, inside: Rows, p: float) -> float:
        """Return the sum of the squared distances from a share, as if no row repeated another."""
        own = float(np.add.reduce(self.squares.take(inside)))
        return own * (1 - p) ** 2 + (self._whole - own) * p**2


def _some(number: Rows, share: float) -> Bools:
    """Return which rows are of some clusters: about so large a share of them, always the same ones."""
    mixed = (number.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(32)
    return np.asarray(mixed < np.uint64(share * 2**32))
