"""`heatmap`: events counted on a grid of two fields, from codes and times where they can say, else by SQL."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from obskit.dataset import NO_TIME, FieldCodes
from obskit.engine import Scope
from obskit.errors import BadCall
from obskit.figures.heatmap import heatmap as draw
from obskit.figures.result import Result
from obskit.query.answer import call, dataset_of, merged, statements
from obskit.query.asking import resolve
from obskit.query.terms import row_weight

Edges = npt.NDArray[Any]
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


@dataclass(frozen=True)
class _Axis:
    name: str
    edges: npt.NDArray[np.float64]  # micros for times
    time: bool
    log: bool

    def index(self, values: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        """Return the bin of each value, -1 where it has none."""
        at = np.searchsorted(self.edges, values, side="right") - 1
        at[values == self.edges[-1]] = len(self.edges) - 2
        return np.where((at >= 0) & (at < len(self.edges) - 1), at, -1)

    def shown(self) -> Edges:
        return self.edges.round().astype("int64").astype("datetime64[us]") if self.time else self.edges


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
        BadCall: a field that has no axis, or bins that are none.
    Cost: one pass over codes and times in memory, made when first needed; a statement for a derived field or
        a second time.
    """
    across, up = bins
    if not (1 <= across <= MOST_BINS and 1 <= up <= MOST_BINS):
        raise BadCall(f"bins={bins!r}", hint=f"two whole numbers from 1 to {MOST_BINS:,}")
    asked = call("heatmap", scope=scope, x=x, y=y, bins=bins, log=log)
    x, y = resolve(scope, x), resolve(scope, y)
    for name in (x, y):
        _check(scope, name)
    x_range, y_range = _range(scope, x), _range(scope, y)
    x_axis = _axis(scope, x, x_range, across, False)
    y_axis = _axis(scope, y, y_range, up, _is_wide(y_range) if log is None else log)
    sql = ""
    if _has_codes(scope, x_axis) and _has_codes(scope, y_axis):
        grid, apart = _from_codes(scope, x_axis, y_axis)
    else:
        grid, apart, sql = _from_sql(scope, x_axis, y_axis)
    notes = list(scope.notes)
    words = {
        "missing": "have no value of one of them",
        "zero": "are zero or less, which a log axis has not",
        "beyond": "lie beyond",
    }
    notes += [
        f"{apart[key]:,.0f} events {text}; they are not on the grid"
        for key, text in words.items()
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


def _check(scope: Scope, name: str) -> None:
    kind = scope.schema.field(name).type
    if not (pa.types.is_timestamp(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        raise BadCall(f"{name} is {kind}, which has no axis", hint="numbers and times have one")


def _is_time(scope: Scope, name: str) -> bool:
    return bool(pa.types.is_timestamp(scope.schema.field(name).type))


def _coded(scope: Scope, name: str) -> bool:
    return name == "timestamp" or (name in scope.dataset.schema.names and not _is_time(scope, name))


def _has_codes(scope: Scope, axis: _Axis) -> bool:
    return _coded(scope, axis.name) and all(w.classes is not None for w in scope.dataset.codes.weights())


def _range(scope: Scope, name: str) -> tuple[float, float, float]:
    """Return the least, the greatest and the least positive value (times in µs); NaN if there is none."""
    if _coded(scope, name) and name != "timestamp":
        return _coded_range(scope, name)
    if name == "timestamp" and scope.where is None:
        first, last = scope.dataset.span
        if first is None or last is None:
            return np.nan, np.nan, np.nan
        return first.timestamp() * 1e6, last.timestamp() * 1e6, np.nan

    if name == "timestamp":
        rows = [
            times[mask.true]
            for times, mask in zip(scope.dataset.codes.times(), scope.masks(None), strict=True)
        ]
        known = [some[some != NO_TIME] for some in rows]
        low = min((int(some.min()) for some in known if len(some)), default=None)
        high = max((int(some.max()) for some in known if len(some)), default=None)
        return (np.nan, np.nan, np.nan) if low is None or high is None else (float(low), float(high), np.nan)

    def build(table: ir.Table) -> ir.Table:
        value = _number(table, name)
        fine = value.notnull() & ~value.isnan() & (value.abs() < float("inf"))
        return table.aggregate(
            low=value.min(where=fine), high=value.max(where=fine), least=value.min(where=fine & (value > 0))
        )

    row = scope.run(build).table.to_pylist()[0]
    span = [np.nan if row[key] is None else float(row[key]) for key in ("low", "high", "least")]
    return span[0], span[1], span[2]


def _coded_range(scope: Scope, name: str) -> tuple[float, float, float]:
    codes = scope.codes(name)
    low, high = _bounds(codes)
    seen = np.zeros(codes.size, bool)
    if scope.where is None:
        seen |= codes.totals["all"].n > 0
    else:
        for (part, remap), mask in zip(codes.parts, scope.masks(None), strict=True):
            local = np.bincount(part[mask.true], minlength=codes.size if remap is None else len(remap)) > 0
            seen[np.flatnonzero(local) if remap is None else remap[local]] = True
    kept = seen[1:] & np.isfinite(low) & np.isfinite(high)
    if not kept.any():
        return np.nan, np.nan, np.nan
    positive = kept & (low > 0)
    return (
        float(low[kept].min()),
        float(high[kept].max()),
        float(low[positive].min()) if positive.any() else np.nan,
    )


def _bounds(codes: FieldCodes) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    if codes.lo is not None and codes.hi is not None:
        return codes.lo, codes.hi
    values = codes.values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return values, values


def _is_wide(span: tuple[float, float, float]) -> bool:
    low, high, least = span
    return bool(least > 0 and high > 20 * least and low >= 0)


def _axis(scope: Scope, name: str, span: tuple[float, float, float], bins: int, log: bool) -> _Axis:
    low, high, least = span
    if log and not least > 0:
        log = False
    if not np.isfinite(low):
        low, high = 0.0, 1.0
    if log:
        high = max(high, least * 1.02)
        edges = np.geomspace(least, high, bins + 1)
        edges[0], edges[-1] = least, high
    else:
        high = high if high > low else low + max(abs(low) * 1e-9, 1.0)
        edges = np.linspace(low, high, bins + 1)
    return _Axis(name, edges, _is_time(scope, name), log)


def _from_codes(scope: Scope, x: _Axis, y: _Axis) -> tuple[npt.NDArray[np.float64], dict[str, float]]:
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
    scope: Scope, axis: _Axis, file: int, mask: npt.NDArray[np.bool_] | None, scale: int = 1
) -> npt.NDArray[np.int64]:
    """Return the bin of each row times `scale`; beyond the bins: missing, zero or less, not finite."""
    bins = len(axis.edges) - 1
    if axis.name == "timestamp":
        times = scope.dataset.codes.times()[file]
        out = _time_bins(times if mask is None else times[mask], axis)
        return out * scale if scale != 1 else out
    codes = scope.codes(axis.name)
    low, high = _bounds(codes)
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


def _time_bins(times: npt.NDArray[np.int64], axis: _Axis) -> npt.NDArray[np.int64]:
    bins = len(axis.edges) - 1
    known = len(times)
    while known and times[known - 1] == NO_TIME:  # nulls stand last, and are few
        known = (
            int(np.flatnonzero(times[:known] != NO_TIME)[-1]) + 1 if (times[:known] != NO_TIME).any() else 0
        )
    some = times[:known]
    if known and (some[1:] >= some[:-1]).all():
        # In order of time: a bin is a slice, found by bisection.
        cuts = np.searchsorted(some, np.ceil(axis.edges[1:-1] - 1e-3), side="left")
        ends = np.concatenate([[0], cuts, [known]])
        out = np.repeat(np.arange(bins, dtype=np.int64), np.diff(ends))
    else:
        out = axis.index(some.astype(np.float64))
        out[out < 0] = bins + 2
        out[some == NO_TIME] = bins
    return np.concatenate([out, np.full(len(times) - known, bins, np.int64)])


def _number(table: ir.Table, name: str) -> Any:
    value: Any = table[name]
    return (
        (value.epoch_seconds().cast("float64") * 1e6)
        if value.type().is_timestamp()
        else value.cast("float64")
    )


def _from_sql(scope: Scope, x: _Axis, y: _Axis) -> tuple[npt.NDArray[np.float64], dict[str, float], str]:
    def build(table: ir.Table) -> ir.Table:
        keys = {"col": _sql_bin(table, x), "row": _sql_bin(table, y)}
        return table.group_by(**keys).aggregate(weight=row_weight(table).sum())

    answer = scope.run(build)
    up, across = len(y.edges) - 1, len(x.edges) - 1
    full = np.zeros((up + 4, across + 4))
    row, col, weight = (
        answer.table.column(n).to_numpy(zero_copy_only=False) for n in ("row", "col", "weight")
    )
    np.add.at(full, (row.astype(np.int64), col.astype(np.int64)), weight.astype(np.float64))
    return (*_apart(full, up, across), answer.sql)


def _sql_bin(table: ir.Table, axis: _Axis) -> ir.Value:
    bins, value = len(axis.edges) - 1, _number(table, axis.name)
    low, high = float(axis.edges[0]), float(axis.edges[-1])
    if axis.log:
        inside: Any = (
            ((value > 0).ifelse(value, 1.0).ln() - float(np.log(low))) / float(np.log(high / low)) * bins
        )
    else:
        inside = (value - low) / (high - low) * bins
    at = ibis.least(inside.floor(), bins - 1)
    cases = [(value.isnull() | value.isnan(), bins)]
    if axis.log:
        cases.append(((value <= 0) & (value > float("-inf")), bins + 1))
    cases.append(((value < low) | (value > high), bins + 2))
    return ibis.cases(*cases, else_=at).cast("int64")


def _cells(grid: npt.NDArray[np.float64], x: _Axis, y: _Axis) -> pa.Table:
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
