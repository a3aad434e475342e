"""Find steps down in the share of traffic that slices have: numbers only, no events.

A slice is compared with its own earlier time and with the rest of the traffic. A loss must
- be beyond chance: the bounds of its share before and after do not overlap, with events that come in bursts
  counted as fewer, by the scatter of the earlier bins at several time scales; where nothing is left, by how
  seldom an earlier bin had none of them;
- be lower than anything seen before: a share that moves over the day is not a loss;
- be abrupt, in the slice's own volume too: where the rest grows, nothing of the slice is lost.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from obskit.stats.evidence import lower_bound, upper_bound

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

RATIO = 1.2  # a share must fall by at least this factor
FEWEST = 40.0  # events of a slice before, to look at it at all
FEWEST_LOST = 15.0  # independent events that are missing
FEWEST_BINS = 6  # before a moment
_NEAR = 24  # the bins next to a moment are one of so many parts of the time
_ABRUPT = 0.6  # part of the fall that must happen next to the moment
_SCALES = (1, 2, 4, 8, 16)
_FEWEST_BLOCKS = 4
_AS_LIKELY = 2.0  # difference of logarithms of likelihoods


@dataclass(frozen=True)
class Volumes:
    """Events of slices over time.

    Attributes:
        w: weight per slice and bin; (S, B).
        w2: sum of squared weights; (S, B).
        whole: weight of all events that the slices are parts of, per bin; (B,).
    """

    w: Floats
    w2: Floats
    whole: Floats


def joined_volumes(counted: Sequence[tuple[Floats, Floats]]) -> Volumes:
    """Return the slices of several fields together, because one call for each field takes long.

    Args:
        counted: per field the weight and the squared weight of its slices per bin; the last one of each, with
            all other values, is left out.

    Returns:
        The slices, field after field.
    """
    w, w2 = (np.concatenate([pair[at][:-1] for pair in counted]) for at in (0, 1))
    return Volumes(w, w2, counted[0][0].sum(axis=0))


@dataclass(frozen=True)
class Step:
    """A slice whose share of the traffic fell.

    Attributes:
        slice: its index.
        at: the first bin after the moment.
        begin: where it began, in bins; between `at` - 1 and `at` + 1.
        before, after: its share of the traffic, in [0, 1].
        expected, found: its events after the moment, had its share stayed, and as they are.
        evidence: log likelihood ratio in nats.
    """

    slice: int
    at: int
    begin: float
    before: float
    after: float
    expected: float
    found: float
    gone: bool
    evidence: float


def find_steps(volumes: Volumes, moments: Ints, log_level: float) -> list[Step]:
    """Return the slices that lost events, with the moment of most evidence.

    Args:
        volumes: events of slices.
        moments: bins at which later time may begin, ascending.
        log_level: natural log of the probability of a false alarm, for one slice at one moment.

    Returns:
        At most one step per slice.

    Cost: O(slices x bins x moments) for sums; bounds only where a share fell.
    """
    best: dict[int, Step] = {}
    bins = len(volumes.whole)
    whole = np.concatenate([[0.0], np.cumsum(volumes.whole)])
    sums = np.concatenate([np.zeros((len(volumes.w), 1)), np.cumsum(volumes.w, axis=1)], axis=1)
    near = max(1, round(bins / _NEAR))
    for at in map(int, moments):
        if at < FEWEST_BINS or at >= bins or whole[at] <= 0 or whole[bins] <= whole[at]:
            continue
        before = sums[:, at] / whole[at]
        after = (sums[:, bins] - sums[:, at]) / (whole[bins] - whole[at])
        candidates = np.flatnonzero((sums[:, at] >= FEWEST) & (before >= RATIO * after))
        candidates = candidates[_abrupt(sums, whole, candidates, at, near)]
        if not len(candidates):
            continue
        for step in _test(volumes, candidates, at, before, after, log_level):
            known = best.get(step.slice)
            if known is None or step.evidence > known.evidence:
                best[step.slice] = step
    return sorted(best.values(), key=lambda step: -step.evidence)


def _abrupt(sums: Floats, whole: Floats, slices: Ints, at: int, near: int) -> npt.NDArray[np.bool_]:
    """Return which slices fall next to the moment, in share and in volume, below all that was before."""
    own = sums[slices]
    bins = len(whole) - 1
    low, high = max(0, at - near), min(bins, at + near)
    if whole[at] <= whole[low] or whole[high] <= whole[at]:
        return np.zeros(len(slices), bool)
    length0, length1 = at - low, high - at
    volume0, volume1 = (own[:, at] - own[:, low]) / length0, (own[:, high] - own[:, at]) / length1
    share0 = (own[:, at] - own[:, low]) / (whole[at] - whole[low])
    share1 = (own[:, high] - own[:, at]) / (whole[high] - whole[at])
    before, after = own[:, at] / whole[at], (own[:, bins] - own[:, at]) / (whole[bins] - whole[at])
    out = (volume0 >= RATIO * volume1) & (share0 - share1 >= _ABRUPT * (before - after))
    # Windows as long as the later time, or as a third of the earlier one, that lie before the moment.
    length = max(1, min(bins - at, at // 3))
    of_whole = whole[length : at + 1] - whole[: at + 1 - length]
    of_own = own[:, length : at + 1] - own[:, : at + 1 - length]
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.where(of_whole > 0, of_own / of_whole, np.inf)
    least: Floats = shares.min(axis=1)
    found: npt.NDArray[np.bool_] = out & (least >= RATIO * after)
    return found


def _test(
    volumes: Volumes, slices: Ints, at: int, before: Floats, after: Floats, log_level: float
) -> list[Step]:
    # As if all events were independent; only what is left is worth its scatter.
    least = volumes.w2[slices, :at].sum(axis=1) / np.maximum(volumes.w[slices, :at].sum(axis=1), 1e-300)
    possible = _differ(volumes, slices, at, before, after, np.maximum(least, 1e-300), log_level)
    slices, least_of = slices[possible], least[possible]
    effect = unit_sizes(volumes.w[slices, :at], volumes.w2[slices, :at], volumes.whole[:at])
    sure = _differ(volumes, slices, at, before, after, effect, log_level)
    whole = float(volumes.whole[at:].sum())
    for k in np.flatnonzero(~sure).tolist():
        s = slices[k]
        if volumes.w[s, min(at + 1, len(volumes.whole) - 1) :].any():
            continue
        # How much its share moves says little of how likely it is to have no event at all.
        unit = silence_unit(volumes.w[s, :at], volumes.whole[:at], float(least_of[k]))
        if (before[s] - after[s]) * whole / unit >= max(FEWEST_LOST, -log_level):
            effect[k], sure[k] = unit, True
    size0, size1 = volumes.whole[:at].sum() / effect, volumes.whole[at:].sum() / effect
    was, now = before[slices], after[slices]
    return [
        Step(
            int(slices[k]),
            at,
            begin_of(volumes.w[slices[k]], volumes.whole, at, float(was[k]), float(now[k])),
            float(was[k]),
            float(now[k]),
            float(was[k] * whole),
            float(now[k] * whole),
            not volumes.w[slices[k], min(at + 1, len(volumes.whole) - 1) :].any(),
            evidence(float(was[k]), float(size0[k]), float(now[k]), float(size1[k])),
        )
        for k in np.flatnonzero(sure)
    ]


def _differ(
    volumes: Volumes, slices: Ints, at: int, before: Floats, after: Floats, unit: Floats, log_level: float
) -> npt.NDArray[np.bool_]:
    """Return for which slices the bounds of the shares do not overlap, and enough events are missing."""
    size0, size1 = volumes.whole[:at].sum() / unit, volumes.whole[at:].sum() / unit
    was, now = before[slices], after[slices]
    out: npt.NDArray[np.bool_] = lower_bound(was, size0, log_level) > upper_bound(now, size1, log_level)
    out &= (was - now) * size1 >= FEWEST_LOST
    return out


def smallest_loss(volumes: Volumes, slice_: int, log_level: float) -> float | None:
    """Return the smallest part of a slice whose loss in the middle of the time would be beyond chance.

    Args:
        volumes: events of slices.
        slice_: the slice.
        log_level: natural log of the probability of a false alarm.

    Returns:
        A share in [0, 1]; None if not even the loss of all of it would be.
    """
    at = len(volumes.whole) // 2
    own, whole = volumes.w[slice_], volumes.whole
    if not 0 < own.sum() < whole.sum() or not whole[:at].any() or not whole[at:].any():
        return None
    unit = unit_size(own, volumes.w2[slice_], whole)
    size0, size1 = (np.array([whole[side].sum() / unit]) for side in (slice(at), slice(at, None)))
    share = own.sum() / whole.sum()
    low, high = 1 - 1 / RATIO, 1.0
    least = float(lower_bound(np.array([share]), size0, log_level)[0])

    def found(loss: float) -> bool:
        now = np.array([share * (1 - loss)])
        enough = share * loss * float(size1[0]) >= FEWEST_LOST
        return enough and least > float(upper_bound(now, size1, log_level)[0])

    if not found(1.0):
        return None
    if found(low):
        return low
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (low, middle) if found(middle) else (middle, high)
    return high


def begin_of(part: Floats, whole: Floats, at: int, before: float, after: float) -> float:
    """Return where next to a moment a share changed, in bins, by how much of both bins is as before."""
    out = float(at - 1)
    for bin_ in (at - 1, at):
        if whole[bin_] > 0:
            out += min(1.0, max(0.0, (float(part[bin_] / whole[bin_]) - after) / (before - after)))
        else:
            out += float(bin_ < at)
    return out


def unit_size(w: Floats, w2: Floats, whole: Floats) -> float:
    """Return `unit_sizes` of one slice, given as arrays of length B."""
    return float(unit_sizes(w[None], w2[None], whole)[0])


def unit_sizes(w: Floats, w2: Floats, whole: Floats) -> Floats:
    """Return how much weight one independent event of each slice represents, by its scatter over the bins.

    With independent events of weight 1 it is 1. Events that come in bursts of 20 count as one in 20. The
    scatter is taken over blocks of several lengths, because a burst may last longer than a bin.

    Args:
        w: weight per slice and bin; (S, B).
        w2: squared weight per slice and bin; (S, B).
        whole: weight of the traffic per bin; (B,).

    Returns:
        Weights, at least the average squared weight per weight; (S,).
    """
    total, traffic = w.sum(axis=1), float(whole.sum())
    if traffic <= 0:
        return np.ones(len(w))
    found = w2.sum(axis=1) / np.maximum(total, 1e-300)
    p = (total / traffic)[:, None]
    bins = len(whole)
    for scale in _SCALES:
        blocks = bins // scale
        if blocks < _FEWEST_BLOCKS:
            break
        kept = slice(bins - blocks * scale, None)
        all_of_it = whole[kept].reshape(blocks, scale).sum(axis=1)
        used = all_of_it > 0
        free = int(used.sum()) - 1
        if free + 1 < _FEWEST_BLOCKS:
            continue
        own = w[:, kept].reshape(len(w), blocks, scale).sum(axis=2)[:, used]
        all_of_it = all_of_it[used]
        usual = (p * (1 - p))[:, 0] * float(all_of_it.sum())
        scatter = ((own - p * all_of_it) ** 2).sum(axis=1) / np.where(usual > 0, usual, np.inf)
        # Few blocks may scatter little by chance.
        found = np.maximum(found, scatter * (free + 1) / free * (1 + 1 / math.sqrt(free)))
    return np.where(total > 0, found, 1.0)


def silence_unit(w: Floats, whole: Floats, least: float) -> float:
    """Return how much weight of a slice comes together at most, by how seldom a bin has none of it.

    With units that come one by one, a bin with an expected weight of e has none with probability
    exp(-e / unit). The largest unit is returned that is about as likely as the best one, for bins, and for
    longer stretches as far as some of them are silent.

    Args:
        w: weight per bin; (B,).
        whole: weight of the traffic per bin.
        least: the smallest possible unit, the average squared weight per weight.

    Returns:
        A weight, at least `least`.
    """
    found = least
    for scale in _SCALES:
        blocks = len(w) // scale
        if blocks < _FEWEST_BLOCKS:
            break
        kept = slice(len(w) - blocks * scale, None)
        own, all_of_it = (part[kept].reshape(blocks, scale).sum(axis=1) for part in (w, whole))
        own, all_of_it = own[all_of_it > 0], all_of_it[all_of_it > 0]
        # If hardly a bin is silent, longer stretches say nothing; a job at night is silent for hours.
        if scale > 1 and own.all():
            break
        expected = all_of_it * (float(w.sum()) / max(float(whole.sum()), 1e-300))
        units = max(least, 1e-300) * 2 ** np.arange(0, 16, 0.25)
        x = np.maximum(expected[None, :] / units[:, None], 1e-300)
        likelihood = np.where(own > 0, np.log(-np.expm1(-x)), -x).sum(axis=1)
        found = max(found, float(units[likelihood >= likelihood.max() - _AS_LIKELY].max()))
    return found


def evidence(was: float, n0: float, now: float, n1: float) -> float:
    """Return the evidence that two shares differ: a log likelihood ratio in nats."""
    pooled = (was * n0 + now * n1) / (n0 + n1)
    return n0 * _divergence(was, pooled) + n1 * _divergence(now, pooled)


def _divergence(p: float, q: float) -> float:
    parts = ((p, q), (1 - p, 1 - q))
    return sum(a * math.log(a / b) for a, b in parts if a > 0 and b > 0)
