from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from obskit.readers import read_paths
from obskit.schema import LoadReport, Normalizer, cast


@dataclass(frozen=True)
class Loaded:
    """A file's events in their final schema, each without its nulls, and what was counted."""

    rows: list[dict[str, Any]]
    report: LoadReport
    types: dict[str, str]

    @property
    def reasons(self) -> list[tuple[str, str]]:
        return [(rejection.position, rejection.reason) for rejection in self.report.rejected]


def load_files(*paths: Path, mapping: Mapping[str, Any] | None = None) -> Loaded:
    report = LoadReport()
    normalizer = Normalizer(report, mapping=mapping)
    batches = [normalizer.batch(batch) for batch in read_paths(paths, report, mapping=mapping)]
    rows = [
        {name: value for name, value in row.items() if value is not None}
        for batch in batches
        for row in cast(batch, normalizer.schema).to_pylist()
    ]
    assert len(rows) == report.rows_read
    return Loaded(rows, report, {field.name: str(field.type) for field in normalizer.schema})


@pytest.fixture
def load() -> Callable[..., Loaded]:
    """Load files as events."""
    return load_files


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Loaded]:
    """Write bytes to a file and load it."""

    def write_and_load(data: bytes, name: str = "events", **options: Any) -> Loaded:
        path = tmp_path / name
        path.write_bytes(data)
        return load_files(path, **options)

    return write_and_load
