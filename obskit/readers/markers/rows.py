"""Rows of markers, and access to values of other tools that can be missing or of any type."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

Row = dict[str, Any]

STATUSES = {
    **dict.fromkeys(("created", "pending", "queued", "waiting", "blocked"), "started"),
    **dict.fromkeys(("in_progress", "running", "started", "terminating"), "started"),
    **dict.fromkeys(("success", "succeeded", "deployed", "upgraded", "published"), "succeeded"),
    **dict.fromkeys(("failure", "failed", "error"), "failed"),
    **dict.fromkeys(("rolledback", "rolled_back", "rollback"), "rolled_back"),
}
"""Statuses of other tools -> obskit's. Statuses without a deployment (inactive, canceled, removed) stay."""

_VERSION = re.compile(r"(?:refs/tags/)?([\w.-]*?v?\d+(?:\.\d+)+[\w.+-]*)", re.ASCII)
_HASH = re.compile(r"[0-9a-f]{7,64}")
_RUN = re.compile(r"/(?:runs|pipelines)/(\d+)")
# GitLab and Ruby's to_s put a space before the zone.
_ZONE = re.compile(r"^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d(?:\.\d+)?) (?:([+-]\d\d:?\d\d)|UTC)$")


def get(item: Any, *path: str) -> Any:
    """Return a value of nested objects by its path; None if it is missing."""
    for name in path:
        if type(item) is not dict:
            return None
        item = item.get(name)
    return item


def text(item: Any, *path: str) -> str | None:
    """Return a text or number as text; None for an empty text or anything else."""
    found = get(item, *path)
    if type(found) is str:
        return found or None
    return str(found) if type(found) in (int, float) else None


def number(item: Any, *path: str) -> int | None:
    """Return an integer of at most 64 bits; None for anything else."""
    found = get(item, *path)
    return found if type(found) is int and -(2**63) <= found < 2**63 else None


def listed(item: Any, *path: str) -> list[Any]:
    """Return a list of nested objects by its path; an empty one for anything else."""
    found = get(item, *path)
    return found if type(found) is list else []


def iso_time(value: Any) -> str | None:
    """Return a time in a form that `obskit.schema` parses: ISO 8601, or the text of a number."""
    if type(value) in (int, float):
        return str(value)
    if type(value) is not str or not value:
        return None
    found = _ZONE.match(value)
    return f"{found[1]}T{found[2]}{found[3] or 'Z'}" if found else value


def deployment_status(status: str | None) -> str | None:
    """Return obskit's status of a deployment for another tool's."""
    return None if status is None else STATUSES.get(status.lower(), status.lower())


def version(ref: str | None) -> str | None:
    """Return the version that a tag or branch names: `v2.4.0`, `shop-2.4.0`; None for `main`."""
    found = _VERSION.fullmatch(ref) if ref and len(ref) < 200 else None
    return found[1] if found else None


def revision(name: str | None) -> str | None:
    """Return a name that is a commit's hash; None for any other."""
    return name if name and _HASH.fullmatch(name) else None


def run(url: str | None) -> str | None:
    """Return the id of a pipeline's run from its URL."""
    found = _RUN.search(url or "")
    return found[1] if found else None


def artifact(purl: str | None) -> tuple[str | None, str | None]:
    """Return name and version of `pkg:oci/shop@sha256%3A0b31?tag=2.4.0`; the version is the tag, if any."""
    if not purl:
        return None, None
    path, _, query = purl.removeprefix("pkg:").partition("?")
    name, _, digest = path.partition("#")[0].partition("@")
    tags = [unquote(pair[4:]) for pair in query.partition("#")[0].split("&") if pair.startswith("tag=")]
    return unquote(name.rpartition("/")[2]) or None, (tags[0] if tags else unquote(digest)) or None


def flattened(prefix: str, item: Any, levels: int = 6) -> Row:
    """Return an object's values under dotted names; lists and objects below `levels` stay as they are."""
    if type(item) is not dict:
        return {} if item is None else {prefix: item}
    out: Row = {}
    for key, value in item.items():
        name = f"{prefix}.{key}" if prefix else key
        if type(value) is dict and value and levels > 1:
            out |= flattened(name, value, levels - 1)
        elif value is not None and value != {}:
            out[name] = value
    return out


def deployment(time: Any, status: str | None, **fields: Any) -> Row:
    """Return a deployment's marker, with the same fields as `obskit.instrument.deployment`.

    Args:
        time: when the deployment got this status.
        status: the other tool's status.
        **fields: by the names of `_FIELDS`, or by any other; None is left out.

    Returns:
        A flat row.
    """
    return _marker("deployment", time, {"deployment.status": deployment_status(status), **_named(fields)})


def incident(time: Any, status: str, **fields: Any) -> Row:
    """Return an incident's marker, with the same fields as `obskit.instrument.incident`."""
    return _marker("incident", time, {"obskit.incident.status": status, **_named(fields)})


_FIELDS = {
    "id": "deployment.id",
    "name": "deployment.name",
    "service": "service.name",
    "version": "service.version",
    "environment": "deployment.environment.name",
    "revision": "vcs.ref.head.revision",
    "ref": "vcs.ref.head.name",
    "repository": "vcs.repository.name",
    "repository_url": "vcs.repository.url.full",
    "owner": "vcs.owner.name",
    "pipeline": "cicd.pipeline.name",
    "run": "cicd.pipeline.run.id",
    "run_url": "cicd.pipeline.run.url.full",
    "user": "user.name",
    "body": "body",
    "incident": "obskit.incident.id",
    "title": "obskit.incident.title",
    "severity": "obskit.incident.severity",
}


def _named(fields: Row) -> Row:
    return {_FIELDS.get(name, name): value for name, value in fields.items()}


def _marker(name: str, time: Any, fields: Row) -> Row:
    row = {"timestamp": iso_time(time), "name": name, "kind": "event", **fields}
    return {key: value for key, value in row.items() if value is not None}
