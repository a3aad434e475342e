"""Connect to an engine and read a table there as events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ibis.expr.types as ir
import pyarrow as pa

from obskit.engine import Scope
from obskit.engine.result_types import with_types
from obskit.engine.statement import to_sql
from obskit.errors import InvalidArgument
from obskit.remote.address import Address, TableName, parse_address, parse_table
from obskit.remote.clickhouse_client import ClickHouseClient
from obskit.remote.client import Client
from obskit.remote.duckdb_client import DuckClient
from obskit.remote.model import generic
from obskit.remote.otel import is_export, otel_model
from obskit.remote.spark_client import SparkClient
from obskit.remote.table import RemoteTable


def connect_table(url: str, table: str, mapping: Mapping[str, Any] | None = None) -> Scope:
    """Return the rows of a table elsewhere as a scope.

    Args:
        url: the address of the engine.
        table: the name of the table.
        mapping: obskit's name -> name of a column.

    Returns:
        All rows of the table.

    Raises:
        InvalidArgument: `url`, `table` or `mapping` is not valid, or the table has no columns.
        UnknownField: the table has no column that `mapping` names.
        MissingDependency: the engine's client is not installed.
        RemoteError: the engine cannot be reached, or there is no such table.
    """
    address, name = parse_address(url), parse_table(table)
    return open_table(_client(address, name), name, mapping)


def _client(address: Address, table: TableName) -> Client:
    if address.scheme == "clickhouse":
        return ClickHouseClient(address)
    if address.scheme == "sc":
        return SparkClient(address)
    return DuckClient(address, table)


def open_table(client: Client, name: TableName, mapping: Mapping[str, Any] | None = None) -> Scope:
    """Return the rows of a table of a connected engine as a scope; raises what `connect_table` does."""
    if mapping is not None and not isinstance(mapping, Mapping):
        raise InvalidArgument(
            f"mapping must be a dict, got {type(mapping).__name__}",
            hint="for example mapping={'duration_ms': {'from': 'took', 'unit': 'us'}}",
        )
    columns = client.columns(name)
    if not columns:
        raise InvalidArgument(f"the table {name} has no columns", hint="check the name of the table")
    source = client.source(name, columns)

    def run(expression: ir.Table) -> pa.Table:
        found = client.run(to_sql(expression, client.compiler))
        return with_types(found, expression.schema().to_pyarrow())

    if is_export(source.columns) and not mapping:
        model = otel_model(source, run)
    else:
        model = generic(source, run, mapping or {})
    events = model.table(source)
    found = RemoteTable(client, name, events, model.notes)
    # Not whole traces: a condition on other rows of a trace cannot be evaluated there.
    return Scope(found, found.engine, sampled=True)
