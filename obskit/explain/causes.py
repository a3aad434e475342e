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
from obskit.explain.recounted import count_outside
from obskit.explain.search import MARGIN
from obskit.explain.weights import Bits, Bools, Rows
from obskit.stats.counts import Counts, Floats
from obskit.stats.evidence import Evidence, score

MOST_FINDINGS = 10
# A next cause must have this share of the first one's evidence after the earlier causes' rows are set aside.
LEFT_OVER = 0.05
LEAST_LEFT = 5
# A sample is too small to tell two slices of nearly the same rows apart. Those that come closest in it, so
# many and each with this share of the best one's evidence, are counted over all rows.
MOST_CONTENDERS = 16
CLOSE = 0.3


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
    full: GroupedRows,
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
        full: all compared rows.
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
    left = _Left(found, full, judged, candidates, log_level)
    # A slice that separates completely may only restate the selection (a log's message). It sets aside its
    # own parts (the pods of a version) and nothing else, so that a cause among its rows is still found.
    restated = restates(judged.evidence)
    used = np.zeros(len(candidates), dtype=bool)
    aside: list[int] = []
    chosen: list[int] = []
    first = first_in_sample = 0.0
    best = 0
    while len(chosen) < most:
        value = left.in_sample(aside)
        if value is None:
            break
        if not chosen:
            first_in_sample, first = float(value[0]), float(left.in_all([0], aside, value)[0])
        else:
            value[used] = 0
            best, own, of_all = left.best(value, aside)
            if own <= LEFT_OVER * (first if of_all else first_in_sample):
                break
        used[best] = True
        named = candidates[best]
        if not restated[named]:
            named = resize(named, chosen)
        if named in chosen:
            continue
        chosen.append(named)
        if first_in_sample <= 0:  # the sample has too few rows to show anything
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
        full: all compared rows.
        judged: all slices.
        candidates: positions in `judged`.
        log_level: log of the error level of a bound.
    """

    def __init__(
        self,
        found: Candidates,
        full: GroupedRows,
        judged: Judged,
        candidates: Sequence[int],
        log_level: float,
    ) -> None:
        self._found, self._full, self._judged, self._log_level = found, full, judged, log_level
        sample, at = found.sample, list(candidates)
        self.at = at
        self.bits = np.stack([sample.slice(judged.slices[one]) for one in at])
        self._sets = np.flatnonzero([judged.slices[one][0] in found.held_out for one in at])
        # The sample has no history: the share that history took from a slice is taken from its rest as well.
        evidence = judged.evidence.score[at]
        self._share = judged.score[at] / np.where(evidence > 0, evidence, 1.0)
        # Where only the past shows a slice, it loses as much as it loses rows.
        self._by_past = evidence <= 0
        self._is_whole = all(sample.totals[group].n[0] == full.totals[group].n[0] for group in SIDES)

    def in_sample(self, aside: Sequence[int]) -> Floats | None:
        """Return the score of each candidate among the sample's rows; None if too few are left."""
        sample = self._found.sample
        gone = np.zeros_like(self.bits[0])
        for one in aside:
            gone = gone | sample.slice(self._judged.slices[one])
        whole = sample.count("selected", [~gone]), sample.count("baseline", [~gone])
        if whole[0].n[0] < LEAST_LEFT or whole[1].n[0] < 1:
            return None
        rest = self.bits & ~gone
        every = sample.count("selected", self.bits).w
        selected, baseline = sample.count("selected", rest), sample.count("baseline", rest)
        value = self._score(np.arange(len(self.at)), selected, baseline, whole, every)
        for one in self._sets.tolist():  # by the half that did not choose it
            half = ~gone & self._found.second_half
            value[one] = self._share[one] * _score_of(sample, self.bits[one], half, self._log_level)
        return value

    def in_all(self, places: Sequence[int], aside: Sequence[int], value: Floats) -> Floats:
        """Return the score of some candidates among all rows; that of the sample where it has all rows."""
        if self._is_whole:
            return value[list(places)]
        slices = [self._judged.slices[self.at[place]] for place in places]
        counts = count_outside(self._full, SIDES, slices, [self._judged.slices[one] for one in aside])
        (selected, all_selected), (baseline, all_baseline) = ((one[:-1], one[-1:]) for one in counts)
        own = np.array(places)
        every = self._judged.selected.w[[self.at[place] for place in places]]
        return self._score(own, selected, baseline, (all_selected, all_baseline), every)

    def best(self, value: Floats, aside: Sequence[int]) -> tuple[int, float, bool]:
        """Return the best candidate, its score, and whether that is of all rows.

        Args:
            value: the score of each candidate in the sample.
            aside: positions in `judged` of the slices that are set aside.
        Returns:
            Position among the candidates, score, and False for a set of values: it is tested on the half of
            the sample that did not choose it.
        """
        best = int(np.argmax(value))
        if value[best] <= 0 or best in self._sets:
            return best, float(value[best]), False
        order = [int(one) for one in np.argsort(-value, kind="stable")[:MOST_CONTENDERS]]
        close = [one for one in order if value[one] >= CLOSE * value[best] and one not in self._sets]
        exact = self.in_all(close, aside, value)
        winner = int(np.argmax(exact))
        return close[winner], float(exact[winner]), True

    def _score(
        self,
        places: Rows,
        selected: Counts,
        baseline: Counts,
        whole: tuple[Counts, Counts],
        every: Floats,
    ) -> Floats:
        found = score(selected, whole[0], baseline, whole[1], self._log_level)
        past = (
            self._judged.score[[self.at[place] for place in places]] * selected.w / np.maximum(every, 1e-300)
        )
        return np.where(self._by_past[places], past, self._share[places] * found)


def restates(evidence: Evidence) -> Bools:
    """Return which slices hold nearly all of the selection and almost none of the baseline."""
    return np.asarray((evidence.selected_share > 0.99) & (evidence.baseline_share < 0.01))


def _inside(sample: GroupedRows, bits: Bits, whole: Bits) -> Bools:
    """Return which slices (one per row) have at least nine tenths of their rows inside another slice."""
    rows = sum(sample.sizes(group, bits).astype(np.int64) for group in SIDES)
    inside = sum(sample.sizes(group, bits & whole).astype(np.int64) for group in SIDES)
    return np.asarray(inside >= SAME_ROWS * rows)
