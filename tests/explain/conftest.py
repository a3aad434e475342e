"""Worlds to explain; what they are made of is in `worlds`."""

from __future__ import annotations

import numpy as np
import pytest

from obskit.engine import Scope
from tests.support.worlds import World, rng, traffic, world

__all__ = ["rng", "world"]


@pytest.fixture
def scope(world: World, rng: np.random.Generator) -> Scope:
    """2,000 requests of which version 2.4.0 fails often; a tenth are spans inside."""
    rows = 2_000
    columns = traffic(rng, rows)
    failed = rng.random(rows) < np.where(columns["service.version"] == "2.4.0", 0.5, 0.02)
    kind = np.where(rng.random(rows) < 0.1, "internal", "server")
    return world(
        columns
        | {
            "kind": kind,
            "name": columns["http.route"],
            "parent_span_id": np.where(kind == "internal", "00000000000000aa", None),
            "trace_id": np.array([f"{n:032x}" for n in range(1, rows + 1)], dtype=object),
            "error.type": np.where(failed, "Refused", None),
            "flag": np.where(rng.random(rows) < 0.1, None, "on"),
        }
    )
