"""Deployments: recorded as events, or the first events of a new version."""

from __future__ import annotations

from datetime import timedelta

import pyarrow as pa

from obskit.dataset import from_arrow
from obskit.engine import Scope
from obskit.query.deployments import Deployment, deployments, first_steps
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
