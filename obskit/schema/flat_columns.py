"""Bring columns that only together mean something into one: what flat rows spread over several fields.

    date "2026-05-04", time "10:00:00"             "date time" "2026-05-04 10:00:00"
    instant.epochSecond, instant.nanoOfSecond      instant
    time.$date, took_ms.$numberLong                time, took_ms
    StatusCode "Error"                             "span status", if all values are statuses of spans
    status.code 2                                  "span status" ERROR, in a row with a span id
    status "error", "info"                         level, if all values are levels
    caller "shop/main.go:12"                       code.file.path, code.line.number
    @mt "Paid {Amount}", Amount 1.5                @m "Paid 1.5"
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
_IN_TEMPLATE = re.compile(r"\{Elapsed[^{}]*\}\s*(ms|milliseconds|s|seconds|us|µs)\b", re.I)
_WRAPS = {
    "_source.": frozenset({"_index", "_id"}),  # Elasticsearch
    "result.": frozenset({"result._time", "result._raw"}),  # Splunk
}
_ROUTER = frozenset({"dyno", "connect", "service", "fwd", "method", "path"})
_LOGRAGE = frozenset({"method", "path", "controller", "action", "status", "duration"})
_KIND_NOTE = (
    "kind is a number: 1 is a server in OpenTelemetry's API and internal in its protocol, so it is kept as "
    'attributes.kind. If the protocol wrote it, map it: --mapping FILE.json with {"kind": "kind"}'
)
_CODES = ("UNSET", "OK", "ERROR")
_MONGO = {"$numberLong": "int", "$numberInt": "int", "$numberDouble": "float", "$numberDecimal": "float"}
_LEVELS = frozenset({"info", "warn", "warning", "debug", "notice", "critical", "alert", "emergency", "trace"})
_CLF_TIME = r"^\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}$"
_AZURE = {
    r'"(?:ScStatus|httpStatus|httpStatusCode|responseCode)": ?"?(?P<value>\d{3})\b': "httpStatus",
    # App Service writes milliseconds; Application Gateway and Front Door call theirs `timeTaken`.
    r'"TimeTaken": ?"?(?P<value>\d+)\b': "timeTaken (ms)",
}
_DOMAIN = r"^(\S+\.[A-Za-z]\S*|\d{1,3}(\.\d{1,3}){3}|\[?[0-9A-Fa-f]*:[0-9A-Fa-f:]+\]?|localhost)(:\d+)?$"
_REQUEST_NAMES = (
    ("method", "request_method", "httpmethod", "verb", "request"),
    ("uri", "url", "path", "request_uri", "request"),
    ("status", "status_code", "response_status", "statuscode"),
)
_LOGURU = {
    "record.time.timestamp": "ts",
    "record.level.name": "level",
    "record.message": "message",
    "record.name": "logger",
    "record.function": "funcName",
    "record.line": "lineno",
    "record.process.id": "pid",
    "record.thread.name": "threadName",
    "record.exception.type": "exceptionType",
    "record.exception.value": "exceptionMessage",
}
_LOGURU_OPTIONAL = frozenset({"record.exception.type", "record.exception.value", "record.name"})
_MONGODB = frozenset({"t.$date", "s", "c", "id", "ctx", "msg"})
_MONGODB_NAMES = {
    "s": "severity",
    "c": "logger",
    "attr.durationMillis": "duration (ms)",
    "t.$date": "time.$date",
}
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
    _unwrap(have)
    folded = {name.casefold(): name for name in have}
    for step in (
        _messages,
        _mongo_log,
        _loguru,
        _mongo_dates,
        _mongo_numbers,
        _php_dates,
        _azure_properties,
        _statuses,
        _heroku,
        _request_times,
        _request_hosts,
        _split_times,
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


def _unwrap(have: dict[str, Column]) -> None:
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


def _messages(have: dict[str, Column], _folded: dict[str, str]) -> None:
    found = rendered(have)
    if found is None:
        return
    template, messages = found
    name = "@m" if "@m" not in have else "renderedMessage"
    if name not in have:
        have[name] = template._replace(name=name, values=messages)


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


def _mongo_log(have: dict[str, Column], _folded: dict[str, str]) -> None:
    """Rename the short names of MongoDB's log, which only together mean something."""
    if not have.keys() >= _MONGODB:
        return
    for name, new in _MONGODB_NAMES.items():
        _rename(have, name, new, ("id", "ctx", "msg"))


def _loguru(have: dict[str, Column], _folded: dict[str, str]) -> None:
    """Rename the parts of the record that loguru serializes."""
    if have.keys() >= _LOGURU.keys() - _LOGURU_OPTIONAL:
        for name, new in _LOGURU.items():
            _rename(have, name, new)


def _php_dates(have: dict[str, Column], _folded: dict[str, str]) -> None:
    """Join the parts of a DateTime that PHP wrote as an object, if its zone is UTC."""
    for name in [name for name in have if name.endswith(".timezone")]:
        base = name.removesuffix(".timezone")
        date, kind = have.get(f"{base}.date"), have.get(f"{base}.timezone_type")
        if date is not None and kind is not None and base not in have and _is_time(base):
            zones = have[name].values
            if pa.types.is_string(zones.type) and set(zones.unique().to_pylist()) <= {
                "UTC",
                "Z",
                "+00:00",
                None,
            }:
                have[base] = have.pop(date.name)._replace(name=base)
                del have[name], have[kind.name]


def _azure_properties(have: dict[str, Column], _folded: dict[str, str]) -> None:
    """Take status and duration from the properties of Azure's logs of requests, if they are JSON as text."""
    properties = have.get("properties")
    if properties is None or "category" not in have or not pa.types.is_string(properties.values.type):
        return
    for pattern, name in _AZURE.items():
        found = pc.struct_field(pc.extract_regex(properties.values, pattern), "value")
        if name not in have and found.null_count < len(found):
            have[name] = properties._replace(name=name, values=found)


def _heroku(have: dict[str, Column], _folded: dict[str, str]) -> None:
    """Rename what Heroku's router says: how long the dyno took, and the host that was asked for."""
    if have.keys() >= _ROUTER:
        _rename(have, "service", "took", ["dyno", "connect"])
        _rename(have, "host", "server.address", ["fwd", "method", "path"])


def _request_times(have: dict[str, Column], folded: dict[str, str]) -> None:
    """Tell a `requestTime` that is a moment, as of AWS's API Gateway, from one that is a duration."""
    column = have.get(folded.get("requesttime", ""))
    if column is not None and pa.types.is_string(column.values.type):
        _move(have, column.name, "requestTimestamp", _matches(column.values, _CLF_TIME))


def _request_hosts(have: dict[str, Column], folded: dict[str, str]) -> None:
    """Keep `host` in logs of requests if it is a domain: it is the header that the client sent."""
    host = have.get(folded.get("host", ""))
    if host is None or not all(any(name in folded for name in names) for names in _REQUEST_NAMES):
        return
    if pa.types.is_string(host.values.type):
        _move(have, host.name, "attributes.host", _matches(host.values, _DOMAIN))


def _split_times(have: dict[str, Column], folded: dict[str, str]) -> None:
    """Join the seconds and nanoseconds of Google's `timestampSeconds` and `timestampNanos`."""
    seconds, nanos = (have.get(folded.get(name, "")) for name in ("timestampseconds", "timestampnanos"))
    if seconds is None or nanos is None or "timestamp.seconds" in have or "timestamp.nanos" in have:
        return
    _rename(have, seconds.name, "timestamp.seconds", [nanos.name])
    _rename(have, nanos.name, "timestamp.nanos")
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
        dated = _matches(date.values, _DATE)
    else:
        return
    both = pc.and_(dated, _matches(time.values, _TIME_OF_DAY))
    if not pc.any(both, min_count=0).as_py():
        return
    joined = pc.binary_join_element_wise(day, pc.utf8_trim_whitespace(time.values), " ")
    have["date time"] = date._replace(
        name="date time", values=pc.if_else(both, joined, pa.scalar(None, pa.string()))
    )
    _keep_rest(have, time, both)
    _keep_rest(have, date, both)
    if date.name in have and DATE_ONLY not in have:  # midnight would be a guess
        have[DATE_ONLY] = have.pop(date.name)._replace(name=DATE_ONLY)


def _matches(values: pa.Array, pattern: str) -> pa.Array:
    """Return in which rows a column has text that matches."""
    if not pa.types.is_string(values.type):
        return pa.repeat(False, len(values))
    return pc.fill_null(pc.match_substring_regex(values, pattern), False)


def _keep_rest(have: dict[str, Column], column: Column, used: pa.Array) -> None:
    """Keep a column only in the rows that are not used."""
    values = pc.if_else(used, pa.scalar(None, column.values.type), column.values)
    if values.null_count < len(values):
        have[column.name] = column._replace(values=values)
    else:
        del have[column.name]


def _callers(have: dict[str, Column], folded: dict[str, str]) -> None:
    caller = have.get(folded.get("caller", ""))
    if caller is not None and pc.any(found := _matches(caller.values, _CALLER), min_count=0).as_py():
        parts = pc.extract_regex(caller.values, _CALLER)
        _keep_rest(have, caller, found)
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
    if have.keys() >= _LOGRAGE:
        _rename(have, "duration", "duration (ms)", ["controller", "action", "status"])
    pod = _first(have, folded, ("pod", "pod_name", "podname"))
    if "namespace" in folded and pod is not None:
        _rename(have, folded["namespace"], "k8s.namespace", [pod.name])
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
    rows = pa.repeat(True, len(have[name].values))
    for other in beside:
        rows = pc.and_(rows, pc.is_valid(have[other].values))
    _move(have, name, new, rows)


def _move(have: dict[str, Column], name: str, new: str, rows: pa.Array) -> None:
    """Move the values of some rows to a column with another name."""
    column = have[name]
    if new in have or not pc.any(rows, min_count=0).as_py():
        return
    left = pc.and_not(pc.is_valid(column.values), rows)
    null = pa.scalar(None, column.values.type)
    if pc.any(left, min_count=0).as_py():
        have[name] = column._replace(values=pc.if_else(left, column.values, null))
        column = column._replace(values=pc.if_else(rows, column.values, null))
    else:
        del have[name]
    have[new] = column._replace(name=new)
