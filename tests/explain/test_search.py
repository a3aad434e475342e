"""Conjunctions found on a sample."""

from __future__ import annotations

import numpy as np

from obskit.explain import ExplainOptions, FieldCondition, explain
from obskit.explain.search import Group, Screen, conjunctions
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
