"""Parts on disk: order, digests, schemas that widen, folders that are whole or not there."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from obskit.dataset import Dataset, is_dataset, open_dataset, write
from obskit.errors import DatasetError, UnknownField
from obskit.schema import LoadReport, Normalizer

Store = Callable[..., Dataset]
US = pa.timestamp("us", "UTC")


def events(rows: int, seed: int = 0) -> pa.Table:
    rng = random.Random(seed)
    return pa.table(
        {
            "timestamp": pa.array(range(1_000, 1_000 + rows), US),
            "name": [rng.choice(["get", "put"]) for _ in range(rows)],
            "id": [f"{rng.getrandbits(64):016x}" for _ in range(rows)],
            "error.type": [rng.choice([None, "timeout"]) for _ in range(rows)],
            "error": [rng.random() < 0.5 for _ in range(rows)],
            "tags": [["a"] * rng.randrange(3) for _ in range(rows)],
        }
    )


def test_rows_are_sorted_by_time_within_a_part_nulls_last(store: Store) -> None:
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


def test_the_digest_is_of_the_rows_whatever_the_batches(store: Store, tmp_path: Path) -> None:
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


def test_the_fingerprint_does_not_depend_on_the_order_of_parts(store: Store) -> None:
    table = events(40)
    there = store(table, name="there", rows_per_file=20)
    back = store(table.slice(20), table.slice(0, 20), name="back", rows_per_file=20)
    assert there.fingerprint == back.fingerprint
    assert [f.digest for f in there.files] == [f.digest for f in back.files][::-1]


def test_parts_written_with_an_older_type_are_rewritten(tmp_path: Path) -> None:
    """int, then float, then text; a column that comes late; the last part is as it should be at once."""
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
    assert again.fingerprint == data.fingerprint, "a rewritten part is the part as if written so at once"
    assert sorted(p.name for p in data.path.iterdir() if p.name != ".codes") == [
        "obskit.json",
        "part-00000.parquet",
        "part-00001.parquet",
        "part-00002.parquet",
    ]


def test_no_rows_and_no_columns_make_a_dataset_all_the_same(tmp_path: Path) -> None:
    data = write(iter([]), lambda: pa.schema([]), tmp_path / "none", LoadReport())
    assert (data.rows, data.span, data.schema.names) == (0, (None, None), ["timestamp"])
    assert data.arrow().num_rows == 0
    assert data.codes.field("timestamp").totals["all"].n.tolist() == [0]
    assert data.codes.times()[0].tolist() == []


def test_a_part_ends_at_the_bytes_told(store: Store) -> None:
    table = events(1_000)
    data = store(*[table.slice(i, 50) for i in range(0, 1_000, 50)], bytes_per_file=table.nbytes // 4)
    assert 4 <= len(data.files) <= 6
    assert data.arrow().equals(table)


def test_columns_batches_and_rows(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("obskit.dataset.parts.ROW_GROUP", 16)
    table = events(100)
    data = store(table, rows_per_file=50)
    assert data.schema == table.schema
    assert data.arrow().equals(table)
    assert data.arrow(["error", "name"]).column_names == ["error", "name"], "and no error.type"
    batches = list(data.batches(["id"]))
    assert [b.num_rows for b in batches] == [16, 16, 16, 2] * 2
    assert pa.Table.from_batches(batches).equals(table.select(["id"]))
    assert data.take(1, [49, 0, 17, 17], ["tags", "id"]).equals(
        table.slice(50).take([49, 0, 17, 17]).select(["tags", "id"])
    )
    assert data.take(0, []).equals(table.slice(0, 0))
    assert data.take(0, np.array([3])).num_columns == 6
    with pytest.raises(IndexError, match=r"rows of part-00001\.parquet are 0 to 49"):
        data.take(1, [50])
    with pytest.raises(UnknownField) as caught:
        data.arrow(["nmae"])
    assert str(caught.value) == f"no field 'nmae' in {data.path}\nHint: did you mean name?"


def test_the_load_report_is_kept(tmp_path: Path) -> None:
    report = LoadReport()
    report.reject("a.jsonl", "line 3", "no JSON")
    report.note("k")
    data = write(iter(events(3).to_batches()), lambda: events(3).schema, tmp_path / "ds", report)
    assert data.load_report.to_dict() == report.to_dict()


def test_what_is_not_ours_is_not_written_over(tmp_path: Path) -> None:
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


def _edit(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def test_what_is_torn_edited_or_from_elsewhere_says_which_file(store: Store) -> None:
    data = store(events(50), rows_per_file=25)
    manifest, part = data.path / "obskit.json", data.files[1].path
    whole, good = part.read_bytes(), manifest.read_bytes()

    def said() -> str:
        with pytest.raises(DatasetError) as caught:
            open_dataset(data.path)
        assert caught.value.hint
        return caught.value.message

    part.write_bytes(whole[:-1])
    assert said() == f"{part} has {len(whole) - 1:,} bytes, expected {len(whole):,}"
    part.unlink()
    assert said() == f"{part} is missing"
    part.write_bytes(whole)
    _edit(manifest, lambda c: c["files"][0].update(rows=26))
    assert said() == f"{manifest} was changed after it was written"
    _edit(manifest, lambda c: c.update(format=2))
    assert said() == f"{manifest} has format 2, but this version of obskit reads format 1"
    manifest.write_bytes(good[:100])
    assert said().startswith(f"cannot read {manifest}: ")
    manifest.write_text("[]")
    assert said().startswith(f"cannot read {manifest}: ")
    manifest.unlink()
    assert said() == f"{data.path} is not a Dataset: it has no obskit.json"
    assert not is_dataset(data.path)


def test_another_file_of_the_same_size_is_noticed_when_it_is_read(store: Store) -> None:
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
