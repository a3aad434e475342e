"""Numbers that move with time are no causes; a window of time says it better."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from obskit.explain import ExplainOptions, explain
from obskit.explain.ranks import correlation
from tests.support.worlds import World, traffic

pytestmark = pytest.mark.once

Generator = np.random.Generator
ROWS = 40_000
CLOCK = "moves with time, like a clock: name it in fields= to look at it"


def outage(rng: Generator) -> dict[str, Any]:
    """/pay fails in the second half."""
    columns = traffic(rng, ROWS)
    late = np.arange(ROWS) >= ROWS // 2
    hit = late & (columns["http.route"] == "/pay")
    return columns | {"broken": rng.random(ROWS) < np.where(hit, 0.5, 0.005)}


def test_a_sequence_number_is_listed_as_a_clock(world: World, rng: Generator) -> None:
    columns = outage(rng) | {"sequence": np.arange(ROWS) * 3 + 70_000}
    found = explain(world(columns), "broken")
    assert found.findings[0].condition == "http.route = '/pay'"
    assert all("sequence" not in row.condition for row in (*found.findings, *found.refinements))
    assert {"field": "sequence", "reason": CLOCK} in found.skipped


def test_an_offset_is_a_clock_within_its_partition(world: World, rng: Generator) -> None:
    partition = rng.integers(0, 6, ROWS)
    offset = np.array([9e6, 1e3, 5e5, 2e4, 3e6, 8e4])[partition].astype(int)
    for number in range(6):
        own = partition == number
        offset[own] += np.arange(own.sum()) * 5
    found = explain(world(outage(rng) | {"partition": partition, "log.offset": offset}), "broken")
    assert all("log.offset" not in row.condition for row in (*found.findings, *found.refinements))


def test_a_number_that_jumps_with_the_trouble_is_not_a_clock(world: World, rng: Generator) -> None:
    """A queue is long while the failures last, and as short as ever before and after."""
    columns = outage(rng)
    during = (np.arange(ROWS) >= ROWS // 2) & (np.arange(ROWS) < ROWS * 3 // 4)
    columns["queue.depth"] = rng.integers(0, 100, ROWS) + np.where(during, 5_000, 0)
    columns["broken"] = rng.random(ROWS) < np.where(during, 0.3, 0.005)
    found = explain(world(columns), "broken")
    assert found.findings[0].conditions[0]["field"] == "queue.depth"


def test_a_clock_that_is_named_is_looked_at(world: World, rng: Generator) -> None:
    columns = outage(rng) | {"sequence": np.arange(ROWS) * 3 + 70_000}
    found = explain(world(columns), "broken", ExplainOptions(fields=["sequence"]))
    assert "sequence" in found.findings[0].condition


def test_ranks_are_compared_within_slices() -> None:
    one = np.array([1, 2, 3, 4, 5] * 4 + [101, 102, 103, 104, 105] * 4)
    other = np.array([5, 4, 3, 2, 1] * 4 + [205, 204, 203, 202, 201] * 4)
    slices = np.repeat([0, 1], 20)
    assert correlation(one, one) == 1.0
    assert correlation(one, other) > 0.4
    assert round(correlation(one, other, slices), 9) == -1.0
    assert correlation(one, np.zeros(40)) == 0.0


def test_ranks_do_not_depend_on_how_far_apart_numbers_are(rng: np.random.Generator) -> None:
    """Close integers are counted, distant ones and fractions are sorted."""
    one, other, slices = (rng.integers(0, most, 300) for most in (40, 9, 4))
    near = correlation(one, other, slices)
    assert near != 0
    assert correlation(one * 10**9, other, slices) == near
    assert correlation(one / 7, other, slices * 10**6) == near
