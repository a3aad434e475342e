"""What OpenTelemetry's SDKs print. Shapes: opentelemetry-python's console exporters, opentelemetry-go's
stdouttrace, stdoutlog and stdoutmetric (their documented examples)."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obskit.errors import ReadError
from tests.support.examples import examples

TRACE, SPAN, PARENT = "aba880c3256d04f47bcdecf9bf3ba84e", "3014b62ab356f771", "3014b62ab356f772"
PYTHON = {
    "name": "GET /cart",
    "context": {"trace_id": f"0x{TRACE}", "span_id": f"0x{SPAN}", "trace_state": "[]"},
    "kind": "SpanKind.SERVER",
    "parent_id": f"0x{PARENT}",
    "start_time": "2026-05-04T10:00:00.000001Z",
    "end_time": "2026-05-04T10:00:00.250001Z",
    "status": {"status_code": "ERROR", "description": "boom"},
    "attributes": {"http.route": "/cart", "items": [1, 2], "kind": "odd"},
    "events": [{"name": "retry", "timestamp": "2026-05-04T10:00:00.100000Z", "attributes": {"n": 1}}],
    "links": [{"context": {"trace_id": f"0x{TRACE}", "span_id": f"0x{PARENT}"}, "attributes": {}}],
    "resource": {"attributes": {"service.name": "shop"}, "schema_url": ""},
}
PYTHON_LOG = {
    "body": "no seat left",
    "severity_number": "<SeverityNumber.ERROR: 17>",
    "severity_text": "ERROR",
    "attributes": {"code.function": "book"},
    "dropped_attributes": 0,
    "timestamp": "2026-05-04T10:00:01.500000Z",
    "observed_timestamp": "2026-05-04T10:00:02.000000Z",
    "trace_id": f"0x{TRACE}",
    "span_id": f"0x{SPAN}",
    "trace_flags": 1,
    "resource": {"attributes": {"service.name": "shop"}, "schema_url": ""},
}
GO = {
    "Name": "Poll",
    "SpanContext": {"TraceID": TRACE, "SpanID": SPAN, "TraceFlags": "01", "TraceState": "", "Remote": False},
    "Parent": {"TraceID": TRACE, "SpanID": PARENT, "TraceFlags": "01", "TraceState": "", "Remote": False},
    "SpanKind": 3,
    "StartTime": "2026-05-04T12:00:00.123456789+02:00",
    "EndTime": "2026-05-04T12:00:00.373456889+02:00",
    "Attributes": [
        {"Key": "n", "Value": {"Type": "INT64", "Value": 7}},
        {"Key": "of", "Value": {"Type": "STRINGSLICE", "Value": ["a", "b"]}},
    ],
    "Events": [
        {"Name": "retry", "Attributes": None, "DroppedAttributeCount": 0, "Time": "2026-05-04T10:00:00Z"}
    ],
    "Links": None,
    "Status": {"Code": "Error", "Description": "refused"},
    "Resource": [{"Key": "service.name", "Value": {"Type": "STRING", "Value": "shop"}}],
    "InstrumentationScope": {"Name": "lib", "Version": "1", "SchemaURL": ""},
}
GO_LOG = {
    "Timestamp": "2026-05-04T10:00:00Z",
    "ObservedTimestamp": "2026-05-04T10:00:01Z",
    "Severity": 17,
    "SeverityText": "ERROR",
    "Body": {"Type": "String", "Value": "no seat left"},
    "Attributes": [{"Key": "n", "Value": {"Type": "Int64", "Value": 7}}],
    "TraceID": TRACE,
    "SpanID": SPAN,
    "TraceFlags": "01",
    "Resource": [{"Key": "service.name", "Value": {"Type": "STRING", "Value": "shop"}}],
    "Scope": {"Name": "lib", "Version": "", "SchemaURL": ""},
}


def pretty(*items):
    return "".join(json.dumps(item, indent=4) + "\n" for item in items).encode()


def test_a_span_of_python(read):
    (row,) = read(pretty(PYTHON)).rows
    assert row.pop("timestamp").isoformat() == "2026-05-04T10:00:00.000001+00:00"
    (event,) = row.pop("events")
    assert (event["name"], event["attributes"]) == ("retry", '{"n":1}')
    (link,) = row.pop("links")
    assert (link["trace_id"], link["span_id"]) == (TRACE, PARENT)
    assert row == {
        "duration_ms": 250.0,
        "name": "GET /cart",
        "kind": "server",
        "trace_id": TRACE,
        "span_id": SPAN,
        "parent_span_id": PARENT,
        "status_code": "ERROR",
        "status_message": "boom",
        "error": True,
        "http.route": "/cart",
        "items": [1, 2],
        "attributes.kind": "odd",
        "service.name": "shop",
    }


def test_a_log_record_of_python(read):
    (row,) = read(pretty(PYTHON_LOG)).rows
    assert row.pop("timestamp").isoformat() == "2026-05-04T10:00:01.500000+00:00"
    row.pop("error")
    row.pop("code.function", None)
    row.pop("code.function.name", None)
    assert row == {
        "kind": "event",
        "body": "no seat left",
        "severity_text": "ERROR",
        "severity_number": 17,
        "trace_id": TRACE,
        "span_id": SPAN,
        "service.name": "shop",
    }


@pytest.mark.parametrize("indent", [None, "\t"])
def test_a_span_of_go(read, indent):
    (row,) = read(json.dumps(GO, indent=indent).encode()).rows
    assert row.pop("timestamp").isoformat() == "2026-05-04T10:00:00.123456+00:00"
    assert row.pop("events")[0]["name"] == "retry"
    assert row == {
        "duration_ms": 250.0001,
        "name": "Poll",
        "kind": "client",
        "trace_id": TRACE,
        "span_id": SPAN,
        "parent_span_id": PARENT,
        "status_code": "ERROR",
        "status_message": "refused",
        "error": True,
        "n": 7,
        "of": ["a", "b"],
        "otel.scope.name": "lib",
        "otel.scope.version": "1",
        "service.name": "shop",
    }


def test_a_root_of_go_has_no_parent_and_an_unset_time_is_none(read):
    root = GO | {"Parent": {"SpanID": "0" * 16}, "EndTime": "0001-01-01T00:00:00Z", "SpanKind": 0}
    got = read(pretty(root))
    assert {"parent_span_id", "duration_ms", "kind"}.isdisjoint(got.rows[0])
    assert got.report.notes == [
        "1 span has no end time, so duration_ms is null: the export came before the end of the work"
    ]


def test_a_log_record_of_go(read):
    (row,) = read(pretty(GO_LOG)).rows
    assert (row["body"], row["severity_number"], row["n"], row["kind"]) == ("no seat left", 17, 7, "event")


def test_what_a_program_prints_between_is_rejected(read):
    data = b"Starting\n" + pretty(PYTHON) + b" * Running on http://0.0.0.0\n" + pretty(PYTHON_LOG, {"a": 1})
    got = read(data)
    assert [row["kind"] for row in got.rows] == ["server", "event"]
    assert [reason for _, reason in got.reasons] == [
        "not JSON",
        "not JSON",
        "neither a span nor a log record",
    ]
    assert got.reasons[0] == ("line 1, byte 0", "not JSON")


def test_metrics_are_rejected_next_to_spans(read):
    got = read(pretty(PYTHON, {"resource_metrics": [{"resource": {}}]}))
    assert len(got.rows) == 1
    assert [reason for _, reason in got.reasons] == ["metrics are not events"]


def test_metrics_alone(read):
    with pytest.raises(ReadError) as caught:
        read(b'{"Resource":[],"ScopeMetrics":[]}\n', "metrics.json")
    assert caught.value.message.endswith(
        "metrics.json looks like OpenTelemetry console, but no record in it can be read: "
        "metrics are not events (line 1, byte 0, span 1)"
    ) or caught.value.message.endswith("metrics are not events (span 1)")


def test_a_span_with_a_broken_time(read):
    got = read(pretty(PYTHON, PYTHON | {"start_time": "noon"}))
    assert len(got.rows) == 1
    assert [reason for _, reason in got.reasons] == ["start_time is not a time"]


def test_a_torn_file(read):
    got = read(pretty(PYTHON, PYTHON)[:-200])
    assert len(got.rows) == 1
    assert [reason for _, reason in got.reasons] == ["torn: the file ends within a document"]


def test_a_file_larger_than_a_block(read, monkeypatch):
    monkeypatch.setattr("obskit.readers.spans.json_documents.PIECE", 3_000)
    got = read(pretty(*[PYTHON] * 100) + b"end\n")
    assert len(got.rows) == 100
    lines = pretty(PYTHON).count(b"\n")
    assert got.reasons == [(f"line {100 * lines + 1}, byte {100 * len(pretty(PYTHON))}", "not JSON")]


@settings(max_examples=examples(40), deadline=None)
@given(st.data())
def test_cut_anywhere(data):
    """A file that breaks off has the spans before the break, or an error."""
    from pathlib import Path
    from tempfile import TemporaryDirectory

    from tests.support.loaded import load_files

    whole = pretty(PYTHON, GO, PYTHON_LOG)
    cut = data.draw(st.integers(0, len(whole)))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "out.log"
        path.write_bytes(whole[:cut])
        try:
            got = load_files(path)
        except ReadError:
            return
    complete = sum(cut >= len(pretty(*[PYTHON, GO, PYTHON_LOG][: n + 1])) - 1 for n in range(3))
    assert len(got.rows) == complete
    assert complete == 3 or got.report.rejected_count == (whole[:cut].rstrip()[-2:] != b"\n}")
