"""Files loaded as events, with what was counted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from obskit.names import EXCEPTION_FINGERPRINT, TEMPLATE
from obskit.readers import read_paths
from obskit.schema import READ_AS_IS, LoadReport, Normalizer, ReadOptions, cast
from obskit.schema.templates import templates


@dataclass(frozen=True)
class Loaded:
    """A file's events in their final schema, each without its nulls, and what was counted.

    Rows have no template and no fingerprint that loading computes from other fields; `tests/schema` tests those.
    """

    rows: list[dict[str, Any]]
    report: LoadReport
    types: dict[str, str]

    @property
    def reasons(self) -> list[tuple[str, str]]:
        return [(rejection.position, rejection.reason) for rejection in self.report.rejected]


def load_files(
    *paths: Path, mapping: Mapping[str, Any] | None = None, doubting: bool = False, **more: Any
) -> Loaded:
    """Load files as events; `doubting` adds the doubts to the report, which end a load."""
    report, options = LoadReport(), ReadOptions(mapping=mapping, **more)
    return load_batches(read_paths(paths, report, options), report, options, doubting=doubting)


def load_batches(
    raw: Iterable[pa.RecordBatch],
    report: LoadReport,
    options: ReadOptions = READ_AS_IS,
    *,
    doubting: bool = False,
) -> Loaded:
    normalizer = Normalizer(report, options)
    batches = [normalizer.batch(batch) for batch in raw]
    normalizer.finish()
    read = [row for batch in batches for row in cast(batch, normalizer.schema).to_pylist()]
    bodies = [row.get("body") for row in read]
    usual = templates(pa.array([body if isinstance(body, str) else None for body in bodies], pa.string()))
    rows = [
        {name: value for name, value in row.items() if value is not None and name not in _computed(row, made)}
        for row, made in zip(read, usual.to_pylist(), strict=True)
    ]
    if doubting:
        normalizer.finish()
    assert len(rows) == report.rows_read
    return Loaded(rows, report, {field.name: str(field.type) for field in normalizer.schema})


def _computed(row: dict[str, Any], usual: str | None) -> set[str]:
    """Return the fields that loading computed; `usual` is the template of the row's body."""
    same = row.get("body") is not None and row.get(TEMPLATE) == usual
    return {EXCEPTION_FINGERPRINT, TEMPLATE} if same else {EXCEPTION_FINGERPRINT}
