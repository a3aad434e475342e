"""Writing parts: types that widen, limits of size, and folders that are replaced as a whole."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from obskit.dataset import is_dataset, write
from obskit.errors import DatasetError
from obskit.schema import LoadReport, Normalizer
from tests.dataset.samples import Store, events


def test_parts_written_with_an_older_type_are_rewritten(tmp_path: Path) -> None:
    """An int column becomes float, then text, and a column is added; only the last part needs no rewriting."""
    report = LoadReport()
    normalizer = Normalizer(report)
    raw: list[list[dict[str, Any]]] = [
        [{"timestamp": f"2026-05-04T10:00:0{i}Z", "x": i} for i in range(3)],
        [{"timestamp": "2026-05-04T10:00:04Z", "x": 1.5}] * 3,
        [{"timestamp": "2026-05-04T10:00:05Z", "x": "text", "late": True}] * 3,
    ]

    def batches() -> Iterator[pa.RecordBatch]:
        for piece in raw:
            yield normalizer.batch(pa.RecordBatch.from_pylist(piece))

    data = write(batches(), lambda: normalizer.schema, tmp_path / "ds", report, rows_per_file=3)
    assert len(data.files) == 3
    assert {str(pq.read_schema(f.path).field("x").type) for f in data.files} == {"string"}
    for file in data.files:
        assert pq.read_schema(file.path).remove_metadata() == data.schema
    assert data.arrow(["x", "late"]).to_pydict() == {
        "x": ["0", "1", "2", "1.5", "1.5", "1.5", "text", "text", "text"],
        "late": [None] * 6 + [True] * 3,
    }
    assert data.codes.field("late").totals["all"].n.tolist() == [6, 3]
    again = write(data.batches(), lambda: data.schema, tmp_path / "again", report, rows_per_file=3)
    assert again.fingerprint == data.fingerprint, (
        "a rewritten part equals one that was written with the final types"
    )
    assert sorted(p.name for p in data.path.iterdir() if p.name != ".codes") == [
        "obskit.json",
        "part-00000.parquet",
        "part-00001.parquet",
        "part-00002.parquet",
    ]


def test_a_dataset_may_have_no_rows_and_no_columns(tmp_path: Path) -> None:
    data = write(iter([]), lambda: pa.schema([]), tmp_path / "none", LoadReport())
    assert (data.rows, data.span, data.schema.names) == (0, (None, None), ["timestamp"])
    assert data.arrow().num_rows == 0
    assert data.codes.field("timestamp").totals["all"].n.tolist() == [0]
    assert data.codes.times()[0].tolist() == []


def test_a_part_ends_at_the_limit_of_bytes(store: Store) -> None:
    table = events(1_000)
    data = store(*[table.slice(i, 50) for i in range(0, 1_000, 50)], bytes_per_file=table.nbytes // 4)
    assert 4 <= len(data.files) <= 6
    assert data.arrow().equals(table)


def test_only_datasets_are_replaced(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x")
    for name, said in (
        ("mine", "is not empty and is not a Dataset"),
        ("mine/thesis.txt", "is a file, expected a folder"),
    ):
        with pytest.raises(DatasetError) as caught:
            write(iter([]), lambda: pa.schema([]), tmp_path / name, LoadReport())
        assert caught.value.message == f"{tmp_path / name} {said}"
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "x"
    (tmp_path / "empty").mkdir()
    assert is_dataset(write(iter([]), lambda: pa.schema([]), tmp_path / "empty", LoadReport()).path)


def test_an_existing_dataset_is_replaced(store: Store, tmp_path: Path) -> None:
    old = store(events(50), rows_per_file=10)
    old.codes.field("name")
    new = store(events(5))
    assert (new.path, new.rows) == (old.path, 5)
    assert sorted(os.listdir(new.path)) == ["obskit.json", "part-00000.parquet"]
    assert os.listdir(tmp_path) == ["ds"]


def test_the_same_parts_keep_their_codes(store: Store) -> None:
    old = store(events(50), rows_per_file=25)
    old.codes.field("name")
    inode = old.files[0].path.stat().st_ino
    new = store(events(50), rows_per_file=25)
    assert new.codes.ready("name")
    assert new.files[0].path.stat().st_ino == inode
    old.files[0].path.write_bytes(b"torn")
    assert store(events(50), rows_per_file=25).arrow().equals(events(50)), "unless they are torn"
