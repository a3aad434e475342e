"""Parts: rows in order of time, digests, and files that were replaced."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from obskit.dataset import open_dataset
from obskit.errors import DatasetError
from tests.dataset.samples import US, Store, events


def test_rows_of_a_part_are_sorted_by_time_with_nulls_last(store: Store) -> None:
    times = [3, None, 1, 2, 2, None, 9, 8]
    data = store(pa.table({"timestamp": pa.array(times, US), "n": list(range(8))}), rows_per_file=5)
    assert [file.rows for file in data.files] == [5, 3]
    assert data.arrow(["n"])["n"].to_pylist() == [2, 3, 4, 0, 1, 7, 6, 5]
    assert [(f.first, f.last) for f in data.files] == [
        (datetime(1970, 1, 1, 0, 0, 0, 1, UTC), datetime(1970, 1, 1, 0, 0, 0, 3, UTC)),
        (datetime(1970, 1, 1, 0, 0, 0, 8, UTC), datetime(1970, 1, 1, 0, 0, 0, 9, UTC)),
    ]
    assert data.span == (data.files[0].first, data.files[1].last)


def test_times_beyond_the_calendar_are_kept(store: Store) -> None:
    data = store(pa.table({"timestamp": pa.array([-(2**62), 2**62], pa.int64()).cast(US)}))
    assert data.span == (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
    assert data.codes.times()[0].tolist() == [-(2**62), 2**62]


def test_the_digest_does_not_depend_on_batches(store: Store, tmp_path: Path) -> None:
    table = events(500)
    one = store(table, name="one")
    pieces = [table.slice(i, 7) for i in range(0, 500, 7)]
    many = store(*pieces, name="many")
    shuffled = store(table.take(np.random.default_rng(1).permutation(500)), name="shuffled")
    assert one.files[0].digest == many.files[0].digest == shuffled.files[0].digest
    assert one.fingerprint == many.fingerprint
    footer = pq.read_metadata(one.files[0].path).metadata
    assert footer[b"obskit.digest"].decode() == one.files[0].digest
    last = table.to_pylist()
    last[-1]["name"] = "other"
    assert store(pa.Table.from_pylist(last, table.schema), name="b").fingerprint != one.fingerprint
    renamed = table.rename_columns(["timestamp", "nom", *table.column_names[2:]])
    assert store(renamed, name="c").fingerprint != one.fingerprint


def test_a_replaced_part_of_the_same_size_is_detected_on_reading(store: Store) -> None:
    data = store(events(50))
    part = data.files[0].path
    content = bytearray(part.read_bytes())
    at = content.rindex(data.files[0].digest.encode())
    content[at : at + 32] = b"0" * 32
    part.write_bytes(content)
    with pytest.raises(DatasetError, match=f"{part} was replaced by another file"):
        data.codes.field("name")
    part.write_bytes(b"x" * len(content))
    with pytest.raises(DatasetError, match=f"cannot read {part}"):
        open_dataset(data.path).arrow()
