"""Zipkin documents into columns: the fast path, for spans whose tags are all known by name.

Arrow parses the JSON by an exact schema in which each tag is a field:
`{"traceId":"5b8e","id":"b","tags":{"http.path":"/book","n":"12"}}` is a row with the columns `traceId`, `id`,
`tags.http.path` and `tags.n`. A tag that the schema lacks makes Arrow refuse the document.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from obskit.readers.batches.row_batcher import BATCH_TYPES, CELLS, attribute_name
from obskit.readers.spans.tag_schema import TagSchema
from obskit.readers.spans.tags import filled, padded_ids
from obskit.readers.zipkin.rowwise import DEBUG, ENDPOINTS, KINDS, SHARED
from obskit.schema import EVENTS_TYPE, NAMED, TIMESTAMP

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
# Elasticsearch's documents of spans have two more, which repeat others.
FIELDS = frozenset({*_SPAN, "tags", "timestamp_millis", "_q"})
_KINDS = pa.array(sorted(KINDS))


class ZipkinTagSchema(TagSchema):
    """The tags seen in one file, all of them text."""

    key_pattern = re.compile(rb'[{,]\s*"([^"\\]*(?:\\.[^"\\]*)*)"\s*:\s*"')
    value_start = b'"'

    def __init__(self) -> None:
        super().__init__()
        self._columns: set[str] = set()
        self._span: pa.DataType | None = None

    @property
    def usable(self) -> bool:
        """Whether Arrow can parse by this schema; it cannot if two tags belong into one column."""
        return super().usable and len(self._columns) == len(self.tags)

    def add(self, name: str) -> None:
        """Add a tag."""
        if name not in self.tags and not self.full:
            self.tags[name] = pa.string()
            self._columns.add(attribute_name(name))
            self._span = None

    def learn(self, tags: Any) -> None:
        """Add the tags of one span, as parsed from JSON."""
        if type(tags) is dict and not tags.keys() <= self.tags.keys():
            for name in tags:
                self.add(name)

    def document_schema(self, listed: bool) -> pa.Schema:
        """Return the schema of spans one by one, or of an object with a list of them."""
        if self._span is None:
            self._span = pa.struct([*_SPAN.items(), ("tags", pa.struct(list(self.tags.items())))])
        return pa.schema([("list", pa.list_(self._span))] if listed else self._span)


def parse_columns(data: bytes, tags: ZipkinTagSchema) -> list[pa.RecordBatch] | None:
    """Return the spans of a document as columns.

    Args:
        data: JSON in UTF-8.
        tags: the tags of the file so far; new ones are added.

    Returns:
        One batch, or None if the document has to be read row by row.
    """
    if not tags.usable:
        return None
    listed = data.lstrip()[:1] == b"["
    if listed:
        data = b'{"list":' + data + b"}"
    try:
        table = tags.parse(data, listed=listed)
    except pa.ArrowException:
        return None
    columns = [column.chunk(0) for column in table.columns if column.num_chunks]
    if not columns:
        return None
    spans = columns[0].flatten() if listed else pa.StructArray.from_arrays(columns, fields=list(table.schema))
    cells = len(spans) * (len(tags.tags) + len(_SPAN))
    if not len(spans) or spans.null_count or (len(spans) > 1 and cells > CELLS):
        return None
    batch = _batch(spans)
    return None if batch is None else [batch]


def _batch(spans: pa.StructArray) -> pa.RecordBatch | None:
    ids = spans.field("id")
    if ids.null_count or pc.any(pc.equal(ids, "")).as_py():
        return None
    tags, notes = spans.field("tags"), spans.field("annotations")
    if notes.flatten().null_count:
        return None
    own = {
        "timestamp": _timestamps(spans.field("timestamp")),
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
            return None  # an endpoint and a tag of one name: the row-wise path decides which one counts
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


def _timestamps(array: pa.Array) -> pa.Array:
    none = pc.equal(array, 0)
    if pc.any(none).as_py():
        array = pc.if_else(none, pa.scalar(None, array.type), array)
    return array.cast(TIMESTAMP)


def _kinds(array: pa.Array) -> pa.Array:
    upper = pc.utf8_upper(array)
    return pc.utf8_lower(pc.if_else(pc.is_in(upper, _KINDS), upper, pa.scalar(None, pa.string())))


def _events(notes: pa.ListArray) -> pa.Array:
    """Return each span's annotations as its events, null for a span without any."""
    items = notes.flatten()
    if not len(items):
        return pa.nulls(len(notes), EVENTS_TYPE)
    lengths = pc.fill_null(pc.list_value_length(notes), 0).to_numpy(zero_copy_only=False)
    events = pa.StructArray.from_arrays(
        [
            _timestamps(items.field("timestamp")),
            filled(items.field("value")),
            pa.nulls(len(items), pa.string()),
        ],
        fields=list(EVENTS_TYPE.value_type),
    )
    offsets = pa.array(np.concatenate(([0], np.cumsum(lengths))), pa.int32())
    return pa.ListArray.from_arrays(offsets, events, type=EVENTS_TYPE, mask=pa.array(lengths == 0))
