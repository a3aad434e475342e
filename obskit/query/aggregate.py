"""Calculate values of groups by SQL: one statement for sums, one per field with percentiles.

Every statement groups the same rows by the same keys and sorts by them, so the columns of all fit together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from obskit.engine import Scope
from obskit.query.calculations import Calculation, fields_of
from obskit.query.terms import bucket, has_weight, is_weighted, middles, per_row, row_weight
from obskit.stats import buckets

Columns = dict[str, pa.ChunkedArray | pa.Array]


@dataclass(frozen=True)
class Groups:
    """Groups with their values.

    Attributes:
        keys: column name -> one value per group; the last column may be the number of a time interval.
        values: calculation name -> one value per group.
        sql: the statements that ran.
        rows: the number of rows counted.
        unweighted: the number of rows without a sample weight; None if the events have no such field.
    """

    keys: Columns
    values: Columns
    sql: tuple[str, ...]
    rows: int
    unweighted: int | None

    def __len__(self) -> int:
        return len(next(iter((self.keys or self.values).values())))


def aggregate(
    scope: Scope,
    keys: Mapping[str, ir.Value],
    calculations: Sequence[Calculation],
    seconds: float | None,
    exact: bool,
    table: ir.Table | None = None,
) -> Groups:
    """Calculate values of groups of rows.

    Args:
        scope: the rows.
        keys: column name -> expression over `table`.
        calculations: what to calculate for each group.
        seconds: the length of time that `rate` and `concurrency` divide by; None if it is not known.
        exact: whether percentiles are exact and unweighted, by sorting.
        table: the rows as an Ibis table; by default the scope's.

    Returns:
        The groups, sorted by their keys.
    """
    table = scope.table_with(fields_of((), calculations)) if table is None else table
    weight = row_weight(table) if is_weighted(table) else None
    aggregates: dict[str, ir.Value] = {"rows": table.count()}
    if "sample_weight" in table.columns:
        aggregates["unweighted"] = (~has_weight(table)).sum()
    coarse = [c for c in calculations if c.function == "percentile" and not exact]
    for at, calculation in enumerate(calculations):
        if calculation not in coarse:
            aggregates |= _aggregates(f"v{at}", calculation, table, weight)
    names = list(keys)
    named = [value.name(f"k{at}") for at, value in enumerate(keys.values())]
    base = table.group_by(named).aggregate(**aggregates) if named else table.aggregate(**aggregates)
    output = scope.run(_sort_by_keys(base, len(names)))
    statements, found = [output.sql], output.table
    values: Columns = {}
    for at, calculation in enumerate(calculations):
        if calculation not in coarse:
            values[calculation.name] = _read_value(f"v{at}", calculation, found, seconds)
    by_argument: dict[str, list[Calculation]] = {}
    for calculation in coarse:
        by_argument.setdefault(_argument(calculation).text, []).append(calculation)
    for group in by_argument.values():
        output = scope.run(_sort_by_keys(_percentiles(table, named, group, weight), len(names)))
        statements.append(output.sql)
        for at, calculation in enumerate(group):
            values[calculation.name] = _middles(output.table.column(f"p{at}"))
    return Groups(
        keys={name: found.column(f"k{at}") for at, name in enumerate(names)},
        values={c.name: values[c.name] for c in calculations},
        sql=tuple(statements),
        rows=int(sum(found.column("rows").to_pylist())),
        unweighted=int(sum(x or 0 for x in found.column("unweighted").to_pylist()))
        if "unweighted" in aggregates
        else None,
    )


def _sort_by_keys(table: ir.Table, keys: int) -> ir.Table:
    if not keys:
        return table
    return table.order_by([ibis.asc(table[f"k{at}"], nulls_first=False) for at in range(keys)])


def _argument(calculation: Calculation) -> Any:
    return calculation.argument


def _aggregates(
    name: str, calculation: Calculation, table: ir.Table, weight: ir.Value | None
) -> dict[str, ir.Value]:
    """Return the aggregates that a calculation needs, under names that begin with `name`."""
    match calculation.function:
        case "count" | "share":
            if calculation.condition is None:
                return {name: table.count() if weight is None else weight.sum()}
            true = per_row(calculation.condition.to_ibis(table), table)
            one: Any = ibis.literal(1, type="int64") if weight is None else weight
            out = {name: true.ifelse(one, 0).sum()}
            if calculation.function == "share":
                out[name + "of"] = true.notnull().ifelse(one, 0).sum()
            return out
        case "rate":
            return {name: table.count().cast("float64") if weight is None else weight.sum()}
        case "rows":
            return {name: table.count()}
        case "concurrency":
            length = table["duration_ms"]
            return {name: (length if weight is None else length * weight).sum() / 1000}
    value = per_row(_argument(calculation).to_ibis(table), table)
    match calculation.function:
        case "sum":
            return {name: (value if weight is None else value * weight).sum()}
        case "avg":
            if weight is None:
                return {name: value.mean()}
            there = value.notnull().ifelse(weight, ibis.null("float64"))
            return {name: (value * weight).sum() / there.sum()}
        case "min":
            return {name: value.min()}
        case "max":
            return {name: value.max()}
        case "count_distinct":
            return {name: value.nunique()}
    return {name: value.cast("float64").quantile(calculation.q)}


def _read_value(name: str, calculation: Calculation, found: pa.Table, seconds: float | None) -> Any:
    column = found.column(name)
    if calculation.function in ("count", "sum"):
        return column if calculation.function == "sum" else _nulls_as_zero(column)
    if calculation.function == "share":
        return _ratio(column, found.column(name + "of"))
    if calculation.function in ("rate", "concurrency"):
        numbers = _nulls_as_zero(column).cast(pa.float64()).to_numpy(zero_copy_only=False)
        return pa.array(numbers / seconds if seconds else np.full(len(numbers), np.nan), from_pandas=True)
    return column


def _nulls_as_zero(column: pa.ChunkedArray) -> pa.Array:
    values = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return values.fill_null(0)


def _ratio(part: Any, whole: Any) -> pa.Array:
    top = _nulls_as_zero(part).cast(pa.float64()).to_numpy(zero_copy_only=False)
    bottom = _nulls_as_zero(whole).cast(pa.float64()).to_numpy(zero_copy_only=False)
    with np.errstate(divide="ignore", invalid="ignore"):
        return pa.array(np.where(bottom > 0, top / bottom, np.nan), from_pandas=True)


def _percentiles(
    table: ir.Table, named: Sequence[ir.Value], group: Sequence[Calculation], weight: ir.Value | None
) -> ir.Table:
    """Return the bucket of each percentile of one argument, one row per group.

    A percentile is in the first bucket at which the running weight of the histogram reaches its share.
    """
    cell = bucket(per_row(_argument(group[0]).to_ibis(table), table)).name("cell")
    one: Any = table.count().cast("float64") if weight is None else weight.sum().cast("float64")
    cells = table.group_by([*named, cell]).aggregate(weight=one)
    keys = [f"k{at}" for at in range(len(named))]
    counted = cells.mutate(
        weight=cells.cell.isin([buckets.NULL, buckets.NAN]).ifelse(0.0, cells.weight),
    )
    over = ibis.window(group_by=keys, order_by="cell", preceding=None, following=0)
    whole = ibis.window(group_by=keys)
    running = counted.mutate(running=counted.weight.sum().over(over), whole=counted.weight.sum().over(whole))
    found = {
        f"p{at}": running.cell.min(
            where=(running.weight > 0) & (running.running >= running.whole * (float(c.q or 0) * (1 - 1e-12)))
        )
        for at, c in enumerate(group)
    }
    return running.group_by(keys).aggregate(**found) if keys else running.aggregate(**found)


def _middles(column: pa.ChunkedArray) -> pa.Array:
    cells = column.combine_chunks().fill_null(buckets.NULL).to_numpy(zero_copy_only=False)
    return pa.array(middles(cells.astype(np.int32)), from_pandas=True)
