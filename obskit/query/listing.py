"""`rows` and `sample`: events as they are, one per row, with the columns that matter first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from obskit.display.wide import WideResult
from obskit.engine import Scope, placed_rows
from obskit.errors import InvalidArgument, Unsupported
from obskit.query.arguments import split_direction, split_order, whole_number
from obskit.query.lookup import with_units
from obskit.query.output import dataset_of, format_call, join_statements, merge_notes
from obskit.query.usefulness import by_difference, by_usefulness
from obskit.text import pluralize

# Rows with equal values keep one order from run to run, so that no page misses or repeats a row.
_TIES = ("timestamp", "trace_id", "span_id")


def rows(
    scope: Scope,
    fields: Sequence[str] | None = None,
    order: str | None = None,
    limit: int = 20,
    offset: int = 0,
) -> WideResult:
    """List events.

    Args:
        scope: the rows.
        fields: the columns, in this order; by default all fields, those that matter most first.
        order: fields to sort by, such as "duration_ms desc, name"; rows without a value come last. By default
            they are sorted by time.
        limit: the most rows.
        offset: the number of rows that are passed over first.

    Returns:
        At most `limit` rows.

    Raises:
        InvalidArgument: `limit` is not a whole number of at least 1 or `offset` of at least 0, `fields` is
            empty, or `order` names a list or a structure.
        UnknownField: a field does not exist; the hint has the nearest names.

    Cost: one scan of the condition's fields and of those in `order`.
    """
    limit = whole_number(limit, "limit", "events.rows(limit=20)")
    offset = whole_number(offset, "offset", "events.rows(offset=100)", least=0)
    given = [fields] if isinstance(fields, str) else fields
    names = _resolved(scope, given)
    keys = _order_keys(scope, order)
    placed = scope.dataset.local  # a table elsewhere has no order of its own

    def build(table: ir.Table) -> ir.Table:
        if keys:
            ties = [name for name in _TIES if name in table.columns and name not in dict(keys)]
            if placed:
                table, place = placed_rows(scope, table, [*names, *(name for name, _ in keys)])
                ties += place
            table = table.order_by(
                [
                    (ibis.desc if descending else ibis.asc)(table[name], nulls_first=False)
                    for name, descending in [*keys, *((name, False) for name in ties)]
                ]
            )
        return table.select(*names).limit(limit, offset=offset)

    output = scope.run(build)
    total = scope.extent[0]
    notes = []
    if total > output.table.num_rows:
        which = f" by {order}" if order else ""
        first = (
            f"{output.table.num_rows:,} rows from number {offset + 1:,} on"
            if offset
            else f"the first {output.table.num_rows:,}"
        )
        notes.append(f"{first}{which} of {pluralize(total, 'row')}")
    table = output.table if given is not None else output.table.select(by_difference(output.table))
    return WideResult(
        kind="rows",
        table=with_units(table),
        query=format_call(
            "rows", scope=scope, fields=given and list(given), order=order, limit=limit, offset=offset or None
        ),
        sql=join_statements(scope, [output.sql]),
        dataset=dataset_of(scope),
        notes=merge_notes(scope.notes, notes),
        chosen=given is not None,
    )


def sample(scope: Scope, n: int = 10, seed: int = 0) -> WideResult:
    """Return random rows; the same seed returns the same rows.

    Args:
        scope: the rows to draw from.
        n: the number of rows.
        seed: selects another sample.

    Returns:
        At most `n` rows with all fields, those that matter most first.

    Raises:
        InvalidArgument: n is not a whole number of at least 1.

    Cost: one scan of the fields that identify a row; all fields only of the rows that are drawn.
    """
    n = whole_number(n, "n", "events.sample(10)")
    names = by_usefulness(scope.schema.names)
    placed = scope.dataset.local

    def build(table: ir.Table) -> ir.Table:
        # Order by a hash of the seed and of what identifies the row: the same rows on every run.
        keys = [c for c in ("span_id", "trace_id", "timestamp", "duration_ms", "name") if c in table.columns]
        table, place = placed_rows(scope, table, names) if placed else (table, ())
        text: Any = ibis.literal(str(seed))
        for key in keys or table.columns[:3]:
            text = text + "|" + table[key].cast("string").fill_null("")
        drawn = table.mutate(**{"obskit.draw": text.hash()})
        return drawn.order_by("obskit.draw", *place).limit(n).select(*names)

    output = scope.run(build)
    return WideResult(
        kind="sample",
        table=with_units(output.table.select(by_difference(output.table))),
        query=format_call("sample", n, scope=scope, seed=seed),
        sql=join_statements(scope, [output.sql]),
        dataset=dataset_of(scope),
        notes=merge_notes(scope.notes),
    )


def _resolved(scope: Scope, fields: Sequence[str] | None) -> list[str]:
    if fields is None:
        return by_usefulness(scope.schema.names)
    names = list(dict.fromkeys(scope.resolve(name) for name in fields))
    if not names:
        raise InvalidArgument("fields is empty", hint="leave out fields= to see all of them")
    return names


def _one_file(scope: Scope) -> bool:
    """Return whether all rows are in one file, which is sorted by time; a table elsewhere has no order."""
    try:
        return len(scope.dataset.files) == 1
    except Unsupported:
        return False


def _order_keys(scope: Scope, order: str | None) -> list[tuple[str, bool]]:
    """Return the fields of `order`, each with whether it is descending."""
    if order is None:
        sorted_already = _one_file(scope) or "timestamp" not in scope.schema.names
        return [] if sorted_already else [("timestamp", False)]
    keys: dict[str, bool] = {}
    for part in split_order(order):
        name, descending = split_direction(part)
        field = scope.resolve(name)
        if pa.types.is_nested(scope.known.field(field).type):
            raise InvalidArgument(
                f"order by {field} is not possible, because it holds lists or structures",
                hint="order by a field with one value per event, such as duration_ms",
            )
        keys.setdefault(field, descending)
    return list(keys.items())
