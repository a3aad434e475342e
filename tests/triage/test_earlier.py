"""Findings are compared with their own earlier time: what was so before is not listed under "since"."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from obskit import load
from obskit.events import Events
from obskit.triage.earlier import EarlierTime, compare_with_earlier
from tests.triage.days import T


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OBSKIT_CACHE", str(tmp_path / "cache"))


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
