"""Where nothing is planted, nothing is found."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import false_alarms
from obskit.explain import explain
from tests.support.worlds import World, traffic

pytestmark = pytest.mark.once

Generator = np.random.Generator


def test_quiet_days_have_no_finding_but_by_rare_chance() -> None:
    """24 runs of `benchmarks.false_alarms`, six of each kind. At 15 of 200, more than 4 are improbable."""
    runs = [false_alarms.ask(seed, rows=8_000) for seed in range(24)]
    assert sum(bool(found.findings) for found, _ in runs) <= 4
    assert {kind for _, kind in runs} == set(false_alarms.KINDS)


def test_groups_of_unequal_size_with_the_same_shares_have_no_finding(world: World, rng: Generator) -> None:
    """500 and 1,500 requests of two versions; whatever version is asked about, nothing tells them apart."""
    for _ in range(10):
        columns = traffic(rng, 2_000)
        columns["service.version"] = np.where(rng.permutation(2_000) < 500, "2.4.0", "2.3.9")
        scope = world(columns)
        for version in ("2.4.0", "2.3.9"):
            found = explain(scope, f"service.version = '{version}'")
            assert found.findings == (), str(found)


def test_groups_of_unequal_size_with_exactly_the_same_values_have_no_finding(world: World) -> None:
    """Three requests of one group for each of the other, alike in all fields."""
    rows = 2_000
    at = np.arange(rows) // 4
    columns = {
        "group": np.where(np.arange(rows) % 4 == 0, "a", "b"),
        "duration_ms": at % 50 + 0.5,
        "http.route": np.array(["/pay", "/book", "/seats"], dtype=object)[at % 3],
        "failed": at % 10 == 0,
    }
    for group in ("a", "b"):
        assert explain(world(columns), f"\"group\" = '{group}'").findings == ()
