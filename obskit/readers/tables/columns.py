"""The columns of a batch of text, while they get the names and units of events."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

from obskit.schema import NAMED

_WHOLE = re.compile(r"-?\d{1,18}$")
_NUMBER = r"^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$"


def whole_numbers(values: Iterable[str]) -> bool:
    """Return whether values are whole numbers, and there is at least one.

    Args:
        values: texts; empty ones do not count.

    Returns:
        Whether all others are whole.

    Example:
        print(whole_numbers(["250500000", ""]), whole_numbers(["0.25"]))
    """
    seen = [value for value in values if value]
    return bool(seen) and all(map(_WHOLE.match, seen))


class Columns:
    """The columns of a batch by name.

    Args:
        batch: with text columns.

    Example:
        import pyarrow as pa

        columns = Columns(pa.RecordBatch.from_pydict({"elapsed": ["250"]}))
        columns.duration("elapsed", 1.0)
        print(columns.batch().schema.names)
    """

    def __init__(self, batch: pa.RecordBatch) -> None:
        self._columns: dict[str, pa.Array] = dict(zip(batch.schema.names, batch.columns, strict=True))
        self._rows = batch.num_rows

    def __getitem__(self, name: str) -> pa.Array:
        return self._columns[name]

    def __setitem__(self, name: str, values: pa.Array) -> None:
        if name in self._columns:
            self._columns[f"attributes.{name}"] = self._columns.pop(name)
        self._columns[name] = values

    def __contains__(self, name: str) -> bool:
        return name in self._columns

    def rename(self, name: str, target: str) -> None:
        """Give a column another name, if it is there."""
        if name in self._columns and name != target:
            self[target] = self._columns.pop(name)

    def drop(self, name: str) -> None:
        """Leave out a column."""
        self._columns.pop(name, None)

    def numbers(self, name: str) -> pa.Array:
        """Return a column as floats; null where it is not a number, or if there is no such column."""
        column = self._columns.get(name)
        if column is None:
            return pa.nulls(self._rows, pa.float64())
        fits = pc.match_substring_regex(column, _NUMBER)
        return pc.cast(pc.if_else(fits, column, pa.scalar(None, pa.string())), pa.float64())

    def duration(self, name: str, factor: float) -> None:
        """Make `duration_ms` of a column; values that are not numbers stay under its name.

        Args:
            name: of the column.
            factor: milliseconds per unit of the column.
        """
        self._take(name, "duration_ms", pc.multiply(self.numbers(name), factor))

    def time(self, name: str, per_unit: float) -> None:
        """Make `timestamp` of a column of numbers since 1970; values that are not numbers stay.

        Args:
            name: of the column.
            per_unit: microseconds per unit of the column.
        """
        micros = pc.round(pc.multiply(self.numbers(name), per_unit))
        usual = pc.less(pc.abs(micros), 9e18)
        micros = pc.cast(pc.if_else(usual, micros, pa.scalar(None, pa.float64())), pa.int64())
        self._take(name, "timestamp", pc.cast(micros, pa.timestamp("us", "UTC")))

    def _take(self, name: str, target: str, values: pa.Array) -> None:
        if name not in self._columns:
            return
        text = self._columns.pop(name)
        rest = pc.if_else(pc.is_valid(values), pa.scalar(None, pa.string()), text)
        self[target] = values
        if rest.null_count < len(rest):
            self[f"attributes.{name}" if name == target else name] = rest

    def batch(self) -> pa.RecordBatch:
        """Return the columns as a batch whose names are those of events."""
        fields = [(name, column.type) for name, column in self._columns.items()]
        return pa.RecordBatch.from_arrays(
            list(self._columns.values()), schema=pa.schema(fields, metadata=NAMED)
        )
