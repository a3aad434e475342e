"""Load folders of many small files, in a process of its own each, first with an empty cache and then again.

python -m benchmarks.many_files [--files 200000] [--layout flat nested mixed]
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.machine import Row

FILES = 20_000
EVENTS = 10
LAYOUTS = ("flat", "nested", "mixed")
_BEGIN = datetime(2026, 5, 4, tzinfo=UTC)
_LOAD = """
import json, resource, sys
import obskit
events = obskit.load(sys.argv[1])
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({"cpu": used.ru_utime + used.ru_stime, "peak_mib": used.ru_maxrss / 1024,
    "rows": events.load_report.rows_read, "rejected": events.load_report.rejected_count}))
"""


def make(folder: Path, files: int, layout: str) -> None:
    """Write the files: flat in one folder, nested in a thousand, or mixed: every fourth is gzip, CSV or OTLP."""
    made = random.Random(7)
    for number in range(files):
        where = folder if layout == "flat" else folder / f"{number % 20:02}" / f"{number // 20 % 50:02}"
        where.mkdir(parents=True, exist_ok=True)
        events = [_event(made, number * EVENTS + row) for row in range(EVENTS)]
        lines = "".join(json.dumps(event) + "\n" for event in events).encode()
        turn = number % 4 if layout == "mixed" else 0
        if turn == 0:
            (where / f"{number:07}.jsonl").write_bytes(lines)
        elif turn == 1:
            (where / f"{number:07}.jsonl.gz").write_bytes(gzip.compress(lines, 1))
        elif turn == 2:
            rows = [",".join(map(str, event.values())) for event in events]
            (where / f"{number:07}.csv").write_text("\n".join([",".join(events[0]), *rows, ""]))
        else:
            (where / f"{number:07}.json").write_text(json.dumps(_request(events)))


def _event(made: random.Random, number: int) -> dict[str, Any]:
    return {
        "timestamp": (_BEGIN + timedelta(milliseconds=50 * number)).isoformat(),
        "name": f"op{number % 7}",
        "duration_ms": round(made.random() * 500, 3),
        "trace_id": f"{made.getrandbits(128):032x}",
        "span_id": f"{made.getrandbits(64):016x}",
        "kind": "server",
        "service.name": "booking",
        "http.route": f"/route/{number % 10}",
        "http.response.status_code": 200 if number % 10 else 500,
        "user.id": f"u{made.randrange(1000)}",
    }


def _request(events: list[dict[str, Any]]) -> dict[str, Any]:
    spans = [
        {
            "traceId": event["trace_id"],
            "spanId": event["span_id"],
            "name": event["name"],
            "kind": 2,
            "startTimeUnixNano": str(int(datetime.fromisoformat(event["timestamp"]).timestamp() * 1e9)),
            "endTimeUnixNano": str(int(datetime.fromisoformat(event["timestamp"]).timestamp() * 1e9) + 10**6),
            "attributes": [{"key": "http.route", "value": {"stringValue": event["http.route"]}}],
        }
        for event in events
    ]
    return {"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}


def measure(files: int = FILES, layouts: tuple[str, ...] = LAYOUTS) -> Iterator[Row]:
    """Yield the CPU time and the peak memory of each layout."""
    for layout in layouts:
        with tempfile.TemporaryDirectory() as temporary:
            make(Path(temporary) / "in", files, layout)
            for what in ("first load", "second load"):
                environment = {**os.environ, "OBSKIT_CACHE": f"{temporary}/cache"}
                command = [sys.executable, "-c", _LOAD, f"{temporary}/in"]
                done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
                found = json.loads(done.stdout)
                if found["rejected"] or found["rows"] != files * EVENTS:
                    raise SystemExit(f"{layout}: {found}")
                work = f"{what}, {layout}: CPU time, peak {found['peak_mib']:.0f} MiB"
                yield Row(work, f"{files:,} files of {EVENTS}", found["cpu"])


def main() -> None:
    """Print each row when it is measured."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=FILES)
    parser.add_argument("--layout", nargs="+", choices=LAYOUTS, default=list(LAYOUTS))
    given = parser.parse_args()
    for row in measure(given.files, tuple(given.layout)):
        print(" | ".join(row.cells()), flush=True)


if __name__ == "__main__":
    main()
