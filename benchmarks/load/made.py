"""The spans that all formats of spans are measured on, as OTLP's JSON has them."""

from __future__ import annotations

import random
from typing import Any

from benchmarks.load.contest import SPANS

TEXTS = [
    "http.route",
    "url.path",
    "user.id",
    "cloud.region",
    "k8s.pod.name",
    "app.tenant",
    "db.system",
    "rpc.service",
    "net.peer.name",
    "app.plan",
    "build.id",
    "feature.flag",
    "session.id",
    "browser.name",
    "os.type",
    "device.model",
    "app.cache",
    "http.request.method",
]
INTEGERS = [
    "http.response.status_code",
    "http.request.body.size",
    "http.response.body.size",
    "retry.count",
    "thread.id",
    "db.rows",
    "queue.depth",
    "user.age",
]
FLOATS = ["app.score", "cpu.ms", "memory.mb"]
START = 1_777_888_000_000_000_000


def attributes(number: int) -> dict[str, Any]:
    """Return a span's 30 attributes as Python values."""
    out: dict[str, Any] = {
        key: f"/api/v{at}/things/{(number * 7 + at) % 1009}"
        if at % 3 == 0
        else f"value-{number * (at + 1) % 101}"
        for at, key in enumerate(TEXTS)
    }
    out |= {key: number * (at + 1) % 100_003 for at, key in enumerate(INTEGERS)}
    out |= {key: number * (at + 1) % 1009 / 8 for at, key in enumerate(FLOATS)}
    out["app.cached"] = number % 3 == 0
    return out


def span(number: int, chance: random.Random) -> dict[str, Any]:
    """Return a span as OTLP's JSON has it."""
    words = {str: "stringValue", int: "intValue", float: "doubleValue", bool: "boolValue"}
    pairs = attributes(number)
    return {
        "traceId": f"{chance.getrandbits(128):032x}",
        "spanId": f"{chance.getrandbits(64):016x}",
        "parentSpanId": f"{chance.getrandbits(64):016x}",
        "name": f"GET /op/{number % 37}",
        "kind": 2,
        "startTimeUnixNano": str(START + number * 1_000_003),
        "endTimeUnixNano": str(START + number * 1_000_003 + number % 977 * 100_001),
        "attributes": [
            {"key": key, "value": {words[type(value)]: str(value) if type(value) is int else value}}
            for key, value in pairs.items()
        ],
        "status": {"code": 2} if number % 50 == 0 else {},
    }


def requests(batch: int = 200, spans: int = SPANS) -> list[dict[str, Any]]:
    """Return the spans in export requests of `batch` spans, as an SDK sends them."""
    chance = random.Random(1)
    resource = [
        {"key": key, "value": {"stringValue": text}}
        for key, text in (("service.name", "shop"), ("service.version", "1.2.3"), ("host.name", "h1"))
    ]
    return [
        {
            "resourceSpans": [
                {
                    "resource": {"attributes": resource},
                    "scopeSpans": [
                        {
                            "scope": {"name": "lib", "version": "1"},
                            "spans": [span(n, chance) for n in range(start, min(start + batch, spans))],
                        }
                    ],
                }
            ]
        }
        for start in range(0, spans, batch)
    ]
