"""What triage counts: operations, each before and after a moment, from one statement."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt

from obskit.engine import Scope, time_literal
from obskit.names import UNIT_KINDS
from obskit.query.terms import bucket, middles, row_weight
from obskit.stats import buckets

FEW = 5  # rows of a version below this are no deployment
_EDGE = 0.01  # of the span: what is seen in it was there before


@dataclass(frozen=True)
class Deployment:
    """A version (or deployment id) of a service that was not there from the start."""

    at: datetime
    service: str | None
    version: str

    def __str__(self) -> str:
        return f"{self.service or 'deployment'} {self.version}"


@dataclass
class Side:
    """One operation on one side of a moment; `cells` is its histogram of duration by log bucket."""

    weight: float = 0.0
    squared: float = 0.0
    errors: float = 0.0
    rows: int = 0
    cells: dict[int, float] = field(default_factory=dict)

    def add(self, other: Side) -> None:
        """Count the other's events too."""
        self.weight += other.weight
        self.squared += other.squared
        self.errors += other.errors
        self.rows += other.rows
        for cell, weight in other.cells.items():
            self.cells[cell] = self.cells.get(cell, 0.0) + weight

    @property
    def effective(self) -> float:
        """How many equally weighted events say as much."""
        return self.weight**2 / self.squared if self.squared else 0.0

    @property
    def error_share(self) -> float:
        """Share of the events that failed."""
        return self.errors / self.weight if self.weight else 0.0

    def quantile(self, q: float) -> float | None:
        """Return a percentile of duration, within 1%."""
        found = self.cell(q)
        return None if found is None else float(middles(np.array([found], np.int32))[0])

    def cell(self, q: float) -> int | None:
        """Return the bucket in which a percentile of duration lies."""
        cells, weights = self._histogram()
        if not len(cells):
            return None
        running = np.cumsum(weights)
        at = int(np.searchsorted(running, q * running[-1] * (1 - 1e-12)))
        return int(cells[min(at, len(cells) - 1)])

    def share_above(self, cell: int) -> float:
        """Return the share of events that took longer than a bucket."""
        cells, weights = self._histogram()
        whole = weights.sum()
        return float(weights[cells > cell].sum() / whole) if whole else 0.0

    def _histogram(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        pairs = sorted(
            (c, w) for c, w in self.cells.items() if c not in (buckets.NULL, buckets.NAN) and w > 0
        )
        return np.array([c for c, _ in pairs], np.int64), np.array([w for _, w in pairs], np.float64)


def unit_condition(names: Sequence[str]) -> str | None:
    """Return the condition of units of work over the fields there are; None where none could be one."""
    parts = []
    if "kind" in names:
        parts.append(f"kind in ({', '.join(repr(kind) for kind in UNIT_KINDS)})")
    if "duration_ms" in names:
        root = "parent_span_id is null and " if "parent_span_id" in names else ""
        parts.append(f"({root}duration_ms is not null)" if parts else f"{root}duration_ms is not null")
    return " or ".join(parts) if parts else None


def deployments(scope: Scope) -> list[Deployment]:
    """Return the deployments visible in the dataset, by time: versions, else ids, seen only later."""
    names = scope.dataset.schema.names
    first, last = scope.dataset.span
    mark = next((name for name in ("service.version", "deployment.id") if name in names), None)
    if mark is None or first is None or last is None:
        return []
    whole = Scope(scope.dataset, scope.engine)
    keys = [name for name in ("service.name", mark) if name in names]

    def build(table: ir.Table) -> ir.Table:
        marked = table.filter(table[mark].notnull())
        return marked.group_by(keys).aggregate(begin=marked["timestamp"].min(), rows=marked.count())

    found = whole.run(build).table.to_pylist()
    begun: dict[Any, datetime] = {}
    for row in found:
        if row["begin"] is not None:
            service = row.get("service.name")
            begun[service] = min(begun.get(service, row["begin"]), row["begin"])
    edge = first + (last - first) * _EDGE
    out = [
        Deployment(row["begin"], row.get("service.name"), str(row[mark]))
        for row in found
        if row["begin"] is not None
        and row["rows"] >= FEW
        and row["begin"] > max(edge, begun[row.get("service.name")])
    ]
    return sorted(out, key=lambda d: (d.at, d.service or "", d.version))


def default_since(scope: Scope) -> datetime | None:
    """Return where the last quarter of the time begins."""
    first, last = scope.dataset.span
    return None if first is None or last is None else first + (last - first) * 3 / 4


Key = tuple[Any, ...]


def count(scope: Scope, keys: Sequence[str], cuts: Sequence[datetime]) -> tuple[dict[Key, list[Side]], str]:
    """Count every operation in the stretches of time between `cuts`.

    Returns:
        operation -> len(cuts) + 1 sides in order of time; and the statement.
    """

    def build(table: ir.Table) -> ir.Table:
        time: Any = table["timestamp"]
        stretch: Any = ibis.literal(0, type="int32")
        for cut in cuts:
            stretch = stretch + (time >= time_literal(cut)).ifelse(1, 0)
        weight: Any = row_weight(table).cast("float64")
        failed: Any = (
            table["error"].ifelse(1, 0).fill_null(0) if "error" in table.columns else ibis.literal(0)
        )
        cell = bucket(table["duration_ms"]) if "duration_ms" in table.columns else ibis.literal(buckets.NULL)
        rows = table.mutate(stretch=stretch, cell=cell, weight=weight, failed=failed * weight)
        rows = rows.filter(rows["timestamp"].notnull())
        groups = [rows[key].name(f"k{at}") for at, key in enumerate(keys)]
        return rows.group_by([*groups, "stretch", "cell"]).aggregate(
            sum_weight=rows["weight"].sum(),
            squared=(rows["weight"] * rows["weight"]).sum(),
            errors=rows["failed"].sum(),
            seen=rows.count(),
        )

    answer = scope.run(build)
    out: dict[Key, list[Side]] = {}
    columns = [answer.table.column(f"k{at}").to_pylist() for at in range(len(keys))]
    stretches, cells, weights, squares, errors, seen = (
        answer.table.column(name).to_pylist()
        for name in ("stretch", "cell", "sum_weight", "squared", "errors", "seen")
    )
    for at in range(answer.table.num_rows):
        key = tuple(column[at] for column in columns)
        sides = out.setdefault(key, [Side() for _ in range(len(cuts) + 1)])
        side = sides[stretches[at]]
        side.add(Side(weights[at], squares[at], errors[at], seen[at], {cells[at]: weights[at]}))
    return out, answer.sql


def split(sides: Sequence[Side], cuts: Sequence[datetime], since: datetime) -> tuple[Side, Side]:
    """Return what was before a moment (one of the cuts) and what was after."""
    at = bisect.bisect_left(list(cuts), since) + 1
    before, after = Side(), Side()
    for index, side in enumerate(sides):
        (before if index < at else after).add(side)
    return before, after


def worse(before: float, n_before: float, after: float, n_after: float) -> float:
    """Return by how many standard errors a share grew; 0 where there is too little to say."""
    if n_before < 20 or n_after < 20:
        return 0.0
    pooled = (before * n_before + after * n_after) / (n_before + n_after)
    error = (pooled * (1 - pooled) * (1 / n_before + 1 / n_after)) ** 0.5
    return (after - before) / error if error > 0 else 0.0
