"""A small made-up hour of traffic that each sample writes in its own format.

`World(count=4).requests()` gives four requests with different times, durations, statuses and ids, so that no
row of a file can be taken for another one. Everything follows from `World`: a sample of a world whose clock is
two hours later is the same file with other times.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

START = datetime(2026, 5, 4, 10, 0, 0, tzinfo=UTC)
STEP = timedelta(seconds=37)
_STATUSES = (200, 200, 502, 200, 404, 201, 503, 200, 301, 500)
_PATHS = ("/book", "/search", "/pay", "/seats/{}")
_METHODS = ("GET", "POST", "GET", "PUT")
_LEVELS = {2: "INFO", 3: "INFO", 4: "WARN", 5: "ERROR"}
TRACE = "4bf92f3577b34da6a3ce929d0e0e47"


@dataclass(frozen=True)
class Request:
    """One request, with everything that any format writes about it."""

    number: int
    time: datetime
    duration_us: int
    status: int
    method: str
    path: str
    client: str
    size: int
    trace_id: str
    span_id: str
    parent_id: str
    service: str

    @property
    def ms(self) -> float:
        return self.duration_us / 1000

    @property
    def epoch_us(self) -> int:
        return round(self.time.timestamp()) * 1_000_000 + self.time.microsecond

    @property
    def level(self) -> str:
        return _LEVELS[self.status // 100]

    @property
    def failed(self) -> bool:
        return self.status >= 500

    @property
    def iso(self) -> str:
        """ISO 8601 with milliseconds, `Z` for UTC."""
        return self.time.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    @property
    def clf(self) -> str:
        """The time as Apache and nginx write it, with English months whatever the locale."""
        month = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()[self.time.month - 1]
        return self.time.strftime(f"%d/{month}/%Y:%H:%M:%S %z")

    @property
    def line(self) -> str:
        """The request line."""
        return f"{self.method} {self.path} HTTP/1.1"


@dataclass(frozen=True)
class World:
    """What the requests of a file are made from.

    Attributes:
        count: number of requests.
        shift: hours that the clock is ahead.
        offset: minutes east of UTC of the zone in which times are written; the instants are the same.
    """

    count: int = 14
    shift: int = 0
    offset: int = 0

    def requests(self) -> list[Request]:
        zone = UTC if not self.offset else timezone(timedelta(minutes=self.offset))
        return [self._request(number, zone) for number in range(self.count)]

    def _request(self, n: int, zone: timezone) -> Request:
        # Whole seconds in the first digit after the point would hide a reader that drops the rest.
        time = START + n * STEP + timedelta(hours=self.shift, milliseconds=(n * 137) % 1000)
        return Request(
            number=n,
            time=time.astimezone(zone),
            duration_us=12_000 + 7_310 * n + (900_000 if n % 5 == 2 else 0),
            status=_STATUSES[n % len(_STATUSES)],
            method=_METHODS[n % len(_METHODS)],
            path=_PATHS[n % len(_PATHS)].format(n),
            client=f"203.0.113.{n + 1}",
            size=512 + 31 * n,
            trace_id=f"{TRACE}{n // 2:02x}",
            span_id=f"00f067aa0ba9{n + 1:04x}",
            parent_id=f"00f067aa0ba9{n:04x}" if n % 2 else "",
            service=("gateway", "booking")[n % 2],
        )
