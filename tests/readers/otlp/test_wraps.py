"""OTLP requests in what other programs wrap around them. Shapes: Tempo's and Jaeger's HTTP APIs, the Java
agent's logging exporter, logs of the Collector, and files of several requests (issues of these projects)."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obskit.errors import ReadError
from obskit.readers.otlp import wraps
from obskit.readers.otlp.json_reader import READER, sniff
from obskit.readers.registry import Match
from tests.readers.otlp.test_json_reader import request, span
from tests.support.examples import examples

ONE = request(span())
(RESOURCE,) = ONE["resourceSpans"]
LINE = json.dumps(ONE)
LOG = json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": {"stringValue": "hi"}}]}]}]})


@pytest.mark.parametrize(
    "document",
    [
        {"batches": [RESOURCE]},
        {"trace": {"resourceSpans": [RESOURCE]}, "metrics": {}},
        {"trace": {"batches": [RESOURCE]}},
        {"result": {"resourceSpans": [RESOURCE]}},
        RESOURCE,
        [RESOURCE],
        [ONE],
        {"level": "INFO", "message": LINE},
        {"level": "INFO", "msg": json.dumps(RESOURCE)},
        {"resource_spans": [{"scope_spans": [{"spans": [{"trace_id": "ab", "name": "GET /"}]}]}]},
    ],
)
def test_a_wrap_is_taken_off(read, document):
    for indent in (None,) if "level" in document else (None, 2):
        got = read(json.dumps(document, indent=indent).encode())
        assert [row["name"] for row in got.rows] == ["GET /"]
        assert got.reasons == []


@pytest.mark.parametrize("prefix", ["2026-05-04T10:00:00Z\tinfo\t", "[otel.javaagent] [main] INFO {x} - "])
def test_text_before_requests_on_their_lines(read, prefix):
    got = read("".join(f"{prefix}{LINE}\n" for _ in range(3)).encode())
    assert len(got.rows) == 3
    assert got.reasons == []


def test_many_lines_with_a_prefix_are_parsed_as_columns(read, monkeypatch):
    monkeypatch.setattr(
        "obskit.readers.otlp.json_reader.rows_of", lambda *_: pytest.fail("parsed row by row")
    )
    assert len(read(f"INFO {LINE}\n".encode() * 100).rows) == 100
    assert len(read(f"{json.dumps(RESOURCE)}\n".encode() * 100).rows) == 100
    assert len(read(LINE.encode() * 400).rows) == 400


def test_other_text_is_rejected_line_by_line(read):
    got = read(f"Starting\n{LINE}\n\nWARN dropped\n{LINE}\n".encode())
    assert len(got.rows) == 2
    assert got.reasons == [
        ("line 1, byte 0", "not JSON"),
        (f"line 4, byte {11 + len(LINE)}", "not JSON"),
    ]


def test_pretty_requests_end_to_end(read):
    pretty = json.dumps(ONE, indent=2)
    got = read(f"{pretty}\n{pretty}{pretty}\nINFO done\n{pretty}\n".encode())
    assert len(got.rows) == 4
    assert got.reasons == [(f"line {3 * pretty.count(chr(10)) + 3}, byte {3 * len(pretty) + 2}", "not JSON")]


def test_a_torn_request_among_requests_without_line_breaks(read):
    got = read((LINE * 3)[:-5].encode())
    assert len(got.rows) == 2
    assert [reason for _, reason in got.reasons] == ["not JSON"]


def test_a_large_file_without_line_breaks(read):
    """Larger than the head: it is cut while it is read."""
    got = read((LINE * 1000)[:-9].encode())
    assert len(got.rows) == 999
    assert got.reasons == [("request 1000", "torn: the file ends within the line")]


def test_logs_and_spans_end_to_end(read):
    got = read((LINE + LOG).encode())
    assert [row["kind"] for row in got.rows] == ["server", "event"]


def test_metrics_after_spans_are_one_rejection(read):
    got = read((LINE + '{"resourceMetrics":[{}]}').encode())
    assert len(got.rows) == 1
    assert [reason for _, reason in got.reasons] == ["metrics are not events"]


def test_nothing_but_damage(read):
    with pytest.raises(ReadError) as caught:
        read(b'{"resourceSpans":[{"scopeSpans":[', "torn.json")
    assert caught.value.message.endswith(
        "torn.json looks like OTLP JSON but cannot be read: not JSON (line 1, column 34)"
    )


@pytest.mark.parametrize(
    ("head", "match"),
    [
        (b'{"batches":[{"resource":{}}]}', Match.DIALECT),
        (b'{"batches":[{"size":3}]}', Match.NO),
        (b'{"resource":{"a":1},"scopeSpans":[]}', Match.DIALECT),
        (b'{"resource":{"type":"k8s"},"message":"x"}', Match.NO),
        (b'12:00 {"resource":{"type":"k8s"},"message":"x"}', Match.NO),
        (b'12:00 {"resourceSpans":[]}', Match.DIALECT),
        (b'[pod/shop-1/app] {"resourceSpans":[]}\n' * 3, Match.CERTAIN),
        (b'banner\n{"resourceSpans":[]}', Match.DIALECT),
        (b'{"message":"no \\"resourceSpans\\": [ here"}', Match.NO),
        (b"resource of spans", Match.NO),
    ],
)
def test_sniff(head, match):
    assert sniff(head) is match


def test_requests_in_a_message_that_is_not_json():
    item = {"message": '{"resourceSpans":['}
    assert wraps.requests_in(item) == [item]


@settings(max_examples=examples(60), deadline=None)
@given(st.binary(max_size=40), st.integers(0, 3), st.binary(max_size=40))
def test_noise_never_hides_requests(noise, count, after):
    """Whatever bytes stand on lines of their own, the requests after them are found."""
    clean = bytes(byte for byte in noise if byte not in b"{[\n\r")
    data = clean + b"\n" + (LINE + "\n").encode() * count + bytes(b for b in after if b not in b"{[\n\r")
    found = [text for _, text, is_json in wraps.objects_in(data) if is_json]
    assert found == [LINE.encode()] * count
    assert READER.name == "OTLP JSON"
