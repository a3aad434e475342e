"""Flat JSON lines: with the same keys on every line, with keys that some lines lack, and with torn lines."""

from __future__ import annotations

import importlib
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import orjson
import pyarrow.json as pj

from benchmarks.load import made
from benchmarks.load.contest import SPANS, Contestant, Format, events, obskit
from obskit.readers.jsonl.uniform_lines import UniformBlockParser

BEGIN = datetime(2026, 5, 4, 10, tzinfo=UTC)


def lines(spans: int, first: int = 0) -> bytes:
    """Return `spans` events as JSON lines."""
    chance = random.Random(first)
    out = []
    for number in range(first, first + spans):
        at = BEGIN + timedelta(milliseconds=number)
        event = {
            "timestamp": at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "duration_ms": number % 977 / 7,
            "name": f"GET /op/{number % 37}",
            "kind": "server",
            "trace_id": f"{chance.getrandbits(128):032x}",
            "span_id": f"{chance.getrandbits(64):016x}",
            **made.attributes(number),
        }
        out.append(orjson.dumps(event) + b"\n")
    return b"".join(out)


def make(folder: Path) -> Path:
    """Write the events."""
    path = folder / "events.jsonl"
    path.write_bytes(lines(SPANS))
    return path


def varied(folder: Path) -> Path:
    """Write events; one in ten lacks a field, and one in fifty has an additional field."""
    path = folder / "varied.jsonl"
    with path.open("wb") as out:
        for number, line in enumerate(lines(SPANS).splitlines()):
            event = orjson.loads(line)
            if number % 10 == 3:
                del event["app.plan"]
            if number % 50 == 0:
                event["exception.type"] = "ValueError"
            out.write(orjson.dumps(event) + b"\n")
    return path


def torn(folder: Path) -> Path:
    """Write events, with a torn line or one that is not JSON after every thousand."""
    path = folder / "torn.jsonl"
    with path.open("wb") as out:
        for number, line in enumerate(lines(SPANS).splitlines(keepends=True)):
            out.write(line)
            if number % 1000 == 500:
                out.write(
                    line[:300] + b"\n" if number % 2000 == 500 else b"Traceback (most recent call last):\n"
                )
    return path


def by_pyarrow(path: Path) -> int:
    """Read with pyarrow.json, types inferred."""
    return int(pj.read_json(path).num_rows)


def by_polars(path: Path) -> int:
    """Read with polars, types inferred."""
    pl: Any = importlib.import_module("polars")
    return int(pl.read_ndjson(path).to_arrow().num_rows)


def by_duckdb(path: Path) -> int:
    """Read with DuckDB, types inferred."""
    duckdb: Any = importlib.import_module("duckdb")
    return int(duckdb.connect().sql(f"from read_json('{path}')").to_arrow_table().num_rows)


def without_uniform_lines(path: Path) -> int:
    """Read by obskit without `jsonl.uniform_lines`: the difference to obskit is what that module earns."""
    with mock.patch.object(UniformBlockParser, "parse", return_value=None):
        return obskit(path)


OURS: dict[str, Contestant] = {
    "obskit": obskit,
    "obskit, without uniform_lines": without_uniform_lines,
    "obskit, as events": events,
}
OTHERS = {"polars": by_polars, "pyarrow.json": by_pyarrow, "duckdb": by_duckdb}
FORMATS = (
    Format("flat-jsonl", make, OTHERS, ("polars", "pyarrow.json"), 0.9, ours=OURS),
    Format("flat-jsonl-varied", varied, OTHERS, ("polars", "pyarrow.json"), 0.9, ours=OURS),
    Format("flat-jsonl-torn", torn, {}, (), 0, ours=OURS),
)
