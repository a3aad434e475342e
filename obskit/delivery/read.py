"""From markers to records: the steps of a deployment are one deployment, those of an incident one incident.

10:00  book  2.4.0  started     ┐
10:05  book  2.4.0  progressing ├ one deployment of book, complete at 10:30
10:30  book  2.4.0  succeeded   ┘
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import ibis.expr.types as ir

from obskit.delivery.records import Deployment, Incident
from obskit.engine import Condition, Scope
from obskit.errors import LimitExceeded
from obskit.names.markers import DEPLOYMENT, INCIDENT, TAG
from obskit.query.deployments import NOT_DEPLOYED

MOST_MARKERS = 1_000_000
FINAL = ("succeeded", "rolled_back", "failed")
_FIELDS = (
    *("timestamp", "name", "body", "service.name", "service.version", "deployment.environment.name"),
    *("deployment.id", "deployment.name", "deployment.status", "deployment.unplanned"),
    *("vcs.ref.head.name", "vcs.ref.head.revision", "vcs.repository.name"),
    *("cicd.pipeline.run.id", "cicd.pipeline.result", "cicd.pipeline.run.started_at"),
    *("obskit.incident.id", "obskit.incident.title", "obskit.incident.status"),
)

Row = dict[str, Any]


@dataclass(frozen=True)
class Markers:
    """The markers of a dataset, as rows in order of time.

    Attributes:
        deployments: rows that are steps of deployments.
        incidents: rows of incidents.
        tags: rows of git's tags.
        sql: the statement that read them.
    """

    deployments: list[Row]
    incidents: list[Row]
    tags: list[Row]
    sql: str = ""


def read_markers(scope: Scope, group_field: str | None, deployed: Condition | None) -> Markers:
    """Read the markers of a scope.

    Args:
        scope: the events; its condition applies.
        group_field: a further field to read; None for none.
        deployed: which events are deployments; None for those named "deployment".

    Returns:
        The markers.

    Raises:
        LimitExceeded: there are more than a million.

    Cost: one statement.
    """
    names = scope.schema.names
    if "timestamp" not in names or "name" not in names:
        return Markers([], [], [])
    shown = [
        name for name in dict.fromkeys((*_FIELDS, *([group_field] if group_field else []))) if name in names
    ]

    def build(table: ir.Table) -> ir.Table:
        recorded = (table["name"] == DEPLOYMENT) if deployed is None else deployed.to_ibis(table)
        is_deployment = recorded.fill_null(False)
        wanted = (is_deployment | table["name"].isin([INCIDENT, TAG])) & table["timestamp"].notnull()
        rows = table.mutate(**{"obskit.deployed": is_deployment}).filter(wanted)
        return rows.select("obskit.deployed", *shown).order_by("timestamp").limit(MOST_MARKERS + 1)

    answer = scope.run(build)
    if answer.table.num_rows > MOST_MARKERS:
        raise LimitExceeded(
            f"there are more than {MOST_MARKERS:,} markers", hint="narrow them by where() or between() first"
        )
    rows = answer.table.to_pylist()
    return Markers(
        [row for row in rows if row["obskit.deployed"]],
        [row for row in rows if row["name"] == INCIDENT and not row["obskit.deployed"]],
        [row for row in rows if row["name"] == TAG and not row["obskit.deployed"]],
        answer.sql,
    )


def deployments_of(rows: Iterable[Row], group_field: str | None) -> tuple[list[Deployment], int]:
    """Return the deployments that were completed, and the number of those that were not.

    Args:
        rows: steps of deployments, in order of time.
        group_field: the field whose value is the deployment's group; None for none.

    Returns:
        The deployments in order of their end; a deployment that failed to complete is only counted.
    """
    open_steps: dict[Any, list[Row]] = {}
    done: list[list[Row]] = []
    newest: dict[Any, Any] = {}
    for number, row in enumerate(rows):
        status = _status(row)
        if status in NOT_DEPLOYED:
            continue
        place = (_text(row, "service.name"), _text(row, "deployment.environment.name"))
        own = _identity(row)
        if own is None:
            key: Any = (*place, number)  # nothing connects it with another step
        else:
            key = (*place, own)
            named = _text(row, "deployment.id") or _text(row, "cicd.pipeline.run.id")
            # Without an id, a version that returns after another one is a new deployment.
            if named is None and newest.get(place, key) != key:
                done += [open_steps.pop(key)] if key in open_steps else []
            newest[place] = key
        steps = open_steps.setdefault(key, [])
        if steps and _is_over(steps) and status not in FINAL:
            done.append(steps)
            steps = open_steps[key] = []
        steps.append(row)
    found, unfinished = [], 0
    for steps in [*done, *open_steps.values()]:
        deployment = _deployment(steps, group_field)
        if deployment is None:
            unfinished += 1
        else:
            found.append(deployment)
    return sorted(found, key=lambda one: (one.end, one.begun, str(one.key), one.id or "")), unfinished


def _identity(row: Row) -> tuple[str, str] | None:
    """Return what connects the steps of one deployment: its id, else what it deployed."""
    names = ("deployment.id", "cicd.pipeline.run.id", "service.version", "vcs.ref.head.revision")
    return next(((name, value) for name in names if (value := _text(row, name)) is not None), None)


def _status(row: Row) -> str:
    return (_text(row, "deployment.status") or _text(row, "cicd.pipeline.result") or "succeeded").lower()


def _is_over(steps: Sequence[Row]) -> bool:
    return any(_status(step) in FINAL for step in steps)


def _deployment(steps: Sequence[Row], group_field: str | None) -> Deployment | None:
    over = [step for step in steps if _status(step) in ("succeeded", "rolled_back")]
    if not over:
        return None
    # The first report of the outcome is its end. A rollback after it is one of this deployment itself.
    end = next((step for step in over if _status(step) == "succeeded"), over[0])
    later = [step for step in over if _status(step) == "rolled_back" and step["timestamp"] > end["timestamp"]]
    begun = [step["timestamp"] for step in steps if _status(step) not in FINAL]
    begun = begun or [found for step in steps if (found := _started(step)) is not None]

    def known(name: str) -> str | None:
        return next((value for step in reversed(steps) if (value := _text(step, name)) is not None), None)

    return Deployment(
        service=known("service.name"),
        environment=known("deployment.environment.name"),
        end=end["timestamp"],
        id=known("deployment.id") or known("cicd.pipeline.run.id"),
        version=known("service.version"),
        revision=known("vcs.ref.head.revision"),
        start=min(begun) if begun else None,
        outcome=_status(end),
        label=" ".join(filter(None, map(known, ("deployment.name", "vcs.ref.head.name", "body")))),
        unplanned=any(step.get("deployment.unplanned") in (True, "true") for step in steps),
        group=known(group_field) if group_field else None,
        taken_back=later[0]["timestamp"] if later else None,
    )


def _started(step: Row) -> Any:
    from_run = step.get("cicd.pipeline.run.started_at")
    return from_run if hasattr(from_run, "tzinfo") else None


def tagged(rows: Iterable[Row], group_field: str | None) -> list[Deployment]:
    """Return tags as deployments, for a repository whose deployments nobody recorded.

    Args:
        rows: tags in order of time.
        group_field: the field whose value is the deployment's group; None for none.

    Returns:
        The deployments, with the method "tag".
    """
    return [
        Deployment(
            service=_text(row, "service.name") or _text(row, "vcs.repository.name"),
            environment=None,
            end=row["timestamp"],
            id=_text(row, "vcs.ref.head.name"),
            version=_text(row, "service.version"),
            revision=_text(row, "vcs.ref.head.revision"),
            label=_text(row, "vcs.ref.head.name") or "",
            group=_text(row, group_field) if group_field else None,
            method="tag",
        )
        for row in rows
    ]


def incidents_of(rows: Iterable[Row]) -> list[Incident]:
    """Return the incidents, each from its first marker to the one that resolved it.

    Args:
        rows: markers of incidents, in order of time.

    Returns:
        The incidents in order of time. Without a resolving marker an incident is open.
    """
    by_key: dict[Any, list[Row]] = {}
    found: list[Incident] = []
    for number, row in enumerate(rows):
        name = _text(row, "obskit.incident.id")
        title = _text(row, "obskit.incident.title")
        key: Any = ("id", name) if name else ("title", _text(row, "service.name"), title) if title else number
        steps = by_key.setdefault(key, [])
        # What is opened again after it was resolved is another incident.
        if steps and any(map(_is_resolved, steps)) and not _is_resolved(row):
            found.append(_incident(steps))
            steps = by_key[key] = []
        steps.append(row)
    found += [_incident(steps) for steps in by_key.values()]
    return sorted(found, key=lambda one: (one.opened, one.id or "", one.title or ""))


def _is_resolved(row: Row) -> bool:
    """Return whether a marker says that the service works again."""
    return (_text(row, "obskit.incident.status") or "").lower() in ("mitigated", "resolved", "closed", "done")


def _incident(steps: Sequence[Row]) -> Incident:
    ended = [step["timestamp"] for step in steps if _is_resolved(step)]

    def known(name: str) -> str | None:
        return next((value for step in steps if (value := _text(step, name)) is not None), None)

    return Incident(
        opened=steps[0]["timestamp"],
        resolved=min(ended) if ended else None,
        id=known("obskit.incident.id"),
        title=known("obskit.incident.title"),
        service=known("service.name"),
        deployment_id=known("deployment.id"),
        version=known("service.version"),
    )


def _text(row: Row, name: str) -> str | None:
    value = row.get(name)
    return None if value is None or value == "" else str(value)
