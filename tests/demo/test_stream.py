"""The same seed gives the same rows, in time order, in the exact number, in constant memory."""

from __future__ import annotations

import resource

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from obskit.demo.fields import SCHEMA
from obskit.demo.stream import CHUNK_ROWS, batches
from obskit.names import COLUMNS

pytestmark = pytest.mark.once


def _table(events: int, seed: int) -> pa.Table:
    return pa.Table.from_batches(list(batches(events, seed)))


def test_the_same_seed_gives_the_same_rows(day: pa.Table) -> None:
    assert _table(40_000, 1).equals(day)


def test_another_seed_gives_other_rows() -> None:
    one, two = _table(2_000, 1), _table(2_000, 2)
    assert not set(one["trace_id"].to_pylist()) & set(two["trace_id"].to_pylist()) - {None}


@pytest.mark.parametrize("events", [1, 2, 7, 100, 5_003, CHUNK_ROWS, CHUNK_ROWS * 3 + 1])
def test_the_exact_number_of_rows_in_time_order(events: int) -> None:
    stamps = _table(events, 3)["timestamp"].cast(pa.int64()).to_numpy()
    assert len(stamps) == events
    assert (np.diff(stamps) >= 0).all()


def test_span_ids_are_unique_across_chunks() -> None:
    table = _table(CHUNK_ROWS * 4, 5)
    assert table.num_rows == CHUNK_ROWS * 4
    spans = table.filter(pc.is_valid(table["duration_ms"]))
    assert pc.count_distinct(spans["span_id"]).as_py() == spans.num_rows


def test_the_columns_are_canonical_and_about_thirty_are_dense(day: pa.Table) -> None:
    assert day.schema == SCHEMA
    assert day.column_names[: len(COLUMNS)] == list(COLUMNS)
    filled = {name: 1 - day[name].null_count / day.num_rows for name in day.column_names}
    assert len(filled) >= 100
    assert all(filled.values())  # no field without a single value
    assert 28 <= sum(share > 0.85 for share in filled.values()) <= 40


def test_memory_does_not_grow_with_the_day() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in batches(CHUNK_ROWS * 8, 1):
        pass
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert (after - before) / 1024 < 500  # MiB; the whole day would take 700


def test_the_day_has_two_peaks_and_a_night(day: pa.Table) -> None:
    hours = pc.hour(day["timestamp"]).to_numpy()
    traffic = np.bincount(hours, weights=day["sample_weight"].to_numpy(), minlength=24)
    assert traffic[[0, 1, 2, 23]].max() < traffic[[5, 6, 15]].min() / 3
