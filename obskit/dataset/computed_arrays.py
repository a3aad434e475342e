"""Arrays about the rows of one file that are stored next to its codes: times, clusters, units and weights.

Others depend on all files of a dataset, such as facts about traces; those are stored for that set of files.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from obskit.dataset import population
from obskit.dataset.code_store import CodeStore
from obskit.dataset.eviction import evict_after
from obskit.dataset.file_memo import FileMemo
from obskit.dataset.manifest import DataFile
from obskit.dataset.parts import open_part, read_columns
from obskit.errors import DatasetError

Arrays = dict[str, npt.NDArray[Any]]


class ComputedArrays:
    """Computed arrays of a dataset; safe to share between threads.

    Args:
        store: where they are stored.
        files: the files of the dataset.
        schema: its schema.

    Attributes:
        memo: what was computed from single files.
    """

    def __init__(self, store: CodeStore, files: Sequence[DataFile], schema: pa.Schema) -> None:
        self._store, self._files, self._schema = store, files, schema
        self._by_file: dict[tuple[int, str], Arrays] = {}
        self._of_all: dict[str, list[Arrays]] = {}
        self._guard = threading.Lock()
        self._locks: defaultdict[tuple[int, str], threading.Lock] = defaultdict(threading.Lock)
        self.memo = FileMemo()

    def of_file(self, file: int, what: str, name: str = "") -> Arrays:
        """Return what `compute_arrays` returns about a file, computed now or before."""
        key = (file, f"{what} {name}")
        kept = self._by_file.get(key)
        if kept is not None:
            return kept

        def make() -> Arrays:
            found = self._store.read(file, what, name)
            if found is None:
                made = compute_arrays(self._files[file], self._schema, what, name)
                self._store.write(file, what, *made)
                found = self._store.read(file, what, name) or made  # a mapped copy costs no memory
            return found[1]

        with self._lock(key):
            found = self.memo.get(self._files[file], ("arrays", what, name), make, mapped=True)
            return self._by_file.setdefault(key, found)

    def of_all(self, what: str, rules: int, make: Callable[[], list[Arrays]], field: str) -> list[Arrays]:
        """Return what `make` returns, now or before; see `Codes.over_files`."""
        name = f"{rules}/{field}"
        key = -1, f"{what} {field}"
        with self._lock(key):
            kept = self._of_all.get(key[1])
            if kept is None:
                kept = self._store.read_all(what, name)
                if kept is None:
                    made = make()
                    with suppress(DatasetError):  # a cache that can only be read: they stay in memory
                        self._store.write_all(what, name, made)
                    if self._store.cached:
                        evict_after(sum(array.nbytes for each in made for array in each.values()))
                    kept = self._store.read_all(what, name) or made  # mapped copies cost no memory
                self._of_all[key[1]] = kept
        return kept

    def _lock(self, key: tuple[int, str]) -> threading.Lock:
        with self._guard:
            return self._locks[key]


def compute_arrays(
    file: DataFile, schema: pa.Schema, what: str, name: str
) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """Compute arrays about the rows of a file.

    Args:
        file: the file.
        schema: the schema of its dataset.
        what: "times", "clusters" or "population".
        name: the field of clusters; else "".

    Returns:
        Metadata and arrays, as they are stored.

    Raises:
        DatasetError: the file is missing, replaced or damaged.
    """
    wanted = [name] if name else [c for c in population.COLUMNS if c in schema.names]
    if what == "times":
        wanted = ["timestamp"] if "timestamp" in wanted else []
    table = read_columns(open_part(file), wanted)
    meta: dict[str, Any] = {"rows": file.rows, "name": name}
    if what == "times":
        return meta, {"times": population.times(table)}
    if what == "clusters":
        return meta, {"ids": population.clusters(table.column(0))}
    made = population.weights(table)
    arrays: dict[str, npt.NDArray[Any]] = {
        "units": population.units(table).view(np.uint8),
        "n": made.n,
        "w": made.w,
    }
    if made.classes is not None:
        arrays["classes"] = made.classes
    elif made.row_n is not None and made.row_w is not None:
        arrays |= {"row_n": made.row_n, "row_w": made.row_w}
    return meta, arrays | {"unweighted": np.array([made.unweighted])}
