from __future__ import annotations

import pyarrow as pa
import pytest

import obskit as ok
from obskit.events import Events
from obskit.schema import TIMESTAMP
from tests.writers.samples import MOMENT


@pytest.fixture(scope="module")
def events() -> Events:
    """Ten spans of two traces and two log records."""
    rows = range(12)
    return ok.load(
        pa.table(
            {
                "timestamp": pa.array([MOMENT + i for i in rows], TIMESTAMP),
                "duration_ms": pa.array([i / 8 if i < 10 else None for i in rows], pa.float64()),
                "kind": ["server" if i < 10 else "event" for i in rows],
                "trace_id": [f"{i % 2 + 1:032x}" for i in rows],
                "span_id": [f"{i + 1:016x}" for i in rows],
                "http.status_code": [500 if i == 3 else 200 for i in rows],
                "service.name": ["booking"] * 12,
                "cart": pa.array([[i, None] for i in rows], pa.list_(pa.int64())),
            }
        )
    )
