"""Run the benchmarks and print their table.

python -m benchmarks [--rows 1000000 5000000 10000000] [--only explain query load open files triage judge]
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from benchmarks import brushing, data, explaining, judging, loading, many_files, querying, triaging
from benchmarks.machine import Row, about, table

PARTS = ("explain", "query", "brush", "open", "load", "files", "triage", "judge")


def rows(sizes: list[int], parts: list[str]) -> Iterator[Row]:
    """Yield the rows of the table, the slowest benchmarks last."""
    for size in sizes:
        path = data.events(size) if {"explain", "query", "brush", "open"} & {*parts} else Path()
        if "explain" in parts:
            yield from explaining.measure(path, size)
        if "query" in parts:
            yield from querying.measure(path, size)
        if "brush" in parts:
            yield from brushing.measure(path, size)
        if "open" in parts:
            yield from loading.opening(path, size)
        if "judge" in parts:
            yield from judging.measure(size)
    if "files" in parts:
        yield from many_files.measure()
    if "triage" in parts:
        yield from triaging.measure()
    if "load" in parts:
        yield from loading.command_line()
        yield from loading.converting()
        yield from loading.provisional()
        yield from loading.cold(data.events(1_000_000, "jsonl.gz"), 1_000_000)


def main() -> None:
    """Print each row when it is measured, then the whole table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 5_000_000, 10_000_000])
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    given = parser.parse_args()
    found = []
    for row in rows(given.rows, given.only):
        print(" | ".join(row.cells()), flush=True)
        found.append(row)
    print(f"\n{about()}\n\n{table(found)}")


if __name__ == "__main__":
    main()
