"""The steps together: repeatable, and cancelled between them."""

from __future__ import annotations

import numpy as np
import pytest

from obskit.engine import Scope
from obskit.explain import Cancelled, ExplainOptions, Explanation, explain
from tests.support.worlds import World, traffic


def test_a_cancelled_question_ends_between_steps(scope: Scope) -> None:
    asked = []

    def cancelled() -> bool:
        asked.append(1)
        return len(asked) > 3

    with pytest.raises(Cancelled):
        explain(scope, "error", ExplainOptions(cancelled=cancelled))


def test_the_same_question_has_the_same_answer(scope: Scope) -> None:
    assert explain(scope, "error").to_dict() == explain(scope, "error").to_dict()


def test_an_early_answer_changes_nothing_about_the_final_one(world: World, rng: np.random.Generator) -> None:
    """The final answer takes over which fields restate the selection."""
    columns = traffic(rng, 5_000)
    columns["duration_ms"] *= np.where(columns["http.route"] == "/pay", 4.0, 1.0)
    columns["upstream_ms"] = columns["duration_ms"] * rng.uniform(0.8, 0.9, 5_000)
    scope, early = world(columns), list[Explanation]()
    found = explain(scope, "duration_ms > 80", ExplainOptions(first=early.append))
    assert found.to_dict() == explain(scope, "duration_ms > 80").to_dict()
    assert {one.conditions[0]["field"] for one in found.restates} == {"upstream_ms"}
    assert [one.condition for one in early[0].restates] == [one.condition for one in found.restates]
