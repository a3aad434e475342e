"""The segments of a folder: append each request with one write, and repair what a crash left behind.

A segment is `<signal>-<hour>-<number>.otlp` (per request: four bytes of big-endian length, then the request
as it was sent) or `.jsonl` (one request per line). It has mode 0600 and is locked while it is open. The hour
is that of arrival, in UTC. `<same name>.parquet` next to it replaces it: readers skip replaced segments.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from obskit.errors import InvalidArgument
from obskit.readers.io.live_files import is_segment
from obskit.receive.refusal import Refused
from obskit.receive.settings import Limits

LOCK = ".obskit-receive.lock"
FULL = "the receiver's disk is full; try again later"
RETRY_FULL = 30
_HALF = re.compile(r"\.(?:traces|logs)-\d{8}T\d{2}Z-\d{4,}\.parquet\.")
_BLOCK = 1024 * 1024
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass
class Segment:
    """A file being appended to.

    Attributes:
        path: where; `descriptor`, open and locked.
        hour: of its name; `size`, bytes of whole messages.
    """

    path: Path
    descriptor: int
    hour: str
    size: int = 0


class Segments:
    """All segments of a folder. Only this process may write to them while it holds the lock.

    A context manager, which closes open segments and releases the lock.

    Args:
        folder: created with mode 0700 if it does not exist.
        limits: `free` and `segment`.
        clock: seconds since 1970.
    Raises:
        InvalidArgument: another receiver is writing to the folder, or it is not writable.
    """

    def __init__(self, folder: Path, limits: Limits, clock: Callable[[], float] = time.time) -> None:
        self.folder = folder.absolute()
        self._limits = limits
        self._clock = clock
        self._open: dict[tuple[str, str], Segment] = {}
        self._lock = threading.Lock()
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._held = self._hold()
            self.repaired_bytes = self._repair()
        except OSError as error:
            raise InvalidArgument(
                f"cannot write to {folder}: {error.strerror}",
                hint="choose a folder that you may write to: --into FOLDER",
            ) from error

    def _hold(self) -> int:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(self.folder / LOCK, flags, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 20, 0).decode(errors="replace").strip()
            os.close(descriptor)
            raise InvalidArgument(
                f"another receiver (process {holder}) is already writing to {self.folder}",
                hint="choose another folder: --into FOLDER",
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        return descriptor

    def append(self, signal: str, suffix: str, message: bytes | bytearray) -> None:
        """Append a message to the open segment, completely or not at all.

        Args:
            signal: "traces" or "logs".
            suffix: ".otlp" or ".jsonl".
            message: protobuf, or a line without its newline.
        Raises:
            Refused: the disk is full (503).
            OSError: the write fails for another reason.
        """
        if suffix == ".otlp":
            pieces = [len(message).to_bytes(4, "big"), message]
        else:
            pieces = [message, b"\n"]
        size = sum(map(len, pieces))
        with self._lock:
            try:
                if self.free() < self._limits.free + size:
                    raise Refused(503, FULL, retry=RETRY_FULL)
                segment = self._segment(signal, suffix)
                self._write(segment, pieces, size)
            except OSError as error:
                if error.errno in _FULL:
                    raise Refused(503, FULL, retry=RETRY_FULL) from None
                raise

    def free(self) -> int:
        """Return the free bytes on the disk that holds the folder."""
        found = os.statvfs(self._held)
        return found.f_bavail * found.f_frsize

    def _write(self, segment: Segment, pieces: list[bytes | bytearray], size: int) -> None:
        try:
            left = [memoryview(piece) for piece in pieces]
            while left:
                written = os.writev(segment.descriptor, left)
                while left and written >= len(left[0]):
                    written -= len(left.pop(0))
                if left:
                    left[0] = left[0][written:]
        except OSError:
            try:
                os.ftruncate(segment.descriptor, segment.size)
            except OSError:  # the torn end stays where it is, and nothing comes after it
                self._close(segment)
            raise
        segment.size += size

    def _segment(self, signal: str, suffix: str) -> Segment:
        hour = self.hour()
        found = self._open.get((signal, suffix))
        if found is not None and not self._usable(found, hour):
            self._close(found)
            found = None
        if found is None:
            found = self._open[signal, suffix] = self._create(signal, suffix, hour)
        return found

    def _usable(self, segment: Segment, hour: str) -> bool:
        here = os.fstat(segment.descriptor).st_nlink > 0  # else someone has deleted it
        return here and segment.hour == hour and segment.size < self._limits.segment

    def _create(self, signal: str, suffix: str, hour: str) -> Segment:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        taken = [
            int(path.stem.rpartition("-")[2])
            for path in self.folder.glob(f"{signal}-{hour}-*.*")
            if is_segment(path)
        ]
        path = self.folder / f"{signal}-{hour}-{max(taken, default=0) + 1:04d}{suffix}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        descriptor = os.open(path, flags, 0o600)
        with contextlib.suppress(OSError):  # some network file systems have no locks
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return Segment(path, descriptor, hour)

    def _close(self, segment: Segment) -> None:
        self._open = {key: held for key, held in self._open.items() if held is not segment}
        os.close(segment.descriptor)
        if not segment.size:
            with contextlib.suppress(OSError):
                segment.path.unlink()

    def hour(self) -> str:
        """Return the current hour as in the names of segments: 20260504T10Z."""
        return time.strftime("%Y%m%dT%HZ", time.gmtime(self._clock()))

    def closed(self) -> list[Path]:
        """Close segments of past hours, and return all closed segments, oldest first."""
        # Listed first: a segment created between the look at the open ones and the listing would seem closed.
        found = self._all()
        with self._lock:
            hour = self.hour()
            for segment in list(self._open.values()):
                if not self._usable(segment, hour):
                    self._close(segment)
            written = {segment.path for segment in self._open.values()}
        return sorted(path for path in found if path not in written)

    def _all(self) -> list[Path]:
        found = self.folder.iterdir() if self.folder.is_dir() else ()
        named = [path for path in found if path.suffix in (".otlp", ".jsonl") and is_segment(path)]
        return [path for path in named if path.is_file() and not path.is_symlink()]

    def _repair(self) -> int:
        """Move incomplete data aside and remove unfinished Parquet; return how many bytes were moved."""
        for left in self.folder.iterdir():
            if _HALF.match(left.name):
                shutil.rmtree(left, ignore_errors=True)
        cut = 0
        for path in self._all():
            if not path.with_suffix(".parquet").exists():
                cut += _cut_torn(path)
        return cut

    def __enter__(self) -> Segments:
        return self

    def __exit__(self, *_: object) -> None:
        for segment in list(self._open.values()):
            self._close(segment)
        os.close(self._held)


def _cut_torn(path: Path) -> int:
    """Move an incomplete end of a segment to a hidden file next to it; return its size in bytes."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        whole = _whole_messages(file, size) if path.suffix == ".otlp" else _whole_lines(file, size)
        if whole < size:
            file.seek(whole)
            aside = path.with_name(f".{path.name}.torn")
            with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as torn:
                shutil.copyfileobj(file, torn, _BLOCK)
            file.truncate(whole)
    if not whole:
        path.unlink()
    return size - whole


def _whole_messages(file: BinaryIO, size: int) -> int:
    """Return the position after the last complete message."""
    at = 0
    while at + 4 <= size:
        file.seek(at)
        end = at + 4 + int.from_bytes(file.read(4), "big")
        if end > size:
            break
        at = end
    return at


def _whole_lines(file: BinaryIO, size: int) -> int:
    """Return the position after the last complete line."""
    end = size
    while end > 0:
        begin = max(0, end - _BLOCK)
        file.seek(begin)
        found = file.read(end - begin).rfind(b"\n")
        if found >= 0:
            return begin + found + 1
        end = begin
    return 0
