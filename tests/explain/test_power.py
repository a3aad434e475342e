"""An answer without findings says what it would have found."""

from __future__ import annotations

import numpy as np
import pytest

from obskit.explain import explain
from obskit.explain.counted import Levels
from obskit.explain.power import detectable, power_note
from obskit.stats.counts import Counts
from tests.support.worlds import World, traffic

pytestmark = pytest.mark.once

Generator = np.random.Generator
LEVELS = Levels((-9.0, -12.0, -15.0), 5.0)


def whole(n: float) -> Counts:
    return Counts(*(np.array([n]) for _ in range(3)))


def test_more_events_show_smaller_effects() -> None:
    few, many = (detectable(whole(n), whole(30 * n), LEVELS) for n in (200, 20_000))
    assert [row["share"] for row in few] == [0.5, 0.1, 0.01]
    assert all(small["ratio"] > large["ratio"] for small, large in zip(few, many, strict=True))
    assert many[0]["ratio"] == 1.5


def test_the_rates_are_those_of_the_ratio_and_add_up_to_all() -> None:
    for row in detectable(whole(500), whole(9_500), LEVELS):
        assert row["inside"] / row["outside"] == pytest.approx(row["ratio"])
        overall = row["share"] * row["inside"] + (1 - row["share"]) * row["outside"]
        assert overall == pytest.approx(0.05)
        assert row["inside"] <= 1


def test_rows_of_one_trace_count_as_fewer() -> None:
    alone, together = (detectable(whole(500), whole(9_500), LEVELS, (k, k)) for k in (1.0, 10.0))
    assert together[0]["ratio"] > alone[0]["ratio"]


def test_where_nothing_could_be_found_the_note_says_so() -> None:
    assert detectable(whole(4), whole(100), LEVELS) == []
    assert power_note([]) == "too few events: no condition could have been found, however strong"


@pytest.mark.parametrize(("ratio", "least", "most"), [(1.5, 9, 10), (1.2, 0, 0)])
def test_the_least_ratio_is_found_and_a_smaller_one_is_not(
    world: World, ratio: float, least: int, most: int
) -> None:
    """A fifth of many events is well, the others fail more often: the estimate is below 1.5 every other time."""
    rng = np.random.default_rng(int(10 * ratio))
    rows, hits, below = 40_000 if least else 150_000, 0, 0
    for _ in range(10):
        blue = rng.random(rows) < 0.8
        columns = {"shard": np.where(blue, "blue", "green")}
        columns["broken"] = rng.random(rows) < np.where(blue, 0.08 * ratio, 0.08)
        found = explain(world(columns), "broken").findings
        hits += any(finding.condition == "shard = 'blue'" for finding in found)
        below += any(finding.risk_ratio < 1.5 for finding in found)
    assert least <= hits <= most
    assert (below > 0) == (least > 0)


def test_the_note_of_an_answer_without_findings(world: World, rng: Generator) -> None:
    rows = 8_000
    found = explain(world(traffic(rng, rows) | {"broken": rng.random(rows) < 0.05}), "broken")
    assert found.findings == ()
    assert [row["share"] for row in found.detectable] == [0.5, 0.1, 0.01]
    note = next(note for note in found.notes if note.startswith("what would have been found"))
    assert "10% of the events from" in note
    assert note in str(found)


@pytest.mark.parametrize("row", range(3))
def test_what_is_said_to_be_found_is_found(world: World, row: int) -> None:
    """An effect of the size that is claimed for its share is found at least 8 times in 10."""
    share = (0.5, 0.1, 0.01)[row]
    rng = np.random.default_rng(row)
    rows, hits = 8_000, 0
    quiet = explain(world(traffic(rng, rows) | {"broken": rng.random(rows) < 0.05}), "broken")
    claim = quiet.detectable[row]
    for _ in range(10):
        columns = traffic(rng, rows)
        inside = rng.random(rows) < share
        columns["broken"] = rng.random(rows) < np.where(inside, claim["inside"], claim["outside"])
        found = explain(world(columns | {"flag": np.where(inside, "on", "off")}), "broken")
        hits += any("flag" in finding.condition for finding in found.findings)
    assert hits >= 8
