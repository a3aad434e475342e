"""Folders that are being written to: which file replaces which, and which is still being written."""

from __future__ import annotations

import fcntl
import os
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from obskit.readers.io.entries import Kind, Unreadable, kind_of

# Names of the segments that `obskit receive` writes, without the suffix.
_SEGMENT = re.compile(r"(?:traces|logs)-\d{8}T\d{2}Z-\d{4,}")
# Names of the files that `obskit.instrument` writes and then compresses: `X.jsonl.gz` replaces `X.jsonl`.
_PACKED = re.compile(r".+-\d+-\d{8}T\d{6}\.\d{6}Z(?:~\d+)?\.jsonl")
_MAY_BE_OWN = re.compile(r"(?:traces|logs)-\d{8}T|Z(?:~\d+)?\.jsonl")
_LISTINGS = 4
_TICK = 20_000_000  # nanoseconds; changes that are closer may have the same time on a file system


def is_segment(path: Path) -> bool:
    """Return whether a file is named like a receiver's segment, which `X.parquet` next to it replaces."""
    return bool(_SEGMENT.fullmatch(path.stem))


def current(files: list[str]) -> list[str]:
    """Leave out files that are being replaced: for a while both exist, with the same rows.

    Only names that obskit's own writers give are looked at. Rows that other files repeat are read repeatedly.

    Args:
        files: what a folder holds.

    Returns:
        The files to read, in the same order.
    """
    known: set[str] = set()
    for name in files:
        if _MAY_BE_OWN.search(name):
            known = set(files) | {os.path.dirname(name) for name in files}
            break
    return [name for name in files if not _replaced(name, known)] if known else files


def _replaced(name: str, known: set[str]) -> bool:
    folder, base = os.path.split(name)
    stem, suffix = os.path.splitext(base)
    if _SEGMENT.fullmatch(stem) and suffix != ".parquet":
        return os.path.join(folder, f"{stem}.parquet") in known
    if suffix == ".packing":
        return _PACKED.fullmatch(stem) is not None
    return suffix == ".jsonl" and f"{name}.gz" in known and _PACKED.fullmatch(base) is not None


def being_written(path: Path) -> bool:
    """Return whether a process holds the lock of a file; obskit's writers hold it while they write.

    Args:
        path: the file.

    Returns:
        False also if the file cannot be opened, or is on a file system without locks.

    Example:
        from pathlib import Path

        path = Path("events.jsonl")
        path.write_text('{"timestamp": "2026-05-04T10:00:00Z", "name": "book"}\\n')
        print(being_written(path))
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        return is_locked(descriptor)
    finally:
        os.close(descriptor)


def is_locked(descriptor: int) -> bool:
    """Return whether a process holds the lock of an open file; False on a file system without locks.

    Args:
        descriptor: of the file; if nobody holds the lock, it is shared until the descriptor is closed.

    Returns:
        Whether the file is being written.

    Example:
        with open("events.jsonl", "rb") as file:
            print(is_locked(file.fileno()))
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


@dataclass(frozen=True)
class Listing:
    """What a folder holds.

    Attributes:
        names: names of all entries, sorted.
        others: what those entries are that are not files.
        links: whether there is a link among the entries.
    """

    names: list[str]
    others: dict[str, Kind | Unreadable]
    links: bool


def list_folder(where: str) -> Listing:
    """List a folder, again if it changed meanwhile.

    While a file is being replaced, one listing may miss both: the new file appears in a part that was already
    listed, and the old one vanishes from a part that was not.

    Args:
        where: the folder.

    Returns:
        Its entries; those that vanished meanwhile are left out.

    Raises:
        OSError: the folder cannot be listed.
    """
    found = Listing([], {}, False)
    for _ in range(_LISTINGS):
        before = os.stat(where).st_mtime_ns
        with os.scandir(where) as listing:
            found = _listing(listing)
        if os.stat(where).st_mtime_ns == before and time.time_ns() - before > _TICK:
            break
    found.names.sort()
    return found


def _listing(entries: Iterable[os.DirEntry[str]]) -> Listing:
    """Return names instead of the entries themselves, which take three times the memory."""
    names: list[str] = []
    others: dict[str, Kind | Unreadable] = {}
    links = False
    for entry in entries:
        kind = kind_of(entry)
        links = links or entry.is_symlink()
        if isinstance(kind, Unreadable) and kind.missing:
            continue
        names.append(entry.name)
        if kind != "file":
            others[entry.name] = kind
    return Listing(names, others, links)
