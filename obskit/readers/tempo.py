"""Blocks of Grafana Tempo (`vParquet3`, `vParquet4` and similar): one row per trace, with nested spans.

Attributes are in lists of keys and values, in columns of their own (`HttpMethod`, `K8sPodName`, ...), or in
dedicated columns (`String01`, ...). The block's `meta.json` says which attributes the dedicated columns hold;
without that file they keep the column's name. Columns for Tempo's own searches (nested sets, statistics) are
not read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from obskit.readers.batches.attribute_columns import Attributes, Level, Pivot
from obskit.readers.batches.row_batcher import MalformedRecord
from obskit.readers.io.source import Source
from obskit.readers.otlp import messages as otlpwire
from obskit.readers.otlp.protobuf_wire import Broken
from obskit.readers.otlp.rowwise import value
from obskit.schema import EVENTS_TYPE, LINKS_TYPE, TIMESTAMP, FileReport
from obskit.schema.types import json_text, plain, to_text

TRACES = 1_024
"""Traces per batch; each can have thousands of spans."""

META, DATA = "meta.json", "data.parquet"
BLOCK = frozenset({META, DATA})
"""The files of a block's folder."""

_META_LIMIT = 4 * 1024 * 1024
_RESOURCE = {
    "ServiceName": "service.name",
    "Cluster": "cluster",
    "Namespace": "namespace",
    "Pod": "pod",
    "Container": "container",
    "K8sClusterName": "k8s.cluster.name",
    "K8sNamespaceName": "k8s.namespace.name",
    "K8sPodName": "k8s.pod.name",
    "K8sContainerName": "k8s.container.name",
}
_SPAN = {"HttpMethod": "http.method", "HttpUrl": "http.url", "HttpStatusCode": "http.status_code"}
"""Tempo's column -> its attribute."""

_KINDS = ("internal", "server", "client", "producer", "consumer")
_STATUS = ("UNSET", "OK", "ERROR")
_VALUES = ("Value", "ValueInt", "ValueDouble", "ValueBool")
_OTHER = ("ValueUnsupported", "ValueDropped")
Integers = npt.NDArray[np.int64]


def is_block(names: Sequence[str]) -> bool:
    """Whether a table has the columns of a Tempo block."""
    return {"TraceID", "rs", "RootSpanName"} <= set(names)


def dedicated_columns(source: Source) -> dict[str, dict[str, str]]:
    """Return the dedicated columns by the block's `meta.json`: scope -> column -> attribute."""
    out: dict[str, dict[str, str]] = {"resource": {}, "span": {}}
    path = source.path.parent / META
    try:
        if path.stat().st_size > _META_LIMIT:
            return out
        meta = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return out
    columns = meta.get("dedicatedColumns") if type(meta) is dict else None
    counts: dict[tuple[str, str], int] = {}
    for column in columns if type(columns) is list else []:
        if type(column) is not dict:
            continue
        scope = str(column.get("s") or column.get("scope") or "span")
        kind = str(column.get("t") or column.get("type") or "string").capitalize()
        name = column.get("n") or column.get("name")
        counts[scope, kind] = number = counts.get((scope, kind), 0) + 1
        if type(name) is str and scope in out:
            out[scope][f"{kind}{number:02d}"] = name
    return out


class _Nested(NamedTuple):
    """The items of all lists, and the index of each item's list."""

    items: pa.StructArray
    of: Integers


def spans(batch: pa.RecordBatch, source: Source, report: FileReport) -> Iterator[pa.RecordBatch]:
    """Convert traces to spans.

    Args:
        batch: one row per trace.
        source: the block's Parquet file.
        report: counts traces that cannot be read.

    Yields:
        Batches with one row per span.

    Raises:
        LimitExceeded: there are too many field names.
    """
    try:
        parts = _parts(batch, dedicated_columns(source), report)
    except (pa.ArrowException, TypeError, ValueError, AttributeError):
        report.reject("", "traces do not have the form of a Tempo block")
        return
    if parts is not None:
        yield from Pivot(report).batches(*parts)


def _parts(
    batch: pa.RecordBatch, names: Mapping[str, Mapping[str, str]], report: FileReport
) -> tuple[dict[str, pa.Array], Attributes, list[Level]] | None:
    """Return spans' own columns, their attributes, and those of resources and scopes; None without a span."""
    resources = _nested(batch.column("rs"))
    scopes = _nested(_child(resources.items, "ss"))
    found = _nested(_child(scopes.items, "Spans"))
    if not len(found.items):
        return None
    resource_of = scopes.of[found.of]
    trace = _hex(batch.column("TraceID").take(pa.array(resources.of[resource_of])))
    resource, scope = _child(resources.items, "Resource"), _child(scopes.items, "Scope")
    levels = [
        Level(_attributes(resource, _RESOURCE, names["resource"], "resource", report), resource_of),
        Level(
            _attributes(scope, {"Name": "otel.scope.name", "Version": "otel.scope.version"}, {}, "", report),
            found.of,
        ),
    ]
    own = _own(found.items, trace)
    attributes = _attributes(found.items, _SPAN, names["span"], "span", report)
    return own, attributes, levels


def _child(array: pa.Array, name: str) -> pa.Array:
    """Return a field of structs; it is null if the struct is null or lacks the field."""
    if not pa.types.is_struct(array.type) or array.type.get_field_index(name) < 0:
        return pa.nulls(len(array))
    return array.flatten()[array.type.get_field_index(name)]


def _nested(lists: pa.Array) -> _Nested:
    if not (pa.types.is_list(lists.type) and pa.types.is_struct(lists.type.value_type)):
        return _Nested(pa.nulls(0, pa.struct([])), np.zeros(0, np.int64))
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    return _Nested(lists.flatten(), np.repeat(np.arange(len(lists)), lengths))


def _own(items: pa.StructArray, trace: pa.Array) -> dict[str, pa.Array]:
    start = _integers(items, "StartTimeUnixNano", "StartUnixNanos")
    length = _integers(items, "DurationNano")
    if length.null_count == len(length):
        length = pc.subtract(_integers(items, "EndUnixNanos"), start)
    own = {
        "timestamp": _timestamps(start),
        "duration_ms": pc.divide(pc.cast(length, pa.float64(), safe=False), 1e6),
        "name": _texts(_child(items, "Name")),
        "kind": _names(_integers(items, "Kind"), ("", *_KINDS)),
        "trace_id": trace,
        "span_id": _hex(_either(items, "SpanID", "ID")),
        "parent_span_id": _hex(_child(items, "ParentSpanID")),
        "trace_state": _texts(_child(items, "TraceState")),
        "status_code": _names(_integers(items, "StatusCode"), _STATUS),
        "status_message": _texts(_child(items, "StatusMessage")),
        "events": _events(_child(items, "Events"), start),
        "links": _links(_child(items, "Links")),
    }
    return {n: v for n, v in own.items() if v.null_count < len(v) or n in ("timestamp", "trace_id")}


def _either(items: pa.StructArray, *names: str) -> pa.Array:
    return next(
        (found for name in names if not pa.types.is_null((found := _child(items, name)).type)),
        pa.nulls(len(items)),
    )


def _integers(items: pa.StructArray, *names: str) -> pa.Array:
    """Return the first of the fields that exists, as int64; numbers beyond 64 bits are null."""
    found = _either(items, *names)
    if pa.types.is_null(found.type):
        return pa.nulls(len(items), pa.int64())
    if pa.types.is_uint64(found.type):
        found = pc.if_else(pc.less_equal(found, pa.scalar(2**63 - 1, pa.uint64())), found, None)
    return pc.cast(found, pa.int64(), safe=False)


def _timestamps(nanoseconds: pa.Array) -> pa.Array:
    set_ = pc.if_else(pc.equal(nanoseconds, 0), pa.scalar(None, pa.int64()), nanoseconds)
    return pc.divide(set_, 1_000).cast(TIMESTAMP)


def _texts(array: pa.Array) -> pa.Array:
    """Return texts with null instead of empty ones."""
    if pa.types.is_null(array.type):
        return pa.nulls(len(array), pa.string())
    if pa.types.is_binary(array.type):
        array = pa.array(
            [None if v is None else v.decode("utf-8", "replace") for v in array.to_pylist()], pa.string()
        )
    array = pc.cast(array, pa.string())
    return pc.if_else(pc.equal(array, ""), pa.scalar(None, pa.string()), array)


def _names(numbers: pa.Array, names: Sequence[str]) -> pa.Array:
    """Return the names of an enum's numbers; null for other numbers."""
    good = pc.and_(pc.greater_equal(numbers, 0), pc.less(numbers, len(names)))
    index = pc.if_else(good, numbers, pa.scalar(None, pa.int64()))
    found = pa.array(list(names), pa.string()).take(index)
    return pc.if_else(pc.equal(found, ""), pa.scalar(None, pa.string()), found)


def _hex(array: pa.Array) -> pa.Array:
    """Return ids as hex, with null instead of empty ones."""
    if pa.types.is_null(array.type):
        return pa.nulls(len(array), pa.string())
    return pa.array(
        [v.hex() if type(v) is bytes and v else v or None for v in array.to_pylist()], pa.string()
    )


def _attributes(
    items: pa.Array, columns: Mapping[str, str], dedicated: Mapping[str, str], scope: str, report: FileReport
) -> Attributes:
    """Return the attributes of resources, scopes or spans from lists, own columns and dedicated columns."""
    pairs = [_listed(_child(items, "Attrs"))]
    pairs += [_column(name, _child(items, column)) for column, name in columns.items()]
    more = _child(items, "DedicatedAttributes")
    for field in more.type if pa.types.is_struct(more.type) else ():
        values = _child(more, field.name)
        if values.null_count == len(values):
            continue
        if field.name not in dedicated:
            report.note(
                f"{META} does not name all dedicated columns of Tempo; the others keep their column's name"
            )
        pairs.append(_column(dedicated.get(field.name, f"tempo.{scope}.{field.name}"), values))
    return _together([pair for pair in pairs if len(pair.row)])


def _column(name: str, values: pa.Array) -> Attributes:
    """Return a column of one attribute as pairs; an empty text is no value."""
    if pa.types.is_list(values.type):
        lists = values.to_pylist()
        at = np.flatnonzero(np.array([bool(v) for v in lists], bool))
        items = [lists[i] for i in at.tolist()]
        return Attributes.of(at.tolist(), [name] * len(at), [v[0] if len(v) == 1 else v for v in items])
    if pa.types.is_string(values.type) or pa.types.is_null(values.type):
        values = _texts(values)
    at = np.flatnonzero(values.is_valid().to_numpy(zero_copy_only=False))
    return Attributes(at, pa.repeat(name, len(at)), (_plain(values.take(pa.array(at))),), {})


def _plain(values: pa.Array) -> pa.Array:
    """Return values in a type that `Pivot` accepts."""
    found = plain(values)
    kind = found.type
    fits = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)
    return found if fits else to_text(found)


def _listed(lists: pa.Array) -> Attributes:
    """Return lists of attributes as pairs; a value has one type, or is a list of values of one type."""
    items, of = _nested(lists)
    key = _child(items, "Key")
    if pa.types.is_null(key.type):
        return Attributes.of([], [], [])
    flag = _child(items, "IsArray")
    is_list = (
        np.zeros(len(items), bool)
        if pa.types.is_null(flag.type)
        else pc.fill_null(flag, False).to_numpy(zero_copy_only=False)
    )
    arrays, other = [], dict[int, Any]()
    for at in np.flatnonzero(is_list).tolist():
        other[at] = []
    for name in _VALUES:
        values = _child(items, name)
        if pa.types.is_list(values.type):
            for at in np.flatnonzero(is_list).tolist():
                other[at] = values[at].as_py() or other[at]
            values = _single(values, is_list)
        if pa.types.is_binary(values.type):
            other |= {at: _decoded(v) for at, v in enumerate(values.to_pylist()) if v is not None}
        elif not pa.types.is_null(values.type):
            arrays.append(_plain(values))
    for name in _OTHER:
        texts = _child(items, name)
        if not pa.types.is_null(texts.type):
            for at in np.flatnonzero(pc.fill_null(pc.greater(pc.binary_length(texts), 0), False)).tolist():
                other[at] = _unsupported(texts[at].as_py())
    return Attributes(
        of, pc.cast(key, pa.string()), tuple(arrays), {at: v for at, v in other.items() if v is not None}
    )


def _single(lists: pa.ListArray, is_list: npt.NDArray[np.bool_]) -> pa.Array:
    """Return the item of each list of one item; null for other lists."""
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    first = np.cumsum(lengths) - lengths
    return lists.flatten().take(pa.array(first, mask=(lengths != 1) | is_list))


def _decoded(data: bytes) -> Any:
    """Return a value from protobuf, in which `vParquet3` stores attributes of events."""
    size, length = b"", len(data)
    while length > 0x7F:
        size, length = size + bytes([length & 0x7F | 0x80]), length >> 7
    try:
        found = value(otlpwire.value("arrayValue", b"\x0a" + size + bytes([length]) + data))
    except (Broken, MalformedRecord, ValueError):
        return data.hex()
    return found[0] if found else None


def _unsupported(text: str) -> Any:
    """Return a value from protobuf's JSON, in which Tempo stores objects and lists of several types."""
    try:
        found = value(orjson.loads(text))
    except (orjson.JSONDecodeError, MalformedRecord, ValueError, TypeError, AttributeError):
        return text
    return json_text(found) if type(found) is dict else found


def _together(pairs: list[Attributes]) -> Attributes:
    """Concatenate attributes, with those of each row next to each other."""
    if not pairs:
        return Attributes.of([], [], [])
    row = np.concatenate([each.row for each in pairs])
    order = np.argsort(row, kind="stable")
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    key = pa.concat_arrays([each.key for each in pairs]).take(pa.array(order))
    kinds = {str(v.type): v.type for each in pairs for v in each.values}
    values = []
    for name, kind in kinds.items():
        parts = [
            next((v for v in each.values if str(v.type) == name), pa.nulls(len(each.row), kind))
            for each in pairs
        ]
        values.append(pa.concat_arrays(parts).take(pa.array(order)))
    starts = np.cumsum([0, *(len(each.row) for each in pairs[:-1])]).tolist()
    other = {
        int(place[start + at]): v
        for start, each in zip(starts, pairs, strict=True)
        for at, v in each.other.items()
    }
    return Attributes(row[order], key, tuple(values), other)


def _attribute_texts(lists: pa.Array, count: int) -> pa.Array:
    """Return the attributes of each event or link as JSON text; null if it has none."""
    out: list[dict[str, Any]] = [{} for _ in range(count)]
    pairs = _listed(lists)
    keys = pairs.key.to_pylist()
    columns = [values.to_pylist() for values in pairs.values]
    for at, row in enumerate(pairs.row.tolist()):
        found = pairs.other.get(at, next((c[at] for c in columns if c[at] is not None), None))
        if found is not None:
            out[row][keys[at] or ""] = found
    return pa.array([json_text(item) if item else None for item in out], pa.string())


def _events(lists: pa.Array, start: pa.Array) -> pa.Array:
    items, of = _nested(lists)
    if not len(items):
        return pa.nulls(len(start), EVENTS_TYPE)
    since = _child(items, "TimeSinceStartNano")
    if pa.types.is_null(since.type):
        time = _integers(items, "TimeUnixNano")
    else:
        time = pc.add(start.take(pa.array(of)), _integers(items, "TimeSinceStartNano"))
    parts = [
        _timestamps(time),
        _texts(_child(items, "Name")),
        _attribute_texts(_child(items, "Attrs"), len(items)),
    ]
    return _relisted(lists, parts, EVENTS_TYPE)


def _links(lists: pa.Array) -> pa.Array:
    items, _ = _nested(lists)
    if not len(items):
        return pa.nulls(len(lists), LINKS_TYPE)
    parts = [
        _hex(_child(items, "TraceID")),
        _hex(_child(items, "SpanID")),
        _texts(_child(items, "TraceState")),
        _attribute_texts(_child(items, "Attrs"), len(items)),
    ]
    return _relisted(lists, parts, LINKS_TYPE)


def _relisted(lists: pa.Array, parts: list[pa.Array], kind: pa.DataType) -> pa.Array:
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    items = pa.StructArray.from_arrays(parts, fields=list(kind.value_type))
    offsets = pa.array(np.concatenate(([0], np.cumsum(lengths))), pa.int32())
    return pa.ListArray.from_arrays(offsets, items, type=kind, mask=pa.array(lengths == 0))
