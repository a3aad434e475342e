"""How fast traces are looked up, arranged, compared and mapped.

    python -m benchmarks.tracing --spans 10000000 [--keep FOLDER]

Makes traces of about 45 spans of 100 services, writes them as a Dataset once (FOLDER keeps it for the next run), and
measures each question in a process of its own, first and again: CPU time of the process with two threads. The
alternative for a look-up by trace id is DuckDB over the same Parquet files.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

import obskit as ok
from benchmarks.machine import about, peak
from obskit.dataset import write
from obskit.dataset.code_store import CODES
from obskit.schema import LoadReport

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SERVICES = 100
TEMPLATES = 60
SPANS = 45  # of a trace, on average
BATCH = 20_000  # traces
BEGIN_US = 1_777_888_800_000_000
_HEX = np.array([f"{byte:02x}".encode() for byte in range(256)], "S2")


def template(random: np.random.Generator) -> tuple[Ints, Ints]:
    """Return the parent and the operation of each span of a structure; a parent comes before its children."""
    size = int(random.integers(SPANS - 20, SPANS + 21))
    parent = np.array([-1, *(int(random.integers(max(0, at - 8), at)) for at in range(1, size))])
    service = random.integers(0, SERVICES, size)
    own = random.random(size) < 0.5  # a span of the same service as its parent
    for at in range(1, size):
        if own[at]:
            service[at] = service[parent[at]]
    return parent, service * 3 + random.integers(0, 3, size)


def hexadecimal(numbers: npt.NDArray[np.uint64]) -> npt.NDArray[np.bytes_]:
    """Return each row of 64-bit numbers, uint64[n, k], as text, 16 digits per number."""
    digits = _HEX[np.ascontiguousarray(numbers.astype(">u8")).view(np.uint8)]
    return np.ascontiguousarray(digits).view(f"S{16 * numbers.shape[1]}")[:, 0]


def batch(
    random: np.random.Generator, kinds: list[tuple[Ints, Ints]], first: int, last: int
) -> pa.RecordBatch:
    """Return the spans of the traces with these numbers. Those of `arm` "slow" are slow in service 7."""
    parts: list[dict[str, Any]] = []
    kind = random.integers(0, len(kinds), last - first)
    for at, (parent, operation) in enumerate(kinds):
        number = first + np.flatnonzero(kind == at)
        size, many = len(parent), len(number)
        own = random.lognormal(0.0, 0.7, (many, size))
        own[np.ix_(number % 11 == 0, operation // 3 == 7)] *= 6
        took = own.copy()
        for span in range(size - 1, 0, -1):
            took[:, parent[span]] += took[:, span] + 0.1
        begin, cursor = np.zeros((many, size)), own * 0.5
        for span in range(1, size):
            begin[:, span] = begin[:, parent[span]] + cursor[:, parent[span]]
            cursor[:, parent[span]] += took[:, span] + 0.1
        trace = np.stack([random.integers(0, 2**63, many), number], axis=1).astype(np.uint64)
        own_id = random.integers(1, 2**63, (many, size)).astype(np.uint64)
        above = np.where(parent >= 0, parent, 0)
        parts.append(
            {
                "start": (number * 20_000)[:, None] + (begin * 1000),
                "took": took,
                "trace": np.repeat(hexadecimal(trace), size),
                "span": hexadecimal(own_id.reshape(-1, 1)),
                "parent": hexadecimal(own_id[:, above].reshape(-1, 1)),
                "root": np.tile(parent < 0, many),
                "operation": np.tile(operation, many),
                "arm": np.repeat(number % 11, size),
            }
        )
    whole = {name: np.concatenate([part[name].ravel() for part in parts]) for name in parts[0]}
    order = np.argsort(whole["start"], kind="stable")
    whole = {name: values[order] for name, values in whole.items()}
    ids = {name: _text(whole[name]) for name in ("trace", "span", "parent")}
    return pa.record_batch(
        {
            "timestamp": pa.array(BEGIN_US + whole["start"].astype(np.int64)).cast(pa.timestamp("us", "UTC")),
            "duration_ms": whole["took"],
            "name": pa.array([f"operation {at % 3}" for at in range(3 * SERVICES)]).take(
                pa.array(whole["operation"])
            ),
            "kind": pc.if_else(pa.array(whole["root"]), "server", "internal"),
            "trace_id": ids["trace"],
            "span_id": ids["span"],
            "parent_span_id": pc.if_else(pa.array(whole["root"]), None, ids["parent"]),
            "error": pa.array(np.zeros(len(order), bool)),
            "service.name": pa.array([f"service-{at // 3:02}" for at in range(3 * SERVICES)]).take(
                pa.array(whole["operation"])
            ),
            "arm": whole["arm"],
        }
    )


def _text(values: npt.NDArray[np.bytes_]) -> pa.Array:
    """Return texts of the same length as an Arrow array."""
    ends = np.arange(len(values) + 1, dtype=np.int32) * values.dtype.itemsize
    return pa.StringArray.from_buffers(len(values), pa.py_buffer(ends), pa.py_buffer(values.tobytes()))


def make(folder: Path, spans: int, seed: int = 7) -> None:
    """Write a Dataset with about so many spans."""
    random = np.random.default_rng(seed)
    kinds = [template(random) for _ in range(TEMPLATES)]
    traces = max(1, spans // SPANS)
    schema = batch(random, kinds, 0, 100).schema

    def batches() -> Iterator[pa.RecordBatch]:
        for first in range(0, traces, BATCH):
            yield batch(random, kinds, first, min(traces, first + BATCH))

    write(batches(), lambda: schema, folder, LoadReport())


def cpu(work: Callable[[], object]) -> float:
    """Return the CPU seconds of this process that some work takes."""
    began = time.process_time()
    work()
    return time.process_time() - began


def measure_look_up(path: str) -> dict[str, float]:
    """Look up traces by id: the first, another, and one that was shown before."""
    events = ok.load(path)
    ids = [_some_trace(path, share) for share in (0.3, 0.6)]
    return {
        "open and look up a trace": cpu(lambda: ok.load(path).trace(ids[0])),
        "another trace": cpu(lambda: events.trace(ids[1])),
        "the same trace again": cpu(lambda: events.trace(ids[1])),
    }


def measure_duckdb(path: str) -> dict[str, float]:
    """Look up the same traces with a statement."""
    ids = [_some_trace(path, share) for share in (0.3, 0.6)]

    def connect() -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect(config={"threads": 2})
        connection.execute("set enable_progress_bar = false")
        return connection

    def look_up(trace: str, connection: duckdb.DuckDBPyConnection) -> None:
        text = f"select * from read_parquet('{path}/*.parquet') where trace_id = ?"
        assert connection.execute(text, [trace]).to_arrow_table().num_rows

    opened = connect()
    return {
        "DuckDB, connect and look up a trace": cpu(lambda: look_up(ids[0], connect())),
        "DuckDB, another trace": cpu(lambda: look_up(ids[0], opened)),
        "DuckDB, the same trace again": cpu(lambda: look_up(ids[0], opened)),
    }


def measure_times(path: str) -> dict[str, float]:
    """Find the parents of all spans, their self times and their critical paths; first, and when they are kept."""
    out = {}
    for when in ("first", "kept"):
        dataset = ok.load(path).dataset
        if when == "first":
            shutil.rmtree(dataset.path / CODES, ignore_errors=True)
        out[f"parents of all spans, {when}"] = cpu(lambda dataset=dataset: dataset.forest)
        out[f"self times and critical paths, {when}"] = cpu(lambda dataset=dataset: dataset.forest.self_ns)
    return out


def measure_map(path: str) -> dict[str, float]:
    """Draw the map of services."""
    events = ok.load(path)
    shutil.rmtree(events.dataset.path / CODES, ignore_errors=True)
    return {
        "the first question: arrays of all spans": cpu(lambda: len(events.traces())),
        "the same in the next notebook": cpu(lambda: len(ok.load(path).traces())),
        "map": cpu(lambda: events.traces().map()),
        "map, against a tenth of the traces": cpu(lambda: events.traces().map(baseline="arm = 1")),
        "list": cpu(lambda: events.traces().list()),
        "operations": cpu(lambda: events.traces().operations()),
    }


def measure_compare(path: str) -> dict[str, float]:
    """Compare 1,000 slow traces with 10,000 others, and 10,000 with 10,000, in Datasets of their own."""
    sides = {
        "1,000 with 10,000": (11_000, "arm = 0", "arm > 0"),
        "10,000 with 10,000": (20_000, "arm < 5.5", "arm > 5.5"),
    }
    out = {}
    for what, (traces, slow, normal) in sides.items():
        folder = Path(f"{path}-{traces}")
        if not folder.exists():
            make(folder, traces * SPANS)
        events = ok.load(folder)

        for time_ in ("first", "again"):
            began = time.process_time()
            found = events.traces().compare(slow=slow, normal=normal)
            out[f"compare {what} traces, {time_}"] = time.process_time() - began
            assert slow != "arm = 0" or found.services["service"][0].as_py() == "service-07", found.services
    return out


def _some_trace(path: str, share: float) -> str:
    """Return the id of a trace so far into the dataset."""
    dataset = ok.load(path).dataset
    at = int(share * dataset.rows)
    for number, file in enumerate(dataset.files):
        if at < file.rows:
            return str(dataset.take(number, np.array([at]), ["trace_id"])["trace_id"][0].as_py())
        at -= file.rows
    raise AssertionError("the share is below 1")


MEASURES = {
    "look-up": measure_look_up,
    "duckdb": measure_duckdb,
    "times": measure_times,
    "map": measure_map,
    "compare": measure_compare,
}


def run(folder: Path, measures: list[str]) -> None:
    """Measure each question in a process of its own, and print the times."""
    for name in measures:
        command = [sys.executable, "-m", "benchmarks.tracing", "--inner", name, "--keep", str(folder)]
        done = subprocess.run(command, capture_output=True, check=True, text=True)
        found = json.loads(done.stdout)
        for what, seconds in found["times"].items():
            print(f"{what:45} {seconds:8.3f} CPU-seconds", flush=True)
        print(f"{'':45} peak {found['peak']:,.0f} MiB", flush=True)


def main() -> None:
    """Make the traces and print the measurements."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--spans", type=int, default=10_000_000)
    parser.add_argument("--keep", type=Path, help="folder of the Dataset; made if it does not exist")
    parser.add_argument("--only", choices=MEASURES, action="append", help="measure only this; repeatable")
    parser.add_argument("--inner", choices=MEASURES, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.inner:
        pa.set_cpu_count(2)
        times = MEASURES[given.inner](str(given.keep))
        print(json.dumps({"times": times, "peak": peak()}))
        return
    print(about())
    with tempfile.TemporaryDirectory() as folder:
        path = given.keep or Path(folder) / "traces"
        if not path.exists():
            make(path, given.spans)
        run(path, given.only or list(MEASURES))


if __name__ == "__main__":
    main()
