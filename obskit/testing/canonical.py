"""The incident: spans and log records with the values that readers get wrong, and how to compare tables.

A booking fails after a deployment: two traces, with parents, an explicit error, log records, a marker, an
exception, a link, weights, lists, nulls, nanoseconds, and unusual names and texts.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pyarrow as pa

from obskit.schema import EVENTS_TYPE, LINKS_TYPE, NAMED, TIMESTAMP, LoadReport, Normalizer, cast
from obskit.schema.types import word

_T0 = 1_777_888_800_000_000  # 2026-05-04T10:00:00Z in microseconds
_TRACES = ("4bf92f3577b34da6a3ce929d0e0e4736", "0af7651916cd43dd8448eb211c80319c")
_GATEWAY = {"service.name": "gateway", "service.version": "1.0", "cloud.region": "eu-central-1"}
_BOOKING = {"service.name": "booking", "service.version": "2.4.0", "cloud.region": "eu-central-1"}
_TYPES: dict[str, pa.DataType] = {
    "timestamp": TIMESTAMP,
    "severity_number": pa.int32(),
    "events": EVENTS_TYPE,
    "links": LINKS_TYPE,
    "cart.items": pa.list_(pa.int64()),
}

_ROWS: tuple[dict[str, Any], ...] = (
    {
        **_GATEWAY,
        "timestamp": _T0,
        "duration_ms": 812.0,
        "name": "POST /book",
        "kind": "server",
        "trace_id": _TRACES[0],
        "span_id": "00f067aa0ba902b7",
        "status_code": "ERROR",
        "status_message": "upstream failed",
        "sample_weight": 4.0,
        "http.request.method": "POST",
        "http.route": "/book",
        "http.response.status_code": 502,
        "url.path": "/book",
        "client.address": "203.0.113.7",
        "server.address": "shop.example",
        "user_agent.original": "shop/3.1 (Android)",
        "http.response.body.size": 91,
        "url.query": 'from=Zürich&to=東京&q="a\\b"',
    },
    {
        **_BOOKING,
        "timestamp": _T0 + 1_250,
        "duration_ms": 790.000125,
        "name": "book",
        "kind": "server",
        "trace_id": _TRACES[0],
        "span_id": "b7ad6b7169203331",
        "parent_span_id": "00f067aa0ba902b7",
        "status_code": "ERROR",
        "sample_weight": 4.0,
        "error.type": "timeout",
        "cart.items": [3, None, 7],
        "passenger.names": ["Zoë", "O'Brien", ""],
        "fare.total": 129.5,
        "fare.refundable": False,
        "k8s.label.app.kubernetes.io/name": "booking",
        "events": [
            (
                _T0 + 700_000,
                "exception",
                '{"exception.type":"SeatMapTimeout","exception.message":"after 700 ms"}',
            ),
            (_T0 + 700_001, "retry", None),
        ],
    },
    {
        **_BOOKING,
        "timestamp": _T0 + 2_000,
        "duration_ms": 700.0,
        "name": "SELECT seats",
        "kind": "client",
        "trace_id": _TRACES[0],
        "span_id": "53995c3f42cd8ad8",
        "parent_span_id": "b7ad6b7169203331",
        "status_code": "UNSET",
        "sample_weight": 4.0,
        "db.system.name": "postgresql",
        "db.query.text": "select *\nfrom seats\t-- ☃",
        "server.port": 5432,
    },
    {
        **_GATEWAY,
        "timestamp": _T0 + 60_000_000,
        "duration_ms": 12.0,
        "name": "POST /book",
        "kind": "server",
        "trace_id": _TRACES[1],
        "span_id": "00f067aa0ba902b7",
        "status_code": "OK",
        "trace_state": "vendor=1",
        "http.request.method": "POST",
        "http.route": "/book",
        "http.response.status_code": 200,
        "url.path": "/book",
        "client.address": "203.0.113.7",
        "server.address": "shop.example",
        "user_agent.original": "shop/3.1 (Android)",
        "http.response.body.size": 512,
        "fare.total": 80.0,
        "fare.refundable": True,
        "Region": "EU",
        "with space": "1e5",
    },
    {
        **_BOOKING,
        "timestamp": _T0 + 60_001_000,
        "duration_ms": 0.0,
        "name": "notify",
        "kind": "consumer",
        "trace_id": _TRACES[1],
        "span_id": "c8be7c827a314442",
        "parent_span_id": "00f067aa0ba902b7",
        "status_code": "UNSET",
        "error": True,
        "passenger.names": [],
        "cart.items": [2**53 + 1],
        "links": [(_TRACES[0], "b7ad6b7169203331", None, None)],
    },
    {
        **_BOOKING,
        "timestamp": _T0 + 700_002,
        "kind": "event",
        "name": "seatmap.timeout",
        "trace_id": _TRACES[0],
        "span_id": "b7ad6b7169203331",
        "body": "seat map took too long: 700 ms",
        "severity_text": "WARN",
        "severity_number": 13,
    },
    {
        **_BOOKING,
        "timestamp": _T0 - 3_600_000_000,
        "kind": "event",
        "name": "deployment",
        "deployment.id": "007",
    },
    {**_BOOKING, "timestamp": _T0 + 700_003, "kind": "event", "body": "folded", "event_count": 250},
)


def incident(rows: int | None = None) -> pa.Table:
    """Return the events of the incident, typed as in a Dataset.

    Args:
        rows: number of events; None for all eight.

    Returns:
        A table, not sorted by time.

    Example:
        print(incident(rows=3).column_names)
    """
    return as_loaded(_ROWS[:rows])


def as_loaded(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Return rows as a table, typed as in a Dataset."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    arrays = [pa.array([row.get(name) for row in rows], _TYPES.get(name)) for name in names]
    return _normalized(pa.Table.from_arrays(arrays, names))


def kept(table: pa.Table, names: Collection[str] | None, more: Mapping[str, Any]) -> pa.Table:
    """Return the table that a reader loads from a file with some fields of a table, and others added.

    Args:
        table: events, typed as in a Dataset.
        names: fields of the table that are kept; None for all of them.
        more: added field -> the value that all rows have, or an array of the rows' values.

    Returns:
        The table after normalizing, with derived fields such as `error`.
    """
    if names is None and not more:
        return table
    left = [name for name in table.schema.names if (names is None or name in names) and name not in more]
    columns = {name: table.column(name) for name in left}
    for name, value in more.items():
        several = isinstance(value, pa.Array | pa.ChunkedArray)
        columns[name] = value if several else pa.repeat(value, table.num_rows)
    return _normalized(pa.table(columns))


def _normalized(table: pa.Table) -> pa.Table:
    """Return a table as it is after loading, with derived fields such as `error`."""
    normalizer = Normalizer(LoadReport())
    batch = normalizer.batch(
        pa.RecordBatch.from_arrays(
            [column.combine_chunks() for column in table.columns], table.schema.names
        ).replace_schema_metadata(NAMED)
    )
    return cast(pa.Table.from_batches([batch]), normalizer.schema)


def differences(got: pa.Table, want: pa.Table) -> list[str]:
    """List how two tables differ, whatever the order of their rows and fields.

    A field without any value counts as absent, because most formats do not keep it.

    Args:
        got: the table that was loaded.
        want: the table that was written.

    Returns:
        One line per difference; empty if the tables are equal.

    Example:
        table = incident()
        print(differences(table.drop(["duration_ms"]), table))
    """
    found = []
    if got.num_rows != want.num_rows:
        found.append(f"{got.num_rows} rows, expected {want.num_rows}")
    loaded, written = _content(got), _content(want)
    for name in sorted(loaded.keys() | written.keys()):
        if name not in loaded:
            found.append(f"{name}: lost")
        elif name not in written:
            found.append(f"{name}: unexpected, has {loaded[name][1]}")
        elif loaded[name][0] != written[name][0]:
            found.append(f"{name}: type {loaded[name][0]}, expected {written[name][0]}")
        elif loaded[name][1] != written[name][1]:
            found.append(f"{name}: {loaded[name][1]}, expected {written[name][1]}")
    return found


def _content(table: pa.Table) -> dict[str, tuple[str, list[str]]]:
    """Return field -> (type, values in a canonical order of rows), for fields with any value."""
    keys = [name for name in ("timestamp", "span_id", "name", "body") if name in table.schema.names]
    values = {name: table.column(name).to_pylist() for name in table.schema.names}
    order = sorted(range(table.num_rows), key=lambda row: [repr(values[name][row]) for name in keys])
    return {
        name: (word(table.schema.field(name).type), [repr(column[row]) for row in order])
        for name, column in values.items()
        if any(value is not None for value in column)
    }
