"""Rows of a small file, as short as they can be without losing a field."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.support.loaded import load_files

WRITTEN = datetime(2026, 5, 5, tzinfo=UTC)
"""When the files were changed last: it decides years that are missing."""


@dataclass(frozen=True)
class Rows:
    """Rows without `kind: event` and `error: false`, with times as text; rejections; and notes."""

    rows: list[dict[str, Any]]
    rejected: list[tuple[str, str]]
    notes: list[str]
    rejected_count: int


def rows_of(folder, data, name="app.log", **options):
    """Load text or bytes as a file."""
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    os.utime(path, (WRITTEN.timestamp(), WRITTEN.timestamp()))
    loaded = load_files(path, **options)
    return Rows(
        [_short(row) for row in loaded.rows],
        loaded.reasons,
        loaded.report.notes,
        loaded.report.rejected_count,
    )


def _short(row):
    kept = {name: _text(value) for name, value in row.items()}
    if kept.get("kind") == "event":
        del kept["kind"]
    if kept["error"] is False:
        del kept["error"]
    return kept


def _text(value):
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%S.%fZ}".replace(".000000Z", "Z")
    return value
