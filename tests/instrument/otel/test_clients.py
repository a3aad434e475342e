"""Clients with their official instrumentations: child spans, trace propagation, and no secret on disk."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import flask
import httpx
import pytest
import redis
import redis.asyncio
import requests
import sqlalchemy as sa
from opentelemetry import baggage
from opentelemetry.context import attach, detach
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.instrumentation.redis import RedisInstrumentor
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor
from sqlalchemy.pool import StaticPool
from werkzeug.serving import make_server

from obskit.instrument import Handle, add, carry, event
from tests.support.instrument_process import PASSWORD, leaks

Service = Callable[..., Handle]
Rows = Callable[[], list[dict[str, Any]]]
CARD, MAIL = "4111-2222-3333-4444", "ann@example.org"

pytestmark = pytest.mark.filterwarnings("default")


def named(rows: list[dict[str, Any]], name: str) -> dict[str, Any]:
    (row,) = [row for row in rows if row["name"] == name]
    return row


def kind(rows: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [row for row in rows if row["kind"] == kind]


# HTTP


@pytest.fixture
def seats() -> Iterator[str]:
    """Another instrumented service, in this process so that its rows are in the same folder."""
    app = flask.Flask("seats")

    @app.route("/free")
    def free() -> str:
        add({"tenant": str(baggage.get_baggage("tenant")), "seats.free": 3})
        return flask.request.headers["traceparent"]

    FlaskInstrumentor().instrument_app(app)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()
    FlaskInstrumentor().uninstrument_app(app)


@pytest.fixture
def _requests() -> Iterator[None]:
    RequestsInstrumentor().instrument()
    yield
    RequestsInstrumentor().uninstrument()


def check_way_there(rows: list[dict[str, Any]], sent: str) -> None:
    """Return the caller's event, its client span and the server's event: one trace, each the next one's parent."""
    book, (client,), (server,) = named(rows, "book"), kind(rows, "client"), kind(rows, "server")
    assert sent.split("-")[1:3] == [client["trace_id"], client["span_id"]]
    assert book["trace_id"] == client["trace_id"] == server["trace_id"]
    assert client["parent_span_id"] == book["span_id"]
    assert server["parent_span_id"] == client["span_id"]
    assert server["seats.free"] == 3
    assert "seats.free" not in book
    assert client["http.response.status_code"] == 200


@pytest.mark.usefixtures("_requests")
def test_requests(service: Service, rows: Rows, seats: str, tmp_path: Path) -> None:
    service()
    where = seats.replace("//", f"//ann:{PASSWORD}@") + f"/free?access_token={PASSWORD}&seat=1"
    with event("book"):
        sent = requests.get(where, headers={"X-Api-Key": PASSWORD}, timeout=20).text
    check_way_there(rows(), sent)
    (client,) = kind(rows(), "client")
    assert "/free?access_token=[redacted]&seat=1" in client["url.full"]
    assert leaks(tmp_path / "events", PASSWORD) == []


@pytest.mark.usefixtures("_requests")
def test_requests_that_fail(service: Service, rows: Rows, seats: str, tmp_path: Path) -> None:
    service()
    with event("book"):
        assert requests.get(f"{seats}/nowhere", timeout=20).status_code == 404
        with pytest.raises(requests.ConnectionError, match=PASSWORD):
            requests.get(f"http://127.0.0.1:1/?token={PASSWORD}", timeout=20)
    missing, refused = kind(rows(), "client")
    assert (missing["status_code"], missing["error.type"]) == ("ERROR", "404")
    assert refused["exception.type"] == "requests.exceptions.ConnectionError"
    assert refused["error.type"] == "ConnectionError"
    assert "token=[redacted]" in refused["exception.message"]
    assert named(rows(), "book")["status_code"] == "UNSET"  # it caught the exception
    assert leaks(tmp_path / "events", PASSWORD) == []


def test_httpx_with_baggage(service: Service, rows: Rows, seats: str, tmp_path: Path) -> None:
    """Baggage is passed on but not put on rows, because any caller may set it."""
    service()
    HTTPXClientInstrumentor().instrument()
    try:
        with event("book"):
            token = attach(baggage.set_baggage("tenant", "acme"))
            with httpx.Client() as client:
                sent = client.get(f"{seats}/free?api_key={PASSWORD}").text
            detach(token)
    finally:
        HTTPXClientInstrumentor().uninstrument()
    check_way_there(rows(), sent)
    assert [row["tenant"] for row in rows() if "tenant" in row] == ["acme"]
    assert leaks(tmp_path / "events", PASSWORD) == []


def test_httpx_async(service: Service, rows: Rows, seats: str) -> None:
    service()
    HTTPXClientInstrumentor().instrument()

    async def go() -> list[str]:
        async with httpx.AsyncClient() as client:
            with event("book"):
                answers = await asyncio.gather(*(client.get(f"{seats}/free") for _ in range(3)))
        return [answer.text for answer in answers]

    try:
        sent = asyncio.run(go())
    finally:
        HTTPXClientInstrumentor().uninstrument()
    clients = {row["span_id"]: row for row in kind(rows(), "client")}
    assert {text.split("-")[2] for text in sent} == set(clients)
    assert {row["parent_span_id"] for row in clients.values()} == {named(rows(), "book")["span_id"]}
    assert {row["parent_span_id"] for row in kind(rows(), "server")} == set(clients)


# SQLAlchemy


@pytest.fixture
def engine() -> Iterator[sa.Engine]:
    engine = sa.create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    with engine.begin() as connection:
        connection.execute(sa.text("create table buyers (mail text unique, card text)"))
    SQLAlchemyInstrumentor().instrument(engine=engine)
    yield engine
    SQLAlchemyInstrumentor().uninstrument()
    engine.dispose()


def test_sqlalchemy(service: Service, rows: Rows, engine: sa.Engine, tmp_path: Path) -> None:
    service()
    with event("book"), event("pay"), engine.begin() as connection:
        connection.execute(sa.text(f"insert into buyers values ('{MAIL}', '{CARD}')"))
        connection.execute(sa.text("insert into buyers values (:m, :c)"), {"m": "b" + MAIL, "c": CARD})
        found = connection.execute(sa.text(f"select * from buyers where card = '{CARD}'")).all()
        add({"buyers.found": len(found)})
    statements = [row for row in kind(rows(), "client") if "db.query.text" in row]
    assert [row["db.query.text"] for row in statements] == [
        "insert into buyers values (?, ?)",
        "insert into buyers values (?, ?)",
        "select * from buyers where card = ?",
    ]
    assert {row["db.system.name"] for row in statements} == {"sqlite"}
    assert {row["parent_span_id"] for row in kind(rows(), "client")} == {named(rows(), "pay")["span_id"]}
    assert named(rows(), "book")["buyers.found"] == 2
    assert leaks(tmp_path / "events", CARD, MAIL) == []


def test_sqlalchemy_in_a_pool_thread(service: Service, rows: Rows, engine: sa.Engine) -> None:
    service()

    def look() -> None:
        with engine.connect() as connection:
            connection.execute(sa.text("select 1"))

    async def go() -> None:
        loop = asyncio.get_running_loop()
        with event("book"):
            await asyncio.to_thread(look)
            await loop.run_in_executor(None, carry(look))
            await loop.run_in_executor(None, look)

    asyncio.run(go())
    selects = [row for row in rows() if row["name"] == "select"]
    book = named(rows(), "book")["span_id"]
    assert [row.get("parent_span_id") for row in selects] == [book, book, None]


def test_sqlalchemy_exceptions_without_the_statements_values(
    service: Service, rows: Rows, engine: sa.Engine, tmp_path: Path
) -> None:
    service()
    literal = f"insert into buyers values ('{MAIL}', '{CARD}')"
    bound = {"m": MAIL, "c": CARD}
    for statement, values in ((literal, {}), ("insert into buyers values (:m, :c)", bound)):
        with pytest.raises(sa.exc.IntegrityError, match=CARD), event("book"), engine.begin() as connection:  # noqa: PT012
            connection.execute(sa.text(literal), {})
            connection.execute(sa.text(statement), values)
    for row in (row for row in rows() if row["name"] == "book"):
        assert row["error.type"] == row["exception.type"] == "sqlalchemy.exc.IntegrityError"
        assert (
            "UNIQUE constraint failed: buyers.mail\n[SQL: insert into buyers values (?, ?)]"
            in (row["exception.message"])
        )
    failed = [row for row in kind(rows(), "client") if row["status_code"] == "ERROR"]
    assert [row["status_message"] for row in failed] == ["UNIQUE constraint failed: buyers.mail"] * 2
    assert leaks(tmp_path / "events", CARD, MAIL) == []


# redis


@pytest.fixture
def _redis() -> Iterator[None]:
    RedisInstrumentor().instrument()
    yield
    RedisInstrumentor().uninstrument()


@pytest.mark.usefixtures("_redis")
def test_redis(service: Service, rows: Rows, redis_port: int, tmp_path: Path) -> None:
    service()
    value = "sessionvalue-of-ann"
    with event("book"), redis.Redis.from_url(f"redis://:{PASSWORD}@127.0.0.1:{redis_port}/0") as client:
        client.execute_command("AUTH", PASSWORD)
        client.set("seat", value)
        assert client.get("seat") == value.encode()
        with client.pipeline() as pipe:
            pipe.get("seat").delete("seat").execute()
    found = kind(rows(), "client")
    assert [row["db.query.text"] for row in found] == ["AUTH ?", "SET ? ?", "GET ?", "GET ?\nDEL ?"]
    assert {row["parent_span_id"] for row in found} == {named(rows(), "book")["span_id"]}
    assert {row["db.system.name"] for row in found} == {"redis"}
    assert leaks(tmp_path / "events", PASSWORD, value) == []


@pytest.mark.usefixtures("_redis")
def test_redis_exceptions_without_the_commands_arguments(
    service: Service, rows: Rows, redis_port: int, tmp_path: Path
) -> None:
    service()
    value = "sessionvalue-of-ann"
    with redis.Redis(port=redis_port, password=PASSWORD) as client:
        client.set("text", "x")
        with pytest.raises(redis.ResponseError, match=value), event("push"), client.pipeline() as pipe:
            pipe.set("other", value).lpush("text", value).execute()
        with pytest.raises(redis.ResponseError, match=value), event("odd"):
            client.execute_command("NOSUCH", value)
    stranger = redis.Redis(port=redis_port, password=value, retry=None)
    with pytest.raises(redis.AuthenticationError), event("log in"):
        stranger.get("text")
    stranger.close()
    push, odd = named(rows(), "push"), named(rows(), "odd")
    assert push["exception.message"].startswith("Command # 2 (LPUSH [redacted]) of pipeline caused error: ")
    assert odd["error.type"] == "redis.exceptions.ResponseError"
    assert named(rows(), "log in")["error.type"] == "redis.exceptions.AuthenticationError"
    assert {row["status_code"] for row in kind(rows(), "client") if row["name"] != "SET"} == {"ERROR"}
    assert leaks(tmp_path / "events", PASSWORD, value) == []


@pytest.mark.usefixtures("_redis")
def test_redis_async(service: Service, rows: Rows, redis_port: int) -> None:
    service()

    async def go() -> None:
        async with redis.asyncio.Redis(port=redis_port, password=PASSWORD) as client:
            with event("book"):
                await asyncio.gather(client.set("a", "1"), client.get("b"))

    asyncio.run(go())
    found = kind(rows(), "client")
    assert {row["name"] for row in found} == {"SET", "GET"}
    assert {row["parent_span_id"] for row in found} == {named(rows(), "book")["span_id"]}
