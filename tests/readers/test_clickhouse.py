"""Tables of the ClickHouse exporter: the same rows as JSON lines, Parquet and Arrow, and restored types."""

import json
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from obskit.readers.clickhouse import restore_type
from obskit.schema.types import convert, to_text
from tests.support.clickhouse_tables import written


def row(n=0, **attributes):
    return {
        "Timestamp": f"2026-05-04 10:00:0{n}.123456789",
        "TraceId": "5b8efff798038103d269b633813fc60c",
        "SpanId": f"000000000000000{n + 1}",
        "ParentSpanId": "" if n == 0 else "0000000000000001",
        "TraceState": "",
        "SpanName": "GET /book",
        "SpanKind": "Server",
        "ServiceName": "front",
        "ResourceAttributes": {"service.name": "front", "host.name": "a", "zone": "1"},
        "ScopeName": "lib",
        "ScopeVersion": "",
        "SpanAttributes": {"http.status_code": "503", "zone": "2", "name": "mine"} | attributes,
        "Duration": 1_500_000,
        "StatusCode": "Error",
        "StatusMessage": "",
        "Events.Timestamp": ["2026-05-04 10:00:00.000000500"] if n else [],
        "Events.Name": ["exception"] if n else [],
        "Events.Attributes": [{"exception.type": "Timeout"}] if n else [],
        "Links.TraceId": ["AB"] if n else [],
        "Links.SpanId": ["CD"] if n else [],
        "Links.TraceState": [""] if n else [],
        "Links.Attributes": [{}] if n else [],
    }


FORMS = ["lines", "quoted", "parquet", "arrow"]


@pytest.mark.parametrize("form", FORMS)
def test_the_same_spans_in_every_form(read, form):
    got = read(
        written([row(0, items="12", share="0.5", cached="true", version="1.10", code="007"), row(1)], form)
    )
    first, second = got.rows
    (event,), (link,) = second.pop("events"), second.pop("links")
    assert first == {
        "timestamp": datetime(2026, 5, 4, 10, 0, 0, 123456, tzinfo=UTC),
        "duration_ms": 1.5,
        "name": "GET /book",
        "kind": "server",
        "trace_id": "5b8efff798038103d269b633813fc60c",
        "span_id": "0000000000000001",
        "status_code": "ERROR",
        "error": True,
        "attributes.name": "mine",
        "cached": True,
        "code": "007",
        "host.name": "a",
        "http.response.status_code": 503,
        "items": 12,
        "otel.scope.name": "lib",
        "service.name": "front",
        "share": 0.5,
        "version": "1.10",
        "zone": 2,
    }
    assert (event["name"], event["attributes"]) == ("exception", '{"exception.type":"Timeout"}')
    assert event["timestamp"] == datetime(2026, 5, 4, 10, tzinfo=UTC)
    assert (link["trace_id"], link["span_id"], link["attributes"]) == ("AB", "CD", None)
    assert second["parent_span_id"] == "0000000000000001"
    assert got.report.overridden == {"zone": 2}
    assert got.report.rejected_count == 0


def test_a_later_value_of_another_type_makes_all_values_text_again(read, load, tmp_path):
    paths = []
    for n, value in enumerate(["12", "0.5", "1e3", "twelve"]):
        paths.append(tmp_path / f"{n}.jsonl")
        paths[-1].write_bytes(written([row(0, items=value)], "lines"))
    assert [r["items"] for r in load(*paths[:2]).rows] == [12.0, 0.5]
    got = load(*paths)
    assert [r["items"] for r in got.rows] == ["12", "0.5", "1e3", "twelve"]
    assert got.types["items"] == "string"


NUMBERS = st.one_of(
    st.integers(-(2**63), 2**63 - 1).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.sampled_from(
        ["007", "1.10", "-0", "1.0", "true", "false", "", "1e5", "0x1", " 1", "99999999999999999999"]
    ),
)


@given(st.lists(st.none() | NUMBERS, min_size=1, max_size=8))
def test_a_restored_type_converts_back_to_the_same_text(texts):
    values = pa.array(texts, pa.string())
    back = restore_type(values, "x")
    assert to_text(back).equals(values)
    if pa.types.is_integer(back.type):  # another batch can have floats
        small = [t for t in texts if t is None or abs(int(t)) < 2**53]
        if len(small) == len(texts):
            assert to_text(convert(back, pa.float64())).equals(values)


def test_logs(read):
    given_rows = [
        {
            "Timestamp": "2026-05-04 10:00:00.5",
            "TimestampTime": "2026-05-04 10:00:00",
            "TraceId": "",
            "SpanId": "",
            "TraceFlags": 0,
            "SeverityText": "WARN",
            "SeverityNumber": 13,
            "ServiceName": "front",
            "Body": "slow",
            "ResourceSchemaUrl": "",
            "ResourceAttributes": {"host.name": "a"},
            "ScopeSchemaUrl": "",
            "ScopeName": "",
            "ScopeVersion": "",
            "ScopeAttributes": {},
            "LogAttributes": {"n": "5"},
        }
    ]
    got = read(b"".join(json.dumps(r).encode() + b"\n" for r in given_rows))
    assert got.rows == [
        {
            "timestamp": datetime(2026, 5, 4, 10, 0, 0, 500000, tzinfo=UTC),
            "kind": "event",
            "severity_text": "WARN",
            "severity_number": 13,
            "body": "slow",
            "service.name": "front",
            "host.name": "a",
            "n": 5,
            "error": False,
        }
    ]


def test_lists_of_different_lengths_are_not_read_and_noted(read):
    bad = row(1) | {"Events.Name": ["a", "b"]}
    got = read(written([bad], "lines"))
    assert "events" not in got.rows[0]
    assert got.rows[0]["links"]
    assert got.report.notes == ["events of some rows are not read: their lists differ in length"]


def test_torn_lines_are_rejected(read):
    data = written([row(0)], "lines")
    got = read(data + b"{bad\n" + data[:-20])
    assert len(got.rows) == 1
    assert [reason for _, reason in got.reasons] == ["not JSON", "torn: the file ends within the line"]
