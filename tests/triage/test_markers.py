"""Deployments recorded by other tools give the same answer as those that the service records."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from obskit import load
from obskit.query import deployments
from obskit.triage import Triage

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
