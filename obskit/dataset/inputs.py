"""Input that is no file here: a stream, a pipe, or a URL. It is kept in the cache, where readers open it.

An entry is a folder with one file in it, and beside that what people call it. A stream is known by its
content, a file behind a URL by the URL, its size and the tag or time that its file system tells; where it
tells none, by its content too. Credentials in a URL are never shown: not in an error, not in a report.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from obskit.dataset.atomic_write import room_for
from obskit.dataset.cache import TEMPORARY, Lease, cache_limit, cache_path, cache_root, sweep, touch
from obskit.errors import (
    InvalidArgument,
    LimitExceeded,
    MissingDependency,
    NoSuchPath,
    ObskitError,
    ReadError,
)
from obskit.readers import is_document

Given = str | Path | BinaryIO

PIECE = 1 << 20
_URL = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_MAGIC = re.compile(r"[*?\[]")
_CALLED = ".called"
# What tells that a file has changed, by whichever name a file system has it.
_TAGS = (
    *("etag", "ETag", "e_tag", "md5Hash", "version_id", "generation", "Content-MD5"),
    *("mtime", "LastModified", "last_modified", "updated", "modified", "created"),
)
# What fsspec needs for a scheme, where the extra does not bring it.
_PACKAGES = {
    "s3": "s3fs",
    "s3a": "s3fs",
    "gs": "gcsfs",
    "gcs": "gcsfs",
    "az": "adlfs",
    "abfs": "adlfs",
    "abfss": "adlfs",
}
_WEB = ("http", "https")


def placed(given: Iterable[Given]) -> list[Path]:
    """Return paths for what was given: itself, or where a stream or the files behind a URL are kept.

    Raises:
        InvalidArgument: a stream of text.
        NoSuchPath, ReadError: nothing is behind the URL, or it cannot be read.
        MissingDependency: for URLs, the extra `remote` or a package for the scheme.
        LimitExceeded: more than the cache may hold.
        StorageFull: there is no room for it in the cache.
    """
    out: list[Path] = []
    for item in given:
        if isinstance(item, str) and is_url(item):
            out += _fetched(item)
        elif not isinstance(item, str | Path):
            name = "stdin" if getattr(item, "name", None) == "<stdin>" else "stream"
            out.append(_kept(item, name, name))
        elif is_stream(item):
            with open(item, "rb") as stream:
                out.append(_kept(stream, "pipe", str(item)))
        else:
            out.append(Path(item))
    return out


def is_stream(item: object) -> bool:
    """Whether something can be read but once: a stream, or the path of a pipe, as `<(zcat ...)` gives it."""
    if not isinstance(item, str | Path):
        return callable(getattr(item, "read", None))  # a table may have a column of that name
    try:
        return stat.S_ISFIFO(os.stat(item).st_mode)
    except (OSError, ValueError):
        return False


def is_url(text: str) -> bool:
    """Whether a path is a URL."""
    return _URL.match(text) is not None


def shown(url: str) -> str:
    """Return a URL without user, password, query and fragment."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}{'?…' if parts.query else ''}"


def called(files: Sequence[Path]) -> dict[str, str]:
    """Return what people call those of the files that are copies of an input."""
    root = cache_path() / "inputs"
    names: dict[str, str] = {}
    for file in files:
        if file.parent.parent == root:
            names[str(file)] = (file.parent / _CALLED).read_text(encoding="utf-8")
    return names


@contextmanager
def held(files: Sequence[Path]) -> Iterator[dict[str, str]]:
    """Keep copies of inputs while they are read; errors call them as people do, and so does what is given."""
    names = called(files)
    leases = [Lease(Path(file).parent) for file in names]
    try:
        yield names
    except ObskitError as error:
        for file, name in names.items():
            error.message = error.message.replace(file, name)
        error.args = (error.message,)
        raise
    finally:
        del leases


def _kept(stream: BinaryIO, file: str, name: str) -> Path:
    """Keep what a stream has, under its content and the name of the file that it becomes."""
    with _building() as folder, room_for(f"what comes from {name} to {cache_path()}"):
        digest = _copied(stream, folder / file, name)
        return _installed(folder, digest if file == "stream" else f"{digest}-{file}", file, name)


@contextmanager
def _building() -> Iterator[Path]:
    inputs = cache_root() / "inputs"
    inputs.mkdir(mode=0o700, exist_ok=True)
    sweep(inputs)
    folder = inputs / f".input{TEMPORARY}{secrets.token_hex(6)}"
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _copied(stream: BinaryIO, file: Path, name: str) -> str:
    """Copy a stream into a file; return the digest of its content."""
    most, size, digest = cache_limit(), 0, hashlib.blake2b(digest_size=16)
    with file.open("xb") as copy:
        while piece := stream.read(PIECE):
            if isinstance(piece, str):
                raise InvalidArgument(
                    f"{name} gives text", hint="open it in binary: open(path, 'rb'), sys.stdin.buffer"
                )
            size += len(piece)
            if size > most:
                raise LimitExceeded(
                    f"{name} has more than the {most:,} bytes that the cache may hold",
                    hint="write it to a file, or set OBSKIT_CACHE_LIMIT (bytes)",
                )
            digest.update(piece)
            copy.write(piece)
    return digest.hexdigest()


def _installed(folder: Path, key: str, file: str, name: str) -> Path:
    """Make a folder an entry; one that is there already is as good."""
    # The same content is the same file, whenever it came: the cache of Datasets looks at the time as well.
    os.utime(folder / file, ns=(0, 0))
    (folder / _CALLED).write_text(name, encoding="utf-8")
    entry = folder.parent / key
    try:
        folder.rename(entry)
    except OSError:
        if not (entry / file).is_file():
            raise
        touch(entry)
    return entry / file


def _fetched(url: str) -> list[Path]:
    """Return where the files behind a URL are kept: of a file, of a folder of files, or of a pattern."""
    name, scheme = shown(url), urlsplit(url).scheme.lower()
    if scheme in ("file", "local"):
        return [Path(url2pathname(urlsplit(url).path))]
    try:
        fsspec = importlib.import_module("fsspec.core")  # of the extra `remote`
    except ModuleNotFoundError:
        raise MissingDependency.of("remote", f"reading {name}") from None
    with _told(name, scheme):
        system, path = fsspec.url_to_fs(url)
        # A store's file system lives as long as the process, and so would what it once listed.
        system.invalidate_cache()
        if scheme in _WEB:
            found = [path]
        elif _MAGIC.search(path):
            found = sorted(item for item in system.glob(path) if not system.isdir(item))
        elif system.isdir(path):
            found = [item for item in sorted(system.find(path)) if _may_hold_events(item, path)]
        else:
            found = [path]
        if not found:
            raise NoSuchPath(f"nothing is at {name}", hint="a file, a folder of files, or a pattern")
        one = len(found) == 1 and found[0] == path
        return [_file(system, item, url, name if one else system.unstrip_protocol(item)) for item in found]


def _may_hold_events(item: str, folder: str) -> bool:
    below = item.removeprefix(folder).strip("/")
    return not any(part.startswith(".") for part in below.split("/")) and not is_document(Path(below))


def _file(system: Any, path: str, url: str, name: str) -> Path:
    name = shown(name)
    info: dict[str, Any] = system.info(path)
    size, tag = info.get("size"), [str(info[key]) for key in _TAGS if info.get(key) is not None]
    state = json.dumps([url, path, size, tag])
    key = hashlib.blake2b(state.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()
    base = unquote(path.partition("?")[0].rstrip("/").rpartition("/")[2])
    file = re.sub(r"[^\w.-]", "_", base).lstrip(".")[-100:] or "events"
    entry = cache_root() / "inputs" / key
    if tag and (entry / file).is_file():
        touch(entry)
        return entry / file
    with _building() as folder, room_for(f"{name} to {cache_path()}"):
        with system.open(path, "rb") as stream:
            digest = _copied(stream, folder / file, name)
        have = (folder / file).stat().st_size
        if isinstance(size, int) and size != have:
            raise ReadError(f"{name} ended after {have:,} of {size:,} bytes", hint="load it again")
        return _installed(folder, key if tag else digest, file, name)


@contextmanager
def _told(name: str, scheme: str) -> Iterator[None]:
    """Give our errors for whatever a file system raises, for its own texts hold whole URLs."""
    try:
        yield
    except ObskitError:
        raise
    except ImportError:
        package = _PACKAGES.get(scheme)
        hint = f"pip install {package or 'what fsspec has for it'}"
        raise MissingDependency(f"reading {name} needs a package for {scheme}://", hint=hint) from None
    except Exception as error:
        # Over HTTP whatever fails is "not found"; what it was is the cause.
        cause = error.__cause__ if isinstance(error, FileNotFoundError) and error.__cause__ else error
        status = getattr(cause, "status", None)
        refused = isinstance(cause, OSError) and not isinstance(cause, FileNotFoundError)
        if isinstance(error, FileNotFoundError) and not refused and status in (None, 404, 410):
            hint = "a file, a folder of files, or a pattern"
            raise NoSuchPath(f"nothing is at {name}", hint=hint) from None
        why = f"HTTP {status}" if isinstance(status, int) else type(cause).__name__
        hint = "is the address right, and may you read what is there?"
        raise ReadError(f"{name} cannot be read: {why}", hint=hint) from None
