"""Calculations as text: names, functions and arguments."""

from __future__ import annotations

import pytest

from obskit.errors import (
    ConditionError,
    InvalidArgument,
    UnknownFunction,
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
