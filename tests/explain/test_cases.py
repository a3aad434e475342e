"""Cases that other tools get wrong, each as a small world with or without a planted cause."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from obskit.explain import ExplainOptions, Explanation, explain
from tests.support.worlds import World, pick, traffic

pytestmark = pytest.mark.once

Generator = np.random.Generator


def fields_of(found: Explanation) -> list[set[str]]:
    return [{item["field"] for item in finding.conditions} for finding in found.findings]


def first(found: Explanation) -> str:
    assert found.findings, str(found)
    return found.findings[0].condition


def test_a_field_that_only_failures_have_is_found(world: World, rng: Generator) -> None:
    """Case 1. failures have `cause.id`, all others lack it::

    failed   ████████ cause.id = x
    rest     ········ (no such field)
    """
    rows = 20_000
    failed = rng.random(rows) < 0.03
    found = explain(
        world(traffic(rng, rows) | {"failed": failed, "cause.id": np.where(failed, "x", None)}), "failed"
    )
    assert first(found) == "cause.id = 'x'"
    assert found.findings[0].selected_share == 1.0
    assert found.findings[0].baseline == 0
    assert found.findings[0].note == "separates completely: the cause, or the selection in other words"


def test_a_unique_id_that_only_failures_have_is_found_by_its_presence(world: World, rng: Generator) -> None:
    """Case 1 with a different value on every row: only "has a value" describes them."""
    rows = 20_000
    failed = rng.random(rows) < 0.03
    ids = np.array([f"incident-{n}" if bad else None for n, bad in enumerate(failed)], dtype=object)
    found = explain(world(traffic(rng, rows) | {"failed": failed, "cause.id": ids}), "failed")
    assert first(found) == "cause.id is not null"


def test_one_value_present_on_most_failures_and_missing_elsewhere_is_found(
    world: World, rng: Generator
) -> None:
    """Case 2. a header on 60% of the failures and 1% of the rest, always with the same value."""
    rows = 20_000
    failed = rng.random(rows) < 0.05
    header = np.where(rng.random(rows) < np.where(failed, 0.6, 0.01), "1", None)
    found = explain(
        world(traffic(rng, rows) | {"failed": failed, "http.request.header.x-beta": header}), "failed"
    )
    assert first(found) == "\"http.request.header.x-beta\" = '1'"


def test_a_rare_strong_value_ranks_above_a_common_wobble(world: World, rng: Generator) -> None:
    """Case 3. 5% v 0.1% (50 times) must rank above 48% v 55%."""
    rows = 100_000
    failed = rng.random(rows) < 0.1
    columns = traffic(rng, rows) | {
        "failed": failed,
        "shard": np.where(rng.random(rows) < np.where(failed, 0.05, 0.001), "s-17", "others"),
        "side": np.where(rng.random(rows) < np.where(failed, 0.55, 0.48), "left", "right"),
    }
    assert first(explain(world(columns), "failed")) == "shard = 's-17'"


def test_counts_are_of_all_values_not_of_the_commonest(world: World, rng: Generator) -> None:
    """Case 4. a value that is 11th in the baseline is shown with its real count, not as 0."""
    rows = 50_000
    names = np.array([f"station-{n:02d}" for n in range(30)], dtype=object)
    station = names[rng.choice(30, rows, p=(lambda w: w / w.sum())(1 / np.arange(1, 31)))]
    failed = rng.random(rows) < np.where(station == "station-10", 0.4, 0.02)
    scope = world(traffic(rng, rows) | {"failed": failed, "station.from": station})
    found = explain(scope, "failed")
    assert first(found) == "station.from = 'station-10'"
    assert found.findings[0].baseline == int(((station == "station-10") & ~failed).sum()) > 0


def test_what_was_always_slow_ranks_below_what_began(world: World, rng: Generator) -> None:
    """Case 5. zone `old` was always slow; version 2.4.0 came at half time and is slow as well::

    zone old        ▂▂▂▂▂▂▂▂|▂▂▂▂▂▂▂▂    30% slow all the time
    version 2.4.0           |▂▂▂▂▂▂▂▂    12% slow since it is there
    """
    rows = 60_000
    late = np.arange(rows) >= rows // 2
    zone = pick(rng, rows, old=1, new=9)
    version = np.where(late & (rng.random(rows) < 0.5), "2.4.0", "2.3.9")
    slow = rng.random(rows) < np.where(zone == "old", 0.30, np.where(version == "2.4.0", 0.12, 0.01))
    scope = world(traffic(rng, rows) | {"slow": slow, "zone": zone, "service.version": version})
    middle = scope.dataset.codes.times()[0][rows // 2]
    during = (np.datetime64(int(middle), "us").astype(object), None)
    plain = explain(scope, "slow", ExplainOptions(during=during, history=None))
    with_history = explain(scope, "slow", ExplainOptions(during=during))
    assert first(plain) == "zone = 'old'"
    assert first(with_history) == "service.version = '2.4.0'"
    assert with_history.findings[0].new is True
    assert with_history.findings[0].note is None
    assert with_history.history is not None
    # The old zone sinks below what began; it is not removed, and its note says why it sank.
    assert not any("zone" in finding.condition for finding in with_history.findings)
    old = next(finding for finding in with_history.refinements if finding.condition == "zone = 'old'")
    assert old.note == "not new: the rate was 31.0% before, 29.6% now"


def test_the_conjunction_is_named_not_its_halves(world: World, rng: Generator) -> None:
    """Case 6. only version 2.4.0 on ios in the south is slow; each alone is nearly innocent."""
    rows = 80_000
    columns = traffic(rng, rows)
    hit = (
        (columns["service.version"] == "2.4.0")
        & (columns["client"] == "ios")
        & (columns["cloud.region"] == "south")
    )
    columns["slow"] = rng.random(rows) < np.where(hit, 0.7, 0.005)
    found = explain(world(columns), "slow")
    assert fields_of(found) == [{"service.version", "client", "cloud.region"}]
    assert found.findings[0].selected == int((hit & columns["slow"]).sum())
    assert found.findings[0].baseline == int((hit & ~columns["slow"]).sum())


def test_random_selections_have_no_finding(world: World, rng: Generator) -> None:
    """Case 7. 40 random selections."""
    rows = 40_000
    scope = world(traffic(rng, rows) | {"lot": rng.random(rows)})
    runs = [explain(scope, f"lot >= {k / 40} and lot < {(k + 1) / 40}") for k in range(40)]
    assert [str(run) for run in runs if run.findings] == []


def test_a_version_that_is_nearly_everywhere_is_found(world: World, rng: Generator) -> None:
    """Case 8. a version on 80% of the baseline and on all failures: no ratio of shares would show it."""
    rows = 40_000
    version = pick(rng, rows, **{"2.4.0": 8, "2.3.9": 2})
    failed = (version == "2.4.0") & (rng.random(rows) < 0.02)
    found = explain(world(traffic(rng, rows) | {"service.version": version, "failed": failed}), "failed")
    assert first(found) == "service.version = '2.4.0'"
    assert found.findings[0].risk_ratio == float("inf")
    assert found.findings[0].to_dict()["risk_ratio"] is None


def test_one_trace_that_retries_is_not_a_finding(world: World, rng: Generator) -> None:
    """Case 9. 5,000 failing retries of one trace are one observation."""
    rows, storm = 40_000, 5_000
    columns = traffic(rng, rows)
    trace = np.array([f"{n:032x}" for n in range(1, rows + 1)], dtype=object)
    failed = rng.random(rows) < 0.02
    at = rng.choice(rows, storm, replace=False)
    failed[at], trace[at] = True, "f" * 32
    for name in ("http.route", "cloud.region", "client", "host.name", "user.id", "service.version"):
        columns[name][at] = columns[name][at[0]]
    found = explain(world(columns | {"failed": failed, "trace_id": trace}), "failed")
    assert found.findings == ()


def test_many_customers_each_hit_a_little_are_found_as_a_set(world: World, rng: Generator) -> None:
    """Case 9, the other half. 200 of 20,000 customers share an excess; none of them shows it alone."""
    rows = 300_000
    number = rng.integers(0, 20_000, rows)
    chosen = rng.choice(20_000, 200, replace=False)
    some = {f"c-{n}" for n in chosen}
    customer = np.array([f"c-{n}" for n in range(20_000)], dtype=object)[number]
    failed = rng.random(rows) < np.where(np.isin(number, chosen), 0.6, 0.004)
    columns = traffic(rng, rows)
    del columns["user.id"]
    found = explain(world(columns | {"customer": customer, "failed": failed}), "failed")
    top = found.findings[0].conditions[0]
    assert (top["field"], top["op"]) == ("customer", "in")
    said = set(top["values"])
    assert len(said & some) >= 0.8 * len(said)
    assert len(said & some) >= 0.6 * len(some)


def test_sampling_that_depends_on_the_route_gives_no_false_alarm(world: World, rng: Generator) -> None:
    """Case 10. /pay is kept at 1 in 1,000, all other routes are kept whole; 80 random selections.

    An alarm in one of thirty of them would be noticed with 93%.
    """
    rows = 40_000
    columns = traffic(rng, rows)
    columns["sample_weight"] = np.where(columns["http.route"] == "/pay", 1000.0, 1.0)
    scope = world(columns | {"lot": rng.random(rows)})
    runs = [
        explain(scope, f"lot >= {k / 200} and lot < {(k + 1) / 200}", ExplainOptions(depth=2))
        for k in range(80)
    ]
    assert [str(run) for run in runs if run.findings] == []


def test_ordinary_traffic_of_another_hour_is_not_a_finding_but_what_is_new_is(
    world: World, rng: Generator
) -> None:
    """Case 11. the last hour has a different amount of traffic, and one thing that is really new::

    amount     ▂▃▅▇▇▅
    version         ▄    2.4.1, in the last hour only
    """
    hours = np.repeat(np.arange(6), [4_000, 6_000, 9_000, 12_000, 12_000, 9_000])
    rows = len(hours)
    columns: dict[str, Any] = traffic(rng, rows)
    columns["timestamp"] = (
        1_777_888_800_000_000 + hours * 3_600_000_000 + rng.integers(0, 3_600_000_000, rows)
    ).astype("datetime64[us]")
    last, start = "timestamp >= '2026-05-04T15:00:00Z'", "timestamp < '2026-05-04T11:00:00Z'"
    assert explain(world(columns), last, ExplainOptions(baseline=start)).findings == ()
    columns["service.version"] = np.where(
        (hours == 5) & (rng.random(rows) < 0.2), "2.4.1", columns["service.version"]
    )
    found = explain(world(columns), last, ExplainOptions(baseline=start))
    assert first(found) == "service.version = '2.4.1'"
    assert len(found.findings) == 1


def test_a_set_is_not_shown_where_its_members_only_share_a_cause(world: World, rng: Generator) -> None:
    """Some customers run client 9, which fails. They are a set with an excess, but the client says it all."""
    rows = 120_000
    number = rng.integers(0, 3_000, rows)
    some = rng.random(3_000) < 0.1
    client = np.where(some[number] & (rng.random(rows) < 0.7), "9", "8")
    failed = rng.random(rows) < np.where(client == "9", 0.25, 0.01)
    columns = traffic(rng, rows)
    del columns["user.id"]
    customer = np.array([f"c-{n}" for n in range(3_000)], dtype=object)[number]
    found = explain(world(columns | {"customer": customer, "release": client, "failed": failed}), "failed")
    assert [finding.condition for finding in found.findings] == ["release = '9'"]


def test_the_telling_members_of_a_set_come_first(world: World, rng: Generator) -> None:
    """Ten customers fail always, 190 in a third of their requests; the ten are among the first."""
    rows = 300_000
    number = rng.integers(0, 20_000, rows)
    failed = rng.random(rows) < np.select([number < 10, number < 200], [1.0, 0.33], 0.004)
    columns = traffic(rng, rows)
    del columns["user.id"]
    customer = np.array([f"c-{n:05d}" for n in rng.permutation(20_000)], dtype=object)
    found = explain(world(columns | {"customer": customer[number], "failed": failed}), "failed")
    top = found.findings[0].conditions[0]
    assert top["op"] == "in"
    assert len(set(top["values"][:30]) & set(customer[:10])) >= 6
