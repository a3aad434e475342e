"""Customers and their clients, stations and trains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from obskit.demo.draw import Array, Dice, category_table, zipf_table

CUSTOMERS = 12_000
FRAMEWORK_CUSTOMERS = 200
AGENCIES = 12  # the busiest customers are travel agencies
STATIONS = 420
TRAINS = 900
PLATFORMS = ("android", "ios", "web", "kiosk", "partner")
ANDROID, IOS, WEB, KIOSK, PARTNER = range(5)
FRAMEWORK_TARIFF = "framework-2019"

# code, region, share, locality
_PLACES = (
    ("DE", 0, 29, ("Berlin", "Hamburg", "Munich", "Cologne", "Leipzig")),
    ("AT", 0, 8, ("Vienna", "Graz", "Linz")),
    ("CH", 0, 7, ("Zurich", "Basel", "Bern")),
    ("PL", 0, 7, ("Warsaw", "Krakow", "Poznan")),
    ("CZ", 0, 4, ("Prague", "Brno")),
    ("FR", 1, 14, ("Paris", "Lyon", "Lille", "Strasbourg")),
    ("BE", 1, 5, ("Brussels", "Antwerp")),
    ("NL", 1, 8, ("Amsterdam", "Utrecht", "Rotterdam")),
    ("GB", 1, 4, ("London",)),
    ("DK", 2, 6, ("Copenhagen", "Aarhus")),
    ("SE", 2, 8, ("Stockholm", "Malmo", "Gothenburg")),
    ("NO", 2, 3, ("Oslo",)),
)
_TARIFFS: tuple[tuple[str, int], ...] = (
    ("standard", 50),
    ("saver-25", 19),
    ("saver-50", 11),
    ("youth", 9),
    ("senior", 6),
    ("business", 5),
)
_KINDS = (
    ("HS", "RailHop Express", 38),
    ("IC", "RailHop", 34),
    ("RE", "Regio Nord", 14),
    ("RE", "Lakeline", 8),
    ("NJ", "Nachtzug Co-op", 6),
)
_TIERS = ((None, 46), ("blue", 33), ("silver", 15), ("gold", 6))
_LANGUAGES = {"AT": "de-AT", "CH": "de-CH", "CZ": "cs-CZ", "BE": "nl-BE", "GB": "en-GB", "DK": "da-DK"}
_LANGUAGES |= {"SE": "sv-SE", "NO": "nb-NO"}


_CLIENT_FIELDS = (
    "app.platform",
    "app.version",
    "os.name",
    "os.version",
    "device.manufacturer",
    "device.model.identifier",
    "user_agent.original",
    "user_agent.name",
    "user_agent.version",
)
# by country: the currency, and the value of one euro in hundredths of it
_CURRENCIES = {
    "CH": ("CHF", 95),
    "PL": ("PLN", 430),
    "CZ": ("CZK", 2_500),
    "GB": ("GBP", 86),
    "DK": ("DKK", 746),
    "SE": ("SEK", 1_130),
    "NO": ("NOK", 1_170),
}
_EURO = ("EUR", 100)


def _android(version: str, release: str, maker: str, model: str) -> dict[str, str]:
    agent = f"RailHop/{version} (Android {release}; {model}) okhttp/4.12.0"
    return _client("android", version, "Android", release, maker, model, agent, "RailHop", version)


def _ios(version: str, release: str, model: str) -> dict[str, str]:
    agent = f"RailHop/{version} (iOS {release}; {model}) CFNetwork/3826.400"
    return _client("ios", version, "iOS", release, "Apple", model, agent, "RailHop", version)


def _web(name: str, version: str, system: str, release: str, agent: str) -> dict[str, str]:
    return _client("web", "2026.18.1", system, release, None, None, agent, name, version)


def _client(*values: str | None) -> dict[str, str]:
    return {name: value for name, value in zip(_CLIENT_FIELDS, values, strict=True) if value is not None}


_KIT = "Mozilla/5.0 ({}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 {}Safari/537.36"
_NT, _MAC, _PHONE = "Windows NT 10.0; Win64; x64", "Macintosh; Intel Mac OS X 10_15_7", "Linux; Android 10; K"
# platform, profile, share within the platform
CLIENTS: tuple[tuple[int, dict[str, str], int], ...] = (
    (ANDROID, _android("8.3.1", "15", "Samsung", "SM-S921B"), 20),
    (ANDROID, _android("8.3.1", "14", "Samsung", "SM-A546B"), 19),
    (ANDROID, _android("8.3.1", "15", "Google", "Pixel 8"), 11),
    (ANDROID, _android("8.3.0", "14", "Xiaomi", "23129RAA4G"), 13),
    (ANDROID, _android("8.3.0", "13", "Samsung", "SM-A536B"), 14),
    (ANDROID, _android("8.2.4", "13", "Motorola", "moto g84 5G"), 9),
    (ANDROID, _android("8.2.4", "12", "OnePlus", "KB2003"), 8),
    (ANDROID, _android("8.1.9", "11", "Nokia", "Nokia X20"), 6),
    (IOS, _ios("8.3.1", "18.4.1", "iPhone16,1"), 28),
    (IOS, _ios("8.3.1", "18.4.1", "iPhone15,3"), 22),
    (IOS, _ios("8.3.0", "18.3.2", "iPhone14,5"), 20),
    (IOS, _ios("8.3.0", "17.7", "iPhone13,2"), 16),
    (IOS, _ios("8.2.4", "16.7.10", "iPhone12,8"), 14),
    (WEB, _web("Chrome", "136", "Windows", "10", _KIT.format(_NT, "136", "")), 30),
    (WEB, _web("Chrome", "135", "Mac OS X", "10.15.7", _KIT.format(_MAC, "135", "")), 12),
    (WEB, _web("Chrome Mobile", "136", "Android", "10", _KIT.format(_PHONE, "136", "Mobile ")), 14),
    (WEB, _web("Edge", "136", "Windows", "10", _KIT.format(_NT, "136", "") + " Edg/136.0.0.0"), 13),
    (
        WEB,
        _web(
            "Firefox", "138", "Windows", "10", f"Mozilla/5.0 ({_NT}; rv:138.0) Gecko/20100101 Firefox/138.0"
        ),
        12,
    ),
    (
        WEB,
        _web(
            "Safari",
            "18.4",
            "Mac OS X",
            "10.15.7",
            f"Mozilla/5.0 ({_MAC}) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.4 Safari/605.1.15",
        ),
        19,
    ),
    (
        KIOSK,
        _client(
            "kiosk",
            "5.7.2",
            "Windows",
            "10",
            "Railmatic",
            "TVM-4",
            "RailKiosk/5.7.2 (TVM-4)",
            "RailKiosk",
            "5.7.2",
        ),
        50,
    ),
    (
        KIOSK,
        _client(
            "kiosk",
            "5.7.2",
            "Windows",
            "10",
            "Railmatic",
            "TVM-3",
            "RailKiosk/5.7.2 (TVM-3)",
            "RailKiosk",
            "5.7.2",
        ),
        50,
    ),
    (
        PARTNER,
        _client(
            "partner", None, "Linux", None, None, None, "Apache-HttpClient/5.4.3 (Java/21)", "Java", "5.4.3"
        ),
        60,
    ),
    (
        PARTNER,
        _client(
            "partner", None, "Linux", None, None, None, "python-requests/2.32.3", "python-requests", "2.32.3"
        ),
        40,
    ),
)
CLIENT_PLATFORM = np.array([platform for platform, _, _ in CLIENTS])
_PLATFORM_SHARE = (42, 26, 29, 3, 0)
_PROTOCOL = ("2", "2", "3", "1.1", "1.1")
_LETTER = (0, 0, 1, 2, 1)  # push, email, sms
_CHANNEL = ("mobile_app", "mobile_app", "web", "station", "agency")


def _strings(values: list[Any]) -> pa.Array:
    return pa.array(values, pa.string())


def _columns(rows: list[dict[str, str]]) -> dict[str, pa.Array]:
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: _strings([row.get(name) for row in rows]) for name in names}


@dataclass(frozen=True)
class Customers:
    """The customers, the busiest first; arrays are indexed by customer number."""

    region: Array
    client: Array  # the preferred client of each; `other` is the second one
    other: Array
    framework: Array  # numbers of those on the framework tariff
    on_framework: Array
    rank: Array  # table to draw customers from, by Zipf's law
    fields: dict[str, pa.Array]
    where: dict[str, pa.Array]
    rate: Array  # value of one euro in hundredths of their currency
    currency: pa.Array
    trips: pa.Array  # the path of each customer's list of bookings


class People:
    """Customers, stations and trains; they depend only on the seed."""

    def __init__(self, seed: int) -> None:
        dice = Dice(seed, 0xFFFF_FFFF)
        self.clients = _columns([profile for _, profile, _ in CLIENTS])
        self.clients["network.protocol.version"] = _strings([_PROTOCOL[p] for p, _, _ in CLIENTS])
        self._letter = np.array([_LETTER[platform] for platform, _, _ in CLIENTS])
        self.channel = _strings([_CHANNEL[platform] for platform, _, _ in CLIENTS])
        self.kiosks = np.flatnonzero(CLIENT_PLATFORM == KIOSK)
        self.customers = _customers(dice)
        self.station_rank = zipf_table(STATIONS, exponent=1.05, shift=6, bits=16)
        self.stations = _stations(dice)
        self.train_rank = zipf_table(TRAINS, exponent=0.9, shift=30, bits=16)
        self.trains = _trains(dice)
        numbers = self.trains["train.number"].to_pylist()
        self.seat_paths = _strings([f"/trains/{n.replace(' ', '-')}/seats" for n in numbers])

    def letter(self, client: Array) -> Array:
        """Return the number of each client's notification channel; -1 where the client is unknown."""
        return np.where(client < 0, -1, self._letter[client])


def _customers(dice: Dice) -> Customers:
    n = CUSTOMERS
    place = dice.pick(category_table([share for _, _, share, _ in _PLACES]), n)
    client = dice.pick(category_table([_PLATFORM_SHARE[p] * share for p, _, share in CLIENTS]), n)
    other = dice.pick(
        category_table([_PLATFORM_SHARE[p] * share * (p != KIOSK) for p, _, share in CLIENTS]), n
    )
    partners = np.flatnonzero(CLIENT_PLATFORM == PARTNER)
    client[:AGENCIES] = other[:AGENCIES] = partners[dice.below(len(partners), AGENCIES)]
    client[client == partners[0]] = partners[0]
    tariff = dice.pick(category_table([share for _, share in _TARIFFS]), n)
    order = np.argsort(dice.u64(3_600), kind="stable")
    framework = np.sort(order[:FRAMEWORK_CUSTOMERS] + 400)  # neither the busiest nor the rarest
    on_framework = np.zeros(n, dtype=bool)
    on_framework[framework] = True
    tariffs = [name for name, _ in _TARIFFS]
    tier = dice.pick(category_table([share for _, share in _TIERS]), n)
    digits = np.argsort(dice.u64(90_000), kind="stable")[:n] + 100_000
    ids = [f"cus_{d}" for d in digits]
    locality = dice.u16(n)
    octets = dice.u16(3 * n).astype(np.int64).reshape(3, n)
    towns, codes, addresses = [], [], []
    for i in range(n):
        code, _, _, names = _PLACES[place[i]]
        codes.append(code)
        towns.append(names[int(locality[i]) * len(names) >> 16])
        first = (31, 46, 62, 77, 80, 84, 88, 91, 95, 109, 178, 213)[int(octets[0, i]) * 12 >> 16]
        addresses.append(
            f"{first}.{int(octets[0, i]) % 253 + 1}.{octets[1, i] >> 8}.{octets[2, i] % 254 + 1}"
        )
    return Customers(
        region=np.array([_PLACES[p][1] for p in place]),
        client=client,
        other=other,
        framework=framework,
        on_framework=on_framework,
        rank=zipf_table(n, exponent=0.8, shift=40),
        fields={
            "user.id": _strings(ids),
            "customer.tariff": _strings(
                [FRAMEWORK_TARIFF if on_framework[i] else tariffs[tariff[i]] for i in range(n)]
            ),
            "customer.loyalty_tier": _strings([_TIERS[t][0] for t in tier]),
        },
        where={
            "geo.country.iso_code": _strings(codes),
            "geo.locality.name": _strings(towns),
            "client.address": _strings(addresses),
            "http.request.header.accept-language": _strings(
                [_LANGUAGES.get(c, f"{c.lower()}-{c}") for c in codes]
            ),
        },
        rate=np.array([_CURRENCIES.get(c, _EURO)[1] for c in codes]),
        currency=_strings([_CURRENCIES.get(c, _EURO)[0] for c in codes]),
        trips=_strings([f"/customers/{i}/bookings" for i in ids]),
    )


def _stations(dice: Dice) -> pa.Array:
    letters = "ABDEFGHKLMNOPRSTUWZ"
    codes: dict[str, None] = {}
    while len(codes) < STATIONS:
        land = _PLACES[int(dice.pick(category_table([share for _, _, share, _ in _PLACES]), 1)[0])][0]
        codes[land + "".join(letters[i] for i in dice.below(len(letters), 3))] = None
    return _strings(list(codes))


def _trains(dice: Dice) -> dict[str, pa.Array]:
    kind = dice.pick(category_table([share for _, _, share in _KINDS]), TRAINS)
    number = np.argsort(dice.u64(8_900), kind="stable")[:TRAINS] + 100
    line = dice.below(48, TRAINS)
    return {
        "train.number": _strings([f"{_KINDS[k][0]} {n}" for k, n in zip(kind, number, strict=True)]),
        "train.category": _strings([_KINDS[k][0] for k in kind]),
        "train.operator": _strings([_KINDS[k][1] for k in kind]),
        "train.line": _strings([f"{_KINDS[k][0]}{n + 1}" for k, n in zip(kind, line, strict=True)]),
        "train.composition_id": _strings([f"cmp-{4000 + int(n) * 7 % 613}" for n in number]),
    }
