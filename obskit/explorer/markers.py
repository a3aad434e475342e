"""What is marked over time: deployments, and the newest stretch of which slow work may still be missing."""

from __future__ import annotations

from typing import Any

import numpy as np

from obskit.explorer.brush import micros
from obskit.stats.buckets import quantile

# Slow work arrives last: the newest minute, or longer where one in a thousand events takes longer.
INCOMPLETE_SECONDS = 60.0
INCOMPLETE_QUANTILE = 0.999
MOST_MARKERS = 12
MOST_READ = 1000
MOST_TEXT = 80
DEPLOYMENT = "deployment"
# when (microseconds), whose, and what it says of itself
Deployment = tuple[float, str, str]


def incomplete_from(events: Any, high: float) -> float | None:
    """Return where the newest stretch begins (microseconds, whole seconds), None where that is beyond `high`.

    Cost: a look at the totals of `duration_ms`, which are cached.
    """
    newest = events.scope.newest
    if newest is None:
        return None
    seconds = INCOMPLETE_SECONDS
    if "duration_ms" in events.scope.schema.names:
        codes = events.scope.codes("duration_ms")
        if codes.bucket is not None:
            weight = np.asarray(codes.totals["all"].w)[1:]
            longest = quantile(np.asarray(codes.bucket), weight, INCOMPLETE_QUANTILE)
            if np.isfinite(longest):
                seconds = max(seconds, longest / 1000)
    begin = (micros(newest) - seconds * 1e6) // 1e6 * 1e6
    return begin if begin < high else None


def markers(events: Any, low: float, high: float) -> list[dict[str, Any]]:
    """Return the deployments in sight, {at (microseconds), label, title}, in order; close ones are joined.

    They are the events named "deployment"; where there are none, the first event of every version of a
    service that was not there from the start. Narrowing the events moves no deployment.
    """
    found = _named(events) or _first_seen(events, high)
    return _joined(sorted(pair for pair in found if low <= pair[0] <= high), (high - low) / 60)


def _named(events: Any) -> list[Deployment]:
    scope = events.scope
    known = scope.dataset.schema.names
    if "name" not in known:
        return []
    shown = [name for name in ("body", "service.name", "service.version") if name in known]
    table = scope.engine.table()
    kept = table.filter(table["name"] == DEPLOYMENT).select("timestamp", *shown).limit(MOST_READ)
    rows = [row for row in scope.run(lambda _: kept).table.to_pylist() if row["timestamp"] is not None]
    return [_deployment(row["timestamp"], row) for row in rows]


def _deployment(at: Any, row: dict[str, Any]) -> Deployment:
    """Return when, whose it is, and what it says of itself."""
    named = [str(row[name]) for name in ("service.name", "service.version") if row.get(name) is not None]
    label = " ".join(named) or DEPLOYMENT
    return micros(at), label, str(row.get("body") or label)[:MOST_TEXT]


def _first_seen(events: Any, high: float) -> list[Deployment]:
    scope = events.scope
    by = [name for name in ("service.name", "service.version") if name in scope.dataset.schema.names]
    if "service.version" not in by:
        return []
    table = scope.engine.table()
    answer = scope.run(lambda _: table.group_by(by).agg(first_seen=table["timestamp"].min()))
    rows = [row for row in answer.table.to_pylist() if row["first_seen"] is not None]
    begin = min((micros(row["first_seen"]) for row in rows), default=0.0)
    # A version seen in the first hundredth was there already, as far as these events tell.
    after = begin + (high - begin) / 100
    found = [_deployment(row["first_seen"], row) for row in rows if row["service.version"] is not None]
    return [deployment for deployment in found if deployment[0] > after]


def _joined(found: list[Deployment], near: float) -> list[dict[str, Any]]:
    """Join deployments that would lie on one another."""
    groups: list[tuple[float, list[str], list[str]]] = []
    for at, label, title in found:
        if not groups or at - groups[-1][0] >= near:
            groups.append((at, [], []))
        _, labels, titles = groups[-1]
        if label not in labels:
            labels.append(label)
        titles.append(title)
    return [
        {
            "at": at,
            "label": ", ".join(labels[:2]) + (f" and {len(labels) - 2} more" if len(labels) > 2 else ""),
            "title": "; ".join(titles[:MOST_MARKERS]),
        }
        for at, labels, titles in groups[:MOST_MARKERS]
    ]
