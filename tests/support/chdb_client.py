"""ClickHouse embedded in this process (chdb), as a client of `obskit.remote`; it has SQL and types, no server."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from obskit.remote.address import parse_address
from obskit.remote.clickhouse_client import SETTINGS, ClickHouseClient

# The embedded server answers one thread; answers to others got mixed up.
_ONE_THREAD = ThreadPoolExecutor(1, "chdb")


def ask(session: Any, sql: str, form: str = "TabSeparated", database: str = "default") -> bytes:
    """Run a statement in an embedded ClickHouse and return what it prints."""

    def run() -> bytes:
        session.query(f"USE {database}")
        return bytes(session.query(sql, form).bytes())

    return _ONE_THREAD.submit(run).result()


class ChdbClient(ClickHouseClient):
    """Runs the statements of `ClickHouseClient` in chdb, with the same settings."""

    def __init__(self, session: Any) -> None:
        self._session = session
        super().__init__(parse_address("clickhouse://embedded"))

    def _connect(self) -> Any:
        return self._session

    def _arrow(self, sql: str, query: str) -> pa.Table:
        settings = ", ".join(f"{name} = {value!r}" for name, value in SETTINGS.items())
        return pa.ipc.open_stream(ask(self._session, f"{sql}\nSETTINGS {settings}", "ArrowStream")).read_all()


def create_table(session: Any, name: str, table: pa.Table, path: Path) -> None:
    """Write a table as Parquet and copy it into a MergeTree of the embedded ClickHouse."""
    pq.write_table(table, path)
    ask(
        session,
        f"CREATE TABLE {name} ENGINE = MergeTree ORDER BY tuple() AS SELECT * FROM file('{path}', Parquet)",
    )


def embedded() -> Any:
    """Return an embedded ClickHouse with an empty database `prod`; a process has one."""
    from chdb.session import Session

    session = _ONE_THREAD.submit(Session).result()
    ask(session, "CREATE DATABASE IF NOT EXISTS prod")
    return session
