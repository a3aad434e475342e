"""What happens in the live demo: what the clients request, and what goes wrong when.

Each stage begins at a request number and not at a time, so it has its share of the requests on any machine.
"""

from __future__ import annotations

import math
import random
import zlib
from dataclasses import dataclass
from typing import Any

STABLE, CANARY = "2.3.4", "2.4.0"
# From which part of all requests on which percentage of the users is on the canary.
CANARY_STEPS = ((0.3, 10), (0.4, 25), (0.5, 50))
FAULT_FROM, FAULT_UNTIL = 0.6, 0.9  # of all requests
SWING = 0.4  # by how much the time between two requests becomes longer and shorter
# Bookings with this app and region wait for a lock on the canary; cards of this scheme fail during the fault.
SLOW_APP, SLOW_REGION, SLOW_SECONDS = "android", "DE-BY", 0.7
FAILING_SCHEME = "girocard"
BAD_CUSTOMER = "c-03"  # the canary cannot write its invoices

_APPS = {"android": 50, "ios": 25, "web": 20, "kiosk": 5}
_REGIONS = {"DE-BY": 40, "DE-BE": 30, "DE-HH": 20, "DE-SN": 10}
_CUSTOMERS = {"c-01": 30, "c-02": 25, "c-03": 20, "c-04": 15, "c-05": 10}
_SCHEMES = {"visa": 40, "girocard": 30, "mastercard": 25, "amex": 5}
_TRAINS = [f"T{number}" for number in range(510, 530)]
_SEAT_MAP_SHARE = 0.2  # of the requests; the others are bookings


@dataclass(frozen=True)
class Request:
    """One request of a client: a booking, or a look at the seat map if `order` is None."""

    train: str
    order: dict[str, Any] | None
    secret: str  # must never reach the disk


def requests(count: int, seed: int) -> list[Request]:
    """Return the requests of the clients; the same seed gives the same requests."""
    dice = random.Random(seed)  # noqa: S311 (not used for security)

    def one_of(weights: dict[str, int]) -> str:
        return dice.choices(list(weights), list(weights.values()))[0]

    made = []
    for _ in range(count):
        train = dice.choice(_TRAINS)
        order = {
            "user": f"u-{dice.randrange(20_000):05d}",
            "app": one_of(_APPS),
            "region": one_of(_REGIONS),
            "train": train,
            "seats": dice.choices((1, 2, 3, 4), (60, 25, 10, 5))[0],
            "fare": round(dice.lognormvariate(3.6, 0.5), 2),
            "scheme": one_of(_SCHEMES),
            "customer": one_of(_CUSTOMERS),
        }
        secret = f"{dice.getrandbits(128):032x}"
        made.append(Request(train, None if dice.random() < _SEAT_MAP_SHARE else order, secret))
    return made


def pace(part: float) -> float:
    """Return how long the time between two requests is, compared with its mean, at a part of all requests.

    Args:
        part: the share of the requests that have been sent, in [0, 1].

    Returns:
        A factor whose mean over the run is 1: traffic is slow first, and then twice as fast.
    """
    return 1 + SWING * math.sin(2 * math.pi * part)


def bucket_of(user: str, what: str) -> int:
    """Return a user's bucket in a rollout, 0 to 99: stable per user, and different in each rollout."""
    return zlib.crc32(f"{what}/{user}".encode()) % 100


def judged() -> dict[str, Any]:
    """Describe what the verdict on the canary is expected to find, in the form of `planted.json`."""
    return {
        "id": "customer",
        "title": f"bookings of the customer {BAD_CUSTOMER} fail on booking {CANARY}",
        "candidate": CANARY,
        "steps": [{"from": part, "percent": percent} for part, percent in CANARY_STEPS],
        "expected": [{"field": "customer.id", "op": "=", "value": BAD_CUSTOMER}],
    }


def planted(canary: str, fault: str) -> list[dict[str, Any]]:
    """Describe what goes wrong, in the form of `planted.json`.

    Args:
        canary: time range in which the canary gets its share of the requests, START/END.
        fault: time range in which the cards fail, START/END.

    Returns:
        One entry per planted cause.
    """
    return [
        {
            "id": "canary",
            "title": f"bookings from {SLOW_APP} in {SLOW_REGION} wait {SLOW_SECONDS:g} s on booking {CANARY}",
            "selection": f"duration_ms > {SLOW_SECONDS * 1000:.0f}",
            "where": "service.name = 'booking' and http.route = '/book'",
            "during": canary,
            "population": "units",
            "expected": [
                {"field": "service.version", "op": "=", "value": CANARY},
                {"field": "app.platform", "op": "=", "value": SLOW_APP},
                {"field": "geo.region.iso_code", "op": "=", "value": SLOW_REGION},
            ],
        },
        {
            "id": "fault",
            "title": f"payments with {FAILING_SCHEME} fail",
            "selection": "error",
            "where": "service.name = 'payment' and http.route = '/pay'",
            "during": fault,
            "population": "units",
            "expected": [{"field": "payment.scheme", "op": "=", "value": FAILING_SCHEME}],
        },
    ]
