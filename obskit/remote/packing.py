"""Columns of an answer in structures, which cost an engine less to write than as many columns.

Spark writes a Java method for each statement. One for seventy columns reads all values of a row before it
writes the first; Java's compiler works on it for as long as the statement runs, and so for nothing. Of
structures of a few columns each, a value is put in its place as soon as it is read.
"""

from __future__ import annotations

from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa


def packed(rows: ir.Table, size: int) -> ir.Table:
    """Return rows whose columns are in structures.

    Args:
        rows: the rows, with any columns.
        size: so many columns in each structure; 0 leaves the rows as they are.

    Returns:
        The rows, with one structure of each `size` columns, in their order.
    """
    if not size or len(rows.columns) <= size:
        return rows
    columns: list[Any] = [rows[name] for name in rows.columns]
    structures = {}
    for start in range(0, len(columns), size):
        # Names of columns may have dots and quotes; those of the parts are not shown to anyone.
        parts = {f"c{start + at}": column for at, column in enumerate(columns[start : start + size])}
        structures[f"s{start}"] = ibis.struct(parts)
    return rows.select(**structures)


def unpacked(found: pa.Table, names: list[str]) -> pa.Table:
    """Return the answer to a statement over `packed` rows with its columns.

    Args:
        found: the answer; no structure is null.
        names: the columns that the rows had before they were packed, in their order.

    Returns:
        The columns; an answer whose columns are not in structures is returned as it is.
    """
    if found.column_names == names:
        return found
    return found.flatten().rename_columns(names)
