"""What all kinds of requests share: who asks, the way in through edge and gateway, and the form of a flow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from obskit.demo.draw import Array, Dice, category_table, latency_quantiles
from obskit.demo.fleet import NEW, OLD, REGIONS, Fleet
from obskit.demo.operations import E500, E502, E504, NONE
from obskit.demo.people import CLIENT_PLATFORM, KIOSK, PARTNER, People
from obskit.demo.row_builder import RowBuilder
from obskit.demo.traffic import rollout_share

Draw = dict[str, Array]
"""Columns of one kind of request, an entry a trace: times in µs, booleans, numbers of things."""

_EDGE = latency_quantiles(1.5, 0.45)
_LAST_MILE = latency_quantiles(7, 0.8, tail=0.01, alpha=1.3)
_GATE = latency_quantiles(3.1, 0.45)
_HOP = latency_quantiles(0.55, 0.5)
_LEAD = category_table(1 / (np.arange(91) + 1.5))
_PASSENGERS = category_table([61, 25, 6, 6, 2])
AUTH_SESSION, AUTH_NONE, AUTH_KEY = range(3)


@dataclass(frozen=True)
class Flow:
    """A kind of request.

    Attributes:
        name: also the suffix of its edge and gateway operations.
        share: of the traffic.
        thinning: an ordinary trace is kept with probability 1/2^thinning.
        slow_ms: from here on a trace counts as slow and is kept at another rate.
        draw: outcomes of requests at these times: all that decides about keeping and the number of rows.
        spans: rows of the kept ones.
    """

    name: str
    share: float
    sampling_exponent: int
    slow_ms: float
    draw: Callable[[Dice, Array, People], Draw]
    spans: Callable[[ChunkContext, Draw, Array], None]


@dataclass(frozen=True)
class ChunkContext:
    """Where the spans of a chunk are made."""

    builder: RowBuilder
    dice: Dice
    fleet: Fleet
    people: People

    def pod(self, service: str, draw: Draw, version: Array | int = OLD) -> Array:
        """Return a pod of the service in each request's region."""
        return self.fleet.pods(service, version, draw["region"], self.dice.u16(len(draw["t"])))


def draw_caller(
    dice: Dice,
    n: int,
    people: People,
    user: Array | None = None,
    *,
    anonymous: float = 0.0,
    kiosks: bool = True,
) -> Draw:
    """Draw who asks: region, customer, client, and whether they are known by name.

    Args:
        dice, n, people: n of them.
        user: customers drawn already; by Zipf's law if None.
        anonymous: share of those who have not signed in; travellers at a kiosk never have.
        kiosks: whether this can be asked for at a kiosk.
    """
    customers = people.customers
    user = dice.pick(customers.rank, n) if user is None else user
    client = np.where(dice.chance(0.86, n), customers.client[user], customers.other[user])
    if not kiosks:
        client = np.where(CLIENT_PLATFORM[client] == KIOSK, customers.other[user], client)
    region = customers.region[user]
    astray = dice.chance(0.02, n)
    region = np.where(astray, (region + 1) % len(REGIONS), region)
    platform = CLIENT_PLATFORM[client]
    unknown = (platform == KIOSK) | (dice.chance(anonymous, n) & (platform != PARTNER))
    auth = np.where(platform == PARTNER, AUTH_KEY, np.where(unknown, AUTH_NONE, AUTH_SESSION))
    known = np.where(unknown, -1, user)
    return {
        "user": user,
        "known": known,
        "client": client,
        "platform": platform,
        "region": region,
        "auth": auth,
    }


def draw_booking_version(dice: Dice, t: Array) -> Array:
    """Draw which version of booking answers at these times: NEW as often as the rollout has come."""
    version: Array = np.where(dice.chance(rollout_share(t), len(t)), NEW, OLD)
    return version


def draw_ingress(dice: Dice, n: int, inner: Array) -> Draw:
    """Draw the way through edge and gateway around what takes `inner` µs."""
    edge, gate = dice.pick(_EDGE, n) + dice.pick(_LAST_MILE, n), dice.pick(_GATE, n)
    hop = dice.pick(_HOP, n)
    gateway = gate + hop + inner
    return {
        "inner": inner,
        "gate": gate,
        "hop": hop,
        "edge": edge,
        "gateway": gateway,
        "duration": edge + hop + gateway,
    }


def child_start(start: Array, overhead: Array, hop: Array | int = 0) -> Array:
    """Return when a child begins: after three eighths of its parent's own work and half of the way there."""
    begins: Array = start + (overhead * 3 >> 3) + (hop >> 1)
    return begins


def add_ingress_spans(
    context: ChunkContext, flow: str, draw: Draw, trace: Array, status: Array
) -> tuple[Array, Array]:
    """Add the edge's and the gateway's spans.

    Returns:
        Row numbers of the gateway's spans, and when what is behind it begins.
    """
    n, dice = len(trace), context.dice
    error = reported_error(status)
    size = np.where(status < 400, dice.pick(_SIZES[flow], n), 90 + dice.below(120, n))
    numbers = {
        "http.response.body.size": size,
        "network.peer.port": 1_024 + dice.below(64_000, n),
        "edge.upstream_ms": draw["gateway"] / 1000,
    }
    if flow == "book":
        numbers["http.request.body.size"] = 420 + dice.below(900, n)
    top = context.builder.add(
        f"edge.{flow}",
        trace,
        draw["t"],
        context.pod("edge", draw),
        duration=draw["duration"],
        status=status,
        error=error,
        numbers=numbers,
    )
    began = child_start(draw["t"], draw["edge"], draw["hop"])
    gateway = context.builder.add(
        f"gateway.{flow}",
        trace,
        began,
        context.pod("gateway", draw),
        duration=draw["gateway"],
        parent=top,
        status=status,
        error=error,
        numbers={"http.response.body.size": size},
    )
    return gateway, child_start(began, draw["gate"], draw["hop"])


def reported_error(status: Array) -> Array:
    """Return the error that a caller reports of an HTTP status: its number, from 500 on."""
    known = {500: E500, 502: E502, 504: E504}
    out = np.full(len(status), NONE)
    for code, error in known.items():
        out[status == code] = error
    return out


def draw_journey(dice: Dice, n: int, people: People) -> Draw:
    """Draw from where to where, when, and for how many."""
    origin = dice.pick(people.station_rank, n)
    destination = dice.pick(people.station_rank, n)
    destination = np.where(destination == origin, (destination + 7) % len(people.stations), destination)
    return {
        "origin": origin,
        "destination": destination,
        "lead": dice.pick(_LEAD, n),
        "passengers": dice.pick(_PASSENGERS, n) + 1,
        "train": dice.pick(people.train_rank, n),
    }


def size_quantiles(median: int, sigma: float) -> Array:
    """Return quantiles of body sizes around a median."""
    return latency_quantiles(median / 1000, sigma, tail=0)


_SIZES = {
    "search": size_quantiles(14_200, 0.45),
    "seats": size_quantiles(5_600, 0.3),
    "book": size_quantiles(1_480, 0.12),
    "trips": size_quantiles(3_900, 0.7),
    "ticket": size_quantiles(24_800, 0.1),
    "cancel": size_quantiles(310, 0.1),
}
