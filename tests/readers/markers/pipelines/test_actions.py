"""Outcomes of GitHub Actions' runs, and which runs are deployments."""

import json

import pytest

from tests.support.change_markers import LISTED_RUN, RUN


@pytest.mark.parametrize(
    ("conclusion", "status"),
    [
        *[
            ("success", "succeeded"),
            ("failure", "failed"),
            ("timed_out", "failed"),
            ("cancelled", "cancelled"),
        ],
        *[("skipped", "skipped"), ("startup_failure", "failed"), ("neutral", "neutral")],
    ],
)
def test_conclusions(read, conclusion, status):
    rows = read(json.dumps(RUN | {"conclusion": conclusion}).encode()).rows
    assert [row["deployment.status"] for row in rows] == ["started", status]


def test_a_run_that_is_not_over_has_only_begun(read):
    running = RUN | {"status": "in_progress", "conclusion": None}
    assert [row["deployment.status"] for row in read(json.dumps(running).encode()).rows] == ["started"]


@pytest.mark.parametrize(
    ("name", "path", "marker"),
    [
        ("Tests", ".github/workflows/ci.yml", "cicd.pipeline.run"),
        ("Release", ".github/workflows/deploy.yml", "deployment"),
        ("DEPLOY", None, "deployment"),
    ],
)
def test_a_run_is_a_deployment_by_the_name_of_its_workflow(read, name, path, marker):
    rows = read(json.dumps(RUN | {"name": name, "path": path}).encode()).rows
    assert {row["name"] for row in rows} == {marker}


def test_a_run_without_a_repository_has_no_service(read):
    listed = {name: value for name, value in LISTED_RUN.items() if name != "url"}
    assert "service.name" not in read(json.dumps([listed]).encode()).rows[0]
