"""Time verdicts: all events are requests of one service, an hour of two versions, 4,508 slices.

Times are wall times, as in all benchmarks; those in brackets are CPU-seconds, which a busy machine changes less.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import obskit
from benchmarks import data
from benchmarks.machine import Row, best

CUSTOMERS, CLIENTS, OPERATIONS, PODS = 500, 8, 20, 12
START = 1_777_888_800_000_000  # 2026-05-04T10:00Z in µs
MINUTE = 60_000_000


def rollout(rows: int) -> Path:
    """Return a file with 20 minutes of one version and 60 minutes of two; make it if it does not exist."""
    path = data.folder() / f"rollout-{rows}.parquet"
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(1)
    micros = np.sort(rng.integers(START - 20 * MINUTE, START + 62 * MINUTE, rows))
    new = (micros >= START) & (rng.random(rows) < 0.1)
    weight = 1 / np.arange(1, CUSTOMERS + 1) ** 0.9
    customer = rng.choice(CUSTOMERS, rows, p=weight / weight.sum())
    client = rng.integers(0, CLIENTS, rows)
    error = rng.random(rows) < 0.01
    error |= new & (customer == 40) & (client == 3) & (rng.random(rows) < 0.3)
    table = pa.table(
        {
            "timestamp": pa.array(micros, pa.timestamp("us", "UTC")),
            "duration_ms": rng.lognormal(np.log(80), 0.6, rows),
            "service.version": _named(new.astype(np.int32), ["2.3.7", "2.4.0"]),
            "service.name": _named(np.zeros(rows, np.int32), ["booking"]),
            "name": _named(rng.integers(0, OPERATIONS, rows), [f"GET /{at}" for at in range(OPERATIONS)]),
            "kind": _named(np.zeros(rows, np.int32), ["server"]),
            "error": error,
            "trace_id": pa.array(np.arange(rows)).cast(pa.string()),
            "customer.id": _named(customer, [f"c{at}" for at in range(CUSTOMERS)]),
            "client.name": _named(client, [f"client {at}" for at in range(CLIENTS)]),
            "k8s.pod.name": _named(
                rng.integers(0, PODS, rows) + PODS * new, [f"pod-{at}" for at in range(2 * PODS)]
            ),
        }
    )
    pq.write_table(table, path)
    return path


def _named(number: np.ndarray, names: list[str]) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(number.astype(np.int32)), names).cast(pa.string())


def measure(rows: int) -> Iterator[Row]:
    """Yield the rows of the table."""
    events = obskit.load(rollout(rows))
    size = f"{rows / 1e6:g}M x {len(events.schema)}"
    events.judge(candidate="2.4.0")
    yield _row("verdict, 60 looks x 20 operations", size, lambda: events.judge("2.4.0", slices=()), "<= 1 s")
    yield _row("verdict with 4,508 slices", size, lambda: events.judge("2.4.0"), "<= 3 s")


def _row(work: str, size: str, function: Callable[[], object], target: str, repeat: int = 3) -> Row:
    used: list[float] = []

    def timed() -> None:
        begun = time.process_time()
        function()
        used.append(time.process_time() - begun)

    seconds = best(timed, repeat)
    return Row(f"{work} ({min(used):.2f} CPU-s)", size, seconds, target=target and f"{target} at 10M")
