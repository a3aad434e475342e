"""Conditions: what reads, what is refused and how it is said, and that what we write reads back."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta

import duckdb
import ibis
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ibis import _

from obskit.engine import all_of, filter_table, format_condition, negate, parse_condition, parse_expression
from obskit.errors import ConditionError, LimitExceeded, ObskitError, UnknownField, UnknownFunction

NEWEST = datetime(2026, 5, 4, 12, tzinfo=UTC)
T = datetime(2026, 5, 4, 11, 45, tzinfo=UTC)
ROWS = pa.table(
    {
        "timestamp": pa.array([T, T + timedelta(minutes=10), None], pa.timestamp("us", "UTC")),
        "duration_ms": pa.array([100.0, 600.0, None]),
        "name": pa.array(["GET /book", "it's", None]),
        "error": pa.array([False, True, None]),
        "http.route": pa.array(["/book", "/pay", None]),
        "http.response.status_code": pa.array([200, 500, None], pa.int64()),
        "k8s.label.app.kubernetes.io/name": pa.array(["a", "b", None]),
        "http.request.header.x-request-id": pa.array(["1", "2", None]),
        "select.id": pa.array([1, 2, None], pa.int64()),
        "http.2xx": pa.array([1, 0, None], pa.int64()),
        "tags": pa.array([["a", "b"], ["b"], None], pa.list_(pa.string())),
        "spans": pa.array([[{"x": "1"}], [], None], pa.list_(pa.struct([("x", pa.string())]))),
        "length": pa.array([1, 2, None], pa.int64()),
        'weird " name; drop': pa.array(["x", "y", None]),
    }
)


def rows_of(text: str, table: pa.Table = ROWS) -> list[bool | None]:
    """Return what a condition is of each row, by DuckDB."""
    condition = parse_condition(text, table.schema, newest=NEWEST)
    again = parse_condition(condition.text, table.schema, newest=NEWEST)
    assert again == condition
    events = ibis.table(ibis.Schema.from_pyarrow(table.schema), name="events")
    sql = ibis.to_sql(events.select(value=condition.to_ibis(events)), dialect="duckdb")
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.register("events", table)
        return connection.sql(sql).to_arrow_table().column(0).to_pylist()


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
def test_what_a_condition_is_of_each_row(text: str, expected: list[bool | None]) -> None:
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
            "';' at character 16 has no meaning in a condition\nHint: write one expression, without `;`",
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
            "Hint: write ISO 8601, such as '2026-05-04T10:00Z'; times without a zone are UTC",
        ),
    ],
)
def test_errors_say_what_and_what_to_do(text: str, error: type[Exception], message: str) -> None:
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
def test_refused(text: str) -> None:
    with pytest.raises(ObskitError) as caught:
        parse_condition(text, ROWS.schema, newest=NEWEST)
    assert isinstance(caught.value, (ConditionError, UnknownField, UnknownFunction))
    assert caught.value.hint


def test_long_chains_are_no_problem() -> None:
    text = " or ".join(f"http.route = '/r{i}'" for i in range(1_500))
    assert rows_of(text + " or http.route = '/book'") == [True, False, None]
    assert rows_of(f"select.id in ({', '.join(map(str, range(2, 3_000)))})") == [False, True, None]


def test_too_long_is_said() -> None:
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


def test_joined_and_negated() -> None:
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


names = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        ['"; drop table events', "select", "a b", "it's", "--", "/*", "", "http.2xx", "5", "1e5", "in"]
    ),
).filter(lambda s: s.encode("utf-8", "ignore").decode() == s)
texts = st.one_of(
    st.text(max_size=30), st.sampled_from(["'", "''", "\n", "\\", "\x00", "", "'; drop table x --"])
)


@settings(max_examples=150, deadline=None)
@given(name=names, value=texts.filter(lambda s: s.encode("utf-8", "ignore").decode() == s))
def test_every_name_and_text_reads_back(name: str, value: str) -> None:
    table = pa.table({name: pa.array([value, value + "x", None], pa.string())})
    text = format_condition([{"field": name, "op": "=", "value": value}])
    condition = parse_condition(text, table.schema)
    assert condition.fields == {name}
    assert condition.text == text
    events = ibis.table(ibis.Schema.from_pyarrow(table.schema), name="events")
    assert condition.to_ibis(events).equals(events[name] == value)
    listed = format_condition([{"field": name, "op": "in", "values": [value, "b"]}])
    assert parse_condition(listed, table.schema).text == listed


@settings(max_examples=60, deadline=None)
@given(value=texts.filter(lambda s: s.encode("utf-8", "ignore").decode() == s))
def test_text_values_survive_the_engine(value: str) -> None:
    table = pa.table({"f": pa.array([value, value + "x", None], pa.string())})
    assert rows_of(format_condition([{"field": "f", "op": "=", "value": value}]), table) == [
        True,
        False,
        None,
    ]


@settings(max_examples=60, deadline=None)
@given(
    low=st.floats(allow_nan=False),
    whole=st.integers(-(2**63), 2**63 - 1),
    moment=st.datetimes(datetime(1602, 1, 1), datetime(9998, 1, 1), timezones=st.just(UTC)),
)
def test_numbers_and_times_read_back(low: float, whole: int, moment: datetime) -> None:
    table = pa.table(
        {
            "f": pa.array([low, None], pa.float64()),
            "i": pa.array([whole, None], pa.int64()),
            "t": pa.array([moment, None], pa.timestamp("us", "UTC")),
        }
    )
    items = [
        {"field": "f", "op": "between", "low": low, "high": low},
        {"field": "i", "op": "=", "value": whole},
        {"field": "t", "op": "between", "low": moment, "high": None},
        {"field": "t", "op": "between", "low": None, "high": moment},
    ]
    assert rows_of(format_condition(items), table) == [True, None]


def test_special_numbers_and_missing() -> None:
    table = pa.table({"f": pa.array([float("nan"), float("inf"), 1.0, None])})
    assert rows_of(format_condition([{"field": "f", "op": "=", "value": float("nan")}]), table) == [
        True,
        False,
        False,
        None,
    ]
    assert rows_of(format_condition([{"field": "f", "op": "=", "value": float("inf")}]), table) == [
        False,
        True,
        False,
        None,
    ]
    assert rows_of(format_condition([{"field": "f", "op": "missing"}]), table) == [False, False, False, True]


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


@settings(max_examples=400, deadline=None)
@given(parts=words)
def test_whatever_is_typed_only_our_errors(parts: list[str]) -> None:
    text = " ".join(parts)
    with contextlib.suppress(ObskitError):
        condition = parse_condition(text, ROWS.schema, newest=NEWEST)
        assert parse_condition(condition.text, ROWS.schema, newest=NEWEST) == condition


@settings(max_examples=200, deadline=None)
@given(text=st.text(max_size=60))
def test_arbitrary_text_only_our_errors(text: str) -> None:
    with pytest.raises(ObskitError):
        parse_condition(text + " ;", ROWS.schema)
    with contextlib.suppress(ObskitError):
        parse_condition(text, ROWS.schema)


def test_a_bad_pattern_is_our_error_when_it_runs() -> None:
    with pytest.raises(ConditionError, match="DuckDB cannot run this"):
        filter_table(ROWS, parse_condition("regexp_matches(name, '(')", ROWS.schema))
