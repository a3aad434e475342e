"""CDEvents and CloudEvents as markers.

CDEvents 0.1 to 0.5: `service.*` become deployments and `incident.*` incidents; any other event has its type,
without the version, as its name. CloudEvents 1.0 in structured JSON and batches have their type as the name,
unless they carry another known marker. Source: the specifications at cdevents.dev and cloudevents.io.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import orjson

from obskit.readers.markers.rows import Row, artifact, deployment, flattened, get, incident, iso_time, text

Rows = list[Row]
Recognise = Callable[[dict[str, Any]], Rows | None]

_TYPE = re.compile(r"dev\.cdevents\.(?P<subject>[a-z]+)\.(?P<predicate>[a-z]+)(?:\.(?P<version>\d.*))?")
_OWN = frozenset(
    {"specversion", "id", "source", "type", "subject", "time", "data", "data_base64", "datacontenttype"}
    | {"dataschema", "traceparent", "tracestate"}
)
_PARENT = re.compile(r"[0-9a-f]{2}-(?P<trace>[0-9a-f]{32})-(?P<span>[0-9a-f]{16})-[0-9a-f]{2}.*")
_DEPLOYED = frozenset({"deployed", "upgraded", "rolledback", "removed", "published"})
_INCIDENTS = {"detected": "open", "reported": "open", "resolved": "resolved"}


def cdevents(item: dict[str, Any]) -> Rows | None:
    """Return a CDEvent's marker; None for anything else."""
    context, subject = item.get("context"), item.get("subject")
    found = _TYPE.fullmatch(text(context, "type") or "")
    if found is None or type(subject) is not dict:
        return None
    content = get(subject, "content")
    own = {
        "cdevents.id": text(context, "id"),
        "cdevents.source": text(context, "source"),
        "cdevents.type": text(context, "type"),
        "cdevents.chain_id": text(context, "chainId"),
        "cdevents.subject.id": text(subject, "id"),
        **flattened("cdevents.custom", item.get("customData")),
    }
    time = get(context, "timestamp")
    name, version = artifact(text(content, "artifactId"))
    where = text(content, "environment", "name") or text(content, "environment", "id")
    if found["subject"] == "service" and found["predicate"] in _DEPLOYED:
        return [
            deployment(
                time,
                found["predicate"],
                id=text(context, "id"),
                service=_last(text(subject, "id")) or name,
                version=version,
                environment=where,
                run=text(content, "pipelineRun", "id"),
                **own,
            )
        ]
    if found["subject"] == "incident" and found["predicate"] in _INCIDENTS:
        return [
            incident(
                time,
                _INCIDENTS[found["predicate"]],
                incident=text(subject, "id"),
                title=text(content, "description") or text(subject, "id"),
                severity=text(item, "customData", "severity"),
                service=_last(text(content, "service", "id")) or name,
                version=version,
                environment=where,
                **{"cdevents.ticket_uri": text(content, "ticketURI"), **own},
            )
        ]
    row = {"timestamp": iso_time(time), "kind": "event", **own, **flattened("cdevents.content", content)}
    row["name"] = f"dev.cdevents.{found['subject']}.{found['predicate']}"
    return [{key: value for key, value in row.items() if value is not None}]


def _last(name: str | None) -> str | None:
    """Return a service's name without its prefix: `daemonset/shop` is `shop`."""
    return name.rpartition("/")[2] or name if name else None


def cloudevents(known: Recognise) -> Recognise:
    """Return a function that recognizes CloudEvents.

    Args:
        known: recognizes the markers that they carry as their data.

    Returns:
        A function that gives an event's rows, or None for an object that is not a CloudEvent.
    """

    def recognise(item: dict[str, Any]) -> Rows | None:
        needed = [text(item, name) for name in ("specversion", "type", "source", "id")]
        if any(value is None for value in needed) or not str(needed[0]).startswith(("1.", "0.3")):
            return None
        own: Row = {
            "cloudevents.event_spec_version": needed[0],
            "cloudevents.event_type": needed[1],
            "cloudevents.event_source": needed[2],
            "cloudevents.event_id": needed[3],
        }
        if (subject := text(item, "subject")) is not None:
            own["cloudevents.event_subject"] = subject
        for name, value in item.items():
            if name not in _OWN and type(value) in (str, int, float, bool):
                own[f"cloudevents.{name}"] = value
        own |= _context(item)
        if (time := iso_time(item.get("time"))) is not None:
            own["timestamp"] = time
        data = item.get("data")
        carried = known(data) if type(data) is dict else None
        if carried is not None:
            return [own | row for row in carried]
        row = {**own, "name": needed[1], "kind": "event"}
        if type(data) is dict or type(data) is list:
            row |= flattened("cloudevents.data", data)
        elif data is not None:
            row["body"] = data if type(data) is str else orjson.dumps(data, default=str).decode()
        if (raw := text(item, "data_base64")) is not None:
            row["cloudevents.data_base64"] = raw
        return [row]

    return recognise


def _context(item: dict[str, Any]) -> Row:
    found = _PARENT.fullmatch((text(item, "traceparent") or "").lower())
    return {"trace_id": found["trace"], "parent_span_id": found["span"]} if found else {}
