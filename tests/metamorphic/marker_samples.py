"""Samples of tools that record deployments, incidents and changes: one marker per request."""

from __future__ import annotations

from typing import Any

from tests.metamorphic.line_samples import objects
from tests.metamorphic.sample import Sample
from tests.metamorphic.world import Request, World


def _sha(one: Request) -> str:
    return f"{one.number + 1:040x}"


def _seconds(one: Request) -> str:
    return one.time.strftime("%Y-%m-%dT%H:%M:%SZ")


def _actions(one: Request) -> dict[str, Any]:
    return {
        "databaseId": one.number,
        "workflowName": "Deploy" if one.failed else "Tests",
        "headSha": _sha(one),
        "status": "in_progress",
        "createdAt": _seconds(one),
    }


def _devlake(one: Request) -> dict[str, Any]:
    return {
        "id": str(one.number),
        "finishedDate": one.iso,
        "result": "FAILURE" if one.failed else "SUCCESS",
        "deploymentCommits": [{"repoUrl": "https://forge.example/shop/booking", "commitSha": _sha(one)}],
    }


def _pagerduty(one: Request) -> dict[str, Any]:
    return {
        "incident_number": one.number,
        "title": f"{one.status} of {one.path}",
        "created_at": _seconds(one),
        "status": "triggered",
        "service": {"summary": one.service},
    }


def _rollout(one: Request) -> dict[str, Any]:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {"name": f"booking-{one.number}"},
        "spec": {"strategy": {"canary": {"steps": [{"setWeight": 20}]}}},
        "status": {
            "phase": "Degraded" if one.failed else "Healthy",
            "conditions": [
                {"type": "Progressing", "lastUpdateTime": _seconds(one), "lastTransitionTime": _seconds(one)}
            ],
        },
    }


def _flagger(one: Request) -> dict[str, Any]:
    return {
        "name": f"booking-{one.number}",
        "namespace": "shop",
        "phase": "Failed" if one.failed else "Progressing",
        "metadata": {
            "eventMessage": f"step {one.number}",
            "eventType": "Normal",
            "timestamp": str(one.epoch_us // 1000),
        },
    }


def _launchdarkly(one: Request) -> dict[str, Any]:
    place = f"proj/shop:env/production:flag/seats-{one.number}"
    return {
        "_id": str(one.number),
        "date": one.epoch_us // 1000,
        "kind": "flag",
        "accesses": [{"action": "updateOn", "resource": place}],
    }


def _flyway(one: Request) -> dict[str, Any]:
    return {
        "installed_rank": one.number,
        "version": f"2.{one.number}",
        "description": f"step {one.number}",
        "type": "SQL",
        "script": f"V2.{one.number}.sql",
        "installed_on": one.iso,
        "success": not one.failed,
    }


def _liquibase(one: Request) -> dict[str, Any]:
    return {
        "ID": f"step-{one.number}",
        "FILENAME": "db.xml",
        "DATEEXECUTED": one.iso,
        "ORDEREXECUTED": one.number,
        "EXECTYPE": "FAILED" if one.failed else "EXECUTED",
    }


def _trivy(one: Request) -> dict[str, Any]:
    found = [{"VulnerabilityID": f"CVE-2026-{one.number}", "PkgName": "zlib", "Severity": "HIGH"}]
    return {
        "SchemaVersion": 2,
        "CreatedAt": one.iso,
        "ArtifactName": f"shop/booking:2.{one.number}",
        "Results": [{"Target": "debian", "Vulnerabilities": found}],
    }


def _chaos_mesh(one: Request) -> dict[str, Any]:
    return {
        "apiVersion": "chaos-mesh.org/v1alpha1",
        "kind": "PodChaos",
        "metadata": {"name": f"kill-{one.number}", "creationTimestamp": _seconds(one)},
        "spec": {"action": "pod-kill"},
    }


def _litmus(one: Request) -> dict[str, Any]:
    return {
        "apiVersion": "litmuschaos.io/v1alpha1",
        "kind": "ChaosResult",
        "metadata": {"name": f"kill-{one.number}", "creationTimestamp": _seconds(one)},
        "status": {"experimentStatus": {"phase": "Completed", "verdict": "Fail" if one.failed else "Pass"}},
    }


def _table(names: str, cells: Any) -> Any:
    def write(world: World) -> bytes:
        return "".join(f"{line}\n" for line in (names, *map(cells, world.requests()))).encode()

    return write


def _flyway_cells(one: Request) -> str:
    done = "f" if one.failed else "t"
    return f"{one.number},2.{one.number},step {one.number},SQL,V2.{one.number}.sql,{one.iso},{done}"


def _liquibase_cells(one: Request) -> str:
    return f"step-{one.number},db.xml,{one.iso},{one.number},EXECUTED"


def _tags(world: World) -> bytes:
    lines = [f"v2.{one.number} {_seconds(one)} commit {_sha(one)} " for one in world.requests()]
    return "".join(f"{line}\n" for line in lines).encode()


SAMPLES = (
    Sample("GitHub Actions", "", "runs.jsonl", objects(_actions)),
    Sample("DevLake", "", "devlake.jsonl", objects(_devlake), zone=True),
    Sample("PagerDuty", "", "incidents.jsonl", objects(_pagerduty)),
    Sample("Argo Rollouts", "", "rollouts.jsonl", objects(_rollout)),
    Sample("Flagger", "", "flagger.jsonl", objects(_flagger)),
    Sample("LaunchDarkly", "", "audit.jsonl", objects(_launchdarkly)),
    Sample("Flyway", "", "flyway.jsonl", objects(_flyway), zone=True),
    Sample("Liquibase", "", "liquibase.jsonl", objects(_liquibase), zone=True),
    Sample("Trivy", "", "trivy.jsonl", objects(_trivy), zone=True),
    Sample("Chaos Mesh", "", "chaos.jsonl", objects(_chaos_mesh)),
    Sample("Litmus", "", "litmus.jsonl", objects(_litmus)),
    Sample(
        "Flyway CSV",
        "",
        "flyway.csv",
        _table("installed_rank,version,description,type,script,installed_on,success", _flyway_cells),
        header=1,
        zone=True,
    ),
    Sample(
        "Liquibase CSV",
        "",
        "liquibase.csv",
        _table("ID,FILENAME,DATEEXECUTED,ORDEREXECUTED,EXECTYPE", _liquibase_cells),
        header=1,
        zone=True,
    ),
    Sample("git tags", "", "tags.txt", _tags),
)
