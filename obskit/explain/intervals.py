"""The intervals that are shown with slices. They take into account that slices are chosen for their evidence.

A slice is shown because it is significant, and named before others because it scores more. With fewer
selected events it would not have been. How few is found by exchange: some of its selected events change
places with baseline events elsewhere, until the slice would not be shown, or another would be named instead.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import reduce

import numpy as np

from obskit.explain.candidates import Candidates
from obskit.explain.counted import Counted
from obskit.explain.judge import Judged, weigh_slices
from obskit.explain.sets import HeldOut
from obskit.explain.weights import Bools, Rows
from obskit.stats.counts import Counts, Floats
from obskit.stats.selected_ratio import effective_hits, selected_ratio_interval

# A finding is compared with so many slices that could have been named instead, those that came closest.
MOST_RIVALS = 16
# Halving so often finds a share of events to less than half a percent.
STEPS = 8


def with_intervals(
    counted: Counted,
    candidates: Candidates,
    judged: Judged,
    causes: Sequence[int],
    others: Sequence[int],
    rivals: Sequence[int],
    also_shown: Sequence[tuple[Judged, Sequence[int]]],
    *,
    by_history: bool,
) -> list[Judged]:
    """Return slices with the 95% intervals of those that are shown.

    Args:
        counted: the question with its fields counted.
        candidates: the sample, and the sets of values.
        judged: slices that may be causes, with the wider intervals that hold for all of them at once.
        causes: positions in `judged` of the findings, best first.
        others: positions of other slices that are shown because they are significant.
        rivals: positions of slices that could have been findings.
        also_shown: other slices, each with the positions of those that are shown.
        by_history: whether the findings are compared with their own earlier time.
    Returns:
        The slices of `judged`, and each of `also_shown`, in their order. An interval that is replaced
        becomes narrower, never wider.
    """
    parts = [judged, *(one for one, _ in also_shown)]
    ends = np.cumsum([len(part.slices) for part in parts])
    places = [*causes, *others]
    for (_, own), before in zip(also_shown, ends, strict=False):
        places += [int(before) + at for at in own]
    shown = np.array(places, dtype=np.int64)
    every = reduce(Judged.joined, parts)
    # a slice that holds every event has no ratio
    shown = shown[~np.isnan(every.evidence.risk_ratio[shown])]
    if not len(shown):
        return parts
    exchange = _Exchange(counted, candidates, replace(every, least=judged.least), by_history=by_history)
    kept = exchange.kept_to_be_shown(shown, np.isin(shown, np.array(causes, dtype=np.int64)))
    for one, share in exchange.kept_to_be_named(causes, rivals):
        kept[shown == one] = np.maximum(kept[shown == one], share)
    lows, highs = every.evidence.risk_ratio_low.copy(), every.evidence.risk_ratio_high.copy()
    lows[shown], highs[shown] = exchange.intervals(shown, kept)
    return [
        replace(part, evidence=replace(part.evidence, risk_ratio_low=low, risk_ratio_high=high))
        for part, low, high in zip(parts, np.split(lows, ends[:-1]), np.split(highs, ends[:-1]), strict=True)
    ]


class _Exchange:
    """Slices with a share of their selected events exchanged for baseline events outside.

    Args:
        counted: the question with its fields counted.
        candidates: the sample, and the sets of values.
        judged: all slices.
        by_history: whether the findings are compared with their own earlier time.
    """

    def __init__(self, counted: Counted, candidates: Candidates, judged: Judged, *, by_history: bool) -> None:
        self._counted, self._candidates, self._judged = counted, candidates, judged
        self._by_history = by_history

    def kept_to_be_shown(self, at: Rows, named: Bools) -> Floats:
        """Return the least share of each slice's selected events with which it would be shown.

        Args:
            at: positions of slices.
            named: which of them are findings: they need a score, too.
        Returns:
            Shares in [0, 1].
        """
        floor, exchanged = self._counted.levels.floor, self._exchanged(at)

        def shown(kept: Floats) -> Bools:
            found = exchanged(kept)
            return found.significant(floor) & ((found.score > 0) | ~named)

        return _least_kept(shown, len(at))

    def kept_to_be_named(self, causes: Sequence[int], rivals: Sequence[int]) -> list[tuple[int, float]]:
        """Return findings, each with the least share of its events with which it scores more than a rival."""
        score, sample = self._judged.score, self._candidates.sample
        selected = self._judged.selected.w
        whole = float(self._counted.full.totals["selected"].w[0])
        rivals = [other for other in rivals if not self._is_set(other)]
        pairs: list[tuple[int, int]] = []
        moved: list[float] = []
        for rank, one in enumerate(causes):
            close = [other for other in rivals if score[other] < score[one] and other not in causes[:rank]]
            if not close or self._is_set(one):
                continue
            own = sample.slice(self._judged.slices[one])
            close = sorted(close, key=lambda at: -score[at])[:MOST_RIVALS]
            bits = np.stack([sample.slice(self._judged.slices[other]) for other in close])
            inside = sample.sizes("selected", bits & own) / np.maximum(sample.sizes("selected", bits), 1)
            # what a finding loses goes to the events outside it, those of the rival among them
            moved += (inside - (1 - inside) * selected[one] / max(whole - selected[one], 1e-9)).tolist()
            pairs += [(one, other) for other in close]
        if not pairs:
            return []
        ones, others = np.array(pairs, dtype=np.int64).T
        share_moved = np.array(moved)

        def ahead(some: Rows, kept: Floats) -> Bools:
            exchanged = self._exchanged(np.concatenate([ones[some], others[some]]))
            value = exchanged(np.concatenate([kept, 1 - (1 - kept) * share_moved[some]])).score
            return np.asarray(value[: len(some)] > value[len(some) :])

        left = np.arange(len(ones))
        left = left[ahead(left, np.ones(len(left)))]
        named = np.unique(ones[left])
        low, high = np.zeros(len(named)), np.ones(len(named))
        for _ in range(STEPS):
            of = np.searchsorted(named, ones[left])
            middle = (low + high) / 2
            found = ahead(left, middle[of])
            behind = np.bincount(of[~found], minlength=len(named)) > 0
            low, high = np.where(behind, middle, low), np.where(behind, high, middle)
            # rivals that are passed with fewer events than another one say nothing more
            left = left[~found | ~behind[of]]
        return list(zip(named.tolist(), high.tolist(), strict=True))

    def intervals(self, at: Rows, kept: Floats) -> tuple[Floats, Floats]:
        """Return the 95% intervals of risk ratios, given the least share of events to show each slice."""
        own, totals = self._judged.take(at), self._counted.full.totals
        evidence, size = own.evidence, len(at)
        whole = [_repeated(totals[group], size) for group in ("selected", "baseline")]
        groups = own.selected, whole[0], own.baseline, whole[1]
        for position, half in self._halves(at).items():
            parts = half.selected, half.all_selected, half.baseline, half.all_baseline
            for into, part in zip(groups, parts, strict=True):
                into.n[position], into.w[position], into.w2[position] = part.n[0], part.w[0], part.w2[0]
        hits, misses = effective_hits(*groups, (evidence.rate_inside, evidence.rate_outside), own.effects)
        selected, baseline = float(totals["selected"].w[0]), float(totals["baseline"].w[0])
        inside = evidence.selected_share * selected + evidence.baseline_share * baseline
        with np.errstate(divide="ignore", invalid="ignore"):
            even = (selected + baseline - inside) / inside
            scale = np.where(misses > 0, evidence.risk_ratio * misses / hits, even)
        least = np.where(kept > 0, self._exchanged(at)(kept).evidence.risk_ratio, 0.0)
        bounds = evidence.risk_ratio_low, evidence.risk_ratio_high
        return selected_ratio_interval(hits, misses, scale, least, bounds)

    def _exchanged(self, at: Rows) -> Callable[[Floats], Judged]:
        """Return a function that judges slices with a share of their selected events kept, for each slice.

        A share above 1 adds some.
        """
        own, own_halves = self._judged.take(at), self._halves(at)

        def judge_with(kept: Floats) -> Judged:
            selected, baseline = _exchanged_counts(own.selected, own.baseline, kept)
            left = replace(own, selected=selected, baseline=baseline, clusters=own.clusters * kept)
            halves = {}
            for position, half in own_halves.items():
                share = kept[position : position + 1]
                selected, baseline = _exchanged_counts(half.selected, half.baseline, share)
                halves[position] = replace(half, selected=selected, baseline=baseline)
            found = weigh_slices(self._counted, self._candidates, left, halves, intervals=False)
            return found if self._by_history else found.without_history()

        return judge_with

    def _halves(self, at: Rows) -> dict[int, HeldOut]:
        held_out, slices = self._candidates.held_out, self._judged.slices
        return {i: held_out[slices[one][0]] for i, one in enumerate(at) if self._is_set(one)}

    def _is_set(self, at: int) -> bool:
        conditions = self._judged.slices[at]
        return len(conditions) == 1 and conditions[0] in self._candidates.held_out


def _least_kept(holds: Callable[[Floats], Bools], size: int) -> Floats:
    """Return for each slice the least share of its events with which something holds.

    It is 0 where it does not hold with all of the events either.
    """
    low, high = np.zeros(size), np.ones(size)
    ever = holds(high)
    for _ in range(STEPS):
        middle = (low + high) / 2
        found = holds(middle)
        low, high = np.where(found, low, middle), np.where(found, middle, high)
    return np.where(ever, high, 0.0)


def _exchanged_counts(selected: Counts, baseline: Counts, kept: Floats) -> tuple[Counts, Counts]:
    """Return the counts of both groups in slices that keep a share of their selected events."""
    left = Counts(selected.n * kept, selected.w * kept, selected.w2 * kept)
    return left, selected + baseline - left


def _repeated(whole: Counts, size: int) -> Counts:
    return Counts(*(np.repeat(x, size) for x in (whole.n, whole.w, whole.w2)))
