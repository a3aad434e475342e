"""Which slices are causes of their own.

After each cause its rows are set aside, so that the next one has to explain something else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np

from obskit.explain.aliases import SAME_ROWS, preference
from obskit.explain.candidates import Candidates
from obskit.explain.grouped_rows import SIDES, GroupedRows
from obskit.explain.judge import Judged
from obskit.explain.outside import OutsideCounts
from obskit.explain.search import MARGIN
from obskit.explain.weights import Bits, Bools, Rows
from obskit.stats.counts import Counts, Floats
from obskit.stats.evidence import Evidence, score

MOST_FINDINGS = 10
# A next cause must have this share of the first one's evidence after the earlier causes' rows are set aside.
LEFT_OVER = 0.05
LEAST_LEFT = 5
# A sample is too small to tell two slices of nearly the same rows apart. Those with the highest estimates are
# counted over all rows, so many at a time, until the best one exceeds the next estimate by so much.
AT_A_TIME = 4
SURELY_ABOVE = 1.2
MOST_CONTENDERS = 40


def accepted(judged: Judged, significant: Bools) -> list[int]:
    """Return the significant slices whose score clearly exceeds that of each of their parts, best first."""
    known = {
        frozenset(conditions): judged.score[at]
        for at, conditions in enumerate(judged.slices)
        if significant[at]
    }
    keep = []
    for at, conditions in enumerate(judged.slices):
        if not significant[at] or judged.score[at] <= 0:
            continue
        parts = [
            frozenset(part) for size in range(1, len(conditions)) for part in combinations(conditions, size)
        ]
        if all(judged.score[at] > (1 + MARGIN) * known.get(part, 0.0) for part in parts):
            keep.append(at)

    def key(at: int) -> tuple[float, int, list[tuple[int, int, str]]]:
        conditions = judged.slices[at]
        # of slices of the same rows, the same one is first whatever order they were found in
        return -round(float(judged.score[at]), 9), len(conditions), sorted(map(preference, conditions))

    return sorted(keep, key=key)


def without_idle_sets(
    candidates: Candidates, judged: Judged, own: Sequence[int], log_level: float
) -> list[int]:
    """Return the slices without the sets of values that say no more than what their members share.

    The customers on a bad version are a set with an excess, but not among the events without that version.
    A set is tested on the half of the sample that did not choose it.
    """
    sample, half = candidates.sample, candidates.second_half
    sets = [at for at in own if judged.slices[at][0] in candidates.held_out]
    shared = [at for at in own if at not in sets and not restates(judged.evidence)[at]][:MOST_FINDINGS]
    idle = set()
    for at in sets:
        rows = sample.slice(judged.slices[at]) & half
        for other in shared:
            rest = half & ~sample.slice(judged.slices[other])
            if _score_of(sample, rows, rest, log_level) <= 0:
                idle.add(at)
                break
    return [at for at in own if at not in idle]


def _score_of(sample: GroupedRows, rows: Bits, among: Bits, log_level: float) -> float:
    """Return the score of some rows among others."""
    bits = np.stack([rows & among, among])
    selected, all_selected = _both(sample.count("selected", bits))
    baseline, all_baseline = _both(sample.count("baseline", bits))
    if all_selected.n[0] < LEAST_LEFT or all_baseline.n[0] < 1:
        return 0.0
    return float(score(selected, all_selected, baseline, all_baseline, log_level)[0])


def _both(counts: Counts) -> tuple[Counts, Counts]:
    return counts[:1], counts[1:]


def separate_causes(
    found: Candidates,
    outside: OutsideCounts,
    judged: Judged,
    candidates: Sequence[int],
    log_level: float,
    most: int,
    resize: Callable[[int, Sequence[int]], int],
) -> list[int]:
    """Return which candidates are causes of their own.

    The best one is a cause. Its rows are set aside and the rest is scored again, so that the next cause
    has to explain what is left. The sample shows which candidates come close; all rows decide among them.

    Args:
        found: the sample to set rows aside from, and the sets of values.
        outside: counts of all compared rows outside some slices.
        judged: all slices.
        candidates: positions in `judged`, best first.
        log_level: log of the error level of a bound.
        most: at most so many causes.
        resize: returns the slice that is as wide as the trouble of one, given the causes before it.
    Returns:
        Positions in `judged`, in the order in which they were found.
    """
    if not candidates:
        return []
    sample = found.sample
    left = _Left(found, outside, judged, candidates, log_level)
    # A slice that separates completely may only restate the selection (a log's message). It sets aside its
    # own parts (the pods of a version) and nothing else, so that a cause among its rows is still found.
    restated = restates(judged.evidence)
    used = np.zeros(len(candidates), dtype=bool)
    aside: list[int] = []
    chosen: list[int] = []
    first = 0.0
    while len(chosen) < most:
        value = left.estimates(aside)
        if value is None:
            break
        best = 0
        if not chosen:
            first = float(left.exact([0], aside, value)[0])
        else:
            value[used] = 0
            best, own = left.best(value, aside)
            if own <= LEFT_OVER * first:
                break
        used[best] = True
        named = candidates[best]
        if not restated[named]:
            named = resize(named, chosen)
        if named in chosen:
            continue
        chosen.append(named)
        if first <= 0:  # there are too few rows to show anything
            break
        if restated[named]:
            used |= _inside(sample, left.bits, sample.slice(judged.slices[named]))
        else:
            aside.append(named)
    return chosen


class _Left:
    """What candidates say about the rows that are left when those of some causes are set aside.

    Args:
        found: the sample, and the sets of values.
        outside: counts of all compared rows outside some slices.
        judged: all slices.
        candidates: positions in `judged`.
        log_level: log of the error level of a bound.
    """

    def __init__(
        self,
        found: Candidates,
        outside: OutsideCounts,
        judged: Judged,
        candidates: Sequence[int],
        log_level: float,
    ) -> None:
        self._found, self._outside, self._judged, self._log_level = found, outside, judged, log_level
        sample, at = found.sample, np.array(candidates)
        self._slices = [judged.slices[one] for one in candidates]
        self.bits = np.stack([sample.slice(conditions) for conditions in self._slices])
        self._sets = {place for place, one in enumerate(self._slices) if one[0] in found.held_out}
        # The sample has no history: the share that history took from a slice is taken from its rest as well.
        evidence = judged.evidence.score[at]
        self._judged_score, self._selected = judged.score[at], judged.selected.w[at]
        self._share = self._judged_score / np.where(evidence > 0, evidence, 1.0)
        # Where only the past shows a slice, it loses as much as it loses rows.
        self._by_past = evidence <= 0
        # How many rows a row of the sample stands for. As few rows as the sample has say too little of slices
        # that hardly any baseline event meets: next to others, their estimates would be too low.
        self._scale = {
            group: float(outside.rows.totals[group].n[0] / max(sample.totals[group].n[0], 1))
            for group in SIDES
        }

    def estimates(self, aside: Sequence[int]) -> Floats | None:
        """Estimate the score of each candidate among all rows.

        Args:
            aside: positions in `judged` of the slices that are set aside.

        Returns:
            One score per candidate; None if the sample has too few rows left.
        """
        sample = self._found.sample
        gone = np.zeros_like(self.bits[0])
        for one in aside:
            gone = gone | sample.slice(self._judged.slices[one])
        rest = np.concatenate([self.bits & ~gone, ~gone[None]])
        counts = [sample.count(group, rest) for group in SIDES]
        if counts[0].n[-1] < LEAST_LEFT or counts[1].n[-1] < 1:
            return None
        every = np.maximum(sample.count("selected", self.bits).w, 1e-300)
        scaled = [_times(one, self._scale[group]) for group, one in zip(SIDES, counts, strict=True)]
        value = self._scores(np.arange(len(rest) - 1), scaled, counts[0].w[:-1] / every)
        for place in self._sets:  # by the half that did not choose it
            half = ~gone & self._found.second_half
            found = _score_of(sample, self.bits[place], half, self._log_level)
            value[place] = self._share[place] * found
        return value

    def exact(self, places: Sequence[int], aside: Sequence[int], value: Floats) -> Floats:
        """Count the score of some candidates among all rows.

        Args:
            places: positions among the candidates.
            aside: positions in `judged` of the slices that are set aside.
            value: the estimate for each candidate, which is exact where the sample has all rows.

        Returns:
            One score per place.
        """
        if all(scale == 1 for scale in self._scale.values()):
            return value[list(places)]
        slices = [self._slices[place] for place in places]
        counts = self._outside.count(SIDES, slices, [self._judged.slices[one] for one in aside])
        own = np.array(places)
        return self._scores(own, counts, counts[0].w[:-1] / np.maximum(self._selected[own], 1e-300))

    def best(self, value: Floats, aside: Sequence[int]) -> tuple[int, float]:
        """Find the best candidate.

        Args:
            value: the estimate for each candidate.
            aside: positions in `judged` of the slices that are set aside.

        Returns:
            Its position and its score.
        """
        value = value.copy()
        order = np.argsort(-value, kind="stable")[:MOST_CONTENDERS]
        for start in range(0, len(order), AT_A_TIME):
            some = [place for place in order[start : start + AT_A_TIME].tolist() if value[place] > 0]
            # a set counts as much as the half of the sample that did not choose it
            some = [place for place in some if place not in self._sets]
            if some:
                value[some] = self.exact(some, aside, value)
            known = order[: start + AT_A_TIME]
            winner = int(known[np.argmax(value[known])])
            rest = order[start + AT_A_TIME :]
            if not len(rest) or value[winner] >= SURELY_ABOVE * value[rest[0]]:
                break
        return winner, float(value[winner])

    def _scores(self, places: Rows, counts: Sequence[Counts], kept: Floats) -> Floats:
        """Return scores, given the counts of slices and of all rows that are left, in both groups."""
        (selected, all_selected), (baseline, all_baseline) = ((one[:-1], one[-1:]) for one in counts)
        found = score(selected, all_selected, baseline, all_baseline, self._log_level)
        past = self._judged_score[places] * kept
        out: Floats = np.where(self._by_past[places], past, self._share[places] * found)
        return out


def _times(counts: Counts, factor: float) -> Counts:
    return Counts(counts.n * factor, counts.w * factor, counts.w2 * factor)


def restates(evidence: Evidence) -> Bools:
    """Return which slices hold nearly all of the selection and almost none of the baseline."""
    return np.asarray((evidence.selected_share > 0.99) & (evidence.baseline_share < 0.01))


def _inside(sample: GroupedRows, bits: Bits, whole: Bits) -> Bools:
    """Return which slices (one per row) have at least nine tenths of their rows inside another slice."""
    rows = sum(sample.sizes(group, bits).astype(np.int64) for group in SIDES)
    inside = sum(sample.sizes(group, bits & whole).astype(np.int64) for group in SIDES)
    return np.asarray(inside >= SAME_ROWS * rows)
