"""Jaeger's and Zipkin's JSON to Arrow, beside orjson to Python lists to Arrow: spans in a CPU-second.

python -m benchmarks.load_spans [--spans 10000] [--rounds 5]

Both sides are run in turn, the least CPU time of each counts. The other side knows nothing but the format's
usual form: a list a field, filled span by span, made an array at the end. Ours is the reader as `load` calls
it, from bytes on disk, with all checks, before `schema` goes over it.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa

from benchmarks.machine import about
from obskit.readers import read_batches
from obskit.schema import LoadReport

START = 1_777_888_800_000_000
NAMES = (
    [f"field.text.{k}" for k in range(18)]
    + [f"field.number.{k}" for k in range(8)]
    + [f"field.share.{k}" for k in range(2)]
    + [f"field.flag.{k}" for k in range(2)]
)
"""30 attributes."""


def attributes(n: int) -> Iterator[tuple[str, str, Any]]:
    """Yield a span's attributes: name, type as Jaeger says it, value."""
    for k, name in enumerate(NAMES):
        kind = name.split(".")[1]
        if kind == "text":
            yield name, "string", f"value-{n * k % 101}"
        elif kind == "number":
            yield name, "int64", n * k % 1009
        elif kind == "share":
            yield name, "float64", n * k % 1009 / 8
        else:
            yield name, "bool", n * k % 2 == 0


def jaeger(spans: int, rare: bool) -> bytes:
    """Return the API's answer with traces of ten spans; `rare`: one span in 50 has a tag that few have."""
    chance = random.Random(1)
    traces = []
    for first in range(0, spans, 10):
        trace = f"{first:032x}"
        items = []
        for n in range(first, first + 10):
            tags = [{"key": key, "type": kind, "value": value} for key, kind, value in attributes(n)]
            tags.append({"key": "span.kind", "type": "string", "value": "server"})
            if rare and chance.random() < 0.02:
                tags.append({"key": f"rare.{n % 40}", "type": "string", "value": "x"})
            parent = {"refType": "CHILD_OF", "traceID": trace, "spanID": f"{n:016x}"}
            items.append(
                {
                    "traceID": trace,
                    "spanID": f"{n + 1:016x}",
                    "operationName": f"GET /{n % 20}",
                    "references": [parent] if n > first else [],
                    "startTime": START + n,
                    "duration": n % 977,
                    "tags": tags,
                    "logs": [],
                    "processID": "p1",
                    "warnings": None,
                }
            )
        process = {
            "serviceName": "front",
            "tags": [{"key": "service.version", "type": "string", "value": "2.4.0"}],
        }
        traces.append({"traceID": trace, "spans": items, "processes": {"p1": process}, "warnings": None})
    return orjson.dumps({"data": traces, "total": 0, "limit": 0, "offset": 0, "errors": None})


def zipkin(spans: int, rare: bool) -> bytes:
    """Return a list of spans."""
    chance = random.Random(1)
    items = []
    for n in range(spans):
        tags = {key: str(value).lower() for key, _, value in attributes(n)}
        if rare and chance.random() < 0.02:
            tags[f"rare.{n % 40}"] = "x"
        items.append(
            {
                "traceId": f"{n // 10:032x}",
                "parentId": f"{n:016x}",
                "id": f"{n + 1:016x}",
                "kind": "SERVER",
                "name": f"get /{n % 20}",
                "timestamp": START + n,
                "duration": n % 977,
                "localEndpoint": {"serviceName": "front", "ipv4": "10.0.0.1"},
                "tags": tags,
            }
        )
    return orjson.dumps(items)


class Lists:
    """A list a field, filled row by row."""

    def __init__(self) -> None:
        self._columns: dict[str, list[Any]] = {}
        self._rows = 0

    def put(self, name: str, value: Any) -> None:
        column = self._columns.get(name)
        if column is None:
            column = self._columns[name] = []
        if len(column) < self._rows:
            column.extend([None] * (self._rows - len(column)))
        column.append(value)

    def row(self) -> None:
        self._rows += 1

    def table(self) -> pa.Table:
        for column in self._columns.values():
            column.extend([None] * (self._rows - len(column)))
        return pa.table({name: pa.array(column) for name, column in self._columns.items()})


def jaeger_by_lists(path: Path) -> pa.Table:
    out = Lists()
    for trace in orjson.loads(path.read_bytes())["data"]:
        for span in trace["spans"]:
            for name in ("traceID", "spanID", "operationName", "startTime"):
                out.put(name, span[name])
            out.put("duration_ms", span["duration"] / 1000)
            out.put("parent", next((r["spanID"] for r in span["references"]), None))
            process = trace["processes"][span["processID"]]
            out.put("service.name", process["serviceName"])
            for tag in process["tags"]:
                out.put(tag["key"], tag["value"])
            for tag in span["tags"]:
                out.put(tag["key"], tag["value"])
            out.row()
    return out.table()


def zipkin_by_lists(path: Path) -> pa.Table:
    out = Lists()
    for span in orjson.loads(path.read_bytes()):
        for name in ("traceId", "id", "parentId", "kind", "name", "timestamp"):
            out.put(name, span[name])
        out.put("duration_ms", span["duration"] / 1000)
        out.put("service.name", span["localEndpoint"]["serviceName"])
        out.put("ipv4", span["localEndpoint"]["ipv4"])
        for name, value in span["tags"].items():
            out.put(name, value)
        out.row()
    return out.table()


def ours(path: Path) -> int:
    """Return how many spans a file has."""
    return sum(batch.num_rows for batch in read_batches(path, LoadReport()))


def least(functions: list[Callable[[], Any]], rounds: int) -> list[float]:
    """Return the least CPU seconds of each, run in turn."""
    times: list[list[float]] = [[] for _ in functions]
    for _ in range(rounds):
        for at, function in enumerate(functions):
            start = time.process_time()
            function()
            times[at].append(time.process_time() - start)
    return [min(each) for each in times]


def measure(spans: int, rounds: int) -> Iterator[str]:
    """Yield a line a format."""
    with tempfile.TemporaryDirectory() as folder:
        for name, make, other in (
            ("Jaeger", jaeger, jaeger_by_lists),
            ("Zipkin", zipkin, zipkin_by_lists),
        ):
            for rare in (False, True):
                path = Path(folder) / f"{name}-{rare}.json"
                path.write_bytes(make(spans, rare))
                assert ours(path) == other(path).num_rows == spans
                mine, theirs = least([lambda: ours(path), lambda: other(path)], rounds)  # noqa: B023
                what = f"{name}, with rare tags" if rare else name
                size = path.stat().st_size / spans
                yield (
                    f"| {what} | {size:,.0f} | {spans / mine:,.0f} | {spans / theirs:,.0f} |"
                    f" {theirs / mine:.2f}x | >= 1.5x |"
                )


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--spans", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    print(f"{about()}; {given.spans:,} spans of {len(NAMES)} attributes, least of {given.rounds} rounds\n")
    print("| format | bytes a span | spans/CPU-s | orjson to lists to Arrow | ratio | must reach |")
    print("| --- | --- | --- | --- | --- | --- |")
    for line in measure(given.spans, given.rounds):
        print(line, flush=True)


if __name__ == "__main__":
    main()
