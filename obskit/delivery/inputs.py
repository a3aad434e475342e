"""What is measured: deployments, incidents and repositories, from whatever the caller gave."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from obskit.dataset import Dataset, Progress, convert, from_arrow
from obskit.delivery.read import deployments_of, incidents_of, read_markers, tagged
from obskit.delivery.records import Deployment, Incident
from obskit.engine import Scope
from obskit.errors import EmptySelection, InvalidArgument
from obskit.readers.markers.git.commits import Repository, read_repository
from obskit.text import pluralize

_PRODUCTION = re.compile(r"(?:prod|production|live)(?:\b.*|_.*|\d*)", re.IGNORECASE)


@dataclass
class Collected:
    """What was read, before it is measured."""

    deployments: list[Deployment]
    incidents: list[Incident]
    unfinished: int
    notes: list[str]
    sql: list[str]
    oldest: datetime | None
    newest: datetime | None


def scope_of(given: Any, progress: Progress | None) -> Scope:
    """Return the scope of events, of a table, or of files.

    Args:
        given: `Events`, a scope, a dataset, an Arrow table, a path or paths.
        progress: called while files are converted.

    Returns:
        The scope.

    Raises:
        InvalidArgument: it is of another type.
        NoSuchPath, ReadError: a file cannot be read.
    """
    scope = getattr(given, "scope", given)
    if isinstance(scope, Scope):
        return scope
    if isinstance(given, Dataset):
        return Scope.of(given)
    if isinstance(given, pa.Table):
        return Scope.of(from_arrow(given))
    if isinstance(given, (str, Path)) or (isinstance(given, Sequence) and given):
        return Scope.of(convert(given, progress=progress))
    raise InvalidArgument(
        f"markers must be events or paths, got {type(given).__name__}",
        hint="pass ok.load(...), or the paths of files with deployments",
    )


def repositories_of(git: str | Path | Mapping[Any, str | Path] | None) -> dict[str | None, Repository]:
    """Return the repository of each service, read once each; the key None is for all other services."""
    if git is None:
        return {}
    if isinstance(git, Mapping):
        read = {str(path): read_repository(path) for path in git.values()}
        return {service: read[str(path)] for service, path in git.items()}
    return {None: read_repository(git)}


def collect(
    scopes: Sequence[Scope],
    has_markers: bool,
    field: str | None,
    condition: str | None,
    repositories: Mapping[str | None, Repository],
) -> Collected:
    """Read the deployments and incidents of all inputs."""
    rows: list[dict[str, Any]] = []
    incident_rows: list[dict[str, Any]] = []
    tags: list[dict[str, Any]] = []
    sql, times = [], []
    for at, scope in enumerate(scopes):
        is_main = has_markers and at == 0
        deployed = scope.condition(condition) if condition is not None and is_main else None
        known = scope.resolve(field) if field and field != "service.name" and is_main else None
        found = read_markers(scope, known, deployed)
        incident_rows += found.incidents
        rows += found.deployments if is_main else []
        tags += found.tags
        sql.append(found.sql)
        times += [time for time in scope.dataset.span if time is not None]
    unfinished, notes = 0, []
    deployments, unfinished = deployments_of(rows, field)
    if not deployments and not rows:
        for service, repository in repositories.items():
            name = service or Path(repository.path).resolve().name
            tags += [{"vcs.repository.name": name, **row} for row in repository.tag_rows]
        deployments = sorted(tagged(_as_times(tags), field), key=lambda one: one.end)
        if deployments:
            notes.append(
                "warning: no deployment is recorded, so tags of git are taken as deployments; "
                "their time is when the tag was created"
            )
    times += [one.end for one in deployments]
    return Collected(
        deployments,
        incidents_of(sorted(incident_rows, key=lambda row: row["timestamp"])),
        unfinished,
        notes,
        sql,
        min(times, default=None),
        max(times, default=None),
    )


def _as_times(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rows of tags with their times parsed, once per tag."""
    found: dict[Any, dict[str, Any]] = {}
    for row in rows:
        at = row["timestamp"]
        time = datetime.fromisoformat(at) if isinstance(at, str) else at
        found.setdefault((row.get("vcs.ref.head.name"), time), {**row, "timestamp": time})
    return list(found.values())


def of_environment(
    deployments: Sequence[Deployment], environment: str | None, notes: list[str]
) -> list[Deployment]:
    """Return the deployments to the environment that counts; a note names the others."""
    there: dict[str, int] = {}
    for one in deployments:
        if one.environment is not None:
            there[one.environment] = there.get(one.environment, 0) + 1
    if environment is not None:
        kept = {name for name in there if name.lower() == environment.lower()}
        found = [one for one in deployments if one.environment in kept]
    else:
        kept = {name for name in there if _PRODUCTION.fullmatch(name)}
        found = [one for one in deployments if one.environment is None or one.environment in kept]
        unknown = sum(one.environment is None for one in deployments)
        if unknown and there:
            notes.append(f"{pluralize(unknown, 'deployment')} without an environment counted as production")
    left = {name: count for name, count in there.items() if name not in kept}
    if left:
        listed = ", ".join(f"{name} ({count:,})" for name, count in sorted(left.items())[:5])
        if not found:
            wanted = "production" if environment is None else repr(environment)
            raise EmptySelection(
                f"no deployment is to {wanted}; there are deployments to {listed}",
                hint="name the environment that counts: environment= or --environment",
            )
        notes.append(f"deployments to other environments are left out: {listed}")
    return found
