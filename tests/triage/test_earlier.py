"""Findings are compared with their own earlier time: what was so before is not listed under "since"."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from obskit import load
from obskit.events import Events
from obskit.triage.earlier import EarlierTime, compare_with_earlier
from tests.triage.days import T

pytestmark = pytest.mark.once


def requests(rows: int = 12_000, **rates: Any) -> Events:
    """A day of one operation. Errors of a slice before and after noon, as (before, after, share of rows).

    kiosk     ||||||||||||||||||||||||||||||||   always
    canary    ________________||||||||||||||||   from noon on
    """
    rng = np.random.default_rng(7)
    at = np.sort(rng.integers(0, 86_400, rows))
    late = at >= 43_200
    error = rng.random(rows) < 0.005
    columns: dict[str, Any] = {}
    for name, (before, after, part_before, part_after) in rates.items():
        inside = rng.random(rows) < np.where(late, part_after, part_before)
        error |= inside & (rng.random(rows) < np.where(late, after, before))
        columns[name] = pa.array(np.where(inside, "yes", "no"))
    return load(
        pa.table(
            {
                "timestamp": pa.array([T + timedelta(seconds=int(s)) for s in at]),
                "kind": ["server"] * rows,
                "name": ["GET /"] * rows,
                "duration_ms": pa.array(rng.lognormal(3, 0.3, rows)),
                "error": pa.array(error),
                **columns,
            }
        )
    )


NOON = T + timedelta(hours=12)


def with_conjunction(before: float, after: float, fields: int) -> Events:
    """A canary fails from noon on, and so do some of the events with all of two or three values.

    kiosk and eu and free     ||||||||||||||||||||||||||||||||   as often as before, or more often
    canary                    ________________||||||||||||||||   from noon on
    """
    rng = np.random.default_rng(1)
    rows = 20_000
    late = np.arange(rows) >= rows // 2
    error = rng.random(rows) < 0.005
    canary = rng.random(rows) < 0.1
    error |= canary & (rng.random(rows) < np.where(late, 0.3, 0.01))
    names = {"kiosk": "yes", "region": "eu", "plan": "free"}
    inside = {name: rng.random(rows) < (0.3, 0.5)[fields - 2] for name in list(names)[:fields]}
    both = np.logical_and.reduce(list(inside.values()))
    error |= both & (rng.random(rows) < np.where(late, after, before))
    at = np.linspace(0, 86_399, rows)
    return load(
        pa.table(
            {
                "timestamp": pa.array([T + timedelta(seconds=second) for second in at.tolist()]),
                "kind": ["server"] * rows,
                "name": ["GET /"] * rows,
                "duration_ms": pa.array(rng.lognormal(3, 0.3, rows)),
                "error": pa.array(error),
                "canary": np.where(canary, "yes", "no"),
                **{name: np.where(own, names[name], "other") for name, own in inside.items()},
            }
        )
    )


@pytest.mark.parametrize("fields", [2, 3])
def test_a_conjunction_that_was_so_before_is_reported_as_such(fields: int) -> None:
    (cause,) = with_conjunction(0.3, 0.3, fields).triage(since=NOON).causes
    assert [finding.condition for finding in cause.explanation.findings] == ["canary = 'yes'"]
    ((old, earlier),) = cause.as_before
    assert {item["field"] for item in old.conditions} == {"kiosk", "region", "plan"} - (
        {"plan"} if fields == 2 else set()
    )
    assert earlier.verdict == "before"
    text = "\n".join(cause.lines())
    assert f"not since then: {old.condition}: was so before: " in text
    parts = [
        one
        for one in cause.explanation.refinements
        if {"kiosk", "region"} <= {i["field"] for i in one.conditions}
    ]
    assert parts or fields == 2  # the part of a pair that is worse is the pair without the canary
    for one in parts:
        if "canary" not in {item["field"] for item in one.conditions}:
            assert "was so before: " in (one.note or ""), one.condition


def test_a_conjunction_that_got_worse_is_listed_under_since() -> None:
    (cause,) = with_conjunction(0.05, 0.6, 2).triage(since=NOON).causes
    found = {frozenset(item["field"] for item in one.conditions) for one in cause.explanation.findings}
    assert found == {frozenset({"kiosk", "region"}), frozenset({"canary"})}
    assert cause.as_before == ()


@pytest.mark.parametrize("during", [f"timestamp >= '{NOON.isoformat()}'", (NOON, None)])
def test_a_condition_on_the_time_alone_is_a_window_with_history(during: object) -> None:
    found = with_conjunction(0.3, 0.3, 2).explain("error", during=during)
    assert found.history is not None
    assert found.history["condition"] == "timestamp < '2026-05-04T12:00:00Z'"
    assert [finding.condition for finding in found.findings] == ["canary = 'yes'"]


def test_a_condition_on_more_than_the_time_has_no_history() -> None:
    events = with_conjunction(0.3, 0.3, 2)
    assert (
        events.explain("error", during=f"timestamp >= '{NOON.isoformat()}' and kiosk = 'yes'").history is None
    )


def test_what_always_failed_is_not_listed_under_since() -> None:
    events = requests(kiosk=(0.3, 0.3, 0.1, 0.1), canary=(0.01, 0.3, 0.1, 0.1))
    result = events.triage(since=NOON)
    (cause,) = result.causes
    assert [finding.condition for finding in cause.explanation.findings] == ["canary = 'yes'"]
    assert [earlier.verdict for earlier in cause.earlier] == ["grew"]
    assert [finding.condition for finding, _ in cause.as_before] == ["kiosk = 'yes'"]
    text = str(result)
    assert text.index("canary = 'yes'") < text.index("not since then: kiosk = 'yes': was so before: ")
    assert "kiosk = &#x27;yes&#x27;: was so before: " in result._repr_html_()
    found = result.to_dict()["explanations"][0]
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["as_before"][0]["earlier"]["verdict"] == "before"
    assert found["explanation"]["findings"][0]["earlier"]["verdict"] == "grew"


def test_what_is_new_is_found_behind_what_always_failed() -> None:
    """The old trouble has so much more evidence that an explanation of all errors names nothing else."""
    events = requests(60_000, kiosk=(0.95, 0.95, 0.02, 0.02), canary=(0.0, 0.5, 0.02, 0.02))
    (cause,) = events.triage(since=NOON).causes
    assert "canary = 'yes'" in [finding.condition for finding in cause.explanation.findings]
    assert all("kiosk" not in finding.condition for finding in cause.explanation.findings)


def finding(events: Events, field: str) -> Any:
    """A finding of one condition, whatever explain says of it: its numbers are not used here."""
    found = events.explain("error", fields=[field], history=None)
    return (*found.findings, *found.refinements)[0]


def earlier(events: Events, field: str) -> EarlierTime:
    ((_, out),) = compare_with_earlier(
        events.scope, "name = 'GET /'", "error", NOON, [finding(events, field)]
    )
    return out


def test_a_slice_that_became_frequent_is_what_changed() -> None:
    """It always failed as often, but ten times as many requests are of it now."""
    found = earlier(requests(sepa=(0.5, 0.5, 0.02, 0.2)), "sepa")
    assert found.verdict == "grew"
    assert "now, but more frequent: " in found.describe()


def test_a_slice_without_earlier_events_is_new() -> None:
    found = earlier(requests(v2=(0.0, 0.3, 0.0, 0.3)), "v2")
    assert found.verdict == "new"
    assert found.describe().startswith("new: no events before, now 3")
    few = earlier(requests(v2=(0.0, 0.3, 0.002, 0.3)), "v2")
    assert few.verdict == "new"
    assert few.events_before > 0
    assert "events before, too few to compare; now 3" in few.describe()


def test_growth_that_may_be_chance_says_so() -> None:
    found = EarlierTime("unclear", 0.041, 0.053, 0.01, 0.013, 200)
    assert found.describe() == "before: 4.1%, now 5.3%, which may be chance"
    assert EarlierTime("before", 0.18, 0.17, 0.1, 0.1, 900).describe() == "was so before: 18.0%, now 17.0%"


def fields_of(rows: int, **columns: Any) -> Events:
    """A day of one operation with an event every few seconds, and these columns."""
    at = np.linspace(0, 86_399, rows)
    return load(
        pa.table(
            {
                "timestamp": pa.array([T + timedelta(seconds=float(s)) for s in at]),
                "kind": ["server"] * rows,
                "name": ["GET /"] * rows,
                **{name: pa.array(values) for name, values in columns.items()},
            }
        )
    )


def test_a_version_that_was_fine_for_hours_is_not_part_of_the_cause() -> None:
    """
    version      1 1 1 2 2 2 2 2 2 2 2 2
    build 77     . . . . . . | | | | | |   fails from noon on
    """
    rng = np.random.default_rng(3)
    hour = np.linspace(0, 24, 40_000, endpoint=False)
    build = rng.random(len(hour)) < 0.05
    error = (rng.random(len(hour)) < 0.002) | (build & (hour >= 12) & (rng.random(len(hour)) < 0.6))
    events = fields_of(
        len(hour),
        error=error,
        **{"service.version": np.where(hour < 7, "1", "2"), "client.build": np.where(build, "77", "76")},
    )
    (cause,) = events.triage(since=NOON).causes
    assert [finding.condition for finding in cause.explanation.findings] == ["client.build = '77'"]


def test_a_version_that_came_with_the_trouble_is_part_of_the_cause() -> None:
    rng = np.random.default_rng(3)
    hour = np.linspace(0, 24, 40_000, endpoint=False)
    build = rng.random(len(hour)) < 0.05
    error = (rng.random(len(hour)) < 0.002) | (build & (hour >= 12) & (rng.random(len(hour)) < 0.6))
    events = fields_of(
        len(hour),
        error=error,
        **{"service.version": np.where(hour < 12, "1", "2"), "client.build": np.where(build, "77", "76")},
    )
    (cause,) = events.triage(since=NOON).causes
    (finding,) = cause.explanation.findings
    assert {item["field"] for item in finding.conditions} == {"client.build", "service.version"}


def test_what_rose_a_little_is_found_by_its_own_past() -> None:
    """Over the whole day blue fails hardly more often than green; from noon on it does, and green does not."""
    rng = np.random.default_rng(4)
    hour = np.linspace(0, 24, 60_000, endpoint=False)
    blue = rng.random(len(hour)) < 0.8
    error = rng.random(len(hour)) < np.where(blue & (hour >= 12), 0.125, 0.08)
    events = fields_of(len(hour), error=error, **{"search.index": np.where(blue, "blue", "green")})
    (cause,) = events.triage(since=NOON).causes
    assert [finding.condition for finding in cause.explanation.findings] == ["search.index = 'blue'"]


def test_what_grew_only_by_a_part_of_it_was_so_before() -> None:
    """
    miss             always slow, and from noon on slower because a fifth of it is on node 3
    node 3           slow from noon on
    """
    rng = np.random.default_rng(5)
    hour = np.linspace(0, 24, 60_000, endpoint=False)
    node = rng.integers(0, 5, len(hour))
    miss = rng.random(len(hour)) < 0.4
    error = (rng.random(len(hour)) < np.where(miss, 0.12, 0.002)) | (
        (node == 3) & (hour >= 12) & (rng.random(len(hour)) < 0.6)
    )
    events = fields_of(len(hour), error=error, shard=[f"n{n}" for n in node], hit=~miss)
    (cause,) = events.triage(since=NOON).causes
    assert [finding.condition for finding in cause.explanation.findings] == ["shard = 'n3'"]
    before = {finding.condition: earlier for finding, earlier in cause.as_before}
    assert before["hit = false"].apart
    assert "without the events of the findings above" in str(events.triage(since=NOON))
