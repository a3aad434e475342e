"""A day of requests that several modules of these tests use."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache

import numpy as np
import pyarrow as pa

from obskit import load
from obskit.events import Events

T = datetime(2026, 5, 4, tzinfo=UTC)


@cache
def day(planted: bool, rows: int = 12_000) -> Events:
    """A day of two services; from noon on `book` runs version 2, which (if planted) fails for SEPA.

    errors of book   ________________||||||||||||||
                     version 1       version 2
    """
    rng = np.random.default_rng(11)
    micros = np.sort(rng.integers(0, 24 * 3600_000_000, rows)) + int(T.timestamp() * 1e6)
    service = np.array(["book", "search"])[rng.integers(0, 2, rows)]
    late = micros > int(T.timestamp() * 1e6) + 12 * 3600_000_000
    version = np.where((service == "book") & late, "2", "1")
    method = np.array(["sepa", "card", "invoice"])[rng.integers(0, 3, rows)]
    error = rng.random(rows) < 0.01
    if planted:
        error |= (version == "2") & (method == "sepa") & (rng.random(rows) < 0.7)
    return load(
        pa.table(
            {
                "timestamp": pa.array(micros, pa.timestamp("us", "UTC")),
                "duration_ms": pa.array(rng.lognormal(3, 0.5, rows)),
                "kind": pa.array(["server"] * rows),
                "service.name": pa.array(service),
                "service.version": pa.array(version),
                "name": pa.array(np.where(service == "book", "POST /book", "GET /search")),
                "payment.method": pa.array(method),
                "error": pa.array(error),
            }
        )
    )
