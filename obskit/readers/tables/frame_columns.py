"""What pandas and spreadsheets leave in the columns of Parquet and Arrow files.

__index_level_0__: timestamp     the index of a DataFrame is the time, where there is no other
name, name                       two columns of one name: the second is name~2
"04.05.2026 10:00:00", "250,5"   text as spreadsheets write it, as in CSV
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pyarrow as pa
import pyarrow.compute as pc

from obskit.names.flat_fields import flat_field
from obskit.readers.tables.column_styles import Styles
from obskit.readers.tables.dialect import SNIFFED_ROWS, unique_names
from obskit.schema import FileReport, ReadOptions

_INDEX = re.compile(r"__index_level_\d+__$")
_TIME = re.compile(r"(?i)time|date|stamp|^@?ts?$|^at$|^when$")


class FrameColumns:
    """How the columns of a file are read; decided by its first batch.

    Args:
        first: the first batch of the file.
        file: name of the file for notes.
        report: receives notes about what was decided.
        options: with a `mapping`, only names that are there twice change.
        all_dates: yields all values of a text column; None if they cannot be read again.
    """

    def __init__(
        self,
        first: pa.RecordBatch,
        file: str,
        report: FileReport,
        options: ReadOptions,
        all_dates: Callable[[str], Iterator[pa.Array]] | None = None,
    ) -> None:
        names, self._renamed = unique_names(first.schema.names)
        if self._renamed:
            made = [made for made, name in zip(names, first.schema.names, strict=True) if made != name]
            report.note_in(
                file, f"columns without a name, or with that of another one, are called {', '.join(made[:5])}"
            )
        self._names = list(names)
        self._styles = Styles()
        if options.mapping:
            return
        index = _index_of_times(first, self._names)
        if index is not None:
            report.note_in(file, f"the index of the table, '{self._names[index]}', is the time of its rows")
            self._names[index] = "timestamp"
            self._renamed = True
        texts = {
            name: pc.cast(column.slice(0, SNIFFED_ROWS), pa.string()).to_pylist()
            for name, column in zip(self._names, first.columns, strict=True)
            if pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
        }
        self._styles = Styles.of(texts, file, report, all_dates=None if self._renamed else all_dates)

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return a batch of the file with these names, numbers and dates.

        Args:
            batch: with the schema of the first one.

        Returns:
            The batch with the same metadata.
        """
        if self._renamed:
            fields = [field.with_name(name) for field, name in zip(batch.schema, self._names, strict=True)]
            schema = pa.schema(fields, metadata=batch.schema.metadata)
            batch = pa.RecordBatch.from_arrays(batch.columns, schema=schema)
        return self._styles.apply(batch)


def _index_of_times(batch: pa.RecordBatch, names: list[str]) -> int | None:
    """Return which column is an index of times; None if there is another time."""
    found = None
    for at, (name, column) in enumerate(zip(names, batch.columns, strict=True)):
        is_time = pa.types.is_timestamp(column.type)
        if _INDEX.match(name):
            found = at if is_time and found is None else found
        elif is_time or _TIME.search(name) or _is_time(name):
            return None
    return found


def _is_time(name: str) -> bool:
    meaning = flat_field(name)
    return name == "timestamp" or (meaning is not None and meaning.target == "timestamp")
