"""Rows sorted into bins of time, and the weight of every value of a field per bin."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from obskit.dataset import NO_TIME, Weights
from obskit.engine import Scope, microseconds, moment

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

MOST_BINS = 96
_SECONDS = (1, 2, 5, 10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 3 * 3600, 6 * 3600, 86_400)
_CELLS = 1 << 17  # more cells than the cache holds take longer than adding up weights


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


class _Part:
    """The rows of one file that count, with what does not depend on the field that is counted.

    Args:
        bins: the bin of each row of the file.
        weights: how many events each row represents.
        size: the number of bins; rows in a bin after them do not count.

    Attributes:
        rows: their positions; None if all rows count.
        bins: the bin of each.
        at: bin x classes of weights + class, if there are few classes.
        n, w: of each class.
    """

    def __init__(self, bins: npt.NDArray[np.uint8], weights: Weights, size: int) -> None:
        rows = np.flatnonzero(bins < size)
        self.rows = None if len(rows) == len(bins) else rows
        self._weights = weights
        self.bins = bins if self.rows is None else bins[rows]
        self.n, self.w = weights.n, weights.w
        self.at: Ints | None = None
        if weights.classes is not None:
            classes = weights.classes if self.rows is None else weights.classes[rows]
            self.at = self.bins.astype(np.int64) * len(weights.n) + classes

    @cached_property
    def row_n(self) -> Floats:
        """The event count of each row."""
        n = self._weights.rows_n().astype(np.float64)
        return n if self.rows is None else n[self.rows]

    @cached_property
    def row_w(self) -> Floats:
        """The sample weight of each row."""
        w = self._weights.rows_w()
        return w if self.rows is None else w[self.rows]


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
        bins = self.size
        w, w2 = np.zeros(size * bins), np.zeros(size * bins)
        for table, code, part in zip(tables, codes, self._parts, strict=True):
            picked = code if part.rows is None else code[part.rows]
            kinds = len(part.n) if part.at is not None else 0
            if part.at is not None and kinds * len(w) <= _CELLS:
                cell = (table * (bins * kinds))[picked]
                cell += part.at
                found = np.bincount(cell, minlength=len(w) * kinds).reshape(-1, kinds)
                w += found @ (part.n * part.w)
                w2 += found @ (part.n * part.w**2)
            else:
                cell = (table * bins)[picked]
                cell += part.bins
                each = part.row_n * part.row_w
                w += np.bincount(cell, each, minlength=len(w))
                w2 += np.bincount(cell, each * part.row_w, minlength=len(w))
        return w.reshape(size, bins), w2.reshape(size, bins)

    def weight_of(self, number: Sequence[Ints], size: int) -> Floats:
        """Return the weight of the rows of each number.

        Args:
            number: per file, a number for each row, in 0..size-1.
            size: how many numbers there are.

        Returns:
            An array of length `size`.
        """
        out = np.zeros(size)
        for own, part in zip(number, self._parts, strict=True):
            picked = own if part.rows is None else own[part.rows]
            out += np.bincount(picked, part.row_n * part.row_w, minlength=size)
        return out

    @cached_property
    def _parts(self) -> list[_Part]:
        return [
            _Part(bins, weights, self.size)
            for bins, weights in zip(self.bins, self.scope.dataset.codes.weights(), strict=True)
        ]

    def without(self, inside: Sequence[Bools]) -> BinnedRows:
        """Return the rows that are not in a slice."""
        return self._keep([~rows for rows in inside])

    def until(self, end: int) -> BinnedRows:
        """Return the rows before a bin, as if the time ended there."""
        bins = [np.minimum(part, end).astype(np.uint8) for part in self.bins]
        return BinnedRows(self.scope, self.edges[: end + 1], bins)

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
