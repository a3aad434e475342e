"""Score every component, and every service by the greatest evidence of any of its hypotheses.

A hypothesis of a service pools evidence that one cause would produce: the self time of all its operations;
all calls to it; all calls to and from it; one log template or child span of one operation; one operation's
number of calls. Numbers of traces, not of calls, count.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from obskit.stats.shifts import (
    Shift,
    beyond_chance,
    dispersion,
    pooled,
    pooled_evidence,
    share_evidence,
    shift,
)
from obskit.traces.spans import TraceSpans
from obskit.traces.tables import Children, Tables, Times

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Family = Literal["self time", "network", "calls", "child spans", "logs"]

FAMILIES = 5
LOGS_SHARE = 0.3
"""Log records are compared only if so many of the traces of both sides have any."""

LEAST_TRACES = 3
"""Traces on each side without which nothing is beyond chance: one slow trace may be an outlier."""

_CALLS_PRIOR = 0.3


@dataclass(frozen=True, eq=False)
class Sides:
    """Which traces are compared; arrays by trace number.

    Attributes:
        slow, normal: bool; no trace is both.
        block: stretch of time of each trace.
    """

    slow: Bools
    normal: Bools
    block: Ints


@dataclass(frozen=True, eq=False)
class TimeScores:
    """Times of components on both sides.

    Attributes:
        times: the values.
        shift: of the logarithm of a call's time, slow less normal.
        evidence: in nats.
        beyond: whether that is beyond chance.
        error: standard error that includes the variation over time; infinite with too few traces.
    """

    times: Times
    shift: Shift
    evidence: Floats
    beyond: Bools
    error: Floats


@dataclass(frozen=True, eq=False)
class ChildScores:
    """Children of operations on both sides.

    Attributes:
        children: the values.
        share: share of the parent's calls that have the child, (slow, normal).
        calls: the parent's calls, (slow, normal).
        evidence: in nats, whether the share rose or fell.
        beyond: whether that is beyond chance.
    """

    children: Children
    share: tuple[Floats, Floats]
    of: tuple[Floats, Floats]
    evidence: Floats
    beyond: Bools


@dataclass(frozen=True, eq=False)
class CallScores:
    """Number of children per call that has any, on both sides."""

    children: Children
    shift: Shift
    evidence: Floats
    beyond: Bools


@dataclass(frozen=True)
class ServiceScore:
    """The evidence that the cause is in a service."""

    service: int
    evidence: float
    family: Family
    beyond: bool


@dataclass(frozen=True, eq=False)
class Scores:
    """All scores; `services` in descending order of evidence."""

    own: TimeScores
    network: TimeScores
    spans: ChildScores
    calls: CallScores
    logs: ChildScores | None
    services: tuple[ServiceScore, ...]


def score(spans: TraceSpans, values: Tables, sides: Sides) -> Scores:
    """Compare slow with normal traces.

    Args:
        spans: the spans of the dataset.
        values: the values of these traces.
        sides: which traces are slow, and which normal.

    Returns:
        Scores. Log records are None where too few traces of a side have any.
    """
    own, network = (_times(each, sides) for each in (values.own, values.network))
    child = _children(values.spans, values, sides)
    calls = _calls(values.spans, sides)
    with_logs = min(
        float(values.with_logs[side].mean()) if side.any() else 0.0 for side in (sides.slow, sides.normal)
    )
    logs = _children(values.logs, values, sides) if with_logs >= LOGS_SHARE else None
    found = _service_scores(spans, own, network, child, calls, logs, values.operation)
    return Scores(own, network, child, calls, logs, found)


def _times(times: Times, sides: Sides) -> TimeScores:
    used = sides.slow[times.trace] | sides.normal[times.trace]
    component, trace = times.component[used], times.trace[used]
    first, size = sides.slow[trace], len(times.key)
    found = shift(component, times.value[used], first, size)
    cautious = shift(component, times.value[used], first, size, block=sides.block[trace])
    enough = _enough(found)
    beyond = enough & beyond_chance(cautious.evidence(), int(enough.sum()), FAMILIES)
    return TimeScores(times, found, found.evidence(), beyond, np.where(enough, cautious.error, np.inf))


def _enough(found: Shift) -> Bools:
    """Return which components have so many traces on both sides that an outlier alone is not a difference."""
    enough: Bools = np.minimum(*found.traces) >= LEAST_TRACES
    return enough


def _children(children: Children, values: Tables, sides: Sides) -> ChildScores:
    size, operations = len(children.parent), int(values.operation.max(initial=-1)) + 1
    share, of, hits = [], [], []
    for side in (sides.slow, sides.normal):
        there = side[values.trace]
        calls = np.bincount(values.operation[there], values.calls[there], minlength=operations)
        traces = np.bincount(values.operation[there], minlength=operations)
        there = side[children.trace]
        with_child = np.bincount(children.pair[there], children.calls[there], minlength=size)
        whole, trials = calls[children.parent], traces[children.parent].astype(np.float64)
        share.append(with_child / np.maximum(whole, 1))
        # Calls of one trace are not independent: the share is that of calls, its weight that of traces.
        hits.append(share[-1] * trials)
        of.append(trials)
    evidence = share_evidence(hits[0], of[0], hits[1], of[1])
    spread = _dispersion(children, values, sides)
    enough = np.minimum(*of) >= LEAST_TRACES
    beyond = enough & beyond_chance(evidence / spread, int(enough.sum()), FAMILIES)
    return ChildScores(children, (share[0], share[1]), (of[0], of[1]), evidence, beyond)


def _dispersion(children: Children, values: Tables, sides: Sides) -> Floats:
    """Return how much more the share of each pair varies between stretches of normal time than by chance."""
    size = len(children.parent)
    blocks = int(sides.block.max(initial=0)) + 1
    there = sides.normal[values.trace]
    cell = values.operation[there] * blocks + sides.block[values.trace[there]]
    kinds, at = np.unique(cell, return_inverse=True)
    calls = np.bincount(at, values.calls[there], minlength=len(kinds))
    traces = np.bincount(at, minlength=len(kinds))
    # One row per pair and stretch in which its parent was called.
    operation = kinds // blocks
    first = np.searchsorted(operation, children.parent, side="left")
    many = np.searchsorted(operation, children.parent, side="right") - first
    pair = np.repeat(np.arange(size), many)
    row = np.repeat(first - np.cumsum(many) + many, many) + np.arange(len(pair))
    there = sides.normal[children.trace]
    having = children.pair[there] * blocks + sides.block[children.trace[there]]
    known, inverse = np.unique(having, return_inverse=True)
    number = np.bincount(inverse, children.calls[there], minlength=len(known))
    wanted = pair * blocks + kinds[row] % blocks
    found = np.minimum(np.searchsorted(known, wanted), max(0, len(known) - 1))
    hits = np.where(known[found] == wanted, number[found], 0.0) if len(known) else np.zeros(len(pair))
    share = hits / np.maximum(calls[row], 1)
    return dispersion(share * traces[row], traces[row].astype(np.float64), pair, size)


def _calls(children: Children, sides: Sides) -> CallScores:
    used = sides.slow[children.trace] | sides.normal[children.trace]
    value = np.log(children.children[used] / np.maximum(children.calls[used], 1))
    trace = children.trace[used]
    size = len(children.parent)
    found = shift(children.pair[used], value, sides.slow[trace], size, _CALLS_PRIOR)
    cautious = shift(children.pair[used], value, sides.slow[trace], size, _CALLS_PRIOR, sides.block[trace])
    enough = _enough(found)
    beyond = enough & beyond_chance(cautious.evidence(), int(enough.sum()), FAMILIES)
    return CallScores(children, found, found.evidence(), beyond)


def _service_scores(
    spans: TraceSpans,
    own: TimeScores,
    network: TimeScores,
    child: ChildScores,
    calls: CallScores,
    logs: ChildScores | None,
    there: Ints,
) -> tuple[ServiceScore, ...]:
    """Return the services of the operations that are there, by their greatest evidence."""
    size = len(spans.services)
    service = spans.service_of
    callers, callees = (service[network.times.key[:, at]] for at in range(2))
    twice = np.concatenate([callers, callees])
    pools: list[tuple[Family, Floats, Bools]] = [
        _pooled("self time", own, service[own.times.key[:, 0]], size),
        _pooled("network", network, callees, size),
        _pooled("network", network, twice, size),
    ]
    singles: list[tuple[Family, Floats, Bools, Ints]] = [
        ("child spans", child.evidence, child.beyond, service[child.children.parent]),
        ("calls", calls.evidence, calls.beyond, service[calls.children.parent]),
    ]
    if logs is not None:
        singles.append(("logs", logs.evidence, logs.beyond, service[logs.children.parent]))
    for family, evidence, exceeds, of in singles:
        greatest, any_beyond = np.zeros(size), np.zeros(size, bool)
        np.maximum.at(greatest, of, evidence)
        np.logical_or.at(any_beyond, of, exceeds)
        pools.append((family, greatest, any_beyond))
    table = np.stack([evidence for _, evidence, _ in pools])
    best = table.argmax(axis=0)
    beyond = np.logical_or.reduce([each for _, _, each in pools])
    # One slow edge alone is as much evidence for its caller as for its callee; the callee comes first.
    order = np.lexsort((-table[1], -np.round(table.max(axis=0), 6)))
    order = order[np.bincount(service[np.unique(there)], minlength=size)[order] > 0]
    return tuple(
        ServiceScore(int(s), float(table[best[s], s]), pools[best[s]][0], bool(beyond[s])) for s in order
    )


def _pooled(family: Family, scores: TimeScores, group: Ints, size: int) -> tuple[Family, Floats, Bools]:
    repeat = len(group) // max(1, len(scores.shift.difference))
    difference = np.tile(scores.shift.difference, repeat)
    evidence = pooled_evidence(*pooled(difference, np.tile(scores.shift.error, repeat), group, size))
    cautious = pooled_evidence(*pooled(difference, np.tile(scores.error, repeat), group, size))
    return family, evidence, beyond_chance(cautious, size, FAMILIES)
