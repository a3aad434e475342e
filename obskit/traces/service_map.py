"""The map of services: which one calls which, how often, how fast, and what changed."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from obskit.display.live import can_show, show_service_map
from obskit.display.result import Result, plain
from obskit.display.service_map import service_map_html, service_map_svg
from obskit.display.tables import MS, UNIT, html_page, html_table, text_table
from obskit.text import pluralize, safe
from obskit.traces.groups import completed_sums, quantiles, sums
from obskit.traces.spans import TraceSpans

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

CALL, MESSAGE = "call", "message"
KNOWN_SHARE = 0.5  # of an edge's calls, of which the network time must be known
_NAMED = 5  # edges that a note names

_MS = {UNIT: MS}
NODES = pa.schema(
    [
        ("service", pa.string()), ("calls", pa.int64()), ("errors", pa.int64()),
        pa.field("p50_ms", pa.float64(), metadata=_MS), pa.field("p99_ms", pa.float64(), metadata=_MS),
        pa.field("self_ms", pa.float64(), metadata=_MS), ("change", pa.float64()),
    ]
)  # fmt: skip
EDGES = pa.schema(
    [
        ("caller", pa.string()), ("callee", pa.string()), ("kind", pa.string()), ("calls", pa.int64()),
        ("errors", pa.int64()), pa.field("p50_ms", pa.float64(), metadata=_MS),
        pa.field("p99_ms", pa.float64(), metadata=_MS), pa.field("network_ms", pa.float64(), metadata=_MS),
        ("change", pa.float64()),
    ]
)  # fmt: skip


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class ServiceMap(Result):
    """Services and the calls between them. The table holds the edges.

    Attributes:
        nodes: one row per service: `calls` from elsewhere, their `errors`, `p50_ms` and `p99_ms`; `self_ms`,
            the time per call that the service spent itself, null where unknown; `change`, the median's ratio
            to the baseline's.

    The columns of `edges` are `caller`, `callee`, `kind` ("call" or "message"), `calls`, `errors`, `p50_ms`
    and `p99_ms` of the callee's spans; `network_ms`, the median time of a call outside the callee, or how
    long a message waited, null where most spans do not tell; and `change`, the ratio of the median to the
    baseline's, null without one.

    Example:
        found = events.traces().map()
        found.edges.to_pylist()[:3], found.nodes.to_pylist()[:3]
    """

    nodes: pa.Table

    @property
    def edges(self) -> pa.Table:
        """The calls between services, one row per caller, callee and kind.

        Example:
            events.traces().map().edges.column_names
        """
        return self.table

    def to_dict(self) -> dict[str, Any]:
        """Return the map as values that JSON can hold; `rows` are the edges."""
        return {**super().to_dict(), "nodes": [plain(row) for row in self.nodes.to_pylist()]}

    def __str__(self) -> str:
        return "\n".join([text_table(self.nodes), "", text_table(self.edges), *map(safe, self.footer())])

    __repr__ = __str__

    def to_svg(self) -> str:
        """Return the map as an SVG image."""
        return service_map_svg(self.nodes, self.edges)

    def _ipython_display_(self) -> None:
        """Show the live map in a notebook with a kernel."""
        if not can_show():
            raise NotImplementedError  # IPython then tries the other ways
        show_service_map(self._still, str(self), self.to_svg())

    def _repr_html_(self) -> str:
        return self._still(None)

    def _still(self, name: str | None) -> str:
        """Return the map as an image, the services and the calls as tables, and what a reader must know."""
        drawn = service_map_html(self.nodes, self.edges, name=name)
        below = "".join(f"<p>{html.escape(safe(line))}</p>" for line in self.footer())
        tables = html_page(html_table(self.nodes), html_table(self.edges))
        return html_page(drawn, f"<details><summary>Services and calls</summary>{tables}</details>", below)


def service_map(
    spans: TraceSpans, wanted: Bools, baseline: Bools | None
) -> tuple[pa.Table, pa.Table, list[str]]:
    """Return the map of some traces.

    Args:
        spans: the spans of the dataset.
        wanted: which trace numbers.
        baseline: with which to compare; None for no comparison.

    Returns:
        Nodes, edges, and notes: which edges are new or gone, and how many links lead elsewhere.
    """
    nodes, edges = _nodes(spans, wanted), _edges(spans, wanted)
    notes = []
    if baseline is not None:
        _compare(nodes, _nodes(spans, baseline), ("service",))
        before = _edges(spans, baseline)
        _compare(edges, before, ("caller", "callee", "kind"))
        now, then = ({(row["caller"], row["callee"]) for row in side} for side in (edges, before))
        notes += _listed("new", sorted(now - then)) + _listed("gone", sorted(then - now))
    if spans.links.missing:
        notes.append(
            f"{pluralize(spans.links.missing, 'link leads', 'links lead')} to spans that are not here"
        )
    return pa.Table.from_pylist(nodes, NODES), pa.Table.from_pylist(edges, EDGES), notes


def _listed(word: str, edges: list[tuple[str, str]]) -> list[str]:
    if not edges:
        return []
    named = ", ".join(f"{caller} to {callee}" for caller, callee in edges[:_NAMED])
    more = f" and {len(edges) - _NAMED} more" if len(edges) > _NAMED else ""
    return [f"{word} against the baseline: {named}{more}"]


def _compare(rows: list[dict[str, Any]], before: list[dict[str, Any]], key: tuple[str, ...]) -> None:
    """Set the change of each row: the ratio of the medians."""
    usual = {tuple(row[name] for name in key): row["p50_ms"] for row in before}
    for row in rows:
        then, now = usual.get(tuple(row[name] for name in key)), row["p50_ms"]
        row["change"] = now / then if now is not None and then else None


def _nodes(spans: TraceSpans, wanted: Bools) -> list[dict[str, Any]]:
    size = len(spans.services)
    every = wanted[1:].all()
    entry = spans.entries if every else spans.entries[wanted[spans.trace[spans.entries]]]
    service = spans.service[entry]
    calls = np.bincount(service, minlength=size)
    middle, high = quantiles(service, spans.duration_ms[entry], size, (0.5, 0.99))
    errors = np.bincount(service[spans.error[entry]], minlength=size)
    at = slice(None) if every else np.flatnonzero(wanted[spans.trace])
    own = _self_ms(spans, at, size) / np.maximum(calls, 1)
    return [
        {
            "service": spans.services[k],
            "calls": int(calls[k]),
            "errors": int(errors[k]),
            "p50_ms": _known(middle[k]),
            "p99_ms": _known(high[k]),
            "self_ms": _known(own[k]),
        }
        for k in np.argsort(-calls, kind="stable")
        if calls[k]
    ]


def _self_ms(spans: TraceSpans, at: slice | Ints, size: int) -> Floats:
    """Return the self time of each service in some spans: unknown times count as the operation's known ones.

    Operations of which no time is known are left out; NaN if those are all.
    """
    operation, count = spans.operation[at], len(spans.operations)
    service = np.zeros(count, np.int64)
    service[operation] = spans.service[at]
    there = np.flatnonzero(np.bincount(operation, minlength=count))
    each = completed_sums(operation, spans.self_ms[at], count)
    return sums(service[there], each[there], size)


def _edges(spans: TraceSpans, wanted: Bools) -> list[dict[str, Any]]:
    """Return the edges: one per caller, callee and kind of the calls and messages of the traces."""
    hops = spans.hops
    at = slice(None) if wanted[1:].all() else np.flatnonzero(wanted[spans.trace[hops.callee]])
    callee, kind, network = hops.callee[at], hops.kind[at], hops.network_ms[at]
    size = len(hops.kinds)
    calls = np.bincount(kind, minlength=size)
    errors = np.bincount(kind[spans.error[callee]], minlength=size)
    middle, high = quantiles(kind, spans.duration_ms[callee], size, (0.5, 0.99))
    (outside,) = quantiles(kind, network, size, (0.5,))
    # Of few of the calls, it would be that of unusual ones.
    known = np.bincount(kind[~np.isnan(network)], minlength=size)
    outside[known < KNOWN_SHARE * calls] = np.nan
    return [
        {
            "caller": spans.services[hops.kinds[k][0]],
            "callee": spans.services[hops.kinds[k][1]],
            "kind": MESSAGE if hops.kinds[k][2] else CALL,
            "calls": int(calls[k]),
            "errors": int(errors[k]),
            "p50_ms": _known(middle[k]),
            "p99_ms": _known(high[k]),
            "network_ms": _known(outside[k]),
        }
        for k in np.argsort(-calls, kind="stable")
        if calls[k]
    ]


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
