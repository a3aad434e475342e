"""Rows sorted into bins of time, and the weight of every value of a field per bin."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from obskit.dataset import NO_TIME
from obskit.engine import Scope, microseconds, moment

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

MOST_BINS = 96
_SECONDS = (1, 2, 5, 10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 3 * 3600, 6 * 3600, 86_400)
_CELLS = 1 << 22


def time_edges(first: datetime, last: datetime, since: datetime | None) -> Ints:
    """Return the edges of equal bins of time that cover a range.

    Args:
        first: the time of the first row.
        last: the time of the last row.
        since: a moment that must be an edge; by default edges are round times.

    Returns:
        Ascending, in microseconds; at most 97. The last bin is left out if it is not over at `last`.
    """
    low, high = microseconds(first), microseconds(last)
    span = max(high - low, 1)
    step = next((s for s in _SECONDS if span / (s * 1e6) <= MOST_BINS - 1), None)
    width = (step or math.ceil(span / 1e6 / 86_400 / (MOST_BINS - 1)) * 86_400) * 1_000_000
    offset = microseconds(since) % width if since is not None else 0
    begin = (low - offset) // width * width + offset
    count = (high - begin) // width
    return begin + width * np.arange(count + 1, dtype=np.int64)


Volume = tuple[Floats, Floats]


@dataclass(frozen=True, eq=False)
class BinnedRows:
    """Rows by bin of time.

    Attributes:
        scope: the rows' dataset.
        edges: of the bins, in microseconds; (B + 1,).
        bins: per file, the bin of each row; B for rows that do not count.
    """

    scope: Scope
    edges: Ints
    bins: list[npt.NDArray[np.uint8]]

    @classmethod
    def of(cls, scope: Scope, edges: Ints) -> BinnedRows:
        """Sort the rows of a scope into bins."""
        masks = scope.masks(None)
        return cls(
            scope,
            edges,
            [
                _bin(times, edges, mask.true)
                for times, mask in zip(scope.dataset.codes.times(), masks, strict=True)
            ],
        )

    @property
    def size(self) -> int:
        """The number of bins."""
        return len(self.edges) - 1

    def moment(self, at: int) -> datetime:
        """Return the time at which a bin begins."""
        return moment(int(self.edges[at]))

    def count(self, tables: Sequence[Ints], codes: Sequence[npt.NDArray[Any]], size: int) -> Volume:
        """Add up the weight of each value per bin.

        Args:
            tables: per file, the number of each code's value, in 0..size-1.
            codes: per file, the code of each row.
            size: the number of values.

        Returns:
            The weight and the squared weight; (size, B) each.

        Cost: one bincount over the rows.
        """
        wide = self.size + 1
        w, w2 = np.zeros(size * wide), np.zeros(size * wide)
        weights = self.scope.dataset.codes.weights()
        for table, code, bins, weight in zip(tables, codes, self.bins, weights, strict=True):
            cell = (table * wide)[code]
            cell += bins
            kinds = 0 if weight.classes is None else len(weight.n)
            if weight.classes is not None and kinds * len(w) <= _CELLS:
                if kinds > 1:
                    cell *= kinds
                    cell += weight.classes
                found = np.bincount(cell, minlength=len(w) * kinds).reshape(-1, kinds)
                w += found @ (weight.n * weight.w)
                w2 += found @ (weight.n * weight.w**2)
            else:
                n, each = weight.rows_n().astype(np.float64), weight.rows_w()
                w += np.bincount(cell, n * each, minlength=len(w))
                w2 += np.bincount(cell, n * each * each, minlength=len(w))
        return w.reshape(size, wide)[:, :-1], w2.reshape(size, wide)[:, :-1]

    def without(self, inside: Sequence[Bools]) -> BinnedRows:
        """Return the rows that are not in a slice."""
        return self._keep([~rows for rows in inside])

    def within(self, inside: Sequence[Bools]) -> BinnedRows:
        """Return the rows that are in a slice."""
        return self._keep(inside)

    def _keep(self, kept: Sequence[Bools]) -> BinnedRows:
        bins = [
            np.where(some, part, self.size).astype(np.uint8)
            for part, some in zip(self.bins, kept, strict=True)
        ]
        return BinnedRows(self.scope, self.edges, bins)


def _bin(times: Ints, edges: Ints, mask: Bools) -> npt.NDArray[np.uint8]:
    width, size = int(edges[1] - edges[0]) if len(edges) > 1 else 1, len(edges) - 1
    inside = mask & (times != NO_TIME) & (times >= edges[0]) & (times < edges[-1])
    at = np.full(len(times), size, np.uint8)
    at[inside] = (times[inside] - edges[0]) // width
    return at
