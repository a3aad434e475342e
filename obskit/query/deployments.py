"""When something was deployed: one answer for triage and for the markers of the Explorer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import ibis.expr.types as ir

from obskit.engine import Scope
from obskit.text import safe

MARKER = "deployment"  # the name of the events that record a deployment
VERSIONS = ("service.version", "deployment.id")
STATUS = "deployment.status"
# Statuses of deployments that changed nothing.
NOT_DEPLOYED = ("inactive", "canceled", "cancelled", "removed", "skipped")
FEWEST_ROWS = 5  # of a version; with fewer it is not taken for a deployment
MOST_READ = 1000
_EDGE = 0.01  # share of the time span; versions seen in it were there from the start


@dataclass(frozen=True)
class Deployment:
    """A deployment.

    Attributes:
        at: when it happened.
        service: the service; None if it is not known.
        version: the version or deployment id; None if it is not known.
        title: the description that was recorded with it, if any.
    """

    at: datetime
    service: str | None
    version: str | None
    title: str | None = None

    def __str__(self) -> str:
        return safe(" ".join(part for part in (self.service, self.version) if part)) or MARKER


def deployments(scope: Scope) -> list[Deployment]:
    """Return the deployments that the dataset shows, in order of time.

    They are the events named "deployment", one per step of a rollout, except those whose status says that
    nothing was deployed. If there are none, they are the first events of every version (or deployment id)
    that was not there from the start.

    Args:
        scope: any scope of the dataset; its condition does not matter.

    Returns:
        The deployments; empty if the events have no time or no version.
    """
    everything = Scope(scope.dataset, scope.engine)
    if "timestamp" not in everything.schema.names:
        return []
    found = _recorded_deployments(everything) or _first_events_of_versions(everything)
    return sorted(found, key=lambda d: (d.at, d.service or "", d.version or ""))


def first_steps(found: Iterable[Deployment]) -> list[Deployment]:
    """Return the first step of each rollout: the first deployment of each version of each service."""
    begun: dict[tuple[str | None, str | None, datetime | None], Deployment] = {}
    for deployment in found:
        # without a version, each is a rollout of its own
        own = deployment.at if deployment.version is None else None
        begun.setdefault((deployment.service, deployment.version, own), deployment)
    return list(begun.values())


def _recorded_deployments(everything: Scope) -> list[Deployment]:
    names = everything.schema.names
    if "name" not in names:
        return []
    shown = [name for name in ("body", "service.name", *VERSIONS) if name in names]

    def build(table: ir.Table) -> ir.Table:
        wanted = (table["name"] == MARKER) & table["timestamp"].notnull()
        if STATUS in names:
            wanted &= table[STATUS].isnull() | table[STATUS].notin(NOT_DEPLOYED)
        return table.filter(wanted).select("timestamp", *shown).order_by("timestamp").limit(MOST_READ)

    return [_deployment_of(row, row["timestamp"]) for row in everything.run(build).table.to_pylist()]


def _first_events_of_versions(everything: Scope) -> list[Deployment]:
    names = everything.schema.names
    first, last = everything.dataset.span
    mark = next((name for name in VERSIONS if name in names), None)
    if mark is None or first is None or last is None:
        return []
    keys = [name for name in ("service.name", mark) if name in names]

    def build(table: ir.Table) -> ir.Table:
        marked = table.filter(table[mark].notnull() & table["timestamp"].notnull())
        return marked.group_by(keys).aggregate(begin=marked["timestamp"].min(), rows=marked.count())

    rows = everything.run(build).table.to_pylist()
    begun: dict[Any, datetime] = {}
    for row in rows:
        service = row.get("service.name")
        begun[service] = min(begun.get(service, row["begin"]), row["begin"])
    edge = first + (last - first) * _EDGE
    return [
        _deployment_of(row, row["begin"])
        for row in rows
        if row["rows"] >= FEWEST_ROWS and row["begin"] > max(edge, begun[row.get("service.name")])
    ]


def _deployment_of(row: dict[str, Any], at: datetime) -> Deployment:
    version = next((row[name] for name in VERSIONS if row.get(name) is not None), None)
    service, title = row.get("service.name"), row.get("body")
    return Deployment(
        at,
        None if service is None else str(service),
        None if version is None else str(version),
        None if title is None else str(title),
    )
