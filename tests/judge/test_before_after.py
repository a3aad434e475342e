"""A switch from one version to another: the same hours of earlier weeks say what is usual."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from obskit import load
from obskit.events import Events
from tests.judge.rollouts import NEW, OLD, T, later, rollout, table_of, verdict

pytestmark = pytest.mark.once


@lru_cache(4)
def switch(
    weeks: int = 5, ratio: float = 1.0, slower: float = 1.0, seed: int = 1, rpm: int = 150, busy: float = 1.6
) -> Events:
    """An hour before and after 10:00 of this and earlier weeks; the new version runs from 10:00 of this one.

    errors  week -1   __________||||||||||    the later hour always fails `busy` times as often
            week  0   __________||||||||||    and `ratio` times as often as that with the new version
                      2.3.7     2.4.0
    """
    rng = np.random.default_rng([14, seed])
    start = int(T.timestamp() * 1e6)
    parts = []
    for week in range(weeks + 1):
        n = rng.poisson(rpm * 133)
        at = np.sort(rng.integers(-70 * 60_000_000, 63 * 60_000_000, n))
        later = at >= 0
        new = later & (week == 0)
        level = 0.02 * np.exp(rng.normal(0, 0.08, 2))[later.astype(int)] * np.where(later, busy, 1.0)
        parts.append(
            table_of(
                {
                    "timestamp": start - week * 7 * 86_400_000_000 + at,
                    "duration_ms": rng.lognormal(np.log(80), 0.6, n) * np.where(new, slower, 1.0),
                    "service.version": np.where(new, NEW, OLD),
                    "service.name": np.full(n, "booking"),
                    "name": np.full(n, "POST /book"),
                    "kind": np.full(n, "server"),
                    "error": rng.random(n) < level * np.where(new, ratio, 1.0),
                }
            )
        )
    return load(pa.concat_tables(parts))


def test_three_times_as_many_errors_are_a_regression() -> None:
    found = verdict(switch(ratio=3.0))
    assert (found.word, found.evidence, found.looks) == ("regress", "before/after", 1)
    errors = found.criterion("errors")
    assert errors.low > 1
    assert errors.ratio == pytest.approx(3, rel=0.3)
    assert "beyond what 5 earlier weeks show" in found.sentence
    assert found.sentence.endswith(
        "This is before and after only: anything else that changed then is in the numbers."
    )
    assert (
        "before and after only: anything else that changed at the same time is in these numbers"
        in found.notes
    )
    assert found.window[0] >= T
    assert found.window[1] <= T + timedelta(minutes=63)


def test_nothing_passes_if_another_service_was_deployed_at_the_same_time() -> None:
    """A fix elsewhere may hide what the new version broke."""
    events = switch(rpm=600)
    assert verdict(events).word == "pass"
    table = events.to_arrow()
    marker = pa.Table.from_pylist(
        [
            {
                "timestamp": T + timedelta(minutes=minutes),
                "name": "deployment",
                "kind": "event",
                "service.name": name,
                "service.version": version,
            }
            for minutes, name, version in ((0, "booking", NEW), (5, "search", "6.2.0"))
        ]
    )
    marker = marker.set_column(0, "timestamp", marker.column(0).cast(table.schema.field("timestamp").type))
    found = verdict(load(pa.concat_tables([table, marker], promote_options="default")))
    assert found.word == "inconclusive"
    assert "Nothing got worse, but search 6.2.0 at 2026-05-04T10:05:00Z was deployed in this time, too." in (
        found.sentence
    )
    assert "warning: also deployed in this time: search 6.2.0 at 2026-05-04T10:05:00Z" in found.notes


def conditions(field: str, new: str, old: str) -> dict[str, str]:
    """Return arms that are conditions."""
    return {"candidate_where": f"{field} = '{new}'", "baseline_where": f"{field} = '{old}'"}


def test_the_version_that_conditions_choose_is_not_another_deployment() -> None:
    events = switch(rpm=600)
    assert verdict(events, **conditions("service.version", NEW, OLD)).word == "pass"


def test_a_deployment_of_the_same_version_elsewhere_or_under_a_flag_is_another_one() -> None:
    """Services of one repository have one version; and a version may come while a flag is judged."""
    rows = switch(rpm=600).to_arrow()
    names = np.where(np.arange(len(rows)) % 20 == 0, "search", "booking")
    events = load(
        rows.set_column(rows.schema.get_field_index("service.name"), "service.name", pa.array(names))
    )
    found = verdict(events, candidate=NEW, service="booking")
    assert found.word == "inconclusive"
    assert "Nothing got worse, but search 2.4.0" in found.sentence
    flag = pc.if_else(pc.equal(rows.column("service.version"), NEW), "on", "off")
    at = rows.schema.get_field_index("service.version")
    late = pc.greater(rows.column("timestamp"), pa.scalar(T + timedelta(minutes=10)))
    versions = pc.if_else(late, NEW, OLD)
    events = load(rows.append_column("flag", flag).set_column(at, "service.version", versions))
    found = verdict(events, **conditions("flag", "on", "off"))
    assert found.word == "inconclusive"
    assert "booking 2.4.0 at 2026-05-04T10:10:0" in found.sentence


def test_a_version_that_answers_nothing_any_more_never_passes() -> None:
    """It does well for twenty minutes after the switch; then nobody answers, and nobody writes an error."""
    rows = switch(rpm=600).to_arrow()
    gone = pc.and_(
        pc.greater(rows.column("timestamp"), pa.scalar(T + timedelta(minutes=20))),
        pc.equal(rows.column("service.version"), NEW),
    )
    others = later(int((T + timedelta(minutes=63)).timestamp() * 1e6))
    others = others.set_column(0, "timestamp", others.column(0).cast(rows.schema.field("timestamp").type))
    found = verdict(load(pa.concat_tables([rows.filter(pc.invert(gone)), others], promote_options="default")))
    assert (found.word, found.criterion("traffic").word) == ("no_data", "no_data")
    assert found.criterion("errors").word == "pass"
    assert found.sentence.startswith("booking 2.4.0 answers no requests since 2026-05-04T10:19:5")
    assert "Z: 0 where 25,0" in found.sentence or "Z: 0 where 24," in found.sentence


@pytest.mark.parametrize("then", [OLD, "2.4.1"])
def test_of_a_version_that_was_replaced_its_own_time_is_judged(then: str) -> None:
    """The new version ran alone for twenty minutes; then the old one, or a third one, answers all requests."""
    rows = switch(ratio=6.0, weeks=1, busy=1.0, rpm=600).to_arrow()
    late = pc.and_(
        pc.greater_equal(rows.column("timestamp"), pa.scalar(T + timedelta(minutes=20))),
        pc.equal(rows.column("service.version"), NEW),
    )
    versions = pc.if_else(late, then, rows.column("service.version"))
    at = rows.schema.get_field_index("service.version")
    found = verdict(load(rows.set_column(at, "service.version", versions)), baseline=OLD, latency=None)
    assert (found.word, found.evidence) == ("regress", "before/after")
    assert found.window[0] >= T
    assert T + timedelta(minutes=19, seconds=50) < found.window[1] <= T + timedelta(minutes=20)
    assert "in the 20.0 min after the switch" in found.sentence or "in the 20 min after" in found.sentence


@pytest.mark.parametrize("conditions", [True, False])
@pytest.mark.parametrize("labelled", [True, False])
def test_requests_of_another_service_do_not_replace_a_version(labelled: bool, conditions: bool) -> None:
    """The new version answers nothing any more; another service, with or without a version, still does."""
    rows = switch(rpm=600).to_arrow()
    silent = pc.and_(
        pc.greater(rows.column("timestamp"), pa.scalar(T + timedelta(minutes=20))),
        pc.equal(rows.column("service.version"), NEW),
    )
    recent = pc.greater(rows.column("timestamp"), pa.scalar(T - timedelta(minutes=70)))
    other = rows.filter(recent).filter(pa.array([at % 20 == 0 for at in range(pc.sum(recent).as_py())]))
    columns = {name: other.column(name) for name in other.column_names}
    columns["service.name"] = pa.array(["search"] * len(other))
    columns["service.version"] = pa.array(["7.0" if labelled else None] * len(other), pa.string())
    other = pa.table(columns)
    table = pa.concat_tables([rows.filter(pc.invert(silent)), other], promote_options="permissive")
    if not conditions:  # a version would tell the service
        table = table.append_column("flag", table.column("service.version"))
    events = load(table)
    if conditions:
        candidate = f"service.name = 'booking' and service.version = '{NEW}'"
        baseline = f"service.name = 'booking' and service.version = '{OLD}'"
        found = verdict(events, candidate_where=candidate, baseline_where=baseline, latency=None)
    else:
        found = verdict(events, baseline=OLD, by="flag", latency=None)
    assert found.evidence == "before/after"
    assert (found.word, found.criterion("traffic").word) == ("no_data", "no_data")


def test_what_happens_every_week_is_no_regression() -> None:
    """The later hour fails 1.6 times as often every week; 8 switches without a change."""
    words = [verdict(switch(seed=seed), latency=None).word for seed in range(8)]
    assert words.count("regress") <= 1
    assert "pass" in words


def test_a_slower_version_is_a_regression() -> None:
    found = verdict(switch(slower=1.6, rpm=400))
    assert found.criterion("latency").word == "regress"
    assert "its p95 is 3" in found.criterion("latency").sentence


def test_with_few_earlier_weeks_only_the_obvious_is_a_regression() -> None:
    same = verdict(switch(weeks=2))
    assert same.word == "inconclusive"
    assert (
        "there are only 2 earlier weeks without a deployment to compare with; 3 are needed" in same.sentence
    )
    assert verdict(switch(weeks=1, ratio=2.0, busy=1.0), latency=None).word == "inconclusive"
    assert verdict(switch(weeks=1, ratio=6.0, busy=1.0), latency=None).word == "regress"


def test_a_week_with_a_deployment_is_no_reference() -> None:
    table = switch(weeks=4).to_arrow()
    start = T - timedelta(days=14)
    times = table.column("timestamp").to_pylist()
    versions = [
        "2.3.6" if t < start else v
        for t, v in zip(times, table.column("service.version").to_pylist(), strict=True)
    ]
    at = table.schema.get_field_index("service.version")
    found = verdict(load(table.set_column(at, "service.version", pa.array(versions))))
    assert "3 earlier weeks in which nothing was deployed are compared with" in found.notes


def test_few_requests_without_an_error_prove_nothing() -> None:
    """No error in any week, but only some forty requests on each side."""
    table = switch(rpm=1).to_arrow()
    at = table.schema.get_field_index("error")
    found = verdict(load(table.set_column(at, "error", pa.array([False] * table.num_rows))), latency=None)
    assert found.word == "inconclusive"
    assert "there is no error to compare" in found.sentence


def test_a_baseline_that_fails_itself_is_no_yardstick() -> None:
    table = switch().to_arrow()
    at = table.schema.get_field_index("error")
    every = verdict(load(table.set_column(at, "error", pa.array([True] * table.num_rows))), latency=None)
    assert every.word == "inconclusive"


def test_the_mode_can_be_chosen() -> None:
    canary = rollout(ratio=2.0)
    assert verdict(canary).evidence == "concurrent"
    assert verdict(canary, mode="before_after").evidence == "before/after"
    assert verdict(switch(weeks=1), mode="canary").word == "no_data"


def test_there_is_nothing_to_draw_but_something_to_explain() -> None:
    found = verdict(switch(ratio=3.0))
    assert found.explain().selection["condition"] == "error"
    assert found.to_dict()["evidence"] == "before/after"
    assert "before/after" not in found.to_markdown().splitlines()[0]
