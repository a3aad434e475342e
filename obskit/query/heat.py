"""`heatmap`: events counted on a grid of two fields, from codes and times where they can say, else by SQL."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from obskit.display.heatmap import heatmap as draw
from obskit.display.result import Result
from obskit.engine import Scope
from obskit.errors import InvalidArgument
from obskit.query.axes import Axis, Edges, axis_of, bounds, check, coded, is_wide, span_of, sql_bin, time_bins
from obskit.query.output import call, dataset_of, merged, statements
from obskit.query.terms import row_weight
from obskit.text import pluralize

MOST_BINS = 4_000


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Heatmap(Result):
    """Counts over two fields.

    Attributes:
        grid: float64[y bins, x bins], the lowest y first; weighted counts of events.
        x_edges, y_edges: one more than bins, ascending; datetime64[us] for times.
        x, y: the fields.
        apart: rows (weighted) that have no place: `missing` (either is null or NaN), `zero` (0 or less on a
            logarithmic axis), `beyond` (infinite).
    """

    grid: npt.NDArray[np.float64]
    x_edges: Edges
    y_edges: Edges
    x: str
    y: str
    apart: dict[str, float] = field(default_factory=dict)

    def plot(self, **options: Any) -> Any:
        """Draw the grid."""
        return draw(self.grid, self.x_edges, self.y_edges, x=self.x, y=self.y, **options)


def heatmap(
    scope: Scope,
    x: str = "timestamp",
    y: str = "duration_ms",
    bins: tuple[int, int] = (200, 60),
    *,
    log: bool | None = None,
) -> Heatmap:
    """Count events on a grid.

    Args:
        scope: the rows; all of them.
        x, y: a number or a time each.
        bins: how many along x and y.
        log: whether y is logarithmic; by default where most of its values are positive and it spans more than
            a factor of 20.
    Returns:
        Heatmap; its table has a row a cell that is not empty.
    Raises:
        UnknownField: no such field.
        InvalidArgument: a field that has no axis, or bins that are none.
    Cost: one pass over codes and times in memory, made when first needed; a statement for a derived field or
        a second time.
    """
    across, up = bins
    if not (1 <= across <= MOST_BINS and 1 <= up <= MOST_BINS):
        raise InvalidArgument(f"bins={bins!r}", hint=f"two whole numbers from 1 to {MOST_BINS:,}")
    asked = call("heatmap", scope=scope, x=x, y=y, bins=bins, log=log)
    x, y = scope.resolve(x), scope.resolve(y)
    for name in (x, y):
        check(scope, name)
    x_range, y_range = span_of(scope, x), span_of(scope, y)
    x_axis = axis_of(scope, x, x_range, across, False)
    y_axis = axis_of(scope, y, y_range, up, is_wide(y_range) if log is None else log)
    sql = ""
    if _has_codes(scope, x_axis) and _has_codes(scope, y_axis):
        grid, apart = _from_codes(scope, x_axis, y_axis)
    else:
        grid, apart, sql = _from_sql(scope, x_axis, y_axis)
    notes = list(scope.notes)
    words = {
        "missing": ("event has", "events have", "no value of one of them"),
        "zero": ("event is", "events are", "zero or less, which a log axis has not"),
        "beyond": ("event lies", "events lie", "beyond"),
    }
    notes += [
        f"{pluralize(apart[key], one, more)} {text}; not on the grid"
        for key, (one, more, text) in words.items()
        if apart[key]
    ]
    if y_axis.log:
        notes.append(f"{y} is on a logarithmic axis; cells are within 1% of its edges")
    return Heatmap(
        kind="heatmap",
        table=_cells(grid, x_axis, y_axis),
        query=asked,
        sql=statements(scope, [sql]),
        dataset=dataset_of(scope),
        notes=merged(notes),
        grid=grid,
        x_edges=x_axis.shown(),
        y_edges=y_axis.shown(),
        x=x,
        y=y,
        apart=apart,
    )


def _has_codes(scope: Scope, axis: Axis) -> bool:
    return coded(scope, axis.name) and all(w.classes is not None for w in scope.dataset.codes.weights())


def _from_codes(scope: Scope, x: Axis, y: Axis) -> tuple[npt.NDArray[np.float64], dict[str, float]]:
    """Count from codes: a table from code to bin, then one bincount a file."""
    masks = None if scope.where is None else [mask.true for mask in scope.masks(None)]
    across, up = len(x.edges) - 1, len(y.edges) - 1
    # One more row and column for what has no place; x last so that time's slices are slices of memory.
    total = np.zeros((up + 4) * (across + 4))
    for file, weight in enumerate(scope.dataset.codes.weights()):
        mask = None if masks is None else masks[file]
        if mask is not None and not mask.any():
            continue
        column = _bins(scope, x, file, mask)
        cell = _bins(scope, y, file, mask, scale=across + 4)
        cell += column
        kinds = len(weight.n)
        if kinds > 1 and weight.classes is not None:
            cell *= kinds
            cell += weight.classes if mask is None else weight.classes[mask]
        counts = np.bincount(cell, minlength=len(total) * kinds).reshape(len(total), kinds)
        total += counts @ (weight.n * weight.w)
    return _apart(total.reshape(up + 4, across + 4), up, across)


def _apart(
    full: npt.NDArray[np.float64], up: int, across: int
) -> tuple[npt.NDArray[np.float64], dict[str, float]]:
    """Split the grid from the rows without a place: in the last rows and columns."""
    missing = full[up].sum() + full[:, across].sum() - full[up, across]
    zero = full[up + 1, [c for c in range(across + 4) if c != across]].sum()
    everything = full.sum()
    grid = np.ascontiguousarray(full[:up, :across])
    beyond = everything - grid.sum() - missing - zero
    return grid, {"missing": float(missing), "zero": float(zero), "beyond": float(max(0.0, round(beyond, 6)))}


def _bins(
    scope: Scope, axis: Axis, file: int, mask: npt.NDArray[np.bool_] | None, scale: int = 1
) -> npt.NDArray[np.int64]:
    """Return the bin of each row times `scale`; beyond the bins: missing, zero or less, not finite."""
    bins = len(axis.edges) - 1
    if axis.name == "timestamp":
        times = scope.dataset.codes.times()[file]
        out = time_bins(times if mask is None else times[mask], axis)
        return out * scale if scale != 1 else out
    codes = scope.codes(axis.name)
    low, high = bounds(codes)
    with np.errstate(invalid="ignore", over="ignore"):
        middle = np.sqrt(low) * np.sqrt(high) if axis.log and (low > 0).all() else low + (high - low) / 2
        middle = np.where(
            axis.log & (low > 0), np.sqrt(np.maximum(low, 0)) * np.sqrt(np.maximum(high, 0)), middle
        )
    inside = np.where(
        (high >= axis.edges[0]) & (low <= axis.edges[-1]),
        np.clip(middle, axis.edges[0], axis.edges[-1]),
        middle,
    )
    at = axis.index(np.where(np.isfinite(inside), inside, axis.edges[0]))
    at = np.where(np.isfinite(middle), at, bins + 2)
    at = np.where(np.isnan(middle) & np.isnan(low), bins, at)
    if axis.log:
        at = np.where(high <= 0, bins + 1, at)
    at = np.where(at < 0, bins + 2, at)
    table = np.concatenate([[bins], at]).astype(np.int64) * scale
    part, remap = codes.parts[file]
    local = table if remap is None else table[remap]
    picked: npt.NDArray[np.int64] = local[part if mask is None else part[mask]]
    return picked


def _from_sql(scope: Scope, x: Axis, y: Axis) -> tuple[npt.NDArray[np.float64], dict[str, float], str]:
    def build(table: ir.Table) -> ir.Table:
        keys = {"col": sql_bin(table, x), "row": sql_bin(table, y)}
        return table.group_by(**keys).aggregate(weight=row_weight(table).sum())

    answer = scope.run(build)
    up, across = len(y.edges) - 1, len(x.edges) - 1
    full = np.zeros((up + 4, across + 4))
    row, col, weight = (
        answer.table.column(n).to_numpy(zero_copy_only=False) for n in ("row", "col", "weight")
    )
    np.add.at(full, (row.astype(np.int64), col.astype(np.int64)), weight.astype(np.float64))
    return (*_apart(full, up, across), answer.sql)


def _cells(grid: npt.NDArray[np.float64], x: Axis, y: Axis) -> pa.Table:
    row, col = np.nonzero(grid)
    out: dict[str, Any] = {}
    for axis, at in ((x, col), (y, row)):
        name = axis.name if axis is x or y.name != x.name else f"{y.name} (y)"
        edges = axis.shown()
        kind = pa.timestamp("us", "UTC") if axis.time else pa.float64()
        for word, values in (("from", edges[:-1]), ("to", edges[1:])):
            column = pa.array(values[at].astype("int64")).cast(kind) if axis.time else pa.array(values[at])
            out[f"{name} {word}"] = column
    out["events"] = pa.array(grid[row, col])
    return pa.table(out)
