"""Whether what a slice lost went elsewhere: to a new version, to other pods, to other values of its field."""

from __future__ import annotations

import math

import numpy as np

from obskit.triage.missing.steps import Floats, Step, unit_sizes

_MOVED = 0.5  # part of a loss that other values took over, for it to be no loss
_SURE = 4.0  # standard deviations by which another value must have grown
_SURE_RATE = 2.0  # standard deviations by which traffic differs from what it would be
_RECENT = 16  # bins before a moment whose traffic shows how much it usually differs
_FAST = 1.5  # factor of growth
_WIDE = 8  # values next to a moment are counted in one of so many parts of the time
_TREND = 1.3  # the most by which traffic is taken to grow or shrink from one such part to the next
_LENGTHS = (1, 2, 4, 8)  # of the windows of traffic next to a moment, in bins
_FEWEST = 6  # earlier windows to compare with


def has_moved(w: Floats, w2: Floats, step: Step, service: Floats | None = None) -> bool | None:
    """Return whether others took over what a slice lost.

    An old version loses its requests to a new one, and a pod to another pod. It shows in another
    value of the field, which grows more than all traffic; in the rest of the same service, which grows
    against all other services; or, of a slice that is in all services, in the rest of the traffic.

    Args:
        w: weight of each value of the slice's field per bin; (S, B).
        w2: squared weight.
        step: the loss.
        service: the weight of the service that the slice is a part of, per bin; None if it is in several.

    Returns:
        None if it is not known: if the slice is too small, or traffic too unsteady.
    """
    if taken_over(w, w2, step):
        return True
    own, total = w[step.slice], w.sum(axis=0)
    part = total if service is None else service
    rest, outside = np.maximum(part - own, 0.0), np.maximum(total - part, 0.0)
    if not rest[: step.at].any() or not rest[step.at :].any():
        return True if service is None else None
    unit = float((w2.sum() - w2[step.slice].sum()) / max(float(total.sum() - own.sum()), 1e-300))
    series = rest
    noise = unit / float(rest[: step.at].mean())
    if service is not None and outside[: step.at].any() and outside[step.at :].any():
        # Against the other services, no hour of the day is busier than another one.
        with np.errstate(divide="ignore", invalid="ignore"):
            series = np.where(outside > 0, rest / outside, np.nan)
        noise += unit / float(outside[: step.at].mean())
    seen = growth_at(series, step.at, noise)
    if seen is None:
        return None
    length, growth, scatter = seen
    end, begin = step.at - 1, min(step.at + 1, len(own) - 1)
    lost = own[end - length : end].mean() - own[begin : begin + length].mean()
    # By how much the rest would grow, on a log scale, had it taken over everything.
    everything = math.log1p(max(lost, 0.0) / max(float(rest[end - length : end].mean()), 1e-300))
    sure = _SURE_RATE * scatter
    if growth >= max(_MOVED * everything, sure):
        return True
    if growth <= min(_MOVED * everything, everything - sure):
        return False
    return None


def growth_at(rest: Floats, at: int, noise: float) -> tuple[int, float, float] | None:
    """Return how much traffic grew at a moment, on a log scale, and how much such a number usually is.

    The windows, and whether the trend before them is taken off, are those by which the traffic before the
    moment differs least: long ones where it is steady, short ones at a rush hour.

    Args:
        rest: the traffic per bin, or a ratio of traffic.
        at: the first bin after the moment.
        noise: the variance of the logarithm of a bin, by the number of its events.

    Returns:
        The length of the windows in bins, the growth, and the scatter; None if there is too little traffic.
    """
    best: tuple[int, float, float] | None = None
    for length in _LENGTHS:
        gap = length + 2  # from a window to the next but one: the bins next to a moment are left out
        if at + 1 + length > len(rest) or at - 1 - length < 0:
            break
        means = np.convolve(rest, np.full(length, 1 / length), "valid")
        # Of the window that begins at each bin; NaN without traffic.
        level = np.log(np.where(means > 0, means, np.nan))
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
            scatter = max(scatter, math.sqrt(parts * noise / length))
            if best is None or scatter < best[2]:
                best = length, float(series[now]), scatter
    return best


def taken_over(w: Floats, w2: Floats, step: Step) -> bool:
    """Return whether other values gained, beyond the growth of all traffic, what a slice lost.

    Args:
        w: weight of each value of the slice's field per bin; (S, B).
        w2: squared weight.
        step: the loss.

    Returns:
        True if it is beyond chance that they took over at least half of it.
    """
    bins, end, begin = w.shape[1], step.at - 1, min(step.at + 1, w.shape[1] - 1)
    near = max(1, round(bins / _WIDE))
    low, high = max(0, end - near), min(bins, begin + near)
    mass0, mass1 = w[:, low:end].sum(axis=1), w[:, begin:high].sum(axis=1)
    mass0, mass1 = mass0 / (end - low), mass1 / (high - begin)
    usual = _usual_growth(np.delete(mass0, step.slice), np.delete(mass1, step.slice))
    # Where much is lost at once, others do not show it, but the trend before the moment does.
    total = w.sum(axis=0)
    trend = float(total[low:end].sum()) / max(float(total[max(0, 2 * low - end) : low].sum()), 1e-300)
    usual = max(usual, min(max(trend, 1 / _TREND), _TREND) if 2 * low - end >= 0 else 1.0)
    gained = mass1 - usual * mass0
    gained[step.slice] = 0.0
    more = np.flatnonzero(gained > 0)
    noise = unit_sizes(w[more, : step.at], w2[more, : step.at], total[: step.at])
    # What is new, or grows fast, has no steady past to take its scatter from.
    weight = w2[more, :high].sum(axis=1) / np.maximum(w[more, :high].sum(axis=1), 1e-300)
    fast = mass1[more] >= _FAST * usual * mass0[more]
    noise = np.where(fast, np.minimum(noise, weight), noise)
    scatter = np.sqrt(noise * (mass1[more] / (high - begin) + usual**2 * mass0[more] / (end - low)))
    lost = float(usual * mass0[step.slice] - mass1[step.slice])
    return bool(gained[more][gained[more] > _SURE * scatter].sum() >= _MOVED * lost)


def _usual_growth(before: Floats, after: Floats) -> float:
    """Return by what factor traffic grew: the median of the values, without those that fell as well."""
    known = before > 0
    if not known.any():
        return 1.0
    weight, ratio = before[known], after[known] / before[known]
    high = _weighted_quantile(ratio, weight, 0.75)
    kept = ratio >= high / 2
    return _weighted_quantile(ratio[kept], weight[kept], 0.5)


def _weighted_quantile(values: Floats, weight: Floats, q: float) -> float:
    order = np.argsort(values, kind="stable")
    running = np.cumsum(weight[order])
    at = min(int(np.searchsorted(running, q * running[-1])), len(order) - 1)
    return float(values[order][at])
