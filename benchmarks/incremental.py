"""Load a folder of JSON lines, then one more file: what `refresh` and the next verdict cost, in CPU-seconds.

python -m benchmarks.incremental [--files 60] [--rows 166667] [--more 100000]
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

import obskit

_BEGIN = datetime(2026, 5, 1, tzinfo=UTC)


def write(path: Path, number: int, rows: int) -> None:
    """Write the events of one file: 25 fields, and one that only every seventh file has."""
    made = random.Random(number)
    begin = _BEGIN + timedelta(hours=number)
    with path.open("wb") as file:
        for row in range(rows):
            at = begin + timedelta(seconds=row * 3_600 / rows)
            event: dict[str, Any] = {
                "timestamp": f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond:06d}Z",
                "trace_id": f"{made.getrandbits(128):032x}",
                "span_id": f"{made.getrandbits(64):016x}",
                "kind": "server",
                "name": "GET /book",
                "duration_ms": made.expovariate(1 / 40),
                "service.name": made.choice(("web", "pay", "seat")),
                "service.version": made.choice(("2.3.0", "2.4.0")),
                "http.route": made.choice(("/book", "/pay", "/list", "/seat")),
                "http.response.status_code": made.choice((200,) * 30 + (500, 404)),
                "host.name": f"h{made.randrange(40)}",
                "user.id": f"u{made.randrange(5_000)}",
                "deployment.environment.name": "prod",
            }
            event |= {
                f"app.field{n}": made.randrange(100) if n % 2 else made.choice("abcd") for n in range(12)
            }
            if row % 500 == 0:
                event[f"rare.{number % 7}"] = row
            file.write(orjson.dumps(event) + b"\n")


def timed(what: str, call: Callable[[], Any]) -> Any:
    """Call, and print the CPU-seconds."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    out = call()
    after = resource.getrusage(resource.RUSAGE_SELF)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"{what:30} {used:8.2f} CPU-s, peak {after.ru_maxrss / 1024:,.0f} MiB", flush=True)
    return out


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=60)
    parser.add_argument("--rows", type=int, default=166_667)
    parser.add_argument("--more", type=int, default=100_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="obskit-") as place:
        os.environ["OBSKIT_CACHE"] = f"{place}/cache"
        folder = Path(place) / "events"
        folder.mkdir()
        for number in range(given.files):
            write(folder / f"events-{number:05d}.jsonl", number, given.rows)
        judge: dict[str, Any] = {
            "candidate": "2.4.0",
            "baseline": "2.3.0",
            "service": "web",
            "during": (_BEGIN, _BEGIN + timedelta(days=31)),
        }
        events = timed("first load", lambda: obskit.load(folder))
        timed("the same files again", lambda: obskit.load(folder))
        timed("first verdict", lambda: events.judge(**judge))
        write(folder / f"events-{given.files:05d}.jsonl", given.files, given.more)
        events = timed("refresh with one more file", lambda: events.refresh())
        timed("next verdict", lambda: events.judge(**judge))
        print(f"{events.dataset.rows:,} rows in {len(events.dataset.files)} Parquet files")


if __name__ == "__main__":
    main()
