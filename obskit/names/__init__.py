"""Names of fields: ours, OpenTelemetry's of today, and the old ones that became them.

Plain tables and text, standard library only. Nothing here reads data; `obskit.schema` applies it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from obskit.names.conventions import CONVENTION_TYPES, RENAMED

__all__ = [
    "ABSENT",
    "ALIASES",
    "CARRIED",
    "CARRIED_FIELD",
    "CARRIED_LIST",
    "COLUMNS",
    "CONVENTION_TYPES",
    "DRIFT",
    "DURATION_UNITS",
    "ERROR_FIELDS",
    "RENAMED",
    "UNFINISHED",
    "UNITS",
    "UNIT_KINDS",
    "current",
    "describes_error",
    "nearest",
    "type_word",
]

COLUMNS: dict[str, str] = {
    "timestamp": "timestamp",
    "duration_ms": "float",
    "name": "string",
    "kind": "string",
    "trace_id": "string",
    "span_id": "string",
    "parent_span_id": "string",
    "trace_state": "string",
    "status_code": "string",
    "status_message": "string",
    "error": "bool",
    "sample_weight": "float",
    "event_count": "int",
    "body": "string",
    "severity_text": "string",
    "severity_number": "int32",
}
"""Our own columns in their order -> type word."""

UNFINISHED = "obskit.unfinished"
"""True on a row that was written while its unit of work was still open."""

DRIFT = ("process.uptime", "process.memory.usage", "obskit.in_flight")
"""What `instrument` reads of its process about once a second: it drifts with time, whatever a unit does."""

CARRIED: dict[str, str] = {f"obskit.{name}": name for name in (*COLUMNS, "events", "links")}
"""Attribute that carries one of our columns through a format that has no place for it -> the column."""

CARRIED_FIELD = "obskit.field."
"""Before the name of a field that would mean something else in the format: `time` in flat lines, say."""

CARRIED_LIST = "obskit.list."
"""Before the name of a field whose lists a format has to hold as JSON text."""

ABSENT = "obskit.null"
"""Attribute that names, by commas, columns of ours that are null where the format says otherwise."""

UNIT_KINDS = ("server", "consumer")
"""Kinds of span that are a unit of work wherever they stand in a trace."""

UNITS = "kind in ('server', 'consumer') or (parent_span_id is null and duration_ms is not null)"
"""The default population as a condition: one request as its caller sees it."""

ALIASES: dict[str, str] = {
    "time": "timestamp",
    "ts": "timestamp",
    "@timestamp": "timestamp",
    "traceId": "trace_id",
    "traceID": "trace_id",
    "TraceId": "trace_id",
    "spanId": "span_id",
    "spanID": "span_id",
    "SpanId": "span_id",
    "parentSpanId": "parent_span_id",
    "ParentSpanId": "parent_span_id",
    "traceState": "trace_state",
    "tracestate": "trace_state",
    "SampleRate": "sample_weight",
    "samplerate": "sample_weight",
    "sampleRate": "sample_weight",
    "sample_rate": "sample_weight",
}
"""What flat events call our columns -> the column, in order of preference where several are there.

Only where a column of the row itself is meant: an OTLP attribute of such a name stays an attribute.
"""

DURATION_UNITS: dict[str, float] = {
    "durationMs": 1.0,
    "duration_millis": 1.0,
    "duration_us": 1e-3,
    "duration_micros": 1e-3,
    "durationUs": 1e-3,
    "duration_ns": 1e-6,
    "duration_nano": 1e-6,
    "duration_nanos": 1e-6,
    "durationNano": 1e-6,
    "durationNs": 1e-6,
    "duration_s": 1e3,
    "duration_sec": 1e3,
    "duration_seconds": 1e3,
}
"""Names of a duration that say their unit -> milliseconds in one of it. A bare `duration` says none."""

ERROR_FIELDS = frozenset(
    {"error", "status_code", "status_message", "error.type", "error.message", "http.response.status_code"}
)
"""Fields that tell how a unit of work failed, rather than why."""


def describes_error(name: str) -> bool:
    """Whether a field says that or how something failed; true by definition of failing events.

    What an answer looks like (`http.response.*`) is decided after the failure, so it describes it too.
    """
    return name in ERROR_FIELDS or name.startswith(("exception.", "http.response."))


def current(name: str) -> str:
    """Return today's name of a field: the new one of an old convention name, else the name itself."""
    return RENAMED.get(name, name)


def type_word(name: str) -> str | None:
    """Return the type that a name is known to have, ours or the conventions', else None."""
    return COLUMNS.get(name) or CONVENTION_TYPES.get(name) or ("bool" if name == UNFINISHED else None)


def nearest(name: str, choices: Iterable[str], n: int = 3) -> list[str]:
    """Return up to n of the choices that a misspelt name may have meant, the likeliest first.

    Case is ignored, an old convention name finds today's, and the last part of a dotted name
    (`status_code`) finds the whole (`http.response.status_code`).
    """
    pool = list(dict.fromkeys(choices))
    folded: dict[str, list[str]] = {}
    for choice in pool:
        folded.setdefault(choice.casefold(), []).append(choice)
    wanted = name.casefold()
    found: list[str] = []
    today = RENAMED.get(name)
    if today is not None and today in pool:
        found.append(today)
    found += folded.get(wanted, [])
    tail = wanted.rsplit(".", 1)[-1]
    close = difflib.get_close_matches(wanted, list(folded), n=n, cutoff=0.72)
    parts = [choice for choice in pool if choice.casefold().rsplit(".", 1)[-1] == tail]
    loose = difflib.get_close_matches(wanted, list(folded), n=n, cutoff=0.5)
    for key in close:
        found += folded[key]
    found += parts
    for key in loose:
        found += folded[key]
    return list(dict.fromkeys(found))[:n]
