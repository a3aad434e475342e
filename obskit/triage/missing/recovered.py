"""Losses that are over: slices with hardly an event for some time, which then came back.

    tenant   ||||||||||||||_____||||||||||||
                           since until

Next to all of the later time, a short outage is hardly visible. So windows are compared with the time before
them, as if the data ended with the window.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from obskit.triage.missing.binned import BinnedRows, Ints, Volume
from obskit.triage.missing.slices import Slices
from obskit.triage.missing.steps import (
    FEWEST,
    FEWEST_BINS,
    FEWEST_LOST,
    Floats,
    Volumes,
    begin_of,
    find_steps,
    joined_volumes,
)
from obskit.triage.missing.volume import VolumeLoss, find_volume_losses

LENGTHS = (3, 6, 12)  # of the windows, in bins
MOST = 2
_NONE = 0.1  # part of the earlier share that may be left in the window
_BACK = 0.5  # part of the earlier share that must have come back
_AFTER = 4  # bins after a window in which it must have


@dataclass(frozen=True, eq=False)
class RecoveredLoss:
    """A loss that is over.

    Attributes:
        loss: what was lost, as if the data ended with it.
        until: when it came back, in bins.
    """

    loss: VolumeLoss
    until: float


def find_recovered(
    rows: BinnedRows, watched: Sequence[Slices], counted: Sequence[Volume], moments: Ints, alpha: float
) -> list[RecoveredLoss]:
    """Return slices that were gone for some time and came back, most evidence first.

    Args:
        rows: the rows by time.
        watched: the slices to look at.
        counted: their weight per bin, in the same order.
        moments: bins at which a window may begin.
        alpha: probability of one false alarm among all.

    Returns:
        At most two, at different times.

    Cost: sums over the slices for each window; one more pass over the rows for each loss.
    """
    slices = sum(int((w[:-1].sum(axis=1) >= FEWEST).sum()) for w, _ in counted)
    level = math.log(alpha / max(1, slices * len(moments) * len(LENGTHS)))
    found = list(_windows(joined_volumes(counted), moments, level)) if counted else []
    out: list[RecoveredLoss] = []
    taken: list[tuple[int, int]] = []
    for _, at, end in sorted(found, reverse=True):
        if len(taken) == MOST:
            break
        if any(at <= last + 1 and first <= end + 1 for first, last in taken):
            continue
        taken.append((at, end))
        # By its rank among all comparisons: the windows are chosen from all of them.
        losses, _ = find_volume_losses(
            rows.until(end), watched, np.array([at], np.int64), math.exp(level), corrected=True
        )
        out += [one for loss in losses[:1] for one in _recovered(rows, loss, end)]
    return out


def _windows(volumes: Volumes, moments: Ints, level: float) -> Iterator[tuple[float, int, int]]:
    """Yield (evidence, first bin, bin after the last one) of windows in which a slice was gone."""
    bins = len(volumes.whole)
    sums = np.concatenate([np.zeros((len(volumes.w), 1)), np.cumsum(volumes.w, axis=1)], axis=1)
    whole = np.concatenate([[0.0], np.cumsum(volumes.whole)])

    def share(low: int, high: int) -> Floats:
        every = whole[high] - whole[low]
        return (sums[:, high] - sums[:, low]) / every if every > 0 else np.zeros(len(sums))

    for at in map(int, moments):
        for length in LENGTHS:
            end = at + length
            if at < FEWEST_BINS or end + _AFTER > bins:
                continue
            before, now = share(0, at), share(at, end)
            chosen = (now <= _NONE * before) & (share(end, end + _AFTER) >= _BACK * before)
            chosen &= (sums[:, at] >= FEWEST) & (before * (whole[end] - whole[at]) >= FEWEST_LOST)
            some = np.flatnonzero(chosen)
            if len(some):
                part = Volumes(volumes.w[some, :end], volumes.w2[some, :end], volumes.whole[:end])
                for step in find_steps(part, np.array([at], np.int64), level):
                    yield step.evidence, at, end


def _recovered(rows: BinnedRows, loss: VolumeLoss, end: int) -> Iterator[RecoveredLoss]:
    """Yield the loss with the time at which it was over, if it is the slice that was gone and came back."""
    w, _ = loss.slices.count(rows)
    own, whole = w[loss.step.slice], w.sum(axis=0)
    high = min(end + _AFTER, len(whole))
    back = float(own[end:high].sum() / max(whole[end:high].sum(), 1e-300))
    if loss.step.after <= _NONE * loss.step.before and back >= _BACK * loss.step.before:
        yield RecoveredLoss(loss, begin_of(own, whole, end, loss.step.after, back))
