"""Divide the files of a large input into groups that are converted apart.

A large file is a group of its own; small ones share one, because each group costs a Parquet file and its
codes. Where a group ends depends on the name and the size of its last file, or on the group being full. One
file that comes, goes or grows changes its own group and at most a few of the next ones, and leaves the others
as they are. A copy of the folder elsewhere has the same groups.

    a.jsonl  b.jsonl | c.jsonl  d.jsonl | big.parquet | e.jsonl
    a.jsonl  b.jsonl | c.jsonl  c2.jsonl  d.jsonl | big.parquet | e.jsonl

A large file of JSON lines is divided into stretches, which become groups; those at its end are short, so that
a file that grows costs little.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from obskit.dataset.cache import check_owned, discard, segment_for, touch
from obskit.errors import DatasetError
from obskit.readers.line_ranges import LineRange, line_ranges
from obskit.schema import ReadOptions

SMALLEST = 16 << 20
"""Bytes of input that are not divided, and of a group at least, on average."""

MOST = 64
"""Groups of an input that consists of small files, about."""

LONG = 4
"""Usual sizes of a stretch of a large file, except at its end."""

VERSION = 1
RECENT = 2_000_000_000
"""Nanoseconds since a change of a file, during which another one may have the same time."""

FILE_COST = 4 << 10
"""Bytes whose conversion takes as long as opening a file does."""

# Bytes after decompression per byte on disk, roughly; telemetry is repetitive.
_EXPANSION = {".gz": 10, ".zst": 10, ".bz2": 10, ".xz": 10, ".parquet": 10}


def decompressed(file: str) -> int:
    """Return the bytes of a file after decompression, roughly; 0 if it is gone."""
    try:
        return os.path.getsize(file) * _EXPANSION.get(os.path.splitext(file)[1].lower(), 1)
    except OSError:
        return 0


@dataclass(frozen=True)
class Group:
    """Files that are converted together, or a part of one file: a stretch of lines, or some row groups."""

    files: tuple[str, ...]
    lines: LineRange | None = None
    row_groups: tuple[int, ...] | None = None

    @property
    def begins(self) -> int:
        """How many files begin in this group."""
        return 0 if self.lines is not None and self.lines.start else len(self.files)


def divide(files: Sequence[str], options: ReadOptions, *, lines: bool = True) -> list[Group]:
    """Return the groups of files, in the order of the files.

    Args:
        files: paths, as text.
        options: how to read them.
        lines: whether to divide large files of JSON lines.

    Returns:
        One group for small input.

    Cost: reads large files of JSON lines, unless they were divided before and have not changed.
    """
    whole = [Group(tuple(files))]
    sizes = [decompressed(file) + FILE_COST for file in files]
    if sum(sizes) < SMALLEST:
        return whole
    # A power of two, so that the groups stay as they are until the input has doubled.
    usual = SMALLEST
    while usual * 2 * MOST <= sum(sizes):
        usual *= 2
    groups: list[Group] = []
    held: list[str] = []
    weight = 0
    for file, size in zip(files, sizes, strict=True):
        if size < usual:
            held.append(file)
            weight += size
        if held and (size >= usual or weight >= 2 * usual or _share(file, size) < size / usual):
            groups.append(Group(tuple(held)))
            held, weight = [], 0
        if size >= usual:
            found = stretches(file, options, usual) if lines and size >= 2 * usual else []
            groups += [Group((file,), part) for part in found] if len(found) > 1 else [Group((file,))]
    if held:
        groups.append(Group(tuple(held)))
    return groups


def cuts_of(size: int, usual: int) -> list[int]:
    """Return where to divide a file: every `LONG` times the usual size, and at its end every usual size."""
    long = LONG * usual
    whole = size // long * long
    return [*range(long, whole + 1, long), *range(whole + usual, size, usual)]


def stretches(file: str, options: ReadOptions, usual: int) -> list[LineRange]:
    """Return the stretches of a large file of JSON lines; they are kept in the cache until it changes."""
    try:
        before = os.stat(file)
    except OSError:
        return []
    state = [os.path.abspath(file), before.st_size, before.st_mtime_ns, usual, options.cache_key(), VERSION]
    key = hashlib.blake2b(json.dumps(state).encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()
    kept = segment_for(key) / "lines.json"
    found = _read_stretches(kept, file)
    if found and not any(part.growing for part in found):
        return found
    parts = line_ranges(file, options, cuts_of(before.st_size, usual), before.st_size)
    recent = before.st_mtime_ns > time.time_ns() - RECENT  # another change may have the same time
    with suppress(OSError):
        if not recent and os.stat(file).st_mtime_ns == before.st_mtime_ns:
            kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            temporary = kept.with_name(f".{kept.name}.{secrets.token_hex(6)}")
            stored = [part[1:] for part in parts]
            temporary.write_text(json.dumps({"stretches": stored, "seal": _seal(stored)}))
            temporary.replace(kept)
    return parts


def _read_stretches(kept: Path, file: str) -> list[LineRange] | None:
    """Return the stretches of a file that were stored; None if they weren't, or are not what was written."""
    if not os.path.lexists(kept.parent):
        return None
    try:
        check_owned(kept.parent)
        content = json.loads(kept.read_bytes())
        if content["seal"] != _seal(content["stretches"]):
            raise DatasetError(f"{kept.name} does not have the bytes that were written")
        found = [LineRange(file, *part) for part in content["stretches"]]
    except (DatasetError, OSError, ValueError, TypeError, KeyError):
        discard(kept.parent)
        return None
    touch(kept.parent)
    return found


def _seal(stored: Sequence[Sequence[Any]]) -> str:
    return hashlib.blake2b(json.dumps(stored).encode(), digest_size=16).hexdigest()


def _share(file: str, size: int) -> float:
    """Return a number in [0, 1) that depends on a file's name and size: the same for a copy elsewhere."""
    name = f"{size} {os.path.basename(file)}".encode("utf-8", "surrogateescape")
    return int.from_bytes(hashlib.blake2b(name, digest_size=8).digest(), "big") / 2.0**64
