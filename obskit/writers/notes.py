"""What has to be said about what was written: counted on the way, a sentence each at the end."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from obskit.text import pluralize

SHOWN = 5


class Told:
    """Collects what a format could not hold as it was."""

    def __init__(self) -> None:
        self.rows = 0
        self._empty: dict[str, bool] = {}
        self._counts: dict[str, int] = {}
        self._fields: dict[str, dict[str, None]] = {}
        self._notes: list[str] = []

    def batch(self, batch: pa.RecordBatch) -> None:
        """Count a batch's rows, and see which fields have a value."""
        self.rows += batch.num_rows
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            self._empty[name] = self._empty.get(name, True) and column.null_count == len(column)

    def count(self, why: str, rows: int = 1) -> None:
        """Count rows of which something is to be said; their number follows it."""
        if rows:
            self._counts[why] = self._counts.get(why, 0) + rows

    def field(self, why: str, name: str) -> None:
        """Remember a field of which something is to be said; `why` has a `{fields}` in it."""
        self._fields.setdefault(why, {})[name] = None

    def note(self, text: str) -> None:
        """Say something of the whole."""
        self._notes.append(text)

    def empty(self) -> list[str]:
        """Return the fields without any value, which only formats with a schema keep."""
        return [name for name, nothing in self._empty.items() if nothing]

    def lines(self) -> tuple[str, ...]:
        """Return the sentences."""
        fields = (why.format(fields=listed(names)) for why, names in self._fields.items())
        counts = (f"{why}: {pluralize(rows, 'row')}" for why, rows in self._counts.items())
        return (*fields, *counts, *self._notes)


def listed(names: Iterable[str]) -> str:
    """Return names as a list for people, the first few of many."""
    every = list(names)
    more = f" and {len(every) - SHOWN:,} more" if len(every) > SHOWN else ""
    return f"{', '.join(every[:SHOWN])}{more}"
