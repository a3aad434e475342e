"""Entries of the cache: open the one with a key, or make it, completely or not at all.

Everything in the cache can be made again, so damage of an entry never reaches the user. Two processes may
make the same entry at once; the second one takes what the first one made.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from obskit.dataset.cache import (
    Lease,
    check_owned,
    discard,
    entry_for,
    report_read_only,
    temporary_folder_for,
    touch,
)
from obskit.dataset.dataset import Dataset, open_dataset
from obskit.dataset.eviction import evict_after, folder_size
from obskit.dataset.manifest import read_manifest
from obskit.dataset.parts import checksum_of
from obskit.dataset.writer import build
from obskit.errors import DatasetError
from obskit.readers import being_written
from obskit.schema import GROWING, LoadReport


class Rows(Protocol):
    """Batches of events that are made into a Dataset."""

    @property
    def report(self) -> LoadReport:
        """What is read, left out and changed; complete after the last batch."""

    def schema(self) -> pa.Schema:
        """Return the schema so far; after the last batch it is final."""

    def __iter__(self) -> Iterator[pa.RecordBatch]: ...


def open_or_build(key: str, stream: Callable[[], Rows]) -> Dataset:
    """Open the entry of the cache with a key, or make it from rows.

    Args:
        key: differs for different rows.
        stream: returns the rows, if the entry has to be made.

    Returns:
        The Dataset.

    Raises:
        StorageFull: the disk is full.
    """

    def make(building: Path) -> None:
        made = stream()
        build(building, made, made.schema, made.report, source=key)

    return open_or_make(entry_for(key), make)


def open_or_make(entry: Path, make: Callable[[Path], None], files: Sequence[str] = ()) -> Dataset:
    """Open the Dataset of an entry of the cache, or make it, and evict what the cache has no space for.

    Args:
        entry: its folder.
        make: writes the Dataset to a folder that is empty, if the entry has to be made.
        files: what it is made of.

    Returns:
        The Dataset.

    Raises:
        StorageFull: the disk is full.
    """
    lease = Lease(entry)  # until the Dataset has a lease of its own
    found, damage = open_entry(entry)
    if found is not None and left_open(found.load_report.notes, files):
        # Not in its place: a process may have that one open.
        return open_or_make(entry.with_name(_name_after(entry.name)), make, files)
    if found is not None:
        return found
    dataset = make_entry(entry, make)
    note_damage(dataset.load_report, [damage] if damage else [])
    del lease
    evict_after(folder_size(entry))
    return dataset


def left_open(notes: Sequence[str], files: Sequence[str]) -> bool:
    """Return whether files were read while they were being written, and none of them is any more.

    What was then left out as an incomplete record may be a torn one by now, which the load report counts: the
    process that wrote the file may have been killed.

    Args:
        notes: of the report of the load.
        files: what was read.

    Returns:
        Whether to read them again.
    """
    return GROWING in notes and not any(being_written(Path(file)) for file in files)


def _name_after(name: str) -> str:
    return hashlib.blake2b(name.encode(), digest_size=16).hexdigest()


def note_damage(report: LoadReport, damage: Sequence[str]) -> None:
    """Add a note to the report of this load, which is not stored, if something in the cache was damaged.

    There is one note, about the first damage: an entry and a segment share files, so one cause damages both.

    Args:
        report: of the Dataset that was made again.
        damage: what was damaged.
    """
    text = "the cached copy of this input was damaged, and was made again: "
    if damage and not any(note.startswith(text) for note in report.notes):
        report.note(f"{text}{damage[0]}")


def make_entry(entry: Path, make: Callable[[Path], None]) -> Dataset:
    """Make an entry of the cache, unless another process is faster.

    Args:
        entry: its folder, which does not exist. The caller holds its lease.
        make: as in `open_or_make`.

    Returns:
        The Dataset.

    Raises:
        StorageFull: the disk is full.
        DatasetError: the cache cannot be written to.
    """
    with report_read_only():
        building = temporary_folder_for(entry, mode=0o700)
    try:
        make(building)
        try:
            os.rename(building, entry)
        except OSError:
            # Another process was faster: its Dataset is made from the same files.
            found, _ = open_entry(entry)
            if found is not None:
                return found
            os.rename(building, entry)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return open_dataset(entry)


def open_entry(entry: Path) -> tuple[Dataset | None, str]:
    """Open an entry of the cache; discard one that is damaged, and say why.

    A file that was written to since, or that is another file now, is read as a whole and compared with its
    checksum.

    Args:
        entry: its folder.

    Returns:
        The Dataset, or None and what was damaged (empty if there is no such entry).
    """
    if not os.path.lexists(entry):
        return None, ""
    try:
        check_owned(entry)
        found = open_dataset(entry)
        manifest = read_manifest(entry)
        for part in manifest.touched:
            if checksum_of(part.path) != part.checksum:
                raise DatasetError(f"{part.path.name} does not have the bytes that were written")
    except (DatasetError, OSError, ValueError, KeyError, TypeError) as error:
        discard(entry)
        return None, error.message if isinstance(error, DatasetError) else str(error)
    touch(entry)
    return found, ""
