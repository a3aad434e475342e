"""From files of markers and a repository to the metrics.

day        0      1      2      3      4
book       1.0    1.1    1.2    1.1    1.3       1.2 fails at day 2.5 and is rolled back at day 3
seats             7.0           7.1
commits       a      b c    d                e    (half a day after each deployment)
"""

import json
from datetime import UTC, datetime, timedelta

import pytest

import obskit as ok
from obskit.errors import EmptySelection, InvalidArgument, UnknownField
from tests.support.git_repository import Repository

T = datetime(2026, 5, 4, tzinfo=UTC)


def day(number):
    return T + timedelta(days=number)


@pytest.fixture
def markers(tmp_path):
    """Write markers as a CSV and return its path."""

    def write(*rows, header="time,kind,text,service,version,id,commit,env"):
        path = tmp_path / "markers.csv"
        lines = [",".join(map(str, row)) for row in rows]
        path.write_text("\n".join([header, *lines]) + "\n")
        return path

    return write


def deploy(number, version, service="book", commit="", env="", kind="deploy"):
    name = f"{service}-{number}-{env}"
    return (day(number).isoformat(), kind, f"{service} {version}", service, version, name, commit, env)


def incident(number, kind="incident", name="i1", service="book"):
    return (day(number).isoformat(), kind, "answers are slow", service, "", name, "", "")


STORY = (
    deploy(0, "1.0"),
    deploy(1, "1.1"),
    deploy(1, "7.0", "seats"),
    deploy(2, "1.2"),
    incident(2.5),
    deploy(3, "1.1"),
    deploy(3, "7.1", "seats"),
    incident(3.25, "resolved"),
    deploy(4, "1.3"),
)


def metrics(found, group):
    return {row["metric"]: row for row in found.table.to_pylist() if row["group"] == group}


def test_the_story(markers):
    found = ok.delivery(markers(*STORY))
    assert list(found.groups) == ["book", "seats"]
    book, seats = metrics(found, "book"), metrics(found, "seats")
    assert (book["change_fail_rate"]["value"], book["change_fail_rate"]["n"]) == (0.2, 5)
    assert book["recovery_time"]["value"] == 1.25 * 86_400
    assert book["rework_rate"]["value"] == 0.2
    # five deployments, of which the first begins the four days
    assert (book["deployment_frequency"]["value"], book["deployment_frequency"]["n"]) == (1.0, 4)
    assert seats["deployment_frequency"]["value"] == 0.5
    assert book["time_between_deployments"]["value"] == 86_400.0
    assert (book["lead_time"]["value"], book["lead_time"]["n"]) == (None, 0)
    assert seats["change_fail_rate"]["value"] == 0.0
    (row,) = found.incidents.to_pylist()
    assert (row["version"], row["method"], row["confidence"]) == ("1.2", "rollback", "high")
    rework = {row["version"]: row["rework"] for row in found.deployments.to_pylist() if row["rework"]}
    assert rework == {"1.1": "rollback"}


def test_one_group_of_all_and_groups_by_a_field(markers):
    path = markers(*STORY)
    assert list(ok.delivery(path, per=None).groups) == ["all"]
    assert set(ok.delivery(path, per="service.version").groups) == {"1.0", "1.1", "1.2", "1.3", "7.0", "7.1"}
    with pytest.raises(UnknownField):
        ok.delivery(path, per="team")


def test_lead_times_from_a_repository(markers, tmp_path):
    made = Repository(tmp_path / "repo")
    commits = [made.commit(day(number)) for number in (-0.5, 0.5, 1.25, 1.5, 3.5)]
    deployed = [
        deploy(0, "1.0", commit=commits[0]),
        deploy(1, "1.1", commit=commits[1][:10]),
        deploy(2, "1.2", commit=commits[3]),
        deploy(3, "1.1", commit=commits[1]),
        deploy(4, "1.3", commit=commits[4]),
        deploy(5, "1.4", commit="0" * 40),
        deploy(6, "1.5", commit=commits[4]),
    ]
    found = ok.delivery(markers(*deployed), git=made.folder)
    lead = metrics(found, "book")["lead_time"]
    # half a day for 1.1; 0.75 and 0.5 for 1.2; half a day for 1.3, whose older commits 1.2 had brought
    assert (lead["value"], lead["n"]) == (0.5 * 86_400, 4)
    assert [row["commits"] for row in found.deployments.to_pylist()] == [0, 1, 2, 0, 1, 0, 0]
    notes = "\n".join(found.notes)
    assert "1 deployment without lead times: the first of a service" in notes
    assert "1 deployment without lead times: the repository does not have the commit or version" in notes
    assert "1 deployment without lead times: the commit of the deployment before is not known" in notes


def test_a_repository_per_service(markers, tmp_path):
    made = Repository(tmp_path / "repo")
    commits = [made.commit(day(number)) for number in (-0.5, 0.5)]
    rows = [deploy(n, str(n), service, commits[n]) for service in ("book", "seats") for n in (0, 1)]
    found = ok.delivery(markers(*rows), git={"seats": made.folder})
    assert metrics(found, "seats")["lead_time"]["value"] == 0.5 * 86_400
    assert metrics(found, "book")["lead_time"]["n"] == 0


def test_tags_alone(tmp_path):
    made = Repository(tmp_path / "book")
    for number in range(3):
        made.commit(day(number - 0.5))
        made.tag(f"v1.{number}", day(number), annotated=True)
    found = ok.delivery(git=made.folder)
    rows = metrics(found, "book")
    assert (rows["lead_time"]["value"], rows["lead_time"]["n"]) == (0.5 * 86_400, 2)
    assert rows["change_fail_rate"]["value"] is None
    assert found.notes[0] == (
        "warning: no deployment is recorded, so tags of git are taken as deployments; "
        "their time is when the tag was created"
    )
    assert {row["method"] for row in found.deployments.to_pylist()} == {"tag"}


def test_pull_requests(markers, tmp_path):
    made = Repository(tmp_path / "repo")
    commits = [made.commit(day(number)) for number in (-0.5, 0.5)]
    path = tmp_path / "prs.json"
    request = {
        "number": 7,
        "author": {"login": "ann"},
        "createdAt": day(0.25).isoformat(),
        "mergedAt": day(0.5).isoformat(),
        "mergeCommit": {"oid": commits[1]},
        "commits": [{"authoredDate": day(0.125).isoformat()}],
        "comments": [{"author": {"login": "ann"}, "createdAt": day(0.26).isoformat()}],
        "reviews": [{"author": {"login": "bob"}, "submittedAt": day(0.375).isoformat()}],
    }
    path.write_text(json.dumps([request, request | {"number": 8, "mergedAt": None}]))
    rows = [deploy(0, "1.0", commit=commits[0]), deploy(1, "1.1", commit=commits[1])]
    found = metrics(ok.delivery(markers(*rows), git=made.folder, pull_requests=path), "book")
    assert {
        name: found[f"pull_request_{name}"]["value"] for name in ("coding", "pickup", "review", "deploy")
    } == {
        "coding": 10_800.0,
        "pickup": 10_800.0,
        "review": 10_800.0,
        "deploy": 43_200.0,
    }
    assert (found["pull_request_cycle"]["value"], found["pull_request_cycle"]["n"]) == (75_600.0, 1)
    with pytest.raises(InvalidArgument) as caught:
        ok.delivery(markers(*rows), pull_requests=path)
    assert caught.value.message == "pull_requests needs git, which says what a deployment brought"
    path.write_text('[{"number": 7}]')
    with pytest.raises(InvalidArgument) as wrong:
        ok.delivery(markers(*rows), git=made.folder, pull_requests=path)
    assert wrong.value.message == f"{path} is not a list of pull requests: 'createdAt' is missing"


def test_only_production_counts(markers):
    path = markers(
        deploy(0, "1", env="production"),
        deploy(1, "2", env="staging"),
        deploy(2, "2", env="prod-eu"),
        deploy(3, "3"),
    )
    found = ok.delivery(path)
    assert [row["version"] for row in found.deployments.to_pylist()] == ["1", "2", "3"]
    assert "deployments to other environments are left out: staging (1)" in found.notes
    assert "1 deployment without an environment counted as production" in found.notes
    assert len(ok.delivery(path, environment="Staging").judged) == 1
    with pytest.raises(EmptySelection) as caught:
        ok.delivery(path, environment="nope")
    assert str(caught.value) == (
        "no deployment is to 'nope'; there are deployments to prod-eu (1), production (1), staging (1)\n"
        "Hint: name the environment that counts: environment= or --environment"
    )


def test_the_window_counts_and_what_was_before_it_is_known(markers):
    found = ok.delivery(markers(*STORY), during=(day(2.9), day(5)))
    assert [row["version"] for row in found.deployments.to_pylist()] == ["1.1", "7.1", "1.3"]
    # 1.1 is a rollback because 1.2 came before the window
    assert metrics(found, "book")["rework_rate"]["value"] == 0.5
    assert metrics(found, "book")["deployment_frequency"]["value"] == pytest.approx(2 / 2.1)
    with pytest.raises(EmptySelection) as caught:
        ok.delivery(markers(*STORY), during=(day(9), day(10)))
    assert caught.value.message == (
        "no deployment was completed from 2026-05-13T00:00:00Z to 2026-05-14T00:00:00Z"
    )


def test_a_window_longer_than_the_data_does_not_dilute_rates(markers):
    found = ok.delivery(markers(*STORY), during="90d")
    assert metrics(found, "book")["deployment_frequency"]["value"] == 1.0
    assert any(
        note.startswith("the data begins at 2026-05-04T00:00:00Z, within the window") for note in found.notes
    )


def test_incidents_of_another_file(markers, tmp_path):
    path = tmp_path / "incidents.json"
    path.write_text(
        json.dumps(
            {
                "incident_number": 7,
                "title": "slow",
                "created_at": day(2.5).isoformat(),
                "status": "triggered",
                "service": {"summary": "book"},
            }
        )
    )
    found = ok.delivery(markers(deploy(2, "1"), deploy(2.1, "2")), incidents=path)
    rows = metrics(found, "book")
    assert (rows["change_fail_rate"]["value"], rows["recovery_time"]["open"]) == (0.5, 1)
    assert "not over yet" in str(found)


def test_incidents_without_a_deployment_are_said(markers):
    rows = (
        incident(0.5, name="i2"),
        incident(2.5, service="fares", name="i3"),
        deploy(1, "1"),
        deploy(3, "2"),
    )
    notes = ok.delivery(markers(*rows)).notes
    assert "warning: 1 incident left out: no deployment has their service (fares)" in notes
    assert "1 incident cannot be attributed: no deployment came before" in notes


def test_other_events_can_be_deployments(tmp_path):
    run = {
        "databaseId": 1,
        "workflowName": "Release",
        "headSha": "5f1c" * 10,
        "status": "completed",
        "conclusion": "success",
        "createdAt": day(0).isoformat(),
        "updatedAt": day(0).isoformat(),
        "url": "https://github.com/shop/book/actions/runs/1",
    }
    path = tmp_path / "runs.json"
    path.write_text(
        json.dumps([run, run | {"databaseId": 2, "workflowName": "Tests"}, run | {"databaseId": 3}])
    )
    with pytest.raises(EmptySelection):
        ok.delivery(path)
    found = ok.delivery(path, deployments="cicd.pipeline.name = 'Release'", during=None)
    assert [row["id"] for row in found.deployments.to_pylist()] == ["1", "3"]


def test_without_deployments_it_is_an_error(markers):
    with pytest.raises(EmptySelection) as caught:
        ok.delivery(markers(incident(0)))
    assert str(caught.value) == (
        "there is no deployment that was completed\n"
        "Hint: load the webhooks, runs or CSV of your deployments, or give git= to take its tags as deployments"
    )
    with pytest.raises(EmptySelection):
        ok.delivery()
    with pytest.raises(InvalidArgument) as wrong:
        ok.delivery(7)
    assert wrong.value.message == "markers must be events or paths, got int"


def test_the_package_is_callable_and_documented():
    import inspect

    import obskit.delivery

    assert callable(obskit.delivery)
    assert obskit.delivery.delivery.__doc__ == obskit.delivery.__doc__
    assert next(iter(inspect.signature(obskit.delivery).parameters)) == "markers"
