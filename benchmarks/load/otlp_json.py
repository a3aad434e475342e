"""OTLP JSON, one request per line, as the Collector's file exporter writes it."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.json as pj

from benchmarks.load import made
from benchmarks.load.contest import Format


def make(folder: Path) -> Path:
    """Write the spans."""
    path = folder / "otlp.jsonl"
    path.write_bytes(b"".join(orjson.dumps(request) + b"\n" for request in made.requests()))
    return path


class Lists:
    """Columns as Python lists, all of one length."""

    def __init__(self) -> None:
        self.rows = 0
        self.columns: dict[str, list[Any]] = {}

    def add(self, pairs: Iterable[tuple[str, Any]]) -> None:
        """Add a row."""
        columns, rows = self.columns, self.rows
        for key, value in pairs:
            column = columns.get(key)
            if column is None:
                column = columns[key] = [None] * rows
            column.append(value)
        self.rows = rows + 1
        for column in columns.values():
            if len(column) <= rows:
                column.append(None)

    def table(self) -> pa.Table:
        """Return them as Arrow."""
        return pa.table({name: pa.array(column) for name, column in self.columns.items()})


def by_orjson(path: Path) -> int:
    """Read with orjson into lists."""
    lists = Lists()
    for line in path.read_bytes().splitlines():
        for resource in orjson.loads(line)["resourceSpans"]:
            shared = list(_pairs(resource["resource"]["attributes"]))
            for group in resource["scopeSpans"]:
                for span in group["spans"]:
                    start = int(span["startTimeUnixNano"])
                    own = (
                        ("timestamp", start // 1000),
                        ("duration_ms", (int(span["endTimeUnixNano"]) - start) / 1e6),
                        ("name", span["name"]),
                        ("kind", span["kind"]),
                        ("trace_id", span["traceId"]),
                        ("span_id", span["spanId"]),
                        ("parent_span_id", span["parentSpanId"]),
                        ("status_code", span["status"].get("code")),
                    )
                    lists.add((*own, *shared, *_pairs(span["attributes"])))
    return lists.table().num_rows


def _pairs(items: list[dict[str, Any]]) -> Iterator[tuple[str, Any]]:
    for item in items:
        ((kind, value),) = item["value"].items()
        yield item["key"], int(value) if kind == "intValue" else value


def by_msgspec(path: Path) -> int:
    """Read with msgspec's typed structs into lists."""
    msgspec: Any = importlib.import_module("msgspec")
    define = msgspec.defstruct
    value = define(
        "Value",
        [
            ("stringValue", str | None, None),
            ("intValue", str | None, None),
            ("doubleValue", float | None, None),
            ("boolValue", bool | None, None),
        ],
        gc=False,
    )
    pair = define("Pair", [("key", str), ("value", value)], gc=False)
    attributes = define("Attributes", [("attributes", list[pair])], gc=False)
    status = define("Status", [("code", int | None, None)], gc=False)
    texts = ("traceId", "spanId", "parentSpanId", "name", "startTimeUnixNano", "endTimeUnixNano")
    span = define(
        "Span",
        [*((name, str) for name in texts), ("kind", int), ("attributes", list[pair]), ("status", status)],
        gc=False,
    )
    scope = define("Scope", [("spans", list[span])], gc=False)
    resource = define("Resource", [("resource", attributes), ("scopeSpans", list[scope])], gc=False)
    decode = msgspec.json.Decoder(define("Request", [("resourceSpans", list[resource])], gc=False)).decode

    def pairs(items: list[Any]) -> Iterator[tuple[str, Any]]:
        for item in items:
            found = item.value
            if found.stringValue is not None:
                yield item.key, found.stringValue
            elif found.intValue is not None:
                yield item.key, int(found.intValue)
            else:
                yield item.key, found.boolValue if found.doubleValue is None else found.doubleValue

    lists = Lists()
    for line in path.read_bytes().splitlines():
        for one in decode(line).resourceSpans:
            shared = list(pairs(one.resource.attributes))
            for group in one.scopeSpans:
                for item in group.spans:
                    start = int(item.startTimeUnixNano)
                    own = (
                        ("timestamp", start // 1000),
                        ("duration_ms", (int(item.endTimeUnixNano) - start) / 1e6),
                        ("name", item.name),
                        ("kind", item.kind),
                        ("trace_id", item.traceId),
                        ("span_id", item.spanId),
                        ("parent_span_id", item.parentSpanId),
                        ("status_code", item.status.code),
                    )
                    lists.add((*own, *shared, *pairs(item.attributes)))
    return lists.table().num_rows


def by_pyarrow(path: Path) -> int:
    """Read with pyarrow.json, types inferred; the pairs stay pairs."""
    table = pj.read_json(path, pj.ReadOptions(use_threads=False, block_size=64 << 20))
    spans = table.column(0).combine_chunks().flatten().field("scopeSpans").flatten().field("spans").flatten()
    return len(spans)


def by_polars(path: Path) -> int:
    """Read with polars; the pairs become rows."""
    pl: Any = importlib.import_module("polars")
    frame = pl.read_ndjson(path, infer_schema_length=None)
    for name in ("resourceSpans", "scopeSpans", "spans"):
        frame = frame.select(pl.col(name)).explode(name).unnest(name)
    rows = int(frame.height)
    frame.with_row_index().explode("attributes").unnest("attributes").unnest("value").to_arrow()
    return rows


def by_duckdb(path: Path) -> int:
    """Read with DuckDB; the pairs become rows."""
    duckdb: Any = importlib.import_module("duckdb")
    connection = duckdb.connect()
    spans = f"""
        with requests as (from read_json('{path}', format='newline_delimited', maximum_object_size=67108864)),
        resources as (select unnest(resourceSpans) as r from requests),
        scopes as (select unnest(r.scopeSpans) as s from resources),
        spans as (select unnest(s.spans) as span from scopes)
        select span.spanId, unnest(span.attributes) as pair from spans
    """
    table = connection.sql(spans).to_arrow_table()
    return int(table.column(0).combine_chunks().unique().__len__())


FORMATS = (
    Format(
        "otlp-json",
        make,
        {
            "orjson to lists": by_orjson,
            "msgspec to lists": by_msgspec,
            "pyarrow.json, no pivot": by_pyarrow,
            "polars, to pairs": by_polars,
            "duckdb, to pairs": by_duckdb,
        },
        ("orjson to lists",),
        2,
    ),
)
