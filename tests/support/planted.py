"""An hour of requests with a planted cause, and a value that looks like HTML."""

from __future__ import annotations

import json
import random
from pathlib import Path

EVIL = '<img src=x onerror="window.evil=1"><b>bold</b>'
REQUESTS = 12_000


def write(folder: Path) -> Path:
    """Write the events as flat JSON lines and return the file.

    From the half hour on a third of the requests run on 2.4.0; there, those of the region whose name is EVIL
    take 900 ms instead of 40, and so do two in a thousand elsewhere: ::

        10:00 ............. 10:30 ............. 11:00
        2.3.2 ███████████████████ ██████████████
        2.4.0                     ██████   slow in one of four regions
    """
    dice = random.Random(11)
    path = folder / "requests.jsonl"
    with path.open("w") as file:
        for number in range(REQUESTS):
            second = 3600 * number / REQUESTS
            new = second >= 1800 and dice.random() < 1 / 3
            region = dice.choice(["eu-west-1", "eu-north-1", "us-east-1", EVIL])
            slow = dice.random() < (0.9 if new and region == EVIL else 0.002)
            row = {
                "timestamp": f"2026-05-04T10:{int(second // 60):02}:{second % 60:09.6f}Z",
                "duration_ms": round(dice.lognormvariate(6.8 if slow else 3.7, 0.4), 3),
                "kind": "server",
                "name": "GET /book",
                "trace_id": f"{number:032x}",
                "span_id": f"{number:016x}",
                "service.name": "booking",
                "service.version": "2.4.0" if new else "2.3.2",
                "cloud.region": region,
                "http.response.body.size": dice.randrange(100, 100_000),
                "customer.id": f"c{dice.randrange(900)}",
                "error": False,
            }
            file.write(json.dumps(row) + "\n")
    return path
