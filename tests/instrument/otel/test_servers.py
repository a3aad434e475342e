"""FastAPI and Flask with their official instrumentations: handlers' fields land on the server's event."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fastapi
import flask
import httpx
import pytest
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.instrumentation.flask import FlaskInstrumentor

from obskit.instrument import Handle, add, carry, event, part
from tests.support.instrument_process import CALLER, PASSWORD, TRACE_ID, TRACEPARENT, leaks, read, start

Service = Callable[..., Handle]
Rows = Callable[[], list[dict[str, Any]]]

pytestmark = pytest.mark.filterwarnings("default")


def only(rows: list[dict[str, Any]], **wanted: Any) -> dict[str, Any]:
    """Return the one row that has these values."""
    (row,) = [row for row in rows if wanted.items() <= row.items()]
    return row


def routed(rows: list[dict[str, Any]], route: str) -> dict[str, Any]:
    (row,) = [row for row in rows if row.get("http.route") == route]
    return row


def fast_app() -> fastapi.FastAPI:
    app = fastapi.FastAPI()

    @app.get("/book/{seat}")
    async def book(seat: str) -> dict[str, str]:
        add({"seat": seat})
        with event("price"):
            add(priced=True)
        await asyncio.sleep(0)
        return {"seat": seat}

    @app.get("/sync")
    def sync() -> None:
        with part("seat lookup"):
            add(thread=threading.get_ident())

    @app.get("/gather")
    async def gather() -> None:
        async def look(n: int) -> None:
            await asyncio.sleep(0)
            add({f"looked.{n}": True})

        await asyncio.gather(*(look(n) for n in range(3)))
        loop = asyncio.get_running_loop()
        await asyncio.to_thread(add, copied=True)
        await loop.run_in_executor(None, lambda: add(bare=True))
        await loop.run_in_executor(None, carry(lambda: add(carried=True)))

    @app.get("/later")
    async def later(tasks: fastapi.BackgroundTasks) -> None:
        def mail() -> None:
            add(mailed=True)

        tasks.add_task(mail)

    @app.get("/stream")
    async def stream() -> Any:
        async def pieces() -> Any:
            for n in range(2):
                add({f"piece.{n}": n})
                yield b"x"

        return fastapi.responses.StreamingResponse(pieces())

    @app.get("/bad")
    async def bad() -> None:
        raise ValueError(f"no seat left, password={PASSWORD}")

    @app.get("/gone")
    async def gone() -> None:
        raise fastapi.HTTPException(404)

    return app


@pytest.fixture
def ask(service: Service) -> Iterator[Callable[[str], int]]:
    app = fast_app()
    FastAPIInstrumentor.instrument_app(app, exclude_spans=["send", "receive"])

    def get(path: str) -> int:
        async def go() -> int:
            transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                answer = await client.get(path, headers={"traceparent": TRACEPARENT, "Cookie": PASSWORD})
                return answer.status_code

        return asyncio.run(go())

    yield get
    FastAPIInstrumentor.uninstrument_app(app)


def test_fastapi(service: Service, rows: Rows, ask: Callable[[str], int], tmp_path: Path) -> None:
    service()
    assert ask(f"/book/14C?token={PASSWORD}") == 200
    price, row = rows()
    assert row["kind"] == "server"
    assert row["seat"] == "14C"
    assert row["priced"] is True
    assert row["name"] == "GET /book/{seat}"
    assert row["http.route"] == "/book/{seat}"
    assert row["http.response.status_code"] == 200
    assert row["url.query"] == "token=[redacted]"
    assert (row["trace_id"], row["parent_span_id"]) == (TRACE_ID, CALLER)
    assert (price["trace_id"], price["parent_span_id"]) == (TRACE_ID, row["span_id"])
    assert leaks(tmp_path / "events", PASSWORD) == []


def test_fastapi_handlers_in_threads_and_tasks(
    service: Service, rows: Rows, ask: Callable[[str], int]
) -> None:
    """A plain `def` runs in a thread pool with the request's context; `run_in_executor` has no context."""
    handle = service()
    assert ask("/sync") == 200
    assert ask("/gather") == 200
    row = routed(rows(), "/sync")
    assert row["thread"] != threading.get_ident()
    assert row["part.seat_lookup.count"] == 1
    row = routed(rows(), "/gather")
    assert {name for name in row if name.startswith("looked.")} == {"looked.0", "looked.1", "looked.2"}
    assert row["copied"] is row["carried"] is True
    assert "bare" not in row
    assert handle.counters["outside"] == 1


def test_fastapi_streams_are_inside_the_request_and_background_tasks_have_their_own_event(
    service: Service, rows: Rows, ask: Callable[[str], int]
) -> None:
    """The server's event ends with the response's last byte; the instrumentation makes one event per task."""
    handle = service()
    assert ask("/stream") == 200
    assert routed(rows(), "/stream")["piece.1"] == 1
    assert ask("/later") == 200
    request, mail = routed(rows(), "/later"), only(rows(), name="BackgroundTask mail")
    assert "mailed" not in request
    assert mail["mailed"] is True
    assert (mail["trace_id"], mail["parent_span_id"]) == (TRACE_ID, request["span_id"])
    assert handle.counters["late"] + handle.counters["outside"] == 0


def test_fastapi_exceptions(service: Service, rows: Rows, ask: Callable[[str], int], tmp_path: Path) -> None:
    service()
    assert ask("/bad") == 500
    row = routed(rows(), "/bad")
    assert row["status_code"] == "ERROR"
    assert row["exception.type"] == "ValueError"
    assert row["error.type"] == "500"  # the instrumentation says it before the exception is known
    assert row["exception.message"] == "no seat left, password=[redacted]"
    assert ask("/gone") == 404
    row = routed(rows(), "/gone")
    assert row["status_code"] == "UNSET"
    assert "error.type" not in row
    assert leaks(tmp_path / "events", PASSWORD) == []


def test_fastapi_without_exclude_spans_makes_one_row_per_message(service: Service, rows: Rows) -> None:
    service()
    app = fast_app()
    FastAPIInstrumentor.instrument_app(app)

    async def go() -> None:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url="http://test"
        ) as client:
            await client.get("/book/1")

    asyncio.run(go())
    FastAPIInstrumentor.uninstrument_app(app)
    assert [row["name"] for row in rows() if row["kind"] == "internal"] == [
        "price",
        "GET /book/{seat} http send",
        "GET /book/{seat} http send",
    ]


UVICORN = """
import atexit, contextlib, socket, sys
import fastapi, uvicorn
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from obskit.instrument import add, configure

class Lines(SpanExporter):
    def export(self, spans):
        print("exported", len(spans), flush=True)
        return SpanExportResult.SUCCESS

handle = configure("booking", sink=sys.argv[1], processors=[BatchSpanProcessor(Lines())])
atexit.register(print, "at exit", flush=True)

@contextlib.asynccontextmanager
async def life(app):
    yield
    handle.flush(2)

app = fastapi.FastAPI(lifespan=life)

@app.get("/book/{seat}")
async def book(seat: str):
    add({"seat": seat})

FastAPIInstrumentor.instrument_app(app, exclude_spans=["send", "receive"])
listening = socket.socket()
listening.bind(("127.0.0.1", 0))
print(listening.getsockname()[1], flush=True)
uvicorn.Server(uvicorn.Config(app, log_level="warning")).run([listening])
"""


def test_fastapi_in_uvicorn_at_sigterm(tmp_path: Path) -> None:
    """uvicorn ends its lifespan and then dies of the signal: nothing that waits for a normal exit runs."""
    process = start(UVICORN, str(tmp_path))
    assert process.stdout is not None
    port = int(process.stdout.readline())
    with httpx.Client(transport=httpx.HTTPTransport(retries=8), timeout=20) as client:
        assert client.get(f"http://127.0.0.1:{port}/book/14C").status_code == 200
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=30)
    assert process.returncode == -signal.SIGTERM, err
    assert out == "exported 1\n"
    (row,) = read(tmp_path)
    assert (row["seat"], row["http.route"]) == ("14C", "/book/{seat}")


def flask_app() -> flask.Flask:
    app = flask.Flask("booking")

    @app.route("/book/<seat>")
    def book(seat: str) -> str:
        add({"seat": seat})
        with event("price"):
            add(priced=True)
        return seat

    @app.route("/bad")
    def bad() -> str:
        raise ValueError(f"no seat left, password={PASSWORD}")

    @app.route("/stream")
    def stream() -> Any:
        @event("stream")
        def pieces() -> Iterator[str]:
            add(streamed=True)
            yield "x"

        add(lost=False)
        return pieces()

    return app


def test_flask(service: Service, rows: Rows, tmp_path: Path) -> None:
    service()
    app = flask_app()
    FlaskInstrumentor().instrument_app(app)
    client = app.test_client()
    headers = {"traceparent": TRACEPARENT, "Authorization": f"Bearer {PASSWORD}"}
    assert client.get(f"/book/14C?token={PASSWORD}", headers=headers).status_code == 200
    row = only(rows(), kind="server")
    assert row["seat"] == "14C"
    assert row["priced"] is True
    assert row["http.route"] == "/book/<seat>"
    assert row["url.query"] == "token=[redacted]"
    assert (row["trace_id"], row["parent_span_id"]) == (TRACE_ID, CALLER)
    assert only(rows(), name="price")["parent_span_id"] == row["span_id"]
    assert client.get("/bad").status_code == 500
    row = routed(rows(), "/bad")
    assert row["status_code"] == "ERROR"
    assert row["exception.type"] == "ValueError"
    assert row["exception.message"] == "no seat left, password=[redacted]"
    assert row["http.response.status_code"] == 500
    assert leaks(tmp_path / "events", PASSWORD) == []
    FlaskInstrumentor().uninstrument_app(app)


def test_flask_streams_run_after_the_request(service: Service, rows: Rows) -> None:
    """Flask's event ends before the first chunk; a decorated generator has its own event."""
    handle = service()
    app = flask_app()
    FlaskInstrumentor().instrument_app(app)
    assert app.test_client().get("/stream").text == "x"
    FlaskInstrumentor().uninstrument_app(app)
    request, stream = rows()
    assert request["lost"] is False
    assert stream["streamed"] is True
    assert "parent_span_id" not in stream
    assert handle.counters["outside"] == 0
