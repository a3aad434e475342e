"""Time triage: many operations, and the wide events of the demo."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import obskit
from benchmarks import data
from benchmarks.machine import Row, best

OPERATIONS = 3_000
ROWS = 1_000_000


def many_operations() -> Path:
    """Return a file with a day of 3,000 operations; make it if it does not exist."""
    path = data.folder() / f"operations-{OPERATIONS}-{ROWS}.parquet"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng(1)
        micros = np.sort(rng.integers(0, 86_400_000_000, ROWS)) + 1_777_852_800_000_000
        operation = rng.integers(0, OPERATIONS, ROWS)
        table = pa.table(
            {
                "timestamp": pa.array(micros, pa.timestamp("us", "UTC")),
                "duration_ms": rng.lognormal(3, 0.7, ROWS),
                "kind": ["server"] * ROWS,
                "service.name": pa.array([f"service-{number % 50}" for number in operation.tolist()]),
                "name": pa.array([f"GET /route-{number}" for number in operation.tolist()]),
                "error": rng.random(ROWS) < 0.02,
            }
        )
        pq.write_table(table, path)
    return path


def measure() -> Iterator[Row]:
    """Yield the rows of the table."""
    events = obskit.load(many_operations())
    events.triage()
    yield Row(
        f"triage of {OPERATIONS:,} operations", f"{ROWS / 1e6:g}M x 6", best(events.triage), target="<= 3 s"
    )
    events = obskit.load(data.events(1_000_000))
    events.dataset.codes.ensure(events.schema.names)
    events.triage()
    size = f"{events.dataset.rows / 1e6:g}M x {len(events.schema)}"
    yield Row("triage of the demo's events", size, best(events.triage))
