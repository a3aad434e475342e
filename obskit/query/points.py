"""`points` and `links`: what spans carry within them, a row each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from obskit.engine import Scope
from obskit.errors import EmptySelection, InvalidArgument
from obskit.readers.batches.row_batcher import RowBatcher, attribute_name, flat
from obskit.schema import EVENTS_TYPE, LINKS_TYPE, NAMED, TIMESTAMP

# Of the span: what its points and links stand under, and what one of them counts for.
_OF_SPAN = ("timestamp", "name", "service.name", "trace_id", "span_id", "sample_weight", "event_count")
_STEP = 65_536


def points(scope: Scope) -> pa.Table:
    """Return the events of spans, one a row: what happened within them, and when.

    Returns:
        `timestamp` and `name` are the point's own, `kind` is "event", `span.name` is its span's; `trace_id`,
        `span_id`, `service.name` and the weight are its span's too. Its attributes are columns, as a span's.

    Raises:
        InvalidArgument: the events have no such field.
        EmptySelection: no span of the scope has any.
    """
    return _unnested(scope, "events", EVENTS_TYPE, "an event")


def links(scope: Scope) -> pa.Table:
    """Return the links of spans, one a row.

    Returns:
        `link.trace_id`, `link.span_id` and `link.trace_state` say where it leads; `timestamp`, `name`,
        `trace_id`, `span_id`, `service.name` and the weight are the span's that has it; `kind` is "link". Its
        attributes are columns, as a span's.

    Raises:
        InvalidArgument: the events have no such field.
        EmptySelection: no span of the scope has any.
    """
    return _unnested(scope, "links", LINKS_TYPE, "a link")


def _unnested(scope: Scope, field: str, kind: pa.DataType, what: str) -> pa.Table:
    names = scope.schema.names
    if field not in names or not _is(scope.schema.field(field).type, kind):
        raise InvalidArgument(
            f"the events have no {field} within them",
            hint=f"spans have, in OTLP, Jaeger and Zipkin, where they recorded {what}",
        )
    wanted = [name for name in _OF_SPAN if name in names]
    table = scope.run(lambda t: t.filter(t[field].notnull()).select(field, *wanted)).table
    batcher = RowBatcher(dict(NAMED), {"timestamp": TIMESTAMP})
    batches = []
    for span in _spans(table, wanted, field):
        for item in span.pop(field):
            batcher.add(_row(span, item))
            if batcher.full:
                batches.append(batcher.take())
    if batcher.rows:
        batches.append(batcher.take())
    if not batches:
        raise EmptySelection(f"no span of these has {what}", hint="events.where(...) may have left them out")
    return pa.concat_tables([pa.Table.from_batches([b]) for b in batches], promote_options="permissive")


def _is(have: pa.DataType, kind: pa.DataType) -> bool:
    return (
        pa.types.is_list(have)
        and pa.types.is_struct(have.value_type)
        and {field.name for field in kind.value_type} <= {field.name for field in have.value_type}
    )


def _spans(table: pa.Table, names: list[str], field: str) -> Iterator[dict[str, Any]]:
    """Give the spans that have any; times as microseconds, for Python's have no more than that."""
    for batch in table.to_batches(max_chunksize=_STEP):
        columns = {name: batch.column(name) for name in (*names, field)}
        if "timestamp" in columns:
            columns["timestamp"] = pc.cast(columns["timestamp"], TIMESTAMP)
        values = {name: column.to_pylist() for name, column in columns.items()}
        for row in range(batch.num_rows):
            if values[field][row]:
                yield {name: column[row] for name, column in values.items()}


def _row(span: dict[str, Any], item: dict[str, Any]) -> dict[str, Any]:
    """Return a point or a link as an event, with what it says of itself over what its span says."""
    own = dict(span)
    if "timestamp" in item:
        own |= {"timestamp": item["timestamp"], "name": item["name"], "kind": "event"}
        own["span.name"] = span.get("name")
    else:
        own["kind"] = "link"
        own |= {f"link.{name}": item[name] for name in ("trace_id", "span_id", "trace_state")}
    pairs = orjson.loads(item["attributes"]) if item.get("attributes") else {}
    return {**{attribute_name(key): value for key, value in flat(pairs).items()}, **own}
