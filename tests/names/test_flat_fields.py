"""The table of names that flat rows use."""

import pytest

from obskit import names
from obskit.names import flat_field
from obskit.names.flat_fields import FLAT_FIELDS


def target(name):
    found = flat_field(name)
    return None if found is None else found.target


# Names as programs write them, with the program.
NAMES = {
    "@timestamp": "timestamp",  # ECS
    "Timestamp": "timestamp",  # Serilog
    "@t": "timestamp",  # CLEF
    "eventTime": "timestamp",  # AWS CloudTrail
    "time_local": "timestamp",  # nginx
    "StartUTC": "timestamp",  # Traefik
    "__REALTIME_TIMESTAMP": "timestamp",  # journald
    "__index_level_0__": "timestamp",  # pandas
    "level": "severity_text",
    "log.level": "severity_text",  # ECS
    "levelname": "severity_text",  # Python
    "@l": "severity_text",
    "severity": "severity_text",  # Google Cloud
    "PRIORITY": "severity_text",
    "msg": "body",
    "MESSAGE": "body",
    "@m": "body",
    "RenderedMessage": "body",
    "textPayload": "body",
    "jsonPayload.message": "body",
    "short_message": "body",  # GELF
    "MessageTemplate": "log.record.template",
    "service": "service.name",
    "appName": "service.name",
    "SYSLOG_IDENTIFIER": "service.name",
    "_HOSTNAME": "host.name",
    "_PID": "process.pid",
    "kubernetes.pod_name": "k8s.pod.name",  # Fluent Bit
    "kubernetes.pod.name": "k8s.pod.name",  # Filebeat
    "kubernetes.container_name": "k8s.container.name",
    "kubernetes.namespace_name": "k8s.namespace.name",
    "kubernetes.host": "k8s.node.name",
    "stream": "log.iostream",
    "logger_name": "code.namespace",  # logback
    "loggerName": "code.namespace",  # log4j2
    "Properties.SourceContext": "code.namespace",
    "thread_name": "thread.name",
    "traceId": "trace_id",
    "TraceID": "trace_id",
    "trace.id": "trace_id",
    "dd.trace_id": "trace_id",
    "@tr": "trace_id",
    "X-Amzn-Trace-Id": "trace_id",
    "traceparent": "trace_id",
    "b3": "trace_id",
    "X-B3-SpanId": "span_id",
    "err.type": "exception.type",  # pino, bunyan
    "thrown.name": "exception.type",  # log4j2
    "err.stack": "exception.stacktrace",
    "error.stack_trace": "exception.stacktrace",
    "stacktrace": "exception.stacktrace",  # zap
    "stack_trace": "exception.stacktrace",  # logback
    "@x": "exception.stacktrace",
    "httpStatus": "http.response.status_code",
    "DownstreamStatus": "http.response.status_code",
    "sc-status": "http.response.status_code",
    "STATUS CODE": "http.response.status_code",
    "sample_rate": "sample_weight",
    "durationMs": "duration_ms",
    "duration (s)": "duration_ms",
    "latency [us]": "duration_ms",
    "ElapsedMilliseconds": "duration_ms",
    "request_time_seconds": "duration_ms",
    "took": "duration_ms",
}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_of_a_program(name):
    assert target(name) == NAMES[name]


@pytest.mark.parametrize(
    "name",
    [
        "priority",
        "upstream_response_time_ms",
        "db_duration_ms",
        "created_at",
        "parentId",
        "time_ms",
        "id",
        "duration (bananas)",
    ],
)
def test_names_that_mean_something_else(name):
    assert target(name) is None


@pytest.mark.parametrize(
    ("name", "factor"),
    [
        ("duration_ms ", 1.0),
        ("durationUs", 1e-3),
        ("duration_nano", 1e-6),
        ("latency (s)", 1e3),
        ("elapsed", 0.0),
    ],
)
def test_the_unit_of_a_duration(name, factor):
    assert flat_field(name).milliseconds == factor


def test_current_names_and_columns_keep_their_meaning():
    known = [*names.COLUMNS, *names.CONVENTION_TYPES, *names.RENAMED]
    assert {name: target(name) for name in known if target(name)} == {}


def test_targets_are_columns_or_conventions():
    others = {"log.record.template", "code.namespace", "log.iostream", "k8s.container.name"}
    targets = {field.target for field in FLAT_FIELDS.values()}
    assert targets - others <= names.COLUMNS.keys() | names.CONVENTION_TYPES.keys()
