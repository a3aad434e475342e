"""Rows as bit sets count the same as a plain mask over the rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from obskit.dataset import Weights
from obskit.explain.aliases import SameRows, aliases
from obskit.explain.grouped_rows import FieldCondition, GroupedRows
from obskit.explain.recounted import RecountedRows
from obskit.explain.singles import value_condition
from obskit.explain.weights import Segment, tally_rows, word_count
from obskit.stats.counts import Counts
from tests.support.worlds import World, pick

ROWS = 1_000


@pytest.fixture
def columns(rng: np.random.Generator) -> dict[str, Any]:
    """Return a region, a version with its image, and weights; 1,000 rows don't fill the last word of 64."""
    version = pick(rng, ROWS, **{"1": 3, "2": 1})
    return {
        "region": pick(rng, ROWS, north=5, south=2),
        "version": version,
        "image": np.where(version == "2", "img-b", "img-a"),
        "sample_weight": rng.choice([1.0, 20.0], ROWS),
        "event_count": rng.integers(1, 3, ROWS),
    }


@pytest.fixture
def selected(rng: np.random.Generator) -> np.ndarray[Any, Any]:
    return rng.random(ROWS) < 0.2


@pytest.fixture
def rows(world: World, columns: dict[str, Any], selected: np.ndarray[Any, Any]) -> GroupedRows:
    scope = world(columns)
    segment = Segment(0, ROWS, None, scope.dataset.codes.weights()[0])
    return GroupedRows(scope.codes, [segment], {"selected": [selected], "baseline": [~selected]})


def condition(rows: GroupedRows, field: str, value: str) -> FieldCondition:
    codes = rows.codes(field)
    return value_condition(codes, codes.values.to_pylist().index(value) + 1)


def test_a_slice_counts_events_weights_and_squared_weights(
    rows: GroupedRows, columns: dict[str, Any], selected: np.ndarray[Any, Any]
) -> None:
    bits = rows.slice([condition(rows, "region", "south"), condition(rows, "version", "2")])
    inside = (columns["region"] == "south") & (columns["version"] == "2") & ~selected
    n, w = columns["event_count"][inside], columns["sample_weight"][inside]
    counts = rows.count("baseline", [bits])
    assert (counts.n[0], counts.w[0], counts.w2[0]) == (n.sum(), (n * w).sum(), (n * w * w).sum())


def test_a_slice_gives_back_its_row_numbers_and_ends(
    rows: GroupedRows, columns: dict[str, Any], selected: np.ndarray[Any, Any]
) -> None:
    bits = rows.slice([condition(rows, "version", "2")])
    numbers = np.flatnonzero(columns["version"] == "2")
    assert rows.row_numbers(bits)[0].tolist() == numbers.tolist()
    assert rows.first_and_last(bits) == [(0, numbers[0], numbers[-1])]
    inside = np.flatnonzero((columns["version"] == "2") & selected)
    assert next(rows.row_numbers_in("selected", bits)).tolist() == inside.tolist()
    chosen = rows.choose("selected", bits, (0, 0, ROWS), 3)
    assert len(chosen) == 3
    assert {row for _, row in chosen} <= set(inside.tolist())


def test_conditions_on_the_same_rows_are_aliases_of_the_strongest(rows: GroupedRows) -> None:
    version, image = condition(rows, "version", "2"), condition(rows, "image", "img-b")
    south = condition(rows, "region", "south")
    assert aliases(rows, [version, south, image]) == [[0, 2], [1]]
    same = SameRows(rows, [rows.bits(one) for one in (version, south, image)])
    assert same.like(0).tolist() == same.like(2).tolist() == [0, 2]
    assert same.like(1).tolist() == [1]


@pytest.mark.parametrize(("length", "count"), [(0, 0), (1, 1), (64, 1), (65, 2)])
def test_rows_take_whole_words(length: int, count: int) -> None:
    assert word_count(length) == count


def test_slices_that_hold_the_same_rows_are_counted_once(
    rows: GroupedRows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key may be shared by slices with other rows, as a sample may not show the difference."""
    version, image = condition(rows, "version", "2"), condition(rows, "image", "img-b")
    region = condition(rows, "region", "south")
    slices = [(version,), (region,), (image,), (version, region), (image, region), (region, image)]
    plain = rows.count_slices(("selected", "baseline"), slices)
    monkeypatch.setattr(rows, "at_once", 1)  # as with many rows
    counted: list[int] = []
    count = rows._count

    def watched(group: str, some: Any) -> Any:
        counted.append(len(some))
        return count(group, some)

    monkeypatch.setattr(rows, "_count", watched)
    for alike, least in ((lambda _: 0, 3), (lambda conditions: rows.slice(conditions).tobytes(), 3)):
        counted.clear()
        found = rows.count_slices(("selected", "baseline"), slices, alike)
        for one, other in zip(plain, found, strict=True):
            assert (one.n.tolist(), one.w.tolist(), one.w2.tolist()) == (
                other.n.tolist(),
                other.w.tolist(),
                other.w2.tolist(),
            )
        assert 2 * least <= sum(counted) < 2 * len(slices)


@pytest.mark.parametrize("at_once", [1, 2, 3, 100])
def test_slices_are_counted_as_each_one_alone_however_many_share_a_key(
    rows: GroupedRows, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    singles = [
        condition(rows, "version", "2"),
        condition(rows, "image", "img-b"),
        condition(rows, "region", "south"),
        condition(rows, "region", "north"),
        condition(rows, "version", "1"),
    ]
    slices = [(one, other) for one in singles for other in singles if one.field != other.field]
    monkeypatch.setattr(rows, "at_once", at_once)
    for alike in (None, lambda _: 0, lambda conditions: conditions[0].field):
        found = rows.count_slices(("selected", "baseline"), slices, alike)
        for group, counts in zip(("selected", "baseline"), found, strict=True):
            alone = [rows.count(group, [rows.slice(one)]) for one in slices]
            assert counts.w2.tolist() == [one.w2[0] for one in alone]


def test_a_sample_is_scaled_once(rows: GroupedRows) -> None:
    """Counts of one slice and of many, of a sample of a tenth of the rows."""
    totals = {
        name: Counts(*(10 * part for part in (one.n, one.w, one.w2))) for name, one in rows.totals.items()
    }
    sample = RecountedRows(rows, totals)
    conditions = (condition(rows, "version", "2"), condition(rows, "region", "south"))
    plain = rows.count("baseline", [rows.slice(conditions)])
    for counts in (
        sample.count("baseline", [sample.slice(conditions)]),
        *sample.count_slices(["baseline"], [conditions]),
        *sample.count_slices(["baseline"], [conditions], lambda _: 0),
    ):
        assert (counts.n[0], counts.w[0]) == (10 * plain.n[0], 10 * plain.w[0])


@pytest.mark.parametrize("kinds", [1, 3])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.intp])
def test_codes_of_any_width_are_counted_alike(kinds: int, dtype: type, rng: np.random.Generator) -> None:
    codes = rng.integers(0, 200, 5_000)
    classes = rng.integers(0, kinds, 5_000).astype(np.uint8)
    n, w = np.arange(1, kinds + 1), np.array([1.0, 2.5, 100.0])[:kinds]
    found = tally_rows(codes.astype(dtype), Weights(classes, n, w, None, None, 0), None, 201)
    own_n, own_w = n[classes].astype(float), w[classes]
    for row, weight in zip(found, (own_n, own_n * own_w, own_n * own_w**2), strict=True):
        assert row.tolist() == pytest.approx(np.bincount(codes, weight, 201).tolist())
