"""The sample of a question is the same, whatever was asked before it."""

from __future__ import annotations

import numpy as np
import pytest

from obskit.engine import Scope
from obskit.explain import ExplainOptions, resolve
from obskit.explain.group_masks import GroupMasks, group_masks
from obskit.explain.grouped_rows import GroupedRows
from obskit.explain.sample import sample_rows
from tests.support.worlds import World

ROWS = 4_000


def masks(scope: Scope, selection: str) -> GroupMasks:
    return group_masks(resolve(scope, selection, ExplainOptions(population="all")))


def drawn(scope: Scope, selection: str, most: tuple[int, int]) -> tuple[GroupedRows, list[int]]:
    rows, clusters = sample_rows(scope, scope.codes, masks(scope, selection), "trace_id", most)
    return rows, clusters.tolist()


@pytest.fixture
def columns() -> dict[str, object]:
    number = np.arange(ROWS)
    return {
        "number": number % 900,
        "trace_id": np.where(number % 5 == 0, None, np.char.add("t", (number // 4).astype(str))),
        "size": number % 7,
    }


def test_earlier_questions_do_not_matter(world: World, columns: dict[str, object]) -> None:
    asked = ("number < 30", (1_000, 200))
    fresh, clusters = drawn(world(columns), *asked)
    scope = world(columns)
    for earlier in (("number < 800", (1_000, 500)), ("size = 3", (50, 2_000)), ("number < 30", (1_000, 60))):
        drawn(scope, *earlier)
        again, same = drawn(scope, *asked)
        assert same == clusters
        for name in ("number", "size"):
            assert np.array_equal(again.values(name), fresh.values(name))


def test_the_rows_of_a_group_are_next_to_each_other_and_whole_traces(
    world: World, columns: dict[str, object]
) -> None:
    scope = world(columns)
    rows, clusters = drawn(scope, "number < 30", (1_000, 400))
    selected = np.concatenate(list(rows.groups["selected"]))
    baseline = np.concatenate(list(rows.groups["baseline"]))
    count = int(selected.sum())
    assert count == sum(value % 900 < 30 for value in range(ROWS)), "a small group is taken whole"
    assert selected[:count].all()
    assert (baseline == ~selected).all()
    assert 250 < baseline.sum() < 550
    # of a trace all rows of the group are drawn, or none
    every = scope.dataset.codes.clusters("trace_id")[0][~masks(scope, "number < 30").groups["selected"][0]]
    drawn_ids = np.array(clusters)[baseline]
    for one in np.unique(drawn_ids[drawn_ids > 0]):
        assert np.count_nonzero(drawn_ids == one) == np.count_nonzero(every == one)
    alone = np.array(clusters)[np.array(clusters) < 0]
    assert len(np.unique(alone)) == len(alone) > 0, "an event without a trace is an observation of its own"
