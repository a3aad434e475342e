"""When things happen on the demo's day: traffic, rollout, incidents; and how the day is cut into chunks."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from obskit.demo.draw import Array, Dice

DAY = datetime(2026, 5, 4, tzinfo=UTC)
DAY_US = int(DAY.timestamp()) * 1_000_000
MINUTE = 60_000_000
BIN_MINUTES = 10


def time_of_day(hours: int, minutes: int = 0) -> int:
    """Return a time of day as microseconds since midnight."""
    return (hours * 60 + minutes) * MINUTE


# The rollout of booking 2.4.0: from each time on, this percentage of its traffic goes to the new version.
ROLLOUT = (
    (time_of_day(10), 5),
    (time_of_day(10, 5), 25),
    (time_of_day(10, 10), 50),
    (time_of_day(10, 30), 100),
)
# The sampler keeps every booking from shortly before a rollout until it has settled.
WATCHED = (time_of_day(9, 50), time_of_day(10, 35))
# One payment provider answers first attempts with errors.
PROVIDER_TROUBLE = (time_of_day(13), time_of_day(14))
# A timetable import leaves out compositions.
IMPORT_TROUBLE = (time_of_day(16), time_of_day(17))
# Harmless deployments of other services, as red herrings.
SEARCH_DEPLOY = time_of_day(7, 10)
NOTIFICATION_DEPLOY = time_of_day(14, 5)


def is_within(t: Array, window: tuple[int, int]) -> Array:
    """Return a mask of the times of day (µs) that are in the half-open window."""
    return (t >= window[0]) & (t < window[1])


def rollout_share(t: Array) -> Array:
    """Return the share in [0, 1] of booking traffic on the new version, for each time of day in µs."""
    starts = np.array([start for start, _ in ROLLOUT])
    percent = np.array([0, *(percent for _, percent in ROLLOUT)])
    share: Array = percent[np.searchsorted(starts, t, side="right")] / 100
    return share


def _curve() -> Array:
    """Return the relative rate of requests per minute: two commuter peaks, an evening, a quiet night."""
    hour = np.arange(1440) / 60
    peak = (
        0.10
        + 0.90 * np.exp(-(((hour - 6.1) / 1.5) ** 2))
        + 0.80 * np.exp(-(((hour - 10.8) / 3.2) ** 2))
        + 1.00 * np.exp(-(((hour - 15.6) / 1.9) ** 2))
        + 0.45 * np.exp(-(((hour - 18.6) / 1.6) ** 2))
    )
    ripple = 1 + 0.05 * np.sin(hour * 7.3) + 0.04 * np.sin(hour * 19.1 + 1)
    return np.asarray(peak * ripple)


CURVE = _curve()
_CUMULATIVE = np.concatenate([[0.0], np.cumsum(CURVE)]) / CURVE.sum()
_EDGES = np.arange(1441) * float(MINUTE)


class Clock:
    """Draws times of day between two instants, in proportion to the traffic."""

    def __init__(self, start: int, stop: int) -> None:
        low, high = np.interp([start, stop], _EDGES, _CUMULATIVE)
        marks = np.interp(np.linspace(low, high, (1 << 16) + 1), _CUMULATIVE, _EDGES)
        self._marks = np.clip(np.rint(marks), start, stop).astype(np.int64)
        self._steps = np.diff(self._marks)

    def draw(self, dice: Dice, n: int) -> Array:
        """Return n times of day in µs, unordered."""
        slot = dice.u16(n)
        t: Array = self._marks[slot] + ((self._steps[slot] * dice.u16(n)) >> 16)
        return t


@dataclass(frozen=True)
class Chunk:
    """A part of the day, [start, stop) in µs, that must contain exactly `rows` rows."""

    index: int
    start: int
    stop: int
    rows: int


def plan_chunks(rows: int, per_chunk: int, rows_per_request: Callable[[int, int], float]) -> list[Chunk]:
    """Cut the day into chunks of about equal numbers of rows, without a break in the traffic between them.

    Args:
        rows: total number of rows.
        per_chunk: maximum number of rows in a chunk.
        rows_per_request: returns the stored rows to expect per request between two times of day (µs).

    Returns:
        The chunks in order of time; together they cover the day and have `rows` rows.
    """
    edges = np.arange(0, 1441, BIN_MINUTES) * MINUTE
    traffic = np.diff(np.interp(edges, _EDGES, _CUMULATIVE))
    density = [rows_per_request(int(a), int(b)) for a, b in itertools.pairwise(edges)]
    cumulative = np.concatenate([[0.0], np.cumsum(traffic * density)])
    count = max(1, -(-rows // per_chunk))
    marks = np.linspace(0, cumulative[-1], count + 1)
    # Interpolating inside a bin is accurate enough: a chunk is rarely shorter than a bin.
    borders = np.rint(np.interp(marks, cumulative, edges)).astype(np.int64)
    sizes = np.diff(np.rint(np.linspace(0, rows, count + 1)).astype(np.int64))
    return [Chunk(i, int(borders[i]), int(borders[i + 1]), int(sizes[i])) for i in range(count)]
