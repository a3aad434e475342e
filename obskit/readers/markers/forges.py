"""Deployments of GitHub and GitLab: webhooks, with or without the event's name, and GitHub's lists.

The service is the one that the deployment's payload names, or the repository. A tag that looks like a version
is the version. Source: the documentation of both products' webhooks and of GitHub's REST API.
"""

from __future__ import annotations

from typing import Any

from obskit.readers.markers.rows import Row, deployment, get, number, revision, run, text, version

_API = ("/repos/", "/deployments")


def github(item: dict[str, Any]) -> list[Row] | None:
    """Return the marker of a `deployment` or `deployment_status`, sent or listed; None for anything else."""
    given, state = item.get("deployment"), item.get("deployment_status")
    if type(state) is dict and number(state, "id") is not None:
        return [_github(item, given, state)]
    if type(given) is dict and number(given, "id") is not None and text(given, "sha"):
        return [_github(item, given, None)]
    url = text(item, "url") or ""
    if number(item, "id") is None or not all(part in url for part in _API):
        return None
    if text(item, "sha") and "statuses_url" in item:
        return [_github({}, item, None)]
    if text(item, "state") and "deployment_url" in item:
        return [_github({}, None, item)]
    return None


def _github(item: dict[str, Any], given: Any, state: Any) -> Row:
    own = get(given, "payload")
    name = text(item, "repository", "full_name") or _repository(text(given or state, "repository_url"))
    owner, _, repository = (name or "").rpartition("/")
    link = text(state, "log_url") or text(state, "target_url")
    ref = text(given, "ref")
    return deployment(
        get(state, "created_at") if state else get(given, "created_at"),
        text(state, "state") if state else "created",
        id=text(given, "id") or _tail(text(state, "deployment_url")),
        name=text(item, "workflow_run", "name") or text(item, "workflow", "name") or text(given, "task"),
        service=next((found for key in ("service", "app", "application") if (found := text(own, key))), None)
        or repository
        or None,
        version=text(own, "version") or version(ref),
        environment=text(state, "environment") or text(given, "environment"),
        revision=text(given, "sha"),
        ref=None if revision(ref) else ref,
        repository=repository or None,
        repository_url=text(item, "repository", "html_url"),
        owner=owner or None,
        pipeline=text(item, "workflow_run", "name") or text(item, "workflow", "name"),
        run=text(item, "workflow_run", "id") or run(link),
        run_url=link,
        user=text(state or given, "creator", "login"),
        body=text(state, "description") or text(given, "description"),
    )


def _tail(url: str | None) -> str | None:
    return url.rpartition("/")[2] or None if url else None


def _repository(url: str | None) -> str | None:
    return "/".join(url.split("/")[-2:]) if url else None


def gitlab(item: dict[str, Any]) -> list[Row] | None:
    """Return the marker of GitLab's `deployment` hook; None for anything else."""
    if item.get("object_kind") != "deployment" or not text(item, "status"):
        return None
    project = text(item, "project", "path_with_namespace") or ""
    ref, commit = text(item, "ref"), _tail(text(item, "commit_url"))
    return [
        deployment(
            item.get("status_changed_at"),
            text(item, "status"),
            id=text(item, "deployment_id"),
            service=text(item, "project", "name") or project.rpartition("/")[2] or None,
            version=version(ref),
            environment=text(item, "environment"),
            revision=revision(commit) or text(item, "short_sha"),
            ref=ref,
            repository=project.rpartition("/")[2] or None,
            repository_url=text(item, "project", "web_url"),
            owner=project.rpartition("/")[0] or None,
            user=text(item, "user", "username"),
            body=text(item, "commit_title"),
            **{
                "cicd.pipeline.task.run.id": text(item, "deployable_id"),
                "cicd.pipeline.task.run.url.full": text(item, "deployable_url"),
                "gitlab.environment_tier": text(item, "environment_tier"),
            },
        )
    ]


def is_webhook(item: dict[str, Any]) -> bool:
    """Whether an object is a webhook of GitHub or GitLab, about anything."""
    sender = type(item.get("sender")) is dict and ("repository" in item or "organization" in item)
    return sender or type(item.get("object_kind")) is str or ("zen" in item and "hook_id" in item)
