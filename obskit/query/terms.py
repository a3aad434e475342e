"""The Ibis expressions that queries are made from: weights, log buckets and time intervals."""

from __future__ import annotations

from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt

from obskit.stats import buckets


def row_weight(table: ir.Table) -> ir.Value:
    """Return how many events a row represents: n * w, where unknown factors are 1."""
    return row_count(table) * sample_weight(table)


def row_count(table: ir.Table) -> ir.Value:
    """Return n: `event_count` if it is positive, else 1."""
    if "event_count" not in table.columns:
        return ibis.literal(1, type="int64")
    count = table["event_count"].cast("int64")
    return (count > 0).ifelse(count, 1).fill_null(1)


def sample_weight(table: ir.Table) -> ir.Value:
    """Return w: `sample_weight` if it is positive and finite, else 1."""
    if "sample_weight" not in table.columns:
        return ibis.literal(1.0)
    weight = table["sample_weight"].cast("float64")
    return has_weight(table).ifelse(weight, 1.0)


def has_weight(table: ir.Table) -> Any:
    """Return whether `sample_weight` is positive and finite; the table must have the column."""
    weight: Any = table["sample_weight"].cast("float64")
    return ((weight > 0) & (weight < float("inf"))).fill_null(False)


def per_row(value: ir.Value, table: ir.Table) -> Any:
    """Return a value as a column: Ibis cannot sum a constant."""
    if not isinstance(value, ir.Scalar):
        return value
    any_column = table[table.columns[0]]
    return any_column.isnull().ifelse(value, value)


def is_weighted(table: ir.Table) -> bool:
    """Return whether a row may represent more than one event."""
    return "sample_weight" in table.columns or "event_count" in table.columns


def bucket(value: ir.Value) -> ir.Value:
    """Return the log bucket of a number, as `stats.buckets` defines it."""
    number = value.cast("float64")
    size = number.abs()
    # DuckDB raises for ln(0).
    index = (size.nullif(0.0).ln() / buckets.LOG_GROWTH).floor() + buckets.OFFSET
    signed: Any = (number < 0).ifelse(-index, index)
    found = ibis.cases(
        (number.isnull(), buckets.NULL),
        (number.isnan(), buckets.NAN),
        (number == float("inf"), buckets.INFINITY),
        (number == float("-inf"), buckets.NEGATIVE_INFINITY),
        (number == 0, buckets.ZERO),
        else_=signed,
    )
    return found.cast("int32")


def middles(cells: npt.NDArray[np.int32]) -> npt.NDArray[np.float64]:
    """Return the value that represents each bucket; NaN for null."""
    with np.errstate(over="ignore"):  # exp overflows for the buckets of the infinities
        return buckets.middles(cells)


def time_bucket(time: ir.Value, seconds: float) -> ir.Value:
    """Return the number of the interval of `seconds`, counted from the epoch, that contains a time."""
    return (time.epoch_seconds().cast("float64") / seconds).floor().cast("int64")
