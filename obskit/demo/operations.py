"""The kinds of spans and log records of the demo: the constant fields of each kind, and its groups of fields.

`shows` names the groups of fields that a row of this kind has in addition to its resource. `chunk` defines
the groups.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Operation:
    """A kind of row: its name, span kind, constant attributes, and the groups of fields that it has."""

    key: str
    name: str
    kind: str
    fixed: dict[str, str] = field(default_factory=dict)
    shows: frozenset[str] = frozenset()


def _edge(key: str, method: str, shows: str = "") -> Operation:
    fixed = {
        "http.request.method": method,
        "url.scheme": "https",
        "server.address": "www.railhop.example",
        "server.port": "443",
        "network.protocol.name": "http",
        "network.transport": "tcp",
        "tls.protocol.version": "1.3",
    }
    return Operation(key, "ingress", "server", fixed, frozenset(f"edge agent place path {shows}".split()))


def _gateway(key: str, method: str, route: str, shows: str = "") -> Operation:
    fixed = {
        "http.request.method": method,
        "http.route": route,
        "url.scheme": "http",
        "server.address": "gateway.platform.svc.cluster.local",
        "server.port": "8080",
        "network.protocol.name": "http",
        "network.protocol.version": "2",
    }
    groups = frozenset(f"path session app user auth {shows}".split())
    return Operation(key, f"{method} {route}", "server", fixed, groups)


def _server(key: str, service: str, method: str, route: str, team: str, caller: str, shows: str) -> Operation:
    fixed = {
        "http.request.method": method,
        "http.route": route,
        "url.scheme": "http",
        "server.address": f"{service}.{team}.svc.cluster.local",
        "server.port": "8080",
        "network.protocol.name": "http",
        "network.protocol.version": "1.1",
    }
    if "{" not in route:
        fixed["url.path"] = route
    if caller != "booking":  # booking's user agent has its version
        fixed["user_agent.original"] = caller
    return Operation(key, f"{method} {route}", "server", fixed, frozenset(shows.split()))


def _sql(key: str, database: str, verb: str, table: str, text: str, shows: str = "") -> Operation:
    fixed = {
        "db.system.name": "postgresql",
        "db.namespace": database,
        "db.operation.name": verb,
        "db.collection.name": table,
        "db.query.summary": f"{verb} {table}",
        "db.query.text": text,
        "server.address": f"pg-{database}.railhop.internal",
        "server.port": "5432",
        "network.transport": "tcp",
    }
    return Operation(key, f"{verb} {table}", "client", fixed, frozenset(shows.split()))


def _redis(key: str, verb: str, host: str) -> Operation:
    fixed = {
        "db.system.name": "redis",
        "db.operation.name": verb,
        "db.query.summary": verb,
        "server.address": f"{host}.railhop.internal",
        "server.port": "6379",
        "network.transport": "tcp",
    }
    return Operation(key, verb, "client", fixed)


def _call(key: str, method: str, shows: str, **fixed: str) -> Operation:
    own = {"http.request.method": method, "server.port": "443", "network.protocol.name": "http"}
    return Operation(
        key,
        method,
        "client",
        own | {k.replace("__", "."): v for k, v in fixed.items()},
        frozenset(shows.split()),
    )


def _bus(key: str, name: str, kind: str, operation: str, **fixed: str) -> Operation:
    own = {
        "messaging.system": "kafka",
        "messaging.destination.name": "booking.confirmed",
        "messaging.operation.name": operation,
        "messaging.operation.type": "send" if operation == "publish" else "process",
        "server.address": "kafka-0.kafka.platform.svc.cluster.local",
        "server.port": "9092",
    }
    return Operation(
        key, name, kind, own | {k.replace("__", "."): v for k, v in fixed.items()}, frozenset({"message"})
    )


def _log(key: str, name: str, severity: str, number: int, logger: str, **fixed: str) -> Operation:
    own = {"severity_text": severity, "severity_number": str(number), "otel.scope.name": logger}
    return Operation(key, name, "event", own | {k.replace("__", "."): v for k, v in fixed.items()})


_BOOK = "app user train journey booking payment flag"
OPERATIONS: tuple[Operation, ...] = (
    _edge("edge.search", "GET", "query"),
    _edge("edge.seats", "GET"),
    _edge("edge.book", "POST"),
    _edge("edge.trips", "GET"),
    _edge("edge.ticket", "GET"),
    _edge("edge.cancel", "DELETE"),
    _edge("edge.only", "GET"),
    _gateway("gateway.search", "GET", "/api/search", "query"),
    _gateway("gateway.seats", "GET", "/api/trains/{train_number}/seats"),
    _gateway("gateway.book", "POST", "/api/bookings", "flag"),
    _gateway("gateway.trips", "GET", "/api/me/bookings"),
    _gateway("gateway.ticket", "GET", "/api/tickets/{booking_id}"),
    _gateway("gateway.cancel", "DELETE", "/api/bookings/{booking_id}"),
    _server(
        "search", "search", "GET", "/connections", "journey", "gateway/3.9.0", "app user journey query search"
    ),
    _redis("search.cache", "GET", "redis-search"),
    _sql(
        "search.sql",
        "timetable",
        "SELECT",
        "connections",
        "SELECT * FROM connections WHERE origin = $1 AND destination = $2 AND departs_on = $3",
    ),
    _server(
        "seats",
        "seatmap",
        "GET",
        "/trains/{train_number}/seats",
        "inventory",
        "gateway/3.9.0",
        "app user train composition seats",
    ),
    _redis("seats.cache", "HGETALL", "redis-seats"),
    _sql(
        "seats.sql",
        "inventory",
        "SELECT",
        "seat_inventory",
        "SELECT wagon, seat, state FROM seat_inventory WHERE train = $1 AND day = $2",
    ),
    _server("hold", "seatmap", "POST", "/holds", "inventory", "booking", "train composition caller"),
    _sql(
        "hold.sql",
        "inventory",
        "UPDATE",
        "seat_inventory",
        "UPDATE seat_inventory SET state = 'held', held_until = $1 WHERE train = $2 AND day = $3",
    ),
    _server("book", "booking", "POST", "/book", "checkout", "gateway/3.9.0", _BOOK),
    Operation(
        "book.fiscal",
        "fiscal.sign",
        "internal",
        {"code.function.name": "com.railhop.booking.fiscal.Signer.sign"},
    ),
    _sql(
        "book.sql",
        "bookings",
        "INSERT",
        "bookings",
        "INSERT INTO bookings (id, customer, train, leg, fare) VALUES ($1, $2, $3, $4, $5)",
    ),
    _bus(
        "book.publish",
        "publish booking.confirmed",
        "producer",
        "publish",
        messaging__client__id="booking-producer",
    ),
    _server("pay", "payment", "POST", "/pay", "checkout", "booking", "user payment amount caller"),
    _call("pay.psp", "POST", "payment provider"),
    _bus(
        "notify",
        "process booking.confirmed",
        "consumer",
        "process",
        messaging__consumer__group__name="notification",
        messaging__client__id="notification-consumer",
    ),
    _call("notify.push", "POST", "letter", server__address="push.courier.example"),
    _server(
        "trips",
        "booking",
        "GET",
        "/customers/{customer_id}/bookings",
        "checkout",
        "gateway/3.9.0",
        "app user mine",
    ),
    _sql(
        "trips.sql",
        "bookings",
        "SELECT",
        "bookings",
        "SELECT b.*, f.conditions FROM bookings b JOIN fares f ON f.id = b.fare WHERE b.customer = $1",
    ),
    _server(
        "ticket", "booking", "GET", "/tickets/{booking_id}", "checkout", "gateway/3.9.0", "app user bookingid"
    ),
    _sql(
        "ticket.sql",
        "bookings",
        "SELECT",
        "tickets",
        "SELECT barcode, valid_from FROM tickets WHERE booking = $1",
    ),
    _server(
        "cancel",
        "booking",
        "DELETE",
        "/bookings/{booking_id}",
        "checkout",
        "gateway/3.9.0",
        "app user bookingid",
    ),
    _sql(
        "cancel.sql",
        "bookings",
        "UPDATE",
        "bookings",
        "UPDATE bookings SET state = 'cancelled' WHERE id = $1",
    ),
    _server("refund", "payment", "POST", "/refunds", "checkout", "booking", "user payment amount caller"),
    _call("refund.psp", "POST", "payment provider"),
    _log("log.retry", "retry", "WARN", 13, "Railhop.Payment.Psp.RetryHandler"),
    _log("log.payment", "exception", "ERROR", 17, "Railhop.Payment.PayController"),
    _log("log.slow", "slow_query", "WARN", 13, "com.railhop.booking.sql.SlowStatements"),
    _log("log.seats", "exception", "ERROR", 17, "railhop/seatmap/handler"),
    _log("log.search", "exception", "ERROR", 17, "com.railhop.search.ConnectionsResource"),
    _log("log.trips", "exception", "ERROR", 17, "com.railhop.booking.TripsResource"),
    _log("log.limit", "rate_limited", "INFO", 9, "envoy.filters.http.ratelimit"),
    Operation("deployment", "deployment", "event", {"deployment.strategy": "canary"}),
    Operation("rolling", "deployment", "event", {"deployment.strategy": "rolling"}),
    Operation(
        "health",
        "GET /healthz",
        "server",
        {
            "http.request.method": "GET",
            "http.route": "/healthz",
            "url.path": "/healthz",
            "url.scheme": "http",
            "server.port": "8080",
            "user_agent.original": "kube-probe/1.31",
        },
    ),
)
NUMBER = {operation.key: i for i, operation in enumerate(OPERATIONS)}

# error.type, exception.type, exception.message; number 0 means no error
ERRORS: tuple[tuple[str | None, str | None, str | None], ...] = (
    (None, None, None),
    (
        "timeout",
        "java.util.concurrent.TimeoutException",
        "deadline of 2800 ms exceeded waiting for pg-timetable",
    ),
    ("504", None, None),
    ("502", None, None),
    ("500", None, None),
    ("CompositionNotFound", "CompositionNotFound", "no composition for train on this day"),
    ("503", None, None),
    ("timeout", None, None),
    (
        "MandateSignatureMismatch",
        "Railhop.Payment.MandateSignatureMismatch",
        "mandate reference rejected: signature",
    ),
    ("422", None, None),
    ("PspUnavailable", "Railhop.Payment.PspUnavailable", "gave up after 2 attempts"),
    ("PaymentFailed", None, None),
    (
        "SQLTransientConnectionException",
        "java.sql.SQLTransientConnectionException",
        "HikariPool-1 - Connection reset",
    ),
    ("429", None, None),
)
(
    NONE,
    SQL_TIMEOUT,
    E504,
    E502,
    E500,
    NO_COMPOSITION,
    E503,
    TIMEOUT,
    MANDATE,
    E422,
    PSP_DOWN,
    PAYMENT,
    RESET,
    E429,
) = range(14)
