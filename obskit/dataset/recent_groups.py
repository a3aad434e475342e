"""Row groups that were read last, for questions that look at the same stretch of rows again and again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from obskit.dataset.manifest import DataFile
from obskit.dataset.parts import dictionaries, open_part, read_columns

KEPT_BYTES = 16 << 20


class RecentGroups:
    """Row groups of a dataset with some of their columns, the least recently used out beyond 16 MiB.

    Args:
        files: the parts of the dataset.
    """

    def __init__(self, files: Sequence[DataFile]) -> None:
        self._files = files
        self._lock = threading.Lock()
        self._ends: dict[int, npt.NDArray[np.int64]] = {}
        self._kept: OrderedDict[tuple[int, int, tuple[str, ...]], pa.Table] = OrderedDict()

    def take(self, file: int, at: npt.NDArray[np.int64], schema: pa.Schema) -> pa.Table:
        """Return some rows of a part, in the order asked for.

        Args:
            file: the number of the part.
            at: row numbers within it, at least one.
            schema: the columns, at least one.
        Returns:
            Table with these rows.
        Raises:
            DatasetError: the part is missing, replaced or damaged.
        """
        with self._lock:
            if file not in self._ends:
                metadata = open_part(self._files[file]).metadata
                sizes = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
                self._ends[file] = np.cumsum(sizes, dtype=np.int64)
            ends = self._ends[file]
            group = np.searchsorted(ends, at, side="right")
            tables = {one: self._group(file, one, tuple(schema.names)) for one in np.unique(group).tolist()}
        starts = np.concatenate([[0], ends[:-1]])
        # Group by group: joined strings would have to be decoded.
        parts = [
            table.take(pa.array(at[group == one] - starts[one])).cast(schema) for one, table in tables.items()
        ]
        return pa.concat_tables(parts).take(pa.array(np.argsort(np.argsort(group, kind="stable"))))

    @property
    def kept_bytes(self) -> int:
        """Size of the row groups that are kept."""
        return sum(table.nbytes for table in self._kept.values())

    def _group(self, file: int, group: int, columns: tuple[str, ...]) -> pa.Table:
        key = (file, group, columns)
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        part = self._files[file]
        reader = open_part(part, read_dictionary=dictionaries(open_part(part), columns))
        table = read_columns(reader, columns, [group], threads=True)
        self._kept[key] = table
        while self.kept_bytes > KEPT_BYTES:
            self._kept.popitem(last=False)
        return table
