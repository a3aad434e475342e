"""query: weights, groups, time, percentiles; both ways of counting give one answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from obskit.dataset import from_arrow
from obskit.engine import Scope
from obskit.errors import ConditionError, InvalidArgument, LimitExceeded, UnknownField, UnknownFunction
from obskit.query import query
from obskit.query import query as query_verb
from obskit.query.groups import split_order

T = datetime(2026, 5, 4, 10, tzinfo=UTC)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OBSKIT_CACHE", str(tmp_path / "cache"))


def small() -> Scope:
    """Six rows by hand: route /a kept at 1/10, /b whole, one without a route, one without a weight."""
    return Scope.of(
        from_arrow(
            pa.table(
                {
                    "timestamp": pa.array(
                        [T + timedelta(seconds=s) for s in (0, 10, 70, 200, 201, 240)],
                        pa.timestamp("us", "UTC"),
                    ),
                    "duration_ms": pa.array([100.0, 200.0, 300.0, 1000.0, None, 50.0]),
                    "http.route": pa.array(["/a", "/a", "/b", "/b", "/b", None]),
                    "error": pa.array([False, True, True, False, False, False]),
                    "sample_weight": pa.array([10.0, 10.0, 1.0, 1.0, None, 1.0]),
                    "event_count": pa.array([None, None, 2, None, None, None], pa.int64()),
                    "user.id": pa.array(["u1", "u2", "u2", "u3", None, "u1"]),
                }
            )
        )
    )


def large(rows: int = 20_000) -> Scope:
    rng = np.random.default_rng(7)
    return Scope.of(
        from_arrow(
            pa.table(
                {
                    "timestamp": pa.array(
                        np.sort(rng.integers(0, 3600_000_000, rows)) + 1_777_900_000_000_000,
                        pa.timestamp("us", "UTC"),
                    ),
                    "duration_ms": pa.array(rng.lognormal(3, 1, rows), mask=rng.random(rows) < 0.05),
                    "http.route": pa.array(
                        np.array(["/a", "/b", "/c", None], object)[rng.integers(0, 4, rows)]
                    ),
                    "service.version": pa.array(np.array(["1", "2"])[rng.integers(0, 2, rows)]),
                    "error": pa.array(rng.random(rows) < 0.1),
                    "sample_weight": pa.array(np.where(rng.random(rows) < 0.5, 1.0, 10.0)),
                    "http.response.status_code": pa.array(rng.integers(200, 505, rows)),
                }
            )
        )
    )


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
    assert "min(duration_ms), max(duration_ms), users: of the rows seen, without weights" in result.notes
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
    assert "percentiles are exact and without weights" in exact.notes
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


@pytest.mark.parametrize(
    "where", [None, "error", "duration_ms > 10 and http.route is not null", "duration_ms < 0"]
)
@pytest.mark.parametrize("by", [["http.route"], ["http.route", "service.version"], ["error"]])
def test_codes_and_statements_agree(
    where: str | None, by: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    scope = large()
    asked = ("count() as n", "rows()", "p50(duration_ms)", "p99(duration_ms)", "p95(http.status_code)")
    coded = query(scope, *asked, by=by, where=where)
    monkeypatch.setattr("obskit.query.groups.count_codes", lambda *_: None)
    stated = query(scope, *asked, by=by, where=where)
    assert coded.sql == ""
    assert "GROUP BY" in stated.sql
    assert coded.table.equals(stated.table)
    assert coded.notes == stated.notes


def test_time_series_fill_what_is_empty() -> None:
    result = query(small(), "count() as n", "p50(duration_ms) as p", every="1m")
    rows = result.to_arrow().to_pylist()
    assert [row["timestamp"] for row in rows] == [T + timedelta(minutes=m) for m in range(5)]
    assert [row["n"] for row in rows] == [20, 2, 0, 2, 1]
    assert rows[2]["p"] is None
    assert rows[3]["p"] == pytest.approx(1000, rel=0.01)


def test_the_rest_of_the_groups_is_other() -> None:
    result = query(small(), "count() as n", by=["http.route"], every="4m", limit=1)
    rows = result.to_arrow().to_pylist()
    assert [(row["http.route"], row["n"]) for row in rows] == [
        ("/a", 20),
        ("/a", 0),
        ("other", 4),
        ("other", 1),
    ]
    assert "2 further groups are together as 'other'" in result.notes


def test_having_order_limit() -> None:
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


def test_having_over_time_judges_groups_over_the_whole_range() -> None:
    result = query(small(), "count() as n", by="http.route", every="1m", having="n > 3")
    assert set(result.to_arrow().column("http.route").to_pylist()) == {"/a", "/b"}


def test_the_result_says_how_to_get_it_again() -> None:
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
        (("p100(duration_ms)",), {}, UnknownFunction, "p100 reads as 10.0%"),
        (("avrg(duration_ms)",), {}, UnknownFunction, "there is no calculation 'avrg'"),
        (("count() + 1",), {}, ConditionError, "'count\\(\\) \\+ 1' is no calculation"),
        (("count",), {}, ConditionError, "'count' is no calculation"),
        (("sum(http.route)",), {}, ConditionError, "sum needs numbers, and http.route is string"),
        (("sum(duration)",), {}, UnknownField, "no field is called 'duration'"),
        (("share()",), {}, ConditionError, "share needs a condition"),
        (("rate(error)",), {}, ConditionError, "rate takes no argument"),
        (("count()", "count()"), {}, InvalidArgument, "two columns would be called 'count\\(\\)'"),
        (("count()",), {"by": "http.rout"}, UnknownField, "no field is called 'http.rout'"),
        (("count()",), {"by": ["error", "error"]}, InvalidArgument, "a field twice"),
        (("count()",), {"by": "error", "order": "nope"}, ConditionError, "cannot order by 'nope'"),
        (("count()",), {"by": "error", "limit": 0}, InvalidArgument, "limit=0"),
        (("count()",), {"every": "fortnight"}, ConditionError, "'fortnight' is not a length of time"),
        (("count()",), {"every": "1us"}, LimitExceeded, "stretches of time"),
        (("count()",), {"by": "error", "having": "nope > 1"}, UnknownField, "no field is called 'nope'"),
        (("count() as error",), {"by": "error"}, InvalidArgument, "is in `by` already"),
        (("count() as timestamp",), {"every": "1m"}, InvalidArgument, "holds the times"),
    ],
)
def test_what_cannot_be_asked(
    calls: tuple[str, ...], more: dict[str, object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        query_verb(small(), *calls, **more)  # type: ignore[arg-type]


def test_no_rows_is_an_answer() -> None:
    scope = small()
    (row,) = query(scope, "count()", "p99(duration_ms)", where="duration_ms > 1e9").to_arrow().to_pylist()
    assert row == {"count()": 0, "p99(duration_ms)": None}
    assert len(query(scope, "count()", every="1m", where="duration_ms > 1e9")) == 0
    assert len(query(scope, "count()", by="http.route", where="duration_ms > 1e9")) == 0


def test_derived_fields_are_fields() -> None:
    scope = small().derive("slow", "duration_ms > 250")
    rows = query(scope, "rows()", by="slow").to_arrow().to_pylist()
    assert {row["slow"]: row["rows()"] for row in rows} == {False: 3, True: 2, None: 1}


def test_strange_names_are_grouped_and_measured() -> None:
    name = 'weird " name; drop'
    scope = Scope.of(
        from_arrow(pa.table({name: pa.array(["x", "x", None]), "a-b": pa.array([1.0, 2.0, 3.0])}))
    )
    rows = query(scope, "rows() as n", 'sum("a-b")', by=name).to_arrow().to_pylist()
    assert rows == [{name: "x", "n": 2, 'sum("a-b")': 3.0}, {name: None, "n": 1, 'sum("a-b")': 3.0}]


def test_special_numbers_have_their_place() -> None:
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
