"""`heatmap`: count events on a grid of two fields, from their codes if possible, else by a statement."""

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
from obskit.query.arguments import shown_value, whole_number
from obskit.query.axes import (
    SEVERITY,
    Axis,
    Edges,
    bounds,
    check_axis,
    has_codes,
    is_wide,
    level_names,
    make_axis,
    sql_bin,
    time_bins,
    value_span,
)
from obskit.query.output import dataset_of, format_call, join_statements, merge_notes
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
        apart: weighted counts of events that are not on the grid: `missing` (a value is null or NaN), `zero`
            (zero or less on a logarithmic axis), `beyond` (infinite).
    """

    grid: npt.NDArray[np.float64]
    x_edges: Edges
    y_edges: Edges
    x: str
    y: str
    apart: dict[str, float] = field(default_factory=dict)

    def plot(self, **options: Any) -> Any:
        """Draw the grid."""
        if self.y == SEVERITY:
            options = {"labels": level_names(self.y_edges), **options}
        return draw(self.grid, self.x_edges, self.y_edges, x=self.x, y=self.y, **options)


def heatmap(
    scope: Scope,
    x: str = "timestamp",
    y: str = "duration_ms",
    bins: tuple[int, int] = (200, 60),
    *,
    log: bool | None = None,
) -> Heatmap:
    """Count events on a grid of two fields.

    Args:
        scope: the rows; all of them, not only units of work.
        x: a field of numbers or times.
        y: a field of numbers or times.
        bins: the numbers of bins along x and y; `severity_number` has one bin per level.
        log: whether the axis of y is logarithmic; by default if no value of y is negative and the positive
            ones span more than a factor of 20.

    Returns:
        The grid; its table has one row per cell that is not empty.

    Raises:
        UnknownField: a field does not exist.
        InvalidArgument: a field has neither numbers nor times, or `bins` is out of range.

    Cost: one pass over codes and times in memory, which are made when first needed; a statement if a field is
        derived or is another time than `timestamp`.
    """
    across, up = _check_bins(bins)
    call_text = format_call("heatmap", scope=scope, x=x, y=y, bins=(across, up), log=log)
    x, y = scope.resolve(x), scope.resolve(y)
    for name in (x, y):
        check_axis(scope, name)
    x_range, y_range = value_span(scope, x), value_span(scope, y)
    x_axis = make_axis(scope, x, x_range, across, False)
    y_axis = make_axis(scope, y, y_range, up, is_wide(y_range) if log is None else log)
    sql = ""
    if _has_codes(scope, x_axis) and _has_codes(scope, y_axis):
        grid, apart = _from_codes(scope, x_axis, y_axis)
    else:
        grid, apart, sql = _from_sql(scope, x_axis, y_axis)
    notes = list(scope.notes)
    reasons = {
        "missing": f"without a value of {x} or {y}",
        "zero": f"with a value of {y} at or below zero",
        "beyond": "with an infinite value",
    }
    notes += [
        f"{pluralize(apart[key], 'event')} {reason} {'is' if apart[key] == 1 else 'are'} not on the grid"
        for key, reason in reasons.items()
        if apart[key]
    ]
    if y_axis.log:
        notes.append(f"the axis of {y} is logarithmic; events near an edge may be in the cell next to theirs")
    return Heatmap(
        kind="heatmap",
        table=_cells(grid, x_axis, y_axis),
        query=call_text,
        sql=join_statements(scope, [sql]),
        dataset=dataset_of(scope),
        notes=merge_notes(notes),
        grid=grid,
        x_edges=x_axis.shown(),
        y_edges=y_axis.shown(),
        x=x,
        y=y,
        apart=apart,
    )


def _check_bins(bins: Any) -> tuple[int, int]:
    try:
        across, up = (whole_number(number, "bins", "") for number in bins)
        if max(across, up) <= MOST_BINS:
            return across, up
    except (TypeError, ValueError):  # not two things, or not numbers
        pass
    raise InvalidArgument(
        f"bins must be two whole numbers from 1 to {MOST_BINS:,}, got {shown_value(bins)}",
        hint="for example: bins=(200, 60)",
    )


def _has_codes(scope: Scope, axis: Axis) -> bool:
    return has_codes(scope, axis.name) and all(w.classes is not None for w in scope.dataset.codes.weights())


def _from_codes(scope: Scope, x: Axis, y: Axis) -> tuple[npt.NDArray[np.float64], dict[str, float]]:
    """Count from codes: map each code to its bin, then count the bins of each file at once."""
    masks = None if scope.where is None else [mask.true for mask in scope.masks(None)]
    across, up = len(x.edges) - 1, len(y.edges) - 1
    # Rows and columns after the grid are for events that are not on it. x is last: its slices are contiguous.
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
    return _split_grid(total.reshape(up + 4, across + 4), up, across)


def _split_grid(
    full: npt.NDArray[np.float64], up: int, across: int
) -> tuple[npt.NDArray[np.float64], dict[str, float]]:
    """Split the counts into the grid and the events in the rows and columns after it."""
    missing = full[up].sum() + full[:, across].sum() - full[up, across]
    zero = full[up + 1, [c for c in range(across + 4) if c != across]].sum()
    everything = full.sum()
    grid = np.ascontiguousarray(full[:up, :across])
    beyond = everything - grid.sum() - missing - zero
    return grid, {"missing": float(missing), "zero": float(zero), "beyond": float(max(0.0, round(beyond, 6)))}


def _bins(
    scope: Scope, axis: Axis, file: int, mask: npt.NDArray[np.bool_] | None, scale: int = 1
) -> npt.NDArray[np.int64]:
    """Return the bin of each row times `scale`; after the bins come missing, zero or less, and not finite."""
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

    output = scope.run(build)
    up, across = len(y.edges) - 1, len(x.edges) - 1
    full = np.zeros((up + 4, across + 4))
    row, col, weight = (
        output.table.column(n).to_numpy(zero_copy_only=False) for n in ("row", "col", "weight")
    )
    np.add.at(full, (row.astype(np.int64), col.astype(np.int64)), weight.astype(np.float64))
    return (*_split_grid(full, up, across), output.sql)


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
