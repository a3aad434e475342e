"""Markers of pipelines, incidents and changes as other tools write them, each with the events it becomes."""

from datetime import UTC, datetime

from tests.support.markers import SHA

START = datetime(2026, 5, 4, 11, 50, tzinfo=UTC)
END = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
_EVENT = {"kind": "event", "error": False}
_DEPLOYED = {"name": "deployment", **_EVENT}

RUN = {
    "id": 30433642,
    "name": "Deploy to production",
    "head_branch": "v2.4.0",
    "head_sha": SHA,
    "path": ".github/workflows/release.yml",
    "display_title": "Seats again",
    "run_number": 562,
    "event": "push",
    "status": "completed",
    "conclusion": "success",
    "workflow_id": 159038,
    "html_url": "https://github.com/shop/book/actions/runs/30433642",
    "created_at": "2026-05-04T11:49:00Z",
    "run_started_at": "2026-05-04T11:50:00Z",
    "updated_at": "2026-05-04T12:00:00Z",
    "actor": {"login": "ann"},
    "run_attempt": 1,
    "repository": {"full_name": "shop/book", "html_url": "https://github.com/shop/book"},
}
_RUN = {
    "service.name": "book",
    "service.version": "v2.4.0",
    "vcs.ref.head.name": "v2.4.0",
    "vcs.ref.head.revision": SHA,
    "vcs.repository.name": "book",
    "vcs.owner.name": "shop",
    "cicd.pipeline.name": "Deploy to production",
    "cicd.pipeline.run.id": "30433642",
    "cicd.pipeline.run.url.full": "https://github.com/shop/book/actions/runs/30433642",
    "cicd.pipeline.trigger": "push",
    "cicd.pipeline.run.attempt": 1,
    "body": "Seats again",
}
_DEPLOY_RUN = _RUN | {"deployment.id": "30433642", "deployment.name": "Deploy to production"}
_REST = {
    "user.name": "ann",
    "cicd.pipeline.file": ".github/workflows/release.yml",
    "vcs.repository.url.full": "https://github.com/shop/book",
}
LISTED_RUN = {
    "attempt": 1,
    "conclusion": "success",
    "createdAt": "2026-05-04T11:49:00Z",
    "databaseId": 30433642,
    "displayTitle": "Seats again",
    "event": "push",
    "headBranch": "v2.4.0",
    "headSha": SHA,
    "name": "Seats again",
    "number": 562,
    "startedAt": "2026-05-04T11:50:00Z",
    "status": "completed",
    "updatedAt": "2026-05-04T12:00:00Z",
    "url": "https://github.com/shop/book/actions/runs/30433642",
    "workflowName": "Deploy to production",
}
DEVLAKE = {
    "id": "deploy-42",
    "startedDate": "2026-05-04T11:50:00+00:00",
    "finishedDate": "2026-05-04T12:00:00+00:00",
    "result": "SUCCESS",
    "environment": "PRODUCTION",
    "displayTitle": "Deploy 42",
    "deploymentCommits": [
        {"repoUrl": "https://forge.example/shop/book.git", "refName": "2.4.0", "commitSha": SHA},
        {"repoUrl": "https://forge.example/shop/seats", "refName": "main", "commitSha": "0b31" * 10},
    ],
}
_DEVLAKE = {
    **_DEPLOYED,
    "deployment.id": "deploy-42",
    "deployment.name": "Deploy 42",
    "deployment.environment.name": "PRODUCTION",
    "vcs.owner.name": "shop",
}
_DEVLAKE_BOOK = _DEVLAKE | {
    "service.name": "book",
    "service.version": "2.4.0",
    "vcs.ref.head.name": "2.4.0",
    "vcs.ref.head.revision": SHA,
    "vcs.repository.name": "book",
    "vcs.repository.url.full": "https://forge.example/shop/book.git",
}
_DEVLAKE_SEATS = _DEVLAKE | {
    "service.name": "seats",
    "vcs.ref.head.name": "main",
    "vcs.ref.head.revision": "0b31" * 10,
    "vcs.repository.name": "seats",
    "vcs.repository.url.full": "https://forge.example/shop/seats",
}
DEVLAKE_INCIDENT = {
    "issueKey": "OPS-7",
    "title": "answers take 3 s",
    "status": "DONE",
    "originalStatus": "Closed",
    "createdDate": "2026-05-04T11:50:00Z",
    "resolutionDate": "2026-05-04T12:00:00Z",
    "severity": "SEV2",
    "component": "book",
    "url": "https://tickets.example/OPS-7",
}
_INCIDENT = {
    "name": "incident",
    **_EVENT,
    "obskit.incident.title": "answers take 3 s",
    "service.name": "book",
}
_DEVLAKE_INCIDENT = _INCIDENT | {
    "obskit.incident.id": "OPS-7",
    "obskit.incident.severity": "SEV2",
    "obskit.incident.original_status": "Closed",
    "url.full": "https://tickets.example/OPS-7",
}
PAGE = {
    "id": "PT4KHLK",
    "incident_number": 1234,
    "title": "answers take 3 s",
    "created_at": "2026-05-04T11:50:00Z",
    "status": "resolved",
    "last_status_change_at": "2026-05-04T12:00:00Z",
    "service": {"id": "PWIXJZS", "summary": "book"},
    "urgency": "high",
    "html_url": "https://shop.pagerduty.example/incidents/PT4KHLK",
}
_PAGE = _INCIDENT | {
    "obskit.incident.id": "1234",
    "obskit.incident.severity": "high",
    "url.full": "https://shop.pagerduty.example/incidents/PT4KHLK",
    "pagerduty.id": "PT4KHLK",
}
PAGE_EVENT = {
    "event": {
        "id": "5ac64822",
        "event_type": "incident.resolved",
        "resource_type": "incident",
        "occurred_at": "2026-05-04T12:00:00Z",
        "data": {
            "id": "PT4KHLK",
            "type": "incident",
            "number": 1234,
            "status": "resolved",
            "title": "answers take 3 s",
            "service": {"id": "PWIXJZS", "summary": "book"},
            "priority": {"summary": "P2"},
            "urgency": "high",
            "html_url": "https://shop.pagerduty.example/incidents/PT4KHLK",
        },
    }
}
ROLLOUT = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "Rollout",
    "metadata": {
        "name": "book",
        "namespace": "shop",
        "annotations": {"rollout.argoproj.io/revision": "7"},
    },
    "spec": {
        "strategy": {
            "canary": {
                "steps": [{"setWeight": 10}, {"pause": {"duration": "5m"}}, {"setWeight": 50}, {"pause": {}}]
            }
        },
        "template": {"spec": {"containers": [{"image": "r.example:5000/shop/book:2.4.0@sha256:ab"}]}},
    },
    "status": {
        "phase": "Paused",
        "message": "CanaryPauseStep",
        "currentStepIndex": 1,
        "currentPodHash": "6f64645d5f",
        "stableRS": "7bf84f9696",
        "pauseConditions": [{"reason": "CanaryPauseStep", "startTime": "2026-05-04T12:00:00Z"}],
        "conditions": [{"type": "Progressing", "lastUpdateTime": "2026-05-04T11:59:00Z"}],
    },
}
_ROLLOUT = {
    **_DEPLOYED,
    "timestamp": END,
    "deployment.status": "started",
    "deployment.id": "book/7",
    "deployment.name": "book",
    "service.name": "book",
    "service.version": "2.4.0",
    "body": "CanaryPauseStep",
    "k8s.namespace.name": "shop",
    "argo.rollout.phase": "Paused",
    "argo.rollout.pod_hash": "6f64645d5f",
    "argo.rollout.stable_pod_hash": "7bf84f9696",
    "argo.rollout.step": 1,
    "obskit.rollout.split_percent": 10,
    "obskit.rollout.ramp_percent": [10, 50],
}
ANALYSIS = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "AnalysisRun",
    "metadata": {
        "name": "book-6f64645d5f-7-2",
        "namespace": "shop",
        "ownerReferences": [{"kind": "Rollout", "name": "book"}],
    },
    "spec": {"metrics": [{"name": "errors"}]},
    "status": {
        "phase": "Failed",
        "message": "Metric errors assessed Failed",
        "startedAt": "2026-05-04T11:50:00Z",
        "completedAt": "2026-05-04T12:00:00Z",
        "metricResults": [
            {"name": "errors", "phase": "Failed", "count": 5, "successful": 2, "failed": 3},
            {"name": "latency", "phase": "Successful", "count": 5, "successful": 5},
        ],
    },
}
FLAGGER = {
    "name": "book",
    "namespace": "shop",
    "phase": "Progressing",
    "checksum": "85d557f47b",
    "metadata": {
        "eventMessage": "Advance book.shop canary weight 20",
        "eventType": "Normal",
        "timestamp": "1777896000000",
    },
}
AUDIT = {
    "_id": "1234a56b",
    "_accountId": "1234a56b",
    "date": 1777896000000,
    "kind": "flag",
    "name": "New seat map",
    "description": "",
    "shortDescription": "",
    "title": "turned on the flag New seat map in Production",
    "comment": "",
    "accesses": [{"action": "updateOn", "resource": "proj/shop:env/production:flag/new-seat-map"}],
    "member": {"email": "ann@shop.example"},
}
FLYWAY = {
    "installed_rank": 3,
    "version": "2.4",
    "description": "add seats",
    "type": "SQL",
    "script": "V2.4__add_seats.sql",
    "checksum": -1012,
    "installed_by": "shop",
    "installed_on": "2026-05-04T12:00:00Z",
    "execution_time": 41,
    "success": True,
}
FLYWAY_ROW = {
    "timestamp": END,
    "name": "database.migration",
    **_EVENT,
    "body": "add seats",
    "database.migration.tool": "flyway",
    "database.migration.version": "2.4",
    "database.migration.script": "V2.4__add_seats.sql",
    "database.migration.type": "SQL",
    "database.migration.duration_ms": 41,
    "database.migration.order": 3,
    "database.migration.success": True,
}
LIQUIBASE = {
    "ID": "add-seats",
    "AUTHOR": "ann",
    "FILENAME": "db/changelog.xml",
    "DATEEXECUTED": "2026-05-04T12:00:00Z",
    "ORDEREXECUTED": 3,
    "EXECTYPE": "EXECUTED",
    "MD5SUM": "8:d41d",
    "DESCRIPTION": "addColumn tableName=seats",
    "COMMENTS": "",
    "TAG": "2.4.0",
    "LIQUIBASE": "4.27.0",
    "DEPLOYMENT_ID": "7896000000",
}
LIQUIBASE_ROW = {
    "timestamp": END,
    "name": "database.migration",
    **_EVENT,
    "body": "addColumn tableName=seats",
    "database.migration.tool": "liquibase",
    "database.migration.version": "2.4.0",
    "database.migration.id": "add-seats",
    "database.migration.script": "db/changelog.xml",
    "database.migration.type": "EXECUTED",
    "database.migration.order": 3,
    "database.migration.success": True,
    "deployment.id": "7896000000",
}
TRIVY = {
    "SchemaVersion": 2,
    "CreatedAt": "2026-05-04T12:00:00Z",
    "ArtifactName": "r.example:5000/shop/book:2.4.0",
    "ArtifactType": "container_image",
    "Metadata": {"ImageID": "sha256:ab", "RepoTags": ["r.example:5000/shop/book:2.4.0"]},
    "Results": [
        {
            "Target": "debian 12",
            "Vulnerabilities": [
                {"VulnerabilityID": "CVE-2026-2", "PkgName": "openssl", "Severity": "CRITICAL"},
                {"VulnerabilityID": "CVE-2026-1", "PkgName": "zlib1g", "Severity": "LOW"},
            ],
        },
        {"Target": "app/go.mod"},
        {
            "Target": "copy",
            "Vulnerabilities": [{"VulnerabilityID": "CVE-2026-1", "PkgName": "zlib1g", "Severity": "LOW"}],
        },
    ],
}
_TRIVY = {
    "timestamp": END,
    "name": "vulnerability.scan",
    **_EVENT,
    "vulnerability.scan.tool": "trivy",
    "vulnerability.scan.artifact": "r.example:5000/shop/book",
    "vulnerability.scan.target": "r.example:5000/shop/book:2.4.0",
    "vulnerability.scan.artifact_type": "container_image",
    "container.image.id": "sha256:ab",
    "container.image.tags": ["r.example:5000/shop/book:2.4.0"],
    "service.version": "2.4.0",
    "vulnerability.count.critical": 1,
    "vulnerability.count.high": 0,
    "vulnerability.count.medium": 0,
    "vulnerability.count.low": 1,
    "vulnerability.count.unknown": 0,
    "vulnerability.findings": ["CVE-2026-1 zlib1g", "CVE-2026-2 openssl"],
}
CHAOS_MESH = {
    "apiVersion": "chaos-mesh.org/v1alpha1",
    "kind": "NetworkChaos",
    "metadata": {"name": "slow-seats", "namespace": "shop", "creationTimestamp": "2026-05-04T11:49:00Z"},
    "spec": {
        "action": "delay",
        "mode": "all",
        "duration": "10m",
        "selector": {"labelSelectors": {"app": "seats"}},
    },
    "status": {
        "experiment": {
            "desiredPhase": "Stop",
            "containerRecords": [
                {
                    "id": "shop/seats-1",
                    "phase": "Not Injected",
                    "events": [
                        {"operation": "Apply", "type": "Succeeded", "timestamp": "2026-05-04T11:50:00Z"},
                        {"operation": "Recover", "type": "Succeeded", "timestamp": "2026-05-04T12:00:00Z"},
                    ],
                }
            ],
        }
    },
}
_CHAOS = {
    "name": "chaos.experiment",
    **_EVENT,
    "service.name": "seats",
    "body": "slow-seats",
    "chaos.tool": "chaos-mesh",
    "chaos.experiment": "slow-seats",
    "chaos.kind": "NetworkChaos",
    "chaos.action": "delay",
    "chaos.mode": "all",
    "k8s.namespace.name": "shop",
}
LITMUS = {
    "apiVersion": "litmuschaos.io/v1alpha1",
    "kind": "ChaosEngine",
    "metadata": {"name": "book-chaos", "namespace": "shop", "creationTimestamp": "2026-05-04T11:50:00Z"},
    "spec": {"appinfo": {"applabel": "app=book"}},
    "status": {
        "engineStatus": "completed",
        "experiments": [
            {
                "name": "pod-delete",
                "status": "Completed",
                "verdict": "Pass",
                "lastUpdateTime": "2026-05-04T12:00:00Z",
            }
        ],
    },
}
_LITMUS = {
    "name": "chaos.experiment",
    **_EVENT,
    "service.name": "book",
    "body": "pod-delete",
    "chaos.tool": "litmus",
    "chaos.experiment": "pod-delete",
    "chaos.kind": "ChaosEngine",
    "chaos.verdict": "Pass",
    "k8s.namespace.name": "shop",
}
RESULT = {
    "apiVersion": "litmuschaos.io/v1alpha1",
    "kind": "ChaosResult",
    "metadata": {"name": "book-chaos-pod-delete", "creationTimestamp": "2026-05-04T11:50:00Z"},
    "spec": {"engine": "book-chaos", "experiment": "pod-delete"},
    "status": {
        "experimentStatus": {"phase": "Running", "verdict": "Awaited", "probeSuccessPercentage": "Awaited"}
    },
}


def _both(shared, *, begun, ended):
    return [shared | {"timestamp": START} | begun, shared | {"timestamp": END} | ended]


def _steps(shared):
    started, succeeded = {"deployment.status": "started"}, {"deployment.status": "succeeded"}
    return _both(_DEPLOYED | shared, begun=started, ended=succeeded)


def _opened(shared):
    opened, resolved = {"obskit.incident.status": "open"}, {"obskit.incident.status": "resolved"}
    return _both(shared, begun=opened, ended=resolved)


def _window(shared):
    begun = {"chaos.status": "started", "chaos.end": "2026-05-04T12:00:00Z"}
    return _both(shared, begun=begun, ended={"chaos.status": "ended", "chaos.start": "2026-05-04T11:50:00Z"})


CHANGE_CASES = {
    "GitHub Actions: REST": (RUN, _steps(_DEPLOY_RUN | _REST)),
    "GitHub Actions: webhook": (
        {"action": "completed", "workflow_run": RUN, "sender": {"login": "ann"}},
        _steps(_DEPLOY_RUN | _REST),
    ),
    "GitHub Actions: gh run list": (LISTED_RUN, _steps(_DEPLOY_RUN)),
    "GitHub Actions: tests": (
        LISTED_RUN | {"workflowName": "Tests", "conclusion": "timed_out"},
        [
            _RUN
            | _EVENT
            | {
                "timestamp": END,
                "name": "cicd.pipeline.run",
                "cicd.pipeline.name": "Tests",
                "cicd.pipeline.result": "failed",
                "cicd.pipeline.run.started_at": "2026-05-04T11:50:00Z",
            }
        ],
    ),
    "DevLake: deployment": (DEVLAKE, [*_steps(_DEVLAKE_BOOK), *_steps(_DEVLAKE_SEATS)]),
    "DevLake: incident": (DEVLAKE_INCIDENT, _opened(_DEVLAKE_INCIDENT)),
    "PagerDuty: REST": (PAGE, _opened(_PAGE)),
    "PagerDuty: webhook": (
        PAGE_EVENT,
        [
            _PAGE
            | {
                "timestamp": END,
                "obskit.incident.status": "resolved",
                "obskit.incident.severity": "P2",
                "pagerduty.urgency": "high",
            }
        ],
    ),
    "Argo Rollouts: Rollout": (ROLLOUT, [_ROLLOUT]),
    "Argo Rollouts: AnalysisRun": (
        ANALYSIS,
        [
            {
                "timestamp": END,
                "name": "rollout.analysis",
                **_EVENT,
                "body": "Metric errors assessed Failed",
                "service.name": "book",
                "k8s.namespace.name": "shop",
                "argo.analysis.name": "book-6f64645d5f-7-2",
                "argo.analysis.phase": "Failed",
                "argo.analysis.started_at": "2026-05-04T11:50:00Z",
                "argo.analysis.metrics": ["errors", "latency"],
                "argo.analysis.failed_metrics": ["errors"],
                "argo.analysis.successful": 7,
                "argo.analysis.failed": 3,
                "argo.analysis.inconclusive": 0,
                "argo.analysis.error": 0,
                "argo.analysis.count": 10,
            }
        ],
    ),
    "Flagger": (
        FLAGGER,
        [
            {
                "timestamp": END,
                **_DEPLOYED,
                "deployment.status": "started",
                "deployment.id": "book/85d557f47b",
                "deployment.name": "book",
                "service.name": "book",
                "body": "Advance book.shop canary weight 20",
                "severity_text": "Normal",
                "k8s.namespace.name": "shop",
                "flagger.phase": "Progressing",
                "obskit.rollout.split_percent": 20,
            }
        ],
    ),
    "LaunchDarkly": (
        AUDIT,
        [
            {
                "timestamp": END,
                "name": "feature_flag.change",
                **_EVENT,
                "body": "turned on the flag New seat map in Production",
                "feature_flag.key": "new-seat-map",
                "feature_flag.provider.name": "LaunchDarkly",
                "deployment.environment.name": "production",
                "launchdarkly.id": "1234a56b",
                "launchdarkly.kind": "flag",
                "launchdarkly.name": "New seat map",
                "launchdarkly.project": "shop",
                "launchdarkly.actions": ["updateOn"],
            }
        ],
    ),
    "Flyway": (FLYWAY, [FLYWAY_ROW]),
    "Liquibase": (LIQUIBASE, [LIQUIBASE_ROW]),
    "Trivy": (TRIVY, [_TRIVY]),
    "Chaos Mesh": (CHAOS_MESH, _window(_CHAOS)),
    "Litmus: ChaosEngine": (LITMUS, _window(_LITMUS)),
    "Litmus: ChaosResult": (
        RESULT,
        [
            {
                "timestamp": START,
                "name": "chaos.experiment",
                **_EVENT,
                "body": "pod-delete",
                "chaos.tool": "litmus",
                "chaos.kind": "ChaosResult",
                "chaos.status": "started",
                "chaos.experiment": "pod-delete",
                "chaos.engine": "book-chaos",
                "chaos.verdict": "Awaited",
                "chaos.phase": "Running",
                "chaos.probe_success_percentage": "Awaited",
            }
        ],
    ),
}
"""Name of the reader, and of the form -> (the document, the rows)."""
