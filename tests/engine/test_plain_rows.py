"""Rows that are picked one by one are those of the masks, within the window of time of the condition."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from obskit.dataset import encoder, write
from obskit.engine import RowPicker, Scope
from obskit.schema import LoadReport

START = datetime(2026, 5, 4, tzinfo=UTC)
ROWS = 400  # one per second
CONDITIONS = (
    "duration_ms > 50",
    "timestamp >= '2026-05-04T00:01:00Z' and timestamp < '2026-05-04T00:02:00Z' and duration_ms > 50",
    "(timestamp > '2026-05-04T00:01:00Z' and duration_ms <= 50) and (name = 'a' or error)",
    "not (timestamp >= '2026-05-04T00:01:00Z' and duration_ms > 50)",
    "id is null and not (name = 'a' and error)",
    "timestamp = '2026-05-04T00:03:00Z' or name in ('b', 'c')",
    "duration_ms > 1000",
)


@pytest.fixture(scope="module")
def scope(tmp_path_factory: pytest.TempPathFactory) -> Scope:
    """Return four files whose codes are made, with a field of rare values; some values are missing."""
    random = np.random.default_rng(7)
    table = pa.table(
        {
            "timestamp": pa.array(
                [START + timedelta(seconds=at) for at in range(ROWS)], pa.timestamp("us", "UTC")
            ),
            "duration_ms": pa.array(random.uniform(0, 100, ROWS), mask=random.random(ROWS) < 0.2),
            "name": pa.array(random.choice(["a", "b", "c"], ROWS), mask=random.random(ROWS) < 0.2),
            "error": pa.array(random.random(ROWS) < 0.3, mask=random.random(ROWS) < 0.2),
            "id": pa.array([f"{at:016x}" for at in range(ROWS)], mask=random.random(ROWS) < 0.5),
        }
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoder, "RARE_ENTRIES", 20)
        patch.setenv("OBSKIT_CACHE", str(tmp_path_factory.mktemp("cache")))
        at: Path = tmp_path_factory.mktemp("data") / "events"
        made = write(iter(table.to_batches()), lambda: table.schema, at, LoadReport(), rows_per_file=100)
        made.codes.ensure(made.schema.names)
        rare = made.codes.known("id")
        assert rare is not None
        assert rare.rare_code is not None
        found = Scope.of(made)
        assert found.engine.held_columns(["duration_ms"]) is None  # held from the second time on
        return found


def picked(scope: Scope, text: str) -> list[list[int]]:
    picker = RowPicker.of(scope, scope.condition(text))
    assert picker is not None
    return [
        picker.pick(file, np.arange(first, last)).tolist() for file, (first, last) in enumerate(picker.ranges)
    ]


@pytest.mark.parametrize("text", CONDITIONS)
def test_the_rows_are_those_of_the_mask(scope: Scope, text: str) -> None:
    expected = [np.flatnonzero(mask.true).tolist() for mask in scope.masks(scope.condition(text))]
    assert picked(scope, text) == expected


def test_only_rows_of_the_scope_are_picked(scope: Scope) -> None:
    narrowed = scope.narrow("name != 'a'")
    expected = [
        np.flatnonzero(mask.true).tolist()
        for mask in scope.masks(scope.condition("name != 'a' and duration_ms > 50"))
    ]
    assert picked(narrowed, "duration_ms > 50") == expected


def test_the_window_of_time_bounds_the_rows(scope: Scope) -> None:
    picker = RowPicker.of(scope, scope.condition(CONDITIONS[1]))
    assert picker is not None
    assert picker.ranges == [(60, 100), (0, 21), (0, 0), (0, 0)]


def test_what_needs_the_engine_is_left_to_it(scope: Scope) -> None:
    assert RowPicker.of(scope, scope.condition("duration_ms * 2 > 50")) is None
