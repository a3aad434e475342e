"""Requests that only read: searches, seat maps, lists of bookings, tickets; and those the edge rejects."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from obskit.demo.draw import Array, Dice, category_table, latency_quantiles
from obskit.demo.fleet import NEW, OLD
from obskit.demo.flow import (
    ChunkContext,
    Draw,
    Flow,
    add_ingress_spans,
    child_start,
    draw_booking_version,
    draw_caller,
    draw_ingress,
    draw_journey,
)
from obskit.demo.operations import E429, NO_COMPOSITION, NONE, RESET, SQL_TIMEOUT
from obskit.demo.people import People
from obskit.demo.traffic import IMPORT_TROUBLE, SEARCH_DEPLOY, is_within

_DEADLINE = 2_800_000
_WAIT = latency_quantiles(0.12, 0.9, tail=0.01, alpha=1.2, cap_ms=900)

_SEARCH_OWN = latency_quantiles(41, 0.5)
_SEARCH_CACHE = latency_quantiles(0.9, 0.4)
_SEARCH_SQL = latency_quantiles(64, 0.65, tail=0.006, alpha=0.9)


def _draw_search(dice: Dice, t: Array, _people: People) -> Draw:
    n = len(t)
    hit = dice.chance(0.61, n)
    sql = np.where(hit, 0, dice.pick(_SEARCH_SQL, n))
    failed = sql > _DEADLINE
    sql = np.where(failed, _DEADLINE + dice.below(4_000, n), sql)
    own, cache = dice.pick(_SEARCH_OWN, n), dice.pick(_SEARCH_CACHE, n)
    draw = {"t": t, "hit": hit, "sql": sql, "own": own, "cache": cache, "failed": failed}
    draw["rows"] = 4 + ~hit + failed
    return draw | draw_ingress(dice, n, own + cache + sql)


def _add_search_spans(context: ChunkContext, draw: Draw, trace: Array) -> None:
    n, dice, builder = len(trace), context.dice, context.builder
    draw.update(draw_caller(dice, n, context.people, anonymous=0.46) | draw_journey(dice, n, context.people))
    status = np.where(draw["failed"], 504, 200)
    parent, began = add_ingress_spans(context, "search", draw, trace, status)
    pod = context.pod("search", draw, np.where(draw["t"] >= SEARCH_DEPLOY, NEW, OLD))
    server = builder.add(
        "search",
        trace,
        began,
        pod,
        duration=draw["inner"],
        parent=parent,
        status=status,
        error=np.where(draw["failed"], SQL_TIMEOUT, NONE),
        numbers={
            "search.cache_hit": draw["hit"],
            "search.result_count": (np.where(draw["failed"], 0, 4 + dice.below(9, n)), ~draw["failed"]),
            "search.passengers": draw["passengers"],
        },
    )
    began = child_start(began, draw["own"])
    builder.add("search.cache", trace, began, pod, duration=draw["cache"], parent=server)
    m = np.flatnonzero(~draw["hit"])
    bad = draw["failed"][m]
    builder.add(
        "search.sql",
        trace[m],
        (began + draw["cache"])[m],
        pod[m],
        duration=draw["sql"][m],
        parent=server[m],
        error=np.where(bad, SQL_TIMEOUT, NONE),
        numbers={
            "db.response.returned_rows": (4 + dice.below(60, len(m)), ~bad),
            "db.client.pool_wait_ms": dice.pick(_WAIT, len(m)) / 1000,
        },
    )
    f = np.flatnonzero(draw["failed"])
    builder.add(
        "log.search",
        trace[f],
        (began + draw["cache"] + draw["sql"])[f] + 150,
        pod[f],
        span=server[f],
        error=SQL_TIMEOUT,
        texts={"body": _repeated("connections lookup failed, giving up", len(f))},
    )


_SEATS_OWN = latency_quantiles(8.5, 0.45)
_SEATS_CACHE = latency_quantiles(0.8, 0.4)
_SEATS_SQL = latency_quantiles(17, 0.5, tail=0.006, alpha=1.2, cap_ms=4_000)


def _draw_seats(dice: Dice, t: Array, _people: People) -> Draw:
    n = len(t)
    lost = dice.chance(np.where(is_within(t, IMPORT_TROUBLE), 0.09, 0.0004), n)
    failed = lost & dice.chance(0.92, n)
    miss = dice.chance(0.55, n) & ~failed
    own, cache = dice.pick(_SEATS_OWN, n), dice.pick(_SEATS_CACHE, n)
    sql = np.where(miss, dice.pick(_SEATS_SQL, n), 0)
    draw = {"t": t, "lost": lost, "failed": failed, "miss": miss, "own": own, "cache": cache, "sql": sql}
    draw["rows"] = 4 + miss + failed
    return draw | draw_ingress(dice, n, own + cache + sql)


def _add_seats_spans(context: ChunkContext, draw: Draw, trace: Array) -> None:
    n, dice, builder = len(trace), context.dice, context.builder
    draw.update(draw_caller(dice, n, context.people, anonymous=0.28) | draw_journey(dice, n, context.people))
    draw["composition"] = np.where(draw["lost"], -1, draw["train"])
    draw["seat_path"] = draw["train"]
    failed = draw["failed"]
    status = np.where(failed, 500, 200)
    parent, began = add_ingress_spans(context, "seats", draw, trace, status)
    pod = context.pod("seatmap", draw)
    server = builder.add(
        "seats",
        trace,
        began,
        pod,
        duration=draw["inner"],
        parent=parent,
        status=status,
        error=np.where(failed, NO_COMPOSITION, NONE),
        numbers={
            "seatmap.free_seats": dice.below(412, n),
            "seatmap.wagon_count": 4 + draw["train"] % 9,
        },
    )
    began = child_start(began, draw["own"])
    builder.add("seats.cache", trace, began, pod, duration=draw["cache"], parent=server)
    m = np.flatnonzero(draw["miss"])
    builder.add(
        "seats.sql",
        trace[m],
        (began + draw["cache"])[m],
        pod[m],
        duration=draw["sql"][m],
        parent=server[m],
        numbers={
            "db.response.returned_rows": 180 + dice.below(640, len(m)),
            "db.client.pool_wait_ms": dice.pick(_WAIT, len(m)) / 1000,
        },
    )
    f = np.flatnonzero(failed)
    builder.add(
        "log.seats",
        trace[f],
        (began + draw["cache"])[f] + 90,
        pod[f],
        span=server[f],
        error=NO_COMPOSITION,
        texts={"body": _repeated("cannot lay out train without a composition", len(f))},
    )


FRAMEWORK_SHARE, FRAMEWORK_HIT = 0.055, 0.45
_TRIPS_OWN = latency_quantiles(7.5, 0.45)
_TRIPS_SQL = latency_quantiles(25, 0.55, tail=0.006, alpha=1.3, cap_ms=6_000)
_TRIPS_CONTRACT = latency_quantiles(690, 0.3, tail=0)


def _draw_trips(dice: Dice, t: Array, people: People) -> Draw:
    n = len(t)
    customers = people.customers
    contract = customers.framework[dice.below(len(customers.framework), n)]
    user = np.where(dice.chance(FRAMEWORK_SHARE, n), contract, dice.pick(customers.rank, n))
    who = draw_caller(dice, n, people, user, kiosks=False)
    hit = customers.on_framework[user] & (who["known"] >= 0) & dice.chance(FRAMEWORK_HIT, n)
    failed = dice.chance(0.0012, n)
    own = dice.pick(_TRIPS_OWN, n)
    sql = dice.pick(_TRIPS_SQL, n) + np.where(hit, dice.pick(_TRIPS_CONTRACT, n), 0)
    sql = np.where(failed, 30_000 + dice.below(9_000, n), sql)
    draw = {"t": t, "failed": failed, "own": own, "sql": sql, "slow_sql": sql > 400_000} | who
    draw["rows"] = 4 + draw["slow_sql"] + failed
    return draw | draw_ingress(dice, n, own + sql)


def _add_trips_spans(context: ChunkContext, draw: Draw, trace: Array) -> None:
    n, dice, builder, failed = len(trace), context.dice, context.builder, draw["failed"]
    status = np.where(failed, 500, 200)
    parent, began = add_ingress_spans(context, "trips", draw, trace, status)
    pod = context.pod("booking", draw, draw_booking_version(dice, draw["t"]))
    server = builder.add(
        "trips",
        trace,
        began,
        pod,
        duration=draw["inner"],
        parent=parent,
        status=status,
        error=np.where(failed, RESET, NONE),
        numbers={"thread.id": 40 + dice.below(32, n)},
        ok=True,
    )
    began = child_start(began, draw["own"])
    sql = builder.add(
        "trips.sql",
        trace,
        began,
        pod,
        duration=draw["sql"],
        parent=server,
        error=np.where(failed, RESET, NONE),
        numbers={
            "db.response.returned_rows": (dice.pick(_TRIP_ROWS, n), ~failed),
            "db.client.pool_wait_ms": dice.pick(_WAIT, n) / 1000,
        },
    )
    add_slow_query_record(context, draw, trace, pod, sql, began)
    f = np.flatnonzero(failed)
    builder.add(
        "log.trips",
        trace[f],
        (began + draw["sql"])[f] + 120,
        pod[f],
        span=server[f],
        error=RESET,
        texts={"body": _repeated("could not load bookings", len(f))},
    )


_TRIP_ROWS = category_table(1 / (np.arange(24) + 2.0))


def add_slow_query_record(
    context: ChunkContext, draw: Draw, trace: Array, pod: Array, sql: Array, began: Array
) -> None:
    """Add the warning that booking's connection pool logs about a statement over 400 ms."""
    s = np.flatnonzero(draw["slow_sql"])
    words = [f"statement took {took} ms (threshold 400 ms)" for took in (draw["sql"][s] // 1000).tolist()]
    context.builder.add(
        "log.slow",
        trace[s],
        (began + draw["sql"])[s] + 40,
        pod[s],
        span=sql[s],
        texts={"body": pa.array(words, pa.string())},
    )


_TICKET_OWN = latency_quantiles(12, 0.5)
_TICKET_SQL = latency_quantiles(6, 0.5)


def _draw_ticket(dice: Dice, t: Array, _people: People) -> Draw:
    n = len(t)
    own, sql = dice.pick(_TICKET_OWN, n), dice.pick(_TICKET_SQL, n)
    draw = {"t": t, "own": own, "sql": sql, "failed": np.zeros(n, dtype=bool), "rows": np.full(n, 4)}
    return draw | draw_ingress(dice, n, own + sql)


def _add_ticket_spans(context: ChunkContext, draw: Draw, trace: Array) -> None:
    n, dice, builder = len(trace), context.dice, context.builder
    draw.update(draw_caller(dice, n, context.people, kiosks=False))
    status = np.where(dice.chance(0.011, n), 404, 200)
    parent, began = add_ingress_spans(context, "ticket", draw, trace, status)
    pod = context.pod("booking", draw, draw_booking_version(dice, draw["t"]))
    server = builder.add(
        "ticket",
        trace,
        began,
        pod,
        duration=draw["inner"],
        parent=parent,
        status=status,
        ok=True,
        numbers={"thread.id": 40 + dice.below(32, n)},
    )
    builder.add(
        "ticket.sql",
        trace,
        child_start(began, draw["own"]),
        pod,
        duration=draw["sql"],
        parent=server,
        numbers={
            "db.response.returned_rows": np.where(status == 404, 0, 1),
            "db.client.pool_wait_ms": dice.pick(_WAIT, n) / 1000,
        },
    )


_TURNED_AWAY = np.array([429, 403, 404, 301])
_TURNED_SHARE = category_table([10, 36, 36, 18])
_TURNED = latency_quantiles(0.7, 0.5, tail=0.01, alpha=1.4, cap_ms=400)


def _draw_edge_only(dice: Dice, t: Array, _people: People) -> Draw:
    n = len(t)
    status = _TURNED_AWAY[dice.pick(_TURNED_SHARE, n)]
    logged = (status == 429) & dice.chance(0.5, n)
    duration = dice.pick(_TURNED, n)
    failed, flawed = np.zeros(n, dtype=bool), status == 429
    draw = {
        "t": t,
        "status": status,
        "logged": logged,
        "duration": duration,
        "failed": failed,
        "flawed": flawed,
    }
    return draw | {"rows": 1 + logged}


def _add_edge_only_spans(context: ChunkContext, draw: Draw, trace: Array) -> None:
    n, dice, builder, status = len(trace), context.dice, context.builder, draw["status"]
    draw.update(draw_caller(dice, n, context.people, kiosks=False))
    draw["path"] = _ONLY_PATH[(status == 429).astype(np.int64), dice.below(3, n)]
    pod = context.pod("edge", draw)
    root = builder.add(
        "edge.only",
        trace,
        draw["t"],
        pod,
        duration=draw["duration"],
        status=status,
        error=np.where(status == 429, E429, NONE),
        numbers={
            "http.response.body.size": 60 + dice.below(90, n),
            "network.peer.port": 1_024 + dice.below(64_000, n),
        },
        texts={"edge.response_flags": pa.array(np.where(status == 429, "RL", "-").tolist())},
    )
    m = np.flatnonzero(draw["logged"])
    builder.add(
        "log.limit",
        trace[m],
        draw["t"][m] + draw["duration"][m],
        pod[m],
        span=root[m],
        numbers={"event_count": 1 + dice.pick(_FOLDED, len(m))},
        texts={"body": _repeated("local_rate_limited: descriptor remote_address", len(m))},
    )


_FOLDED = category_table(1 / (np.arange(30) + 1.0) ** 1.3)
_ONLY_PATH = np.array([[3, 4, 5], [0, 1, 2]])


def _repeated(text: str, n: int) -> pa.Array:
    return pa.array([text] * n, pa.string())


SEARCH = Flow("search", 0.46, 7, 1500, _draw_search, _add_search_spans)
SEATS = Flow("seats", 0.18, 6, 800, _draw_seats, _add_seats_spans)
TRIPS = Flow("trips", 0.11, 5, 450, _draw_trips, _add_trips_spans)
TICKET = Flow("ticket", 0.09, 7, 800, _draw_ticket, _add_ticket_spans)
EDGE_ONLY = Flow("only", 0.05, 7, 800, _draw_edge_only, _add_edge_only_spans)
