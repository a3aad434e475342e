"""What slices say about the rows that are left when those of some causes are set aside."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from obskit.explain.candidates import Candidates
from obskit.explain.grouped_rows import SIDES, GroupedRows
from obskit.explain.judge import Judged
from obskit.explain.outside import OutsideCounts
from obskit.explain.search import Slice
from obskit.explain.weights import Bits, Rows
from obskit.stats.counts import Counts, Floats
from obskit.stats.evidence import score

LEAST_LEFT = 5
# A sample is too small to tell two slices of nearly the same rows apart. Those with the highest estimates are
# counted over all rows, so many at a time, until the best one exceeds the next estimate by so much.
AT_A_TIME = 4
SURELY_ABOVE = 1.2
MOST_CONTENDERS = 40


class Left:
    """What candidates say about the rows that are left when those of some causes are set aside.

    The sample shows which candidates come close; all rows decide among them.

    Args:
        found: the sample, and the sets of values.
        outside: counts of all compared rows outside some slices.
        judged: all slices.
        candidates: positions in `judged`.
        log_level: log of the error level of a bound.

    Attributes:
        bits: the rows of the sample in each candidate's slice, one candidate per row.
    """

    def __init__(
        self,
        found: Candidates,
        outside: OutsideCounts,
        judged: Judged,
        candidates: Sequence[int],
        log_level: float,
    ) -> None:
        self._sample, self._half, self._log_level = found.sample, found.second_half, log_level
        self._outside, at = outside, np.array(candidates, dtype=np.int64)
        self._slices = [judged.slices[one] for one in candidates]
        self.bits = np.array([self._sample.slice(conditions) for conditions in self._slices])
        self._every = np.maximum(self._sample.count("selected", self.bits).w, 1e-300)
        self._sets = {place for place, one in enumerate(self._slices) if one[0] in found.held_out}
        # The sample has no history: the share that history took from a slice is taken from its rest as well.
        evidence = judged.evidence.score[at]
        self._judged_score, self._selected = judged.score[at], judged.selected.w[at]
        self._share = self._judged_score / np.where(evidence > 0, evidence, 1.0)
        # Where only the past shows a slice, it loses as much as it loses rows.
        self._by_past = evidence <= 0
        # How many rows each row of the sample represents. Few baseline rows say too little of slices that
        # hardly any baseline event meets: next to others, their estimates would be too low.
        self._scale = {
            group: float(outside.rows.totals[group].n[0] / max(self._sample.totals[group].n[0], 1))
            for group in SIDES
        }
        self._known: dict[frozenset[Slice], Floats | None] = {}

    def estimates(self, aside: Sequence[Slice]) -> Floats | None:
        """Estimate the score of each candidate among all rows.

        Args:
            aside: the slices that are set aside.

        Returns:
            One score per candidate; None if the sample has too few rows left.
        """
        key = frozenset(aside)
        if key not in self._known:
            self._known[key] = self._estimates(aside)
        value = self._known[key]
        return None if value is None else value.copy()

    def _estimates(self, aside: Sequence[Slice]) -> Floats | None:
        sample = self._sample
        gone = np.zeros_like(self.bits[0])
        for conditions in aside:
            gone = gone | sample.slice(conditions)
        rest = np.concatenate([self.bits & ~gone, ~gone[None]])
        counts = [sample.count(group, rest) for group in SIDES]
        if counts[0].n[-1] < LEAST_LEFT or counts[1].n[-1] < 1:
            return None
        scaled = [_times(one, self._scale[group]) for group, one in zip(SIDES, counts, strict=True)]
        value = self._scores(np.arange(len(rest) - 1), scaled, counts[0].w[:-1] / self._every)
        for place in self._sets:  # by the half that did not choose it
            found = score_of(sample, self.bits[place], ~gone & self._half, self._log_level)
            value[place] = self._share[place] * found
        return value

    def exact(self, places: Sequence[int], aside: Sequence[Slice], value: Floats) -> Floats:
        """Count the score of some candidates among all rows.

        Args:
            places: positions among the candidates.
            aside: the slices that are set aside.
            value: the estimate for each candidate, which is exact where the sample has all rows.

        Returns:
            One score per place.
        """
        if all(scale == 1 for scale in self._scale.values()):
            return value[list(places)]
        slices = [self._slices[place] for place in places]
        counts = self._outside.count(SIDES, slices, aside)
        own = np.array(places)
        return self._scores(own, counts, counts[0].w[:-1] / np.maximum(self._selected[own], 1e-300))

    def best(self, value: Floats, aside: Sequence[Slice]) -> tuple[int, float]:
        """Find the best candidate.

        Args:
            value: the estimate for each candidate.
            aside: the slices that are set aside.

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


def score_of(sample: GroupedRows, rows: Bits, among: Bits, log_level: float) -> float:
    """Return the score of some rows among others."""
    bits = np.stack([rows & among, among])
    selected, all_selected = _both(sample.count("selected", bits))
    baseline, all_baseline = _both(sample.count("baseline", bits))
    if all_selected.n[0] < LEAST_LEFT or all_baseline.n[0] < 1:
        return 0.0
    return float(score(selected, all_selected, baseline, all_baseline, log_level)[0])


def _both(counts: Counts) -> tuple[Counts, Counts]:
    return counts[:1], counts[1:]


def _times(counts: Counts, factor: float) -> Counts:
    return Counts(counts.n * factor, counts.w * factor, counts.w2 * factor)
