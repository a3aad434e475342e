"""Requests that change something: bookings with payment and notification, and cancellations."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from obskit.demo.draw import Array, Dice, category_table, latency_quantiles
from obskit.demo.fleet import NEW
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
    size_quantiles,
)
from obskit.demo.lookups import add_slow_query_record
from obskit.demo.operations import E422, E503, MANDATE, NONE, PAYMENT, PSP_DOWN, TIMEOUT
from obskit.demo.people import ANDROID, KIOSK, People
from obskit.demo.traffic import NOTIFICATION_DEPLOY, PROVIDER_TROUBLE, is_within

METHODS = ("card", "wallet", "sepa_debit", "invoice")
CARD, WALLET, SEPA, INVOICE = range(4)
PROVIDERS = ("psp-north", "psp-south", "walletgate", "bankpay", "factorly")
NORTH = 0
_METHOD = category_table([51, 21, 23, 5])
_DECLINES = ("insufficient_funds", "do_not_honor", "expired_card", "suspected_fraud")

# Probabilities of what is planted.
LOCK_HIT, MANDATE_HIT, TROUBLE_HIT = 0.97, 0.8, 0.45

_OWN = latency_quantiles(24, 0.4)
_HOLD, _HOLD_SQL = (
    latency_quantiles(7.5, 0.4),
    latency_quantiles(22, 0.45, tail=0.003, alpha=1.5, cap_ms=2_500),
)
_FISCAL = latency_quantiles(360, 0.33, tail=0)
_PAY, _PSP = latency_quantiles(13, 0.4), latency_quantiles(112, 0.3, tail=0.003, alpha=1.6, cap_ms=1_900)
_REFUSED = latency_quantiles(74, 0.4, tail=0)
_BACKOFF = latency_quantiles(120, 0.15, tail=0)
_SQL, _LOCK = (
    latency_quantiles(13, 0.45, tail=0.003, alpha=1.5, cap_ms=3_000),
    latency_quantiles(690, 0.34, tail=0),
)
_PUBLISH, _LAG = latency_quantiles(4.2, 0.4), latency_quantiles(38, 0.9, tail=0.01, alpha=1.2)
_NOTIFY, _PUSH = latency_quantiles(16, 0.5), latency_quantiles(140, 0.55, tail=0.01, alpha=1.4, cap_ms=9_000)
_HOP = latency_quantiles(0.6, 0.5)
_WAIT = latency_quantiles(0.14, 0.9, tail=0.01, alpha=1.2, cap_ms=900)
_FARE = size_quantiles(3_900, 0.62)  # cents per passenger
_DISTANCE = size_quantiles(214, 0.7)
_RISK = size_quantiles(61, 0.8)
_PROVIDER_TIMEOUT = 2_000_000


def _draw_payment(dice: Dice, t: Array, euros: Array) -> Draw:
    n = len(t)
    method = dice.pick(_METHOD, n)
    method = np.where((method == SEPA) & ~euros, WALLET, method)  # SEPA only exists in euros
    provider = np.where(method == CARD, dice.chance(0.6, n).astype(np.int64), method + 1)
    trouble = np.where((provider == NORTH) & is_within(t, PROVIDER_TROUBLE), TROUBLE_HIT, 0.006)
    retried = dice.chance(trouble, n)
    return {
        "method": method,
        "provider": provider,
        "retried": retried,
        "hung": retried & dice.chance(0.12, n),
        "down": retried & dice.chance(0.02, n),
        "refused": dice.pick(_REFUSED, n),
        "backoff": dice.pick(_BACKOFF, n),
        "psp": dice.pick(_PSP, n),
        "pay": dice.pick(_PAY, n),
    }


def _draw_book(dice: Dice, t: Array, people: People) -> Draw:
    n = len(t)
    draw = {"t": t, "new": draw_booking_version(dice, t)} | draw_caller(dice, n, people, anonymous=0.07)
    draw |= _draw_payment(dice, t, people.customers.rate[draw["user"]] == 100)
    new, kiosk = draw["new"] == NEW, draw["platform"] == KIOSK
    conflict = dice.chance(0.018, n)
    mandate = new & (draw["method"] == SEPA) & dice.chance(MANDATE_HIT, n) & ~conflict
    draw["retried"] &= ~conflict & ~mandate
    draw["down"] &= draw["retried"]
    declined = dice.chance(0.035, n) & ~conflict & ~mandate & ~draw["down"]
    paid = ~(conflict | mandate | declined | draw["down"])
    locked = new & (draw["platform"] == ANDROID) & (draw["region"] == 0) & paid & dice.chance(LOCK_HIT, n)
    first = np.where(draw["hung"], _PROVIDER_TIMEOUT + (draw["backoff"] >> 6), draw["refused"])
    again = np.where(draw["retried"], first + draw["backoff"], 0)
    draw["first"] = first
    draw["pay_duration"] = np.where(
        conflict, 0, draw["pay"] + again + np.where(draw["down"], first, draw["psp"])
    )
    draw["hop2"], draw["hop3"] = dice.pick(_HOP, n), dice.pick(_HOP, n)
    draw["hold"], draw["hold_sql"] = dice.pick(_HOLD, n), dice.pick(_HOLD_SQL, n)
    draw["fiscal"] = np.where(kiosk & ~conflict, dice.pick(_FISCAL, n), 0)
    draw["sql"] = np.where(paid, dice.pick(_SQL, n) + np.where(locked, dice.pick(_LOCK, n), 0), 0)
    draw["publish"] = np.where(paid, dice.pick(_PUBLISH, n), 0)
    draw["own"] = dice.pick(_OWN, n)
    draw |= {"conflict": conflict, "mandate": mandate, "declined": declined, "paid": paid}
    draw["slow_sql"] = draw["sql"] > 400_000
    draw["failed"] = mandate | draw["down"]
    draw["flawed"] = draw["retried"]
    pays = ~conflict
    draw["rows"] = (
        5
        + (draw["fiscal"] > 0)
        + 2 * pays
        + 2 * draw["retried"]
        + draw["failed"]
        + 4 * paid
        + draw["slow_sql"]
    )
    calls = (
        draw["hop2"]
        + draw["hold"]
        + draw["hold_sql"]
        + np.where(pays, draw["hop3"], 0)
        + draw["pay_duration"]
    )
    return draw | draw_ingress(dice, n, draw["own"] + draw["fiscal"] + calls + draw["sql"] + draw["publish"])


def _add_book_spans(context: ChunkContext, draw: Draw, trace: Array) -> None:
    n, dice, builder = len(trace), context.dice, context.builder
    draw.update(draw_journey(dice, n, context.people))
    draw["composition"] = draw["train"]
    fare = dice.pick(_FARE, n) * draw["passengers"] + 190
    draw["fare"] = fare * context.people.customers.rate[draw["user"]] // 100
    draw["flag"] = draw["user"] % 5 // 4
    status = np.select([draw["conflict"], draw["declined"], draw["failed"]], [409, 402, 502], 201)
    parent, began = add_ingress_spans(context, "book", draw, trace, status)
    pod = context.pod("booking", draw, draw["new"])
    seat = dice.chance(0.44, n)
    server = builder.add(
        "book",
        trace,
        began,
        pod,
        duration=draw["inner"],
        parent=parent,
        status=status,
        ok=True,
        error=np.where(draw["failed"], PAYMENT, NONE),
        numbers={
            "booking.total_amount": draw["fare"] / 100,
            "booking.passenger_count": draw["passengers"],
            "booking.lead_time_days": draw["lead"],
            "booking.seat_reservation": seat,
            "journey.distance_km": (dice.pick(_DISTANCE, n).astype(np.float64), dice.chance(0.985, n)),
            "journey.transfers": dice.below(3, n) * dice.below(2, n),
            "thread.id": 40 + dice.below(32, n),
        },
    )
    began = child_start(began, draw["own"])
    _add_hold_spans(context, draw, trace, began + (draw["hop2"] >> 1), server)
    began = began + draw["hop2"] + draw["hold"] + draw["hold_sql"]
    k = np.flatnonzero(draw["fiscal"] > 0)
    builder.add("book.fiscal", trace[k], began[k], pod[k], duration=draw["fiscal"][k], parent=server[k])
    began = began + draw["fiscal"]
    _add_payment_spans(context, draw, trace, began + (draw["hop3"] >> 1), server)
    began = began + draw["hop3"] + draw["pay_duration"]
    p = np.flatnonzero(draw["paid"])
    done = {name: values[p] for name, values in draw.items()}
    sql = builder.add(
        "book.sql",
        trace[p],
        began[p],
        pod[p],
        duration=done["sql"],
        parent=server[p],
        numbers={"db.response.returned_rows": 1, "db.client.pool_wait_ms": dice.pick(_WAIT, len(p)) / 1000},
    )
    add_slow_query_record(context, done, trace[p], pod[p], sql, began[p])
    began = began + draw["sql"]
    _add_notification_spans(context, done, trace[p], began[p], server[p], pod[p])


def _add_hold_spans(context: ChunkContext, draw: Draw, trace: Array, began: Array, parent: Array) -> None:
    n, dice, builder = len(trace), context.dice, context.builder
    pod = context.pod("seatmap", draw)
    server = builder.add(
        "hold",
        trace,
        began,
        pod,
        duration=draw["hold"] + draw["hold_sql"],
        parent=parent,
        status=np.where(draw["conflict"], 409, 201),
        numbers={"seatmap.free_seats": dice.below(412, n)},
    )
    builder.add(
        "hold.sql",
        trace,
        child_start(began, draw["hold"]),
        pod,
        duration=draw["hold_sql"],
        parent=server,
        numbers={
            "db.response.returned_rows": np.where(draw["conflict"], 0, draw["passengers"]),
            "db.client.pool_wait_ms": dice.pick(_WAIT, n) / 1000,
        },
    )


def _add_payment_spans(context: ChunkContext, draw: Draw, trace: Array, began: Array, parent: Array) -> None:
    builder, k = context.builder, np.flatnonzero(~draw["conflict"])
    draw, trace, began, parent = {name: v[k] for name, v in draw.items()}, trace[k], began[k], parent[k]
    n, dice, pod = len(k), context.dice, context.pod("payment", draw)
    retried, down, mandate = draw["retried"], draw["down"], draw["mandate"]
    status = np.select([mandate, down, draw["declined"]], [500, 502, 402], 200)
    why = np.select([mandate, down], [MANDATE, PSP_DOWN], NONE)
    server = builder.add(
        "pay",
        trace,
        began,
        pod,
        duration=draw["pay_duration"],
        parent=parent,
        status=status,
        error=why,
        numbers={
            "payment.amount": draw["fare"] / 100,
            "payment.risk_score": (dice.pick(_RISK, n) / 1000, dice.chance(0.97, n)),
            "payment.three_ds": (dice.chance(0.7, n), draw["method"] == CARD),
        },
        texts={"payment.decline_code": _decline_codes(dice, draw["declined"])},
    )
    began = child_start(began, draw["pay"])
    r = np.flatnonzero(retried)
    hung, first = draw["hung"][r], draw["first"][r]
    attempt = builder.add(
        "pay.psp",
        trace[r],
        began[r],
        pod[r],
        duration=first,
        parent=server[r],
        status=np.where(hung, 0, 503),
        error=np.where(hung, TIMEOUT, E503),
    )
    words = np.where(hung, "no answer within 2000 ms, attempt 1 of 2", "503 from provider, attempt 1 of 2")
    builder.add(
        "log.retry",
        trace[r],
        began[r] + first + 200,
        pod[r],
        span=attempt,
        texts={"body": pa.array(words.tolist(), pa.string())},
    )
    began = began + np.where(retried, draw["first"] + draw["backoff"], 0)
    duration = np.where(down, draw["first"], draw["psp"])
    builder.add(
        "pay.psp",
        trace,
        began,
        pod,
        duration=duration,
        parent=server,
        status=np.where(mandate, 422, np.where(down, np.where(draw["hung"], 0, 503), 200)),
        error=np.select([mandate, down & draw["hung"], down], [E422, TIMEOUT, E503], NONE),
        numbers={"http.request.resend_count": (np.ones(n, dtype=np.int64), retried)},
    )
    f = np.flatnonzero(mandate | down)
    words = np.where(mandate[f], "payment rejected by provider", "payment provider unavailable")
    builder.add(
        "log.payment",
        trace[f],
        (began + duration)[f] + 180,
        pod[f],
        span=server[f],
        error=why[f],
        texts={"body": pa.array(words.tolist(), pa.string())},
    )


def _decline_codes(dice: Dice, declined: Array) -> pa.Array:
    code = np.where(declined, dice.below(len(_DECLINES), len(declined)), -1)
    return pa.array(_DECLINES).take(pa.array(code, mask=code < 0))


def _add_notification_spans(
    context: ChunkContext, draw: Draw, trace: Array, began: Array, parent: Array, pod: Array
) -> None:
    n, dice, builder = len(trace), context.dice, context.builder
    size = {"messaging.message.body.size": 640 + dice.below(420, n)}
    offset = {"messaging.kafka.offset": 48_200_000 + draw["t"] // 410_000}
    sent = builder.add(
        "book.publish", trace, began, pod, duration=draw["publish"], parent=parent, numbers=size
    )
    began = began + draw["publish"] + dice.pick(_LAG, n)
    own, push = dice.pick(_NOTIFY, n), dice.pick(_PUSH, n)
    where = context.pod("notification", draw, notification_version(draw["t"]))
    consumer = builder.add(
        "notify", trace, began, where, duration=own + push, parent=sent, ok=True, numbers=size | offset
    )
    builder.add(
        "notify.push", trace, child_start(began, own), where, duration=push, parent=consumer, status=202
    )


def notification_version(t: Array) -> Array:
    """Return the version of notification that runs at each time."""
    return (t >= NOTIFICATION_DEPLOY).astype(np.int64)


def _draw_cancel(dice: Dice, t: Array, people: People) -> Draw:
    n = len(t)
    draw = {"t": t, "new": draw_booking_version(dice, t)} | draw_caller(dice, n, people, kiosks=False)
    draw |= _draw_payment(dice, t, people.customers.rate[draw["user"]] == 100)
    late = dice.chance(0.06, n)
    own, sql, hop = dice.pick(_OWN, n), dice.pick(_SQL, n), dice.pick(_HOP, n)
    refund = np.where(late, 0, draw["pay"] + draw["psp"])
    draw |= {
        "late": late,
        "own": own,
        "sql": sql,
        "hop2": hop,
        "refund": refund,
        "failed": np.zeros(n, dtype=bool),
    }
    draw["rows"] = np.where(late, 4, 6)
    return draw | draw_ingress(dice, n, own + sql + np.where(late, 0, hop + refund))


def _add_cancel_spans(context: ChunkContext, draw: Draw, trace: Array) -> None:
    n, dice, builder = len(trace), context.dice, context.builder
    draw["fare"] = (dice.pick(_FARE, n) + 190) * context.people.customers.rate[draw["user"]] // 100
    late = draw["late"]
    status = np.where(late, 409, 200)
    parent, began = add_ingress_spans(context, "cancel", draw, trace, status)
    pod = context.pod("booking", draw, draw["new"])
    server = builder.add(
        "cancel",
        trace,
        began,
        pod,
        duration=draw["inner"],
        parent=parent,
        status=status,
        ok=True,
        numbers={"thread.id": 40 + dice.below(32, n)},
    )
    began = child_start(began, draw["own"])
    builder.add(
        "cancel.sql",
        trace,
        began,
        pod,
        duration=draw["sql"],
        parent=server,
        numbers={
            "db.response.returned_rows": np.where(late, 0, 1),
            "db.client.pool_wait_ms": dice.pick(_WAIT, n) / 1000,
        },
    )
    k = np.flatnonzero(~late)
    paid = {name: values[k] for name, values in draw.items()}
    began = (began + draw["sql"] + (draw["hop2"] >> 1))[k]
    payment = context.pod("payment", paid)
    refund = builder.add(
        "refund",
        trace[k],
        began,
        payment,
        duration=paid["refund"],
        parent=server[k],
        status=200,
        numbers={"payment.amount": paid["fare"] / 100},
    )
    builder.add(
        "refund.psp",
        trace[k],
        child_start(began, paid["pay"]),
        payment,
        duration=paid["psp"],
        parent=refund,
        status=200,
    )


BOOK = Flow("book", 0.12, 5, 600, _draw_book, _add_book_spans)
CANCEL = Flow("cancel", 0.02, 5, 900, _draw_cancel, _add_cancel_spans)
