"""A small table of events, and how to count them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa

from obskit.events import Events

T = datetime(2026, 5, 4, 10, tzinfo=UTC)


def table(rows: int = 6) -> pa.Table:
    return pa.table(
        {
            "timestamp": pa.array([T + timedelta(minutes=m) for m in range(rows)], pa.timestamp("us", "UTC")),
            "duration_ms": pa.array([float(100 * m) for m in range(rows)]),
            "name": pa.array(["GET /a", "GET /b"] * (rows // 2)),
            "kind": pa.array(["server"] * rows),
            "trace_id": pa.array([f"{m:032x}" for m in range(rows)]),
            "status_code": pa.array(["OK", "OK", "ERROR"] * (rows // 3)),
        }
    )


def count(events: Events) -> int:
    return int(events.query("rows() as n").to_arrow().column("n")[0].as_py())
