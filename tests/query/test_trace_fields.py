"""`obskit.trace.*` in conditions, queries, derived fields, explanations and lists of fields."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from obskit.dataset import from_arrow
from obskit.engine import Scope
from obskit.errors import InvalidArgument, UnknownField
from obskit.explain import ExplainOptions, explain
from obskit.names import TRACE_FIELDS
from obskit.query import fields, heatmap, query, rows
from obskit.traces import traces
from tests.query.scopes import events

T = datetime(2026, 5, 4, 10, tzinfo=UTC)


def retried(traces_count: int = 400) -> Scope:
    """Requests with one call; every tenth is called twice since the first call of provider "north" failed.

    POST ---- call (error) -- call      1 in 10, weight 2
    POST ---- call                      the others, weight 10
    """
    rows: list[tuple[object, ...]] = []
    for n in range(traces_count):
        trace, start, masked = f"{n + 1:032x}", T + timedelta(seconds=n), n % 10 == 0
        weight = 2.0 if masked else 10.0
        where = "north" if masked or n % 4 == 1 else "south"
        rows.append((trace, "a" * 16, None, "server", "POST", start, 90.0, False, weight, where))
        calls = [True, False] if masked else [False]
        for at, error in enumerate(calls):
            begin = start + timedelta(milliseconds=10 + 40 * at)
            rows.append(
                (trace, f"{at + 1:016x}", "a" * 16, "client", "call", begin, 30.0, error, weight, where)
            )
    names = ("trace_id", "span_id", "parent_span_id", "kind", "name", "timestamp", "duration_ms", "error")
    columns = dict(zip((*names, "sample_weight", "provider"), zip(*rows, strict=True), strict=True))
    kinds = {"timestamp": pa.timestamp("us", "UTC"), "parent_span_id": pa.string()}
    return Scope.of(from_arrow(pa.table({n: pa.array(list(c), kinds.get(n)) for n, c in columns.items()})))


def only(scope: Scope, *calculations: str, **options: object) -> list[dict[str, object]]:
    found: list[dict[str, object]] = query(scope, *calculations, **options).to_arrow().to_pylist()  # type: ignore[arg-type]
    return found


def test_a_query_counts_masked_errors_by_weight() -> None:
    (row,) = only(
        retried(), "count(obskit.trace.masked_error) as masked", "count() as all", where="kind = 'server'"
    )
    assert row == {"masked": 40 * 2, "all": 40 * 2 + 360 * 10}
    (row,) = only(retried(), "share(obskit.trace.masked_error) as masked", where="kind = 'server'")
    assert row["masked"] == pytest.approx(80 / 3680)


def test_the_facts_are_of_the_whole_trace_however_narrow_the_rows_are() -> None:
    narrow = retried().narrow("kind = 'client' and not error").narrow("obskit.trace.error_count > 0")
    assert only(narrow, "rows() as n") == [{"n": 40}]
    assert only(narrow, "max(obskit.trace.span_count) as n", by="obskit.trace.complete") == [
        {"obskit.trace.complete": True, "n": 3}
    ]
    assert sum(int(mask.true.sum()) for mask in narrow.masks(None)) == 40


def test_they_group_derive_order_and_draw() -> None:
    scope = retried()
    assert only(scope, "rows() as n", by="obskit.trace.span_count", order="n desc") == [
        {"obskit.trace.span_count": 2, "n": 720},
        {"obskit.trace.span_count": 3, "n": 120},
    ]
    made = scope.derive("calls", "obskit.trace.span_count - 1")
    assert made.schema.field("calls").type == pa.int64()
    assert only(made.narrow("calls = 2"), "rows() as n") == [{"n": 120}]
    assert only(made, "max(calls) as n") == [{"n": 2}]
    listed = rows(scope, ["name", "obskit.trace.duration_ms"], order="obskit.trace.duration_ms desc", limit=1)
    assert listed.to_arrow().column("obskit.trace.duration_ms").to_pylist() == [90.0]
    assert heatmap(scope, "timestamp", "obskit.trace.span_count").table.num_rows
    assert traces(scope.narrow("obskit.trace.masked_error"), limit=3).to_arrow().column(
        "spans"
    ).to_pylist() == [3, 3, 3]


def test_they_are_there_over_time() -> None:
    found = only(
        retried(),
        "count(obskit.trace.masked_error) as masked",
        "p50(obskit.trace.span_count) as spans",
        by="obskit.trace.complete",
        every="1h",
        where="kind = 'server'",
        limit=3,
    )
    assert [(row["masked"], round(float(str(row["spans"])), 1)) for row in found] == [(80, 2.0)]


def test_the_statement_says_where_they_come_from() -> None:
    asked = query(retried(), "count(obskit.trace.masked_error) as n")
    assert "-- events_and_traces: events and the fields" in asked.sql
    assert "events_and_traces" not in query(retried(), "count(error) as n").sql


def test_explain_looks_at_them_only_if_asked() -> None:
    scope = retried()
    usual = explain(scope, "provider = 'north'", ExplainOptions(population="all"))
    named = {item["field"] for finding in usual.findings for item in finding.conditions}
    assert named.isdisjoint(TRACE_FIELDS)
    assert not any(skipped["field"] in TRACE_FIELDS for skipped in usual.skipped)
    asked = explain(
        scope,
        "error",
        ExplainOptions(
            population="all", fields=["obskit.trace.masked_error", "name"], where="kind = 'client'"
        ),
    )
    assert asked.findings[0].condition == "obskit.trace.masked_error = true"
    masked = explain(scope, "obskit.trace.masked_error", ExplainOptions(fields=["provider"]))
    assert masked.findings[0].condition == "provider = 'north'"


def test_the_list_of_fields_names_them_at_its_end_only() -> None:
    listed = fields(retried())
    assert TRACE_FIELDS.keys().isdisjoint(listed.to_arrow().column("field").to_pylist())
    assert listed.notes[-1] == (
        "computed from whole traces when a condition, query or fields= names them: obskit.trace.masked_error, "
        "obskit.trace.error_count, obskit.trace.span_count, obskit.trace.complete, obskit.trace.duration_ms, "
        "obskit.self_ms, obskit.critical_ms, obskit.depth"
    )
    (row,) = fields(retried(), ["obskit.trace.masked_error"]).to_arrow().to_pylist()
    assert (row["type"], row["values"]) == ("bool", 2)
    assert not any("obskit.trace" in note for note in fields(events(100)).notes)


def test_without_traces_they_do_not_exist() -> None:
    with pytest.raises(UnknownField):
        query(events(100), "count(obskit.trace.masked_error)")
    with pytest.raises(InvalidArgument):
        retried(10).derive("obskit.trace.complete", "error")


def test_a_stored_field_of_the_same_name_comes_first() -> None:
    table = retried(20).dataset.arrow()
    own = table.append_column("obskit.trace.span_count", pa.array([7] * table.num_rows))
    scope = Scope.of(from_arrow(own))
    assert only(scope, "max(obskit.trace.span_count) as n", "max(obskit.trace.error_count) as e") == [
        {"n": 7, "e": 1}
    ]
