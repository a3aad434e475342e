"""Outcomes worth an explanation, for those who have not named one."""

from __future__ import annotations

from typing import Any

from obskit.engine import Scope, format_condition
from obskit.query import query

MOST = 3
# What a deployment brings; the first of these that the events have.
_NEWCOMERS = ("service.version", "deployment.id", "container.image.tag")
# Where logs say how bad it is, and with which words.
_LEVELS = ("severity_text", "level", "severity", "log.level", "levelname", "loglevel")
_BAD = frozenset({"error", "err", "fatal", "critical", "crit", "alert", "emergency", "panic", "severe"})


def outcomes(scope: Scope) -> list[dict[str, str]]:
    """Return up to three outcomes: errors, what logs call one, the slowest, a newcomer.

    Args:
        scope: the events, such as `events.scope`.
    Returns:
        Dicts of `select`, a condition that `explain` takes, and `why`. The first is `error` if, and only if,
        events are marked as errors; empty where nothing suggests itself.
    """
    names = set(scope.schema.names)
    wanted = {"failed": "share(error) as failed", "slow": "p95(duration_ms) as slow"}
    asked = [wanted[key] for key, field in (("failed", "error"), ("slow", "duration_ms")) if field in names]
    found = _units(scope, asked) if asked else {}
    out: list[dict[str, str]] = []
    if found.get("failed"):
        out.append({"select": "error", "why": f"{found['failed']:.2%} of them"})
    else:
        out += severities(scope)
    if found.get("slow"):
        slow = float(f"{found['slow']:.2g}")
        out.append({"select": f"duration_ms > {slow:g}", "why": "the slowest twentieth"})
    return [*out, *_newest(scope)][:MOST]


def severities(scope: Scope) -> list[dict[str, str]]:
    """Return the condition of log records that call themselves an error, none where none does."""
    for field in (name for name in _LEVELS if name in scope.schema.names):
        rows = _rows(scope, "count() as n", by=field, order="n desc", limit=50)
        values = [row[field] for row in rows if isinstance(row[field], str) and row[field].lower() in _BAD]
        if values:
            item = {"field": field, "op": "=", "value": values[0]}
            if len(values) > 1:
                item = {"field": field, "op": "in", "values": sorted(values)}
            return [{"select": format_condition([item]), "why": "the records that call themselves so"}]
    if "severity_number" in scope.schema.names:
        (row,) = _rows(scope, "count(severity_number >= 17) as n")
        if row["n"]:
            return [{"select": "severity_number >= 17", "why": "log records of ERROR and worse"}]
    return []


def _newest(scope: Scope) -> list[dict[str, str]]:
    names = scope.schema.names
    field = next((name for name in _NEWCOMERS if name in names), None)
    if field is None or "timestamp" not in names:
        return []
    there = format_condition([{"field": field, "op": "between", "low": None, "high": None}])
    rows = _rows(scope, "min(timestamp) as first", by=field, order="first desc", limit=2, where=there)
    if len(rows) < 2:  # the only one there is sets nothing apart
        return []
    condition = format_condition([{"field": field, "op": "=", "value": rows[0][field]}])
    return [{"select": condition, "why": f"the newest {field}"}]


def _units(scope: Scope, calculations: list[str]) -> dict[str, Any]:
    """Calculate over units of work, or over all events where there are none."""
    condition, _ = scope.units()
    (row,) = _rows(scope, *calculations, where=condition)
    return row


def _rows(scope: Scope, *calculations: str, **options: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = query(scope, *calculations, **options).to_arrow().to_pylist()
    return found
