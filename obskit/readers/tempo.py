"""Blocks of Grafana Tempo (`vParquet3`, `vParquet4` and similar): one row per trace, with nested spans.

Attributes are in lists of keys and values, in columns of their own (`HttpMethod`, `K8sPodName`, ...), or in
dedicated columns (`String01`, ...). The block's `meta.json` says which attributes the dedicated columns hold;
without that file they keep the column's name. Columns for Tempo's own searches (nested sets, statistics) are
not read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from obskit.readers.batches.attribute_columns import Attributes, Level, Pivot
from obskit.readers.io.source import Source
from obskit.readers.tempo_attributes import META, attribute_texts, child, nested, read_attributes, texts
from obskit.schema import EVENTS_TYPE, LINKS_TYPE, TIMESTAMP, FileReport

TRACES = 1_024
"""Traces per batch; each can have thousands of spans."""

DATA = "data.parquet"
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
_SCOPE = {"Name": "otel.scope.name", "Version": "otel.scope.version"}
_SPAN = {"HttpMethod": "http.method", "HttpUrl": "http.url", "HttpStatusCode": "http.status_code"}
"""Tempo's column -> its attribute."""

_KINDS = ("internal", "server", "client", "producer", "consumer")
_STATUS = ("UNSET", "OK", "ERROR")


def block_files(folder: Path, names: Collection[str]) -> list[Path] | None:
    """Return the data and the subfolders of a block, without the files for Tempo's own searches.

    Args:
        folder: any folder.
        names: names of its entries.

    Returns:
        The paths to read; None if the folder is not a block.
    """
    if not BLOCK.issubset(names):
        return None
    return [folder / name for name in sorted(names) if name == DATA or (folder / name).is_dir()]


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
    resources = nested(batch.column("rs"))
    scopes = nested(child(resources.items, "ss"))
    found = nested(child(scopes.items, "Spans"))
    if not len(found.items):
        return None
    resource_of = scopes.of[found.of]
    trace = _hex(batch.column("TraceID").take(pa.array(resources.of[resource_of])))
    resource, scope = child(resources.items, "Resource"), child(scopes.items, "Scope")
    levels = [
        Level(read_attributes(resource, _RESOURCE, names["resource"], "resource", report), resource_of),
        Level(read_attributes(scope, _SCOPE, {}, "", report), found.of),
    ]
    own = _own(found.items, trace)
    attributes = read_attributes(found.items, _SPAN, names["span"], "span", report)
    return own, attributes, levels


def _own(items: pa.StructArray, trace: pa.Array) -> dict[str, pa.Array]:
    start = _integers(items, "StartTimeUnixNano", "StartUnixNanos")
    length = _integers(items, "DurationNano")
    if length.null_count == len(length):
        length = pc.subtract(_integers(items, "EndUnixNanos"), start)
    own = {
        "timestamp": _timestamps(start),
        "duration_ms": pc.divide(pc.cast(length, pa.float64(), safe=False), 1e6),
        "name": texts(child(items, "Name")),
        "kind": _names(_integers(items, "Kind"), ("", *_KINDS)),
        "trace_id": trace,
        "span_id": _hex(_either(items, "SpanID", "ID")),
        "parent_span_id": _hex(child(items, "ParentSpanID")),
        "trace_state": texts(child(items, "TraceState")),
        "status_code": _names(_integers(items, "StatusCode"), _STATUS),
        "status_message": texts(child(items, "StatusMessage")),
        "events": _events(child(items, "Events"), start),
        "links": _links(child(items, "Links")),
    }
    return {n: v for n, v in own.items() if v.null_count < len(v) or n in ("timestamp", "trace_id")}


def _either(items: pa.StructArray, *names: str) -> pa.Array:
    return next(
        (found for name in names if not pa.types.is_null((found := child(items, name)).type)),
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


def _events(lists: pa.Array, start: pa.Array) -> pa.Array:
    items, of = nested(lists)
    if not len(items):
        return pa.nulls(len(start), EVENTS_TYPE)
    since = child(items, "TimeSinceStartNano")
    if pa.types.is_null(since.type):
        time = _integers(items, "TimeUnixNano")
    else:
        time = pc.add(start.take(pa.array(of)), _integers(items, "TimeSinceStartNano"))
    parts = [
        _timestamps(time),
        texts(child(items, "Name")),
        attribute_texts(child(items, "Attrs"), len(items)),
    ]
    return _relisted(lists, parts, EVENTS_TYPE)


def _links(lists: pa.Array) -> pa.Array:
    items, _ = nested(lists)
    if not len(items):
        return pa.nulls(len(lists), LINKS_TYPE)
    parts = [
        _hex(child(items, "TraceID")),
        _hex(child(items, "SpanID")),
        texts(child(items, "TraceState")),
        attribute_texts(child(items, "Attrs"), len(items)),
    ]
    return _relisted(lists, parts, LINKS_TYPE)


def _relisted(lists: pa.Array, parts: list[pa.Array], kind: pa.DataType) -> pa.Array:
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    items = pa.StructArray.from_arrays(parts, fields=list(kind.value_type))
    offsets = pa.array(np.concatenate(([0], np.cumsum(lengths))), pa.int32())
    return pa.ListArray.from_arrays(offsets, items, type=kind, mask=pa.array(lengths == 0))
