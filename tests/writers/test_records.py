"""Rows for tracing formats: columns to take, resource attributes, other attributes."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from obskit.schema import TIMESTAMP
from obskit.writers import WriteNotes
from obskit.writers.records import Record, is_lossless_event, is_lossless_link, records


def record(**columns: Any) -> Record:
    (found,) = records(pa.RecordBatch.from_pylist([columns]), WriteNotes())
    return found


def test_a_row_is_split_into_columns_resource_and_attributes() -> None:
    found = record(
        **{
            "name": "GET",
            "service.name": "booking",
            "service.peer.name": "pay",
            "attributes.name": "x",
            "a": None,
        }
    )
    assert found.columns == {"name": "GET"}
    assert found.resource == {"service.name": "booking"}
    assert found.attributes == {"service.peer.name": "pay", "name": "x"}, "nulls are left out"


@pytest.mark.parametrize(("error", "carried"), [(True, {}), (False, {"obskit.error": False})])
def test_error_is_an_attribute_only_where_it_differs_from_the_rule(
    error: bool, carried: dict[str, Any]
) -> None:
    found = record(status_code="ERROR", error=error)
    found.take("status_code")
    assert found.carried_attributes() == carried


def test_what_the_format_cannot_hold_becomes_attributes() -> None:
    found = record(trace_id="not hex", span_id="0" * 15 + "1", duration_ms=-1.0, sample_weight=4.0)
    assert found.has_odd_id
    assert found.take_id("trace_id") is None
    assert found.take_id("span_id") == "0000000000000001"
    assert found.take_nanoseconds() is None
    found.mark_null("status_code")
    found.mark_null("kind")
    assert found.carried_attributes() == {
        "obskit.trace_id": "not hex",
        "obskit.duration_ms": -1.0,
        "obskit.sample_weight": 4.0,
        "obskit.null": "status_code,kind",
    }


def test_a_time_beyond_64_bits_of_nanoseconds_becomes_an_attribute() -> None:
    late = pa.RecordBatch.from_pydict(
        {"timestamp": pa.array([2**63 // 1000 + 1], pa.int64()).cast(TIMESTAMP)}
    )
    (found,) = records(late, WriteNotes())
    assert found.take_time() is None
    assert found.carried_attributes() == {"obskit.timestamp": "2262-04-11T23:47:16.854776Z"}


@pytest.mark.parametrize(
    ("event", "nested", "flat"),
    [
        ({"name": "a"}, True, True),
        ({"name": ""}, False, False),
        ({"name": "a", "attributes": '{"k":1}'}, True, True),
        ({"name": "a", "attributes": '{"k":[1]}'}, True, False),
        ({"name": "a", "attributes": "not JSON"}, False, False),
        ({"name": "a", "timestamp": "1960-01-01T00:00:00Z"}, False, False),
        (None, False, False),
    ],
)
def test_an_event_that_a_format_can_hold(event: dict[str, Any] | None, nested: bool, flat: bool) -> None:
    assert is_lossless_event(event, flat=False) is nested
    assert is_lossless_event(event, flat=True) is flat


def test_a_link_with_ids_in_capitals_is_not_lossless() -> None:
    assert is_lossless_link({"trace_id": "ab", "span_id": "cd"})
    assert not is_lossless_link({"trace_id": "AB", "span_id": "cd"})
    assert not is_lossless_link({"trace_id": "ab", "span_id": ""})
