"""A FastAPI application for `benchmarks.serving`: python -m benchmarks.service TRACER INSTRUMENTATION HOW FOLDER PORT.

It has three kinds of requests. One does nothing but respond. One validates a body, looks up a few rows in a
database and responds with a model. One does the same and calls another service, as a gateway does. The database
is SQLite in memory: that makes the request cheaper than one over a network, and the share of telemetry larger.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import socket
import sqlite3
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any

os.environ["OTEL_SEMCONV_STABILITY_OPT_IN"] = "http"

import httpx
import uvicorn
from fastapi import FastAPI, HTTPException
from opentelemetry import trace
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from pydantic import BaseModel, Field

from obskit import instrument


def add(fields: Mapping[str, Any]) -> None:
    """Add fields with OpenTelemetry's API, as an application does that works with any provider."""
    trace.get_current_span().set_attributes(fields)


class Silent(trace.TracerProvider):
    """Provide the no-op tracer; with OpenTelemetry's no-op provider, FastAPI's own telemetry would do nothing."""

    def get_tracer(self, *_: Any, **__: Any) -> trace.Tracer:
        """Return the tracer that does nothing."""
        return trace.NoOpTracer()


def choose(tracer: str, folder: str) -> None:
    """Set up OpenTelemetry with the tracer "no-op", "sdk", "obskit" or "redacted"."""
    global add
    if tracer == "no-op":
        trace.set_tracer_provider(Silent())
    elif tracer == "sdk":
        trace.set_tracer_provider(TracerProvider())
    else:
        redaction = instrument.Redaction() if tracer == "redacted" else None
        instrument.configure("app", sink=folder, redaction=redaction)
        add = instrument.add


class Passenger(BaseModel):
    name: str = Field(max_length=80)
    age: int = Field(ge=0, le=130)


class Order(BaseModel):
    train: int
    seats: int = Field(ge=1, le=9)
    fare_class: str
    customer: str
    passengers: list[Passenger]


class Offer(BaseModel):
    train: int
    seats: list[str]
    price: float
    currency: str = "EUR"
    changes: list[str]


def database() -> sqlite3.Connection:
    """Return a database of trains, seats and stops."""
    found = sqlite3.connect(":memory:", check_same_thread=False)
    found.executescript(
        "create table train (id integer primary key, name text, origin text, destination text, fare real);"
        "create table seat (train integer, name text, free integer);"
        "create table stop (train integer, station text, minute integer);"
        "create index seats on seat (train, free); create index stops on stop (train)"
    )
    for n in range(200):
        found.execute("insert into train values (?, ?, 'BRN', 'ZRH', ?)", (n, f"IC {n}", 20 + n / 4))
        found.executemany("insert into seat values (?, ?, ?)", [(n, f"{s}C", s % 3) for s in range(120)])
        found.executemany("insert into stop values (?, ?, ?)", [(n, f"S{s}", s * 9) for s in range(12)])
    return found


def application(instrumentation: str, port: str) -> FastAPI:
    """Return the instrumented application; `port` is the port of the service that it calls."""
    app = FastAPI(telemetry={"tracing": instrumentation == "FastAPI's own", "operation_spans": False})
    rows = database()
    HTTPXClientInstrumentor().instrument()
    other = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}")

    @app.get("/book/{seat}")
    async def book(seat: str) -> dict[str, Any]:
        add({"seat": seat, "customer": "c-17", "cart.items": 3, "fare.class": "K"})
        return {"seat": seat, "price": 12.5}

    @app.post("/offers")
    async def offers(order: Order) -> Offer:
        found = rows.execute("select name, origin, destination, fare from train where id = ?", (order.train,))
        train = found.fetchone()
        if train is None:
            raise HTTPException(404)
        seats = rows.execute("select name from seat where train = ? and free > 0", (order.train,)).fetchall()
        stops = rows.execute("select station from stop where train = ?", (order.train,)).fetchall()
        price = sum(train[3] * (0.5 if passenger.age < 16 else 1.0) for passenger in order.passengers)
        add(
            {
                "train.name": train[0],
                "customer": order.customer,
                "cart.items": order.seats,
                "fare.class": order.fare_class,
                "seats.free": len(seats),
                "fare.total": price,
            }
        )
        names = [name for (name,) in seats[: order.seats]]
        return Offer(train=order.train, seats=names, price=price, changes=[station for (station,) in stops])

    @app.post("/order")
    async def ordered(order: Order) -> Offer:
        answer = await other.post("/payments", json={"customer": order.customer, "seats": order.seats})
        paid = answer.raise_for_status().json()
        add({"payment.id": paid["id"], "payment.method": paid["method"]})
        return await offers(order)

    if instrumentation == "official":
        FastAPIInstrumentor.instrument_app(app, exclude_spans=["send", "receive"])
    elif instrumentation == "EventMiddleware":
        app.add_middleware(instrument.EventMiddleware)
    return app


async def bare(app: Any) -> None:
    """Call the application without a server: for each number on stdin, run that many requests, print their CPU."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/book/14C",
        "raw_path": b"/book/14C",
        "query_string": b"from=BRN&to=ZRH",
        "root_path": "",
        "headers": [(b"host", b"test"), (b"user-agent", b"bench/1.0")],
        "client": ("127.0.0.1", 5),
        "server": ("test", 80),
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        pass

    for line in itertools.chain(["300"], sys.stdin):
        begun = time.process_time()
        for _ in range(int(line)):
            await app(dict(scope), receive, send)
        print(time.process_time() - begun, flush=True)


def server(app: Any) -> None:
    """Serve on loopback until stdin ends; print the port, then the CPU so far for each line of stdin."""
    # Without IPPROTO_TCP, asyncio leaves Nagle's algorithm on, and each response waits 40 ms for the client.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    listening.listen()
    running = uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False))

    def report_cpu() -> None:
        for _ in sys.stdin:
            print(time.process_time(), flush=True)
        running.should_exit = True

    print(listening.getsockname()[1], flush=True)
    threading.Thread(target=report_cpu, daemon=True).start()
    running.run([listening])


if __name__ == "__main__":
    tracer, instrumentation, how, folder, port = sys.argv[1:]
    choose(tracer, folder)
    made = application(instrumentation, port)
    server(made) if how == "server" else asyncio.run(bare(made))
