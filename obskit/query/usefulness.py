"""The order in which fields are shown to people: those that tell most about an event first.

Where only some fields fit, the others are named below, so the order decides what is seen:
`timestamp, duration_ms, name, ..., trace_id`, then the fields that differ between the rows.
"""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

FIRST = (
    "timestamp",
    "duration_ms",
    "name",
    "body",
    "http.response.status_code",
    "error",
    "severity_text",
    "error.type",
    "service.name",
    "http.route",
    "trace_id",
    "http.request.method",
    "url.path",
    "exception.type",
    "exception.message",
    "service.version",
    "kind",
    "status_code",
    "deployment.id",
    "db.query.summary",
    "messaging.destination.name",
    "cloud.region",
    "cloud.availability_zone",
    "k8s.pod.name",
    "host.name",
    "user.id",
    "client.address",
    "span_id",
    "parent_span_id",
)
"""The fields that come first, where they exist."""

_ROWS = 1_000  # rows that are compared; more tell nothing new about which fields differ


def by_usefulness(names: Iterable[str]) -> list[str]:
    """Return field names, those of `FIRST` first and the others in their order.

    Args:
        names: names of fields.

    Returns:
        The same names.
    """
    rank = {name: at for at, name in enumerate(FIRST)}
    return sorted(names, key=lambda name: rank.get(name, len(FIRST)))


def by_difference(table: pa.Table) -> list[str]:
    """Return the names of the columns of some rows, the most useful ones for telling the rows apart first.

    Args:
        table: the rows.

    Returns:
        All names: those of `FIRST` that have a value; columns whose values differ and repeat; columns with
        another value in each row; lists; columns with one value; columns without any.
    """
    head = table.slice(0, _ROWS)
    names = by_usefulness(table.schema.names)
    ranks = {name: _rank(name, head.column(name)) for name in names}
    return sorted(names, key=lambda name: ranks[name])


def _rank(name: str, column: pa.ChunkedArray) -> tuple[int, int]:
    rows = len(column) - column.null_count
    if not rows:
        return (5, 0)
    if name in FIRST:
        return (0, FIRST.index(name))
    kind = column.type
    if pa.types.is_nested(kind):
        return (3, 0)
    distinct = len(column.drop_null().unique())
    if distinct == 1 and not column.null_count:
        return (4, 0)
    # Values that are different in each row are ids and measurements; they group nothing.
    return (2, -rows) if distinct == rows > 2 and not pa.types.is_floating(kind) else (1, -rows)
