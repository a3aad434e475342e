"""Deployments: recorded as events, or the first events of a new version."""

from __future__ import annotations

from datetime import timedelta

import pyarrow as pa

from obskit.dataset import from_arrow
from obskit.engine import Scope
from obskit.query.deployments import Deployment, changes, deployments, first_steps, notices
from tests.query.scopes import T


def minutes(*values: int) -> pa.Array:
    return pa.array([T + timedelta(minutes=n) for n in values], pa.timestamp("us", "UTC"))


def test_recorded_deployments_come_first_and_failed_ones_are_left_out() -> None:
    scope = Scope.of(
        from_arrow(
            pa.table(
                {
                    "timestamp": minutes(0, 5, 7, 9),
                    "name": ["GET /", "deployment", "deployment", "deployment"],
                    "service.name": ["book", "book", "book", None],
                    "service.version": ["1", "2", "3", None],
                    "deployment.status": [None, "succeeded", "canceled", None],
                    "body": [None, "seats", None, None],
                }
            )
        )
    )
    found = deployments(scope.narrow("name = 'GET /'"))
    assert found == [
        Deployment(T + timedelta(minutes=5), "book", "2", "seats"),
        Deployment(T + timedelta(minutes=9), None, None, None),
    ]
    assert [str(one) for one in found] == ["book 2", "deployment"]


def test_a_new_version_with_enough_rows_is_a_deployment() -> None:
    """Version 1 was there from the start, version 3 has too few rows.

    versions   1111111111
                    22222
                        3
    """
    version = ["1"] * 10 + ["2"] * 5 + ["3"]
    times = [*range(10), *range(5, 10), 9]
    scope = Scope.of(from_arrow(pa.table({"timestamp": minutes(*times), "service.version": version})))
    assert deployments(scope) == [Deployment(T + timedelta(minutes=5), None, "2", None)]


def test_a_rollout_in_steps_is_one_deployment() -> None:
    steps = [Deployment(T + timedelta(minutes=n), "book", "2") for n in range(3)]
    unknown = [Deployment(T + timedelta(minutes=n), "book", None) for n in range(2)]
    assert first_steps([*steps, *unknown]) == [steps[0], *unknown]


def test_other_changes_and_notices_are_named_by_what_they_are() -> None:
    rows = [
        {"name": "deployment", "service.name": "book", "service.version": "2"},
        {"name": "git.tag", "service.version": "v2", "body": "v2"},
        {"name": "feature_flag.change", "feature_flag.key": "seats", "body": "turned on"},
        {"name": "feature_flag.change", "feature_flag.key": "seats", "body": "turned off"},
        {"name": "database.migration", "database.migration.version": "7"},
        {
            "name": "chaos.experiment",
            "chaos.experiment": "kill",
            "chaos.status": "started",
            "service.name": "book",
        },
        {
            "name": "incident",
            "obskit.incident.id": "7",
            "obskit.incident.status": "open",
            "service.name": "book",
        },
        {"name": "vulnerability.scan", "service.version": "2.4.0"},
        {"name": "cicd.pipeline.run", "service.version": "2"},
    ]
    names = dict.fromkeys(name for row in rows for name in row)
    whole = [{name: row.get(name) for name in names} for row in rows]
    table = pa.Table.from_pylist(whole).append_column("timestamp", minutes(*range(len(rows))))
    scope = Scope.of(from_arrow(table))
    assert [str(one) for one in first_steps(changes(scope))] == [
        "book 2",
        "tag v2",
        "flag seats",
        "flag seats",
        "migration 7",
        "experiment book kill started",
    ]
    assert [str(one) for one in deployments(scope)] == ["book 2"]
    assert [str(one) for one in notices(scope)] == ["incident book 7 open", "scan 2.4.0"]
