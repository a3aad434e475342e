"""`impact`: how many users, customers, ... a selection hit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from obskit.dataset import weight_note
from obskit.display import formatting
from obskit.display.result import Result
from obskit.display.tables import SHARE
from obskit.engine import Condition, Population, Scope, check_population
from obskit.errors import EmptySelection, InvalidArgument, UnknownField
from obskit.query.lookup import with_units
from obskit.query.output import dataset_of, format_call, join_statements, merge_notes
from obskit.query.terms import has_weight, per_row, row_weight
from obskit.text import pluralize, safe

DEFAULT_BY = "user.id"
_PEOPLE = ("user", "customer", "account", "session", "client", "member", "tenant", "device", "person")
_NOT_PEOPLE = {"trace_id", "span_id", "parent_span_id", "name"}


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Impact(Result):
    """How many users (customers, ...) a selection hit.

    Attributes:
        by: the field whose values are counted.
        affected: distinct values on selected rows.
        total: distinct values on all rows of the population.
        lower_bound: whether both are lower bounds, because events are sampled.
        population: "units" or "all".
    """

    by: str
    affected: int
    total: int
    lower_bound: bool
    population: Population

    def __str__(self) -> str:
        row = self.table.to_pylist()[0]
        part = formatting.share(self.affected / self.total) if self.total else ""
        if self.lower_bound:
            line = f"at least {self.affected:,} of at least {self.total:,} {self.by}"
        else:
            line = f"{self.affected:,} of {self.total:,} {self.by}" + (f" ({part})" if part else "")
        if row["first"] is not None:
            line += f", from {formatting.time(row['first'])} to {formatting.time(row['last'])}"
        return "\n".join(map(safe, [line, *self.footer()]))

    __repr__ = __str__


@dataclass(frozen=True)
class _Counts:
    """The one row of numbers that an impact is made of."""

    affected: int
    total: int
    events: float
    without_value: int
    selected_rows: int
    rows: int
    first: Any
    last: Any
    sampled: int
    unweighted: int

    @property
    def share(self) -> float | None:
        """Affected of total, in [0, 1]; None if nothing is counted."""
        return self.affected / self.total if self.total else None


def impact(scope: Scope, selection: Any, by: str = DEFAULT_BY, *, population: Population = "units") -> Impact:
    """Count how many users (customers, ...) a selection hit.

    Args:
        scope: the rows to count in.
        selection: the condition for the outcome.
        by: the field whose values are counted; rows without a value are noted.
        population: "units" for units of work, as in `explain`, or "all" for all rows. All rows are also used
            if the scope's condition names `kind` or `name`, or no row is a unit of work.

    Returns:
        The distinct values on selected rows and on all rows, and the times of the first and the last selected
        row. If events are sampled, both numbers are lower bounds, and their share is not known.

    Raises:
        EmptySelection: no row is selected.
        UnknownField: no field is called `by`.
        InvalidArgument: the values of `by` are lists or structures, or `population` is neither name.
        ConditionError, UnknownFunction: the selection cannot be parsed.

    Cost: one scan of the fields of the conditions and of `by`.
    """
    check_population(population)
    chosen = scope.condition(selection)
    field = _countable_field(scope, by)
    unit, why_all = scope.units() if population == "units" else (None, None)
    examined = scope.narrow(unit)
    output = examined.run(lambda table: _count(table, chosen, field))
    counts = _Counts(**output.table.to_pylist()[0])
    if not counts.selected_rows:
        raise _nothing_selected(chosen, counts.rows, units_only=unit is not None)
    weighted = "sample_weight" in scope.schema.names
    named = {} if population == "units" else {"population": population}
    return Impact(
        kind="impact",
        table=_table(counts),
        query=format_call("impact", chosen.text, scope=scope, by=by, **named),
        sql=join_statements(examined, [output.sql]),
        dataset=dataset_of(scope),
        notes=merge_notes(
            scope.notes,
            chosen.notes,
            [f"only units of work are counted: {unit.text}"] if unit is not None else [],
            [why_all] if why_all else [],
            _notes(counts, field),
            weight_note(counts.unweighted if weighted else None, counts.selected_rows),
        ),
        by=field,
        affected=counts.affected,
        total=counts.total,
        lower_bound=bool(counts.sampled),
        population="all" if unit is None else "units",
    )


def _countable_field(scope: Scope, by: str) -> str:
    """Return the field whose values are counted."""
    try:
        field = scope.resolve(by)
    except UnknownField:
        if by != DEFAULT_BY:
            raise
        raise _no_default_field(scope) from None
    if pa.types.is_nested(scope.known.field(field).type):
        raise InvalidArgument(
            f"by must be a field with one value per event, but {field} holds lists or structures",
            hint="choose a field such as user.id",
        )
    return field


def _no_default_field(scope: Scope) -> UnknownField:
    """Return the error for events without `user.id`; it suggests fields that identify people."""
    ids = [
        name
        for name in scope.schema.names
        if name not in _NOT_PEOPLE and re.search(r"(^|[._])(id|uuid|email|name)$|(?<=[a-z])Id$", name)
    ]
    people = [name for word in _PEOPLE for name in ids if word in name.lower()]
    likely = list(dict.fromkeys(people or ids))[:3]
    hint = "name the field to count: by=... (--by ...)"
    if likely:
        hint = f"name the field to count: by={likely[0]!r} (--by {likely[0]})"
        hint += f"; others are {', '.join(likely[1:])}" if likely[1:] else ""
    return UnknownField(f"the events have no field {DEFAULT_BY}", hint=hint)


def _nothing_selected(chosen: Condition, rows: int, *, units_only: bool) -> EmptySelection:
    wider = "; population='all' also counts rows that are not units of work" if units_only else ""
    return EmptySelection(
        f"the selection is empty: {chosen.text} is true for none of {pluralize(rows, 'row')}",
        hint=f"choose a condition that some rows meet; fields() and info show the values of a field{wider}",
    )


def _count(table: ir.Table, chosen: Condition, field: str) -> ir.Table:
    """Return the expression of one row with the fields of `_Counts`."""
    true: Any = per_row(chosen.to_ibis(table), table)
    weighted = "sample_weight" in table.columns
    timed = "timestamp" in table.columns
    zero: Any = ibis.literal(0, "int64")
    never: Any = ibis.null("timestamp('UTC')")
    return table.aggregate(
        affected=table[field].nunique(where=true).fill_null(0),
        total=table[field].nunique().fill_null(0),
        events=true.ifelse(row_weight(table), 0).sum().fill_null(0),
        without_value=(true & table[field].isnull()).sum().fill_null(0),
        selected_rows=true.sum().fill_null(0),
        rows=table.count(),
        first=table["timestamp"].min(where=true) if timed else never,
        last=table["timestamp"].max(where=true) if timed else never,
        sampled=(table["sample_weight"] > 1).sum().fill_null(0) if weighted else zero,
        unweighted=(true & ~has_weight(table)).sum().fill_null(0) if weighted else zero,
    )


def _table(counts: _Counts) -> pa.Table:
    table = pa.table(
        {
            "affected": pa.array([counts.affected], pa.int64()),
            "total": pa.array([counts.total], pa.int64()),
            "share": pa.array([None if counts.sampled else counts.share], pa.float64()),
            "events": pa.array([counts.events], pa.float64()),
            "first": pa.array([counts.first], pa.timestamp("us", "UTC")),
            "last": pa.array([counts.last], pa.timestamp("us", "UTC")),
        }
    )
    return with_units(table, share=SHARE)


def _notes(counts: _Counts, field: str) -> list[str]:
    """Return what a reader must know about the numbers."""
    notes = []
    if counts.sampled:
        note = f"events are sampled, so {counts.affected:,} and {counts.total:,} are lower bounds"
        if counts.share:
            note += f"; the share of these is {formatting.share(counts.share)}, the share of all is unknown"
        notes.append(note)
    if counts.without_value:
        of = pluralize(counts.selected_rows, "selected row")
        have = "has" if counts.without_value == 1 else "have"
        notes.append(f"{counts.without_value:,} of {of} {have} no {field}")
    return notes
