"""The file that is written now: create it, and switch to a new one by size, age or loss.

Files are called `<service>-<host>-<pid>-<start>.jsonl` and have mode 0600. Their writer holds a lock (flock),
so that any process can see which files are closed.

A switch is a `dup2` onto the same descriptor, so no thread can ever hold a closed one.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import socket
import stat
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from obskit.instrument.counters import Counters

RETRY_SECONDS = 1.0
"""Seconds before another attempt after a file could not be opened."""
_UNSAFE = re.compile(r"[^A-Za-z0-9._]+")
_EPOCH = datetime(1970, 1, 1)  # UTC


class RotatingFile:
    """One descriptor for all writers, and the file behind it.

    `descriptor` is -1 while nothing is open. `size` counts the bytes written to this file. `torn` is True
    while the file ends within a line.

    Args:
        target: folder for the files, or a pipe or device that exists.
        service: first part of file names.
        rotate_bytes: size at which a new file begins.
        rotate_seconds: age at which a new file begins.
        counters: counts failures.
        retire: called with the path of each file that is replaced.
    """

    def __init__(
        self,
        target: Path,
        service: str,
        rotate_bytes: int,
        rotate_seconds: float,
        counters: Counters,
        retire: Callable[[Path], None],
    ) -> None:
        self.descriptor = -1
        self.path: Path | None = None
        self.size = 0
        self.torn = False
        self.closed = False
        self.rotate_bytes = rotate_bytes
        self._rotate_seconds = rotate_seconds
        self._target = target
        self._service = service
        self._counters = counters
        self._retire = retire
        self._lock = threading.RLock()
        self._opened_at = 0.0
        self._retry_at = 0.0

    @property
    def rotates(self) -> bool:
        """Whether a file in a folder is open; pipes and devices do not rotate."""
        return self.descriptor >= 0 and self.path is not None and self.path != self._target

    @property
    def old(self) -> bool:
        """Whether this file has reached its age limit."""
        return time.monotonic() - self._opened_at >= self._rotate_seconds

    def open(self) -> bool:
        """Open a file unless one is open; return whether one is."""
        with self._lock:
            if self.descriptor >= 0:
                return True
            if self.closed or time.monotonic() < self._retry_at:
                return False
            try:
                if self._is_special():
                    # Without O_NONBLOCK, open(2) itself would block on a pipe that nobody reads.
                    flags = os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK
                    self.descriptor = os.open(self._target, flags)
                    os.set_blocking(self.descriptor, True)
                    self.path = self._target
                else:
                    self.descriptor, self.path = create_file(self._target, self._service)
            except OSError:
                self._retry_at = time.monotonic() + RETRY_SECONDS
                return False
            self.size, self._opened_at = 0, time.monotonic()
            return True

    def _is_special(self) -> bool:
        try:
            return not stat.S_ISDIR(self._target.stat().st_mode)
        except FileNotFoundError:
            return False

    def rotate(self, *, gone: bool = False) -> bool:
        """Switch to a new file. Threads that are in write(2) may still reach the old one.

        Args:
            gone: the current file was removed, so it is replaced whatever its size and age, and not retired.

        Returns:
            False if no new file could be created; the old one stays in use.
        """
        with self._lock:
            if not self.rotates or self.closed or self.path is None:
                return True
            if not gone and self.size <= self.rotate_bytes and not self.old:  # another thread was first
                return True
            try:
                fresh, path = create_file(self._target, self._service)
            except OSError as error:
                self._counters.record_failure("creating the next file", error)
                self._opened_at, self.size = time.monotonic(), 0
                return False
            os.dup2(fresh, self.descriptor, inheritable=False)
            os.close(fresh)
            if not gone:
                self._retire(self.path)
            self.path, self.size, self._opened_at, self.torn = path, 0, time.monotonic(), False
            return True

    def detach(self) -> int:
        """Detach and return the descriptor; the caller closes it unless a thread is still writing to it."""
        with self._lock:
            self.closed = True
            descriptor, self.descriptor = self.descriptor, -1
            return descriptor

    def abandon(self) -> None:
        """Close the inherited descriptor in a forked child."""
        self.closed = True  # without the lock: a thread of the parent may have held it
        inherited, self.descriptor = self.descriptor, -1
        if inherited >= 0:
            with contextlib.suppress(OSError):
                os.close(inherited)


def create_file(folder: Path, service: str) -> tuple[int, Path]:
    """Create the next file of this process.

    Args:
        folder: created with mode 0700 if it is missing.
        service: first part of the name.

    Returns:
        The locked descriptor, opened for appending, and the path.

    Raises:
        OSError: the folder or the file cannot be created.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    host = _UNSAFE.sub("_", socket.gethostname())[:64] or "host"
    name = _UNSAFE.sub("_", service)[:64] or "service"
    stem = f"{name}-{host}-{os.getpid()}-{_timestamp()}"
    for attempt in range(100):
        path = folder / f"{stem}{f'~{attempt}' if attempt else ''}.jsonl"
        with contextlib.suppress(FileExistsError):
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
            descriptor = os.open(path, flags, 0o600)
            with contextlib.suppress(OSError):  # some network file systems have no locks
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return descriptor, path
    raise FileExistsError(f"100 files named {stem} exist already")


def _timestamp() -> str:
    # Not strftime or gmtime: a forked child may inherit libc's lock in them, held for ever.
    moment = _EPOCH + timedelta(microseconds=time.time_ns() // 1000)
    return moment.isoformat(timespec="microseconds").replace("-", "").replace(":", "") + "Z"
