"""When something was deployed: one answer for triage and for the marks of the Explorer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import ibis.expr.types as ir

from obskit.engine import Scope

MARKER = "deployment"  # the name of events that say so themselves
VERSIONS = ("service.version", "deployment.id")
STATUS = "deployment.status"
NOTHING = ("inactive", "canceled", "cancelled", "removed", "skipped")  # statuses that put nothing in place
FEW = 5  # rows of a version below this are no deployment
MOST_READ = 1000
_EDGE = 0.01  # of the span: what is seen in it was there before


@dataclass(frozen=True)
class Deployment:
    """A deployment of a service (None where that is not known) and what it says of itself."""

    at: datetime
    service: str | None
    version: str | None
    title: str | None = None

    def __str__(self) -> str:
        return " ".join(part for part in (self.service, self.version) if part) or MARKER


def deployments(scope: Scope) -> list[Deployment]:
    """Return the deployments visible in the dataset, by time; narrowing the events moves none.

    They are the events named "deployment", each step of a rollout one, but for those whose status says that
    nothing was put in place; where there are none, the first event of every version (else deployment id) of
    a service that was not there from the start.
    """
    whole = Scope(scope.dataset, scope.engine)
    if "timestamp" not in whole.schema.names:
        return []
    found = _named(whole) or _first_seen(whole)
    return sorted(found, key=lambda d: (d.at, d.service or "", d.version or ""))


def first_steps(found: Iterable[Deployment]) -> list[Deployment]:
    """Return where each version of each service began: a rollout in steps is one deployment."""
    begun: dict[tuple[str | None, str | None, datetime | None], Deployment] = {}
    for deployment in found:
        # two that do not say of what are two
        own = deployment.at if deployment.version is None else None
        begun.setdefault((deployment.service, deployment.version, own), deployment)
    return list(begun.values())


def _named(whole: Scope) -> list[Deployment]:
    names = whole.schema.names
    if "name" not in names:
        return []
    shown = [name for name in ("body", "service.name", *VERSIONS) if name in names]

    def build(table: ir.Table) -> ir.Table:
        wanted = (table["name"] == MARKER) & table["timestamp"].notnull()
        if STATUS in names:
            wanted &= table[STATUS].isnull() | table[STATUS].notin(NOTHING)
        return table.filter(wanted).select("timestamp", *shown).order_by("timestamp").limit(MOST_READ)

    return [_of(row, row["timestamp"]) for row in whole.run(build).table.to_pylist()]


def _first_seen(whole: Scope) -> list[Deployment]:
    names = whole.schema.names
    first, last = whole.dataset.span
    mark = next((name for name in VERSIONS if name in names), None)
    if mark is None or first is None or last is None:
        return []
    keys = [name for name in ("service.name", mark) if name in names]

    def build(table: ir.Table) -> ir.Table:
        marked = table.filter(table[mark].notnull() & table["timestamp"].notnull())
        return marked.group_by(keys).aggregate(begin=marked["timestamp"].min(), rows=marked.count())

    rows = whole.run(build).table.to_pylist()
    begun: dict[Any, datetime] = {}
    for row in rows:
        service = row.get("service.name")
        begun[service] = min(begun.get(service, row["begin"]), row["begin"])
    edge = first + (last - first) * _EDGE
    return [
        _of(row, row["begin"])
        for row in rows
        if row["rows"] >= FEW and row["begin"] > max(edge, begun[row.get("service.name")])
    ]


def _of(row: dict[str, Any], at: datetime) -> Deployment:
    version = next((row[name] for name in VERSIONS if row.get(name) is not None), None)
    service, title = row.get("service.name"), row.get("body")
    return Deployment(
        at,
        None if service is None else str(service),
        None if version is None else str(version),
        None if title is None else str(title),
    )
