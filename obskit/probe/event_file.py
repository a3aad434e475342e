"""Write events to a new file, with one write(2) per event, so that they survive the end of the process."""

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
    """A new file `<host>-<pid>-<start>.jsonl` in a folder, with mode 0600.

    The folder is created if it does not exist. A context manager, which closes the file.

    Args:
        folder: where to create the file.

    Raises:
        OSError: the folder cannot be created, or the file cannot be opened.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        host = _UNSAFE.sub("_", socket.gethostname())[:64] or "host"
        stem = f"{host}-{os.getpid()}-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}"
        self.path = folder / f"{stem}.jsonl"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        self._file = os.open(self.path, flags, 0o600)
        self._torn = False
        # A process that keeps a folder within a size budget deletes only unlocked files.
        with contextlib.suppress(OSError):  # some network file systems have no locks
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def write(self, event: dict[str, Any]) -> None:
        """Append an event.

        Args:
            event: a flat row.

        Raises:
            StorageFull: only a part of the event was written; the next event begins on a new line.
            OSError: nothing was written.
        """
        line = json_line(event)
        line = b"\n" + line if self._torn else line
        written = os.write(self._file, line)
        self._torn = written < len(line)
        if self._torn:
            raise StorageFull(
                f"the disk is full: cannot write an event to {self.path}",
                hint="free some space, then probe again",
            )

    def __enter__(self) -> EventFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file, and remove it if it is empty."""
        empty = os.fstat(self._file).st_size == 0
        os.close(self._file)
        if empty:
            with contextlib.suppress(OSError):
                self.path.unlink()
