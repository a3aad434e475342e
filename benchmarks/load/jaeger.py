"""Jaeger's JSON, as its API returns it: traces of ten spans, with equal tags and with rare tags."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from benchmarks.load import made
from benchmarks.load.contest import SPANS, Format
from benchmarks.load.otlp_json import Lists

TYPES = {str: "string", int: "int64", float: "float64", bool: "bool"}
RARE = 50
"""One span in this many has one of 40 tags that the others lack."""


def make(folder: Path, *, rare: bool = False) -> Path:
    """Write the spans."""
    traces = []
    for first in range(0, SPANS, 10):
        trace = f"{first + 1:032x}"
        spans = []
        for n in range(first, first + 10):
            given = made.attributes(n) | {"span.kind": "server"}
            if rare and n % RARE == 0:
                given[f"rare.{n // RARE % 40}"] = "x"
            parent = {"refType": "CHILD_OF", "traceID": trace, "spanID": f"{n:016x}"}
            spans.append(
                {
                    "traceID": trace,
                    "spanID": f"{n + 1:016x}",
                    "operationName": f"GET /op/{n % 37}",
                    "references": [parent] if n > first else [],
                    "startTime": made.START // 1000 + n * 1000,
                    "duration": n % 977 * 100,
                    "tags": [{"key": k, "type": TYPES[type(v)], "value": v} for k, v in given.items()],
                    "logs": [],
                    "processID": "p1",
                    "warnings": None,
                }
            )
        tags = [{"key": "service.version", "type": "string", "value": "1.2.3"}]
        processes = {"p1": {"serviceName": "shop", "tags": tags}}
        traces.append({"traceID": trace, "spans": spans, "processes": processes, "warnings": None})
    path = folder / f"jaeger{'-rare' if rare else ''}.json"
    answer = {"data": traces, "total": 0, "limit": 0, "offset": 0, "errors": None}
    path.write_bytes(orjson.dumps(answer))
    return path


def by_orjson(path: Path) -> int:
    """Read with orjson into lists."""
    lists = Lists()
    for trace in orjson.loads(path.read_bytes())["data"]:
        shared = {key: _process(process) for key, process in trace["processes"].items()}
        for span in trace["spans"]:
            references = span["references"]
            own = (
                ("timestamp", span["startTime"]),
                ("duration_ms", span["duration"] / 1000),
                ("name", span["operationName"]),
                ("trace_id", span["traceID"]),
                ("span_id", span["spanID"]),
                ("parent_span_id", references[0]["spanID"] if references else None),
            )
            tags = [(tag["key"], tag["value"]) for tag in span["tags"]]
            lists.add((*own, *shared[span["processID"]], *tags))
    return lists.table().num_rows


def _process(process: dict[str, Any]) -> list[tuple[str, Any]]:
    tags = [(tag["key"], tag["value"]) for tag in process["tags"]]
    return [("service.name", process["serviceName"]), *tags]


def rare(folder: Path) -> Path:
    """Write the spans with rare tags."""
    return make(folder, rare=True)


OTHERS = {"orjson to lists": by_orjson}
FORMATS = (
    Format("jaeger", make, OTHERS, ("orjson to lists",), 1.5),
    Format("jaeger-rare", rare, OTHERS, ("orjson to lists",), 1.5),
)
