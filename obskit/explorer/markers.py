"""Marks over time: changes, incidents, and the newest stretch, whose slow events may not have arrived yet."""

from __future__ import annotations

from typing import Any

import numpy as np

from obskit.engine import Scope
from obskit.explorer.brush import micros
from obskit.query import query
from obskit.query.deployments import changes, notices
from obskit.stats.buckets import quantile

# Slow events arrive last. The stretch is a minute, or longer where one in a thousand events takes longer.
INCOMPLETE_SECONDS = 60.0
INCOMPLETE_QUANTILE = 0.999
INCOMPLETE = "explorer.longest"
MOST_MARKERS = 12
MOST_TEXT = 80


def incomplete_from(events: Any, high: float) -> float | None:
    """Return where the newest stretch begins, whose slow events may not have arrived yet.

    Args:
        events: the events.
        high: the end of the time shown, in microseconds.
    Returns:
        Microseconds since 1970, in whole seconds; None if that is beyond `high`, or no event has a time.
    Cost: reads the totals of `duration_ms`, which are cached.
    """
    newest = events.scope.newest
    if newest is None:
        return None
    seconds = INCOMPLETE_SECONDS
    dataset = events.scope.dataset
    if not dataset.local and "duration_ms" in dataset.schema.names:
        if INCOMPLETE not in dataset.kept:
            found = query(Scope(dataset, events.scope.engine, sampled=True), "p999(duration_ms) as longest")
            dataset.kept[INCOMPLETE] = found.table.column("longest")[0].as_py() or 0.0
        seconds = max(seconds, dataset.kept[INCOMPLETE] / 1000)
    elif "duration_ms" in events.scope.schema.names:
        codes = events.scope.codes("duration_ms")
        if codes.bucket is not None:
            weight = np.asarray(codes.totals["all"].w)[1:]
            longest = quantile(np.asarray(codes.bucket), weight, INCOMPLETE_QUANTILE)
            if np.isfinite(longest):
                seconds = max(seconds, longest / 1000)
    begin = (micros(newest) - seconds * 1e6) // 1e6 * 1e6
    return begin if begin < high else None


def markers(events: Any, low: float, high: float) -> list[dict[str, Any]]:
    """Return the changes in a window of time, as triage shows them, and incidents, analyses and scans.

    Args:
        events: the events; narrowing them doesn't move a marker.
        low: the start of the window, in microseconds.
        high: its end.
    Returns:
        {"at" (microseconds), "label", "title"} in order of time; markers close together are joined.
    """
    found = [
        (micros(deployment.at), str(deployment), (deployment.title or str(deployment))[:MOST_TEXT])
        for deployment in (*changes(events.scope), *notices(events.scope))
    ]
    return _joined(sorted(mark for mark in found if low <= mark[0] <= high), (high - low) / 60)


def _joined(found: list[tuple[float, str, str]], near: float) -> list[dict[str, Any]]:
    """Join deployments whose labels would overlap."""
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
