from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from obskit.dataset import Dataset, write
from obskit.schema import LoadReport
from tests.dataset.samples import jsonl


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test touches the user's cache."""
    root = tmp_path / "cache"
    monkeypatch.setenv("OBSKIT_CACHE", str(root))
    return root


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder of two JSONL files, one of them compressed, with 80 events."""
    jsonl(tmp_path / "in" / "b.jsonl", 30, 50)
    jsonl(tmp_path / "in" / "a.jsonl.gz", 50)
    return tmp_path / "in"


@pytest.fixture
def store(tmp_path: Path) -> Callable[..., Dataset]:
    """Write tables as a Dataset, one part per table unless `rows_per_file` says otherwise."""

    def make(*tables: pa.Table, name: str = "ds", **how: Any) -> Dataset:
        schema = pa.unify_schemas([table.schema for table in tables], promote_options="permissive")
        batches = [
            batch
            for table in tables
            for batch in table.combine_chunks().to_batches() or [_empty(table.schema)]
        ]
        return write(iter(batches), lambda: schema, tmp_path / name, LoadReport(), **how)

    return make


def _empty(schema: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([pa.array([], field.type) for field in schema], schema=schema)
