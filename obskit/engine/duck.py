"""DuckDB over Parquet: the embedded engine.

Ibis compiles expressions to SQL, and DuckDB's own client runs it. The database holds one view, on the files
of the dataset, and cannot read any other file. Each call has its own cursor, so threads can share an engine.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa

from obskit.engine.condition import Condition
from obskit.engine.held_columns import HeldColumns
from obskit.engine.masks import Mask, MaskCache, expand_ranges, split_by_file
from obskit.engine.statement import to_sql
from obskit.errors import ConditionError, DatasetError
from obskit.text import first_line

VIEW = "events"
TRACED_VIEW = "events_and_traces"
HELD_VIEW = "held"
PLACED_VIEW = "events_in_order"
PLACE = ("obskit.file", "obskit.row")
"""Where a row is: the number of its file, and its number in it. Sorting by them costs next to nothing."""

_WIDE = re.compile(rf"\b{TRACED_VIEW}(?:_\d+)?\b")

ComputeColumn = Callable[[str], pa.Array | pa.ChunkedArray]


@dataclass(frozen=True, eq=False)
class QueryOutput:
    """The rows that a statement returned, and the statement."""

    table: pa.Table
    sql: str


class Engine(Protocol):
    """Compiles and runs expressions over the events of a dataset."""

    def table(self) -> ir.Table:
        """Return the events as an unbound Ibis table."""

    def wide_table(self, fields: pa.Schema, column: ComputeColumn, version: Callable[[str], str]) -> ir.Table:
        """Return the events with computed fields as an unbound Ibis table."""

    def compile(self, expression: ir.Expr) -> str:
        """Return the statement for an expression."""

    def run(self, sql: str) -> pa.Table:
        """Run a statement and return all of its rows."""

    def stream(self, sql: str, rows: int) -> Iterator[pa.RecordBatch]:
        """Run a statement and yield its rows in order, `rows` at a time."""

    def held(self, names: Iterable[str], ranges: Sequence[tuple[int, int]] | None) -> pa.Table | None:
        """Return columns that are in memory, of the rows in `ranges` of each file; None if they aren't."""

    def held_columns(self, names: Iterable[str]) -> dict[str, list[pa.ChunkedArray]] | None:
        """Return columns that are in memory, one array per file; None if they aren't."""

    def masks(
        self,
        column: ir.BooleanColumn,
        ranges: Sequence[tuple[int, int]] | None = None,
        held: pa.Table | None = None,
    ) -> list[Mask]:
        """Return a boolean column of the events (or of the rows in `ranges`) as masks, one per file."""

    def cached_masks(self, key: str, make: Callable[[], list[Mask]]) -> list[Mask]:
        """Return the masks that were made for a key, or make and keep them."""


class DuckEngine:
    """An engine over the Parquet files of one dataset.

    Args:
        files: the files, in the order of the dataset.
        rows: the number of rows of each file.
        schema: the schema of the dataset.
        read: returns a column by its name, in the order of the rows.
        absent: for each file the fields that it does not have, because they are null in all of its rows.
    """

    name = "duckdb"

    def __init__(
        self,
        files: Sequence[Path],
        rows: Sequence[int],
        schema: pa.Schema,
        read: Callable[[str], Iterable[pa.Array]] | None = None,
        absent: Sequence[Collection[str]] = (),
    ) -> None:
        self._files = [Path(file).resolve() for file in files]
        self._rows = list(rows)
        self._schema = schema
        self._absent = [set(names) for names in absent if names]
        everywhere = len(self._absent) < len(self._files) or not self._absent
        self._nowhere = set() if everywhere else set.intersection(*self._absent)
        self._lock = threading.Lock()
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._masks = MaskCache()
        self._table = ibis.table(ibis.Schema.from_pyarrow(schema), name=VIEW)
        self._held = HeldColumns(schema, rows, read) if read is not None else None
        # View -> its computed columns, each (name, version); computed once a statement names the view.
        self._wide: dict[str, tuple[tuple[tuple[str, str], ...], ComputeColumn]] = {}
        self._columns: dict[tuple[str, str], str] = {}
        self._ready: set[str] = set()

    def table(self) -> ir.Table:
        """Return the events as an unbound Ibis table."""
        return self._table

    def placed_table(self) -> ir.Table:
        """Return the events with the fields `PLACE` as an unbound Ibis table."""
        fields = [pa.field(name, pa.int64()) for name in PLACE]
        return ibis.table(ibis.Schema.from_pyarrow(pa.schema([*self._schema, *fields])), name=PLACED_VIEW)

    def wide_table(self, fields: pa.Schema, column: ComputeColumn, version: Callable[[str], str]) -> ir.Table:
        """Return the events with computed fields as an unbound Ibis table.

        Args:
            fields: the computed fields, at least one.
            column: returns the values of one of them on every row, in the order of the rows; called once a
                statement needs them.
            version: returns what tells a field from others of the same name that are computed differently.

        Returns:
            The table.
        """
        columns = tuple((name, version(name)) for name in fields.names)
        with self._lock:
            view = next((view for view, (have, _) in self._wide.items() if have == columns), None)
            if view is None:
                view = f"{TRACED_VIEW}_{len(self._wide)}" if self._wide else TRACED_VIEW
                self._wide[view] = columns, column
        return ibis.table(ibis.Schema.from_pyarrow(pa.schema([*self._schema, *fields])), name=view)

    def held(self, names: Iterable[str], ranges: Sequence[tuple[int, int]] | None) -> pa.Table | None:
        """Return columns that are in memory, of the rows in `ranges` of each file; None if they aren't."""
        return None if self._held is None else self._held.table(names, ranges)

    def compile(self, expression: ir.Expr) -> str:
        """Return the statement for an expression, in the SQL of DuckDB."""
        try:
            return to_sql(expression)
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
        for view in sorted(set(_WIDE.findall(sql))):
            if view in self._wide:
                self._add_view(view)
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

    def held_columns(self, names: Iterable[str]) -> dict[str, list[pa.ChunkedArray]] | None:
        """Return columns that are in memory, one array per file; None if they aren't."""
        return None if self._held is None else self._held.columns(names)

    def masks(
        self,
        column: ir.BooleanColumn,
        ranges: Sequence[tuple[int, int]] | None = None,
        held: pa.Table | None = None,
    ) -> list[Mask]:
        """Return a boolean column of the events as one mask per file.

        Args:
            column: a column over the events, or over the rows in `ranges`, in the order of the dataset.
            ranges: (first row, one after the last row) of each file; the masks are false elsewhere.
            held: the columns that it needs, of the same rows, if they are in memory. `column` is then one of
                a table `HELD_VIEW`.

        Returns:
            The masks, in the order of each file's rows; read-only.

        Raises:
            ConditionError: as `run`.
            DatasetError: as `run`, or the files no longer have the rows that were written.

        Cost: one scan of the columns that it needs.
        """
        # DuckDB preserves insertion order, so rows come in the order of the files.
        sql = self.compile(column.name("value").as_table())
        with self._open_cursor(sql) as cursor:
            if held is not None:
                cursor.register(HELD_VIEW, held)  # seen by this cursor only
            values = cursor.sql(sql).to_arrow_table().column(0)
        return (
            split_by_file(values, self._rows) if ranges is None else expand_ranges(values, self._rows, ranges)
        )

    def cached_masks(self, key: str, make: Callable[[], list[Mask]]) -> list[Mask]:
        """Return the masks that were made for a key, or make and keep them, up to 256 MB."""
        return self._masks.get(key, make)

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        with self._lock:
            if self._connection is None:
                self._connection = self._connect()
            return self._connection.cursor()

    def _add_view(self, view: str) -> None:
        """Put computed columns next to the rows; they have the same order and number."""
        columns, compute = self._wide[view]
        if view in self._ready:
            return
        for key in columns:
            if key in self._columns:
                continue
            values = compute(key[0])  # not under the lock: it may run statements of its own
            with self._lock:
                if key not in self._columns and self._connection is not None:
                    table = f"obskit_column_{len(self._columns)}"
                    self._connection.register("incoming", pa.table({key[0]: values}))
                    self._connection.execute(f"create table {table} as from incoming")
                    self._connection.unregister("incoming")
                    self._columns[key] = table
        with self._lock:
            if view not in self._ready and self._connection is not None:
                joined = "".join(f" positional join {self._columns[key]}" for key in columns)
                self._connection.execute(f"create view {view} as from {VIEW}{joined}")
                self._ready.add(view)

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
            names = _string_list([_escape_glob(file) for file in self._files])
            columns, source = "*", f"from read_parquet({names})"
            if self._absent:
                columns = ", ".join(map(self._column, self._schema))
                source = f"from read_parquet({names}, union_by_name = true)"
            place = ("file_index", "file_row_number")
        else:
            columns, source = ", ".join(map(_null, self._schema)) or "1 as obskit", "where false"
            place = ("0", "0")
        placed = ", ".join(f"{at} as {_identifier(name)}" for at, name in zip(place, PLACE, strict=True))
        try:
            connection.execute(f"create view {VIEW} as select {columns} {source}")
            connection.execute(f"create view {PLACED_VIEW} as select {columns}, {placed} {source}")
        except duckdb.Error as error:
            raise DatasetError(
                f"the files of the dataset cannot be read: {first_line(error)}",
                hint="load the events again; the files may have been moved or replaced",
            ) from None
        return connection

    def _column(self, field: pa.Field) -> str:
        return _null(field) if field.name in self._nowhere else _identifier(field.name)


def _null(field: pa.Field) -> str:
    return f"null::{_sql_type(field.type)} as {_identifier(field.name)}"


def filter_table(table: pa.Table, condition: Condition) -> pa.Table:
    """Return the rows of a table in memory for which a condition is true."""
    events = ibis.table(ibis.Schema.from_pyarrow(table.schema), name=VIEW)
    sql = to_sql(events.select(value=condition.to_ibis(events)))
    with duckdb.connect(":memory:") as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.register(VIEW, table)
        try:
            true = connection.sql(sql).to_arrow_table().column(0)
        except duckdb.Error as error:
            raise _query_error(error) from None
    return table.filter(true.fill_null(False))


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
