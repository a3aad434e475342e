"""Jaeger's documents as columns without a Python value a tag: the fast way, for what Jaeger itself writes.

Arrow parses the JSON by an exact schema. A tag's value is of any type under one name, which no schema can
say, so the bytes that name its type become part of the value's name first: `"type":"int64","value":` is
`"int64":` then. These bytes have quotes in them that are not escaped, so they cannot be within a string.
Whatever is not exactly as Jaeger writes it (another order of fields, an unknown one, a value of another
type than is said) makes Arrow refuse, and `jaegerrows` reads the document.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from obskit.readers.jaegerrows import WARNINGS, event_of, references_of
from obskit.readers.pivot import Attributes, Level, Pivot
from obskit.readers.tags import padded_ids
from obskit.schema import EVENTS_TYPE, LINKS_TYPE, TIMESTAMP

PROCESSES = 500
"""Distinct names of processes beyond which a document is read the other way: each is a column here."""

_TYPES: dict[str, pa.DataType] = {
    "string": pa.string(),
    "int64": pa.int64(),
    "float64": pa.float64(),
    "bool": pa.bool_(),
}
_NAMES = [
    (f'"type":"{said}","value":'.encode(), f'"{kind}":'.encode())
    for said, kind in (("string", "string"), ("binary", "string"), *((k, k) for k in list(_TYPES)[1:]))
]
_TAG = pa.struct([("key", pa.string()), *_TYPES.items()])
_PROCESS = pa.struct([("serviceName", pa.string()), ("tags", pa.list_(_TAG))])
_REFERENCE = pa.struct([("refType", pa.string()), ("traceID", pa.string()), ("spanID", pa.string())])
_SPAN: dict[str, pa.DataType] = {
    "traceID": pa.string(),
    "spanID": pa.string(),
    "parentSpanID": pa.string(),
    "flags": pa.int64(),
    "operationName": pa.string(),
    "references": pa.list_(_REFERENCE),
    "startTime": pa.int64(),
    "startTimeMillis": pa.int64(),
    "duration": pa.int64(),
    "tags": pa.list_(_TAG),
    "logs": pa.list_(pa.struct([("timestamp", pa.int64()), ("fields", pa.list_(_TAG))])),
    "processID": pa.string(),
    "process": _PROCESS,
    "warnings": pa.list_(pa.string()),
}
_BEGIN = re.compile(rb'"processes":\{')
_END = re.compile(rb'\}(?:,"warnings":|\})')
_PROCESS_NAME = re.compile(rb'[{,]"([^"\\]{1,200})":\{"serviceName":')
_FIRST = re.compile(
    rb'\s*(\{"data":\[|\{"traceID":"[^"]*","spans":|\{"traceID":|\[\{"traceID":"[^"]*","spans":|\[\{)'
)
_CHILD = "CHILD_OF"


class _Unfit(ValueError):
    """What was parsed is nothing that this way may read."""


class _Flat(NamedTuple):
    """Spans, and of each the trace that it lies in and the process that it has, as a place in `processes`."""

    spans: pa.StructArray
    processes: pa.StructArray
    of: npt.NDArray[np.int64]


def batches(data: bytes, pivot: Pivot) -> list[pa.RecordBatch] | None:
    """Return the spans of a document in UTF-8, or None where the other way is to read it.

    Raises:
        LimitExceeded: too many field names.
    """
    first = _FIRST.match(data)
    if first is None:
        return None
    try:
        flat = _parsed(data, first[1])
        if flat is None or not len(flat.spans):
            return None
        own = _own(flat.spans)
        attributes = _attributes(flat.spans.field("tags"))
        level = Level(_resource(flat.processes), flat.of)
    except (pa.ArrowException, _Unfit):
        return None
    return list(pivot.batches(own, attributes, [level]))


def _parsed(data: bytes, first: bytes) -> _Flat | None:
    for said, name in _NAMES:
        data = data.replace(said, name)
    names = _process_names(data) if b'"spans":' in first or b'"data":' in first else []
    if names is None:
        return None
    span = pa.struct(list(_SPAN.items()))
    trace = pa.struct(
        [
            ("traceID", pa.string()),
            ("spans", pa.list_(span)),
            ("processes", pa.struct([(name, _PROCESS) for name in names])),
            ("warnings", pa.list_(pa.string())),
        ]
    )
    if first.startswith(b"["):
        data = b'{"list":' + data + b"}"
        schema = pa.schema([("list", pa.list_(trace if b'"spans":' in first else span))])
    elif b'"data":' in first:
        counts = [(name, pa.int64()) for name in ("total", "limit", "offset")]
        schema = pa.schema([("data", pa.list_(trace)), *counts, ("errors", pa.null())])
    else:
        schema = pa.schema(trace if b'"spans":' in first else span)
    table = pj.read_json(
        pa.BufferReader(data),
        read_options=pj.ReadOptions(use_threads=False, block_size=len(data) + 1),
        parse_options=pj.ParseOptions(explicit_schema=schema, unexpected_field_behavior="error"),
    ).combine_chunks()
    items = pa.StructArray.from_arrays(
        [column.chunk(0) if column.num_chunks else pa.nulls(0, column.type) for column in table.columns],
        fields=list(table.schema),
    )
    if "list" in schema.names or "data" in schema.names:
        items = _values(items.field(0))[0]
    if b'"spans":' not in first and b'"data":' not in first:
        _no_nulls(items)
        return _Flat(items, items.field("process"), np.arange(len(items)))
    _no_nulls(items)
    spans, trace_of = _values(items.field("spans"))
    _no_nulls(spans)
    return _flat(spans, trace_of, items.field("processes"), names)


def _process_names(data: bytes) -> list[str] | None:
    names: dict[bytes, None] = {}
    at = 0
    while begin := _BEGIN.search(data, at):
        end = _END.search(data, begin.end())
        if end is None:
            return None
        names.update(dict.fromkeys(_PROCESS_NAME.findall(data, begin.end() - 1, end.start() + 1)))
        at = end.end()
        if len(names) > PROCESSES:
            return None
    return [name.decode() for name in names]


def _flat(
    spans: pa.StructArray, trace_of: npt.NDArray[np.int64], processes: pa.StructArray, names: list[str]
) -> _Flat:
    """Say for every span which process it names: they are laid out a name after the other, then none."""
    if pc.any(pc.is_valid(spans.field("process"))).as_py():
        raise _Unfit
    traces = len(processes)
    laid = [processes.field(name) for name in names]
    none = pa.nulls(1, _PROCESS)
    codes = pc.fill_null(pc.index_in(spans.field("processID"), pa.array(names, pa.string())), -1)
    code = codes.to_numpy(zero_copy_only=False).astype(np.int64)
    of = np.where(code < 0, traces * len(names), code * traces + trace_of)
    return _Flat(spans, pa.concat_arrays([*laid, none]), of)


def _no_nulls(items: pa.Array) -> None:
    if items.null_count:
        raise _Unfit


def _values(lists: pa.ListArray) -> tuple[pa.Array, npt.NDArray[np.int64]]:
    """Return what all lists hold, one after the other, and in which list each was."""
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    return lists.flatten(), np.repeat(np.arange(len(lists)), lengths)


def _own(spans: pa.StructArray) -> dict[str, pa.Array]:
    start, name = spans.field("startTime"), spans.field("operationName")
    ids = spans.field("spanID")
    if ids.null_count or pc.any(pc.equal(ids, "")).as_py():
        raise _Unfit
    if pc.any(
        pc.and_(pc.is_null(start), pc.or_(pc.is_null(name), pc.is_valid(spans.field("startTimeMillis"))))
    ).as_py():
        raise _Unfit
    trace = _id(spans.field("traceID"), 32)
    parents, links = _references(spans, trace)
    own = {
        "timestamp": start.cast(TIMESTAMP),
        "duration_ms": pc.divide(pc.cast(spans.field("duration"), pa.float64(), safe=False), 1000.0),
        "name": _filled(name),
        "trace_id": trace,
        "span_id": _id(ids, 16),
        "parent_span_id": parents,
    }
    for column, values in (("links", links), ("events", _events(spans.field("logs")))):
        if values is not None:
            own[column] = values
    warnings = spans.field("warnings")
    if warnings.null_count < len(warnings) and len(warnings.flatten()):
        if warnings.flatten().null_count:
            raise _Unfit
        own[WARNINGS] = _or_null(warnings)
    return own


def _id(array: pa.Array, width: int) -> pa.Array:
    return padded_ids(_filled(array), width)


def _filled(array: pa.Array) -> pa.Array:
    """Return texts with empty ones as null."""
    empty = pc.equal(array, "")
    return pc.if_else(empty, pa.scalar(None, array.type), array) if pc.any(empty).as_py() else array


def _or_null(lists: pa.ListArray) -> pa.Array:
    """Return lists with empty ones as null."""
    full = pc.fill_null(pc.greater(pc.list_value_length(lists), 0), False)
    return lists.take(pa.array(np.arange(len(lists)), mask=~full.to_numpy(zero_copy_only=False)))


def _references(spans: pa.StructArray, trace: pa.Array) -> tuple[pa.Array, pa.Array | None]:
    """Return every span's parent, and its links where any has one."""
    lists = spans.field("references")
    values, of = _values(lists)
    parents = _id(spans.field("parentSpanID"), 16)
    if not len(values):
        return parents, None
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    their = _id(values.field("traceID"), 32)
    ids = _id(values.field("spanID"), 16)
    simple = pc.and_(
        pc.and_(pc.equal(values.field("refType"), _CHILD), pc.is_valid(ids)),
        pc.equal(their, trace.take(pa.array(of))),
    )
    plain = pc.fill_null(simple, False).to_numpy(zero_copy_only=False) & (lengths[of] == 1)
    at = np.full(len(lists), -1, np.int64)
    at[of[plain]] = np.flatnonzero(plain)
    found = pc.coalesce(ids.take(pa.array(at, mask=at < 0)), parents)
    odd = np.setdiff1d(of, of[plain])
    if not len(odd):
        return found, None
    return _odd_references(spans, odd, trace, found)


def _odd_references(
    spans: pa.StructArray, odd: npt.NDArray[np.int64], trace: pa.Array, found: pa.Array
) -> tuple[pa.Array, pa.Array | None]:
    """Go row by row where a span has several references, or one that is not just its parent."""
    rows = pa.array(odd)
    parents, links = found.to_pylist(), [None] * len(found)
    given = zip(
        odd.tolist(),
        spans.field("references").take(rows).to_pylist(),
        trace.take(rows).to_pylist(),
        _id(spans.field("parentSpanID").take(rows), 16).to_pylist(),
        strict=True,
    )
    for row, references, own, parent in given:
        items = [{k: v for k, v in item.items() if v is not None} for item in references if item is not None]
        if any("traceID" not in item and "spanID" not in item for item in items):
            raise _Unfit
        parents[row], links[row] = references_of(items, own, parent)
    column = pa.array([link or None for link in links], LINKS_TYPE)
    return pa.array(parents, pa.string()), column if column.null_count < len(column) else None


def _events(logs: pa.ListArray) -> pa.Array | None:
    """Return the logs as events where any span has some; they are few, and their fields become one text."""
    if logs.null_count == len(logs) or not len(logs.flatten()):
        return None
    rows = np.flatnonzero(
        pc.fill_null(pc.greater(pc.list_value_length(logs), 0), False).to_numpy(zero_copy_only=False)
    )
    column: list[Any] = [None] * len(logs)
    for row, items in zip(rows.tolist(), logs.take(pa.array(rows)).to_pylist(), strict=True):
        found = [event_of(log["timestamp"], _fields(log["fields"] or [])) for log in items if log is not None]
        column[row] = found or None
    return pa.array(column, EVENTS_TYPE)


def _fields(fields: list[dict[str, Any] | None]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for field in fields:
        if field is None:
            continue
        value = next((field[kind] for kind in _TYPES if field[kind] is not None), None)
        if type(value) is float and not abs(value) < 2.0**63:
            raise _Unfit
        if value is not None:
            out["None" if field["key"] is None else field["key"]] = value
    return out


def _attributes(lists: pa.ListArray) -> Attributes:
    pairs, of = _values(lists)
    values = tuple(pairs.field(kind) for kind in _TYPES)
    floats = values[2]
    if floats.null_count < len(floats):
        # Such large ones may be integers in the document, and "NaN" is no JSON: the other way sees which.
        numbers = floats.drop_null().to_numpy(zero_copy_only=False)
        if not np.all(np.abs(numbers) < 2.0**63):
            raise _Unfit
    kept = tuple(array for array in values if array.null_count < len(array))
    return Attributes(of, pairs.field("key"), kept, {})


def _resource(processes: pa.StructArray) -> Attributes:
    """Return the processes' tags, and their service as one more."""
    tags = _attributes(processes.field("tags"))
    service = _filled(processes.field("serviceName"))
    rows = np.concatenate([tags.row, np.arange(len(processes))])
    order = np.argsort(rows, kind="stable")
    keys = pa.concat_arrays([tags.key, pa.repeat("service.name", len(processes))])
    texts = [array for array in tags.values if pa.types.is_string(array.type)]
    others = [array for array in tags.values if not pa.types.is_string(array.type)]
    text = texts[0] if texts else pa.nulls(len(tags.row), pa.string())
    columns = [pa.concat_arrays([text, service])]
    columns += [pa.concat_arrays([array, pa.nulls(len(service), array.type)]) for array in others]
    at = pa.array(order)
    return Attributes(rows[order], keys.take(at), tuple(column.take(at) for column in columns), {})
