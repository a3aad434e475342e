"""Which slices are causes of their own.

After each cause its rows are set aside, so that the next one has to explain something else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np

from obskit.explain.aliases import SAME_ROWS
from obskit.explain.candidates import Candidates
from obskit.explain.grouped_rows import SIDES, GroupedRows
from obskit.explain.judge import Judged
from obskit.explain.search import MARGIN
from obskit.explain.weights import Bits, Bools
from obskit.stats.counts import Counts
from obskit.stats.evidence import Evidence, score

MOST_FINDINGS = 10
# A next cause must have this share of the first one's evidence after the earlier causes' rows are set aside.
LEFT_OVER = 0.05
LEAST_LEFT = 5


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
    return sorted(keep, key=lambda at: (-judged.score[at], len(judged.slices[at])))


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
    judged: Judged,
    candidates: Sequence[int],
    log_level: float,
    most: int,
    resize: Callable[[int, Sequence[int]], int],
) -> list[int]:
    """Return which candidates are causes of their own.

    The best one is a cause. Its rows are set aside and the rest is scored again, so that the next cause
    has to explain what is left.

    Args:
        found: the sample to set rows aside from, and the sets of values.
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
    bits = np.stack([sample.slice(judged.slices[at]) for at in candidates])
    sets = np.flatnonzero([judged.slices[at][0] in found.held_out for at in candidates])
    at = list(candidates)
    # A slice that separates completely may only restate the selection (a log's message). It sets aside its
    # own parts (the pods of a version) and nothing else, so that a cause among its rows is still found.
    restated = restates(judged.evidence)
    used = np.zeros(len(candidates), dtype=bool)
    # The sample has no history: the share that history took from a slice is taken from its rest as well.
    evidence = judged.evidence.score[at]
    share = judged.score[at] / np.where(evidence > 0, evidence, 1.0)
    # Where only the past shows a slice, it loses as much as it loses rows.
    by_past = evidence <= 0
    every = np.maximum(sample.count("selected", bits).w, 1e-300)
    gone = np.zeros_like(bits[0])
    chosen: list[int] = []
    first = 0.0
    best = 0
    while len(chosen) < most:
        all_selected, all_baseline = sample.count("selected", [~gone]), sample.count("baseline", [~gone])
        if all_selected.n[0] < LEAST_LEFT or all_baseline.n[0] < 1:
            break
        left = bits & ~gone
        selected, baseline = sample.count("selected", left), sample.count("baseline", left)
        value = share * score(selected, all_selected, baseline, all_baseline, log_level)
        for one in sets:  # by the half that did not choose it
            value[one] = share[one] * _score_of(sample, bits[one], ~gone & found.second_half, log_level)
        value[by_past] = (judged.score[at] * selected.w / every)[by_past]
        if not chosen:
            first = float(value[0])
        else:
            value[used] = 0
            best = int(np.argmax(value))
            if value[best] <= LEFT_OVER * first:
                break
        used[best] = True
        named = candidates[best]
        if not restated[named]:
            named = resize(named, chosen)
        if named in chosen:
            continue
        chosen.append(named)
        if first <= 0:  # the sample has too few rows to show anything
            break
        own = sample.slice(judged.slices[named])
        if restated[named]:
            used |= _inside(sample, bits, own)
        else:
            gone = gone | own
    return chosen


def restates(evidence: Evidence) -> Bools:
    """Return which slices hold nearly all of the selection and almost none of the baseline."""
    return np.asarray((evidence.selected_share > 0.99) & (evidence.baseline_share < 0.01))


def _inside(sample: GroupedRows, bits: Bits, whole: Bits) -> Bools:
    """Return which slices (one per row) have at least nine tenths of their rows inside another slice."""
    rows = sum(sample.sizes(group, bits).astype(np.int64) for group in SIDES)
    inside = sum(sample.sizes(group, bits & whole).astype(np.int64) for group in SIDES)
    return np.asarray(inside >= SAME_ROWS * rows)
