"""Real frameworks with their official instrumentations: what a handler adds lands on the server's event."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from obskit.instrument import Handle, add, event

Service = Callable[..., Handle]
Rows = Callable[[], list[dict[str, Any]]]
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(autouse=True)
def _todays_names() -> Iterator[None]:
    patch = pytest.MonkeyPatch()
    patch.setenv("OTEL_SEMCONV_STABILITY_OPT_IN", "http")
    yield
    patch.undo()


def server_row(rows: list[dict[str, Any]]) -> dict[str, Any]:
    (row,) = [row for row in rows if row["kind"] == "server"]
    return row


def test_fastapi(service: Service, rows: Rows) -> None:
    fastapi = pytest.importorskip("fastapi")
    httpx = pytest.importorskip("httpx")
    instrumentation = pytest.importorskip("opentelemetry.instrumentation.fastapi")
    service()
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
        add(in_thread=True)

    @app.get("/bad")
    async def bad() -> None:
        raise ValueError("no seat left")

    instrumentation.FastAPIInstrumentor.instrument_app(app, exclude_spans=["send", "receive"])

    async def ask(path: str) -> int:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            answer = await client.get(path, headers={"traceparent": TRACEPARENT})
            return int(answer.status_code)

    assert asyncio.run(ask("/book/14C?token=abc")) == 200
    row = server_row(rows())
    assert row["seat"] == "14C"
    assert row["priced"] is True
    assert row["name"] == "GET /book/{seat}"
    assert row["http.route"] == "/book/{seat}"
    assert row["parent_span_id"] == "b7ad6b7169203331"
    assert "token=abc" not in str(row)
    assert [r["parent_span_id"] for r in rows() if r["name"] == "price"] == [row["span_id"]]
    assert asyncio.run(ask("/sync")) == 200
    assert [r["in_thread"] for r in rows() if r.get("http.route") == "/sync"] == [True]
    assert asyncio.run(ask("/bad")) == 500
    (failed,) = [r for r in rows() if r.get("http.route") == "/bad"]
    assert failed["exception.type"] == "ValueError"
    assert failed["status_code"] == "ERROR"
    instrumentation.FastAPIInstrumentor.uninstrument_app(app)


def test_flask(service: Service, rows: Rows) -> None:
    flask = pytest.importorskip("flask")
    instrumentation = pytest.importorskip("opentelemetry.instrumentation.flask")
    service()
    app = flask.Flask("booking")

    @app.route("/book/<seat>")
    def book(seat: str) -> str:
        add({"seat": seat})
        with event("price"):
            add(priced=True)
        return seat

    instrumentation.FlaskInstrumentor().instrument_app(app)
    answer = app.test_client().get("/book/14C", headers={"traceparent": TRACEPARENT})
    assert answer.status_code == 200
    row = server_row(rows())
    assert row["seat"] == "14C"
    assert row["priced"] is True
    assert row["http.route"] == "/book/<seat>"
    assert row["trace_id"] == "0af7651916cd43dd8448eb211c80319c"
    instrumentation.FlaskInstrumentor().uninstrument_app(app)


def test_httpx_sends_the_trace_on(service: Service, rows: Rows) -> None:
    httpx = pytest.importorskip("httpx")
    instrumentation = pytest.importorskip("opentelemetry.instrumentation.httpx")
    service()
    seen: dict[str, str] = {}

    def answer(request: Any) -> Any:
        seen.update(request.headers)
        return httpx.Response(503)

    client = httpx.Client(transport=httpx.MockTransport(answer))
    instrumentation.HTTPXClientInstrumentor.instrument_client(client)
    with event("book"):
        client.get("http://seats/free?api_key=verysecret")
    child = next(row for row in rows() if row["kind"] == "client")
    root = next(row for row in rows() if row["name"] == "book")
    assert child["parent_span_id"] == root["span_id"]
    assert seen["traceparent"].split("-")[1:3] == [child["trace_id"], child["span_id"]]
    assert "verysecret" not in str(child)
    assert os.environ["OTEL_SEMCONV_STABILITY_OPT_IN"] == "http"
    client.close()
