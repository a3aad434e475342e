"""The axes of a heatmap: the span of a field's values, the edges of the bins, and the bin of each value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from obskit.dataset import NO_TIME, FieldCodes
from obskit.engine import Scope
from obskit.errors import InvalidArgument

Edges = npt.NDArray[Any]
SEVERITY = "severity_number"
LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")  # each has four numbers, from 1 on
_UNKNOWN_LEVEL = "-"
_LOOKED_AT = 50  # fields of a table elsewhere that are tried as what to draw
Span = tuple[float, float, float]  # least, greatest and least positive value; NaN if there is none


@dataclass(frozen=True)
class Axis:
    """One axis of the grid.

    Attributes:
        name: the field.
        edges: one more than bins, ascending; microseconds for times.
        time: whether its values are times.
        log: whether it is logarithmic.
    """

    name: str
    edges: npt.NDArray[np.float64]
    time: bool
    log: bool

    def index(self, values: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        """Return the bin of each value; -1 for values outside the edges."""
        at = np.searchsorted(self.edges, values, side="right") - 1
        at[values == self.edges[-1]] = len(self.edges) - 2
        return np.where((at >= 0) & (at < len(self.edges) - 1), at, -1)

    def shown(self) -> Edges:
        """Return the edges for users: datetime64[us] for times."""
        return self.edges.round().astype("int64").astype("datetime64[us]") if self.time else self.edges


def level_names(edges: Edges) -> list[str]:
    """Return the name of the level in each bin of an axis of severities."""
    found = [int((edge - 1) // 4) for edge in edges[:-1]]
    return [LEVELS[at] if 0 <= at < len(LEVELS) else _UNKNOWN_LEVEL for at in found]


def main_measure(scope: Scope) -> str | None:
    """Return what to draw over time: the duration, else the severity of log records, else any number.

    Args:
        scope: the events.

    Returns:
        The first of these fields that has values; None if there is none.

    Cost: makes the codes of these fields, if they do not exist yet.
    """
    numbers = [
        field.name
        for field in scope.schema
        if (pa.types.is_integer(field.type) or pa.types.is_floating(field.type))
        and field.name not in ("sample_weight", "event_count")
    ]
    ordered = sorted(numbers, key=lambda name: (name != "duration_ms", name != SEVERITY))
    if not scope.dataset.local:
        some = ordered[:_LOOKED_AT]
        counts: Any = {f"n{at}": ibis._[name].count() for at, name in enumerate(some)}
        found = scope.run(lambda t: t.aggregate(rows=t.count(), **counts)).table.to_pylist()[0]
        return next((name for at, name in enumerate(some) if found[f"n{at}"]), None)
    for name in ordered:
        if scope.codes(name).totals["all"].n[1:].any():
            return str(name)
    return None


def check_axis(scope: Scope, name: str) -> None:
    """Raise `InvalidArgument` unless a field has numbers or times."""
    kind = scope.known.field(name).type
    if not (pa.types.is_timestamp(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        raise InvalidArgument(
            f"{name} is {kind} and cannot be an axis", hint="choose a numeric field or a time"
        )


def value_span(scope: Scope, name: str) -> Span:
    """Return the least, greatest and least positive value (times in µs); NaN if there is none."""
    if has_codes(scope, name) and name != "timestamp":
        return _coded_span(scope, name)
    if name == "timestamp" and scope.where is None:
        first, last = scope.dataset.span
        if first is None or last is None:
            return np.nan, np.nan, np.nan
        return first.timestamp() * 1e6, last.timestamp() * 1e6, np.nan

    if name == "timestamp" and scope.dataset.local:
        rows = [
            times[mask.true]
            for times, mask in zip(scope.dataset.codes.times(), scope.masks(None), strict=True)
        ]
        known = [some[some != NO_TIME] for some in rows]
        low = min((int(some.min()) for some in known if len(some)), default=None)
        high = max((int(some.max()) for some in known if len(some)), default=None)
        return (np.nan, np.nan, np.nan) if low is None or high is None else (float(low), float(high), np.nan)

    def build(table: ir.Table) -> ir.Table:
        value = _as_float(table, name)
        fine = value.notnull() & ~value.isnan() & (value.abs() < float("inf"))
        return table.aggregate(
            low=value.min(where=fine), high=value.max(where=fine), least=value.min(where=fine & (value > 0))
        )

    row = scope.run(build).table.to_pylist()[0]
    span = [np.nan if row[key] is None else float(row[key]) for key in ("low", "high", "least")]
    return span[0], span[1], span[2]


def _coded_span(scope: Scope, name: str) -> Span:
    codes = scope.codes(name)
    low, high = bounds(codes)
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


def bounds(codes: FieldCodes) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the least and the greatest value that each code represents."""
    if codes.lo is not None and codes.hi is not None:
        return codes.lo, codes.hi
    values = codes.values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return values, values


def is_wide(span: Span) -> bool:
    """Return whether no value is negative, and the positive ones span more than a factor of 20."""
    low, high, least = span
    return bool(least > 0 and high > 20 * least and low >= 0)


def make_axis(scope: Scope, name: str, span: Span, bins: int, log: bool) -> Axis:
    """Return the axis of a field over its span; over [0, 1] if it has no values.

    The severity of log records has one bin per level, whatever number of bins is wanted.
    """
    low, high, least = span
    if name == SEVERITY and np.isfinite(low):
        first, last = ((value - 1) // 4 for value in (low, high))
        return Axis(name, 1 + 4 * np.arange(first, last + 2, dtype=np.float64), False, False)
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
    return Axis(name, edges, _is_time(scope, name), log)


def _is_time(scope: Scope, name: str) -> bool:
    return bool(pa.types.is_timestamp(scope.known.field(name).type))


def has_codes(scope: Scope, name: str) -> bool:
    """Return whether the values of a field are in memory, as codes or as the times of the rows."""
    if not scope.dataset.local:
        return False
    return name == "timestamp" or (name in scope.dataset.schema.names and not _is_time(scope, name))


def time_bins(times: npt.NDArray[np.int64], axis: Axis) -> npt.NDArray[np.int64]:
    """Return the bin of each time; `bins` for null, `bins + 2` for times outside the edges."""
    bins = len(axis.edges) - 1
    known = len(times)
    while known and times[known - 1] == NO_TIME:  # nulls are last, and few
        known = (
            int(np.flatnonzero(times[:known] != NO_TIME)[-1]) + 1 if (times[:known] != NO_TIME).any() else 0
        )
    some = times[:known]
    if known and (some[1:] >= some[:-1]).all():
        # The times are sorted, so each bin is a slice, found by bisection.
        cuts = np.searchsorted(some, np.ceil(axis.edges[1:-1] - 1e-3), side="left")
        ends = np.concatenate([[0], cuts, [known]])
        out = np.repeat(np.arange(bins, dtype=np.int64), np.diff(ends))
    else:
        out = axis.index(some.astype(np.float64))
        out[out < 0] = bins + 2
        out[some == NO_TIME] = bins
    return np.concatenate([out, np.full(len(times) - known, bins, np.int64)])


def sql_bin(table: ir.Table, axis: Axis) -> ir.Value:
    """Return the bin of each row as an expression; after the bins come missing, zero or less, and outside."""
    bins, value = len(axis.edges) - 1, _as_float(table, axis.name)
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


def _as_float(table: ir.Table, name: str) -> Any:
    value: Any = table[name]
    return (
        (value.epoch_seconds().cast("float64") * 1e6)
        if value.type().is_timestamp()
        else value.cast("float64")
    )
