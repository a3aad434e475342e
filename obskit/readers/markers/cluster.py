"""Kubernetes events, and Argo CD applications with their history.

An event's name is its reason, as in the OpenTelemetry Collector; `k8s.*` fields describe the object, and the
message is the body. An application's history is one marker per deployment; a deployment that returns to an
earlier revision is rolled back. Source: the Kubernetes API reference (v1, events.k8s.io/v1), Argo CD's types.
"""

from __future__ import annotations

from typing import Any

from obskit.readers.markers.rows import Row, deployment, get, iso_time, number, revision, text, version

_SEVERITIES = {"normal": ("Normal", 9), "warning": ("Warning", 13)}
# The kinds of objects for whose names the conventions have fields.
_WORKLOADS = frozenset(("deployment", "replicaset", "statefulset", "daemonset", "job", "cronjob", "hpa"))
_KINDS = _WORKLOADS | {"pod", "node", "namespace", "container"}


def kubernetes(item: dict[str, Any]) -> list[Row] | None:
    """Return the row of a cluster's event, of either API; None for anything else."""
    about = item.get("involvedObject", item.get("regarding"))
    if type(about) is not dict or not text(about, "kind") or type(item.get("metadata")) is not dict:
        return None
    if item.get("kind", "Event") != "Event" or not (
        text(item, "reason") or item.get("message") or item.get("note")
    ):
        return None
    kind = str(text(about, "kind")).lower()
    severity = _SEVERITIES.get(str(text(item, "type")).lower())
    count = number(item, "series", "count") or number(item, "count") or number(item, "deprecatedCount")
    first = item.get("firstTimestamp") or item.get("deprecatedFirstTimestamp")
    row = {
        "timestamp": iso_time(_time(item)),
        "name": text(item, "reason"),
        "kind": "event",
        "body": text(item, "message") or text(item, "note"),
        "severity_text": severity[0] if severity else text(item, "type"),
        "severity_number": severity[1] if severity else None,
        "event_count": count or None,
        "k8s.event.reason": text(item, "reason"),
        "k8s.event.action": text(item, "action"),
        "k8s.event.count": count or None,
        "k8s.event.start_time": text(first) or text(item, "metadata", "creationTimestamp"),
        "k8s.event.name": text(item, "metadata", "name"),
        "k8s.event.uid": text(item, "metadata", "uid"),
        "k8s.event.source": text(item, "source", "component")
        or text(item, "reportingComponent")
        or text(item, "reportingController")
        or text(item, "deprecatedSource", "component"),
        "k8s.namespace.name": text(about, "namespace") or text(item, "metadata", "namespace"),
        "k8s.node.name": text(item, "source", "host") or text(item, "deprecatedSource", "host"),
        "k8s.object.kind": text(about, "kind"),
        "k8s.object.name": text(about, "name"),
        "k8s.object.uid": text(about, "uid"),
        "k8s.object.fieldpath": text(about, "fieldPath"),
        "k8s.object.api_version": text(about, "apiVersion"),
    }
    if kind in _KINDS:
        row[f"k8s.{kind}.name"] = text(about, "name")
        if kind != "namespace":
            row[f"k8s.{kind}.uid"] = text(about, "uid")
    return [{key: value for key, value in row.items() if value is not None}]


def _time(item: dict[str, Any]) -> Any:
    return next(
        (
            found
            for found in (
                get(item, "series", "lastObservedTime"),
                item.get("eventTime"),
                item.get("lastTimestamp"),
                item.get("deprecatedLastTimestamp"),
                item.get("firstTimestamp"),
                item.get("deprecatedFirstTimestamp"),
                get(item, "metadata", "creationTimestamp"),
            )
            if found
        ),
        None,
    )


def argocd(item: dict[str, Any]) -> list[Row] | None:
    """Return the markers of an Argo CD application: its history, and an operation that is not in it."""
    spec, state = item.get("spec"), item.get("status")
    if type(spec) is not dict or type(state) is not dict or not text(item, "metadata", "name"):
        return None
    if item.get("kind", "Application") != "Application" or type(spec.get("destination")) is not dict:
        return None
    if not str(item.get("apiVersion", "argoproj.io/")).startswith("argoproj.io/"):
        return None
    history = [entry for entry in _list(state.get("history")) if type(entry) is dict]
    rows: list[Row] = []
    seen: list[str | None] = []
    for entry in history:
        revision_now = _revision(entry)
        returned = revision_now is not None and revision_now in seen and seen[-1] != revision_now
        seen.append(revision_now)
        fields = _application(item, revision_now, entry.get("source"), text(entry, "id"))
        fields["user"] = text(entry, "initiatedBy", "username")
        if entry.get("deployStartedAt"):
            rows.append(deployment(entry["deployStartedAt"], "started", **fields))
        rows.append(deployment(entry.get("deployedAt"), "rolled_back" if returned else "succeeded", **fields))
    return rows + _operation(item, state.get("operationState"), history)


def _list(value: Any) -> list[Any]:
    return value if type(value) is list else []


def _revision(entry: Any) -> str | None:
    several = [name for name in _list(get(entry, "revisions")) if type(name) is str and name]
    return text(entry, "revision") or (several[0] if several else None)


def _operation(item: dict[str, Any], state: Any, history: list[dict[str, Any]]) -> list[Row]:
    phase = text(state, "phase")
    done = {text(entry, "deployedAt") for entry in history}
    if phase is None or (phase == "Succeeded" and text(state, "finishedAt") in done):
        return []
    result = get(state, "syncResult")
    revision_now = _revision(result) or text(state, "operation", "sync", "revision")
    fields = _application(item, revision_now, get(result, "source"), None)
    fields["user"] = text(state, "operation", "initiatedBy", "username")
    fields["body"] = text(state, "message")
    rows = [deployment(get(state, "startedAt"), "started", **fields)] if get(state, "startedAt") else []
    if get(state, "finishedAt"):
        rows.append(deployment(get(state, "finishedAt"), phase, **fields))
    return rows


def _application(item: dict[str, Any], revision_now: str | None, source: Any, entry_id: str | None) -> Row:
    name = text(item, "metadata", "name")
    if type(source) is not dict or not source:
        several = _list(get(item, "spec", "sources"))
        source = get(item, "spec", "source") or (several[0] if several else None)
    target = text(source, "targetRevision")
    url = text(source, "repoURL")
    return {
        "id": None if entry_id is None else f"{name}/{entry_id}",
        "name": name,
        "service": text(item, "metadata", "labels", "app.kubernetes.io/name") or name,
        "version": version(revision_now) or version(target),
        "revision": revision(revision_now),
        "ref": target,
        "repository": url.rpartition("/")[2].removesuffix(".git") or None if url else None,
        "repository_url": url,
        "k8s.namespace.name": text(item, "spec", "destination", "namespace"),
        "k8s.cluster.name": text(item, "spec", "destination", "name"),
        "argocd.project": text(item, "spec", "project"),
    }
