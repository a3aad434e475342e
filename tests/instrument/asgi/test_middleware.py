"""`EventMiddleware`: one event per request, for any application and any way the request ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fastapi
import httpx
import pytest
from opentelemetry import baggage, trace
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket, WebSocketDisconnect

from obskit.instrument import EventMiddleware, Handle, Sampling, add, event
from tests.support.instrument_process import CALLER, PASSWORD, TRACE_ID, TRACEPARENT, leaks, read, run

Service = Callable[..., Handle]
Rows = Callable[[], list[dict[str, Any]]]

SCOPE: dict[str, Any] = {
    "type": "http",
    "asgi": {"version": "3.0"},
    "http_version": "1.1",
    "method": "GET",
    "scheme": "https",
    "path": "/book/14C",
    "query_string": b"from=BRN&to=ZRH",
    "root_path": "",
    "headers": [(b"host", b"shop.example:8443"), (b"user-agent", b"app/7.1")],
    "client": ("192.0.2.7", 4711),
    "server": ("127.0.0.1", 8000),
}
BEGINS = {"type": "http.response.start", "status": 200, "headers": []}
ENDS = {"type": "http.response.body", "body": b"seat 14C"}


def drive(app: Any, *incoming: dict[str, Any], **scope: Any) -> list[dict[str, Any]]:
    """Serve one request as a server would and return the application's messages."""
    messages = iter([*incoming, {"type": "http.disconnect"}])
    answers: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return next(messages)

    async def send(message: dict[str, Any]) -> None:
        answers.append(message)

    asyncio.run(app({**SCOPE, **scope}, receive, send))
    return answers


async def answering(_scope: Any, _receive: Any, send: Any) -> None:
    add(seat="14C")
    await send(BEGINS)
    await send(ENDS)


def ask(app: Any, *paths: str, **options: Any) -> list[int]:
    """Request some paths with httpx and return the status codes."""

    async def go() -> list[int]:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return [(await client.get(path, **options)).status_code for path in paths]

    return asyncio.run(go())


# What an event says.


def test_a_request_is_an_event(service: Service, rows: Rows) -> None:
    service()
    assert drive(EventMiddleware(answering), headers=[*SCOPE["headers"], (b"content-length", b"12")]) == [
        BEGINS,
        ENDS,
    ]
    (row,) = rows()
    wanted = {
        "name": "GET",
        "kind": "server",
        "status_code": "UNSET",
        "seat": "14C",
        "http.request.method": "GET",
        "http.request.body.size": 12,
        "http.response.status_code": 200,
        "http.response.body.size": 8,
        "url.scheme": "https",
        "url.path": "/book/14C",
        "url.query": "from=BRN&to=ZRH",
        "server.address": "shop.example",
        "server.port": 8443,
        "client.address": "192.0.2.7",
        "user_agent.original": "app/7.1",
        "network.protocol.version": "1.1",
    }
    assert {name: row.get(name) for name in wanted} == wanted
    assert "parent_span_id" not in row
    assert "error.type" not in row


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        (b"shop.example", ("shop.example", None)),
        (b"[2001:db8::1]", ("2001:db8::1", None)),
        (b"[2001:db8::1]:80", ("2001:db8::1", 80)),
        (b"shop.example:http", ("shop.example:http", None)),
        (b"a:999999999999999999999", ("a:999999999999999999999", None)),
        (b"", ("", None)),
        (b"\xff", ("ÿ", None)),
        (b"ann:hunter2-verysecret@shop.example:80", ("shop.example", 80)),
        (b"x" * 60_000, ("x" * 16_384, None)),
    ],
)
def test_the_host_header(service: Service, rows: Rows, host: bytes, expected: tuple[str, int | None]) -> None:
    service()
    drive(EventMiddleware(answering), headers=[(b"host", host)])
    (row,) = rows()
    assert (row["server.address"], row.get("server.port")) == expected


def test_a_minimal_scope_makes_an_event(service: Service, rows: Rows) -> None:
    handle = service()
    scope = {"type": "http", "path": "/", "method": "PURGE\n", "client": None}

    async def go() -> None:
        async def never() -> dict[str, Any]:
            raise AssertionError

        async def send(_message: Any) -> None:
            pass

        await EventMiddleware(answering)(scope, never, send)

    asyncio.run(go())
    (row,) = rows()
    assert row["name"] == "HTTP"
    assert (row["http.request.method"], row["http.request.method_original"]) == ("_OTHER", "PURGE\n")
    assert handle.counters["failed"] == 0


def test_secrets_are_masked(service: Service, rows: Rows, tmp_path: Path) -> None:
    service()
    query = f"token={PASSWORD}&to=ZRH".encode()
    headers = [(b"authorization", PASSWORD.encode()), (b"cookie", PASSWORD.encode())]
    drive(EventMiddleware(answering), query_string=query, headers=headers)
    (row,) = rows()
    assert row["url.query"] == "token=[redacted]&to=ZRH"
    assert leaks(tmp_path / "events", PASSWORD) == []


# Where it belongs.


def test_the_caller_is_the_parent(service: Service, rows: Rows) -> None:
    service()
    seen = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append((trace.get_current_span().get_span_context().trace_id, baggage.get_all()))
        with event("price"):
            pass
        await answering(scope, receive, send)

    drive(
        EventMiddleware(app),
        headers=[
            (b"traceparent", TRACEPARENT.encode()),
            (b"tracestate", b"a=1"),
            (b"tracestate", b"b=2"),
            (b"baggage", b"tenant=acme"),
            (b"baggage", b"plan=gold"),
        ],
    )
    price, row = rows()
    assert (row["trace_id"], row["parent_span_id"], row["trace_state"]) == (TRACE_ID, CALLER, "a=1,b=2")
    assert (price["trace_id"], price["parent_span_id"]) == (TRACE_ID, row["span_id"])
    assert seen == [(int(TRACE_ID, 16), {"tenant": "acme", "plan": "gold"})]
    assert not trace.get_current_span().get_span_context().is_valid


def test_broken_trace_headers_are_a_new_trace(service: Service, rows: Rows) -> None:
    handle = service()
    drive(EventMiddleware(answering), headers=[(b"traceparent", b"\xff\x00"), (b"tracestate", b"=")])
    (row,) = rows()
    assert "parent_span_id" not in row
    assert handle.counters["failed"] == 0


def test_requests_that_make_no_event(service: Service, rows: Rows) -> None:
    """Without `configure`, for excluded paths, for the lifespan, and inside another server span."""
    served = []

    async def app(scope: Any, _receive: Any, _send: Any) -> None:
        served.append(scope["type"])

    drive(EventMiddleware(app))
    service()
    drive(EventMiddleware(app, exclude=["/health"]), path="/health")
    drive(EventMiddleware(app), type="lifespan")
    with trace.get_tracer("other").start_as_current_span("GET /", kind=trace.SpanKind.SERVER):
        drive(EventMiddleware(app))
    assert served == ["http", "http", "lifespan", "http"]
    assert [row["name"] for row in rows()] == ["GET /"]


def test_a_mounted_application_with_its_own_middleware_makes_one_event(service: Service, rows: Rows) -> None:
    service()
    drive(EventMiddleware(EventMiddleware(answering)))
    (row,) = rows()
    assert row["seat"] == "14C"


# How it ends.


@pytest.mark.parametrize(
    ("answer", "size"),
    [
        ([{**ENDS, "more_body": True}, {**ENDS, "more_body": False}], 16),
        ([{"type": "http.response.body"}], 0),
        ([{"type": "http.response.pathsend", "path": "/tmp/x"}], None),  # the server reads the file
    ],
)
def test_it_ends_with_the_last_byte(
    service: Service, rows: Rows, answer: list[dict[str, Any]], size: int | None
) -> None:
    handle = service()
    ended = []

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send(BEGINS)
        for message in answer:
            add(sent=True)
            await send(message)
            ended.append(len(rows()))
        add(late=True)

    drive(EventMiddleware(app))
    (row,) = rows()
    assert ended == [*[0] * (len(answer) - 1), 1]
    assert row.get("http.response.body.size") == size
    assert row["sent"] is True
    assert "late" not in row
    assert handle.counters["late"] == 1


def test_trailers_come_last(service: Service, rows: Rows) -> None:
    service()
    counted = []

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({**BEGINS, "trailers": True})
        for message in (ENDS, {"type": "http.response.trailers", "headers": [], "more_trailers": False}):
            await send(message)
            counted.append(len(rows()))

    drive(EventMiddleware(app))
    assert counted == [0, 1]


def test_an_exception_is_recorded_and_propagates(service: Service, rows: Rows, tmp_path: Path) -> None:
    service()

    async def app(_scope: Any, _receive: Any, _send: Any) -> None:
        add(seat="14C")
        raise ValueError(f"no seat left, password={PASSWORD}")

    with pytest.raises(ValueError, match="no seat left"):
        drive(EventMiddleware(app))
    (row,) = rows()
    assert (row["status_code"], row["error.type"], row["http.response.status_code"]) == (
        "ERROR",
        "ValueError",
        500,
    )
    assert row["exception.message"] == "no seat left, password=[redacted]"
    assert "in app" in row["exception.stacktrace"]
    assert leaks(tmp_path / "events", PASSWORD) == []


def test_an_exception_during_the_response(service: Service, rows: Rows) -> None:
    service()

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send(BEGINS)
        await send({**ENDS, "more_body": True})
        raise KeyError("gone")

    with pytest.raises(KeyError):
        drive(EventMiddleware(app))
    (row,) = rows()
    assert (row["http.response.status_code"], row["error.type"]) == (200, "KeyError")
    assert row["http.response.body.size"] == 8


def test_an_exception_after_the_response_has_its_own_event(service: Service, rows: Rows) -> None:
    service()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await answering(scope, receive, send)
        raise OSError("no mail today")

    with pytest.raises(OSError, match="no mail"):
        drive(EventMiddleware(app))
    request, after = rows()
    assert request["status_code"] == "UNSET"
    assert (after["name"], after["error.type"]) == ("after GET", "OSError")
    assert (after["trace_id"], after["parent_span_id"]) == (request["trace_id"], request["span_id"])


def test_invalid_messages_are_left_to_the_server(service: Service, rows: Rows) -> None:
    handle = service()

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start"})
        await send({"type": "http.response.body", "body": None})
        await send(ENDS)

    assert len(drive(EventMiddleware(app))) == 3
    (row,) = rows()
    assert row["http.response.body.size"] == 8
    assert handle.counters["failed"] == 2


@pytest.mark.parametrize(("status", "error"), [(404, None), (499, None), (500, "500"), (503, "503")])
def test_statuses(service: Service, rows: Rows, status: int, error: str | None) -> None:
    service()

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({**BEGINS, "status": status})
        await send(ENDS)

    drive(EventMiddleware(app))
    (row,) = rows()
    assert row["http.response.status_code"] == status
    assert row.get("error.type") == error
    assert row["status_code"] == ("ERROR" if error else "UNSET")


def test_a_response_before_its_exception_is_one_event(service: Service, rows: Rows) -> None:
    """Starlette sends the 500 and then raises; Django waits for the disconnect. Either way it is one event."""
    service()
    answered = []

    async def app(_scope: Any, receive: Any, send: Any) -> None:
        await send({**BEGINS, "status": 500})
        await send(ENDS)
        answered.append(time.time())
        await receive()
        await asyncio.sleep(0.05)
        raise ValueError("no seat left")

    begun = time.time()
    with pytest.raises(ValueError, match="no seat left"):
        drive(EventMiddleware(app))
    (row,) = rows()
    assert (row["error.type"], row["exception.message"]) == ("ValueError", "no seat left")
    assert row["http.response.status_code"] == 500
    assert row["duration_ms"] / 1000 <= answered[0] - begun
    assert "obskit.disconnected" not in row


def test_the_handlers_error_fields_win(service: Service, rows: Rows) -> None:
    service()

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        trace.get_current_span().record_exception(TimeoutError("the seat map"))
        await send({**BEGINS, "status": 504})
        await send(ENDS)

    drive(EventMiddleware(app))
    (row,) = rows()
    assert (row["error.type"], row["exception.message"]) == ("TimeoutError", "the seat map")


def test_a_client_that_disconnects(service: Service, rows: Rows) -> None:
    service()

    async def app(_scope: Any, receive: Any, send: Any) -> None:
        await send(BEGINS)
        while (await receive())["type"] != "http.disconnect":
            await send({**ENDS, "more_body": True})

    drive(EventMiddleware(app), {"type": "http.request"})
    (row,) = rows()
    assert row["obskit.disconnected"] is True
    assert row["http.response.body.size"] == 8
    assert row["status_code"] == "UNSET"


def test_an_application_that_sends_no_response(service: Service, rows: Rows) -> None:
    service()

    async def app(_scope: Any, _receive: Any, _send: Any) -> None:
        pass

    drive(EventMiddleware(app))
    (row,) = rows()
    assert (row["status_code"], row["error.type"]) == ("ERROR", "incomplete_response")


def test_a_request_that_is_cancelled(service: Service, rows: Rows) -> None:
    service()

    async def app(_scope: Any, _receive: Any, _send: Any) -> None:
        await asyncio.sleep(60)

    async def go() -> None:
        task = asyncio.ensure_future(EventMiddleware(app)(SCOPE, None, None))  # type: ignore[arg-type]
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(go())
    (row,) = rows()
    assert row["obskit.cancelled"] is True
    assert (row["status_code"], row.get("http.response.status_code")) == ("UNSET", None)


def test_a_request_that_hangs_shows_its_route(service: Service, rows: Rows) -> None:
    service(unfinished_after=0.02)

    async def hang(_request: Any) -> Any:
        deadline = time.monotonic() + 20
        while not rows():
            assert time.monotonic() < deadline
            await asyncio.sleep(0.01)
        return PlainTextResponse("x")

    ask(EventMiddleware(Starlette(routes=[Route("/book/{seat}", hang)])), "/book/14C")
    open_, ended = rows()
    assert open_["obskit.unfinished"] is True
    assert (open_["name"], open_["http.route"]) == ("GET /book/{seat}", "/book/{seat}")
    assert (ended["name"], ended["http.route"]) == ("GET /book/{seat}", "/book/{seat}")


def test_concurrent_requests_keep_their_fields_apart(service: Service, rows: Rows) -> None:
    handle = service()

    async def app(scope: Any, _receive: Any, send: Any) -> None:
        await asyncio.sleep(0)
        add(asked=scope["path"])
        await asyncio.gather(*(asyncio.to_thread(add, {f"of.{n}": scope["path"]}) for n in range(2)))
        await send(BEGINS)
        await asyncio.sleep(0)
        await send(ENDS)

    async def go() -> None:
        async def send(_message: Any) -> None:
            pass

        served = EventMiddleware(app)
        await asyncio.gather(*(served({**SCOPE, "path": f"/{n}"}, send, send) for n in range(50)))  # type: ignore[arg-type]

    asyncio.run(go())
    found = rows()
    assert {row["url.path"] for row in found} == {f"/{n}" for n in range(50)}
    assert all(row["asked"] == row["of.0"] == row["of.1"] == row["url.path"] for row in found)
    assert handle.counters["late"] == handle.counters["outside"] == 0


def test_sampling_and_weights(service: Service, rows: Rows) -> None:
    service(sampling=Sampling(ratio=0.25, key="url.path"))
    app = EventMiddleware(answering)
    for n in range(400):
        drive(app, path=f"/{n}")
    found = rows()
    assert {row["sample_weight"] for row in found} == {4.0}
    assert 50 < len(found) < 150


# Frameworks.


def routes() -> Starlette:
    async def book(request: Any) -> Any:
        add(seat=request.path_params["seat"])
        return PlainTextResponse("x")

    async def stream(_request: Any) -> Any:
        async def pieces() -> Any:
            for n in range(2):
                add({f"piece.{n}": n})
                yield b"x"

        return StreamingResponse(pieces())

    async def bad(_request: Any) -> Any:
        raise ValueError("no seat left")

    return Starlette(
        routes=[
            Route("/book/{seat}", book),
            Route("/stream", stream),
            Route("/bad", bad),
            Mount("/of/{tenant}", Starlette(routes=[Route("/book/{seat:path}", book)])),
            Mount("/files", StaticFiles(directory=Path(__file__).parent)),
        ]
    )


def by_path(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["url.path"]: row for row in rows}


@pytest.mark.parametrize("how", ["around", "within"])
def test_starlette(service: Service, rows: Rows, how: str) -> None:
    service()
    app: Any = routes()
    if how == "around":
        app = EventMiddleware(app)
    else:
        app.add_middleware(EventMiddleware, exclude=["/health"])
    paths = ("/book/14C", "/stream", "/bad", "/of/acme/book/a/b", f"/files/{Path(__file__).name}", "/none")
    assert ask(app, *paths) == [200, 200, 500, 200, 200, 404]
    found = by_path(rows())
    assert [found[path].get("http.route") for path in paths] == [
        "/book/{seat}",
        "/stream",
        "/bad",
        "/of/{tenant}/book/{seat}",
        "/files",
        None,
    ]
    assert found["/book/14C"]["name"] == "GET /book/{seat}"
    assert found["/none"]["name"] == "GET"
    assert found["/of/acme/book/a/b"]["seat"] == "a/b"
    assert (found["/stream"]["piece.0"], found["/stream"]["piece.1"]) == (0, 1)
    assert found["/bad"]["error.type"] == "ValueError"
    assert found["/bad"]["http.response.status_code"] == 500


def shop(**options: Any) -> fastapi.FastAPI:
    app = fastapi.FastAPI(**options)
    seats = fastapi.APIRouter(prefix="/seats")

    @seats.get("/{seat}")
    def seat(seat: str) -> str:
        add(seat=seat)
        return seat

    below = fastapi.FastAPI(**options)

    @below.get("/refund/{id}")
    async def refund(id: int) -> int:
        add(refund=id)
        return id

    @app.get("/later")
    async def later(tasks: fastapi.BackgroundTasks) -> None:
        async def mail() -> None:
            add(mailed=True)

        tasks.add_task(event("mail")(mail))

    @app.get("/gone")
    async def gone() -> None:
        raise fastapi.HTTPException(410)

    app.include_router(seats, prefix="/v1")
    app.mount("/admin", below)
    return app


PATHS = ("/v1/seats/14C", "/admin/refund/7", "/admin/refund/x", "/later", "/gone", "/docs")
ROUTES = ("/v1/seats/{seat}", "/admin/refund/{id}", "/admin/refund/{id}", "/later", "/gone", "/docs")


def test_fastapi_with_a_middleware(service: Service, rows: Rows) -> None:
    handle = service()
    app = shop(telemetry={"tracing": False})
    app.add_middleware(EventMiddleware)
    assert ask(app, *PATHS) == [200, 200, 422, 200, 410, 200]
    found = by_path([row for row in rows() if row["kind"] == "server"])
    assert tuple(found[path]["http.route"] for path in PATHS) == ROUTES
    assert found["/v1/seats/14C"]["seat"] == "14C"
    assert found["/admin/refund/7"]["refund"] == 7
    (mail,) = [row for row in rows() if row["kind"] != "server"]
    assert mail["mailed"] is True
    assert mail["parent_span_id"] == found["/later"]["span_id"]
    assert handle.counters["late"] + handle.counters["outside"] == 0


def test_fastapis_own_telemetry_with_the_middleware_inside(service: Service, rows: Rows) -> None:
    """One event per request, with the handlers' fields and the exception that FastAPI only logs."""
    service()
    app = shop(telemetry={"operation_spans": False})

    @app.get("/bad")
    async def bad() -> None:
        raise ValueError("no seat left")

    app.add_middleware(EventMiddleware)
    assert ask(app, *PATHS) == [200, 200, 422, 200, 410, 200]
    found = by_path([row for row in rows() if row["kind"] == "server"])
    assert len(rows()) == len(PATHS) + 1  # and the mail
    assert ask(app, "/bad") == [500]
    (row,) = [row for row in rows() if row.get("url.path") == "/bad"]
    assert (row["error.type"], row["exception.message"]) == ("ValueError", "no seat left")
    assert tuple(found[path]["http.route"] for path in PATHS) == ROUTES
    assert found["/v1/seats/14C"]["seat"] == "14C"


def test_a_websocket_is_one_event(service: Service, rows: Rows) -> None:
    service()

    async def talk(socket: WebSocket) -> None:
        await socket.accept()
        while True:
            add(said=await socket.receive_text())
            await socket.send_text("yes")

    async def closed(socket: WebSocket) -> None:
        await socket.close(1008)

    app = EventMiddleware(
        Starlette(routes=[WebSocketRoute("/talk/{room}", talk), WebSocketRoute("/closed", closed)])
    )
    connect, text = {"type": "websocket.connect"}, {"type": "websocket.receive", "text": "a seat?"}
    leaves = {"type": "websocket.disconnect", "code": 1001}
    with pytest.raises(WebSocketDisconnect):
        drive(app, connect, text, leaves, type="websocket", path="/talk/7", scheme="wss")
    assert drive(app, connect, type="websocket", path="/closed") == [
        {"type": "websocket.close", "code": 1008, "reason": ""}
    ]
    talked, refused = rows()
    assert (talked["name"], talked["http.route"]) == ("WS /talk/{room}", "/talk/{room}")
    assert (talked["said"], talked["network.protocol.name"]) == ("a seat?", "websocket")
    assert (talked["obskit.websocket.received"], talked["obskit.websocket.sent"]) == (1, 1)
    assert talked["obskit.websocket.close_code"] == 1001
    assert (talked["status_code"], talked["http.response.status_code"]) == ("UNSET", 101)
    assert (refused["http.response.status_code"], refused["obskit.websocket.close_code"]) == (403, 1008)


# Under a provider of somebody else's.

JOINED = """
import asyncio, sys
import httpx
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from obskit.instrument import EventMiddleware, add, configure

trace.set_tracer_provider(TracerProvider())
handle = configure("booking", sink=sys.argv[1])

async def book(request):
    add(seat=request.path_params["seat"])
    return PlainTextResponse("x")

async def bad(request):
    raise ValueError("no seat left")

app = Starlette(routes=[Route("/book/{seat}", book), Route("/bad", bad)])
app.add_middleware(EventMiddleware)

async def go():
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        for path in ("/book/14C", "/bad"):
            await client.get(path, headers={"traceparent": sys.argv[2]})

asyncio.run(go())
print(handle.mode)
"""


def test_joined(tmp_path: Path) -> None:
    assert run(JOINED, str(tmp_path), TRACEPARENT) == "joined\n"
    book, bad = read(tmp_path)
    assert (book["trace_id"], book["parent_span_id"]) == (TRACE_ID, CALLER)
    assert (book["name"], book["kind"], book["seat"]) == ("GET /book/{seat}", "server", "14C")
    assert (book["http.route"], book["http.response.status_code"]) == ("/book/{seat}", 200)
    assert (bad["error.type"], bad["status_code"]) == ("ValueError", "ERROR")
    assert bad["http.response.status_code"] == 500
