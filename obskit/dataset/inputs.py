"""Copy streams, pipes and files behind URLs into the cache, where readers open them.

A cache entry is a folder with the copy and a file with the name that messages use for it. The key of a stream
is a hash of its content; that of a file behind a URL is a hash of the URL, its size and its tag or
modification time, or of its content if the file system has neither. Errors and reports never contain
credentials of a URL.
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

from obskit.dataset.atomic_write import report_full_disk
from obskit.dataset.cache import (
    TEMPORARY,
    Lease,
    cache_limit,
    cache_path,
    cache_root,
    report_read_only,
    sweep,
    touch,
)
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
_NAME_FILE = ".called"
# Properties of a file that change with its content, as the various file systems call them.
_TAGS = (
    *("etag", "ETag", "e_tag", "md5Hash", "version_id", "generation", "Content-MD5"),
    *("mtime", "LastModified", "last_modified", "updated", "modified", "created"),
)
# Packages that fsspec needs for a scheme and that the extra does not install.
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
_WHAT_URLS_NAME = "give the URL of a file, of a folder of files, or a pattern"


def local_paths(given: Iterable[Given]) -> list[Path]:
    """Return local paths of inputs; streams and files behind URLs are copied into the cache.

    Args:
        given: paths, URLs or binary streams.

    Returns:
        One path per input; several for a URL of a folder or pattern.

    Raises:
        InvalidArgument: a stream gives text instead of bytes.
        NoSuchPath, ReadError: nothing is at a URL, or it cannot be read.
        MissingDependency: URLs need the extra `remote`, or a package for the scheme.
        LimitExceeded: a copy would be larger than the cache may be.
        StorageFull: the disk of the cache is full.
    """
    out: list[Path] = []
    for item in given:
        if isinstance(item, str) and is_url(item):
            out += _fetch_url(item)
        elif not isinstance(item, str | Path):
            name = "stdin" if getattr(item, "name", None) == "<stdin>" else "stream"
            out.append(_store_stream(item, name, name))
        elif is_stream(item):
            with open(item, "rb") as stream:
                out.append(_store_stream(stream, "pipe", str(item)))
        else:
            out.append(Path(item))
    return out


def is_stream(item: object) -> bool:
    """Return whether an input can be read only once: a stream, or the path of a pipe (`<(zcat ...)`)."""
    if not isinstance(item, str | Path):
        return callable(getattr(item, "read", None))  # a table may have a column of that name
    try:
        return stat.S_ISFIFO(os.stat(item).st_mode)
    except (OSError, ValueError):
        return False


def is_url(text: str) -> bool:
    """Return whether a path is a URL."""
    return _URL.match(text) is not None


def redact_url(url: str) -> str:
    """Return a URL without user, password, query and fragment."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}{'?…' if parts.query else ''}"


def display_names(files: Sequence[str]) -> dict[str, str]:
    """Return path -> name in messages, for those files that are copies of an input."""
    root = f"{cache_path() / 'inputs'}{os.sep}"
    names: dict[str, str] = {}
    for file in files:
        if file.startswith(root):
            names[file] = (Path(file).parent / _NAME_FILE).read_text(encoding="utf-8")
    return names


@contextmanager
def leased_inputs(files: Sequence[str]) -> Iterator[dict[str, str]]:
    """Keep copies of inputs in the cache while they are read, and put their names into errors.

    Args:
        files: all files that are about to be read.

    Yields:
        Path of a copy -> the name that messages use for it.
    """
    names = display_names(files)
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


def _store_stream(stream: BinaryIO, file: str, name: str) -> Path:
    """Copy a stream into the cache, with a key of its content and its file name."""
    with _temporary_entry() as folder, report_full_disk(f"{name} to {cache_path()}"):
        digest = _copy(stream, folder / file, name)
        return _install(folder, digest if file == "stream" else f"{digest}-{file}", file, name)


@contextmanager
def _temporary_entry() -> Iterator[Path]:
    inputs = cache_root() / "inputs"
    folder = inputs / f".input{TEMPORARY}{secrets.token_hex(6)}"
    with report_read_only():
        inputs.mkdir(mode=0o700, exist_ok=True)
        sweep(inputs)
        folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _copy(stream: BinaryIO, file: Path, name: str) -> str:
    """Copy a stream into a file and return the hash of its content."""
    most, size, digest = cache_limit(), 0, hashlib.blake2b(digest_size=16)
    with file.open("xb") as copy:
        while piece := stream.read(PIECE):
            if isinstance(piece, str):
                raise InvalidArgument(
                    f"{name} is a text stream, expected a binary one",
                    hint="use open(path, 'rb') or sys.stdin.buffer",
                )
            size += len(piece)
            if size > most:
                raise LimitExceeded(
                    f"{name} is larger than the cache limit of {most:,} bytes",
                    hint="save it to a file first, or raise OBSKIT_CACHE_LIMIT (bytes)",
                )
            digest.update(piece)
            copy.write(piece)
    return digest.hexdigest()


def _install(folder: Path, key: str, file: str, name: str) -> Path:
    """Rename a folder to its place in the cache; an entry that already exists is kept."""
    # Same content, same modification time: the cache of Datasets compares that as well.
    os.utime(folder / file, ns=(0, 0))
    (folder / _NAME_FILE).write_text(name, encoding="utf-8")
    entry = folder.parent / key
    try:
        folder.rename(entry)
    except OSError:
        if not (entry / file).is_file():
            raise
        touch(entry)
    return entry / file


def _fetch_url(url: str) -> list[Path]:
    """Copy the files behind a URL (a file, a folder or a pattern) into the cache and return their paths."""
    name, scheme = redact_url(url), urlsplit(url).scheme.lower()
    if scheme in ("file", "local"):
        return [Path(url2pathname(urlsplit(url).path))]
    try:
        fsspec = importlib.import_module("fsspec.core")  # of the extra `remote`
    except ModuleNotFoundError:
        raise MissingDependency.of("remote", f"reading {name}") from None
    with _translate_errors(name, scheme):
        system, path = fsspec.url_to_fs(url)
        # fsspec keeps file systems, and with them old listings, as long as the process lives.
        system.invalidate_cache()
        if scheme in _WEB:
            found = [path]
        elif _MAGIC.search(path):
            found = sorted(item for item in system.glob(path) if not system.isdir(item))
        elif system.isdir(path):
            found = [item for item in sorted(system.find(path)) if _may_contain_events(item, path)]
        else:
            found = [path]
        if not found:
            raise NoSuchPath(f"nothing found at {name}", hint=_WHAT_URLS_NAME)
        one = len(found) == 1 and found[0] == path
        return [
            _fetch_file(system, item, url, name if one else system.unstrip_protocol(item)) for item in found
        ]


def _may_contain_events(item: str, folder: str) -> bool:
    below = item.removeprefix(folder).strip("/")
    return not any(part.startswith(".") for part in below.split("/")) and not is_document(Path(below))


def _fetch_file(system: Any, path: str, url: str, name: str) -> Path:
    name = redact_url(name)
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
    with _temporary_entry() as folder, report_full_disk(f"{name} to {cache_path()}"):
        with system.open(path, "rb") as stream:
            digest = _copy(stream, folder / file, name)
        have = (folder / file).stat().st_size
        if isinstance(size, int) and size != have:
            raise ReadError(f"{name} ended after {have:,} of {size:,} bytes", hint="load it again")
        return _install(folder, key if tag else digest, file, name)


@contextmanager
def _translate_errors(name: str, scheme: str) -> Iterator[None]:
    """Replace the errors of a file system, whose texts contain whole URLs, by obskit's errors."""
    try:
        yield
    except ObskitError:
        raise
    except ImportError:
        package = _PACKAGES.get(scheme)
        hint = f"pip install {package}" if package else f"install the fsspec package for {scheme}"
        raise MissingDependency(f"reading {name} needs a package for {scheme}://", hint=hint) from None
    except Exception as error:
        # Over HTTP, fsspec reports every failure as "not found"; the cause has the reason.
        cause = error.__cause__ if isinstance(error, FileNotFoundError) and error.__cause__ else error
        status = getattr(cause, "status", None)
        refused = isinstance(cause, OSError) and not isinstance(cause, FileNotFoundError)
        if isinstance(error, FileNotFoundError) and not refused and status in (None, 404, 410):
            raise NoSuchPath(f"nothing found at {name}", hint=_WHAT_URLS_NAME) from None
        why = f"HTTP {status}" if isinstance(status, int) else type(cause).__name__
        hint = "check the address and your permission to read it"
        raise ReadError(f"cannot read {name}: {why}", hint=hint) from None
