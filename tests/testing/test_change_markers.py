"""Readers of pipelines, incidents and changes keep the contract: exact values of made-up files."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from obskit.testing import MarkerContract, ReaderContract
from obskit.testing.canonical import as_loaded
from tests.testing.test_markers import PING, READERS, Documents, iso

pytestmark = pytest.mark.once

START = datetime(2026, 5, 4, 10, tzinfo=UTC)
SHA = "5f1c" * 10
ALWAYS = ("timestamp", "name", "kind", "error")


def minutes(count):
    return START + timedelta(minutes=count)


class TestGithubActions(MarkerContract):
    """A run is one object: its start and its outcome come from it."""

    reader = READERS["GitHub Actions"]
    statuses = ("started", "succeeded", "failed")
    keeps = (
        *(*ALWAYS, "deployment.status", "deployment.id", "service.name", "service.version", "user.name"),
        *("vcs.ref.head.name", "vcs.ref.head.revision", "vcs.repository.name", "vcs.owner.name"),
        *("vcs.repository.url.full", "body"),
    )

    def write(self, table):
        runs = {}
        for row in table.to_pylist():
            run = runs.setdefault(
                row["deployment.id"],
                {
                    "id": int(row["deployment.id"]),
                    "name": "deploy",
                    "head_branch": row["vcs.ref.head.name"],
                    "head_sha": row["vcs.ref.head.revision"],
                    "display_title": row["body"],
                    "status": "in_progress",
                    "conclusion": None,
                    "actor": {"login": row["user.name"]},
                    "repository": {
                        "full_name": f"{row['vcs.owner.name']}/{row['vcs.repository.name']}",
                        "html_url": row["vcs.repository.url.full"],
                    },
                    "run_started_at": None,
                    # The first deployment's start is not in the table, and a run always has one.
                    "created_at": iso(row["timestamp"]),
                },
            )
            if row["deployment.status"] == "started":
                run["run_started_at"] = iso(row["timestamp"])
            else:
                words = {"succeeded": "success", "failed": "failure"}
                run |= {"status": "completed", "conclusion": words[row["deployment.status"]]}
                run["updated_at"] = iso(row["timestamp"])
        return json.dumps({"total_count": len(runs), "workflow_runs": list(runs.values())}, indent=2).encode()

    def carries(self, table):
        # Of run 41 only the end is known.
        rows = [row for row in super().carries(table).to_pylist() if row["deployment.id"] != "41"]
        return as_loaded(rows)

    def adds(self, table):
        return {
            "deployment.name": "deploy",
            "cicd.pipeline.name": "deploy",
            "cicd.pipeline.run.id": table["deployment.id"],
        }

    def spoiled(self, data):
        return data.replace(b'"workflow_runs": [', b'"workflow_runs": [7,', 1)


class TestDevLake(Documents):
    """A deployment without its start."""

    reader = READERS["DevLake"]
    statuses = ("succeeded", "failed")
    keeps = (
        *(*ALWAYS, "deployment.status", "deployment.id", "deployment.environment.name", "service.name"),
        *("service.version", "vcs.ref.head.name", "vcs.ref.head.revision", "vcs.repository.name"),
        *("vcs.owner.name", "vcs.repository.url.full", "body"),
    )

    def item(self, row):
        return {
            "id": row["deployment.id"],
            "finishedDate": iso(row["timestamp"]),
            "result": {"succeeded": "SUCCESS", "failed": "FAILURE"}[row["deployment.status"]],
            "environment": row["deployment.environment.name"],
            "deploymentCommits": [
                {
                    "repoUrl": row["vcs.repository.url.full"],
                    "refName": row["vcs.ref.head.name"],
                    "commitSha": row["vcs.ref.head.revision"],
                    "commitMsg": row["body"],
                }
            ],
        }


class TestPagerDuty(Documents):
    """Two incidents; the second is still open."""

    reader = READERS["PagerDuty"]
    keeps = (
        *(*ALWAYS, "service.name", "obskit.incident.id", "obskit.incident.title"),
        *("obskit.incident.status", "obskit.incident.severity"),
    )

    def events(self):
        shared = {
            "name": "incident",
            "kind": "event",
            "service.name": "booking",
            "obskit.incident.title": "Zoë: 500",
        }
        rows = [(5, "1", "open", "high"), (25, "1", "resolved", "high"), (90, "2", "open", "P1")]
        return as_loaded(
            [
                {
                    **shared,
                    "timestamp": minutes(at),
                    "obskit.incident.id": number,
                    "obskit.incident.status": status,
                    "obskit.incident.severity": severity,
                }
                for at, number, status, severity in rows
            ]
        )

    def carries(self, table):
        return table

    def write(self, table):
        found = {}
        for row in table.to_pylist():
            item = found.setdefault(row["obskit.incident.id"], self.item(row))
            if row["obskit.incident.status"] == "resolved":
                item |= {"status": "resolved", "last_status_change_at": iso(row["timestamp"])}
        return json.dumps({"incidents": list(found.values()), "limit": 25, "more": False}).encode()

    def item(self, row):
        severity = row["obskit.incident.severity"]
        return {
            "incident_number": int(row["obskit.incident.id"]),
            "title": row["obskit.incident.title"],
            "created_at": iso(row["timestamp"]),
            "status": "triggered",
            "service": {"summary": row["service.name"]},
            **({"urgency": severity} if severity == "high" else {"priority": {"summary": severity}}),
        }

    def spoiled(self, data):
        return data.replace(b'"incidents": [', b'"incidents": [7,', 1)


class TestArgoRollouts(Documents):
    """The state of a Rollout, with the declared split and ramp."""

    reader = READERS["Argo Rollouts"]
    statuses = ("started", "succeeded", "failed")
    keeps = (*ALWAYS, "deployment.status", "service.name", "service.version")

    def item(self, row):
        at, status = iso(row["timestamp"]), row["deployment.status"]
        phase = {"succeeded": "Healthy", "failed": "Degraded", "started": "Progressing"}.get(
            status, "Degraded"
        )
        times = {"type": "Progressing", "lastUpdateTime": at, "lastTransitionTime": at}
        return {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Rollout",
            "metadata": {"name": row["service.name"], "namespace": "shop"},
            "spec": {
                "strategy": {"canary": {"steps": [{"setWeight": 20}, {"pause": {}}, {"setWeight": 60}]}},
                "template": {"spec": {"containers": [{"image": f"booking:{row['service.version']}"}]}},
            },
            "status": {
                "phase": phase,
                "currentStepIndex": 1,
                "conditions": [times],
                **({"abort": True, "abortedAt": at} if status == "failed" else {}),
            },
        }

    def adds(self, table):
        statuses = table["deployment.status"].to_pylist()
        words = {"succeeded": "Healthy", "started": "Progressing"}
        return {
            "deployment.name": "booking",
            "k8s.namespace.name": "shop",
            "argo.rollout.phase": pa.array([words.get(status, "Degraded") for status in statuses]),
            "argo.rollout.step": 1,
            "obskit.rollout.split_percent": pa.array(
                [{"succeeded": 100, "failed": 0}.get(status, 20) for status in statuses]
            ),
            "obskit.rollout.ramp_percent": pa.array([[20, 60]] * len(statuses)),
        }


class TestFlagger(Documents):
    reader = READERS["Flagger"]
    statuses = ("started", "succeeded", "failed")
    keeps = (*ALWAYS, "deployment.status", "service.name", "body")

    def item(self, row):
        phase = {"started": "Progressing", "succeeded": "Succeeded", "failed": "Failed"}
        return {
            "name": row["service.name"],
            "namespace": "shop",
            "phase": phase[row["deployment.status"]],
            "checksum": "85d557f47b",
            "canaryWeight": 35,
            "metadata": {
                "eventMessage": row["body"],
                "eventType": "Normal",
                "timestamp": str(round(row["timestamp"].timestamp() * 1000)),
            },
        }

    def adds(self, table):
        words = {"started": "Progressing", "succeeded": "Succeeded", "failed": "Failed"}
        return {
            "deployment.name": "booking",
            "deployment.id": "booking/85d557f47b",
            "severity_text": "Normal",
            "k8s.namespace.name": "shop",
            "flagger.phase": pa.array([words[status] for status in table["deployment.status"].to_pylist()]),
            "obskit.rollout.split_percent": 35,
        }


class TestLaunchDarkly(Documents):
    reader = READERS["LaunchDarkly"]
    keeps = (*ALWAYS, "body", "feature_flag.key", "deployment.environment.name")

    def events(self):
        shared = {"name": "feature_flag.change", "kind": "event", "deployment.environment.name": "production"}
        return as_loaded(
            [
                {
                    **shared,
                    "timestamp": minutes(at),
                    "body": f"turned {word} Zoë's flag",
                    "feature_flag.key": key,
                }
                for at, word, key in ((1, "on", "seats"), (0, "off", "seats"), (9, "on", "fares"))
            ]
        )

    def carries(self, table):
        return table

    def item(self, row):
        place = f"proj/shop:env/{row['deployment.environment.name']}:flag/{row['feature_flag.key']}"
        return {
            "_id": "a1",
            "date": round(row["timestamp"].timestamp() * 1000),
            "kind": "flag",
            "title": row["body"],
            "accesses": [{"action": "updateOn", "resource": place}],
        }

    def adds(self, table):
        return {
            "feature_flag.provider.name": "LaunchDarkly",
            "launchdarkly.id": "a1",
            "launchdarkly.kind": "flag",
            "launchdarkly.project": "shop",
            "launchdarkly.actions": pa.array([["updateOn"]] * table.num_rows),
        }


class _Migrations(ReaderContract):
    """Three migrations, of which one failed."""

    tool = ""

    def events(self):
        kinds = {"flyway": ("SQL", "SQL", "UNDO_SQL"), "liquibase": ("EXECUTED", "FAILED", "RERAN")}[
            self.tool
        ]
        rows = []
        for at, kind in enumerate(kinds):
            row = {
                "timestamp": minutes(at),
                "name": "database.migration",
                "kind": "event",
                "body": f"add seats in Zürich {at}",
                "database.migration.tool": self.tool,
                "database.migration.version": f"2.{at}",
                "database.migration.script": f"V2.{at}__seats.sql",
                "database.migration.type": kind,
                "database.migration.order": at + 1,
                "database.migration.success": at != 1,
            }
            if self.tool == "flyway":
                row["database.migration.duration_ms"] = 40 + at
                row["database.migration.undone"] = True if kind == "UNDO_SQL" else None
            else:
                row["database.migration.id"] = f"seats-{at}"
            rows.append(row)
        return as_loaded(rows)

    def record(self, row):
        if self.tool == "flyway":
            return {
                "installed_rank": row["database.migration.order"],
                "version": row["database.migration.version"],
                "description": row["body"],
                "type": row["database.migration.type"],
                "script": row["database.migration.script"],
                "installed_on": iso(row["timestamp"]),
                "execution_time": row["database.migration.duration_ms"],
                "success": row["database.migration.success"],
            }
        return {
            "ID": row["database.migration.id"],
            "AUTHOR": "ann",
            "FILENAME": row["database.migration.script"],
            "DATEEXECUTED": f"{row['timestamp']:%Y-%m-%d %H:%M:%S}",
            "ORDEREXECUTED": row["database.migration.order"],
            "EXECTYPE": row["database.migration.type"],
            "DESCRIPTION": row["body"],
            "TAG": row["database.migration.version"],
        }

    def write(self, table):
        return b"".join(json.dumps(self.record(row)).encode() + b"\n" for row in table.to_pylist())

    def spoiled(self, data):
        return data + PING + b"\n"


class TestFlyway(_Migrations):
    reader, tool = READERS["Flyway"], "flyway"


class TestLiquibase(_Migrations):
    reader, tool = READERS["Liquibase"], "liquibase"


class _Tables(_Migrations):
    tells_torn = False

    def write(self, table):
        sink = io.StringIO()
        records = [self.record(row) for row in table.to_pylist()]
        out = csv.DictWriter(sink, list(records[0]), lineterminator="\n")
        out.writeheader()
        out.writerows(records)
        return sink.getvalue().encode()

    def spoiled(self, data):
        return data + b"one,two\n"


class TestFlywayTable(_Tables):
    reader, tool = READERS["Flyway CSV"], "flyway"


class TestLiquibaseTable(_Tables):
    reader, tool = READERS["Liquibase CSV"], "liquibase"


class TestTrivy(Documents):
    """Two scans of one image."""

    reader = READERS["Trivy"]
    keeps = (*ALWAYS, "vulnerability.scan.target", "vulnerability.findings", "vulnerability.count.high")

    def events(self):
        shared = {"name": "vulnerability.scan", "kind": "event"}
        found = [("2.3.9", ["CVE-2026-1 zlib"]), ("2.4.0", ["CVE-2026-1 zlib", "CVE-2026-9 openssl"])]
        return as_loaded(
            [
                {
                    **shared,
                    "timestamp": minutes(at),
                    "vulnerability.scan.target": f"shop/booking:{version}",
                    "vulnerability.findings": names,
                    "vulnerability.count.high": len(names),
                }
                for at, (version, names) in enumerate(found)
            ]
        )

    def carries(self, table):
        return table

    def item(self, row):
        found = [name.split(" ") for name in row["vulnerability.findings"]]
        return {
            "SchemaVersion": 2,
            "CreatedAt": iso(row["timestamp"]),
            "ArtifactName": row["vulnerability.scan.target"],
            "Results": [
                {
                    "Target": "debian",
                    "Vulnerabilities": [
                        {"VulnerabilityID": number, "PkgName": package, "Severity": "HIGH"}
                        for number, package in found
                    ],
                }
            ],
        }

    def adds(self, table):
        return {
            "vulnerability.scan.tool": "trivy",
            "vulnerability.scan.artifact": "shop/booking",
            "service.version": pc.replace_substring(table["vulnerability.scan.target"], "shop/booking:", ""),
            **{f"vulnerability.count.{name}": 0 for name in ("critical", "medium", "low", "unknown")},
        }


class _Experiments(Documents):
    """The start of an experiment that is still running."""

    keeps = (*ALWAYS, "body", "k8s.namespace.name")

    def events(self):
        shared = {"name": "chaos.experiment", "kind": "event", "k8s.namespace.name": "shop"}
        return as_loaded([{**shared, "timestamp": minutes(at), "body": f"kill-{at}"} for at in range(3)])

    def carries(self, table):
        return table


class TestChaosMesh(_Experiments):
    reader = READERS["Chaos Mesh"]

    def item(self, row):
        return {
            "apiVersion": "chaos-mesh.org/v1alpha1",
            "kind": "PodChaos",
            "metadata": {
                "name": row["body"],
                "namespace": row["k8s.namespace.name"],
                "creationTimestamp": iso(row["timestamp"]),
            },
            "spec": {"action": "pod-kill", "mode": "one"},
        }

    def adds(self, table):
        return {
            "chaos.tool": "chaos-mesh",
            "chaos.status": "started",
            "chaos.experiment": table["body"],
            "chaos.kind": "PodChaos",
            "chaos.action": "pod-kill",
            "chaos.mode": "one",
        }


class TestLitmus(_Experiments):
    reader = READERS["Litmus"]

    def item(self, row):
        return {
            "apiVersion": "litmuschaos.io/v1alpha1",
            "kind": "ChaosResult",
            "metadata": {
                "name": "x",
                "namespace": row["k8s.namespace.name"],
                "creationTimestamp": iso(row["timestamp"]),
            },
            "spec": {"engine": "shop", "experiment": row["body"]},
            "status": {"experimentStatus": {"phase": "Running", "verdict": "Awaited"}},
        }

    def adds(self, table):
        return {
            "chaos.tool": "litmus",
            "chaos.status": "started",
            "chaos.experiment": table["body"],
            "chaos.engine": "shop",
            "chaos.kind": "ChaosResult",
            "chaos.phase": "Running",
            "chaos.verdict": "Awaited",
        }


class TestGitTags(MarkerContract):
    """Tags with and without an object of their own."""

    reader = READERS["git tags"]
    tells_torn = False
    keeps = (*ALWAYS, "body", "service.version", "vcs.ref.head.name", "vcs.ref.head.revision")

    def events(self):
        shared = {"name": "git.tag", "kind": "event"}
        return as_loaded(
            [
                {
                    **shared,
                    "timestamp": minutes(at),
                    "body": f"v2.{at}",
                    "service.version": f"v2.{at}",
                    "vcs.ref.head.name": f"v2.{at}",
                    "vcs.ref.head.revision": f"{at:x}" * 40,
                }
                for at in range(1, 5)
            ]
        )

    def carries(self, table):
        return table

    def write(self, table):
        lines = []
        for at, row in enumerate(table.to_pylist()):
            begin = f"{row['body']} {row['timestamp'].isoformat()}"
            revision = row["vcs.ref.head.revision"]
            lines.append(f"{begin} tag {SHA} {revision}" if at % 2 else f"{begin} commit {revision} ")
        return ("\n".join(lines) + "\n").encode()

    def adds(self, table):
        return {"vcs.ref.head.type": "tag"}

    def spoiled(self, data):
        return data + b"what is this\n"
