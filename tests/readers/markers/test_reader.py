"""Deployments, incidents and cluster events of other tools: every field, dumps of every form, hostile input."""

import copy
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obskit.errors import ObskitError, ReadError
from obskit.readers import REGISTRY, read_paths
from obskit.readers.batches import row_batcher as rows
from obskit.readers.io.source import Source
from obskit.readers.markers.reader import recognised
from obskit.schema import LoadReport, Normalizer, ReadOptions

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
FORMATS = {
    "one document": lambda item: json.dumps(item),
    "printed over lines": lambda item: json.dumps(item, indent=2) + "\n",
    "a list": lambda item: json.dumps([item], indent=1),
    "a line": lambda item: json.dumps(item) + "\n",
    "a List": lambda item: json.dumps({"apiVersion": "v1", "items": [item], "kind": "List"}, indent=4),
    "with its event's name": lambda item: json.dumps({"event": "deployment_status", "payload": item}),
    "with its headers": lambda item: json.dumps({"headers": {"X-Event": "x"}, "body": json.dumps(item)}),
    "watched": lambda item: json.dumps({"type": "ADDED", "object": item}),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("form", FORMATS)
def test_every_marker_in_every_form(read, case, form):
    item, wanted = CASES[case]
    got = read(FORMATS[form](item).encode(), name="markers.json")
    assert got.rows == [wanted]
    assert got.report.rejected_count == 0


def test_a_cdevent_in_its_envelope_and_a_batch(read):
    envelope = CLOUD | {"type": SERVICE["context"]["type"], "data": SERVICE}
    got = read(json.dumps([envelope, CLOUD, CLOUD | {"data": "text"}]).encode())
    assert [row["name"] for row in got.rows] == ["deployment", CLOUD["type"], CLOUD["type"]]
    assert got.rows[0]["service.version"] == "2.4.0"
    assert got.rows[0]["cloudevents.event_id"] == "a-1"
    assert got.rows[2]["body"] == "text"


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("deployed", "succeeded"),
        ("rolledback", "rolled_back"),
        ("removed", "removed"),
        ("published", "succeeded"),
    ],
)
def test_services_by_predicate(read, kind, status):
    item = copy.deepcopy(SERVICE)
    item["context"]["type"] = f"dev.cdevents.service.{kind}.0.3.0"
    assert [row["deployment.status"] for row in read(json.dumps(item).encode()).rows] == [status]


def test_other_cdevents_are_called_by_their_type(read):
    item = copy.deepcopy(SERVICE)
    item["context"]["type"] = "dev.cdevents.pipelinerun.finished.0.3.0"
    item["subject"]["content"] = {"outcome": "failure"}
    (row,) = read(json.dumps(item).encode()).rows
    assert row["name"] == "dev.cdevents.pipelinerun.finished"
    assert row["cdevents.content.outcome"] == "failure"


@pytest.mark.parametrize(
    ("word", "ours"),
    [
        *[("success", "succeeded"), ("failure", "failed"), ("error", "failed"), ("pending", "started")],
        *[("in_progress", "started"), ("queued", "started"), ("inactive", "inactive")],
    ],
)
def test_words_of_github(read, word, ours):
    item = GITHUB_STATUS | {"deployment_status": STATUS | {"state": word}}
    assert read(json.dumps(item).encode()).rows[0]["deployment.status"] == ours


@pytest.mark.parametrize(
    ("word", "ours"),
    [("running", "started"), ("created", "started"), ("failed", "failed"), ("canceled", "canceled")],
)
def test_words_of_gitlab(read, word, ours):
    assert read(json.dumps(GITLAB | {"status": word}).encode()).rows[0]["deployment.status"] == ours


def test_an_application_that_went_back_and_one_that_fails(read):
    history = [
        {"id": at, "revision": revision, "deployedAt": f"2026-05-04T1{at}:00:00Z"}
        for at, revision in enumerate(["a" * 40, "b" * 40, "b" * 40, "a" * 40])
    ]
    history[1]["deployStartedAt"] = "2026-05-04T10:59:00Z"
    state = {
        "phase": "Failed",
        "message": "one or more objects failed to apply",
        "startedAt": "2026-05-04T15:00:00Z",
        "finishedAt": "2026-05-04T15:01:00Z",
        "syncResult": {"revision": "c" * 40},
    }
    never = ARGO | {"status": {"sync": {}}}
    app = ARGO | {"status": {"history": history, "operationState": state}}
    del app["kind"], app["apiVersion"]  # as its own command line prints it
    got = read(json.dumps([app, never]).encode())
    assert [row["deployment.status"] for row in got.rows] == [
        *["succeeded", "started", "succeeded", "succeeded", "rolled_back", "started", "failed"]
    ]
    assert got.rows[-1]["body"] == "one or more objects failed to apply"
    assert got.reasons == [("line 1, byte 0, item 2", "an application that was never deployed")]


def test_a_dump_of_what_was_sent(read):
    push = {"ref": "refs/heads/main", "commits": [], "repository": REPOSITORY, "sender": {"login": "ann"}}
    lines = [push, GITHUB_STATUS, GITLAB, SERVICE, K8S]
    got = read("\n".join(map(json.dumps, lines)).encode() + b'\n{"action":')
    assert [row["name"] for row in got.rows] == ["deployment"] * 3 + ["BackOff"]
    at = len("\n".join(map(json.dumps, lines))) + 1
    assert got.reasons == [
        ("line 1, byte 0", "no deployment, incident or event that is known"),
        (f"line 6, byte {at}", "torn: the file ends within it"),
    ]


def test_documents_end_to_end_and_broken_ones_between(read):
    good = json.dumps(GITHUB_STATUS, indent=2)
    got = read(f"{good}\n{good[:-40]}\n{good}{good}\n".encode())
    assert len(got.rows) == 3
    assert [reason for _, reason in got.reasons] == ["not JSON"]


def test_a_list_that_breaks_off_gives_what_is_whole(read):
    listed = json.dumps({"apiVersion": "v1", "items": [K8S] * 50, "kind": "List"}, indent=4)
    got = read(listed[: len(listed) // 2].encode())
    assert 20 <= len(got.rows) < 25
    assert [reason for _, reason in got.reasons] == ["torn: the file ends within it"]
    assert len(read(listed[: len(listed) // 2].replace("\n", "").encode()).rows) == len(got.rows)


def test_a_file_without_a_marker_that_is_whole(read, tmp_path):
    with pytest.raises(ReadError) as caught:
        read(json.dumps(GITLAB).encode()[:-5], name="a.json")
    assert str(caught.value) == (
        f"{tmp_path}/a.json has no deployment, incident or event (line 1, byte 0: torn: the file ends within it)\n"
        "Hint: was it written to its end?"
    )


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (json.dumps(SERVICE), "CDEvents"),
        (json.dumps(CLOUD), "CloudEvents"),
        (json.dumps([GITHUB_STATUS] * 30), "GitHub deployments"),
        (json.dumps(GITLAB), "GitLab deployments"),
        (json.dumps({"items": [ARGO] * 200, "kind": "List"}, indent=4), "Argo CD"),
        (json.dumps(ARGO | {"zz": ["x" * 80] * 2000}), "Argo CD"),
        (json.dumps({"items": [K8S] * 200, "kind": "List"}), "Kubernetes events"),
        (json.dumps({"time": 1, "deployment": "blue", "object_kind": 3}), "flat JSONL"),
        (json.dumps(SERVICE) + "\n" + json.dumps({"time": 1, "name": "GET"}), "flat JSONL"),
        (json.dumps({"specversion": "1.0", "type": "x", "time": 1}), "flat JSONL"),
        (
            json.dumps(
                {
                    "spec": {"destination": {}},
                    "status": {},
                    "kind": "VirtualService",
                    "metadata": {"name": "x"},
                }
            ),
            "flat JSONL",
        ),
    ],
)
def test_the_format_is_told_by_content(tmp_path, data, name):
    path = tmp_path / "x.json"
    path.write_text(data)
    assert REGISTRY.choose(Source(path)).name == name


TABLE = """time,kind,text
2026-05-04T12:00:00Z,deployment,"book 2.4.0, at noon"
2026-05-04T12:30:00Z,Outage,payments fail
2026-05-04T13:00:00Z,rollback,
2026-05-04 13:10:00,resolved,payments work
2026-05-04T14:00:00Z,maintenance,new disks
not a time,deployment,x
2026-05-04T15:00:00Z,deployment
2026-05-04T15:00:00Z,deployment,"torn
"""


@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_plain_table(read, header, delimiter):
    data = TABLE if header else TABLE.partition("\n")[2]
    data = data.replace('"book 2.4.0, at noon"', "book 2.4.0").replace(",", delimiter)
    got = read(data.encode(), name="what.csv")
    shown = ("name", "deployment.status", "obskit.incident.status", "body")
    assert [tuple(row.get(name) for name in shown) for row in got.rows] == [
        ("deployment", "succeeded", None, "book 2.4.0"),
        ("incident", None, "open", "payments fail"),
        ("deployment", "rolled_back", None, None),
        ("incident", None, "resolved", "payments work"),
        ("maintenance", None, None, "new disks"),
        ("deployment", "succeeded", None, "torn\n"[:4]),
    ]
    assert got.rows[3]["timestamp"] == datetime(2026, 5, 4, 13, 10, tzinfo=UTC)
    assert [reason for _, reason in got.reasons] == [
        "a marker without a time or a kind",
        "a row that has not 3 fields",
    ]


def test_a_table_with_more_columns(read):
    got = read(
        b"when,type,title,service,version,env,status,id,commit,user,url\r\n"
        b"1777896000,deploy,again,book,2.4.0,production,failure,d-1,5f1c,ann,https://x.example\r\n"
    )
    assert got.rows == [
        BOOK
        | PRODUCTION
        | {
            "deployment.status": "failed",
            "deployment.id": "d-1",
            "vcs.ref.head.revision": "5f1c",
            "user.name": "ann",
            "body": "again",
            "url.full": "https://x.example",
        }
    ]


@pytest.mark.parametrize(
    "data",
    [
        "time,kind,duration_ms\n2026-05-04T12:00:00Z,deployment,3\n",
        "time,kind,text\n2026-05-04T12:00:00Z,server,x\n",
        "time,kind,text,price\n2026-05-04T12:00:00Z,deployment,x,3\n",
        "time,kind,text\nx,deployment,x\n",
    ],
)
def test_a_table_of_something_else_is_one(tmp_path, data):
    path = tmp_path / "x.csv"
    path.write_text(data)
    assert REGISTRY.choose(Source(path)).name == "CSV"


def _places(item, path=()):
    yield path
    for key, value in item.items() if type(item) is dict else enumerate(item) if type(item) is list else ():
        yield from _places(value, (*path, key))


_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@st.composite
def _mutated(draw):
    item = copy.deepcopy(draw(st.sampled_from([case for case, _ in CASES.values()])))
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(list(_places(item))))
        value = draw(_ANYTHING)
        if not path:
            return value
        parent = item
        for key in path[:-1]:
            parent = parent[key]
        parent[path[-1]] = value
    return item


@settings(max_examples=80, deadline=None)
@given(st.lists(_mutated(), max_size=3), st.sampled_from([None, 1]), st.booleans())
def test_mutated_at_any_node_nothing_escapes_and_the_good_stay(tmp_path_factory, items, indent, listed):
    path = tmp_path_factory.mktemp("m") / "m.json"
    items = [item for item in items if item != []]
    everything = [GITLAB, *items, K8S]
    if listed:
        data = json.dumps(everything, indent=indent)
    else:
        data = "\n".join(json.dumps(item, indent=indent) for item in everything)
    path.write_text(data)
    report = LoadReport()
    normalizer = Normalizer(report)
    try:
        reader = next(one for one in REGISTRY.readers() if one.name == "GitLab deployments")
        rows = [
            row
            for batch in reader.read(Source(path), report.file(path), ReadOptions())
            for row in normalizer.batch(batch).to_pylist()
        ]
    except ObskitError as error:
        raise AssertionError(str(error)) from error
    assert [row["name"] for row in (rows[0], rows[-1])] == ["deployment", "BackOff"]
    assert len(rows) + report.rejected_count >= 2 + len(items)


@settings(max_examples=100, deadline=None)
@given(_mutated())
def test_what_is_recognised_is_flat(item):
    found = recognised(item) if type(item) is dict else None
    for row in found[1] if found else ():
        assert row["kind"] == "event"
        assert not any(value is None for value in row.values())


def test_a_broken_dump_of_many_pieces_is_given_up(read):
    got = read(b"\n".join([json.dumps(GITLAB, indent=1).encode(), *[b'{"a":\n{'] * 500]))
    assert len(got.rows) == 1
    assert got.report.rejected_by_reason == {
        "not JSON": 100,
        "not looked at, after 100 broken places": 1,
    }


def test_nothing_between_two_documents_is_passed_over(read):
    torn, listed = json.dumps(GITLAB, indent=1)[:-20], json.dumps({"items": [K8S], "kind": "List"}, indent=1)
    got = read(f"{torn}\n{json.dumps(GITLAB, indent=1)}\n{listed[:-30]}".encode())
    assert [row["name"] for row in got.rows] == ["deployment"]
    assert [reason for _, reason in got.reasons] == ["not JSON", "torn: the file ends within it"]


@pytest.mark.parametrize("piece", ["[", '{"a":', '{"items":[', '[{"a":[', '"specversion",'])
def test_endless_openings_take_no_time(tmp_path, piece):
    path = tmp_path / "x.json"
    path.write_text(piece * 50_000 + '"specversion"')
    report = LoadReport()
    source = Source(path)
    for reader in REGISTRY.readers():
        reader.sniff(source.head)
    with pytest.raises(ReadError, match="has no deployment, incident or event"):
        list(
            next(r for r in REGISTRY.readers() if r.name == "CDEvents").read(
                source, report.file(path), ReadOptions()
            )
        )
    assert 1 <= report.rejected_count <= 50_001


def test_nesting_and_depth(read):
    deep = '{"object_kind":"deployment","status":"x","a":' + "[" * 5000 + "]" * 5000 + "}"
    custom = copy.deepcopy(SERVICE)
    for _ in range(100):
        custom["customData"] = {"a": [custom["customData"]]}
    got = read("\n".join([json.dumps(GITLAB), deep, json.dumps(custom)]).encode())
    assert len(got.rows) == 1
    assert {reason for _, reason in got.reasons} == {"nested too deep", "nested deeper than 64 levels"}


@pytest.mark.parametrize("kind", ["markers", "curl"])
def test_large_rows_are_not_gathered(tmp_path, monkeypatch, kind):
    monkeypatch.setattr(rows, "BYTES", 100_000)
    event = {
        "markers": {"specversion": "1.0", "type": "a", "source": "b", "id": "1", "data": {"x": "y" * 20_000}},
        "curl": {"time_total": 0.1, "http_code": 200, "url": "http://a/" + "y" * 20_000, "time_connect": 0.1},
    }[kind]
    (tmp_path / "events.json").write_text(f"{json.dumps(event)}\n" * 50)
    batches = list(read_paths([tmp_path / "events.json"], LoadReport()))
    assert sum(batch.num_rows for batch in batches) == 50
    assert max(batch.num_rows for batch in batches) == 5
