"""What all kinds of requests share: the caller, the path through edge and gateway, and the class `Flow`."""

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
"""Columns of one kind of request, one entry per trace: times in µs, booleans, index numbers."""

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
        share: share of the traffic.
        sampling_exponent: k; an ordinary trace is kept with probability 1/2^k.
        slow_ms: a trace that takes longer counts as slow and is sampled at another rate.
        draw: draws what the sampling and the number of rows depend on, for requests at given times.
        spans: adds the rows of the sampled requests.
    """

    name: str
    share: float
    sampling_exponent: int
    slow_ms: float
    draw: Callable[[Dice, Array, People], Draw]
    spans: Callable[[ChunkContext, Draw, Array], None]


@dataclass(frozen=True)
class ChunkContext:
    """What the flows of one chunk share: its rows so far, its random draws, the fleet and the people."""

    builder: RowBuilder
    dice: Dice
    fleet: Fleet
    people: People

    def pod(self, service: str, draw: Draw, version: Array | int = OLD) -> Array:
        """Choose a pod of the service in each request's region."""
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
    """Draw who sends each request: region, customer, client, and whether they are signed in.

    Args:
        dice: random draws of the chunk.
        n: number of requests.
        people: customers and clients to draw from.
        user: customers, if drawn already; by Zipf's law if None.
        anonymous: share of callers who are not signed in; at a kiosk nobody is.
        kiosks: whether the request can be made at a kiosk.

    Returns:
        Columns of the caller, one entry per request.
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
    """Draw the version of booking that answers at each time: NEW with the rollout's share at that time."""
    version: Array = np.where(dice.chance(rollout_share(t), len(t)), NEW, OLD)
    return version


def draw_ingress(dice: Dice, n: int, inner: Array) -> Draw:
    """Draw the latency of edge and gateway around a service that takes `inner` µs."""
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
    """Return when a child begins: after 3/8 of its parent's own work and half of the network hop."""
    begins: Array = start + (overhead * 3 >> 3) + (hop >> 1)
    return begins


def add_ingress_spans(
    context: ChunkContext, flow: str, draw: Draw, trace: Array, status: Array
) -> tuple[Array, Array]:
    """Add the edge's and the gateway's spans.

    Args:
        context: the chunk.
        flow: name of the flow.
        draw: columns of the requests.
        trace: number of each request's trace.
        status: HTTP status of each request.

    Returns:
        Row numbers of the gateway's spans, and when the service behind it begins.
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
    """Return the error that a caller reports for each HTTP status: the status itself if it is a 5xx."""
    known = {500: E500, 502: E502, 504: E504}
    out = np.full(len(status), NONE)
    for code, error in known.items():
        out[status == code] = error
    return out


def draw_journey(dice: Dice, n: int, people: People) -> Draw:
    """Draw origin, destination, days until departure, passengers and train."""
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
    """Return the quantiles of body sizes around a median."""
    return latency_quantiles(median / 1000, sigma, tail=0)


_SIZES = {
    "search": size_quantiles(14_200, 0.45),
    "seats": size_quantiles(5_600, 0.3),
    "book": size_quantiles(1_480, 0.12),
    "trips": size_quantiles(3_900, 0.7),
    "ticket": size_quantiles(24_800, 0.1),
    "cancel": size_quantiles(310, 0.1),
}
