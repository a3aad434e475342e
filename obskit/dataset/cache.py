"""The cache: converted input, copies of streams and URLs, and codes of Datasets that cannot be written to.

It is `$OBSKIT_CACHE`, else `$XDG_CACHE_HOME/obskit`, else `~/.cache/obskit`, readable by its owner only.
A process that uses an entry holds a shared lock on a file next to it; the system releases the lock when the
process ends. `eviction` says what is removed.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import secrets
import shlex
import shutil
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from obskit.dataset.manifest import FORMAT, RULES
from obskit.errors import DatasetError
from obskit.readers import Unreadable
from obskit.schema import ReadOptions

LIMIT = 20 << 30
DAY = 86_400
_USER: Callable[[], int] | None = getattr(os, "geteuid", None)
TEMPORARY = ".obskit-"
READ_ONLY = (errno.EROFS, errno.EACCES, errno.EPERM)
KINDS = ("datasets", "segments", "inputs", "codes")
"""Folders of the cache."""


class Lease:
    """Keeps a cache entry from being evicted while any process holds one."""

    def __init__(self, entry: Path) -> None:
        self._descriptor: int | None = None
        while self._descriptor is None:
            try:
                self._descriptor = _open_lock(entry)
            except OSError:
                return  # nothing is evicted from a cache that cannot be written to
            fcntl.flock(self._descriptor, fcntl.LOCK_SH)
            if not _is_lock(self._descriptor, entry):  # the entry was evicted meanwhile, and its lock with it
                self._release()

    def _release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __del__(self) -> None:
        self._release()


def cache_path() -> Path:
    """Return the cache's folder, which may not exist."""
    named = os.environ.get("OBSKIT_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return (Path(named).expanduser() if named else Path(base) / "obskit").absolute()


def cache_root() -> Path:
    """Create the cache's folder if it does not exist.

    Returns:
        The folder.

    Raises:
        DatasetError: it cannot be created.
    """
    root = cache_path()
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        for kind in KINDS:
            if not is_own(root / kind):
                raise DatasetError(
                    f"{root / kind} in the cache is a link, or belongs to another user",
                    hint=f"remove {root / kind}",
                )
    except OSError as error:
        raise DatasetError(
            f"cannot create the cache folder {root}: {error.strerror}",
            hint="set OBSKIT_CACHE to a folder that you can write to",
        ) from error
    check_private(root)
    return root


@contextmanager
def report_read_only() -> Iterator[None]:
    """Say what to do where the cache can be read but not written to.

    Raises:
        DatasetError: something could not be written, because of its permissions or of a read-only disk.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in READ_ONLY:
            raise
        raise DatasetError(
            f"cannot write to the cache folder {cache_path()}: {error.strerror}",
            hint="set OBSKIT_CACHE to a folder that you can write to",
        ) from error


def check_private(folder: Path) -> None:
    """Check that only this user can write to the cache: what is in it is trusted.

    A link is followed if it is this user's own; the folders above do not matter, so that a folder of one's
    own in /tmp is fine. On systems without user ids nothing is checked.

    Args:
        folder: the folder, which exists.

    Raises:
        DatasetError: it belongs to another user, a link to it does, or others can write to it.
    """
    if _USER is None:
        return
    elsewhere = "or set OBSKIT_CACHE to a folder of your own"
    link, target = os.lstat(folder), folder.stat()
    found = [(target, "the cache folder")]
    if stat.S_ISLNK(link.st_mode):
        found.insert(0, (link, "the link to the cache folder"))
    for status, what in found:
        if status.st_uid != _USER():
            raise DatasetError(
                f"{what} {folder} belongs to user {status.st_uid}, expected {_USER()}",
                hint=f"chown {_USER()} {shlex.quote(str(folder))}, {elsewhere}",
            )
    mode = stat.S_IMODE(target.st_mode)
    if mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise DatasetError(
            f"other users can write to the cache folder {folder}: its mode is {mode:04o}, expected 0700",
            hint=f"chmod 700 {shlex.quote(str(folder))}, {elsewhere}",
        )


def check_owned(entry: Path) -> None:
    """Check that an entry of the cache, and each file in it, is this user's, and not a link.

    Args:
        entry: the folder of the entry.

    Raises:
        DatasetError: it is not.
    """
    for path in (entry, *entry.iterdir()):
        if not is_own(path):
            raise DatasetError(f"{path.name} is a link, or belongs to another user")


def is_own(path: Path) -> bool:
    """Return whether a path is not a link, and belongs to this user; True for one that does not exist."""
    try:
        status = os.lstat(path)
    except OSError:
        return True
    return not stat.S_ISLNK(status.st_mode) and (_USER is None or status.st_uid == _USER())


def cache_limit() -> int:
    """Return the size limit of the cache in bytes: `OBSKIT_CACHE_LIMIT`, else 20 GiB."""
    given = os.environ.get("OBSKIT_CACHE_LIMIT", "")
    return int(given) if given.isdigit() else LIMIT


def codes_folder() -> Path:
    """Return the folder of codes, by digest of the part, that are not stored with their Dataset."""
    return cache_path() / "codes"


def entry_for(key: str) -> Path:
    """Return the folder of the converted input with this key."""
    return cache_root() / "datasets" / key


def segment_for(key: str) -> Path:
    """Return the folder of a converted group of files with this key."""
    return cache_root() / "segments" / key


def source_key(
    files: Iterable[str],
    options: ReadOptions,
    roots: Sequence[Path],
    unreadable: Sequence[Unreadable] = (),
    skipped: Sequence[Path] = (),
) -> str:
    """Return a hash of the files' current paths, sizes and modification times, the options and the format.

    Args:
        files: the files to read.
        options: how to read them.
        roots: paths as they were given.
        unreadable: entries of folders that cannot be read; the load report mentions them.
        skipped: documents next to the files; the load report mentions them.

    Returns:
        The hash, hex.

    Raises:
        FileNotFoundError: a file was deleted since it was listed.
    """
    hashed = hashlib.blake2b(json.dumps([FORMAT, RULES, options.cache_key()]).encode(), digest_size=16)
    for file in files:
        try:
            status = os.stat(file)
            state = (status.st_size, status.st_mtime_ns)
        except FileNotFoundError:
            raise
        except OSError as error:  # it is rejected when it is read
            state = (-1, error.errno or 0)
        path = os.path.join(os.getcwd(), file).encode("utf-8", "surrogateescape")
        hashed.update(b"%d %d %d " % (len(path), *state) + path)
    for one in unreadable:
        hashed.update(str(one).encode("utf-8", "surrogateescape"))
    if skipped:
        names = json.dumps([path.name for path in skipped])
        hashed.update(names.encode())
    if given := relevant_roots(roots, options):
        hashed.update(json.dumps(given).encode())
    return hashed.hexdigest()


def relevant_roots(roots: Sequence[Path], options: ReadOptions) -> list[tuple[str, str]]:
    """Return what rows depend on of the paths that were given: `path_fields` is searched below them first.

    Args:
        roots: paths as they were given.
        options: how to read the files.

    Returns:
        The absolute path and the path as given of each root; empty without `path_fields`.
    """
    return [(os.path.abspath(root), os.fspath(root)) for root in roots] if options.path_fields else []


def lease(folder: Path) -> Lease | None:
    """Return a lease on a Dataset's folder if it is an entry of the cache."""
    return Lease(folder) if folder.parent == cache_path() / "datasets" else None


def touch(entry: Path) -> None:
    """Mark an entry as used now."""
    try:
        os.utime(entry)
    except OSError:
        return  # a cache that cannot be written to can still be read


def temporary_folder_for(target: Path, mode: int = 0o777) -> Path:
    """Create a temporary folder next to `target`; remove those that killed processes left over a day ago."""
    target.parent.mkdir(parents=True, exist_ok=True)
    prefix = f".{target.name}{TEMPORARY}"
    sweep(target.parent)
    made = target.parent / f"{prefix}{secrets.token_hex(6)}"
    made.mkdir(mode=mode)
    return made


def sweep(folder: Path) -> None:
    """Remove unfinished Datasets and files that are older than a day."""
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
    """Remove a folder; no reader sees a part of it."""
    retired = folder.with_name(f".{folder.name}{TEMPORARY}{secrets.token_hex(6)}")
    try:
        folder.rename(retired)
    except OSError:
        return  # it is gone, or may not be moved
    shutil.rmtree(retired, ignore_errors=True)


def remove_unused(entry: Path) -> bool:
    """Remove an entry of the cache, and its lock, unless a process holds a lease on it.

    Args:
        entry: its folder; it need not exist.

    Returns:
        Whether it is gone.
    """
    try:
        descriptor = _open_lock(entry)
    except OSError:
        return False  # the cache cannot be written to
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not _is_lock(descriptor, entry):
            return False  # another process has just removed it, and a third one may be making it again
        discard(entry)
        _lock_of(entry).unlink(missing_ok=True)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def _lock_of(entry: Path) -> Path:
    return entry.parent.parent / "locks" / entry.name


def _open_lock(entry: Path) -> int:
    lock = _lock_of(entry)
    lock.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _is_lock(descriptor: int, entry: Path) -> bool:
    """Return whether an open file is the lock of an entry, and not one that was removed since."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(_lock_of(entry)))
    except FileNotFoundError:
        return False
