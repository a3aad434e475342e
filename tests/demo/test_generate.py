"""What generate() writes: files, Datasets and planted.json; and the committed sample."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from obskit.dataset import open_dataset
from obskit.demo.generate import generate
from obskit.demo.stream import batches
from obskit.errors import DatasetError, InvalidArgument

SAMPLE = Path(__file__).parents[2] / "sample_events"


def _digests(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(gzip.decompress(path.read_bytes())).hexdigest()
        for path in sorted(folder.glob("*.jsonl.gz"))
    }


def test_the_command_in_planted_json_makes_the_committed_sample(tmp_path: Path) -> None:
    made_by = json.loads((SAMPLE / "planted.json").read_text())["made_by"]
    assert made_by == "obskit demo --out sample_events --events 40000 --seed 1 --format jsonl.gz"
    out = tmp_path / "sample_events"
    generate(out, events=40_000, seed=1)
    assert _digests(out) == _digests(SAMPLE)
    for name in ("planted.json", "README.md"):
        assert (out / name).read_text() == (SAMPLE / name).read_text()


def test_the_committed_sample_is_small() -> None:
    assert sum(path.stat().st_size for path in SAMPLE.iterdir()) < 5_000_000


def test_the_committed_sample_has_40_000_lines() -> None:
    rows = sum(gzip.decompress(path.read_bytes()).count(b"\n") for path in SAMPLE.glob("*.jsonl.gz"))
    assert rows == 40_000


def test_parquet_output_is_a_dataset_of_the_same_rows(tmp_path: Path) -> None:
    summary = generate(tmp_path / "day", events=3_000, seed=2, format="parquet")
    dataset = open_dataset(tmp_path / "day")
    assert summary["events"] == dataset.rows == 3_000
    assert dataset.load_report.rows_read == 3_000
    table = pa.concat_tables([pq.read_table(file.path) for file in dataset.files])
    stored = table.drop_columns(["log.record.template"])
    assert stored.equals(pa.Table.from_batches(list(batches(3_000, 2))).cast(stored.schema))
    # as after loading the same events from JSON
    assert table.filter(pc.is_valid(table["body"]))["log.record.template"].null_count == 0


def test_the_same_events_give_the_same_fingerprint(tmp_path: Path) -> None:
    for name in ("one", "two"):
        generate(tmp_path / name, events=1_000, seed=7, format="parquet")
    assert open_dataset(tmp_path / "one").fingerprint == open_dataset(tmp_path / "two").fingerprint


def test_progress_is_reported(tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    generate(tmp_path / "out", events=500, seed=1, progress=lambda *step: seen.append(step))
    assert seen[-1] == ("making events", 500, 500)


def test_invalid_arguments_are_rejected(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument) as error:
        generate(tmp_path / "x", events=10, seed=1, format="csv")
    assert str(error.value) == "unknown format 'csv'\nHint: use jsonl.gz or parquet"
    with pytest.raises(InvalidArgument) as error:
        generate(tmp_path / "x", events=0, seed=1)
    assert str(error.value) == (
        "events must be from 1 to 100,000,000, got 0\nHint: choose a number in this range"
    )
    with pytest.raises(InvalidArgument) as error:
        generate(tmp_path / "x", events=1, seed=-1)
    assert str(error.value) == "seed must be 0 or more, got -1\nHint: choose another seed"
    (tmp_path / "mine.txt").write_text("something of yours")
    with pytest.raises(DatasetError, match="contains other files"):
        generate(tmp_path, events=10, seed=1)
    assert not (tmp_path / "x").exists()
