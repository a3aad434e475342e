"""One value per component and trace: self times, network times, calls, child spans and log templates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from obskit.traces.groups import sorted_values
from obskit.traces.spans import TraceSpans

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

EPSILON_MS = 0.05
"""Added to a time before its logarithm, so that times below the clocks' resolution do not matter."""


@dataclass(frozen=True, eq=False)
class Times:
    """Times of components, one value per component and trace.

    Attributes:
        key: the operations of each component; int64[K, 2]: the operation and -1, or both ends of a call.
        component, trace: of each value.
        calls: number of spans in it.
        value: mean logarithm of their time in ms.
        total: sum of their time in ms.
        critical: sum of their time on the critical path in ms.
    """

    key: Ints
    component: Ints
    trace: Ints
    calls: Ints
    value: Floats
    total: Floats
    critical: Floats


@dataclass(frozen=True, eq=False)
class Children:
    """How often calls of an operation have a child: a span of another operation, or a log template.

    Attributes:
        parent: the operation of each pair.
        child: the child's operation, or its template.
        pair, trace: of each value.
        calls: calls of the parent in the trace that have the child.
        children: number of children in the trace.
    """

    parent: Ints
    child: Ints
    pair: Ints
    trace: Ints
    calls: Ints
    children: Ints


@dataclass(frozen=True, eq=False)
class Tables:
    """All values of some traces.

    Attributes:
        own: self time of operations, of spans that are not a call of one other service.
        network: time of calls outside the service called.
        spans, logs: child spans, and log templates.
        operation, trace, calls: number of calls of each operation in each trace.
        with_logs: whether each trace number has a log record of a span.
    """

    own: Times
    network: Times
    spans: Children
    logs: Children
    operation: Ints
    trace: Ints
    calls: Ints
    with_logs: Bools


def tables(spans: TraceSpans, wanted: Bools, logs: bool = True) -> Tables:
    """Return the values of some traces.

    Args:
        spans: the spans of the dataset.
        wanted: which trace numbers to include; bool[traces + 1].
        logs: whether to read log records.

    Returns:
        Tables.

    Cost: sorts the spans of these traces; about 2 million a second.
    """
    at = np.flatnonzero(wanted[spans.trace])
    called = spans.only_child[at] >= 0
    plain, calls = at[~called], at[called]
    plain = plain[~np.isnan(spans.self_ms[plain])]
    nothing = np.full(len(plain), -1)
    own = _times(spans, plain, spans.operation[plain], nothing, spans.self_ms[plain])
    calls = calls[~np.isnan(spans.network_ms[calls])]
    callee = spans.operation[spans.only_child[calls]]
    network = _times(spans, calls, spans.operation[calls], callee, spans.network_ms[calls])
    size = spans.traces + 1
    cell, count = np.unique(spans.operation[at] * size + spans.trace[at], return_counts=True)
    inner = at[spans.parent[at] >= 0]
    child = _children(spans, spans.parent[inner], spans.operation[inner], len(spans.operations))
    records = _children(spans, *_records(spans, wanted, logs))
    with_logs = np.zeros(size, bool)
    with_logs[records.trace] = True
    return Tables(own, network, child, records, cell // size, cell % size, count, with_logs)


def _times(spans: TraceSpans, at: Ints, first: Ints, second: Ints, time: Floats) -> Times:
    operations = len(spans.operations) + 1
    pair, component = np.unique(first * operations + second + 1, return_inverse=True)
    size = spans.traces + 1
    cell, value = np.unique(component * size + spans.trace[at], return_inverse=True)
    calls = np.bincount(value, minlength=len(cell))
    critical = np.nan_to_num(spans.critical_ms[at])
    return Times(
        key=np.stack([pair // operations, pair % operations - 1], axis=1),
        component=cell // size,
        trace=cell % size,
        calls=calls,
        value=np.bincount(value, np.log(time + EPSILON_MS), minlength=len(cell)) / np.maximum(calls, 1),
        total=_sums(value, time, len(cell)),
        critical=_sums(value, critical, len(cell)),
    )


def _sums(group: Ints, value: Floats, size: int) -> Floats:
    """Return the sum of the values of each group, as floats also where there are none."""
    return np.bincount(group, value, minlength=size).astype(np.float64)


def _records(spans: TraceSpans, wanted: Bools, logs: bool) -> tuple[Ints, Ints, int]:
    none = np.zeros(0, np.int64)
    if not logs:
        return none, none, 1
    owner, template, templates = spans.records
    there = wanted[spans.trace[owner]]
    return owner[there], template[there], max(1, len(templates))


def _children(spans: TraceSpans, parent: Ints, child: Ints, kinds: int) -> Children:
    """Count children by their parent's operation, given the parent's position and the child's number."""
    pairs, pair = np.unique(spans.operation[parent] * kinds + child, return_inverse=True)
    size = spans.traces + 1
    cell, value = np.unique(pair * size + spans.trace[parent], return_inverse=True)
    number = np.bincount(value, minlength=len(cell))
    # A call that has the child twice counts once.
    distinct = sorted_values(value * len(spans.parent) + parent) // max(1, len(spans.parent))
    return Children(
        parent=pairs // kinds,
        child=pairs % kinds,
        pair=cell // size,
        trace=cell % size,
        calls=np.bincount(distinct, minlength=len(cell)),
        children=number,
    )
