"""An engine elsewhere as `engine.Engine`: it filters, counts, groups, draws samples and recounts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import ibis.expr.types as ir
import pyarrow as pa

from obskit.engine.masks import Mask
from obskit.engine.statement import to_sql
from obskit.errors import ConditionError, Unsupported
from obskit.remote.client import Client
from obskit.remote.compilers import order_nan


class RemoteEngine:
    """Compiles and runs expressions over the events of a table elsewhere.

    Args:
        client: the connection.
        events: the rows as events: an expression over the table.
        cancelled: called while a statement runs; once it returns true, the statement is cancelled there.
    """

    def __init__(self, client: Client, events: ir.Table, cancelled: Callable[[], bool] | None = None) -> None:
        self.client = client
        self._events = events
        self._cancelled = cancelled

    def with_cancelled(self, cancelled: Callable[[], bool] | None) -> RemoteEngine:
        """Return the engine, with statements that can be cancelled."""
        return self if cancelled is None else RemoteEngine(self.client, self._events, cancelled)

    def table(self) -> ir.Table:
        """Return the events as an Ibis table."""
        return self._events

    def compile(self, expression: ir.Expr) -> str:
        """Return the statement for an expression, in the SQL of the engine."""
        try:
            ordered = expression if self.client.orders_nan else order_nan(expression)
            return to_sql(ordered, self.client.compiler)
        except RecursionError:
            raise ConditionError(
                "the expression is nested too deeply", hint="split it into several `where` calls"
            ) from None
        except NotImplementedError as error:  # ibis.common.exceptions.OperationNotDefinedError is one
            raise Unsupported(
                f"{self.client.name} cannot run this: {error}", hint="fetch the rows first: events.fetch()"
            ) from None

    def run(self, sql: str) -> pa.Table:
        """Run a statement and return all of its rows; raises what `Client.run` does."""
        return self.client.run(sql, self._cancelled)

    def stream(self, sql: str, rows: int) -> Iterator[pa.RecordBatch]:
        """Run a statement and yield its rows; raises what `Client.run` does."""
        yield from self.client.stream(sql, rows)

    def wide_table(
        self,
        fields: pa.Schema,
        column: Callable[[str], pa.Array | pa.ChunkedArray],  # noqa: ARG002
        version: Callable[[str], str],  # noqa: ARG002
    ) -> ir.Table:
        """Raise `Unsupported`: fields of whole traces are computed from all rows of a trace at once."""
        raise self._unsupported(f"the fields {', '.join(fields.names)}")

    def held(self, names: Iterable[str], ranges: Sequence[tuple[int, int]] | None) -> pa.Table | None:  # noqa: ARG002
        """Return None: no column is in memory."""
        return None

    def held_columns(self, names: Iterable[str]) -> dict[str, list[pa.ChunkedArray]] | None:  # noqa: ARG002
        """Return None: no column is in memory."""
        return None

    def masks(self, *_: Any, **__: Any) -> list[Mask]:
        """Raise `Unsupported`: a mask has an entry for every row."""
        raise self._unsupported("a mask of every row")

    def cached_masks(self, key: str, make: Callable[[], list[Mask]]) -> list[Mask]:  # noqa: ARG002
        """Raise `Unsupported`: a mask has an entry for every row."""
        raise self._unsupported(f"a mask of every row ({key[:80]})")

    def _unsupported(self, what: str) -> Unsupported:
        return Unsupported(
            f"{what} cannot be computed in {self.client.name}",
            hint="fetch the rows first: events.fetch()",
        )
