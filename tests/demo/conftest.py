"""The demo's events in the committed size, as one table."""

from __future__ import annotations

import pyarrow as pa
import pytest

from obskit.demo.stream import batches

EVENTS, SEED = 40_000, 1


@pytest.fixture(scope="session")
def day() -> pa.Table:
    return pa.Table.from_batches(list(batches(EVENTS, SEED)))
