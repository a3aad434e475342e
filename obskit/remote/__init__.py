"""The same questions on engines elsewhere: ClickHouse, Spark, and DuckDB in its own file.

An engine filters, counts, groups, draws a sample and recounts. Ibis writes its statements, and its own
client runs them and returns Arrow.

    address                         `clickhouse://host/db`, and names of tables; no secret leaves it
    client, *_client, compilers     run and cancel a statement; Ibis's SQL with our meaning
    model, otel                     a table's columns as events, without moving them
    engine, table, connection       what `Scope` needs of an engine and of a dataset
    fetch                           rows, or a consistent sample of whole traces, as Events on this machine
    view                            the event model as a view, for tables with other columns
    explaining                      `explain`: rows ranked here, the best conditions recounted there
    spark_table                     events written into a table of Spark

`query`, `rows`, `heatmap`, `trace` and `impact` are statements, and take such a scope as any other.
"""

from obskit.remote.address import is_address, parse_table
from obskit.remote.connection import connect_table, open_table
from obskit.remote.explaining import explain
from obskit.remote.fetch import MOST_ROWS, fetch, fetch_traces
from obskit.remote.spark_table import TableOptions, write_table
from obskit.remote.table import RemoteTable, engine_name
from obskit.remote.view import view

__all__ = [
    "MOST_ROWS",
    "RemoteTable",
    "TableOptions",
    "connect_table",
    "engine_name",
    "explain",
    "fetch",
    "fetch_traces",
    "is_address",
    "open_table",
    "parse_table",
    "view",
    "write_table",
]
