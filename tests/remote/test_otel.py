"""The tables of the OpenTelemetry Collector's ClickHouse exporter, read in place in an embedded ClickHouse."""

from __future__ import annotations

from typing import Any

import pytest

import obskit as ok
from obskit.events import RemoteEvents
from obskit.remote import open_table, parse_table, view
from tests.remote.contract.compare import assert_same

pytest.importorskip("chdb")

# As the exporter makes them, without codecs and indexes.
TRACES = """
CREATE TABLE prod.otel_traces (
    Timestamp DateTime64(9), TraceId String, SpanId String, ParentSpanId String, TraceState String,
    SpanName LowCardinality(String), SpanKind LowCardinality(String), ServiceName LowCardinality(String),
    ResourceAttributes Map(LowCardinality(String), String), ScopeName String, ScopeVersion String,
    SpanAttributes Map(LowCardinality(String), String), Duration UInt64, StatusCode LowCardinality(String),
    StatusMessage String,
    Events Nested (Timestamp DateTime64(9), Name LowCardinality(String), Attributes Map(LowCardinality(String), String)),
    Links Nested (TraceId String, SpanId String, TraceState String, Attributes Map(LowCardinality(String), String))
) ENGINE = MergeTree ORDER BY (ServiceName, SpanName, toDateTime(Timestamp))
"""
LOGS = """
CREATE TABLE prod.otel_logs (
    Timestamp DateTime64(9), TraceId String, SpanId String, TraceFlags UInt8, SeverityText LowCardinality(String),
    SeverityNumber UInt8, ServiceName LowCardinality(String), Body String, ResourceSchemaUrl String,
    ResourceAttributes Map(LowCardinality(String), String), ScopeName String, ScopeVersion String,
    LogAttributes Map(LowCardinality(String), String)
) ENGINE = MergeTree ORDER BY Timestamp
"""
SPANS = """
SELECT toDateTime64('2026-05-04 10:00:00', 9) + number AS Timestamp, lower(hex(sipHash128(intDiv(number, 2)))) AS TraceId,
    lower(hex(number + 4096)) AS SpanId, if(number % 2 = 1, lower(hex(number + 4095)), '') AS ParentSpanId, '' AS TraceState,
    'GET /book' AS SpanName, if(number % 2 = 1, 'Client', 'Server') AS SpanKind, 'booking' AS ServiceName,
    map('service.version', if(number % 5 = 0, '2.4.0', '2.3.7'), 'both', 'resource') AS ResourceAttributes, 'lib' AS ScopeName, '1' AS ScopeVersion,
    map('http.status_code', if(number % 10 = 0, '503', '200'), 'cart.items', toString(number % 7), 'zip', leftPad(toString(number), 5, '0'),
        'both', 'span', 'ratio', toString(number / 4), 'vip', if(number % 3 = 0, 'true', 'false'), 'it''s "odd" \\\\ `x`', toString(number % 2)) AS SpanAttributes,
    (number % 100 + 1) * 1500000 AS Duration, if(number % 10 = 0, 'Error', 'Unset') AS StatusCode, '' AS StatusMessage,
    [] AS `Events.Timestamp`, [] AS `Events.Name`, [] AS `Events.Attributes`, [] AS `Links.TraceId`, [] AS `Links.SpanId`, [] AS `Links.TraceState`, [] AS `Links.Attributes`
FROM numbers(2000)
"""
ODD = 'it\'s "odd" \\ `x`'


@pytest.fixture(scope="module")
def traces(chdb_session: Any) -> RemoteEvents:
    from tests.support.chdb_client import ChdbClient, ask

    ask(chdb_session, TRACES)
    ask(chdb_session, "INSERT INTO prod.otel_traces " + SPANS)
    return RemoteEvents(open_table(ChdbClient(chdb_session), parse_table("prod.otel_traces")))


def test_columns_and_attributes_are_fields(traces: RemoteEvents) -> None:
    types = {field.name: str(field.type) for field in traces.schema}
    assert types == {
        "timestamp": "timestamp[us, tz=UTC]", "duration_ms": "double", "name": "string", "kind": "string",
        "trace_id": "string", "span_id": "string", "parent_span_id": "string", "trace_state": "string",
        "status_code": "string", "status_message": "string", "error": "bool", "both": "string", "cart.items": "int64",
        "http.response.status_code": "int64", ODD: "int64", "otel.scope.name": "string", "otel.scope.version": "string",
        "ratio": "double", "service.name": "string", "service.version": "string", "vip": "bool", "zip": "string",
    }  # fmt: skip
    assert traces.load_report.notes == ["events and links inside spans are not read from there"]


def test_a_row_is_an_event(traces: RemoteEvents) -> None:
    row = traces.rows(
        [
            "timestamp",
            "duration_ms",
            "kind",
            "parent_span_id",
            "status_code",
            "error",
            "both",
            "http.response.status_code",
            "vip",
            "zip",
            ODD,
        ],
        order="timestamp",
        limit=1,
    )
    (found,) = row.table.to_pylist()
    assert found.pop("timestamp").isoformat() == "2026-05-04T10:00:00+00:00"
    assert found == {
        "duration_ms": 1.5, "kind": "server", "parent_span_id": None, "status_code": "ERROR", "error": True,
        "both": "span", "http.response.status_code": 503, "vip": True, "zip": "00000", ODD: 0,
    }  # fmt: skip


def test_answers_are_those_of_the_rows_at_home(traces: RemoteEvents) -> None:
    home = ok.load(traces.to_arrow())
    asked = ("count()", "p99(duration_ms)", "share(error)", "avg(cart.items)")
    assert_same(
        traces.query(*asked, by="service.version").table, home.query(*asked, by="service.version").table
    )
    where = "http.status_code = 503 and cart.items > 2"
    assert_same(traces.query("rows()", where=where).table, home.query("rows()", where=where).table)
    found, wanted = (events.explain("duration_ms > 140") for events in (traces, home))
    assert [one.condition for one in found.findings] == [one.condition for one in wanted.findings]
    ids = home.to_arrow(["trace_id"]).column(0)[0].as_py()
    assert traces.trace(ids).table.num_rows == 2


def test_log_records(chdb_session: Any) -> None:
    from tests.support.chdb_client import ChdbClient, ask

    ask(chdb_session, LOGS)
    ask(
        chdb_session,
        "INSERT INTO prod.otel_logs SELECT toDateTime64('2026-05-04 10:00:00', 9) + number, '', '', 0, if(number % 4 = 0, 'ERROR', 'INFO'), "
        "if(number % 4 = 0, 17, 9), 'booking', if(number < 180, 'all is well', concat('payment ', toString(number), ' rejected')), '', map('host.name', 'a'), '', '', map('n', toString(number)) "
        "FROM numbers(400)",
    )
    logs = RemoteEvents(open_table(ChdbClient(chdb_session), parse_table("prod.otel_logs")))
    assert logs.query("count()", "share(error)", by="kind").table.to_pylist() == [
        {"kind": "event", "count()": 400, "share(error)": 0.25}
    ]
    assert logs.query("max(n)").table.to_pylist() == [{"max(n)": 399}]
    assert "payment <*> rejected" in str(logs.messages(since="2026-05-04T10:03Z"))


def test_the_view_is_the_event_model(chdb_session: Any) -> None:
    from tests.support.chdb_client import ChdbClient, ask

    sql = view("clickhouse", parse_table("prod.`odd.view`"), parse_table("prod.otel_traces"))
    ask(
        chdb_session,
        sql.replace("CAST(NULL AS Nullable(Float64)) AS `duration_ms`", "Duration / 1e6 AS `duration_ms`"),
    )
    events = RemoteEvents(open_table(ChdbClient(chdb_session), parse_table("prod.`odd.view`")))
    home = ok.load("sample_events").schema
    assert {field.name: field.type for field in events.schema if field.name in home.names} == {
        field.name: home.field(field.name).type for field in events.schema if field.name in home.names
    }
    assert events.query("max(duration_ms)").table.to_pylist() == [{"max(duration_ms)": 150.0}]
