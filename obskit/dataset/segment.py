"""Segments: a group of files that is converted once, apart from the other files of a load.

A segment is an entry of the cache: parts that have only the fields with a value in the group, provisional
rows that a later row of another group may replace, and the state of everything that is counted over all rows.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from obskit.dataset.cache import discard, relevant_roots, segment_for, source_key
from obskit.dataset.coalesce import coalesce
from obskit.dataset.codes import Progress
from obskit.dataset.dataset import Dataset, is_dataset
from obskit.dataset.entries import left_open, make_entry, open_entry
from obskit.dataset.groups import Group, decompressed, divide
from obskit.dataset.manifest import FORMAT, RULES, DataFile, Manifest, read_manifest, write_manifest
from obskit.dataset.writer import BYTES, write_parts
from obskit.errors import DatasetError
from obskit.readers.line_ranges import read_line_range
from obskit.readers.outcome import Outcome
from obskit.readers.read import read_some_paths
from obskit.readers.row_groups import read_row_groups
from obskit.schema import LoadReport, Normalizer, ReadOptions, cast

STATE = "segment.json"
WAITING = "waiting.arrow"
VERSION = 1
"""Increased when a segment of the same files has another content."""


@dataclass(frozen=True, eq=False)
class Load:
    """What the groups of files of a load have in common.

    Attributes:
        options: how to read the files.
        roots: paths as they were given.
        display_names: path of a copy in the cache -> the name that messages use for it.
        progress: called as ("reading rows", rows so far, 0).
        damage: what was damaged in the cache and had to be made again; added to while the Dataset is made.
    """

    options: ReadOptions
    roots: Sequence[Path]
    display_names: dict[str, str]
    progress: Progress | None = None
    damage: list[str] = field(default_factory=list)

    def key(self, group: Group) -> str:
        """Return the key of the segment of a group of files as they are now.

        Args:
            group: the files, or a part of one.

        Returns:
            The key, hex.

        Raises:
            FileNotFoundError: a file was deleted since it was listed.
        """
        names = [self.display_names.get(file, "") for file in group.files]
        roots = relevant_roots(self.roots, self.options)
        if group.lines is None:
            state: Sequence[Any] = [source_key(group.files, self.options, ())]
            if group.row_groups is not None:
                state = [*state, group.row_groups]
        else:  # the bytes are known, whatever became of the file since
            file, *where = group.lines
            state = [FORMAT, RULES, self.options.cache_key(), os.path.abspath(file), *where]
        known = json.dumps([VERSION, roots, names, *state])
        return hashlib.blake2b(known.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


def unconverted(files: Sequence[str], load: Load) -> int:
    """Return how many bytes of files are not in a segment yet, roughly and after decompression.

    Args:
        files: all files of the load.
        load: how to read them.

    Returns:
        The number of bytes; all of a small input.

    Raises:
        FileNotFoundError: a file was deleted since it was listed.
    """
    groups = divide(files, load.options)
    left = [group for group in groups if len(groups) == 1 or not is_dataset(segment_for(load.key(group)))]
    return sum(
        sum(map(decompressed, group.files)) if group.lines is None else group.lines.stop - group.lines.start
        for group in left
    )


@dataclass(frozen=True, eq=False)
class Segment:
    """A group of files, converted.

    Attributes:
        files: its parts that have rows.
        schema: of these parts.
        state: what `Normalizer.to_state` returned.
        outcome: what became of the files.
        waiting: provisional rows that are not in the parts; they have the same schema.
    """

    files: tuple[DataFile, ...]
    schema: pa.Schema
    state: dict[str, Any]
    outcome: Outcome
    waiting: list[pa.RecordBatch]


def open_segment(entry: Path, group: Group, load: Load, rows: int) -> Segment:
    """Open the segment of some files, or make it.

    Args:
        entry: folder of the segment; it need not exist. The caller holds its lease.
        group: the files, or a part of one.
        load: what they are a part of.
        rows: rows of the load before these, for the progress.

    Returns:
        The segment.

    Raises:
        Vanished, LimitExceeded: from the readers.
        NotDivisible: the file has to be read as a whole.
        StorageFull: the disk is full.
    """
    found, damage = open_entry(entry)
    try:
        segment = None if found is None else _read(found)
        if segment is not None:
            if group.lines is not None or not left_open(segment.state["report"]["notes"], group.files):
                return segment
            discard(entry)
    except (DatasetError, OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        discard(entry)
        damage = error.message if isinstance(error, DatasetError) else str(error)
    if damage:
        load.damage.append(damage)
    made = make_entry(entry, lambda folder: _build(folder, group, load, rows))
    return _read(made)


class _SegmentRows:
    """Normalized batches of a group of files."""

    def __init__(self, group: Group, load: Load, rows: int) -> None:
        self._group, self._load, self._rows = group, load, rows
        self.report = LoadReport(display_names=load.display_names)
        self.normalizer = Normalizer(self.report, load.options, apart=True)
        self.outcome = Outcome()

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        load = self._load
        lines, row_groups = self._group.lines, self._group.row_groups
        if row_groups is not None:
            [file] = self._group.files
            batches = read_row_groups(
                Path(file), row_groups, self.report, load.options, roots=load.roots, outcome=self.outcome
            )
        elif lines is None:
            batches = read_some_paths(
                self._group.files, self.report, load.options, roots=load.roots, outcome=self.outcome
            )
        else:
            batches = read_line_range(
                lines, self.report, load.options, roots=load.roots, outcome=self.outcome
            )
        for batch in coalesce(batches):
            yield self.normalizer.batch(batch)
            if load.progress is not None:
                load.progress("reading rows", self._rows + self.report.rows_read, 0)


def _build(folder: Path, group: Group, load: Load, rows: int) -> None:
    stream = _SegmentRows(group, load, rows)
    fields = stream.normalizer.fields
    made = write_parts(folder, stream, lambda: fields.known, stream.report, bytes_=BYTES, wait=True)
    hashes = {WAITING: ""}
    if made.waiting:
        with pa.OSFile(str(folder / WAITING), "wb") as sink, pa.ipc.new_file(sink, made.schema) as writer:
            for batch in made.waiting:
                writer.write_batch(cast(batch, made.schema))
        hashes[WAITING] = _digest((folder / WAITING).read_bytes())
    state = json.dumps({"normalizer": stream.normalizer.to_state(), "outcome": stream.outcome.to_state()})
    (folder / STATE).write_bytes(state.encode("utf-8", "surrogatepass"))
    hashes[STATE] = _digest((folder / STATE).read_bytes())
    sizes = tuple(file.path.stat().st_size for file in made.files)
    write_manifest(folder, Manifest(made.files, made.schema, hashes, sizes, linked=True))


def _read(found: Dataset) -> Segment:
    hashes = read_manifest(found.path).load_report
    content = (found.path / STATE).read_bytes()
    if _digest(content) != hashes[STATE]:
        raise DatasetError(f"{STATE} does not have the bytes that were written")
    state = json.loads(content.decode("utf-8", "surrogatepass"))
    waiting = []
    if hashes[WAITING]:
        held = (found.path / WAITING).read_bytes()
        if _digest(held) != hashes[WAITING]:
            raise DatasetError(f"{WAITING} does not have the bytes that were written")
        waiting = pa.ipc.open_file(pa.py_buffer(held)).read_all().to_batches()
    files = tuple(file for file in found.files if file.rows)
    return Segment(files, found.schema, state["normalizer"], Outcome.from_state(state["outcome"]), waiting)


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()
