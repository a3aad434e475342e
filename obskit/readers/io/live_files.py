"""Folders that are being written to: which file replaces which, and which is still being written."""

from __future__ import annotations

import fcntl
import os
import re
import time
from pathlib import Path

# Names of the segments that `obskit receive` writes, without the suffix.
_SEGMENT = re.compile(r"(?:traces|logs)-\d{8}T\d{2}Z-\d{4,}")
# Names of the files that `obskit.instrument` writes and then compresses: `X.jsonl.gz` replaces `X.jsonl`.
_PACKED = re.compile(r".+-\d+-\d{8}T\d{6}\.\d{6}Z(?:~\d+)?\.jsonl")
_LISTINGS = 4
_TICK = 20_000_000  # nanoseconds; changes that are closer may have the same time on a file system


def is_segment(path: Path) -> bool:
    """Return whether a file is named like a receiver's segment, which `X.parquet` next to it replaces."""
    return bool(_SEGMENT.fullmatch(path.stem))


def current(files: list[Path]) -> list[Path]:
    """Leave out files that are being replaced: for a while both exist, with the same rows.

    Only names that obskit's own writers give are looked at. Rows that other files repeat are read repeatedly.

    Args:
        files: what a folder holds.

    Returns:
        The files to read, in the same order.
    """
    known = {str(file) for file in files} | {str(file.parent) for file in files}
    return [
        file
        for file in files
        if not (is_segment(file) and str(file.with_suffix(".parquet")) in known)
        and not (_PACKED.fullmatch(file.name) and f"{file}.gz" in known)
        and not (file.suffix == ".packing" and _PACKED.fullmatch(file.stem))
    ]


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
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # a file system without locks
        return False
    finally:
        os.close(descriptor)
    return False


def entries_of(where: Path) -> list[os.DirEntry[str]]:
    """List a folder, again if it changed meanwhile.

    While a file is being replaced, one listing may miss both: the new file appears in a part that was already
    listed, and the old one vanishes from a part that was not.

    Args:
        where: the folder.

    Returns:
        Its entries by name.
    """
    entries: list[os.DirEntry[str]] = []
    for _ in range(_LISTINGS):
        before = os.stat(where).st_mtime_ns
        with os.scandir(where) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
        if os.stat(where).st_mtime_ns == before and time.time_ns() - before > _TICK:
            break
    return entries
