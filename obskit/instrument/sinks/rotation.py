"""Files of events in a folder: how they are called, rotated, packed, and deleted beyond a budget.

`<service>-<host>-<pid>-<start>.jsonl`, mode 0600. Whoever writes a file holds a lock on it (flock), so that
any process can tell the closed ones, and only those are ever deleted. Nothing else in the folder is touched.
"""

from __future__ import annotations

import contextlib
import fcntl
import gzip
import os
import re
import shutil
import socket
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

_OURS = re.compile(r".+-\d+-\d{8}T\d{6}\.\d{6}Z(?:~\d+)?\.jsonl(?:\.gz)?$")
_UNSAFE = re.compile(r"[^A-Za-z0-9._]+")
_EPOCH = datetime(1970, 1, 1)  # UTC
_PACKING = ".packing"
_GZIP_LEVEL = 1
"""Packing costs a quarter of the time of level 6 for a sixth more space."""


def open_new(folder: Path, service: str) -> tuple[int, Path]:
    """Create the next file of this process and return its descriptor, locked, and its path.

    Raises:
        OSError: the folder cannot be made or written.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    host = _UNSAFE.sub("_", socket.gethostname())[:64] or "host"
    name = _UNSAFE.sub("_", service)[:64] or "service"
    stem = f"{name}-{host}-{os.getpid()}-{_now()}"
    for attempt in range(100):
        path = folder / f"{stem}{f'~{attempt}' if attempt else ''}.jsonl"
        with contextlib.suppress(FileExistsError):
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
            descriptor = os.open(path, flags, 0o600)
            with contextlib.suppress(OSError):  # some network file systems have no locks
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return descriptor, path
    raise FileExistsError(f"a hundred files called {stem}")


def _now() -> str:
    # Without strftime and gmtime: libc's lock in them may be held for ever in a forked child.
    moment = _EPOCH + timedelta(microseconds=time.time_ns() // 1000)
    return moment.isoformat(timespec="microseconds").replace("-", "").replace(":", "") + "Z"


def pack(path: Path) -> None:
    """Replace a closed file by its gzip.

    Whenever the process dies, and whoever reads the folder meanwhile: each event is there, once.

    Raises:
        OSError: no room, or the file is gone; the file itself is left as it was.
    """
    half = path.with_name(f".{path.name}{_PACKING}")  # hidden: readers of the folder pass it over
    try:
        descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with path.open("rb") as source, os.fdopen(descriptor, "wb") as raw:
            with gzip.GzipFile(path.name, "wb", _GZIP_LEVEL, raw) as packed:
                shutil.copyfileobj(source, packed, 1 << 20)
            raw.flush()
            os.fsync(raw.fileno())
        half.rename(path)  # takes its place at once: the events are never there twice
    except BaseException:
        half.unlink(missing_ok=True)
        raise
    path.rename(path.with_name(path.name + ".gz"))


def free_bytes(folder: Path) -> int:
    """Return the bytes that are free for us where the folder lies."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def make_room(folder: Path, keep: int, floor: int) -> int:
    """Delete the oldest closed files beyond `keep` bytes in all, and while less than `floor` are free.

    Returns:
        How many were deleted.
    """
    listed = sorted(_listed(folder))
    total = sum(size for _, size, _ in listed)
    deleted = 0
    for _, size, path in listed:
        if total <= keep and free_bytes(folder) >= floor:
            break
        if closed(path):
            with contextlib.suppress(OSError):
                with contextlib.suppress(FileNotFoundError):  # another process was first
                    path.unlink()
                    deleted += 1
                total -= size
    return deleted


def _listed(folder: Path) -> Iterator[tuple[float, int, Path]]:
    for entry in os.scandir(folder):
        if _OURS.match(entry.name):
            with contextlib.suppress(OSError):
                found = entry.stat(follow_symlinks=False)
                yield found.st_mtime, found.st_size, Path(entry.path)
        elif entry.name.endswith(".jsonl" + _PACKING):  # left by a process that died while it packed
            with contextlib.suppress(OSError):
                if time.time() - entry.stat(follow_symlinks=False).st_mtime > 3600:
                    os.unlink(entry.path)


def closed(path: Path) -> bool:
    """Whether nobody writes the file any more."""
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
