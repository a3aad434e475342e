"""Time the Explorer, from the page's message to the answer sent back (a browser adds 12-31 ms).

Each row has the CPU time as well, which says more than the clock on a busy machine: where both cores work,
the clock shows less than it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import obskit
from benchmarks.machine import Row
from obskit.explorer import Explorer
from obskit.explorer.source import script

TYPED = ("h", "http.ro", "http.route = '", "http.route = '/bo", "http.route = '/book' and cloud.region = '")
HOURS = (10, 11, 12, 13)
T = TypeVar("T")


def measure(path: Path, rows: int) -> Iterator[Row]:
    """Yield the time of the first view, of boxes, of completions, and of pages of rows."""
    events = obskit.load(path)
    events.dataset.codes.ensure(events.schema.names)
    size = f"{rows / 1e6:g}M"
    fresh = obskit.load(path)
    explorer, clock, cpu = _timed(lambda: Explorer(fresh))
    yield Row("Explorer, first view", f"{size}, CPU {cpu:.2f} s", clock, target=_first_view(rows))
    explorer.wait()
    # The first box waits until the codes of all fields are open, and is left out.
    yield from boxes(
        explorer,
        f"{size}, 40 minutes above 700 ms",
        40,
        700.0,
        "<= 0.25 s" if rows <= 1_000_000 else "<= 0.15 s",
    )
    yield from boxes(explorer, f"{size}, 105 minutes", 105, 1.0, "<= 1 s")
    slowest, cpu = _slowest(
        lambda text: explorer._complete({"text": text, "at": len(text)}, lambda: False), TYPED
    )
    yield Row(
        "completion of a keystroke, the slowest", f"{size}, CPU {cpu:.3f} s", slowest, target="<= 0.05 s"
    )
    offsets = (100, 5_000, 50_000)
    slowest, cpu = _slowest(
        lambda offset: explorer._send_page({"offset": offset, "of": 1}, lambda: False), offsets
    )
    yield Row("a page of rows, the slowest", f"{size}, CPU {cpu:.2f} s", slowest, target="<= 0.3 s")
    # What a notebook keeps of the widget; the module is part of it.
    state = {key: value for key, value in explorer.get_state().items() if not isinstance(value, bytes)}
    kept = len(json.dumps(state, default=str)) + len(explorer._grid) * 4 // 3
    print(f"module {len(script().encode()):,} bytes; state of the widget {kept:,} bytes", flush=True)


def boxes(explorer: Explorer, size: str, minutes: int, above: float, target: str) -> Iterator[Row]:
    """Yield the time of boxes until the first bars, the conjunctions and the last part of the answer."""
    shown: list[tuple[float, float]] = []
    explorer.observe(lambda _: shown.append((time.perf_counter(), time.process_time())), names="_found")
    seen: list[list[tuple[float, float]]] = [[], [], []]
    found = None
    for hour in HOURS:
        shown.clear()
        start, cpu = time.perf_counter(), time.process_time()
        begin = datetime(2026, 5, 4, hour, tzinfo=UTC)
        found = explorer.brush(x=(begin, begin + timedelta(minutes=minutes)), y=(above, 20_000.0))
        for times, at in zip(seen, (0, 1, -1), strict=True):
            times.append((shown[at][0] - start, shown[at][1] - cpu))
    explorer.unobserve_all("_found")
    share = found.selection["events"] / (found.selection["events"] + found.baseline["events"])
    names = ("the first bars", "the conjunctions", "where the slow traces spend their time")
    for name, times, most in zip(names, seen, (target, "", ""), strict=True):
        clock, cpu = min(times[1:])
        yield Row(
            f"brush to {name}", f"{size} ({share:.1%} of the events), CPU {cpu:.2f} s", clock, target=most
        )


def _timed(call: Callable[[], T]) -> tuple[T, float, float]:
    clock, cpu = time.perf_counter(), time.process_time()
    result = call()
    return result, time.perf_counter() - clock, time.process_time() - cpu


def _slowest(call: Callable[[T], object], arguments: tuple[T, ...]) -> tuple[float, float]:
    """Return clock and CPU time of the slowest call; each is made twice, for the first one fills caches."""
    times = []
    for argument in arguments:
        call(argument)
        times.append(_timed(lambda argument=argument: call(argument))[1:])
    return max(times)


def _first_view(rows: int) -> str:
    return "<= 1.5 s" if rows <= 1_000_000 else "<= 3 s"
