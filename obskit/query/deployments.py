"""When something was deployed or changed otherwise: one answer for triage and the Explorer's markers."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt

from obskit.dataset import NO_TIME, Codes
from obskit.engine import Scope, moment
from obskit.names.markers import CHANGES, EXPERIMENT, FLAG_CHANGE, INCIDENT, MIGRATION, NOTE, NOTICES
from obskit.names.markers import DEPLOYMENT as MARKER
from obskit.stats.combinations import count_combinations
from obskit.text import safe

Ints = npt.NDArray[Any]

VERSIONS = ("service.version", "deployment.id")
STATUS = "deployment.status"
ID = "deployment.id"
ENVIRONMENTS = ("deployment.environment.name", "deployment.environment")
# Statuses of deployments that changed nothing.
NOT_DEPLOYED = (
    *("inactive", "canceled", "cancelled", "removed", "skipped"),
    *("neutral", "stale", "action_required", "manual"),
)
FEWEST_ROWS = 5  # of a version; with fewer it is not taken for a deployment
MOST_READ = 1000
MOST_NOTE = 40  # characters of a note in a label; its title has all
_EDGE = 0.01  # share of the time span; versions seen in it were there from the start


# What distinguishes a change of each kind, the best first.
_LABELS: dict[str, tuple[str, ...]] = {
    FLAG_CHANGE: ("feature_flag.key",),
    MIGRATION: ("database.migration.version", "database.migration.id", "database.migration.script"),
    EXPERIMENT: ("chaos.experiment",),
    INCIDENT: ("obskit.incident.id", "obskit.incident.title"),
}
# What was found, of datasets in use.
_FOUND: WeakKeyDictionary[Codes, dict[Hashable, list[Deployment]]] = WeakKeyDictionary()
_STATES = ("chaos.status", "obskit.incident.status", "argo.analysis.phase")


@dataclass(frozen=True)
class Deployment:
    """A deployment, or another change or notice.

    Attributes:
        at: when it happened.
        service: the service; None if it is not known.
        version: the version or deployment id, or what else distinguishes it; None if it is not known.
        title: the description that was recorded with it, if any.
        what: "deployment", "tag", "flag", "migration", "experiment", "incident", "analysis", "scan" or
            "note".
        id, environment: the id and the environment of a recorded deployment, if they are known.
    """

    at: datetime
    service: str | None
    version: str | None
    title: str | None = None
    what: str = MARKER
    id: str | None = field(default=None, compare=False)
    environment: str | None = field(default=None, compare=False)

    def __str__(self) -> str:
        named = safe(" ".join(part for part in (self.service, self.version) if part))
        return named or MARKER if self.what == MARKER else f"{self.what} {named}".strip()


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
    everything = scope.everything
    if "timestamp" not in everything.schema.names:
        return []
    found = _recorded(everything, [MARKER])
    return _in_order(found or _once(everything, "versions", lambda: _first_events_of_versions(everything)))


def changes(scope: Scope) -> list[Deployment]:
    """Return the deployments, and the other changes: tags, flags, migrations, experiments.

    Args:
        scope: any scope of the dataset; its condition does not matter.

    Returns:
        The changes in order of time.
    """
    others = [name for name in CHANGES if name != MARKER]
    return _in_order([*deployments(scope), *_recorded(scope.everything, others)])


def notices(scope: Scope) -> list[Deployment]:
    """Return what is shown next to the requests and changes nothing: incidents, analyses, scans.

    Args:
        scope: any scope of the dataset; its condition does not matter.

    Returns:
        The notices in order of time.
    """
    return _in_order(_recorded(scope.everything, list(NOTICES)))


def _in_order(found: Iterable[Deployment]) -> list[Deployment]:
    return sorted(found, key=lambda d: (d.at, d.service or "", d.version or "", d.what))


def first_steps(found: Iterable[Deployment]) -> list[Deployment]:
    """Return the first step of each rollout: the first deployment of each version of each service."""
    begun: dict[tuple[str | None, str | None, str, datetime | None], Deployment] = {}
    for deployment in found:
        # Without a version, each is a rollout of its own; so is each change of a flag.
        own = deployment.at if deployment.version is None or deployment.what != MARKER else None
        begun.setdefault((deployment.service, deployment.version, deployment.what, own), deployment)
    return list(begun.values())


def _recorded(everything: Scope, markers: Sequence[str]) -> list[Deployment]:
    """Return the newest events that have one of these names, as changes."""
    names = everything.schema.names
    if "name" not in names or "timestamp" not in names:
        return []
    if everything.dataset.local and not _may_have(everything, markers):
        return []
    return _once(everything, tuple(markers), lambda: _read_changes(everything, markers))


def _once(everything: Scope, what: Hashable, find: Callable[[], list[Deployment]]) -> list[Deployment]:
    """Return what was found in these events before, else find it: the rows of a dataset never change."""
    if not everything.dataset.local:  # there, rows may come at any time
        return find()
    found = _FOUND.setdefault(everything.dataset.codes, {})
    if what not in found:
        found[what] = find()
    return list(found[what])


def _may_have(everything: Scope, markers: Sequence[str]) -> bool:
    """Return False if codes that exist already show that no event has one of these names."""
    stored = everything.dataset.codes
    stored.complete(["name"])
    if not stored.ready("name"):
        return True
    codes = stored.field("name")
    if codes.kind != "value" or codes.rare_code is not None:
        return True
    return not set(markers).isdisjoint(codes.values.to_pylist())


def _read_changes(everything: Scope, markers: Sequence[str]) -> list[Deployment]:
    names = everything.schema.names
    labels = {label for marker in markers for label in _LABELS.get(marker, ())}
    wanted_fields = dict.fromkeys(
        ("name", "body", "service.name", *VERSIONS, *ENVIRONMENTS, *sorted(labels), *_STATES)
    )
    shown = [name for name in wanted_fields if name in names]

    def build(table: ir.Table) -> ir.Table:
        wanted = table["name"].isin(list(markers)) & table["timestamp"].notnull()
        if STATUS in names:
            wanted &= table[STATUS].isnull() | table[STATUS].notin(NOT_DEPLOYED)
        newest = table.filter(wanted).select("timestamp", *shown).order_by(table["timestamp"].desc())
        return newest.limit(MOST_READ)

    return [_change_of(row) for row in reversed(everything.run(build).table.to_pylist())]


def _change_of(row: dict[str, Any]) -> Deployment:
    what = {**CHANGES, **NOTICES}.get(row["name"], MARKER)
    if what == MARKER:
        return _deployment_of(row, row["timestamp"])
    keys = (*_LABELS.get(row["name"], ()), "service.version", "body")
    label = next((str(row[name]) for name in keys if row.get(name) is not None), None)
    if what == NOTICES[NOTE] and label is not None and len(label) > MOST_NOTE:
        label = f"{label[:MOST_NOTE]}…"
    state = next((str(row[name]) for name in _STATES if row.get(name) is not None), None)
    plain = _deployment_of(row, row["timestamp"])
    version = " ".join(part for part in (label, state) if part) or None
    return Deployment(plain.at, plain.service, version, plain.title, what)


def _first_events_of_versions(everything: Scope) -> list[Deployment]:
    names = everything.schema.names
    first, last = everything.dataset.span
    mark = next((name for name in VERSIONS if name in names), None)
    if mark is None or first is None or last is None:
        return []
    keys = [name for name in ("service.name", mark) if name in names]
    rows = _counted_versions(everything, keys)
    if rows is None:
        rows = _queried_versions(everything, keys, mark)
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


def _queried_versions(everything: Scope, keys: list[str], mark: str) -> list[dict[str, Any]]:
    """Return the versions with their rows and the time of the first, from the engine."""

    def build(table: ir.Table) -> ir.Table:
        marked = table.filter(table[mark].notnull() & table["timestamp"].notnull())
        return marked.group_by(keys).aggregate(begin=marked["timestamp"].min(), rows=marked.count())

    found: list[dict[str, Any]] = everything.run(build).table.to_pylist()
    return found


def _counted_versions(everything: Scope, keys: list[str]) -> list[dict[str, Any]] | None:
    """Return the versions as `_queried_versions` does, from codes; None if codes do not tell values exactly.

    What was counted in a file is kept while the dataset is refreshed.
    """
    dataset = everything.dataset
    if not dataset.local:
        return None
    coded = [everything.codes(name) for name in keys]
    if any(codes.kind != "value" or codes.rare_code is not None for codes in coded):
        return None
    found: dict[tuple[int, ...], tuple[int, int]] = {}
    for file, (part, times) in enumerate(zip(dataset.files, dataset.codes.times(), strict=True)):
        own = [codes.parts[file][0] for codes in coded]
        columns, rows, begins = dataset.codes.memo.get(
            part, ("versions", *keys), partial(_versions_in, own, times)
        )
        remaps = [codes.parts[file][1] for codes in coded]
        shared = [
            column if remap is None else remap[column] for column, remap in zip(columns, remaps, strict=True)
        ]
        for *key, n, begin in zip(*(column.tolist() for column in (*shared, rows, begins)), strict=True):
            before, first = found.get(tuple(key), (0, begin))
            found[tuple(key)] = before + n, min(first, begin)
    return [
        {
            **{
                codes.name: codes.values[code - 1].as_py() if code else None
                for codes, code in zip(coded, key, strict=True)
            },
            "begin": moment(begin),
            "rows": n,
        }
        for key, (n, begin) in found.items()
    ]


def _versions_in(own: Sequence[Ints], times: Ints) -> tuple[tuple[Ints, ...], Ints, Ints]:
    """Return the combinations of codes in a file that have a version, their rows, and the first times."""
    kept = np.flatnonzero((own[-1] > 0) & (times != NO_TIME))
    at = times[kept]
    if len(at) and not (at[1:] >= at[:-1]).all():
        kept = kept[np.argsort(at, kind="stable")]
    columns = [codes[kept] for codes in own]
    combined, rows = count_combinations(columns)
    begins = np.empty(len(rows), np.int64)
    for place, key in enumerate(zip(*combined, strict=True)):
        same = np.ones(len(kept), np.bool_)
        for column, code in zip(columns, key, strict=True):
            same &= column == code
        begins[place] = times[kept[int(same.argmax())]]
    return combined, rows, begins


def _deployment_of(row: dict[str, Any], at: datetime) -> Deployment:
    def known(*names: str) -> str | None:
        return next((str(row[name]) for name in names if row.get(name) is not None), None)

    return Deployment(
        at,
        known("service.name"),
        known(*VERSIONS),
        known("body"),
        id=known(ID),
        environment=known(*ENVIRONMENTS),
    )
