"""Small Datasets sampled from large input: when there is one, of which rows, and when it is deleted."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from obskit.dataset import Dataset, convert, preview_dataset, preview_files
from obskit.dataset import preview as previewing


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "events"
    made.mkdir()
    for name in ("a", "b"):
        rows = ({"timestamp": f"2026-05-04T10:00:{n % 60:02d}Z", "n": n, "of": name} for n in range(5_000))
        (made / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (made / "README.md").write_text("what these are\n")
    return made


def test_large_unconverted_files_are_sampled(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with preview_files(folder) as found:
        assert found is None, "small files are converted at once"
    monkeypatch.setattr(previewing, "LARGE", 1_000)
    monkeypatch.setattr(previewing, "ROWS", 400)
    with preview_files(folder) as found:
        assert found is not None
        dataset, what = found
        assert what == "2 of 2 files"
        assert 300 <= dataset.rows <= 400
        assert set(dataset.arrow(["of"]).column(0).to_pylist()) == {"a", "b"}
        assert dataset.path.exists()
    assert not dataset.path.exists()
    convert(folder)
    with preview_files(folder) as found:
        assert found is None, "converted files are opened at once"


def test_a_dataset_is_not_sampled(store: Callable[..., Dataset], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(previewing, "LARGE", 0)
    with preview_files(store(pa.table({"x": [1]})).path) as found:
        assert found is None


def test_unreadable_files_are_left_to_convert(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(previewing, "LARGE", 0)
    (tmp_path / "x.jsonl").write_text("no events here\n")
    with preview_files(tmp_path / "x.jsonl") as found:
        assert found is None


def test_sampled_rows_are_evenly_spread(store: Callable[..., Dataset]) -> None:
    whole = store(pa.table({"x": range(4_000)}), pa.table({"x": range(4_000, 8_000)}), rows_per_file=4_000)
    with preview_dataset(whole, rows=100) as small:
        values = sorted(small.arrow(["x"]).column(0).to_pylist())
        assert small.rows == 100
        assert small.schema == whole.schema
        assert values[0] == 0
        assert values[-1] == 7_999
        assert max(b - a for a, b in itertools.pairwise(values)) < 100
    with preview_dataset(whole) as all_of_it:
        assert all_of_it.rows == whole.rows
