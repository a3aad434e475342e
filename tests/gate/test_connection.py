"""Who may ask, and what a malformed, slow or large request gets."""

from __future__ import annotations

import base64
import socket
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from obskit.errors import InvalidArgument
from obskit.gate import Address, Settings
from obskit.gate.settings import LIMITS
from tests.support.gate_harness import Gate

Start = Callable[..., Gate]
TARGET = "/judge?candidate=9"


@pytest.fixture
def folder(rollouts: Path) -> Path:
    return rollouts / "small"


@pytest.mark.parametrize(
    ("raw", "status", "text"),
    [
        (b"GET /other HTTP/1.1\r\nHost: localhost\r\n\r\n", 404, "unknown path; ask /judge, "),
        (b"HEAD /judge HTTP/1.1\r\nHost: localhost\r\n\r\n", 405, "use GET or POST"),
        (b"PUT /judge HTTP/1.1\r\nHost: localhost\r\n\r\n", 405, "use GET or POST"),
        (b"GET http://localhost/judge HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "the request target must"),
        (b"GET /judge HTTP/1.1\r\n\r\n", 400, "the request has no Host header"),
        (b"GET /judge HTTP/2.0\r\nHost: localhost\r\n\r\n", 400, "this port takes HTTP/1.1"),
        (b"\x16\x03\x01\r\n\r\n", 400, "the request is not valid HTTP"),
        (b"GET /judge HTTP/1.1\nHost: localhost\n\n", 400, "a line of the headers does not end in CR LF"),
        (
            b"GET /judge HTTP/1.1\r\nHost: rebound.example\r\n\r\n",
            403,
            "the Host header is not localhost or a loopback address; to accept another name, start obskit judge --serve with --allow-host NAME",
        ),
        (b"POST /judge HTTP/1.1\r\nHost: localhost\r\nOrigin: null\r\n\r\n", 403, "web pages cannot ask"),
        (
            b"POST /judge HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n",
            400,
            "a request has either a content length or a transfer encoding, not both",
        ),
        (
            b"POST /judge HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n",
            413,
            "the request is larger than 64 KiB",
        ),
        (b"GET /judge?" + b"x" * 20_000, 431, "the headers are larger than 16 KiB"),
    ],
)
def test_a_request_that_is_not_valid_is_refused(
    folder: Path, start: Start, raw: bytes, status: int, text: str
) -> None:
    found = start(folder).send(raw)
    assert found.status == status
    assert found.document["error"].startswith(text)


def test_without_the_token_there_is_no_verdict(folder: Path, start: Start) -> None:
    gate = start(folder, token="t0ken")
    basic = [
        base64.b64encode(text).decode() for text in (b"flagger:t0ken", b"t0ken:", b"t0ken", b"\xff:t0ken")
    ]
    for header in (
        "X-Other: 1",
        "Authorization: Bearer wrong",
        "Authorization: t0ken",
        *(f"Authorization: Basic {one}" for one in basic[1:]),
        "Authorization: Basic %%%",
    ):
        found = gate.get(TARGET, header)
        assert (found.status, found.document) == (
            401,
            {"error": "missing or wrong token; send Authorization: Bearer TOKEN"},
        )
        assert found.headers["www-authenticate"] == "Bearer"
    assert gate.get(TARGET, "Authorization: Bearer t0ken").status == 200
    assert gate.post(TARGET, b"{}", f"Authorization: Basic {basic[0]}").status == 200
    assert "t0ken" not in "".join(gate.said)


def test_an_allowed_host_is_answered(folder: Path, start: Start) -> None:
    gate = start(folder, allow_hosts=("gate.internal",))
    raw = f"GET {TARGET} HTTP/1.1\r\nHost: gate.internal:8911\r\n\r\n".encode()
    assert gate.send(raw).status == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "gate.internal"])
def test_beyond_loopback_a_token_is_required(host: str) -> None:
    with pytest.raises(InvalidArgument) as found:
        Settings(Address(host, 8911))
    assert str(found.value) == (
        f"listening on {host} lets anyone who can reach this machine read verdicts\n"
        "Hint: require a token: --token-file FILE"
    )
    assert "t0ken" not in repr(Settings(Address(host, 8911), token="t0ken"))


@pytest.mark.parametrize(
    "text", ["8911", "127.0.0.1", "127.0.0.1:99999", "http://127.0.0.1:8911", "", ":8911"]
)
def test_an_address_is_a_host_and_a_port(text: str) -> None:
    with pytest.raises(InvalidArgument) as found:
        Address.parse(text)
    assert found.value.message == f"--serve must be ADDRESS:PORT, got {text!r}"
    assert Address.parse("[::1]:8911") == Address("::1", 8911)


def test_times_must_be_longer_than_0() -> None:
    with pytest.raises(InvalidArgument, match="--every must be longer than 0"):
        Settings(Address("127.0.0.1", 0), every=timedelta(0))


def test_a_port_in_use_is_an_error(folder: Path, start: Start) -> None:
    gate = start(folder)
    with pytest.raises(InvalidArgument) as found:
        start(folder, address=Address("127.0.0.1", gate.port))
    assert found.value.message == f"cannot listen on 127.0.0.1 port {gate.port}: it is already in use"


def test_a_body_in_chunks_and_one_that_waits_for_100_are_read(folder: Path, start: Start) -> None:
    gate = start(folder)
    head = f"POST {TARGET} HTTP/1.1\r\nHost: localhost\r\n"
    chunked = head + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    assert gate.send(chunked.encode()).status == 200
    with socket.create_connection(("127.0.0.1", gate.port), timeout=20) as client:
        client.sendall(f"{head}Content-Length: 2\r\nExpect: 100-continue\r\n\r\n".encode())
        assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"{}")
        assert client.recv(100).startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_slow_request_is_refused_in_time(folder: Path, start: Start) -> None:
    gate = start(folder, limits=replace(LIMITS, header=0.5))
    for part in (b"", b"GET /jud", b"POST /judge HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n{"):
        before = time.monotonic()
        found = gate.send(part)
        assert (found.status, found.document["error"]) == (408, "the request arrived too slowly")
        assert time.monotonic() - before < 10


def test_silent_connections_do_not_shut_out_a_controller(folder: Path, start: Start) -> None:
    gate = start(folder, limits=replace(LIMITS, connections=4))
    silent = [socket.create_connection(("127.0.0.1", gate.port)) for _ in range(20)]
    try:
        assert gate.get(TARGET).status == 200
    finally:
        for one in silent:
            one.close()


def test_the_gate_survives_clients_that_leave(folder: Path, start: Start) -> None:
    gate = start(folder)
    for part in (b"", b"GET", f"GET {TARGET} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()):
        socket_ = socket.create_connection(("127.0.0.1", gate.port))
        socket_.sendall(part)
        socket_.close()
    assert gate.get(TARGET).status == 200


@pytest.mark.parametrize(
    "query", ["", "?service=a", "?canditate=2", "?candidate=1&candidate=2", "?candidate=%ff"]
)
def test_a_question_that_is_not_valid_moves_nothing(folder: Path, start: Start, query: str) -> None:
    gate = start(folder)
    found = gate.get(f"/judge{query}")
    assert (found.status, found.document["verdict"]) == (200, "error")
    assert gate.post(f"/flagger/advance{query}").status == 400
    assert gate.post(f"/flagger/rollback{query}").status == 400
