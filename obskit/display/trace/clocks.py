"""How far the clocks of a trace's machines disagree, as far as its own spans prove it.

A span cannot begin before the span that caused it. Where one does, and the two ran on different machines, one
of the clocks is wrong. All spans of that clock are moved together: to the middle of what the calls between
the two machines allow, or by the least that they demand. Spans that only end late are left alone: a caller
may stop waiting, and a stream may outlive the call.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Clock = tuple[str, ...]
# Timestamps are cut to microseconds, and in some formats to milliseconds.
_MICROSECOND, _MILLISECOND = 0.002, 1.0
CLOCK_FIELDS = ("k8s.node.name", "host.name", "service.name", "service.instance.id", "k8s.pod.name")


def clock_of(row: Mapping[str, Any]) -> Clock | None:
    """Return what identifies a span's clock: its node or host, else its instance; None if unknown."""
    for field in ("k8s.node.name", "host.name"):
        if row.get(field):
            return (field, str(row[field]))
    instance = row.get("service.instance.id") or row.get("k8s.pod.name")
    return ("instance", str(row.get("service.name") or ""), str(instance)) if instance else None


def _clocks(rows: Sequence[Mapping[str, Any]], parents: npt.NDArray[np.int64]) -> list[Clock]:
    """Return the clock of each span.

    A service may run on several machines. Where nothing says on which, each call to it is taken to have a
    clock of its own, which the spans of the service below it share: no call is moved because of another one.
    """
    out: list[Clock] = []
    for index, (row, parent) in enumerate(zip(rows, parents.tolist(), strict=True)):
        clock = clock_of(row)
        if clock is None:
            same = parent >= 0 and rows[parent].get("service.name") == row.get("service.name")
            clock = out[parent] if same else ("call", str(index))
        out.append(clock)
    return out


def clock_shifts(
    rows: Sequence[Mapping[str, Any]], starts: Floats, ends: Floats, parents: npt.NDArray[np.int64]
) -> Floats:
    """Return what has to be added to the times of each span so that no span begins before its cause.

    Args:
        rows: the spans, parents before children, with `timestamp`, `kind`, `error` and, where known, the
            columns in `CLOCK_FIELDS`.
        starts: when each began, in ms from a common time; NaN if unknown.
        ends: when each ended, in ms; NaN if unknown.
        parents: index of each span's parent; -1 without one.
    Returns:
        Milliseconds per span; 0 where nothing is proven.
    """
    if not np.any((parents >= 0) & (starts[parents] - starts > _MICROSECOND)):
        return np.zeros(len(rows))  # no span begins before its cause
    clocks = _clocks(rows, parents)
    bounds = _Bounds()
    for child, parent in enumerate(parents.tolist()):
        if parent < 0 or clocks[child] == clocks[parent]:
            continue
        low = starts[parent] - starts[child]
        if not math.isfinite(low):
            continue
        at = rows[child].get("timestamp")
        resolution = _MILLISECOND if at is not None and at.microsecond % 1000 == 0 else _MICROSECOND
        high = math.inf
        waits = rows[parent].get("kind") == "client" and rows[child].get("kind") == "server"
        if waits and not rows[parent].get("error"):
            high = ends[parent] - ends[child]
        bounds.add(clocks[parent], clocks[child], low, high if high == high else math.inf, resolution)
    known: dict[Clock, float] = {}
    for child, parent in enumerate(parents.tolist()):
        if clocks[child] not in known:
            base = 0.0 if parent < 0 else known[clocks[parent]]
            ahead = 0.0 if parent < 0 else bounds.shift(clocks[parent], clocks[child])
            known[clocks[child]] = base + ahead
    return np.array([known[clock] for clock in clocks], dtype=np.float64)


class _Bounds:
    """What the calls between each two clocks say about the second clock's shift relative to the first."""

    def __init__(self) -> None:
        # Certain bounds come from starts, likely ones from the ends of calls that were waited for.
        self._certain: dict[tuple[Clock, Clock], tuple[float, float]] = {}
        self._likely: dict[tuple[Clock, Clock], tuple[float, float]] = {}

    def add(self, caller: Clock, callee: Clock, low: float, high: float, resolution: float) -> None:
        proven = low if low > resolution else min(low, 0.0)
        for key, kept, bound in (
            ((caller, callee), self._certain, (proven, math.inf)),
            ((callee, caller), self._certain, (-math.inf, -proven)),
            ((caller, callee), self._likely, (low, high)),
            ((callee, caller), self._likely, (-high, -low)),
        ):
            before = kept.get(key, (-math.inf, math.inf))
            kept[key] = (max(before[0], bound[0]), min(before[1], bound[1]))

    def shift(self, first: Clock, second: Clock) -> float:
        """Return the shift of the second clock, relative to the first one's."""
        low, high = self._certain.get((first, second), (-math.inf, math.inf))
        if low <= 0 <= high or low > high:
            # Agrees, or no one shift satisfies all the calls: then nothing is moved.
            return 0.0
        likely_low, likely_high = self._likely[(first, second)]
        inner_low, inner_high = max(low, likely_low), min(high, likely_high)
        if inner_low <= inner_high and math.isfinite(inner_high - inner_low):
            return (inner_low + inner_high) / 2
        return low if low > 0 else high
