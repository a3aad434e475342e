"""The attributes of Tempo's resources, scopes, spans, events and links, from lists and from columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from obskit.readers.batches.attribute_columns import Attributes
from obskit.readers.batches.row_batcher import MalformedRecord
from obskit.readers.otlp import messages
from obskit.readers.otlp.protobuf_wire import Broken
from obskit.readers.otlp.typed_values import value
from obskit.schema import FileReport
from obskit.schema.types import json_text, plain, to_text

META = "meta.json"
"""The file of a block that names its dedicated columns."""

_VALUES = ("Value", "ValueInt", "ValueDouble", "ValueBool")
_OTHER = ("ValueUnsupported", "ValueDropped")
Integers = npt.NDArray[np.int64]


class Nested(NamedTuple):
    """The items of all lists, and the index of each item's list."""

    items: pa.StructArray
    of: Integers


def child(array: pa.Array, name: str) -> pa.Array:
    """Return a field of structs; it is null if the struct is null or lacks the field."""
    if not pa.types.is_struct(array.type) or array.type.get_field_index(name) < 0:
        return pa.nulls(len(array))
    return array.flatten()[array.type.get_field_index(name)]


def nested(lists: pa.Array) -> Nested:
    """Return the items of lists of structs; none for a column of another type."""
    if not (pa.types.is_list(lists.type) and pa.types.is_struct(lists.type.value_type)):
        return Nested(pa.nulls(0, pa.struct([])), np.zeros(0, np.int64))
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    return Nested(lists.flatten(), np.repeat(np.arange(len(lists)), lengths))


def texts(array: pa.Array) -> pa.Array:
    """Return texts with null instead of empty ones."""
    if pa.types.is_null(array.type):
        return pa.nulls(len(array), pa.string())
    if pa.types.is_binary(array.type):
        array = pa.array(
            [None if v is None else v.decode("utf-8", "replace") for v in array.to_pylist()], pa.string()
        )
    array = pc.cast(array, pa.string())
    return pc.if_else(pc.equal(array, ""), pa.scalar(None, pa.string()), array)


def read_attributes(
    items: pa.Array, columns: Mapping[str, str], dedicated: Mapping[str, str], scope: str, report: FileReport
) -> Attributes:
    """Return the attributes of resources, scopes or spans from lists, own columns and dedicated columns."""
    pairs = [_listed(child(items, "Attrs"))]
    pairs += [_column(name, child(items, column)) for column, name in columns.items()]
    more = child(items, "DedicatedAttributes")
    for field in more.type if pa.types.is_struct(more.type) else ():
        values = child(more, field.name)
        if values.null_count == len(values):
            continue
        if field.name not in dedicated:
            report.note(
                f"{META} does not name all dedicated columns of Tempo; the others keep their column's name"
            )
        pairs.append(_column(dedicated.get(field.name, f"tempo.{scope}.{field.name}"), values))
    return _together([pair for pair in pairs if len(pair.row)])


def _column(name: str, values: pa.Array) -> Attributes:
    """Return a column of one attribute as pairs; empty text counts as missing."""
    if pa.types.is_list(values.type):
        lists = values.to_pylist()
        at = np.flatnonzero(np.array([bool(v) for v in lists], bool))
        items = [lists[i] for i in at.tolist()]
        return Attributes.of(at.tolist(), [name] * len(at), [v[0] if len(v) == 1 else v for v in items])
    if pa.types.is_string(values.type) or pa.types.is_null(values.type):
        values = texts(values)
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
    items, of = nested(lists)
    key = child(items, "Key")
    if pa.types.is_null(key.type):
        return Attributes.of([], [], [])
    flag = child(items, "IsArray")
    is_list = (
        np.zeros(len(items), bool)
        if pa.types.is_null(flag.type)
        else pc.fill_null(flag, False).to_numpy(zero_copy_only=False)
    )
    arrays, other = [], dict[int, Any]()
    for at in np.flatnonzero(is_list).tolist():
        other[at] = []
    for name in _VALUES:
        values = child(items, name)
        if pa.types.is_list(values.type):
            for at in np.flatnonzero(is_list).tolist():
                other[at] = values[at].as_py() or other[at]
            values = _single(values, is_list)
        if pa.types.is_binary(values.type):
            other |= {at: _decoded(v) for at, v in enumerate(values.to_pylist()) if v is not None}
        elif not pa.types.is_null(values.type):
            arrays.append(_plain(values))
    for name in _OTHER:
        texts = child(items, name)
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
        found = value(messages.value("arrayValue", b"\x0a" + size + bytes([length]) + data))
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


def attribute_texts(lists: pa.Array, count: int) -> pa.Array:
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
