"""`EventMiddleware` with hostile clients and failing applications and servers: it changes nothing they see."""

from __future__ import annotations

import asyncio
import gc
import time
import tracemalloc
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.propagate import get_global_textmap, set_global_textmap
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse
from starlette.routing import Host, Mount, Route
from starlette.websockets import WebSocketDisconnect

from obskit.instrument import EventMiddleware, Handle, add
from obskit.instrument.api import Active
from obskit.instrument.asgi.request_scope import cached_authority
from tests.support.examples import examples
from tests.support.instrument_process import CALLER, PASSWORD, TRACEPARENT, leaks, read, run

Service = Callable[..., Handle]
Rows = Callable[[], list[dict[str, Any]]]

SCOPE: dict[str, Any] = {
    "type": "http",
    "asgi": {"version": "3.0"},
    "http_version": "1.1",
    "method": "GET",
    "scheme": "http",
    "path": "/",
    "query_string": b"",
    "headers": [],
}
BEGINS = {"type": "http.response.start", "status": 200, "headers": []}
ENDS = {"type": "http.response.body", "body": b"seat 14C"}


async def answering(_scope: Any, _receive: Any, send: Any) -> None:
    add(seat="14C")
    await send(BEGINS)
    await send(ENDS)


def drive(app: Any, *incoming: Any, failing: BaseException | None = None, **scope: Any) -> list[Any]:
    """Serve one request and return the messages the server got; its `send` raises `failing`."""
    messages = iter(incoming)
    answers: list[Any] = []

    async def receive() -> Any:
        return next(messages, {"type": "http.disconnect"})

    async def send(message: Any) -> None:
        if failing is not None:
            raise failing
        answers.append(message)

    asyncio.run(app({**SCOPE, **scope}, receive, send))
    return answers


def get(app: Any, path: str, base: str = "http://test") -> int:
    async def go() -> int:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=base) as client:
            return (await client.get(path)).status_code

    return asyncio.run(go())


# For any messages, the application and the server see what they would see without the middleware.

ODD = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.binary(max_size=5)
)
HEADERS = st.lists(
    st.tuples(
        st.one_of(
            st.sampled_from(
                [b"host", b"user-agent", b"content-length", b"traceparent", b"tracestate", b"baggage"]
            ),
            st.binary(max_size=8),
        ),
        st.one_of(
            st.binary(max_size=60),
            st.sampled_from(
                [b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", b"a:1@b:2", b"ot=th:8"]
            ),
        ),
    ),
    max_size=6,
)
SCOPES = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["http", "websocket"]),
        "path": st.text(st.characters(), max_size=20),
        "headers": HEADERS,
    },
    optional={
        "method": st.text(max_size=8) | st.sampled_from(["GET", "HEAD", "QUERY"]),
        "scheme": st.text(max_size=5),
        "query_string": st.binary(max_size=20),
        "root_path": st.text(max_size=8),
        "client": st.none() | st.tuples(st.text(max_size=5), st.integers()),
        "http_version": st.text(max_size=3),
        "path_params": st.dictionaries(st.text(max_size=3), ODD, max_size=2),
        "app_root_path": st.text(max_size=3),
        "route": ODD,
        "endpoint": ODD,
    },
)
TYPES = (
    *(
        "http.request",
        "http.disconnect",
        "http.response.start",
        "http.response.body",
        "http.response.trailers",
    ),
    *("http.response.pathsend", "http.response.push", "http.response.debug", "websocket.connect"),
    *("websocket.accept", "websocket.receive", "websocket.send", "websocket.disconnect", "websocket.close"),
    *("websocket.http.response.start", "websocket.http.response.body"),
)
MESSAGES = st.lists(
    st.tuples(
        st.booleans(),
        st.one_of(
            st.fixed_dictionaries(
                {"type": st.sampled_from(TYPES)},
                optional={
                    "status": st.integers(100, 599) | ODD,
                    "headers": HEADERS,
                    "body": st.binary(max_size=9) | ODD,
                    "more_body": st.booleans() | ODD,
                    "trailers": st.booleans() | ODD,
                    "more_trailers": ODD,
                    "code": ODD,
                    "text": ODD,
                },
            ),
            st.dictionaries(st.text(max_size=3), ODD, max_size=2),
            ODD,
        ),
    ),
    max_size=8,
)
ENDINGS = st.sampled_from(
    [None, ValueError("no"), WebSocketDisconnect(1001), ClientDisconnect(), KeyboardInterrupt()]
)


@settings(
    max_examples=examples(300), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(scope=SCOPES, messages=MESSAGES, ending=ENDINGS)
def test_the_application_and_the_server_see_no_difference(
    service: Service,
    scope: dict[str, Any],
    messages: list[tuple[bool, Any]],
    ending: BaseException | None,
) -> None:
    """The scope, the messages in both directions and the exception are the same, and there is one row."""
    handle = service()
    before = handle.file.stat().st_size if handle.file else 0
    incoming = iter([message for comes, message in messages if comes])
    heard: list[Any] = []
    sent: list[Any] = []
    scopes: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        scopes.append(scope)
        for comes, message in messages:
            if comes:
                heard.append(await receive())
            else:
                await send(message)
        if ending is not None:
            raise ending

    async def receive() -> Any:
        return next(incoming)

    async def send(message: Any) -> None:
        sent.append(message)

    kept = dict(scope)
    call = EventMiddleware(app)(scope, receive, send)
    with pytest.raises(type(ending) if ending is not None else StopIteration) as left:
        call.send(None)
    assert ending is None or left.value is ending
    assert scopes[0] is scope
    assert scope == kept
    assert [id(message) for message in heard] == [id(message) for comes, message in messages if comes]
    assert [id(message) for message in sent] == [id(message) for comes, message in messages if not comes]
    assert handle.file is not None
    assert handle.file.read_bytes()[before:].count(b'"kind":"server"') == 1
    assert not trace.get_current_span().get_span_context().is_valid
    assert handle.counters["late"] == handle.counters["outside"] == 0
    assert not Active.runtime.open_units  # type: ignore[union-attr]


@pytest.mark.parametrize("type_", ["", "lifespan", "webtransport", None])
def test_other_scope_types_pass_through(service: Service, rows: Rows, type_: Any) -> None:
    service()
    assert drive(EventMiddleware(answering), type=type_) == [BEGINS, ENDS]
    assert rows() == []


# What a client may say.


def test_host_headers_do_not_fill_memory(service: Service) -> None:
    service(sink=None)
    app = EventMiddleware(answering)

    def ask(numbers: range) -> None:
        for n in numbers:
            drive(app, headers=[(b"host", b"%060000d" % n)])

    ask(range(3))
    before = cached_authority.cache_info().currsize
    tracemalloc.start()
    ask(range(3, 40))
    kept = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert cached_authority.cache_info().currsize == before
    assert kept < 1_000_000


def test_long_trace_states_do_not_fill_memory(service: Service, rows: Rows) -> None:
    """Only short names and trace states are cached, because clients choose the trace state."""
    service()
    parent = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    for n in range(20):
        state = b",".join(b"k%d=%0250d" % (k, n) for k in range(30))
        drive(EventMiddleware(answering), headers=[(b"traceparent", parent), (b"tracestate", state)])
    assert {len(row["trace_state"]) > 7000 for row in rows()} == {True}
    remembered = Active.runtime.rows._json_texts  # type: ignore[union-attr]
    assert max(map(len, remembered)) < 1000


def test_a_propagator_that_raises_loses_no_event(service: Service, rows: Rows) -> None:
    class Brittle(type(get_global_textmap())):  # type: ignore[misc]
        fields = frozenset({"x-trace"})

        def __init__(self) -> None:
            pass

        def extract(self, *_: Any) -> Any:
            raise ValueError("no such trace")

    handle = service()
    usual = get_global_textmap()
    set_global_textmap(Brittle())
    try:
        drive(EventMiddleware(answering), headers=[(b"x-trace", b"?")])
    finally:
        set_global_textmap(usual)
    (row,) = rows()
    assert row["seat"] == "14C"
    assert handle.counters["failed"] == 1


SECRETS = [
    {"headers": [(b"host", f"ann:{PASSWORD}@shop.example".encode())]},
    {"headers": [(b"host", f"{PASSWORD}@shop.example:80".encode())]},
    {"headers": [(b"user-agent", f"app/7 (token={PASSWORD})".encode())]},
    {"headers": [(b"user-agent", f"app/7 Bearer {PASSWORD}4711".encode())]},
    {"headers": [(b"referer", f"https://shop.example/?token={PASSWORD}".encode())]},
    {"headers": [(b"x-api-key", PASSWORD.encode()), (b"proxy-authorization", PASSWORD.encode())]},
    {"headers": [(b"baggage", f"token={PASSWORD}".encode())]},
    {"query_string": f"code={PASSWORD}&state=7".encode()},
    {"query_string": f"code={PASSWORD}".encode()},
    {"query_string": f"key={PASSWORD}".encode()},
    {"query_string": f"to=ZRH&sid={PASSWORD}".encode()},
    {"query_string": f"next=https://ann:{PASSWORD}@shop.example/".encode()},
    {"path": f"/users;jsessionid={PASSWORD}"},
    {"path": f"/reset-password/{PASSWORD}4711"},
    {"path": f"/https://ann:{PASSWORD}@shop.example/"},
    {"method": f"token={PASSWORD}"},
]


@pytest.mark.parametrize("sent", SECRETS, ids=repr)
def test_secrets_from_clients_are_masked(
    service: Service, rows: Rows, tmp_path: Any, sent: dict[str, Any]
) -> None:
    service()
    drive(EventMiddleware(answering), **sent)
    assert len(rows()) == 1
    assert leaks(tmp_path / "events", PASSWORD) == []


# Routes are of the program, not of the client.


def tenants() -> Starlette:
    async def book(_request: Any) -> Any:
        return PlainTextResponse("x")

    books = [Route("/book/{seat}", book)]
    return Starlette(
        routes=[
            Mount("/of/{tenant}", Starlette(routes=books)),
            Mount("/number/{n:int}", Starlette(routes=books)),
            Mount("/id/{id:uuid}", Starlette(routes=books)),
            Mount("/in/{folder:path}/at", Starlette(routes=books)),
            Mount(
                "/v/{v}",
                routes=[Mount("/w/{w}", routes=books), Mount("/files", GZipMiddleware(tenantless()))],
            ),
            Mount("/zip", routes=books, middleware=[Middleware(GZipMiddleware)]),
            Mount("/zips/{z}", GZipMiddleware(Starlette(routes=[Mount("/a/{b}", routes=books)]))),
            Mount("/opaque/{o}", Opaque(Starlette(routes=[Mount("/a/{b}", routes=books)]))),
            Host("{shop}.example", Starlette(routes=[Mount("/shop/{s}", routes=books), *books])),
        ]
    )


def tenantless() -> Any:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send(BEGINS)
        await send(ENDS)

    return app


class Opaque:
    def __init__(self, inner: Any) -> None:
        self._inner = inner

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self._inner(scope, receive, send)


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/of/acme/book/14C", "/of/{tenant}/book/{seat}"),
        ("/of/of/book/of", "/of/{tenant}/book/{seat}"),
        ("/of/book/book/book", "/of/{tenant}/book/{seat}"),
        ("/of/acme/none", "/of/{tenant}"),
        ("/number/7/book/7", "/number/{n}/book/{seat}"),
        ("/number/0007/book/7", "/number/{n}/book/{seat}"),
        ("/id/0AF76519-16CD-43DD-8448-EB211C80319C/book/7", "/id/{id}/book/{seat}"),
        ("/in/a/b/c/at/book/7", "/in/{folder}/at/book/{seat}"),
        ("/v/1/w/2/book/7", "/v/{v}/w/{w}/book/{seat}"),
        ("/v/w/w/v/book/7", "/v/{v}/w/{w}/book/{seat}"),
        ("/v/1/files/x", "/v/{v}/files"),
        ("/zip/book/7", "/zip/book/{seat}"),
        ("/zips/1/a/2/book/7", "/zips/{z}/a/{b}/book/{seat}"),
        ("/opaque/1/a/2/book/7", "/opaque/{o}/*/book/{seat}"),
        ("/shop/x/book/7", "/shop/{s}/book/{seat}"),
        ("/book/7", "/book/{seat}"),
        ("/none/7", None),
    ],
)
@pytest.mark.parametrize("root", ["", "/api"])
def test_mounts(service: Service, rows: Rows, path: str, route: str | None, root: str) -> None:
    service()
    app = EventMiddleware(tenants())

    async def under(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, "root_path": root, "path": root + scope["path"]}, receive, send)

    get(under, path, "http://acme.example")
    (row,) = rows()
    wanted = root + (route or "") or None
    assert row.get("http.route") == wanted
    assert row["name"] == ("GET" if wanted is None else f"GET {wanted}")


def test_a_handlers_route_and_name_win(service: Service, rows: Rows) -> None:
    service()

    async def quart(_scope: Any, _receive: Any, send: Any) -> None:
        add({"http.route": "/book/<seat>"})
        await send(BEGINS)
        await send(ENDS)

    async def named(_request: Any) -> Any:
        trace.get_current_span().update_name("checkout")
        return PlainTextResponse("x")

    drive(EventMiddleware(quart))
    get(EventMiddleware(Starlette(routes=[Route("/pay/{cart}", named)])), "/pay/7")
    first, second = rows()
    assert (first["name"], first["http.route"]) == ("GET /book/<seat>", "/book/<seat>")
    assert (second["name"], second["http.route"]) == ("checkout", "/pay/{cart}")


def test_a_hanging_request_shows_the_known_part_of_its_route(service: Service, rows: Rows) -> None:
    """A middleware of the mounted application hangs before the rest of the route is known."""
    service(unfinished_after=0.02)

    async def book(_request: Any) -> Any:
        return PlainTextResponse("x")

    inner = Starlette(routes=[Route("/book/{seat}", book)])

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        deadline = time.monotonic() + 20
        while not rows():
            assert time.monotonic() < deadline
            await asyncio.sleep(0.01)
        await inner(scope, receive, send)

    get(EventMiddleware(Starlette(routes=[Mount("/of/{tenant}", slow)])), "/of/acme/book/14C")
    open_, ended = rows()
    assert open_["obskit.unfinished"] is True
    assert (open_["name"], open_["http.route"]) == ("GET /of/{tenant}", "/of/{tenant}")
    assert (ended["name"], ended["http.route"]) == (
        "GET /of/{tenant}/book/{seat}",
        "/of/{tenant}/book/{seat}",
    )


@pytest.mark.parametrize("exclude", ["/health", ["/health"], {"/health"}])
@pytest.mark.parametrize(
    ("path", "root", "left_out"),
    [
        ("/health", "", True),
        ("/api/health", "/api", True),
        ("/", "", False),
        ("/h", "", False),
        ("/api/health", "", False),
    ],
)
def test_excluded_paths_make_no_event(
    service: Service, rows: Rows, exclude: Any, path: str, root: str, left_out: bool
) -> None:
    service()
    drive(EventMiddleware(answering, exclude), path=path, root_path=root)
    assert len(rows()) == (not left_out)


# How it ends, where clients and servers are unlucky.


class ClientDisconnected(OSError):
    """Named like uvicorn's exception."""


@pytest.mark.parametrize(
    "gone",
    [
        ClientDisconnect(),
        ClientDisconnected(),
        WebSocketDisconnect(1006),
        ExceptionGroup("reading and writing", [WebSocketDisconnect(1006), ClientDisconnected()]),
    ],
)
def test_a_servers_disconnect_exception_is_not_an_error(
    service: Service, rows: Rows, gone: BaseException
) -> None:
    service()
    with pytest.raises(type(gone)):
        drive(EventMiddleware(answering), failing=gone)
    (row,) = rows()
    assert row["obskit.disconnected"] is True
    assert "error.type" not in row
    assert row["status_code"] == "UNSET"


def test_an_exception_group_with_one_error_is_an_error(service: Service, rows: Rows) -> None:
    service()
    group = ExceptionGroup("reading and writing", [WebSocketDisconnect(1006), ValueError("no seat left")])
    with pytest.raises(ExceptionGroup):
        drive(EventMiddleware(answering), failing=group)
    (row,) = rows()
    assert row["error.type"] == "ExceptionGroup"


def test_a_trio_cancellation_is_not_an_error(service: Service, rows: Rows) -> None:
    class Cancelled(BaseException):
        pass

    service()
    with pytest.raises(Cancelled):
        drive(EventMiddleware(answering), failing=Cancelled())
    (row,) = rows()
    assert row["obskit.cancelled"] is True
    assert "error.type" not in row


def test_an_ended_request_is_freed_at_once(service: Service) -> None:
    """Reference counting is enough: nothing of a request waits for the garbage collector."""

    class Scope(dict[str, Any]):
        pass

    service()
    app = EventMiddleware(answering)
    gone = []

    async def served() -> None:
        for _ in range(3):
            scope = Scope(SCOPE)
            gone.append(weakref.ref(scope))
            await app(scope, None, ignoring)  # type: ignore[arg-type]

    async def ignoring(_message: Any) -> None:
        pass

    gc.disable()
    try:
        asyncio.run(served())
        assert [reference() for reference in gone] == [None, None, None]
    finally:
        gc.enable()


@pytest.mark.parametrize("nested", [False, True])
def test_a_client_that_leaves_a_websocket_is_not_an_error(service: Service, rows: Rows, nested: bool) -> None:
    service()

    async def app(_scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})
        await receive()
        raise WebSocketDisconnect(1001)

    served = EventMiddleware(EventMiddleware(app)) if nested else EventMiddleware(app)
    with pytest.raises(WebSocketDisconnect):
        drive(served, {"type": "websocket.disconnect", "code": 1001}, type="websocket")
    (row,) = rows()
    assert "error.type" not in row
    assert (row["status_code"], row["obskit.websocket.close_code"]) == ("UNSET", 1001)


@pytest.mark.parametrize("client_first", [False, True])
def test_the_first_side_to_close_a_websocket_gives_the_code(
    service: Service, rows: Rows, client_first: bool
) -> None:
    service()

    async def app(_scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})
        if client_first:
            await receive()
        await send({"type": "websocket.close", "code": 4000})
        if not client_first:
            await receive()

    drive(EventMiddleware(app), {"type": "websocket.disconnect", "code": 1006}, type="websocket")
    (row,) = rows()
    assert row["obskit.websocket.close_code"] == (1006 if client_first else 4000)


def test_an_event_whose_outcome_cannot_be_read_still_ends(service: Service, rows: Rows) -> None:
    handle = service()

    class Odd:
        @property
        def path_format(self) -> str:
            raise OSError("no path")

    async def app(scope: Any, receive: Any, send: Any) -> None:
        scope["route"] = Odd()
        await answering(scope, receive, send)

    drive(EventMiddleware(app))
    (row,) = rows()
    assert row["seat"] == "14C"
    assert handle.counters["failed"] == 1


# However it is configured.


def test_configured_after_the_application_was_made(service: Service, rows: Rows) -> None:
    app = EventMiddleware(answering)
    assert drive(app) == [BEGINS, ENDS]
    service()
    assert drive(app) == [BEGINS, ENDS]
    assert len(rows()) == 1


@pytest.mark.parametrize("name", ["OBSKIT_DISABLED", "OTEL_SDK_DISABLED"])
def test_disabled_by_the_environment(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "true")
    service()
    assert drive(EventMiddleware(answering)) == [BEGINS, ENDS]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("where", ["/dev/full", "below a file"])
def test_an_unwritable_sink_does_not_affect_requests(service: Service, tmp_path: Path, where: str) -> None:
    (tmp_path / "file").touch()
    handle = service(sink=where if where.startswith("/") else tmp_path / "file" / "events")
    for _ in range(3):
        assert drive(EventMiddleware(answering)) == [BEGINS, ENDS]
    assert (handle.counters["written"], handle.counters["dropped"]) == (0, 3)


JOINED = """
import asyncio, sys
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route, WebSocketRoute
from obskit.instrument import EventMiddleware, add, configure
from tests.support.examples import examples

trace.set_tracer_provider(TracerProvider())
handle = configure("booking", sink=sys.argv[1])

async def book(request):
    add(seat=request.path_params["seat"])
    return PlainTextResponse("x")

async def named(request):
    trace.get_current_span().update_name("checkout")
    add({"http.route": "/pay/<cart>"})
    return PlainTextResponse("x")

async def talk(socket):
    await socket.accept()
    await socket.receive_text()

routes = [Route("/book/{seat}", book), Route("/pay/{cart}", named), WebSocketRoute("/talk", talk)]
inner = Starlette(routes=[Mount("/of/{tenant:int}", Starlette(routes=routes))])
inner.add_middleware(EventMiddleware)
app = EventMiddleware(inner)

def ask(path, headers=(), kind="http", *incoming):
    messages = iter(incoming)
    async def receive():
        return next(messages, {"type": "http.disconnect"})
    async def send(message):
        pass
    scope = {"type": kind, "path": path, "method": "GET", "headers": headers, "query_string": b""}
    try:
        asyncio.run(app(scope, receive, send))
    except Exception as error:
        print(type(error).__name__)

ask("/of/007/book/14C", [(b"traceparent", sys.argv[2].encode())])
ask("/of/007/book/15A", [(b"traceparent", sys.argv[2][:-1].encode() + b"0")])
ask("/of/7/pay/1")
leaves = {"type": "websocket.disconnect", "code": 1001}
ask("/of/7/talk", (), "websocket", {"type": "websocket.connect"}, leaves)
print(*(handle.counters[name] for name in ("written", "late", "failed")))
"""


def test_joined(tmp_path: Path) -> None:
    """Under another provider its sampler decides; everything else is as under ours."""
    assert run(JOINED, str(tmp_path), TRACEPARENT) == "WebSocketDisconnect\n3 0 0\n"
    book, pay, talk = read(tmp_path)
    assert (book["name"], book["seat"], book["parent_span_id"]) == (
        "GET /of/{tenant}/book/{seat}",
        "14C",
        CALLER,
    )
    assert (pay["name"], pay["http.route"]) == ("checkout", "/pay/<cart>")
    assert (talk["name"], talk["status_code"]) == ("WS /of/{tenant}/talk", "UNSET")
    assert "error.type" not in talk
    assert talk["obskit.websocket.close_code"] == 1001
