"""Convert spans and log records from Arrow structs to events, without Python objects per record.

The structs come from protobuf (`messages`) or from JSON (`json_columnar`), nested as in OTLP:

    [{resource: {attributes}, scopeSpans: [{scope, spans: [{name: "GET /", attributes: [{key, value}]}]}]}]
    ->  name: "GET /"   service.name (resource): "shop"   otel.scope.name (scope): "lib"   http.route: "/"

The events equal those of `rowwise`. Malformed records, and those without a form in Arrow, raise `Unusual`
before any row is returned; the caller then uses `rowwise`, which knows what is wrong and where.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from obskit.readers.batches.attribute_columns import Attributes, Integers, Level, Pivot
from obskit.readers.faults import NOT_FAULTS
from obskit.readers.otlp import messages, typed_values
from obskit.readers.otlp.json_attributes import PLACEHOLDER, ExtractedPairs
from obskit.readers.otlp.messages import SPANS, Signal
from obskit.readers.otlp.scalar_columns import (
    Unusual,
    as_text,
    durations,
    filled,
    hex_ids,
    integers,
    moments,
    nanoseconds,
)
from obskit.readers.spans.oddities import Oddities
from obskit.schema import EVENTS_TYPE, LINKS_TYPE
from obskit.schema.parse import by_value
from obskit.schema.types import json_text

_NESTED = ("arrayValue", "kvlistValue")


def to_batches(
    signal: Signal,
    requests: pa.Array,
    pivot: Pivot,
    extracted: ExtractedPairs | None = None,
    odd: Oddities | None = None,
) -> Iterator[pa.RecordBatch]:
    """Return the records of requests as batches.

    Args:
        signal: what the records are.
        requests: one list of resources per request, as structs; ids and texts are strings or bytes.
        pivot: makes the batches of the file.
        extracted: lists of attributes that `json_attributes` took out of `requests`.
        odd: counts odd spans.
    Returns:
        Iterator of batches. It raises `LimitExceeded` if there are more than `MAX_FIELDS` distinct names.
    Raises:
        Unusual: a record is malformed, or has no form in Arrow.
    """
    try:
        resources, _ = _items(requests)
        groups, resource_of = _items(_child(resources, signal.scopes))
        records, scope_of = _items(_child(groups, signal.records))
        if not len(records):
            return iter(())
        if len(groups) > len(records):
            groups, scope_of, resource_of = _with_records(groups, scope_of, resource_of)
        levels = [
            Level(
                _pairs(_child(_child(resources, "resource"), "attributes"), extracted), resource_of[scope_of]
            ),
            Level(scope_attributes(_child(groups, "scope"), extracted), scope_of),
        ]
        attributes = _pairs(_child(records, "attributes"), extracted)
        own = _spans(records, extracted) if signal is SPANS else _logs(records, attributes)
        seen = _oddities(records, signal, own) if odd is not None else None
    except NOT_FAULTS:
        raise
    except Exception as error:
        raise Unusual(str(error)) from None
    if (
        odd is not None and seen is not None
    ):  # only now is it certain that `rowwise` will not count them again
        odd.add(seen)
    return pivot.batches(own, attributes, levels)


def _oddities(records: pa.Array, signal: Signal, own: dict[str, pa.Array]) -> Oddities:
    out = Oddities()
    if signal is SPANS and own["duration_ms"].null_count:
        out.count_times(
            *(nanoseconds(_child(records, name)) for name in ("startTimeUnixNano", "endTimeUnixNano"))
        )
    ids = [_child(records, name) for name in ("traceId", "spanId")]
    if any(pa.types.is_string(array.type) for array in ids):
        padded = [pc.fill_null(pc.ends_with(as_text(array), "="), False) for array in ids]
        out.base64 = pc.sum(pc.or_(*padded)).as_py() or 0
    return out


def _child(array: pa.Array, name: str) -> pa.Array:
    if not pa.types.is_struct(array.type) or array.type.get_field_index(name) < 0:
        return pa.nulls(len(array))
    return pc.struct_field(array, name)


def _items(lists: pa.Array) -> tuple[pa.Array, Integers]:
    """Return the items of all lists, and for each item the number of its list."""
    if pa.types.is_null(lists.type):
        return pa.nulls(0), np.zeros(0, np.int64)
    items = lists.flatten()
    if items.null_count:
        raise Unusual("null among records")
    return items, pc.list_parent_indices(lists).to_numpy(zero_copy_only=False)


def _with_records(
    groups: pa.Array, scope_of: Integers, resource_of: Integers
) -> tuple[pa.Array, Integers, Integers]:
    """Drop scopes without records, because each attribute name costs one cell per scope."""
    used, scope_of = np.unique(scope_of, return_inverse=True)
    return groups.take(pa.array(used)), scope_of, resource_of[used]


def _map_values(array: pa.Array, word: Callable[[Any], Any], kind: pa.DataType) -> pa.Array:
    if pa.types.is_null(array.type):
        return pa.nulls(len(array), kind)
    return by_value(array, word, kind)


def _spans(records: pa.Array, extracted: ExtractedPairs | None) -> dict[str, pa.Array]:
    start, end = (nanoseconds(_child(records, name)) for name in ("startTimeUnixNano", "endTimeUnixNano"))
    status = _child(records, "status")
    out = {
        "timestamp": moments(start),
        "duration_ms": durations(start, end),
        "name": filled(_child(records, "name")),
        "kind": _map_values(_child(records, "kind"), typed_values.kind_word, pa.string()),
        "trace_id": hex_ids(_child(records, "traceId")),
        "span_id": hex_ids(_child(records, "spanId")),
        "parent_span_id": hex_ids(_child(records, "parentSpanId")),
        "status_code": _statuses(_child(status, "code")),
    }
    rare = {
        "trace_state": filled(_child(records, "traceState")),
        "status_message": filled(_child(status, "message")),
        "events": _struct_lists(_child(records, "events"), EVENTS_TYPE, partial(_event, extracted)),
        "links": _struct_lists(_child(records, "links"), LINKS_TYPE, partial(_link, extracted)),
    }
    return out | {name: array for name, array in rare.items() if array.null_count < len(array)}


def _statuses(code: pa.Array) -> pa.Array:
    words = _map_values(code, typed_values.status_word, pa.string())
    return pc.if_else(pc.is_null(code), "UNSET", words) if code.null_count else words


def _struct_lists(lists: pa.Array, kind: pa.DataType, make: Callable[[pa.Array], list[pa.Array]]) -> pa.Array:
    """Return the events or links of spans as lists of structs, null for none."""
    items, owner = _items(lists)
    if not len(items):
        return pa.nulls(len(lists), kind)
    inner = kind.value_type
    made = pa.StructArray.from_arrays(make(items), fields=list(inner))
    counts = np.bincount(owner, minlength=len(lists))
    offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), made, type=kind, mask=pa.array(counts == 0))


def _event(extracted: ExtractedPairs | None, items: pa.Array) -> list[pa.Array]:
    time = moments(nanoseconds(_child(items, "timeUnixNano")))
    return [time, filled(_child(items, "name")), _attribute_texts(_child(items, "attributes"), extracted)]


def _link(extracted: ExtractedPairs | None, items: pa.Array) -> list[pa.Array]:
    ids = [pc.utf8_lower(hex_ids(_child(items, name))) for name in ("traceId", "spanId")]
    return [
        *ids,
        filled(_child(items, "traceState")),
        _attribute_texts(_child(items, "attributes"), extracted),
    ]


def _logs(records: pa.Array, attributes: Attributes) -> dict[str, pa.Array]:
    own, observed = (nanoseconds(_child(records, name)) for name in ("timeUnixNano", "observedTimeUnixNano"))
    name, body = filled(_child(records, "eventName")), _child(records, "body")
    out = {
        "timestamp": pc.coalesce(moments(own), moments(observed)),
        "name": pc.coalesce(name, _event_names(attributes, len(records))) if name.null_count else name,
        "kind": pa.repeat("event", len(records)),
        "trace_id": hex_ids(_child(records, "traceId")),
        "span_id": hex_ids(_child(records, "spanId")),
        "severity_text": filled(_child(records, "severityText")),
        "severity_number": _map_values(_child(records, "severityNumber"), typed_values.severity, pa.int64()),
    }
    return out | ({"body": _bodies(body)} if body.null_count < len(body) else {})


def _event_names(attributes: Attributes, rows: int) -> pa.Array:
    """Return the attribute `event.name` of each row as text; the first if there are several."""
    at = np.flatnonzero(
        pc.equal(attributes.key.cast(pa.string()), "event.name").to_numpy(zero_copy_only=False)
    )
    out: list[str | None] = [None] * rows
    for place in at[::-1].tolist():
        found = next((v[place].as_py() for v in attributes.values if v[place].is_valid), None)
        out[int(attributes.row[place])] = typed_values.value_text(attributes.other.get(place, found))
    return pa.array(out, pa.string())


def _bodies(bodies: pa.Array) -> pa.Array:
    texts = as_text(_child(bodies, "stringValue"))
    others = np.flatnonzero(pc.and_(pc.is_valid(bodies), pc.is_null(texts)).to_numpy(zero_copy_only=False))
    if not len(others):
        return texts
    made: list[str | None] = [None] * len(bodies)
    for at, item in zip(others.tolist(), bodies.take(pa.array(others)).to_pylist(), strict=True):
        made[at] = typed_values.value_text(typed_values.value(_as_json(item)))
    return pc.coalesce(texts, pa.array(made, pa.string()))


def _as_json(item: dict[str, Any]) -> dict[str, Any]:
    """Return an AnyValue in the form of OTLP's JSON; nested values and texts may still be protobuf."""
    out: dict[str, Any] = {}
    for name, found in item.items():
        if found is None:
            continue
        if not isinstance(found, bytes):
            out[name] = found
        elif name in _NESTED:
            out.update(messages.value(name, found))
        else:
            out[name] = base64.b64encode(found).decode() if name == "bytesValue" else found.decode()
    return out


def scope_attributes(scope: pa.Array, extracted: ExtractedPairs | None) -> Attributes:
    """Return the attributes of scopes; name and version are attributes too."""
    pairs = _pairs(_child(scope, "attributes"), extracted)
    more: dict[int, list[tuple[str, Any]]] = {}
    for part in ("name", "version"):
        for row, text in enumerate(filled(_child(scope, part)).to_pylist()):
            if text is not None:
                more.setdefault(row, []).append((f"otel.scope.{part}", text))
    # Insert them after the pairs of the scope, which is where the pairs of the next scope begin.
    starts = np.searchsorted(pairs.row, np.arange(len(scope)), side="right")
    return _inserted(pairs, [(int(starts[row]), row, found) for row, found in more.items()])


def _pairs(lists: pa.Array, extracted: ExtractedPairs | None) -> Attributes:
    """Return lists of pairs as attributes; nested pairs get dotted names."""
    items, row = _items(lists)
    number = _child(items, PLACEHOLDER)
    if extracted is None or number.null_count == len(number):
        return _parsed(items, row)
    whole = number.is_valid().to_numpy(zero_copy_only=False)
    at, of = _pair_positions(extracted, number.drop_null().to_numpy())
    add = Attributes(row[whole][of], *_take_extracted(extracted, at), {})
    if whole.all():
        return add
    rest = pa.array(np.flatnonzero(~whole))
    have = _parsed(items.take(rest), row[~whole])
    return _merged(have, add, np.argsort(np.concatenate([have.row, add.row]), kind="stable"))


def _pair_positions(extracted: ExtractedPairs, number: Integers) -> tuple[Integers, Integers]:
    """Return the positions of the pairs of extracted lists, and for each pair the index of its list."""
    sizes = extracted.starts[number + 1] - extracted.starts[number]
    before = np.cumsum(sizes) - sizes
    of = np.repeat(np.arange(len(number)), sizes)
    return np.arange(len(of)) + (extracted.starts[number] - before)[of], of


def _take_extracted(extracted: ExtractedPairs, at: Integers) -> tuple[pa.Array, tuple[pa.Array, ...]]:
    if len(at) and at[-1] - at[0] + 1 == len(at):  # nearly always, because the lists keep their order
        start, size = int(at[0]), len(at)
        return extracted.key.slice(start, size), tuple(
            values.slice(start, size) for values in extracted.values
        )
    index = pa.array(at)
    return extracted.key.take(index), tuple(values.take(index) for values in extracted.values)


def _parsed(items: pa.Array, row: Integers) -> Attributes:
    wrapped = _child(items, "value")
    key = _child(items, "key")
    if not pa.types.is_null(key.type):
        key = key.dictionary_encode()
        key = pa.DictionaryArray.from_arrays(key.indices, as_text(key.dictionary))
    else:
        key = as_text(key)
    text = _child(wrapped, "stringValue")
    values = [as_text(text)]
    kinds = {"doubleValue": pa.float64(), "boolValue": pa.bool_()}
    values.append(integers(_child(wrapped, "intValue")))
    values += [pc.cast(_child(wrapped, name), kind) for name, kind in kinds.items()]
    if not pa.types.is_binary(text.type) and not pc.all(pc.is_finite(values[2]), min_count=0).as_py():
        raise Unusual("a number that is not finite")
    raw = _child(wrapped, "bytesValue")
    if raw.null_count < len(raw):
        if pa.types.is_binary(raw.type):
            texts = [None if v is None else base64.b64encode(v).decode() for v in raw.to_pylist()]
            raw = pa.array(texts, pa.string())
        values.append(raw)
    pairs = Attributes(row, key, tuple(values), {})
    inner: list[tuple[int, int, list[tuple[str, Any]]]] = []
    for at, name, item in _nested(wrapped):
        if name == "arrayValue":
            pairs.other[at] = typed_values.value(item)  # type: ignore[index]
        elif key[at].as_py() == "event.name":
            raise Unusual("event.name is a list of pairs")
        else:
            inner.append((at, int(row[at]), list(typed_values.leaves(key[at].as_py() or "", item))))
    return _inserted(pairs, inner)


def _nested(wrapped: pa.Array) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """Yield position, kind and value, in the form of OTLP's JSON, of each list and each list of pairs."""
    for name in _NESTED:
        column = _child(wrapped, name)
        if column.null_count == len(column):
            continue
        places = np.flatnonzero(column.is_valid().to_numpy(zero_copy_only=False))
        for at, item in zip(places.tolist(), column.take(pa.array(places)).to_pylist(), strict=True):
            yield at, name, _as_json({name: item})


def _inserted(pairs: Attributes, more: list[tuple[int, int, list[tuple[str, Any]]]]) -> Attributes:
    """Return the pairs with more pairs inserted: (position to insert before, row, pairs) each."""
    if not more:
        return pairs
    flat = [(place, row, key, found) for place, row, found in more for key, found in found]
    added = Attributes.of([f[1] for f in flat], [f[2] for f in flat], [f[3] for f in flat])
    places = [np.arange(len(pairs.row)) + 0.5, np.array([f[0] for f in flat], np.float64)]
    return _merged(pairs, added, np.argsort(np.concatenate(places), kind="stable"))


def _merged(pairs: Attributes, more: Attributes, order: Integers) -> Attributes:
    """Return the pairs of both, ordered by `order`, which indexes the first and then the second."""
    have, extra = len(pairs.row), len(more.row)
    at = pa.array(order)
    values = [pa.concat_arrays([v, pa.nulls(extra, v.type)]).take(at) for v in pairs.values]
    values += [pa.concat_arrays([pa.nulls(have, v.type), v]).take(at) for v in more.values]
    place_of = np.empty(len(order), np.int64)
    place_of[order] = np.arange(len(order))
    other = {int(place_of[place]): found for place, found in pairs.other.items()}
    other |= {int(place_of[have + place]): found for place, found in more.other.items()}
    key = pa.concat_arrays([one.key.cast(pa.string()) for one in (pairs, more)]).take(at)
    return Attributes(np.concatenate([pairs.row, more.row])[order], key, tuple(values), other)


def _attribute_texts(lists: pa.Array, extracted: ExtractedPairs | None) -> pa.Array:
    """Return each list of pairs as the text of a JSON object, null for an empty list."""
    items, row = _items(lists)
    out: list[dict[str, Any] | None] = [None] * len(lists)
    if len(items):
        keys, values = as_text(_child(items, "key")).to_pylist(), _child(items, "value").to_pylist()
        numbers = _child(items, PLACEHOLDER).to_pylist()
        for at, (owner, key, item) in enumerate(zip(row.tolist(), keys, values, strict=True)):
            pairs = out[owner]
            if pairs is None:
                pairs = out[owner] = {}
            if item is not None or numbers[at] is None:
                pairs[key or ""] = None if item is None else typed_values.value(_as_json(item))
            elif extracted is not None:
                pairs.update(_extracted_dict(extracted, numbers[at]))
    return pa.array([None if pairs is None else json_text(pairs) for pairs in out], pa.string())


def _extracted_dict(extracted: ExtractedPairs, number: int) -> dict[str, Any]:
    """Return the pairs of an extracted list as a dict."""
    start, stop = int(extracted.starts[number]), int(extracted.starts[number + 1])
    columns = [values.slice(start, stop - start).to_pylist() for values in extracted.values]
    found = [next((v for v in row if v is not None), None) for row in zip(*columns, strict=True)]
    return dict(zip(extracted.key.slice(start, stop - start).to_pylist(), found, strict=True))
