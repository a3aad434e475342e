"""Decide which values are new, more frequent or gone since a moment, from their counts over time.

    counts per stretch of time     since the 4th
    3 2 3 | 2 3 2                  no change
    0 0 0 | 9 8 9                  new
    0 0 0 | 0 26 0                 one burst: no more than one observation
    5 6 5 | 0 0 0                  gone

Log lines come in bursts, so a count is worth less than it says. How much less is measured by how a value's
counts scatter over the stretches, compared with all lines: variance over mean. Counts are divided by it, and
then the shares are compared.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from obskit.stats.counts import Floats
from obskit.stats.evidence import count_testable, lower_bound, upper_bound

ALPHA = 0.01  # probability of one false alarm among all values and moments
RATIO = 1.5  # a share must grow by at least this factor
FEWEST = 5  # events after the moment (before it, for what is gone)
FEWEST_EFFECTIVE = 3.0  # the same, divided by the scatter
FEWEST_SEEN = 4  # stretches of time that have any of these events; one burst may touch two
FEWEST_CELLS = 6  # stretches of time on each side of a moment, to measure the scatter
_CONFIRM = 0.2  # level at which what is more frequent among messages must be so per other event, too
_FEWEST_OTHERS = 100  # other events before and after, for that
_MANY = 1_000.0
_NEARLY = 0.9  # share of the best moment's evidence that makes a deployment the better answer

NEW, MORE, GONE = "new", "more", "gone"


@dataclass(frozen=True, eq=False)
class TimeGrid:
    """Counts of values in stretches of time.

    Attributes:
        counts: events of each value in each stretch; (V, C).
        whole: all events in each stretch, those of other values included; (C,).
        unit: how many events one independent observation of each value represents by sampling, >= 1; (V,).
        moments: for each moment, the first stretch after it; ascending.
        preferred: whether each moment is a deployment.
    """

    counts: Floats
    whole: Floats
    unit: Floats
    moments: Sequence[int]
    preferred: Sequence[bool]

    def shift(self, row: int, at: int, change: str) -> Shift:
        """Return a value's change at a moment, whether or not its counts are evidence of it."""
        cell = self.moments[at]
        before, after = (float(part.sum()) for part in np.split(self.counts[row], [cell]))
        whole_before, whole_after = (float(part.sum()) for part in np.split(self.whole, [cell]))
        share_before, share_after = before / max(whole_before, 1.0), after / max(whole_after, 1.0)
        excess = share_before * whole_after if change == GONE else after - share_before * whole_after
        return Shift(row, at, change, before, after, share_before, share_after, excess)


@dataclass(frozen=True)
class Shift:
    """A value that is new, more frequent or gone.

    Attributes:
        row: the value's row in the grid.
        at: the index of the moment.
        change: "new", "more" or "gone".
        before, after: events before and after the moment.
        share_before, share_after: their share of all events, in [0, 1].
        excess: events in excess of (or, for what is gone, short of) the share on the other side.
    """

    row: int
    at: int
    change: str
    before: float
    after: float
    share_before: float
    share_after: float
    excess: float


def find_shifts(
    grid: TimeGrid, changes: Collection[str] = (NEW, MORE, GONE), *, alpha: float = ALPHA
) -> tuple[list[Shift], int]:
    """Find the values that are new, more frequent or gone since a moment.

    Args:
        grid: the counts.
        changes: which of these to find. A value that is new in steps is more frequent since a later one.
        alpha: probability of one false alarm among all values and moments.

    Returns:
        At most one shift per value, that with the most evidence, in the order of the rows; and the number of
        comparisons that the threshold is corrected for.

    Cost: O(values x (stretches + moments)).
    Source: Clopper-Pearson bounds, or the exact binomial test where one side has no event; Tarone (1990) for
        the number of tests, times the number of moments.
    """
    sides = _Sides(grid, alpha)
    usable = sides.usable_moments
    if not usable or not len(grid.counts):
        return [], 0
    best: dict[int, tuple[float, Shift]] = {}
    taken = 0
    for at in usable:
        found, tests = sides.compare(at, len(usable))
        taken = max(taken, tests * len(usable))
        for evidence, shift in found:
            if shift.change not in changes:
                continue
            # a deployment is the better answer if it has nearly as much evidence
            score = evidence / (1.0 if grid.preferred[at] else 1 / _NEARLY)
            if shift.row not in best or score > best[shift.row][0]:
                best[shift.row] = (score, shift)
    return [best[row][1] for row in sorted(best)], taken


def find_shifts_in_both(
    grid: TimeGrid, everything: Floats, seconds: Floats
) -> tuple[list[Shift], list[Shift], int]:
    """Find the values that are new, more frequent or gone among their like, or else among all events.

    A service that hardly logged before has no earlier messages to be compared with, but it had requests. So
    messages are compared with all events, too. Whether those come at other hours than the messages is not
    known: a health check that logs day and night becomes a larger part of all events at night. So a shift
    among all events must be one in time as well: more (or no more) messages per hour, beyond chance.

    Args:
        grid: the counts, with all messages as the whole.
        everything: all events in each stretch; (C,).
        seconds: the length of each stretch; (C,).

    Returns:
        The shifts among messages, where more frequent ones are so per other event, too; of the other values,
        the shifts among all events; and the number of comparisons.
    """
    if np.array_equal(grid.whole, everything):
        shifts, tests = find_shifts(grid)
        return shifts, [], tests
    among, tests = find_shifts(grid, alpha=ALPHA / 2)
    # If other messages are no longer logged, the rest becomes a larger part of all messages.
    others = np.maximum(everything - grid.whole, 0.0)
    grown = [one for one in among if one.change == MORE and _has_both_sides(others, grid.moments[one.at])]
    confirmed = _at_moments(_rates(grid, others), grown, _CONFIRM, looks=1)
    among = [one for one in among if one not in grown or (one.row, one.at, MORE) in confirmed]
    wide = dataclasses.replace(grid, whole=everything)
    of_all, more = find_shifts(wide, alpha=ALPHA / 2)
    known = {shift.row for shift in among}
    left = [shift for shift in of_all if shift.row not in known]
    lasting = _at_moments(_rates(grid, seconds), left, ALPHA, looks=len(grid.moments))
    return among, [one for one in left if (one.row, one.at, one.change) in lasting], tests + more


def _rates(grid: TimeGrid, per: Floats) -> TimeGrid:
    """Return a grid in which a share is a count per something: per second, or per other event."""
    # Among far more than there are events, shares are nothing but counts.
    return dataclasses.replace(grid, whole=per * (_MANY * grid.whole.sum() / max(per.sum(), 1e-300)))


def _has_both_sides(events: Floats, cell: int) -> bool:
    return bool(min(events[:cell].sum(), events[cell:].sum()) >= _FEWEST_OTHERS)


def _at_moments(
    grid: TimeGrid, shifts: Sequence[Shift], alpha: float, *, looks: int
) -> set[tuple[int, int, str]]:
    """Return (row, moment, change) of all values that changed at one of the moments of some shifts."""
    sides = _Sides(grid, alpha)
    moments = {shift.at for shift in shifts}.intersection(sides.usable_moments)
    return {(found.row, at, found.change) for at in moments for _, found in sides.compare(at, looks)[0]}


class _Sides:
    """Sums before each moment, so that every moment costs one pass over the values."""

    def __init__(self, grid: TimeGrid, alpha: float) -> None:
        self._grid, self._alpha = grid, alpha
        busy = grid.whole > 0
        with np.errstate(divide="ignore", invalid="ignore"):
            squares = np.where(busy, grid.counts**2 / grid.whole, 0.0)
        self._counts = _running(grid.counts)
        self._squares = _running(squares)
        self._seen = _running((grid.counts > 0).astype(np.float64))
        self._whole = _running(grid.whole[None, :])[0]
        self._busy = _running(busy[None, :].astype(np.float64))[0]

    @property
    def usable_moments(self) -> list[int]:
        """The moments with enough stretches with events on both sides."""
        before = self._busy[np.array(self._grid.moments, np.int64)]
        least = np.minimum(before, self._busy[-1] - before)
        return [int(at) for at in np.flatnonzero(least >= FEWEST_CELLS)]

    def compare(self, at: int, looks: int) -> tuple[list[tuple[float, Shift]], int]:
        """Return the shifts at a moment with their evidence in nats, and the number of values tested."""
        cell = self._grid.moments[at]
        b, a = self._counts[:, cell], self._counts[:, -1] - self._counts[:, cell]
        all_b, all_a = float(self._whole[cell]), float(self._whole[-1] - self._whole[cell])
        scatter = np.maximum(
            self._scatter(self._squares[:, cell], b, all_b, self._busy[cell]),
            self._scatter(
                self._squares[:, -1] - self._squares[:, cell], a, all_a, self._busy[-1] - self._busy[cell]
            ),
        )
        scatter = np.maximum(scatter, self._grid.unit)
        size_b, size_a = np.maximum(all_b / scatter, 1.0), np.maximum(all_a / scatter, 1.0)
        share_b, share_a = b / all_b, a / all_a
        rate = max(all_a, all_b) / (all_a + all_b)
        tests = count_testable((a + b) / scatter, math.log(min(rate, 1 - 1e-12)), self._alpha / looks)
        level = math.log(self._alpha / 2 / looks / tests)
        seen_b, seen_a = self._seen[:, cell], self._seen[:, -1] - self._seen[:, cell]
        up = (a >= FEWEST) & (a / scatter >= FEWEST_EFFECTIVE) & (share_a >= RATIO * share_b)
        down = (b >= FEWEST) & (b / scatter >= FEWEST_EFFECTIVE) & (a == 0)
        # Where one side has none, all observations are on the other, as if by tosses of a coin.
        only_after = (b == 0) & (a / scatter * math.log(all_a / (all_a + all_b)) <= level)
        only_before = (a == 0) & (b / scatter * math.log(all_b / (all_a + all_b)) <= level)
        up &= (seen_a >= FEWEST_SEEN) & (
            only_after | (lower_bound(share_a, size_a, level) > upper_bound(share_b, size_b, level))
        )
        down &= (seen_b >= FEWEST_SEEN) & only_before
        evidence = _likelihood_ratio(share_b, size_b, share_a, size_a)
        out = []
        for row in np.flatnonzero(up | down):
            change = GONE if down[row] else NEW if b[row] == 0 else MORE
            excess = share_b[row] * all_a if down[row] else a[row] - share_b[row] * all_a
            numbers = (b[row], a[row], share_b[row], share_a[row], excess)
            out.append((float(evidence[row]), Shift(int(row), at, change, *map(float, numbers))))
        return out, tests

    @staticmethod
    def _scatter(squares: Floats, counts: Floats, whole: float, cells: float) -> Floats:
        """Return variance over mean of counts over stretches, against the stretches' shares of all events.

        With e = n q the expected count of a stretch with share q, the sum of (g - e)^2 / e is the sum of
        g^2 / (n q) minus n. Of independent lines it is 1 - p per degree of freedom, where p is the share of
        all lines, as for the variance of a binomial.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            found = (np.where(counts > 0, whole * squares / counts, 0.0) - counts) / max(cells - 1, 1)
            found = found / (1 - counts / whole)
        return np.maximum(np.nan_to_num(found, nan=1.0, posinf=1.0), 1.0)


def _running(values: Floats) -> Floats:
    """Return sums before each stretch and in total; one column more than the values have."""
    return np.concatenate([np.zeros((len(values), 1)), np.cumsum(values, axis=1)], axis=1)


def _likelihood_ratio(p: Floats, n: Floats, q: Floats, m: Floats) -> Floats:
    """Return how much likelier the counts are with a share on each side than with one for both, in nats."""
    pooled = (p * n + q * m) / (n + m)
    return n * _divergence(p, pooled) + m * _divergence(q, pooled)


def _divergence(p: Floats, q: Floats) -> npt.NDArray[np.float64]:
    with np.errstate(divide="ignore", invalid="ignore"):
        hits = np.where(p > 0, p * np.log(p / q), 0.0)
        misses = np.where(p < 1, (1 - p) * np.log((1 - p) / (1 - q)), 0.0)
    return hits + misses
