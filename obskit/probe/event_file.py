"""Events into a file of their own, one write(2) each: what was written outlives the process."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import socket
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import orjson

from obskit.errors import StorageFull

_UNSAFE = re.compile(r"[^A-Za-z0-9._]+")


def json_line(event: dict[str, Any]) -> bytes:
    """Return an event as a line of JSON, its newline included."""
    return orjson.dumps(event, option=orjson.OPT_APPEND_NEWLINE)


class EventFile:
    """A new file `<host>-<pid>-<start>.jsonl` in a folder, mode 0600; the folder is made.

    A context manager, which closes the file.

    Raises:
        OSError: the folder cannot be made, or the file cannot be opened.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        host = _UNSAFE.sub("_", socket.gethostname())[:64] or "host"
        stem = f"{host}-{os.getpid()}-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}"
        self.path = folder / f"{stem}.jsonl"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        self._file = os.open(self.path, flags, 0o600)
        self._torn = False
        # Who keeps a folder of events within a budget deletes only files that nobody holds.
        with contextlib.suppress(OSError):  # some network file systems have no locks
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def write(self, event: dict[str, Any]) -> None:
        """Append an event.

        Raises:
            StorageFull: the kernel took but a part of it; the next event begins on a line of its own.
            OSError: it took nothing.
        """
        line = json_line(event)
        line = b"\n" + line if self._torn else line
        written = os.write(self._file, line)
        self._torn = written < len(line)
        if self._torn:
            raise StorageFull(f"no room for an event in {self.path}", hint="make room, then probe again")

    def __enter__(self) -> EventFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file; one in which nothing was written is removed."""
        empty = os.fstat(self._file).st_size == 0
        os.close(self._file)
        if empty:
            with contextlib.suppress(OSError):
                self.path.unlink()
