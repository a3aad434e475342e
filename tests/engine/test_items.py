"""Conditions as data become text that reads back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import ibis
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obskit.engine import format_condition, parse_condition
from obskit.errors import (
    InvalidArgument,
)
from tests.engine.rows import rows_of
from tests.support.examples import examples

names = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        ['"; drop table events', "select", "a b", "it's", "--", "/*", "", "http.2xx", "5", "1e5", "in"]
    ),
).filter(lambda s: s.encode("utf-8", "ignore").decode() == s)
texts = st.one_of(
    st.text(max_size=30), st.sampled_from(["'", "''", "\n", "\\", "\x00", "", "'; drop table x --"])
)


@settings(max_examples=examples(150), deadline=None)
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


@settings(max_examples=examples(60), deadline=None)
@given(value=texts.filter(lambda s: s.encode("utf-8", "ignore").decode() == s))
def test_text_values_are_compared_as_they_are(value: str) -> None:
    table = pa.table({"f": pa.array([value, value + "x", None], pa.string())})
    assert rows_of(format_condition([{"field": "f", "op": "=", "value": value}]), table) == [
        True,
        False,
        None,
    ]


@settings(max_examples=examples(60), deadline=None)
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


@pytest.mark.parametrize(
    ("items", "message"),
    [
        (
            [],
            "a condition needs at least one item, got none\n"
            "Hint: pass an item such as {'field': 'error', 'op': '=', 'value': True}",
        ),
        (
            [{"field": "f", "op": ">", "value": 1}],
            "op must be '=', 'missing', 'between' or 'in', got '>'\nHint: correct the op of the item on f",
        ),
        (
            [{"field": "f", "op": "in", "values": []}],
            "op 'in' on f has no values\nHint: give at least one value in `values`",
        ),
        (
            [{"field": "f", "op": "=", "value": b"x"}],
            "a condition cannot hold a value of type bytes\nHint: use text, a number, a time, True or False",
        ),
    ],
)
def test_an_invalid_item_is_rejected_with_a_hint(items: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        format_condition(items)
    assert str(caught.value) == message
