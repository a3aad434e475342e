"""Tables of the Collector's ClickHouse exporter, `otel_traces` and `otel_logs`: as JSON lines, or as columns.

The exporter writes every attribute as text. An attribute gets its type back if all of its values in a batch
are integers, floats or booleans, exactly as `schema.types.to_text` writes them. So if a later batch has other
values, the field becomes text again and no value changes: "1.10" and "007" stay text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from obskit.names import current, type_word
from obskit.readers.batches.row_batcher import attribute_name
from obskit.readers.io.source import Source
from obskit.readers.jsonl import reader as jsonl
from obskit.readers.registry import Match, Reader
from obskit.readers.sniffing import UTF8_BOM
from obskit.schema import EVENTS_TYPE, LINKS_TYPE, NAMED, TIMESTAMP, FileReport, ReadOptions
from obskit.schema.flatten import flatten
from obskit.schema.parse import parse
from obskit.schema.types import json_text, plain, to_text

_TRACES = frozenset({"Timestamp", "TraceId", "SpanId", "SpanName", "Duration"})
_LOGS = frozenset({"Timestamp", "SeverityNumber", "Body", "LogAttributes"})
_OWN = {
    "Timestamp": "timestamp",
    "TraceId": "trace_id",
    "SpanId": "span_id",
    "ParentSpanId": "parent_span_id",
    "TraceState": "trace_state",
    "SpanName": "name",
    "EventName": "name",
    "SpanKind": "kind",
    "StatusCode": "status_code",
    "StatusMessage": "status_message",
    "SeverityText": "severity_text",
    "SeverityNumber": "severity_number",
    "Body": "body",
}
"""The exporter's column -> obskit's."""

_SERVICE = {"ServiceName": "service.name"}
_SCOPE = {"ScopeName": "otel.scope.name", "ScopeVersion": "otel.scope.version"}
_LEVELS = ("ResourceAttributes", "ScopeAttributes", "SpanAttributes", "LogAttributes")
"""Maps of attributes; for a name in several maps the last one counts."""

_LEFT_OUT = frozenset({"TimestampTime", "TimestampDate", "TraceFlags", "ResourceSchemaUrl", "ScopeSchemaUrl"})
_LIST = re.compile(r"(?:Events|Links)\.")
_NUMBER = r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$"
_INTEGER = r"^-?(0|[1-9][0-9]{0,18})$"
_LINE = re.compile(rb'"(?:SpanAttributes|ResourceAttributes|LogAttributes)"\s*:')


def is_export(names: Sequence[str]) -> bool:
    """Whether a table has the columns of the exporter's tables."""
    have = {name.partition(".")[0] for name in names}
    return have >= _TRACES or have >= _LOGS


def sniff(head: bytes) -> Match:
    """Return how well the head of a file matches JSON lines of the exporter's tables."""
    if b'Attributes"' not in head or not _LINE.search(head) or head.lstrip()[:1] != b"{":
        return Match.NO
    for line in head.removeprefix(UTF8_BOM).split(b"\n")[:20]:
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        if type(row) is dict:
            return Match.DIALECT if is_export(list(row)) else Match.NO
    return Match.NO


def read(source: Source, report: FileReport, options: ReadOptions) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a file of JSON lines as batches.

    Args:
        source: the file.
        report: counts the lines that cannot be read.
        options: as the JSONL reader takes it.

    Yields:
        Batches in the file's order.

    Raises:
        ReadError: no line is a JSON object.
        LimitExceeded: there are too many field names.
    """
    for batch in jsonl.read(source, report, options):
        yield as_events(batch, report)


def as_events(batch: pa.RecordBatch, report: FileReport) -> pa.RecordBatch:
    """Convert rows of the exporter's tables.

    Args:
        batch: with the exporter's columns.
        report: counts attributes that override others.

    Returns:
        The same rows with obskit's names, and with the types that all values of an attribute have.

    Raises:
        LimitExceeded: there are too many field names.
    """
    rows = batch.num_rows
    lists = {
        name: values
        for name, values in zip(batch.schema.names, batch.columns, strict=True)
        if _LIST.match(name)
    }
    raw: dict[str, pa.Array] = {}
    for column in flatten(batch.select([name for name in batch.schema.names if name not in lists])):
        raw.setdefault(column.name, column.values)
    out: dict[str, pa.Array] = {}
    levels: list[dict[str, pa.Array]] = [{} for _ in _LEVELS]
    for name, values in raw.items():
        level, dot, key = name.partition(".")
        if dot and level in _LEVELS:
            levels[_LEVELS.index(level)][attribute_name(key)] = restore_type(values, key)
        elif name in _OWN:
            have, filled = out.get(_OWN[name]), _filled(values)
            out[_OWN[name]] = filled if have is None else pc.coalesce(to_text(have), to_text(filled))
        elif name == "Duration":
            length = parse(values, "float")
            out["duration_ms"] = pc.divide(length, 1e6)
        elif name in _SERVICE or name in _SCOPE:
            levels[0 if name in _SERVICE else 1][(_SERVICE | _SCOPE)[name]] = _filled(values)
        elif name not in _LEFT_OUT and not (level in _LEVELS and values.null_count == rows):
            out[attribute_name(name)] = values
    if not {"SpanName", "SpanId"} <= raw.keys() or "SeverityNumber" in raw:
        out["kind"] = pa.repeat("event", rows)
    for target, kind, names in (
        ("events", EVENTS_TYPE, ("Timestamp", "Name", "Attributes")),
        ("links", LINKS_TYPE, ("TraceId", "SpanId", "TraceState", "Attributes")),
    ):
        parts = [lists.get(f"{target.capitalize()}.{name}") for name in names]
        if parts[0] is not None and pa.types.is_list(parts[0].type):
            found = _structs(parts, kind)
            if found is None:
                report.note(f"{target} of some rows are not read: their lists differ in length")
            else:
                out[target] = found
    return _merged(levels, out, report)


def _merged(
    levels: list[dict[str, pa.Array]], out: dict[str, pa.Array], report: FileReport
) -> pa.RecordBatch:
    """Merge the levels; for a name on several levels the innermost value counts, and the report says so."""
    merged: dict[str, pa.Array] = {}
    for level in levels:
        for name, values in level.items():
            have = merged.get(name)
            if have is None:
                merged[name] = values
                continue
            both = pc.and_(pc.is_valid(have), pc.is_valid(values))
            if name != "service.name":  # the exporter writes the same value twice
                report.override(name, pc.sum(both).as_py() or 0)
            if have.type != values.type:
                have, values = to_text(have), to_text(values)
            merged[name] = pc.coalesce(values, have)
    columns = merged | out
    kept = {name: values for name, values in columns.items() if values.null_count < len(values)}
    kept.setdefault("timestamp", out.get("timestamp", pa.nulls(len(next(iter(columns.values()))), TIMESTAMP)))
    return pa.RecordBatch.from_arrays(
        list(kept.values()), schema=pa.schema([(n, v.type) for n, v in kept.items()], NAMED)
    )


def restore_type(values: pa.Array, name: str) -> pa.Array:
    """Convert an attribute's texts to the type that all of them have.

    A value is a number only if the number is written as that text, so that converting it back loses nothing.

    Args:
        values: texts.
        name: the attribute; one whose type `obskit.schema` knows stays text, for `obskit.schema` to parse.

    Returns:
        Integers, floats or booleans, otherwise the texts.
    """
    if not pa.types.is_string(values.type) or values.null_count == len(values):
        return values
    if type_word(current(name)) is not None:
        return values
    distinct = values.unique().drop_null()
    if pc.all(pc.is_in(distinct, pa.array(["true", "false"]))).as_py():
        return pc.equal(values, "true")
    if not pc.all(pc.match_substring_regex(distinct, _NUMBER)).as_py():
        return values
    whole = pc.all(pc.match_substring_regex(distinct, _INTEGER)).as_py()
    kind = pa.int64() if whole else pa.float64()
    try:
        numbers = pc.cast(distinct, kind)
    except pa.ArrowInvalid:  # a number does not fit in 64 bits
        return values
    same = pc.all(pc.equal(to_text(numbers), distinct)).as_py()
    return pc.cast(values, kind) if same else values


def _filled(values: pa.Array) -> pa.Array:
    """Return texts with null instead of empty ones, which is how the tables write a missing value."""
    if not pa.types.is_string(values.type):
        return values
    return pc.if_else(pc.equal(values, ""), pa.scalar(None, pa.string()), values)


def _structs(parts: list[pa.Array | None], kind: pa.DataType) -> pa.Array | None:
    """Return parallel lists as lists of structs; None if they differ in length."""
    lengths = [
        pc.fill_null(pc.list_value_length(part), 0).to_numpy(zero_copy_only=False)
        for part in parts
        if part is not None and pa.types.is_list(part.type)
    ]
    if any(not np.array_equal(lengths[0], other) for other in lengths[1:]):
        return None
    count = int(lengths[0].sum())
    columns = []
    for part, field in zip(parts, kind.value_type, strict=True):
        if part is None or not pa.types.is_list(part.type):
            columns.append(pa.nulls(count, field.type))
        elif field.name == "attributes":
            columns.append(pa.array(list(map(_attributes, part.flatten().to_pylist())), pa.string()))
        else:
            values = plain(part.flatten())
            columns.append(parse(values, "timestamp" if field.type == TIMESTAMP else "string"))
    items = pa.StructArray.from_arrays([_filled(column) for column in columns], fields=list(kind.value_type))
    offsets = pa.array(np.concatenate(([0], np.cumsum(lengths[0]))), pa.int32())
    return pa.ListArray.from_arrays(offsets, items, type=kind, mask=pa.array(lengths[0] == 0))


def _attributes(item: Any) -> str | None:
    """Return an event's attributes, a map or JSON text, as JSON text."""
    if type(item) is str:
        return None if item in ("", "{}") else item
    try:
        return json_text(dict(item)) if item else None
    except (TypeError, ValueError):
        return json_text(item)


READER = Reader("ClickHouse JSONEachRow", (".json", ".jsonl", ".ndjson"), sniff, read)
