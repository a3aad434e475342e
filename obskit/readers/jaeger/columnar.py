"""Jaeger's documents as columns without a Python value a tag: the fast way, for traces as Jaeger writes them.

Arrow parses the JSON by an exact schema in which a tag is a field. So that it can be, the bytes between a
tag's key and its value go, and its type becomes the last letter of the key: of
`[{"key":"http.status_code","type":"int64","value":200},{"key":` is left `[{"http.status_code#i":200,`.
Logs and processes, which are few, are then taken out, their number stands in their place. All bytes looked
for have quotes in them that are not escaped, so they are within no string. Whatever is not exactly as
Jaeger writes it (another order, an unknown field, a key twice, a value of another type than is said, a tag
that no span had before) makes Arrow refuse, and `jaegerrows` reads the document.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from obskit.readers.batches.row_batcher import CELLS, attribute_name, typed
from obskit.readers.jaeger.rowwise import WARNINGS, event, references_of, resource_of
from obskit.readers.spans.tags import filled, keys_in, padded_ids
from obskit.schema import EVENTS_TYPE, LINKS_TYPE, NAMED, TIMESTAMP, FileReport

FAST_TAGS = 2_000
"""Names of tags beyond which Arrow is not asked: it makes a cell of each for every span."""

_LETTERS: dict[str, tuple[str, pa.DataType]] = {
    "string": ("#s", pa.string()),
    "binary": ("#s", pa.string()),
    "int64": ("#i", pa.int64()),
    "float64": ("#f", pa.float64()),
    "bool": ("#b", pa.bool_()),
}
_WORDS = {letter: word for word, (letter, _) in _LETTERS.items() if word != "binary"}
_BY_LETTER = dict(_LETTERS.values())
_KEY = re.compile(rb'[{,]"([^"\\]*(?:\\.[^"\\]*)*#[sifb])":')
# The longest and commonest first: what follows has less to go through.
_SHORTER = [
    *(
        (f'","type":"{said}","value":'.encode(), f'{letter}":'.encode())
        for said, (letter, _) in _LETTERS.items()
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
_AROUND = [*((name, pa.int64()) for name in ("total", "limit", "offset")), ("errors", pa.null())]
_OPENING = re.compile(rb'\s*(\{"data":\[|\[)?\{"traceID":"[^"]*","spans":\[')
_CHILD = "CHILD_OF"


class _Unfit(ValueError):
    """What was parsed is nothing that this way may read."""


class Known:
    """The tags of the spans so far: keys, each with the letter of its type."""

    def __init__(self) -> None:
        self.tags: dict[str, pa.DataType] = {}

    def learn(self, tags: Any) -> None:
        """Take in a span's tags."""
        if type(tags) is not list or len(self.tags) > FAST_TAGS:
            return
        for tag in tags:
            if type(tag) is dict and type(key := tag.get("key")) is str:
                found = _LETTERS.get(kind) if type(kind := tag.get("type")) is str else None
                if found is not None:
                    self.tags.setdefault(key + found[0], found[1])

    def found_in(self, data: bytes) -> bool:
        """Take in the keys of a shortened document; return whether any is new, and there are not too many."""
        before = len(self.tags)
        for name in keys_in(data):
            self._add(name)
        for key in {*_KEY.findall(data)} if len(self.tags) == before else ():
            try:
                self._add(orjson.loads(b'"' + key + b'"'))
            except orjson.JSONDecodeError:
                continue
        return before < len(self.tags) <= FAST_TAGS

    def _add(self, name: str) -> None:
        if name[-2:] in _BY_LETTER and len(self.tags) <= FAST_TAGS:
            self.tags.setdefault(name, _BY_LETTER[name[-2:]])

    @property
    def enough(self) -> bool:
        """Whether this way can be gone."""
        return 0 < len(self.tags) <= FAST_TAGS


class _Parsed(NamedTuple):
    """Spans, the trace of each, and what was taken out of the document."""

    spans: pa.StructArray
    trace: npt.NDArray[np.int64]
    processes: list[dict[str, Any]]
    logs: list[list[dict[str, Any]]]


def batches(data: bytes, known: Known, report: FileReport) -> list[pa.RecordBatch] | None:
    """Return the spans of a document in UTF-8, or None where the other way is to read it."""
    opening = _OPENING.match(data)
    if opening is None or not known.enough:
        return None
    try:
        parsed = _parsed(data, opening[1] or b"", known)
        if len(parsed.spans) * len(known.tags) > CELLS and len(parsed.spans) > 1:
            return None
        own = _own(parsed)
        columns = _tags(parsed.spans.field("tags"))
        both = _with_resource(columns, parsed)
    except (pa.ArrowException, orjson.JSONDecodeError, ValueError, AttributeError, TypeError):
        return None
    if columns.keys() & own.keys():
        return None
    for name, rows in both.items():
        report.override(name, rows)
    columns = own | columns
    schema = pa.schema([(name, values.type) for name, values in columns.items()], NAMED)
    return [pa.RecordBatch.from_arrays(list(columns.values()), schema=schema)]


def _parsed(data: bytes, opening: bytes, known: Known) -> _Parsed:
    for long, short in _SHORTER:
        data = data.replace(long, short)
    data, logs = _taken_out(data, b'"logs":[{', b'],"processID":', 7, 1)
    data, processes = _taken_out(data, b'"processes":{', b'},"warnings":', 12, 1)
    if opening == b"[":
        data = b'{"data":' + data + b"}"
    try:
        table = _by_arrow(data, bool(opening), known)
    except pa.ArrowInvalid:
        # What is new is looked for only now, for that takes half as long as parsing does.
        if not known.found_in(data):
            raise
        table = _by_arrow(data, bool(opening), known)
    columns = [column.chunk(0) for column in table.columns if column.num_chunks]
    if len(columns) < table.num_columns:
        raise _Unfit
    fields = list(table.schema)
    traces = columns[0].flatten() if opening else pa.StructArray.from_arrays(columns, fields=fields)
    lists = traces.field("spans")
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    spans = lists.flatten()
    numbers = spans.field("logs").flatten()
    # The numbers are there as they were written, so they stand for what was taken out and for nothing else.
    if traces.null_count or spans.null_count or not len(spans):
        raise _Unfit
    if traces.field("processes").to_pylist() != list(range(len(processes))):
        raise _Unfit
    if numbers.to_pylist() != list(range(len(logs))):
        raise _Unfit
    return _Parsed(spans, np.repeat(np.arange(len(traces)), lengths), _json(processes), _json(logs))


def _by_arrow(data: bytes, around: bool, known: Known) -> pa.Table:
    span = pa.struct([*_SPAN.items(), ("tags", pa.list_(pa.struct(list(known.tags.items()))))])
    trace = pa.struct(
        [
            ("traceID", pa.string()),
            ("spans", pa.list_(span)),
            ("processes", pa.int64()),
            ("warnings", pa.list_(pa.string())),
        ]
    )
    return pj.read_json(
        pa.BufferReader(data),
        read_options=pj.ReadOptions(use_threads=False, block_size=len(data) + 1),
        parse_options=pj.ParseOptions(
            explicit_schema=pa.schema([("data", pa.list_(trace)), *_AROUND] if around else trace),
            unexpected_field_behavior="error",
        ),
    ).combine_chunks()


def _taken_out(data: bytes, begin: bytes, end: bytes, ahead: int, tail: int) -> tuple[bytes, list[bytes]]:
    """Return a document with numbers in the place of values, and the values.

    Args:
        begin: how the value and its key begin; `ahead` bytes of it stand before the value.
        end: what the value ends with and what follows; `tail` bytes of it are the value's.
    """
    kept: list[bytes | memoryview] = []
    found: list[bytes] = []
    at, view = 0, memoryview(data)
    while (start := data.find(begin, at)) >= 0:
        start += ahead
        stop = data.find(end, start)
        if stop < 0:
            raise _Unfit
        stop += tail
        kept += (view[at:start], _number(begin, len(found)))
        found.append(data[start:stop])
        at = stop
    return b"".join([*kept, view[at:]]) if kept else data, found


def _number(begin: bytes, number: int) -> bytes:
    return b"[%d]" % number if begin.endswith(b"[{") else b"%d" % number


def _json(values: list[bytes]) -> list[Any]:
    return orjson.loads(b"[" + b",".join(values) + b"]")  # type: ignore[no-any-return]


def _long(item: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a log or process with its tags as they were before the document was shortened."""
    if type(tags := item.get(name)) is not list:
        return item
    if not all(type(each) is dict and key[-2:] in _WORDS for each in tags for key in each):
        raise _Unfit
    pairs = [(key, value) for each in tags for key, value in each.items()]
    return item | {name: [{"key": k[:-2], "type": _WORDS[k[-2:]], "value": v} for k, v in pairs]}


def _own(parsed: _Parsed) -> dict[str, pa.Array]:
    """Return our columns."""
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
        column[row] = [event(_long(log, "fields")) for log in items if type(log) is dict] or None
    return pa.array(column, EVENTS_TYPE)


def _references(spans: pa.StructArray, trace: pa.Array) -> tuple[pa.Array, pa.Array | None]:
    """Return every span's parent, and its links where any has one."""
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
    """Go row by row where a span has several references, or one that is not just its parent."""
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
        parents[row], links[row] = references_of(references, own, parent)
    column = pa.array([link or None for link in links], LINKS_TYPE)
    return pa.array(parents, pa.string()), column if column.null_count < len(column) else None


def _tags(lists: pa.ListArray) -> dict[str, pa.Array]:
    """Return a column a tag that any span has."""
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
            raise _Unfit  # of two types, or made room for one that is there
        columns[name] = values if index is None else values.take(index)
    return columns


def _check_floats(values: pa.Array) -> None:
    """Refuse what is so large that it may have been written as an integer, and "NaN", which is no JSON."""
    if not np.all(np.abs(values.drop_null().to_numpy(zero_copy_only=False)) < 2.0**63):
        raise _Unfit


def _with_resource(columns: dict[str, pa.Array], parsed: _Parsed) -> dict[str, int]:
    """Add the processes' attributes to the columns; return in how many rows a span's own took their place."""
    resources: dict[bytes, int] = {}
    distinct: list[dict[str, Any]] = []
    places: list[dict[str, int]] = []
    for processes in parsed.processes:
        place: dict[str, int] = {}
        for name, process in processes.items():
            key = orjson.dumps(process)
            if key not in resources:
                resources[key] = len(distinct)
                distinct.append(resource_of(_long(process, "tags")) if type(process) is dict else {})
            place[name] = resources[key]
        places.append(place)
    ids = parsed.spans.field("processID").to_pylist()
    of = np.fromiter(
        (places[trace].get(name or "", -1) for trace, name in zip(parsed.trace.tolist(), ids, strict=True)),
        np.int64,
        len(ids),
    )
    both: dict[str, int] = {}
    index = pa.array(of, mask=of < 0)
    for name in dict.fromkeys(key for resource in distinct for key in resource):
        values, mixed = typed([resource.get(name) for resource in distinct])
        if mixed:
            raise _Unfit
        values = values.take(index)
        have = columns.get(name)
        if have is not None:
            both[name] = int(pc.sum(pc.and_(pc.is_valid(have), pc.is_valid(values))).as_py() or 0)
            if have.type != values.type:
                raise _Unfit
            values = pc.coalesce(have, values)
        if values.null_count < len(values):
            columns[name] = values
    return both
