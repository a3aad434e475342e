"""Measure a large file: the memory that `load` needs for JSONL, and the time from JSON logs to the first triage."""

from __future__ import annotations

import random
import tempfile
from datetime import timedelta
from pathlib import Path

import orjson

from benchmarks.load.flat_jsonl import BEGIN, lines
from benchmarks.loading import CONVERT, fresh

PART = 20_000
"""Number of distinct rows; the file repeats them."""


TRIAGE = """
import json, sys, time
import obskit
parts, begun, cpu = {}, time.perf_counter(), time.process_time()
def part(name):
    global begun, cpu
    now, used = time.perf_counter(), time.process_time()
    parts[name], begun, cpu = (now - begun, used - cpu), now, used
from obskit.readers import read_batches
from obskit.schema import LoadReport
from pathlib import Path
rows = sum(batch.num_rows for batch in read_batches(Path(sys.argv[1]), LoadReport()))
part("reading alone")
events = obskit.load(sys.argv[1])
part("load: reading, coding and writing")
str(events.triage())
part("triage")
print(json.dumps({"rows": rows, "parts": parts}))
"""


def logs(gigabytes: float) -> str:
    """Write JSON logs of the given size, never seen before, and return the seconds to the first triage."""
    part = b"".join(_log(number) for number in range(PART))
    times = max(1, round(gigabytes * 1e9 / len(part)))
    with tempfile.TemporaryDirectory(prefix="obskit-bench-") as folder:
        path = Path(folder) / "logs.jsonl"
        with path.open("wb") as file:
            for _ in range(times):
                file.write(part)
        size = path.stat().st_size
        run = fresh(TRIAGE, str(path))
    parts = run["parts"]
    seconds = parts["load: reading, coding and writing"][0] + parts["triage"][0]
    shown = ", ".join(f"{name} {wall:.1f} s ({cpu:.1f} CPU-s)" for name, (wall, cpu) in parts.items())
    return (
        f"{size / 1e9:.2f} GB of JSON logs, {run['rows']:,} rows: {seconds:.1f} s to the first triage, "
        f"{seconds / size * 1e9:.0f} s per GB; must be at most 40 s per GB\n  {shown}"
    )


def _log(number: int) -> bytes:
    chance = random.Random(number)
    failed = chance.random() < 0.02
    return (
        orjson.dumps(
            {
                "time": (BEGIN + timedelta(milliseconds=40 * number)).isoformat(timespec="milliseconds"),
                "level": "error" if failed else "info",
                "msg": f"{chance.choice(('GET', 'POST'))} /api/seats/{chance.randrange(10**5)} done",
                "logger": f"shop.{chance.choice(('cart', 'pay', 'seats'))}",
                "pod": f"shop-7d9f6-{chance.randrange(12):02d}",
                "status": 502 if failed else 200,
                "duration_ms": round(chance.expovariate(1 / 40), 3),
                "trace_id": f"{chance.getrandbits(128):032x}",
                "user": f"u{chance.randrange(10**4)}",
                "path": f"/api/{chance.randrange(40)}",
            }
        )
        + b"\n"
    )


def measure(gigabytes: float) -> str:
    """Write a file of the given size, load it in its own process, and return a sentence with the result."""
    part = lines(PART)
    times = max(1, round(gigabytes * 1e9 / len(part)))
    with tempfile.TemporaryDirectory(prefix="obskit-bench-") as folder:
        path = Path(folder) / "large.jsonl"
        with path.open("wb") as file:
            for _ in range(times):
                file.write(part)
        size = path.stat().st_size
        run = fresh(CONVERT, str(path))
    return (
        f"{size / 1e9:.1f} GB of JSONL, {run['rows']:,} rows: peak {run['peak_mib']:,.0f} MiB resident,"
        f" {run['rows'] / run['cpu']:,.0f} rows per CPU-second to a Dataset; must stay under 2 GB:"
        f" {'it does' if run['peak_mib'] * 2**20 < 2e9 else 'it does NOT'}"
    )
