"""Zipkin's JSON, a list of spans, with equal tags and with rare tags."""

from __future__ import annotations

from pathlib import Path

import orjson

from benchmarks.load import made
from benchmarks.load.contest import SPANS, Format
from benchmarks.load.jaeger import RARE
from benchmarks.load.otlp_json import Lists


def make(folder: Path, *, rare: bool = False) -> Path:
    """Write the spans."""
    spans = []
    for n in range(SPANS):
        tags = {key: str(value).lower() for key, value in made.attributes(n).items()}
        if rare and n % RARE == 0:
            tags[f"rare.{n // RARE % 40}"] = "x"
        spans.append(
            {
                "traceId": f"{n // 10 + 1:032x}",
                "parentId": f"{n:016x}",
                "id": f"{n + 1:016x}",
                "kind": "SERVER",
                "name": f"get /op/{n % 37}",
                "timestamp": made.START // 1000 + n * 1000,
                "duration": n % 977 * 100,
                "localEndpoint": {"serviceName": "shop", "ipv4": "10.0.0.1"},
                "tags": tags,
            }
        )
    path = folder / f"zipkin{'-rare' if rare else ''}.json"
    path.write_bytes(orjson.dumps(spans))
    return path


def by_orjson(path: Path) -> int:
    """Read with orjson into lists."""
    lists = Lists()
    for span in orjson.loads(path.read_bytes()):
        own = (
            ("timestamp", span["timestamp"]),
            ("duration_ms", span["duration"] / 1000),
            ("name", span["name"]),
            ("kind", span["kind"]),
            ("trace_id", span["traceId"]),
            ("span_id", span["id"]),
            ("parent_span_id", span["parentId"]),
            ("service.name", span["localEndpoint"]["serviceName"]),
            ("network.local.address", span["localEndpoint"]["ipv4"]),
        )
        lists.add((*own, *span["tags"].items()))
    return lists.table().num_rows


def rare(folder: Path) -> Path:
    """Write the spans with rare tags."""
    return make(folder, rare=True)


OTHERS = {"orjson to lists": by_orjson}
FORMATS = (
    Format("zipkin", make, OTHERS, ("orjson to lists",), 1.5),
    Format("zipkin-rare", rare, OTHERS, ("orjson to lists",), 1.5),
)
