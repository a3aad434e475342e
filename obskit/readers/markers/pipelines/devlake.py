"""Deployments and incidents in the form that DevLake's webhooks take.

A deployment of several repositories becomes one marker per repository, all with the same id. Its time is when
it finished. Source: apache/incubator-devlake, backend/plugins/webhook/api.
"""

from __future__ import annotations

from typing import Any

from obskit.readers.markers.rows import Row, deployment, incident, revision, text, version

_RESULTS = {"success": "succeeded", "failure": "failed", "abort": "canceled"}
_STATES = {"todo": "open", "in_progress": "open", "done": "resolved"}


def devlake(item: dict[str, Any]) -> list[Row] | None:
    """Return the markers of a deployment or an incident; None for anything else."""
    commits = item.get("deploymentCommits")
    if type(commits) is list and commits and all(type(commit) is dict for commit in commits):
        return [row for commit in commits for row in _deployment(item, commit)]
    if text(item, "issueKey") and text(item, "createdDate") and text(item, "title"):
        return _incident(item)
    return None


def _deployment(item: dict[str, Any], commit: dict[str, Any]) -> list[Row]:
    url = text(commit, "repoUrl") or text(item, "repoUrl")
    parts = [part for part in (url or "").split("?")[0].rstrip("/").removesuffix(".git").split("/") if part]
    repository = parts[-1] if parts else None
    ref = text(commit, "refName") or text(item, "refName")
    result = (text(commit, "result") or text(item, "result") or "success").lower()
    begun = commit.get("startedDate") or item.get("startedDate")
    ended = commit.get("finishedDate") or item.get("finishedDate")
    fields: Row = {
        "id": text(item, "id"),
        "name": text(item, "displayTitle") or text(item, "name"),
        "service": text(commit, "name") or repository,
        "version": version(ref),
        "environment": text(item, "environment"),
        "revision": revision(text(commit, "commitSha")),
        "ref": ref,
        "repository": repository,
        "repository_url": url,
        "owner": parts[-2] if len(parts) > 3 else None,
        "run_url": text(item, "url"),
        "body": text(commit, "displayTitle") or text(commit, "commitMsg"),
    }
    rows = [deployment(begun, "started", **fields)] if begun else []
    if ended:
        rows.append(deployment(ended, _RESULTS.get(result, result), **fields))
    return rows


def _incident(item: dict[str, Any]) -> list[Row]:
    status = (text(item, "status") or "").lower()
    fields: Row = {
        "incident": text(item, "issueKey"),
        "title": text(item, "title"),
        "severity": text(item, "severity") or text(item, "priority"),
        "service": text(item, "component"),
        "body": text(item, "description"),
        "url.full": text(item, "url"),
        "obskit.incident.original_status": text(item, "originalStatus"),
    }
    rows = [incident(item.get("createdDate"), "open", **fields)]
    ended = text(item, "resolutionDate")
    if ended is not None:
        rows.append(incident(ended, "resolved", **fields))
    elif _STATES.get(status) == "resolved":
        rows.append(incident(item.get("updatedDate"), "resolved", **fields))
    return rows
