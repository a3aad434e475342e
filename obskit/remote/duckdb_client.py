"""DuckDB: a database file, or Parquet files, next to obskit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa
from ibis.backends.sql.compilers.base import SQLGlotCompiler

from obskit.engine.statement import DUCKDB
from obskit.errors import ConditionError, RemoteError
from obskit.remote.address import Address, TableName
from obskit.remote.client import Client, wait_for
from obskit.text import first_line


class DuckClient(Client):
    """A DuckDB that may read one database file, read-only, and the Parquet files of one table.

    Args:
        address: `duckdb://FILE`, or `duckdb://` for a table of files.
        table: the table.

    Raises:
        RemoteError: the file cannot be opened.
    """

    name: ClassVar[str] = "DuckDB"
    compiler: ClassVar[SQLGlotCompiler] = DUCKDB

    def __init__(self, address: Address, table: TableName) -> None:
        self.address = address
        try:
            if address.path and not Path(address.path).is_file():
                raise RemoteError(
                    f"there is no file {address.path}", hint="write duckdb://FILE; obskit does not create it"
                )
            self._connection = duckdb.connect(address.path or ":memory:", read_only=bool(address.path))
            self._configure(table)
        except duckdb.Error as error:
            raise RemoteError(
                f"DuckDB cannot open {address.shown}: {first_line(error)}", hint="check the file"
            ) from None

    def _configure(self, table: TableName) -> None:
        """Set what counts for every cursor; connections of one process to one file share their settings."""
        locked = self._connection.execute("select current_setting('lock_configuration')").fetchone()
        if locked is not None and locked[0]:
            return
        self._connection.execute("set global TimeZone = 'UTC'")
        self._connection.execute("set enable_progress_bar = false")
        if table.files:
            self._connection.execute(_allowed(table))
        self._connection.execute("set enable_external_access = false")
        self._connection.execute("set lock_configuration = true")

    def columns(self, table: TableName) -> ibis.Schema:
        """Return names and types of the columns of a table."""
        return ibis.Schema.from_pyarrow(self.run(f"select * from {_quoted(_parts(table))} limit 0").schema)  # noqa: S608

    def source(self, table: TableName, columns: ibis.Schema) -> ir.Table:
        """Return a table as an unbound Ibis table; DuckDB reads a name that is a path as files."""
        return super().source(TableName(_parts(table)), columns)

    def run(self, sql: str, cancelled: Callable[[], bool] | None = None) -> pa.Table:
        """Run a statement and return all of its rows."""
        cursor = self._connection.cursor()

        def work() -> pa.Table:
            with cursor:  # closed by the thread that uses it: another one cannot while it runs
                return cursor.sql(sql).to_arrow_table()

        try:
            return wait_for(
                work,
                cursor.interrupt,
                cancelled=cancelled,
                timeout=self.address.timeout,
                name=self.name,
                in_process=True,
            )
        except duckdb.Error as error:
            raise _translated(error) from None

    def stream(self, sql: str, rows: int) -> Iterator[pa.RecordBatch]:
        """Run a statement and yield its rows."""
        cursor = self._connection.cursor()
        try:
            yield from cursor.sql(sql).to_arrow_reader(rows)
        except duckdb.Error as error:
            raise _translated(error) from None
        finally:
            cursor.close()


def _parts(table: TableName) -> tuple[str, ...]:
    if not table.files:
        return table.parts
    path = Path(table.parts[0]).resolve()
    return (str(path / "**" / "*.parquet" if path.is_dir() else path),)


def _allowed(table: TableName) -> str:
    """Return the setting that allows the files of a table, or the folder before its first `*`."""
    path = Path(table.parts[0]).resolve()
    plain = [part for part in path.parts if not set(part) & set("*?[")]
    folder = path if path.is_dir() else Path(*plain) if len(plain) < len(path.parts) else None
    kind, value = ("paths", path) if folder is None else ("directories", folder)
    text = str(value).replace("'", "''")
    return f"set allowed_{kind} = ['{text}']"


def _quoted(parts: tuple[str, ...]) -> str:
    """Return the parts of a name as an identifier."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)


def _translated(error: duckdb.Error) -> Exception:
    if isinstance(error, (duckdb.IOException, duckdb.PermissionException, duckdb.CatalogException)):
        return RemoteError(f"DuckDB: {first_line(error)}", hint="check the name of the table")
    return ConditionError(
        f"DuckDB cannot run this: {first_line(error)}",
        hint="check the patterns and the types of the values that are compared",
    )
