"""The screen of all operations at once finds what the tests one at a time find."""

from __future__ import annotations

import math

import numpy as np
import pytest

from obskit.stats import buckets
from obskit.triage import changes
from obskit.triage.counts import Operation
from obskit.triage.screen import moments_of_growth

MOMENTS = 6


def operation(rng: np.random.Generator, weighted: bool) -> Operation:
    """An operation whose errors and durations may grow in the later half of the time."""
    rows = int(rng.integers(30, 400))
    interval = rng.integers(0, MOMENTS + 1, rows)
    late = interval > MOMENTS // 2
    worse = rng.choice([1.0, 1.0, 3.0, 10.0])
    error = rng.random(rows) < np.where(late, 0.03 * worse, 0.03)
    slow = rng.lognormal(3, 0.5, rows) * np.where(late & (rng.random() < 0.3), 2.5, 1)
    cell = buckets.buckets(np.where(rng.random(rows) < 0.05, np.nan, slow)).astype(np.int64)
    weight = rng.choice([1.0, 20.0], rows) if weighted else np.ones(rows)
    cells, at = np.unique(cell, return_inverse=True)
    sums = np.array([np.ones(rows), weight, weight**2])
    return Operation(("x",), cells, interval, at + len(cells) * error, sums)


@pytest.mark.parametrize("weighted", [False, True])
def test_the_screen_agrees_with_single_tests(weighted: bool) -> None:
    rng = np.random.default_rng(17)
    operations = [operation(rng, weighted) for _ in range(60)]
    comparable = [changes._comparable_moments(one, MOMENTS) for one in operations]
    level = math.log(1e-3)
    found = moments_of_growth(
        operations,
        comparable,
        MOMENTS,
        slow=changes.SLOW,
        ratio=changes.RATIO,
        fewest=changes.FEWEST_LATER,
        level=level,
    )
    since = changes._EPOCH
    alone = [
        [at for at in places if changes.growth_at(*one.periods(at), since, False, level)]
        for one, places in zip(operations, comparable, strict=True)
    ]
    assert found == alone
    assert sum(map(len, found)) > 20
    assert any(not at for at in found)
