"""Spans and log records of a trace, as the tests write them: times in ms from a fixed start."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

START = datetime(2026, 5, 4, 10, tzinfo=UTC)
EVENT = pa.struct(
    [("timestamp", pa.timestamp("us", "UTC")), ("name", pa.string()), ("attributes", pa.string())]
)
LINK = pa.struct(
    [
        ("trace_id", pa.string()),
        ("span_id", pa.string()),
        ("trace_state", pa.string()),
        ("attributes", pa.string()),
    ]
)
EVIL = '<img src=x onerror="window.evil=1"><script>window.evil=1</script>&amp;\u202etxt'


def at(milliseconds: float) -> datetime:
    return START + timedelta(milliseconds=milliseconds)


def span(
    id: str, parent: str | None, start: float | None, ms: float | None = 10.0, /, **more: Any
) -> dict[str, Any]:
    """Return a span whose id is its name; fields with dots are given as `service__name`."""
    fields = {key.replace("__", "."): value for key, value in more.items()}
    return {
        "timestamp": None if start is None else at(start),
        "duration_ms": ms,
        "name": id,
        "kind": "internal",
        "span_id": id,
        "parent_span_id": parent,
        "error": False,
        "service.name": "shop",
    } | fields


def log(of: str | None, when: float, body: str, number: int = 9) -> dict[str, Any]:
    return span("", None, when, None) | {
        "name": None,
        "kind": "event",
        "span_id": of,
        "body": body,
        "severity_text": {9: "INFO", 17: "ERROR"}[number],
        "severity_number": number,
        "error": number >= 17,
    }


def table(rows: Sequence[dict[str, Any]]) -> pa.Table:
    """Return the rows with the types that loaded events have."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    kinds = {
        "timestamp": pa.timestamp("us", "UTC"),
        "duration_ms": pa.float64(),
        "error": pa.bool_(),
        "severity_number": pa.int32(),
        "events": pa.list_(EVENT),
        "links": pa.list_(LINK),
    }
    columns = []
    for name in names:
        values = [row.get(name) for row in rows]
        kind = kinds.get(name) or (pa.string() if all(isinstance(v, str | None) for v in values) else None)
        columns.append(pa.array(values, kind))
    return pa.table(columns, names)
