"""`EventMiddleware` together with what frameworks do: middlewares, dependencies, background tasks, cancellation, mounts.

Each application is asked bare, with the middleware in it, around it, and both: the answers are the same.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any

import anyio
import fastapi
import httpx
import pytest
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from starlette.applications import Starlette
from starlette.authentication import AuthenticationError
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import JSONResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Host, Mount, Route

from obskit.instrument import EventMiddleware, Handle, Sampling, add, event

Service = Callable[..., Handle]
Rows = Callable[[], list[dict[str, Any]]]


class NoSeat(Exception):
    """An exception that the application handles."""


class NotAllowed:
    async def authenticate(self, connection: Any) -> None:
        if "x-bad" in connection.headers:
            raise AuthenticationError("who are you?")


async def cleaned_up() -> AsyncIterator[int]:
    yield 1
    add(cleaned=True)


async def fails_after() -> AsyncIterator[int]:
    yield 1
    raise KeyError("the connection was gone")


def shop(telemetry: bool = False) -> fastapi.FastAPI:
    app = fastapi.FastAPI(telemetry={"tracing": telemetry, "operation_spans": False})
    inner = fastapi.APIRouter(prefix="/inner/{a}")
    outer = fastapi.APIRouter(prefix="/outer")
    below = fastapi.FastAPI(telemetry={"tracing": telemetry, "operation_spans": False})
    person: contextvars.ContextVar[str] = contextvars.ContextVar("person")

    @app.middleware("http")
    async def through(request: Any, call_next: Any) -> Any:
        person.set("ann")
        answer = await call_next(request)
        answer.headers["x-through"] = "yes"
        return answer

    @app.exception_handler(NoSeat)
    async def handled(_request: Any, error: Exception) -> Any:
        return JSONResponse({"no": str(error)}, 409)

    @app.exception_handler(Exception)
    async def unexpected(_request: Any, error: Exception) -> Any:
        return JSONResponse({"bad": type(error).__name__}, 500)

    @app.get("/plain/{seat}")
    def plain(seat: str) -> dict[str, str]:
        add(seat=seat, person=person.get())
        return {"seat": seat}

    @app.get("/handled")
    async def noseat() -> None:
        raise NoSeat("14C")

    @app.get("/unexpected")
    async def bad() -> None:
        raise ValueError("no seat left")

    @app.get("/cleaned")
    async def cleaned(_x: Annotated[int, fastapi.Depends(cleaned_up)]) -> str:
        return "x"

    @app.get("/fails-after")
    async def after(_x: Annotated[int, fastapi.Depends(fails_after)]) -> str:
        return "x"

    @app.get("/mails")
    async def mails(tasks: fastapi.BackgroundTasks) -> str:
        for n in range(20):
            tasks.add_task(event("mail", n=n)(asyncio.sleep), 0)
        return "x"

    @app.get("/bad-mail")
    async def bad_mail(tasks: fastapi.BackgroundTasks) -> str:
        async def mail() -> None:
            raise OSError("no mail today")

        tasks.add_task(mail)
        return "x"

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        async def pieces() -> AsyncIterator[str]:
            for n in range(3):
                add({f"piece.{n}": n})
                await asyncio.sleep(0)
                yield "x" * 600

        return StreamingResponse(pieces())

    @app.get("/timeout")
    async def timeout() -> str:
        try:
            async with asyncio.timeout(0.01):
                await asyncio.sleep(5)
        except TimeoutError:
            add(timed_out=True)
        with anyio.move_on_after(0.01):
            await anyio.sleep(5)
        return "x"

    @app.get("/group")
    async def group() -> str:
        async def one(n: int) -> None:
            await asyncio.to_thread(add, {f"of.{n}": n})

        async with asyncio.TaskGroup() as tasks:
            for n in range(3):
                tasks.create_task(one(n))
        return "x"

    @app.get("/bad-group")
    async def bad_group() -> None:
        async def one() -> None:
            raise NoSeat("15A")

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(one())
            tasks.create_task(asyncio.sleep(5))

    @inner.get("/{b}")
    async def nested(a: str, b: str) -> str:
        return a + b

    @below.get("/refund/{id}")
    async def refund(id: int) -> int:
        return id

    @below.get("/bad")
    async def bad_below() -> None:
        raise ValueError("below")

    async def raw(_request: Any) -> Any:
        return PlainTextResponse("raw")

    inner.add_route("/raw/{c}/x", raw)
    outer.include_router(inner)
    app.include_router(outer, prefix="/v1")
    app.mount("/admin/{tenant}", below)
    app.router.routes.append(Host("{shop}.example", Starlette(routes=[Route("/host/{x}", raw)])))
    app.add_middleware(AuthenticationMiddleware, backend=NotAllowed())  # type: ignore[arg-type]
    app.add_middleware(GZipMiddleware, minimum_size=1000)
    app.add_middleware(CORSMiddleware, allow_origins=["https://shop.example"])
    return app


ASKED: dict[str, tuple[str, str, dict[str, str]]] = {
    "plain": ("GET", "/plain/14C", {}),
    "slash": ("GET", "/plain/14C/", {}),
    "head": ("HEAD", "/plain/14C", {}),
    "handled": ("GET", "/handled", {}),
    "unexpected": ("GET", "/unexpected", {}),
    "cleaned": ("GET", "/cleaned", {}),
    "fails after": ("GET", "/fails-after", {}),
    "mails": ("GET", "/mails", {}),
    "bad mail": ("GET", "/bad-mail", {}),
    "stream": ("GET", "/stream", {"accept-encoding": "gzip"}),
    "timeout": ("GET", "/timeout", {}),
    "group": ("GET", "/group", {}),
    "bad group": ("GET", "/bad-group", {}),
    "nested": ("GET", "/v1/outer/inner/1/2", {}),
    "nested raw": ("GET", "/v1/outer/raw/2/x", {}),
    "below": ("GET", "/admin/acme/refund/7", {}),
    "bad below": ("GET", "/admin/acme/bad", {}),
    "invalid below": ("GET", "/admin/acme/refund/x", {}),
    "none": ("GET", "/none", {}),
    "host": ("GET", "/host/7", {"host": "acme.example"}),
    "preflight": (
        "OPTIONS",
        "/plain/1",
        {"origin": "https://shop.example", "access-control-request-method": "GET"},
    ),
    "not authenticated": ("GET", "/plain/1", {"x-bad": "1"}),
}
ROUTES = {
    "plain": "/plain/{seat}",
    "head": "/plain/{seat}",
    "handled": "/handled",
    "unexpected": "/unexpected",
    "nested": "/v1/outer/inner/{a}/{b}",
    "nested raw": "/v1/outer/raw/{c}/x",
    "below": "/admin/{tenant}/refund/{id}",
    "bad below": "/admin/{tenant}/bad",
    "invalid below": "/admin/{tenant}/refund/{id}",
    "host": "/host/{x}",
    "none": None,
    "preflight": None,
    "not authenticated": None,
}


def ask(app: Any, asked: tuple[str, str, dict[str, str]], raising: bool) -> Any:
    """Return the status, headers and body that the client gets, or the exception that leaves the application."""
    method, path, headers = asked

    async def go() -> Any:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=raising)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            answer = await client.request(method, path, headers=headers)
            return answer.status_code, sorted(answer.headers.items()), answer.content

    try:
        return asyncio.run(go())
    except Exception as error:
        return type(error), str(error)


def made(how: str, telemetry: bool) -> Any:
    app = shop(telemetry)
    if "within" in how:
        app.add_middleware(EventMiddleware)
    return EventMiddleware(app) if "around" in how else app


@pytest.mark.parametrize("name", ASKED)
@pytest.mark.parametrize("how", ["within", "around", "within, around"])
def test_responses_are_the_same(service: Service, rows: Rows, how: str, name: str) -> None:
    bare = [ask(shop(), ASKED[name], raising) for raising in (False, True)]
    handle = service()
    app = made(how, telemetry=False)
    assert [ask(app, ASKED[name], raising) for raising in (False, True)] == bare
    found = [row for row in rows() if row["kind"] == "server"]
    assert len(found) == 2
    for row in found:
        if isinstance(bare[0][0], int):
            status = bare[0][0]
            assert row["http.response.status_code"] == (500 if name == "unexpected" else status)
            assert row["status_code"] == ("ERROR" if status >= 500 else "UNSET")
        if name in ROUTES:
            assert row.get("http.route") == ROUTES[name]
    assert handle.counters["failed"] == handle.counters["outside"] == 0


@pytest.mark.parametrize("name", ASKED)
def test_together_with_fastapis_own_telemetry(service: Service, rows: Rows, name: str) -> None:
    bare = [ask(shop(), ASKED[name], raising) for raising in (False, True)]
    service()
    app = made("within", telemetry=True)
    assert [ask(app, ASKED[name], raising) for raising in (False, True)] == bare
    assert sum(row["kind"] == "server" for row in rows()) == 2


@pytest.mark.parametrize("how", ["within", "around"])
def test_together_with_the_official_instrumentation(service: Service, rows: Rows, how: str) -> None:
    """The outermost one makes the event."""
    service()
    app = shop()
    if how == "within":
        app.add_middleware(EventMiddleware)
    FastAPIInstrumentor.instrument_app(app, exclude_spans=["send", "receive"])
    served = app if how == "within" else EventMiddleware(app)
    try:
        assert ask(served, ASKED["plain"], True)[0] == 200
    finally:
        FastAPIInstrumentor.uninstrument_app(app)
    (row,) = [row for row in rows() if row["kind"] == "server"]
    assert (row["seat"], row["http.route"]) == ("14C", "/plain/{seat}")


def test_the_events_have_the_expected_fields(service: Service, rows: Rows) -> None:
    handle = service()
    app = made("within", telemetry=False)
    for name in (
        "plain",
        "stream",
        "timeout",
        "group",
        "handled",
        "bad group",
        "unexpected",
        "mails",
        "bad mail",
    ):
        ask(app, ASKED[name], False)
    by_path = {row["url.path"]: row for row in rows() if row["kind"] == "server"}
    assert (by_path["/plain/14C"]["seat"], by_path["/plain/14C"]["person"]) == ("14C", "ann")
    assert [by_path["/stream"][f"piece.{n}"] for n in range(3)] == [0, 1, 2]
    assert by_path["/timeout"]["timed_out"] is True
    assert "obskit.cancelled" not in by_path["/timeout"]
    assert [by_path["/group"][f"of.{n}"] for n in range(3)] == [0, 1, 2]
    assert "error.type" not in by_path["/handled"]
    assert by_path["/bad-group"]["error.type"] == "ExceptionGroup"
    assert by_path["/unexpected"]["exception.message"] == "no seat left"
    mails = [row for row in rows() if row["name"] == "mail"]
    assert sorted(row["n"] for row in mails) == list(range(20))
    assert {row["parent_span_id"] for row in mails} == {by_path["/mails"]["span_id"]}
    (after,) = [row for row in rows() if row["name"].startswith("after ")]
    assert (after["name"], after["error.type"]) == ("after GET /bad-mail", "OSError")
    assert handle.counters["late"] == handle.counters["outside"] == 0


def test_a_failing_lifespan_reaches_the_server_unchanged(service: Service, rows: Rows) -> None:
    """Neither the error nor its message is changed."""

    @asynccontextmanager
    async def lifespan(_app: Any) -> AsyncIterator[None]:
        raise OSError("no database")
        yield

    async def start(app: Any) -> list[Any]:
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "lifespan.startup"}

        async def send(message: Any) -> None:
            sent.append(message)

        with pytest.raises(OSError, match="no database"):
            await app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, receive, send)
        return sent

    service()
    app = fastapi.FastAPI(lifespan=lifespan, telemetry={"tracing": False})
    app.add_middleware(EventMiddleware)
    (failed,) = asyncio.run(start(EventMiddleware(app)))
    assert failed["type"] == "lifespan.startup.failed"
    assert rows() == []


def test_a_tail_keeps_failed_and_slow_requests(service: Service, rows: Rows) -> None:
    service(sampling=Sampling(ratio=0.001, errors=True, slow_ms=15))
    app = made("within", telemetry=False)
    for name in ("plain", "handled", "unexpected", "timeout"):
        ask(app, ASKED[name], False)
    kept = {row["url.path"]: row["sample_weight"] for row in rows()}
    assert {path: kept.get(path) for path in ("/unexpected", "/timeout")} == {
        "/unexpected": 1.0,
        "/timeout": 1.0,
    }


def test_two_loops_and_a_mount_at_once(service: Service, rows: Rows) -> None:
    """One middleware object in several threads, each with its own loop."""
    handle = service()
    app = EventMiddleware(Starlette(routes=[Mount("/a/{x}", made("within", telemetry=False))]))

    async def several() -> None:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            await asyncio.gather(*(client.get(f"/a/{n}/plain/{n}") for n in range(20)))

    async def threads() -> None:
        await asyncio.gather(*(asyncio.to_thread(asyncio.run, several()) for _ in range(3)))

    asyncio.run(threads())
    found = rows()
    assert len(found) == 60
    assert {row["http.route"] for row in found} == {"/a/{x}/plain/{seat}"}
    assert all(row["url.path"] == f"/a/{row['seat']}/plain/{row['seat']}" for row in found)
    assert handle.counters["late"] == handle.counters["outside"] == 0


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/v1/fixed/book/7", "/v1/fixed/book/{seat}"),
        ("/v1/of/acme/book/7", "/v1/of/{tenant}/book/{seat}"),
        ("/v1/of/of/none", "/v1/of/{tenant}"),
        ("/v1/deeper/of/v1/book/7", "/v1/deeper/of/{tenant}/book/{seat}"),
    ],
)
def test_mounts_in_routers(service: Service, rows: Rows, path: str, route: str) -> None:
    service()
    off: dict[str, Any] = {"telemetry": {"tracing": False}}
    app, router, below = fastapi.FastAPI(**off), fastapi.APIRouter(), fastapi.FastAPI(**off)
    below.add_api_route("/book/{seat}", lambda seat: seat)
    outer = fastapi.APIRouter()
    router.mount("/fixed", below)
    router.mount("/of/{tenant}", below)
    outer.include_router(router, prefix="/deeper")
    app.include_router(router, prefix="/v1")
    app.include_router(outer, prefix="/v1")
    ask(EventMiddleware(app), ("GET", path, {}), False)
    (row,) = rows()
    assert row["http.route"] == route


@pytest.mark.parametrize("mounted", [False, True])
def test_fastapis_own_telemetry_inside_it_is_a_separate_trace(
    service: Service, rows: Rows, mounted: bool
) -> None:
    """As documented: FastAPI ignores the current span, so each application needs the setting."""
    service()
    below = fastapi.FastAPI(telemetry={"operation_spans": False})
    below.add_api_route("/book/{seat}", lambda seat: seat)
    app = fastapi.FastAPI(telemetry={"tracing": False})
    app.mount("/admin", below)
    path = "/admin/book/7" if mounted else "/book/7"
    assert ask(EventMiddleware(app if mounted else below), ("GET", path, {}), False)[0] == 200
    first, second = rows()
    assert path.replace("7", "{seat}") in (first["http.route"], second["http.route"])
    assert first["kind"] == second["kind"] == "server"
    assert first["trace_id"] != second["trace_id"]
