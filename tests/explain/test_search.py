"""Conjunctions found on a sample."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from obskit.explain import ExplainOptions, FieldCondition, explain
from obskit.explain.grouped_rows import GroupedRows
from obskit.explain.search import Group, Screen, _patterns, conjunctions, screen
from obskit.explain.singles import value_condition
from obskit.explain.weights import Segment
from tests.support.worlds import World, traffic


def test_thorough_finds_a_pair_without_an_effect_alone(world: World, rng: np.random.Generator) -> None:
    """x and y fail only together or only apart, so that neither has an effect alone (XOR)."""
    rows = 60_000
    x, y = rng.random(rows) < 0.5, rng.random(rows) < 0.5
    columns = {"x": np.where(x, "1", "0"), "y": np.where(y, "1", "0")}
    failed = rng.random(rows) < np.where(x == y, 0.001, 0.05)
    scope = world(traffic(rng, rows) | columns | {"failed": failed})
    found = explain(scope, "failed", ExplainOptions(thorough=True))
    said = {
        frozenset((i["field"], i["value"]) for i in f.conditions)
        for f in found.findings
        if len(f.conditions) == 2
    }
    assert said == {frozenset({("x", "1"), ("y", "0")}), frozenset({("x", "0"), ("y", "1")})}


def test_slices_that_repeat_a_part_do_not_take_the_places_of_others() -> None:
    """No sampled baseline row meets a = 1, though some rows do: with every other condition it looks better.

    selected   a = 1 in 600 of 1,000 rows; x, y and z together in the other 300
    baseline   a = 1 in none of 2,000; x, y and z each in 30%, independently
    """
    rng = np.random.default_rng(1)
    a = np.arange(1_000) < 600
    together = (np.arange(1_000) >= 600) & (np.arange(1_000) < 900)
    fillers = 60
    selected = np.array([a, *([together] * 3), *np.ones((fillers, 1_000), bool)], dtype=np.float32)
    independent = rng.random((3, 2_000)) < 0.3
    baseline = np.array([np.zeros(2_000), *independent, *np.ones((fillers, 2_000))], dtype=np.float32)
    names = ["a", "x", "y", "z", *(f"filler.{at}" for at in range(fillers))]
    conditions = [FieldCondition(name, (1,), {"field": name, "op": "=", "value": "1"}) for name in names]
    groups = [
        Group(seen, np.full(seen.shape[1], 1 / seen.shape[1], np.float32), float(seen.shape[1]))
        for seen in (selected, baseline)
    ]
    score = np.array([1.0, 0.001, 0.001, 0.001, *([0.0] * fillers)])
    found = conjunctions(Screen(conditions, *groups), score, 0.01, 3)
    fields = {frozenset(condition.field for condition in slice_) for slice_ in found}
    assert frozenset("xyz") in fields
    assert not any("a" in one for one in fields)


@given(eights=st.integers(0, 20), rows=st.integers(0, 200), kinds=st.integers(1, 50), seed=st.integers(0, 9))
def test_rows_have_the_same_pattern_exactly_if_they_meet_the_same_conditions(
    eights: int, rows: int, kinds: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    met = rng.choice(np.array([0, 1, 128, 255], np.uint8), (eights, kinds))[:, rng.integers(0, kinds, rows)]
    number, first = _patterns(list(met), rows)
    assert (met[:, first][:, number] == met).all()
    assert len(first) == len({tuple(row) for row in met.T.tolist()})


def test_rows_of_one_pattern_are_screened_together_with_the_weight_of_all(
    world: World, rng: np.random.Generator
) -> None:
    rows = 5_000
    columns = {name: rng.choice(["a", "b", "c"], rows) for name in "xyz"}
    scope = world(columns | {"sample_weight": rng.choice([1.0, 3.0, 20.0], rows)})
    segment = Segment(0, rows, None, scope.dataset.codes.weights()[0])
    mask = rng.random(rows) < 0.3
    sample = GroupedRows(scope.codes, [segment], {"selected": [mask], "baseline": [~mask]})
    conditions = [value_condition(scope.codes(name), code) for name in columns for code in (1, 2)]
    table = screen(sample, conditions)
    assert table.selected.seen.shape[1] <= 27

    n, w = sample.weights()
    for group, own in ((table.selected, mask), (table.baseline, ~mask)):
        inside = [sample.unpack(sample.bits(condition)) & own for condition in conditions]
        weight = n * w / (n * w)[own].sum()
        each = group.shares([(at,) for at in range(len(conditions))])
        for at, one in enumerate(inside):
            for to, other in enumerate(inside):
                assert each[at, to] == pytest.approx(weight[one & other].sum(), abs=1e-6)
        assert group.size == pytest.approx(weight[own].sum() ** 2 / (weight[own] ** 2 / n[own]).sum())
