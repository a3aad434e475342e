"""Counts of many fields from joint codes are, bit for bit, those of each field alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from obskit.dataset import joint_codes
from obskit.explain import ExplainOptions, explain, joint_counts
from obskit.explain.group_masks import GroupMasks, group_masks, grouped_rows
from obskit.explain.grouped_rows import GroupedRows
from obskit.explain.question import resolve
from tests.support.worlds import World, pick, traffic

ROWS = 6_000
NAMES = ("http.route", "cloud.region", "client", "service.version", "host.name", "retry")


@pytest.fixture(autouse=True)
def few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make joint codes of a small dataset, and count few rows with them, in several runs."""
    monkeypatch.setattr(joint_codes, "LEAST_ROWS", 1)
    monkeypatch.setattr("obskit.explain.grouped_rows.LEAST_JOINTLY", 1)
    monkeypatch.setattr("obskit.explain.counted.MANY_FIELDS", 2)
    monkeypatch.setattr(joint_counts, "LEAST_ROWS", 1)
    monkeypatch.setattr(joint_counts, "ROWS_AT_ONCE", 500)


@pytest.fixture(params=["plain", "weights", "every row its own weight"])
def columns(request: pytest.FixtureRequest, rng: np.random.Generator) -> dict[str, Any]:
    """Return traffic with a slow version; weights are no sums of powers of two, so that rounding shows."""
    out = traffic(rng, ROWS)
    slow = (out["service.version"] == "2.4.0") & (rng.random(ROWS) < 0.5)
    out["duration_ms"] = np.where(slow, out["duration_ms"] + 2_000, out["duration_ms"])
    out["trace_id"] = np.array([f"{number:032x}" for number in rng.integers(1, ROWS // 2, ROWS)])
    if request.param == "weights":
        out["sample_weight"] = pick(rng, ROWS, **{"1": 3, "3.3": 1, "7.1": 1}).astype(float)
        out["event_count"] = rng.integers(1, 3, ROWS)
    elif request.param != "plain":
        out["sample_weight"] = rng.uniform(1, 9, ROWS)
    return out


def rows_of(world: World, columns: dict[str, Any]) -> tuple[GroupedRows, GroupMasks]:
    scope = world(columns)
    scope.dataset.codes.ensure(scope.schema.names)
    question = resolve(scope, "duration_ms > 60", ExplainOptions(population="all"))
    masks = group_masks(question)
    return grouped_rows(scope, masks), masks


@pytest.mark.parametrize("group", ["selected", "baseline"])
def test_every_field_has_the_counts_that_it_has_alone(
    world: World, columns: dict[str, Any], group: str
) -> None:
    alone, _ = rows_of(world, columns)
    jointly, _ = rows_of(world, columns)
    scope = jointly.codes.__self__  # type: ignore[attr-defined]
    joint = scope.dataset.codes.joint()
    assert joint is not None
    jointly.tally_jointly(group, NAMES, joint, ROWS)
    for name in NAMES:
        expected, found = alone.tally(group, name), jointly.tally(group, name)
        for sums in ("n", "w", "w2"):
            assert getattr(found, sums).tobytes() == getattr(expected, sums).tobytes(), (name, sums)


def test_an_explanation_is_the_same(
    world: World, columns: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The slow version is found, with the same numbers, with and without joint codes."""
    scope = world(columns)
    scope.dataset.codes.ensure(scope.schema.names)
    options = ExplainOptions(population="all")
    found = explain(scope, "duration_ms > 1500", options)
    assert scope.dataset.codes.opened_joint is not None
    monkeypatch.setattr(joint_codes, "LEAST_ROWS", 10 * ROWS)
    other = world(columns)
    expected = explain(other, "duration_ms > 1500", options)
    assert other.dataset.codes.opened_joint is None
    assert found.findings[0].condition == "service.version = '2.4.0'"
    for part in ("findings", "refinements", "describes", "restates", "skipped", "notes"):
        assert repr(getattr(found, part)) == repr(getattr(expected, part)), part
