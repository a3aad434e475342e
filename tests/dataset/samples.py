"""Inputs, tables and checks that several tests of this package use."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa

from obskit.dataset import (
    Dataset,
    FieldCodes,
)


def jsonl(path: Path, rows: int = 50, start: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [
        {"timestamp": f"2026-05-04T10:{i // 60 % 60:02d}:{i % 60:02d}Z", "name": f"op{i % 3}", "n": i}
        for i in range(start, start + rows)
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path


def entries(cache: Path) -> list[str]:
    return sorted(p.name for p in (cache / "datasets").iterdir())


Store = Callable[..., Dataset]


US = pa.timestamp("us", "UTC")


def events(rows: int, seed: int = 0) -> pa.Table:
    rng = random.Random(seed)
    return pa.table(
        {
            "timestamp": pa.array(range(1_000, 1_000 + rows), US),
            "name": [rng.choice(["get", "put"]) for _ in range(rows)],
            "id": [f"{rng.getrandbits(64):016x}" for _ in range(rows)],
            "error.type": [rng.choice([None, "timeout"]) for _ in range(rows)],
            "error": [rng.random() < 0.5 for _ in range(rows)],
            "tags": [["a"] * rng.randrange(3) for _ in range(rows)],
        }
    )


def rows(codes: FieldCodes) -> list[Any]:
    """Decode the codes of all rows."""
    entries = [None, *codes.values.to_pylist()]
    return [entries[code] for file in range(len(codes.parts)) for code in codes.codes(file)]


def table(**columns: Any) -> pa.Table:
    length = len(next(iter(columns.values())))
    times = pa.array(range(length), pa.timestamp("us", "UTC"))
    return pa.table({"timestamp": times, **columns})
