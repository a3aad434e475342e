"""Bring columns that only together mean something into one: what flat rows spread over several fields.

    date "2026-05-04", time "10:00:00"             "date time" "2026-05-04 10:00:00"
    instant.epochSecond, instant.nanoOfSecond      instant
    time.$date                                     time
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
from obskit.schema.flat_values import SOURCE_FILES
from obskit.schema.flatten import Column
from obskit.schema.parse import parse
from obskit.schema.types import TIMESTAMP

_TIME_OF_DAY = r"^\s*\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?\s*(Z|[+-]\d{2}:?\d{2}|[AaPp][Mm])?\s*$"
_DATE = r"^\s*(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{8}|\d{1,2}[-./]\d{1,2}[-./]\d{4})\s*$"
_CALLER = rf"^(?P<path>\S+\.{SOURCE_FILES}):(?P<line>\d{{1,9}})$"
_SECONDS = {"epochSecond": "nanoOfSecond", "seconds": "nanos", "_seconds": "_nanoseconds"}
_IN_TEMPLATE = re.compile(r"\{Elapsed[^{}]*\}\s*(ms|milliseconds|s|seconds|us|µs)\b", re.I)
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


def combine(columns: list[Column]) -> list[Column]:
    """Return the columns of flat rows, with those that belong together as one.

    Args:
        columns: flat columns with the names of the source.

    Returns:
        Columns whose names `flat_field` knows, or that stayed as they were.
    """
    have = {column.name: column for column in columns}
    if len(have) < len(columns):  # a name occurs twice
        return columns
    folded = {name.casefold(): name for name in have}
    for step in (
        _mongo_log,
        _loguru,
        _mongo_dates,
        _php_dates,
        _azure_properties,
        _request_times,
        _request_hosts,
        _split_times,
        _seconds_and_nanos,
        _date_and_time,
        _callers,
        _elapsed,
        _programs,
    ):
        step(have, folded)
    return sorted(have.values(), key=lambda column: column.depth)


def _is_time(name: str) -> bool:
    meaning = flat_field(name)
    return name == "timestamp" or (meaning is not None and meaning.reading == names.TIME)


def _mongo_dates(have: dict[str, Column], _folded: dict[str, str]) -> None:
    for name in [name for name in have if ".$date" in name]:
        base = name.removesuffix(".$numberLong").removesuffix(".$date")
        if base not in have and _is_time(base):
            have[base] = have.pop(name)._replace(name=base)


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


def _request_times(have: dict[str, Column], folded: dict[str, str]) -> None:
    """Tell a `requestTime` that is a moment, as of AWS's API Gateway, from one that is a duration."""
    column = have.get(folded.get("requesttime", ""))
    if column is not None and _all_match(column.values, _CLF_TIME):
        _rename(have, column.name, "requestTimestamp")


def _request_hosts(have: dict[str, Column], folded: dict[str, str]) -> None:
    """Keep `host` in logs of requests if it is a domain: it is the header that the client sent."""
    host = have.get(folded.get("host", ""))
    if host is None or not all(any(name in folded for name in names) for names in _REQUEST_NAMES):
        return
    if _all_match(host.values, _DOMAIN):
        _rename(have, host.name, "attributes.host")


def _split_times(have: dict[str, Column], folded: dict[str, str]) -> None:
    """Join the seconds and nanoseconds of Google's `timestampSeconds` and `timestampNanos`."""
    seconds, nanos = (have.get(folded.get(name, "")) for name in ("timestampseconds", "timestampnanos"))
    if seconds is None or nanos is None or "timestamp.seconds" in have or "timestamp.nanos" in have:
        return
    _rename(have, seconds.name, "timestamp.seconds", [nanos.name])
    _rename(have, nanos.name, "timestamp.nanos")


def _seconds_and_nanos(have: dict[str, Column], _folded: dict[str, str]) -> None:
    for name in list(have):
        base, _, last = name.rpartition(".")
        if last not in _SECONDS or not base or base in have or not _is_time(base):
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
