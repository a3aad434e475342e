"""gRPC with its official instrumentations: real servers and clients on loopback, of threads and of asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
import pytest
from opentelemetry.instrumentation.grpc import (
    GrpcAioInstrumentorClient,
    GrpcAioInstrumentorServer,
    GrpcInstrumentorClient,
    GrpcInstrumentorServer,
)

from obskit.instrument import Handle, add, event
from tests.support.instrument_process import PASSWORD, leaks

Service = Callable[..., Handle]
Rows = Callable[[], list[dict[str, Any]]]

pytestmark = pytest.mark.filterwarnings("default")


class Seats(grpc.GenericRpcHandler):  # type: ignore[misc]
    """What protoc would generate, by hand: bytes in, bytes out."""

    def service(self, details: Any) -> Any:
        name = details.method.rpartition("/")[2]
        if name == "Stream":
            return grpc.unary_stream_rpc_method_handler(self.stream)
        if name == "Talk":
            return grpc.stream_stream_rpc_method_handler(self.talk)
        method = {"Book": self.book, "Bad": self.bad, "Missing": self.missing, "Broken": self.broken}.get(
            name
        )
        return grpc.unary_unary_rpc_method_handler(method) if method else None

    def book(self, request: bytes, context: Any) -> bytes:
        add({"seat": request.decode()})
        with event("price"):
            add(priced=True)
        return b"booked"

    def bad(self, request: bytes, context: Any) -> bytes:
        raise ValueError(f"no seat left, password={PASSWORD}")

    def missing(self, request: bytes, context: Any) -> None:
        context.abort(grpc.StatusCode.NOT_FOUND, "no such seat")

    def broken(self, request: bytes, context: Any) -> None:
        context.abort(grpc.StatusCode.INTERNAL, "broken")

    def stream(self, request: bytes, context: Any) -> Iterator[bytes]:
        for n in range(3):
            add({f"sent.{n}": True})
            yield b"%d" % n

    def talk(self, requests: Iterator[bytes], context: Any) -> Iterator[bytes]:
        for request in requests:
            add({f"got.{request.decode()}": True})
            yield request


class AsyncSeats(grpc.GenericRpcHandler):  # type: ignore[misc]
    def service(self, details: Any) -> Any:
        name = details.method.rpartition("/")[2]
        if name == "Stream":
            return grpc.unary_stream_rpc_method_handler(self.stream)
        method = {"Book": self.book, "Bad": self.bad, "Missing": self.missing}[name]
        return grpc.unary_unary_rpc_method_handler(method)

    async def book(self, request: bytes, context: Any) -> bytes:
        await asyncio.sleep(0)
        add({"seat": request.decode()})
        return b"booked"

    async def bad(self, request: bytes, context: Any) -> bytes:
        raise ValueError("no seat left")

    async def missing(self, request: bytes, context: Any) -> None:
        await context.abort(grpc.StatusCode.NOT_FOUND, "no such seat")

    async def stream(self, request: bytes, context: Any) -> AsyncIterator[bytes]:
        for n in range(3):
            add({f"sent.{n}": True})
            await asyncio.sleep(0)
            yield b"%d" % n


@pytest.fixture
def channel(service: Service) -> Iterator[Any]:
    """A channel to a server that has ended its calls by the time the test reads rows, once closed."""
    GrpcInstrumentorServer().instrument()
    GrpcInstrumentorClient().instrument()
    server = grpc.server(futures.ThreadPoolExecutor(4))
    server.add_generic_rpc_handlers([Seats()])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        channel.ended = lambda: server.stop(5).wait()
        yield channel
    server.stop(0).wait()
    GrpcInstrumentorClient().uninstrument()
    GrpcInstrumentorServer().uninstrument()


def by_kind(rows: list[dict[str, Any]], method: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The client's and the server's row of a call."""
    found = {row["kind"]: row for row in rows if row.get("rpc.method") == method}
    return found["client"], found["server"]


def test_grpc(service: Service, rows: Rows, channel: Any, tmp_path: Path) -> None:
    service()
    credentials = (("authorization", f"Bearer {PASSWORD}"),)
    with event("order"):
        assert channel.unary_unary("/booking.Seats/Book")(b"14C", metadata=credentials) == b"booked"
        assert list(channel.unary_stream("/booking.Seats/Stream")(b"")) == [b"0", b"1", b"2"]
        assert list(channel.stream_stream("/booking.Seats/Talk")(iter([b"a", b"b"]))) == [b"a", b"b"]
    channel.ended()
    (order,) = [row for row in rows() if row["name"] == "order"]
    for method in ("Book", "Stream", "Talk"):
        client, server = by_kind(rows(), method)
        assert client["trace_id"] == server["trace_id"] == order["trace_id"]
        assert client["parent_span_id"] == order["span_id"]
        assert server["parent_span_id"] == client["span_id"]
        assert (server["status_code"], server["rpc.grpc.status_code"]) == ("UNSET", 0)
    book = by_kind(rows(), "Book")[1]
    assert (book["seat"], book["priced"]) == ("14C", True)
    assert [row["parent_span_id"] for row in rows() if row["name"] == "price"] == [book["span_id"]]
    assert by_kind(rows(), "Stream")[1]["sent.2"] is True
    assert by_kind(rows(), "Talk")[1]["got.b"] is True
    assert leaks(tmp_path / "events", PASSWORD) == []


def test_grpc_exceptions_and_aborts(service: Service, rows: Rows, channel: Any, tmp_path: Path) -> None:
    """A handler's own exception and an abort by fault of the server are errors of its event, others are not."""
    service()
    codes = {}
    for method in ("Bad", "Missing", "Broken", "Unknown"):
        with pytest.raises(grpc.RpcError) as caught:
            channel.unary_unary(f"/booking.Seats/{method}")(b"")
        codes[method] = caught.value.code().value[0]
    channel.ended()
    assert codes == {"Bad": 2, "Missing": 5, "Broken": 13, "Unknown": 12}
    for method in ("Bad", "Missing", "Broken"):
        client, server = by_kind(rows(), method)
        assert server["rpc.grpc.status_code"] == client["rpc.grpc.status_code"] == codes[method]
        assert client["status_code"] == "ERROR"
        assert client["error.type"] == client["exception.type"] == "grpc._channel._InactiveRpcError"
    bad, missing, broken = (by_kind(rows(), method)[1] for method in ("Bad", "Missing", "Broken"))
    assert (bad["status_code"], bad["error.type"], bad["exception.type"]) == (
        "ERROR",
        "ValueError",
        "ValueError",
    )
    assert bad["exception.message"] == "no seat left, password=[redacted]"
    assert missing["status_code"] == "UNSET"
    assert "error.type" not in missing
    assert (broken["status_code"], broken["status_message"]) == ("ERROR", "StatusCode.INTERNAL:broken")
    assert [row["kind"] for row in rows() if row.get("rpc.method") == "Unknown"] == ["client"]
    assert leaks(tmp_path / "events", PASSWORD) == []


def test_grpc_streams_that_are_left(service: Service, rows: Rows, channel: Any) -> None:
    """A stream's span is current in the caller from its first item until it is closed."""
    service()
    with event("order"):
        items = channel.unary_stream("/booking.Seats/Stream")(b"")
        next(items)
        with event("meanwhile"):
            pass
        items.close()
        with event("afterwards"):
            pass
    channel.ended()  # its own row comes when gRPC lets go of the handler, which may be later
    found = {row["name"]: row for row in rows()}
    (client,) = [row for row in rows() if row.get("rpc.method") == "Stream" and row["kind"] == "client"]
    assert found["meanwhile"]["parent_span_id"] == client["span_id"]
    assert found["afterwards"]["parent_span_id"] == found["order"]["span_id"] == client["parent_span_id"]


def test_grpc_aio(service: Service, rows: Rows) -> None:
    handle = service()
    GrpcAioInstrumentorServer().instrument()
    GrpcAioInstrumentorClient().instrument()

    async def go() -> None:
        server = grpc.aio.server()
        server.add_generic_rpc_handlers([AsyncSeats()])
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            with event("order"):
                assert await channel.unary_unary("/booking.Seats/Book")(b"14C") == b"booked"
                assert len([x async for x in channel.unary_stream("/booking.Seats/Stream")(b"")]) == 3
                for method in ("Bad", "Missing"):
                    with pytest.raises(grpc.RpcError):
                        await channel.unary_unary(f"/booking.Seats/{method}")(b"")
        await server.stop(5)

    try:
        asyncio.run(go())
    finally:
        GrpcAioInstrumentorClient().uninstrument()
        GrpcAioInstrumentorServer().uninstrument()
    (order,) = [row for row in rows() if row["name"] == "order"]
    servers = {}
    for method in ("Book", "Stream", "Bad", "Missing"):
        client, servers[method] = by_kind(rows(), method)
        assert client["parent_span_id"] == order["span_id"]
        assert servers[method]["parent_span_id"] == client["span_id"]
    assert servers["Book"]["seat"] == "14C"
    assert servers["Stream"]["sent.2"] is True
    assert (servers["Bad"]["error.type"], servers["Bad"]["rpc.grpc.status_code"]) == ("ValueError", 2)
    assert (servers["Missing"]["status_code"], servers["Missing"]["rpc.grpc.status_code"]) == ("UNSET", 5)
    assert "error.type" not in servers["Missing"]
    assert handle.counters["late"] + handle.counters["outside"] + handle.counters["failed"] == 0
