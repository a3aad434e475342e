"""`delivery`: measure the five delivery metrics from markers and a git repository."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from obskit.dataset import Progress
from obskit.delivery.attribution import Attribution
from obskit.delivery.bands import Bands, read_bands
from obskit.delivery.inputs import Collected, collect, of_environment, repositories_of, scope_of
from obskit.delivery.judged import Judged, judge_deployments
from obskit.delivery.lead_times import LeadTimeNotes, add_lead_times
from obskit.delivery.metrics import Sample, sample_of
from obskit.delivery.pull_requests import first_deployed, pull_request_times, read_pull_requests
from obskit.delivery.result import ALL, UNKNOWN, Delivery
from obskit.delivery.tables import metrics_table
from obskit.delivery.verdicts import match, read_verdicts
from obskit.display.tables import format_cell
from obskit.engine import moment, parse_window
from obskit.errors import EmptySelection, InvalidArgument
from obskit.query.output import dataset_of, join_statements
from obskit.readers.markers.git.commits import Repository
from obskit.text import pluralize

_DAY = 86_400.0
_HINT = "load the webhooks, runs or CSV of your deployments, or give git= to take its tags as deployments"


def delivery(
    markers: Any = None,
    *,
    git: str | Path | Mapping[Any, str | Path] | None = None,
    incidents: Any = None,
    during: Any = "90d",
    per: str | None = "service",
    bands: Bands | Mapping[str, Any] | str | Path | None = None,
    environment: str | None = None,
    deployments: str | None = None,
    pull_requests: str | Path | None = None,
    verdicts: Any = None,
    progress: Progress | None = None,
) -> Delivery:
    """Measure change lead time, deployment frequency, change fail rate, recovery time and rework rate.

    Every figure has an interval of 95% and the number of cases it rests on. Without `git`, lead times are not
    known. Which deployments failed is inferred from incidents and rollbacks; `.incidents` has how.

    Args:
        markers: events, or paths of files with markers: deployments and incidents. None with `git` takes the
            tags of the repository as deployments.
        git: folder of a repository; or service -> folder.
        incidents: events, or paths, with more incidents.
        during: the window that counts: "90d" before the newest marker, (start, end) or "start/end"; None for
            all of the time.
        per: "service", another field of deployments, or None for one group of all.
        bands: names of ranges of the metrics, with a version: a mapping or a TOML file; none by default.
        environment: which environment counts; by default those whose name begins with prod or live, and
            deployments without one.
        deployments: condition for the events that are deployments, in place of those named so.
        pull_requests: file that `gh pr list --json` wrote, for the times of pull requests.
        verdicts: verdicts of `judge`, or paths of files that `obskit judge --json` wrote: a deployment whose
            verdict is regress failed.
        progress: called as (what, done, total).

    Returns:
        Delivery: one row per group and metric; `.deployments`, `.incidents`, `.compare()`, `.plot()`.

    Raises:
        EmptySelection: there is no deployment that counts.
        NoSuchPath, ReadError: a file or the repository cannot be read.
        MissingDependency: git is not installed.
        InvalidArgument, ConditionError, UnknownField: an argument is not valid.

    Cost: one statement per dataset; git prints each commit once.

    Example:
        found = ok.delivery("sample_events", during=None)
        print(found.table.to_pylist()[0])
    """
    chosen_bands = read_bands(bands)
    field = {None: None, "service": "service.name"}.get(per, per)
    repositories = repositories_of(git)
    scopes = [scope_of(one, progress) for one in (markers, incidents) if one is not None]
    found = collect(scopes, markers is not None, field, deployments, repositories)
    notes = found.notes
    kept = of_environment(found.deployments, environment, notes)
    if not kept:
        raise EmptySelection("there is no deployment that was completed", hint=_HINT)
    time = _window(during, found)
    regressions = read_verdicts(verdicts)
    matched = match(regressions, kept)
    judged, attributions = judge_deployments(kept, found.incidents, [at for at in matched if at is not None])
    if unmatched := matched.count(None):
        notes.append(
            f"warning: {pluralize(unmatched, 'verdict')} left out: "
            "no deployment is of the same version and service"
        )
    lead_notes = add_lead_times(judged, repositories)
    within = [at for at, one in enumerate(judged) if time.contains(one.deployment.end)]
    if not within:
        raise EmptySelection(
            f"no deployment was completed from {format_cell(time.start)} to {format_cell(time.end)}",
            hint="give a longer window with during=",
        )
    names = {at: _group_name(judged[at], per) for at in within}
    samples = _samples(judged, names, time, bool(found.incidents))
    if pull_requests is not None:
        _add_pull_requests(samples, judged, names, repositories, pull_requests)
    seen = [one for one in attributions if time.contains(one.incident.opened)]
    notes += _notes(samples, found, lead_notes, repositories, seen)
    return Delivery(
        kind="delivery",
        table=metrics_table(samples),
        query=_call(
            markers is not None,
            git=git,
            incidents=incidents,
            during=during,
            per=per,
            bands=bands,
            environment=environment,
            deployments=deployments,
            pull_requests=pull_requests,
            verdicts=verdicts,
        ),
        sql=join_statements(scopes[0], found.sql) if scopes else "",
        dataset=dataset_of(scopes[0]) if scopes else {},
        notes=tuple(dict.fromkeys(notes)),
        per=per or ALL,
        window=(time.start, time.end),
        groups=samples,
        judged=[judged[at] for at in within],
        names=names,
        all_judged=judged,
        attributions=seen,
        bands=chosen_bands,
    )


@dataclass(frozen=True)
class _Time:
    """The window that counts.

    Attributes:
        start, end: its bounds.
        days: how many days of it the data covers.
        closed: whether the end is the newest marker, which counts; else the end is excluded.
    """

    start: datetime
    end: datetime
    days: float
    closed: bool

    def contains(self, at: datetime) -> bool:
        """Return whether a moment is in the window."""
        return self.start <= at and (at < self.end or (self.closed and at == self.end))


def _window(during: Any, found: Collected) -> _Time:
    """Return the window that counts; a note says if the data begins within it."""
    oldest, newest = found.oldest or datetime.now(UTC), found.newest or datetime.now(UTC)
    if during is None:
        return _Time(oldest, newest, (newest - oldest).total_seconds() / _DAY, closed=True)
    window = parse_window(during, newest)
    start = oldest if window.start is None else moment(window.start)
    end = newest if window.end is None else moment(window.end)
    covered = start if window.start is not None and window.end is not None else max(start, oldest)
    if covered > start:
        begin = format_cell(covered)
        found.notes.append(f"the data begins at {begin}, within the window; rates are of the time since")
    days = max(0.0, (end - covered).total_seconds() / _DAY)
    return _Time(covered, end, days, closed=window.end is None)


def _group_name(one: Judged, per: str | None) -> str:
    if per is None:
        return ALL
    value = one.deployment.service if per in ("service", "service.name") else one.deployment.group
    return UNKNOWN if value is None else value


def _samples(
    judged: Sequence[Judged], names: Mapping[int, str], time: _Time, incidents: bool
) -> dict[str, Sample]:
    members: dict[str, list[int]] = {}
    for at, name in names.items():
        members.setdefault(name, []).append(at)
    order = sorted(members, key=lambda name: (-len(members[name]), name))
    edge = time.start if time.closed else None
    return {name: sample_of(judged, members[name], time.days, incidents, edge) for name in order}


def _add_pull_requests(
    samples: Mapping[str, Sample],
    judged: Sequence[Judged],
    names: Mapping[int, str],
    repositories: Mapping[str | None, Repository],
    path: str | Path,
) -> None:
    """Add the times of the pull requests that each group's deployments brought."""
    if not repositories:
        raise InvalidArgument(
            "pull_requests needs git, which says what a deployment brought",
            hint="give git= the repository's folder",
        )
    requests = read_pull_requests(path)
    ends = [one.deployment.end for one in judged]
    for name, sample in samples.items():
        begun = {at: judged[at].deployment.begun for at, group in names.items() if group == name}
        brought = first_deployed(begun, lambda at: judged[at].commits)
        times = pull_request_times(requests, brought.get, ends)
        sample.pull_requests += [one for one in times if one.deployment is not None]


def _notes(
    samples: Mapping[str, Sample],
    found: Collected,
    lead: LeadTimeNotes,
    repositories: Mapping[str | None, Repository],
    attributions: Sequence[Attribution],
) -> list[str]:
    """Return what a reader must know about the metrics."""
    notes = []
    if found.unfinished:
        notes.append(f"{pluralize(found.unfinished, 'deployment')} did not complete, and are not counted")
    if not found.incidents:
        notes.append(
            "warning: there are no incidents in the data, so a deployment only counts as failed "
            "if it was rolled back or its verdict is regress"
        )
    failed = sum(sample.failed for sample in samples.values())
    doubtful = sum(sample.doubtful for sample in samples.values())
    if doubtful:
        notes.append(
            f"warning: {doubtful:,} of {pluralize(failed, 'failed deployment')} count as failed only because "
            "they were the last before an incident"
        )
    notes += _unattributed(attributions, found)
    if not repositories:
        notes.append("without git= the lead time of changes is not known")
        return notes
    for count, text in (
        (lead.first, "the first of a service, so nothing says which commits are new"),
        (lead.unknown, "the repository does not have the commit or version"),
        (lead.unnamed, "neither a commit nor a version is named"),
        (lead.after_unknown, "the commit of the deployment before is not known"),
    ):
        if count:
            notes.append(f"{pluralize(count, 'deployment')} without lead times: {text}")
    if lead.negative:
        notes.append(f"{pluralize(lead.negative, 'commit')} younger than their deployment left out")
    notes += [
        f"warning: {repository.path} is a shallow clone: older commits are missing from lead times"
        for repository in dict.fromkeys(repositories.values())
        if repository.shallow
    ]
    return notes


def _unattributed(attributions: Sequence[Attribution], found: Collected) -> list[str]:
    """Return notes about incidents that no deployment is blamed for."""
    deployed = {one.service for one in found.deployments}
    left = [one.incident for one in attributions if one.deployment is None]
    unknown = [one for one in left if one.service is not None and one.service not in deployed]
    notes = []
    if unknown:
        names = ", ".join(sorted({str(one.service) for one in unknown})[:5])
        count = pluralize(len(unknown), "incident")
        notes.append(f"warning: {count} left out: no deployment has their service ({names})")
    if len(left) > len(unknown):
        count = pluralize(len(left) - len(unknown), "incident")
        notes.append(f"{count} cannot be attributed: no deployment came before")
    return notes


def _call(has_markers: bool, **named: Any) -> str:
    """Return the call; what only the caller has, such as results, is shown by the argument's name."""
    given = ["markers"] if has_markers else []
    for name, value in named.items():
        default = {"during": "90d", "per": "service"}.get(name)
        if value is default or (isinstance(value, str) and value == default):
            continue
        parts = value if isinstance(value, (list, tuple)) else [value]
        plain = isinstance(value, Mapping) or all(
            part is None or isinstance(part, (str, Path, datetime)) for part in parts
        )
        value = str(value) if isinstance(value, Path) else value
        given.append(f"{name}={value!r}" if plain else f"{name}={name}")
    return f"ok.delivery({', '.join(given)})"
