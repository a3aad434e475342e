"""Markers as other tools write them, each with the event that it becomes."""

from datetime import UTC, datetime

T = datetime(2026, 5, 4, 12, 0, 0, tzinfo=UTC)
SHA = "5f1c" * 10
API = "https://api.forge.example/repos/shop/book/deployments"
SERVICE = {
    "context": {
        "version": "0.5.0",
        "id": "e-1",
        "chainId": "c-1",
        "source": "/ci/shop",
        "type": "dev.cdevents.service.upgraded.0.3.0",
        "timestamp": "2026-05-04T12:00:00Z",
    },
    "subject": {
        "id": "daemonset/book",
        "type": "service",
        "content": {
            "environment": {"id": "production"},
            "artifactId": "pkg:oci/book@sha256%3Aab12?repository_url=r.example&tag=2.4.0",
        },
    },
    "customData": {"team": {"name": "seats"}},
}
INCIDENT = {
    "context": SERVICE["context"] | {"type": "dev.cdevents.incident.reported.0.3.0", "id": "e-2"},
    "subject": {
        "id": "inc-7",
        "content": {
            "description": "answers take 3 s",
            "environment": {"id": "prod1", "name": "production"},
            "service": {"id": "book"},
            "ticketURI": "https://tickets.example/7",
            "artifactId": "pkg:oci/book@2.4.0",
        },
    },
    "customData": {"severity": "SEV2"},
}
CLOUD = {
    "specversion": "1.0",
    "id": "a-1",
    "source": "/shop",
    "type": "com.example.feature.switched",
    "subject": "new-seats",
    "time": "2026-05-04T12:00:00Z",
    "datacontenttype": "application/json",
    "traceparent": "00-5b8efff798038103d269b633813fc60c-eee19b7ec3c1b174-01",
    "region": "eu",
    "data": {"flag": {"key": "new-seats", "on": True}},
}
DEPLOYMENT = {
    "url": f"{API}/42",
    "id": 42,
    "sha": SHA,
    "ref": "2.4.0",
    "task": "deploy",
    "payload": {},
    "environment": "production",
    "description": None,
    "creator": {"login": "ann"},
    "created_at": "2026-05-04T12:00:00Z",
    "statuses_url": f"{API}/42/statuses",
    "repository_url": "https://api.forge.example/repos/shop/book",
}
STATUS = {
    "url": f"{API}/42/statuses/7",
    "id": 7,
    "state": "success",
    "description": "seats again",
    "environment": "production",
    "log_url": "https://forge.example/shop/book/actions/runs/99/job/1",
    "creator": {"login": "bot"},
    "created_at": "2026-05-04T12:00:00Z",
    "deployment_url": f"{API}/42",
    "repository_url": "https://api.forge.example/repos/shop/book",
}
REPOSITORY = {"name": "book", "full_name": "shop/book", "html_url": "https://forge.example/shop/book"}
GITHUB_STATUS = {
    "action": "created",
    "deployment_status": STATUS,
    "deployment": DEPLOYMENT,
    "workflow_run": {"id": 98, "name": "release"},
    "repository": REPOSITORY,
    "sender": {"login": "bot"},
}
GITHUB_CREATED = {
    "action": "created",
    "deployment": DEPLOYMENT,
    "repository": REPOSITORY,
    "sender": {"login": "ann"},
}
GITLAB = {
    "object_kind": "deployment",
    "status": "success",
    "status_changed_at": "2026-05-04 14:00:00 +0200",
    "deployment_id": 15,
    "deployable_id": 796,
    "deployable_url": "https://lab.example/shop/book/-/jobs/796",
    "environment": "production",
    "environment_tier": "production",
    "project": {
        "name": "book",
        "path_with_namespace": "shop/book",
        "web_url": "https://lab.example/shop/book",
    },
    "short_sha": SHA[:8],
    "user": {"username": "ann"},
    "commit_url": f"https://lab.example/shop/book/-/commit/{SHA}",
    "commit_title": "Seats again",
    "ref": "2.4.0",
}
ARGO = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "Application",
    "metadata": {"name": "book", "namespace": "argocd"},
    "spec": {
        "project": "shop",
        "source": {
            "repoURL": "https://forge.example/shop/deploy.git",
            "path": "book",
            "targetRevision": "2.4.0",
        },
        "destination": {"server": "https://kubernetes.default.svc", "namespace": "shop"},
    },
    "status": {
        "sync": {"status": "Synced", "revision": SHA},
        "history": [
            {
                "id": 3,
                "revision": SHA,
                "deployedAt": "2026-05-04T12:00:00Z",
                "initiatedBy": {"username": "ann"},
            }
        ],
        "operationState": {
            "phase": "Succeeded",
            "startedAt": "2026-05-04T11:59:50Z",
            "finishedAt": "2026-05-04T12:00:00Z",
            "syncResult": {"revision": SHA},
        },
    },
}
K8S = {
    "apiVersion": "v1",
    "kind": "Event",
    "metadata": {"name": "book-7.17a", "namespace": "shop", "uid": "u-1"},
    "involvedObject": {
        "kind": "Pod",
        "name": "book-7",
        "namespace": "shop",
        "uid": "p-1",
        "fieldPath": "spec.containers{b}",
    },
    "reason": "BackOff",
    "message": "Back-off restarting failed container",
    "type": "Warning",
    "count": 12,
    "firstTimestamp": "2026-05-04T11:00:00Z",
    "lastTimestamp": "2026-05-04T12:00:00Z",
    "eventTime": None,
    "source": {"component": "kubelet", "host": "node-1"},
}
K8S_NEW = {
    "apiVersion": "events.k8s.io/v1",
    "kind": "Event",
    "metadata": {"name": "book.17b", "namespace": "shop", "creationTimestamp": "2026-05-04T11:00:00Z"},
    "regarding": {"kind": "Deployment", "name": "book", "namespace": "shop"},
    "reason": "ScalingReplicaSet",
    "note": "Scaled up replica set book-7 to 3",
    "type": "Normal",
    "eventTime": "2026-05-04T12:00:00.000000Z",
    "reportingController": "deployment-controller",
}
GIT = {"vcs.repository.name": "book", "vcs.owner.name": "shop", "vcs.ref.head.name": "2.4.0"}
BOOK = {
    "timestamp": T,
    "name": "deployment",
    "kind": "event",
    "error": False,
    "deployment.status": "succeeded",
    "service.name": "book",
    "service.version": "2.4.0",
}
REVISION = {"vcs.ref.head.revision": SHA}
PRODUCTION = {"deployment.environment.name": "production"}
CASES = {
    "CDEvents service": (
        SERVICE,
        BOOK
        | PRODUCTION
        | {
            "deployment.id": "e-1",
            "cdevents.id": "e-1",
            "cdevents.chain_id": "c-1",
            "cdevents.source": "/ci/shop",
            "cdevents.subject.id": "daemonset/book",
            "cdevents.type": "dev.cdevents.service.upgraded.0.3.0",
            "cdevents.custom.team.name": "seats",
        },
    ),
    "CDEvents incident": (
        INCIDENT,
        PRODUCTION
        | {
            "timestamp": T,
            "name": "incident",
            "kind": "event",
            "error": False,
            "obskit.incident.id": "inc-7",
            "obskit.incident.title": "answers take 3 s",
            "obskit.incident.status": "open",
            "obskit.incident.severity": "SEV2",
            "service.name": "book",
            "service.version": "2.4.0",
            "cdevents.id": "e-2",
            "cdevents.chain_id": "c-1",
            "cdevents.source": "/ci/shop",
            "cdevents.subject.id": "inc-7",
            "cdevents.ticket_uri": "https://tickets.example/7",
            "cdevents.type": "dev.cdevents.incident.reported.0.3.0",
            "cdevents.custom.severity": "SEV2",
        },
    ),
    "CloudEvents": (
        CLOUD,
        {
            "timestamp": T,
            "name": "com.example.feature.switched",
            "kind": "event",
            "error": False,
            "trace_id": "5b8efff798038103d269b633813fc60c",
            "parent_span_id": "eee19b7ec3c1b174",
            "cloudevents.event_id": "a-1",
            "cloudevents.event_source": "/shop",
            "cloudevents.event_spec_version": "1.0",
            "cloudevents.event_subject": "new-seats",
            "cloudevents.event_type": "com.example.feature.switched",
            "cloudevents.region": "eu",
            "cloudevents.data.flag.key": "new-seats",
            "cloudevents.data.flag.on": True,
        },
    ),
    "GitHub deployment_status": (
        GITHUB_STATUS,
        BOOK
        | GIT
        | REVISION
        | PRODUCTION
        | {
            "deployment.id": "42",
            "deployment.name": "release",
            "body": "seats again",
            "user.name": "bot",
            "cicd.pipeline.name": "release",
            "cicd.pipeline.run.id": "98",
            "cicd.pipeline.run.url.full": "https://forge.example/shop/book/actions/runs/99/job/1",
            "vcs.repository.url.full": "https://forge.example/shop/book",
        },
    ),
    "GitHub deployment": (
        GITHUB_CREATED,
        BOOK
        | GIT
        | REVISION
        | PRODUCTION
        | {
            "deployment.status": "started",
            "deployment.id": "42",
            "deployment.name": "deploy",
            "user.name": "ann",
            "vcs.repository.url.full": "https://forge.example/shop/book",
        },
    ),
    "GitHub's list of deployments": (
        DEPLOYMENT,
        BOOK
        | GIT
        | REVISION
        | PRODUCTION
        | {
            "deployment.status": "started",
            "deployment.id": "42",
            "deployment.name": "deploy",
            "user.name": "ann",
        },
    ),
    "GitHub's list of statuses": (
        STATUS,
        PRODUCTION
        | {
            "timestamp": T,
            "name": "deployment",
            "kind": "event",
            "error": False,
            "deployment.status": "succeeded",
            "service.name": "book",
            "deployment.id": "42",
            "body": "seats again",
            "user.name": "bot",
            "cicd.pipeline.run.id": "99",
            "cicd.pipeline.run.url.full": "https://forge.example/shop/book/actions/runs/99/job/1",
            "vcs.repository.name": "book",
            "vcs.owner.name": "shop",
        },
    ),
    "GitLab": (
        GITLAB,
        BOOK
        | GIT
        | REVISION
        | PRODUCTION
        | {
            "deployment.id": "15",
            "body": "Seats again",
            "user.name": "ann",
            "vcs.repository.url.full": "https://lab.example/shop/book",
            "cicd.pipeline.task.run.id": "796",
            "cicd.pipeline.task.run.url.full": "https://lab.example/shop/book/-/jobs/796",
            "gitlab.environment_tier": "production",
        },
    ),
    "Argo CD": (
        ARGO,
        BOOK
        | REVISION
        | {
            "deployment.id": "book/3",
            "deployment.name": "book",
            "user.name": "ann",
            "vcs.repository.name": "deploy",
            "vcs.repository.url.full": "https://forge.example/shop/deploy.git",
            "vcs.ref.head.name": "2.4.0",
            "k8s.namespace.name": "shop",
            "argocd.project": "shop",
        },
    ),
    "Kubernetes v1": (
        K8S,
        {
            "timestamp": T,
            "name": "BackOff",
            "kind": "event",
            "error": False,
            "body": "Back-off restarting failed container",
            "severity_text": "Warning",
            "severity_number": 13,
            "event_count": 12,
            "k8s.event.reason": "BackOff",
            "k8s.event.count": 12,
            "k8s.event.start_time": "2026-05-04T11:00:00Z",
            "k8s.event.name": "book-7.17a",
            "k8s.event.uid": "u-1",
            "k8s.event.source": "kubelet",
            "k8s.namespace.name": "shop",
            "k8s.node.name": "node-1",
            "k8s.object.kind": "Pod",
            "k8s.object.name": "book-7",
            "k8s.object.uid": "p-1",
            "k8s.object.fieldpath": "spec.containers{b}",
            "k8s.pod.name": "book-7",
            "k8s.pod.uid": "p-1",
        },
    ),
    "Kubernetes events.k8s.io": (
        K8S_NEW,
        {
            "timestamp": T,
            "name": "ScalingReplicaSet",
            "kind": "event",
            "error": False,
            "body": "Scaled up replica set book-7 to 3",
            "severity_text": "Normal",
            "severity_number": 9,
            "k8s.event.reason": "ScalingReplicaSet",
            "k8s.event.start_time": "2026-05-04T11:00:00Z",
            "k8s.event.name": "book.17b",
            "k8s.event.source": "deployment-controller",
            "k8s.namespace.name": "shop",
            "k8s.object.kind": "Deployment",
            "k8s.object.name": "book",
            "k8s.deployment.name": "book",
        },
    ),
}
