"""A scope: a dataset, the engine that reads it, and the rows and derived fields that are meant."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
from ibis.common.deferred import Deferred

from obskit.dataset import NO_TIME, Dataset, FieldCodes
from obskit.engine.condition import Condition, Names, all_of, parse_condition, parse_expression, unknown_field
from obskit.engine.duck import Answer, DuckEngine, Engine, Mask
from obskit.engine.items import format_value
from obskit.engine.values import moment, time_literal
from obskit.engine.window import TIME, slices, time_window
from obskit.errors import InvalidArgument
from obskit.names import UNIT_KINDS

# A condition on one of these means rows of its own choice.
CHOOSING = frozenset({"kind", "name"})

Builder = Callable[[ir.Table], ir.Expr]


@dataclass(frozen=True, eq=False)
class Scope:
    """What a question is about. Immutable: `narrow` and `derive` return new ones.

    Attributes:
        dataset: the events at rest.
        engine: what runs statements over them.
        where: only rows of which this is true; None means all.
        derived: names and expression texts of fields that are computed, in order.
        notes: what the reader of a result has to know about how it was scoped.
    """

    dataset: Dataset
    engine: Engine
    where: Condition | None = None
    derived: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, dataset: Dataset) -> Scope:
        """Return the scope of all rows of a dataset, read by DuckDB."""
        files = dataset.files
        engine = DuckEngine([file.path for file in files], [file.rows for file in files], dataset.schema)
        return cls(dataset, engine)

    @property
    def newest(self) -> datetime | None:
        """The time of the newest event of the dataset; "-30m" counts from it."""
        newest: datetime | None = self.dataset.span[1]
        return newest

    @cached_property
    def schema(self) -> pa.Schema:
        """The fields with their types, derived ones last."""
        if not self.derived:
            return self.dataset.schema
        table = self._with_derived
        fields = [pa.field(name, table[name].type().to_pyarrow()) for name, _ in self.derived]
        return pa.schema([*self.dataset.schema, *fields])

    @cached_property
    def names(self) -> Names:
        """The names that conditions of this scope may use."""
        return Names(self.schema)

    @cached_property
    def _with_derived(self) -> ir.Table:
        table, schema = self.engine.table(), self.dataset.schema
        for name, text in self.derived:
            value = parse_expression(text, schema, newest=self.newest).to_ibis(table)
            table = table.mutate(**{name: value})
            schema = schema.append(pa.field(name, value.type().to_pyarrow()))
        return table

    @property
    def table(self) -> ir.Table:
        """The rows of this scope as an Ibis table."""
        table = self._with_derived
        return table if self.where is None else table.filter(self.where.to_ibis(table))

    def condition(self, text: str | Condition | Deferred | ir.Value) -> Condition:
        """Read a condition over the fields of this scope; errors as `parse_condition`."""
        if isinstance(text, Condition) and text.parsed is not None and text.fields <= set(self.schema.names):
            return text
        return parse_condition(text, self.schema, newest=self.newest, names=self.names)

    def resolve(self, name: str) -> str:
        """Return the field a name means, without regard to case, old names included.

        Raises:
            UnknownField: there is none; with the nearest names.
            InvalidArgument: no name at all.
        """
        if not isinstance(name, str):
            raise InvalidArgument(f"{name!r} is no name of a field", hint="such as 'http.route'")
        field = self.names.find(name)
        if field is None:
            raise unknown_field(name, self.names.names, alone=True)
        return field

    @property
    def chooses_rows(self) -> bool:
        """Whether `where` names `kind` or `name`: then it says itself which rows are meant, units or not."""
        return self.where is not None and not CHOOSING.isdisjoint(self.where.fields)

    def units(self) -> tuple[Condition | None, str | None]:
        """Return what picks the units of work among the rows of this scope, or why all rows are taken.

        Returns:
            The condition of a unit of work over the fields that there are, and None; or None, and the reason
            in a few words: `where` chooses the rows, or no row of the dataset is a unit of work.
        """
        if self.chooses_rows:
            return None, "the condition names kind or name: all rows it is true of are taken"
        names = set(self.dataset.schema.names)
        if not names & {"kind", "duration_ms"} or self.dataset.codes.no_units:
            return None, "no row is a unit of work (server, consumer or root span): all rows are taken"
        # A field that is not there is null on every row.
        parts = [f"kind in ({', '.join(map(format_value, UNIT_KINDS))})"] if "kind" in names else []
        if "duration_ms" in names:
            root = "parent_span_id is null and duration_ms is not null"
            parts.append(f"({root})" if "parent_span_id" in names else "duration_ms is not null")
        return self.condition(" or ".join(parts)), None

    def narrow(self, condition: str | Condition | Deferred | ir.Value | None) -> Scope:
        """Return the scope of those rows of which the condition is true as well."""
        if condition is None:
            return self
        read = self.condition(condition)
        notes = tuple(dict.fromkeys((*self.notes, *read.notes)))
        return dataclasses.replace(self, where=all_of([self.where, read]), notes=notes)

    def derive(self, name: str, expression: str | Deferred | ir.Value) -> Scope:
        """Return the scope with one more field.

        Raises:
            InvalidArgument: a field of that name is there already.
            ConditionError, UnknownField, UnknownFunction: the expression cannot be read.
        """
        taken = {known.lower(): known for known in self.schema.names}
        if name.lower() in taken:
            raise InvalidArgument(
                f"there is a field {taken[name.lower()]!r} already", hint="derive under another name"
            )
        if not name:
            raise InvalidArgument(
                "a derived field needs a name", hint="events.derive(slow='duration_ms > 500')"
            )
        read = parse_expression(expression, self.schema, newest=self.newest, names=self.names)
        notes = tuple(dict.fromkeys((*self.notes, *read.notes)))
        return dataclasses.replace(self, derived=(*self.derived, (name, read.text)), notes=notes)

    def run(self, what: ir.Expr | Builder) -> Answer:
        """Run an expression over the rows of this scope.

        Args:
            what: a function of the scope's table, or an expression over `scope.table`.
        Returns:
            Answer; the table has the types that the expression says.
        """
        expression = what if isinstance(what, ir.Expr) else what(self.table)
        table = expression if isinstance(expression, ir.Table) else expression.as_table()
        sql = self.engine.compile(table)
        found = self.engine.run(sql)
        return Answer(_without_decimals(found, table.schema().to_pyarrow()), sql)

    def batches(self, columns: Sequence[str], rows: int) -> Iterator[pa.RecordBatch]:
        """Give the rows of this scope in the dataset's order, in constant memory.

        Args:
            columns: names of fields, at least one.
            rows: how many at a time, at most about.
        """
        plain = self.where is None and not {name for name, _ in self.derived}.intersection(columns)
        if plain:
            for batch in self.dataset.batches(columns):
                for start in range(0, batch.num_rows, rows):
                    yield batch.slice(start, rows)
            return
        yield from self.engine.stream(self.engine.compile(self.table.select(*columns)), rows)

    @cached_property
    def extent(self) -> tuple[int, datetime | None, datetime | None]:
        """How many rows these are, and the times of the first and the last (None where none has a time)."""
        if self.where is None:
            return (self.dataset.rows, *self.dataset.span)
        timed = TIME in self.schema.names

        def count(table: ir.Table) -> ir.Table:
            ends = {"first": table[TIME].min(), "last": table[TIME].max()} if timed else {}
            return table.aggregate(rows=table.count(), **ends)

        found = self.run(count).table.to_pylist()[0]
        return found["rows"], found.get("first"), found.get("last")

    def masks(self, condition: Condition | None) -> list[Mask]:
        """Return where a condition is true and null, file by file, in the order of the rows.

        Args:
            condition: over the fields of this scope; the scope's own `where` is not in it. None asks for the
                masks of `where` itself, all true if there is none.
        Returns:
            One mask a file of `dataset.files`; shared and read-only.
        """
        condition = self.where if condition is None else condition
        if condition is None:
            return [Mask(np.ones(file.rows, dtype=bool), None) for file in self.dataset.files]
        key = "\0".join([condition.text, *(part for pair in self.derived for part in pair)])
        table, within = self._within(condition)
        value = condition.to_ibis(table)
        if isinstance(value, ir.Scalar):  # a condition without fields: `true`
            value = table.select(value=value).value
        return self.engine.masks(key, value, within)

    def _within(self, condition: Condition) -> tuple[ir.Table, list[tuple[int, int]] | None]:
        """Return the rows a condition has to be asked of: a narrow window of time, if it has one."""
        table = self._with_derived
        low, high = time_window(condition)
        if low is None and high is None:
            return table, None
        within = slices(self.dataset.codes.times(), low, high, NO_TIME)
        if within is None or sum(last - first for first, last in within) > self.dataset.rows // 2:
            return table, None
        time = table[TIME]
        if low is not None:
            table = table.filter(time >= time_literal(moment(low)))
        if high is not None:
            table = table.filter(table[TIME] <= time_literal(moment(high)))
        return table, within

    def codes(self, field: str) -> FieldCodes:
        """Return the codes of a field; a derived one is computed and coded when first asked for.

        Raises:
            UnknownField: no such field.
        """
        if field in {name for name, _ in self.derived}:
            held: dict[str, FieldCodes] = self._derived_codes
            if field not in held:
                answer = self.run(lambda _: self._with_derived.select(field))
                column, parts, start = answer.table.column(0), [], 0
                for file in self.dataset.files:
                    parts.append(column.slice(start, file.rows))
                    start += file.rows
                held[field] = self.dataset.codes.derived(field, column.type, parts)
            return held[field]
        return self.dataset.codes.field(field)

    @cached_property
    def _derived_codes(self) -> dict[str, FieldCodes]:
        return {}

    @property
    def sql_note(self) -> str:
        """A comment that says what the view `events` of a statement reads."""
        return f"-- events: read_parquet('{self.dataset.path}/*.parquet')"


def _without_decimals(found: pa.Table, wanted: pa.Schema) -> pa.Table:
    """Return a table in the types of the fields: DuckDB sums integers into decimals of 38 digits."""
    for at, column in enumerate(found.columns):
        if pa.types.is_decimal(column.type):
            name = found.schema.names[at]
            try:
                column = column.cast(wanted.field(name).type)
            except pa.ArrowInvalid:  # a sum beyond 64 bits
                column = column.cast(pa.float64())
            found = found.set_column(at, name, column)
    return found


__all__ = ["Answer", "Scope"]
