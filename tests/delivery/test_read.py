"""Steps of a deployment become one deployment; markers of an incident become one incident."""

import pytest

from obskit.delivery.read import deployments_of, incidents_of, tagged
from tests.delivery.records import at


def step(minutes, status="succeeded", version=None, id=None, service="book", **more):
    row = {
        "timestamp": at(minutes),
        "name": "deployment",
        "service.name": service,
        "deployment.status": status,
    }
    return row | {"service.version": version, "deployment.id": id} | more


def found(*rows):
    return [(one.version, one.begun, one.end, one.outcome) for one in deployments_of(rows, None)[0]]


def test_steps_with_one_id_are_one_deployment():
    """The end is the first report of the outcome; later reports do not move it."""
    steps = [
        step(0, "started", "2.4", "d1"),
        step(5, "progressing", "2.4", "d1"),
        step(30, "succeeded", "2.4", "d1"),
        step(90, "succeeded", "2.4", "d1"),
        step(95, "inactive", "2.4", "d1"),
    ]
    assert found(*steps) == [("2.4", at(0), at(30), "succeeded")]


def test_without_an_id_the_version_connects_them():
    steps = [step(0, "started", "2.3"), step(9, "succeeded", "2.3"), step(20, "succeeded", "2.4")]
    assert found(*steps, step(40, "succeeded", "2.3")) == [
        ("2.3", at(0), at(9), "succeeded"),
        ("2.4", at(20), at(20), "succeeded"),
        ("2.3", at(40), at(40), "succeeded"),
    ]


def test_without_id_and_version_each_row_is_a_deployment():
    assert len(found(step(0), step(0), step(5))) == 3


def test_services_and_environments_do_not_mix():
    steps = [
        step(0, version="1"),
        step(1, version="1", service="seats"),
        step(2, version="1", **{"deployment.environment.name": "staging"}),
    ]
    assert len(found(*steps)) == 3


def test_an_id_that_is_used_again_is_another_deployment():
    again = [step(0, id="d1"), step(50, "started", id="d1"), step(60, id="d1")]
    assert [(begun, end) for _, begun, end, _ in found(*again)] == [(at(0), at(0)), (at(50), at(60))]


@pytest.mark.parametrize(
    ("statuses", "outcome", "unfinished"),
    [
        (["started"], None, 1),
        (["started", "failed"], None, 1),
        (["failed", "succeeded"], "succeeded", 0),
        (["succeeded", "failed"], "succeeded", 0),
        (["canceled"], None, 0),
        (["rolled_back"], "rolled_back", 0),
        ([None], "succeeded", 0),
    ],
)
def test_outcomes(statuses, outcome, unfinished):
    rows = [step(minute, status, id="d1") for minute, status in enumerate(statuses)]
    deployments, count = deployments_of(rows, None)
    assert ([one.outcome for one in deployments], count) == ([outcome] if outcome else [], unfinished)


def test_a_rollback_of_its_own_id_is_its_failure():
    (one,), _ = deployments_of([step(0, id="d1"), step(9, "rolled_back", id="d1")], None)
    assert (one.outcome, one.taken_back) == ("succeeded", at(9))


def test_runs_of_a_pipeline():
    row = {
        "timestamp": at(5),
        "name": "cicd.pipeline.run",
        "service.name": "book",
        "cicd.pipeline.run.id": "7",
        "cicd.pipeline.result": "succeeded",
        "cicd.pipeline.run.started_at": at(0),
        "vcs.ref.head.name": "hotfix/seats",
    }
    (one,), _ = deployments_of([row], None)
    assert (one.id, one.begun, one.end, one.named_unplanned) == ("7", at(0), at(5), True)


def test_the_group_is_that_of_a_field():
    (one,), _ = deployments_of([step(0, team="seats")], "team")
    assert one.group == "seats"


def mark(minutes, status="open", id=None, title=None, service="book"):
    return {
        "timestamp": at(minutes),
        "service.name": service,
        "obskit.incident.status": status,
        "obskit.incident.id": id,
        "obskit.incident.title": title,
    }


def test_incidents():
    rows = [
        mark(0, id="1"),
        mark(5, "acknowledged", id="1"),
        mark(6, title="slow"),
        mark(9, "resolved", id="1"),
        mark(12, title="slow", status="resolved"),
        mark(20, id="1"),
        mark(30),
    ]
    assert [(one.id, one.title, one.opened, one.resolved) for one in incidents_of(rows)] == [
        ("1", None, at(0), at(9)),
        (None, "slow", at(6), at(12)),
        ("1", None, at(20), None),
        (None, None, at(30), None),
    ]


def test_an_incident_ends_when_the_service_works_again():
    rows = [mark(0, id="1"), mark(5, "mitigated", id="1"), mark(60, "resolved", id="1")]
    assert [one.resolved for one in incidents_of(rows)] == [at(5)]


def test_tags_are_deployments_by_their_creation():
    row = {
        "timestamp": at(0),
        "service.version": "v2",
        "vcs.ref.head.name": "v2",
        "vcs.repository.name": "book",
    }
    (one,) = tagged([row], None)
    assert (one.method, one.service, one.version, one.end) == ("tag", "book", "v2", at(0))
