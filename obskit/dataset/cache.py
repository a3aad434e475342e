"""The cache of converted input, of input that is no file here, and of codes that could not lie beside theirs.

`$OBSKIT_CACHE`, else `$XDG_CACHE_HOME/obskit`, else `~/.cache/obskit`; for its owner only. Least recently
used goes out beyond 20 GiB (`OBSKIT_CACHE_LIMIT`, bytes). An entry in use is held by a shared lock on a
file of its own, which the system lets go of with the process.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
import shutil
import time
from collections.abc import Iterable
from pathlib import Path

from obskit.dataset.manifest import FORMAT, RULES
from obskit.errors import DatasetError
from obskit.schema import ReadOptions

LIMIT = 20 << 30
DAY = 86_400
TEMPORARY = ".obskit-"


class Lease:
    """A hold on a cache entry: while any process has one, the entry is not thrown out."""

    def __init__(self, entry: Path) -> None:
        self._descriptor: int | None = None
        try:
            self._descriptor = _lock(entry)
        except OSError:
            return  # a cache that cannot be written is not thrown out of either
        fcntl.flock(self._descriptor, fcntl.LOCK_SH)

    def __del__(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)


def cache_path() -> Path:
    """Return the cache's folder, which may not be there."""
    named = os.environ.get("OBSKIT_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return (Path(named).expanduser() if named else Path(base) / "obskit").absolute()


def cache_root() -> Path:
    """Return the cache's folder, made if need be.

    Raises:
        DatasetError: it cannot be made.
    """
    root = cache_path()
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise DatasetError(
            f"the cache {root} cannot be made: {error.strerror}",
            hint="set OBSKIT_CACHE to a folder you can write",
        ) from error
    return root


def cache_limit() -> int:
    """Return how many bytes the cache may have: `OBSKIT_CACHE_LIMIT`, else 20 GiB."""
    said = os.environ.get("OBSKIT_CACHE_LIMIT", "")
    return int(said) if said.isdigit() else LIMIT


def codes_folder() -> Path:
    """Return where codes lie, by digest of the part, that are not beside their Dataset."""
    return cache_path() / "codes"


def entry_for(key: str) -> Path:
    """Return the folder of a converted source."""
    return cache_root() / "datasets" / key


def source_key(files: Iterable[Path], options: ReadOptions) -> str:
    """Return the key of these files as they are now: path, size, mtime_ns of each, options, format."""
    state = []
    for file in files:
        at = file.stat()
        state.append((str(file.absolute()), at.st_size, at.st_mtime_ns))
    text = json.dumps([FORMAT, RULES, state, options.cache_key()])
    return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


def lease(folder: Path) -> Lease | None:
    """Return a hold on a Dataset's folder if it is an entry of the cache."""
    return Lease(folder) if folder.parent == cache_path() / "datasets" else None


def touch(entry: Path) -> None:
    """Mark an entry as used now."""
    try:
        os.utime(entry)
    except OSError:
        return  # a cache that cannot be written is used all the same


def temporary_beside(target: Path, mode: int = 0o777) -> Path:
    """Make a folder beside `target` to build it in; sweep those that a killed process left a day ago."""
    target.parent.mkdir(parents=True, exist_ok=True)
    prefix = f".{target.name}{TEMPORARY}"
    sweep(target.parent)
    made = target.parent / f"{prefix}{secrets.token_hex(6)}"
    made.mkdir(mode=mode)
    return made


def sweep(folder: Path) -> None:
    """Remove half-built Datasets and files that are older than a day."""
    for left in folder.glob(f".*{TEMPORARY}*"):
        try:
            old = left.stat().st_mtime < time.time() - DAY
        except OSError:
            continue  # another process was first
        if old and left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        elif old:
            left.unlink(missing_ok=True)


def discard(folder: Path) -> None:
    """Remove a folder so that no one sees half of it."""
    aside = folder.with_name(f".{folder.name}{TEMPORARY}{secrets.token_hex(6)}")
    try:
        folder.rename(aside)
    except OSError:
        return  # gone, or not ours to move
    shutil.rmtree(aside, ignore_errors=True)


def evict(limit: int | None = None) -> list[Path]:
    """Throw out the least recently used entries beyond the limit.

    Args:
        limit: bytes; by default `cache_limit()`.
    Returns:
        What was thrown out. Entries that any process has open stay.
    """
    root = cache_root()
    if limit is None:
        limit = cache_limit()
    entries = []
    for kind in ("datasets", "inputs", "codes"):
        folder = root / kind
        for entry in folder.iterdir() if folder.is_dir() else ():
            if entry.name.startswith("."):
                continue
            try:
                entries.append((entry.stat().st_mtime, _size(entry), entry))
            except OSError:
                continue
    total = sum(size for _, size, _ in entries)
    out = []
    for _, size, entry in sorted(entries):
        if total <= limit:
            break
        if _drop(entry):
            total -= size
            out.append(entry)
    return out


def drop_entry(folder: Path) -> bool:
    """Throw a Dataset out of the cache unless somebody has it open.

    Returns:
        Whether there is nothing left to do: it is gone, or lies elsewhere.
    """
    return folder.parent != cache_path() / "datasets" or not folder.is_dir() or _drop(folder)


def _drop(entry: Path) -> bool:
    descriptor = _lock(entry)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        discard(entry)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def _lock(entry: Path) -> int:
    lock = entry.parent.parent / "locks" / entry.name
    lock.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _size(folder: Path) -> int:
    total = 0
    for base, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(base, name)).st_size
            except OSError:
                continue
    return total
