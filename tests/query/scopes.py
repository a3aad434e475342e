"""Scopes that several modules of these tests use."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa

from obskit.dataset import from_arrow, write
from obskit.engine import Scope

T = datetime(2026, 5, 4, 10, tzinfo=UTC)


def small() -> Scope:
    """Six rows by hand: route /a kept at 1/10, /b whole, one without a route, one without a weight."""
    return Scope.of(
        from_arrow(
            pa.table(
                {
                    "timestamp": pa.array(
                        [T + timedelta(seconds=s) for s in (0, 10, 70, 200, 201, 240)],
                        pa.timestamp("us", "UTC"),
                    ),
                    "duration_ms": pa.array([100.0, 200.0, 300.0, 1000.0, None, 50.0]),
                    "http.route": pa.array(["/a", "/a", "/b", "/b", "/b", None]),
                    "error": pa.array([False, True, True, False, False, False]),
                    "sample_weight": pa.array([10.0, 10.0, 1.0, 1.0, None, 1.0]),
                    "event_count": pa.array([None, None, 2, None, None, None], pa.int64()),
                    "user.id": pa.array(["u1", "u2", "u2", "u3", None, "u1"]),
                }
            )
        )
    )


def large(rows: int = 20_000) -> Scope:
    rng = np.random.default_rng(7)
    return Scope.of(
        from_arrow(
            pa.table(
                {
                    "timestamp": pa.array(
                        np.sort(rng.integers(0, 3600_000_000, rows)) + 1_777_900_000_000_000,
                        pa.timestamp("us", "UTC"),
                    ),
                    "duration_ms": pa.array(rng.lognormal(3, 1, rows), mask=rng.random(rows) < 0.05),
                    "http.route": pa.array(
                        np.array(["/a", "/b", "/c", None], object)[rng.integers(0, 4, rows)]
                    ),
                    "service.version": pa.array(np.array(["1", "2"])[rng.integers(0, 2, rows)]),
                    "error": pa.array(rng.random(rows) < 0.1),
                    "sample_weight": pa.array(np.where(rng.random(rows) < 0.5, 1.0, 10.0)),
                    "http.response.status_code": pa.array(rng.integers(200, 505, rows)),
                }
            )
        )
    )


def events(rows: int = 5_000) -> Scope:
    rng = np.random.default_rng(3)
    duration = rng.lognormal(3, 1.5, rows)
    duration[:7] = 0.0
    times = np.sort(rng.integers(0, 3600_000_000, rows)) + 1_777_900_000_000_000
    return Scope.of(
        from_arrow(
            pa.table(
                {
                    "timestamp": pa.array(times, pa.timestamp("us", "UTC"), mask=rng.random(rows) < 0.01),
                    "duration_ms": pa.array(duration, mask=rng.random(rows) < 0.05),
                    "http.route": pa.array(np.array(["/a", "/b", None], object)[rng.integers(0, 3, rows)]),
                    "size": pa.array(rng.integers(0, 3_000, rows)),
                    "sample_weight": pa.array(np.where(rng.random(rows) < 0.5, 1.0, 4.0)),
                    "tags": pa.array([["a"], None] * (rows // 2), pa.list_(pa.string())),
                }
            )
        )
    )


def spans() -> Scope:
    """One trace of four spans, one of them without its parent; another of one."""
    rows = [
        ("t1", "a", None, 0, 100.0, "GET /", False),
        ("t1", "c", "b", 30, 20.0, "query", True),
        ("t1", "b", "a", 10, 80.0, "call", False),
        ("t1", "d", "lost", 60, 5.0, "<b>", False),
        ("t2", "e", None, 0, 7.0, "GET /", False),
    ]
    columns = list(zip(*rows, strict=True))
    return Scope.of(
        from_arrow(
            pa.table(
                {
                    "trace_id": pa.array(columns[0]),
                    "span_id": pa.array(columns[1]),
                    "parent_span_id": pa.array(columns[2], pa.string()),
                    "timestamp": pa.array(
                        [T + timedelta(milliseconds=ms) for ms in columns[3]], pa.timestamp("us", "UTC")
                    ),
                    "duration_ms": pa.array(columns[4]),
                    "name": pa.array(columns[5]),
                    "error": pa.array(columns[6]),
                }
            )
        )
    )


def folded(out: Path, per_file: int = 1 << 20, rows: int = 30_000) -> Scope:
    """Every kind of field, weights and folded events, nearly unique ids: what codes and rows may differ in."""
    rng = np.random.default_rng(5)
    times = rng.integers(0, 3600_000_000, rows) + 1_777_900_000_000_000
    made = from_arrow(
        pa.table(
            {
                "timestamp": pa.array(np.sort(times), pa.timestamp("us", "UTC")),
                "seen_at": pa.array(times, pa.timestamp("us", "UTC"), mask=rng.random(rows) < 0.2),
                "duration_ms": pa.array(rng.lognormal(3, 1.5, rows), mask=rng.random(rows) < 0.05),
                "trace_id": pa.array([f"{n:032x}" for n in rng.integers(0, 20_000, rows)]),
                "event_count": pa.array(rng.integers(1, 9, rows), mask=rng.random(rows) < 0.5),
                "sample_weight": pa.array(np.where(rng.random(rows) < 0.5, 1.0, 40.0)),
                "v": pa.array(np.array(["a", "b", "", None], object)[rng.integers(0, 4, rows)]),
                "wide": pa.array(rng.integers(-(2**60), 2**60, rows)),
                "port": pa.array(rng.integers(8_000, 8_100, rows)),
                "ok": pa.array(rng.random(rows) < 0.5),
                "tags": pa.array([["a"], None] * (rows // 2), pa.list_(pa.string())),
                "nothing": pa.nulls(rows, pa.float64()),
            }
        )
    )
    schema = made.schema
    return Scope.of(write(made.batches(), lambda: schema, out, made.load_report, rows_per_file=per_file))
