"""Incidents of PagerDuty: the REST API's list, and webhooks of version 3.

An incident is one marker when it was created, and one when it was resolved.
Source: PagerDuty's developer documentation ("Incidents", "Webhooks Overview").
"""

from __future__ import annotations

from typing import Any

from obskit.readers.markers.rows import Row, get, incident, number, text

_STATUSES = ("triggered", "acknowledged", "resolved")
_EVENTS = {"triggered": "open", "reopened": "open", "resolved": "resolved"}


def pagerduty(item: dict[str, Any]) -> list[Row] | None:
    """Return the markers of an incident, listed or sent; None for anything else."""
    sent = item.get("event")
    if type(sent) is dict and text(sent, "event_type") and "event_type" not in item:
        item = sent
    event, data = text(item, "event_type"), item.get("data")
    if event is not None and event.startswith("incident.") and type(data) is dict:
        word = event.removeprefix("incident.")
        return [incident(item.get("occurred_at"), _EVENTS.get(word, word), **_fields(data))]
    if text(item, "status") not in _STATUSES or not text(item, "service", "summary"):
        return None
    if number(item, "incident_number") is None or not text(item, "created_at"):
        return None
    rows = [incident(item["created_at"], "open", **_fields(item))]
    if text(item, "status") == "resolved":
        ended = text(item, "resolved_at") or text(item, "last_status_change_at")
        rows.append(incident(ended, "resolved", **_fields(item)))
    return rows


def _fields(item: dict[str, Any]) -> Row:
    return {
        "incident": text(item, "incident_number") or text(item, "number") or text(item, "id"),
        "title": text(item, "title") or text(item, "summary"),
        "severity": text(item, "priority", "summary") or text(item, "urgency"),
        "service": text(item, "service", "summary"),
        "url.full": text(item, "html_url"),
        "pagerduty.id": text(item, "id"),
        "pagerduty.urgency": text(item, "urgency") if get(item, "priority", "summary") else None,
    }
