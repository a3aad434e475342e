"""Ids, times and spans that shapes of several kinds share; all values are made up."""

from __future__ import annotations

import json
from typing import Any

TRACE, OTHER = "7d1c0e5fa2b94c3c8e6f1a2b3c4d5e6f", "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
SPAN, CHILD, PARENT = "a1b2c3d4e5f60718", "b2c3d4e5f6071829", "c3d4e5f60718293a"

START = 1_777_888_800_000_000_000
"""2026-05-04T10:00:00Z in nanoseconds."""

AT = "2026-05-04T10:00:00Z"


def text(document: Any, indent: int | None = None) -> str:
    """Return a document as JSON."""
    return json.dumps(document, indent=indent) + "\n"


def lines(*documents: Any) -> str:
    """Return documents as lines of JSON."""
    return "".join(text(document) for document in documents)


def attribute(key: str, value: str) -> dict[str, Any]:
    """Return an attribute of OTLP."""
    return {"key": key, "value": {"stringValue": value}}


def span(**more: Any) -> dict[str, Any]:
    """Return a span of OTLP that failed."""
    return {
        "traceId": TRACE,
        "spanId": SPAN,
        "parentSpanId": PARENT,
        "name": "GET /cart",
        "kind": 2,
        "startTimeUnixNano": str(START),
        "endTimeUnixNano": str(START + 250_000_000),
        "status": {"code": 2, "message": "out of stock"},
        **more,
    }


def resource_spans(*spans: dict[str, Any]) -> dict[str, Any]:
    """Return spans of OTLP with their service."""
    return {
        "resource": {"attributes": [attribute("service.name", "shop")]},
        "scopeSpans": [{"scope": {"name": "net/http"}, "spans": list(spans)}],
    }
