"""Time templates of log messages against drain3, and count false alarms of `messages` where nothing changes.

python -m benchmarks.templates [--lines 1000000] [--drain PYTHON] [--runs 40]

drain3 pins old packages: it needs an environment of its own, whose Python is given by `--drain`:

    uv venv drain && uv pip install --python drain/bin/python drain3
    python -m benchmarks.templates --drain drain/bin/python

Times are of CPU, on one thread.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks.log_lines import lines, whole_lines
from benchmarks.machine import HEADER, about
from obskit.schema.templates import templates
from obskit.triage.messages_shifts import TimeGrid, find_shifts

FEW_LINES = 100_000  # drain3 takes minutes for a million whole lines, and gets slower with every new template
HOURS = 24
_DRAIN = """
import json, sys, time
from drain3 import TemplateMiner
miner = TemplateMiner()
lines = open(sys.argv[1]).read().splitlines()
start = time.process_time()
for line in lines:
    miner.add_log_message(line)
print(json.dumps({"seconds": time.process_time() - start, "templates": len(miner.drain.clusters)}))
"""


def speed(count: int, drain: str | None) -> Iterator[list[str]]:
    """Yield rows of the table: lines per second of CPU."""
    pa.set_cpu_count(1)
    messages = lines(count)
    few = messages[:FEW_LINES]
    works = {
        "templates of messages": messages,
        "templates of the first messages": few,
        "templates of whole lines": whole_lines(few),
        "templates of messages that repeat": messages[:1_000] * (count // 1_000),
    }
    for work, texts in works.items():
        other = _drain(texts, drain) if drain and "repeat" not in work else None
        seconds, found = _least_cpu(pa.array(texts))
        per_second = len(texts) / seconds
        yield [
            work,
            f"{len(texts):,} lines, {found:,} templates",
            f"{per_second:,.0f} lines/s",
            "drain3" if other else "",
            f"{other[0]:,.0f} lines/s, {other[1]:,} templates" if other else "",
            f"{per_second / other[0]:.0f}x" if other else "",
            ">= 700,000 lines/s, >= 30x" if other else "",
        ]


def _least_cpu(texts: pa.Array) -> tuple[float, int]:
    times = []
    for _ in range(3):
        start = time.process_time()
        found = templates(texts)
        times.append(time.process_time() - start)
    return min(times), len(found.dictionary)


def _drain(texts: list[str], python: str) -> tuple[float, int]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lines.txt"
        path.write_text("\n".join(texts))
        done = subprocess.run([python, "-c", _DRAIN, str(path)], capture_output=True, check=True, text=True)
    found = json.loads(done.stdout.splitlines()[-1])
    return len(texts) / float(found["seconds"]), found["templates"]


def alarms(runs: int) -> Iterator[list[str]]:
    """Yield rows of the table: in how many of the runs anything is reported although nothing changes."""
    for burst in (1, 20, 200):
        for chosen in (True, False):
            start = time.perf_counter()
            found = sum(_alarmed(seed, burst, chosen=chosen) for seed in range(runs))
            moments = "one moment" if chosen else "24 moments"
            yield [
                f"false alarms, bursts of {burst}, {moments}",
                f"{runs} runs of 200,000 lines, 1,600 messages",
                f"{found} of {runs} ({(time.perf_counter() - start) / runs:.2f} s each)",
                "", "", "", "0",
            ]  # fmt: skip


def _alarmed(seed: int, burst: int, *, chosen: bool) -> bool:
    chance = np.random.default_rng(seed)
    share = chance.zipf(1.6, 1_600).astype(float)
    which = np.repeat(chance.choice(1_600, 200_000 // burst, p=share / share.sum()), burst)
    hours = np.repeat(chance.uniform(0, HOURS, 200_000 // burst), burst) + chance.uniform(
        0, 10 / 3600, len(which)
    )
    if chosen:
        edges = np.concatenate([np.linspace(0, 16, 25)[:-1], np.linspace(16, HOURS + 0.01, 25)])
    else:
        edges = np.linspace(0, HOURS + 0.01, 97)
    cell = np.searchsorted(edges, hours, side="right") - 1
    counts = np.bincount(which * (len(edges) - 1) + cell, minlength=1_600 * (len(edges) - 1))
    counts = counts.reshape(1_600, -1).astype(float)
    moments = [24] if chosen else list(range(4, 96, 4))
    grid = TimeGrid(counts, counts.sum(0), np.ones(len(counts)), moments, [False] * len(moments))
    return bool(find_shifts(grid)[0])


def main() -> None:
    """Print each row when it is measured."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--drain", metavar="PYTHON", help="a Python that has drain3")
    parser.add_argument("--runs", type=int, default=40)
    given = parser.parse_args()
    print(about())
    print("| " + " | ".join(HEADER) + " |\n|" + "---|" * len(HEADER))
    for rows in (speed(given.lines, given.drain), alarms(given.runs)):
        for row in rows:
            print("| " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    main()
