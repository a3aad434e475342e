"""What a path leads to: a file, a folder, or something that cannot be read, and why.

Links are followed. No function here opens anything, so none waits for a pipe or wakes up a device.
"""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from typing import Literal

Kind = Literal["file", "folder"]

_SPECIAL = (
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


@dataclass(frozen=True)
class Unreadable:
    """A path that cannot be read as a file or a folder.

    Attributes:
        path: the path.
        reason: why, such as "a link that leads nowhere".
        hint: what to do about it.
        detail: where a link leads to; empty for anything else.
        missing: nothing has this name.
        special: it is a pipe, a socket or a device, so it holds no stored events.

    Example:
        print(Unreadable("current.jsonl", "a link that leads nowhere", "remove it", "link to gone.jsonl"))
    """

    path: str
    reason: str
    hint: str
    detail: str = ""
    missing: bool = False
    special: bool = False

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}{f' ({self.detail})' if self.detail else ''}"


def inspect(path: str) -> Kind | Unreadable:
    """Return what a path leads to.

    Args:
        path: any text, also one that cannot be a path.

    Returns:
        "file", "folder", or why it is neither.

    Example:
        print(inspect("."))
    """
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError) as error:  # ValueError: a null character
        return _unreadable(path, error)
    if stat.S_ISREG(mode):
        return "file"
    return "folder" if stat.S_ISDIR(mode) else special(path, mode)


def special(path: str, mode: int) -> Unreadable:
    """Return the description of something that is neither a file nor a folder.

    Args:
        path: its path.
        mode: its type, as `os.stat` returns it.

    Returns:
        What it is.

    Example:
        import os

        print(special("/dev/null", os.stat("/dev/null").st_mode))
    """
    what = next((name for matches, name in _SPECIAL if matches(mode)), "not a file")
    reason = what if what == "not a file" else f"{what}, not a file"
    return Unreadable(path, reason, "name a file, or a folder of files", special=True)


def kind_of(entry: os.DirEntry[str]) -> Kind | Unreadable:
    """Return what an entry of a folder leads to; without a system call unless it is a link.

    Args:
        entry: from `os.scandir`.

    Returns:
        "file", "folder", or why it is neither.

    Example:
        import os

        with os.scandir(".") as entries:
            print([kind_of(entry) for entry in entries])
    """
    try:
        if entry.is_file(follow_symlinks=False):
            return "file"
        if entry.is_dir(follow_symlinks=False):
            return "folder"
    except OSError:  # a file system that does not list types, and an entry that is gone
        pass
    return inspect(entry.path)


def closed(path: str, error: OSError) -> Unreadable:
    """Return the description of a folder or file that cannot be opened.

    Args:
        path: its path.
        error: what opening it raised.

    Returns:
        Why it cannot be read.

    Example:
        import errno
        import os

        print(closed("private", OSError(errno.EACCES, os.strerror(errno.EACCES))))
    """
    reason = f"cannot be opened: {error.strerror or error}"
    denied = error.errno in (errno.EACCES, errno.EPERM)
    return Unreadable(path, reason, "ask its owner for permission to read it" if denied else "check the disk")


def _unreadable(path: str, error: OSError | ValueError) -> Unreadable:
    if isinstance(error, ValueError) or error.errno == errno.ENAMETOOLONG:
        return Unreadable(path, "does not exist", "check the path", missing=True)
    try:
        detail = f"link to {os.readlink(path)}"
    except OSError:
        detail = ""
    if error.errno == errno.ELOOP:
        hint = "point the link at a file or a folder, or remove it"
        return Unreadable(path, "a link that leads back to itself", hint, detail)
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        if detail:
            return Unreadable(
                path, "a link that leads nowhere", "remove the link, or restore its target", detail
            )
        return Unreadable(path, "does not exist", "check the path", missing=True)
    return closed(path, error)
