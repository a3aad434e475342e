"""DevLake's own end-to-end tables: previous deployments, incidents and lead times, cell by cell."""

import csv
from datetime import UTC, datetime

import pytest

from obskit.delivery.attribution import Candidates, last_deployment
from obskit.delivery.pull_requests import PullRequest, first_deployed, pull_request_times
from obskit.delivery.records import Deployment, Incident
from obskit.delivery.sequence import previous_ones, rollbacks

pytestmark = pytest.mark.shared


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def time(text):
    """Some times have no leading zeros: 2023-4-10 6:51:47."""
    if "T" in text:
        return datetime.fromisoformat(text)
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)


def scopes_of(project, mapping, table):
    return {row["row_id"] for row in mapping if (row["project_name"], row["table"]) == (project, table)}


def deployments_of(table, scopes):
    """Return what succeeded in the project's scopes, in order of its end; one series per repository."""
    kept = [
        Deployment(
            f"{row['cicd_scope_id']} {row['repo_url']}",
            row["environment"],
            time(row["finished_date"]),
            id=row["cicd_deployment_id"],
            version=row["id"],
            revision=row["commit_sha"],
            start=time(row["started_date"]),
        )
        for row in table
        if row["result"] == "SUCCESS" and row["environment"] and row["cicd_scope_id"] in scopes
    ]
    return sorted(kept, key=lambda one: one.end)


def previous_ids(table, scopes):
    found = deployments_of(table, scopes)
    before = previous_ones(found)
    known = {one.version: found[at].version for one, at in zip(found, before, strict=True) if at is not None}
    return {row["id"]: known.get(row["id"], "") for row in table}


def test_previous_deployments(shared):
    folder = shared / "data/dora"
    before = rows(folder / "prev_success_deployment_commit/cicd_deployment_commits_before.csv")
    mapping = rows(folder / "prev_success_deployment_commit/project_mapping.csv")
    scopes = scopes_of("project1", mapping, "cicd_scopes")
    expected = rows(
        folder
        / "connect_incident_to_deployment/prev_success_deployment_commit/cicd_deployment_commits_after.csv"
    )
    assert previous_ids(before, scopes) == {
        row["id"]: row["prev_success_deployment_commit_id"] for row in expected
    }
    assert len(before) == 16


def test_incidents(shared):
    folder = shared / "data/dora/connect_incident_to_deployment"
    mapping = rows(folder / "raw_tables/project_mapping.csv")
    table = rows(folder / "prev_success_deployment_commit/cicd_deployment_commits_after.csv")
    found = [
        one
        for one in deployments_of(table, scopes_of("project1", mapping, "cicd_scopes"))
        if one.environment == "PRODUCTION"
    ]
    previous = previous_ones(found)
    among = Candidates(found, previous, rollbacks(found, previous))
    own = {name: scopes_of("project1", mapping, name) for name in ("repos", "boards")}
    answers = []
    for row in rows(folder / "raw_tables/incidents.csv"):
        if row["scope_id"] in own[row["table"]]:
            at = last_deployment(Incident(time(row["created_date"])), among)
            if at is not None:
                answers.append({"id": row["id"], "project_name": "project1", "deployment_id": found[at].id})
    assert answers == rows(folder / "snapshot_tables/project_incident_deployment_relationships.csv")
    assert len(answers) == 6


def test_lead_times(shared):
    folder = shared / "data/dora/change_lead_time"
    mapping = rows(folder / "project_mapping.csv")
    table = rows(folder / "cicd_deployment_commits.csv")
    scopes = scopes_of("project1", mapping, "cicd_scopes")
    found = [one for one in deployments_of(table, scopes) if one.environment == "PRODUCTION"]
    previous = previous_ones(found)
    brought = {}
    for row in rows(folder / "commits_diffs.csv"):
        brought.setdefault((row["old_commit_sha"], row["new_commit_sha"]), []).append(row["commit_sha"])

    def commits_of(at):
        return brought.get((found[previous[at]].revision, found[at].revision), ())

    begun = {at: one.begun for at, one in enumerate(found) if previous[at] is not None}
    commits, comments = (rows(folder / f"pull_request_{name}.csv") for name in ("commits", "comments"))
    requests = {}
    for row in rows(folder / "pull_requests.csv"):
        own_commits = [one for one in commits if one["pull_request_id"] == row["id"]]
        own_comments = [one for one in comments if one["pull_request_id"] == row["id"]]
        requests[row["id"]] = PullRequest(
            row["id"],
            row["author_id"],
            time(row["created_date"]),
            time(row["merged_date"]) if row["merged_date"] else None,
            row["merge_commit_sha"],
            tuple(time(one["commit_authored_date"]) for one in own_commits),
            tuple((time(one["created_date"]), one["account_id"]) for one in own_comments),
        )
    times = pull_request_times(
        requests.values(), first_deployed(begun, commits_of).get, [one.end for one in found]
    )

    def written(moment):
        return "" if moment is None else moment.isoformat(timespec="milliseconds")

    def named(table, name, column, moment):
        own = [one for one in table if one["pull_request_id"] == name and moment is not None]
        return next((one[column] for one in own if time(one[dates[column]]) == moment), "")

    dates = {"commit_sha": "commit_authored_date", "id": "created_date"}
    answers = []
    for one in times:
        request = requests[one.id]
        deployed = None if one.deployment is None else found[one.deployment]
        minutes = {
            f"pr_{part}_time": "" if (value := getattr(one, part)) is None else str(value)
            for part in ("coding", "pickup", "review", "deploy", "cycle")
        }
        answers.append(
            {
                "id": one.id,
                "project_name": "project1",
                "first_commit_sha": named(commits, one.id, "commit_sha", one.first_commit),
                "first_review_id": named(comments, one.id, "id", one.first_comment),
                "deployment_commit_id": deployed.version if deployed else "",
                "first_commit_authored_date": written(one.first_commit),
                "first_comment_date": written(one.first_comment),
                "pr_created_date": written(request.created),
                "pr_merged_date": written(request.merged),
                "pr_deployed_date": written(deployed and deployed.end),
                **minutes,
            }
        )
    expected = rows(folder / "project_pr_metrics.csv")
    assert answers == expected
    assert sum(len(row) for row in expected) == 90
