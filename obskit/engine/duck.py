"""DuckDB over Parquet: the embedded engine.

Ibis compiles, DuckDB's own client runs: Ibis's executor is not used. The database holds nothing but a view on
the dataset's files, may read no other file, and gives each call a cursor of its own, so threads do not meet.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
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
MASK_CACHE_BYTES = 256 << 20

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Mask:
    """A condition over the rows of one file, in order: where it is true, and where null (None: nowhere)."""

    true: Bools
    null: Bools | None


@dataclass(frozen=True, eq=False)
class Answer:
    """What a statement returned, and the statement."""

    table: pa.Table
    sql: str


class Engine(Protocol):
    """Where expressions run."""

    def table(self) -> ir.Table:
        """Return the events as an unbound Ibis table."""

    def compile(self, expression: ir.Expr) -> str:
        """Return the statement for an expression."""

    def run(self, sql: str) -> pa.Table:
        """Run a statement and return all of its rows."""

    def stream(self, sql: str, rows: int) -> Iterator[pa.RecordBatch]:
        """Run a statement and give its rows in their order, `rows` at a time."""

    def masks(
        self, key: str, column: ir.BooleanColumn, within: Sequence[tuple[int, int]] | None = None
    ) -> list[Mask]:
        """Return a boolean column of the events (or of the rows in `within`), a mask a file; remembered."""


class DuckEngine:
    """An engine over the Parquet files of one dataset.

    Args:
        files: the files, in the dataset's order.
        rows: how many rows each has.
        schema: the schema they share.
    Raises:
        DatasetError: when asked, if a file is gone or not Parquet any more.
    """

    name = "duckdb"

    def __init__(self, files: Sequence[Path], rows: Sequence[int], schema: pa.Schema) -> None:
        self._files = [Path(file).resolve() for file in files]
        self._rows = list(rows)
        self._schema = schema
        self._lock = threading.Lock()
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._masks: OrderedDict[str, list[Mask]] = OrderedDict()
        self._held = 0
        self._table = ibis.table(ibis.Schema.from_pyarrow(schema), name=VIEW)

    def table(self) -> ir.Table:
        """Return the events as an unbound Ibis table."""
        return self._table

    def compile(self, expression: ir.Expr) -> str:
        """Return the statement for an expression, in DuckDB's SQL."""
        try:
            return str(ibis.to_sql(expression, dialect="duckdb"))
        except RecursionError:
            raise ConditionError(
                "the expression nests too deep", hint="split it into several `where`"
            ) from None

    def run(self, sql: str) -> pa.Table:
        """Run a statement over the view `events`.

        Raises:
            ConditionError: the statement cannot run on these rows (a pattern that is none, say).
            DatasetError: a file cannot be read.
        """
        with self._asked() as cursor:
            return cursor.sql(sql).to_arrow_table()

    def stream(self, sql: str, rows: int) -> Iterator[pa.RecordBatch]:
        """Run a statement and give its rows in their order, `rows` at a time, in constant memory.

        Raises:
            ConditionError, DatasetError: as `run`.
        """
        with self._asked() as cursor:
            yield from cursor.sql(sql).to_arrow_reader(rows)

    @contextmanager
    def _asked(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Give a cursor, and our errors for DuckDB's."""
        cursor = self._cursor()
        try:
            yield cursor
        except (duckdb.IOException, duckdb.PermissionException) as error:
            raise DatasetError(
                f"the files of the dataset cannot be read: {first_line(error)}",
                hint="were they moved or replaced? Load them again",
            ) from None
        except duckdb.Error as error:
            raise _cannot(error) from None
        finally:
            cursor.close()

    def masks(
        self, key: str, column: ir.BooleanColumn, within: Sequence[tuple[int, int]] | None = None
    ) -> list[Mask]:
        """Return a boolean column of the events, a mask a file in the order of its rows.

        Args:
            key: what it is remembered under.
            column: over the events, or over those of them that are in `within`, in their order.
            within: per file the rows (first, one beyond the last) the column is of; it is false elsewhere.
        Cost: one scan of the columns it needs; remembered, up to 256 MB of masks.
        """
        with self._lock:
            if key in self._masks:
                self._masks.move_to_end(key)
                return self._masks[key]
        # Rows come in the order of the files: DuckDB preserves insertion order.
        found = self.run(self.compile(column.name("value").as_table())).column(0)
        masks = self._split(found) if within is None else self._placed(found, within)
        size = sum(m.true.nbytes + (m.null.nbytes if m.null is not None else 0) for m in masks)
        with self._lock:
            if key not in self._masks:
                self._masks[key] = masks
                self._held += size
            while self._held > MASK_CACHE_BYTES and len(self._masks) > 1:
                _, old = self._masks.popitem(last=False)
                self._held -= sum(m.true.nbytes + (m.null.nbytes if m.null is not None else 0) for m in old)
        return masks

    def _split(self, column: pa.ChunkedArray) -> list[Mask]:
        if len(column) != sum(self._rows):
            raise DatasetError(
                f"the files hold {pluralize(len(column), 'row')}, but {sum(self._rows):,} were written",
                hint="the dataset was changed from outside; convert it again",
            )
        true, null = _bits(column)
        masks, start = [], 0
        for rows in self._rows:
            part = slice(start, start + rows)
            some = null[part] if null is not None else None
            masks.append(Mask(true[part], some if some is not None and some.any() else None))
            start += rows
        for mask in masks:
            mask.true.flags.writeable = False
        return masks

    def _placed(self, column: pa.ChunkedArray, within: Sequence[tuple[int, int]]) -> list[Mask]:
        if len(column) != sum(last - first for first, last in within):
            raise DatasetError(
                "the files are not in order of time as their codes say",
                hint="the dataset was changed from outside; convert it again",
            )
        true, null = _bits(column)
        masks, start = [], 0
        for rows, (first, last) in zip(self._rows, within, strict=True):
            whole = np.zeros(rows, dtype=bool)
            part = slice(start, start + last - first)
            whole[first:last] = true[part]
            unknown = None
            if null is not None and null[part].any():
                unknown = np.zeros(rows, dtype=bool)
                unknown[first:last] = null[part]
            whole.flags.writeable = False
            masks.append(Mask(whole, unknown))
            start = part.stop
        return masks

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        with self._lock:
            if self._connection is None:
                self._connection = self._open()
            return self._connection.cursor()

    def _open(self) -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect(":memory:", config={"autoinstall_known_extensions": "false"})
        parents = {file.parent for file in self._files}
        # The path is checked before and after its patterns are seen to.
        folders = sorted({str(folder) for folder in parents} | {_literally(folder) for folder in parents})
        settings = (
            "set TimeZone = 'UTC'",
            "set enable_progress_bar = false",
            f"set allowed_directories = {_strings(folders)}",
            "set enable_external_access = false",
            "set lock_configuration = true",
        )
        for setting in settings:
            connection.execute(setting)
        if self._files:
            source = f"select * from read_parquet({_strings([_literally(file) for file in self._files])})"  # noqa: S608
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
                hint="were they moved or replaced? Load them again",
            ) from None
        return connection


def filter_table(table: pa.Table, condition: Condition) -> pa.Table:
    """Return the rows of a table in memory of which a condition over its columns is true."""
    events = ibis.table(ibis.Schema.from_pyarrow(table.schema), name=VIEW)
    sql = ibis.to_sql(events.select(value=condition.to_ibis(events)), dialect="duckdb")
    with duckdb.connect(":memory:") as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.register(VIEW, table)
        try:
            true = connection.sql(sql).to_arrow_table().column(0)
        except duckdb.Error as error:
            raise _cannot(error) from None
    return table.filter(true.fill_null(False))


def _bits(column: pa.ChunkedArray) -> tuple[Bools, Bools | None]:
    """Return a boolean column as two numpy columns: true, and null if anything is."""
    true = np.empty(len(column), dtype=bool)
    null = np.zeros(len(column), dtype=bool) if column.null_count else None
    at = 0
    for chunk in column.chunks:
        end = at + len(chunk)
        validity, data = chunk.buffers()
        if chunk.null_count == len(chunk) or data is None:
            true[at:end] = False
        else:
            true[at:end] = _unpacked(data, chunk.offset, len(chunk))
        if null is not None and chunk.null_count:
            null[at:end] = ~_unpacked(validity, chunk.offset, len(chunk))
            true[at:end] &= ~null[at:end]
        at = end
    return true, null


def _unpacked(buffer: pa.Buffer, offset: int, length: int) -> Bools:
    first = offset // 8
    octets = np.frombuffer(buffer, np.uint8)[first : (offset + length + 7) // 8]
    bits = np.unpackbits(octets, bitorder="little")
    return bits[offset - 8 * first :][:length].view(np.bool_)


def _literally(file: Path) -> str:
    """Write a path so that DuckDB takes it as it is: `[`, `*` and `?` are patterns to it."""
    return re.sub(r"[\[*?]", lambda match: f"[{match.group()}]", str(file))


def _strings(values: Sequence[str]) -> str:
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


def _cannot(error: duckdb.Error) -> ConditionError:
    return ConditionError(
        f"DuckDB cannot answer: {first_line(error)}",
        hint="check patterns and the types of what is compared",
    )
