"""Functions in conditions: arguments that do not fit are rejected with an example."""

from __future__ import annotations

import pytest

from obskit.engine import parse_condition
from obskit.errors import ConditionError
from tests.engine.rows import ROWS


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "round(duration_ms, 1, 2) = 1",
            "round takes 1 to 2 arguments, got 3\nHint: for example: round(duration_ms, 1)",
        ),
        ("lower() = 'x'", "lower takes 1 argument, got 0\nHint: for example: lower(name) = 'get /book'"),
        (
            "coalesce() = 'x'",
            "coalesce takes at least 1 argument, got 0\n"
            "Hint: for example: coalesce(error.type, 'none') = 'none'",
        ),
        (
            "lower(duration_ms) = 'x'",
            "lower needs text, but duration_ms is a number\nHint: for example: lower(name) = 'get /book'",
        ),
        (
            "round(duration_ms, 1.5) = 1",
            "round needs a whole number of digits from -15 to 15, got 1.5\n"
            "Hint: for example: round(duration_ms, 1)",
        ),
        (
            "date_trunc('decade', timestamp) is null",
            "date_trunc has no unit 'decade'\nHint: use one of second, minute, hour, day, week, month, year",
        ),
        (
            "regexp_matches(name, name)",
            "regexp_matches needs a literal value, got name\n"
            "Hint: for example: regexp_matches(http.route, '^/v[0-9]+/')",
        ),
        (
            "regexp_matches(name, 5)",
            "the pattern of regexp_matches must be text in single quotes, got 5\n"
            "Hint: for example: regexp_matches(http.route, '^/v[0-9]+/')",
        ),
    ],
)
def test_an_invalid_argument_is_rejected_with_an_example(text: str, message: str) -> None:
    with pytest.raises(ConditionError) as caught:
        parse_condition(text, ROWS.schema)
    assert str(caught.value) == message
