"""Every function gives the same value in a condition, in a derived field and in a field derived from that."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import ibis
import pyarrow as pa
import pytest
from ibis import _

from obskit.dataset import from_arrow
from obskit.engine import Scope, filter_table, parse_condition, parse_expression
from obskit.engine.functions import FUNCTIONS
from obskit.errors import ConditionError

INNER = '{"user": {"id": 7}, "a.b": "dot", "k-1": null, "items": [{"sku": "x"}]}'
TABLE = pa.table(
    {
        "row": pa.array([0, 1, 2], pa.int64()),
        "timestamp": pa.array(
            [datetime(2026, 5, 4, 10, 7, 9, tzinfo=UTC), None, None], pa.timestamp("us", "UTC")
        ),
        "duration_ms": pa.array([2.25, -1.0, None]),
        "name": pa.array([" GET /Book/12/34 ", "", None]),
        "body": pa.array([INNER, "{not json", None]),
        "tags": pa.array([["a", "b"], [], None], pa.list_(pa.string())),
    }
)
# expression -> its value in each of the three rows
VALUES: dict[str, list[Any]] = {
    "lower(name)": [" get /book/12/34 ", "", None],
    "upper(name)": [" GET /BOOK/12/34 ", "", None],
    "trim(name)": ["GET /Book/12/34", "", None],
    "length(name)": [17, 0, None],
    "length(tags)": [2, 0, None],
    "starts_with(name, ' GET')": [True, False, None],
    "ends_with(name, '34 ')": [True, False, None],
    "contains(name, 'Book')": [True, False, None],
    "contains(tags, 'b')": [True, False, None],
    "regexp_matches(name, '/[0-9]+')": [True, False, None],
    "regexp_extract(name, '/([0-9]+)/', 1)": ["12", None, None],
    "regexp_extract(name, '[0-9]+')": ["12", None, None],
    "regexp_extract(name, '[0-9]*$')": ["", "", None],
    "regexp_replace(name, '[0-9]+', 'N')": [" GET /Book/N/N ", "", None],
    "regexp_replace(name, '(1)(2)', '\\2\\1', 'g')": [" GET /Book/21/34 ", "", None],
    "split_part(name, '/', 2)": ["Book", None, None],
    "split_part(name, '/', -1)": ["34 ", "", None],
    "split_part(name, '/', 9)": [None, None, None],
    "json_extract_string(body, '$.user.id')": ["7", None, None],
    "json_extract_string(body, 'user')": ['{"id":7}', None, None],
    "json_extract_string(body, '$.\"a.b\"')": ["dot", None, None],
    "json_extract_string(body, 'k-1')": [None, None, None],
    "json_extract_string(body, '$.items[0].sku')": ["x", None, None],
    "abs(duration_ms)": [2.25, 1.0, None],
    "round(duration_ms, 1)": [2.3, -1.0, None],
    "floor(duration_ms)": [2, -1, None],
    "ceil(duration_ms)": [3, -1, None],
    "ln(duration_ms) > 0.8": [True, None, None],
    "sqrt(duration_ms)": [1.5, None, None],
    "isnan(duration_ms)": [False, False, None],
    "isinf(duration_ms)": [False, False, None],
    "hour(timestamp)": [10, None, None],
    "minute(timestamp)": [7, None, None],
    "second(timestamp)": [9, None, None],
    "day(timestamp)": [4, None, None],
    "weekday(timestamp)": [0, None, None],
    "hour(date_trunc('hour', timestamp))": [10, None, None],
    "timestamp = make_timestamptz(2026, 5, 4, 10, 7, 9, 'UTC')": [True, None, None],
    "coalesce(name, 'none')": [" GET /Book/12/34 ", "", "none"],
}


@pytest.fixture(scope="module")
def scope(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scope]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OBSKIT_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield Scope.of(from_arrow(TABLE))


def column(scope: Scope, name: str) -> list[Any]:
    rows = scope.run(lambda table: table.select(*{"row", name})).table.sort_by("row")
    found: list[Any] = rows.column(name).to_pylist()
    return found


def literal(value: Any) -> str:
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value).lower()


def test_every_function_is_here() -> None:
    assert [name for name in FUNCTIONS if not any(f"{name}(" in text for text in VALUES)] == []


@pytest.mark.parametrize(("text", "values"), VALUES.items(), ids=VALUES)
def test_a_function_in_a_condition(text: str, values: list[Any], scope: Scope) -> None:
    value = values[0]
    condition = parse_condition(
        f"{text} is null" if value is None else f"({text}) = {literal(value)}", TABLE.schema
    )
    chosen = filter_table(TABLE, condition)["row"].to_pylist()
    expected = [at for at, other in enumerate(values) if (other is None if value is None else other == value)]
    assert chosen == expected
    assert column(scope.narrow(condition), "row") == expected
    assert parse_condition(condition.text, TABLE.schema) == condition


@pytest.mark.parametrize(("text", "values"), VALUES.items(), ids=VALUES)
def test_a_function_in_a_derived_field(text: str, values: list[Any], scope: Scope) -> None:
    derived = scope.derive("made", text)
    got = column(derived, "made")
    assert got == values
    assert [None if value is None else type(value) for value in got] == [
        v if v is None else type(v) for v in values
    ]
    assert parse_expression(parse_expression(text, TABLE.schema).text, TABLE.schema).text
    again = derived.derive("again", "made").narrow("again is not null")
    assert column(again, "again") == [value for value in values if value is not None]


def test_a_derived_field_in_a_condition_is_the_function_in_it(scope: Scope) -> None:
    found = scope.derive("user", "json_extract_string(body, '$.user.id')").narrow(
        "user = '7' and not user = '8'"
    )
    assert column(found, "row") == [0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "regexp_extract(name, '(') = 'x'",
            "regexp_extract cannot use the pattern '(': missing )\n"
            "Hint: for example: regexp_extract(body, 'order ([0-9]+)', 1) = '4711'",
        ),
        (
            "regexp_extract(name, 'x', 1) = 'x'",
            "the pattern of regexp_extract has no group 1: 'x'\n"
            "Hint: put the part to extract in parentheses: 'order ([0-9]+)'",
        ),
        (
            "regexp_extract(name, '(x)', 10) = 'x'",
            "the group of regexp_extract must be a whole number from 0 (the whole match) to 9, got 10\n"
            "Hint: for example: regexp_extract(body, 'order ([0-9]+)', 1) = '4711'",
        ),
        (
            "regexp_replace(name, '(x)', '\\2') = 'x'",
            "the pattern of regexp_replace has no group 2: '(x)'\n"
            "Hint: put the part to extract in parentheses: 'order ([0-9]+)'",
        ),
        (
            "regexp_replace(name, 'x', 'y', 'i') = 'x'",
            "regexp_replace replaces every match: its third argument must be text, and a fourth one must be 'g', "
            "got 'y' and 'i'\n"
            "Hint: for example: regexp_replace(url.path, '[0-9]+', 'N') = '/orders/N'",
        ),
        (
            "split_part(name, '-', 0) = 'x'",
            "split_part needs a separator and the number of a part, 1 for the first or -1 for the last, "
            "got '-' and 0\nHint: for example: split_part(host.name, '-', 1) = 'pay'",
        ),
        (
            "split_part(name, '', 1) = 'x'",
            "split_part needs a separator and the number of a part, 1 for the first or -1 for the last, "
            "got '' and 1\nHint: for example: split_part(host.name, '-', 1) = 'pay'",
        ),
        (
            "json_extract_string(body, '$.*') = 'x'",
            "json_extract_string needs the path of one value, got '$.*'\n"
            "Hint: write a key, or a path such as '$.user.id', '$.items[0].sku' or '$.\"a.b\"'",
        ),
        (
            "json_extract_string(body, 'a.b') = 'x'",
            "json_extract_string needs the path of one value, got 'a.b'\n"
            "Hint: write a key, or a path such as '$.user.id', '$.items[0].sku' or '$.\"a.b\"'",
        ),
        (
            "json_extract_string(duration_ms, 'a') = 'x'",
            "json_extract_string needs text, but duration_ms is a number\n"
            "Hint: for example: json_extract_string(body, '$.user.id') = '7'",
        ),
    ],
)
def test_an_argument_that_does_not_fit(text: str, message: str) -> None:
    with pytest.raises(ConditionError) as caught:
        parse_condition(text, TABLE.schema)
    assert str(caught.value) == message


def test_ibis_expressions_are_read_as_these_functions() -> None:
    assert (
        parse_expression(_.name.re_replace("a", "b"), TABLE.schema).text
        == "regexp_replace(name, 'a', 'b', 'g')"
    )
    assert (
        parse_expression(_.name.re_extract("a(b)", 1), TABLE.schema).text == "regexp_extract(name, 'a(b)', 1)"
    )


def test_a_json_value_is_compared_as_written() -> None:
    """`->>` binds weaker than `=` in DuckDB; the statement has to have the parentheses."""
    events = ibis.table(ibis.Schema.from_pyarrow(TABLE.schema), name="events")
    condition = parse_condition("json_extract_string(body, 'user') = 'x' or name = 'y'", TABLE.schema)
    sql = str(ibis.to_sql(events.select(value=condition.to_ibis(events)), dialect="duckdb"))
    assert "->> '$.user' ) = 'x'" in " ".join(sql.split())
