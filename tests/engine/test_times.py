"""Windows of time: how they are written, what they select, and what is a condition instead."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ibis import _

from obskit.dataset import NO_TIME, from_arrow
from obskit.engine import (
    Condition,
    Scope,
    Window,
    filter_table,
    microseconds,
    moment,
    parse_condition,
    parse_time,
    parse_window,
    window_or_condition,
)
from obskit.errors import ConditionError, InvalidArgument, ObskitError, UnknownField
from tests.support.examples import examples

NEWEST = datetime(2026, 5, 4, 12, tzinfo=UTC)
TEN = datetime(2026, 5, 4, 10, tzinfo=UTC)
MINUTE = 60_000_000
SCHEMA = pa.schema([("timestamp", pa.timestamp("us", "UTC"))])


@pytest.fixture
def scope(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scope:
    monkeypatch.setenv("OBSKIT_CACHE", str(tmp_path / "cache"))
    table = pa.table(
        {
            "timestamp": pa.array([TEN, NEWEST], pa.timestamp("us", "UTC")),
            "http.route": ["/book", "/pay"],
            "2xx": [1, 0],
            "error": [False, True],
        }
    )
    return Scope.of(from_arrow(table))


def at(hours: float) -> int:
    return microseconds(TEN) + round(hours * 60 * MINUTE)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("-30m", 1.5, None),
        ("30m", 1.5, None),
        (" 1.5H ", 0.5, None),
        ("2h/30m", 0, 1.5),
        ("-2h/-30m", 0, 1.5),
        ("2026-05-04T10:00Z", 0, None),
        ("2026-05-04T10:00/", 0, None),
        ("/2026-05-04T12:00+02:00", None, 0),
        ("2026-05-04T10:00Z/2026-05-04T10:30Z", 0, 0.5),
        ("2026-05-04T10:00Z/+1h", 0, 3),
        ("2026-05-04 12:00 Europe/Berlin", 0, None),
        ("2026-05-04 12:00 Europe/Berlin/2026-05-04 13:00 Europe/Berlin", 0, 1),
        ("/2026-05-04 07:00 America/Argentina/Buenos_Aires", None, 0),
        ("2026-05-04 12:00 Europe/Berlin/", 0, None),
        ("2026-05-04 12:00 Europe/Berlin/+1h", 0, 3),
        ("2026-05-04T12:00 Europe/Berlin/2026-05-04T11:00Z", 0, 1),
        ("2026-05-04 10:00 UTC/2026-05-04 06:00 Etc/GMT+5", 0, 1),
        (("2026-05-04T10:00Z", None), 0, None),
        (["-2h", TEN + timedelta(hours=1)], 0, 1),
        ((None, TEN), None, 0),
        ((datetime(2026, 5, 4, 10), ""), 0, None),
        (datetime(2026, 5, 4, 12, tzinfo=timezone(timedelta(hours=2))), 0, None),
        (Window(at(0), None), 0, None),
    ],
)
def test_what_is_a_window(text: Any, start: float | None, end: float | None) -> None:
    wanted = Window(None if start is None else at(start), None if end is None else at(end))
    assert parse_window(text, NEWEST) == wanted
    assert parse_window(str(wanted), None) == wanted


@pytest.mark.parametrize(
    ("wrong", "error", "text"),
    [
        *(
            (
                wrong,
                InvalidArgument,
                f"{wrong!r} is not a window of time\nHint: use (start, end), 'start/end' in ISO 8601, or '-30m'",
            )
            for wrong in ("", "/", "a/b/c", 5, None, (TEN,), (None, None), {"start": TEN})
        ),
        ((5, 6), InvalidArgument, "5 is not a time\nHint: use a datetime, ISO 8601 text or '-30m'"),
        (
            ("2026-05-05", "2026-05-04"),
            InvalidArgument,
            "the window 2026-05-05T00:00:00Z/2026-05-04T00:00:00Z must end after it begins\n"
            "Hint: give the earlier time first",
        ),
        (
            "2026-05-04T25:00Z/",
            ConditionError,
            "'2026-05-04T25:00Z' is not a time\n"
            "Hint: write ISO 8601, such as '2026-05-04T10:00Z' or '2026-05-04 10:00 Europe/Berlin'; "
            "times without a zone are UTC",
        ),
        (
            "2026-05-04 10:00/2026-05-04 11:00 Europe/Berlin",
            ConditionError,
            "in '2026-05-04 10:00/2026-05-04 11:00 Europe/Berlin' only one of the two times has a zone\n"
            "Hint: write the zone behind both, or Z for UTC: '2026-05-04 10:00 Europe/Berlin'",
        ),
    ],
)
def test_what_is_not_a_window(wrong: Any, error: type[ObskitError], text: str) -> None:
    with pytest.raises(error) as caught:
        parse_window(wrong, NEWEST)
    assert str(caught.value) == text


def test_nothing_to_count_from() -> None:
    with pytest.raises(ConditionError, match="no event has a time"):
        parse_window("30m", None)


def test_a_length_of_time_is_ago_in_conditions_too() -> None:
    rows = pa.table({"timestamp": [NEWEST - timedelta(hours=1), NEWEST]}, SCHEMA)
    for text in ("timestamp >= '30m'", "timestamp >= '-30m'"):
        assert filter_table(rows, parse_condition(text, SCHEMA, newest=NEWEST)).num_rows == 1
    assert parse_time("30m", NEWEST) == NEWEST - timedelta(minutes=30)
    assert parse_time("+30m", NEWEST) == NEWEST + timedelta(minutes=30)


@settings(deadline=None, max_examples=examples(50))
@given(
    st.lists(st.none() | st.integers(-3, 3), max_size=8),
    st.none() | st.integers(-3, 3),
    st.none() | st.integers(-3, 3),
)
def test_mask_and_condition_select_the_same_rows(
    rows: list[int | None], start: int | None, end: int | None
) -> None:
    window = Window(start, end)
    mask = window.mask(np.array([NO_TIME if row is None else row for row in rows], np.int64))
    wanted = [
        row is not None and (start is None or row >= start) and (end is None or row < end) for row in rows
    ]
    assert mask.tolist() == wanted
    if window.condition_text is None:
        assert (start, end) == (None, None)
        return
    table = pa.table({"timestamp": pa.array(rows, pa.int64()).cast(SCHEMA.field(0).type)})
    left = filter_table(table, parse_condition(window.condition_text, SCHEMA))
    assert left.column(0).cast(pa.int64()).to_pylist() == [r for r, w in zip(rows, wanted, strict=True) if w]


@given(st.datetimes(timezones=st.just(UTC)))
def test_microseconds_and_back(time: datetime) -> None:
    assert moment(microseconds(time)) == time


def test_a_moment_is_kept_within_the_years() -> None:
    assert moment(-1e30).year == 1
    assert moment(1e30).year == 9999


@pytest.mark.parametrize("text", ["30m", "-30m", "2026-05-04", "2026-05-04T10:00Z/", "/30m", "2h/30m"])
def test_text_of_a_window_is_a_window(scope: Scope, text: str) -> None:
    assert window_or_condition(text, scope) == parse_window(text, NEWEST)


@pytest.mark.parametrize(
    "text",
    ["http.route = '/book'", "2xx > 1", "-1 < 2xx", "error", "http.route in ('2026-05-04/2026-05-05')"],
)
def test_other_text_is_a_condition(scope: Scope, text: str) -> None:
    assert window_or_condition(text, scope) == scope.condition(text)


def test_other_values_are_windows_or_conditions(scope: Scope) -> None:
    assert window_or_condition(None, scope) is None
    assert window_or_condition((TEN, None), scope) == Window(at(0), None)
    assert window_or_condition(TEN, scope) == Window(at(0), None)
    ready = scope.condition("error")
    assert window_or_condition(ready, scope) is ready
    read = window_or_condition(_["http.route"] == "/book", scope)
    assert isinstance(read, Condition)
    assert read.fields == {"http.route"}
    with pytest.raises(InvalidArgument, match="5 is not a window of time"):
        window_or_condition(5, scope)


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        ("2026-05-04T25:00Z/", ConditionError, "'2026-05-04T25:00Z' is not a time"),
        ("2026-05-05/2026-05-04", InvalidArgument, "must end after it begins"),
        ("", InvalidArgument, "'' is not a window of time"),
        ("/", InvalidArgument, "'/' is not a window of time"),
        ("3xx > 1", ConditionError, "'3xx' at character 1 is neither a number nor a known field"),
        ("eror", UnknownField, "no field is called 'eror'"),
        ("noon/midnight", UnknownField, "no field is called 'noon'"),
    ],
)
def test_text_that_is_neither_gets_the_fitting_error(
    scope: Scope, text: str, error: type[ObskitError], says: str
) -> None:
    with pytest.raises(error) as caught:
        window_or_condition(text, scope)
    assert says in str(caught.value)
