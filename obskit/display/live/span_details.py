"""All that is known about one span, as text for the panel next to the waterfall; and a search for text."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from obskit.display import formatting
from obskit.display.tables import format_cell
from obskit.display.trace.lines import length, notes_of
from obskit.display.trace.model import is_error_log
from obskit.display.trace.side import TraceSide
from obskit.engine import format_condition, format_exclusion
from obskit.errors import InvalidArgument
from obskit.text import safe

MOST_TEXT = 2_000  # characters of a value
MOST_POINTS = 200
_SHOWN_ABOVE = frozenset(("events", "links"))
ACTIONS = ("only", "exclude", "group", "condition")


def span_details(side: TraceSide, span: int) -> dict[str, Any]:
    """Return what the panel shows about a span.

    Args:
        side: the trace.
        span: index of the span in the trace's model.
    Returns:
        Text only: title, times, what went wrong, events, log records, links and all fields that have a value.
        Values longer than 2,000 characters are cut, and say how long they are.
    """
    model = side.model
    row = row_of(side, span)
    service = model.services[span]
    start = float(model.starts[span] + model.shifts[span])
    times = [
        ("Duration", length(float(model.durations[span]))),
        ("Self time", length(float(model.own[span]))),
        (
            "On the critical path",
            formatting.duration(float(model.critical[span])) if model.critical[span] else "no",
        ),
        (
            "Starts",
            f"{formatting.duration(start - model.low_ms)} after the first"
            if math.isfinite(start)
            else "unknown",
        ),
    ]
    span_id = model.ids[span]
    return {
        "trace": side.trace_id[:8],
        "title": safe(model.names[span]),
        "service": safe(service),
        "kind": safe(model.kinds[span]),
        "times": [list(pair) for pair in times],
        "notes": [safe(note) for note in notes_of(model, span) if not note.startswith("ERROR")],
        "fault": _fault(row) if model.errors[span] else None,
        "parent": int(model.parents[span]),
        "events": _events(row, model.begin),
        "logs": _logs(side, span),
        "links": _links(row),
        "fields": [_field(at, name, value) for at, name, value in fields_of(row) if name not in _SHOWN_ABOVE],
        "code": f"events.trace({side.trace_id!r}" + (f", span={span_id!r})" if span_id is not None else ")"),
    }


def row_of(side: TraceSide, span: int) -> dict[str, Any]:
    """Return the row of a span with all its fields."""
    found: dict[str, Any] = side.table.slice(int(side.model.rows[span]), 1).to_pylist()[0]
    return found


def code_for(action: str, field: str, value: Any) -> str:
    """Return Python that continues from a value of a span.

    Args:
        action: one of `ACTIONS`: events with this value, events without it, groups by the field, or the
            condition alone.
        field: the name of the field.
        value: its value.
    Returns:
        Python source; for "condition", the condition alone.
    Raises:
        InvalidArgument: the action is unknown, or a condition cannot hold the value.
    """
    if action not in ACTIONS:
        raise InvalidArgument(f"unknown action {action!r}", hint=f"expected one of {', '.join(ACTIONS)}")
    if action == "group":
        return (
            f'events.query("count()", "share(error)", "p50(duration_ms)", "p99(duration_ms)", by={field!r})'
        )
    items = [
        {"field": field, "op": "=", "value": item} for item in (value if isinstance(value, list) else [value])
    ]
    if action == "exclude":
        return f"events.where({format_exclusion(items)!r})"
    condition = format_condition(items)
    return condition if action == "condition" else f"events.where({condition!r})"


def search(sides: Sequence[TraceSide], text: str) -> list[set[int]]:
    """Return the spans of each trace that have a text in one of their fields or log records.

    Args:
        sides: the traces.
        text: what to look for, without regard to case; as it is, not a pattern.
    Returns:
        For each trace, indexes of spans in its model.
    """
    out = []
    for side in sides:
        hits = np.zeros(side.table.num_rows, dtype=np.bool_)
        for column in side.table.columns:
            hits |= _matches(column, text)
        out.append({int(span) for span in side.model.shown_as[hits]})
    return out


def _matches(column: pa.ChunkedArray, text: str) -> npt.NDArray[np.bool_]:
    """Return which values of a column have a text in them; missing values have not."""
    kind = column.type
    if pa.types.is_nested(kind):
        plain = [None if value is None else str(value) for value in column.to_pylist()]
        column = pa.chunked_array([pa.array(plain, pa.string())])
    elif not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        column = pc.cast(column, pa.string())
    found = pc.fill_null(pc.match_substring(column, text, ignore_case=True), False)
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype=np.bool_)


def fields_of(row: Mapping[str, Any]) -> list[tuple[int, str, Any]]:
    """Return the fields of a row that have a value: place in the row, name, value."""
    return [(at, name, value) for at, (name, value) in enumerate(row.items()) if value is not None]


def _field(at: int, name: str, value: Any) -> dict[str, Any]:
    text, whole = _cut(format_cell(value) if not isinstance(value, float) else repr(value))
    return {"at": at, "name": safe(name), "text": text, "length": whole}


def _cut(text: str) -> tuple[str, int]:
    """Return text as it is shown, and the length of the whole text if that is longer, else 0."""
    if len(text) <= MOST_TEXT:
        return safe(text, lines=True), 0
    return safe(text[:MOST_TEXT], lines=True) + "…", len(text)


def _fault(row: Mapping[str, Any]) -> dict[str, str]:
    kind = row.get("exception.type") or row.get("error.type") or ""
    said = row.get("exception.message") or row.get("status_message") or ""
    return {
        "type": _cut(str(kind))[0],
        "message": _cut(str(said))[0],
        "stack": _cut(str(row.get("exception.stacktrace") or ""))[0],
    }


def _events(row: Mapping[str, Any], begin: datetime | None) -> dict[str, Any]:
    found = row.get("events") or []
    return _first(
        [
            {
                "at": _after(begin, event.get("timestamp")),
                "text": _cut(str(event.get("name") or "?"))[0],
                "error": event.get("name") == "exception",
                "fields": _attributes(event.get("attributes")),
            }
            for event in found[:MOST_POINTS]
        ],
        len(found),
    )


def _logs(side: TraceSide, span: int) -> dict[str, Any]:
    model = side.model
    found = [int(row) for row in np.flatnonzero(model.shown_as == span) if row != model.rows[span]]
    records = side.table.take(pa.array(found[:MOST_POINTS], pa.int64())).to_pylist()
    return _first(
        [
            {
                "at": _after(model.begin, record.get("timestamp")),
                "text": _cut(str(record.get("body") or record.get("name") or "?"))[0],
                "severity": safe(str(record.get("severity_text") or "")),
                "error": is_error_log(record),
                "fields": [],
            }
            for record in records
        ],
        len(found),
    )


def _links(row: Mapping[str, Any]) -> dict[str, Any]:
    found = row.get("links") or []
    shown = []
    for link in found[:MOST_POINTS]:
        trace_id, span_id = str(link.get("trace_id") or ""), str(link.get("span_id") or "")
        call = f"events.trace({trace_id!r}" + (f", span={span_id!r})" if span_id else ")")
        shown.append({"text": _cut(call)[0], "code": call, "fields": _attributes(link.get("attributes"))})
    return _first(shown, len(found))


def _first(shown: list[dict[str, Any]], total: int) -> dict[str, Any]:
    more = f"… {total - len(shown):,} more" if total > len(shown) else ""
    return {"rows": shown, "total": total, "more": more}


def _attributes(text: str | None) -> list[list[str]]:
    """Return the attributes of an event or a link, which are JSON text, as names and values."""
    if not text:
        return []
    try:
        read = json.loads(text)
    except (ValueError, RecursionError):
        read = text
    if not isinstance(read, dict):
        return [["", _cut(str(read))[0]]]
    return [
        [
            _cut(str(name))[0],
            _cut(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))[0],
        ]
        for name, value in read.items()
    ]


def _after(begin: datetime | None, at: datetime | None) -> str:
    if begin is None or at is None:
        return "no time"
    return formatting.duration((at - begin).total_seconds() * 1000)
