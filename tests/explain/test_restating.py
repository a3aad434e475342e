"""What says the selection in other words is listed apart; a cause that separates completely stays first."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from obskit.explain import ExplainOptions, Explanation, explain
from tests.support.worlds import World, pick, traffic

pytestmark = pytest.mark.once

Generator = np.random.Generator
ROWS = 40_000


def first(found: Explanation) -> str:
    assert found.findings, str(found)
    return found.findings[0].condition


def restating(found: Explanation) -> set[str]:
    return {item["field"] for finding in found.restates for item in finding.conditions}


def named(found: Explanation) -> set[str]:
    rows = (*found.findings, *found.refinements)
    return {item["field"] for finding in rows for item in finding.conditions}


def slow_version(rng: Generator) -> dict[str, Any]:
    """Version 2.4.0 adds half a second to a third of its requests; some others are slow as well."""
    columns = traffic(rng, ROWS)
    hit = (columns["service.version"] == "2.4.0") & (rng.random(ROWS) < 0.3)
    columns["duration_ms"] = rng.lognormal(3, 1, ROWS) + np.where(hit, rng.uniform(300, 900, ROWS), 0)
    return columns


def test_the_timer_of_the_layer_above_restates_a_duration(world: World, rng: Generator) -> None:
    columns = slow_version(rng)
    columns["gateway.seconds"] = columns["duration_ms"] / 1000 + rng.exponential(0.002, ROWS)
    found = explain(world(columns), "duration_ms > 300")
    assert first(found) == "service.version = '2.4.0'"
    assert restating(found) == {"gateway.seconds"}
    assert "gateway.seconds" not in named(found)
    assert found.restates[0].note == "rises and falls with duration_ms in every slice"


def test_the_part_that_takes_the_time_restates_a_duration(world: World, rng: Generator) -> None:
    columns = slow_version(rng)
    columns["query.ms"] = columns["duration_ms"] * rng.beta(8, 2, ROWS)
    found = explain(world(columns), "duration_ms > 300")
    assert first(found) == "service.version = '2.4.0'"
    assert restating(found) == {"query.ms"}


def test_a_size_that_grows_with_the_duration_restates_it(world: World, rng: Generator) -> None:
    columns = slow_version(rng)
    columns["log.bytes"] = np.round(200 + 40 * columns["duration_ms"] * rng.lognormal(0, 0.3, ROWS)).astype(
        int
    )
    found = explain(world(columns), "duration_ms > 300")
    assert first(found) == "service.version = '2.4.0'"
    assert restating(found) == {"log.bytes"}


def test_fields_that_are_named_are_not_set_apart(world: World, rng: Generator) -> None:
    columns = slow_version(rng)
    columns["gateway.seconds"] = columns["duration_ms"] / 1000
    options = ExplainOptions(fields=["gateway.seconds", "service.version"])
    found = explain(world(columns), "duration_ms > 300", options)
    assert "gateway.seconds" in first(found)
    assert found.restates == ()


@pytest.mark.parametrize("seed", range(5))
def test_a_number_that_causes_the_outcome_from_a_limit_on_is_a_cause(world: World, seed: int) -> None:
    """Payloads over 80,000 bytes are slow, all of them and hardly anything else."""
    rng = np.random.default_rng(seed)
    columns = traffic(rng, ROWS)
    big = columns["payload"] > 80_000
    columns["duration_ms"] = rng.lognormal(3, 0.5, ROWS) + np.where(big, rng.uniform(500, 900, ROWS), 0)
    found = explain(world(columns), "duration_ms > 300")
    assert found.findings[0].conditions[0]["field"] == "payload"
    assert found.restates == ()


def test_a_size_that_differs_between_routes_is_not_taken_for_the_duration(
    world: World, rng: Generator
) -> None:
    """Routes differ in duration and in size. Within a route, size says nothing."""
    columns = traffic(rng, ROWS)
    scale = np.select([columns["http.route"] == "/pay", columns["http.route"] == "/book"], [30.0, 5.0], 1.0)
    columns["duration_ms"] = scale * rng.lognormal(2, 0.3, ROWS)
    columns["payload"] = np.round(1000 * scale * rng.lognormal(0, 0.3, ROWS)).astype(int)
    found = explain(world(columns), "duration_ms > 150")
    assert restating(found) == set()


def failing_version(rng: Generator) -> dict[str, Any]:
    """Version 2.4.0 fails in 30% of its requests, all others in 1%."""
    columns = traffic(rng, ROWS)
    columns["broken"] = rng.random(ROWS) < np.where(columns["service.version"] == "2.4.0", 0.3, 0.01)
    return columns


def test_a_status_of_the_same_failure_restates_it(world: World, rng: Generator) -> None:
    columns = failing_version(rng)
    bad = pick(rng, ROWS, **{"502": 3, "503": 2, "504": 1})
    columns["target.status"] = np.where(columns["broken"], bad, pick(rng, ROWS, **{"200": 9, "204": 1}))
    columns["cause"] = np.where(columns["broken"], "upstream", None)
    found = explain(world(columns), "broken")
    assert first(found) == "service.version = '2.4.0'"
    assert restating(found) == {"target.status", "cause"}
    assert not named(found) & {"target.status", "cause"}


@pytest.mark.parametrize("seed", range(5))
def test_a_canary_that_takes_every_failure_stays_first(world: World, seed: int) -> None:
    """1% of the requests reach the canary, and all of those fail. It has pods, and serves the south mostly."""
    rng = np.random.default_rng(seed)
    columns = traffic(rng, ROWS)
    south = columns["cloud.region"] == "south"
    canary = rng.random(ROWS) < np.where(south, 0.025, 0.003)
    columns["service.version"] = np.where(canary, "2.5.0", "2.4.0")
    pod = pick(rng, ROWS, **{f"pod-{n}": 1 for n in range(30)})
    columns["k8s.pod.name"] = np.where(canary, pick(rng, ROWS, **{"canary-1": 1, "canary-2": 1}), pod)
    found = explain(world(columns | {"broken": canary}), "broken")
    assert first(found) == "service.version = '2.5.0'"
    assert found.restates == ()


@pytest.mark.parametrize("seed", range(5))
def test_a_customer_that_takes_every_failure_stays_first(world: World, seed: int) -> None:
    rng = np.random.default_rng(seed)
    columns = traffic(rng, ROWS)
    ids = np.array([f"t-{n}" for n in range(200)], dtype=object)
    weights = 1 / np.arange(1, 201)
    columns["tenant"] = ids[rng.choice(200, ROWS, p=weights / weights.sum())]
    columns["cloud.region"] = np.where(
        (columns["tenant"] == "t-7") & (rng.random(ROWS) < 0.8), "south", columns["cloud.region"]
    )
    found = explain(world(columns | {"broken": columns["tenant"] == "t-7"}), "broken")
    assert first(found) == "tenant = 't-7'"
    assert found.restates == ()


def test_a_flag_that_fails_since_it_was_switched_on_is_a_cause(world: World, rng: Generator) -> None:
    """Earlier failures were not on the flag, so it doesn't restate them."""
    columns = failing_version(rng)
    late = np.arange(ROWS) >= ROWS // 2
    flag = late & (rng.random(ROWS) < 0.02)
    columns["broken"] = np.where(late, flag, columns["broken"])
    columns["flag.checkout"] = np.where(flag, "on", "off")
    start = np.datetime64("2026-05-04T10:00:00") + np.timedelta64(ROWS // 2, "ms")
    found = explain(world(columns), "broken", ExplainOptions(during=f"{start}Z/2026-05-04T11:00:00Z"))
    assert first(found) == "flag.checkout = 'on'"
    assert found.restates == ()
