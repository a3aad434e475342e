"""Write events into a table of Spark, completely or not at all.

Rows go to Spark in pieces, for neither side holds all of them in memory. Several pieces are collected in a
table of their own, counted, and moved to their place by one statement; the collecting table is then dropped.
"""

from __future__ import annotations

import contextlib
import importlib
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from obskit.engine import Scope
from obskit.errors import (
    ConditionError,
    EmptySelection,
    InvalidArgument,
    ObskitError,
    RemoteError,
    Unsupported,
)
from obskit.remote.address import TableName, parse_address, parse_table
from obskit.remote.spark_client import SparkClient, quoted
from obskit.schema import cast
from obskit.text import pluralize
from obskit.writers import WriteNotes, Written, chosen_fields

BYTES = 32 << 20
"""Bytes of rows that are sent at once."""

ROWS = 16_384
"""Rows that are read at once."""

_NAMED = 5  # columns that an error names

Progress = Callable[[str, int, int], object]


@dataclass(frozen=True)
class TableOptions:
    """How `write_table` writes.

    Attributes:
        fields: fields to write; None for all.
        append: whether rows are added to a table that exists.
        progress: called as ("writing rows", rows so far, rows).
    """

    fields: Sequence[str] | None = None
    append: bool = False
    progress: Progress | None = None


def write_table(scope: Scope, url: str, table: str, options: TableOptions) -> Written:
    """Write the rows of a scope into a table of Spark.

    Args:
        scope: the rows.
        url: `sc://host:15002`.
        table: the table: new, or with `append` an existing one whose columns have the names and types of the
            fields. Columns that the events do not have are null in the new rows.
        options: what to write, and how.

    Returns:
        Written.

    Raises:
        InvalidArgument: the address or the name is not valid, the table exists, or its columns do not fit.
        Unsupported: the address is not that of Spark.
        EmptySelection: there are no rows to write.
        UnknownField: one of the fields does not exist.
        MissingDependency: the extra `spark` is not installed.
        RemoteError: Spark cannot be reached, or fails; the table is as it was before.
    """
    address, name = parse_address(url), parse_table(table)
    if address.scheme != "sc":
        raise Unsupported(
            f"obskit does not write into {address.scheme}://",
            hint="write Parquet, and let the engine read it: events.write('events.parquet')",
        )
    if name.files:
        raise InvalidArgument(
            f"{table!r} is a path, expected the name of a table",
            hint="write a folder of Parquet files without table=: events.write('folder')",
        )
    names = chosen_fields(scope, options.fields)
    schema = pa.schema([_storable(scope.schema.field(each)) for each in names])
    rows = scope.extent[0]
    if not rows:
        raise EmptySelection(f"no rows to write to {name}", hint="widen the condition or the time range")
    client = SparkClient(address)
    target = _Target(client, name, schema, append=options.append)
    notes = WriteNotes()

    def counted() -> Iterator[pa.Table]:
        for piece in _pieces(scope, schema):
            yield piece
            notes.rows += piece.num_rows
            if options.progress is not None:
                options.progress("writing rows", notes.rows, rows)

    target.write(counted())
    return Written(Path(str(name)), "spark", notes.rows, len(schema), notes.lines())


def _storable(field: pa.Field) -> pa.Field:
    """Return a field as Spark stores it: one without any value is text."""
    return field.with_type(pa.string()) if pa.types.is_null(field.type) else field


def _pieces(scope: Scope, schema: pa.Schema) -> Iterator[pa.Table]:
    held: list[pa.RecordBatch] = []
    for batch in scope.batches(schema.names, ROWS):
        held.append(cast(batch, schema))
        if sum(each.nbytes for each in held) >= BYTES:
            yield pa.Table.from_batches(held, schema)
            held = []
    if held:
        yield pa.Table.from_batches(held, schema)


class _Target:
    """The table to write to.

    Args:
        client: the connection.
        name: the table.
        schema: the fields.
        append: whether it may exist.

    Raises:
        InvalidArgument: it exists and must not, or its columns do not fit.
    """

    def __init__(self, client: SparkClient, name: TableName, schema: pa.Schema, *, append: bool) -> None:
        self._client, self._name = client, name
        self._exists = client.command(lambda session: session.catalog.tableExists(quoted(name)))
        if self._exists and not append:
            raise InvalidArgument(
                f"the table {name} exists at {client.address.shown}",
                hint="choose another name, or add the rows to it: append=True",
            )
        self._columns = self._fitting(schema) if self._exists else None

    def _fitting(self, schema: pa.Schema) -> list[tuple[str, str | None]]:
        """Return the table's columns in order, each with its type in SQL if the rows do not have it."""
        there = self._client.command(lambda session: session.table(quoted(self._name)).schema)
        own = {field.name.lower(): field for field in schema}
        extra = set(own) - {column.name.lower() for column in there}
        if extra:
            names = [field.name for field in schema if field.name.lower() in extra]
            raise InvalidArgument(
                f"the table {self._name} has no {_columns(names)}",
                hint="add the columns there, or choose the fields to write: fields=[...]",
            )
        spark_types = importlib.import_module("pyspark.sql.pandas.types")
        types = {field.name.lower(): field.dataType for field in spark_types.from_arrow_schema(schema)}
        for column in there:
            mine = types.get(column.name.lower())
            if mine is not None and not _fits(mine.simpleString(), column.dataType.simpleString()):
                raise InvalidArgument(
                    f"the column {column.name} of {self._name} is {column.dataType.simpleString()}, "
                    f"but the field is {mine.simpleString()}",
                    hint="write a new table, or leave the field out: fields=[...]",
                )
        return [
            (column.name, None if column.name.lower() in own else column.dataType.simpleString())
            for column in there
        ]

    def write(self, pieces: Iterator[pa.Table]) -> None:
        """Write all pieces, completely or not at all."""
        try:
            self._write(pieces)
        except ConditionError as error:  # what Spark says of a statement that it does not understand
            raise RemoteError(
                f"Spark cannot write the table {self._name}: {error.message}",
                hint="check the name of the database, and that the table still is as it was",
            ) from None

    def _write(self, pieces: Iterator[pa.Table]) -> None:
        first = next(pieces)
        second = next(pieces, None)
        if second is None:
            self._client.command(lambda session: self._place(session.createDataFrame(first)))
            return
        collected = TableName((*self._name.parts[:-1], f"obskit_{secrets.token_hex(8)}"))
        try:
            sent = self._collect(collected, _chain(first, second, pieces))
            self._client.command(lambda session: self._move(session, collected, sent))
        finally:
            with contextlib.suppress(ObskitError):
                self._client.command(lambda session: session.sql(f"DROP TABLE IF EXISTS {quoted(collected)}"))

    def _collect(self, collected: TableName, pieces: Iterator[pa.Table]) -> int:
        sent = 0
        for piece in pieces:

            def send(session: Any, piece: pa.Table = piece, new: bool = not sent) -> None:
                rows = session.createDataFrame(piece)
                if new:
                    rows.writeTo(quoted(collected)).create()
                else:
                    rows.write.insertInto(quoted(collected))

            self._client.command(send)
            sent += piece.num_rows
        return sent

    def _move(self, session: Any, collected: TableName, sent: int) -> None:
        rows = session.table(quoted(collected))
        there = rows.count()
        if there != sent:
            raise RemoteError(
                f"Spark stored {there:,} of {pluralize(sent, 'row')}, so nothing was written to {self._name}",
                hint="another program may have changed the table that collects them: write again",
            )
        self._place(rows)

    def _place(self, rows: Any) -> None:
        """Put rows into the table by one statement."""
        if self._columns is None:
            rows.writeTo(quoted(self._name)).create()
            return
        columns = [
            name if kind is None else f"CAST(NULL AS {kind}) AS {name}"
            for name, kind in ((quoted(TableName((name,))), kind) for name, kind in self._columns)
        ]
        rows.selectExpr(*columns).write.insertInto(quoted(self._name))


def _chain(first: pa.Table, second: pa.Table, rest: Iterator[pa.Table]) -> Iterator[pa.Table]:
    yield first
    yield second
    yield from rest


def _fits(field: str, column: str) -> bool:
    """Return whether a column holds every value of a field, by their types in Spark's SQL."""
    return field == column or (field, column) == ("int", "bigint")


def _columns(names: Sequence[str]) -> str:
    shown = ", ".join(map(repr, names[:_NAMED]))
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return f"column {shown}{more}" if len(names) == 1 else f"columns {shown}{more}"
