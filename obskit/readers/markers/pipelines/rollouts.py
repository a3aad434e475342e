"""Progressive deliveries: Argo Rollouts (Rollout, AnalysisRun) and Flagger's event webhook.

Both say which share of the traffic the new version is declared to get. That is `obskit.rollout.split_percent`
for the moment of the marker, and `obskit.rollout.ramp_percent` for all steps.
Source: argo-rollouts pkg/apis/rollouts/v1alpha1, Flagger's documentation of webhooks ("Event hooks").
"""

from __future__ import annotations

import re
from typing import Any

from obskit.names.markers import ANALYSIS, ROLLOUT_RAMP, ROLLOUT_SPLIT
from obskit.readers.markers.rows import (
    Row,
    deployment,
    get,
    iso_time,
    listed,
    number,
    revision,
    text,
    version,
)

_PHASES = {"Healthy": "succeeded", "Degraded": "failed", "Progressing": "started", "Paused": "started"}
_FLAGGER = {
    **dict.fromkeys(("Initializing", "Initialized", "Progressing", "Waiting"), "started"),
    **dict.fromkeys(("WaitingPromotion", "Promoting", "Finalising"), "started"),
    "Succeeded": "succeeded",
    "Failed": "failed",
    "Terminating": "removed",
    "Terminated": "removed",
}
_WEIGHT = re.compile(r"\bcanary weight (\d{1,3})\b")


def argo_rollouts(item: dict[str, Any]) -> list[Row] | None:
    """Return the marker of a Rollout or an AnalysisRun; None for anything else."""
    if not str(item.get("apiVersion", "")).startswith("argoproj.io/") or not text(item, "metadata", "name"):
        return None
    if item.get("kind") == "Rollout":
        return _rollout(item)
    return _analysis(item) if item.get("kind") == "AnalysisRun" else None


def _rollout(item: dict[str, Any]) -> list[Row]:
    state = item.get("status")
    phase = text(state, "phase")
    if phase not in _PHASES:
        return []
    aborted = get(state, "abort") is True or text(state, "abortedAt") is not None
    steps = listed(item, "spec", "strategy", "canary", "steps")
    ramp = [weight for step in steps if (weight := number(step, "setWeight")) is not None]
    image = next(iter(listed(item, "spec", "template", "spec", "containers")), None)
    fields: Row = {
        "id": _revision_id(item),
        "name": text(item, "metadata", "name"),
        "service": _label(item, "app.kubernetes.io/name") or text(item, "metadata", "name"),
        "version": version(_label(item, "app.kubernetes.io/version")) or _image_version(text(image, "image")),
        "body": text(state, "message"),
        "k8s.namespace.name": text(item, "metadata", "namespace"),
        "argo.rollout.phase": phase,
        "argo.rollout.pod_hash": text(state, "currentPodHash"),
        "argo.rollout.stable_pod_hash": text(state, "stableRS"),
        "argo.rollout.step": number(state, "currentStepIndex"),
        ROLLOUT_SPLIT: _split(state, phase, steps),
        ROLLOUT_RAMP: ramp or None,
    }
    status = "failed" if aborted else _PHASES[phase]  # the traffic returns to the stable version
    return [deployment(_rollout_time(item, phase, aborted), status, **fields)]


def _split(state: Any, phase: str, steps: list[Any]) -> int | None:
    """Return the share that the new version is declared to get now, in percent."""
    declared = number(state, "canary", "weights", "canary", "weight")
    if declared is not None:
        return declared
    if get(state, "abort") is True:
        return 0
    at = number(state, "currentStepIndex")
    if phase == "Healthy" or (steps and at is not None and at >= len(steps)):
        return 100
    if at is None or at < 0:
        return None
    weights = [weight for step in steps[: at + 1] if (weight := number(step, "setWeight")) is not None]
    return weights[-1] if weights else 0


def _rollout_time(item: dict[str, Any], phase: str, aborted: bool) -> Any:
    state = item.get("status")
    if aborted and text(state, "abortedAt"):
        return get(state, "abortedAt")
    pauses = [text(pause, "startTime") for pause in listed(state, "pauseConditions")]
    if phase == "Paused" and any(pauses):
        return max(filter(None, pauses))
    wanted = {"Healthy": ("Healthy", "Completed")}.get(phase, ("Progressing",))
    times = {
        text(one, "type"): text(one, "lastTransitionTime" if phase == "Healthy" else "lastUpdateTime")
        for one in listed(state, "conditions")
    }
    return next((times[name] for name in (*wanted, "Progressing") if times.get(name)), None)


def _revision_id(item: dict[str, Any]) -> str | None:
    found = text(item, "metadata", "annotations", "rollout.argoproj.io/revision")
    return None if found is None else f"{text(item, 'metadata', 'name')}/{found}"


def _label(item: dict[str, Any], name: str) -> str | None:
    return text(item, "metadata", "labels", name)


def _image_version(image: str | None) -> str | None:
    """Return the version that an image's tag is: `r.example:5000/shop:2.4.0@sha256:ab` has 2.4.0."""
    name = (image or "").partition("@")[0].rpartition("/")[2]
    tag = name.partition(":")[2]
    return tag or None


def _analysis(item: dict[str, Any]) -> list[Row]:
    state = item.get("status")
    phase = text(state, "phase")
    if phase is None:
        return []
    results = [one for one in listed(state, "metricResults") if text(one, "name")]
    owners = [one for one in listed(item, "metadata", "ownerReferences") if get(one, "kind") == "Rollout"]
    begun, ended = text(state, "startedAt"), text(state, "completedAt")
    if ended is None and phase not in ("Pending", "Running"):
        ended = max(
            (text(m, "finishedAt") or "" for one in results for m in listed(one, "measurements")), default=""
        )
    row: Row = {
        "timestamp": iso_time(ended or begun or text(item, "metadata", "creationTimestamp")),
        "name": ANALYSIS,
        "kind": "event",
        "body": text(state, "message"),
        "service.name": text(owners[0], "name") if owners else None,
        "k8s.namespace.name": text(item, "metadata", "namespace"),
        "argo.analysis.name": text(item, "metadata", "name"),
        "argo.analysis.phase": phase,
        "argo.analysis.started_at": begun,
        "argo.analysis.metrics": [str(text(one, "name")) for one in results] or None,
        "argo.analysis.failed_metrics": [
            str(text(one, "name")) for one in results if one.get("phase") in ("Failed", "Error")
        ]
        or None,
    }
    for name in ("successful", "failed", "inconclusive", "error", "count"):
        row[f"argo.analysis.{name}"] = sum(number(one, name) or 0 for one in results) if results else None
    return [{key: value for key, value in row.items() if value is not None}]


def flagger(item: dict[str, Any]) -> list[Row] | None:
    """Return the marker of an event of Flagger; None for anything else."""
    phase, said = text(item, "phase"), item.get("metadata")
    if phase not in _FLAGGER or not text(item, "name") or not text(item, "namespace"):
        return None
    if text(said, "eventMessage") is None or text(said, "timestamp") is None:
        return None
    name, message = text(item, "name"), str(text(said, "eventMessage"))
    found = _WEIGHT.search(message)
    weight = number(item, "canaryWeight")
    if weight is None:
        weight = int(found[1]) if found else 100 if phase == "Succeeded" else 0 if phase == "Failed" else None
    checksum = text(item, "checksum")
    return [
        deployment(
            get(said, "timestamp"),
            _FLAGGER[phase],
            id=f"{name}/{checksum}" if checksum else None,
            name=name,
            service=name,
            body=message,
            revision=revision(text(item, "buildId")),
            severity_text=text(said, "eventType"),
            **{
                "k8s.namespace.name": text(item, "namespace"),
                "flagger.phase": phase,
                "flagger.failed_checks": number(item, "failedChecks"),
                ROLLOUT_SPLIT: weight,
            },
        )
    ]
