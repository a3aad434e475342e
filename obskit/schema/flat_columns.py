"""Bring columns that only together mean something into one: what flat rows spread over several fields.

    date "2026-05-04", time "10:00:00"             "date time" "2026-05-04 10:00:00"
    instant.epochSecond, instant.nanoOfSecond      instant
    time.$date, took_ms.$numberLong                time, took_ms
    StatusCode "Error"                             "span status", if all values are statuses of spans
    status.code 2                                  "span status" ERROR, in a row with a span id
    status "error", "info"                         level, if all values are levels
    caller "shop/main.go:12"                       code.file.path, code.line.number
    Elapsed, where the template says "{Elapsed} ms"  "Elapsed (ms)"

The new columns have names that `flat_field` knows, so that they are read like any other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

from obskit.names import flat_fields as names
from obskit.names.flat_fields import flat_field
from obskit.schema.flat_values import span_status
from obskit.schema.flatten import Column
from obskit.schema.parse import by_value, parse
from obskit.schema.time_text import Noting, silent
from obskit.schema.types import TIMESTAMP

_TIME_OF_DAY = r"^\s*\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?\s*(Z|[+-]\d{2}:?\d{2}|[AaPp][Mm])?\s*$"
_DATE = r"^\s*(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{8}|\d{1,2}[-./]\d{1,2}[-./]\d{4})\s*$"
_CALLER = r"^(?P<path>.+?):(?P<line>\d{1,9})$"
_SECONDS = {"epochSecond": "nanoOfSecond", "seconds": "nanos", "_seconds": "_nanoseconds"}
_IN_TEMPLATE = re.compile(r"\{Elapsed[^{}]*\}\s*(ms|milliseconds|s|seconds|us|µs)\b", re.I)
_TOOK = r"^\d+ms$"
_KIND_NOTE = (
    "kind is a number: 1 is a server in OpenTelemetry's API and internal in its protocol, so it is kept as "
    'attributes.kind. If the protocol wrote it, map it: --mapping FILE.json with {"kind": "kind"}'
)
_CODES = ("UNSET", "OK", "ERROR")
_MONGO = {"$numberLong": "int", "$numberInt": "int", "$numberDouble": "float", "$numberDecimal": "float"}
_LEVELS = frozenset({"info", "warn", "warning", "debug", "notice", "critical", "alert", "emergency", "trace"})
_BUNYAN = frozenset({"v", "pid", "hostname", "level", "msg", "name"})


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
    folded = {name.casefold(): name for name in have}
    for step in (
        _mongo_dates,
        _mongo_numbers,
        _statuses,
        _status_codes,
        _seconds_and_nanos,
        _date_and_time,
        _callers,
        _elapsed,
        _programs,
    ):
        step(have, folded)
    _numbered_kinds(have, note)
    return sorted(have.values(), key=lambda column: column.depth)


def _is_time(name: str) -> bool:
    meaning = flat_field(name)
    return name == "timestamp" or (meaning is not None and meaning.reading == names.TIME)


def _mongo_dates(have: dict[str, Column], _folded: dict[str, str]) -> None:
    for name in [name for name in have if name.endswith(".value")]:  # BigQuery's client
        base = name.removesuffix(".value")
        if base not in have and _is_time(base) and pa.types.is_string(have[name].values.type):
            have[base] = have.pop(name)._replace(name=base)
    for name in [name for name in have if ".$date" in name]:
        base = name.removesuffix(".$numberLong").removesuffix(".$date")
        if base not in have and _is_time(base):
            have[base] = have.pop(name)._replace(name=base)


def _mongo_numbers(have: dict[str, Column], _folded: dict[str, str]) -> None:
    """Take the numbers out of MongoDB's extended JSON."""
    for name in [name for name in have if ".$number" in name]:
        base, _, kind = name.rpartition(".")
        if kind not in _MONGO or not pa.types.is_string(have[name].values.type):
            continue
        numbers = parse(have[name].values, _MONGO[kind])
        if numbers.null_count > have[name].values.null_count:
            continue
        if (plain := have.get(base)) is not None:  # small numbers have no type
            if not (pa.types.is_integer(plain.values.type) or pa.types.is_floating(plain.values.type)):
                continue
            numbers = pc.coalesce(numbers.cast(pa.float64()), plain.values.cast(pa.float64()))
        have[base] = have.pop(name)._replace(name=base, values=numbers)


def _statuses(have: dict[str, Column], folded: dict[str, str]) -> None:
    """Tell statuses of spans from those of HTTP, and levels from both, by their words."""
    for key in ("otel.status_code", "statuscode", "status_code", "status"):
        column = have.get(folded.get(key, ""))
        if column is None or column.name == "status_code" or not pa.types.is_string(column.values.type):
            continue
        words = {word for word in column.values.unique().to_pylist() if word is not None}
        if key != "status" and words and all(map(span_status, words)):
            _rename(have, column.name, "span.status_code" if key.startswith("otel") else "span status")
        elif key == "status" and not have.keys() & {"level", "severity"}:
            levels = {word.strip().lower() for word in words}
            if levels & _LEVELS and levels <= _LEVELS | {"ok", "error", "fatal"}:
                _rename(have, column.name, "level")


def _numbered_kinds(have: dict[str, Column], note: Noting) -> None:
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


def _status_codes(have: dict[str, Column], folded: dict[str, str]) -> None:
    """Take the status out of a span's object: {"status": {"code": 2}}."""
    column = have.get("status.code") or have.get("status.status_code")
    if column is None or have.keys() & {"status_code", "status", "span status"}:
        return
    if pa.types.is_nested(column.values.type):
        return
    words = {word for word in column.values.unique().to_pylist() if word is not None}
    is_span = _first(have, folded, ("span_id", "spanid")) is not None
    if is_span and words and all(type(word) is int and 0 <= word <= 2 for word in words):
        values = by_value(column.values, lambda code: None if code is None else _CODES[code], pa.string())
        have["span status"] = have.pop(column.name)._replace(name="span status", values=values)
    elif words and all(type(word) is str and span_status(word) for word in words):
        _rename(have, column.name, "span status")


def _seconds_and_nanos(have: dict[str, Column], _folded: dict[str, str]) -> None:
    for name in list(have):
        base, _, last = name.rpartition(".")
        if last not in _SECONDS or not base or base in have:
            continue
        if not _is_time(base):
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


def _duration_parts(have: dict[str, Column], base: str, seconds: str, nanos: str) -> None:
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


def _date_and_time(have: dict[str, Column], folded: dict[str, str]) -> None:
    date, time = (have.get(folded.get(name, "")) for name in ("date", "time"))
    if date is None or time is None or not _all_match(time.values, _TIME_OF_DAY):
        return
    if pa.types.is_timestamp(date.values.type):
        day = pc.strftime(
            date.values.cast(pa.timestamp("us")).cast(pa.timestamp("s"), safe=False), "%Y-%m-%d"
        )
    elif _all_match(date.values, _DATE):
        day = pc.utf8_trim_whitespace(date.values)
    else:
        return
    joined = pc.binary_join_element_wise(day, pc.utf8_trim_whitespace(time.values), " ")
    del have[date.name], have[time.name]
    have["date time"] = date._replace(name="date time", values=joined)


def _all_match(values: pa.Array, pattern: str) -> bool:
    """Return whether a column has text, and all of it matches."""
    if not pa.types.is_string(values.type) or values.null_count == len(values):
        return False
    return bool(pc.all(pc.match_substring_regex(values, pattern)).as_py())


def _callers(have: dict[str, Column], folded: dict[str, str]) -> None:
    caller = have.get(folded.get("caller", ""))
    if caller is not None and _all_match(caller.values, _CALLER):
        parts = pc.extract_regex(caller.values, _CALLER)
        del have[caller.name]
        for name, part in (("code.file.path", "path"), ("code.line.number", "line")):
            have.setdefault(name, caller._replace(name=name, values=pc.struct_field(parts, part)))
    for path, line in (("filename", "lineno"), ("file", "lineno"), ("file", "line"), ("filename", "line")):
        source, number = (have.get(folded.get(name, "")) for name in (path, line))
        if source is None or number is None or not pa.types.is_string(source.values.type):
            continue
        if pa.types.is_integer(number.values.type):
            _rename(have, source.name, "pathname", [number.name])
            _rename(have, number.name, "lineno")
            return


def _elapsed(have: dict[str, Column], folded: dict[str, str]) -> None:
    """Take the unit of Serilog's `Elapsed` from the template that prints it."""
    elapsed = _first(have, folded, ("elapsed", "properties.elapsed"))
    template = _first(have, folded, ("@mt", "messagetemplate", "messagetemplate.text"))
    if elapsed is None or template is None or not pa.types.is_string(template.values.type):
        return
    printed = template.values.filter(pc.is_valid(elapsed.values)).unique().to_pylist()
    units = {found[1].lower() if (found := _IN_TEMPLATE.search(text or "")) else None for text in printed}
    if len(units) == 1 and (unit := units.pop()) is not None:
        _rename(have, elapsed.name, f"elapsed ({unit})", [template.name])


def _programs(have: dict[str, Column], folded: dict[str, str]) -> None:
    """Rename fields whose meaning the other fields of a known program decide."""
    if have.keys() >= _BUNYAN and pa.types.is_integer(have["v"].values.type):
        # bunyan: the name of the application
        _rename(have, "name", "service", _BUNYAN)
    if "levelname" in have and "name" in have and "logger" not in have:
        _rename(have, "name", "logger", ["levelname"])  # Python: the name of the logger
    if "short_message" in have and "level" in have:
        _rename(have, "level", "syslog.priority", ["short_message"])  # GELF
    pod = _first(have, folded, ("pod", "pod_name", "podname"))
    if "namespace" in folded and pod is not None:
        _rename(have, folded["namespace"], "k8s.namespace", [pod.name])
    service = have.get("service")
    if service is not None and {"connect", "dyno"} <= have.keys() and _all_match(service.values, _TOOK):
        _rename(have, "service", "took", ["dyno", "connect"])  # Heroku's router: how long the dyno took
        _rename(have, "host", "server.address", ["dyno", "connect"])
    if "@t" in have and ("@mt" in have or "@m" in have):
        _complete_clef(have)


def _complete_clef(have: dict[str, Column]) -> None:
    """Fill in the level Information, which CLEF leaves out."""
    times = have["@t"]
    levels = have["@l"].values if "@l" in have else pa.nulls(len(times.values), pa.string())
    if pa.types.is_null(levels.type):
        levels = levels.cast(pa.string())
    if pa.types.is_string(levels.type):
        left_out = pc.and_(pc.is_valid(times.values), pc.is_null(levels))
        have["@l"] = times._replace(name="@l", values=pc.if_else(left_out, "Information", levels))


def _first(have: dict[str, Column], folded: dict[str, str], wanted: Iterable[str]) -> Column | None:
    return next((have[folded[name]] for name in wanted if folded.get(name) in have), None)


def _rename(have: dict[str, Column], name: str, new: str, beside: Iterable[str] = ()) -> None:
    """Rename a column, in rows that have a value in each of the columns beside it.

    Rows of several programs are in one batch if their files are read together, or if one file has them.
    """
    if new in have or name not in have:
        return
    column = have[name]
    rows = pa.repeat(True, len(column.values))
    for other in beside:
        rows = pc.and_(rows, pc.is_valid(have[other].values))
    left = pc.and_not(pc.is_valid(column.values), rows)
    if not pc.any(rows, min_count=0).as_py():
        return
    null = pa.scalar(None, column.values.type)
    if pc.any(left, min_count=0).as_py():
        have[name] = column._replace(values=pc.if_else(left, column.values, null))
        column = column._replace(values=pc.if_else(rows, column.values, null))
    else:
        del have[name]
    have[new] = column._replace(name=new)
