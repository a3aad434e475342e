"""Groups and their values by SQL: one statement for sums, one for each field percentiles are taken of.

Every statement groups the same rows by the same keys and sorts by them, so their columns stand side by side.
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
from obskit.query.calculations import Calculation
from obskit.query.terms import bucket, has_weight, is_weighted, middles, per_row, row_weight
from obskit.stats import buckets

Columns = dict[str, pa.ChunkedArray | pa.Array]


@dataclass(frozen=True)
class Groups:
    """Groups with their values: a row a group.

    Attributes:
        keys: column name -> values; the last may be the number of a stretch of time.
        values: calculation name -> values.
        sql: the statements.
        rows: rows counted.
        unweighted: rows that carry no sampling weight, None where none could.
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
    """Group the rows of a scope.

    Args:
        scope: the rows.
        keys: column name -> expression over `table`.
        calculations: what to take of each group.
        seconds: what `rate` divides by; also the length of a stretch, where a key is one.
        exact: percentiles exact and unweighted, by sorting.
        table: the rows as an Ibis table, if not the scope's own.
    """
    table = scope.table if table is None else table
    weight = row_weight(table) if is_weighted(table) else None
    wanted: dict[str, ir.Value] = {"rows": table.count()}
    if "sample_weight" in table.columns:
        wanted["unweighted"] = (~has_weight(table)).sum()
    coarse = [c for c in calculations if c.function == "percentile" and not exact]
    for at, calculation in enumerate(calculations):
        if calculation not in coarse:
            wanted |= _sums(f"v{at}", calculation, table, weight)
    names = list(keys)
    named = [value.name(f"k{at}") for at, value in enumerate(keys.values())]
    base = table.group_by(named).aggregate(**wanted) if named else table.aggregate(**wanted)
    answer = scope.run(_sorted(base, len(names)))
    statements, found = [answer.sql], answer.table
    values: Columns = {}
    for at, calculation in enumerate(calculations):
        if calculation not in coarse:
            values[calculation.name] = _value(f"v{at}", calculation, found, seconds)
    by_argument: dict[str, list[Calculation]] = {}
    for calculation in coarse:
        by_argument.setdefault(_argument(calculation).text, []).append(calculation)
    for group in by_argument.values():
        answer = scope.run(_sorted(_percentiles(table, named, group, weight), len(names)))
        statements.append(answer.sql)
        for at, calculation in enumerate(group):
            values[calculation.name] = _middles(answer.table.column(f"p{at}"))
    return Groups(
        keys={name: found.column(f"k{at}") for at, name in enumerate(names)},
        values={c.name: values[c.name] for c in calculations},
        sql=tuple(statements),
        rows=int(sum(found.column("rows").to_pylist())),
        unweighted=int(sum(x or 0 for x in found.column("unweighted").to_pylist()))
        if "unweighted" in wanted
        else None,
    )


def _sorted(table: ir.Table, keys: int) -> ir.Table:
    if not keys:
        return table
    return table.order_by([ibis.asc(table[f"k{at}"], nulls_first=False) for at in range(keys)])


def _argument(calculation: Calculation) -> Any:
    return calculation.argument


def _sums(
    name: str, calculation: Calculation, table: ir.Table, weight: ir.Value | None
) -> dict[str, ir.Value]:
    """Return the aggregates a calculation needs, under names that begin with `name`."""
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


def _value(name: str, calculation: Calculation, found: pa.Table, seconds: float | None) -> Any:
    column = found.column(name)
    if calculation.function in ("count", "sum"):
        return column if calculation.function == "sum" else _filled(column)
    if calculation.function == "share":
        return _ratio(column, found.column(name + "of"))
    if calculation.function in ("rate", "concurrency"):
        numbers = _filled(column).cast(pa.float64()).to_numpy(zero_copy_only=False)
        return pa.array(numbers / seconds if seconds else np.full(len(numbers), np.nan), from_pandas=True)
    return column


def _filled(column: pa.ChunkedArray) -> pa.Array:
    values = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return values.fill_null(0)


def _ratio(part: Any, whole: Any) -> pa.Array:
    top = _filled(part).cast(pa.float64()).to_numpy(zero_copy_only=False)
    bottom = _filled(whole).cast(pa.float64()).to_numpy(zero_copy_only=False)
    with np.errstate(divide="ignore", invalid="ignore"):
        return pa.array(np.where(bottom > 0, top / bottom, np.nan), from_pandas=True)


def _percentiles(
    table: ir.Table, named: Sequence[ir.Value], group: Sequence[Calculation], weight: ir.Value | None
) -> ir.Table:
    """Return the bucket of each percentile of one argument, a row a group.

    A histogram by log bucket, its running weight, and the first bucket at which that reaches the share.
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
