"""Conjunctions found on a sample."""

from __future__ import annotations

import numpy as np

from obskit.explain import ExplainOptions, explain
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
