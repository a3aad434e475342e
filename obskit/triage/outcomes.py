"""Suggest outcomes to explain, for users who have not chosen one."""

from __future__ import annotations

from typing import Any

from obskit.engine import Scope, format_condition
from obskit.query import query

MOST = 3
# Fields that a deployment changes; the first that exists is used.
_VERSION_FIELDS = ("service.version", "deployment.id", "container.image.tag")
# Fields that hold the severity of log records, and the values that mean an error.
_SEVERITY_FIELDS = ("severity_text", "level", "severity", "log.level", "levelname", "loglevel")
_ERROR_WORDS = frozenset(
    {"error", "err", "fatal", "critical", "crit", "alert", "emergency", "panic", "severe"}
)


def outcomes(scope: Scope) -> list[dict[str, str]]:
    """Suggest up to three outcomes: errors (or log records that are errors), slow events, a new version.

    Args:
        scope: the events, such as `events.scope`.

    Returns:
        Dicts with `select`, a condition for `explain`, and `why`, the reason. The first is `error` if and
        only if events are marked as errors. Empty if there is nothing to suggest.
    """
    names = set(scope.schema.names)
    wanted = {"failed": "share(error) as failed", "slow": "p95(duration_ms) as slow"}
    calculations = [
        wanted[key] for key, field in (("failed", "error"), ("slow", "duration_ms")) if field in names
    ]
    found = _calculate_over_units(scope, calculations) if calculations else {}
    out: list[dict[str, str]] = []
    if found.get("failed"):
        out.append({"select": "error", "why": f"{found['failed']:.2%} of the events failed"})
    else:
        out += severity_outcomes(scope)
    if found.get("slow"):
        slow = float(f"{found['slow']:.2g}")
        out.append({"select": f"duration_ms > {slow:g}", "why": "the slowest 5%"})
    return [*out, *_newest_version(scope)][:MOST]


def severity_outcomes(scope: Scope) -> list[dict[str, str]]:
    """Return the outcome of log records with an error severity, in a list; empty if there is none."""
    for field in (name for name in _SEVERITY_FIELDS if name in scope.schema.names):
        rows = _query_rows(scope, "count() as n", by=field, order="n desc", limit=50)
        values = [
            row[field] for row in rows if isinstance(row[field], str) and row[field].lower() in _ERROR_WORDS
        ]
        if values:
            item = {"field": field, "op": "=", "value": values[0]}
            if len(values) > 1:
                item = {"field": field, "op": "in", "values": sorted(values)}
            return [{"select": format_condition([item]), "why": "log records of this severity"}]
    if "severity_number" in scope.schema.names:
        (row,) = _query_rows(scope, "count(severity_number >= 17) as n")
        if row["n"]:
            return [{"select": "severity_number >= 17", "why": "log records of severity ERROR or above"}]
    return []


def _newest_version(scope: Scope) -> list[dict[str, str]]:
    names = scope.schema.names
    field = next((name for name in _VERSION_FIELDS if name in names), None)
    if field is None or "timestamp" not in names:
        return []
    there = format_condition([{"field": field, "op": "between", "low": None, "high": None}])
    rows = _query_rows(scope, "min(timestamp) as first", by=field, order="first desc", limit=2, where=there)
    if len(rows) < 2:  # the only version has nothing to be compared with
        return []
    condition = format_condition([{"field": field, "op": "=", "value": rows[0][field]}])
    return [{"select": condition, "why": f"the newest {field}"}]


def _calculate_over_units(scope: Scope, calculations: list[str]) -> dict[str, Any]:
    """Calculate over units of work, or over all events if none is one."""
    condition, _ = scope.units()
    (row,) = _query_rows(scope, *calculations, where=condition)
    return row


def _query_rows(scope: Scope, *calculations: str, **options: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = query(scope, *calculations, **options).to_arrow().to_pylist()
    return found
