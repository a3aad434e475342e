"""Slices worth an exact count: single conditions, sets of values, and conjunctions screened on a sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from obskit.explain import search
from obskit.explain.aliases import aliases, preference
from obskit.explain.clocks import clocks
from obskit.explain.clusters import Clusters
from obskit.explain.counted import Counted
from obskit.explain.grouped_rows import FieldCondition, GroupedRows
from obskit.explain.restating import is_restating, restating_fields
from obskit.explain.sample import MOST_BASELINE, MOST_BASELINE_SINGLES, MOST_SELECTED, sample_rows
from obskit.explain.search import Slice
from obskit.explain.sets import Halves, HeldOut
from obskit.explain.weights import Bits
from obskit.stats.evidence import score, weigh

# How many single conditions are combined; an early answer takes fewer, a thorough one more.
POOL = 200
POOL_EARLY = 50
POOL_THOROUGH = 800
# Of conditions on the same rows, any with this share of the best one's score may be named instead of it.
AS_GOOD = 0.97


@dataclass(frozen=True)
class Candidates:
    """Slices to judge, and the sample that they were found on.

    Attributes:
        sample: compared rows, whole clusters of them.
        clusters: the clusters of the sample.
        held_out: sets of values, each with its counts in the half of the sample that did not choose it.
        aliases: for each condition kept, those that hold for the same rows.
        slices: slices to count exactly, with all parts of each.
        conditions: the single conditions that were combined.
        depth: the most conditions in one slice.
        second_half: the rows of the sample that did not choose the sets.
        restating: conditions on fields that restate the selection.
        reasons: those fields, and how they restate it.
        clocks: fields that move with time, which are left out.
    """

    sample: GroupedRows
    clusters: Clusters
    held_out: Mapping[FieldCondition, HeldOut]
    aliases: Mapping[FieldCondition, Sequence[FieldCondition]]
    slices: list[Slice]
    conditions: list[FieldCondition]
    depth: int
    second_half: Bits
    restating: list[FieldCondition]
    reasons: Mapping[str, str]
    clocks: list[str]


def find_candidates(counted: Counted, depth: int, *, early: bool) -> Candidates:
    """Find the slices that are worth an exact count.

    Args:
        counted: the question with its fields counted.
        depth: the most conditions in one slice.
        early: for an answer that comes first: no sets of values, fewer conditions.
    Returns:
        Candidates.
    Raises:
        Cancelled: a newer question made this one pointless.
    """
    question = counted.question
    most = (MOST_SELECTED, MOST_BASELINE_SINGLES if depth == 1 else MOST_BASELINE)
    scope = question.scope
    sample, ids = sample_rows(scope, scope.codes, counted.masks, question.cluster, most)
    clusters = Clusters(sample, ids)
    halves = Halves(sample, ids)
    held_out = {} if early else _find_sets(counted, halves)
    question.options.check_cancelled()
    left_out = _clocks(counted)
    causes = [condition for condition in counted.singles.conditions if condition.field not in left_out]
    reasons = restating_fields(counted, causes)
    question.options.check_cancelled()
    pool = POOL_EARLY if early else POOL_THOROUGH if question.options.thorough else POOL
    restating = [condition for condition in causes if is_restating(condition, reasons)]
    causes = [condition for condition in causes if not is_restating(condition, reasons)]
    held_out = {one: half for one, half in held_out.items() if not is_restating(one, reasons)}
    same, slices, joined = _find_slices(counted, sample, causes, held_out, depth, pool)
    return Candidates(
        sample,
        clusters,
        held_out,
        same,
        slices,
        joined,
        depth,
        halves.second(),
        restating,
        reasons,
        left_out,
    )


def _clocks(counted: Counted) -> list[str]:
    """Return the fields of telling intervals that move with time; none where the options name the fields."""
    question, conditions = counted.question, counted.singles.conditions
    intervals = [condition for condition in conditions if condition.spec["op"] == "between"]
    if question.options.fields is not None or not intervals:
        return []
    selected, baseline = counted.counts(intervals)
    totals = counted.full.totals
    value = score(selected, totals["selected"], baseline, totals["baseline"], counted.levels.log_level[0])
    names = dict.fromkeys(intervals[at].field for at in np.flatnonzero(value > 0))
    return clocks(question.scope, list(names), list(counted.columns))


def _find_sets(counted: Counted, halves: Halves) -> dict[FieldCondition, HeldOut]:
    """Return sets of values, from fields none of whose values stands out alone."""
    share = counted.levels.floor / float(counted.full.totals["selected"].n[0])
    found = [halves.find(column, share, counted.levels.log_level[0]) for column in counted.singles.weak]
    return {one.condition: one for one in found if one is not None}


def _find_slices(
    counted: Counted,
    sample: GroupedRows,
    causes: Sequence[FieldCondition],
    held_out: Mapping[FieldCondition, HeldOut],
    depth: int,
    pool_size: int,
) -> tuple[dict[FieldCondition, list[FieldCondition]], list[Slice], list[FieldCondition]]:
    """Return the aliases of each condition kept, all slices to count exactly, and the conditions combined."""
    conditions = [*causes, *held_out]
    all_selected, all_baseline = counted.full.totals["selected"], counted.full.totals["baseline"]
    selected, baseline = counted.counts(conditions)
    found = weigh(selected, all_selected, baseline, all_baseline, counted.levels.log_level[0])
    spread = found.selected_share * (1 - found.selected_share)
    best = np.lexsort((-spread, -found.score))[:pool_size]
    pool = [conditions[i] for i in best]
    if not pool:
        return {}, [], []
    same: dict[FieldCondition, list[FieldCondition]] = {}
    kept: list[int] = []
    for group in aliases(sample, pool):
        near = [i for i in group if found.score[best[i]] >= AS_GOOD * found.score[best[group[0]]]]
        named = min(near, key=lambda i: preference(pool[i]))
        kept.append(named)
        same[pool[named]] = [pool[i] for i in group if i != named]
    share = counted.levels.floor / max(float(all_selected.n[0]), 1.0)
    # A set was chosen for its excess: in a conjunction it could not be tested again.
    joined = [at for at in kept if pool[at] not in held_out]
    table = search.screen(sample, [pool[at] for at in joined])
    slices = search.conjunctions(table, found.score[best][joined], share, depth)
    if counted.question.options.thorough and depth > 1:
        slices += search.interactions(table, share)
    # with history, a condition may show something next to its own past only
    past = "history" in counted.full.groups
    singles = [(pool[at],) for at in kept if past or found.score[best[at]] > 0]
    return same, with_parts(slices, singles), [pool[at] for at in joined]


def with_parts(slices: Sequence[Slice], known: Sequence[Slice]) -> list[Slice]:
    """Return all slices with every part of each, so that a slice can be compared with its parts."""
    seen: dict[frozenset[FieldCondition], Slice] = {frozenset(one): one for one in known}
    for conditions in slices:
        for drop in (None, *conditions):
            part = tuple(condition for condition in conditions if condition is not drop)
            seen.setdefault(frozenset(part), part)
            for condition in part:
                seen.setdefault(frozenset((condition,)), (condition,))
    return list(seen.values())
