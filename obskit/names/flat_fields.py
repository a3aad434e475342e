"""Names of flat rows (JSON lines, CSV, Parquet) for fields that obskit or OpenTelemetry names otherwise.

`flat_field` looks a name up without regard to case, underscores, hyphens and spaces:

    level, Level, log.level, @l        severity_text
    msg, MESSAGE, @m, textPayload      body
    traceId, TraceID, dd.trace_id      trace_id
    elapsed_ms, "duration (s)"         duration_ms

The table says what a name may mean. Whether a value fits is decided by `obskit.schema`, which keeps values
that do not fit under their own name: `level: 12.5`, `service: 7`, `message: ["a"]`. Standard library only.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from obskit.names.conventions import RENAMED

TIME = "time"
"""A moment: text, a number since 1970 of a plausible size, or an Arrow timestamp."""

DAY = "day"
"""A moment or only a date, which is combined with a time of day in a column `time`."""

LEVEL = "level"
"""A log level: a known word, or a number of pino's and bunyan's scale."""

PRIORITY = "priority"
"""A syslog severity, 0 (emergency) to 7 (debug)."""

STATUS = "status"
"""An HTTP status, if its value is one."""

MAYBE_STATUS = "maybe status"
"""An HTTP status, if all of the column's values are."""

DURATION = "duration"
"""A duration, whose unit is in the name or in the text."""

WEIGHT = "weight"
"""A sample rate: events per row, or a fraction."""

TEXT = "text"
"""Text; numbers and lists keep their name."""

INTEGER = "integer"
"""An integer, or digits."""

HEX_ID = "id"
"""A trace or span id, as it is."""

TRACE_HEADER = "trace header"
"""A header with a trace id: `traceparent`, `b3`, `X-Amzn-Trace-Id`, `uber-trace-id`, Google's path."""

STREAM = "stream"
"""`stdout` or `stderr`."""

SPAN_KIND = "span kind"
"""A span's kind as a word. Numbers keep their name: OpenTelemetry's API and OTLP count differently."""

SPAN_STATUS = "span status"
"""A span's status as a word: ok, error or unset."""

FLAG = "flag"
"""True or false."""

CALLER = "caller"
"""`file.go:12`: path and line of the source code; anything else may be a person or a service."""

PROGRAM = "program"
"""Text, but not a duration: Heroku's router calls a time `service`."""

STACK = "stack"
"""A stack trace as text, a list of its lines, or a message of one line."""


class FlatField(NamedTuple):
    """What a flat name may mean.

    Attributes:
        target: the field of obskit or OpenTelemetry.
        reading: how its values are read: one of the constants of this module.
        rank: order among several names of one target; the lowest wins.
        milliseconds: of a duration: milliseconds per unit; 0 if the name has no unit.
    """

    target: str
    reading: str
    rank: int
    milliseconds: float = 0.0


# Target -> (reading, names in order of preference). `_key` explains how names are compared.
_GROUPS: tuple[tuple[str, str, str], ...] = (
    (
        "timestamp",
        TIME,
        "timestamp @timestamp ts @t datetime eventTime startTime startUTC timeStampUTC _time timeUTC asctime"
        " logTime logTimestamp eventTimestamp timeLocal timeISO8601 timeGenerated timeCreated"
        " requestTimestamp instant msec __REALTIME_TIMESTAMP time _SOURCE_REALTIME_TIMESTAMP"
        " receiveTimestamp timeMillis requestTimeEpoch startedAt edgeStartTimestamp requestReceivedTimestamp"
        " timestampSeconds __index_level_0__ (unnamed) unnamed:0",
    ),
    ("timestamp", DAY, "date"),
    (
        "severity_text",
        LEVEL,
        "severityText level log.level levelName severity lvl logLevel @l detectedLevel severityLabel sev"
        " syslog.severity errorSeverity fields.level fields.detectedLevel labels.level"
        " labels.detectedLevel labels.severity",
    ),
    ("severity_text", PRIORITY, "syslog.priority"),
    (
        "body",
        TEXT,
        "msg message @m renderedMessage MESSAGE textPayload jsonPayload.message jsonPayload.msg"
        " fields.message shortMessage log line message.message",
    ),
    ("log.record.template", TEXT, "@mt messageTemplate messageTemplate.text"),
    ("name", TEXT, "name spanName operationName"),
    ("kind", SPAN_KIND, "spanKind span.kind otel.spanKind"),
    ("status_code", SPAN_STATUS, "spanStatus span.status span.statusCode"),
    ("error", FLAG, "hasError isError"),
    (
        "service.name",
        PROGRAM,
        "serviceName service app application appName applicationName dd.service otelServiceName"
        " kubernetes.labels.app.kubernetes.io/name SYSLOG_IDENTIFIER _SYSTEMD_UNIT",
    ),
    ("service.version", TEXT, "serviceVersion appVersion dd.version"),
    ("deployment.environment.name", TEXT, "dd.env"),
    ("host.name", TEXT, "hostname host hostName _HOSTNAME host.hostname machineName"),
    ("process.pid", INTEGER, "pid _PID processId process"),
    (
        "k8s.pod.name",
        TEXT,
        "pod podName kubernetes.podName kubernetes.pod.name k8s.podName kubernetes.pod"
        " resource.labels.podName",
    ),
    ("k8s.pod.uid", TEXT, "podId kubernetes.podId kubernetes.pod.uid"),
    (
        "k8s.container.name",
        TEXT,
        "kubernetes.containerName kubernetes.container.name kubernetes.container"
        " resource.labels.containerName",
    ),
    ("container.name", TEXT, "container containerName docker.containerName"),
    ("container.id", TEXT, "containerId docker.containerId kubernetes.dockerId"),
    (
        "k8s.namespace.name",
        TEXT,
        "kubernetes.namespaceName kubernetes.namespace k8s.namespace resource.labels.namespaceName",
    ),
    ("k8s.node.name", TEXT, "node nodeName kubernetes.host kubernetes.node.name kubernetes.nodeName"),
    ("log.iostream", STREAM, "stream"),
    (
        "code.namespace",
        TEXT,
        "logger loggerName log.logger sourceContext properties.sourceContext logger.name class"
        " fields.sourceContext",
    ),
    ("thread.name", TEXT, "thread threadName process.thread.name"),
    ("thread.id", INTEGER, "threadId process.thread.id"),
    ("code.file.path", CALLER, "caller"),
    ("code.file.path", TEXT, "log.origin.file.name source.file src.file pathname"),
    ("code.line.number", INTEGER, "lineno lineNumber log.origin.file.line source.line src.line"),
    ("code.function.name", TEXT, "funcName log.origin.function source.function src.func"),
    (
        "trace_id",
        HEX_ID,
        "traceId trace.id @tr otelTraceId properties.traceId mdc.traceId contextMap.traceId dd.traceId"
        " X-B3-TraceId trace.traceId",
    ),
    (
        "trace_id",
        TRACE_HEADER,
        "traceparent b3 X-Amzn-Trace-Id uber-trace-id X-Cloud-Trace-Context logging.googleapis.com/trace"
        " trace xrayTraceId headers.traceparent headers.b3 headers.X-Amzn-Trace-Id",
    ),
    (
        "span_id",
        HEX_ID,
        "spanId span.id @sp otelSpanId properties.spanId mdc.spanId contextMap.spanId dd.spanId X-B3-SpanId"
        " logging.googleapis.com/spanId trace.spanId",
    ),
    (
        "parent_span_id",
        HEX_ID,
        "parentSpanId parent.id @ps X-B3-ParentSpanId trace.parentId span.parentId referenceParentSpanId",
    ),
    ("trace_state", TEXT, "traceState"),
    (
        "exception.type",
        TEXT,
        "exceptionType exceptionClass err.type err.name error.name error.kind thrown.name"
        " exception.exceptionClass exception.className exception.class exception.name exc.type"
        " throwable.className context.exception.class exception.exceptionType",
    ),
    (
        "exception.message",
        TEXT,
        "exceptionMessage err.message err.msg thrown.message thrown.localizedMessage"
        " exception.exceptionMessage exc.message throwable.message context.exception.message",
    ),
    (
        "exception.stacktrace",
        STACK,
        "stackTrace stack error.stackTrace error.stack err.stack err.stackTrace exception @x excInfo excText"
        " thrown.extendedStackTrace thrown.stackTrace exception.stackTrace exception.stack errorVerbose"
        " traceback",
    ),
    (
        "http.response.status_code",
        STATUS,
        "statusCode httpStatus httpStatusCode httpResponseCode responseCode responseStatus http.status"
        " downstreamStatus sc-status properties.statusCode res.statusCode response.status response.statusCode"
        " proxy.statusCode httpRequest.status http.response.status originStatus properties.httpStatus"
        " properties.httpStatusCode properties.responseCode edgeResponseStatus responseStatus.code"
        " meta.res.statusCode",
    ),
    ("http.response.status_code", MAYBE_STATUS, "status code response payload.status"),
    ("sample_weight", WEIGHT, "sampleRate samplingRate"),
)

_EXACT = {"PRIORITY": ("severity_text", PRIORITY)}
"""Names that mean something in this case only: journald's PRIORITY, but not the `priority` of a ticket."""

# A duration's name: one of these, and a unit.
_DURATION_NAMES = """
duration elapsed elapsedtime requestduration responseduration requesttime responsetime totalduration totaltime
executiontime exectime processingtime timetaken latency requestlatency responselatency took durationtime
properties.elapsed httprequest.latency event.duration
"""
_DURATIONS = _DURATION_NAMES.split()
_UNIT_NAMES = {
    1.0: "ms millis milliseconds millisecond msec msecs milli",
    1e-3: "us µs μs micros microseconds microsecond usec usecs micro",
    1e-6: "ns nanos nanoseconds nanosecond nsec nano",
    1e3: "s sec secs seconds second",
}
_UNITS = {unit: factor for factor, names in _UNIT_NAMES.items() for unit in names.split()}
_OWN = frozenset({"duration_ms", "status_code"})
_BRACKETED = re.compile(r"(.+?)\s*[(\[]\s*([^()\[\]]+?)\s*[)\]]")
_SEPARATORS = str.maketrans("", "", "_- ")


def _key(name: str) -> str:
    """Return a name without case and separators: `trace_id`, `TraceID` and `trace-id` are `traceid`."""
    return name.translate(_SEPARATORS).casefold()


def _table() -> dict[str, FlatField]:
    out: dict[str, FlatField] = {}
    ranks: dict[str, int] = {}
    for target, reading, names in _GROUPS:
        for name in names.split():
            ranks[target] = ranks.get(target, 0) + 1
            out.setdefault(_key(name), FlatField(target, reading, ranks[target]))
    return out


FLAT_FIELDS: dict[str, FlatField] = _table()
"""Name without case, `_`, `-` and spaces -> what it may mean. Durations are not in it; see `flat_field`."""

_USUAL = (
    "ts time @timestamp level severity log.level levelname msg message logger service hostname host pod"
    " container thread status statusCode http_status traceId traceID spanId stack_trace"
)
FLAT_USUAL: dict[str, str] = {name: FLAT_FIELDS[_key(name)].target for name in _USUAL.split()}
"""Usual names of flat rows, which conditions may go on using -> the field that loading makes of them."""


@lru_cache(8192)
def flat_field(name: str) -> FlatField | None:
    """Return what a field of a flat row may mean.

    Args:
        name: as in the source; nested objects are flattened with dots.

    Returns:
        Its meaning; None if the name means nothing in particular, or is already the target's.
    """
    if name in _EXACT:
        return FlatField(*_EXACT[name], 0)
    if name in _OWN:
        return None
    if name.endswith(" [UTC]"):  # Azure's portal
        name = name.removesuffix(" [UTC]")
    found = FLAT_FIELDS.get(_key(name)) or _duration(name)
    return None if found is None or found.target in (name, RENAMED.get(name)) else found


def _duration(name: str) -> FlatField | None:
    """Return the meaning of a duration's name: `elapsedMs`, `latency_seconds`, `took`, `duration [ms]`."""
    bracketed = _BRACKETED.fullmatch(name)
    if bracketed is not None:
        stem, unit = _key(bracketed[1]), _key(bracketed[2])
        if stem not in _DURATIONS or unit not in _UNITS:
            return None
        return FlatField("duration_ms", DURATION, _DURATIONS.index(stem), _UNITS[unit])
    key = _key(name)
    for rank, stem in enumerate(_DURATIONS):
        if not key.startswith(stem):
            continue
        unit = key[len(stem) :].removeprefix("in").removeprefix(".")
        if not unit or unit in _UNITS:
            return FlatField("duration_ms", DURATION, rank, _UNITS.get(unit, 0.0))
    return None
