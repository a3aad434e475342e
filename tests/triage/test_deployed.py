"""Triage gives the verdict on the deployments that it sees: where something got worse, and the newest."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from obskit import load
from obskit.events import Events
from tests.judge.rollouts import rollout
from tests.triage.days import T, day

pytestmark = pytest.mark.once


def switches(services: int, *, version: str = "2", rows_of_last: int = 2_000) -> Events:
    """A day of some services; service k switches to another version at hour 10 + k and fails from then on."""
    rng = np.random.default_rng(5)
    columns: dict[str, list[np.ndarray]] = {name: [] for name in ("micros", "service", "version", "error")}
    for number in range(services):
        rows = 4_000
        micros = np.sort(rng.integers(0, 24 * 3_600_000_000, rows))
        at = np.searchsorted(micros, (10 + number) * 3_600_000_000)
        last = at + rows_of_last if number == services - 1 else rows
        late = np.arange(rows) >= at
        error = rng.random(rows) < np.where(late, 0.3, 0.01)
        kept = np.arange(rows) < last
        columns["micros"].append(micros[kept] + int(T.timestamp() * 1e6))
        columns["service"].append(np.full(kept.sum(), f"s{number}"))
        columns["version"].append(np.where(late, version, "1")[kept])
        columns["error"].append(error[kept])
    joined = {name: np.concatenate(parts) for name, parts in columns.items()}
    return load(
        pa.table(
            {
                "timestamp": pa.array(joined["micros"], pa.timestamp("us", "UTC")),
                "duration_ms": pa.array(rng.lognormal(3, 0.5, len(joined["micros"]))),
                "kind": pa.array(["server"] * len(joined["micros"])),
                "service.name": pa.array(joined["service"]),
                "service.version": pa.array(joined["version"]),
                "name": pa.array(["GET /"] * len(joined["micros"])),
                "error": pa.array(joined["error"]),
            }
        )
    )


def test_a_canary_gets_its_verdict_in_text_page_and_json() -> None:
    found = rollout(ratio=6.0, errors=0.02, share=0.5).triage()
    (verdict,) = found.deployments
    assert (verdict.word, verdict.evidence) == ("regress", "concurrent")
    assert (verdict.service, verdict.candidate.label) == ("booking", "2.4.0")
    assert f"Deployments:\n    {verdict.headline()}\n        {verdict.query}\n" in str(found)
    assert "<h4>Deployments:</h4>" in found._repr_html_()
    assert "<div>regress: booking 2.4.0 fails on " in found._repr_html_()
    plain = found.to_dict()
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert [one["verdict"] for one in plain["deployments"]] == ["regress"]


def test_the_call_that_is_shown_gives_the_same_verdict() -> None:
    events = rollout(ratio=6.0, errors=0.02, share=0.5)
    (verdict,) = events.triage().deployments
    assert verdict.query == "events.judge(candidate='2.4.0', service='booking')"
    assert events.judge(candidate="2.4.0", service="booking").to_dict() == verdict.to_dict()


def test_a_deployment_without_effect_is_judged_too() -> None:
    (verdict,) = day(planted=False).triage().deployments
    assert (verdict.service, verdict.candidate.label, verdict.evidence) == ("book", "2", "before/after")
    assert verdict.word != "regress"


def test_no_more_than_three_and_the_worst_services_first() -> None:
    found = switches(5).triage()
    assert len(found.deployments) == 3
    worst = list(dict.fromkeys(cause.operation["service.name"] for cause in found.causes))
    assert [one.service for one in found.deployments] == worst[:3]
    assert {one.word for one in found.deployments} == {"regress"}


def test_the_newest_deployment_that_is_also_the_worst_is_judged_once() -> None:
    found = switches(1).triage()
    assert [one.service for one in found.deployments] == ["s0"]


def test_the_planted_deployment_and_the_newest_of_the_sample(root: Path) -> None:
    found = load(root / "sample_events").triage()
    assert [(one.service, one.candidate.label, one.word) for one in found.deployments] == [
        ("booking", "2.4.0", "regress"),
        ("notification", "1.7.6", "inconclusive"),
    ]


def test_where_no_comparison_is_possible_a_note_says_why() -> None:
    found = switches(1, rows_of_last=12).triage()
    assert found.deployments == ()
    (note,) = [one for one in found.notes if one.startswith("no verdict")]
    assert note == ("no verdict on s0 2: s0 2 has 10 requests around the switch; a verdict needs 20 of each.")


def test_a_given_moment_is_not_a_deployment() -> None:
    assert day(planted=True).triage(since="2026-05-04T12:00Z").deployments == ()


def test_log_records_are_not_judged_as_requests() -> None:
    found = load(day(planted=True).to_arrow().drop_columns(["duration_ms"])).triage()
    assert found.deployments == ()
    assert not [note for note in found.notes if note.startswith("no verdict")]


def test_what_is_after_until_is_not_in_the_verdict() -> None:
    events = rollout(ratio=6.0, errors=0.02, share=0.5)
    (verdict,) = events.triage(until="2026-05-04T10:30Z").deployments
    assert verdict.window[1] <= T.replace(hour=10, minute=30)
    assert verdict.query.startswith("events.where(\"timestamp < '2026-05-04T10:30:00Z'\").judge(")


def test_a_version_is_text_in_a_terminal_and_on_a_page() -> None:
    found = switches(1, version="<img src=x onerror=alert(1)>\x1b[31m").triage()
    assert len(found.deployments) == 1
    assert "<img" not in found._repr_html_()
    assert "\x1b" not in str(found) + found._repr_html_()
