"""Which span is below which: the rows of one trace as a tree.

A span is placed below the span that its `parent_span_id` names, and never below another one. Where that span
is missing, it starts a tree of its own and says so. A log record is placed below the span that wrote it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from obskit.names import CALLING_KINDS, UNIT_KINDS

Origin = Literal["root", "child", "missing", "ring"]


@dataclass(frozen=True)
class Place:
    """Where a row is in the tree.

    Attributes:
        row: index of the row.
        depth: 0 for a row that has no parent here.
        parent: index of the parent's row; None without one.
        origin: "root" (names no parent), "child", "missing" (its parent is not among the rows), "ring" (its
            parents lead back to itself; the ring is cut here).
    """

    row: int
    depth: int
    parent: int | None
    origin: Origin


def is_point(row: Mapping[str, Any]) -> bool:
    """Return whether a row is a log record or another event of a span, instead of a span."""
    if row.get("duration_ms") is not None:
        return False
    return row.get("kind") == "event" or row.get("body") is not None


def place(rows: Sequence[Mapping[str, Any]]) -> list[Place]:
    """Return the place of every row, parents before their children, siblings by start.

    Args:
        rows: spans and log records with `span_id`, `parent_span_id`, `timestamp` and, where known, `kind`,
            `duration_ms`, `body` and `service.name`; any of them may be None.
    Returns:
        Every row once. Two sides of a call may share an id, as in Zipkin: the server is then below the
        client, and a child with that parent id is below the side of its own service, else below the server.
        A span without a known parent has depth 0. So has one span of a ring of parents, where the ring is
        entered.
    """
    parents = _parents(rows)
    children: dict[int, list[int]] = {}
    roots = []
    for index, parent in enumerate(parents):
        if parent is None:
            roots.append(index)
        else:
            children.setdefault(parent, []).append(index)

    def start(index: int) -> tuple[bool, Any]:
        at = rows[index].get("timestamp")
        return (at is None, at if at is not None else 0)

    out: list[Place] = []
    seen: set[int] = set()
    # A stack instead of recursion: a trace may be deeper than Python's limit.
    for root in [*sorted(roots, key=start), *range(len(rows))]:
        stack: list[tuple[int, int, int | None]] = [(root, 0, None)]
        while stack:
            index, depth, parent = stack.pop()
            if index in seen:
                continue
            seen.add(index)
            out.append(Place(index, depth, parent, _origin(rows[index], parent, parents[index])))
            stack.extend(
                (child, depth + 1, index)
                for child in sorted(children.get(index, ()), key=start, reverse=True)
            )
    return out


def order(rows: Sequence[Mapping[str, Any]]) -> list[tuple[int, int]]:
    """Return (index, depth) of every row, parents before their children, siblings by start.

    Args:
        rows: spans and log records, as `place` takes them.
    Returns:
        Every index once.
    """
    return [(placed.row, placed.depth) for placed in place(rows)]


def _origin(row: Mapping[str, Any], placed_below: int | None, known_parent: int | None) -> Origin:
    if placed_below is not None:
        return "child"
    if known_parent is not None:
        return "ring"
    named = row.get("span_id") if is_point(row) else row.get("parent_span_id")
    return "root" if named is None else "missing"


def _parents(rows: Sequence[Mapping[str, Any]]) -> list[int | None]:
    """Return the index of every row's parent; None if the parent is not among the rows."""
    points = [is_point(row) for row in rows]
    named = [
        row.get("span_id" if point else "parent_span_id") for row, point in zip(rows, points, strict=True)
    ]
    spans = [
        (row["span_id"], index)
        for index, row in enumerate(rows)
        if not points[index] and row.get("span_id") is not None
    ]
    by_id = dict(spans)
    if len(by_id) < len(spans):
        return _parents_by_side(rows, spans, named)
    found = [None if name is None else by_id.get(name) for name in named]
    return [None if parent == index else parent for index, parent in enumerate(found)]


def _parents_by_side(
    rows: Sequence[Mapping[str, Any]], spans: Sequence[tuple[Any, int]], named: Sequence[Any]
) -> list[int | None]:
    """Return the parents where spans share ids: the side of the call or the service says which is meant."""
    # The first two spans for each key: one of them may be the span itself.
    where: dict[tuple[Any, ...], list[int]] = {}
    for own, index in spans:
        side, service = _side(rows[index]), rows[index].get("service.name")
        for key in ((own,), (own, side), (own, None, service), (own, side, service)):
            if len(have := where.setdefault(key, [])) < 2:
                have.append(index)

    def above(index: int) -> int | None:
        row, parent = rows[index], named[index]
        service = row.get("service.name")
        wanted = [(parent, "called", service), (parent, None, service), (parent, "called"), (parent,)]
        if _side(row) == "called":
            wanted.insert(0, (row.get("span_id"), "calling"))
        if service is None:
            wanted = [key for key in wanted if len(key) < 3]
        found = (other for key in wanted for other in where.get(key, ()) if other != index)
        return next(found, None)

    return [above(index) for index in range(len(rows))]


def _side(span: Mapping[str, Any]) -> str | None:
    kind = span.get("kind")
    return "calling" if kind in CALLING_KINDS else "called" if kind in UNIT_KINDS else None
