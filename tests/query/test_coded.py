"""Counting from codes: what it can count, and that it agrees with the statements."""

from __future__ import annotations

import pytest

from obskit.query import query
from obskit.query.calculations import parse_calculations
from obskit.query.coded import can_count_codes, count_codes
from tests.query.scopes import large, small


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
    monkeypatch.setattr("obskit.query.groups.can_count_codes", lambda *_: False)
    stated = query(scope, *asked, by=by, where=where)
    assert coded.sql == ""
    assert "GROUP BY" in stated.sql
    assert coded.table.equals(stated.table)
    assert coded.notes == stated.notes


@pytest.mark.parametrize(
    ("names", "calculations", "possible"),
    [
        (["http.route"], ("count()", "rows()", "p99(duration_ms)"), True),
        (["http.route", "error"], ("count()",), True),
        ([], ("count()",), False),
        (["http.route"], ("count(error)",), False),
        (["http.route"], ("sum(duration_ms)",), False),
        (["http.route"], ("p99(duration_ms / 1000)",), False),
        (["duration_ms"], ("count()",), False),
        (["slow"], ("count()",), False),
    ],
)
def test_only_plain_counts_and_percentiles_of_coded_fields_can_be_counted(
    names: list[str], calculations: tuple[str, ...], possible: bool
) -> None:
    scope = small().derive("slow", "duration_ms > 250")
    assert can_count_codes(scope, names, parse_calculations(calculations, scope)) is possible


def test_a_histogram_that_is_too_large_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    scope = small()
    calculations = parse_calculations(("count()",), scope)
    assert can_count_codes(scope, ["http.route", "error"], calculations)
    monkeypatch.setattr("obskit.query.coded.MOST_CELLS", 5)
    assert not can_count_codes(scope, ["http.route", "error"], calculations)


def test_counts_are_weighted_and_rows_are_not() -> None:
    scope = small()
    groups = count_codes(scope, ["http.route"], parse_calculations(("count() as n", "rows() as rows"), scope))
    found = {
        route: (n, rows)
        for route, n, rows in zip(
            groups.keys["http.route"].to_pylist(),
            groups.values["n"].to_pylist(),
            groups.values["rows"].to_pylist(),
            strict=True,
        )
    }
    assert found == {"/a": (20, 2), "/b": (4, 3), None: (1, 1)}
    assert (groups.rows, groups.unweighted, groups.sql) == (6, 1, ())
