"""Where the codes of a dataset are stored: next to it, or in the cache if it cannot be written to.

What depends on one part alone is stored by the part's digest. Entries of the cache share it, so a source that
grew keeps the codes of its old parts. What depends on all parts is stored in the Dataset's own folder, and is
removed with it:

    <dataset>/.codes/<digest of a part>/       in the cache instead: <cache>/codes/<digest of a part>/
    <dataset>/.codes/<hash of the list of parts>/
"""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy.typing as npt

from obskit.dataset import blob
from obskit.dataset.atomic_write import FULL
from obskit.dataset.cache import (
    READ_ONLY,
    cache_path,
    cache_root,
    codes_folder,
    is_own,
    report_read_only,
    touch,
)
from obskit.dataset.manifest import DataFile, ordered_fingerprint
from obskit.errors import StorageFull

Blob = tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]
CODES = ".codes"
_ELSEWHERE = (*READ_ONLY, errno.ENOENT)


class CodeStore:
    """Blobs about the files of a dataset: one per file and field, some per file, and some about all files.

    Args:
        folder: the dataset's folder.
        files: its parts.

    Attributes:
        cached: whether something is written to the cache.
    """

    def __init__(self, folder: Path, files: Sequence[DataFile]) -> None:
        self.cached = cache_path() in folder.parents
        own = [] if self.cached else [folder / CODES]
        self._places = [[base / file.digest for base in (*own, codes_folder())] for file in files]
        self._rows = [file.rows for file in files]
        self._list = ordered_fingerprint(files)
        self._shared = [base / self._list for base in (folder / CODES, codes_folder())]

    def read_all(self, what: str, name: str) -> list[dict[str, npt.NDArray[Any]]] | None:
        """Read arrays that depend on all files; None if those of a file are not there.

        Args:
            what: kind of the arrays.
            name: what they are about.

        Returns:
            The arrays of each file, mapped from the disk.
        """
        out = []
        for file in range(len(self._rows)):
            about = self._about(file, name)
            found = self._read(file, _paths(self._shared, what, about), about)
            if found is None:
                return None
            out.append(found[1])
        return out

    def write_all(self, what: str, name: str, arrays: Sequence[dict[str, npt.NDArray[Any]]]) -> None:
        """Store arrays that depend on all files.

        Args:
            what: kind of the arrays.
            name: what they are about.
            arrays: the arrays of each file.

        Raises:
            StorageFull, OSError: as in `write`.
        """
        for file, each in enumerate(arrays):
            about = self._about(file, name)
            meta = {"rows": self._rows[file], "name": about}
            self._write(_paths(self._shared, what, about), meta, each)

    def _about(self, file: int, name: str) -> str:
        # Not the digest of the file: two files may have the same rows, but they are at different places.
        return f"{self._list}/{file}/{name}"

    def read(self, file: int, what: str, name: str = "") -> Blob | None:
        """Return the metadata and the arrays of a blob; None if it does not exist or cannot be trusted.

        Args:
            file: number of the file.
            what: kind of the blob.
            name: the field, or what else it is about.

        Returns:
            What `write` was given; the arrays are mapped from the disk.
        """
        return self._read(file, _paths(self._places[file], what, name), name)

    def _read(self, file: int, paths: Sequence[Path], name: str) -> Blob | None:
        for path in paths:
            if not (is_own(path) and is_own(path.parent)):
                continue  # made again, for what is in a blob is trusted
            found = blob.load(path)
            if found and found[0].get("rows") == self._rows[file] and found[0].get("name") == name:
                if path.name == "population" or path.parent == self._shared[-1]:  # read early, and once
                    touch(path.parent)
                return found
        return None

    def write(self, file: int, what: str, meta: dict[str, Any], arrays: dict[str, npt.NDArray[Any]]) -> None:
        """Store a blob.

        Args:
            file: number of the file.
            what: kind of the blob.
            meta: metadata; `rows` and `name` are checked when it is read.
            arrays: the arrays.

        Raises:
            StorageFull: the disk is full.
            DatasetError: nothing can be written, neither to the dataset nor to the cache.
        """
        self._write(_paths(self._places[file], what, meta["name"]), meta, arrays)

    def _write(
        self, paths: Sequence[Path], meta: dict[str, Any], arrays: dict[str, npt.NDArray[Any]]
    ) -> None:
        *own, cached = paths
        # The cache twice: another process may evict the folder between its creation and the write.
        places = [*own, cached, cached]
        for attempt, path in enumerate(places, 1):
            try:
                if path is cached:
                    cache_root()
                    self.cached = True
                path.parent.parent.mkdir(exist_ok=True)  # but not the Dataset's folder, if that is gone
                path.parent.mkdir(exist_ok=True)
                blob.save(path, meta, arrays)
                return
            except OSError as error:
                if error.errno not in _ELSEWHERE or attempt == len(places):
                    with report_read_only():
                        raise _storage_full(error, path) from error


def _paths(places: Sequence[Path], what: str, name: str) -> list[Path]:
    """Return where a blob may be stored: in the dataset, then in the cache."""
    key = hashlib.blake2b(name.encode(), digest_size=16).hexdigest() if name else ""
    stem = f"{what}-{key}" if name else what
    return [place / stem for place in places]


def _storage_full(error: OSError, path: Path) -> OSError:
    if error.errno not in FULL:
        return error
    return StorageFull(
        f"no space left to write codes to {path.parent}",
        hint="free disk space, or set OBSKIT_CACHE to a folder on a larger disk",
    )
