"""Parent spans and the kinds of children that each of them has, over a whole dataset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt

from obskit.dataset import NO_TIME
from obskit.engine import Scope
from obskit.triage.missing.binned import Bools, Floats, Ints
from obskit.triage.missing.slices import operations_of

MOST_ROWS = 600_000  # with more, whole traces are drawn
_NEEDED = ("trace_id", "span_id", "parent_span_id", "timestamp")
_EVENT = "event"  # the kind of records, which are no calls


@dataclass(frozen=True, eq=False)
class Links:
    """Which spans have children of which operation.

    Attributes:
        keys: the operations with their kind, (values of the fields..., kind).
        operation: the operation of each row; (R,).
        time: of each row, in microseconds.
        weight: how many events each row represents.
        drawn: rows of traces that are looked at.
        parent, child: distinct pairs of a row and an operation that it has a child of; (L,).
        lag: microseconds from the parent's time to the child's, the longest of each pair.
    """

    keys: list[tuple[Any, ...]]
    operation: Ints
    time: Ints
    weight: Floats
    drawn: Bools
    parent: Ints
    child: Ints
    lag: Ints


def find_links(scope: Scope, keys: tuple[str, ...]) -> Links | None:
    """Match spans to their parents.

    Args:
        scope: any scope of the dataset; the links are of all rows.
        keys: the fields that identify operations.

    Returns:
        The links; None if the events have no span ids or no span has a parent.

    Cost: one statement, and two sorts of the rows.
    """
    everything = Scope(scope.dataset, scope.engine, derived=scope.derived)
    names = everything.schema.names
    if any(name not in names for name in _NEEDED):
        return None

    def build(table: ir.Table) -> ir.Table:
        trace: Any = table["trace_id"].hash()
        known: Any = table["span_id"].notnull() & table["trace_id"].notnull()
        return table.select(
            trace=trace,
            span=table["span_id"].hash(),
            parent=table["parent_span_id"].hash(),
            known=known,
            has_parent=known & table["parent_span_id"].notnull(),
        )

    found = everything.run(build).table
    trace, span, parent = (
        found.column(name).to_numpy().astype(np.int64).view(np.uint64) for name in ("trace", "span", "parent")
    )
    known, has_parent = (
        found.column(name).to_numpy(zero_copy_only=False).astype(bool) for name in ("known", "has_parent")
    )
    share = max(1, -(-len(span) // MOST_ROWS))
    if share > 1:
        drawn = known & (trace % np.uint64(share) == 0)
    else:
        drawn = known
    # A span id is unique within its trace.
    span, parent = (_mixed(trace, ids) for ids in (span, parent))
    kinds = (*keys, "kind") if "kind" in names else keys
    operations, operation = operations_of(everything, kinds)
    call = np.array(
        [key[-1] != _EVENT for key in operations] if "kind" in names else [True] * len(operations)
    )
    calls = drawn & has_parent & np.append(call, False)[operation]
    rows, children = _matched(span, parent, np.flatnonzero(drawn), np.flatnonzero(calls))
    if not len(rows):
        return None
    time = np.concatenate(everything.dataset.codes.times())
    weights = everything.dataset.codes.weights()
    weight = np.concatenate([each.rows_n() * each.rows_w() for each in weights]).astype(np.float64)
    valid = (time[rows] != NO_TIME) & (time[children] != NO_TIME)
    rows, children = rows[valid], children[valid]
    pair = rows * len(operations) + operation[children]
    order = np.argsort(pair, kind="stable")
    first = np.flatnonzero(np.concatenate([[True], np.diff(pair[order]) > 0]))
    lag = np.maximum.reduceat(time[children][order] - time[rows][order], first) if len(first) else order
    pair = pair[order][first]
    return Links(
        operations, operation, time, weight, drawn, pair // len(operations), pair % len(operations), lag
    )


def _mixed(trace: npt.NDArray[np.uint64], ids: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    return trace * np.uint64(0x9E3779B97F4A7C15) + ids


def _matched(
    span: npt.NDArray[np.uint64], parent: npt.NDArray[np.uint64], parents: Ints, children: Ints
) -> tuple[Ints, Ints]:
    """Return (row of the parent, row of the child) of every child whose parent is there."""
    parents = parents[np.argsort(span[parents], kind="stable")]
    # Ascending queries find their place in the cache.
    children = children[np.argsort(parent[children], kind="stable")]
    at = np.searchsorted(span[parents], parent[children])
    inside = np.minimum(at, max(len(parents) - 1, 0))
    hit = (at < len(parents)) & (span[parents[inside]] == parent[children]) if len(parents) else at < 0
    return parents[inside[hit]], children[hit]
