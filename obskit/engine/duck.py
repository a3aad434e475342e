"""DuckDB over Parquet: the embedded engine.

Ibis compiles expressions to SQL, and DuckDB's own client runs it. The database holds one view, on the files
of the dataset, and cannot read any other file. Each call has its own cursor, so threads can share an engine.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import duckdb
import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from obskit.engine.condition import Condition
from obskit.errors import ConditionError, DatasetError
from obskit.text import first_line, pluralize

VIEW = "events"
TRACED_VIEW = "events_and_traces"
_TRACES = "obskit_traces"
MASK_CACHE_BYTES = 256 << 20

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Mask:
    """For which rows of a file a condition is true, and for which it is null.

    Attributes:
        true: bool[rows], in the order of the file.
        null: the same; None if the condition is null for no row.
    """

    true: BoolArray
    null: BoolArray | None


@dataclass(frozen=True, eq=False)
class QueryOutput:
    """The rows that a statement returned, and the statement."""

    table: pa.Table
    sql: str


class Engine(Protocol):
    """Compiles and runs expressions over the events of a dataset."""

    def table(self) -> ir.Table:
        """Return the events as an unbound Ibis table."""

    def traced_table(self) -> ir.Table:
        """Return the events with the fields of whole traces as an unbound Ibis table."""

    def compile(self, expression: ir.Expr) -> str:
        """Return the statement for an expression."""

    def run(self, sql: str) -> pa.Table:
        """Run a statement and return all of its rows."""

    def stream(self, sql: str, rows: int) -> Iterator[pa.RecordBatch]:
        """Run a statement and yield its rows in order, `rows` at a time."""

    def masks(
        self, key: str, column: ir.BooleanColumn, ranges: Sequence[tuple[int, int]] | None = None
    ) -> list[Mask]:
        """Return a boolean column of the events (or of the rows in `ranges`) as masks, one per file."""


class DuckEngine:
    """An engine over the Parquet files of one dataset.

    Args:
        files: the files, in the order of the dataset.
        rows: the number of rows of each file.
        schema: the schema of all files.
        traces: returns the fields of each row's whole trace, in the order of the rows; called when a
            statement first needs them.
        traced: the schema of `traces`.
    """

    name = "duckdb"

    def __init__(
        self,
        files: Sequence[Path],
        rows: Sequence[int],
        schema: pa.Schema,
        traces: Callable[[], pa.Table] | None = None,
        traced: pa.Schema | None = None,
    ) -> None:
        self._files = [Path(file).resolve() for file in files]
        self._rows = list(rows)
        self._schema = schema
        self._lock = threading.Lock()
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._masks: OrderedDict[str, list[Mask]] = OrderedDict()
        self._cached_bytes = 0
        self._table = ibis.table(ibis.Schema.from_pyarrow(schema), name=VIEW)
        self._traces = traces
        self._has_traces = False
        wide = pa.schema([*schema, *(traced or ())])
        self._traced_table = ibis.table(ibis.Schema.from_pyarrow(wide), name=TRACED_VIEW)

    def table(self) -> ir.Table:
        """Return the events as an unbound Ibis table."""
        return self._table

    def traced_table(self) -> ir.Table:
        """Return the events with the fields of whole traces as an unbound Ibis table."""
        return self._traced_table

    def compile(self, expression: ir.Expr) -> str:
        """Return the statement for an expression, in the SQL of DuckDB."""
        try:
            return str(ibis.to_sql(expression, dialect="duckdb"))
        except RecursionError:
            raise ConditionError(
                "the expression is nested too deeply", hint="split it into several `where` calls"
            ) from None

    def run(self, sql: str) -> pa.Table:
        """Run a statement over the view `events`.

        Args:
            sql: one statement, as `compile` returns it.

        Returns:
            All of its rows.

        Raises:
            ConditionError: the statement fails on these rows, because of an invalid pattern for example.
            DatasetError: a file cannot be read.
        """
        with self._open_cursor(sql) as cursor:
            return cursor.sql(sql).to_arrow_table()

    def stream(self, sql: str, rows: int) -> Iterator[pa.RecordBatch]:
        """Run a statement and yield its rows in order, in constant memory.

        Args:
            sql: one statement, as `compile` returns it.
            rows: rows per batch.

        Yields:
            Batches of at most `rows` rows.

        Raises:
            ConditionError, DatasetError: as `run`.
        """
        with self._open_cursor(sql) as cursor:
            yield from cursor.sql(sql).to_arrow_reader(rows)

    @contextmanager
    def _open_cursor(self, sql: str) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open a cursor for a statement, and raise DuckDB's errors as ours."""
        cursor = self._cursor()
        if TRACED_VIEW in sql:
            self._add_traces()
        try:
            yield cursor
        except (duckdb.IOException, duckdb.PermissionException) as error:
            raise DatasetError(
                f"the files of the dataset cannot be read: {first_line(error)}",
                hint="load the events again; the files may have been moved or replaced",
            ) from None
        except duckdb.Error as error:
            raise _query_error(error) from None
        finally:
            cursor.close()

    def masks(
        self, key: str, column: ir.BooleanColumn, ranges: Sequence[tuple[int, int]] | None = None
    ) -> list[Mask]:
        """Return a boolean column of the events as one mask per file.

        Args:
            key: the key of the masks in the cache.
            column: a column over the events, or over the rows in `ranges`, in the order of the dataset.
            ranges: (first row, one after the last row) of each file; the masks are false elsewhere.

        Returns:
            The masks, in the order of each file's rows; read-only.

        Raises:
            ConditionError: as `run`.
            DatasetError: as `run`, or the files no longer have the rows that were written.

        Cost: one scan of the columns that it needs; up to 256 MB of masks are cached.
        """
        with self._lock:
            if key in self._masks:
                self._masks.move_to_end(key)
                return self._masks[key]
        # DuckDB preserves insertion order, so rows come in the order of the files.
        values = self.run(self.compile(column.name("value").as_table())).column(0)
        masks = self._split_by_file(values) if ranges is None else self._expand_ranges(values, ranges)
        size = sum(m.true.nbytes + (m.null.nbytes if m.null is not None else 0) for m in masks)
        with self._lock:
            if key not in self._masks:
                self._masks[key] = masks
                self._cached_bytes += size
            while self._cached_bytes > MASK_CACHE_BYTES and len(self._masks) > 1:
                _, old = self._masks.popitem(last=False)
                self._cached_bytes -= sum(
                    m.true.nbytes + (m.null.nbytes if m.null is not None else 0) for m in old
                )
        return masks

    def _split_by_file(self, column: pa.ChunkedArray) -> list[Mask]:
        if len(column) != sum(self._rows):
            raise DatasetError(
                f"the dataset has {pluralize(len(column), 'row')}, but {sum(self._rows):,} were written",
                hint="convert it again; something else changed the dataset",
            )
        true, null = _to_numpy(column)
        masks, start = [], 0
        for rows in self._rows:
            part = slice(start, start + rows)
            some = null[part] if null is not None else None
            masks.append(Mask(true[part], some if some is not None and some.any() else None))
            start += rows
        for mask in masks:
            mask.true.flags.writeable = False
        return masks

    def _expand_ranges(self, column: pa.ChunkedArray, ranges: Sequence[tuple[int, int]]) -> list[Mask]:
        if len(column) != sum(last - first for first, last in ranges):
            raise DatasetError(
                "the rows of the dataset are no longer in the order of their stored times",
                hint="convert it again; something else changed the dataset",
            )
        true, null = _to_numpy(column)
        masks, start = [], 0
        for rows, (first, last) in zip(self._rows, ranges, strict=True):
            full = np.zeros(rows, dtype=bool)
            part = slice(start, start + last - first)
            full[first:last] = true[part]
            unknown = None
            if null is not None and null[part].any():
                unknown = np.zeros(rows, dtype=bool)
                unknown[first:last] = null[part]
            full.flags.writeable = False
            masks.append(Mask(full, unknown))
            start = part.stop
        return masks

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        with self._lock:
            if self._connection is None:
                self._connection = self._connect()
            return self._connection.cursor()

    def _add_traces(self) -> None:
        """Put the fields of whole traces next to the rows; they have the same order and number."""
        with self._lock:
            if self._has_traces or self._traces is None or self._connection is None:
                return
            self._connection.register("incoming", self._traces())
            self._connection.execute(f"create table {_TRACES} as from incoming")
            self._connection.unregister("incoming")
            self._connection.execute(f"create view {TRACED_VIEW} as from {VIEW} positional join {_TRACES}")
            self._has_traces = True

    def _connect(self) -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect(":memory:", config={"autoinstall_known_extensions": "false"})
        parents = {file.parent for file in self._files}
        # DuckDB checks a path both before and after it expands the patterns in it.
        folders = sorted({str(folder) for folder in parents} | {_escape_glob(folder) for folder in parents})
        settings = (
            "set TimeZone = 'UTC'",
            "set enable_progress_bar = false",
            f"set allowed_directories = {_string_list(folders)}",
            "set enable_external_access = false",
            "set lock_configuration = true",
        )
        for setting in settings:
            connection.execute(setting)
        if self._files:
            source = (
                f"select * from read_parquet({_string_list([_escape_glob(file) for file in self._files])})"  # noqa: S608
            )
        else:
            names = ", ".join(
                f"null::{_sql_type(field.type)} as {_identifier(field.name)}" for field in self._schema
            )
            source = f"select {names or '1 as obskit'} where false"
        try:
            connection.execute(f"create view {VIEW} as {source}")
        except duckdb.Error as error:
            raise DatasetError(
                f"the files of the dataset cannot be read: {first_line(error)}",
                hint="load the events again; the files may have been moved or replaced",
            ) from None
        return connection


def filter_table(table: pa.Table, condition: Condition) -> pa.Table:
    """Return the rows of a table in memory for which a condition is true."""
    events = ibis.table(ibis.Schema.from_pyarrow(table.schema), name=VIEW)
    sql = ibis.to_sql(events.select(value=condition.to_ibis(events)), dialect="duckdb")
    with duckdb.connect(":memory:") as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.register(VIEW, table)
        try:
            true = connection.sql(sql).to_arrow_table().column(0)
        except duckdb.Error as error:
            raise _query_error(error) from None
    return table.filter(true.fill_null(False))


def _to_numpy(column: pa.ChunkedArray) -> tuple[BoolArray, BoolArray | None]:
    """Return where a boolean column is true, and where it is null (None if nowhere)."""
    true = np.empty(len(column), dtype=bool)
    null = np.zeros(len(column), dtype=bool) if column.null_count else None
    at = 0
    for chunk in column.chunks:
        end = at + len(chunk)
        validity, data = chunk.buffers()
        if chunk.null_count == len(chunk) or data is None:
            true[at:end] = False
        else:
            true[at:end] = _unpack_bits(data, chunk.offset, len(chunk))
        if null is not None and chunk.null_count:
            null[at:end] = ~_unpack_bits(validity, chunk.offset, len(chunk))
            true[at:end] &= ~null[at:end]
        at = end
    return true, null


def _unpack_bits(buffer: pa.Buffer, offset: int, length: int) -> BoolArray:
    first = offset // 8
    octets = np.frombuffer(buffer, np.uint8)[first : (offset + length + 7) // 8]
    bits = np.unpackbits(octets, bitorder="little")
    return bits[offset - 8 * first :][:length].view(np.bool_)


def _escape_glob(file: Path) -> str:
    """Escape `[`, `*` and `?` in a path, which DuckDB would expand as patterns."""
    return re.sub(r"[\[*?]", lambda match: f"[{match.group()}]", str(file))


def _string_list(values: Sequence[str]) -> str:
    return "[" + ", ".join("'" + value.replace("'", "''") + "'" for value in values) + "]"


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _sql_type(kind: pa.DataType) -> str:
    if pa.types.is_list(kind):
        return _sql_type(kind.value_type) + "[]"
    if pa.types.is_struct(kind):
        inner = ", ".join(f"{_identifier(field.name)} {_sql_type(field.type)}" for field in kind)
        return f"struct({inner})"
    names = {
        "timestamp": "timestamptz",
        "double": "double",
        "bool": "boolean",
        "int64": "bigint",
        "int32": "integer",
    }
    return next((sql for word, sql in names.items() if str(kind).startswith(word)), "varchar")


def _query_error(error: duckdb.Error) -> ConditionError:
    return ConditionError(
        f"DuckDB cannot run this: {first_line(error)}",
        hint="check the patterns and the types of the values that are compared",
    )
