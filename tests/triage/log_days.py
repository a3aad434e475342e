"""Days of log lines with planted changes: what is said, from where, and when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from obskit.dataset import from_arrow
from obskit.engine import Scope

BEGIN = datetime(2026, 5, 4, tzinfo=UTC)
CHANGE = BEGIN + timedelta(hours=16)
HOURS = 24
WORDS = [
    f"{a} {b}"
    for a in ("opened", "closed", "loaded", "merged")
    for b in ("seat", "cart", "page", "ticket", "shard")
]
PODS = [f"pay-{letter}" for letter in "abcdefgh"]


class LogDay:
    """Lines of a day, one call of `add` after the other.

    Args:
        seed: of the random numbers.
    """

    def __init__(self, seed: int = 1) -> None:
        self.rng = np.random.default_rng(seed)
        self._rows: list[tuple[float, str | None, str | None, str, dict[str, Any]]] = []

    def add(
        self,
        body: str,
        lines: int,
        *,
        since: float = 0.0,
        until: float = HOURS,
        severity: str = "INFO",
        pods: list[str] = PODS,
        **more: Any,
    ) -> LogDay:
        """Add lines at random times between two hours; `{}` in the body is a number."""
        for hour in self.rng.uniform(since, until, lines):
            number = str(self.rng.integers(1, 10**6))
            pod = pods[self.rng.integers(len(pods))]
            self._rows.append((hour, body.replace("{}", number), severity, pod, more))
        return self

    def background(self, lines: int = 6_000) -> LogDay:
        """Add lines of messages that do not change: some are frequent, most are not."""
        share = 1 / np.arange(1, len(WORDS) + 1)
        for words, count in zip(WORDS, self.rng.multinomial(lines, share / share.sum()), strict=True):
            self.add(f"{words} {{}} for user {{}}", int(count))
        return self

    def requests(self, count: int, *, service: str = "pay", night: float = 1.0) -> LogDay:
        """Add requests without a message, `night` times as many per hour from 18:00 on."""
        late = self.rng.random(count) < 6 * night / (18 + 6 * night)
        for hour in np.where(late, self.rng.uniform(18, HOURS, count), self.rng.uniform(0, 18, count)):
            pod = PODS[self.rng.integers(len(PODS))]
            more = {"service.name": service, "kind": "server", "name": "POST /pay", "duration_ms": 12.0}
            self._rows.append((hour, None, None, pod, more))
        return self

    def scope(self) -> Scope:
        """Return the lines as events."""
        rows = sorted(self._rows, key=lambda row: row[0])
        names = dict.fromkeys(name for row in rows for name in row[4])
        return Scope.of(
            from_arrow(
                pa.table(
                    {
                        "timestamp": pa.array(
                            [BEGIN + timedelta(hours=row[0]) for row in rows], pa.timestamp("us", "UTC")
                        ),
                        "body": pa.array([row[1] for row in rows], pa.string()),
                        "severity_text": pa.array([row[2] for row in rows], pa.string()),
                        "k8s.pod.name": [row[3] for row in rows],
                        **{name: [row[4].get(name) for row in rows] for name in names},
                    }
                )
            )
        )


def bursts(seed: int, burst: int, *, lines: int = 40_000, values: int = 400) -> tuple[Any, Any]:
    """Return (values, hours) of lines that come in bursts of 10 seconds; nothing changes."""
    rng = np.random.default_rng(seed)
    share = rng.zipf(1.6, values).astype(float)
    which = rng.choice(values, lines // burst, p=share / share.sum())
    hours = rng.uniform(0, HOURS, lines // burst)
    return np.repeat(which, burst), np.repeat(hours, burst) + rng.uniform(0, 10 / 3600, len(which) * burst)
