"""`points` and `links`: the events and links inside spans, as rows of their own."""

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

# Fields that a point or link takes from its span.
_SPAN_FIELDS = ("timestamp", "name", "service.name", "trace_id", "span_id", "sample_weight", "event_count")
_BATCH_ROWS = 65_536


def points(scope: Scope) -> pa.Table:
    """Return the events that spans recorded, one row per event.

    Args:
        scope: the spans.

    Returns:
        A table of events: `timestamp` and `name` are the event's own, and so are its attributes, which are
        columns; `kind` is "event". `span.name`, `trace_id`, `span_id`, `service.name` and the weights are
        those of its span.

    Raises:
        InvalidArgument: the dataset has no such field.
        EmptySelection: no span of the scope has one.
    """
    return _unnested(scope, "events", EVENTS_TYPE, "an event")


def links(scope: Scope) -> pa.Table:
    """Return the links of spans, one row per link.

    Args:
        scope: the spans.

    Returns:
        A table of links: `link.trace_id`, `link.span_id` and `link.trace_state` are of the linked span, the
        attributes of the link are columns, and `kind` is "link". `timestamp`, `name`, `trace_id`, `span_id`,
        `service.name` and the weights are those of the span that has the link.

    Raises:
        InvalidArgument: the dataset has no such field.
        EmptySelection: no span of the scope has one.
    """
    return _unnested(scope, "links", LINKS_TYPE, "a link")


def _unnested(scope: Scope, field: str, kind: pa.DataType, what: str) -> pa.Table:
    names = scope.schema.names
    if field not in names or not _has_type(scope.schema.field(field).type, kind):
        raise InvalidArgument(
            f"the spans have no field {field}",
            hint=f"load OTLP, Jaeger or Zipkin data in which a span recorded {what}",
        )
    wanted = [name for name in _SPAN_FIELDS if name in names]
    table = scope.run(lambda t: t.filter(t[field].notnull()).select(field, *wanted)).table
    batcher = RowBatcher(dict(NAMED), {"timestamp": TIMESTAMP})
    batches = []
    for span in _spans(table, wanted, field):
        for item in span.pop(field):
            batcher.add(_to_event(span, item))
            if batcher.full:
                batches.append(batcher.take())
    if batcher.rows:
        batches.append(batcher.take())
    if not batches:
        raise EmptySelection(
            f"none of these spans has {what}", hint="widen the condition of events.where(...)"
        )
    return pa.concat_tables([pa.Table.from_batches([b]) for b in batches], promote_options="permissive")


def _has_type(have: pa.DataType, kind: pa.DataType) -> bool:
    return (
        pa.types.is_list(have)
        and pa.types.is_struct(have.value_type)
        and {field.name for field in kind.value_type} <= {field.name for field in have.value_type}
    )


def _spans(table: pa.Table, names: list[str], field: str) -> Iterator[dict[str, Any]]:
    """Yield the spans that have any; times are in microseconds, the most precise in Python."""
    for batch in table.to_batches(max_chunksize=_BATCH_ROWS):
        columns = {name: batch.column(name) for name in (*names, field)}
        if "timestamp" in columns:
            columns["timestamp"] = pc.cast(columns["timestamp"], TIMESTAMP)
        values = {name: column.to_pylist() for name, column in columns.items()}
        for row in range(batch.num_rows):
            if values[field][row]:
                yield {name: column[row] for name, column in values.items()}


def _to_event(span: dict[str, Any], item: dict[str, Any]) -> dict[str, Any]:
    """Return a point or a link as an event; its own fields replace those of its span."""
    own = dict(span)
    if "timestamp" in item:
        own |= {"timestamp": item["timestamp"], "name": item["name"], "kind": "event"}
        own["span.name"] = span.get("name")
    else:
        own["kind"] = "link"
        own |= {f"link.{name}": item[name] for name in ("trace_id", "span_id", "trace_state")}
    pairs = orjson.loads(item["attributes"]) if item.get("attributes") else {}
    return {**{attribute_name(key): value for key, value in flat(pairs).items()}, **own}
