from __future__ import annotations

import random

import pyarrow as pa
import pytest

from obskit.events import load

START = 1_777_888_800_000_000  # 2026-05-04T10:00Z in microseconds


@pytest.fixture(scope="session")
def events(tmp_path_factory):
    """An hour of 6,000 requests; from the half hour on those of 2.4.0 in one region take 20 times as long.

    ::

        10:00 ............. 10:30 ............. 11:00
        2.3.2 ███████████████████ ██████████████
        2.4.0                     ██████   slow where region is 'eu'
    """
    dice = random.Random(5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OBSKIT_CACHE", str(tmp_path_factory.mktemp("cache")))
        rows = []
        for number in range(6000):
            at = START + number * 600_000
            new = number >= 3000 and dice.random() < 1 / 3
            region = dice.choice(["eu", "us", "ap", None])
            slow = dice.random() < (0.9 if new and region == "eu" else 0.003)
            rows.append(
                {
                    "timestamp": at,
                    "duration_ms": dice.lognormvariate(6.8 if slow else 3.7, 0.4),
                    "kind": "server",
                    "name": "GET /book",
                    "trace_id": f"{number + 1:032x}",
                    "span_id": f"{number + 1:016x}",
                    "parent_span_id": None,
                    "service.name": "booking",
                    "service.version": "2.4.0" if new else "2.3.2",
                    "cloud.region": region,
                    "http.response.body.size": dice.randrange(100, 100_000),
                    "customer.note": "<b>&" if number % 7 else None,
                }
            )
        rows.append(
            {
                **rows[3000],
                "kind": "internal",
                "name": "inner",
                "duration_ms": 1e6,
                "parent_span_id": "1" * 16,
            }
        )
        table = pa.Table.from_pylist(rows)
        times = table["timestamp"].cast(pa.timestamp("us", "UTC"))
        yield load(table.set_column(0, "timestamp", times))
