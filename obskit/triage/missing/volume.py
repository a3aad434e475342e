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
_SURE_RATE = 2.0  # standard deviations by which the rest grew too little to have taken over
_THERE = 0.8  # share of the events of a slice that were at a place
_RECENT = 16  # bins before a moment whose traffic shows how much it usually differs
_FAST = 1.5  # factor of growth
_WIDE = 8  # shares next to a moment are taken from one of so many parts of the time
_LENGTHS = (1, 2, 4, 8)  # of the windows of traffic next to a moment, in bins
_FEWEST = 6  # earlier windows to compare with


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
    found, undecided = _losses(watched, counted, moments, level)
    out: list[VolumeLoss] = []
    while found and len(out) < MOST_LOSSES:
        slices, step = max(found, key=lambda pair: (pair[1].evidence, -len(pair[0].fields)))
        slices, step = _place_of(rows, slices, step, undecided)
        inside = slices.rows(step.slice)
        fields = [one for one in watched if any(one is other for other, _ in (*found, *undecided))]
        part = [one.count(rows.within(inside)) for one in fields]
        rows = rows.without(inside)
        rest = [one.count(rows) for one in fields]
        aliases = _aliases(fields, part, rest, slices, step)
        out.append(VolumeLoss(slices, step, aliases))
        found, undecided = _losses(fields, rest, moments, level)
    return out, tried


def _place_of(
    rows: BinnedRows, slices: Slices, step: Step, places: Sequence[tuple[Slices, Step]]
) -> tuple[Slices, Step]:
    """Return the place that lost what a slice lost, if there is one, else the slice.

    That the requests of a place did not move is often not to be seen in the traffic of the others. But if
    the customers of one country are gone as well, and nearly all of them were there, they did not move.
    """
    best = slices, step
    inside = rows.within(slices.rows(step.slice))
    for place, lost in places:
        if abs(lost.at - step.at) > 1 or lost.evidence <= best[1].evidence:
            continue
        mass = place.count(inside)[0][:, : step.at - 1].sum(axis=1)
        if mass[lost.slice] >= _THERE * mass.sum():
            best = place, lost
    return best


def _losses(
    watched: Sequence[Slices],
    counted: Sequence[tuple[Floats, Floats]],
    moments: Ints,
    level: float,
) -> tuple[list[tuple[Slices, Step]], list[tuple[Slices, Step]]]:
    """Return the slices that lost volume, and the places that may have moved."""
    lost: list[tuple[Slices, Step]] = []
    undecided: list[tuple[Slices, Step]] = []
    for slices, (w, w2) in zip(watched, counted, strict=True):
        whole = w.sum(axis=0)
        for step in find_steps(Volumes(w[:-1], w2[:-1], whole), moments, level):
            if step.before > _MOST_SHARE:
                continue
            moved = _moved(slices, w, w2, step)
            if moved is not True:
                (lost if moved is False else undecided).append((slices, step))
    return lost, undecided


def _moved(slices: Slices, w: Floats, w2: Floats, step: Step) -> bool | None:
    """Return whether other values of the field took over what a slice lost.

    An old version loses its requests to a new one, and a pod to another pod. It shows in the rest,
    which grows, or in the share that another value has of the rest. Where the slice is too small for
    either, a customer is taken to be lost. Of a place where work runs it is not known: None.
    """
    if _taken_over(w, w2, step):
        return True
    own, rest = w[step.slice], w.sum(axis=0) - w[step.slice]
    if not rest[: step.at].any() or not rest[step.at :].any():
        return True
    unit = float((w2.sum() - w2[step.slice].sum()) / rest.sum())
    seen = _growth(rest, step.at, unit)
    if seen is not None:
        length, growth, scatter = seen
        end, begin = step.at - 1, min(step.at + 1, len(own) - 1)
        lost = own[end - length : end].mean() - own[begin : begin + length].mean()
        # By how much the rest would grow, on a log scale, had it taken over everything.
        everything = math.log1p(max(lost, 0.0) / float(rest[end - length : end].mean()))
        sure = _SURE_RATE * scatter
        if growth >= max(_MOVED * everything, sure):
            return True
        if growth <= min(_MOVED * everything, everything - sure):
            return False
    return None if slices.is_place else False


def _growth(rest: Floats, at: int, unit: float) -> tuple[int, float, float] | None:
    """Return how much traffic grew at a moment, on a log scale, and how much such a number usually is.

    The windows, and whether the trend before them is taken off, are those by which the traffic before the
    moment differs least: long ones where it is steady, short ones at a rush hour.

    Args:
        rest: the traffic per bin.
        at: the first bin after the moment.
        unit: the weight of an event.

    Returns:
        The length of the windows in bins, the growth, and the scatter; None if there is too little traffic.
    """
    best: tuple[int, float, float] | None = None
    for length in _LENGTHS:
        gap = length + 2  # from a window to the next but one: the bins next to a moment are left out
        if at + 1 + length > len(rest) or at - 1 - length < 0:
            break
        means = np.convolve(rest, np.full(length, 1 / length), "valid")
        with np.errstate(divide="ignore"):
            level = np.log(means)  # of the window that begins at each bin
        steps = level[gap:] - level[:-gap]  # at index k: from the window at k to that at k + gap
        # With the trend before them taken off, three windows differ and not two.
        for series, first, parts in ((steps, 0, 2), (steps[gap:] - steps[:-gap], gap, 6)):
            now = at - 1 - length - first
            if now < 0:
                continue
            usual = series[: max(0, now - gap + 1)][-_RECENT:]
            usual = usual[np.isfinite(usual)]
            if len(usual) < _FEWEST or not np.isfinite(series[now]):
                continue
            # The median, because a rush hour is no measure of the other hours. Windows overlap, so that few
            # of them are independent, and all may be alike by chance.
            scatter = float(1.5 * np.median(np.abs(usual))) * (1 + math.sqrt((length + 1) / len(usual)))
            scatter = max(scatter, math.sqrt(parts * unit / (length * float(rest[:at].mean()))))
            if best is None or scatter < best[2]:
                best = length, float(series[now]), scatter
    return best


def _taken_over(w: Floats, w2: Floats, step: Step) -> bool:
    """Whether other values gained, in shares of the rest, what a slice lost.

    Shares stay as the day goes on, so the windows may be long.
    """
    bins, end, begin = w.shape[1], step.at - 1, min(step.at + 1, w.shape[1] - 1)
    near = max(1, round(bins / _WIDE))
    low, high = max(0, end - near), min(bins, begin + near)
    mass0, mass1 = w[:, low:end].sum(axis=1), w[:, begin:high].sum(axis=1)
    rest0, rest1 = (float(mass.sum() - mass[step.slice]) for mass in (mass0, mass1))
    if rest0 <= 0 or rest1 <= 0:
        return True
    share0, share1 = mass0 / rest0, mass1 / rest1
    gained = share1 - share0
    gained[step.slice] = 0.0
    more = np.flatnonzero(gained > 0)
    before = w[:, : step.at]
    total = before.sum(axis=0)
    noise = np.array([unit_size(before[s], w2[s, : step.at], total) for s in more])
    # What is new, or grows fast, has no steady past to take its scatter from.
    usual = w2[more, :high].sum(axis=1) / np.maximum(w[more, :high].sum(axis=1), 1e-300)
    noise = np.where(share1[more] >= _FAST * share0[more], np.minimum(noise, usual), noise)
    sure = gained[more] > _SURE * np.sqrt(noise * (share0[more] / rest0 + share1[more] / rest1))
    # One value that took over everything has this share of the rest.
    lost = float(mass0[step.slice]) / (end - low) - float(mass1[step.slice]) / (high - begin)
    everything = lost / (rest0 / (end - low) + lost) if lost > 0 else 0.0
    return bool(gained[more][sure].sum() >= _MOVED * everything)


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
