"""Spark, by Spark Connect."""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import importlib
import re
import uuid
import warnings
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, TypeVar

import ibis
import ibis.expr.types as ir
import pyarrow as pa
from ibis.backends.sql.compilers.base import SQLGlotCompiler

from obskit.errors import ConditionError, MissingDependency, RemoteError
from obskit.remote.address import Address, TableName
from obskit.remote.client import Client, wait_for
from obskit.remote.compilers import SPARK
from obskit.text import first_line

T = TypeVar("T")
_SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    # Else Spark replaces ${env:HOME} and the like inside the texts of a statement.
    "spark.sql.variable.substitute": "false",
    "spark.sql.parser.escapedStringLiterals": "false",
    "spark.sql.ansi.doubleQuotedIdentifiers": "false",
    # Java does not compile a method of more bytes. Spark allows eight times that, and a statement with
    # many conditions then takes several times as long.
    "spark.sql.codegen.hugeMethodLimit": "8000",
}
_DETAILS = re.compile(r'^\s*details = "(.+)"$', re.MULTILINE)  # in the text of a gRPC error, after its class
# Spark's own 15 retries take ten minutes and more, and a process waits for them at its end. Five take 17 s.
_RETRIES = 5


class SparkClient(Client):
    """A session of a Spark Connect server.

    Args:
        address: `sc://host:port/;token=...`.

    Raises:
        MissingDependency: no Spark client is installed.
        RemoteError: the server cannot be reached.
    """

    name: ClassVar[str] = "Spark"
    compiler: ClassVar[SQLGlotCompiler] = SPARK
    # Of 67 columns, structures of 16 to 34 cost least; one of all of them costs as much as none.
    packs: ClassVar[int] = 16
    refers: ClassVar[bool] = True

    def __init__(self, address: Address) -> None:
        self.address = address
        self._files: set[str] = set()
        self._session = self._connect()

    def _connect(self) -> Any:
        try:
            with (
                warnings.catch_warnings()
            ):  # it has not been tried with our pandas, which it is not used with
                warnings.simplefilter("ignore", FutureWarning)
                session_class = importlib.import_module("pyspark.sql.connect.session").SparkSession
                retry_policy = importlib.import_module("pyspark.sql.connect.client.retries").DefaultPolicy
        except (ImportError, ModuleNotFoundError):
            raise MissingDependency.of("spark", "sc://") from None
        except SystemExit:  # Spark's client takes it for a run of its own doctests
            raise RemoteError(
                "Spark's client does not work in code given by `python -c`",
                hint="write the code to a file and run that, or use a notebook",
            ) from None
        address = self.address
        port = address.port or 15002
        host = f"[{address.host}]" if ":" in address.host else address.host
        url = f"sc://{host}:{port}/" + (f";{address.parameters}" if address.parameters else "")

        def start() -> Any:
            session = session_class.builder.remote(url).create()
            session.client.set_retry_policies([retry_policy(max_retries=_RETRIES)])
            # Else Spark's client asks a server that may be gone, once per session, when the process ends.
            atexit.register(session.client.close)
            with warnings.catch_warnings():  # Spark deprecates one of them, and has no other
                warnings.simplefilter("ignore", UserWarning)
                for name, value in _SETTINGS.items():
                    session.conf.set(name, value)
            return session

        try:
            return wait_for(
                start, lambda: None, cancelled=None, timeout=min(30.0, address.timeout), name=self.name
            )
        except Exception as error:  # gRPC's errors, Spark's, and those of the address
            raise self._translated(error, connecting=True) from None

    def columns(self, table: TableName) -> ibis.Schema:
        """Return names and types of the columns of a table."""
        name = quoted(table)
        if table.files:
            name = _view_of(table)
            self.command(lambda session: session.read.parquet(table.parts[0]).createOrReplaceTempView(name))
            self._files.add(name)
        return ibis.Schema.from_pyarrow(self.run(f"SELECT * FROM {name} LIMIT 0").schema)  # noqa: S608

    def source(self, table: TableName, columns: ibis.Schema) -> ir.Table:
        """Return a table as an unbound Ibis table; files as a view of the session.

        A statement that names files makes Spark read their schema again, which takes longer than a count.
        """
        if table.files:
            return ibis.table(columns, name=_view_of(table))
        return super().source(table, columns)

    def run(self, sql: str, cancelled: Callable[[], bool] | None = None) -> pa.Table:
        """Run a statement and return all of its rows."""

        def work(session: Any) -> pa.Table:
            for name in self._files:  # the view has the files that were there when it was made
                session.catalog.refreshTable(name)
            return session.sql(sql).toArrow()

        return self.command(work, cancelled)

    def command(self, ask: Callable[[Any], T], cancelled: Callable[[], bool] | None = None) -> T:
        """Return what a function of Spark's session returns, with the limits and errors of `run`."""
        tag = f"obskit-{uuid.uuid4().hex}"

        def work() -> T:
            self._session.addTag(tag)  # of this thread
            try:
                return ask(self._session)
            finally:
                self._session.removeTag(tag)

        try:
            return wait_for(
                work,
                lambda: self._interrupt(tag),
                cancelled=cancelled,
                timeout=self.address.timeout,
                name=self.name,
            )
        except Exception as error:
            raise self._translated(error) from None

    def _interrupt(self, tag: str) -> None:
        with contextlib.suppress(Exception):  # nobody waits for its answer any more
            self._session.interruptTag(tag)

    def stream(self, sql: str, rows: int) -> Iterator[pa.RecordBatch]:
        """Run a statement and yield its rows."""
        yield from self.run(sql).to_batches(rows)

    def _translated(self, error: Exception, *, connecting: bool = False) -> Exception:
        if type(error).__module__.startswith("obskit"):
            return error
        errors = importlib.import_module("pyspark.errors")
        details = _DETAILS.search(str(error))
        text = self.address.redact(details[1] if details else first_line(error))
        if isinstance(error, (errors.AnalysisException, errors.ParseException)) and not connecting:
            if "TABLE_OR_VIEW_NOT_FOUND" in text or "PATH_NOT_FOUND" in text or "SCHEMA_NOT_FOUND" in text:
                return RemoteError(f"Spark: {text}", hint="check the names of the database and the table")
            return ConditionError(
                f"Spark cannot run this: {text}",
                hint="check the patterns and the types of the values that are compared",
            )
        if "PatternSyntaxException" in text or "INVALID_PARAMETER_VALUE.PATTERN" in text:
            return ConditionError(f"Spark cannot run this: {text}", hint="check the pattern")
        return RemoteError(
            f"Spark at {self.address.shown} failed: {text}",
            hint="check that the address is right and that the Spark Connect server runs",
        )


def quoted(table: TableName) -> str:
    """Return the name of a table as Spark's SQL writes it."""
    return ".".join("`" + part.replace("`", "``") + "`" for part in table.parts)


def _view_of(table: TableName) -> str:
    """Return the name of the session's view of files."""
    return f"obskit_{hashlib.sha256(table.parts[0].encode()).hexdigest()[:16]}"
