"""The demo's events at the size that is committed, as one table."""

from __future__ import annotations

import pyarrow as pa
import pytest

from obskit.demo.stream import batches

EVENTS, SEED = 40_000, 1


@pytest.fixture(scope="session")
def day() -> pa.Table:
    return pa.Table.from_batches(list(batches(EVENTS, SEED)))
