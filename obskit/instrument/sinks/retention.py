"""Closed files: pack them, and delete the oldest when the folder is over budget or the disk is nearly full.

Only files with names like ours that no process has locked are deleted. Nothing else in the folder is touched.
"""

from __future__ import annotations

import contextlib
import fcntl
import gzip
import os
import re
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from obskit.instrument.counters import Counters
from obskit.instrument.sinks.active_writers import ActiveWriters

_OUR_NAME = re.compile(r".+-\d+-\d{8}T\d{6}\.\d{6}Z(?:~\d+)?\.jsonl(?:\.gz)?$")
_PACKING = ".packing"
_GZIP_LEVEL = 1
"""Level 1 takes a quarter of the time of level 6 and a sixth more space."""


class ClosedFiles:
    """The files that this process has closed, and the folder's budget.

    Args:
        folder: where the files are.
        keep: the maximum bytes of all our files in the folder.
        free: the minimum bytes of free space to leave on the disk.
        pack: whether to gzip closed files.
        counters: counts deleted files and failures.
        writers: the threads that are writing now.
    """

    def __init__(
        self, folder: Path, keep: int, free: int, pack: bool, counters: Counters, writers: ActiveWriters
    ) -> None:
        self._folder = folder
        self._keep = keep
        self._free = free
        self._pack = pack
        self._counters = counters
        self._writers = writers
        self._lock = threading.RLock()
        self._retired: list[tuple[Path, dict[int, int]]] = []
        self._next_look = 0.0

    def add(self, path: Path) -> None:
        """Take a file that was just replaced; threads that are writing now may still append to it."""
        with self._lock:
            self._retired.append((path, self._writers.snapshot()))

    def pack_finished(self) -> None:
        """Pack the files that no thread can append to any more."""
        with self._lock:
            ready = [path for path, writers in self._retired if not self._writers.any_of(writers)]
            self._retired = [item for item in self._retired if item[0] not in ready]
        for path in ready:
            if self._pack:
                try:
                    pack(path)
                except OSError as error:
                    self._counters.record_failure("packing a closed file", error)

    def keep_budget(self) -> None:
        """Delete the oldest closed files beyond the budget.

        Raises:
            OSError: the folder cannot be read.
        """
        begun = time.monotonic()
        if begun >= self._next_look:
            if deleted := delete_oldest(self._folder, self._keep, self._free):
                self._counters.add("deleted", deleted)
            # Listing a folder of many small files is slow: spend at most 1% of the time on it.
            self._next_look = time.monotonic() + 100 * (time.monotonic() - begun)

    def space_is_short(self) -> bool:
        """Return whether the disk has less free space than the rules leave free."""
        return free_bytes(self._folder) < self._free


def pack(path: Path) -> None:
    """Replace a closed file with its gzip.

    A reader of the folder sees each event exactly once at any moment, even if the process dies here.

    Args:
        path: the closed file.

    Raises:
        OSError: the disk is full or the file is missing; the file is left as it was.
    """
    partial = path.with_name(f".{path.name}{_PACKING}")  # hidden: readers of the folder skip it
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with path.open("rb") as source, os.fdopen(descriptor, "wb") as raw:
            with gzip.GzipFile(path.name, "wb", _GZIP_LEVEL, raw) as packed:
                shutil.copyfileobj(source, packed, 1 << 20)
            raw.flush()
            os.fsync(raw.fileno())
        partial.rename(path)  # replaces the plain file at once, so no event is there twice
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    path.rename(path.with_name(path.name + ".gz"))


def free_bytes(folder: Path) -> int:
    """Return the bytes of free space available to us on the folder's file system."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def delete_oldest(folder: Path, keep: int, free: int) -> int:
    """Delete the oldest closed files while the folder exceeds `keep` bytes or `free` bytes are not free.

    Args:
        folder: where the files are.
        keep: the maximum bytes of all our files.
        free: the minimum bytes of free space.

    Returns:
        The number of deleted files.
    """
    listed = sorted(_our_files(folder))
    total = sum(size for _, size, _ in listed)
    deleted = 0
    for _, size, path in listed:
        if total <= keep and free_bytes(folder) >= free:
            break
        if is_closed(path):
            with contextlib.suppress(OSError):
                with contextlib.suppress(FileNotFoundError):  # another process was first
                    path.unlink()
                    deleted += 1
                total -= size
    return deleted


def _our_files(folder: Path) -> Iterator[tuple[float, int, Path]]:
    """Yield time of modification, size and path; delete what a process that died left half packed."""
    for entry in os.scandir(folder):
        if _OUR_NAME.match(entry.name):
            with contextlib.suppress(OSError):
                found = entry.stat(follow_symlinks=False)
                yield found.st_mtime, found.st_size, Path(entry.path)
        elif entry.name.endswith(".jsonl" + _PACKING):
            with contextlib.suppress(OSError):
                if time.time() - entry.stat(follow_symlinks=False).st_mtime > 3600:
                    os.unlink(entry.path)


def is_closed(path: Path) -> bool:
    """Return whether no process writes the file any more."""
    if path.suffix == ".gz":
        return True
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return False
    else:
        return True
    finally:
        os.close(descriptor)
