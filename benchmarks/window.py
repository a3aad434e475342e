"""Ask for one hour of many: `load(between=)` against loading everything and narrowing, in CPU-seconds.

python -m benchmarks.window [--hours 48] [--rows 30000] [--rounds 2]

Every hour is a Parquet file of 26 fields; a file of the whole time has a row group per hour. Each round loads
with an empty cache, first with one call and then with the other; the least CPU time counts.
"""

from __future__ import annotations

import argparse
import functools
import os
import resource
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import obskit

_BEGIN = datetime(2026, 5, 1, tzinfo=UTC)
_HOUR = 3_600_000_000


Window = tuple[datetime, datetime]
_LOADS: dict[str, Callable[[Path, Window], obskit.Events]] = {
    "load(between=)": lambda path, window: obskit.load(path, between=window),
    "load().between()": lambda path, window: obskit.load(path).between(window),
}


def hour(number: int, rows: int) -> pa.Table:
    """Return the events of one hour, in order of time."""
    made = np.random.default_rng(number)
    times = np.sort(made.integers(0, _HOUR, rows)) + number * _HOUR + int(_BEGIN.timestamp()) * 1_000_000

    def some(*values: str) -> pa.Array:
        return pa.array(np.array(values, object)[made.integers(0, len(values), rows)])

    columns: dict[str, Any] = {
        "timestamp": pa.array(times, pa.timestamp("us", "UTC")),
        "trace_id": pa.array([made.bytes(16).hex() for _ in range(rows)]),
        "span_id": pa.array([made.bytes(8).hex() for _ in range(rows)]),
        "kind": some("server"),
        "name": some("GET /book", "GET /seat", "POST /pay"),
        "duration_ms": made.exponential(40, rows),
        "service.name": some("web", "pay", "seat"),
        "service.version": some("2.3.0", "2.4.0"),
        "http.route": some("/book", "/pay", "/list", "/seat"),
        "http.response.status_code": made.choice((200, 404, 500), rows, p=(0.94, 0.03, 0.03)),
        "host.name": some(*(f"h{n}" for n in range(40))),
        "user.id": some(*(f"u{n}" for n in range(5_000))),
        "deployment.environment.name": some("prod"),
    }
    for n in range(13):
        columns[f"app.field{n}"] = made.integers(0, 100, rows) if n % 2 else some("a", "b", "c", "d")
    return pa.table(columns)


def cpu_seconds(call: Callable[[], Any]) -> tuple[float, Any]:
    """Return the CPU-seconds of a call, and what it returned."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    out = call()
    after = resource.getrusage(resource.RUSAGE_SELF)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, out


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=int, default=48)
    parser.add_argument("--rows", type=int, default=30_000)
    parser.add_argument("--rounds", type=int, default=2)
    given = parser.parse_args()
    begin = _BEGIN + timedelta(hours=given.hours // 2)
    window = (begin, begin + timedelta(hours=1))
    with tempfile.TemporaryDirectory(prefix="obskit-") as place:
        folder, one = Path(place) / "hours", Path(place) / "whole.parquet"
        folder.mkdir()
        tables = [hour(number, given.rows) for number in range(given.hours)]
        with pq.ParquetWriter(one, tables[0].schema) as writer:
            for number, table in enumerate(tables):
                pq.write_table(table, folder / f"{number:04d}.parquet")
                writer.write_table(table, row_group_size=given.rows)
        del tables
        os.environ["OBSKIT_CACHE"] = f"{place}/warm"
        obskit.load(folder / "0000.parquet").explain("duration_ms > 200")  # imports what is needed
        best: dict[str, float] = {}
        rows: dict[str, int] = {}
        for attempt in range(given.rounds):
            for path in (folder, one):
                for name, load in _LOADS.items():
                    os.environ["OBSKIT_CACHE"] = f"{place}/cache-{attempt}-{len(name)}"
                    loading, events = cpu_seconds(functools.partial(load, path, window))
                    explaining, _ = cpu_seconds(functools.partial(events.explain, "duration_ms > 200"))
                    for what, used in (("load", loading), ("first explain", explaining)):
                        label = f"{path.name:14} {name:18} {what}"
                        best[label] = min(used, best.get(label, used))
                        rows[label] = events.dataset.rows
        for label, used in best.items():
            print(f"{label:50} {used:8.2f} CPU-s, {rows[label]:12,} rows read", flush=True)


if __name__ == "__main__":
    main()
