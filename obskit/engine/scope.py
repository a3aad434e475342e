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

from obskit.dataset import Dataset, FieldCodes
from obskit.engine.across import AcrossCall, check_names
from obskit.engine.computed import ComputedFields
from obskit.engine.condition import Condition, Expression, all_of, parse_condition, parse_expression
from obskit.engine.duck import DuckEngine, Engine, QueryOutput
from obskit.engine.encrypted import Decryption
from obskit.engine.field_names import Names, unknown_field
from obskit.engine.items import format_value
from obskit.engine.make_masks import make_masks
from obskit.engine.masks import Mask
from obskit.engine.result_types import replace_decimals, with_types
from obskit.engine.trace_fields import trace_schema
from obskit.engine.window import TIME
from obskit.errors import InvalidArgument
from obskit.names import UNIT_KINDS

# A condition on one of these says itself which rows it is about, so it is not limited to units of work.
ROW_CHOOSING_FIELDS = frozenset({"kind", "name"})

MOST_TEXTS = 200
# What only depends on the fields of a scope, whatever its rows.
_OF_FIELDS = ("schema", "known", "trace_fields", "names", "_read_texts")

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
        decryption: reads encrypted values in conditions; None without keys.
    """

    dataset: Dataset
    engine: Engine
    where: Condition | None = None
    derived: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    made_by: str = ""
    sampled: bool = False
    decryption: Decryption | None = None

    @classmethod
    def of(cls, dataset: Dataset) -> Scope:
        """Return a scope of all rows of a dataset, read by DuckDB."""
        files = dataset.files
        engine = DuckEngine(
            [file.path for file in files],
            [file.rows for file in files],
            dataset.schema,
            lambda name: (batch.column(0) for batch in dataset.batches([name])),
            [file.absent.names for file in files],
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
        return pa.schema([*self.dataset.schema, *(field for field, _ in self._computed.derived)])

    @cached_property
    def known(self) -> pa.Schema:
        """All fields that a question may name: those of `schema`, and those of whole traces.

        The fields of whole traces (`obskit.trace.*`, `obskit.self_ms`, ...) are computed when a question
        names them, and are neither listed nor looked at otherwise.
        """
        return pa.schema([*self.schema, *self.trace_fields])

    @cached_property
    def trace_fields(self) -> pa.Schema:
        """The fields of whole traces; none in a sample."""
        return pa.schema([]) if self.sampled else trace_schema(self.dataset.schema)

    @cached_property
    def names(self) -> Names:
        """The names that conditions over this scope may use."""
        return Names(self.known)

    @cached_property
    def _read_texts(self) -> dict[str, Condition]:
        """Conditions by their texts: the same ones are read again and again."""
        return {}

    @cached_property
    def _computed(self) -> ComputedFields:
        return ComputedFields(self)

    def call(self, text: str) -> AcrossCall | None:
        """Return the call across the rows of a trace that a text is; None if it is anything else."""
        return self._computed.call(text)

    def type_of(self, name: str) -> pa.DataType:
        """Return the type of a field in `known`, or of a call."""
        call = self.call(name)
        return self.known.field(name).type if call is None else call.type

    def all_rows(self, asked: Iterable[str]) -> ir.Table:
        """Return all rows of the dataset, whatever `where` says, with derived and computed fields.

        Args:
            asked: names of computed fields; those that derived fields use are there anyway.

        Returns:
            The table.
        """
        used = {*asked, *(name for _, read in self._computed.derived for name in read.fields)}
        computed = tuple(sorted(name for name in used if self._computed.type_of(name) is not None))
        if computed not in self._all_rows:
            table = self.engine.table()
            if computed:
                check_names(computed)
                fields = pa.schema([(name, self._computed.type_of(name)) for name in computed])
                table = self.engine.wide_table(fields, self._computed.column, self._computed.version)
            for field, read in self._computed.derived:
                table = table.mutate(**{field.name: read.to_ibis(table)})
            self._all_rows[computed] = table
        return self._all_rows[computed]

    @cached_property
    def _all_rows(self) -> dict[tuple[str, ...], ir.Table]:
        return {}

    @property
    def table(self) -> ir.Table:
        """The rows of this scope as an Ibis table."""
        return self.table_with(())

    def table_with(self, fields: Iterable[str]) -> ir.Table:
        """Return the rows as an Ibis table that has these fields, too; of whole traces, only those asked."""
        table = self.all_rows((*fields, *(self.where.fields if self.where is not None else ())))
        return table if self.where is None else table.filter(self.where.to_ibis(table))

    def condition(self, text: str | Condition | Deferred | ir.Value) -> Condition:
        """Parse a condition over the fields of this scope; raises what `parse_condition` does."""
        if isinstance(text, Condition) and text.parsed is not None and text.fields <= set(self.known.names):
            return text
        if self.decryption is not None:
            return self.decryption.condition(self, self._parse(text), self._parse)
        if not isinstance(text, str):
            return self._parse(text)
        found = self._read_texts.get(text) or self._parse(text)
        if len(self._read_texts) < MOST_TEXTS:
            self._read_texts[text] = found
        return found

    def _parse(self, text: str | Condition | Deferred | ir.Value) -> Condition:
        return parse_condition(
            text, self.known, newest=self.newest, names=self.names, across=not self.sampled
        )

    def expression(self, text: str | Deferred | ir.Value, *, encrypted: bool = False) -> Expression:
        """Parse a value as `parse_expression` does; only with `encrypted` may it be an encrypted field."""
        found = parse_expression(
            text, self.known, newest=self.newest, names=self.names, across=not self.sampled
        )
        if self.decryption is not None:
            self.decryption.check_expression(self, found, alone=encrypted)
        return found

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
        if not names & {"kind", "duration_ms"} or self.dataset.no_units:
            return None, "no row is a unit of work (server, consumer or root span), so all rows are included"
        # A field that does not exist is null on every row.
        parts = [f"kind in ({', '.join(map(format_value, UNIT_KINDS))})"] if "kind" in names else []
        if "duration_ms" in names:
            root = "parent_span_id is null and duration_ms is not null"
            parts.append(f"({root})" if "parent_span_id" in names else "duration_ms is not null")
        return self.condition(" or ".join(parts)), None

    @property
    def everything(self) -> Scope:
        """All rows of the dataset, without derived fields."""
        return Scope(self.dataset, self.engine, decryption=self.decryption)

    def narrow(self, condition: str | Condition | Deferred | ir.Value | None) -> Scope:
        """Return the scope of the rows for which a further condition is true."""
        if condition is None:
            return self
        read = self.condition(condition)
        notes = tuple(dict.fromkeys((*self.notes, *read.notes)))
        made = dataclasses.replace(self, where=all_of([self.where, read]), notes=notes)
        made.__dict__.update((name, self.__dict__[name]) for name in _OF_FIELDS if name in self.__dict__)
        return made

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
        read = self.expression(expression)
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
        finish = replace_decimals if self.dataset.local else with_types
        return QueryOutput(finish(found, table.schema().to_pyarrow()), sql)

    def _build(self, builder: Builder) -> ir.Expr:
        """Build an expression over the rows, with the fields of whole traces if it names one."""
        try:
            return builder(self.table)
        except Exception:
            # The builder may name such a field; anything else fails again, in the same way.
            if not self.trace_fields:
                raise
            return builder(self.table_with(self.trace_fields.names))

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
        asked = self.where if condition is None else condition
        if asked is None:
            return [Mask(np.ones(file.rows, dtype=bool), None) for file in self.dataset.files]
        key = "\0".join([asked.text, *(part for pair in self.derived for part in pair)])
        return self.engine.cached_masks(key, lambda: make_masks(self, asked))

    def codes(self, field: str) -> FieldCodes:
        """Return the codes of a field.

        Args:
            field: a field of the dataset, a derived or computed one, or a call such as root(http.route).

        Returns:
            The codes; those of a field that is not stored are computed once per scope.

        Raises:
            UnknownField: no field has the name.
        """
        computed = self._computed.type_of(field)
        if computed is None and field not in {name for name, _ in self.derived}:
            return self.dataset.codes.field(field)
        cached: dict[str, FieldCodes] = self._derived_codes
        if field not in cached:
            if computed is not None:
                column = self._computed.column(field)
            else:
                column = self.run(self.all_rows(()).select(field)).table.column(0)
            parts, start = [], 0
            for file in self.dataset.files:
                parts.append(column.slice(start, file.rows))
                start += file.rows
            cached[field] = self.dataset.codes.derived(field, column.type, parts)
        return cached[field]

    @cached_property
    def _derived_codes(self) -> dict[str, FieldCodes]:
        return {}

    @property
    def sql_note(self) -> str:
        """The SQL comment that says where the rows of `events` are."""
        return f"-- events: {self.dataset.described}"
