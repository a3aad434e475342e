"""Counts, shares, percentiles and rates against plain loops in Python, on small, ugly datasets."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import obskit as ok
from obskit.errors import EmptySelection
from tests.support.examples import examples

pytestmark = pytest.mark.once

BEGIN = datetime(2026, 5, 4, 10, tzinfo=UTC)
Row = dict[str, Any]
# An example has up to 60 rows.
QUICK = settings(max_examples=examples(12), deadline=None, suppress_health_check=list(HealthCheck))

numbers = st.one_of(
    st.none(),
    st.sampled_from([0.0, 1.0, -1.0, 20.0, 1e-9, 1e12]),
    st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: round(x, 3)),
)
rows = st.fixed_dictionaries(
    {
        "timestamp": st.one_of(st.none(), st.integers(0, 600).map(lambda s: BEGIN + timedelta(seconds=s))),
        "duration_ms": numbers,
        "name": st.sampled_from(["a", "b", "c", None]),
        "kind": st.sampled_from(["server", "client", None]),
        "user.id": st.sampled_from(["u1", "u2", "u3", "", None]),
        "error": st.sampled_from([True, False]),
        "sample_weight": st.sampled_from([None, 1.0, 2.5, 40.0]),
        "event_count": st.sampled_from([None, 0, 1, 7]),
    }
)
events_of = st.lists(rows, min_size=1, max_size=60)
SCHEMA = pa.schema(
    [
        ("timestamp", pa.timestamp("us", "UTC")),
        ("duration_ms", pa.float64()),
        ("name", pa.string()),
        ("kind", pa.string()),
        ("user.id", pa.string()),
        ("error", pa.bool_()),
        ("sample_weight", pa.float64()),
        ("event_count", pa.int64()),
    ]
)


def loaded(given_rows: list[Row]) -> ok.Events:
    return ok.load(pa.Table.from_pylist(given_rows, schema=SCHEMA))


def weight(row: Row) -> float:
    times = row["event_count"] or 1  # a row is at least one event
    return float(times * (1.0 if row["sample_weight"] is None else row["sample_weight"]))


def total(found: Iterable[Row]) -> float:
    return math.fsum(weight(row) for row in found)


def percentile(found: list[Row], q: float) -> float | None:
    placed = sorted((row["duration_ms"], weight(row)) for row in found if row["duration_ms"] is not None)
    whole = math.fsum(w for _, w in placed)
    if not whole:
        return None
    running = 0.0
    for value, w in placed:
        running += w
        if w and running >= q * whole * (1 - 1e-12):
            return float(value)
    return float(placed[-1][0])


def by_hand(found: list[Row]) -> dict[str, float | None]:
    known = [row for row in found if row["duration_ms"] is not None]
    sure = total(known)
    return {
        "n": total(found),
        "failed": total(row for row in found if row["error"]),
        "share": total(row for row in found if row["error"]) / total(found) if total(found) else None,
        "rows": len(found),
        "sum": math.fsum(weight(r) * r["duration_ms"] for r in known) if known else None,
        "avg": math.fsum(weight(r) * r["duration_ms"] for r in known) / sure if sure else None,
        "least": min((r["duration_ms"] for r in known), default=None),
        "most": max((r["duration_ms"] for r in known), default=None),
        "users": len({r["user.id"] for r in found} - {None}),
        "p50": percentile(found, 0.5),
        "p99": percentile(found, 0.99),
    }


ASKED = (
    "count() as n",
    "count(error) as failed",
    "share(error) as share",
    "rows() as rows",
    "sum(duration_ms) as sum",
    "avg(duration_ms) as avg",
    "min(duration_ms) as least",
    "max(duration_ms) as most",
    'count_distinct("user.id") as users',
    "p50(duration_ms) as p50",
    "p99(duration_ms) as p99",
)


def same(answer: dict[str, Any], wanted: dict[str, float | None], where: object) -> None:
    for name, value in wanted.items():
        near = 0.011 if name.startswith("p") else 1e-9
        if value is None:
            assert answer[name] is None, (where, name, answer[name])
        else:
            assert answer[name] == pytest.approx(value, rel=near, abs=1e-6), (where, name)


@QUICK
@given(events_of)
def test_every_calculation(found: list[Row]) -> None:
    events = loaded(found)
    (answer,) = events.query(*ASKED).table.to_pylist()
    same(answer, by_hand(found), "all")
    groups = events.query(*ASKED, by="name").table.to_pylist()
    assert {answer["name"] for answer in groups} == {row["name"] for row in found}
    for answer in groups:
        same(answer, by_hand([r for r in found if r["name"] == answer["name"]]), answer["name"])


@QUICK
@given(events_of)
def test_counts_from_codes_agree(found: list[Row]) -> None:
    events = loaded(found)
    asked = [ASKED[0], ASKED[9], ASKED[10]]
    for by in ("name", "user.id", "error"):
        table = events.query(*asked, by=by).table.to_pylist()
        assert {row[by] for row in table} == {row[by] for row in found}
        for answer in table:
            wanted = by_hand([r for r in found if r[by] == answer[by]])
            same(answer, {name: wanted[name] for name in ("n", "p50", "p99")}, (by, answer[by]))


@QUICK
@given(events_of, st.sampled_from([7, 60, 3600]))
def test_time_buckets(found: list[Row], seconds: int) -> None:
    timed = [row for row in found if row["timestamp"] is not None]
    answers = loaded(found).query("count() as n", "rate() as rate", every=f"{seconds}s").table.to_pylist()
    assert sum(row["n"] for row in answers) == pytest.approx(total(timed))
    for answer in answers:
        start = answer["timestamp"]
        assert start.timestamp() % seconds == 0
        inside = [r for r in timed if start <= r["timestamp"] < start + timedelta(seconds=seconds)]
        assert answer["n"] == pytest.approx(total(inside))
        assert answer["rate"] == pytest.approx(total(inside) / seconds)


@QUICK
@given(events_of, st.booleans())
def test_every_event_is_in_the_heatmap_or_counted_separately(found: list[Row], log: bool) -> None:
    # without values above 0 the axis is linear
    log = log and any(r["duration_ms"] and r["duration_ms"] > 0 for r in found)
    drawn = loaded(found).heatmap(bins=(10, 6), log=log)
    assert drawn.grid.sum() + sum(drawn.apart.values()) == pytest.approx(total(found))
    placed = [
        r
        for r in found
        if r["timestamp"] is not None and r["duration_ms"] is not None and (r["duration_ms"] > 0 or not log)
    ]
    assert drawn.grid.sum() == pytest.approx(total(placed))


@QUICK
@given(events_of)
def test_impact(found: list[Row]) -> None:
    hit = [r for r in found if r["duration_ms"] is not None and r["duration_ms"] > 5]
    if not hit:
        with pytest.raises(EmptySelection):
            loaded(found).impact("duration_ms > 5", by="user.id", population="all")
        return
    answer = loaded(found).impact("duration_ms > 5", by="user.id", population="all")
    assert answer.affected == len({r["user.id"] for r in hit} - {None})
    assert answer.total == len({r["user.id"] for r in found} - {None})


def holds(row: Row, item: dict[str, Any]) -> bool:
    value = row[item["field"]]
    if item["op"] == "missing":
        return value is None
    if item["op"] == "in":
        return value in item["values"]
    if item["op"] == "between":
        low, high = item["low"], item["high"]
        return value is not None and (low is None or value >= low) and (high is None or value <= high)
    return value is not None and value == item["value"]


causes = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["a", "b", "c", None]),
        "user.id": st.sampled_from(["u1", "u2", "u3"]),
        "size": st.sampled_from([None, 1.0, 2.0, 50.0, 1e6]),
        "sample_weight": st.sampled_from([1.0, 2.5, 40.0]),
        "event_count": st.sampled_from([None, 1, 3]),
        "chance": st.integers(0, 9),
    }
)


@QUICK
@given(
    st.lists(causes, min_size=150, max_size=400),
    st.sampled_from([("name", "a"), ("user.id", "u2"), ("size", None)]),
)
def test_the_numbers_of_findings(found: list[Row], cause: tuple[str, Any]) -> None:
    field, value = cause
    for i, row in enumerate(found):
        row["slow"] = row["chance"] < 9 if row[field] == value else row["chance"] < 1
        row["timestamp"] = BEGIN + timedelta(seconds=i)
    chosen = [row for row in found if row["slow"]]
    others = [row for row in found if not row["slow"]]
    columns = ("timestamp", "name", "user.id", "size", "sample_weight", "event_count", "slow")
    events = ok.load(pa.Table.from_pylist([{k: row[k] for k in columns} for row in found]))
    if not chosen or not others:
        with pytest.raises(ok.EmptySelection):
            events.explain("slow")
        return
    answer = events.explain("slow", cluster=None)

    def count(rows: list[Row]) -> int:
        return sum(row["event_count"] or 1 for row in rows)

    assert answer.selection["events"] == count(chosen)
    assert answer.baseline["events"] == count(others)
    for finding in (*answer.findings, *answer.refinements):
        inside = [
            [r for r in side if all(holds(r, i) for i in finding.conditions)] for side in (chosen, others)
        ]
        a, b = map(total, inside)
        whole_a, whole_b = total(chosen), total(others)
        where = finding.condition
        assert (finding.selected, finding.baseline) == tuple(map(count, inside)), where
        assert finding.selected_share == pytest.approx(a / whole_a), where
        assert finding.baseline_share == pytest.approx(b / whole_b, abs=1e-12), where
        within, beyond = a / (a + b), (whole_a - a) / max(whole_a + whole_b - a - b, 1e-300)
        assert finding.rate_inside == pytest.approx(within), where
        assert finding.rate_outside == pytest.approx(beyond, abs=1e-12), where
        wanted = within / beyond if beyond else math.inf
        assert finding.risk_ratio == pytest.approx(wanted, rel=1e-6), where
        assert finding.risk_ratio_low <= finding.risk_ratio <= finding.risk_ratio_high, where


@QUICK
@given(events_of)
def test_triage_counts_errors_by_operation(found: list[Row]) -> None:
    for row in found:
        row["timestamp"] = row["timestamp"] or BEGIN
        row["kind"] = "server"
    events = loaded(found)
    since = BEGIN + timedelta(seconds=300)
    table: list[Row] = []
    with contextlib.suppress(ok.ObskitError):  # all before, or all after
        table = events.triage(since).table.to_pylist()
    for row in table:
        later = [r for r in found if r["name"] == row["name"] and r["timestamp"] >= since]
        assert row["events"] == pytest.approx(total(later)), row
