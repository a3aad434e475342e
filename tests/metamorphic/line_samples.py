"""Samples of logs: a JSON object or a text per line."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.metamorphic.sample import Sample
from tests.metamorphic.world import Request, World


def objects(row: Callable[[Request], dict[str, Any]]) -> Callable[[World], bytes]:
    """Return a writer of one JSON object per line."""

    def write(world: World) -> bytes:
        return b"".join(
            json.dumps(row(one), separators=(",", ":")).encode() + b"\n" for one in world.requests()
        )

    return write


def texts(row: Callable[[Request], str]) -> Callable[[World], bytes]:
    """Return a writer of one text per line; a text may have several lines."""

    def write(world: World) -> bytes:
        return "".join(row(one) + "\n" for one in world.requests()).encode()

    return write


def _flat(one: Request) -> dict[str, Any]:
    return {
        "timestamp": one.iso,
        "name": f"{one.method} {one.path}",
        "duration_ms": one.ms,
        "kind": "server",
        "http.response.status_code": one.status,
        "trace_id": one.trace_id,
        "span_id": one.span_id,
        **({"parent_span_id": one.parent_id} if one.parent_id else {}),
        "service.name": one.service,
    }


def _nested(one: Request) -> dict[str, Any]:
    """A service's own log: its time and its duration are numbers, keys differ between lines."""
    return {
        "ts": one.epoch_us / 1e6,
        "level": one.level.lower(),
        "msg": f"request {one.number} done",
        "http": {"method": one.method, "path": one.path, "status": one.status},
        "elapsed_ms": one.ms,
        "trace_id": one.trace_id,
        **({"error": "upstream timed out"} if one.failed else {"user": f"u{one.number}"}),
    }


def _curl(one: Request) -> dict[str, Any]:
    return {
        "url": f"https://shop.example{one.path}?n={one.number}",
        "method": one.method,
        "response_code": one.status,
        "time_total": one.duration_us / 1e6,
        "time_namelookup": 0.001,
        "time_connect": 0.002,
    }


SAMPLES = (
    Sample("flat JSONL", "", "events.jsonl", objects(_flat), unit=b'"duration_ms"', names=True, zone=True),
    Sample("flat JSONL", "nested", "app.json", objects(_nested), unit=b'"elapsed_ms"', names=True),
    Sample("curl", "", "probe.curl", objects(_curl), timed=False, clock=False),
)
