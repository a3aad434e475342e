"""Slices whose volume fell: counted, tested, and reported once where several are the same rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from obskit.engine import format_condition
from obskit.triage.missing.binned import BinnedRows, Ints
from obskit.triage.missing.slices import Slices
from obskit.triage.missing.steps import FEWEST, FEWEST_BINS, Floats, Step, Volumes, find_steps, unit_size

MOST_LOSSES = 4
SAME_ROWS = 0.9  # share of rows that two slices have in common, to be the same
_MOST_SHARE = 0.98  # a slice that has nearly all traffic has no rest to be compared with
_MOVED = 0.5  # part of a loss that other values took over, for it to be no loss
_SURE = 4.0  # standard deviations by which another value must have grown
_VISIBLE = 2.0  # standard deviations of the rest, from which on it shows what it took over
_RECENT = 16  # bins before a moment whose traffic shows how much it usually differs
_FAST = 1.5  # factor of growth
_NEAR = 48  # the bins next to a moment are one of so many parts of the time


@dataclass(frozen=True, eq=False)
class VolumeLoss:
    """A slice that lost volume.

    Attributes:
        slices: the slices of its field.
        step: which one, when and how much.
        aliases: conditions of slices with the same rows.
    """

    slices: Slices
    step: Step
    aliases: tuple[str, ...]


def find_volume_losses(
    rows: BinnedRows, watched: Sequence[Slices], moments: Ints, alpha: float
) -> tuple[list[VolumeLoss], int]:
    """Return the slices whose volume fell against their earlier time and the rest of the traffic.

    Args:
        rows: the rows by time.
        watched: the slices to look at.
        moments: bins at which later time may begin.
        alpha: probability of one false alarm among all.

    Returns:
        The losses, most evidence first, and the number of comparisons.

    Cost: one bincount over the rows per field; again for the fields of losses, per loss.
    """
    counted = [slices.count(rows) for slices in watched]
    tried = sum(int((w[:-1].sum(axis=1) >= FEWEST).sum()) for w, _ in counted) * len(moments)
    level = math.log(alpha / max(tried, 1))
    found = _losses(watched, counted, moments, level)
    out: list[VolumeLoss] = []
    while found and len(out) < MOST_LOSSES:
        slices, step = max(found, key=lambda pair: (pair[1].evidence, -len(pair[0].fields)))
        inside = slices.rows(step.slice)
        fields = [one for one in watched if any(one is other for other, _ in found)]
        part = [one.count(rows.within(inside)) for one in fields]
        rows = rows.without(inside)
        rest = [one.count(rows) for one in fields]
        aliases = _aliases(fields, part, rest, slices, step)
        out.append(VolumeLoss(slices, step, aliases))
        found = _losses(fields, rest, moments, level)
    return out, tried


def _losses(
    watched: Sequence[Slices],
    counted: Sequence[tuple[Floats, Floats]],
    moments: Ints,
    level: float,
) -> list[tuple[Slices, Step]]:
    out: list[tuple[Slices, Step]] = []
    for slices, (w, w2) in zip(watched, counted, strict=True):
        whole = w.sum(axis=0)
        out += [
            (slices, step)
            for step in find_steps(Volumes(w[:-1], w2[:-1], whole), moments, level)
            if step.before <= _MOST_SHARE and not _moved(slices, w, w2, step)
        ]
    return out


def _moved(slices: Slices, w: Floats, w2: Floats, step: Step) -> bool:
    """Whether other values of the field took over what a slice lost.

    An old version loses its requests to a new one, and a pod to another pod. It shows in the rest,
    which grows, or in the share that another value has of the rest. Where the slice is too small for
    either, a place where work runs is taken to have moved; a customer, say, is not.
    """
    bins, at = w.shape[1], step.at
    near = max(1, round(bins / _NEAR))
    # The loss began somewhere within the bins next to the moment, so these are neither before nor after.
    end, begin = at - 1, min(at + 1, bins - 1)
    low, high = max(0, end - near), min(bins, begin + near)
    length0, length1 = end - low, high - begin
    rate0, rate1 = w[:, low:end].sum(axis=1) / length0, w[:, begin:high].sum(axis=1) / length1
    total = w.sum(axis=0)
    rest = total - w[step.slice]
    lost = float(rate0[step.slice] - rate1[step.slice])
    rest0, rest1 = (float(rate.sum() - rate[step.slice]) for rate in (rate0, rate1))
    if rest0 <= 0 or rest1 <= 0:
        return True
    gained = rest0 * (rate1 / rest1 - rate0 / rest0)
    gained[step.slice] = 0.0
    more = np.flatnonzero(gained > 0)
    noise = np.array([unit_size(w[s, :at], w2[s, :at], total[:at]) for s in more])
    # What is new, or grows fast, has no steady past to take its scatter from.
    usual = w2[more, :high].sum(axis=1) / np.maximum(w[more, :high].sum(axis=1), 1e-300)
    noise = np.where(rate1[more] >= _FAST * rate0[more], np.minimum(noise, usual), noise)
    sure = gained[more] > _SURE * np.sqrt(noise * (rate0[more] / length0 + rate1[more] / length1))
    # One value that took over everything gains this much of the rest's shares.
    if gained[more][sure].sum() >= _MOVED * lost * rest0 / (rest0 + lost):
        return True
    # By how much the rest would grow, on a log scale, had it taken over everything.
    growth = math.log1p(lost / rest0)
    if growth >= _VISIBLE * _scatter(rest[:end], length0, length1):
        return math.log(rest1 / rest0) >= _MOVED * growth
    return slices.is_place


def _scatter(rest: Floats, length0: int, length1: int) -> float:
    """Return by how much traffic usually differs from one window to the next, on a log scale."""
    ends = np.concatenate([[0.0], np.cumsum(rest)])
    at = np.arange(length0, len(rest) - length1 + 1)
    if not len(at):
        return math.inf
    first, second = (ends[at] - ends[at - length0]) / length0, (ends[at + length1] - ends[at]) / length1
    used = (first > 0) & (second > 0)
    if not used.any():
        return math.inf
    # The newest ones, because the night is no measure of the day; the median, because neither is a rush hour.
    steps = np.abs(np.log(second[used] / first[used]))[-_RECENT:]
    return float(1.5 * np.median(steps))


def _aliases(
    fields: Sequence[Slices],
    part: Sequence[tuple[Floats, Floats]],
    rest: Sequence[tuple[Floats, Floats]],
    slices: Slices,
    step: Step,
) -> tuple[str, ...]:
    """Return the conditions of slices that have the same rows before the moment."""
    out = []
    for one, (inside, _), (outside, _) in zip(fields, part, rest, strict=True):
        own, other = inside[:-1, : step.at].sum(axis=1), outside[:-1, : step.at].sum(axis=1)
        whole = float(inside[:, : step.at].sum())
        same = np.flatnonzero((own >= SAME_ROWS * whole) & (own >= SAME_ROWS * (own + other)))
        out += [format_condition(one.items(int(at))) for at in same if one is not slices or at != step.slice]
    return tuple(out)


def boundaries(size: int) -> Ints:
    """Return the bins at which later time may begin, if no moment is given."""
    return np.arange(FEWEST_BINS, size, dtype=np.int64)
