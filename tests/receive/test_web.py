"""OTLP over HTTP as senders meet it: what is taken, what is refused and how, what takes too long."""

from __future__ import annotations

import gzip
import json
import os
import socket
import stat
import threading
import time
import zlib

import pytest
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)

from obskit.receive.body import Budget
from tests.support.receive_harness import JSON, PROTOBUF, as_json, kept, traces

MIB = 1024 * 1024
HEAD = b"POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-protobuf\r\n"


def status_of(answer: tuple[int, dict[str, str], bytes]) -> tuple[int, int, str]:
    """HTTP's status, and the Status in the body."""
    number, headers, body = answer
    if headers["content-type"] == JSON:
        said = json.loads(body)
        return number, said["code"], said["message"]
    message = Status.FromString(body)
    return number, message.code, message.message


def test_what_is_answered_is_on_disk_in_all_four_encodings(start):
    receiver = start()
    body = traces("a", "b").SerializeToString()
    text = json.dumps(as_json("c"), indent=1).encode()
    assert receiver.post(body) == (200, {"content-type": PROTOBUF, "content-length": "0"}, b"")
    assert receiver.post(gzip.compress(body), content_encoding="gzip")[0] == 200
    assert receiver.post(text, kind=f"{JSON}; charset=utf-8")[::2] == (200, b"{}")
    assert receiver.post(gzip.compress(text), kind=JSON, content_encoding="gzip")[::2] == (200, b"{}")
    assert kept(receiver.folder) == ["a", "a", "b", "b", "c", "c"]
    modes = {path.suffix: stat.S_IMODE(path.stat().st_mode) for path in receiver.folder.iterdir()}
    assert modes == {".otlp": 0o600, ".jsonl": 0o600, ".lock": 0o600}
    assert stat.S_IMODE(receiver.folder.stat().st_mode) == 0o700
    assert receiver.stop() == (
        f"received 6 spans and 0 log records in 4 requests\nnext: obskit triage {receiver.folder}"
    )


def test_log_records_have_segments_of_their_own(start):
    request = ExportLogsServiceRequest()
    records = request.resource_logs.add().scope_logs.add().log_records
    records.add().body.string_value = "paid"
    receiver = start()
    assert receiver.post(request.SerializeToString(), "/v1/logs")[0] == 200
    assert kept(receiver.folder) == ["paid"]
    assert [path.name.partition("-")[0] for path in receiver.folder.glob("*.otlp")] == ["logs"]


def test_metrics_are_taken_and_refused_and_said_once(start):
    request = ExportMetricsServiceRequest()
    scope = request.resource_metrics.add().scope_metrics.add()
    for _ in range(3):
        scope.metrics.add().gauge.data_points.add()
    scope.metrics.add().exponential_histogram.data_points.add()
    scope.metrics.add()  # of no kind, and so without points
    receiver = start()
    why = "metrics are not stored: obskit keeps spans and log records"
    for _ in range(2):
        status, _, body = receiver.post(request.SerializeToString(), "/v1/metrics")
        partial = ExportMetricsServiceResponse.FromString(body).partial_success
        assert (status, partial.rejected_data_points, partial.error_message) == (200, 4, why)
    points = {"gauge": {"dataPoints": [{}, {}]}}
    text = json.dumps({"resourceMetrics": [{"scopeMetrics": [{"metrics": [points, {"name": "x"}]}]}]})
    status, _, body = receiver.post(text, "/v1/metrics", kind=JSON)
    assert json.loads(body) == {"partialSuccess": {"rejectedDataPoints": "2", "errorMessage": why}}
    assert receiver.said.count(f"{why}; this is reported once") == 1
    assert "; 10 metric data points refused\n" in receiver.stop()
    assert kept(receiver.folder) == []


def test_malformed_records_are_rejected_alone(start):
    request = as_json("good", "bad", "fine")
    spans = request["resourceSpans"][0]["scopeSpans"][0]["spans"]
    spans[1]["startTimeUnixNano"] = "soon"
    spans.append(5)
    receiver = start()
    status, _, body = receiver.post(json.dumps(request), kind=JSON)
    said = {"rejectedSpans": "2", "errorMessage": "a value that is not an integer"}
    assert (status, json.loads(body)) == (200, {"partialSuccess": said})
    assert kept(receiver.folder) == ["fine", "good"]
    assert "2 malformed spans were rejected: a value that is not an integer" in receiver.said
    assert "; 2 malformed records rejected\n" in receiver.stop()


def test_nothing_to_keep_makes_no_file(start):
    receiver = start()
    assert receiver.post(b"")[0] == 200
    assert receiver.post(b"{}", kind=JSON)[0] == 200
    assert receiver.post(b'{"resourceLogs": []}', "/v1/logs", kind=JSON)[0] == 200
    assert [path.name for path in receiver.folder.iterdir()] == [".obskit-receive.lock"]


@pytest.mark.parametrize(
    ("given", "status", "code", "text"),
    [
        ({"body": b"\x0a\xff"}, 400, 3, "the body is not an OTLP/protobuf export request for traces"),
        ({"body": b"{", "kind": JSON}, 400, 3, "the body is not valid JSON"),
        ({"body": b"[]", "kind": JSON}, 400, 3, "the body is not an OTLP/JSON export request for traces"),
        (
            {"body": b'{"resourceSpans": [5]}', "kind": JSON},
            400,
            3,
            "the body is not an OTLP/JSON export request for traces",
        ),
        (
            {"body": b"none of it", "content_encoding": "gzip"},
            400,
            3,
            "the body is declared as gzip but is not gzip",
        ),
        ({"body": gzip.compress(b"x" * 999)[:-9], "content_encoding": "gzip"}, 400, 3, "the gzip body is truncated"),
        ({"body": b"", "path": "/"}, 404, 5, "unknown path; send to /v1/traces, /v1/logs, /v1/metrics"),
        ({"body": None, "method": "GET"}, 405, 12, "use POST"),
        ({"body": None, "method": "OPTIONS"}, 405, 12, "use POST"),
        (
            {"body": b"", "kind": "text/plain"},
            415,
            3,
            "the content type must be application/x-protobuf or application/json",
        ),
        ({"body": b"", "content_encoding": "br"}, 415, 3, "the content encoding must be gzip or identity"),
        ({"body": b"x" * (2 * MIB)}, 413, 8, "the request is larger than 1 MiB; send smaller batches"),
        (
            {"body": gzip.compress(bytes(9 * MIB)), "content_encoding": "gzip"},
            413,
            8,
            "the request is larger than 1 MiB; send smaller batches",
        ),
        (
            {"body": b'{"a":[' + b"{}," * 100_000 + b"{}]}", "kind": JSON},
            413,
            8,
            "the JSON has too many objects for one request; send smaller batches or protobuf",
        ),
    ],
)  # fmt: skip
def test_refusals(start, given, status, code, text):
    receiver = start(request=MIB, json_objects=8 * MIB)
    answer = receiver.post(**given)
    assert status_of(answer) == (status, code, text)
    wanted = JSON if given.get("kind", PROTOBUF) != PROTOBUF else PROTOBUF
    assert answer[1]["content-type"] == wanted
    assert ("retry-after" in answer[1]) is False  # the same again would be refused again
    assert receiver.post(traces("after").SerializeToString())[0] == 200
    assert kept(receiver.folder) == ["after"]
    assert f"; refused requests: 1 with {status}\n" in receiver.stop()


def test_a_bomb_is_found_out_before_it_is_unfolded(start):
    """64 GiB in 64 MiB, of which 1 MiB and a piece are unfolded."""
    receiver = start(request=MIB)
    squeeze = zlib.compressobj(9, wbits=31)
    folded = b"".join(squeeze.compress(bytes(MIB)) for _ in range(64)) + squeeze.flush()
    assert len(folded) < MIB / 10
    begun = time.process_time()
    assert receiver.post(folded, content_encoding="gzip")[0] == 413
    assert time.process_time() - begun < 5


def test_a_body_of_a_million_gzip_members_is_refused_at_once(start):
    """Each takes a copy of all that follows it: a body of 64 MiB would be copied for hours."""
    receiver = start()
    begun = time.process_time()
    status, _, answer = receiver.post(gzip.compress(b"") * 500_000, kind=JSON, content_encoding="gzip")
    assert (status, json.loads(answer)["message"]) == (400, "the gzip body has more than 1,000 members")
    assert time.process_time() - begun < 5


def test_two_gzip_members_are_one_body(start):
    body = traces("a", "b").SerializeToString()
    receiver = start()
    folded = gzip.compress(body[:40]) + gzip.compress(body[40:])
    assert receiver.post(folded, content_encoding="gzip")[0] == 200
    assert kept(receiver.folder) == ["a", "b"]


@pytest.mark.parametrize(
    "shown", [None, "Bearer wrong", "Basic secret-token", "secret-token", "Bearer ", "Bearer sécret-token"]
)
def test_a_token_is_asked_for(start, shown):
    receiver = start(token="secret-token")
    body = traces("a").SerializeToString()
    given = {} if shown is None else {"authorization": shown.encode("latin-1")}
    answer = receiver.post(body, **given)
    assert status_of(answer) == (401, 16, "missing or wrong token; send Authorization: Bearer TOKEN")
    assert answer[1]["www-authenticate"] == "Bearer"
    assert receiver.post(body, path="/nowhere", **given)[0] == 401
    assert receiver.post(body, authorization="Bearer secret-token")[0] == 200
    assert receiver.post(body, authorization="bearer secret-token")[0] == 200
    said = "\n".join([*receiver.said, receiver.stop()])
    assert "secret" not in said
    assert "wrong\n" not in said


def test_too_much_at_once_is_asked_to_come_again(start, monkeypatch):
    """One sender holds the room; another is told to wait; when the first is gone, there is room again."""
    take, holds = Budget.take, threading.Event()

    def watched(budget: Budget, size: int) -> None:
        take(budget, size)
        if budget.held == 900_000:
            holds.set()

    monkeypatch.setattr(Budget, "take", watched)
    receiver = start(request=MIB, flight=MIB)
    holder = socket.create_connection(("127.0.0.1", receiver.port()), timeout=20)
    holder.sendall(HEAD + b"content-length: 1000000\r\n\r\n" + bytes(900_000))
    assert holds.wait(20)
    body = traces("a", size=300_000).SerializeToString()
    answer = receiver.post(body)
    assert status_of(answer) == (429, 8, "too many requests in progress; try again later")
    assert answer[1]["retry-after"] == "1"
    holder.close()
    until = time.monotonic() + 10
    while (last := receiver.post(body)[0]) == 429 and time.monotonic() < until:
        time.sleep(0.01)
    assert last == 200


def test_more_requests_than_allowed_are_asked_to_come_again(start):
    """Unless one of them is slow: here nobody is."""
    receiver = start(requests=1, pace=0)
    with socket.create_connection(("127.0.0.1", receiver.port()), timeout=20) as holder:
        holder.sendall(HEAD + b"content-length: 10\r\nexpect: 100-continue\r\n\r\n")
        assert holder.recv(100).startswith(b"HTTP/1.1 100 ")  # it is being read
        assert receiver.post(traces("a").SerializeToString())[0] == 429
    assert kept(receiver.folder) == []


def test_a_full_disk_is_refused_and_said(start, tmp_path):
    receiver = start(free=1 << 60)
    answer = receiver.post(traces("a").SerializeToString())
    assert status_of(answer) == (503, 14, "the receiver's disk is full; try again later")
    assert answer[1]["retry-after"] == "30"
    assert f"the disk that holds {receiver.folder} is full: refusing requests" in receiver.said
    assert kept(receiver.folder) == []


def test_a_connection_carries_many_requests(start):
    receiver = start()
    body = traces("a").SerializeToString()
    one = HEAD + b"content-length: %d\r\n\r\n" % len(body) + body
    last = HEAD + b"connection: close\r\ntransfer-encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (
        len(body),
        body,
    )
    assert receiver.raw(one + one, last).count(b"HTTP/1.1 200 ") == 3
    assert kept(receiver.folder) == ["a", "a", "a"]


def test_continue_is_said_only_to_what_will_be_read(start):
    receiver = start(token="t")
    expect = HEAD + b"expect: 100-continue\r\nconnection: close\r\ncontent-length: 0\r\n"
    refused = receiver.raw(expect.replace(b"length: 0", b"length: 5") + b"\r\n")
    assert b"100" not in refused.split(b"\r\n")[0]
    assert refused.startswith(b"HTTP/1.1 401 ")


@pytest.mark.parametrize(
    "bytes_",
    [
        b"\x16\x03\x01\x02\x00\x01\x00",  # TLS
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-length: -1\r\n\r\n",
        b"POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
        b"POST /v1/traces HTTP/1.1\r\nhost: localhost\r\n" + b"x-pad: 1\r\n" * 3000 + b"\r\n",
        b"\r\n" * 9000,
    ],
    ids=["tls", "http2", "negative", "two lengths", "long head", "newlines"],
)  # fmt: skip
def test_what_is_not_http_is_refused(start, bytes_):
    receiver = start(header=1.0)
    answer = receiver.raw(bytes_)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 4")
    assert receiver.post(traces("a").SerializeToString())[0] == 200


@pytest.mark.parametrize("size", ["999999999999", "9" * 19])
def test_a_huge_length_is_refused_at_once(start, size):
    receiver = start()
    answer = receiver.raw(HEAD + b"content-length: %b\r\n\r\n" % size.encode())
    assert answer.startswith(b"HTTP/1.1 413 ")


def test_chunks_without_end_are_refused(start):
    receiver = start(request=MIB)
    connection = socket.create_connection(("127.0.0.1", receiver.port()), timeout=20)
    connection.sendall(HEAD + b"transfer-encoding: chunked\r\n\r\n")
    chunk = b"10000\r\n" + bytes(65_536) + b"\r\n"
    answers: list[bytes] = []

    def listen() -> None:
        answers.append(connection.recv(1000))

    listening = threading.Thread(target=listen)
    listening.start()
    sent = 0
    while listening.is_alive() and sent < 64 * MIB:
        try:
            connection.sendall(chunk)
        except OSError:
            break
        sent += len(chunk)
    listening.join(20)
    connection.close()
    assert answers[0].startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    ("pieces", "wanted"),
    [
        ([], b""),  # says nothing at all
        ([b"POST /v1/tra"], b""),  # never ends its head
        ([HEAD + b"content-length: 100\r\n\r\nabc"], b"HTTP/1.1 408 "),
        ([HEAD + b"transfer-encoding: chunked\r\n\r\n"], b"HTTP/1.1 408 "),
    ],
)  # fmt: skip
def test_whoever_is_slow_is_let_go(start, pieces, wanted):
    receiver = start(header=0.2, stall=0.2)
    assert receiver.raw(*pieces)[: len(wanted) or 1] == wanted


def test_a_trickle_ends_at_the_bodys_limit(start):
    """Each piece comes in time, all together do not."""
    receiver = start(body=0.4, stall=0.3)
    with socket.create_connection(("127.0.0.1", receiver.port()), timeout=20) as connection:
        connection.sendall(HEAD + b"content-length: 1000\r\n\r\n")
        connection.settimeout(0.05)
        answer, until = b"", time.monotonic() + 10
        while not answer and time.monotonic() < until:
            connection.sendall(b"x")
            try:
                answer = connection.recv(100)
            except TimeoutError:
                continue
    assert answer.startswith(b"HTTP/1.1 408 ")


def test_an_idle_connection_is_closed(start):
    receiver = start(idle=0.2)
    body = traces("a").SerializeToString()
    answer = receiver.raw(HEAD + b"content-length: %d\r\n\r\n" % len(body) + body)
    assert answer.startswith(b"HTTP/1.1 200 ")


def test_a_sender_that_breaks_off_is_told_nothing_and_nothing_is_kept(start):
    receiver = start()
    body = traces("a").SerializeToString()
    with socket.create_connection(("127.0.0.1", receiver.port()), timeout=20) as connection:
        connection.sendall(HEAD + b"content-length: %d\r\n\r\n" % len(body) + body[:-1])
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(100) == b""
    assert receiver.post(body)[0] == 200
    assert kept(receiver.folder) == ["a"]


def test_a_large_refused_body_still_gets_its_answer(start):
    """The sender is blocked in its send until the receiver reads on: it gets the refusal, no broken pipe."""
    receiver = start(request=MIB)
    for _ in range(3):
        assert receiver.post(os.urandom(16 * MIB))[0] == 413
    assert receiver.post(os.urandom(16 * MIB), "/nowhere")[0] == 404


def test_the_end_waits_for_requests_in_flight(start):
    receiver = start()
    body = traces("last").SerializeToString()
    idle = socket.create_connection(("127.0.0.1", receiver.port()), timeout=20)
    with socket.create_connection(("127.0.0.1", receiver.port()), timeout=20) as connection:
        connection.sendall(HEAD + b"expect: 100-continue\r\ncontent-length: %d\r\n\r\n" % len(body))
        assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
        ending = threading.Thread(target=receiver.stop)
        ending.start()
        assert idle.recv(100) == b""  # the end has begun, and this connection was not needed
        connection.sendall(body)
        assert connection.recv(100).startswith(b"HTTP/1.1 200 ")
        assert connection.recv(100) == b""
    ending.join(20)
    idle.close()
    assert not ending.is_alive()
    assert kept(receiver.folder) == ["last"]
    with pytest.raises(ConnectionRefusedError):
        receiver.post(body)


def test_a_fault_of_ours_is_500_and_said(start, monkeypatch):
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    receiver = start()
    monkeypatch.setattr("obskit.receive.segments.Segments.append", fail)
    body = traces("a").SerializeToString()
    assert status_of(receiver.post(body)) == (500, 13, "internal error in the receiver")
    assert "obskit refused a request because of an internal error: ZeroDivisionError" in receiver.said
