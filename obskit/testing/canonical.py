"""The same few events in every format: spans and logs of one small incident, with what readers stumble on.

A booking fails in one region since a deployment: two traces over three services, with parents, an error that
a condition said, log records, a marker, an exception, a link, weights, lists, nulls, nanoseconds, and names
and texts of all kinds.
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
    """Return the events as they lie in a Dataset, in order of their writing.

    Args:
        rows: only the first few of the eight.
    """
    chosen = _ROWS[:rows]
    return as_loaded(chosen)


def as_loaded(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Return rows as they lie in a Dataset."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    arrays = [pa.array([row.get(name) for row in rows], _TYPES.get(name)) for name in names]
    return _normalized(pa.Table.from_arrays(arrays, names))


def kept(table: pa.Table, names: Collection[str] | None, more: Mapping[str, Any]) -> pa.Table:
    """Return what a reader makes of a file that has these fields of a table, and some of its own.

    Args:
        table: events as they lie in a Dataset.
        names: fields that stay; None: all of them.
        more: other fields -> the value that all rows have, or an array of the rows' values.
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
    """Return a table as it is after loading: what rows say without words, such as `error`, is in it."""
    normalizer = Normalizer(LoadReport())
    batch = normalizer.batch(
        pa.RecordBatch.from_arrays(
            [column.combine_chunks() for column in table.columns], table.schema.names
        ).replace_schema_metadata(NAMED)
    )
    return cast(pa.Table.from_batches([batch]), normalizer.schema)


def differences(got: pa.Table, want: pa.Table) -> list[str]:
    """Return in words how a table is not the one that was wanted, the order of rows and of fields aside.

    A field without any value is as good as none, for most formats do not keep it.
    """
    found = []
    if got.num_rows != want.num_rows:
        found.append(f"{got.num_rows} rows, {want.num_rows} were written")
    one, other = _content(got), _content(want)
    for name in sorted(one.keys() | other.keys()):
        if name not in one:
            found.append(f"{name}: lost")
        elif name not in other:
            found.append(f"{name}: was not there, is {one[name][1]}")
        elif one[name][0] != other[name][0]:
            found.append(f"{name}: {one[name][0]}, was {other[name][0]}")
        elif one[name][1] != other[name][1]:
            found.append(f"{name}: {one[name][1]}, was {other[name][1]}")
    return found


def _content(table: pa.Table) -> dict[str, tuple[str, list[str]]]:
    """Return of every field with a value its type and values, rows in an order of their own."""
    keys = [name for name in ("timestamp", "span_id", "name", "body") if name in table.schema.names]
    values = {name: table.column(name).to_pylist() for name in table.schema.names}
    order = sorted(range(table.num_rows), key=lambda row: [repr(values[name][row]) for name in keys])
    return {
        name: (word(table.schema.field(name).type), [repr(column[row]) for row in order])
        for name, column in values.items()
        if any(value is not None for value in column)
    }
