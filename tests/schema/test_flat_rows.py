"""Rows of logs and exports, as programs write them, become events with OpenTelemetry's names."""

from datetime import UTC, datetime

import pyarrow as pa
import pytest

from obskit.names import EXCEPTION_FINGERPRINT, TEMPLATE
from obskit.schema import NAMED, LoadReport, Normalizer
from tests.schema.samples import events, one

T = datetime(2026, 5, 4, 10, tzinfo=UTC)
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def fields(row, **options):
    """Return an event without its nulls, and without what `test_templates` tests."""
    event = one(row, **options)
    if TEMPLATE not in row:
        event.pop(EXCEPTION_FINGERPRINT, None)
        if "{" not in (event.get(TEMPLATE) or ""):  # a template of the source's own
            event.pop(TEMPLATE, None)
    return {name: value for name, value in event.items() if value is not None}


# Shapes from the documentation of each program; the values are made up.
PROGRAMS = {
    "pino": (
        {"level": 50, "time": 1777888800000, "pid": 7, "hostname": "a", "msg": "no seats",
         "err": {"type": "RangeError", "message": "full", "stack": "RangeError: full\n    at f (a.js:1)"}},
        {"timestamp": T, "severity_text": "error", "severity_number": 17, "body": "no seats", "error": True,
         "process.pid": 7, "host.name": "a", "exception.type": "RangeError", "exception.message": "full",
         "exception.stacktrace": "RangeError: full\n    at f (a.js:1)"},
    ),
    "bunyan": (
        {"name": "shop", "hostname": "a", "pid": 7, "level": 40, "msg": "slow", "time": "2026-05-04T10:00:00.000Z",
         "v": 0},
        {"timestamp": T, "service.name": "shop", "host.name": "a", "process.pid": 7, "severity_text": "warn",
         "severity_number": 13, "body": "slow", "v": 0, "error": False},
    ),
    "zap": (
        {"level": "error", "ts": 1777888800.0, "caller": "shop/main.go:12", "msg": "no seats",
         "stacktrace": "main.main\n\t/app/main.go:12"},
        {"timestamp": T, "severity_text": "error", "severity_number": 17, "body": "no seats", "error": True,
         "code.file.path": "shop/main.go", "code.line.number": 12,
         "exception.stacktrace": "main.main\n\t/app/main.go:12"},
    ),
    "slog": (
        {"time": "2026-05-04T12:00:00+02:00", "level": "WARN", "source": {"function": "main.f", "file": "m.go", "line": 3},
         "msg": "slow"},
        {"timestamp": T, "severity_text": "WARN", "severity_number": 13, "body": "slow", "error": False,
         "code.function.name": "main.f", "code.file.path": "m.go", "code.line.number": 3},
    ),
    "logback": (
        {"@timestamp": "2026-05-04T10:00:00Z", "@version": "1", "message": "no seats", "logger_name": "shop.Seats",
         "thread_name": "main", "level": "ERROR", "level_value": 40000,
         "stack_trace": "java.lang.IllegalStateException: full\n\tat shop.Seats.f(Seats.java:7)"},
        {"timestamp": T, "@version": "1", "body": "no seats", "code.namespace": "shop.Seats", "thread.name": "main",
         "severity_text": "ERROR", "severity_number": 17, "error": True, "level_value": 40000,
         "exception.type": "java.lang.IllegalStateException", "exception.message": "full",
         "exception.stacktrace": "java.lang.IllegalStateException: full\n\tat shop.Seats.f(Seats.java:7)"},
    ),
    "log4j2": (
        {"instant": {"epochSecond": 1777888800, "nanoOfSecond": 5000}, "thread": "main", "level": "FATAL",
         "loggerName": "shop", "message": "gone", "thrown": {"name": "x.Gone", "message": "disk"}},
        {"timestamp": T.replace(microsecond=5), "thread.name": "main", "severity_text": "FATAL", "severity_number": 21,
         "code.namespace": "shop", "body": "gone", "exception.type": "x.Gone", "exception.message": "disk",
         "error": True},
    ),
    "ECS": (
        {"@timestamp": "2026-05-04T10:00:00Z", "log.level": "ERROR", "message": "no seats", "service.name": "shop",
         "trace.id": TRACE, "span.id": SPAN, "error.type": "Full", "error.stack_trace": "Full: x\n\tat f"},
        {"timestamp": T, "severity_text": "ERROR", "severity_number": 17, "body": "no seats", "service.name": "shop",
         "trace_id": TRACE, "span_id": SPAN, "error": True, "error.type": "Full",
         "exception.type": "Full", "exception.message": "x", "exception.stacktrace": "Full: x\n\tat f"},
    ),
    "Fluent Bit": (
        {"time": "2026-05-04T10:00:00Z", "stream": "stderr", "log": "boom",
         "kubernetes": {"pod_name": "shop-1", "container_name": "app", "namespace_name": "prod", "host": "n1"}},
        {"timestamp": T, "log.iostream": "stderr", "body": "boom", "k8s.pod.name": "shop-1", "error": False,
         "k8s.container.name": "app", "k8s.namespace.name": "prod", "k8s.node.name": "n1"},
    ),
    "Google Cloud": (
        {"timestamp": "2026-05-04T10:00:00Z", "severity": "CRITICAL", "textPayload": "gone",
         "trace": f"projects/shop/traces/{TRACE}"},
        {"timestamp": T, "severity_text": "CRITICAL", "severity_number": 21, "body": "gone", "trace_id": TRACE,
         "trace": f"projects/shop/traces/{TRACE}", "error": True},
    ),
    "journald": (
        {"__REALTIME_TIMESTAMP": "1777888800000000", "MESSAGE": "gone", "PRIORITY": "3", "_HOSTNAME": "a",
         "_PID": "7", "SYSLOG_IDENTIFIER": "shop", "_SYSTEMD_UNIT": "shop.service"},
        {"timestamp": T, "body": "gone", "severity_text": "err", "severity_number": 17, "host.name": "a",
         "process.pid": 7, "service.name": "shop", "_SYSTEMD_UNIT": "shop.service", "error": True},
    ),
    "CLEF": (
        {"@t": "2026-05-04T10:00:00Z", "@mt": "in {Elapsed:0.0000} ms", "@tr": TRACE, "@sp": SPAN, "Elapsed": 2.5},
        {"timestamp": T, "severity_text": "Information", "severity_number": 9, "body": "in 2.5 ms",
         "log.record.template": "in {Elapsed:0.0000} ms", "trace_id": TRACE, "span_id": SPAN, "duration_ms": 2.5,
         "error": False},
    ),
    "python-json-logger": (
        {"asctime": "2026-05-04 10:00:00,000", "levelname": "ERROR", "name": "shop.seats", "message": "full",
         "exc_info": "Traceback (most recent call last):\n  File \"a.py\", line 1\nshop.Full: no seats",
         "filename": "a.py", "lineno": 1, "process": 7, "threadName": "MainThread"},
        {"timestamp": T, "severity_text": "ERROR", "severity_number": 17, "code.namespace": "shop.seats",
         "body": "full", "error": True, "exception.type": "shop.Full", "exception.message": "no seats",
         "exception.stacktrace": "Traceback (most recent call last):\n  File \"a.py\", line 1\nshop.Full: no seats",
         "code.file.path": "a.py", "code.line.number": 1, "process.pid": 7, "thread.name": "MainThread"},
    ),
    "GELF": (
        {"version": "1.1", "host": "a", "short_message": "full", "timestamp": 1777888800.0, "level": 4},
        {"version": "1.1", "host.name": "a", "body": "full", "timestamp": T, "severity_text": "warning",
         "severity_number": 13, "error": False},
    ),
    "date and time in two columns": (
        {"date": "2026-05-04", "time": "10:00:00", "sc-status": 503, "time-taken": 12},
        {"timestamp": T, "http.response.status_code": 503, "time-taken": 12, "error": True},
    ),
    "MongoDB's dates": (
        {"t": 1, "time": {"$date": {"$numberLong": "1777888800000"}}, "msg": "x"},
        {"t": 1, "timestamp": T, "body": "x", "error": False},
    ),
}  # fmt: skip


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_row_of_a_program(program):
    row, expected = PROGRAMS[program]
    assert fields(row) == expected


def test_named_rows_are_left_alone():
    row = {"level": "ERROR", "msg": "x", "ts": 1777888800, "status": 500}
    assert fields(row, metadata=NAMED) == row | {"error": False}


@pytest.mark.parametrize(
    "row",
    [
        {"level": 12.5},
        {"level": "gold"},
        {"level": 3},
        {"message": ["a"]},
        {"service": 7},
        {"stream": "main"},
        {"pid": "x"},
        {"priority": 3},
        {"status": "ok"},
        {"status": 7},
        {"code": 137},
        {"code": 0},
        {"time": 12},
        {"time": [1777888800, 123]},
        {"time": "10:00:00"},
        {"ts": 123456789},
        {"date": "lunch"},
        {"duration": 5},
        {"elapsed": "5"},
        {"sample_rate": 44100},
        {"sample_rate": 0},
    ],
)
def test_what_does_not_fit_stays_under_its_name(row):
    assert fields(row) == row | {"error": False}


def test_half_of_the_levels_must_be_known():
    rows, _, _ = events({"level": "INFO"}, {"level": "AUDIT"})
    assert [row["severity_text"] for row in rows] == ["INFO", "AUDIT"]
    assert [row["severity_number"] for row in rows] == [9, None]


@pytest.mark.parametrize(
    "row",
    [
        {"@timestamp": "2026-05-04T10:00:00Z", "time": 0.25},
        {"ts": 1777888800, "time": 12},
        {"ts": 1777888800, "time": 1777880000},
        {"time": "2026-05-04T10:00:00Z", "ts": 1777880000},
        {"date": "2026-05-04", "ts": 1777888800},
        {"timestamp": 5.25, "time": "2026-05-04T10:00:00Z"},
        {"timestamp": "2026-05-04T10:00:00Z", "@timestamp": "2020-01-01T00:00:00Z"},
    ],
)
def test_the_best_time_of_several(row):
    assert one(row)["timestamp"] == T


@pytest.mark.parametrize(
    "number", [1777888800, 1777888800000, 1777888800000000, 1777888800000000000, 20260504100000]
)
@pytest.mark.parametrize("kind", [int, str])
def test_numbers_of_a_plausible_size_are_times(number, kind):
    assert one({"ts": kind(number)})["timestamp"] == T


@pytest.mark.parametrize(
    ("row", "ms"),
    [
        ({"latency": "250ms"}, 250.0),
        ({"took": "1.5 s"}, 1500.0),
        ({"duration": "1m2.5s"}, 62_500.0),
        ({"elapsed": "250µs"}, 0.25),
        ({"duration": "00:00:00.2500000"}, 250.0),
        ({"duration": "1.02:03:04"}, 93_784_000.0),
        ({"elapsed_ms": "12"}, 12.0),
        ({"elapsed_ms": "2s"}, 2000.0),
        ({"duration_ms": "250.5 ms"}, 250.5),
        ({"duration_ms": "1,250.5"}, 1250.5),
        ({"duration_ms": "250,5"}, 250.5),
        ({"duration_ms": "1,250"}, None),
        ({"response_time_us": 318316}, 318.316),
    ],
)
def test_durations_with_a_unit(row, ms):
    assert one(row).get("duration_ms") == ms


@pytest.mark.parametrize("name", ["status", "code", "statusCode", "http_status", "ResponseCode", "sc-status"])
def test_statuses_by_name_and_value(name):
    rows, report, _ = events({name: 200}, {name: 503}, {name: None})
    assert [row["http.response.status_code"] for row in rows] == [200, 503, None]
    assert [row["error"] for row in rows] == [False, True, False]
    assert report.renamed == {name: ("http.response.status_code", 2)}


def test_one_other_value_denies_a_column_of_that_name():
    rows, _, _ = events({"status": 200}, {"status": 7})
    assert [row["status"] for row in rows] == [200, 7]
    rows, _, _ = events({"statusCode": 200}, {"statusCode": 0})
    assert [(row["http.response.status_code"], row["statusCode"]) for row in rows] == [(200, None), (None, 0)]


def statuses(*batches):
    """Return the HTTP statuses of batches with the field `status`, and the notes."""
    report = LoadReport()
    normalizer = Normalizer(report)
    found = []
    for values in batches:
        batch = normalizer.batch(pa.RecordBatch.from_pydict({"status": values}))
        has = "http.response.status_code" in batch.schema.names
        found.append(batch.column("http.response.status_code").to_pylist() if has else None)
    normalizer.finish()
    return found, report.notes


def test_a_status_of_one_program_does_not_hide_the_http_status_of_another():
    note = "status is not http.response.status_code in 2 rows, whose values do not fit: there it stays status"
    assert statuses([200, 500], [3, 7], [503]) == ([[200, 500], None, [503]], [note])
    assert statuses([3, 7], [200, 500], [503]) == ([None, [200, 500], [503]], [note])


def test_statuses_mixed_with_other_values_are_noted():
    found, notes = statuses([200, 500, 7])
    assert found == [None]
    assert notes == [
        "status stays status where its values are HTTP statuses and others (7). If all are HTTP statuses, map "
        'it: {"http.response.status_code": "status"}'
    ]
    assert statuses(["done", "open"], [1, 2]) == ([None, None], [])
    note = "status is not http.response.status_code in 1 row, whose values do not fit: there it stays status"
    assert statuses([200, 0]) == ([[200, None]], [note])


def test_a_level_between_those_of_pino_does_not_hide_the_others():
    rows, report, _ = events(*[{"level": 50}] * 20, {"level": 35})
    assert [row["error"] for row in rows] == [True] * 20 + [False]
    assert rows[-1]["level"] == 35
    assert report.notes == [
        "level is not severity_text in 1 row, whose values do not fit: there it stays level"
    ]
    rows, _, _ = events(*[{"level": 50}] * 20, {"level": 100})
    assert [row["level"] for row in rows] == [50] * 20 + [100]


def test_a_row_without_a_time_of_day_has_no_time_and_leaves_those_of_others():
    rows, report, _ = events(
        {"date": "2026-05-04", "time": "10:00:00"}, {"date": "2026-05-04", "time": "n/a"}
    )
    assert [row["timestamp"] for row in rows] == [T, None]
    assert (rows[1]["log.date"], rows[1]["time"]) == ("2026-05-04", "n/a")
    assert report.doubts == []


def test_rates_below_one_are_fractions():
    rows, report, _ = events({"sample_rate": 0.1}, {"sample_rate": 1})
    assert [row["sample_weight"] for row in rows] == [10.0, 1.0]
    assert report.notes == [
        "sample rates below 1 are fractions: a row with a rate of 0.1 counts as 10 events"
    ]


def test_large_rates_are_weights_of_traces_only():
    assert one({"SampleRate": 20})["sample_weight"] == 20
    assert one({"SampleRate": 5000, "traceId": TRACE})["sample_weight"] == 5000
    rows, report, _ = events({"sample_rate": 44100})
    assert rows[0]["sample_rate"] == 44100
    assert report.notes == [
        "sample rates of 1,000 or more in rows without trace ids may be of audio or of a sensor: they are "
        'not used as weights. If they are weights, map them: {"sample_weight": NAME}'
    ]
    rows, _, _ = events({"sample_rate": 44100}, {"sample_rate": 20})
    assert [row.get("sample_weight") for row in rows] == [None, 20]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("traceparent", f"00-{TRACE}-{SPAN}-01"),
        ("b3", f"{TRACE}-{SPAN}-1"),
        ("X-Amzn-Trace-Id", f"Root=1-{TRACE[:8]}-{TRACE[8:]};Parent={SPAN};Sampled=1"),
        ("X-Amzn-Trace-Id", f"Self=1-0-1;Root=1-{TRACE[:8]}-{TRACE[8:]}"),
        ("uber-trace-id", f"{TRACE}:{SPAN}:0:1"),
        ("X-Cloud-Trace-Context", f"{TRACE}/123;o=1"),
    ],
)
def test_a_header_says_the_trace(name, value):
    row = one({name: value})
    assert (row["trace_id"], row[name]) == (TRACE, value)
    assert one({name: value, "traceId": "ab"})["trace_id"] == "ab"


def test_a_decimal_trace_id_stays_as_it_is():
    assert one({"dd.trace_id": "7277407061855694839"})["trace_id"] == "7277407061855694839"


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("ValueError: no seats", "ValueError", "no seats"),
        ("no seats", None, "no seats"),
        ("System.InvalidOperationException: no\n   at Shop.F()", "System.InvalidOperationException", "no"),
        ("panic: no seats\n\ngoroutine 1", "panic", "no seats"),
        ('Exception in thread "main" java.lang.Error: x\n\tat f', "java.lang.Error", "x"),
        ("TypeError [ERR_X]: x\n    at f (a.js:1:2)", "TypeError", "x"),
    ],
)
def test_an_exception_as_text(text, kind, message):
    row = one({"exception": text})
    assert (row.get("exception.type"), row.get("exception.message")) == (kind, message)
    assert row.get("exception.stacktrace") == (text if "\n" in text else None)


def test_severe_log_records_are_errors_but_spans_say_it_themselves():
    rows, _, _ = events(
        {"level": "ERROR", "status_code": None},
        {"level": "fatal", "status_code": "UNSET"},
        {"level": "ERROR", "status_code": "OK"},
        {"level": "WARN", "status_code": None},
    )
    assert [row["error"] for row in rows] == [True, True, False, False]


def test_naive_times_have_the_time_zone_of_the_options():
    rows, _, _ = events({"time": "2026-05-04 12:00:00"}, {"time": "2026-05-04T10:00:00Z"}, tz="Europe/Berlin")
    assert [row["timestamp"] for row in rows] == [T, T]
    assert one({"timestamp": "2026-05-04 12:00:00"}, tz="Europe/Berlin")["timestamp"] == T
    assert one({"timestamp": datetime(2026, 5, 4, 12)}, tz="Europe/Berlin")["timestamp"] == T
    assert one({"timestamp": T}, tz="Europe/Berlin")["timestamp"] == T
    assert one({"timestamp": "2026-05-04 12:00:00"})["timestamp"] == T.replace(hour=12)
