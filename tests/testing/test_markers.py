"""Readers of markers keep the contract: the same deployments as each tool reports them."""

import csv
import io
import json
from datetime import timedelta

import pyarrow.compute as pc
import pytest

from obskit.readers import REGISTRY
from obskit.testing import MarkerContract

pytestmark = pytest.mark.once

READERS = {reader.name: reader for reader in REGISTRY.readers()}
ALWAYS = ("timestamp", "name", "kind", "error")
PING = b'{"zen":"Keep it logically awesome.","hook_id":1}'


def iso(time):
    return time.isoformat().replace("+00:00", "Z")


class Documents(MarkerContract):
    """One JSON object per line; a webhook about something else is counted as rejected."""

    def write(self, table):
        return b"".join(json.dumps(self.item(row)).encode() + b"\n" for row in table.to_pylist())

    def item(self, row):
        raise NotImplementedError

    def spoiled(self, data):
        return data + PING + b"\n"


def cdevent(row):
    went = {"succeeded": "deployed", "rolled_back": "rolledback"}[row["deployment.status"]]
    return {
        "context": {
            "version": "0.5.0",
            "id": row["deployment.id"],
            "source": "/ci",
            "type": f"dev.cdevents.service.{went}.0.3.0",
            "timestamp": iso(row["timestamp"]),
        },
        "subject": {
            "id": row["service.name"],
            "type": "service",
            "content": {
                "environment": {"id": row["deployment.environment.name"]},
                "artifactId": f"pkg:oci/booking@sha256%3Aab?tag={row['service.version']}",
            },
        },
    }


class TestCDEvents(Documents):
    reader = READERS["CDEvents"]
    statuses = ("succeeded", "rolled_back")
    keeps = (
        *(*ALWAYS, "deployment.status", "deployment.id", "deployment.environment.name"),
        *("service.name", "service.version"),
    )

    def item(self, row):
        return cdevent(row)

    def adds(self, table):
        back = pc.equal(table["deployment.status"], "rolled_back")
        return {
            "cdevents.id": table["deployment.id"],
            "cdevents.source": "/ci",
            "cdevents.subject.id": "booking",
            "cdevents.type": pc.if_else(
                back, "dev.cdevents.service.rolledback.0.3.0", "dev.cdevents.service.deployed.0.3.0"
            ),
        }


class TestCloudEvents(TestCDEvents):
    """The envelope in which CDEvents are sent."""

    reader = READERS["CloudEvents"]

    def item(self, row):
        carried = cdevent(row)
        return {
            "specversion": "1.0",
            "id": row["deployment.id"],
            "source": "/ci",
            "type": carried["context"]["type"],
            "time": iso(row["timestamp"]),
            "data": carried,
        }

    def adds(self, table):
        own = super().adds(table)
        return {
            **own,
            "cloudevents.event_spec_version": "1.0",
            "cloudevents.event_type": own["cdevents.type"],
            "cloudevents.event_source": "/ci",
            "cloudevents.event_id": own["cdevents.id"],
        }


def github(row):
    return {
        "action": "created",
        "deployment": {
            "id": int(row["deployment.id"]),
            "sha": row["vcs.ref.head.revision"],
            "ref": row["vcs.ref.head.name"],
            "environment": row["deployment.environment.name"],
            "description": row["body"],
            "creator": {"login": row["user.name"]},
            "created_at": iso(row["timestamp"]),
        },
        "repository": {
            "full_name": f"{row['vcs.owner.name']}/{row['vcs.repository.name']}",
            "html_url": row["vcs.repository.url.full"],
        },
        "sender": {"login": row["user.name"]},
    }


class TestGithubDeployment(Documents):
    """The request for a deployment; `deployment_status` has the outcome."""

    reader = READERS["GitHub deployments"]
    statuses = ("started",)

    def item(self, row):
        return github(row)


class TestGithubDeploymentStatus(Documents):
    reader = READERS["GitHub deployments"]
    statuses = ("started", "succeeded", "failed")

    def item(self, row):
        item = github(row)
        words = {"started": "in_progress", "succeeded": "success", "failed": "failure"}
        item["deployment_status"] = {
            "id": 7,
            "state": words[row["deployment.status"]],
            "description": row["body"],
            "creator": {"login": row["user.name"]},
            "created_at": iso(row["timestamp"]),
        }
        # The deployment's own time and text are those of its start.
        item["deployment"] |= {"created_at": "2026-05-04T09:00:00Z", "description": "asked for"}
        return item


class TestGitlab(Documents):
    reader = READERS["GitLab deployments"]
    statuses = ("started", "succeeded", "failed")

    def item(self, row):
        words = {"started": "running", "succeeded": "success", "failed": "failed"}
        there = row["timestamp"] + timedelta(hours=2)
        return {
            "object_kind": "deployment",
            "status": words[row["deployment.status"]],
            "status_changed_at": f"{there:%Y-%m-%d %H:%M:%S} +0200",
            "deployment_id": int(row["deployment.id"]),
            "environment": row["deployment.environment.name"],
            "project": {
                "name": row["service.name"],
                "path_with_namespace": f"{row['vcs.owner.name']}/{row['vcs.repository.name']}",
                "web_url": row["vcs.repository.url.full"],
            },
            "short_sha": row["vcs.ref.head.revision"][:8],
            "user": {"username": row["user.name"]},
            "commit_url": f"{row['vcs.repository.url.full']}/-/commit/{row['vcs.ref.head.revision']}",
            "commit_title": row["body"],
            "ref": row["vcs.ref.head.name"],
        }


class TestArgoCD(MarkerContract):
    """One application with its history, and a failed operation that is not in the history."""

    reader = READERS["Argo CD"]
    keeps = (
        *(*ALWAYS, "deployment.status", "service.name", "service.version", "user.name"),
        *("vcs.ref.head.name", "vcs.ref.head.revision", "vcs.repository.name", "vcs.repository.url.full"),
    )

    def write(self, table):
        history, operation = {}, None
        for row in table.to_pylist():
            number, status = row["deployment.id"], row["deployment.status"]
            one = {
                "revision": row["vcs.ref.head.revision"],
                "source": {
                    "repoURL": row["vcs.repository.url.full"],
                    "targetRevision": row["vcs.ref.head.name"],
                },
            }
            by = {"initiatedBy": {"username": row["user.name"]}}
            if number == "43":  # the one that fails
                at = "finishedAt" if status == "failed" else "startedAt"
                phase = {"phase": "Failed" if status == "failed" else "Running", "syncResult": one}
                operation = (operation or {}) | phase | {"operation": by, at: iso(row["timestamp"])}
                continue
            at = "deployStartedAt" if status == "started" else "deployedAt"
            entry = history.setdefault(number, {"id": int(number), **one, **by})
            entry[at] = iso(row["timestamp"])
        application = {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": {"name": "booking"},
            "spec": {"destination": {"server": "https://kubernetes.default.svc", "namespace": "shop"}},
            "status": {"history": list(history.values()), "operationState": operation},
        }
        return json.dumps(application, indent=4).encode() + b"\n"

    def adds(self, table):
        # An operation has no id yet.
        number = pc.binary_join_element_wise("booking", table["deployment.id"], "/")
        return {
            "deployment.id": pc.if_else(pc.equal(table["deployment.id"], "43"), None, number),
            "deployment.name": "booking",
            "k8s.namespace.name": "shop",
        }

    def spoiled(self, data):
        return data + PING


class TestKubernetesEvents(Documents):
    """What the cluster did for a deployment: `kubectl get events -o json`."""

    reader = READERS["Kubernetes events"]
    keeps = ("timestamp", "kind", "error", "body")

    def write(self, table):
        items = [self.item(row) for row in table.to_pylist()]
        return json.dumps({"apiVersion": "v1", "items": items, "kind": "List"}, indent=4).encode()

    def item(self, row):
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": "booking.17a", "namespace": "shop"},
            "involvedObject": {"kind": "Deployment", "name": "booking", "namespace": "shop"},
            "reason": "ScalingReplicaSet",
            "message": row["body"],
            "type": "Normal",
            "lastTimestamp": iso(row["timestamp"]),
            "source": {"component": "deployment-controller"},
        }

    def adds(self, table):
        return {
            "name": "ScalingReplicaSet",
            "severity_text": "Normal",
            "severity_number": 9,
            "k8s.event.reason": "ScalingReplicaSet",
            "k8s.event.name": "booking.17a",
            "k8s.event.source": "deployment-controller",
            "k8s.namespace.name": "shop",
            "k8s.deployment.name": "booking",
            "k8s.object.kind": "Deployment",
            "k8s.object.name": "booking",
        }

    def spoiled(self, data):
        return data.replace(b'"items": [', b'"items": [7,', 1)


class TestTable(MarkerContract):
    """Time, kind and text; a line that breaks off may look whole."""

    reader = READERS["CSV of markers"]
    tells_torn = False
    statuses = ("succeeded", "rolled_back")
    keeps = (*ALWAYS, "deployment.status", "body")
    columns = (("time", "timestamp"), ("kind", "deployment.status"), ("text", "body"))
    kinds = {"succeeded": "deploy", "rolled_back": "rollback"}  # noqa: RUF012

    def write(self, table):
        sink = io.StringIO()
        out = csv.writer(sink, lineterminator="\n")
        out.writerow([name for name, _ in self.columns])
        for row in table.to_pylist():
            known = row | {"timestamp": iso(row["timestamp"])}
            out.writerow(
                [
                    self.kinds.get(row["deployment.status"], "deploy") if name == "kind" else known[field]
                    for name, field in self.columns
                ]
            )
        return sink.getvalue().encode()

    def spoiled(self, data):
        return data.replace(b"\n", b"\none,two\n", 1)


class TestWideTable(TestTable):
    """With every known column."""

    statuses = None
    columns = (
        *(*TestTable.columns, ("status", "deployment.status"), ("id", "deployment.id")),
        *(("service", "service.name"), ("version", "service.version"), ("user", "user.name")),
        *(("env", "deployment.environment.name"), ("commit", "vcs.ref.head.revision")),
    )
    keeps = (*ALWAYS, *(field for _, field in columns if field != "timestamp"))
