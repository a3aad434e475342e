"""Deployments recorded by other tools give the same answer as those that the service records."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from obskit import load
from obskit.explorer.markers import markers
from obskit.query import deployments
from obskit.triage import Triage

pytestmark = pytest.mark.once

NOON = "2026-05-04T12:00:00Z"
SHA = "5f1c" * 10
CONTEXT = {"id": "d-1", "source": "/ci", "timestamp": NOON, "version": "0.5.0"}
GITHUB = {
    "id": 42,
    "url": "https://api.forge.example/repos/shop/book/deployments/42",
    "sha": SHA,
    "ref": "2.4.0",
    "created_at": NOON,
    "statuses_url": "https://api.forge.example/repos/shop/book/deployments/42/statuses",
    "repository_url": "https://api.forge.example/repos/shop/book",
}
BOOK = {"name": "book", "full_name": "shop/book", "path_with_namespace": "shop/book"}
CDEVENT = {
    "context": CONTEXT | {"type": "dev.cdevents.service.deployed.0.3.0"},
    "subject": {"id": "book", "content": {"artifactId": "pkg:oci/book@2.4.0"}},
}
DEPLOYMENTS: dict[str, Any] = {
    "cdevents": CDEVENT,
    "cloudevents": [
        {
            "specversion": "1.0",
            "id": "1",
            "source": "/ci",
            "type": CDEVENT["context"]["type"],
            "data": CDEVENT,
        }
    ],
    "github": {
        "deployment_status": {"id": 7, "state": "success", "created_at": NOON, "environment": "production"},
        "deployment": GITHUB,
        "repository": BOOK,
    },
    "github list": [GITHUB],
    "gitlab": {
        "object_kind": "deployment",
        "status": "success",
        "status_changed_at": "2026-05-04 14:00:00 +0200",
        "project": BOOK,
        "ref": "2.4.0",
    },
    "argocd": {
        "metadata": {"name": "book"},
        "spec": {"destination": {"namespace": "shop"}, "source": {"targetRevision": "2.4.0"}},
        "status": {"history": [{"id": 1, "revision": SHA, "deployedAt": NOON}]},
    },
    "table": f"time,kind,text,service,version\n{NOON},deployment,seats,book,2.4.0\n",
}


@pytest.fixture(scope="module")
def requests() -> str:
    """A day of requests without a version; from noon on, those for two seats fail.

    errors of book   ________________||||||||||||||
                                     book 2.4.0, according to another file
    """
    rng = np.random.default_rng(5)
    begin = datetime(2026, 5, 4, tzinfo=UTC)
    lines = []
    for seconds in np.sort(rng.uniform(0, 86_400, 3_000)).tolist():
        seats = int(rng.integers(1, 4))
        failed = rng.random() < (0.8 if seats == 2 and seconds > 43_200 else 0.01)
        event = {
            "timestamp": (begin + timedelta(seconds=seconds)).isoformat(),
            "duration_ms": 12.5,
            "kind": "server",
            "name": "POST /book",
            "service.name": "book",
            "seats": seats,
            "error": bool(failed),
        }
        lines.append(json.dumps(event))
    return "\n".join([*lines, ""])


def triaged(folder: Path, requests: str, file: str, data: Any) -> Triage:
    folder.mkdir()
    (folder / "events.jsonl").write_text(requests)
    (folder / file).write_text(data if isinstance(data, str) else json.dumps(data, indent=2))
    return load(folder).triage()


@pytest.fixture(scope="module")
def wanted(requests: str, tmp_path_factory: pytest.TempPathFactory) -> Triage:
    """What triage answers where the service itself wrote the marker."""
    own = {
        "timestamp": NOON,
        "name": "deployment",
        "kind": "event",
        "service.name": "book",
        "service.version": "2.4.0",
        "deployment.status": "succeeded",
    }
    return triaged(tmp_path_factory.mktemp("own") / "x", requests, "marks.jsonl", json.dumps(own) + "\n")


@pytest.mark.parametrize("tool", DEPLOYMENTS)
def test_the_answer_is_the_same_whoever_recorded_the_deployment(
    tool: str, requests: str, wanted: Triage, tmp_path: Path
) -> None:
    suffix = "csv" if tool == "table" else "json"
    found = triaged(tmp_path / "x", requests, f"deployments.{suffix}", DEPLOYMENTS[tool])
    assert [(c.deployment, c.outcome) for c in wanted.causes] == [("book 2.4.0", "errors")]
    assert [(c.deployment, c.outcome) for c in found.causes] == [("book 2.4.0", "errors")]
    assert found.table.equals(wanted.table)
    conditions = [[f.conditions for f in t.causes[0].explanation.findings] for t in (found, wanted)]
    assert conditions[0] == conditions[1] != []
    assert found.notes == wanted.notes


def test_inactive_deployments_are_left_out(tmp_path: Path) -> None:
    def status_event(state: str, minute: int) -> dict[str, Any]:
        status = {"id": minute, "state": state, "created_at": f"2026-05-04T12:{minute:02d}:00Z"}
        return {
            "deployment_status": status,
            "deployment": GITHUB | {"ref": f"2.{minute}.0"},
            "repository": BOOK,
        }

    states = ["success", "inactive", "failure", "in_progress"]
    (tmp_path / "a.json").write_text(json.dumps([status_event(state, at) for at, state in enumerate(states)]))
    found = deployments(load(tmp_path).scope)
    assert [(d.service, d.version) for d in found] == [
        ("book", "2.0.0"),
        ("book", "2.2.0"),
        ("book", "2.3.0"),
    ]


CHANGES: dict[str, tuple[Any, str]] = {
    "github actions": (
        {
            "databaseId": 1,
            "workflowName": "deploy",
            "headSha": SHA,
            "headBranch": "2.4.0",
            "status": "completed",
            "conclusion": "success",
            "createdAt": NOON,
            "startedAt": NOON,
            "updatedAt": NOON,
            "url": "https://github.com/shop/book/actions/runs/1",
        },
        "book 2.4.0",
    ),
    "devlake": (
        {
            "id": "d1",
            "finishedDate": NOON,
            "deploymentCommits": [
                {"repoUrl": "https://forge.example/shop/book", "refName": "2.4.0", "commitSha": SHA}
            ],
        },
        "book 2.4.0",
    ),
    "flagger": (
        {
            "name": "book",
            "namespace": "shop",
            "phase": "Progressing",
            "checksum": "85d5",
            "metadata": {"eventMessage": "New revision", "eventType": "Normal", "timestamp": "1777896000000"},
        },
        "book book/85d5",
    ),
    "launchdarkly": (
        {
            "_id": "1",
            "date": 1777896000000,
            "kind": "flag",
            "accesses": [{"action": "updateOn", "resource": "proj/shop:env/production:flag/two-seats"}],
        },
        "flag two-seats",
    ),
    "flyway": (
        {
            "installed_rank": 3,
            "version": "2.4",
            "description": "add seats",
            "type": "SQL",
            "script": "V2.4__add_seats.sql",
            "installed_on": NOON,
            "success": True,
        },
        "migration 2.4",
    ),
    "liquibase": (
        {"ID": "seats", "FILENAME": "x", "DATEEXECUTED": NOON, "ORDEREXECUTED": 1, "EXECTYPE": "EXECUTED"},
        "migration seats",
    ),
    "chaos mesh": (
        {
            "apiVersion": "chaos-mesh.org/v1alpha1",
            "kind": "PodChaos",
            "metadata": {"name": "kill-seats", "creationTimestamp": NOON},
        },
        "experiment kill-seats started",
    ),
    "tags": (f"v2.4.0 {NOON} commit {SHA} \n", "tag v2.4.0"),
}


@pytest.mark.parametrize("tool", CHANGES)
def test_other_changes_are_moments_of_triage_and_marks_of_the_explorer(
    tool: str, requests: str, tmp_path: Path
) -> None:
    data, label = CHANGES[tool]
    found = triaged(tmp_path / "x", requests, "changes.txt" if tool == "tags" else "changes.json", data)
    assert [(cause.deployment, cause.outcome) for cause in found.causes] == [(label, "errors")]
    events = load(tmp_path / "x")
    low, high = (datetime(2026, 5, day, tzinfo=UTC).timestamp() * 1e6 for day in (4, 5))
    assert [mark["label"] for mark in markers(events, low, high)] == [label]


def test_incidents_and_scans_are_marks_and_no_moments(requests: str, tmp_path: Path) -> None:
    data = [
        {
            "incident_number": 7,
            "title": "slow",
            "created_at": "2026-05-04T03:00:00Z",
            "status": "triggered",
            "service": {"summary": "book"},
        },
        {
            "SchemaVersion": 2,
            "CreatedAt": "2026-05-04T20:00:00Z",
            "ArtifactName": "shop/book:2.4.0",
            "Results": [],
        },
    ]
    found = triaged(tmp_path / "x", requests, "markers.json", data)
    assert [cause.deployment for cause in found.causes] == [None]
    assert any("no deployment is visible" in note for note in found.notes)
    events = load(tmp_path / "x")
    low, high = (datetime(2026, 5, day, tzinfo=UTC).timestamp() * 1e6 for day in (4, 5))
    assert [mark["label"] for mark in markers(events, low, high)] == ["incident book 7 open", "scan 2.4.0"]
