"""Compare the reading speed of this checkout with that of another one, on the same files, taking turns.

python -m benchmarks.compare OTHER_CHECKOUT FILE ... [--rounds 9]

`python -m benchmarks.load --rounds 1 --keep FOLDER` writes files to compare.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

_WORKER = """
import gc, json, sys, time
from pathlib import Path
from obskit.readers import read_batches
from obskit.schema import LoadReport, Normalizer
for line in sys.stdin:
    path, as_events = json.loads(line)
    report = LoadReport()
    normalizer = Normalizer(report)
    gc.collect()
    gc.disable()
    start, rows = time.process_time(), 0
    for batch in read_batches(Path(path), report):
        rows += (normalizer.batch(batch) if as_events else batch).num_rows
    print(json.dumps([time.process_time() - start, rows]), flush=True)
    gc.enable()
"""


def worker(checkout: Path) -> subprocess.Popen[str]:
    """Start a process that reads files with the obskit of a checkout."""
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    return subprocess.Popen(
        [sys.executable, "-c", _WORKER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=checkout,
        env=environment,
    )


def ask(process: subprocess.Popen[str], path: Path, *, as_events: bool) -> tuple[float, int]:
    """Return the CPU seconds that a process needs for a file, and the rows it read."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps([str(path), as_events]) + "\n")
    process.stdin.flush()
    seconds, rows = json.loads(process.stdout.readline())
    return seconds, rows


def main() -> None:
    """Print the rates of both checkouts for each file: to Arrow, and to events."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("other", type=Path)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--rounds", type=int, default=9)
    given = parser.parse_args()
    checkouts = {"other": given.other.resolve(), "this": Path(__file__).resolve().parent.parent}
    processes = {name: worker(path) for name, path in checkouts.items()}
    for path in given.files:
        for as_events in (False, True):
            rates: dict[str, float] = {}
            for number in range(given.rounds + 1):
                for name in sorted(processes, reverse=number % 2 == 0):
                    seconds, rows = ask(processes[name], path.resolve(), as_events=as_events)
                    if number:  # the first round warms up
                        rates[name] = max(rows / seconds, rates.get(name, 0.0))
            what = "as events" if as_events else "to Arrow"
            print(
                f"{path.name}, {what}: {rates['this']:,.0f} rows per CPU-second, "
                f"{rates['this'] / rates['other']:.2f} times the other's",
                flush=True,
            )
    for process in processes.values():
        assert process.stdin is not None
        process.stdin.close()
        process.wait()


if __name__ == "__main__":
    main()
