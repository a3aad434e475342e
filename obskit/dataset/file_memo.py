"""What was computed from single files of a dataset, kept while the dataset is refreshed.

A refreshed dataset has most files of the one before. What depends on the rows of one file alone is therefore
kept under the file's identity: when a file is added, only that file is counted. A file that was replaced, or
has got further rows, has another identity. Nothing is stored on disk, so an answer never depends on it.
"""

from __future__ import annotations

import dataclasses
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from typing import Any, NamedTuple, TypeVar

import numpy as np
import pyarrow as pa

from obskit.dataset.manifest import DataFile, identity_of

KEPT_BYTES = 512 << 20
_OVERHEAD = 200  # bytes of an entry without arrays, about
T = TypeVar("T")


class FileKey(NamedTuple):
    """The key of a result about one file."""

    file: tuple[Any, ...]
    question: Hashable


class FileMemo:
    """Results by file and question, the least recently used out beyond 512 MiB; safe to share by threads."""

    def __init__(self, limit: int = KEPT_BYTES) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._bytes = 0

    def get(self, file: DataFile, key: Hashable | None, make: Callable[[], T], *, mapped: bool = False) -> T:
        """Return what was computed from a file, or compute and keep it.

        Args:
            file: the file.
            key: the question; it contains everything that the result depends on besides the file's rows.
                None if the result is not to be kept.
            make: computes the result. Nobody may change the result.
            mapped: whether its arrays are mapped from the disk, and so do not count as memory.

        Returns:
            The result.
        """
        if key is None:
            return make()
        key = FileKey(identity_of(file), key)
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
                value: T = found[0]
                return value
        made = make()
        self.put(key, made, mapped=mapped)
        return made

    def peek(self, key: Hashable) -> Any:
        """Return what is kept for a key; None if nothing is."""
        with self._lock:
            found = self._kept.get(key)
            return None if found is None else found[0]

    def put(self, key: Hashable, value: Any, *, mapped: bool = False, size: int | None = None) -> None:
        """Keep a result for a key that contains all that it depends on.

        Args:
            key: the key.
            value: the result.
            mapped: as in `get`.
            size: the bytes of the result, if that is known.
        """
        if size is None:
            size = 0 if mapped else _nbytes(value)
        size += _OVERHEAD
        with self._lock:
            if key in self._kept:
                self._bytes -= self._kept.pop(key)[1]
            self._kept[key] = value, size
            self._bytes += size
            while self._bytes > self._limit and len(self._kept) > 1:
                self._bytes -= self._kept.popitem(last=False)[1][1]

    def forget_others(self, files: Iterable[DataFile]) -> None:
        """Drop what was computed from other files than these, which are no longer in the dataset.

        Mapped arrays hardly count as memory, but a process may only map so many.
        """
        known = {identity_of(file) for file in files}
        with self._lock:
            for key in [key for key in self._kept if isinstance(key, FileKey) and key.file not in known]:
                self._bytes -= self._kept.pop(key)[1]

    @property
    def kept_bytes(self) -> int:
        """Size of what is kept, without what is mapped from the disk."""
        return self._bytes


def _nbytes(value: Any) -> int:
    """Return the bytes of the arrays in a result, about."""
    if isinstance(value, np.ndarray):
        return value.nbytes
    if isinstance(value, pa.Array):
        return int(value.nbytes)
    if isinstance(value, dict):
        return sum(map(_nbytes, value.values()))
    if isinstance(value, tuple | list):
        return sum(map(_nbytes, value))
    if dataclasses.is_dataclass(value):
        return sum(_nbytes(getattr(value, one.name)) for one in dataclasses.fields(value))
    return 0
