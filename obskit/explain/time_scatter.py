"""Design effects of bursts: how much less the events of a slice say because they come together in time.

Where the selection is a window of time, a slice of a few events is only told from a burst by how its events
are spread: 300 events in one minute are one incident, 300 over two hours are many observations.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from obskit.dataset import NO_TIME
from obskit.engine import Scope
from obskit.explain.grouped_rows import GroupedRows
from obskit.explain.weights import Bits, Rows
from obskit.stats.counts import Floats

STRETCHES = 24
Times: TypeAlias = npt.NDArray[np.int64]


class TimeScatter:
    """The stretches of time of a group's rows.

    Args:
        scope: the events.
        full: all compared rows.
        group: the group.
    """

    def __init__(self, scope: Scope, full: GroupedRows, group: str) -> None:
        self._full, self._group = full, group
        self._times = scope.dataset.codes.times()
        times = self._times_in(full.all_row_numbers(group))
        first, last = (int(times.min()), int(times.max())) if len(times) else (0, 0)
        self._edges = first + (last + 1 - first) * np.arange(1, STRETCHES) // STRETCHES
        self._whole = self._cells(times)

    def effects(self, slices: Sequence[Bits]) -> tuple[Floats, Floats]:
        """Return the design effects of slices, and in how many stretches each has events.

        An effect is the variance of the slice's counts over their mean, compared with all of the group's
        events; 1 for events that do not come together.

        Args:
            slices: the rows of each slice.

        Returns:
            The effects, >= 1, and the numbers of stretches.
        """
        found = [self._effect(self._cells(self._times_of(bits))) for bits in slices]
        effects = np.array([effect for effect, _ in found], dtype=np.float64)
        return effects, np.array([stretches for _, stretches in found], dtype=np.float64)

    def _effect(self, counts: Floats) -> tuple[float, int]:
        total, whole = float(counts.sum()), float(self._whole.sum())
        busy = self._whole > 0
        stretches = int(np.count_nonzero(counts))
        if not 0 < total < whole or np.count_nonzero(busy) < 2:
            return 1.0, stretches
        expected = self._whole[busy] * total / whole
        squares = float(((counts[busy] - expected) ** 2 / expected).sum())
        return max(squares / (np.count_nonzero(busy) - 1) / (1 - total / whole), 1.0), stretches

    def _cells(self, times: Times) -> Floats:
        cells = np.searchsorted(self._edges, times, side="right")
        return np.bincount(cells, minlength=STRETCHES).astype(np.float64)

    def _times_of(self, bits: Bits) -> Times:
        return self._times_in(self._full.row_numbers_in(self._group, bits))

    def _times_in(self, rows: Iterable[Rows]) -> Times:
        parts = [self._times[segment.file][at] for segment, at in zip(self._full.segments, rows, strict=True)]
        times: Times = np.concatenate(parts) if parts else np.zeros(0, np.int64)
        known: Times = times[times != NO_TIME]
        return known
