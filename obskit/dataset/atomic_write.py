"""Write a file completely or not at all, and report a full disk as `StorageFull`."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from obskit.dataset.cache import TEMPORARY, sweep
from obskit.errors import InvalidArgument, StorageFull

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def report_full_disk(what: str) -> Iterator[None]:
    """Raise `StorageFull` when the disk is full.

    Args:
        what: what is written and where to, for the message: "the Dataset to /data".

    Yields:
        Nothing.

    Raises:
        StorageFull: there is no space left on the device, the user's quota is used up, or a file is larger
            than the process may write (`ulimit -f`).
    """
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise StorageFull(
            f"no space left to write {what}",
            hint="free disk space, or write to another disk (obskit convert --out, OBSKIT_CACHE)",
        ) from error


@contextmanager
def write_atomically(out: Path) -> Iterator[Path]:
    """Write a file under a temporary name, and rename it to `out` when the context ends without an error.

    Args:
        out: the file to create; its folder is created if needed.

    Yields:
        Temporary path in the same folder, to write to.

    Raises:
        InvalidArgument: `out` already exists.
        StorageFull: the disk is full; nothing is left behind.
    """
    _check_absent(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    sweep(out.parent)
    temporary = out.with_name(f".{out.name}{TEMPORARY}{secrets.token_hex(6)}")
    try:
        with report_full_disk(f"{out.name} to {out.parent}"):
            yield temporary
            _check_absent(out)
            temporary.rename(out)
    finally:
        temporary.unlink(missing_ok=True)


def _check_absent(out: Path) -> None:
    if os.path.lexists(out):
        raise InvalidArgument(f"{out} already exists", hint="choose another name, or remove it first")
