"""Counts of slices without the rows of other slices, each counted once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from obskit.explain.cores import spread
from obskit.explain.grouped_rows import FieldCondition, GroupedRows
from obskit.explain.recounted import RecountedRows
from obskit.explain.search import Slice
from obskit.explain.weights import Bits
from obskit.stats.counts import Counts, Floats

_Conditions: TypeAlias = frozenset[FieldCondition]
# Groups, a slice (None for all rows), and the slices whose rows are not counted.
_Key: TypeAlias = tuple[tuple[str, ...], _Conditions | None, frozenset[_Conditions]]


class OutsideCounts:
    """Counts of compared rows outside some slices, kept for when they are needed again.

    The same causes are set aside again and again: to find the next one, to say how wide it is, and once more
    when the causes before it became wider.

    Args:
        rows: all compared rows.
    """

    def __init__(self, rows: GroupedRows) -> None:
        self.rows = rows
        self._known: dict[_Key, Floats] = {}

    def count(self, groups: Sequence[str], slices: Sequence[Slice], aside: Sequence[Slice]) -> list[Counts]:
        """Return the counts of each group's rows in each slice, without those in any of some other slices.

        Args:
            groups: names of groups.
            slices: conditions of each slice.
            aside: conditions of the slices whose rows are not counted.

        Returns:
            The counts of each group, one entry per slice and then one for all of its rows that are left.
        """
        rows = self.rows
        known = rows.known_outside(groups, slices, aside) if isinstance(rows, RecountedRows) else None
        if known is not None:
            return known
        gone = frozenset(map(frozenset, aside))
        keys: list[_Key] = [(tuple(groups), frozenset(one), gone) for one in slices]
        new = {key: one for key, one in zip(keys, slices, strict=True) if key not in self._known}
        every: _Key = (tuple(groups), None, gone)
        left = None
        if aside and (new or every not in self._known):
            left = ~np.bitwise_or.reduce([rows.slice(conditions) for conditions in aside])
        if every not in self._known:
            totals = [rows.totals[name] if left is None else rows.count(name, [left]) for name in groups]
            self._known[every] = np.array([[one.n[0], one.w[0], one.w2[0]] for one in totals])
        self._known.update(zip(new, self._outside(groups, list(new.values()), left), strict=True))
        found = np.stack([self._known[key] for key in (*keys, every)], axis=2)
        return [Counts(*one) for one in found]

    def _outside(self, groups: Sequence[str], slices: Sequence[Slice], left: Bits | None) -> list[Floats]:
        """Return the counts of some rows in each slice, an array of groups x 3."""
        rows = self.rows

        def count(some: Sequence[Slice]) -> Floats:
            bits = [rows.slice(one) if left is None else rows.slice(one) & left for one in some]
            found = [rows.count(name, bits) for name in groups]
            return np.array([[one.n, one.w, one.w2] for one in found])

        few = [slices[at : at + rows.at_once] for at in range(0, len(slices), rows.at_once)]
        return [one for part in spread(count, few, rows.length) for one in np.moveaxis(part, 2, 0)]
