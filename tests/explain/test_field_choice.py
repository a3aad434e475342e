"""Which fields are looked at, which describe the outcome, and which are left out."""

from __future__ import annotations

import numpy as np

from obskit.engine import Scope
from obskit.explain import ExplainOptions, explain
from tests.support.worlds import World, traffic


def test_parts_of_the_duration_describe_it_and_fields_that_drift_are_skipped(
    world: World, rng: np.random.Generator
) -> None:
    """Version 2.4.0 is slow, in its seat lookup; and it runs in a young process."""
    rows = 2_000
    columns = traffic(rng, rows)
    slow = columns["service.version"] == "2.4.0"
    lookup = rng.random(rows) + np.where(slow, 600, 0)
    scope = world(
        columns
        | {
            "duration_ms": lookup + 20,
            "part.seat_lookup.duration_ms": lookup,
            "process.uptime": np.where(slow, 5.0, 5000.0) + rng.random(rows),
        }
    )
    found = explain(scope, "duration_ms > 500")
    assert [finding.condition for finding in found.findings] == ["service.version = '2.4.0'"]
    assert "part.seat_lookup.duration_ms" in found.describes[0].condition
    reason = "drifts with time in each process: name it in fields= to look at it"
    assert {"field": "process.uptime", "reason": reason} in found.skipped
    named = explain(scope, "duration_ms > 500", ExplainOptions(fields=["process.uptime"]))
    assert "process.uptime" in named.findings[0].condition


def test_fields_that_describe_the_error_are_listed_apart(scope: Scope) -> None:
    found = explain(scope, "error")
    said = {item["field"] for finding in [*found.findings, *found.refinements] for item in finding.conditions}
    assert "error.type" not in said
    assert found.describes[0].condition == "error.type = 'Refused'"


def test_only_named_fields_are_looked_at(scope: Scope) -> None:
    found = explain(scope, "error", ExplainOptions(fields=["client", "cloud.region"]))
    assert found.findings == ()
    assert explain(scope, "error", ExplainOptions(fields=["service.version", "client"])).findings


def test_the_severity_of_a_message_and_its_text_describe_it(world: World, rng: np.random.Generator) -> None:
    """One message, an error, comes from version 2.4.0: the version is the finding, not the severity."""
    rows = 2_000
    columns = traffic(rng, rows)
    lost = columns["service.version"] == "2.4.0"
    scope = world(
        columns
        | {
            "body": np.where(lost, "lease 5 lost", "seat 7 sold"),
            "severity_text": np.where(lost, "ERROR", "INFO"),
        }
    )
    for selection in ("log.record.template = 'lease <*> lost'", "body = 'lease 5 lost'"):
        found = explain(scope, selection)
        assert [finding.condition for finding in found.findings] == ["service.version = '2.4.0'"]
        described = {item["field"] for finding in found.describes for item in finding.conditions}
        assert described <= {"body", "log.record.template", "severity_text", "severity_number", "error"}
