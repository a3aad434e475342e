"""What happens in the live demo: who asks for what, from a seed, and what goes wrong when.

Stages begin at a request's number, not at a time: however slow the machine, each has its share of requests.
"""

from __future__ import annotations

import random
import zlib
from dataclasses import dataclass
from typing import Any

STABLE, CANARY = "2.3.4", "2.4.0"
CANARY_SHARE = 50  # percent of the users, from CANARY_FROM on
CANARY_FROM, FAULT_FROM, FAULT_UNTIL = 0.3, 0.6, 0.9  # of all requests
# Whose bookings wait for a lock on the canary, and the cards that fail while the switch is on.
SLOW_APP, SLOW_REGION, SLOW_SECONDS = "android", "DE-BY", 0.7
FAILING_SCHEME = "girocard"

_APPS = {"android": 50, "ios": 25, "web": 20, "kiosk": 5}
_REGIONS = {"DE-BY": 40, "DE-BE": 30, "DE-HH": 20, "DE-SN": 10}
_SCHEMES = {"visa": 40, "girocard": 30, "mastercard": 25, "amex": 5}
_TRAINS = [f"T{number}" for number in range(510, 530)]
_LOOKING = 0.2  # of the requests only look at a seat map


@dataclass(frozen=True)
class Request:
    """One request of a client: a booking, or a look at the seats where there is no order."""

    train: str
    order: dict[str, Any] | None
    secret: str  # which must never reach the disk


def requests(count: int, seed: int) -> list[Request]:
    """Return what the clients will ask for; the same seed, the same requests."""
    dice = random.Random(seed)  # noqa: S311 (nobody's secret hangs on it)

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
        }
        secret = f"{dice.getrandbits(128):032x}"
        made.append(Request(train, None if dice.random() < _LOOKING else order, secret))
    return made


def share_of(user: str, what: str) -> int:
    """Return a user's place in a rollout, 0 to 99: always the same for one user, another for each rollout."""
    return zlib.crc32(f"{what}/{user}".encode()) % 100


def planted(canary: str, fault: str) -> list[dict[str, Any]]:
    """Return what goes wrong, as planted.json of the made-up day has it.

    Args:
        canary: the window since when the canary has its share.
        fault: the window in which the cards fail.
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
            "title": f"payments by {FAILING_SCHEME} fail",
            "selection": "error",
            "where": "service.name = 'payment' and http.route = '/pay'",
            "during": fault,
            "population": "units",
            "expected": [{"field": "payment.scheme", "op": "=", "value": FAILING_SCHEME}],
        },
    ]
