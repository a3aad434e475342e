"""Parent spans and the kinds of children that each of them has, over a whole dataset.

A span is also a child of the spans that it links to: a consumer that begins a trace of its own is tied to the
producer of its message in no other way.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from obskit.dataset import NO_TIME
from obskit.engine import Scope
from obskit.schema.types import LINKS_TYPE
from obskit.triage.missing.binned import Bools, Floats, Ints
from obskit.triage.missing.slices import operations_of

MOST_ROWS = 600_000  # with more, whole traces are drawn
_NEEDED = ("trace_id", "span_id", "parent_span_id", "timestamp")
_EVENT = "event"  # the kind of records, which are no calls
_LINKS = "links"


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
    everything = dataclasses.replace(scope.everything, derived=scope.derived)
    names = everything.schema.names
    if any(name not in names for name in _NEEDED):
        return None

    linked = _LINKS in names and everything.schema.field(_LINKS).type == LINKS_TYPE

    def build(table: ir.Table) -> ir.Table:
        trace: Any = table["trace_id"].hash()
        known: Any = table["span_id"].notnull() & table["trace_id"].notnull()
        points: Any = table[_LINKS] if linked else None
        targets: dict[str, Any] = {}
        if linked:
            targets["link_trace"] = points.map(lambda link: link["trace_id"].hash())
            targets["link_span"] = points.map(lambda link: link["span_id"].hash())
        return table.select(
            **targets,
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
    is_call = np.append(call, False)[operation]
    children = np.flatnonzero(drawn & has_parent & is_call)
    keys_of = parent[children]
    if linked:
        linking, linked_trace, linked_span = _link_targets(found)
        # whether a link is looked at depends on the trace of its target
        used = is_call[linking] & (linked_trace % np.uint64(share) == 0)
        children = np.concatenate([children, linking[used]])
        keys_of = np.concatenate([keys_of, _mixed(linked_trace[used], linked_span[used])])
    rows, children = _matched(span, np.flatnonzero(drawn), keys_of, children)
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


def _link_targets(
    found: pa.Table,
) -> tuple[Ints, npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
    """Return the row of each link, and the hashes of the trace and the span that it names."""
    trace, span = (found.column(f"link_{name}").combine_chunks() for name in ("trace", "span"))
    row = pc.list_parent_indices(trace).to_numpy().astype(np.int64)
    flat = [pc.list_flatten(each) for each in (trace, span)]
    known = pc.and_(pc.is_valid(flat[0]), pc.is_valid(flat[1])).to_numpy(zero_copy_only=False)
    ids = [pc.fill_null(each, 0).to_numpy().astype(np.int64).view(np.uint64)[known] for each in flat]
    return row[known], ids[0], ids[1]


def _matched(
    span: npt.NDArray[np.uint64], parents: Ints, wanted: npt.NDArray[np.uint64], children: Ints
) -> tuple[Ints, Ints]:
    """Return (row of the parent, row of the child) of every child whose parent is there.

    Args:
        span: the key of each row's span.
        parents: rows that may be parents.
        wanted: the key of the parent that each child names.
        children: the rows of the children.
    """
    parents = parents[np.argsort(span[parents], kind="stable")]
    # Ascending queries find their place in the cache.
    order = np.argsort(wanted, kind="stable")
    wanted, children = wanted[order], children[order]
    at = np.searchsorted(span[parents], wanted)
    inside = np.minimum(at, max(len(parents) - 1, 0))
    hit = (at < len(parents)) & (span[parents[inside]] == wanted) if len(parents) else at < 0
    return parents[inside[hit]], children[hit]
