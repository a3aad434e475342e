"""The order of slices, and which of them are findings, refinements and descriptions.

A conjunction is a finding where it says clearly more than every part of it, and it is as wide as the trouble.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from obskit.explain.aliases import SameRows, preference
from obskit.explain.candidates import Candidates, with_parts
from obskit.explain.causes import MOST_FINDINGS, accepted, restates, separate_causes, without_idle_sets
from obskit.explain.counted import Counted
from obskit.explain.grouped_rows import GroupedRows
from obskit.explain.intervals import with_intervals
from obskit.explain.judge import Judged, judge
from obskit.explain.left import Left
from obskit.explain.outside import OutsideCounts
from obskit.explain.sizing import Sizer
from obskit.explain.unseen import unseen_children

MOST_REFINEMENTS = 40


@dataclass(frozen=True)
class Ranked:
    """Judged slices in the order in which they are reported.

    Attributes:
        judged: slices that may be causes.
        causes, refinements: positions in `judged`, best first.
        descriptive: slices on fields that describe the outcome.
        descriptions: positions in `descriptive`, best first.
        restating: slices on fields that restate the selection.
        restatements: positions in `restating`, best first.
        notes: what a reader must know about the ranking.
    """

    judged: Judged
    causes: list[int]
    refinements: list[int]
    descriptive: Judged
    descriptions: list[int]
    restating: Judged
    restatements: list[int]
    notes: tuple[str, ...]


def rank(counted: Counted, candidates: Candidates, *, own_intervals: bool = True) -> Ranked:
    """Judge all candidates by exact counts and put them in order.

    Args:
        counted: the question with its fields counted.
        candidates: slices to judge.
        own_intervals: whether the slices that are shown get intervals of their own, which takes a while.
            Otherwise they keep the wider ones that hold for all slices at once.
    Returns:
        Ranked; at most 10 causes and 40 refinements.
    Raises:
        Cancelled: a newer question made this one pointless.
    """
    sample, levels = candidates.sample, counted.levels
    judged = judge(counted, candidates, candidates.slices)
    significant = judged.significant(levels.floor)
    own = accepted(judged, significant)
    notes: tuple[str, ...] = ()
    if not own and significant.any() and judged.history is not None:
        # Nothing is worse than its usual self: there is more of what was always so.
        notes = ("no slice exceeds its own earlier rate: ranked without history",)
        judged = judged.without_history()
        own = accepted(judged, significant)
    by_history = judged.score is not judged.evidence.score
    level = levels.log_level[0]
    own = without_idle_sets(candidates, judged, own, level)
    outside = OutsideCounts(counted.full)
    left = Left(candidates, outside, judged, own, level)
    plain = separate_causes(left, sample, judged, own, MOST_FINDINGS, lambda at, _: at)
    more = unseen_children(
        sample, candidates.clusters, judged, plain, candidates.conditions, candidates.depth
    )
    if more:
        every = with_parts(more, judged.slices)
        joined = judged.joined(judge(counted, candidates, every[len(judged.slices) :], judged))
        judged = joined if by_history or judged.history is None else joined.without_history()
        significant = judged.significant(levels.floor)
    may = significant & (judged.score > 0)
    sizer = Sizer(outside, judged, may, candidates.clusters, sample, history=by_history)
    causes = plain
    if any(not restates(judged.evidence)[at] and sizer.resize(at, plain) != at for at in plain):
        causes = separate_causes(
            left, sample, judged, own, MOST_FINDINGS, lambda at, gone: sizer.resize(at, [*plain, *gone])
        )
    counted.question.options.check_cancelled()
    others = [at for at in by_evidence(judged) if significant[at] and at not in causes]
    descriptive = judge(counted, candidates, [(condition,) for condition in counted.singles.descriptive])
    restating = judge(counted, candidates, [(condition,) for condition in candidates.restating])

    def clear_ones(those: Judged) -> list[int]:
        clear = those.significant(levels.floor)
        return _distinct(sample, those, [], [at for at in by_evidence(those) if clear[at]])

    refinements = _distinct(sample, judged, causes, others)
    descriptions, restatements = clear_ones(descriptive), clear_ones(restating)
    if own_intervals:
        also_shown = [(descriptive, descriptions), (restating, restatements)]
        judged, descriptive, restating = with_intervals(
            counted, candidates, judged, causes, refinements, own, also_shown, by_history=by_history
        )
    return Ranked(judged, causes, refinements, descriptive, descriptions, restating, restatements, notes)


def _distinct(sample: GroupedRows, judged: Judged, causes: Sequence[int], others: Sequence[int]) -> list[int]:
    """Return the others that don't hold the same rows as a cause or an earlier one of them."""
    every = [*causes, *others]
    known = SameRows(sample, [sample.slice(judged.slices[at]) for at in every])
    kept: list[int] = []
    free = np.ones(len(every), dtype=bool)
    for place, at in enumerate(every):
        if place >= len(causes):
            if not free[place]:
                continue
            kept.append(at)
            if len(kept) == MOST_REFINEMENTS:
                break
        free[known.like(place)] = False
    return kept


def by_evidence(judged: Judged) -> list[int]:
    """Return all slices, strongest first: by score, then by evidence, then the one that people act on."""

    def key(at: int) -> tuple[float, float, int, list[tuple[int, int, str]]]:
        conditions = judged.slices[at]
        value, evidence = float(judged.score[at]), float(judged.evidence.score[at])
        return (
            -round(value, 9),
            -round(evidence, 9),
            len(conditions),
            [preference(condition) for condition in conditions],
        )

    return sorted(range(len(judged.slices)), key=key)
