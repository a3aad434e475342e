"""Self time and critical path of one trace, as stretches of time that a waterfall can mark."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from obskit.stats.span_times import critical_path, cut_cycles, self_times

Floats = npt.NDArray[np.float64]
Indexes = npt.NDArray[np.int64]
_NS = 1e6  # nanoseconds of a millisecond
_MOST_MS = 1e11  # three years: longer times are hostile or wrong, and would overflow


class SpanTimes(NamedTuple):
    """What a span adds to its trace.

    Attributes:
        own: ms of each span in none of its children; NaN where its times are unknown.
        critical: ms of each span on the critical path; 0 for others.
        segments: (span, from, to) of the critical path, in ms.
    """

    own: Floats
    critical: Floats
    segments: tuple[tuple[int, float, float], ...]


def span_times(starts: Floats, durations: Floats, parents: Indexes) -> SpanTimes:
    """Return self time and critical path of the spans of one trace.

    Args:
        starts: when each span began, in ms; NaN if unknown.
        durations: how long each took, in ms; NaN if unknown.
        parents: index of each span's parent, which is less than its own; -1 without one.
    Returns:
        SpanTimes; each root has a path of its own, whose segments add up to its duration.
    """
    timed = np.isfinite(starts) & np.isfinite(durations)
    start, length = (np.clip(np.where(timed, a, 0.0), -_MOST_MS, _MOST_MS) for a in (starts, durations))
    first = np.rint(start * _NS).astype(np.int64)
    last = first + np.rint(length * _NS).astype(np.int64)
    parent, _ = cut_cycles(np.where(timed & (parents >= 0) & timed[parents], parents, -1))
    own = np.where(timed, self_times(first, last, parent) / _NS, np.nan)
    path = critical_path(first, last, parent)
    return SpanTimes(
        own, np.where(timed, path.time / _NS, 0.0), _segments(first, last, parent, path.on & timed)
    )


def _segments(
    first: Indexes, last: Indexes, parent: Indexes, on: npt.NDArray[np.bool_]
) -> tuple[tuple[int, float, float], ...]:
    """Return the stretches of each span on the path in which none of its children is on the path."""
    windows: dict[int, tuple[int, int]] = {}
    inner: dict[int, list[tuple[int, int]]] = {}
    for span in np.flatnonzero(on).tolist():  # parents come before their children
        low, high = int(first[span]), int(last[span])
        above = int(parent[span])
        if above >= 0:
            low, high = (min(max(t, windows[above][0]), windows[above][1]) for t in (low, high))
            inner.setdefault(above, []).append((low, high))
        windows[span] = (low, high)
    out = []
    for span, (low, high) in windows.items():
        cursor = low
        for begin, end in [*sorted(inner.get(span, ())), (high, high)]:
            if begin > cursor:
                out.append((span, cursor / _NS, begin / _NS))
            cursor = max(cursor, end)
    return tuple(out)
