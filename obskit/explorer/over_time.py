"""The lines over time above the picture: rate, errors and percentiles, or one line for each group."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from obskit.explorer import calls
from obskit.explorer.brush import micros
from obskit.explorer.calls import Call
from obskit.explorer.panels.answer import text
from obskit.explorer.state import InvestigationState

POINTS = 120
_STEPS = (
    "10ms", "20ms", "50ms", "100ms", "200ms", "500ms", "1s", "2s", "5s", "10s", "15s", "30s", "1m", "2m",
    "5m", "10m", "15m", "30m", "1h", "2h", "3h", "6h", "12h", "1d", "2d", "7d", "14d", "28d",
)  # fmt: skip
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def has_time(events: Any, state: InvestigationState) -> bool:
    """Return whether there is a line over time: events have a time, and it is drawn to the right."""
    return state.x.field == "timestamp" and "timestamp" in events.scope.schema.names


def span_of(events: Any) -> tuple[float, float] | None:
    """Return the first and the last time of events in microseconds; None without any."""
    _, first, last = events.scope.extent
    return None if first is None else (micros(first), micros(last))


def step_of(low: float, high: float, points: int = POINTS) -> tuple[str, float]:
    """Return the shortest round interval that makes at most so many points.

    Args:
        low: the first time that is covered, in microseconds.
        high: the last one.
        points: the most intervals.
    Returns:
        The interval as `query(every=)` takes it, and in microseconds.
    """
    for step in _STEPS:
        length = 1e6 * _length(step)
        if (high - low) / length <= points:
            return step, length
    days = int((high - low) / 86400e6 / points) + 1
    return f"{days}d", days * 86400e6


def strip(
    events: Any, state: InvestigationState, units: str | None
) -> tuple[dict[str, Any], tuple[Call, ...]]:
    """Return the lines over time for the page, and the calls that were run.

    Args:
        events: the events, narrowed by the conditions of the state.
        state: what is shown; with a `group`, there is one line for each of its largest groups.
        units: condition of the events that are drawn; None if all are.
    Returns:
        {"start", "step" (microseconds), "lines" of {key, title, unit, series of {name, values}}}; {} without
        times. A value is None where there are no events.
    """
    span = span_of(events) if has_time(events, state) else None
    if span is None:
        return {}, ()
    every, length = step_of(*span)
    has_errors = "error" in events.scope.schema.names
    call = calls.strip(state, every, has_errors)
    rows = call.run(events, units).to_arrow().to_pylist()
    if not rows:
        return {}, ()
    start = _at(rows[0]["timestamp"])
    out: dict[str, Any] = {"start": start, "step": length, "every": every, "lines": _own(rows, state)}
    if state.group is None or state.tab != "group":
        return out, (call,)
    grouped = calls.lines(state, every)
    out["lines"] += _by_group(
        grouped.run(events, units).to_arrow().to_pylist(), state, start, length, len(rows)
    )
    return out, (call, grouped)


def _own(rows: list[dict[str, Any]], state: InvestigationState) -> list[dict[str, Any]]:
    unit = "ms" if state.y.field == "duration_ms" else ""

    def line(key: str, title: str, unit: str, *columns: str) -> dict[str, Any]:
        series = [{"name": name, "values": [row[name] for row in rows]} for name in columns]
        return {"key": key, "title": title, "unit": unit, "series": series}

    out = [line("rate", "rate", "/s", "rate")]
    if "errors" in rows[0]:
        out.append(line("errors", "errors", "%", "errors"))
    if "p50" in rows[0]:
        out.append(line("latency", f"p50 and p99 of {state.y.field}", unit, "p50", "p99"))
    return out


def _by_group(
    rows: list[dict[str, Any]], state: InvestigationState, start: float, length: float, points: int
) -> list[dict[str, Any]]:
    """Return one line for each group, for its count and for its p99."""
    columns = [name for name in ("events", "p99") if rows and name in rows[0]]
    found: dict[str, dict[str, list[Any]]] = {}
    for row in rows:
        at = round((_at(row["timestamp"]) - start) / length)
        values = found.setdefault(
            text(row[str(state.group)], 40), {name: [None] * points for name in columns}
        )
        if 0 <= at < points:
            for name in columns:
                values[name][at] = row[name]
    unit = "ms" if state.y.field == "duration_ms" else ""
    titles = {"events": (f"events by {state.group}", ""), "p99": (f"p99 by {state.group}", unit)}
    return [
        {
            "key": f"group-{name}",
            "title": titles[name][0],
            "unit": titles[name][1],
            "series": [{"name": group, "values": values[name]} for group, values in found.items()],
        }
        for name in columns
    ]


def _at(value: datetime) -> float:
    return micros(value)


def _length(step: str) -> float:
    digits = step.rstrip("msdh")
    return float(digits) * _SECONDS[step[len(digits) :]]
