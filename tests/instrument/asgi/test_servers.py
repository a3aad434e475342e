"""`EventMiddleware` under a real server: the bytes on the wire are the same as without it."""

from __future__ import annotations

import os
import re
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.instrument_process import CALLER, PASSWORD, ROOT, TRACEPARENT, leaks, read

SHOP = """
import asyncio, os, pathlib
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from obskit.instrument import EventMiddleware, add, configure

async def book(request):
    add(seat=request.path_params["seat"], root=request.scope["root_path"])
    return PlainTextResponse("seat " + request.path_params["seat"])

async def status(request):
    return Response(status_code=request.path_params["code"])

async def bad(request):
    raise ValueError("no seat left")

async def echo(request):
    body = await request.body()
    add(got=len(body))
    return PlainTextResponse(f"{len(body)} {len(request.headers)} {request.url.query!r}")

async def stream(request):
    async def pieces():
        for n in range(3):
            await asyncio.sleep(0.01)
            yield f"data: {n}" + chr(10) * 2
    return StreamingResponse(pieces(), media_type="text/event-stream")

async def midway(request):
    async def pieces():
        yield "a seat "
        await asyncio.sleep(0)
        raise KeyError("gone")
    return StreamingResponse(pieces())

async def forever(request):
    async def pieces():
        while True:
            yield "x" * 1000
            await asyncio.sleep(0.005)
    return StreamingResponse(pieces())

async def large(request):
    return PlainTextResponse("x" * 5_000_000)

async def through(request, call_next):
    answer = await call_next(request)
    answer.headers["x-through"] = "yes"
    return answer

def files():
    return StaticFiles(directory=pathlib.Path(__file__).parent)

app = Starlette(
    routes=[
        Route("/book/{seat}", book),
        Route("/status/{code:int}", status),
        Route("/bad", bad),
        Route("/echo", echo, methods=["POST", "PURGE"]),
        Route("/stream", stream),
        Route("/midway", midway),
        Route("/forever", forever),
        Route("/large", large),
        Mount("/files", files()),
    ],
    middleware=[
        Middleware(CORSMiddleware, allow_origins=["https://shop.example"]),
        Middleware(GZipMiddleware, minimum_size=1_000_000),
        Middleware(BaseHTTPMiddleware, dispatch=through),
    ],
)
if os.environ.get("WITH"):
    configure("shop", sink="events")
    app.add_middleware(EventMiddleware, exclude="/status/200")
"""
LAST = b"GET /status/200 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"


def asking(path: str, *headers: str, method: str = "GET", body: bytes = b"") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "host: shop.example:8443", *headers]
    if body:
        lines.append(f"content-length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


WIRE = {
    "get": asking("/book/14C", f"traceparent: {TRACEPARENT}"),
    "head": asking("/book/14C", method="HEAD"),
    "pipelined": asking("/book/1") + asking("/echo", method="POST", body=b"abc") + asking("/book/2"),
    "none": asking("/none"),
    "not allowed": asking("/book/14C", method="DELETE"),
    "another method": asking("/echo", method="PURGE"),
    "no content": asking("/status/204"),
    "not modified": asking("/status/304"),
    "an error": asking("/bad"),
    "events": asking("/stream"),
    "amid the answer": asking("/midway"),
    "upload": asking("/echo", method="POST", body=b"x" * 3_000_000),
    "expected": asking("/echo", "expect: 100-continue", method="POST", body=b"abc"),
    "large": asking("/large"),
    "compressed": asking("/large", "accept-encoding: gzip"),
    "range": asking("/files/shop.py", "range: bytes=1-9"),
    "preflight": asking(
        "/book/1", "origin: https://shop.example", "access-control-request-method: GET", method="OPTIONS"
    ),
    "many headers": asking("/echo", *(f"x-{n}: {n}" for n in range(3000)), method="POST"),
    "a long header": asking("/echo", f"x: {'x' * 50_000}", method="POST"),
    "no UTF-8": asking("/book/%ff%00%c3", "user-agent: \xff\xfe", "cookie: \xe9"),
    "a hostile query": asking("/echo?%ff=%00&;;&a=%zz", method="POST"),
    "hostile contexts": asking(
        "/book/1", "traceparent: 00-\xff-1-1", f"tracestate: {'a=b,' * 500}=", f"baggage: {'a=b,;=' * 500}"
    ),
    "hostile hosts": b"GET /book/1 HTTP/1.1\r\nhost: ann:" + PASSWORD.encode() + b"@[::1]:99999999\r\n\r\n",
    "no host": b"GET /book/1 HTTP/1.0\r\nconnection: keep-alive\r\n\r\n",
    "no HTTP": b"\x16\x03\x01\x02\x00\r\n\r\n",
}


def answer(port: int, asked: bytes) -> bytes:
    """Return all bytes that the server sends for some requests and a last one."""
    with socket.create_connection(("127.0.0.1", port), 20) as line:
        line.sendall(asked + LAST)
        found = b""
        while True:
            try:
                piece = line.recv(1 << 20)
            except ConnectionResetError:
                break
            if not piece:
                break
            found += piece
    return re.sub(rb"\r\ndate: [^\r]*", b"", found, flags=re.IGNORECASE)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


COMMAND = "uvicorn shop:app --host 127.0.0.1 --port {port} --log-level critical"


@contextmanager
def serving(folder: Path, *words: str, **environment: str) -> Iterator[int]:
    """Run the shop's server on loopback and yield its port."""
    port = free_port()
    command = [sys.executable, "-m", *COMMAND.format(port=port).split(), *words]
    with (folder / "server.log").open("a") as log:
        server = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0", **environment},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        wait_for(lambda: listens(port) or server.poll() is not None)
        assert server.poll() is None, (folder / "server.log").read_text()
        yield port
    finally:
        server.terminate()
        server.wait(20)


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def wait_for(what: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 20
    while not (found := what()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, int, int]]:
    """The folder, the port with the middleware, and the port without."""
    folder = tmp_path_factory.mktemp("shop")
    (folder / "shop.py").write_text(SHOP)
    with serving(folder, WITH="1") as port, serving(folder, WITH="") as bare:
        yield folder, port, bare


def row(folder: Path, **wanted: Any) -> dict[str, Any]:
    """Wait for the one row with these values."""

    def found() -> list[dict[str, Any]]:
        return [row for row in read(folder / "events") if wanted.items() <= row.items()]

    (it,) = wait_for(found)
    return dict(it)


def requests(folder: Path) -> int:
    return sum(row["kind"] == "server" for row in read(folder / "events"))


@pytest.mark.parametrize("asked", WIRE.values(), ids=WIRE)
def test_the_wire_is_the_same(shops: tuple[Path, int, int], asked: bytes) -> None:
    folder, port, bare = shops
    before = requests(folder)
    wanted = answer(bare, asked)
    assert answer(port, asked) == wanted
    many = asked.count(b" HTTP/1.")
    assert wanted.count(b"HTTP/1.1 ") >= min(many, 1)
    if b"HTTP/1.1 400" not in wanted:  # refused by the server itself: no application has seen it
        wait_for(lambda: requests(folder) == before + many)
    assert leaks(folder / "events", PASSWORD) == []


def test_the_events_have_the_expected_fields(shops: tuple[Path, int, int]) -> None:
    folder, port, _ = shops
    answer(port, asking("/book/7F", f"traceparent: {TRACEPARENT}") + asking("/midway", "user-agent: mid"))
    book = row(folder, seat="7F")
    assert (book["name"], book["parent_span_id"]) == ("GET /book/{seat}", CALLER)
    assert (book["server.address"], book["server.port"]) == ("shop.example", 8443)
    assert (book["client.address"], book["http.response.body.size"]) == ("127.0.0.1", 7)
    # What fails amid a stream comes after the answer here: BaseHTTPMiddleware ends that first, as if it were whole.
    midway = row(folder, **{"user_agent.original": "mid"})
    after = row(folder, parent_span_id=midway["span_id"])
    assert (midway["http.response.status_code"], midway["status_code"]) == (200, "UNSET")
    assert (after["name"], after["error.type"]) == ("after GET /midway", "KeyError")


def vanish(line: socket.socket) -> None:
    """Reset a connection, as if the client's machine had lost power."""
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    line.close()


@pytest.mark.parametrize("path", ["/forever", "/large"])
def test_a_client_that_vanishes_during_the_response(shops: tuple[Path, int, int], path: str) -> None:
    folder, port, _ = shops
    line = socket.create_connection(("127.0.0.1", port), 20)
    line.sendall(asking(path, "user-agent: vanishing"))
    line.recv(1000)
    vanish(line)
    it = row(folder, **{"user_agent.original": "vanishing", "url.path": path})
    assert it["http.response.status_code"] == 200
    assert "error.type" not in it
    if path == "/forever":
        assert it["obskit.disconnected"] is True


def test_a_client_that_vanishes_during_an_upload(shops: tuple[Path, int, int]) -> None:
    folder, port, _ = shops
    line = socket.create_connection(("127.0.0.1", port), 20)
    line.sendall(asking("/echo", "content-length: 1000", "user-agent: half", method="POST") + b"x" * 500)
    time.sleep(0.1)
    vanish(line)
    it = row(folder, **{"user_agent.original": "half"})
    assert (it["obskit.disconnected"], it["http.request.body.size"]) == (True, 1000)
    assert "error.type" not in it


def test_behind_a_proxy_with_a_prefix_and_several_workers(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(SHOP)
    words = ("--root-path", "/api", "--workers", "2", "--proxy-headers", "--forwarded-allow-ips", "*")
    with serving(tmp_path, *words, WITH="1") as port:
        wait_for(lambda: answer(port, b"").startswith(b"HTTP/1.1 200"))  # the first worker is up
        headers = ("x-forwarded-for: 192.0.2.7", "x-forwarded-proto: https")
        for n in range(20):
            assert b"seat " in answer(port, asking(f"/book/{n}", *headers))
        wait_for(lambda: len(read(tmp_path / "events")) == 20)
    rows = read(tmp_path / "events")
    assert {row["http.route"] for row in rows} == {"/api/book/{seat}"}
    assert {row["client.address"] for row in rows} == {"192.0.2.7"}
    assert {row["url.scheme"] for row in rows} == {"https"}
