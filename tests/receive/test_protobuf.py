"""What is OTLP as protobuf: counted, in pieces or whole, and the pieces are refused as the whole would be."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from obskit.receive import protobuf
from obskit.receive.protobuf import DEPTH, count
from obskit.receive.refusal import Refused
from tests.support.examples import examples
from tests.support.receive_harness import traces

NAMES = st.lists(st.text(max_size=40), max_size=6)


def field(number: int, content: bytes) -> bytes:
    size, out = len(content), b""
    while size > 127:
        out, size = out + bytes([size & 127 | 128]), size >> 7
    return bytes([number << 3 | 2]) + out + bytes([size]) + content


def refusal(signal: str, body: bytes) -> tuple[int, str]:
    with pytest.raises(Refused) as caught:
        count(signal, body)
    return caught.value.status, caught.value.text


def test_all_levels_are_counted():
    request = traces("a", "b", "c")
    request.resource_spans[0].scope_spans.add().spans.add()
    request.resource_spans.add()
    assert count("traces", request.SerializeToString()) == 4
    logs = ExportLogsServiceRequest()
    logs.resource_logs.add().scope_logs.add().log_records.add()
    assert count("logs", logs.SerializeToString()) == 1
    metrics = ExportMetricsServiceRequest()
    scope = metrics.resource_metrics.add().scope_metrics.add()
    for kind in ("gauge", "sum", "histogram", "exponential_histogram", "summary"):
        getattr(scope.metrics.add(), kind).data_points.add()
    assert count("metrics", metrics.SerializeToString()) == 5


@given(NAMES, st.binary(max_size=30), st.integers(0, 400), st.integers(1, 60))
@settings(deadline=None, max_examples=examples(150))
def test_pieces_say_what_the_whole_says(names, extra, cut, piece):
    """Of a request, of its first bytes, and of bytes that follow it: the same answer whatever the size of pieces."""
    body = traces(*names, size=20).SerializeToString()
    for text in (body, body[:cut], body + extra):
        try:
            parsed = ExportTraceServiceRequest.FromString(text)
            wanted = sum(len(s.spans) for r in parsed.resource_spans for s in r.scope_spans)
        except Exception:
            wanted = None
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(protobuf, "PIECE", piece)
            try:
                found = count("traces", text)
            except Refused:
                found = None
        # A group, which proto2 had, is not walked into.
        assert found == wanted or (found is None and any(byte & 7 in (3, 4) for byte in extra))


def test_one_span_larger_than_a_piece_counts(monkeypatch):
    monkeypatch.setattr(protobuf, "PIECE", 100)
    request = traces("a", "b", size=1000)
    request.resource_spans[0].scope_spans[0].spans[0].attributes.add().value.array_value.values.extend(
        [request.resource_spans[0].resource.attributes[0].value] * 200
    )
    request.resource_spans[0].scope_spans[0].spans.add(name="c")
    assert count("traces", request.SerializeToString()) == 3


def test_many_empty_spans_are_counted_piece_by_piece():
    body = field(1, field(2, b"\x12\x00" * 300_000))
    assert count("traces", body) == 300_000


def test_more_parts_than_allowed_are_too_large(monkeypatch):
    monkeypatch.setattr(protobuf, "PIECE", 100)
    monkeypatch.setattr(protobuf, "MOST_FIELDS", 1000)
    body = field(1, field(2, b"\x12\x00" * 2000))
    assert refusal("traces", body) == (413, "the request has more than 1,000 fields; send smaller batches")


def test_nesting_has_an_end(monkeypatch):
    """A list in a list in a list ...: beyond protobuf's own limit, and in pieces too."""
    value = b""
    for _ in range(DEPTH * 3):
        value = field(5, field(1, value))  # AnyValue.array_value.values
    body = field(1, field(1, field(1, field(2, value))))
    wanted = (400, "the body is not an OTLP/protobuf export request for traces")
    assert refusal("traces", body) == wanted
    monkeypatch.setattr(protobuf, "PIECE", 10)
    assert refusal("traces", body) == wanted


@pytest.mark.parametrize("piece", [1, 1000])
@pytest.mark.parametrize(
    "body",
    [
        b"\x0a",
        b"\x0a\x05ab",
        b"\xff" * 11,
        field(1, field(2, field(2, field(5, b"\xff\xfe")))),  # a name that is not UTF-8
        field(1, field(2, field(2, b"\x4a\x7f"))),
        b"\x0f\x01\x02",  # a wire type that there is not
        b'{"resourceSpans": []}',
        b"0123456789",
    ],
)
def test_what_is_none(body, piece, monkeypatch):
    monkeypatch.setattr(protobuf, "PIECE", piece)
    assert refusal("traces", body) == (400, "the body is not an OTLP/protobuf export request for traces")
