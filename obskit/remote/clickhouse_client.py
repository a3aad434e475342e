"""ClickHouse, by its HTTP interface."""

from __future__ import annotations

import contextlib
import importlib
import re
import uuid
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import ibis
import ibis.expr.datatypes as dt
import pyarrow as pa
import pyarrow.compute as pc
from ibis.backends.sql.compilers.base import SQLGlotCompiler
from ibis.backends.sql.datatypes import ClickHouseType

from obskit.errors import ConditionError, MissingDependency, RemoteError
from obskit.remote.address import Address, TableName
from obskit.remote.client import Client, wait_for
from obskit.remote.compilers import CLICKHOUSE
from obskit.text import first_line

SETTINGS: dict[str, Any] = {
    # An aggregate of no rows is null, as in every other engine.
    "aggregate_functions_null_for_empty": 1,
    "session_timezone": "UTC",
    "output_format_arrow_string_as_string": 1,
    "output_format_arrow_low_cardinality_as_dictionary": 0,
    "output_format_arrow_compression_method": "lz4_frame",
    "join_use_nulls": 1,
}
# Errors that are about the statement: unknown names, types that do not match, patterns that cannot be read.
_STATEMENT = re.compile(
    r"\((?:ILLEGAL_|TYPE_MISMATCH|NO_COMMON_TYPE|CANNOT_|BAD_|UNKNOWN_FUNCTION|SYNTAX_ERROR)"
)
_MISSING_TABLE = re.compile(r"\((?:UNKNOWN_TABLE|UNKNOWN_DATABASE)\)")
_VERSION = re.compile(r"\s*\(version [^)]*\)\s*$")


class ClickHouseClient(Client):
    """A ClickHouse server.

    Args:
        address: `clickhouse://user:password@host:port/database`.

    Raises:
        MissingDependency: clickhouse-connect is not installed.
        RemoteError: the server cannot be reached, or refuses the user.
    """

    name: ClassVar[str] = "ClickHouse"
    compiler: ClassVar[SQLGlotCompiler] = CLICKHOUSE
    orders_nan: ClassVar[bool] = False

    def __init__(self, address: Address) -> None:
        self.address = address
        self._http = self._connect()

    def _connect(self) -> Any:
        try:
            clickhouse_connect = importlib.import_module("clickhouse_connect")  # of the extra `clickhouse`
            common = importlib.import_module("clickhouse_connect.common")
        except ModuleNotFoundError:
            raise MissingDependency.of("clickhouse", "clickhouse://") from None
        # A session of the server runs one statement at a time; ours are independent.
        common.set_setting("autogenerate_session_id", False)
        address = self.address
        secure = address.flag("secure", address.port in (443, 8443))
        try:
            return clickhouse_connect.get_client(
                host=address.host,
                port=address.port or (8443 if secure else 8123),
                username=address.user or "default",
                password=address.password or "",
                database=address.path or "default",
                secure=secure,
                verify=address.flag("verify", True),
                connect_timeout=10,
                send_receive_timeout=int(address.timeout) + 10,
                query_limit=0,
                query_retries=0,
            )
        except Exception as error:  # the client raises those of urllib3 as well as its own
            raise self._translated(error, connecting=True) from None

    def columns(self, table: TableName) -> ibis.Schema:
        """Return names and types of the columns of a table."""
        found = self.run(f"DESCRIBE TABLE {_source(table)}")
        names, types = found.column("name").to_pylist(), found.column("type").to_pylist()
        return ibis.schema({name: _type(kind) for name, kind in zip(names, types, strict=True)})

    def run(self, sql: str, cancelled: Callable[[], bool] | None = None) -> pa.Table:
        """Run a statement and return all of its rows."""
        query = f"obskit-{uuid.uuid4().hex}"
        try:
            found = wait_for(
                lambda: self._arrow(sql, query),
                lambda: self._kill(query),
                cancelled=cancelled,
                timeout=self.address.timeout,
                name=self.name,
            )
        except Exception as error:
            raise self._translated(error) from None
        return _with_valid_text(found)

    def _arrow(self, sql: str, query: str) -> pa.Table:
        settings = {**SETTINGS, "query_id": query, "max_execution_time": int(self.address.timeout) + 1}
        return self._http.query_arrow(sql, settings=settings, use_strings=True)

    def _kill(self, query: str) -> None:
        """Cancel a statement in the server; `query` is an id of ours."""
        with contextlib.suppress(Exception):  # nobody waits for its answer any more
            self._http.command(f"KILL QUERY WHERE query_id = '{query}' ASYNC")

    def stream(self, sql: str, rows: int) -> Iterator[pa.RecordBatch]:
        """Run a statement and yield its rows."""
        yield from self.run(sql).to_batches(rows)

    def _translated(self, error: Exception, *, connecting: bool = False) -> Exception:
        if type(error).__module__.startswith("obskit"):
            return error
        text = self.address.redact(_VERSION.sub("", first_line(error)))
        if "AUTHENTICATION_FAILED" in text or "REQUIRED_PASSWORD" in text:
            return RemoteError(
                f"ClickHouse refuses the user at {self.address.shown}",
                hint="check user and password: clickhouse://user:password@host, or CLICKHOUSE_USER and "
                "CLICKHOUSE_PASSWORD",
            )
        if _MISSING_TABLE.search(text):
            return RemoteError(f"ClickHouse: {text}", hint="check the names of the database and the table")
        if _STATEMENT.search(text) and not connecting:
            return ConditionError(
                f"ClickHouse cannot run this: {text}",
                hint="check the patterns and the types of the values that are compared",
            )
        return RemoteError(
            f"ClickHouse at {self.address.shown} failed: {text}",
            hint="check that the address is right and that the server runs",
        )


def _source(table: TableName) -> str:
    if table.files:
        path = table.parts[0].replace("\\", "\\\\").replace("'", "\\'")
        return f"file('{path}', 'Parquet')"
    return ".".join('"' + part.replace("\\", "\\\\").replace('"', '\\"') + '"' for part in table.parts)


def _type(text: str) -> dt.DataType:
    """Return the Ibis type of a ClickHouse type; `unknown` for one that Ibis does not know."""
    if text.startswith("SimpleAggregateFunction("):
        text = text[len("SimpleAggregateFunction(") : -1].partition(",")[2].strip()
    if re.match(r"(?:LowCardinality\()?(?:Nullable\()?Enum", text):
        return dt.Unknown(raw_type=text)
    try:
        return ClickHouseType.from_string(text)
    except Exception:
        return dt.Unknown(raw_type=text)


def _with_valid_text(table: pa.Table) -> pa.Table:
    """Return a table whose texts are UTF-8: ClickHouse's strings hold any bytes."""
    for at, field in enumerate(table.schema):
        if not (pa.types.is_string(field.type) or pa.types.is_large_string(field.type)):
            continue
        column = table.column(at)
        try:
            column.validate(full=True)
        except pa.ArrowInvalid:
            raw = pc.cast(column, pa.binary() if pa.types.is_string(field.type) else pa.large_binary())
            texts = [None if b is None else b.decode("utf-8", "replace") for b in raw.to_pylist()]
            table = table.set_column(at, field.name, pa.array(texts, pa.string()))
    return table
