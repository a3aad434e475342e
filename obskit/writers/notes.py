"""`WriteNotes` counts what a format could not hold exactly, and reports it in one sentence each."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from obskit.text import pluralize

SHOWN = 5


class WriteNotes:
    """Collects what a format could not hold exactly."""

    def __init__(self) -> None:
        self.rows = 0
        self._empty: dict[str, bool] = {}
        self._counts: dict[str, int] = {}
        self._fields: dict[str, dict[str, None]] = {}
        self._notes: list[str] = []

    def count_batch(self, batch: pa.RecordBatch) -> None:
        """Count the rows of a batch, and note which fields have values."""
        self.rows += batch.num_rows
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            self._empty[name] = self._empty.get(name, True) and column.null_count == len(column)

    def count(self, why: str, rows: int = 1) -> None:
        """Count rows for a note; the note ends with their number."""
        if rows:
            self._counts[why] = self._counts.get(why, 0) + rows

    def field(self, why: str, name: str) -> None:
        """Add a field to a note; `why` contains `{fields}`."""
        self._fields.setdefault(why, {})[name] = None

    def note(self, text: str) -> None:
        """Add a note about the whole file."""
        self._notes.append(text)

    def empty(self) -> list[str]:
        """Return the fields without any value; only formats with a schema keep them."""
        return [name for name, nothing in self._empty.items() if nothing]

    def lines(self) -> tuple[str, ...]:
        """Return the notes as sentences."""
        fields = (why.format(fields=join_names(names)) for why, names in self._fields.items())
        counts = (f"{why}: {pluralize(rows, 'row')}" for why, rows in self._counts.items())
        return (*fields, *counts, *self._notes)


def join_names(names: Iterable[str]) -> str:
    """Join names for people; only the first few of many."""
    every = list(names)
    more = f" and {len(every) - SHOWN:,} more" if len(every) > SHOWN else ""
    return f"{', '.join(every[:SHOWN])}{more}"
