"""Runs of GitHub Actions: the REST API, `gh run list --json`, and the webhook `workflow_run`.

A run whose workflow's name or file has "deploy" in it becomes a deployment: one marker when it started, and
one with its outcome once it is completed. Any other run becomes `cicd.pipeline.run`, once.
Source: the REST API reference of GitHub ("Workflow runs"), the manual of `gh run list`.
"""

from __future__ import annotations

import re
from typing import Any

from obskit.names.markers import PIPELINE_RUN
from obskit.readers.markers.rows import (
    Row,
    deployment,
    deployment_status,
    iso_time,
    number,
    revision,
    text,
    version,
)

_DEPLOYS = re.compile(r"deploy", re.IGNORECASE)
_REPOSITORY = re.compile(r"https?://[^/]+/(?:api/v3/)?(?:repos/)?([^/]+)/([^/]+)/actions/runs/\d+")
# Conclusions under which nothing was deployed keep their own name.
_CONCLUSIONS = {"timed_out": "failed", "startup_failure": "failed"}


def actions(item: dict[str, Any]) -> list[Row] | None:
    """Return the markers of a workflow's run; None for anything else."""
    hook = item.get("workflow_run")
    if type(hook) is dict and "deployment" not in item:
        return actions(hook)
    if text(item, "status") is None:
        return None
    # A job of a run has `run_id`, and no number of its own.
    if number(item, "id") is not None and text(item, "head_sha") and "run_id" not in item:
        return _rest(item) if text(item, "created_at") or text(item, "run_started_at") else None
    named = text(item, "workflowName") is not None or text(item, "name") is not None
    ours = "databaseId" in item or "workflowDatabaseId" in item or "workflowName" in item
    if text(item, "headSha") and named and ours and text(item, "createdAt"):
        return _command_line(item)
    return None


def _rest(item: dict[str, Any]) -> list[Row]:
    url = text(item, "html_url") or text(item, "url") or ""
    full = text(item, "repository", "full_name") or _repository(url)
    return _run(
        workflow=text(item, "name"),
        path=text(item, "path"),
        begun=item.get("run_started_at") or item.get("created_at"),
        ended=item.get("updated_at"),
        status=text(item, "status"),
        conclusion=text(item, "conclusion"),
        branch=text(item, "head_branch"),
        full=full,
        fields={
            "run": text(item, "id"),
            "revision": revision(text(item, "head_sha")),
            "run_url": text(item, "html_url") or text(item, "url"),
            "repository_url": text(item, "repository", "html_url"),
            "user": text(item, "triggering_actor", "login") or text(item, "actor", "login"),
            "body": text(item, "display_title") or text(item, "head_commit", "message"),
            "cicd.pipeline.trigger": text(item, "event"),
            "cicd.pipeline.run.attempt": number(item, "run_attempt"),
        },
    )


def _command_line(item: dict[str, Any]) -> list[Row]:
    return _run(
        workflow=text(item, "workflowName") or text(item, "name"),
        path=None,
        begun=item.get("startedAt") or item.get("createdAt"),
        ended=item.get("updatedAt"),
        status=text(item, "status"),
        conclusion=text(item, "conclusion"),
        branch=text(item, "headBranch"),
        full=_repository(text(item, "url") or ""),
        fields={
            "run": text(item, "databaseId"),
            "revision": revision(text(item, "headSha")),
            "run_url": text(item, "url"),
            "body": text(item, "displayTitle"),
            "cicd.pipeline.trigger": text(item, "event"),
            "cicd.pipeline.run.attempt": number(item, "attempt"),
        },
    )


def _repository(url: str) -> str | None:
    found = _REPOSITORY.match(url)
    return f"{found[1]}/{found[2]}" if found else None


def _run(
    *,
    workflow: str | None,
    path: str | None,
    begun: Any,
    ended: Any,
    status: str | None,
    conclusion: str | None,
    branch: str | None,
    full: str | None,
    fields: Row,
) -> list[Row]:
    """Return the markers of one run, from either form."""
    owner, _, repository = (full or "").rpartition("/")
    known = {
        **fields,
        "pipeline": workflow,
        "service": repository or None,
        "repository": repository or None,
        "owner": owner or None,
        "version": version(branch),
        "ref": branch,
    }
    known["cicd.pipeline.file"] = path
    done = status == "completed"
    outcome = _CONCLUSIONS.get(conclusion or "", conclusion) if done else "started"
    if any(_DEPLOYS.search(name) for name in (workflow, path) if name):
        known |= {"id": fields["run"], "name": workflow}
        rows = [deployment(begun, "started", **known)] if begun else []
        if done and outcome:
            rows.append(deployment(ended, outcome, **known))
        return rows
    row = deployment(ended if done else begun, None, **known)
    row |= {"name": PIPELINE_RUN, "cicd.pipeline.result": deployment_status(outcome) or "unknown"}
    if begun and done:
        row["cicd.pipeline.run.started_at"] = str(iso_time(begun))
    return [row]
