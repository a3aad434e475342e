"""The FastAPI applications of gateway, booking and payment, and the fields that each adds to its events.

The fields say who sent the request, what for, what was found and which path was taken. Each kind of failure
has its own exception class. No field contains a card number or a token; the card scheme is enough.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.trace import get_current_span
from pydantic import BaseModel

from obskit.demo.live.scenario import BAD_CUSTOMER, CANARY, SLOW_APP, SLOW_REGION, SLOW_SECONDS, bucket_of
from obskit.instrument import EventMiddleware, add, event, flag, part

_SEAT_MAP_SECONDS = 2.0  # time to live of a cached seat map
_TIMEOUT_SECONDS = 10.0  # for calls of another service


class Order(BaseModel):
    """A booking, as the gateway receives and forwards it."""

    user: str
    app: str
    region: str
    train: str
    seats: int
    fare: float
    scheme: str
    customer: str


class Routing(BaseModel):
    """The base URL to which the gateway routes a percentage of the users."""

    url: str
    percent: int


class Fault(BaseModel):
    """Whether payments with a card scheme fail."""

    failing: bool


class UpstreamFailed(Exception):
    """Another service responded with a 5xx status."""


class InvoiceRejected(Exception):
    """The invoice of a booking cannot be written."""


class SchemeUnavailable(Exception):
    """The network of a card scheme does not answer."""


def build(service: str, version: str, upstream: Mapping[str, str]) -> FastAPI:
    """Build the instrumented application of a service.

    Args:
        service: gateway, booking or payment.
        version: version of the service; the canary of booking has the planted delay.
        upstream: service -> base URL, for the services that it calls.

    Returns:
        The application.
    """
    client = httpx.AsyncClient(timeout=_TIMEOUT_SECONDS, trust_env=False)
    HTTPXClientInstrumentor.instrument_client(client)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with client:
            yield

    app = FastAPI(lifespan=lifespan, openapi_url=None, telemetry={"tracing": False})
    if service == "gateway":
        _gateway(app, client, upstream["booking"])
    elif service == "booking":
        _booking(app, client, upstream["payment"], version)
    else:
        _payment(app)
    _add_error_handler(app, UpstreamFailed, 502)
    _add_error_handler(app, SchemeUnavailable, 503)
    _add_error_handler(app, InvoiceRejected, 500)
    app.add_middleware(EventMiddleware)
    return app


def _add_error_handler(app: FastAPI, kind: type[Exception], status: int) -> None:
    """Respond to an exception with a status, and record its type and message on the event."""

    async def answer(_request: Any, error: Exception) -> JSONResponse:
        get_current_span().record_exception(error)
        return JSONResponse({"error": str(error)}, status)

    app.add_exception_handler(kind, answer)


def _gateway(app: FastAPI, client: httpx.AsyncClient, stable: str) -> None:
    routing = Routing(url=stable, percent=0)

    @app.put("/canary")
    async def canary(wanted: Routing) -> None:
        nonlocal routing
        routing = wanted
        add({"canary.percent": wanted.percent})

    @app.post("/bookings")
    async def book(order: Order) -> Response:
        to_canary = bucket_of(order.user, "canary") < routing.percent
        _add_customer(order)
        add({"booking.track": "canary" if to_canary else "stable", "cart.seats": order.seats})
        base = routing.url if to_canary else stable
        return _forward(await client.post(f"{base}/book", json=order.model_dump()))

    @app.get("/trains/{train}/seats")
    async def seats(train: str) -> Response:
        return _forward(await client.get(f"{stable}/trains/{train}/seats"))


def _booking(app: FastAPI, client: httpx.AsyncClient, payment: str, version: str) -> None:
    free_seats = _seat_lookup()

    @app.post("/book")
    async def book(order: Order) -> Response:
        _add_customer(order)
        add(
            {
                "train": order.train,
                "cart.seats": order.seats,
                "fare.total": round(order.fare * order.seats, 2),
                "fare.currency": "EUR",
            }
        )
        # The flag is evaluated on every request, so a field is enough; a marker each time is too much.
        flag("new-seat-map", "on" if bucket_of(order.user, "seat map") < 30 else "off", marker=False)
        with part("seat lookup"):
            seats = await free_seats(order.train)
        add({"seats.free": seats})
        with event("hold seats", train=order.train):
            slow = version == CANARY and (order.app, order.region) == (SLOW_APP, SLOW_REGION)
            await asyncio.sleep(SLOW_SECONDS if slow else 0.002)
        paid = _forward(await client.post(f"{payment}/pay", json=order.model_dump()))
        if version == CANARY and order.customer == BAD_CUSTOMER:
            raise InvoiceRejected(f"no tariff for the invoice of {order.customer}")
        return paid

    @app.get("/trains/{train}/seats")
    async def look(train: str) -> dict[str, int]:
        add(train=train)
        with part("seat lookup"):
            return {"free": await free_seats(train)}


def _payment(app: FastAPI) -> None:
    failing: set[str] = set()

    @app.put("/faults/{scheme}")
    async def switch(scheme: str, fault: Fault) -> None:
        (failing.add if fault.failing else failing.discard)(scheme)

    @app.post("/pay")
    async def pay(order: Order) -> dict[str, str]:
        add(
            {
                "user.id": order.user,
                "payment.scheme": order.scheme,
                "payment.amount": round(order.fare * order.seats, 2),
                "payment.currency": "EUR",
            }
        )
        await asyncio.sleep(0.003)
        if order.scheme in failing:
            raise SchemeUnavailable(f"no answer from the network of {order.scheme}")
        return {"paid": order.user}


def _add_customer(order: Order) -> None:
    add(
        {
            "user.id": order.user,
            "customer.id": order.customer,
            "app.platform": order.app,
            "geo.region.iso_code": order.region,
        }
    )


def _forward(answer: httpx.Response) -> Response:
    """Return the response of another service as our own.

    Args:
        answer: response of the other service.

    Returns:
        A response with the same content and status.

    Raises:
        UpstreamFailed: the other service responded with a 5xx status.
    """
    if answer.status_code >= 500:
        raise UpstreamFailed(f"{answer.request.url.path} answered {answer.status_code}")
    return Response(answer.content, answer.status_code, media_type=answer.headers.get("content-type"))


def _seat_lookup() -> Callable[[str], Any]:
    """Return a function that looks up a train's free seats in a cache or, more slowly, in a database."""
    kept: dict[str, tuple[float, int]] = {}

    async def free(train: str) -> int:
        until, seats = kept.get(train, (0.0, 0))
        hit = time.monotonic() < until
        add({"seat_map.cache.hit": hit})
        if not hit:
            await asyncio.sleep(0.01)
            seats = 40 + bucket_of(train, "seats")
            kept[train] = time.monotonic() + _SEAT_MAP_SECONDS, seats
        return seats

    return free
