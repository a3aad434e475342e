"""Slices worth an exact count: single conditions, sets of values, and conjunctions screened on a sample."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from obskit.explain import search
from obskit.explain.aliases import aliases, preference
from obskit.explain.clocks import clocks
from obskit.explain.clusters import Clusters
from obskit.explain.cores import LEAST_ROWS_OF_TASKS, spread
from obskit.explain.counted import Counted
from obskit.explain.grouped_rows import FieldCondition, GroupedRows
from obskit.explain.restating import is_restating, restating_fields
from obskit.explain.sample import MOST_BASELINE, MOST_BASELINE_SINGLES, MOST_SELECTED, sample_rows
from obskit.explain.search import Slice
from obskit.explain.sets import Halves, HeldOut
from obskit.explain.weights import Bits
from obskit.stats.counts import share

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


def find_candidates(
    counted: Counted, depth: int, *, early: bool, known: Candidates | None = None
) -> Candidates:
    """Find the slices that are worth an exact count.

    Args:
        counted: the question with its fields counted.
        depth: the most conditions in one slice.
        early: for an answer that comes first: no sets of values, fewer conditions.
        known: the candidates of an earlier answer to this question, whose fields need no second look.
    Returns:
        Candidates.
    Raises:
        Cancelled: a newer question made this one pointless.
    """
    question = counted.question
    most = (MOST_SELECTED, MOST_BASELINE_SINGLES if depth == 1 else MOST_BASELINE)
    scope = question.scope
    left_out: list[str] = []
    causes: list[FieldCondition] = []
    reasons: dict[str, str] = {}

    def look_at_fields() -> None:
        left_out.extend(_clocks(counted) if known is None else known.clocks)
        causes.extend(one for one in counted.singles.conditions if one.field not in left_out)
        question.options.check_cancelled()
        reasons.update(restating_fields(counted, causes) if known is None else known.reasons)

    def look_at_sample() -> tuple[GroupedRows, Clusters, Halves, list[HeldOut | None]]:
        drawn, ids = sample_rows(scope, scope.codes, counted.masks, question.cluster, most)
        question.options.check_cancelled()
        halves = Halves(drawn, ids)
        searches = [] if early else _set_searches(counted, halves)
        return drawn, Clusters(drawn, ids), halves, list(spread(_call, searches, scope.dataset.rows))

    tasks: list[Callable[[], Any]] = [look_at_fields, look_at_sample]
    _, (sample, clusters, halves, found) = spread(_call, tasks, scope.dataset.rows, LEAST_ROWS_OF_TASKS)
    question.options.check_cancelled()
    pool = POOL_EARLY if early else POOL_THOROUGH if question.options.thorough else POOL
    restating = [condition for condition in causes if is_restating(condition, reasons)]
    causes = [condition for condition in causes if not is_restating(condition, reasons)]
    sets = [one for one in found if one is not None and not is_restating(one.condition, reasons)]
    held_out = {one.condition: one for one in sets}
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


def _call(task: Callable[[], Any]) -> Any:
    return task()


def _clocks(counted: Counted) -> list[str]:
    """Return the fields of telling intervals that move with time; none where the options name the fields."""
    question, conditions = counted.question, counted.singles.conditions
    intervals = [condition for condition in conditions if condition.spec["op"] == "between"]
    if question.options.fields is not None or not intervals:
        return []
    names = dict.fromkeys(intervals[at].field for at in np.flatnonzero(counted.scores(intervals) > 0))
    return clocks(question.scope, list(names), list(counted.columns))


def _set_searches(counted: Counted, halves: Halves) -> list[Callable[[], HeldOut | None]]:
    """Return calls that look for sets of values, in fields none of whose values stands out alone."""
    least = counted.levels.floor / float(counted.full.totals["selected"].n[0])
    level = counted.levels.log_level[0]
    return [partial(halves.find, column, least, level) for column in counted.singles.weak]


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
    all_selected = counted.full.totals["selected"]
    selected, _ = counted.counts(conditions)
    value, share_of = counted.scores(conditions), share(selected, all_selected)
    best = np.lexsort((-share_of * (1 - share_of), -value))[:pool_size]
    pool = [conditions[i] for i in best]
    if not pool:
        return {}, [], []
    fields = list(dict.fromkeys(condition.field for condition in pool))
    for _ in spread(sample.codes, fields, counted.question.scope.dataset.rows):
        pass
    same: dict[FieldCondition, list[FieldCondition]] = {}
    kept: list[int] = []
    for group in aliases(sample, pool):
        near = [i for i in group if value[best[i]] >= AS_GOOD * value[best[group[0]]]]
        named = min(near, key=lambda i: preference(pool[i]))
        kept.append(named)
        same[pool[named]] = [pool[i] for i in group if i != named]
    least = counted.levels.floor / max(float(all_selected.n[0]), 1.0)
    # A set was chosen for its excess: in a conjunction it could not be tested again.
    joined = [at for at in kept if pool[at] not in held_out]
    table = search.screen(sample, [pool[at] for at in joined])
    past = "history" in counted.full.groups
    slices = search.conjunctions(table, value[best][joined], least, depth, past=past)
    if counted.question.options.thorough and depth > 1:
        slices += search.interactions(table, least)
    # with history, a condition may show something next to its own past only
    singles = [(pool[at],) for at in kept if past or value[best[at]] > 0]
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
