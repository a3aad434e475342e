"""Time opening, converting and first answers, each in its own process with an empty cache."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.machine import Row, best
from obskit.names import UNFINISHED

OPEN = """
import json, sys, time
import obskit
obskit.load
def resident():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmRSS")) / 1024
start = time.perf_counter()
events = obskit.load(sys.argv[1])
print(json.dumps({"seconds": time.perf_counter() - start, "resident_mib": resident()}))
"""
COLD = """
import json, resource, sys, time
import obskit
start = time.perf_counter()
events = obskit.load(sys.argv[1])
loaded = time.perf_counter() - start
found = events.explain("error", where="http.route = '/book'")
print(json.dumps({
    "loaded": loaded, "first": time.perf_counter() - start, "rows": events.dataset.rows,
    "finding": found.findings[0].condition if found.findings else None,
    "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
"""
SAMPLE = """
import json, sys, time
import obskit
from obskit.events import Events, preview
start = time.perf_counter()
with preview([sys.argv[1]]) as scope:
    found = Events(scope).explain("error", where="http.route = '/book'")
print(json.dumps({"seconds": time.perf_counter() - start, "rows": scope.dataset.rows}))
"""
NO_LOOK = """
from obskit.dataset.unfinished import Unfinished
Unfinished.without = lambda self, batch: batch
"""
CONVERT = """
import json, resource, sys, time
import obskit
obskit.load
cpu = time.process_time()
events = obskit.load(sys.argv[1])
cpu = time.process_time() - cpu
print(json.dumps({"cpu": cpu, "rows": events.dataset.rows, "fields": len(events.schema),
    "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
"""


def fresh(script: str, *arguments: str) -> dict[str, Any]:
    """Run a script in its own process with an empty cache; return the JSON that it printed."""
    with tempfile.TemporaryDirectory() as cache:
        done = subprocess.run(
            [sys.executable, "-c", script, *arguments],
            env=os.environ | {"OBSKIT_CACHE": cache},
            capture_output=True,
            text=True,
            check=True,
        )
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def opening(path: Path, rows: int) -> Iterator[Row]:
    """Yield the time to open a converted Dataset."""
    runs = [fresh(OPEN, str(path)) for _ in range(3)]
    seconds = min(run["seconds"] for run in runs)
    memory = max(run["resident_mib"] for run in runs)
    size = f"{rows / 1e6:g}M, {memory:.0f} MiB resident"
    yield Row("open a Dataset", size, seconds, target="<= 0.5 s, < 300 MB")


def cold(path: Path, rows: int) -> Iterator[Row]:
    """Yield the time from new gzipped JSON lines to the first findings."""
    run = fresh(SAMPLE, str(path))
    size = f"{rows / 1e6:g}M, {run['rows']:,} events read"
    yield Row(
        "new gzipped JSONL, until an answer from a sample",
        size,
        run["seconds"],
        target="<= 5 s",
    )
    run = fresh(COLD, str(path))
    size = f"{rows / 1e6:g}M, peak {run['peak_mib']:.0f} MiB"
    yield Row("new gzipped JSONL, until the first exact finding", size, run["first"], target="<= 20 s")


def converting(rows: int = 300_000, fields: int = 30) -> Iterator[Row]:
    """Yield the rate of converting flat JSONL to a Dataset."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.jsonl"
        with path.open("w", encoding="utf-8") as out:
            for n in range(rows):
                event = {
                    "timestamp": f"2026-05-04T10:00:{n % 60:02d}.{n % 1000:03d}Z",
                    "duration_ms": n % 977 / 7,
                }
                event |= {f"field.text.{k}": f"value-{(n * k) % 101}" for k in range(18)}
                event |= {f"field.number.{k}": (n * k) % 1009 / 8 for k in range(fields - 20)}
                out.write(json.dumps(event) + "\n")
        run = fresh(CONVERT, str(path))
    rate = run["rows"] / run["cpu"]
    size = f"{rows:,} x {run['fields']} (with obskit's own), peak {run['peak_mib']:.0f} MiB"
    yield Row(
        f"flat JSONL to a Dataset: {rate:,.0f} rows per CPU-second", size, run["cpu"], target=">= 100k rows"
    )


def provisional(rows: int = 200_000, rounds: int = 5) -> Iterator[Row]:
    """Yield the cost of replacing provisional rows by final ones: with no provisional rows, and with 1 in 100."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / "none.jsonl", Path(folder) / "some.jsonl"]
        none, some = (path.open("w", encoding="utf-8") for path in paths)
        with none, some:
            for n in range(rows):
                event = {"timestamp": f"2026-05-04T10:00:{n % 60:02d}Z", "duration_ms": n % 977 / 7}
                event |= {"trace_id": f"{n + 1:032x}", "span_id": f"{n + 1:016x}"}
                event |= {f"field.{k}": f"value-{(n * k) % 101}" for k in range(26)}
                line = json.dumps(event) + "\n"
                if n % 100 == 0:
                    some.write(json.dumps(event | {UNFINISHED: True}) + "\n")
                none.write(line)
                some.write(line)
        looked, blind = CONVERT, NO_LOOK + CONVERT
        runs = ((looked, paths[0]), (blind, paths[0]), (looked, paths[1]))
        taken = [[fresh(script, str(path))["cpu"] for script, path in runs] for _ in range(rounds)]
    with_none, without, with_some = map(min, zip(*taken, strict=True))
    size = f"{rows:,} x 31, CPU"
    yield Row(
        "JSONL to a Dataset, no provisional rows", size, with_none, "without the check for them", without
    )
    yield Row("the same, one row in 100 provisional", size, with_some, "without such rows", with_none)


def command_line() -> Iterator[Row]:
    """Yield the time of `obskit --help`."""
    command = [str(Path(sys.executable).with_name("obskit")), "--help"]
    seconds = best(lambda: subprocess.run(command, capture_output=True, check=True), 5)
    yield Row("obskit --help", "", seconds, target="<= 0.3 s")
