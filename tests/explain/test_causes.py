"""Which causes are named, and in which order, does not depend on the rows that happen to be in the sample."""

from __future__ import annotations

import numpy as np
import pytest

from obskit.explain import ExplainOptions, candidates, explain
from tests.support.worlds import World, traffic

pytestmark = pytest.mark.once


def test_the_order_of_causes_is_that_of_all_rows(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three causes, each of a tenth of the requests; two of them are nearly as strong as each other.

    version = bad   60% fail
    region = r1     26%
    client = c1     24%
    others           1%

    A sample of a few hundred failures often has the last two in the wrong order.
    """
    rng = np.random.default_rng(7)
    rows = 80_000
    columns = {
        name: np.where(rng.random(rows) < 0.1, value, "other")
        for name, value in (("version", "bad"), ("region", "r1"), ("client", "c1"))
    }
    rate = np.full(rows, 0.01)
    for name, value, own in (("client", "c1", 0.24), ("region", "r1", 0.26), ("version", "bad", 0.6)):
        rate[columns[name] == value] = own
    scope = world(traffic(rng, rows) | columns | {"failed": rng.random(rows) < rate})
    for size in (300, 400, 500, 600, 700, 900, 1_200, 1_000_000):
        monkeypatch.setattr(candidates, "MOST_SELECTED", size)
        monkeypatch.setattr(candidates, "MOST_BASELINE", 3 * size)
        found = explain(scope, "failed", ExplainOptions(depth=2))
        named = [one.condition for one in found.findings[:3]]
        assert named == ["version = 'bad'", "region = 'r1'", "client = 'c1'"], size
