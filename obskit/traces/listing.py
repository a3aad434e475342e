"""Traces one per row, operations one per row, and the structures of traces."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from obskit.dataset import MISSING, ROOT, mix_bits
from obskit.display.tables import MS, SHARE, UNIT
from obskit.errors import InvalidArgument
from obskit.query.arguments import split_direction, split_order
from obskit.traces.groups import completed_sums, distinct, quantiles, sums
from obskit.traces.rows import take_rows
from obskit.traces.spans import TraceSpans

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Hashes = npt.NDArray[np.uint64]

_LONGEST = 2_000  # characters of a structure as text


def listed(
    spans: TraceSpans, wanted: Bools, matching: Ints | None, order: str | None, limit: int
) -> pa.Table:
    """Return traces, one per row.

    Args:
        spans: the spans of the dataset.
        wanted: which trace numbers to list.
        matching: for each trace number, how many rows a condition selects; None without a condition.
        order: columns, such as "errors desc, duration_ms"; the longest first by default.
        limit: the most rows.

    Returns:
        `trace_id`, `root` and `service` (of the first span without a parent), `timestamp`, `duration_ms`
        (from the first start to the last end), `spans`, `services`, `errors`, `masked_errors` (0 where the
        root failed too), `complete` (one root, and no missing parent), and `matching`.

    Raises:
        InvalidArgument: `order` names a column that does not exist.
    """
    size = spans.traces + 1
    trace = spans.trace
    count = np.bincount(trace, minlength=size)
    errors = np.bincount(trace[spans.error], minlength=size)
    tops = spans.tops
    failed = np.zeros(size, bool)
    failed[trace[tops[spans.error[tops]]]] = True
    roots = np.bincount(trace[spans.parent == ROOT], minlength=size)
    lost = np.bincount(trace[spans.parent == MISSING], minlength=size)
    first = np.full(size, -1)
    ordered = tops[np.lexsort((spans.start[tops], spans.parent[tops] == MISSING))]
    first[trace[ordered[::-1]]] = ordered[::-1]
    chosen = np.flatnonzero(wanted)
    top = first[chosen]
    named = [spans.operations[at] if at >= 0 else (None, None) for at in _at(spans.operation, top)]
    columns: dict[str, Any] = {
        "root": pa.array([name for _, name in named], pa.string()),
        "service": pa.array([service for service, _ in named], pa.string()),
        "duration_ms": pa.array(spans.length_ms[chosen], from_pandas=True),
        "spans": count[chosen],
        "services": distinct(trace, spans.service, size)[chosen],
        "errors": errors[chosen],
        "masked_errors": np.where(failed, 0, errors)[chosen],
        "complete": ((roots == 1) & (lost == 0))[chosen],
    }
    if matching is not None:
        columns["matching"] = matching[chosen]
    table = pa.table(columns).append_column("number", pa.array(chosen))
    keys = _order(order, [*table.schema.names[:-1], "trace_id", "timestamp"])
    unread = {"trace_id", "timestamp"} & {name for name, _ in keys}
    if unread:  # they are read only for the rows that are shown, unless they are the order
        table = _described(spans, table)
    by = [(name, "descending" if down else "ascending") for name, down in keys]
    table = table.sort_by([*by, ("number", "ascending")]).slice(0, limit)
    table = table if unread else _described(spans, table)
    names = ["trace_id", "root", "service", "timestamp", *list(columns)[2:]]
    return table.select([name for name in names if name in table.schema.names])


def _described(spans: TraceSpans, table: pa.Table) -> pa.Table:
    """Return the table with the id of each trace and the time of its first row."""
    rows = spans.first_row_of_any[table["number"].to_numpy()]
    names = [name for name in ("trace_id", "timestamp") if name in spans.dataset.schema.names]
    taken = take_rows(spans.dataset, rows, names)
    for name in names:
        table = table.append_column(name, pa.array(taken[name], spans.dataset.schema.field(name).type))
    return table


def _at(values: Ints, positions: Ints) -> list[int]:
    """Return the values at some positions; -1 for a negative position."""
    if not len(values):
        return [-1] * len(positions)
    found: list[int] = np.where(positions >= 0, values[np.maximum(positions, 0)], -1).tolist()
    return found


def _order(order: str | None, names: list[str]) -> list[tuple[str, bool]]:
    if order is None:
        return [("duration_ms", True)]
    keys = [split_direction(part) for part in split_order(order)]
    for name, _ in keys:
        if name not in names:
            raise InvalidArgument(
                f"order names {name!r}, which is not a column of the list",
                hint=f"the columns are {', '.join(names)}",
            )
    return keys


def operations(spans: TraceSpans, wanted: Bools) -> pa.Table:
    """Return what each operation contributes to some traces, the most critical time first.

    Args:
        spans: the spans of the dataset.
        wanted: which trace numbers.

    Returns:
        `service`, `operation`; `traces` that have it and `calls`; `calls_per_trace` of these; `errors`;
        `p50_ms` and `p99_ms` of its duration; `self_ms`, mean time per trace of all these traces in which no
        child was running; `self_share` of all self time; `critical_ms`, mean time per trace on the critical
        path; `critical_share` of all. Null where no time is known; if some are, the other calls count as the
        mean of those.
    """
    at = np.flatnonzero(wanted[spans.trace])
    operation, size = spans.operation[at], len(spans.operations)
    calls = np.bincount(operation, minlength=size)
    traces = distinct(operation, spans.trace[at], size)
    own = completed_sums(operation, spans.self_ms[at], size)
    critical = completed_sums(operation, spans.critical_ms[at], size)
    middle, high = quantiles(operation, spans.duration_ms[at], size, (0.5, 0.99))
    number = max(1, int(wanted.sum()))
    there = np.flatnonzero(calls)
    there = there[np.lexsort((-own[there], -critical[there]))]
    return pa.table(
        {
            "service": pa.array([spans.operations[k][0] for k in there], pa.string()),
            "operation": pa.array([spans.operations[k][1] for k in there], pa.string()),
            "traces": traces[there],
            "calls": calls[there],
            "calls_per_trace": calls[there] / np.maximum(traces[there], 1),
            "errors": np.bincount(operation[spans.error[at]], minlength=size)[there],
            "p50_ms": pa.array(middle[there], from_pandas=True),
            "p99_ms": pa.array(high[there], from_pandas=True),
            "self_ms": pa.array(own[there] / number, from_pandas=True),
            "self_share": pa.array(own[there] / max(float(np.nansum(own)), 1e-300), from_pandas=True),
            "critical_ms": pa.array(critical[there] / number, from_pandas=True),
            "critical_share": pa.array(
                critical[there] / max(float(np.nansum(critical)), 1e-300), from_pandas=True
            ),
        }
    ).cast(_operation_schema())


def _operation_schema() -> pa.Schema:
    milliseconds, share = {UNIT: MS}, {UNIT: SHARE}
    return pa.schema(
        [
            ("service", pa.string()), ("operation", pa.string()), ("traces", pa.int64()),
            ("calls", pa.int64()), ("calls_per_trace", pa.float64()), ("errors", pa.int64()),
            pa.field("p50_ms", pa.float64(), metadata=milliseconds),
            pa.field("p99_ms", pa.float64(), metadata=milliseconds),
            pa.field("self_ms", pa.float64(), metadata=milliseconds),
            pa.field("self_share", pa.float64(), metadata=share),
            pa.field("critical_ms", pa.float64(), metadata=milliseconds),
            pa.field("critical_share", pa.float64(), metadata=share),
        ]
    )  # fmt: skip


def shapes(spans: TraceSpans, wanted: Bools, limit: int) -> pa.Table:
    """Return the structures of some traces, the most common first.

    Two traces have the same structure if their trees of operations are equal, where equal children of a span
    count once: five calls of one query in a loop are the same structure as fifty.

    Args:
        spans: the spans of the dataset.
        wanted: which trace numbers.
        limit: the most rows.

    Returns:
        `shape` (a hash, in hex), `traces`, `share` of these traces, `root` and `service`, `spans` (median),
        `p50_ms` and `p99_ms` of the traces, `failed` (share with an error), an example's `trace_id`, and the
        `structure` as text: `service name(child, child(grandchild))`.
    """
    chosen = np.flatnonzero(wanted & (spans.first_row >= 0))
    whole = _hashes(spans)
    kinds, first, kind = np.unique(whole[chosen], return_index=True, return_inverse=True)
    count = np.bincount(kind, minlength=len(kinds))
    top = np.lexsort((first, -count))[:limit]
    size = spans.traces + 1
    middle, high = quantiles(kind, spans.length_ms[chosen], len(kinds), (0.5, 0.99))
    (number,) = quantiles(
        kind, np.bincount(spans.trace, minlength=size)[chosen].astype(np.float64), len(kinds), (0.5,)
    )
    failed = np.zeros(size, bool)
    failed[spans.trace[spans.error]] = True
    examples = chosen[first[top]]
    trees = [_structure(spans, int(trace)) for trace in examples]
    ids = take_rows(spans.dataset, spans.first_row[examples], ["trace_id"])["trace_id"]
    table = pa.table(
        {
            "shape": pa.array([f"{int(kinds[at]):016x}" for at in top], pa.string()),
            "traces": count[top],
            "share": count[top] / max(1, len(chosen)),
            "root": pa.array([name for _, name, _ in trees], pa.string()),
            "service": pa.array([service for service, _, _ in trees], pa.string()),
            "spans": number[top].astype(np.int64),
            "p50_ms": pa.array(middle[top], from_pandas=True),
            "p99_ms": pa.array(high[top], from_pandas=True),
            "failed": sums(kind, failed[chosen], len(kinds))[top] / np.maximum(count[top], 1),
            "trace_id": pa.array(ids, pa.string()),
            "structure": pa.array([text for _, _, text in trees], pa.string()),
        }
    )
    units = {"share": SHARE, "failed": SHARE, "p50_ms": MS, "p99_ms": MS}
    fields = [f.with_metadata({UNIT: units[f.name]}) if f.name in units else f for f in table.schema]
    return table.cast(pa.schema(fields))


def _hashes(spans: TraceSpans) -> Hashes:
    """Return a hash of the structure of each trace number: of its spans, from the leaves to the top."""
    hashes = mix_bits(spans.operation.astype(np.uint64) + np.uint64(1))
    order = np.argsort(spans.depth, kind="stable")
    deepest = int(spans.depth.max(initial=0))
    bounds = np.searchsorted(spans.depth[order], np.arange(deepest + 2))
    for level in range(deepest, 0, -1):
        below = order[bounds[level] : bounds[level + 1]]
        _add_distinct(hashes, spans.parent[below], hashes[below])
    whole, tops = np.zeros(spans.traces + 1, np.uint64), spans.tops
    _add_distinct(whole, spans.trace[tops], hashes[tops])
    return whole


def _add_distinct(into: Hashes, at: Ints, value: Hashes) -> None:
    """Add the distinct values of each place to its hash."""
    order = np.lexsort((value, at))
    at, value = at[order], value[order]
    fresh = np.ones(len(at), bool)
    fresh[1:] = (at[1:] != at[:-1]) | (value[1:] != value[:-1])
    at, value = at[fresh], value[fresh]
    touched = np.unique(at)
    np.add.at(into, at, mix_bits(value))
    into[touched] = mix_bits(into[touched])


def _structure(spans: TraceSpans, trace: int) -> tuple[str, str, str]:
    """Return the service and name of the root of a trace, and its tree as text."""
    at = spans.positions_of(trace)
    at = at[np.argsort(spans.start[at], kind="stable")]
    below: defaultdict[int, list[int]] = defaultdict(list)
    for position in at.tolist():
        below[max(-1, int(spans.parent[position]))].append(position)
    inner = set(at.tolist())
    tops = [position for position in at.tolist() if int(spans.parent[position]) not in inner]
    text: dict[int, str] = {}
    for position in at[np.argsort(-spans.depth[at], kind="stable")].tolist():
        children = list(dict.fromkeys(text[child] for child in below.get(position, ())))
        name = " ".join(spans.operations[spans.operation[position]])
        whole = f"{name}({', '.join(children)})" if children else name
        text[position] = whole if len(whole) <= _LONGEST else whole[: _LONGEST - 1] + "…"
    root = spans.operations[spans.operation[tops[0]]]
    return root[0], root[1], ", ".join(dict.fromkeys(text[top] for top in tops))[:_LONGEST]
