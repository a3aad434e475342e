"""An hour of requests whose failures are known, and files of checks.

minutes     0 ............ 50 ... 55 ... 60
bad         1 of 100       |  all of "burning"
"""

from datetime import UTC, datetime, timedelta

import pyarrow as pa

from obskit.dataset import from_arrow
from obskit.engine import Scope

T = datetime(2026, 5, 4, 10, tzinfo=UTC)


def row(second, failed=False, service="book", **more):
    return {
        "timestamp": T + timedelta(seconds=second),
        "name": "GET /book",
        "kind": "server",
        "service.name": service,
        "duration_ms": 100.0,
        "error": failed,
    } | more


def scope(rows):
    names = dict.fromkeys(name for one in rows for name in one)
    return Scope.of(
        from_arrow(pa.Table.from_pylist([{name: one.get(name) for name in names} for one in rows]))
    )


def hour(bad=(), every=6, **more):
    """Return 600 requests in an hour; those whose number is in `bad` failed."""
    failing = set(bad)
    return [row(number * every, number in failing, **more) for number in range(3600 // every)]


def write(tmp_path, text):
    path = tmp_path / "checks.toml"
    path.write_text(f"version = 1\n{text}")
    return path
