"""A file that is there whole or not at all, and a full disk in words."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from obskit.dataset.cache import TEMPORARY, sweep
from obskit.errors import InvalidArgument, StorageFull


@contextmanager
def room_for(what: str) -> Iterator[None]:
    """Turn a full disk into StorageFull; `what` is what is written, and where to."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise StorageFull(
            f"no room to write {what}",
            hint="free some space, or write elsewhere: obskit convert --out, or OBSKIT_CACHE",
        ) from error


@contextmanager
def fresh_file(out: Path) -> Iterator[Path]:
    """Give a path beside `out` to write to; what is there at the end becomes `out`, whole or not at all.

    Raises:
        InvalidArgument: `out` is there already.
        StorageFull: the disk is full; nothing is left behind.
    """
    _refuse(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    sweep(out.parent)
    building = out.with_name(f".{out.name}{TEMPORARY}{secrets.token_hex(6)}")
    try:
        with room_for(f"{out.name} to {out.parent}"):
            yield building
            _refuse(out)
            building.rename(out)
    finally:
        building.unlink(missing_ok=True)


def _refuse(out: Path) -> None:
    if os.path.lexists(out):
        raise InvalidArgument(f"{out} is there already", hint="name another file, or remove it first")
