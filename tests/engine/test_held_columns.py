"""Masks from columns in memory are those from the files; what cannot be held is read."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from obskit.dataset import from_arrow
from obskit.engine import Scope
from obskit.engine.held_columns import HeldColumns

SECOND = 1_000_000
ROWS = 1_000


@pytest.fixture
def table() -> pa.Table:
    rng = np.random.default_rng(7)
    began = np.sort(rng.integers(0, 3_600 * SECOND, ROWS))
    known = rng.random(ROWS) < 0.9
    return pa.table(
        {
            "timestamp": pa.array(began, pa.timestamp("us", "UTC"), mask=rng.random(ROWS) < 0.01),
            "duration_ms": pa.array(rng.lognormal(3, 1, ROWS), mask=~known),
            "size": pa.array(rng.integers(0, 100, ROWS), mask=rng.random(ROWS) < 0.2),
            "name": pa.array(rng.choice(["a", "b"], ROWS)),
        }
    )


@pytest.mark.parametrize(
    "condition",
    [
        "duration_ms > 20",
        "duration_ms > 20 and size < 50",
        "duration_ms is null",
        "not (size = 3)",
        "timestamp < '1970-01-01T00:30:00Z'",
        "timestamp between '1970-01-01T00:10:00Z' and '1970-01-01T00:11:00Z' and duration_ms > 20",
        "name = 'a' and duration_ms > 20",
        "duration_ms / size > 2",
    ],
)
def test_the_second_mask_is_the_first(table: pa.Table, condition: str) -> None:
    dataset = from_arrow(table)
    scope = Scope.of(dataset)
    asked = scope.condition(condition)
    first = scope.masks(asked)
    for extra in (" and true", " and true and true"):  # other text, so that no mask is cached
        again = scope.masks(scope.condition(f"({condition}){extra}"))
        for one, other in zip(first, again, strict=True):
            assert np.array_equal(one.true, other.true)
            assert (one.null is None) == (other.null is None)
            assert one.null is None or other.null is None or np.array_equal(one.null, other.null)
    assert (scope.engine.held(asked.fields, None) is None) == ("name" in asked.fields)


def held(schema: pa.Schema, rows: list[int], read: list[str]) -> HeldColumns:
    def column(name: str) -> list[pa.Array]:
        read.append(name)
        return [pa.array(np.arange(sum(rows)), schema.field(name).type)]

    return HeldColumns(schema, rows, column)


def test_a_column_is_read_when_it_is_asked_for_again() -> None:
    read: list[str] = []
    columns = held(pa.schema([("n", pa.int64()), ("m", pa.int64())]), [3, 2], read)
    assert columns.table(["n"]) is None
    assert read == []
    assert columns.table(["n", "m"]) is None
    found = columns.table(["n", "m"])
    assert found is not None
    assert found.column("n").to_pylist() == [0, 1, 2, 3, 4]
    part = columns.table(["n"], [(1, 3), (0, 1)])
    assert part is not None
    assert part.column("n").to_pylist() == [1, 2, 3]
    assert read == ["m", "n"]


def test_texts_and_unknown_fields_are_not_held() -> None:
    columns = held(pa.schema([("name", pa.string())]), [3], [])
    for names in (["name"], ["other"], []):
        assert columns.table(names) is None
        assert columns.table(names) is None


def test_the_least_recently_used_column_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("obskit.engine.held_columns.HELD_BYTES", 100)
    read: list[str] = []
    columns = held(pa.schema([(name, pa.int64()) for name in "abc"]), [5], read)
    for name in "abca":
        columns.table([name])
        assert columns.table([name]) is not None
    assert read == ["a", "b", "c", "a"]
    monkeypatch.setattr("obskit.engine.held_columns.HELD_BYTES", 79)
    assert columns.table(["a"]) is None
