"""Fields whose meaning the other fields of a known program decide.

t.$date, s, c, id, ctx, msg                    MongoDB: time, severity, logger
dyno, connect, service "12ms"                  Heroku's router: took
controller, action, status, duration           lograge: duration (ms)
@t, @mt without @l                             CLEF: the level is Information
Elapsed, where the template says "{Elapsed} ms"     Serilog: Elapsed (ms)
"""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc

from obskit.schema.column_moves import Columns, first, is_time, matches, move, rename
from obskit.schema.parse import parse

_MONGO = {"$numberLong": "int", "$numberInt": "int", "$numberDouble": "float", "$numberDecimal": "float"}
_AZURE = {
    r'"(?:ScStatus|httpStatus|httpStatusCode|responseCode)": ?"?(?P<value>\d{3})\b': "httpStatus",
    # App Service writes milliseconds; Application Gateway and Front Door call theirs `timeTaken`.
    r'"TimeTaken": ?"?(?P<value>\d+)\b': "timeTaken (ms)",
}
_ROUTER = frozenset({"dyno", "connect", "service", "fwd", "method", "path"})
_LOGRAGE = frozenset({"method", "path", "controller", "action", "status", "duration"})
_CLF_TIME = r"^\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}$"
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
_IN_TEMPLATE = re.compile(r"\{Elapsed[^{}]*\}\s*(ms|milliseconds|s|seconds|us|µs)\b", re.I)


def _mongo_dates(have: Columns, _folded: dict[str, str]) -> None:
    for name in [name for name in have if name.endswith(".value")]:  # BigQuery's client
        base = name.removesuffix(".value")
        if base not in have and is_time(base) and pa.types.is_string(have[name].values.type):
            have[base] = have.pop(name)._replace(name=base)
    for name in [name for name in have if ".$date" in name]:
        base = name.removesuffix(".$numberLong").removesuffix(".$date")
        if base not in have and is_time(base):
            have[base] = have.pop(name)._replace(name=base)


def _mongo_numbers(have: Columns, _folded: dict[str, str]) -> None:
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


def _mongo_log(have: Columns, _folded: dict[str, str]) -> None:
    """Rename the short names of MongoDB's log, which only together mean something."""
    if not have.keys() >= _MONGODB:
        return
    for name, new in _MONGODB_NAMES.items():
        rename(have, name, new, ("id", "ctx", "msg"))


def _loguru(have: Columns, _folded: dict[str, str]) -> None:
    """Rename the parts of the record that loguru serializes."""
    if have.keys() >= _LOGURU.keys() - _LOGURU_OPTIONAL:
        for name, new in _LOGURU.items():
            rename(have, name, new)


def _php_dates(have: Columns, _folded: dict[str, str]) -> None:
    """Join the parts of a DateTime that PHP wrote as an object, if its zone is UTC."""
    for name in [name for name in have if name.endswith(".timezone")]:
        base = name.removesuffix(".timezone")
        date, kind = have.get(f"{base}.date"), have.get(f"{base}.timezone_type")
        if date is not None and kind is not None and base not in have and is_time(base):
            zones = have[name].values
            if pa.types.is_string(zones.type) and set(zones.unique().to_pylist()) <= {
                "UTC",
                "Z",
                "+00:00",
                None,
            }:
                have[base] = have.pop(date.name)._replace(name=base)
                del have[name], have[kind.name]


def _azure_properties(have: Columns, _folded: dict[str, str]) -> None:
    """Take status and duration from the properties of Azure's logs of requests, if they are JSON as text."""
    properties = have.get("properties")
    if properties is None or "category" not in have or not pa.types.is_string(properties.values.type):
        return
    for pattern, name in _AZURE.items():
        found = pc.struct_field(pc.extract_regex(properties.values, pattern), "value")
        if name not in have and found.null_count < len(found):
            have[name] = properties._replace(name=name, values=found)


def _heroku(have: Columns, _folded: dict[str, str]) -> None:
    """Rename what Heroku's router says: how long the dyno took, and the host that was asked for."""
    if have.keys() >= _ROUTER:
        rename(have, "service", "took", ["dyno", "connect"])
        rename(have, "host", "server.address", ["fwd", "method", "path"])


def _request_times(have: Columns, folded: dict[str, str]) -> None:
    """Tell a `requestTime` that is a moment, as of AWS's API Gateway, from one that is a duration."""
    column = have.get(folded.get("requesttime", ""))
    if column is not None and pa.types.is_string(column.values.type):
        move(have, column.name, "requestTimestamp", matches(column.values, _CLF_TIME))


def _request_hosts(have: Columns, folded: dict[str, str]) -> None:
    """Keep `host` in logs of requests if it is a domain: it is the header that the client sent."""
    host = have.get(folded.get("host", ""))
    if host is None or not all(any(name in folded for name in names) for names in _REQUEST_NAMES):
        return
    if pa.types.is_string(host.values.type):
        move(have, host.name, "attributes.host", matches(host.values, _DOMAIN))


def _split_times(have: Columns, folded: dict[str, str]) -> None:
    """Join the seconds and nanoseconds of Google's `timestampSeconds` and `timestampNanos`."""
    seconds, nanos = (have.get(folded.get(name, "")) for name in ("timestampseconds", "timestampnanos"))
    if seconds is None or nanos is None or "timestamp.seconds" in have or "timestamp.nanos" in have:
        return
    rename(have, seconds.name, "timestamp.seconds", [nanos.name])
    rename(have, nanos.name, "timestamp.nanos")


def _elapsed(have: Columns, folded: dict[str, str]) -> None:
    """Take the unit of Serilog's `Elapsed` from the template that prints it."""
    elapsed = first(have, folded, ("elapsed", "properties.elapsed"))
    template = first(have, folded, ("@mt", "messagetemplate", "messagetemplate.text"))
    if elapsed is None or template is None or not pa.types.is_string(template.values.type):
        return
    printed = template.values.filter(pc.is_valid(elapsed.values)).unique().to_pylist()
    units = {found[1].lower() if (found := _IN_TEMPLATE.search(text or "")) else None for text in printed}
    if len(units) == 1 and (unit := units.pop()) is not None:
        rename(have, elapsed.name, f"elapsed ({unit})", [template.name])


def _programs(have: Columns, folded: dict[str, str]) -> None:
    """Rename fields whose meaning the other fields of a known program decide."""
    if have.keys() >= _BUNYAN and pa.types.is_integer(have["v"].values.type):
        # bunyan: the name of the application
        rename(have, "name", "service", _BUNYAN)
    if "levelname" in have and "name" in have and "logger" not in have:
        rename(have, "name", "logger", ["levelname"])  # Python: the name of the logger
    if "short_message" in have and "level" in have:
        rename(have, "level", "syslog.priority", ["short_message"])  # GELF
    if have.keys() >= _LOGRAGE:
        rename(have, "duration", "duration (ms)", ["controller", "action", "status"])
    pod = first(have, folded, ("pod", "pod_name", "podname"))
    if "namespace" in folded and pod is not None:
        rename(have, folded["namespace"], "k8s.namespace", [pod.name])
    if "@t" in have and ("@mt" in have or "@m" in have):
        _complete_clef(have)


def _complete_clef(have: Columns) -> None:
    """Fill in the level Information, which CLEF leaves out."""
    times = have["@t"]
    levels = have["@l"].values if "@l" in have else pa.nulls(len(times.values), pa.string())
    if pa.types.is_null(levels.type):
        levels = levels.cast(pa.string())
    if pa.types.is_string(levels.type):
        left_out = pc.and_(pc.is_valid(times.values), pc.is_null(levels))
        have["@l"] = times._replace(name="@l", values=pc.if_else(left_out, "Information", levels))


STEPS = (
    _mongo_log,
    _loguru,
    _mongo_dates,
    _mongo_numbers,
    _php_dates,
    _azure_properties,
    _heroku,
    _request_times,
    _request_hosts,
    _split_times,
    _elapsed,
    _programs,
)
"""Each takes the columns by name, and their names by folded name, and changes the columns."""
