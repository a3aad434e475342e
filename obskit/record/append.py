"""Append lines to a JSONL file that several processes write, and read it while they do.

A line is written under a lock, in one piece, and is on disk when the call returns. If a process died in the
middle of a line, the next line begins on a line of its own, so that only the torn one is lost.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from obskit.errors import InvalidArgument, ReadError, StorageFull


def append_line(path: Path, value: Mapping[str, Any]) -> None:
    """Append one JSON object as a line.

    Args:
        path: the file; it is created, with its folder, if it does not exist.
        value: plain values.

    Raises:
        InvalidArgument: the file cannot be written.
        StorageFull: the disk is full; nothing of the line is left.
    """
    line = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    data = line.encode("utf-8", "backslashreplace") + b"\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise InvalidArgument(
            f"cannot write to {path}: {error.strerror}",
            hint="choose a file in a folder that you may write to",
        ) from error
    try:
        with _locked(file, fcntl.LOCK_EX):
            size = os.fstat(file).st_size
            torn = size > 0 and os.pread(file, 1, size - 1) != b"\n"
            _write_whole(file, b"\n" + data if torn else data, size, path)
    finally:
        os.close(file)


def read_lines(path: Path) -> tuple[list[dict[str, Any]], int]:
    """Read a JSONL file that others may be appending to.

    Args:
        path: the file.

    Returns:
        The objects in the order of their lines; and how many lines are not JSON objects.

    Raises:
        ReadError: the file exists and cannot be read. A file that does not exist is empty.
    """
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return [], 0
    except OSError as error:
        raise ReadError(f"cannot read {path}: {error.strerror}", hint="check the path") from error
    try:
        with _locked(file, fcntl.LOCK_SH), os.fdopen(os.dup(file), "rb") as opened:
            content = opened.read()
    except OSError as error:
        raise ReadError(f"cannot read {path}: {error.strerror}", hint="check the path") from error
    finally:
        os.close(file)
    rows: list[dict[str, Any]] = []
    bad = 0
    for line in content.split(b"\n"):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict):
            rows.append(value)
        else:
            bad += 1
    return rows, bad


@contextmanager
def _locked(file: int, kind: int) -> Iterator[None]:
    fcntl.flock(file, kind)
    try:
        yield
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)


def _write_whole(file: int, data: bytes, size: int, path: Path) -> None:
    try:
        left = memoryview(data)
        while left:
            left = left[os.write(file, left) :]
        os.fsync(file)
    except OSError as error:
        os.ftruncate(file, size)
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise StorageFull(f"no space left to write to {path}", hint="free disk space") from error
