"""Compare the traces of injected faults with normal ones, and score how often the faulty service comes first.

    python -m benchmarks.faults FOLDER [--verbose]

FOLDER contains `fault_list.json` and, per minute, `HH_MM_trace.csv.gz` and `HH_MM_log.csv.gz`, as published with
Nezha (Yu et al., ESEC/FSE 2023). A fault that is injected in minute MM is compared in the file of minute MM + 2, or
MM + 1 if that file does not exist. Normal are the traces of the one quiet minute (`quiet_*`), or these and all traces that
began before an injection in the same minute. The rank is that among services; ties count against us.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import time
from collections import defaultdict
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

import obskit as ok
from obskit.traces.spans import spans_of

QUIET = "quiet"


def service(pods: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return the service of each pod: its name without the two hashes at the end."""
    return pc.replace_substring_regex(pods, r"-[a-z0-9]+-[a-z0-9]+$", "")


def spans(path: Path, minute: str) -> pa.Table:
    """Return the spans of a file."""
    text = {name: pa.string() for name in ("TraceID", "SpanID", "ParentID", "PodName", "OperationName")}
    whole = {"StartTimeUnixNano": pa.int64(), "EndTimeUnixNano": pa.int64()}
    read = csv.read_csv(path, convert_options=csv.ConvertOptions(column_types=text | whole))
    nanos = pc.subtract(read["EndTimeUnixNano"], read["StartTimeUnixNano"])
    parent = read["ParentID"]
    return pa.table(
        {
            "timestamp": pc.divide(read["StartTimeUnixNano"], 1000).cast(pa.timestamp("us", "UTC")),
            "duration_ms": pc.divide(nanos.cast(pa.float64()), 1e6),
            "name": read["OperationName"],
            "kind": pa.array(["internal"] * len(read)),
            "trace_id": read["TraceID"],
            "span_id": read["SpanID"],
            "parent_span_id": pc.if_else(pc.equal(parent, "root"), None, parent),
            "service.name": service(read["PodName"]),
            "minute": pa.array([minute] * len(read)),
        }
    )


def records(path: Path, minute: str) -> pa.Table:
    """Return the log records of a file, with the logger and the line of code that their text begins with."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        names = next(file).strip().split(",")
        # Some texts have quotes that are not doubled; the text is the last column, so no parser is needed.
        lines = [line.rstrip("\n").split(",", len(names) - 1) for line in file]
    lines = [line for line in lines if len(line) == len(names)]
    read = {
        name: pa.chunked_array([[line[at] for line in lines]], pa.string()) for at, name in enumerate(names)
    }
    parsed = [_parse(log) for log in read["Log"].to_pylist()]
    return pa.table(
        {
            "timestamp": pc.divide(read["TimeUnixNano"].cast(pa.int64()), 1000).cast(
                pa.timestamp("us", "UTC")
            ),
            "kind": pa.array(["event"] * len(lines)),
            "trace_id": read["TraceID"],
            "span_id": read["SpanID"],
            "service.name": service(read["PodName"]),
            "minute": pa.array([minute] * len(lines)),
            "severity_text": pa.array([found["level"] for found in parsed], pa.string()),
            "otel.scope.name": pa.array([found["logger"] for found in parsed], pa.string()),
            "code.line.number": pa.array([found["line"] for found in parsed], pa.string()).cast(pa.int64()),
            "body": pa.array([found["text"] for found in parsed], pa.string()),
        }
    )


_RECORD = re.compile(
    r"(?:\d\d:\d\d:\d\d\.\d+\s+)?(?:(?P<level>[A-Z]+)\s+)?(?:(?P<logger>\S+)#(?P<line>\d+)\s+)?"
    r"(?:TraceID: \S+ SpanID: \S+\s*)?(?P<text>.*)",
    re.S,
)


def _parse(log: str) -> dict[str, str | None]:
    """Return the level, logger, line and text of `16:48:42.424 INFO  t.s.Travel#532 TraceID: .. SpanID: .. text`."""
    log = log.removeprefix('"').removesuffix('"').replace('""', '"')
    with suppress(ValueError):
        log = json.loads(log)["log"]
    found = _RECORD.fullmatch(log.strip())
    assert found is not None
    return found.groupdict()


def read(folder: Path) -> tuple[pa.Table, list[dict[str, Any]]]:
    """Return all events of a folder as a table, and the faults: time, service, kind."""
    parts = []
    for path in sorted(folder.glob("*_trace.csv.gz")):
        name = path.name.removesuffix("_trace.csv.gz")
        minute = QUIET if name.startswith(QUIET) else name
        parts.append(spans(path, minute))
        logs = folder / f"{name}_log.csv.gz"
        if logs.exists():
            parts.append(records(logs, minute))
    faults = [
        {
            "at": datetime.fromisoformat(fault["inject_time"]),
            "service": service(pa.chunked_array([[fault["inject_pod"]]]))[0].as_py(),
            "kind": fault["inject_type"],
        }
        for hour in json.loads((folder / "fault_list.json").read_text()).values()
        for fault in hour
    ]
    return pa.concat_tables(parts, promote_options="default"), faults


def minute(at: datetime, later: int = 0) -> str:
    """Return the name of the file of a minute."""
    return f"{at + timedelta(minutes=later):%H_%M}"


def normals(faults: list[dict[str, Any]]) -> dict[str, str]:
    """Return the condition of each kind of normal."""
    before = [
        f"(minute = '{minute(fault['at'])}' and timestamp < '{fault['at'].isoformat()}Z')" for fault in faults
    ]
    quiet = f"minute = '{QUIET}'"
    return {"one quiet minute": quiet, "all before": " or ".join([quiet, *before])}


def rank(evidence: dict[str, float], true: str) -> int:
    """Return the rank of a service; every service with at least as much evidence comes before it."""
    own = evidence.get(true, 0.0)
    return sum(other >= own for other in evidence.values()) if own > 0 else 1_000


def self_time_ratio(events: ok.Events, slow: str, normal: str) -> dict[str, float]:
    """Return per service the greatest ratio of the mean self time of an operation, the usual first guess."""
    found = spans_of(events.dataset)
    sides = []
    for condition in (slow, normal):
        true = np.concatenate([mask.true for mask in events.scope.masks(events.scope.condition(condition))])
        chosen = np.zeros(found.traces + 1, bool)
        chosen[found.row_trace[true]] = True
        sides.append(chosen)
    sides[1] &= ~sides[0]
    means = []
    for side in sides:
        at = np.flatnonzero(side[found.trace] & ~np.isnan(found.self_ms))
        size = len(found.operations)
        total = np.bincount(found.operation[at], found.self_ms[at], minlength=size)
        with np.errstate(invalid="ignore"):
            means.append(total / np.bincount(found.operation[at], minlength=size))
    out: dict[str, float] = defaultdict(float)
    for (of, _), now, before in zip(found.operations, *means, strict=True):
        if np.isfinite(now) and np.isfinite(before) and before > 0:
            out[of] = max(out[of], now / before)
    return out


def tops(ranks: list[int]) -> str:
    """Return the shares of ranks up to 1, 3 and 5."""
    return "/".join(f"{np.mean([rank <= most for rank in ranks]):.3f}" for most in (1, 3, 5))


def measure(folder: Path, verbose: bool = False) -> list[tuple[str, str, str, int]]:
    """Return (method, normal, kind of fault, rank of the true service) for each fault."""
    table, faults = read(folder)
    events = ok.load(table)
    there = set(events.query("count()", by="minute", limit=1000).to_arrow()["minute"].to_pylist())
    out = []
    for fault in faults:
        now = next((name for later in (2, 1) if (name := minute(fault["at"], later)) in there), None)
        if now is None:
            continue
        slow = f"minute = '{now}'"
        for name, normal in normals(faults).items():
            for logs in (True, False):
                start = time.process_time()
                answer = events.traces().compare(slow=slow, normal=normal, logs=logs)
                took = time.process_time() - start
                evidence = {row["service"]: row["evidence"] for row in answer.services.to_pylist()}
                method = "compare" if logs else "compare without logs"
                out.append((method, name, fault["kind"], rank(evidence, fault["service"])))
                if verbose and logs:
                    print(
                        f"{fault['at']} {fault['kind']} {fault['service']} {name}: rank {out[-1][3]} ({took:.2f} s)"
                    )
                    for line in answer.sentences[:2]:
                        print(f"    {line}")
            guess = self_time_ratio(events, slow, normal)
            out.append(("self-time ratio", name, fault["kind"], rank(guess, fault["service"])))
    return out


def false_alarms(folder: Path) -> tuple[int, int]:
    """Compare the time before each injection with that before all others; nothing was injected in either.

    Some of these minutes still contain the fault injected before.

    Returns:
        In how many a service is beyond chance, and how many there are.
    """
    table, faults = read(folder)
    events = ok.load(table)
    found = made = 0
    normal = normals(faults)["all before"]
    for fault in faults:
        slow = f"minute = '{minute(fault['at'])}' and timestamp < '{fault['at'].isoformat()}Z'"
        if events.traces(where=slow).__len__():
            answer = events.traces().compare(slow=slow, normal=normal)
            found += any(answer.services["beyond_chance"].to_pylist())
            made += 1
    return found, made


def false_alarms_of_halves(folder: Path, runs: int = 100, seed: int = 7) -> int:
    """Compare random halves of the traces of the quiet minute, between which chance is the only difference.

    Returns:
        In how many runs a service is beyond chance.
    """
    table = read(folder)[0]
    table = table.filter(pc.equal(table["minute"], QUIET))
    ids = pc.unique(table["trace_id"])
    random = np.random.default_rng(seed)
    found = 0
    for _ in range(runs):
        half = ids.filter(pa.array(random.random(len(ids)) < 0.5))
        events = ok.load(table.append_column("half", pc.is_in(table["trace_id"], value_set=half)))
        found += any(
            events.traces().compare(slow="half", normal="not half").services["beyond_chance"].to_pylist()
        )
    return found


def main() -> None:
    """Print top-1/3/5 by method and normal, for all faults and by kind."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--verbose", action="store_true", help="print the first sentences of each answer")
    given = parser.parse_args()
    found = measure(given.folder, given.verbose)
    kinds = sorted({kind for _, _, kind, _ in found})
    print(f"{'method':22}{'normal':18}" + "".join(f"{name:>24}" for name in ("all", *kinds)))
    for method in ("compare", "compare without logs", "self-time ratio"):
        for normal in ("all before", "one quiet minute"):
            cells = []
            for kind in ("all", *kinds):
                ranks = [
                    each[3] for each in found if each[:2] == (method, normal) and kind in ("all", each[2])
                ]
                cells.append(f"{tops(ranks)} n={len(ranks)}")
            print(f"{method:22}{normal:18}" + "".join(f"{cell:>24}" for cell in cells))
    found_any, made = false_alarms(given.folder)
    print(f"before an injection, a service beyond chance: {found_any} of {made}")
    print(
        f"random halves of the quiet minute, a service beyond chance: {false_alarms_of_halves(given.folder)} of 100"
    )


if __name__ == "__main__":
    main()
