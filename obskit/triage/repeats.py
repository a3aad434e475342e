"""One trace is one unit of evidence: counts of operations whose events repeat each other within a trace.

A client that retries 300 times in one trace fails 300 times, but only one request of one customer did. So
the events of an operation in one trace, with an error or without, are one observation with the weight of all.
Of a trace with far more of them than others, some are left out, so that the other traces still count.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from obskit.engine import microseconds
from obskit.stats import buckets
from obskit.stats.cluster_sizes import LEAST, most_rows
from obskit.triage.counts import Operation
from obskit.triage.row_set import Bools, Floats, Ints, RowSet


def count_by_trace(
    operations: Sequence[Operation],
    rows: RowSet,
    fields: Sequence[Sequence[str]],
    moments: Sequence[datetime],
) -> tuple[list[Operation], int]:
    """Return operations with the events of one trace as one observation.

    Args:
        operations: what was counted, event by event.
        rows: the rows that were counted.
        fields: for each value of an operation's key, the fields that may hold it, the first with a value.
        moments: the moments that were counted at.

    Returns:
        The operations, with fewer observations and larger squared weights where events share a trace; and how
        many rows are left out.

    Cost: one sort of the rows that are in a trace.
    """
    traces = rows.traces
    if traces is None:
        return list(operations), 0
    number = _operation_numbers(rows, fields, operations)
    failed = rows.meet([{"field": "error", "op": "=", "value": True}]) if rows.has("error") else number < -1
    group = number * 2 + failed
    known = np.flatnonzero((number >= 0) & (traces >= 0))
    clusters = _Clusters.of(traces[known], group[known])
    in_several = clusters.per_row(clusters.sizes > 1)
    some = known[in_several]
    if not len(some):
        return list(operations), 0
    shared = rows.at_places(some)
    left_out = _too_many(clusters, group[known])[in_several]
    kept = np.flatnonzero(~left_out)
    more = -shared.weights
    more[:, kept] += by_cluster(shared.weights[:, kept], traces[some][kept], group[some][kept])
    edges = np.array([microseconds(moment) for moment in moments], np.int64)
    interval = np.searchsorted(edges, shared.times, side="right")
    took = shared.number("duration_ms") if rows.has("duration_ms") else np.full(len(some), np.nan)
    cell = np.where(np.isnan(took), buckets.NULL, buckets.buckets(took)).astype(np.int64)
    out = list(operations)
    order = np.argsort(number[some], kind="stable")
    owners, first = np.unique(number[some][order], return_index=True)
    for owner, own in zip(owners.tolist(), np.split(order, first[1:]), strict=True):
        out[owner] = _changed(out[owner], interval[own], cell[own], failed[some][own], more[:, own])
    return out, int(left_out.sum())


@dataclass(frozen=True, eq=False)
class _Clusters:
    """Rows of the same trace and group.

    Attributes:
        order: the rows, cluster by cluster; those of a cluster in their own order.
        first: where each cluster begins in `order`.
        sizes: how many rows each cluster has.
    """

    order: Ints
    first: Ints
    sizes: Ints

    @classmethod
    def of(cls, traces: Ints, group: Ints) -> _Clusters:
        """Return the clusters of rows, whose groups are numbers from 0."""
        key = traces * (int(group.max(initial=0)) + 1) + group
        order = np.argsort(key, kind="stable")
        begins = np.ones(len(order), bool)
        begins[1:] = np.diff(key[order]) != 0
        first = np.flatnonzero(begins)
        return cls(order, first, np.diff(np.append(first, len(order))))

    def per_row(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the value of each row's cluster."""
        out = np.empty(len(self.order), values.dtype)
        out[self.order] = np.repeat(values, self.sizes)
        return out

    def sums(self, values: Floats) -> Floats:
        """Add up a value of each row over its cluster, and return the sum of each row's cluster."""
        return self.per_row(np.add.reduceat(values[self.order], self.first)) if len(values) else values


def _too_many(clusters: _Clusters, group: Ints) -> Bools:
    """Return which rows are beyond the first ones of a cluster far larger than others of its group."""
    owner = group[clusters.order][clusters.first]
    most = np.full(len(owner), len(group))
    for one in np.unique(owner[clusters.sizes > LEAST]).tolist():
        most[owner == one] = most_rows(clusters.sizes[owner == one])
    place = np.empty(len(group), np.int64)
    place[clusters.order] = np.arange(len(group)) - np.repeat(clusters.first, clusters.sizes)
    return np.asarray(place >= clusters.per_row(most), bool)


def _operation_numbers(
    rows: RowSet, fields: Sequence[Sequence[str]], operations: Sequence[Operation]
) -> Ints:
    """Return the index of each row's operation; -1 if it is none of them, or has a rare value in its key."""
    known = {operation.key: at for at, operation in enumerate(operations)}
    joint, values = np.zeros(len(rows), np.int64), []
    for names in fields:
        found, number = rows.first_of(names)
        values.append([_Rare, None, *found])
        joint = joint * len(values[-1]) + number + 2
    distinct, place = np.unique(joint, return_inverse=True)
    index = []
    for one in distinct.tolist():
        key = []
        for own in reversed(values):
            one, at = divmod(one, len(own))
            key.append(own[at])
        index.append(known.get(tuple(reversed(key)), -1))
    return np.array(index, np.int64)[place]


class _Rare:
    """Stands for the values that are too rare to have codes of their own."""


def by_cluster(weights: Floats, traces: Ints, group: Ints) -> Floats:
    """Return weights of which each cluster is one observation.

    Args:
        weights: observations, weight and squared weight of each row; (3, R).
        traces: the trace of each row.
        group: the rows of one trace and one group, a number from 0, are a cluster.

    Returns:
        The same; over the rows of a cluster of several, the observations add up to 1, and the squared weights
        to the square of its weight.
    """
    clusters = _Clusters.of(traces, group)
    n, w, w2 = weights
    if clusters.sizes.max(initial=1) == 1:
        return weights
    alone = clusters.per_row(clusters.sizes == 1)
    return np.array([np.where(alone, n, n / clusters.sums(n)), w, np.where(alone, w2, w * clusters.sums(w))])


def _changed(operation: Operation, interval: Ints, cell: Ints, failed: Bools, more: Floats) -> Operation:
    """Return an operation with sums added to the groups of some rows."""
    size = len(operation.cells)
    place = np.minimum(np.searchsorted(operation.cells, cell), size - 1) + size * failed
    groups = operation.interval * 2 * size + operation.place
    order = np.argsort(groups, kind="stable")
    wanted = interval * 2 * size + place
    at = order[np.minimum(np.searchsorted(groups, wanted, sorter=order), len(order) - 1)]
    there = groups[at] == wanted  # a duration at the edge of a bucket may be counted in the next one
    sums = operation.sums.copy()
    for part, own in zip(sums, more, strict=True):
        part += np.bincount(at[there], own[there], len(part))
    return dataclasses.replace(operation, sums=np.maximum(sums, 0.0))
