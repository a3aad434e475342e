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
from obskit.explain.left import Left, score_of
from obskit.explain.search import MARGIN, Slice
from obskit.explain.weights import Bits, Bools
from obskit.stats.evidence import Evidence

MOST_FINDINGS = 10
# A next cause must have this share of the first one's evidence after the earlier causes' rows are set aside.
LEFT_OVER = 0.05


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
            if score_of(sample, rows, rest, log_level) <= 0:
                idle.add(at)
                break
    return [at for at in own if at not in idle]


def separate_causes(
    left: Left,
    sample: GroupedRows,
    judged: Judged,
    candidates: Sequence[int],
    most: int,
    resize: Callable[[int, Sequence[int]], int],
) -> list[int]:
    """Return which candidates are causes of their own.

    The best one is a cause. Its rows are set aside and the rest is scored again, so that the next cause
    has to explain what is left.

    Args:
        left: what the candidates say about the rows that are left.
        sample: the sample of the compared rows.
        judged: all slices, those of `left` first.
        candidates: positions in `judged`, best first.
        most: at most so many causes.
        resize: returns the slice that is as wide as the trouble of one, given the causes before it.
    Returns:
        Positions in `judged`, in the order in which they were found.
    """
    if not candidates:
        return []
    # A slice that separates completely may only restate the selection (a log's message). It sets aside its
    # own parts (the pods of a version) and nothing else, so that a cause among its rows is still found.
    restated = restates(judged.evidence)
    used = np.zeros(len(candidates), dtype=bool)
    aside: list[Slice] = []
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
            aside.append(judged.slices[named])
    return chosen


def restates(evidence: Evidence) -> Bools:
    """Return which slices hold nearly all of the selection and almost none of the baseline."""
    return np.asarray((evidence.selected_share > 0.99) & (evidence.baseline_share < 0.01))


def _inside(sample: GroupedRows, bits: Bits, whole: Bits) -> Bools:
    """Return which slices (one per row) have at least nine tenths of their rows inside another slice."""
    rows = sum(sample.sizes(group, bits).astype(np.int64) for group in SIDES)
    inside = sum(sample.sizes(group, bits & whole).astype(np.int64) for group in SIDES)
    return np.asarray(inside >= SAME_ROWS * rows)
