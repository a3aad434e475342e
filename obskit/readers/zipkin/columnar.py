"""Zipkin's documents as columns: the fast way, for spans whose tags are all known by name.

Arrow parses the JSON by an exact schema, in which every tag is a field of its own. The names of tags are
learnt from the spans that `zipkinrows` has read before; a name that is new makes Arrow refuse.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from obskit.readers.batches.row_batcher import BATCH_TYPES, CELLS, attribute_name
from obskit.readers.spans.tags import filled, keys_in, padded_ids
from obskit.readers.zipkin.rowwise import DEBUG, ENDPOINTS, KINDS, SHARED
from obskit.schema import EVENTS_TYPE, NAMED, TIMESTAMP

FAST_TAGS = 2_000
"""Names of tags beyond which Arrow is not asked: it makes a cell of each for every span."""

_ENDPOINT = pa.struct(
    [("serviceName", pa.string()), ("ipv4", pa.string()), ("ipv6", pa.string()), ("port", pa.int64())]
)
_NOTES = pa.list_(pa.struct([("timestamp", pa.int64()), ("value", pa.string())]))
_SPAN: dict[str, pa.DataType] = {
    "traceId": pa.string(),
    "parentId": pa.string(),
    "id": pa.string(),
    "kind": pa.string(),
    "name": pa.string(),
    "timestamp": pa.int64(),
    "duration": pa.int64(),
    "localEndpoint": _ENDPOINT,
    "remoteEndpoint": _ENDPOINT,
    "annotations": _NOTES,
    "debug": pa.bool_(),
    "shared": pa.bool_(),
}
# Elasticsearch's documents of spans have two more, which say nothing new.
FIELDS = frozenset({*_SPAN, "tags", "timestamp_millis", "_q"})
_KEY = re.compile(rb'[{,]\s*"([^"\\]*(?:\\.[^"\\]*)*)"\s*:\s*"')
_KINDS = pa.array(sorted(KINDS))


class Known:
    """The tags of the spans so far, by name."""

    def __init__(self) -> None:
        self._tags: dict[str, None] = {}
        self._columns: set[str] = set()
        self._distinct = True
        self._schema: pa.DataType | None = None

    def learn(self, tags: Any) -> None:
        """Take in a span's tags."""
        if type(tags) is dict and not tags.keys() <= self._tags.keys():
            for name in tags:
                self._add(name)

    def found_in(self, data: bytes) -> bool:
        """Take in whatever may be a tag's name in a document; return whether any is new."""
        before = len(self._tags)
        for name in keys_in(data, b'"'):
            self._add(name)
        for key in {*_KEY.findall(data)} if len(self._tags) == before else ():
            try:
                self._add(orjson.loads(b'"' + key + b'"'))
            except orjson.JSONDecodeError:
                continue
        return len(self._tags) > before and self.span() is not None

    def _add(self, name: str) -> None:
        if name not in self._tags and len(self._tags) <= FAST_TAGS:
            self._tags[name] = None
            column = attribute_name(name)
            self._distinct = self._distinct and column not in self._columns
            self._columns.add(column)
            self._schema = None

    @property
    def fields(self) -> int:
        """How many columns there are at most."""
        return len(self._tags) + len(_SPAN)

    def span(self) -> pa.DataType | None:
        """Return the exact type of a span; None where this way cannot be gone (yet)."""
        if not self._columns or not self._distinct or len(self._tags) > FAST_TAGS:
            return None
        if self._schema is None:
            tags = pa.struct([(name, pa.string()) for name in self._tags])
            self._schema = pa.struct([*_SPAN.items(), ("tags", tags)])
        return self._schema


def batches(data: bytes, known: Known) -> list[pa.RecordBatch] | None:
    """Return the spans of a document in UTF-8, or None where the other way is to read it."""
    if known.span() is None:
        return None
    listed = data.lstrip()[:1] == b"["
    if listed:
        data = b'{"list":' + data + b"}"
    try:
        table = _by_arrow(data, listed, known)
    except pa.ArrowException:
        # What is new is looked for only now, for that takes as long as parsing does.
        if not known.found_in(data):
            return None
        try:
            table = _by_arrow(data, listed, known)
        except pa.ArrowException:
            return None
    columns = [column.chunk(0) for column in table.columns if column.num_chunks]
    if not columns:
        return None
    spans = columns[0].flatten() if listed else pa.StructArray.from_arrays(columns, fields=list(table.schema))
    if not len(spans) or spans.null_count or (len(spans) > 1 and len(spans) * known.fields > CELLS):
        return None
    batch = _batch(spans)
    return None if batch is None else [batch]


def _by_arrow(data: bytes, listed: bool, known: Known) -> pa.Table:
    span = known.span()
    return pj.read_json(
        pa.BufferReader(data),
        read_options=pj.ReadOptions(use_threads=False, block_size=len(data) + 1),
        parse_options=pj.ParseOptions(
            explicit_schema=pa.schema([("list", pa.list_(span))] if listed else span),
            unexpected_field_behavior="error",
        ),
    ).combine_chunks()


def _batch(spans: pa.StructArray) -> pa.RecordBatch | None:
    ids = spans.field("id")
    if ids.null_count or pc.any(pc.equal(ids, "")).as_py():
        return None
    tags, notes = spans.field("tags"), spans.field("annotations")
    if notes.flatten().null_count:
        return None
    own = {
        "timestamp": _moments(spans.field("timestamp")),
        "duration_ms": pc.divide(pc.cast(spans.field("duration"), pa.float64(), safe=False), 1000.0),
        "name": filled(spans.field("name")),
        "kind": _kinds(spans.field("kind")),
        "trace_id": padded_ids(filled(spans.field("traceId")), 32),
        "span_id": padded_ids(ids, 16),
        "parent_span_id": padded_ids(filled(spans.field("parentId")), 16),
        "events": _events(notes),
    }
    columns: dict[str, pa.Array] = {}
    for endpoint, (service, address, port) in ENDPOINTS.items():
        item = spans.field(endpoint)
        columns[service] = filled(item.field("serviceName"))
        columns[address] = pc.coalesce(filled(item.field("ipv4")), filled(item.field("ipv6")))
        ports = item.field("port")
        good = pc.and_(pc.greater(ports, 0), pc.less(ports, 65_536))
        columns[port] = pc.if_else(pc.fill_null(good, False), ports, pa.scalar(None, pa.int64()))
    for at, field in enumerate(tags.type):
        name, values = attribute_name(field.name), tags.field(at)
        have = columns.get(name)
        if have is not None and have.null_count < len(have) and values.null_count < len(values):
            return None  # an endpoint and a tag of one name: the other way knows which one wins
        if have is None or values.null_count < len(values):
            columns[name] = values
    for key, name in (("shared", SHARED), ("debug", DEBUG)):
        flag = spans.field(key)
        columns[name] = pc.if_else(flag, flag, pa.scalar(None, pa.bool_()))
    if columns.keys() & own.keys():
        return None
    columns |= own
    kept = [(name, values) for name, values in columns.items() if values.null_count < len(values)]
    fields = [pa.field(name, BATCH_TYPES.get(name, values.type)) for name, values in kept]
    return pa.RecordBatch.from_arrays([values for _, values in kept], schema=pa.schema(fields, NAMED))


def _moments(array: pa.Array) -> pa.Array:
    none = pc.equal(array, 0)
    if pc.any(none).as_py():
        array = pc.if_else(none, pa.scalar(None, array.type), array)
    return array.cast(TIMESTAMP)


def _kinds(array: pa.Array) -> pa.Array:
    upper = pc.utf8_upper(array)
    return pc.utf8_lower(pc.if_else(pc.is_in(upper, _KINDS), upper, pa.scalar(None, pa.string())))


def _events(notes: pa.ListArray) -> pa.Array:
    """Return annotations as a span's events; where there is none, null."""
    items = notes.flatten()
    if not len(items):
        return pa.nulls(len(notes), EVENTS_TYPE)
    lengths = pc.fill_null(pc.list_value_length(notes), 0).to_numpy(zero_copy_only=False)
    events = pa.StructArray.from_arrays(
        [
            _moments(items.field("timestamp")),
            filled(items.field("value")),
            pa.nulls(len(items), pa.string()),
        ],
        fields=list(EVENTS_TYPE.value_type),
    )
    offsets = pa.array(np.concatenate(([0], np.cumsum(lengths))), pa.int32())
    return pa.ListArray.from_arrays(offsets, events, type=EVENTS_TYPE, mask=pa.array(lengths == 0))
