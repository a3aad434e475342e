"""Rows of a scope with their place in the dataset, which decides between rows that are equal otherwise."""

from __future__ import annotations

from collections.abc import Iterable

import ibis
import ibis.expr.types as ir

from obskit.engine.duck import PLACE, DuckEngine
from obskit.engine.scope import Scope


def placed_rows(scope: Scope, table: ir.Table, names: Iterable[str]) -> tuple[ir.Table, tuple[str, ...]]:
    """Return the rows of a scope with fields that say where each row is.

    Args:
        scope: rows of a dataset on this machine.
        table: these rows.
        names: the fields that are needed.

    Returns:
        The rows, and the names of the fields, to sort by.
    """
    engine, where = scope.engine, scope.where
    asked = {*names, *(where.fields if where is not None else ())}
    if scope.derived or not asked <= set(scope.dataset.schema.names) or not isinstance(engine, DuckEngine):
        # DuckDB numbers the rows before it looks for the first ones, so that all of their fields are read.
        return table.mutate(**{PLACE[0]: ibis.row_number()}), PLACE[:1]
    placed = engine.placed_table()
    return (placed if where is None else placed.filter(where.to_ibis(placed))), PLACE
