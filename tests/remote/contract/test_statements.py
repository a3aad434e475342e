"""Verbs that are statements: the same answer as at home, in every engine."""

from __future__ import annotations

from typing import Any

import pytest

import obskit as ok
from obskit.engine import format_condition, quote_name
from obskit.events import Events, RemoteEvents
from tests.remote.contract.compare import assert_same, is_close
from tests.remote.contract.conftest import HOSTILE, HOSTILE_NAME

pytestmark = pytest.mark.once

QUERIES: list[tuple[tuple[str, ...], dict[str, Any]]] = [
    (("count()", "rows()", "share(error)"), {"by": "service.version"}),
    (
        ("p50(duration_ms)", "p99(duration_ms) as p99", "p999(duration_ms)"),
        {"by": ["service.version", "cloud.region"]},
    ),
    (("sum(odd.int)", "avg(odd.int)", "min(odd.int)", "max(odd.int)", "count_distinct(customer.id)"), {}),
    (("count(odd.int > 3)", "share(odd.int > 3)", "p50(odd.float)", "p90(odd.int)"), {"by": "cloud.region"}),
    (("rate()", "concurrency()"), {"by": "service.version"}),
    (("count()", "p90(duration_ms)"), {"every": "5m"}),
    (("count()",), {"every": "700ms", "where": "duration_ms > 1000"}),
    (("count()", "share(error)"), {"by": "cloud.region", "every": "10m", "limit": 2}),
    (("count()",), {"by": HOSTILE_NAME}),
    (("p50(duration_ms)",), {"exact": True, "by": "service.version"}),
    (("count() as n",), {"by": "customer.id", "having": "n > 60", "order": "n desc", "limit": 7}),
    (("count()",), {"where": "false", "by": "name"}),
    (("count()", "sum(odd.int)", "p50(duration_ms)", "avg(odd.int)"), {"where": "false"}),
]


@pytest.mark.parametrize(("calculations", "options"), QUERIES)
def test_query(
    there: RemoteEvents, home: Events, calculations: tuple[str, ...], options: dict[str, Any]
) -> None:
    found = there.query(*calculations, **options)
    assert_same(found.table, home.query(*calculations, **options).table)
    assert found.notes == home.query(*calculations, **options).notes
    assert there.dataset.described in found.sql


CONDITIONS = [
    "duration_ms > 500", "not (duration_ms > 500)", "error", "http.response.status_code in (404, 500)",
    "http.response.status_code is null", "http.response.status_code between 300 and 450",
    "odd.float > 1", "odd.float >= 2.5", "odd.float < 1", "odd.float <= 1.5", "odd.float = 2.5", "odd.float != 2.5",
    "odd.float = odd.float", "odd.float > odd.int", "odd.int >= odd.float", "isnan(odd.float)", "isinf(odd.float)",
    "odd.float is null", "odd.float is not null", "coalesce(odd.float, 0) = 0", "isnan(odd.float) is null",
    "odd.int / 2 = 1.5", "odd.int % 3 = 1", "odd.int % 3 = -1", "odd.int / odd.int = 1", "-odd.int > 3",
    "abs(odd.int) = 7", "round(odd.int / 2) = 3", "round(odd.int / 2) = -3", "round(odd.int / 8, 1) = 0.3", "floor(odd.int / 2) = -2",
    "ceil(odd.int / 2) = -1", "ln(odd.int) > 1", "sqrt(odd.int) > 2", "tags = 't1'", "contains(tags, 't2')",
    "length(tags) = 2", "tags != 't1'", "tags is null", "length(odd.text) = 4", "lower(odd.text) = 'über'",
    "upper(odd.text) = 'X'", "trim(odd.text) = 'pad'", "starts_with(odd.text, 'A')", "ends_with(odd.text, 'c')",
    "contains(odd.text, 'b')", "odd.text like 'A%'", "odd.text ilike 'über'", "odd.text like '_-_-_'",
    "regexp_matches(odd.text, '^A-[a-z]')", "regexp_extract(odd.text, 'order ([0-9]+)', 1) = '4711'",
    "regexp_extract(odd.text, 'no such') is null", "regexp_replace(odd.text, '[0-9]+', 'N') = 'order N'",
    "split_part(odd.text, '-', 1) = 'A'", "split_part(odd.text, '-', 3) = 'c'", "split_part(odd.text, '-', 9) is null",
    "split_part(odd.text, '-', -1) = 'c'", "hour(timestamp) = 10", "minute(started) < 5", "second(timestamp) = 0",
    "day(timestamp) = 4", "weekday(timestamp) = 0", "date_trunc('hour', started) = '2026-05-04T10:00Z'",
    "timestamp >= '2026-05-04T10:30:00.5Z'", "started < timestamp", "coalesce(http.response.status_code, 0) = 0",
    "odd.text || '!' = 'x!'", "error is true", "error is false", "kind in ('server', 'client')", "odd.int in (1, -1)",
]  # fmt: skip


def _true_rows(events: Events, conditions: list[str]) -> dict[str, Any]:
    """Return for how many events each condition is true, and its opposite; one statement."""
    asked = [
        f"count({prefix}({one})) as {quote_name(prefix + one)}"
        for one in conditions
        for prefix in ("", "not ")
    ]
    return events.query(*asked).table.to_pylist()[0]


@pytest.mark.parametrize("start", range(0, len(CONDITIONS), 24))
def test_conditions(there: RemoteEvents, home: Events, start: int) -> None:
    some = CONDITIONS[start : start + 24]
    assert _true_rows(there, some) == pytest.approx(_true_rows(home, some))


def test_a_condition_that_is_true_for_no_row_is_not_tested_by_it(home: Events) -> None:
    none = {
        name
        for name, rows in _true_rows(home, CONDITIONS).items()
        if not rows and not name.startswith("not ")
    }
    assert none <= {"tags is null", "second(timestamp) = 7"}


def test_hostile_values_are_only_text(there: RemoteEvents, home: Events) -> None:
    equal = [format_condition([{"field": HOSTILE_NAME, "op": "=", "value": value}]) for value in HOSTILE]
    found = _true_rows(there, equal)
    assert found == pytest.approx(_true_rows(home, equal))
    assert all(found[one] > 100 for one in equal)
    name, quote = quote_name(HOSTILE_NAME), chr(39)
    like = [f"{name} like {quote}{value.replace(quote, quote * 2)}{quote}" for value in HOSTILE]
    assert _true_rows(there, like) == pytest.approx(_true_rows(home, like))
    groups = there.query("rows()", by=HOSTILE_NAME).table
    assert set(groups.column(HOSTILE_NAME).to_pylist()) == {*HOSTILE, None}


def test_schema_and_extent(there: RemoteEvents, home: Events) -> None:
    assert there.schema.names == home.schema.names
    assert there.schema.types == home.schema.types
    assert there.scope.extent == home.scope.extent
    assert there.population == home.population == "units"
    assert there.fingerprint != home.fingerprint


def test_rows(there: RemoteEvents, home: Events) -> None:
    some = {"order": "duration_ms desc, span_id", "limit": 7, "offset": 3}
    assert_same(there.where("error").rows(**some).table, home.where("error").rows(**some).table)
    named = ["timestamp", HOSTILE_NAME, "tags", "odd.float"]
    assert_same(there.rows(named, **some).table, home.rows(named, **some).table)


def test_derived_fields(there: RemoteEvents, home: Events) -> None:
    given = {"slow": "duration_ms > 500", "half": "odd.int / 2", "part": "split_part(odd.text, '-', 2)"}
    asked = (["count()", "share(slow)", "avg(half)"], "part")
    wanted = home.derive(**given).query(*asked[0], by=asked[1])
    assert_same(there.derive(**given).query(*asked[0], by=asked[1]).table, wanted.table)


def test_heatmap(there: RemoteEvents, home: Events) -> None:
    found, wanted = there.heatmap(bins=(20, 12)), home.heatmap(bins=(20, 12))
    assert is_close(float(found.grid.sum()), float(wanted.grid.sum()))
    # Codes put a value near an edge into the cell next to its own; the statement does not.
    assert abs(found.grid - wanted.grid).sum() <= 0.02 * wanted.grid.sum()
    assert found.apart == pytest.approx(wanted.apart)
    assert is_close(list(found.y_edges), pytest.approx(list(wanted.y_edges), rel=1e-6))
    pair = there.heatmap(x="odd.int", y="odd.float", bins=(5, 5))
    assert pair.grid.sum() + sum(pair.apart.values()) == pytest.approx(
        there.query("count()").table.column(0)[0].as_py()
    )


def test_fields(there: RemoteEvents, home: Events) -> None:
    assert_same(there.fields().table, home.fields().table)
    assert str(there).splitlines()[1:] == str(home).splitlines()[1:]


def test_impact(there: RemoteEvents, home: Events) -> None:
    assert_same(there.impact("error", by="customer.id").table, home.impact("error", by="customer.id").table)


def test_trace(there: RemoteEvents, home: Events) -> None:
    ids = home.to_arrow(["trace_id"]).column(0)[77].as_py()
    assert_same(there.trace(ids).table, home.trace(ids).table)
    with pytest.raises(ok.EmptySelection):
        there.trace("ff" * 16)


def test_a_sample_is_the_same_each_time(there: RemoteEvents) -> None:
    assert_same(there.sample(5, seed=1).table, there.sample(5, seed=1).table)
    one, other = (set(there.sample(5, seed=seed).table.column("span_id").to_pylist()) for seed in (1, 2))
    assert one != other


def test_a_pattern_that_is_not_one_is_an_error(there: RemoteEvents) -> None:
    with pytest.raises(ok.ConditionError):
        there.query("count()", where="regexp_matches(odd.text, '(')")


def test_what_needs_the_rows_here_says_so(there: RemoteEvents, table: Any) -> None:
    what = "this needs the rows on this machine, but they are in "
    small = table.select(["cloud.region"]).slice(0, 1).append_column("zone", [["a"]])
    with pytest.raises(ok.Unsupported, match="lookup needs the rows"):
        there.lookup(small, on="cloud.region")
    with pytest.raises(ok.Unsupported, match=what):
        there.scope.codes("name")
    with pytest.raises(ok.Unsupported):
        there.scope.masks(there.scope.condition("error"))
    with pytest.raises(ok.ConditionError, match=r"root\(\) looks at the other rows of a trace"):
        there.where("root(name) = 'x'")
