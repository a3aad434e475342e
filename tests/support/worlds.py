"""Small datasets of requests, with or without a planted cause."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from obskit.dataset import write
from obskit.engine import Scope
from obskit.schema import LoadReport, Normalizer

START = 1_777_888_800_000_000  # 2026-05-04T10:00:00Z in microseconds
World = Callable[[Mapping[str, Any]], Scope]


def store(columns: Mapping[str, Any], folder: Path) -> Scope:
    """Write columns as a Dataset and open a scope on it; rows are a millisecond apart."""
    rows = len(next(iter(columns.values())))
    table = {"timestamp": pa.array(START + 1000 * np.arange(rows), pa.timestamp("us", "UTC"))} | dict(columns)
    report = LoadReport()
    normal = Normalizer(report)
    batches = pa.table({name: pa.array(values) for name, values in table.items()}).to_batches()
    return Scope.of(write((normal.batch(batch) for batch in batches), lambda: normal.schema, folder, report))


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = iter(range(1000))
    return lambda columns: store(columns, tmp_path / f"world-{next(made)}")


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20260504)


def pick(rng: np.random.Generator, rows: int, **shares: float) -> np.ndarray[Any, Any]:
    """Draw values with the given shares."""
    weights = np.array(list(shares.values()))
    return rng.choice(np.array(list(shares), dtype=object), rows, p=weights / weights.sum())


def zipf(rng: np.random.Generator, rows: int, values: int, prefix: str) -> np.ndarray[Any, Any]:
    """Draw ids, of which the first are by far the most common."""
    weights = 1 / np.arange(1, values + 1)
    numbers = rng.choice(values, rows, p=weights / weights.sum())
    return np.array([f"{prefix}{number}" for number in range(values)], dtype=object)[numbers]


def traffic(rng: np.random.Generator, rows: int) -> dict[str, Any]:
    """Return ordinary fields that are independent of any outcome."""
    return {
        "duration_ms": np.round(rng.lognormal(3, 1, rows), 3),
        "http.route": pick(rng, rows, **{"/search": 6, "/book": 2, "/seats": 3, "/pay": 1}),
        "cloud.region": pick(rng, rows, north=5, south=3, west=2),
        "client": pick(rng, rows, ios=4, android=5, web=6),
        "service.version": pick(rng, rows, **{"2.3.9": 8, "2.4.0": 2}),
        "host.name": zipf(rng, rows, 40, "host-"),
        "user.id": zipf(rng, rows, 5_000, "user-"),
        "payload": rng.integers(100, 100_000, rows),
        "retry": np.where(rng.random(rows) < 0.05, "yes", None),
    }
