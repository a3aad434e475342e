"""`Scope`: the dataset, rows and derived fields that a question is about, and the engine that reads them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
from ibis.common.deferred import Deferred

from obskit.dataset import NO_TIME, Dataset, FieldCodes
from obskit.engine.condition import Condition, all_of, parse_condition, parse_expression
from obskit.engine.duck import DuckEngine, Engine, Mask, QueryOutput
from obskit.engine.field_names import Names, unknown_field
from obskit.engine.items import format_value
from obskit.engine.trace_fields import column_of, trace_schema, trace_table
from obskit.engine.values import moment, time_literal
from obskit.engine.window import TIME, row_ranges, time_window
from obskit.errors import InvalidArgument
from obskit.names import UNIT_KINDS

# A condition on one of these says itself which rows it is about, so it is not limited to units of work.
ROW_CHOOSING_FIELDS = frozenset({"kind", "name"})

Builder = Callable[[ir.Table], ir.Expr]


@dataclass(frozen=True, eq=False)
class Scope:
    """The rows and fields that a question is about. Immutable: `narrow` and `derive` return new scopes.

    Attributes:
        dataset: the stored events.
        engine: runs statements over the dataset.
        where: the condition that rows must fulfill; None for all rows.
        derived: (name, expression) of each computed field, in order.
        notes: what the reader of a result must know about this scope.
        made_by: the calls of `Events` that made the dataset from the one that was loaded: `.lookup(...)`.
        sampled: whether the rows are a sample: it has no whole traces, and what is not in it may exist.
    """

    dataset: Dataset
    engine: Engine
    where: Condition | None = None
    derived: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    made_by: str = ""
    sampled: bool = False

    @classmethod
    def of(cls, dataset: Dataset) -> Scope:
        """Return a scope of all rows of a dataset, read by DuckDB."""
        files = dataset.files
        engine = DuckEngine(
            [file.path for file in files],
            [file.rows for file in files],
            dataset.schema,
            lambda: trace_table(dataset),
            trace_schema(dataset.schema),
        )
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
        table = self._with_derived(traced=True)
        fields = [pa.field(name, table[name].type().to_pyarrow()) for name, _ in self.derived]
        return pa.schema([*self.dataset.schema, *fields])

    @cached_property
    def known(self) -> pa.Schema:
        """All fields that a question may name: those of `schema`, and those of whole traces.

        The fields of whole traces (`obskit.trace.*`) are computed when a question names them, and are
        neither listed nor looked at otherwise.
        """
        return pa.schema([*self.schema, *self._trace_fields])

    @cached_property
    def _trace_fields(self) -> pa.Schema:
        return pa.schema([]) if self.sampled else trace_schema(self.dataset.schema)

    @cached_property
    def names(self) -> Names:
        """The names that conditions over this scope may use."""
        return Names(self.known)

    def _with_derived(self, traced: bool) -> ir.Table:
        """Return all rows with the derived fields, and with the fields of whole traces if `traced`."""
        return self._derived_over[bool(traced or self._derived_need_traces)]

    @cached_property
    def _derived_over(self) -> dict[bool, ir.Table]:
        out = {}
        for traced in (False, True):
            if not traced and self._derived_need_traces:
                continue
            table = self.engine.traced_table() if traced else self.engine.table()
            schema = pa.schema([*self.dataset.schema, *(self._trace_fields if traced else ())])
            for name, text in self.derived:
                value = parse_expression(text, schema, newest=self.newest).to_ibis(table)
                table = table.mutate(**{name: value})
                schema = schema.append(pa.field(name, value.type().to_pyarrow()))
            out[traced] = table
        return out

    @cached_property
    def _derived_need_traces(self) -> bool:
        # A false alarm, from a text in quotes, costs time only.
        return any(name in text.lower() for name in self._trace_fields.names for _, text in self.derived)

    @property
    def table(self) -> ir.Table:
        """The rows of this scope as an Ibis table."""
        return self.table_with(())

    def table_with(self, fields: Iterable[str]) -> ir.Table:
        """Return the rows of this scope as an Ibis table that has these fields, too.

        Args:
            fields: names in `known`.

        Returns:
            The table; it has the fields of whole traces only if one of them is in `fields` or in `where`.
        """
        asked = {*fields, *(self.where.fields if self.where is not None else ())}
        table = self._with_derived(traced=not asked.isdisjoint(self._trace_fields.names))
        return table if self.where is None else table.filter(self.where.to_ibis(table))

    def condition(self, text: str | Condition | Deferred | ir.Value) -> Condition:
        """Parse a condition over the fields of this scope; raises what `parse_condition` does."""
        if isinstance(text, Condition) and text.parsed is not None and text.fields <= set(self.known.names):
            return text
        return parse_condition(text, self.known, newest=self.newest, names=self.names)

    def resolve(self, name: str) -> str:
        """Return the field with a name.

        Args:
            name: the name in any case, or an old name of the field.

        Returns:
            The name of the field in the data.

        Raises:
            UnknownField: no field has the name; the hint has the nearest names.
            InvalidArgument: the name is not text.
        """
        if not isinstance(name, str):
            raise InvalidArgument(
                f"a field name must be text, got {name!r}", hint="write it as in 'http.route'"
            )
        field = self.names.find(name)
        if field is None:
            raise unknown_field(name, self.names.names, alone=True)
        return field

    @property
    def chooses_rows(self) -> bool:
        """Whether `where` names `kind` or `name`, and so chooses rows that may not be units of work."""
        return self.where is not None and not ROW_CHOOSING_FIELDS.isdisjoint(self.where.fields)

    def units(self) -> tuple[Condition | None, str | None]:
        """Return the condition of a unit of work, or why all rows are included.

        Returns:
            (condition, None), over the fields that exist; or (None, reason) if `where` chooses the rows or no
            row of the dataset is a unit of work.
        """
        if self.chooses_rows:
            return None, "the condition names kind or name, so all rows that it selects are included"
        names = set(self.dataset.schema.names)
        if not names & {"kind", "duration_ms"} or self.dataset.codes.no_units:
            return None, "no row is a unit of work (server, consumer or root span), so all rows are included"
        # A field that does not exist is null on every row.
        parts = [f"kind in ({', '.join(map(format_value, UNIT_KINDS))})"] if "kind" in names else []
        if "duration_ms" in names:
            root = "parent_span_id is null and duration_ms is not null"
            parts.append(f"({root})" if "parent_span_id" in names else "duration_ms is not null")
        return self.condition(" or ".join(parts)), None

    def narrow(self, condition: str | Condition | Deferred | ir.Value | None) -> Scope:
        """Return the scope of the rows for which a further condition is true."""
        if condition is None:
            return self
        read = self.condition(condition)
        notes = tuple(dict.fromkeys((*self.notes, *read.notes)))
        return dataclasses.replace(self, where=all_of([self.where, read]), notes=notes)

    def derive(self, name: str, expression: str | Deferred | ir.Value) -> Scope:
        """Return the scope with one more field.

        Args:
            name: the name of the new field.
            expression: its value, such as "duration_ms / 1000".

        Returns:
            A new scope.

        Raises:
            InvalidArgument: the name is empty, or a field has it already.
            ConditionError, UnknownField, UnknownFunction: the expression cannot be parsed.
        """
        taken = {known.lower(): known for known in self.known.names}
        if name.lower() in taken:
            raise InvalidArgument(
                f"a field called {taken[name.lower()]!r} already exists", hint="choose another name"
            )
        if not name:
            raise InvalidArgument(
                "a derived field needs a name", hint="name it: events.derive(slow='duration_ms > 500')"
            )
        if "\0" in name:
            raise InvalidArgument(
                f"the name of a derived field cannot contain the character NUL, got {name!r}",
                hint="choose another name",
            )
        read = parse_expression(expression, self.known, newest=self.newest, names=self.names)
        notes = tuple(dict.fromkeys((*self.notes, *read.notes)))
        return dataclasses.replace(self, derived=(*self.derived, (name, read.text)), notes=notes)

    def run(self, what: ir.Expr | Builder) -> QueryOutput:
        """Run an expression over the rows of this scope.

        Args:
            what: an expression over `scope.table`, or a function that makes one from it.

        Returns:
            The table, with the types of the expression, and the statement that ran.

        Raises:
            ConditionError: the statement cannot run on these rows.
            DatasetError: the files cannot be read.
        """
        expression = what if isinstance(what, ir.Expr) else self._build(what)
        table = expression if isinstance(expression, ir.Table) else expression.as_table()
        sql = self.engine.compile(table)
        found = self.engine.run(sql)
        return QueryOutput(_replace_decimals(found, table.schema().to_pyarrow()), sql)

    def _build(self, builder: Builder) -> ir.Expr:
        """Build an expression over the rows, with the fields of whole traces if it names one."""
        try:
            return builder(self.table)
        except Exception:
            # The builder may name such a field; anything else fails again, in the same way.
            if not self._trace_fields:
                raise
            return builder(self.table_with(self._trace_fields.names))

    def batches(self, columns: Sequence[str], rows: int) -> Iterator[pa.RecordBatch]:
        """Yield the rows of this scope in the order of the dataset, in constant memory.

        Args:
            columns: names of fields, at least one.
            rows: the most rows per batch, approximately.

        Yields:
            Batches with these columns.
        """
        plain = self.where is None and set(columns) <= set(self.dataset.schema.names)
        if plain:
            for batch in self.dataset.batches(columns):
                for start in range(0, batch.num_rows, rows):
                    yield batch.slice(start, rows)
            return
        yield from self.engine.stream(self.engine.compile(self.table_with(columns).select(*columns)), rows)

    @cached_property
    def extent(self) -> tuple[int, datetime | None, datetime | None]:
        """The number of rows, and the times of the first and the last; None if no row has a time."""
        if self.where is None:
            return (self.dataset.rows, *self.dataset.span)
        timed = TIME in self.schema.names

        def count(table: ir.Table) -> ir.Table:
            ends = {"first": table[TIME].min(), "last": table[TIME].max()} if timed else {}
            return table.aggregate(rows=table.count(), **ends)

        found = self.run(count).table.to_pylist()[0]
        return found["rows"], found.get("first"), found.get("last")

    def masks(self, condition: Condition | None) -> list[Mask]:
        """Return for which rows a condition is true, and for which it is null.

        Args:
            condition: a condition over the fields of this scope, applied to all rows of the dataset; None for
                the masks of the scope's own `where` (all true without one).

        Returns:
            One mask per file of `dataset.files`, in the order of its rows; shared and read-only.

        Cost: one scan of the condition's fields, or of its window of time; the engine caches the masks.
        """
        condition = self.where if condition is None else condition
        if condition is None:
            return [Mask(np.ones(file.rows, dtype=bool), None) for file in self.dataset.files]
        key = "\0".join([condition.text, *(part for pair in self.derived for part in pair)])
        table, ranges = self._table_in_window(condition)
        value = condition.to_ibis(table)
        if isinstance(value, ir.Scalar):  # a condition without fields, such as `true`
            value = table.select(value=value).value
        return self.engine.masks(key, value, ranges)

    def _table_in_window(self, condition: Condition) -> tuple[ir.Table, list[tuple[int, int]] | None]:
        """Return the rows for which a condition can be true: its window of time, if that is narrow."""
        table = self._with_derived(traced=not condition.fields.isdisjoint(self._trace_fields.names))
        low, high = time_window(condition)
        if low is None and high is None:
            return table, None
        ranges = row_ranges(self.dataset.codes.times(), low, high, NO_TIME)
        if ranges is None or sum(last - first for first, last in ranges) > self.dataset.rows // 2:
            return table, None
        time = table[TIME]
        if low is not None:
            table = table.filter(time >= time_literal(moment(low)))
        if high is not None:
            table = table.filter(table[TIME] <= time_literal(moment(high)))
        return table, ranges

    def codes(self, field: str) -> FieldCodes:
        """Return the codes of a field.

        Args:
            field: a field of the dataset, or a derived one.

        Returns:
            The codes; those of a derived field are computed once per scope.

        Raises:
            UnknownField: no field has the name.
        """
        if field in self._trace_fields.names:
            return self._trace_codes(field)
        if field in {name for name, _ in self.derived}:
            cached: dict[str, FieldCodes] = self._derived_codes
            if field not in cached:
                output = self.run(self._with_derived(traced=False).select(field))
                column, parts, start = output.table.column(0), [], 0
                for file in self.dataset.files:
                    parts.append(column.slice(start, file.rows))
                    start += file.rows
                cached[field] = self.dataset.codes.derived(field, column.type, parts)
            return cached[field]
        return self.dataset.codes.field(field)

    def _trace_codes(self, field: str) -> FieldCodes:
        cached: dict[str, FieldCodes] = self._derived_codes
        if field not in cached:
            parts = [column_of(arrays, field) for arrays in self.dataset.codes.traces()]
            kind = self._trace_fields.field(field).type
            cached[field] = self.dataset.codes.derived(field, kind, parts)
        return cached[field]

    @cached_property
    def _derived_codes(self) -> dict[str, FieldCodes]:
        return {}

    @property
    def sql_note(self) -> str:
        """The SQL comment that says which files the view `events` reads."""
        return f"-- events: read_parquet('{self.dataset.path}/*.parquet')"


def _replace_decimals(found: pa.Table, wanted: pa.Schema) -> pa.Table:
    """Cast decimals to the wanted types: DuckDB sums integers as decimals of 38 digits."""
    for at, column in enumerate(found.columns):
        if pa.types.is_decimal(column.type):
            name = found.schema.names[at]
            try:
                column = column.cast(wanted.field(name).type)
            except pa.ArrowInvalid:  # a sum beyond 64 bits
                column = column.cast(pa.float64())
            found = found.set_column(at, name, column)
    return found
