"""What an engine's client does for us, and how a statement is waited for, cancelled and timed out."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import ClassVar, TypeVar

import ibis
import ibis.expr.types as ir
import pyarrow as pa
from ibis.backends.sql.compilers.base import SQLGlotCompiler

from obskit.engine import start_thread
from obskit.errors import RemoteError
from obskit.explain import Cancelled
from obskit.remote.address import Address, TableName
from obskit.remote.compilers import FILES

T = TypeVar("T")
POLL = 0.05  # seconds between two looks at whether a statement is still wanted


class Client(ABC):
    """A connection to one engine.

    Attributes:
        name: the engine, for people: "ClickHouse".
        compiler: writes its SQL.
        orders_nan: whether NaN is equal to NaN and above all numbers there.
        packs: how many columns of a wide answer share a structure, which costs less there; 0: none do.
        refers: whether passing the numbers of a question by reference lets it reuse compiled code.
        address: where it is.
    """

    name: ClassVar[str]
    compiler: ClassVar[SQLGlotCompiler]
    orders_nan: ClassVar[bool] = True
    packs: ClassVar[int] = 0
    refers: ClassVar[bool] = False
    address: Address

    @abstractmethod
    def columns(self, table: TableName) -> ibis.Schema:
        """Return names and types of the columns of a table; `unknown` where Ibis does not know a type."""

    @abstractmethod
    def run(self, sql: str, cancelled: Callable[[], bool] | None = None) -> pa.Table:
        """Run a statement and return all of its rows.

        Args:
            sql: one statement.
            cancelled: called now and then; once it returns true, the statement is cancelled in the engine.

        Returns:
            The rows.

        Raises:
            ConditionError: the statement cannot run on these rows.
            RemoteError: the engine cannot be reached, fails, or takes too long.
            Cancelled: `cancelled` returned true.
        """

    @abstractmethod
    def stream(self, sql: str, rows: int) -> Iterator[pa.RecordBatch]:
        """Run a statement and yield its rows, at most `rows` at a time; raises what `run` does."""

    def source(self, table: TableName, columns: ibis.Schema) -> ir.Table:
        """Return a table as an unbound Ibis table."""
        if table.files:
            return ibis.table(columns, name=table.parts[0], database=FILES)
        *space, name = table.parts
        database = space[-1] if space else None
        return ibis.table(columns, name=name, database=database, catalog=space[0] if len(space) > 1 else None)


def wait_for(
    work: Callable[[], T],
    cancel: Callable[[], None],
    *,
    cancelled: Callable[[], bool] | None,
    timeout: float,
    name: str,
    in_process: bool = False,
) -> T:
    """Run a statement in a thread of its own, and cancel it in the engine once nobody waits for it.

    Args:
        work: runs the statement.
        cancel: cancels it in the engine.
        cancelled: returns whether the answer is no longer wanted.
        timeout: seconds that it may take.
        name: the engine, for the error.
        in_process: whether the engine is in this process, which then ends after the statement.

    Returns:
        What `work` returns.

    Raises:
        Cancelled: `cancelled` returned true.
        RemoteError: it took too long.
    """
    found: list[T] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            found.append(work())
        except BaseException as error:  # raised again by the thread that waits
            failed.append(error)

    if in_process:
        thread = start_thread(run, f"obskit-{name}", cancel)
    else:  # a server that hangs must not keep the process
        thread = threading.Thread(target=run, daemon=True, name=f"obskit-{name}")
        thread.start()
    end = time.monotonic() + timeout
    try:
        while thread.is_alive():
            thread.join(POLL)
            if cancelled is not None and cancelled():
                raise Cancelled
            if thread.is_alive() and time.monotonic() > end:
                raise RemoteError(
                    f"{name} did not answer within {timeout:g} s, so the statement was cancelled",
                    hint="narrow the question with events.between(...), or allow more: ?timeout=600",
                )
    except BaseException:  # also Ctrl-C
        if thread.is_alive():
            cancel()
        raise
    if failed:
        raise failed[0]
    return found[0]
