"""What the page shows of an explanation."""

from __future__ import annotations

import numpy as np

from obskit.explain import explain
from obskit.explorer.presentation import explanation
from tests.support.worlds import World, rng, traffic, world

__all__ = ["rng", "world"]


def test_what_restates_the_selection_and_clocks_are_shown_apart(
    world: World, rng: np.random.Generator
) -> None:
    rows = 20_000
    columns = traffic(rng, rows)
    late = np.arange(rows) >= rows // 2
    slow = late & (columns["http.route"] == "/pay") & (rng.random(rows) < 0.5)
    columns["duration_ms"] = rng.lognormal(3, 1, rows) + np.where(slow, rng.uniform(400, 900, rows), 0)
    columns["gateway.seconds"] = columns["duration_ms"] / 1000 + 0.001
    columns["sequence"] = np.arange(rows) * 7
    page = explanation(explain(world(columns), "duration_ms > 300").to_dict())
    lists = {item["key"]: item for item in page["lists"]}
    assert lists["findings"]["rows"][0]["condition"] == "http.route = '/pay'"
    assert lists["restates"]["title"] == "Restates the selection: 1"
    assert lists["restates"]["open"] is False
    assert lists["restates"]["rows"][0]["note"] == "rises and falls with duration_ms in every slice"
    assert {
        "field": "sequence",
        "reason": "moves with time, like a clock: name it in fields= to look at it",
    } in page["skipped"]


def test_an_answer_without_findings_says_what_would_have_been_found(
    world: World, rng: np.random.Generator
) -> None:
    rows = 4_000
    page = explanation(explain(world(traffic(rng, rows) | {"odd": rng.random(rows) < 0.1}), "odd").to_dict())
    assert page["lists"][0]["rows"] == []
    assert any(note.startswith("what would have been found: a condition on 50%") for note in page["notes"])
