"""Calculations as text: names, functions and arguments."""

from __future__ import annotations

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
from obskit.query.calculations import parse_calculation, parse_calculations
from tests.query.scopes import small


@pytest.mark.parametrize(
    ("text", "name", "function", "q"),
    [
        ("count()", "count()", "count", None),
        ("count(*) as n", "n", "count", None),
        ('p99(duration_ms) as "the slow"', "the slow", "percentile", 0.99),
        ("p999(duration_ms)", "p999(duration_ms)", "percentile", 0.999),
        ("median(duration_ms) AS middle", "middle", "percentile", 0.5),
        ("count_distinct(user.id)", "count_distinct(user.id)", "count_distinct", None),
    ],
)
def test_a_calculation_has_a_name_and_a_function(
    text: str, name: str, function: str, q: float | None
) -> None:
    found = parse_calculation(text, small())
    assert (found.name, found.function, found.q) == (name, function, q)


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        (
            5,
            InvalidArgument,
            "a calculation must be text, got int\n"
            "Hint: write it as in 'count()' or 'p99(duration_ms) as p99'",
        ),
        (
            "share()",
            ConditionError,
            "share needs a condition\nHint: for example: share(error), the error rate",
        ),
        ("rate(error)", ConditionError, "rate takes no argument, got 'error'\nHint: write rate()"),
        ("sum()", ConditionError, "sum needs a field\nHint: for example: sum(duration_ms)"),
        (
            "sum(http.route)",
            ConditionError,
            "sum needs numbers, but http.route is string\nHint: for example: sum(duration_ms)",
        ),
        (
            "p100(duration_ms)",
            UnknownFunction,
            "p100 would be the 10.0th percentile\n"
            "Hint: use max(...) for the greatest value, p10(...) for the 10th percentile",
        ),
    ],
)
def test_an_invalid_calculation_is_rejected_with_a_hint(
    text: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error) as caught:
        parse_calculation(text, small())
    assert str(caught.value) == message


def test_two_columns_cannot_have_the_same_name() -> None:
    with pytest.raises(InvalidArgument) as caught:
        parse_calculations(("count() as n", "rows() as N"), small())
    assert str(caught.value) == (
        "two columns would be called 'N'\nHint: name one of them with `as`: p99(duration_ms) as slow"
    )


def test_only_counts_are_zero_without_rows_and_durations_have_a_unit() -> None:
    scope = small()
    assert [
        parse_calculation(text, scope).is_count for text in ("count()", "rate()", "sum(duration_ms)")
    ] == [
        True,
        True,
        False,
    ]
    assert parse_calculation("max(duration_ms)", scope).unit == b"ms"
    assert parse_calculation("share(error)", scope).unit == b"share"
    assert parse_calculation("count_distinct(duration_ms)", scope).unit is None
