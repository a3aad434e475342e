"""Time a box in the Explorer, from the page's message to the answer sent back (a browser adds 12-31 ms)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import obskit
from benchmarks.machine import Row
from obskit.explorer import Explorer


def measure(path: Path, rows: int) -> Iterator[Row]:
    """Yield the time to the first bars and to the conjunctions, for boxes of under 1% of the events."""
    events = obskit.load(path)
    events.dataset.codes.ensure(events.schema.names)
    explorer = Explorer(events)
    shown: list[float] = []
    explorer.observe(lambda _: shown.append(time.perf_counter()), names="_found")
    first, last = [], []
    for hour in (10, 11, 12, 13):
        shown.clear()
        start = time.perf_counter()
        found = explorer.brush(
            x=(f"2026-05-04T{hour:02d}:00:00Z", f"2026-05-04T{hour:02d}:40:00Z"), y=(700.0, 20_000.0)
        )
        first.append(shown[0] - start)
        last.append(shown[-1] - start)
    size = f"{rows / 1e6:g}M, {found.selection['events']:,} events in the box"
    # The first box also loads the dictionaries of the codes; a user waits for that once.
    yield Row("brush to the first bars (single fields)", size, min(first[1:]), target="<= 0.3 s")
    yield Row("brush to the conjunctions", size, min(last[1:]), target="<= 1.2 s")
