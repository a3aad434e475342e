"""The tab of traces: a few events of the selection and of the baseline, whose traces can be opened."""

from __future__ import annotations

from typing import Any

from obskit.display import formatting
from obskit.explorer import calls
from obskit.explorer.brush import micros
from obskit.explorer.panels.answer import Panel, note, text
from obskit.explorer.state import InvestigationState

_TITLES = {"selected_examples": "Selection", "baseline_examples": "Baseline"}
_NAMES = ("service.name", "http.route", "name")


def answer(events: Any, state: InvestigationState, units: str | None) -> Panel:
    """Return examples of both sides; without a box, of all events that are drawn.

    Args:
        events: the events, narrowed by the conditions of the state.
        state: what is shown.
        units: condition of the events that are drawn; None if all are.
    Returns:
        Panel; `view` has `sides` of {kind, title, rows} and `notes`.
    """
    if "trace_id" not in events.scope.schema.names:
        return note("traces", "These events have no trace ids, so there is no trace to open.")
    asked = calls.examples(state)
    link = getattr(events, "trace_link", lambda _: None)
    sides = []
    for call in asked:
        rows = [
            _row(row, link) for row in call.run(events, units).to_arrow().to_pylist() if row.get("trace_id")
        ]
        kind = "selected" if call.name.startswith("selected") else "baseline"
        title = _TITLES[call.name] if state.selection else "Events"
        sides.append({"kind": kind, "title": title, "rows": rows})
    if not any(side["rows"] for side in sides):
        return note("traces", "None of these events belongs to a trace.")
    notes = ["drawn at random, the same ones each time"]
    return Panel({"tab": "traces", "sides": sides, "notes": notes}, (), tuple(asked))


def _name(row: dict[str, Any]) -> str:
    """Return the service, the route and the name; not the route if it is part of the name ("POST /book")."""
    service, route, name = (str(row.get(field) or "") for field in _NAMES)
    parts = (service, "" if route in name.split() else route, name)
    return " ".join(dict.fromkeys(text(part, 60) for part in parts if part))


def _row(row: dict[str, Any], link: Any) -> dict[str, Any]:
    trace = str(row["trace_id"])
    duration = row.get("duration_ms")
    return {
        "trace": trace,
        "url": link(trace),
        "at": None if row.get("timestamp") is None else micros(row["timestamp"]),
        "name": _name(row),
        "duration": "" if duration is None else formatting.duration(duration),
        "error": bool(row.get("error")),
    }
