"""Small files of tools that record deployments, incidents and changes, for `format_samples`."""

from __future__ import annotations

import json

_TIME = "2026-05-04T10:00:00Z"
_SHA = "5f1c" * 10
_ACTIONS_RUN = {
    "databaseId": 41,
    "workflowName": "deploy",
    "headSha": _SHA,
    "status": "completed",
    "conclusion": "success",
    "createdAt": _TIME,
    "updatedAt": _TIME,
}
_DEVLAKE = {
    "id": "41",
    "finishedDate": _TIME,
    "deploymentCommits": [{"repoUrl": "https://forge.example/shop/booking", "commitSha": _SHA}],
}
_PAGERDUTY = {
    "incident_number": 7,
    "status": "triggered",
    "created_at": _TIME,
    "title": "slow",
    "service": {"summary": "booking"},
}
_ROLLOUT = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "Rollout",
    "metadata": {"name": "booking"},
    "spec": {"strategy": {"canary": {"steps": [{"setWeight": 20}]}}},
    "status": {"phase": "Healthy", "conditions": [{"type": "Healthy", "lastTransitionTime": _TIME}]},
}
_FLAGGER = {
    "name": "booking",
    "namespace": "shop",
    "phase": "Succeeded",
    "metadata": {"eventMessage": "Promotion completed!", "eventType": "Normal", "timestamp": "1777888800000"},
}
_FLYWAY = {
    "installed_rank": 3,
    "version": "2.4",
    "description": "add seats",
    "type": "SQL",
    "script": "V2.4__add_seats.sql",
    "installed_on": _TIME,
    "success": True,
}
_LIQUIBASE = {
    "ID": "add-seats",
    "FILENAME": "db.xml",
    "DATEEXECUTED": _TIME,
    "ORDEREXECUTED": 3,
    "EXECTYPE": "EXECUTED",
}
_LAUNCHDARKLY = {
    "_id": "41",
    "date": 1_777_888_800_000,
    "kind": "flag",
    "accesses": [{"action": "updateOn", "resource": "proj/shop:env/production:flag/seats"}],
}
_TRIVY = {"SchemaVersion": 2, "CreatedAt": _TIME, "ArtifactName": "shop/booking:2.4.0", "Results": []}
_CHAOS_MESH = {
    "apiVersion": "chaos-mesh.org/v1alpha1",
    "kind": "PodChaos",
    "metadata": {"name": "kill", "creationTimestamp": _TIME},
    "spec": {"action": "pod-kill", "duration": "30s"},
}
_LITMUS = {
    "apiVersion": "litmuschaos.io/v1alpha1",
    "kind": "ChaosResult",
    "metadata": {"name": "kill", "creationTimestamp": _TIME},
    "status": {"experimentStatus": {"phase": "Completed", "verdict": "Pass"}},
}
_LINES = {
    "GitHub Actions": _ACTIONS_RUN,
    "DevLake": _DEVLAKE,
    "PagerDuty": _PAGERDUTY,
    "Argo Rollouts": _ROLLOUT,
    "Flagger": _FLAGGER,
    "Flyway": _FLYWAY,
    "Liquibase": _LIQUIBASE,
    "LaunchDarkly": _LAUNCHDARKLY,
    "Trivy": _TRIVY,
    "Chaos Mesh": _CHAOS_MESH,
    "Litmus": _LITMUS,
}
MARKERS: dict[str, bytes] = {
    **{name: json.dumps(item, separators=(",", ":")).encode() + b"\n" for name, item in _LINES.items()},
    "Flyway CSV": b"installed_rank,version,description,type,script,installed_on,success\n"
    b"3,2.4,add seats,SQL,V2.4__add_seats.sql,2026-05-04 10:00:00,t\n",
    "Liquibase CSV": b"ID,FILENAME,DATEEXECUTED,ORDEREXECUTED,EXECTYPE\n"
    b"add-seats,db.xml,2026-05-04 10:00:00,3,EXECUTED\n",
    "git tags": b"2.4.0 2026-05-04T10:00:00+00:00 commit " + _SHA.encode() + b" \n",
}
"""Name of a reader -> a file of its format."""
