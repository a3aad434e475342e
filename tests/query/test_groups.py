"""`query`: groups, intervals, order, limits and weights."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest

from obskit.dataset import from_arrow
from obskit.engine import Scope
from obskit.errors import (
    ConditionError,
    InvalidArgument,
    LimitExceeded,
    UnknownField,
    UnknownFunction,
)
from obskit.query import query
from obskit.query.arguments import split_order
from tests.query.scopes import T, large, small


def test_every_calculation_by_hand() -> None:
    result = query(
        small(),
        "count()", "count(error) as failed", "share(error)", "rows()", "sum(duration_ms)", "avg(duration_ms)",
        "min(duration_ms)", "max(duration_ms)", "count_distinct(user.id) as users", "rate()", "concurrency()",
    )  # fmt: skip
    (row,) = result.to_arrow().to_pylist()
    # events: 10 + 10 + 2 + 1 + 1 + 1; the span is 240 s
    assert row["count()"] == 25
    assert row["failed"] == 12
    assert row["share(error)"] == pytest.approx(12 / 25)
    assert row["rows()"] == 6
    total = 100 * 10 + 200 * 10 + 300 * 2 + 1000 + 50
    assert row["sum(duration_ms)"] == total
    assert row["avg(duration_ms)"] == pytest.approx(total / 24)
    assert (row["min(duration_ms)"], row["max(duration_ms)"], row["users"]) == (50, 1000, 3)
    assert row["rate()"] == pytest.approx(25 / 240)
    assert row["concurrency()"] == pytest.approx(total / 1000 / 240)
    assert (
        "min(duration_ms), max(duration_ms), users: over the rows as they are, without sample weights"
        in result.notes
    )
    assert (
        "warning: 1 of 6 rows has no sample weight, counted as 1; known and unknown weights are mixed"
        in result.notes
    )


def test_groups_keep_null_and_are_ordered_by_the_first_calculation() -> None:
    result = query(small(), "count() as n", by="http.route")
    assert result.to_arrow().to_pylist() == [
        {"http.route": "/a", "n": 20.0},
        {"http.route": "/b", "n": 4.0},
        {"http.route": None, "n": 1.0},
    ]


def test_percentiles_are_weighted_within_one_percent_and_exact_on_request() -> None:
    scope = small()
    # nearest rank over 10 x 100, 10 x 200, 2 x 300, 1000, 50: the 12th of 24 is 200
    coarse = query(scope, "p50(duration_ms) as p").to_arrow().column("p")[0].as_py()
    assert coarse == pytest.approx(200, rel=0.01)
    exact = query(scope, "p50(duration_ms) as p", exact=True)
    assert exact.to_arrow().column("p")[0].as_py() == 200.0
    assert "percentiles are exact and without sample weights" in exact.notes
    assert query(scope, "median(duration_ms) as p").to_arrow().column("p")[0].as_py() == coarse


@pytest.mark.parametrize("name", ["p01", "p50", "p95", "p99", "p999"])
def test_percentiles_against_numpy(name: str) -> None:
    scope = large()
    rows = scope.dataset.arrow(["duration_ms", "sample_weight"]).drop_null()
    values, weights = rows.column(0).to_numpy(), rows.column(1).to_numpy()
    order = np.argsort(values)
    running = np.cumsum(weights[order])
    q = int(name[1:]) / 10 ** len(name[1:])
    expected = values[order][np.searchsorted(running, q * running[-1])]
    found = query(scope, f"{name}(duration_ms) as p").to_arrow().column("p")[0].as_py()
    assert found == pytest.approx(expected, rel=0.011)


def test_empty_intervals_are_zero_or_null() -> None:
    result = query(small(), "count() as n", "p50(duration_ms) as p", every="1m")
    rows = result.to_arrow().to_pylist()
    assert [row["timestamp"] for row in rows] == [T + timedelta(minutes=m) for m in range(5)]
    assert [row["n"] for row in rows] == [20, 2, 0, 2, 1]
    assert rows[2]["p"] is None
    assert rows[3]["p"] == pytest.approx(1000, rel=0.01)


def test_groups_beyond_the_limit_are_combined_as_other() -> None:
    result = query(small(), "count() as n", by=["http.route"], every="4m", limit=1)
    rows = result.to_arrow().to_pylist()
    assert [(row["http.route"], row["n"]) for row in rows] == [
        ("/a", 20),
        ("/a", 0),
        ("other", 4),
        ("other", 1),
    ]
    assert "2 more groups are combined as 'other'" in result.notes


def test_having_order_and_limit() -> None:
    scope = large()
    result = query(
        scope,
        "count()",
        "p99(duration_ms) as slow",
        by="http.status_code",
        having="count() > 400",
        order="slow desc, count()",
        limit=5,
    )
    rows = result.to_arrow().to_pylist()
    assert len(rows) == 5
    assert all(row["count()"] > 400 for row in rows)
    assert [row["slow"] for row in rows] == sorted((row["slow"] for row in rows), reverse=True)
    assert list(rows[0]) == ["http.response.status_code", "count()", "slow"]


def test_having_over_time_applies_to_groups_over_the_whole_range() -> None:
    result = query(small(), "count() as n", by="http.route", every="1m", having="n > 3")
    assert set(result.to_arrow().column("http.route").to_pylist()) == {"/a", "/b"}


def test_the_result_has_the_call_that_reproduces_it() -> None:
    scope = small()
    result = query(scope, "count()", by="http.route", where="error", limit=1)
    assert result.query == "events.query('count()', by='http.route', where='error', limit=1)"
    assert result.dataset == {"rows": 6, "fingerprint": scope.dataset.fingerprint}
    found = result.to_dict()
    assert found["columns"] == ["http.route", "count()"]
    assert found["rows"] == [{"http.route": "/a", "count()": 10.0}]
    assert scope.dataset.fingerprint[:12] in str(result)


def test_the_statement_runs_as_shown() -> None:
    import duckdb

    scope = small()
    result = query(scope, "sum(duration_ms) as s", by="http.route")
    with duckdb.connect() as connection:
        connection.execute(
            f"create view events as select * from read_parquet('{scope.dataset.path}/*.parquet')"
        )
        rows = connection.sql(result.sql).fetchall()
    assert len(rows) == 3


@pytest.mark.parametrize(
    ("calls", "more", "error", "message"),
    [
        (("p100(duration_ms)",), {}, UnknownFunction, "p100 would be the 10.0th percentile"),
        (("avrg(duration_ms)",), {}, UnknownFunction, "there is no calculation 'avrg'"),
        (("count() + 1",), {}, ConditionError, "'count\\(\\) \\+ 1' is not a calculation"),
        (("count",), {}, ConditionError, "'count' is not a calculation"),
        (("sum(http.route)",), {}, ConditionError, "sum needs numbers, but http.route is string"),
        (("sum(duration)",), {}, UnknownField, "no field is called 'duration'"),
        (("share()",), {}, ConditionError, "share needs a condition"),
        (("rate(error)",), {}, ConditionError, "rate takes no argument, got 'error'"),
        (("count()", "count()"), {}, InvalidArgument, "two columns would be called 'count\\(\\)'"),
        (("count()",), {"by": "http.rout"}, UnknownField, "no field is called 'http.rout'"),
        (
            ("count()",),
            {"by": ["error", "error"]},
            InvalidArgument,
            "by has the same field twice: error, error",
        ),
        (("count()",), {"by": "error", "order": "nope"}, ConditionError, "cannot order by 'nope'"),
        (
            ("count()",),
            {"by": "error", "limit": 0},
            InvalidArgument,
            "limit must be a whole number of at least 1, got 0",
        ),
        (("count()",), {"every": "fortnight"}, ConditionError, "'fortnight' is not a length of time"),
        (
            ("count()",),
            {"every": "1us"},
            LimitExceeded,
            "`every` makes 240,000,001 intervals; the limit is 1,000,000",
        ),
        (("count()",), {"by": "error", "having": "nope > 1"}, UnknownField, "no field is called 'nope'"),
        (("count() as error",), {"by": "error"}, InvalidArgument, "is in `by` already"),
        (("count() as timestamp",), {"every": "1m"}, InvalidArgument, "holds the times"),
    ],
)
def test_invalid_arguments_are_rejected(
    calls: tuple[str, ...], more: dict[str, object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        query(small(), *calls, **more)  # type: ignore[arg-type]


def test_a_query_without_rows_returns_zero_null_or_no_groups() -> None:
    scope = small()
    (row,) = query(scope, "count()", "p99(duration_ms)", where="duration_ms > 1e9").to_arrow().to_pylist()
    assert row == {"count()": 0, "p99(duration_ms)": None}
    assert len(query(scope, "count()", every="1m", where="duration_ms > 1e9")) == 0
    assert len(query(scope, "count()", by="http.route", where="duration_ms > 1e9")) == 0


def test_derived_fields_can_be_grouped_by() -> None:
    scope = small().derive("slow", "duration_ms > 250")
    rows = query(scope, "rows()", by="slow").to_arrow().to_pylist()
    assert {row["slow"]: row["rows()"] for row in rows} == {False: 3, True: 2, None: 1}


def test_names_with_quotes_and_spaces_can_be_used() -> None:
    name = 'weird " name; drop'
    scope = Scope.of(
        from_arrow(pa.table({name: pa.array(["x", "x", None]), "a-b": pa.array([1.0, 2.0, 3.0])}))
    )
    rows = query(scope, "rows() as n", 'sum("a-b")', by=name).to_arrow().to_pylist()
    assert rows == [{name: "x", "n": 2, 'sum("a-b")': 3.0}, {name: None, "n": 1, 'sum("a-b")': 3.0}]


def test_percentiles_order_infinities_and_ignore_nan() -> None:
    values = [float("nan"), float("inf"), float("-inf"), 0.0, -5.0, 5.0, None]
    scope = Scope.of(from_arrow(pa.table({"x": pa.array(values), "g": pa.array(["a"] * 7)})))
    for by in ((), "g"):
        row = (
            query(scope, "p01(x) as low", "p50(x) as middle", "p99(x) as high", by=by)
            .to_arrow()
            .to_pylist()[0]
        )
        assert row["low"] == float("-inf")
        assert row["middle"] == 0
        assert row["high"] == float("inf")


def test_order_is_split_at_commas_outside_parentheses() -> None:
    assert split_order('p99(a, b) desc, "x,y", n') == ["p99(a, b) desc", '"x,y"', "n"]


def test_constants_and_wide_numbers() -> None:
    scope = Scope.of(
        from_arrow(pa.table({"big": pa.array([2**62, 2**62, 2**62]), "g": pa.array(["a", "a", "b"])}))
    )
    row = query(
        scope, "count(true)", "count(null)", "share(1 = 1)", "sum(2)", "p50(3) as p", "sum(big)"
    ).table.to_pylist()[0]
    assert (row["count(true)"], row["count(null)"], row["share(1 = 1)"], row["sum(2)"]) == (3, 0, 1, 6)
    assert row["p"] == pytest.approx(3, rel=0.01)
    assert row["sum(big)"] == 3.0 * 2**62
    assert query(scope, "p50(big) as p", by="g").table["p"][0].as_py() == pytest.approx(2.0**62, rel=0.01)
    assert query(scope, "rows() as n", where="true", by="g").table["n"].to_pylist() == [2, 1]
