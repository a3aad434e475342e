"""Slices whose volume fell: counted, tested, and reported once where several are the same rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from obskit.engine import format_condition
from obskit.triage.missing.binned import BinnedRows, Ints
from obskit.triage.missing.moved import has_moved
from obskit.triage.missing.slices import Slices
from obskit.triage.missing.steps import FEWEST, FEWEST_BINS, Floats, Step, Volumes, find_steps

MOST_LOSSES = 4
SAME_ROWS = 0.9  # share of rows that two slices have in common, to be the same
_MOST_SHARE = 0.98  # a slice that has nearly all traffic has no rest to be compared with
_ONE_SERVICE = 0.95  # share of the events of a place that are of one service
_THERE = 0.8  # share of the events of a slice that were at a place


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
    found, undecided = _losses(rows, watched, counted, moments, level)
    out: list[VolumeLoss] = []
    while found and len(out) < MOST_LOSSES:
        slices, step = max(found, key=lambda pair: (pair[1].evidence, -len(pair[0].fields)))
        slices, step = _place_of(rows, slices, step, undecided)
        inside = slices.rows(step.slice)
        some = [one for one, _ in (*found, *undecided)]
        fields = [one for one in watched if one.fields == ("service.name",) or any(one is x for x in some)]
        part = [one.count(rows.within(inside)) for one in fields]
        rows = rows.without(inside)
        rest = [one.count(rows) for one in fields]
        aliases = _aliases(fields, part, rest, slices, step)
        out.append(VolumeLoss(slices, step, aliases))
        found, undecided = _losses(rows, fields, rest, moments, level)
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
    rows: BinnedRows,
    watched: Sequence[Slices],
    counted: Sequence[tuple[Floats, Floats]],
    moments: Ints,
    level: float,
) -> tuple[list[tuple[Slices, Step]], list[tuple[Slices, Step]]]:
    """Return the slices that lost volume, and the places that may have moved."""
    lost: list[tuple[Slices, Step]] = []
    undecided: list[tuple[Slices, Step]] = []
    services = next(
        (
            (slices, w)
            for slices, (w, _) in zip(watched, counted, strict=True)
            if slices.fields == ("service.name",)
        ),
        None,
    )
    for slices, (w, w2) in zip(watched, counted, strict=True):
        whole = w.sum(axis=0)
        for step in find_steps(Volumes(w[:-1], w2[:-1], whole), moments, level):
            if step.before > _MOST_SHARE:
                continue
            moved = has_moved(w, w2, step, _service_of(rows, services, slices, step))
            if moved is None and not slices.is_place:
                moved = False  # a customer, say, does not become another one
            if moved is not True:
                (lost if moved is False else undecided).append((slices, step))
    return lost, undecided


def _service_of(
    rows: BinnedRows, services: tuple[Slices, Floats] | None, slices: Slices, step: Step
) -> Floats | None:
    """Return the weight per bin of the service that a place is part of; None if it is part of several."""
    if services is None or not slices.is_place:
        return None
    known, volume = services
    mass = known.count(rows.within(slices.rows(step.slice)))[0].sum(axis=1)
    most = int(mass.argmax())
    found: Floats | None = volume[most] if mass[most] >= _ONE_SERVICE * mass.sum() else None
    return found


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
