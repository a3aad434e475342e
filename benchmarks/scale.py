"""A hundred million events on one machine: convert, code, ask. Time, memory and disk of each step.

python -m benchmarks.scale --keep DIR [--events 100000000] [--fields 60] [--only source convert ask]

The source is foreign Parquet: days of a million events each, written by pyarrow. Each step runs in a process of its
own, so that its peak of memory is its own. DIR needs about 300 bytes per event.
"""

from __future__ import annotations

import argparse
import gzip
import io
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

import obskit as ok
from benchmarks import data
from benchmarks.machine import about
from obskit.names import COLUMNS

DAY_ROWS = 1_000_000
STEPS = ("source", "convert", "ask")
IDS = ("trace_id", "span_id", "parent_span_id")
SAMPLE = 100_000  # events whose size as JSON lines is measured


def day(fields: int) -> pa.Table:
    """Return a day of the demo with the columns and the fields that most rows have."""
    table = ok.load(data.events(DAY_ROWS)).to_arrow()
    filled = sorted(
        (name for name in table.schema.names if name not in COLUMNS), key=lambda n: table.column(n).null_count
    )
    columns = [name for name in table.schema.names if name in COLUMNS]
    return table.select([*columns, *filled[: fields - len(columns)]])


def of_day(table: pa.Table, number: int) -> pa.Table:
    """Return the same day, `number` days later and with ids of its own."""
    for name in IDS:
        text = table.column(name)
        own = pc.binary_join_element_wise(f"{number:04x}", pc.utf8_slice_codeunits(text, 4), "")
        table = table.set_column(table.schema.get_field_index(name), name, own)
    at = table.schema.get_field_index("timestamp")
    later = pc.add(table.column("timestamp"), pa.scalar(np.timedelta64(number, "D").astype("m8[us]")))
    return table.set_column(at, "timestamp", later)


def source(folder: Path, events: int, fields: int) -> None:
    """Write the days that are not there yet, and print the sizes of the source."""
    folder.mkdir(parents=True, exist_ok=True)
    table = day(fields)
    for number in range(events // DAY_ROWS):
        path = folder / f"day-{number:03}.parquet"
        if not path.exists():
            pq.write_table(of_day(table, number), path.with_suffix(".part"), compression="snappy")
            path.with_suffix(".part").rename(path)
    lines = io.BytesIO()
    with gzip.GzipFile(fileobj=lines, mode="wb", compresslevel=6, mtime=0) as zipped:
        sample = table.slice(0, SAMPLE)
        for row in sample.to_pylist():
            zipped.write(
                orjson.dumps({name: value for name, value in row.items() if value is not None}) + b"\n"
            )
    print(
        f"| the same as gzipped JSON lines (of {SAMPLE:,} events) | {lines.tell() / SAMPLE:.0f} bytes per event |"
    )
    print(
        f"| source: Parquet with snappy, {table.num_columns} columns | {size(folder) / events:.0f} bytes per event |"
    )


def size(folder: Path) -> int:
    """Return the bytes of all files of a folder, as allocated."""
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file())


def ask(folder: Path, events: int) -> None:
    """Ask a dataset the first questions and the same ones again; print the time of each and the peak of memory."""

    def timed(what: str, function: Callable[[], Any]) -> Any:
        start, used = time.perf_counter(), time.process_time()
        found = function()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(
            f"| {what} | {time.perf_counter() - start:.2f} s, {time.process_time() - used:.1f} CPU-s, "
            f"peak so far {peak:.1f} GiB |",
            flush=True,
        )
        return found

    loaded = timed("open", lambda: ok.load(folder))
    assert loaded.dataset.rows == events, loaded.dataset.rows
    timed(
        "count, p50 and p99 by version",
        lambda: loaded.query("count()", "p50(duration_ms)", "p99(duration_ms)", by="service.version"),
    )
    units = loaded.where("kind in ('server', 'consumer')")
    limit = timed(
        "the slowest 1% of the requests",
        lambda: units.query("p99(duration_ms) as p99").table["p99"][0].as_py(),
    )
    found = timed(
        "explain of 1%, the first time: codes are made",
        lambda: loaded.explain(f"duration_ms > {limit}", history=None),
    )
    print(f"| its first finding | {found.findings[0].condition if found.findings else 'none'} |")
    for number in range(1, 4):
        timed(
            "explain of another 1%",
            lambda n=number: loaded.explain(f"duration_ms > {limit + n * 1e-3}", history=None),
        )
    timed("a heatmap", lambda: loaded.heatmap())
    trace = loaded.query("min(trace_id) as one").table["one"][0].as_py()
    timed("a trace by its id", lambda: loaded.trace(trace))
    print(f"| dataset and codes | {size(folder) / events:.0f} bytes per event |")
    print(f"| of these, codes | {size(folder / '.codes') / events:.0f} bytes per event |")


def step(name: str, folder: Path, events: int, fields: int) -> None:
    """Run one step in this process."""
    if name == "source":
        source(folder / "source", events, fields)
    else:
        ask(folder / "dataset", events)


def steps(folder: Path, events: int, fields: int, wanted: list[str]) -> Iterator[str]:
    """Run each step in a process, and yield what it printed and cost."""
    for name in wanted:
        if name == "convert":
            shutil.rmtree(folder / "dataset", ignore_errors=True)
            command = [
                sys.executable,
                "-m",
                "obskit",
                "convert",
                str(folder / "source"),
                "--out",
                str(folder / "dataset"),
            ]
        else:
            command = [sys.executable, "-m", __spec__.name, "--keep", str(folder), "--events", str(events)]
            command += ["--fields", str(fields), "--here", name]
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        for line in process.stdout:
            yield line.rstrip()
        _, status, used = os.wait4(process.pid, 0)
        load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
        yield (
            f"| step {name}, status {status} | {time.perf_counter() - start:.0f} s, {used.ru_utime + used.ru_stime:.0f} CPU-s, "
            f"peak {used.ru_maxrss / 2**20:.1f} GiB, load {load} |"
        )
        if status:
            raise SystemExit(1)


def main() -> None:
    """Say how much disk is needed, then run the steps and print each line when it is there."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--keep", type=Path, required=True)
    parser.add_argument("--events", type=int, default=100_000_000)
    parser.add_argument("--fields", type=int, default=60)
    parser.add_argument("--only", nargs="+", choices=STEPS, default=list(STEPS))
    parser.add_argument("--here", choices=STEPS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.here:
        step(given.here, given.keep, given.events, given.fields)
        return
    given.keep.mkdir(parents=True, exist_ok=True)
    needed, free = given.events * 300, shutil.disk_usage(given.keep).free
    print(f"{about()}\n\nneeds {needed / 2**30:.0f} GiB of disk, {free / 2**30:.0f} are free\n")
    if free < needed:
        raise SystemExit("not enough disk")
    for line in steps(given.keep, given.events, given.fields, given.only):
        print(line, flush=True)


if __name__ == "__main__":
    main()
