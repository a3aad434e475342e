"""Slices whose volume fell: counted, tested, and reported once where several are the same rows."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from obskit.engine import format_condition
from obskit.triage.missing.binned import BinnedRows, Ints, Volume
from obskit.triage.missing.moved import has_moved
from obskit.triage.missing.slices import Slices
from obskit.triage.missing.steps import FEWEST, FEWEST_BINS, Floats, Step, find_steps, joined_volumes

MOST_LOSSES = 4
SAME_ROWS = 0.9  # share of rows that two slices have in common, to be the same
_MOST_SHARE = 0.98  # a slice that has nearly all traffic has no rest to be compared with
_ONE_SERVICE = 0.95  # share of the events of a place that are of one service
_THERE = 0.8  # share of the events of a slice that were at a place
# Places that do not come and go with rollouts, as pods do. If one is gone, that is news in any case.
_STANDING = ("cloud.region", "cloud.availability_zone", "k8s.cluster.name")
_INSIDE = 0.98  # share of the events of a slice that were in a wider one
_AS_MUCH = 0.8  # part of a slice's loss that the rest of a wider one must show too
_FEWEST_REST = 8.0  # independent events that the rest would have had, to tell whether it is lost


@dataclass(frozen=True, eq=False)
class VolumeLoss:
    """A slice that lost volume.

    Attributes:
        slices: the slices of its field.
        step: which one, when and how much.
        aliases: conditions of slices with the same rows.
        may_have_moved: whether other places may do its work now; the traffic does not tell.
    """

    slices: Slices
    step: Step
    aliases: tuple[str, ...]
    may_have_moved: bool = False


def find_volume_losses(
    rows: BinnedRows,
    watched: Sequence[Slices],
    moments: Ints,
    alpha: float,
    *,
    counted: Sequence[Volume] | None = None,
    corrected: bool = False,
) -> tuple[list[VolumeLoss], int]:
    """Return the slices whose volume fell against their earlier time and the rest of the traffic.

    Args:
        rows: the rows by time.
        watched: the slices to look at.
        moments: bins at which later time may begin.
        alpha: probability of one false alarm among all.
        counted: the weight of the slices per bin, if it is known.
        corrected: whether alpha is that of a single comparison.

    Returns:
        The losses, most evidence first, and the number of comparisons.

    Cost: one bincount over the rows per field; again for the fields of losses, per loss.
    """
    counted = counted or [slices.count(rows) for slices in watched]
    tried = sum(int((w[:-1].sum(axis=1) >= FEWEST).sum()) for w, _ in counted) * len(moments)
    level = math.log(alpha / (1 if corrected else max(tried, 1)))
    found, undecided = _losses(rows, watched, counted, moments, level)
    out: list[VolumeLoss] = []
    while len(out) < MOST_LOSSES:
        gone = [pair for pair in undecided if pair[0].fields[0] in _STANDING and pair[1].gone]
        unsure = not found
        found = found or gone
        if not found:
            break
        slices, step = max(found, key=lambda pair: (pair[1].evidence, -len(pair[0].fields)))
        if not unsure:
            slices, step = _place_of(rows, slices, step, undecided)
        fields = [one for one in watched if one.fields[0] in _STANDING or any(one is x for x, _ in found)]
        slices, step = _widened(rows, slices, step, fields)
        inside = slices.rows(step.slice)
        some = [one for one, _ in (*found, *undecided)]
        fields = [one for one in watched if one.fields == ("service.name",) or any(one is x for x in some)]
        part = [one.count(rows.within(inside)) for one in fields]
        rows = rows.without(inside)
        rest = [one.count(rows) for one in fields]
        aliases = _aliases(fields, part, rest, slices, step)
        out.append(VolumeLoss(slices, step, aliases, unsure))
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


def _widened(rows: BinnedRows, slices: Slices, step: Step, watched: Sequence[Slices]) -> tuple[Slices, Step]:
    """Return the widest slice that lost as much, if there is one, else the slice.

    Evidence does not tell a region from one of its zones: a part whose volume is steadier has more of it. All
    of the wider slice is lost if its rest, without the part, lost at least nearly as large a share.
    """
    inside = rows.within(slices.rows(step.slice))
    part, squares = (each[step.slice] for each in slices.count(inside))
    mass = float(part[: step.at].sum())
    unit = float(squares[: step.at].sum()) / max(mass, 1e-300)
    growth = step.expected / max(mass, 1e-300)  # of all traffic, from the earlier to the later time
    best, most = (slices, step), mass
    for wider in watched:
        common = wider.count(inside)[0][:-1]
        of = int(common[:, : step.at].sum(axis=1).argmax())
        own = wider.count(rows)[0]
        before, after = float(own[of, : step.at].sum()), float(own[of, step.at :].sum())
        if before <= most or common[of, : step.at].sum() < _INSIDE * mass:
            continue
        if before > _MOST_SHARE * own[:, : step.at].sum():
            continue
        rest = own[of] - common[of]
        expected = float(rest[: step.at].sum()) * growth
        if expected < _FEWEST_REST * unit:
            continue
        if 1 - float(rest[step.at :].sum()) / expected < _AS_MUCH * (1 - step.after / step.before):
            continue
        whole0, whole1 = own[:, : step.at].sum(), own[:, step.at :].sum()
        gone = not own[of, min(step.at + 1, own.shape[1] - 1) :].any()
        share0, share1 = before / float(whole0), after / float(whole1)
        found = dataclasses.replace(
            step,
            slice=of,
            before=share0,
            after=share1,
            expected=share0 * float(whole1),
            found=after,
            gone=gone,
        )
        best, most = (wider, found), before
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
    if not counted:
        return lost, undecided
    steps = find_steps(joined_volumes(counted), moments, level)
    start = 0
    for slices, (w, w2) in zip(watched, counted, strict=True):
        end = start + len(w) - 1
        own = [
            dataclasses.replace(step, slice=step.slice - start) for step in steps if start <= step.slice < end
        ]
        start = end
        shares: Floats | None = None  # of each service in each slice
        for step in own:
            if step.before > _MOST_SHARE:
                continue
            if shares is None and services is not None and slices.is_place:
                shares = slices.with_other(services[0], rows)
            service = (
                None if shares is None or services is None else _service_of(shares[step.slice], services[1])
            )
            moved = has_moved(w, w2, step, service)
            if moved is None and not slices.is_place:
                moved = False  # a customer, say, does not become another one
            if moved is not True:
                (lost if moved is False else undecided).append((slices, step))
    return lost, undecided


def _service_of(mass: Floats, volume: Floats) -> Floats | None:
    """Return the weight per bin of the service that a place is part of; None if it is part of several.

    Args:
        mass: the weight of each service at the place.
        volume: the weight of each service per bin.
    """
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
