"""Turn records into columns: their times, levels and other fields, and the exceptions of their further lines.

2026-05-04 10:00:00 ERROR pay failed           timestamp, severity_text "ERROR", body "pay failed",
Traceback (most recent call last):      ->     exception.type, exception.message, exception.stacktrace
  ...
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from obskit.readers.app_log.exceptions import Thrown, find_exception
from obskit.readers.app_log.layouts import FIELDS, REQUESTS, Layout
from obskit.readers.app_log.messages import add_message_fields, begin_earlier
from obskit.readers.app_log.records import CRASH_LAYOUT, Cut, Group
from obskit.readers.app_log.times import Context, parse_times
from obskit.schema import NAMED, TIMESTAMP
from obskit.schema.flat_values import duration_of_text
from obskit.schema.parse import by_value

_WORDS = {
    "I": "INFO",
    "W": "WARN",
    "E": "ERROR",
    "F": "FATAL",
    "D": "DEBUG",
    "trce": "TRACE",
    "dbug": "DEBUG",
    "fail": "ERROR",
    "TRC": "TRACE",
    "VRB": "TRACE",
    "DBG": "DEBUG",
    "INF": "INFO",
    "WRN": "WARN",
    "ERR": "ERROR",
    "FTL": "FATAL",
    "PNC": "FATAL",
    ".": "DEBUG",
    "-": "DEBUG",
    "*": "INFO",
    "#": "WARN",
    "LOG": "INFO",
    "Note": "INFO",
    "System": "INFO",
    "Fatal error": "FATAL",
    "Parse error": "ERROR",
    "Deprecated": "WARN",
}
"""Words that only one program uses for a level -> the usual word."""

_NUMBERS = {"code.line.number", "process.pid", "http.response.status_code", "http.response.body.size"}
_NUMBERS |= {"client.port", "event.id", "thread.id", "nginx.connection"}
_UNREAD_TIME = (
    "some times are of an unknown zone, or never happened: timestamp is empty, and the text is in log.time"
)
_REQUEST = re.compile(rb"([A-Z]+) ([^ ?]*)(?:\?([^ ]*))? HTTP/([\d.]+)")
_INDENT = re.compile(r"\n {6}")
_MARKED = re.compile(r"\n! (at |\.\.\. )?")
_UNTIMED_NOTES = {
    "crash": "a crash that was printed without a time has the time of the record before it",
    "level in brackets": "a line with a level but without a time has the time of the record before it",
}
"""Layouts without a time whose records happened right after the record before them -> a note that says so."""


def to_batch(
    cut: Cut, context: Context, text: bytes, before: pa.Scalar | None = None
) -> pa.RecordBatch | None:
    """Return records as a batch, in their order.

    Args:
        cut: the records.
        context: zone and year of times that lack them.
        text: that the records come from.
        before: time of the last record before them.

    Returns:
        The batch, None without a record.
    """
    groups = [group for group in cut.groups if group.rests]
    if not groups:
        return None
    columns = [_columns(group, context, text) for group in groups]
    if len(groups) == 1 and groups[0].layout.name not in _UNTIMED_NOTES:
        return _batch(columns[0])
    tables = [pa.Table.from_batches([_batch(each)]) for each in columns]
    table = pa.concat_tables(tables, promote_options="default")
    order = np.argsort(np.concatenate([group.order for group in groups]), kind="stable")
    untimed = np.concatenate([np.full(len(g.rests), g.layout.name in _UNTIMED_NOTES) for g in groups])[order]
    table = table.take(pa.array(order))
    if untimed.any():
        times = table["timestamp"].combine_chunks()
        earlier = pc.fill_null_forward(times)
        if before is not None:
            earlier = pc.fill_null(earlier, before)
        if earlier.null_count < times.null_count:
            for name in {group.layout.name for group in groups} & _UNTIMED_NOTES.keys():
                context.note(_UNTIMED_NOTES[name])
        times = pc.if_else(pa.array(untimed), earlier, times)
        table = table.set_column(table.schema.get_field_index("timestamp"), "timestamp", times)
    (batch,) = table.combine_chunks().to_batches()
    return batch.replace_schema_metadata(NAMED)


def _batch(columns: dict[str, pa.Array]) -> pa.RecordBatch:
    kept = {
        name: values
        for name, values in columns.items()
        if values.null_count < len(values) or name == "timestamp"
    }
    return pa.RecordBatch.from_arrays(
        list(kept.values()), schema=pa.schema([(k, v.type) for k, v in kept.items()], metadata=NAMED)
    )


def _columns(group: Group, context: Context, text: bytes) -> dict[str, pa.Array]:
    """Return the fields of records of one layout."""
    rows, layout = len(group.rests), group.layout
    columns: dict[str, pa.Array] = {"timestamp": pa.nulls(rows, TIMESTAMP), "kind": pa.repeat("event", rows)}
    for name, values in zip(layout.groups, group.fields, strict=True):
        if name == "time":
            _times(columns, values, context)
        elif name == "request":
            _request(columns, values)
        elif name == "took":
            columns["duration_ms"] = by_value(pa.array(values, pa.string()), duration_of_text, pa.float64())
        else:
            _add(columns, FIELDS[name.rstrip("2")], values)
    body = pc.utf8_trim_whitespace(pa.array(group.rests, pa.string()))
    multiline = _multiline(group.rests)
    if multiline or layout is CRASH_LAYOUT:
        body = _exceptions(columns, body, multiline, layout)
    columns["body"] = body
    add_message_fields(columns, layout.name, body, text, context)
    if layout.name in REQUESTS:
        if "duration_ms" in columns:  # Gin, which logs when the request has ended
            columns["name"] = columns["http.request.method"]
            begin_earlier(columns, columns["duration_ms"])
        answered = columns["http.response.status_code"].is_valid()
        columns["kind"] = pc.if_else(answered, "server", "event")
        # Lines after the request, such as those of a stack trace, are kept.
        columns["body"] = pc.if_else(pc.equal(body, ""), pa.scalar(None, pa.string()), body)
    if layout is CRASH_LAYOUT:
        columns["severity_text"] = pa.repeat("FATAL", rows)
    return columns


def _multiline(rests: list[bytes]) -> list[int]:
    """Return which records have several lines."""
    return [row for row, rest in enumerate(rests) if b"\n" in rest]


def _times(columns: dict[str, pa.Array], values: Sequence[bytes | None], context: Context) -> None:
    """Add the times; a text that is not a time, or is of an unknown zone, is kept as `log.time`."""
    columns["timestamp"] = times = parse_times(values, context)
    odd = pc.and_(pc.is_null(times), pa.array([value is not None for value in values], pa.bool_()))
    if pc.any(odd, min_count=0).as_py():
        context.note(_UNREAD_TIME)
        columns["log.time"] = pc.if_else(odd, pa.array(values, pa.string()), pa.scalar(None, pa.string()))


def _add(columns: dict[str, pa.Array], name: str, values: Sequence[bytes | None]) -> None:
    """Add a field; empty text and `-` are null."""
    array = pa.array(values, pa.string())
    encoded = array.dictionary_encode()
    words = encoded.dictionary.to_pylist()
    if name == "severity_text":
        new: list[Any] = [_WORDS.get(word, word) for word in words]
        kind = pa.string()
    elif name in _NUMBERS:
        new, kind = [int(word) if word.isdigit() and len(word) < 19 else None for word in words], pa.int64()
    else:
        new, kind = [None if word.strip() in ("", "-") else word.strip() for word in words], pa.string()
    found = array if new == words else pa.array(new, kind).take(encoded.indices)
    have = columns.get(name)
    columns[name] = found if have is None else pc.coalesce(have, found)


def _request(columns: dict[str, pa.Array], values: Sequence[bytes | None]) -> None:
    """Add method, path, query and version of request lines; other text is kept as it is."""
    names = ("http.request.method", "url.path", "url.query", "network.protocol.version")
    found = [_REQUEST.fullmatch(value or b"") for value in values]
    for at, name in enumerate(names):
        columns[name] = pa.array([match and match[at + 1] for match in found], pa.string())
    columns["name"] = columns["http.request.method"]
    other = [None if match else value for match, value in zip(found, values, strict=True)]
    columns["access_log.request"] = pa.array(other, pa.string())


def _unmarked(mark: re.Match[str]) -> str:
    """Return the beginning of a line of a stack trace as other libraries write it."""
    return "\n\t" + mark[1] if mark[1] else "\n"


def _exceptions(
    columns: dict[str, pa.Array], body: pa.Array, multiline: list[int], layout: Layout
) -> pa.Array:
    """Add the exceptions of records of several lines; return the bodies without their stack traces."""
    texts = body.to_pylist()
    found: dict[int, Thrown] = {}
    for row in multiline:
        if layout.name.startswith(".NET"):
            texts[row] = _INDENT.sub("\n", texts[row])
        elif layout.name == "Dropwizard":
            texts[row] = _MARKED.sub(_unmarked, texts[row])
        thrown = find_exception(texts[row])
        if thrown is not None:
            found[row] = thrown
            texts[row] = thrown.body
    if found:
        for at, name in enumerate(("exception.type", "exception.message", "exception.stacktrace"), start=1):
            values: list[str | None] = [None] * len(texts)
            for row, thrown in found.items():
                values[row] = thrown[at]
            columns[name] = pa.array(values, pa.string())
    return pa.array(texts, pa.string())
