"""Jaeger documents into columns without a Python object per tag: the fast path.

Arrow parses JSON by an exact schema in which each tag is a field. Jaeger writes a tag as a list item with a
key, a type and a value, so the bytes are rewritten first. The part of a span

    "tags":[{"key":"http.status_code","type":"int64","value":503},{"key":"cached","type":"bool","value":false}],
    "logs":[{"timestamp":1777888800000005,"fields":[{"key":"event","type":"string","value":"retry"}]}],
    "processID":"p1",

becomes

    "tags":[{"http.status_code#i":503,"cached#b":false}],
    "logs":[0],
    "processID":"p1",

1. Logs and processes, which are few, are cut out and parsed by orjson. Their position replaces them.
2. The bytes between a tag's key and its value go, and the type becomes a letter after the key.

Every byte sequence that is searched for contains an unescaped quote, so it is never inside a string. If the
document differs from what Jaeger writes (another order, an unknown field, a key twice, a value that is not of
its type), Arrow refuses it, and `jaeger.rowwise` reads it.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from obskit.readers.batches.row_batcher import CELLS, attribute_name, typed
from obskit.readers.jaeger.rowwise import WARNINGS, process_attributes, resolve_references, span_event
from obskit.readers.spans.tag_schema import TagSchema
from obskit.readers.spans.tags import filled, padded_ids
from obskit.schema import EVENTS_TYPE, LINKS_TYPE, NAMED, TIMESTAMP, FileReport

_SUFFIXES: dict[str, tuple[str, pa.DataType]] = {
    "string": ("#s", pa.string()),
    "binary": ("#s", pa.string()),
    "int64": ("#i", pa.int64()),
    "float64": ("#f", pa.float64()),
    "bool": ("#b", pa.bool_()),
}
"""Jaeger's type -> the suffix of a tag's key, and the Arrow type of the tag."""

_TYPE_OF_SUFFIX = dict(_SUFFIXES.values())
# The longest and most frequent first, so that less is left to search.
_SHORTENED = [
    *(
        (f'","type":"{kind}","value":'.encode(), f'{suffix}":'.encode())
        for kind, (suffix, _) in _SUFFIXES.items()
    ),
    (b'},{"key":', b","),
    (b'[{"key":', b"[{"),
]
_REFERENCE = pa.struct([("refType", pa.string()), ("traceID", pa.string()), ("spanID", pa.string())])
_SPAN: dict[str, pa.DataType] = {
    "traceID": pa.string(),
    "spanID": pa.string(),
    "parentSpanID": pa.string(),
    "flags": pa.int64(),
    "operationName": pa.string(),
    "references": pa.list_(_REFERENCE),
    "startTime": pa.int64(),
    "duration": pa.int64(),
    "logs": pa.list_(pa.int64()),
    "processID": pa.string(),
    "warnings": pa.list_(pa.string()),
}
_ANSWER = [*((name, pa.int64()) for name in ("total", "limit", "offset")), ("errors", pa.null())]
"""What the API's answer has next to its `data`."""

_OPENING = re.compile(rb'\s*(\{"data":\[|\[)?\{"traceID":"[^"]*","spans":\[')
_CHILD = "CHILD_OF"


class _Unfit(ValueError):
    """The document cannot be read by columns."""


class JaegerTagSchema(TagSchema):
    """The tags seen in one file, each under its key and the suffix of its type."""

    key_pattern = re.compile(rb'[{,]"([^"\\]*(?:\\.[^"\\]*)*#[sifb])":')

    def add(self, name: str) -> None:
        """Add a tag by its key with a suffix."""
        kind = _TYPE_OF_SUFFIX.get(name[-2:])
        if kind is not None and not self.full:
            self.tags.setdefault(name, kind)

    def learn(self, tags: Any) -> None:
        """Add the tags of one span, as parsed from JSON."""
        for tag in tags if type(tags) is list and not self.full else ():
            if type(tag) is dict and type(key := tag.get("key")) is str:
                found = _SUFFIXES.get(kind) if type(kind := tag.get("type")) is str else None
                if found is not None:
                    self.tags.setdefault(key + found[0], found[1])

    def document_schema(self, listed: bool) -> pa.Schema:
        """Return the schema of a shortened document: the API's answer, or traces one by one."""
        span = pa.struct([*_SPAN.items(), ("tags", pa.list_(pa.struct(list(self.tags.items()))))])
        trace = pa.struct(
            [
                ("traceID", pa.string()),
                ("spans", pa.list_(span)),
                ("processes", pa.int64()),
                ("warnings", pa.list_(pa.string())),
            ]
        )
        return pa.schema([("data", pa.list_(trace)), *_ANSWER] if listed else trace)


class _Parsed(NamedTuple):
    """The spans of a document.

    Attributes:
        spans: fields as in `_SPAN`, and `tags`.
        trace: the number of each span's trace.
        processes: of each trace, by id.
        logs: of each span that has some.
    """

    spans: pa.StructArray
    trace: npt.NDArray[np.int64]
    processes: list[dict[str, Any]]
    logs: list[list[dict[str, Any]]]


def parse_columns(data: bytes, tags: JaegerTagSchema, report: FileReport) -> list[pa.RecordBatch] | None:
    """Return the spans of a document as columns.

    Args:
        data: JSON in UTF-8.
        tags: the tags of the file so far; new ones are added.
        report: counts the tags of processes that a span's own tags override.

    Returns:
        One batch, or None if the document has to be read row by row.
    """
    opening = _OPENING.match(data)
    if opening is None or not tags.usable:
        return None
    try:
        parsed = _parsed(data, opening[1] or b"", tags)
        if len(parsed.spans) * len(tags.tags) > CELLS and len(parsed.spans) > 1:
            return None
        own = _own(parsed)
        columns = _tags(parsed.spans.field("tags"))
        overridden = _add_processes(columns, parsed)
    except (pa.ArrowException, ValueError, AttributeError, TypeError):
        return None
    if columns.keys() & own.keys():
        return None
    for name, rows in overridden.items():
        report.override(name, rows)
    columns = own | columns
    schema = pa.schema([(name, values.type) for name, values in columns.items()], NAMED)
    return [pa.RecordBatch.from_arrays(list(columns.values()), schema=schema)]


def _parsed(data: bytes, opening: bytes, tags: JaegerTagSchema) -> _Parsed:
    data, logs = _cut_out(data, b'"logs":', b"[{", b"]", b',"processID":')
    data, processes = _cut_out(data, b'"processes":', b"{", b"}", b',"warnings":')
    for long, short in _SHORTENED:
        data = data.replace(long, short)
    if opening == b"[":
        data = b'{"data":' + data + b"}"
    table = tags.parse(data, listed=bool(opening))
    columns = [column.chunk(0) for column in table.columns if column.num_chunks]
    if len(columns) < table.num_columns:
        raise _Unfit
    fields = list(table.schema)
    traces = columns[0].flatten() if opening else pa.StructArray.from_arrays(columns, fields=fields)
    lists = traces.field("spans")
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    spans = lists.flatten()
    positions = spans.field("logs").flatten()
    if traces.null_count or spans.null_count or not len(spans):
        raise _Unfit
    # All positions are there in order, so none of them is a number of the document's own.
    if traces.field("processes").to_pylist() != list(range(len(processes))):
        raise _Unfit
    if positions.to_pylist() != list(range(len(logs))):
        raise _Unfit
    return _Parsed(spans, np.repeat(np.arange(len(traces)), lengths), _load(processes), _load(logs))


def _cut_out(
    data: bytes, key: bytes, begin: bytes, end: bytes, following: bytes
) -> tuple[bytes, list[bytes]]:
    """Return a document with the position of each value instead of the value, and the values.

    Args:
        data: JSON in UTF-8.
        key: the values' key, with its colon.
        begin: how a value begins; the position of a list is itself in a list.
        end: how a value ends.
        following: what follows the value.
    """
    kept: list[bytes | memoryview] = []
    found: list[bytes] = []
    at, view = 0, memoryview(data)
    position = b"[%d]" if begin[:1] == b"[" else b"%d"
    while (start := data.find(key + begin, at)) >= 0:
        start += len(key)
        stop = data.find(end + following, start)
        if stop < 0:
            raise _Unfit
        stop += len(end)
        kept += (view[at:start], position % len(found))
        found.append(data[start:stop])
        at = stop
    return b"".join([*kept, view[at:]]) if kept else data, found


def _load(values: list[bytes]) -> list[Any]:
    return orjson.loads(b"[" + b",".join(values) + b"]")  # type: ignore[no-any-return]


def _own(parsed: _Parsed) -> dict[str, pa.Array]:
    """Return the columns of obskit's own names."""
    spans = parsed.spans
    start, name, ids = spans.field("startTime"), spans.field("operationName"), spans.field("spanID")
    nameless = pc.and_(pc.is_null(start), pc.is_null(name))
    if ids.null_count or pc.any(pc.or_(pc.equal(ids, ""), nameless)).as_py():
        raise _Unfit
    trace = padded_ids(filled(spans.field("traceID")), 32)
    parents, links = _references(spans, trace)
    own = {
        "timestamp": start.cast(TIMESTAMP),
        "duration_ms": pc.divide(pc.cast(spans.field("duration"), pa.float64(), safe=False), 1000.0),
        "name": filled(name),
        "trace_id": trace,
        "span_id": padded_ids(ids, 16),
        "parent_span_id": parents,
    }
    if links is not None:
        own["links"] = links
    if parsed.logs:
        own["events"] = _events(spans.field("logs"), parsed.logs)
    warnings = spans.field("warnings")
    if len(texts := warnings.flatten()):
        if texts.null_count:
            raise _Unfit
        full = pc.fill_null(pc.greater(pc.list_value_length(warnings), 0), False)
        missing = ~full.to_numpy(zero_copy_only=False)
        own[WARNINGS] = warnings.take(pa.array(np.arange(len(warnings)), mask=missing))
    return own


def _events(lists: pa.ListArray, logs: list[list[dict[str, Any]]]) -> pa.Array:
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    column: list[Any] = [None] * len(lists)
    for row, items in zip(np.repeat(np.arange(len(lists)), lengths).tolist(), logs, strict=True):
        column[row] = [span_event(log) for log in items if type(log) is dict] or None
    return pa.array(column, EVENTS_TYPE)


def _references(spans: pa.StructArray, trace: pa.Array) -> tuple[pa.Array, pa.Array | None]:
    """Return each span's parent, and the links of all spans or None if there are none."""
    lists = spans.field("references")
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    values, of = lists.flatten(), np.repeat(np.arange(len(lists)), lengths)
    parents = padded_ids(filled(spans.field("parentSpanID")), 16)
    if not len(values):
        return parents, None
    ids = padded_ids(filled(values.field("spanID")), 16)
    simple = pc.and_(
        pc.and_(pc.equal(values.field("refType"), _CHILD), pc.is_valid(ids)),
        pc.equal(padded_ids(filled(values.field("traceID")), 32), trace.take(pa.array(of))),
    )
    plain = pc.fill_null(simple, False).to_numpy(zero_copy_only=False) & (lengths[of] == 1)
    at = np.full(len(lists), -1, np.int64)
    at[of[plain]] = np.flatnonzero(plain)
    found = pc.coalesce(ids.take(pa.array(at, mask=at < 0)), parents)
    odd = np.setdiff1d(of, of[plain])
    return _odd_references(spans, odd, trace, found) if len(odd) else (found, None)


def _odd_references(
    spans: pa.StructArray, odd: npt.NDArray[np.int64], trace: pa.Array, found: pa.Array
) -> tuple[pa.Array, pa.Array | None]:
    """Resolve, row by row, the references of spans that have several, or one that is not their parent."""
    rows = pa.array(odd)
    parents = found.to_pylist()
    links: list[Any] = [None] * len(found)
    given = zip(
        odd.tolist(),
        spans.field("references").take(rows).to_pylist(),
        trace.take(rows).to_pylist(),
        padded_ids(filled(spans.field("parentSpanID").take(rows)), 16).to_pylist(),
        strict=True,
    )
    for row, references, own, parent in given:
        if not all(item and (item["traceID"] or item["spanID"]) for item in references):
            raise _Unfit
        parents[row], links[row] = resolve_references(references, own, parent)
    column = pa.array([link or None for link in links], LINKS_TYPE)
    return pa.array(parents, pa.string()), column if column.null_count < len(column) else None


def _tags(lists: pa.ListArray) -> dict[str, pa.Array]:
    """Return one column per tag that any span has."""
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    if len(lengths) and lengths.max() > 1:
        raise _Unfit
    tags = lists.flatten()
    if tags.null_count:
        raise _Unfit
    index = None
    if len(tags) < len(lists):
        index = pa.array(np.cumsum(lengths) - 1, mask=lengths == 0)
    columns: dict[str, pa.Array] = {}
    for at, field in enumerate(tags.type):
        values = tags.field(at)
        if values.null_count == len(values):
            continue
        if pa.types.is_floating(values.type):
            _check_floats(values)
        name = attribute_name(field.name[:-2])
        if name in columns:
            raise _Unfit  # a tag of two types, or two tags for one column
        columns[name] = values if index is None else values.take(index)
    return columns


def _check_floats(values: pa.Array) -> None:
    """Refuse numbers so large that they may be integers in the JSON, and NaN, which JSON does not have."""
    if not np.all(np.abs(values.drop_null().to_numpy(zero_copy_only=False)) < 2.0**63):
        raise _Unfit


def _add_processes(columns: dict[str, pa.Array], parsed: _Parsed) -> dict[str, int]:
    """Add the processes' attributes to the columns.

    Returns:
        Attribute -> in how many rows the span's own tag overrides it.
    """
    resources: dict[bytes, int] = {}
    distinct: list[dict[str, Any]] = []
    places: list[dict[str, int]] = []
    for processes in parsed.processes:
        place: dict[str, int] = {}
        for name, process in processes.items():
            key = orjson.dumps(process)
            if key not in resources:
                resources[key] = len(distinct)
                distinct.append(process_attributes(process) if type(process) is dict else {})
            place[name] = resources[key]
        places.append(place)
    ids = parsed.spans.field("processID").to_pylist()
    of = np.fromiter(
        (places[trace].get(name or "", -1) for trace, name in zip(parsed.trace.tolist(), ids, strict=True)),
        np.int64,
        len(ids),
    )
    overridden: dict[str, int] = {}
    index = pa.array(of, mask=of < 0)
    for name in dict.fromkeys(key for resource in distinct for key in resource):
        values, mixed = typed([resource.get(name) for resource in distinct])
        if mixed:
            raise _Unfit
        values = values.take(index)
        have = columns.get(name)
        if have is not None:
            overridden[name] = int(pc.sum(pc.and_(pc.is_valid(have), pc.is_valid(values))).as_py() or 0)
            if have.type != values.type:
                raise _Unfit
            values = pc.coalesce(have, values)
        if values.null_count < len(values):
            columns[name] = values
    return overridden
