"""Give the columns of an answer the types that the question promised."""

from __future__ import annotations

import pyarrow as pa


def replace_decimals(found: pa.Table, wanted: pa.Schema) -> pa.Table:
    """Return a table in which each decimal column has the type that `wanted` gives it.

    DuckDB sums integers as decimals of 38 digits.

    Args:
        found: a table; other columns stay as they are.
        wanted: a type for each decimal column.

    Returns:
        The table; a sum beyond 64 bits is a float.
    """
    for at, column in enumerate(found.columns):
        if pa.types.is_decimal(column.type):
            name = found.schema.names[at]
            try:
                column = column.cast(wanted.field(name).type)
            except pa.ArrowInvalid:  # a sum beyond 64 bits
                column = column.cast(pa.float64())
            found = found.set_column(at, name, column)
    return found


def with_types(found: pa.Table, wanted: pa.Schema) -> pa.Table:
    """Return the answer of another engine with the types of the expression.

    Engines return other integers, times in other units, and columns that cannot be null.

    Args:
        found: the answer, with the columns of `wanted` in their order.
        wanted: the types.

    Returns:
        The table; a sum beyond 64 bits is a float.
    """
    columns = []
    for field, column in zip(wanted, replace_decimals(found, wanted).columns, strict=True):
        if not column.type.equals(field.type):
            try:
                column = column.cast(field.type, safe=False)
            except pa.ArrowInvalid:
                column = column.cast(pa.float64())
        columns.append(column)
    fields = [pa.field(f.name, c.type) for f, c in zip(wanted, columns, strict=True)]
    return pa.Table.from_arrays(columns, schema=pa.schema(fields))
