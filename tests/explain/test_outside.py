"""Rows outside some slices are counted as by plain masks, whatever was asked before."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from obskit.explain import cores
from obskit.explain.grouped_rows import SIDES, GroupedRows
from obskit.explain.outside import OutsideCounts
from obskit.explain.singles import value_condition
from obskit.explain.weights import Segment
from tests.support.worlds import World, pick

ROWS = 500


@pytest.mark.parametrize("least", [0, ROWS + 1])
def test_slices_are_counted_without_those_that_are_set_aside(
    world: World, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch, least: int
) -> None:
    monkeypatch.setattr(cores, "LEAST_ROWS", least)  # on all cores, or one slice after the other
    weight = rng.choice([1.0, 20.0], ROWS)
    region, version = pick(rng, ROWS, north=5, south=2, west=2), pick(rng, ROWS, **{"1": 3, "2": 1})
    scope = world({"region": region, "version": version, "sample_weight": weight})
    selected = rng.random(ROWS) < 0.3
    segment = Segment(0, ROWS, None, scope.dataset.codes.weights()[0])
    rows = GroupedRows(scope.codes, [segment], {"selected": [selected], "baseline": [~selected]})
    every: dict[str, Any] = {"region": region, "version": version}
    named = {
        (field, value): value_condition(rows.codes(field), at)
        for field in every
        for at, value in enumerate(rows.codes(field).values.to_pylist(), 1)
    }
    north, south, second = (
        named[key] for key in (("region", "north"), ("region", "south"), ("version", "2"))
    )
    outside = OutsideCounts(rows)
    for aside in ([], [(north,)], [(north,), (south, second)], [(south, second), (north,)], [(second,)], []):
        gone = np.zeros(ROWS, dtype=bool)
        for conditions in aside:
            gone |= np.logical_and.reduce([every[one.field] == one.spec["value"] for one in conditions])
        found = outside.count(SIDES, [(south,), (second, south), (south,)], aside)
        in_south = region == "south"
        slices = in_south, in_south & (version == "2"), in_south, np.ones(ROWS, dtype=bool)
        for counts, group in zip(found, (selected, ~selected), strict=True):
            assert counts.n.tolist() == [(group & one & ~gone).sum() for one in slices]
            assert counts.w.tolist() == [weight[group & one & ~gone].sum() for one in slices]
