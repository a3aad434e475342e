"""What it costs to remove a prefix: the same lines with and without it, read by obskit.

A rate of 0.7 times that of the lines alone is a cost of 30%.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import orjson

from benchmarks.load import access, app_log
from benchmarks.load.contest import Format, events, obskit

LINES = 100_000
_TIME = "2026-05-04T10:{:02d}:{:02d}.{:06d}789Z"


def _kubectl(n: int) -> str:
    return f"[pod/shop-7d9f6-x{n % 4}/app] "


def _cri(n: int) -> str:
    return _TIME.format(n // 3000 % 60, n // 50 % 60, n % 10**6) + " stdout F "


def _compose(n: int) -> str:
    return f"shop-{n % 3}  | "


def _syslog(n: int) -> str:
    return f"May  4 10:{n // 3000 % 60:02d}:{n // 50 % 60:02d} host-1 shop[{41 + n % 3}]: "


def _json() -> list[str]:
    return [
        orjson.dumps(
            {
                "time": _TIME.format(n // 3000 % 60, n // 50 % 60, n % 10**6),
                "level": "info" if n % 9 else "error",
                "msg": f"order {n} done",
                "status": 200 if n % 9 else 502,
                "duration_ms": n % 977 / 7,
                "user": f"u{n % 5000}",
                "path": f"/api/{n % 37}",
            }
        ).decode()
        + "\n"
        for n in range(LINES)
    ]


INNER: dict[str, Callable[[], list[str]]] = {
    "json": _json,
    "access": lambda: list(access.lines("combined", LINES)),
    "app": lambda: app_log.text(LINES, traces=False).splitlines(keepends=True),
}


def make(inner: str, prefix: Callable[[int], str], folder: Path) -> Path:
    """Write the lines with their prefix, and without it next to them."""
    lines = INNER[inner]()
    path = folder / "prefixed.log"
    path.write_text("".join(prefix(n) + line for n, line in enumerate(lines)))
    (folder / "plain.log").write_text("".join(lines))
    return path


def plain(path: Path) -> int:
    """Read the lines without a prefix."""
    return obskit(path.with_name("plain.log"))


def plain_events(path: Path) -> int:
    """Read the lines without a prefix, and normalize them."""
    return events(path.with_name("plain.log"))


FORMATS = tuple(
    Format(
        f"prefix-{prefix.__name__.strip('_')}-{inner}",
        partial(make, inner, prefix),
        {"obskit.plain": plain, "obskit.plain, as events": plain_events},
        ("obskit.plain",),
        0.7,
        rows=LINES,
        ours={"obskit": obskit, "obskit, as events": events},
    )
    for prefix, inner in (
        (_kubectl, "json"),
        (_cri, "json"),
        (_cri, "access"),
        (_compose, "app"),
        (_syslog, "access"),
    )
)
