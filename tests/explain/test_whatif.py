"""Arithmetic about findings: p99 without them, where a change came from, reversals."""

from __future__ import annotations

import numpy as np
import pytest

from obskit.explain import ExplainOptions, explain
from tests.support.worlds import World, traffic


def test_p99_without_the_slice(world: World, rng: np.random.Generator) -> None:
    """version 2.4.0 is a tenth of the requests and takes 1 s instead of about 20 ms."""
    rows = 20_000
    columns = traffic(rng, rows)
    slow = (columns["service.version"] == "2.4.0") & (rng.random(rows) < 0.5)
    columns["duration_ms"] = np.where(slow, 1000.0, columns["duration_ms"] / 100)
    found = explain(world(columns), "duration_ms > 500").findings[0]
    assert found.condition == "service.version = '2.4.0'"
    assert found.what_if is not None
    assert 990 < found.what_if["p99_ms"] < 1010
    assert found.what_if["p99_ms_without"] < 10


def test_the_change_splits_into_rate_mix_and_elsewhere(world: World, rng: np.random.Generator) -> None:
    rows = 40_000
    columns = traffic(rng, rows)
    late = np.arange(rows) >= rows // 2
    version = np.where(rng.random(rows) < np.where(late, 0.6, 0.2), "2.4.0", "2.3.9")
    failed = rng.random(rows) < np.where(version == "2.4.0", np.where(late, 0.2, 0.1), 0.01)
    scope = world(columns | {"service.version": version, "failed": failed})
    found = explain(scope, "failed", ExplainOptions(during="2026-05-04T10:00:20Z/")).findings[0]
    assert found.condition == "service.version = '2.4.0'"
    moved = found.what_if
    assert moved is not None
    parts = moved["from_rate"] + moved["from_mix"] + moved["elsewhere"]
    assert parts == pytest.approx(failed[late].mean() - failed[~late].mean(), abs=1e-9)
    assert moved["from_rate"] == pytest.approx(0.4 * 0.1, abs=0.01)
    assert moved["from_mix"] == pytest.approx(0.4 * (0.15 - 0.01), abs=0.01)


def test_a_slice_that_is_better_within_a_confounder_is_not_the_cause(
    world: World, rng: np.random.Generator
) -> None:
    """Simpson: the new version serves the heavy route, where it is the better one.

                  old          new
    /heavy     60% of 10%   40% of 90%   failing: old 60%, new 40%
    /light      5% of 90%    1% of 10%   failing: old  5%, new  1%
    """
    rows = 60_000
    new = rng.random(rows) < 0.5
    heavy = rng.random(rows) < np.where(new, 0.9, 0.1)
    rate = np.where(heavy, np.where(new, 0.4, 0.6), np.where(new, 0.01, 0.05))
    columns = {
        "service.version": np.where(new, "new", "old"),
        "http.route": np.where(heavy, "/heavy", "/light"),
    }
    failed = rng.random(rows) < rate
    found = explain(world(columns | {"failed": failed}), "failed")
    first = found.findings[0]
    assert first.conditions[0]["field"] == "http.route"
    alone = explain(
        world(columns | {"failed": failed, "half": heavy}),
        "failed",
        ExplainOptions(fields=["service.version", "half"]),
    )
    new = next(f for f in [*alone.findings, *alone.refinements] if f.condition == "service.version = 'new'")
    assert new.risk_ratio > 1
    # within either route the new version is the better one, so it is not a cause of its own
    assert new not in alone.findings[:1]
