"""Names of fields: obskit's own, OpenTelemetry's current ones, and old names that were replaced.

Tables and functions on text, standard library only. `obskit.schema` applies them to data.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from obskit.names.conventions import CONVENTION_TYPES, RENAMED
from obskit.names.flat_fields import FLAT_USUAL, FlatField, flat_field

__all__ = [
    "ABSENT",
    "CALLING_KINDS",
    "CARRIED",
    "CARRIED_FIELD",
    "CARRIED_LIST",
    "COLUMNS",
    "CONVENTION_TYPES",
    "DRIFT",
    "ERROR_FIELDS",
    "EXCEPTION_FINGERPRINT",
    "FLAT_USUAL",
    "NOT_SPAN_KINDS",
    "RENAMED",
    "TEMPLATE",
    "TRACE_FIELDS",
    "UNFINISHED",
    "UNITS",
    "UNIT_KINDS",
    "FlatField",
    "current",
    "describes_error",
    "flat_field",
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
"""obskit's columns, in their order -> name of their type."""

UNFINISHED = "obskit.unfinished"
"""True on a row that was written while its unit of work was still open."""

EXCEPTION_FINGERPRINT = "obskit.exception.fingerprint"
"""Type and innermost frames of an exception, the same on every host and in every build."""

TEMPLATE = "log.record.template"
"""Text of a log record with a placeholder for what varies."""

_OWN_TYPES = {UNFINISHED: "bool", EXCEPTION_FINGERPRINT: "string"}

DRIFT = ("process.uptime", "process.memory.usage", "obskit.in_flight")
"""Fields of the process that `instrument` reads about once a second; they drift, whatever requests do."""

CARRIED: dict[str, str] = {f"obskit.{name}": name for name in (*COLUMNS, "events", "links")}
"""Attribute that holds a column in a format without a field for it -> the column."""

CARRIED_FIELD = "obskit.field."
"""Prefix of a field whose name has another meaning in the format, such as `time` in flat JSON lines."""

CARRIED_LIST = "obskit.list."
"""Prefix of a field whose lists the format holds as JSON text."""

ABSENT = "obskit.null"
"""Attribute that lists columns, separated by commas, that are null although the format has a value."""

TRACE_FIELDS: dict[str, str] = {
    "obskit.trace.masked_error": "bool",
    "obskit.trace.error_count": "int",
    "obskit.trace.span_count": "int",
    "obskit.trace.complete": "bool",
    "obskit.trace.duration_ms": "float",
    "obskit.self_ms": "float",
    "obskit.critical_ms": "float",
    "obskit.depth": "int",
}
"""Fields that come from the whole trace of a row, computed when they are asked for -> name of their type."""

UNIT_KINDS = ("server", "consumer")
"""Kinds of span that are a unit of work anywhere in a trace: the called side of a call or a message."""

CALLING_KINDS = ("client", "producer")
"""Kinds of span that are the calling side of a call or a message."""

NOT_SPAN_KINDS = ("event", "link")
"""Kinds of row that are not a span."""

UNITS = "kind in ('server', 'consumer') or (parent_span_id is null and duration_ms is not null)"
"""Units of work as a condition: one request as its caller sees it."""

_DESCRIBE_ERROR = ("exception.", "obskit.exception.", "http.response.")

ERROR_FIELDS = frozenset(
    {"error", "status_code", "status_message", "error.type", "error.message", "http.response.status_code"}
)
"""Fields that say how a unit of work failed, not why."""


def describes_error(name: str) -> bool:
    """Return whether a field describes a failure, and so cannot explain it.

    Properties of the response (`http.response.*`) are determined after the failure, so they only describe it.

    Args:
        name: the field.

    Returns:
        True for status, `error.*`, `exception.*` and `http.response.*` fields.
    """
    return name in ERROR_FIELDS or name.startswith(_DESCRIBE_ERROR)


def current(name: str) -> str:
    """Return the current name of a field: the replacement of an old convention name, else the name itself."""
    return RENAMED.get(name, name)


def type_word(name: str) -> str | None:
    """Return the type of one of obskit's columns or of a convention name; None if it is neither."""
    return COLUMNS.get(name) or CONVENTION_TYPES.get(name) or _OWN_TYPES.get(name)


def nearest(name: str, choices: Iterable[str], n: int = 3) -> list[str]:
    """Find the choices that a misspelt name may mean.

    Case is ignored. An old convention name finds the current one, and the last part of a dotted name
    (`status_code`) finds the whole name (`http.response.status_code`).

    Args:
        name: the misspelt name.
        choices: names that exist.
        n: most names to return.

    Returns:
        Up to n choices, the likeliest first.
    """
    pool = list(dict.fromkeys(choices))
    folded: dict[str, list[str]] = {}
    for choice in pool:
        folded.setdefault(choice.casefold(), []).append(choice)
    wanted = name.casefold()
    found: list[str] = []
    renamed = RENAMED.get(name)
    if renamed is not None and renamed in pool:
        found.append(renamed)
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
