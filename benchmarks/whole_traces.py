"""Compare the facts of whole traces (`obskit.trace.*`) with DuckDB's GROUP BY and anti-join over the same Parquet.

    obskit demo --out DIR --events 10000000 --format parquet
    python -m benchmarks.whole_traces DIR

Each side runs in a process of its own, with two threads, and counts spans, errors and traces whose errors a
retry hid. CPU time, wall time and peak memory are printed, and whether both count the same.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time

import duckdb
import numpy as np
import pyarrow as pa

import obskit
from benchmarks.machine import about
from obskit.dataset.parts import open_part, read_columns
from obskit.dataset.population import clusters
from obskit.dataset.traces import trace_arrays
from obskit.dataset.value_numbers import join_numbers

_SQL = """
with spans as (
    select trace_id, span_id, parent_span_id, error, timestamp, duration_ms
    from read_parquet('{files}') where kind not in ('event', 'link') and trace_id is not null
), lost as (
    select trace_id, count(*) as lost from spans child
    where parent_span_id is not null and not exists (
        from spans own where own.trace_id = child.trace_id and own.span_id = child.parent_span_id
    ) group by trace_id
), facts as (
    select trace_id, count(*) as spans, count(*) filter (error) as errors,
        count(*) filter (parent_span_id is null) as roots,
        count(*) filter (parent_span_id is null and error) as failed_roots,
        min(timestamp) as first, max(epoch_us(timestamp) + 1000 * duration_ms) as last
    from spans group by trace_id
)
select count(*), sum(spans), sum(errors), count(*) filter (roots > 0 and errors > 0 and failed_roots = 0),
    count(*) filter (roots = 1 and lost is null), sum(last - epoch_us(first)) / 1000
from read_parquet('{files}') events join facts using (trace_id) left join lost using (trace_id)
"""


def obskit_counts(path: str) -> list[float]:
    """Return the rows that have a trace, and sums of its facts over these rows."""
    dataset = obskit.load(path).dataset

    files = dataset.files
    local = [clusters(read_columns(open_part(file), ["trace_id"]).column(0)) for file in files]
    found = trace_arrays(files, dataset.schema.names, join_numbers(files, "trace_id", local))
    names = ("span_count", "error_count", "masked_error", "complete")
    sums = [sum(int(one[name][one[name] > 0].sum()) for one in found) for name in names]
    lengths = sum(float(np.nansum(one["duration_ms"])) for one in found)
    return [sum(int((one["span_count"] > 0).sum()) for one in found), *sums, lengths]


def duckdb_counts(path: str) -> list[float]:
    """Return the same by one statement."""
    connection = duckdb.connect(config={"threads": 2})
    connection.execute("set enable_progress_bar = false")
    (found,) = connection.sql(_SQL.format(files=f"{path}/*.parquet")).fetchall()
    return [float(value) for value in found]


SIDES = {"obskit": obskit_counts, "duckdb": duckdb_counts}


def main() -> None:
    """Run both sides, each in a process of its own, and print a row for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("path", help="a Dataset with traces")
    parser.add_argument("--side", choices=SIDES, help="run only this side, in this process")
    given = parser.parse_args()
    if given.side is not None:
        pa.set_cpu_count(2)
        wall, cpu = time.perf_counter(), time.process_time()
        values = SIDES[given.side](given.path)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        times = [time.process_time() - cpu, time.perf_counter() - wall]
        print(json.dumps({"counts": values, "times": times, "peak": peak}))
        return
    print(about())
    counts: dict[str, list[int]] = {}
    for side in SIDES:
        command = [sys.executable, "-m", "benchmarks.whole_traces", given.path, "--side", side]
        done = subprocess.run(command, capture_output=True, check=True, text=True)
        found = json.loads(done.stdout)
        counts[side] = [round(value) for value in found["counts"]]
        cpu, wall = found["times"]
        print(f"{side}: {cpu:.1f} CPU-seconds, {wall:.1f} s, peak {found['peak']:,} MiB", flush=True)
    same = counts["obskit"] == counts["duckdb"]
    print(f"both count {counts['obskit']}" if same else f"they differ: {counts}")


if __name__ == "__main__":
    main()
