"""Folders that somebody writes into: what replaces what, what is still being written, listings that hold."""

from __future__ import annotations

import fcntl
import os
import re
import time
from pathlib import Path

# How `obskit receive` calls its segments, without the suffix.
_SEGMENT = re.compile(r"(?:traces|logs)-\d{8}T\d{2}Z-\d{4,}")
# How `obskit.instrument` calls its files, which it packs: `X.jsonl.gz` replaces `X.jsonl`.
_PACKED = re.compile(r".+-\d+-\d{8}T\d{6}\.\d{6}Z(?:~\d+)?\.jsonl")
_LISTINGS = 4
_TICK = 20_000_000  # nanoseconds within which a file system may give two changes the same time


def is_segment(path: Path) -> bool:
    """Return whether a file is called as a receiver calls its segments; `X.parquet` beside it replaces it."""
    return bool(_SEGMENT.fullmatch(path.stem))


def current(files: list[Path]) -> list[Path]:
    """Leave out files that are being replaced: both are there for a while, with the same rows.

    By their names only, which nobody else gives; of other files, rows are read as often as they are there.
    """
    there = {str(file) for file in files} | {str(file.parent) for file in files}
    return [
        file
        for file in files
        if not (is_segment(file) and str(file.with_suffix(".parquet")) in there)
        and not (_PACKED.fullmatch(file.name) and f"{file}.gz" in there)
        and not (file.suffix == ".packing" and _PACKED.fullmatch(file.stem))
    ]


def being_written(path: Path) -> bool:
    """Return whether a process holds the lock of a file, as obskit's own writers do while they write it."""
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
    """List a folder; again if it changed meanwhile, for a file that is being replaced may be missed then.

    Between two pieces of a listing the new file may come where one has looked, and the old one go where one
    has not.
    """
    entries: list[os.DirEntry[str]] = []
    for _ in range(_LISTINGS):
        before = os.stat(where).st_mtime_ns
        with os.scandir(where) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
        if os.stat(where).st_mtime_ns == before and time.time_ns() - before > _TICK:
            break
    return entries
