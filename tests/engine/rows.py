"""Rows of every type, and what a condition is for each of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import duckdb
import ibis
import pyarrow as pa

from obskit.engine import parse_condition

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
