"""Bring columns that only together mean something into one: what flat rows spread over several fields.

    date "2026-05-04", time "10:00:00"             "date time" "2026-05-04 10:00:00"
    instant.epochSecond, instant.nanoOfSecond      instant
    StatusCode "Error"                             "span status", if all values are statuses of spans
    status.code 2                                  "span status" ERROR, in a row with a span id
    status "error", "info"                         level, if all values are levels
    caller "shop/main.go:12"                       code.file.path, code.line.number
    @mt "Paid {Amount}", Amount 1.5                @m "Paid 1.5"

`flat_programs` has the fields of known programs. The new columns have names that `flat_field` knows, so that
they are read like any other.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from obskit.names import flat_fields as names
from obskit.names.flat_fields import flat_field
from obskit.schema import flat_programs
from obskit.schema.column_moves import Columns, first, is_time, keep_rest, matches, rename
from obskit.schema.flat_values import SOURCE_FILES, span_status
from obskit.schema.flatten import Column
from obskit.schema.message_templates import rendered
from obskit.schema.parse import by_value, parse
from obskit.schema.time_text import Noting, silent
from obskit.schema.types import TIMESTAMP

DATE_ONLY = "log.date"
"""Name of a date whose row has no time of day, where other rows have one."""
_TIME_OF_DAY = r"^\s*\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?\s*(Z|[+-]\d{2}:?\d{2}|[AaPp][Mm])?\s*$"
_DATE = r"^\s*(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{8}|\d{1,2}[-./]\d{1,2}[-./]\d{4})\s*$"
_CALLER = rf"^(?P<path>\S+\.{SOURCE_FILES}):(?P<line>\d{{1,9}})$"
_SECONDS = {"epochSecond": "nanoOfSecond", "seconds": "nanos", "_seconds": "_nanoseconds"}
_WRAPS = {
    "_source.": frozenset({"_index", "_id"}),  # Elasticsearch
    "result.": frozenset({"result._time", "result._raw"}),  # Splunk
}
_KIND_NOTE = (
    "kind is a number: 1 is a server in OpenTelemetry's API and internal in its protocol, so it is kept as "
    'attributes.kind. If the protocol wrote it, map it: --mapping FILE.json with {"kind": "kind"}'
)
_CODES = ("UNSET", "OK", "ERROR")
_LEVELS = frozenset({"info", "warn", "warning", "debug", "notice", "critical", "alert", "emergency", "trace"})


def combine(columns: list[Column], note: Noting = silent) -> list[Column]:
    """Return the columns of flat rows, with those that belong together as one.

    Args:
        columns: flat columns with the names of the source.
        note: called with a remark about a choice.

    Returns:
        Columns whose names `flat_field` knows, or that stayed as they were.
    """
    have = {column.name: column for column in columns}
    if len(have) < len(columns):  # a name occurs twice
        return columns
    _unwrap(have)
    folded = {name.casefold(): name for name in have}
    _messages(have)
    for step in flat_programs.STEPS:
        step(have, folded)
    for step in (_statuses, _status_codes, _seconds_and_nanos, _date_and_time, _callers):
        step(have, folded)
    _numbered_kinds(have, note)
    return sorted(have.values(), key=lambda column: column.depth)


def _unwrap(have: Columns) -> None:
    """Take the records out of what the tools that export them put around each one."""
    for prefix, marks in _WRAPS.items():
        if marks.isdisjoint(have):
            continue
        for name in [name for name in have if name.startswith(prefix)]:
            inner = name.removeprefix(prefix)
            if inner and inner not in have:
                have[inner] = have.pop(name)._replace(name=inner)
    if "_raw" in have and "_time" in have and "line" not in have:  # Splunk
        have["line"] = have.pop("_raw")._replace(name="line")


def _messages(have: Columns) -> None:
    """Add the messages of templates whose parts are fields."""
    found = rendered(have)
    if found is None:
        return
    template, messages = found
    name = "@m" if "@m" not in have else "renderedMessage"
    if name not in have:
        have[name] = template._replace(name=name, values=messages)


def _statuses(have: Columns, folded: dict[str, str]) -> None:
    """Tell statuses of spans from those of HTTP, and levels from both, by their words."""
    for key in ("otel.status_code", "statuscode", "status_code", "status"):
        column = have.get(folded.get(key, ""))
        if column is None or column.name == "status_code" or not pa.types.is_string(column.values.type):
            continue
        words = {word for word in column.values.unique().to_pylist() if word is not None}
        if key != "status" and words and all(map(span_status, words)):
            rename(have, column.name, "span.status_code" if key.startswith("otel") else "span status")
        elif key == "status" and not have.keys() & {"level", "severity"}:
            levels = {word.strip().lower() for word in words}
            if levels & _LEVELS and levels <= _LEVELS | {"ok", "error", "fatal"}:
                rename(have, column.name, "level")


def _numbered_kinds(have: Columns, note: Noting) -> None:
    """Keep a kind that is a number under another name, unless a field next to it is only OTLP's."""
    column = have.get("kind")
    if column is None or "attributes.kind" in have or pa.types.is_nested(column.values.type):
        return
    if have.keys() & {"startTimeUnixNano", "start_time_unix_nano"}:
        return
    kinds = column.values.unique().drop_null().to_pylist()
    if kinds and all(str(kind).strip().isdigit() for kind in kinds):
        note(_KIND_NOTE)
        have["attributes.kind"] = have.pop("kind")._replace(name="attributes.kind")


def _status_codes(have: Columns, folded: dict[str, str]) -> None:
    """Take the status out of a span's object: {"status": {"code": 2}}."""
    column = have.get("status.code") or have.get("status.status_code")
    if column is None or have.keys() & {"status_code", "status", "span status"}:
        return
    if pa.types.is_nested(column.values.type):
        return
    words = {word for word in column.values.unique().to_pylist() if word is not None}
    is_span = first(have, folded, ("span_id", "spanid")) is not None
    if is_span and words and all(type(word) is int and 0 <= word <= 2 for word in words):
        values = by_value(column.values, lambda code: None if code is None else _CODES[code], pa.string())
        have["span status"] = have.pop(column.name)._replace(name="span status", values=values)
    elif words and all(type(word) is str and span_status(word) for word in words):
        rename(have, column.name, "span status")


def _seconds_and_nanos(have: Columns, _folded: dict[str, str]) -> None:
    for name in list(have):
        base, _, last = name.rpartition(".")
        if last not in _SECONDS or not base or base in have:
            continue
        if not is_time(base):
            _duration_parts(have, base, name, f"{base}.{_SECONDS[last]}")
            continue
        seconds = parse(have[name].values, "int")
        within = pc.less(pc.abs(pc.fill_null(seconds, 0)), 10**11)
        if not pc.all(within).as_py():
            continue
        micros = pc.multiply(seconds, 1_000_000)
        fraction = have.pop(f"{base}.{_SECONDS[last]}", None)
        if fraction is not None:
            nanos = pc.fill_null(parse(fraction.values, "int"), 0)
            micros = pc.add(micros, pc.divide(nanos, 1_000))
        have[base] = have.pop(name)._replace(name=base, values=micros.cast(TIMESTAMP))


def _duration_parts(have: Columns, base: str, seconds: str, nanos: str) -> None:
    """Add up a duration of protobuf: {"seconds": 1, "nanos": 250000000}."""
    meaning = flat_field(f"{base}_ns")
    fraction = have.get(nanos)
    if meaning is None or meaning.reading != names.DURATION or fraction is None or f"{base}_ns" in have:
        return
    whole, rest = parse(have[seconds].values, "float"), parse(fraction.values, "float")
    total = pc.add(pc.multiply(pc.fill_null(whole, 0.0), 1e9), pc.fill_null(rest, 0.0))
    given = pc.or_(pc.is_valid(whole), pc.is_valid(rest))
    values = pc.if_else(given, total, pa.scalar(None, pa.float64()))
    have[f"{base}_ns"] = have.pop(seconds)._replace(name=f"{base}_ns", values=values)
    del have[nanos]


def _date_and_time(have: Columns, folded: dict[str, str]) -> None:
    """Join dates and times of day, in rows that have both; of other rows, the date is no time of an event."""
    date, time = (have.get(folded.get(name, "")) for name in ("date", "time"))
    if date is None or time is None:
        return
    if pa.types.is_timestamp(date.values.type):
        day = pc.strftime(
            date.values.cast(pa.timestamp("us")).cast(pa.timestamp("s"), safe=False), "%Y-%m-%d"
        )
        dated = pc.is_valid(day)
    elif pa.types.is_string(date.values.type):
        day = pc.utf8_trim_whitespace(date.values)
        dated = matches(date.values, _DATE)
    else:
        return
    both = pc.and_(dated, matches(time.values, _TIME_OF_DAY))
    if not pc.any(both, min_count=0).as_py():
        return
    joined = pc.binary_join_element_wise(day, pc.utf8_trim_whitespace(time.values), " ")
    have["date time"] = date._replace(
        name="date time", values=pc.if_else(both, joined, pa.scalar(None, pa.string()))
    )
    keep_rest(have, time, both)
    keep_rest(have, date, both)
    if date.name in have and DATE_ONLY not in have:  # midnight would be a guess
        have[DATE_ONLY] = have.pop(date.name)._replace(name=DATE_ONLY)


def _callers(have: Columns, folded: dict[str, str]) -> None:
    caller = have.get(folded.get("caller", ""))
    if caller is not None and pc.any(found := matches(caller.values, _CALLER), min_count=0).as_py():
        parts = pc.extract_regex(caller.values, _CALLER)
        keep_rest(have, caller, found)
        for name, part in (("code.file.path", "path"), ("code.line.number", "line")):
            have.setdefault(name, caller._replace(name=name, values=pc.struct_field(parts, part)))
    for path, line in (("filename", "lineno"), ("file", "lineno"), ("file", "line"), ("filename", "line")):
        source, number = (have.get(folded.get(name, "")) for name in (path, line))
        if source is None or number is None or not pa.types.is_string(source.values.type):
            continue
        if pa.types.is_integer(number.values.type):
            rename(have, source.name, "pathname", [number.name])
            rename(have, number.name, "lineno")
            return
