"""Conditions: what they are for each row, what is rejected, and with which text."""

from __future__ import annotations

import contextlib

import ibis
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ibis import _

from obskit.engine import all_of, filter_table, negate, parse_condition, parse_expression
from obskit.errors import ConditionError, LimitExceeded, ObskitError, UnknownField, UnknownFunction
from tests.engine.rows import NEWEST, ROWS, T, rows_of
from tests.support.examples import examples


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("duration_ms > 500", [False, True, None]),
        ("not duration_ms > 500", [True, False, None]),
        ("HTTP.Route = '/book'", [True, False, None]),
        ("http.route in ('/book', '/x')", [True, False, None]),
        ("http.route not in ('/book', '/x')", [False, True, None]),
        ("http.route is null", [False, False, True]),
        ("http.route is not null and not error", [True, False, False]),
        ("http.status_code = 500", [False, True, None]),
        ("http.response.status_code = '500'", [False, True, None]),
        ("http.request.header.x-request-id = 1", [True, False, None]),
        ("k8s.label.app.kubernetes.io/name = 'a'", [True, False, None]),
        ("select.id = 1 and http.2xx=1", [True, False, None]),
        ("length(name) > 4 and length < 2", [True, False, None]),
        ('"weird "" name; drop" = \'x\'', [True, False, None]),
        ("name = 'it''s'", [False, True, None]),
        ("tags = 'a'", [True, False, None]),
        ("tags != 'a'", [False, True, None]),
        ("tags in ('a', 'c')", [True, False, None]),
        ("contains(tags, 'a') or contains(name, 'it')", [True, True, None]),
        ("error", [False, True, None]),
        ("error is true", [False, True, False]),
        ("error is not true", [True, False, True]),
        ("error = 'true' or error = 1", [False, True, None]),
        ("duration_ms between 100 and 200", [True, False, None]),
        ("duration_ms not between 100 and 200", [False, True, None]),
        ("name like 'GET%' and name ilike 'get%'", [True, False, None]),
        ("regexp_matches(name, '^GET /b')", [True, False, None]),
        ("timestamp > '-10m'", [False, True, None]),
        ("timestamp >= '2026-05-04T11:50Z'", [False, True, None]),
        ("timestamp < '2026-05-04 13:50+02:00'", [True, False, None]),
        ("timestamp = date_trunc('minute', timestamp)", [True, True, None]),
        ("hour(timestamp) = 11 and minute(timestamp) = 45", [True, False, None]),
        ("weekday(timestamp) = 0", [True, True, None]),
        ("coalesce(error, false)", [False, True, False]),
        ("coalesce(name, 'none') = 'none'", [False, False, True]),
        ("duration_ms / 1000 + 1 > 1.5", [False, True, None]),
        ("duration_ms / http.2xx > 1", [True, None, None]),
        ("- duration_ms < -500", [False, True, None]),
        ("select.id % 2 = 0", [False, True, None]),
        ("round(duration_ms / 7, 1) = 14.3", [True, False, None]),
        ("lower(name) = 'get /book' or upper(name) = 'IT''S'", [True, True, None]),
        ("starts_with(name, 'GET') or ends_with(name, 's')", [True, True, None]),
        ("true", [True, True, True]),
        ("error or error is null", [False, True, True]),
        ("spans is null", [False, False, True]),
    ],
)
def test_the_value_of_a_condition_for_each_row(text: str, expected: list[bool | None]) -> None:
    assert rows_of(text) == expected


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        (
            'http.route = "/book"',
            UnknownField,
            "no field is called '/book'\n"
            "Hint: double quotes are for field names; put a value in single quotes: '/book'",
        ),
        (
            "http.rout = 1",
            UnknownField,
            "no field is called 'http.rout'\nHint: the nearest fields are http.route, http.2xx; "
            "if it is a value, put it in single quotes: 'http.rout'",
        ),
        (
            "duration_ms = 'x'",
            ConditionError,
            "duration_ms = 'x' compares a number with 'x'\nHint: write a number, without quotes",
        ),
        (
            "name < 5",
            ConditionError,
            "name < 5 compares text with a number\nHint: put the value in single quotes to compare it as text",
        ),
        (
            "name = null",
            ConditionError,
            "name = null is never true: null equals nothing\nHint: write `is null` or `is not null`",
        ),
        (
            "count() > 3",
            UnknownFunction,
            "count() is calculated over many rows, but a condition is about one row\n"
            "Hint: use events.query('count(...)'), with `having` for a condition on its result",
        ),
        (
            "duration_ms > 5; drop table events",
            ConditionError,
            "';' at character 16 is not allowed in a condition\nHint: write one expression, without `;`",
        ),
        (
            "(select 1) = 1",
            ConditionError,
            "`select` at character 2: a condition cannot contain a statement or a subquery\nHint: write what must be "
            'true of a row, such as duration_ms > 500; put a field of that name in double quotes: "select"',
        ),
        (
            "name = 'open",
            ConditionError,
            "the quote at character 8 is never closed\nHint: close it; write a quote inside a value twice: 'it''s'",
        ),
        (
            "timestamp > 'yesterday'",
            ConditionError,
            "'yesterday' is not a time\n"
            "Hint: write ISO 8601, such as '2026-05-04T10:00Z' or '2026-05-04 10:00 Europe/Berlin'; times without a zone are UTC",
        ),
    ],
)
def test_errors_say_what_is_wrong_and_what_to_do(text: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        parse_condition(text, ROWS.schema, newest=NEWEST)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "text",
    [
        "read_csv('/etc/passwd') = 1",
        "error -- comment",
        "error /* x */",
        "name in (select name from events)",
        "exists(select 1)",
        "duration_ms::int = 3",
        "cast(duration_ms as int) = 3",
        "name in (name)",
        "name in ()",
        "tags > 'a'",
        "spans = 'x'",
        "duration_ms > 1e999",
        "duration_ms",
        "",
        "(",
        "error error",
        "name = 'a' 'b'",
        "timestamp = 5",
        "error and name",
        "regexp_matches(name, name)",
        "regexp_matches(name, '" + "a" * 1001 + "')",
        "name + 1 > 2",
        "name = duration_ms",
        "length() > 1",
        "not " * 10_000 + "error",
        "(" * 10_000 + "error" + ")" * 10_000,
        "-" * 1 + " -" * 10_000 + "duration_ms > 1",
        "lower(" * 10_000 + "name" + ")" * 10_000 + " = 'x'",
        "\ud800 = 1",
    ],
)
def test_invalid_conditions_are_rejected_with_a_hint(text: str) -> None:
    with pytest.raises(ObskitError) as caught:
        parse_condition(text, ROWS.schema, newest=NEWEST)
    assert isinstance(caught.value, (ConditionError, UnknownField, UnknownFunction))
    assert caught.value.hint


def test_long_chains_can_be_parsed() -> None:
    text = " or ".join(f"http.route = '/r{i}'" for i in range(1_500))
    assert rows_of(text + " or http.route = '/book'") == [True, False, None]
    assert rows_of(f"select.id in ({', '.join(map(str, range(2, 3_000)))})") == [False, True, None]


def test_a_condition_that_is_too_long_is_rejected() -> None:
    with pytest.raises(LimitExceeded, match="the limit is 1,000,000"):
        parse_condition("error or " * 200_000 + "error", ROWS.schema)


def test_old_names_resolve_with_a_note() -> None:
    condition = parse_condition("http.status_code >= 500", ROWS.schema)
    assert condition.fields == {"http.response.status_code"}
    assert condition.notes == ("http.status_code is now called http.response.status_code",)
    assert condition.text == "http.response.status_code >= 500"


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (_["http.route"] == "/book", "http.route = '/book'"),
        ((_.duration_ms > 500) & _.error, "(duration_ms > 500) and error"),
        (_["http.route"].isin(["a", "b"]), "http.route in ('a', 'b')"),
        (_.duration_ms.between(1, 2), "duration_ms between 1 and 2"),
        (_.error.isnull(), "error is null"),
        (_.timestamp >= T, "timestamp >= make_timestamptz(2026, 5, 4, 11, 45, 0.0, 'UTC')"),
    ],
)
def test_ibis_expressions_become_text(expression: object, text: str) -> None:
    condition = parse_condition(expression, ROWS.schema)  # type: ignore[arg-type]
    assert condition.text == text
    assert parse_condition(condition.text, ROWS.schema) == condition


def test_ibis_expression_with_an_unknown_field() -> None:
    with pytest.raises(UnknownField, match="no field is called 'durations_ms'") as caught:
        parse_condition(_.durations_ms > 1, ROWS.schema)
    assert "duration_ms" in str(caught.value)


def test_conditions_are_joined_and_negated() -> None:
    slow = parse_condition("duration_ms > 500 or error", ROWS.schema)
    book = parse_condition("name = 'it''s' and length(name) = 4", ROWS.schema)
    both = all_of([slow, None, book, slow])
    assert both is not None
    assert both.text == "(duration_ms > 500 or error) and name = 'it''s' and length(name) = 4"
    assert parse_condition(both.text, ROWS.schema).to_ibis(_events()).equals(both.to_ibis(_events()))
    assert rows_of(both.text) == [False, True, None]
    assert rows_of(negate(slow).text) == [True, False, None]
    assert all_of([None]) is None


def _events() -> ibis.Table:
    return ibis.table(ibis.Schema.from_pyarrow(ROWS.schema), name="events")


def test_expressions_have_values() -> None:
    assert parse_expression("duration_ms / 1000", ROWS.schema).to_ibis(_events()).type().is_floating()
    with pytest.raises(ConditionError, match="needs numbers, got text"):
        parse_expression("name / 1000", ROWS.schema)


words = st.lists(
    st.one_of(
        st.sampled_from(
            "and or not in between like is null true ( ) , = != < >= + - * / % 'x' '/book' 5 1.5 error name "
            'duration_ms tags http.route timestamp lower( length( coalesce( contains( "name" "x" escape '
            "select case when interval cast( ; -- /* :: [ ] { } . .. $1 ? @ # ~ || date_trunc( round(".split()
        ),
        st.text(max_size=5),
    ),
    max_size=14,
)


@settings(max_examples=examples(400), deadline=None)
@given(parts=words)
def test_any_sequence_of_words_raises_only_our_errors(parts: list[str]) -> None:
    text = " ".join(parts)
    with contextlib.suppress(ObskitError):
        condition = parse_condition(text, ROWS.schema, newest=NEWEST)
        assert parse_condition(condition.text, ROWS.schema, newest=NEWEST) == condition


@settings(max_examples=examples(200), deadline=None)
@given(text=st.text(max_size=60))
def test_any_text_raises_only_our_errors(text: str) -> None:
    with pytest.raises(ObskitError):
        parse_condition(text + " ;", ROWS.schema)
    with contextlib.suppress(ObskitError):
        parse_condition(text, ROWS.schema)


def test_an_invalid_pattern_is_our_error_when_it_runs() -> None:
    with pytest.raises(ConditionError, match="DuckDB cannot run this"):
        filter_table(ROWS, parse_condition("regexp_matches(name, '(')", ROWS.schema))


def test_a_name_of_flat_rows_finds_the_field_that_loading_makes_of_it() -> None:
    schema = pa.schema(
        [("severity_text", pa.string()), ("duration_ms", pa.float64()), ("host.name", pa.string())]
    )
    found = parse_condition("Level = 'ERROR' and host = 'a'", schema)
    assert found.text == "severity_text = 'ERROR' and host.name = 'a'"
    assert found.notes == ("Level is now called severity_text", "host is now called host.name")
    with pytest.raises(UnknownField):
        parse_condition("elapsed_s > 2", schema)  # duration_ms has another unit
    own = schema.append(pa.field("level", pa.int64()))
    assert parse_condition("level = 3", own).text == "level = 3"
