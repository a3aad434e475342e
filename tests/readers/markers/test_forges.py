"""Deployments of GitHub and GitLab as markers."""

import json

import pytest

from tests.support.markers import GITHUB_STATUS, GITLAB, K8S, REPOSITORY, SERVICE, STATUS


@pytest.mark.parametrize(
    ("state", "ours"),
    [
        *[("success", "succeeded"), ("failure", "failed"), ("error", "failed"), ("pending", "started")],
        *[("in_progress", "started"), ("queued", "started"), ("inactive", "inactive")],
    ],
)
def test_github_states(read, state, ours):
    item = GITHUB_STATUS | {"deployment_status": STATUS | {"state": state}}
    assert read(json.dumps(item).encode()).rows[0]["deployment.status"] == ours


@pytest.mark.parametrize(
    ("state", "ours"),
    [("running", "started"), ("created", "started"), ("failed", "failed"), ("canceled", "canceled")],
)
def test_gitlab_states(read, state, ours):
    assert read(json.dumps(GITLAB | {"status": state}).encode()).rows[0]["deployment.status"] == ours


def test_a_dump_of_webhooks(read):
    push = {"ref": "refs/heads/main", "commits": [], "repository": REPOSITORY, "sender": {"login": "ann"}}
    lines = [push, GITHUB_STATUS, GITLAB, SERVICE, K8S]
    got = read("\n".join(map(json.dumps, lines)).encode() + b'\n{"action":')
    assert [row["name"] for row in got.rows] == ["deployment"] * 3 + ["BackOff"]
    at = len("\n".join(map(json.dumps, lines))) + 1
    assert got.reasons == [
        ("line 1, byte 0", "not a deployment, incident or event that obskit knows"),
        (f"line 6, byte {at}", "torn: the file ends within it"),
    ]
