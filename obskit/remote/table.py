"""`RemoteTable`: a table elsewhere in the place of a `Dataset`.

What needs the rows on this machine (codes, masks, files) raises `Unsupported`, so that no verb can answer
from half of the rows without saying so.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cached_property, reduce
from operator import or_
from pathlib import Path
from typing import Any, NoReturn

import ibis.expr.types as ir
import pyarrow as pa

from obskit.dataset import Dataset
from obskit.engine import Scope
from obskit.engine.result_types import with_types
from obskit.errors import Unsupported
from obskit.names import UNIT_KINDS
from obskit.query.terms import has_weight
from obskit.remote.address import TableName
from obskit.remote.client import Client
from obskit.remote.engine import RemoteEngine
from obskit.remote.first_answer import TableSample
from obskit.schema import LoadReport

FETCH = "fetch the rows first: events.fetch() returns Events on this machine"


class RemoteTable(Dataset):
    """Rows of a table elsewhere, as they were when it was connected to.

    Args:
        client: the connection.
        name: the table.
        events: the rows as events.
        notes: what a reader must know about how they are read.
    """

    def __init__(self, client: Client, name: TableName, events: ir.Table, notes: Sequence[str]) -> None:
        schema = events.schema().to_pyarrow()
        nullable = pa.schema([field.with_nullable(True) for field in schema])
        report = LoadReport()
        for note in notes:
            report.note(note)
        self.client, self.table = client, name
        self.engine = RemoteEngine(client, events)
        facts = self._facts(events)
        report.rows_read = facts["rows"]
        self._span = facts.get("first"), facts.get("last")
        self._units = bool(facts.get("units"))
        self.unweighted: int | None = None if "bare" not in facts else int(facts["bare"] or 0)
        text = "\0".join([client.address.shown, *name.parts, str(nullable), *map(str, facts.values())])
        # A frozen dataclass: what it has, it has from the start.
        for attribute, value in {
            "path": Path(str(name)),
            "schema": nullable,
            "rows": facts["rows"],
            "fingerprint": hashlib.sha256(text.encode()).hexdigest(),
            "load_report": report,
            "lease": None,
            "kept": {},
        }.items():
            object.__setattr__(self, attribute, value)

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        return f"RemoteTable({self.described})"

    def _facts(self, events: ir.Table) -> dict[str, Any]:
        """Count the rows, and find out when they began and whether one is a unit of work; one statement."""
        names = events.columns
        units: list[Any] = []
        if "kind" in names:
            units.append(events["kind"].isin(UNIT_KINDS).fill_null(False))
        if "duration_ms" in names:
            root: Any = events["duration_ms"].notnull()
            units.append(root & events["parent_span_id"].isnull() if "parent_span_id" in names else root)
        aggregates: dict[str, Any] = {"rows": events.count()}
        if units:
            aggregates["units"] = reduce(or_, units).ifelse(1, 0).sum()
        if "sample_weight" in names:
            aggregates["bare"] = has_weight(events).ifelse(0, 1).sum()
        if "timestamp" in names:
            aggregates |= {"first": events["timestamp"].min(), "last": events["timestamp"].max()}
        expression = events.aggregate(**aggregates)
        found = self.client.run(self.engine.compile(expression))
        row: dict[str, Any] = with_types(found, expression.schema().to_pyarrow()).to_pylist()[0]
        return row

    @property
    def local(self) -> bool:
        """Whether the rows are on this machine: no."""
        return False

    @property
    def no_units(self) -> bool:
        """Whether no row is a unit of work."""
        return not self._units

    @cached_property
    def sample(self) -> TableSample:
        """A sample of the rows for first answers; it is not fetched before `prepare`."""
        ended = threading.Event()
        engine = self.engine.with_cancelled(ended.is_set)
        return TableSample(Scope(self, engine, sampled=True), ended)

    def prepare(self) -> None:
        """Begin to fetch the rows that first answers are made from."""
        self.sample.start()

    @property
    def described(self) -> str:
        """Where the rows are, for the comments of statements."""
        return f"{self.table} at {self.client.address.shown}"

    @property
    def opening(self) -> str:
        """The call that connects to it, without user and password."""
        return f"ok.connect({self.client.address.shown!r}, table={str(self.table)!r})"

    @property
    def span(self) -> tuple[datetime | None, datetime | None]:
        """Earliest and latest timestamp; None if no event has one."""
        return self._span

    @property
    def files(self) -> NoReturn:
        """Raise `Unsupported`: there are no files on this machine."""
        raise self._unsupported("this")

    @property
    def codes(self) -> NoReturn:
        """Raise `Unsupported`: codes are of rows on this machine."""
        raise self._unsupported("this")

    @cached_property
    def forest(self) -> NoReturn:
        """Raise `Unsupported`."""
        raise self._unsupported("the tree of a trace")

    @cached_property
    def links(self) -> NoReturn:
        """Raise `Unsupported`."""
        raise self._unsupported("links between spans")

    def arrow(self, columns: Sequence[str] | None = None) -> NoReturn:
        """Raise `Unsupported`."""
        raise self._unsupported(f"a table of all rows ({len(columns or self.schema.names)} columns)")

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """Yield the rows in batches, as the engine returns them."""
        names = list(columns or self.schema.names)
        yield from self.engine.stream(self.engine.compile(self.engine.table().select(*names)), 65_536)

    def take(self, *_rows: Any, **_options: Any) -> NoReturn:
        """Raise `Unsupported`."""
        raise self._unsupported("rows by their number")

    def _unsupported(self, what: str) -> Unsupported:
        return Unsupported(
            f"{what} needs the rows on this machine, but they are in {self.client.name}: {self.described}",
            hint=FETCH,
        )


def engine_name(scope: Scope) -> str:
    """Return the name of the engine that holds the rows of a scope."""
    dataset = scope.dataset
    return dataset.client.name if isinstance(dataset, RemoteTable) else "DuckDB"
