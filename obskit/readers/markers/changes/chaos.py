"""Chaos experiments of Chaos Mesh and Litmus: a window, by one marker at its start and one at its end.

    spec:    {"action": "pod-kill", "duration": "30s"}
    status:  {"experiment": {"containerRecords": [{"events": [{"operation": "Apply", "timestamp": ...}]}]}}

The marker of the start says when the experiment ended, or is to end, in `chaos.end`.
Source: the types of chaos-mesh.org/v1alpha1 and litmuschaos.io/v1alpha1.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from obskit.names.markers import EXPERIMENT
from obskit.readers.markers.rows import Row, get, iso_time, listed, text

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(h|ms|m|s)")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


def chaos_mesh(item: dict[str, Any]) -> list[Row] | None:
    """Return the markers of an experiment of Chaos Mesh; None for anything else."""
    kind = text(item, "kind") or ""
    if not str(item.get("apiVersion", "")).startswith("chaos-mesh.org/") or not kind.endswith("Chaos"):
        return None
    events = [
        event
        for record in listed(item, "status", "experiment", "containerRecords")
        for event in listed(record, "events")
        if text(event, "timestamp") and event.get("type", "Succeeded") == "Succeeded"
    ]
    applied = sorted(str(text(event, "timestamp")) for event in events if event.get("operation") == "Apply")
    recovered = sorted(
        str(text(event, "timestamp")) for event in events if event.get("operation") == "Recover"
    )
    begun = applied[0] if applied else text(item, "metadata", "creationTimestamp")
    over = get(item, "status", "experiment", "desiredPhase") == "Stop" and recovered
    ended = recovered[-1] if over else _later(begun, text(item, "spec", "duration"))
    names = get(item, "spec", "selector", "labelSelectors")
    return _window(
        begun,
        ended,
        {
            "service.name": text(names, "app.kubernetes.io/name") or text(names, "app"),
            "chaos.tool": "chaos-mesh",
            "chaos.experiment": text(item, "metadata", "name"),
            "chaos.kind": kind,
            "chaos.action": text(item, "spec", "action"),
            "chaos.mode": text(item, "spec", "mode"),
            "k8s.namespace.name": text(item, "metadata", "namespace"),
        },
    )


def litmus(item: dict[str, Any]) -> list[Row] | None:
    """Return the markers of a ChaosEngine or a ChaosResult of Litmus; None for anything else."""
    kind, state = text(item, "kind"), item.get("status")
    if not str(item.get("apiVersion", "")).startswith("litmuschaos.io/"):
        return None
    if kind not in ("ChaosEngine", "ChaosResult") or not text(item, "metadata", "name"):
        return None
    begun = text(item, "metadata", "creationTimestamp")
    shared = {
        "chaos.tool": "litmus",
        "chaos.kind": kind,
        "k8s.namespace.name": text(item, "metadata", "namespace"),
    }
    if kind == "ChaosEngine":
        rows: list[Row] = []
        service = (text(item, "spec", "appinfo", "applabel") or "").partition("=")[2] or None
        for one in listed(state, "experiments"):
            fields = {"chaos.experiment": text(one, "name"), "chaos.verdict": text(one, "verdict")}
            done = text(one, "status") == "Completed"
            rows += _window(
                begun,
                text(one, "lastUpdateTime") if done else None,
                {"service.name": service, **shared, **fields},
            )
        return rows
    fields = {
        "chaos.experiment": text(item, "spec", "experiment"),
        "chaos.engine": text(item, "spec", "engine"),
        "chaos.verdict": text(state, "experimentStatus", "verdict"),
        "chaos.phase": text(state, "experimentStatus", "phase"),
        "chaos.probe_success_percentage": text(state, "experimentStatus", "probeSuccessPercentage"),
    }
    return _window(begun, text(state, "experimentStatus", "endTime"), {**shared, **fields})


def _window(begun: str | None, ended: str | None, fields: Row) -> list[Row]:
    name = fields.get("chaos.experiment")
    rows = [(begun, "started", {"chaos.end": ended})]
    if ended is not None:
        rows.append((ended, "ended", {"chaos.start": begun}))
    shared = {"name": EXPERIMENT, "kind": "event", "body": name, **fields}
    made = [
        {"timestamp": iso_time(at), "chaos.status": status, **shared, **more} for at, status, more in rows
    ]
    return [{key: value for key, value in row.items() if value is not None} for row in made]


def _later(begun: str | None, duration: str | None) -> str | None:
    """Return the time so much later, in ISO 8601; None if either is not given or not valid."""
    if begun is None or duration is None or _DURATION.sub("", duration):
        return None
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in _DURATION.findall(duration))
    try:
        end = datetime.fromisoformat(begun) + timedelta(seconds=seconds)
    except (ValueError, OverflowError):
        return None
    return end.isoformat().replace("+00:00", "Z")
