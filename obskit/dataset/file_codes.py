"""Dictionary codes of single files: made per file and field when first needed, stored, and memory-mapped.

`CodeStore` says where they are stored. Appending a part leaves the codes of the others valid. Processes need
no locks: files are renamed into place, and two processes that make the same codes write the same bytes.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from obskit.dataset.code_store import Blob, CodeStore
from obskit.dataset.computed_arrays import ComputedArrays
from obskit.dataset.encoder import Encoded, encode, entry_type
from obskit.dataset.eviction import evict_after
from obskit.dataset.file_memo import FileKey
from obskit.dataset.manifest import DataFile, identity_of, unknown_field
from obskit.dataset.merge import BySet
from obskit.dataset.packed_codes import all_missing, pack, unpack
from obskit.dataset.parts import open_part, read_columns
from obskit.dataset.population import Counter, Weights

THREADS = 2
MOST_BYTES = 4  # of the code of a row


class FileCodes:
    """Codes of every field of each file of a dataset; safe to share between threads.

    Args:
        folder: the dataset's folder.
        files: its parts.
        schema: the schema of every part.
        store: where codes are stored.
        arrays: arrays about the rows of each file; codes that were loaded are kept in its memo.
    """

    def __init__(
        self,
        folder: Path,
        files: Sequence[DataFile],
        schema: pa.Schema,
        store: CodeStore,
        arrays: ComputedArrays,
    ) -> None:
        self._folder, self._files, self._schema = folder, files, schema
        self._store, self._arrays = store, arrays
        self._guard = threading.Lock()
        self._locks: defaultdict[tuple[int, str], threading.Lock] = defaultdict(threading.Lock)
        self._made: set[tuple[int, str]] = set()
        self._counter: tuple[int, Counter] | None = None

    def ensure(self, names: Sequence[str], progress: Callable[[str, int, int], None] | None = None) -> None:
        """Make the codes of these fields if they do not exist yet; `Codes.ensure` has the details."""
        work = [
            (file, name) for file in range(len(self._files)) for name in names if not self.exists(file, name)
        ]
        if not work:
            return
        with ThreadPoolExecutor(THREADS, thread_name_prefix="obskit-codes") as pool:
            running = [pool.submit(self._make_and_drop, file, name) for file, name in work]
            try:
                for done, (future, (_, name)) in enumerate(zip(running, work, strict=True), 1):
                    future.result()
                    if progress is not None:
                        progress(f"coding {name}", done, len(work))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        self._counter = None
        if self._store.cached:
            evict_after(sum(MOST_BYTES * self._files[file].rows for file, _ in work))

    def type_of(self, name: str) -> pa.DataType:
        """Return the type of a field.

        Args:
            name: the field.

        Returns:
            Its type in the schema.

        Raises:
            UnknownField: the dataset has no such field.
        """
        at = self._schema.get_field_index(name)
        if at < 0:
            raise unknown_field(name, self._schema.names, self._folder)
        return self._schema.field(at).type

    def load(self, file: int, name: str) -> Blob | None:
        """Return the codes of a field as they are stored; None if they are not."""
        if name in self._files[file].absent.names:  # nothing to store, and its type may be another one later
            nothing = all_missing(self.type_of(name), self._files[file].rows)
            return pack(name, nothing, self.totals(file, nothing))
        key = FileKey(identity_of(self._files[file]), ("codes", name))
        kept: Blob | None = self._arrays.memo.peek(key)
        if kept is None:
            found = self._store.read(file, "field", name)
            # without `distinct` they are of an earlier version, and made again
            kept = found if found and "distinct" in found[0] else None
            if kept is not None:
                self._arrays.memo.put(key, kept, mapped=True)
        return kept

    def exists(self, file: int, name: str) -> bool:
        """Return whether codes exist; looks on disk until they do."""
        if name in self._files[file].absent.names:
            return True
        if (file, name) not in self._made and self.load(file, name) is not None:
            self._made.add((file, name))
        return (file, name) in self._made

    def _make_and_drop(self, file: int, name: str) -> None:
        self.make(file, name)  # drop the result: it is large, and a future would keep it in memory

    def make(self, file: int, name: str) -> Blob:
        """Return the codes of a field as they are stored; make them if they do not exist."""
        with self._lock((file, name)):
            found = self.load(file, name)
            if found is None:
                part = self._files[file]
                strings = [name] if entry_type(self.type_of(name)) == pa.string() else []
                reader = open_part(part, read_dictionary=strings)
                encoded = encode(read_columns(reader, [name]).column(0))
                found = pack(name, encoded, self.totals(file, encoded))
                self._store.write(file, "field", *found)
            return found

    def _lock(self, key: tuple[int, str]) -> threading.Lock:
        with self._guard:
            return self._locks[key]

    def unpacked(self, file: int, name: str, have: Blob) -> tuple[Encoded, BySet]:
        """Return the codes of a field as arrays of values, with the events that each value has.

        Args:
            file: index of the file.
            name: the field.
            have: what `load` or `make` returned.

        Returns:
            Codes with the file's own dictionary, and the events per value among all rows and among units.
        """
        kind = entry_type(self.type_of(name))
        memo = self._arrays.memo
        return memo.get(self._files[file], ("unpacked", name), lambda: unpack(*have, kind), mapped=True)

    def _population(self, file: int) -> dict[str, npt.NDArray[Any]]:
        return self._arrays.of_file(file, "population")

    def weights(self, file: int) -> Weights:
        """Return how many events each row of a file represents."""
        kept = self._population(file)
        return Weights(
            kept.get("classes"),
            kept["n"],
            kept["w"],
            kept.get("row_n"),
            kept.get("row_w"),
            int(kept["unweighted"][0]),
        )

    def units(self, file: int) -> npt.NDArray[np.bool_]:
        """Return which rows of a file are units of work."""
        return self._population(file)["units"].view(np.bool_)

    def totals(self, file: int, part: Encoded) -> BySet:
        """Return how many events each value has, among all rows of a file and among its units of work."""
        kept = self._counter
        if kept is None or kept[0] != file:  # one file at a time
            kept = self._counter = file, Counter(self.weights(file), self.units(file))
        everything, units = kept[1].totals(part.codes, len(part.values))
        return {"all": everything, "units": units}

    def release(self) -> None:
        """Free what `totals` keeps of the last file that it was asked about."""
        self._counter = None
