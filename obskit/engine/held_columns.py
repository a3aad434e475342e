"""Columns of numbers and times that conditions ask for again and again, kept in memory.

A box that is drawn in the Explorer, or an outcome with another limit, needs the same one or two columns. Over
columns in memory its mask takes a fifth of the time that it takes over Parquet.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence

import pyarrow as pa

HELD_BYTES = 256 << 20


class HeldColumns:
    """Columns of fixed width, the least recently used out beyond 256 MiB.

    Args:
        schema: the fields of the dataset.
        rows: the number of rows of each file.
        read: returns a column by its name, in the order of the rows.
    """

    def __init__(
        self, schema: pa.Schema, rows: Sequence[int], read: Callable[[str], Iterable[pa.Array]]
    ) -> None:
        self._schema, self._rows, self._read = schema, list(rows), read
        self._lock = threading.Lock()
        self._asked: set[str] = set()
        self._held: OrderedDict[str, list[pa.ChunkedArray]] = OrderedDict()

    def table(self, names: Iterable[str], ranges: Sequence[tuple[int, int]] | None = None) -> pa.Table | None:
        """Return some columns, once they are asked for a second time.

        Args:
            names: fields.
            ranges: (first row, one after the last row) of each file; None for all rows.
        Returns:
            The rows in the order of the dataset; None if a column has to be read from its file: it isn't of
            fixed width, is asked for the first time, or is too large to keep.
        """
        columns = self.columns(names)
        if not columns:
            return None
        whole = [(0, rows) for rows in self._rows]
        joined = [
            pa.chunked_array(
                [
                    chunk
                    for part, (first, last) in zip(column, ranges or whole, strict=True)
                    for chunk in part.slice(first, last - first).chunks
                ],
                self._schema.field(name).type,
            )
            for name, column in columns.items()
        ]
        return pa.table(joined, names=list(columns))

    def columns(self, names: Iterable[str]) -> dict[str, list[pa.ChunkedArray]] | None:
        """Return some columns by name, one array per file, once they are asked for a second time.

        Args:
            names: fields.
        Returns:
            The columns; None if one has to be read from its file, as in `table`.
        """
        wanted = sorted(set(names))
        if not all(self._may_hold(name) for name in wanted):
            return None
        with self._lock:
            if not self._asked.issuperset(wanted):
                self._asked.update(wanted)
                return None
            return {name: self._column(name) for name in wanted}

    def _may_hold(self, name: str) -> bool:
        at = self._schema.get_field_index(name)
        if at < 0:
            return False
        kind = self._schema.field(at).type
        simple = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_timestamp(kind)
        return bool(simple and sum(self._rows) * kind.bit_width // 8 <= HELD_BYTES // 2)

    def _column(self, name: str) -> list[pa.ChunkedArray]:
        """Return a column as one array per file."""
        if name in self._held:
            self._held.move_to_end(name)
            return self._held[name]
        every = pa.chunked_array(list(self._read(name)), self._schema.field(name).type)
        parts, start = [], 0
        for rows in self._rows:
            parts.append(every.slice(start, rows))
            start += rows
        self._held[name] = parts
        while (
            len(self._held) > 1 and sum(p.nbytes for held in self._held.values() for p in held) > HELD_BYTES
        ):
            self._held.popitem(last=False)
        return parts
