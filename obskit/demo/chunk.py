"""Make one chunk of the day: draw requests until the sampler has kept enough, then make their rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from obskit.demo.booking import BOOK, CANCEL, METHODS, PROVIDERS
from obskit.demo.draw import Array, Dice, category_table
from obskit.demo.fleet import NEW, OLD, SERVICES, Fleet
from obskit.demo.flow import ChunkContext, Draw, Flow, draw_caller
from obskit.demo.lookups import EDGE_ONLY, SEARCH, SEATS, TICKET, TRIPS
from obskit.demo.people import People
from obskit.demo.row_builder import RowBuilder, TraceFields
from obskit.demo.trace_strings import DATES, booking_references, path_groups, session_ids, url_queries
from obskit.demo.traffic import (
    NOTIFICATION_DEPLOY,
    ROLLOUT,
    SEARCH_DEPLOY,
    WATCHED,
    Chunk,
    Clock,
    is_within,
)

FLOWS: tuple[Flow, ...] = (SEARCH, SEATS, BOOK, TRIPS, TICKET, CANCEL, EDGE_ONLY)
_MIX = category_table([flow.share for flow in FLOWS])
_RANDOMNESS = np.uint64((1 << 56) - 1)
_NOTABLE = 2  # failed and slow traces are kept with probability 1/2^2
_FLAWED = 1  # and those with an error that the caller never saw
_HEALTH_EXPONENT = 6
_BLOCK = 50_000
_FEWEST = 64  # in a smaller chunk the markers would take the rows of the requests


def sampling_exponent(flow: Flow, draw: Draw) -> Array:
    """Return k for each trace, kept with probability 1/2^k; decided on the whole trace (tail sampling)."""
    k = np.full(len(draw["t"]), flow.sampling_exponent)
    k[draw["failed"] | (draw["duration"] > flow.slow_ms * 1000)] = _NOTABLE
    if "flawed" in draw:
        k[draw["flawed"]] = _FLAWED
    if flow is BOOK:
        k[is_within(draw["t"], WATCHED)] = 0
    return k


def is_kept(k: Array, low: Array) -> Array:
    """Return a mask of the traces to keep: the 56 random bits of the id reach the threshold of 1/2^k."""
    threshold = (1 << 56) - (np.int64(1 << 56) >> k)
    return (low & _RANDOMNESS) >= threshold.astype(np.uint64)


def draw_requests(dice: Dice, clock: Clock, n: int, people: People) -> list[tuple[Draw, Array]]:
    """Draw n requests; return the sampled ones of each flow, and their positions among the n."""
    t = clock.draw(dice, n)
    mix = dice.pick(_MIX, n)
    out = []
    for number, flow in enumerate(FLOWS):
        at = np.flatnonzero(mix == number)
        draw = flow.draw(dice, t[at], people)
        draw["low"] = dice.u64(len(at))
        draw["sampling_exponent"] = sampling_exponent(flow, draw)
        keep = np.flatnonzero(is_kept(draw["sampling_exponent"], draw["low"]))
        out.append(({name: values[keep] for name, values in draw.items()}, at[keep]))
    return out


def _requests(dice: Dice, chunk: Chunk, people: People, budget: int, ratio: float) -> list[Draw]:
    """Draw requests until the sampled ones fill the budget of rows; keep only whole traces."""
    clock = Clock(chunk.start, chunk.stop)
    blocks: list[list[tuple[Draw, Array]]] = []
    rows, seen = 0, 0
    while not blocks or rows < budget:
        n = min(_BLOCK * 4, max(64, int((budget - rows) / ratio * 1.02)))
        block = draw_requests(dice, clock, n, people)
        blocks.append([(draw, at + seen) for draw, at in block])
        rows += sum(int(draw["rows"].sum()) for draw, _ in block)
        seen += n
    place = np.concatenate([at for block in blocks for _, at in block])
    size = np.concatenate([draw["rows"] for block in blocks for draw, _ in block])
    order = np.argsort(place)
    fits = np.searchsorted(np.cumsum(size[order]), budget, side="right")
    last = int(place[order[fits]]) if fits < len(order) else seen
    out = []
    for number in range(len(FLOWS)):
        pieces = [block[number] for block in blocks]
        names = pieces[0][0]
        joined = {name: np.concatenate([draw[name][at < last] for draw, at in pieces]) for name in names}
        out.append(joined)
    return out


def make_chunk(seed: int, chunk: Chunk, people: People, fleet: Fleet, ratio: float) -> pa.RecordBatch:
    """Make exactly `chunk.rows` rows.

    Args:
        seed: seed of the day; with the chunk it determines all rows.
        chunk: the part of the day.
        people: customers, stations and trains of the same seed.
        fleet: services and pods.
        ratio: stored rows to expect per request drawn.

    Returns:
        The rows, ordered by time.
    """
    dice = Dice(seed, chunk.index)
    context = ChunkContext(RowBuilder(), dice, fleet, people)
    if chunk.rows >= _FEWEST:
        _deployments(context, chunk)
    draws = _requests(dice, chunk, people, chunk.rows - context.builder.rows, ratio)
    first = 0
    for flow, draw in zip(FLOWS, draws, strict=True):
        n = len(draw["t"])
        flow.spans(context, draw, np.arange(first, first + n))
        first += n
    draws.append(_add_health_checks(context, chunk, first))
    builder = context.builder
    return builder.to_batch(_trace_fields(dice, draws, context), dice.u64(builder.rows))


def _add_health_checks(context: ChunkContext, chunk: Chunk, first: int) -> Draw:
    """Fill the remaining rows, too few for a whole trace, with health checks."""
    n = chunk.rows - context.builder.rows
    dice = context.dice
    draw = {"t": Clock(chunk.start, chunk.stop).draw(dice, n), "low": dice.u64(n)} | draw_caller(
        dice, n, context.people
    )
    draw["low"] |= _RANDOMNESS ^ (_RANDOMNESS >> np.uint64(_HEALTH_EXPONENT))
    draw["sampling_exponent"] = np.full(n, _HEALTH_EXPONENT)
    pods = context.pod("gateway", draw)
    context.builder.add(
        "health", np.arange(first, first + n), draw["t"], pods, duration=180 + dice.below(900, n), status=200
    )
    return draw


def _deployments(context: ChunkContext, chunk: Chunk) -> None:
    """Add the markers of the deployments in this chunk."""
    marks = [(start, "booking", percent) for start, percent in ROLLOUT]
    marks += [(SEARCH_DEPLOY, "search", 100), (NOTIFICATION_DEPLOY, "notification", 100)]
    versions = {service.name: service.versions for service in SERVICES}
    for start, service, percent in marks:
        if not chunk.start <= start < chunk.stop:
            continue
        new = context.fleet.markers[service]
        name = f"{service}-{versions[service][NEW]}"
        state = "succeeded" if percent == 100 else "started" if percent == 5 else "progressing"
        before = versions[service][OLD]
        texts = {
            "deployment.id": f"rollout-{service}-{versions[service][NEW]}",
            "deployment.name": name,
            "deployment.status": state,
            "body": f"{service} {before} -> {versions[service][NEW]}: {percent}% of traffic",
            "severity_text": "INFO",
        }
        context.builder.add(
            "deployment" if service == "booking" else "rolling",
            np.array([-1]),
            np.array([start]),
            np.array([new]),
            numbers={"deployment.weight": percent},
            texts={key: pa.array([value]) for key, value in texts.items()},
        )


def _trace_fields(dice: Dice, draws: Sequence[Draw], context: ChunkContext) -> TraceFields:
    """Join the columns of all flows into columns indexed by trace."""
    counts = [len(draw["t"]) for draw in draws]
    n = sum(counts)

    def fact(name: str) -> Array:
        parts = [draw.get(name, np.full(count, -1)) for draw, count in zip(draws, counts, strict=True)]
        return np.concatenate(parts)

    people = context.people
    customers, clients = people.customers, people.clients
    flow = np.repeat(np.arange(len(draws)), counts)
    known, user, client, train = fact("known"), fact("user"), fact("client"), fact("train")
    # Now and then the instrumentation leaves something out.
    client = np.where(dice.chance(0.004, n), -1, client)
    place = np.where(dice.chance(0.006, n), -1, user)
    app = {name: clients[name] for name in clients if not name.startswith(("user_agent", "network"))}
    agent = {name: clients[name] for name in clients if name.startswith(("user_agent", "network"))}
    reference = booking_references(dice, n)
    searches = flow == FLOWS.index(SEARCH)
    card = np.where(dice.chance(0.3, n), dice.below(len(_CARDS), n), -1)
    groups: list[tuple[str, Array | None, dict[str, Any]]] = [
        ("app", client, app),
        ("agent", client, agent),
        ("user", known, customers.fields),
        ("place", place, customers.where),
        ("session", np.where(fact("auth") == 2, -1, np.arange(n)), {"session.id": session_ids(dice, n)}),
        ("auth", fact("auth"), {"gateway.auth.method": pa.array(["session", "none", "api_key"])}),
        *path_groups(people, fact, flow, (*(f.name for f in FLOWS), "health"), reference),
        ("journey", fact("origin"), {"station.origin.code": people.stations}),
        ("journey", fact("destination"), {"station.destination.code": people.stations}),
        ("journey", fact("lead"), {"journey.departure_date": DATES}),
        ("query", _row_numbers(searches), {"url.query": url_queries(people, fact, searches)}),
        ("train", train, {k: v for k, v in people.trains.items() if k != "train.composition_id"}),
        ("composition", fact("composition"), {"train.composition_id": people.trains["train.composition_id"]}),
        ("booking", None, {"booking.id": reference}),
        ("booking", user, {"booking.currency": customers.currency}),
        ("booking", client, {"booking.channel": people.channel}),
        ("booking", card, {"booking.discount_card": _CARDS}),
        ("booking", dice.pick(_CLASS, n), {"booking.fare_class": _CLASSES}),
        ("payment", fact("method"), {"payment.method": pa.array(METHODS)}),
        ("payment", fact("provider"), {"payment.provider": pa.array(PROVIDERS)}),
        ("provider", fact("provider"), {"server.address": pa.array([f"api.{p}.example" for p in PROVIDERS])}),
        ("amount", user, {"payment.currency": customers.currency}),
        ("caller", fact("new"), {"user_agent.original": _CALLERS}),
        ("flag", fact("flag"), {"feature_flag.result.variant": pa.array(["off", "on"])}),
        (
            "flag",
            np.where(fact("flag") >= 0, 0, -1),
            {"feature_flag.key": pa.array(["checkout-seat-preview"])},
        ),
        ("message", None, {"messaging.message.id": session_ids(dice, n)}),
        ("message", user % 12, {"messaging.destination.partition.id": pa.array([str(i) for i in range(12)])}),
        ("letter", people.letter(client), {"notification.channel": pa.array(["push", "email", "sms"])}),
        (
            "letter",
            np.zeros(n, dtype=np.int64),
            {"notification.template": pa.array(["booking_confirmed_v4"])},
        ),
        ("letter", place, {"notification.locale": customers.where["http.request.header.accept-language"]}),
    ]
    return TraceFields(
        dice.u64(n), fact("low").astype(np.uint64), fact("sampling_exponent"), context.fleet.fields, groups
    )


def _row_numbers(mask: Array) -> Array:
    """Return 0, 1, 2 ... where true and -1 elsewhere."""
    return np.where(mask, np.cumsum(mask) - 1, -1)


_CARDS = pa.array(["card-25", "card-50"])
_CLASSES = pa.array(["second", "first"])
_CLASS = category_table([84, 16])
_CALLERS = pa.array(
    [
        f"booking/{version}"
        for service in SERVICES
        if service.name == "booking"
        for version in service.versions
    ]
)
