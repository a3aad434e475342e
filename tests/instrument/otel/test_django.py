"""Django with its official instrumentation, by WSGI on a real server and by ASGI, its views sync and async."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import django
import pytest
import requests
from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpResponse, StreamingHttpResponse
from django.test import AsyncClient
from django.urls import path
from opentelemetry.instrumentation.django import DjangoInstrumentor
from werkzeug.serving import make_server

from obskit.instrument import Handle, add, event
from tests.support.instrument_process import CALLER, PASSWORD, TRACE_ID, TRACEPARENT, leaks

Service = Callable[..., Handle]
Rows = Callable[[], list[dict[str, Any]]]

pytestmark = pytest.mark.filterwarnings("default")


def book(request: Any, seat: str) -> HttpResponse:
    add({"seat": seat}, thread=threading.get_ident())
    with event("price"):
        add(priced=True)
    return HttpResponse(seat)


def bad(request: Any) -> HttpResponse:
    raise ValueError(f"no seat left, password={PASSWORD}")


async def awaited(request: Any) -> HttpResponse:
    await asyncio.sleep(0)
    add(thread=threading.get_ident())
    await sync_to_async(add)(deep=True)
    return HttpResponse("x")


def stream(request: Any) -> StreamingHttpResponse:
    def pieces() -> Iterator[bytes]:
        add(streamed=True)
        yield b"x"

    return StreamingHttpResponse(pieces())


urlpatterns = [
    path("book/<str:seat>", book),
    path("bad", bad),
    path("await", awaited),
    path("stream", stream),
]


@pytest.fixture(scope="module", autouse=True)
def _django() -> Iterator[None]:
    settings.configure(
        ALLOWED_HOSTS=["*"],
        DEBUG=False,
        LOGGING_CONFIG=None,
        MIDDLEWARE=[],
        ROOT_URLCONF=__name__,
        SECRET_KEY=PASSWORD,
    )
    DjangoInstrumentor().instrument()
    django.setup()
    yield
    DjangoInstrumentor().uninstrument()


@pytest.fixture
def url() -> Iterator[str]:
    server = make_server("127.0.0.1", 0, WSGIHandler(), threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_wsgi(service: Service, rows: Rows, url: str, tmp_path: Path) -> None:
    handle = service()
    headers = {"traceparent": TRACEPARENT, "Authorization": f"Bearer {PASSWORD}"}
    answer = requests.get(f"{url}/book/14C?token={PASSWORD}", headers=headers, timeout=20)
    assert answer.text == "14C"
    price, row = rows()
    assert row["kind"] == "server"
    assert row["name"] == "GET book/<str:seat>"
    assert row["http.route"] == "book/<str:seat>"
    assert row["http.response.status_code"] == 200
    assert row["seat"] == "14C"
    assert row["priced"] is True
    assert row["url.query"] == "token=[redacted]"
    assert (row["trace_id"], row["parent_span_id"]) == (TRACE_ID, CALLER)
    assert (price["trace_id"], price["parent_span_id"]) == (TRACE_ID, row["span_id"])
    assert requests.get(f"{url}/await", timeout=20).status_code == 200
    (row,) = [row for row in rows() if row.get("http.route") == "await"]
    assert row["deep"] is True
    assert handle.counters["outside"] + handle.counters["late"] == 0
    assert leaks(tmp_path / "events", PASSWORD) == []


def test_wsgi_exceptions_and_unknown_routes(service: Service, rows: Rows, url: str, tmp_path: Path) -> None:
    service()
    assert requests.get(f"{url}/bad", timeout=20).status_code == 500
    (row,) = rows()
    assert row["status_code"] == "ERROR"
    assert row["error.type"] == "500"
    assert row["exception.type"] == "ValueError"
    assert row["exception.message"] == "no seat left, password=[redacted]"
    assert requests.get(f"{url}/nowhere", timeout=20).status_code == 404
    row = rows()[1]
    assert (row["name"], row["http.response.status_code"], row["status_code"]) == ("GET", 404, "UNSET")
    assert "http.route" not in row
    assert leaks(tmp_path / "events", PASSWORD) == []


def test_streams_run_after_the_request(service: Service, rows: Rows, url: str) -> None:
    handle = service()
    assert requests.get(f"{url}/stream", timeout=20).text == "x"
    (row,) = rows()
    assert "streamed" not in row
    assert handle.counters["outside"] == 1


def test_asgi_runs_plain_views_in_a_thread(service: Service, rows: Rows) -> None:
    handle = service()

    async def go() -> None:
        client = AsyncClient(raise_request_exception=False)
        headers = {"traceparent": TRACEPARENT}
        for where in (f"/book/14C?token={PASSWORD}", "/await", "/bad"):
            await client.get(where, headers=headers)

    asyncio.run(go())
    found = {row["name"]: row for row in rows()}
    book, awaited, bad = (found[name] for name in ("GET book/<str:seat>", "GET await", "GET bad"))
    assert book["thread"] != threading.get_ident()
    assert awaited["thread"] == threading.get_ident()
    assert awaited["deep"] is True
    assert (book["seat"], book["priced"], book["url.query"]) == ("14C", True, "token=[redacted]")
    assert found["price"]["parent_span_id"] == book["span_id"]
    assert {row["parent_span_id"] for row in (book, awaited, bad)} == {CALLER}
    assert bad["exception.type"] == "ValueError"
    assert handle.counters["outside"] + handle.counters["late"] == 0
