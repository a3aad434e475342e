"""The spans of a dataset as arrays: trace, parent, service, operation, times, and the records of each span.

Made once per dataset, and kept as long as the dataset is. With `linked`, traces that span links connect count
as one, and a root with one link has the linked span as its parent.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from obskit.dataset import NO_TIME, ROOT, Dataset, SpanLinks, connected
from obskit.stats.span_times import cut_cycles, depths
from obskit.traces.groups import number_values
from obskit.traces.records import statements

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

NO_SERVICE = "(no service.name)"
NO_NAME = "(no name)"


class Hops(NamedTuple):
    """Calls from one service to another, and messages.

    Attributes:
        callee: position of the span that was called, or that received the message.
        kind: an index into `kinds`.
        kinds: (calling service, called service, whether it is a message).
        network_ms: time of a call outside the callee, or how long a message waited; NaN where unknown.
    """

    callee: Ints
    kind: Ints
    kinds: list[tuple[int, int, bool]]
    network_ms: Floats


@dataclass(frozen=True, eq=False)
class TraceSpans:
    """Spans of a dataset that are in a trace. Arrays have one entry per span unless noted.

    Attributes:
        dataset: where they are from.
        row: row of each span in the dataset.
        trace: number of its trace, from 1.
        traces: how many traces there are.
        row_trace: number of the trace of each row of the dataset; 0 without one.
        parent: position of its parent among the spans; ROOT, or MISSING if the parent is not in the dataset.
        start: ns from the median start of the dataset; 0 where unknown.
        duration_ms, self_ms, critical_ms: NaN where unknown.
        operation: number of its service and name, an index into `operations`.
        operations: (service, name) of each operation.
        service_of: number of the service of each operation, an index into `services`.
        services: names.
        error: whether it failed.
        kind: 0, or 1 for a producer, 2 for a consumer.
        links: the links between spans.
    """

    dataset: Dataset
    row: Ints
    trace: Ints
    traces: int
    row_trace: Ints
    parent: Ints
    start: Ints
    duration_ms: Floats
    self_ms: Floats
    critical_ms: Floats
    operation: Ints
    operations: list[tuple[str, str]]
    service_of: Ints
    services: list[str]
    error: Bools
    kind: Ints
    links: SpanLinks

    @cached_property
    def service(self) -> Ints:
        """The number of each span's service."""
        return self.service_of[self.operation]

    @cached_property
    def entries(self) -> Ints:
        """The positions of the spans whose parent is in another service, or nowhere."""
        above = self.parent
        same = self.service[np.maximum(above, 0)] == self.service
        return np.flatnonzero((above < 0) | ~same)

    @cached_property
    def only_child(self) -> Ints:
        """The only child of each span that is a call, for it runs in another service; else -1."""
        inner = np.flatnonzero(self.parent >= 0)
        above = self.parent[inner]
        single = np.bincount(above, minlength=len(self.parent)) == 1
        out = np.full(len(self.parent), -1)
        out[above] = inner
        out[~single] = -1
        called = np.flatnonzero(out >= 0)
        same = self.service[called] == self.service[out[called]]
        out[called[same]] = -1
        return out

    @cached_property
    def network_ms(self) -> Floats:
        """Time of a call outside the service called; of a message, how long it waited. NaN of other spans.

        For a call it is the difference of two durations, so that no clock matters. A message's is the time
        from the end of the producer's span to the start of the consumer's, by two clocks.
        """
        out = np.full(len(self.parent), np.nan)
        call = np.flatnonzero(self.only_child >= 0)
        child = self.only_child[call]
        inside = self.duration_ms[call] - self.duration_ms[child]
        message = (self.kind[call] == 1) & (self.kind[child] == 2)
        waited = (self.start[child] - self.start[call]) / 1e6 - self.duration_ms[call]
        known = ~np.isnan(inside)
        out[call] = np.where(known, np.maximum(0.0, np.where(message, waited, inside)), np.nan)
        return out

    @cached_property
    def hops(self) -> Hops:
        """The calls between services and the messages, also those that only a link connects."""
        child = self.entries[self.parent[self.entries] >= 0]
        consumer = np.flatnonzero((self.kind == 2) & (self.parent >= 0))
        if len(consumer):  # a service that sends messages to itself
            child = np.union1d(child, consumer[self.kind[self.parent[consumer]] == 1])
        above = self.parent[child]
        message = (self.kind[above] == 1) | (self.kind[child] == 2)
        outside = np.where(self.only_child[above] == child, self.network_ms[above], np.nan)
        source, target = self.position[self.links.source], self.position[self.links.target]
        linked = (source >= 0) & (target >= 0)
        source, target = source[linked], target[linked]
        linked = self.parent[source] != target
        source, target = source[linked], target[linked]
        waited = (self.start[source] - self.start[target]) / 1e6 - self.duration_ms[target]
        waited = np.where(np.isnan(self.duration_ms[source]), np.nan, np.maximum(0.0, waited))
        child, above = np.concatenate([child, source]), np.concatenate([above, target])
        message = np.concatenate([message, np.ones(len(source), bool)])
        size = len(self.services)
        whole = (self.service[above] * size + self.service[child]) * 2 + message
        kinds, kind = number_values(whole, 2 * size * size)
        ends = [(int(at) // 2 // size, int(at) // 2 % size, bool(at % 2)) for at in kinds]
        return Hops(child, kind, ends, np.concatenate([outside, waited]))

    @cached_property
    def records(self) -> tuple[Ints, Ints, list[str]]:
        """The log records of spans: position of the span, number of the statement, and the statements."""
        owner, number, names = statements(self.dataset)
        return self.position[owner], number, names

    @cached_property
    def position(self) -> Ints:
        """The position among the spans of each row of the dataset; -1 for other rows."""
        out = np.full(len(self.row_trace), -1)
        out[self.row] = np.arange(len(self.row))
        return out

    @cached_property
    def first_row(self) -> Ints:
        """The first span's row of each trace number; -1 for a number without spans."""
        out = np.full(self.traces + 1, -1)
        out[self.trace[::-1]] = self.row[::-1]
        return out

    @cached_property
    def first_row_of_any(self) -> Ints:
        """The first row by time of each trace number, also of log records; -1 for number 0 without rows."""
        out = np.full(self.traces + 1, -1)
        rows = np.flatnonzero(self.row_trace > 0)
        times = np.concatenate([np.zeros(0, np.int64), *self.dataset.codes.times()])[rows]
        times[times == NO_TIME] = np.iinfo(np.int64).max
        if (times[1:] < times[:-1]).any():  # files may follow each other in any order
            rows = rows[np.argsort(times, kind="stable")]
        # Of assignments to the same place the last one counts.
        out[self.row_trace[rows[::-1]]] = rows[::-1]
        return out

    @cached_property
    def depth(self) -> Ints:
        """The number of ancestors of each span."""
        return depths(self.parent).astype(np.int64)

    @cached_property
    def length_ms(self) -> Floats:
        """The time from the first start to the last end of each trace number; NaN where unknown."""
        timed = ~np.isnan(self.duration_ms)
        end = np.full(self.traces + 1, -np.inf)
        np.maximum.at(end, self.trace[timed], self.start[timed] / 1e6 + self.duration_ms[timed])
        begin = np.full(self.traces + 1, np.inf)
        np.minimum.at(begin, self.trace[timed], self.start[timed] / 1e6)
        length: Floats = np.where(np.isfinite(begin), end - begin, np.nan)
        return length

    @cached_property
    def _by_trace(self) -> Ints:
        return np.argsort(self.trace, kind="stable")

    def positions_of(self, trace: int) -> Ints:
        """Return the positions of the spans of a trace number."""
        ordered = self.trace[self._by_trace]
        low, high = np.searchsorted(ordered, [trace, trace + 1])
        return self._by_trace[low:high]

    @cached_property
    def trace_start(self) -> Ints:
        """The start of each trace, by number, in ns from the median start; 0 where unknown."""
        unknown = np.iinfo(np.int64).max
        out = np.full(self.traces + 1, unknown)
        timed = ~np.isnan(self.duration_ms)
        np.minimum.at(out, self.trace[timed], self.start[timed])
        return np.where(out == unknown, 0, out)

    @cached_property
    def tops(self) -> Ints:
        """The positions of the spans that are at the top of what is seen of their trace."""
        return np.flatnonzero(self.parent < 0)


def spans_of(dataset: Dataset, *, linked: bool = False) -> TraceSpans:
    """Return the spans of a dataset that are in a trace.

    Args:
        dataset: has a field `trace_id`.
        linked: whether traces connected by span links count as one.

    Returns:
        TraceSpans, made at the first call.

    Cost: reads the ids, times, names and services of all rows; about half a million spans a second.
    """
    plain: TraceSpans | None = dataset.kept.get("trace spans")
    if plain is None:
        plain = dataset.kept.setdefault("trace spans", _build(dataset))
    if not linked:
        return plain
    connected: TraceSpans | None = dataset.kept.get("linked trace spans")
    if connected is None:
        connected = dataset.kept.setdefault("linked trace spans", _connect(plain))
    return connected


def _build(dataset: Dataset) -> TraceSpans:
    forest = dataset.forest
    rows = forest.rows
    service, services = dataset.text_numbers("service.name")
    name, spans = dataset.text_numbers("name")
    services, spans = [NO_SERVICE, *services], [NO_NAME, *spans]
    pair = forest.of_spans(service).astype(np.int64) * len(spans) + forest.of_spans(name)
    pairs, operation = number_values(pair, len(services) * len(spans))
    service_of = pairs // len(spans)
    operations = [(services[s], spans[n]) for s, n in zip(service_of, pairs % len(spans), strict=True)]
    error = np.zeros(len(rows), bool)
    if "error" in dataset.schema.names:
        error = forest.of_spans(pc.fill_null(dataset.arrow(["error"]).column(0), False).to_numpy())
    number, kinds = dataset.text_numbers("kind")
    sides = np.array([0, *({"producer": 1, "consumer": 2}.get(kind, 0) for kind in kinds)])
    start = forest.of_spans(forest.start)
    duration = (forest.of_spans(forest.end) - start) / 1e6
    duration[~forest.of_spans(forest.timed)] = np.nan
    return TraceSpans(
        dataset=dataset,
        row=rows,
        trace=forest.of_spans(forest.trace),
        traces=forest.traces,
        row_trace=forest.trace,
        parent=forest.inner_parent,
        start=start,
        duration_ms=duration,
        self_ms=forest.self_ns / 1e6,
        critical_ms=forest.critical_ns / 1e6,
        operation=operation,
        operations=operations,
        service_of=service_of,
        services=services,
        error=error,
        kind=sides[forest.of_spans(number)],
        links=dataset.links,
    )


def _connect(spans: TraceSpans) -> TraceSpans:
    """Join traces that links connect; a root with one linked span gets it as its parent."""
    links = spans.links
    source, target = spans.position[links.source], spans.position[links.target]
    there = (source >= 0) & (target >= 0)
    source, target = source[there], target[there]
    number = connected(spans.trace[source], spans.trace[target], spans.traces)
    parent = spans.parent.copy()
    single = np.bincount(source, minlength=len(parent))[source] == 1
    top = single & (parent[source] == ROOT) & (spans.trace[source] != spans.trace[target])
    parent[source[top]] = target[top]
    cut, cyclic = cut_cycles(parent)
    parent = np.where(cyclic, spans.parent, cut)  # a span that is linked to its own descendant stays a root
    parent, _ = cut_cycles(parent)
    values = {name: getattr(spans, name) for name in spans.__dataclass_fields__}
    values |= {
        "trace": number[spans.trace],
        "row_trace": number[spans.row_trace],
        "parent": parent,
    }
    return TraceSpans(**values)


def block_of(spans: TraceSpans, trace: Ints) -> Ints:
    """Return which stretch of time each trace began in: a minute, or a 200th of the time if longer."""
    start = spans.trace_start[trace]
    if not len(start):
        return start
    minute = 60 * 10**9
    length = max(minute, int(start.max() - start.min()) // 200 + 1)
    block: Ints = (start - start.min()) // length
    return block
