"""any, none, root, parent and linked in conditions, queries and derived fields."""

from __future__ import annotations

import re

import pytest

from obskit.dataset import from_arrow
from obskit.engine import Scope, parse_condition
from obskit.errors import ConditionError, InvalidArgument, UnknownField
from obskit.explain import ExplainOptions, explain
from obskit.query import query
from tests.traces.synthetic import Shop


@pytest.fixture(scope="module")
def scope() -> Scope:
    """Twelve traces of 9 spans and a record; in every fourth the payment fails, and only there."""
    shop = Shop(1)
    for n in range(12):
        shop.trace(slow=n % 2 == 0)
    for row in shop.rows:
        row["error"] = row["name"] == "POST /pay" and int(row["trace_id"], 16) % 4 == 0
    return Scope.of(from_arrow(shop.table()))


def rows(scope: Scope, condition: str) -> int:
    found: int = scope.narrow(condition).extent[0]
    return found


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("any(error)", 3 * 10),
        ("none(error)", 9 * 10),
        ("not any(error)", 9 * 10),
        ("any(error and service.name = 'payment') and service.name = 'gateway'", 3 * 2),
        ("any(error) and any(service.name = 'gateway' and slow)", 0),
        ("any(error and service.name = 'gateway')", 0),  # one row must satisfy all of it
        ("any(body = 'paid')", 12 * 10),  # a log record of the trace counts too
        ("root(name) = 'GET /buy'", 12 * 10),
        ("parent(service.name) = 'orders' and service.name = 'payment'", 12),
        ("parent(error)", 3),  # the record of the payment that failed
        ("parent(name) is null", 12),
        ("any(none(error))", 9 * 10),
        ("any(root(slow)) and kind = 'client'", 6 * 3),
        ("obskit.depth = 0", 12),
        ("obskit.depth = 3 and obskit.self_ms > 0", 12 * 4),
        ("root(obskit.critical_ms) > 0", 12 * 10),
    ],
)
def test_conditions(scope: Scope, condition: str, expected: int) -> None:
    assert rows(scope, condition) == expected
    # The canonical text reads back as the same condition.
    read = scope.condition(condition)
    assert scope.condition(read.text) == read
    assert rows(scope, read.text) == expected


def test_they_look_at_the_whole_trace_however_narrow_the_rows_are(scope: Scope) -> None:
    narrow = scope.narrow("kind = 'client'").narrow("any(error)")
    assert narrow.extent[0] == 3 * 3
    assert sum(int(mask.true.sum()) for mask in narrow.masks(None)) == 9
    assert narrow.where is not None
    assert narrow.where.fields == {"kind", "any(error)"}


def test_queries_count_average_and_group_by_them(scope: Scope) -> None:
    found = query(
        scope, "count(any(error)) as n", "share(any(error)) as s", where="kind = 'server'"
    ).to_arrow()
    assert found.to_pylist() == [{"n": 12, "s": 0.25}]
    found = query(scope, "rows() as n", by=["parent(service.name)", "service.name"], where="kind = 'server'")
    assert {(r["parent(service.name)"], r["service.name"], r["n"]) for r in found.to_arrow().to_pylist()} == {
        (None, "gateway", 12), ("gateway", "orders", 12), ("orders", "payment", 12), ("orders", "stock", 12),
    }  # fmt: skip
    (row,) = query(scope, "avg(root(duration_ms)) as a", "p50(root(duration_ms)) as p").to_arrow().to_pylist()
    (same,) = query(scope, "avg(duration_ms) as a", where="obskit.depth = 0").to_arrow().to_pylist()
    assert row["a"] == pytest.approx(same["a"])
    over_time = query(scope, "rows() as n", by="root(name)", every="10s").to_arrow()
    assert sum(over_time["n"].to_pylist()) == 120


def test_derived_fields_use_them_and_are_used_by_them(scope: Scope) -> None:
    made = (
        scope.derive("failed", "any(error)")
        .derive("up", "parent(failed)")
        .derive("both", "any(failed and slow)")
    )
    (row,) = query(made, "count(failed) as f", "count(up) as u", "count(both) as b").to_arrow().to_pylist()
    assert row == {"f": 30, "u": 27, "b": 0}
    # The same text over another field of that name is another column.
    other = scope.derive("failed", "not any(error)").derive("up", "parent(failed)")
    (row,) = query(other, "count(up) as u").to_arrow().to_pylist()
    assert row == {"u": 9 * 9}


def test_explain_takes_them_as_the_outcome(scope: Scope) -> None:
    found = explain(
        scope, "any(error)", ExplainOptions(where="obskit.depth = 0", population="all", history=None)
    )
    assert found.selection["events"] == 3
    assert found.baseline["events"] == 9


def test_rows_without_a_trace_are_null() -> None:
    shop = Shop(2)
    shop.trace()
    shop.rows[-1]["trace_id"] = None
    lone = Scope.of(from_arrow(shop.table()))
    assert rows(lone, "any(true)") == 9
    assert rows(lone, "any(true) is null") == 1
    assert rows(lone, "none(false) is null") == 1
    assert rows(lone, "root(name) is null") == 1


def test_two_roots_have_no_root() -> None:
    shop = Shop(2)
    shop.trace()
    shop.rows[1]["parent_span_id"] = None
    assert rows(Scope.of(from_arrow(shop.table())), "root(name) is null") == 10


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("any()", "any() needs a condition\nHint: for example: any(error and http.route = '/pay')"),
        ("root()", "root() needs a field\nHint: for example: root(http.route) = '/book'"),
        ("any(error", "the parenthesis after any is never closed\nHint: close it with )"),
        (
            "root(error and slow)",
            "root() needs one field, got error and slow\nHint: for example: root(http.route) = '/book'",
        ),
        (
            "parent(any(error))",
            "parent() needs one field, got any(error)\nHint: for example: parent(service.name) = 'gateway'",
        ),
        (
            "any(any(any(any(error))))",
            "any and none are nested more than 3 deep\nHint: derive a field for the inner ones",
        ),
        (
            "any(name = 'A') and any(name = 'a')",
            "any(name = 'A') and any(name = 'a') differ only in case, and cannot be used in one question\n"
            "Hint: write lower(FIELD) in one of them, with the value in lower case",
        ),
        (
            "linked(duration_ms) > 5",
            "linked(duration_ms) is a list, which cannot be compared with >\n"
            "Hint: write linked(duration_ms) = 'x' to test whether the list contains 'x'",
        ),
        (
            "any(duration_ms)",
            "duration_ms is a number, not true or false\nHint: compare it with a value, such as duration_ms > 500",
        ),
    ],
)
def test_errors(scope: Scope, condition: str, message: str) -> None:
    with pytest.raises(ConditionError) as caught:
        rows(scope, condition)
    assert str(caught.value) == message


def test_an_unknown_field_inside_is_named(scope: Scope) -> None:
    with pytest.raises(UnknownField, match=re.escape("no field is called 'servce.name'")):
        rows(scope, "any(servce.name = 'x')")
    with pytest.raises(UnknownField, match=re.escape("no field is called 'nope'")):
        rows(scope, "root(nope) = 'x'")


def test_they_need_traces_and_whole_rows(scope: Scope) -> None:
    shop = Shop(2)
    shop.trace()
    without = Scope.of(from_arrow(shop.table().drop_columns(["trace_id"])))
    with pytest.raises(ConditionError) as caught:
        rows(without, "any(error)")
    assert str(caught.value) == (
        "any() looks at the other rows of a trace, but the events have no trace_id\n"
        "Hint: if a column of another name holds it, load with mapping= (--mapping FILE.json)"
    )
    with pytest.raises(ConditionError) as caught:
        parse_condition("any(error)", scope.schema)
    assert str(caught.value) == (
        "any() looks at the other rows of a trace, which are not known here\n"
        "Hint: use it in events.where, query, explain or derive"
    )


def test_a_field_of_that_name_comes_first() -> None:
    shop = Shop(2)
    shop.trace()
    table = shop.table().append_column("any", shop.table()["name"])
    here = Scope.of(from_arrow(table))
    assert rows(here, "any = 'GET /buy'") == 1
    assert rows(here, "any(any = 'GET /buy')") == 10


def test_group_by_a_call_that_is_no_call(scope: Scope) -> None:
    with pytest.raises((UnknownField, InvalidArgument, ConditionError)):
        query(scope, "count()", by="root(name) = 'x'")
