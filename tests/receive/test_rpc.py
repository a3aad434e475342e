"""OTLP over gRPC as senders meet it."""

from __future__ import annotations

import gzip
import socket
import threading
import zlib

import pytest
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from obskit.errors import InvalidArgument
from tests.support.receive_harness import kept, traces

grpc = pytest.importorskip("grpc", reason="needs the extra receive-grpc")
TRACES = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
LOGS = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
METRICS = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
MIB = 1024 * 1024


@pytest.fixture
def call():
    """One call over a channel of its own."""
    channels = []

    def one(receiver, body, method=TRACES, compression=None, token=None):
        channel = grpc.insecure_channel(
            f"127.0.0.1:{receiver.port('OTLP/gRPC')}", options=[("grpc.max_send_message_length", -1)]
        )
        channels.append(channel)
        metadata = [("authorization", f"Bearer {token}")] if token else None
        return channel.unary_unary(method)(body, timeout=20, compression=compression, metadata=metadata)

    yield one
    for channel in channels:
        channel.close()


def refusal(call, *args, **kwargs):
    """gRPC's code, its text, and after how many seconds to come again."""
    with pytest.raises(grpc.RpcError) as caught:
        call(*args, **kwargs)
    error = caught.value
    details = dict(error.trailing_metadata()).get("grpc-status-details-bin")
    seconds = None
    if details:
        status = Status.FromString(details)
        assert (status.code, status.message) == (error.code().value[0], error.details())
        for detail in status.details:
            info = RetryInfo()
            assert detail.Unpack(info)
            seconds = info.retry_delay.seconds
    return error.code().name, error.details(), seconds


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
def test_what_is_answered_is_on_disk(start, call, compression):
    receiver = start(grpc=0)
    body = traces("a", "b", size=5000).SerializeToString()
    answer = call(receiver, body, compression=compression)
    assert ExportTraceServiceResponse.FromString(answer) == ExportTraceServiceResponse()
    assert kept(receiver.folder) == ["a", "b"]
    logs = ExportLogsServiceRequest()
    logs.resource_logs.add().scope_logs.add().log_records.add().body.string_value = "paid"
    answer = call(receiver, logs.SerializeToString(), LOGS, compression)
    assert ExportLogsServiceResponse.FromString(answer) == ExportLogsServiceResponse()
    assert kept(receiver.folder) == ["a", "b", "paid"]


def test_metrics_are_refused_in_part(start, call):
    request = ExportMetricsServiceRequest()
    request.resource_metrics.add().scope_metrics.add().metrics.add().sum.data_points.add()
    receiver = start(grpc=0)
    answer = ExportMetricsServiceResponse.FromString(call(receiver, request.SerializeToString(), METRICS))
    assert answer.partial_success.rejected_data_points == 1


def test_bad_data_is_not_sent_again(start, call):
    receiver = start(grpc=0)
    said = ("INVALID_ARGUMENT", "the body is not an OTLP/protobuf export request for traces", None)
    assert refusal(call, receiver, b"\x0a\xff") == said
    assert refusal(call, receiver, b"", "/a.B/Export")[0] == "UNIMPLEMENTED"


def test_pressure_and_a_full_disk_say_when_to_come_again(start, call):
    body = traces("a", size=1000).SerializeToString()
    receiver = start(grpc=0, flight=1000)
    said = ("RESOURCE_EXHAUSTED", "too many requests in progress; try again later", 1)
    assert refusal(call, receiver, body) == said
    receiver.stop()
    receiver = start(grpc=0, free=1 << 60)
    said = ("UNAVAILABLE", "the receiver's disk is full; try again later", 30)
    assert refusal(call, receiver, body) == said
    receiver.stop()
    receiver = start(grpc=0, waiting=0)
    assert refusal(call, receiver, body)[::2] == ("RESOURCE_EXHAUSTED", 1)
    assert kept(receiver.folder) == []


def test_large_messages_and_bombs_are_refused(start, call):
    receiver = start(grpc=0, request=MIB)
    assert refusal(call, receiver, bytes(2 * MIB))[0] == "RESOURCE_EXHAUSTED"
    squeeze = zlib.compressobj(9, wbits=31)
    bomb = b"".join(squeeze.compress(bytes(MIB)) for _ in range(64)) + squeeze.flush()
    said = ("RESOURCE_EXHAUSTED", "the request is larger than 1 MiB; send smaller batches", None)
    assert refusal(call, receiver, bomb) == said
    broken = gzip.compress(traces("a").SerializeToString())[:-4]
    assert refusal(call, receiver, broken) == ("INVALID_ARGUMENT", "the gzip body is truncated", None)
    assert call(receiver, traces("a").SerializeToString()) == b""


def test_a_token_is_asked_for(start, call):
    receiver = start(grpc=0, token="secret-token")
    body = traces("a").SerializeToString()
    said = ("UNAUTHENTICATED", "missing or wrong token; send authorization: Bearer TOKEN", None)
    assert refusal(call, receiver, body) == said
    assert refusal(call, receiver, body, token="wrong") == said
    assert call(receiver, body, token="secret-token") == b""
    assert "secret" not in "\n".join([*receiver.said, receiver.stop()])


def test_whoever_sends_no_message_holds_no_turn(start, call):
    receiver = start(grpc=0, calls=1, stall=0.2)
    release = threading.Event()

    def nothing():
        release.wait(20)
        yield from ()

    with grpc.insecure_channel(f"127.0.0.1:{receiver.port('OTLP/gRPC')}") as channel:
        silent = channel.stream_unary(TRACES).future(nothing(), timeout=20)
        assert call(receiver, traces("a").SerializeToString()) == b""
        # The second if it held up the other call, the first if that came later.
        assert silent.exception(20).code().name in ("DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED")
        release.set()


def test_silent_calls_do_not_hold_up_another_connection(start):
    """Twelve calls without a message are before it; it has its turn after the one that has begun."""
    receiver = start(grpc=0)
    release = threading.Event()

    def nothing():
        release.wait(60)
        yield from ()

    at, own = f"127.0.0.1:{receiver.port('OTLP/gRPC')}", [("grpc.use_local_subchannel_pool", 1)]
    with grpc.insecure_channel(at, options=own) as good, grpc.insecure_channel(at, options=own) as bad:
        export = good.unary_unary(TRACES)
        export(traces("a").SerializeToString(), timeout=20)
        silent = [bad.stream_unary(TRACES).future(nothing(), timeout=60) for _ in range(12)]
        for _ in range(3):
            export(traces("b").SerializeToString(), timeout=20)
        assert not all(call.done() for call in silent)
        release.set()
    assert kept(receiver.folder) == ["a", "b", "b", "b"]


def test_a_port_that_is_taken(start):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InvalidArgument) as caught:
            start(grpc=port)
    assert str(caught.value) == (
        f"cannot listen on port {port}: it is already in use\nHint: choose another port: --grpc {port + 10}"
    )
