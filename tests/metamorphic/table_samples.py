"""Samples of tables: CSV, Parquet and Arrow."""

from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.parquet as pq

from tests.metamorphic.sample import Sample
from tests.metamorphic.world import Request, World

_COLUMNS = "timestamp,name,duration_ms,kind,http.response.status_code,trace_id,span_id"


def _csv(world: World) -> bytes:
    return "".join(
        line + "\n"
        for line in (
            _COLUMNS,
            *(
                f"{one.iso},{one.method} {one.path},{one.ms},server,{one.status},{one.trace_id},{one.span_id}"
                for one in world.requests()
            ),
        )
    ).encode()


def _quoted(world: World) -> bytes:
    """Semicolons, quoted texts with the separator and a line break in them."""
    rows = [
        f'"{one.iso}";"a;b{chr(10)}{one.number}";{one.ms};{one.status};"{one.trace_id}"'
        for one in world.requests()
    ]
    return "\n".join(["time;message;took_ms;status;trace_id", *rows, ""]).encode()


def _markers(world: World) -> bytes:
    rows = [f"{one.iso},deployment,2.4.{one.number}" for one in world.requests()]
    return "\n".join(["time,kind,text", *rows, ""]).encode()


def _table(requests: list[Request]) -> pa.Table:
    return pa.table(
        {
            "timestamp": pa.array([one.time for one in requests], pa.timestamp("us", "UTC")),
            "name": [f"{one.method} {one.path}" for one in requests],
            "duration_ms": [one.ms for one in requests],
            "kind": ["server"] * len(requests),
            "http.response.status_code": [one.status for one in requests],
            "trace_id": [one.trace_id for one in requests],
            "span_id": [one.span_id for one in requests],
        }
    )


def _parquet(world: World) -> bytes:
    sink = io.BytesIO()
    pq.write_table(_table(world.requests()), sink)
    return sink.getvalue()


def _arrow(world: World) -> bytes:
    sink = io.BytesIO()
    table = _table(world.requests())
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=4)
    return sink.getvalue()


def _arrow_stream(world: World) -> bytes:
    sink = io.BytesIO()
    table = _table(world.requests())
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=4)
    return sink.getvalue()


SAMPLES = (
    Sample("CSV", "", "events.csv", _csv, header=1, unit=b"duration_ms", names=True, zone=True),
    Sample("CSV", "quoted", "events.csv", _quoted, "document", header=1, unit=b"took_ms", zone=True),
    Sample("CSV of markers", "", "markers.csv", _markers, header=1, zone=True),
    Sample("Parquet", "", "events.parquet", _parquet, "binary"),
    Sample("Arrow IPC", "", "events.arrow", _arrow, "binary"),
    Sample("Arrow IPC", "stream", "events.arrows", _arrow_stream, "binary"),
)
