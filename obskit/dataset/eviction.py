"""Remove entries of the cache: the least recently used ones beyond its limit, and those nobody needs.

The limit is 20 GiB, or `OBSKIT_CACHE_LIMIT` in bytes. What a process has open stays.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from obskit.dataset.cache import KINDS, cache_limit, cache_path, cache_root, remove_unused, segment_for
from obskit.dataset.manifest import MANIFEST, read_manifest
from obskit.errors import DatasetError

LOOK_AGAIN = 60.0  # seconds
# (root of the cache, its limit) -> bytes to write, and until when, before it is looked through again.
_LEFT: dict[tuple[Path, int], tuple[float, float]] = {}


def evict_after(written: int) -> None:
    """Do what `evict` does, unless the cache was looked through lately and is far from its limit.

    Looking through a cache of thousands of entries takes longer than most loads. It is done again after a
    minute, because other processes write too, or when this one has written half of what was left.

    Args:
        written: about how many bytes were added to the cache.
    """
    place = cache_root(), cache_limit()
    left, until = _LEFT.get(place, (0.0, 0.0))
    if written < left and time.monotonic() < until:
        _LEFT[place] = left - written, until
    else:
        evict()


def evict(limit: int | None = None) -> list[Path]:
    """Remove the least recently used entries beyond the size limit.

    Args:
        limit: bytes; by default `cache_limit()`.

    Returns:
        The entries that were removed. Entries that any process has open stay.
    """
    root = cache_root()
    if limit is None:
        limit = cache_limit()
    entries = []
    for kind in KINDS:
        folder = root / kind
        for entry in folder.iterdir() if folder.is_dir() else ():
            if entry.name.startswith("."):
                continue
            try:
                entries.append((entry.stat().st_mtime, entry, _sizes(entry)))
            except OSError:
                continue
    entries.sort(key=lambda item: item[:2])
    # A file that several entries link to is freed with the last of them, a segment after the Datasets of it.
    holders = Counter(file for *_, sizes in entries for file in sizes)
    total = sum({file: size for *_, sizes in entries for file, size in sizes.items()}.values())
    evicted: list[Path] = []
    found = True
    while found and total > limit:
        found = False
        for item in list(entries):
            _, entry, sizes = item
            if total <= limit:
                break
            shared = entry.parent.name == "segments" and any(holders[file] > 1 for file in sizes)
            if not shared and remove_unused(entry):
                freed = sum(size for file, size in sizes.items() if holders[file] == 1)
                holders.subtract(sizes.keys())
                total -= freed
                evicted.append(entry)
                entries.remove(item)
                found = True
    _LEFT[root, limit] = (limit - total) / 2, time.monotonic() + LOOK_AGAIN
    return evicted


def drop_entry(folder: Path) -> bool:
    """Remove a Dataset, and segments that no other Dataset has, from the cache unless a process has it open.

    Args:
        folder: the Dataset's folder.

    Returns:
        Whether nothing is left to do: it is removed, or was not in the cache.
    """
    if folder.parent != cache_path() / "datasets" or not folder.is_dir():
        return True
    try:
        keys: Sequence[str] = read_manifest(folder).segments
    except DatasetError:
        keys = ()
    if not remove_unused(folder):
        return False
    for segment in map(segment_for, _unused(keys)):
        # A Dataset of an earlier version does not name all of its segments, but links to their files.
        if segment.is_dir() and all(part.stat().st_nlink == 1 for part in segment.glob("*.parquet")):
            remove_unused(segment)
    return True


def _unused(keys: Sequence[str]) -> list[str]:
    """Return those keys of segments that no Dataset in the cache names."""
    left = list(keys)
    for manifest in (cache_path() / "datasets").glob(f"*/{MANIFEST}") if left else ():
        try:
            content = manifest.read_bytes()
        except FileNotFoundError:
            continue  # it was removed
        except OSError:
            return []
        left = [key for key in left if key.encode() not in content]
    return left


def folder_size(folder: Path) -> int:
    """Return the bytes of all files in a folder."""
    return sum(_sizes(folder).values())


def _sizes(folder: Path) -> dict[tuple[int, int], int]:
    """Return the size of each file below a folder, by device and inode."""
    out = {}
    for base, _, names in os.walk(folder):
        for name in names:
            try:
                status = os.lstat(os.path.join(base, name))
            except OSError:
                continue
            out[status.st_dev, status.st_ino] = status.st_size
    return out
