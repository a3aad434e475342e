"""Requests that only read: searches, seat maps, lists of bookings, tickets; and what the edge turns away."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from obskit.demo.draw import Array, Dice, heavy, shares
from obskit.demo.fleet import NEW, OLD
from obskit.demo.flow import Draw, Flow, Stage, ask, front, journey, on_new, step, way_in
from obskit.demo.operations import E429, NO_COMPOSITION, NONE, RESET, SQL_TIMEOUT
from obskit.demo.people import People
from obskit.demo.traffic import IMPORT_TROUBLE, SEARCH_DEPLOY, within

_DEADLINE = 2_800_000
_WAIT = heavy(0.12, 0.9, tail=0.01, alpha=1.2, cap_ms=900)

_SEARCH_OWN = heavy(41, 0.5)
_SEARCH_CACHE = heavy(0.9, 0.4)
_SEARCH_SQL = heavy(64, 0.65, tail=0.006, alpha=0.9)


def _draw_search(dice: Dice, t: Array, _people: People) -> Draw:
    n = len(t)
    hit = dice.chance(0.61, n)
    sql = np.where(hit, 0, dice.pick(_SEARCH_SQL, n))
    failed = sql > _DEADLINE
    sql = np.where(failed, _DEADLINE + dice.below(4_000, n), sql)
    own, cache = dice.pick(_SEARCH_OWN, n), dice.pick(_SEARCH_CACHE, n)
    draw = {"t": t, "hit": hit, "sql": sql, "own": own, "cache": cache, "failed": failed}
    draw["rows"] = 4 + ~hit + failed
    return draw | way_in(dice, n, own + cache + sql)


def _search(stage: Stage, draw: Draw, trace: Array) -> None:
    n, dice, sheet = len(trace), stage.dice, stage.sheet
    draw.update(ask(dice, n, stage.people, anonymous=0.46) | journey(dice, n, stage.people))
    status = np.where(draw["failed"], 504, 200)
    parent, began = front(stage, "search", draw, trace, status)
    pod = stage.pod("search", draw, np.where(draw["t"] >= SEARCH_DEPLOY, NEW, OLD))
    server = sheet.add(
        "search",
        trace,
        began,
        pod,
        lasts=draw["inner"],
        parent=parent,
        status=status,
        error=np.where(draw["failed"], SQL_TIMEOUT, NONE),
        numbers={
            "search.cache_hit": draw["hit"],
            "search.result_count": (np.where(draw["failed"], 0, 4 + dice.below(9, n)), ~draw["failed"]),
            "search.passengers": draw["passengers"],
        },
    )
    began = step(began, draw["own"])
    sheet.add("search.cache", trace, began, pod, lasts=draw["cache"], parent=server)
    m = np.flatnonzero(~draw["hit"])
    bad = draw["failed"][m]
    sheet.add(
        "search.sql",
        trace[m],
        (began + draw["cache"])[m],
        pod[m],
        lasts=draw["sql"][m],
        parent=server[m],
        error=np.where(bad, SQL_TIMEOUT, NONE),
        numbers={
            "db.response.returned_rows": (4 + dice.below(60, len(m)), ~bad),
            "db.client.pool_wait_ms": dice.pick(_WAIT, len(m)) / 1000,
        },
    )
    f = np.flatnonzero(draw["failed"])
    sheet.add(
        "log.search",
        trace[f],
        (began + draw["cache"] + draw["sql"])[f] + 150,
        pod[f],
        within=server[f],
        error=SQL_TIMEOUT,
        texts={"body": _same("connections lookup failed, giving up", len(f))},
    )


_SEATS_OWN = heavy(8.5, 0.45)
_SEATS_CACHE = heavy(0.8, 0.4)
_SEATS_SQL = heavy(17, 0.5, tail=0.006, alpha=1.2, cap_ms=4_000)


def _draw_seats(dice: Dice, t: Array, _people: People) -> Draw:
    n = len(t)
    lost = dice.chance(np.where(within(t, IMPORT_TROUBLE), 0.09, 0.0004), n)
    failed = lost & dice.chance(0.92, n)
    miss = dice.chance(0.55, n) & ~failed
    own, cache = dice.pick(_SEATS_OWN, n), dice.pick(_SEATS_CACHE, n)
    sql = np.where(miss, dice.pick(_SEATS_SQL, n), 0)
    draw = {"t": t, "lost": lost, "failed": failed, "miss": miss, "own": own, "cache": cache, "sql": sql}
    draw["rows"] = 4 + miss + failed
    return draw | way_in(dice, n, own + cache + sql)


def _seats(stage: Stage, draw: Draw, trace: Array) -> None:
    n, dice, sheet = len(trace), stage.dice, stage.sheet
    draw.update(ask(dice, n, stage.people, anonymous=0.28) | journey(dice, n, stage.people))
    draw["composition"] = np.where(draw["lost"], -1, draw["train"])
    draw["seat_path"] = draw["train"]
    failed = draw["failed"]
    status = np.where(failed, 500, 200)
    parent, began = front(stage, "seats", draw, trace, status)
    pod = stage.pod("seatmap", draw)
    server = sheet.add(
        "seats",
        trace,
        began,
        pod,
        lasts=draw["inner"],
        parent=parent,
        status=status,
        error=np.where(failed, NO_COMPOSITION, NONE),
        numbers={
            "seatmap.free_seats": dice.below(412, n),
            "seatmap.wagon_count": 4 + draw["train"] % 9,
        },
    )
    began = step(began, draw["own"])
    sheet.add("seats.cache", trace, began, pod, lasts=draw["cache"], parent=server)
    m = np.flatnonzero(draw["miss"])
    sheet.add(
        "seats.sql",
        trace[m],
        (began + draw["cache"])[m],
        pod[m],
        lasts=draw["sql"][m],
        parent=server[m],
        numbers={
            "db.response.returned_rows": 180 + dice.below(640, len(m)),
            "db.client.pool_wait_ms": dice.pick(_WAIT, len(m)) / 1000,
        },
    )
    f = np.flatnonzero(failed)
    sheet.add(
        "log.seats",
        trace[f],
        (began + draw["cache"])[f] + 90,
        pod[f],
        within=server[f],
        error=NO_COMPOSITION,
        texts={"body": _same("cannot lay out train without a composition", len(f))},
    )


FRAMEWORK_SHARE, FRAMEWORK_HIT = 0.055, 0.45
_TRIPS_OWN = heavy(7.5, 0.45)
_TRIPS_SQL = heavy(25, 0.55, tail=0.006, alpha=1.3, cap_ms=6_000)
_TRIPS_CONTRACT = heavy(690, 0.3, tail=0)


def _draw_trips(dice: Dice, t: Array, people: People) -> Draw:
    n = len(t)
    customers = people.customers
    contract = customers.framework[dice.below(len(customers.framework), n)]
    user = np.where(dice.chance(FRAMEWORK_SHARE, n), contract, dice.pick(customers.rank, n))
    who = ask(dice, n, people, user, kiosks=False)
    hit = customers.on_framework[user] & (who["known"] >= 0) & dice.chance(FRAMEWORK_HIT, n)
    failed = dice.chance(0.0012, n)
    own = dice.pick(_TRIPS_OWN, n)
    sql = dice.pick(_TRIPS_SQL, n) + np.where(hit, dice.pick(_TRIPS_CONTRACT, n), 0)
    sql = np.where(failed, 30_000 + dice.below(9_000, n), sql)
    draw = {"t": t, "failed": failed, "own": own, "sql": sql, "slow_sql": sql > 400_000} | who
    draw["rows"] = 4 + draw["slow_sql"] + failed
    return draw | way_in(dice, n, own + sql)


def _trips(stage: Stage, draw: Draw, trace: Array) -> None:
    n, dice, sheet, failed = len(trace), stage.dice, stage.sheet, draw["failed"]
    status = np.where(failed, 500, 200)
    parent, began = front(stage, "trips", draw, trace, status)
    pod = stage.pod("booking", draw, on_new(dice, draw["t"]))
    server = sheet.add(
        "trips",
        trace,
        began,
        pod,
        lasts=draw["inner"],
        parent=parent,
        status=status,
        error=np.where(failed, RESET, NONE),
        numbers={"thread.id": 40 + dice.below(32, n)},
        ok=True,
    )
    began = step(began, draw["own"])
    sql = sheet.add(
        "trips.sql",
        trace,
        began,
        pod,
        lasts=draw["sql"],
        parent=server,
        error=np.where(failed, RESET, NONE),
        numbers={
            "db.response.returned_rows": (dice.pick(_TRIP_ROWS, n), ~failed),
            "db.client.pool_wait_ms": dice.pick(_WAIT, n) / 1000,
        },
    )
    slow_query(stage, draw, trace, pod, sql, began)
    f = np.flatnonzero(failed)
    sheet.add(
        "log.trips",
        trace[f],
        (began + draw["sql"])[f] + 120,
        pod[f],
        within=server[f],
        error=RESET,
        texts={"body": _same("could not load bookings", len(f))},
    )


_TRIP_ROWS = shares(1 / (np.arange(24) + 2.0))


def slow_query(stage: Stage, draw: Draw, trace: Array, pod: Array, sql: Array, began: Array) -> None:
    """Add the warning that booking's connection pool logs of a statement over 400 ms."""
    s = np.flatnonzero(draw["slow_sql"])
    words = [f"statement took {took} ms (threshold 400 ms)" for took in (draw["sql"][s] // 1000).tolist()]
    stage.sheet.add(
        "log.slow",
        trace[s],
        (began + draw["sql"])[s] + 40,
        pod[s],
        within=sql[s],
        texts={"body": pa.array(words, pa.string())},
    )


_TICKET_OWN = heavy(12, 0.5)
_TICKET_SQL = heavy(6, 0.5)


def _draw_ticket(dice: Dice, t: Array, _people: People) -> Draw:
    n = len(t)
    own, sql = dice.pick(_TICKET_OWN, n), dice.pick(_TICKET_SQL, n)
    draw = {"t": t, "own": own, "sql": sql, "failed": np.zeros(n, dtype=bool), "rows": np.full(n, 4)}
    return draw | way_in(dice, n, own + sql)


def _ticket(stage: Stage, draw: Draw, trace: Array) -> None:
    n, dice, sheet = len(trace), stage.dice, stage.sheet
    draw.update(ask(dice, n, stage.people, kiosks=False))
    status = np.where(dice.chance(0.011, n), 404, 200)
    parent, began = front(stage, "ticket", draw, trace, status)
    pod = stage.pod("booking", draw, on_new(dice, draw["t"]))
    server = sheet.add(
        "ticket",
        trace,
        began,
        pod,
        lasts=draw["inner"],
        parent=parent,
        status=status,
        ok=True,
        numbers={"thread.id": 40 + dice.below(32, n)},
    )
    sheet.add(
        "ticket.sql",
        trace,
        step(began, draw["own"]),
        pod,
        lasts=draw["sql"],
        parent=server,
        numbers={
            "db.response.returned_rows": np.where(status == 404, 0, 1),
            "db.client.pool_wait_ms": dice.pick(_WAIT, n) / 1000,
        },
    )


_TURNED_AWAY = np.array([429, 403, 404, 301])
_TURNED_SHARE = shares([10, 36, 36, 18])
_TURNED = heavy(0.7, 0.5, tail=0.01, alpha=1.4, cap_ms=400)


def _draw_only(dice: Dice, t: Array, _people: People) -> Draw:
    n = len(t)
    status = _TURNED_AWAY[dice.pick(_TURNED_SHARE, n)]
    logged = (status == 429) & dice.chance(0.5, n)
    lasts = dice.pick(_TURNED, n)
    failed, flawed = np.zeros(n, dtype=bool), status == 429
    draw = {"t": t, "status": status, "logged": logged, "lasts": lasts, "failed": failed, "flawed": flawed}
    return draw | {"rows": 1 + logged}


def _only(stage: Stage, draw: Draw, trace: Array) -> None:
    n, dice, sheet, status = len(trace), stage.dice, stage.sheet, draw["status"]
    draw.update(ask(dice, n, stage.people, kiosks=False))
    draw["path"] = _ONLY_PATH[(status == 429).astype(np.int64), dice.below(3, n)]
    pod = stage.pod("edge", draw)
    root = sheet.add(
        "edge.only",
        trace,
        draw["t"],
        pod,
        lasts=draw["lasts"],
        status=status,
        error=np.where(status == 429, E429, NONE),
        numbers={
            "http.response.body.size": 60 + dice.below(90, n),
            "network.peer.port": 1_024 + dice.below(64_000, n),
        },
        texts={"edge.response_flags": pa.array(np.where(status == 429, "RL", "-").tolist())},
    )
    m = np.flatnonzero(draw["logged"])
    sheet.add(
        "log.limit",
        trace[m],
        draw["t"][m] + draw["lasts"][m],
        pod[m],
        within=root[m],
        numbers={"event_count": 1 + dice.pick(_FOLDED, len(m))},
        texts={"body": _same("local_rate_limited: descriptor remote_address", len(m))},
    )


_FOLDED = shares(1 / (np.arange(30) + 1.0) ** 1.3)
_ONLY_PATH = np.array([[3, 4, 5], [0, 1, 2]])


def _same(text: str, n: int) -> pa.Array:
    return pa.array([text] * n, pa.string())


SEARCH = Flow("search", 0.46, 7, 1500, _draw_search, _search)
SEATS = Flow("seats", 0.18, 6, 800, _draw_seats, _seats)
TRIPS = Flow("trips", 0.11, 5, 450, _draw_trips, _trips)
TICKET = Flow("ticket", 0.09, 7, 800, _draw_ticket, _ticket)
ONLY = Flow("only", 0.05, 7, 800, _draw_only, _only)
