"""Put a Dataset together from segments, so that a further file costs only its own conversion.

The parts of the segments are linked, not copied. What depends on all files is settled here, in the order of
the files: names, types, counts, remarks, and which provisional rows were replaced. A part in which a field
has another type than in the Dataset is written again, and that copy is a segment of its own.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from obskit.dataset.atomic_write import report_full_disk
from obskit.dataset.cache import Lease, segment_for
from obskit.dataset.entries import make_entry, open_entry
from obskit.dataset.groups import Group
from obskit.dataset.manifest import FORMAT, DataFile, Manifest, write_manifest
from obskit.dataset.parts import rewrite_part, sorted_by_time, write_part
from obskit.dataset.segment import VERSION, Load, Segment, open_segment
from obskit.dataset.unfinished import UNIT_COLUMNS, ProvisionalRows
from obskit.dataset.unit_index import may_end
from obskit.dataset.writer import read_as
from obskit.readers.outcome import Outcome
from obskit.schema import LoadReport, Normalizer, cast


@dataclasses.dataclass(eq=False)
class _Linked:
    """A part of a segment that is linked into the Dataset.

    Attributes:
        file: the part, at its new place.
        schema: its schema.
        renamed: name of a field there -> its name in the Dataset, where they differ.
    """

    file: DataFile
    schema: pa.Schema
    renamed: dict[str, str]


class Assembly:
    """A Dataset that is being put together in a folder.

    Args:
        folder: an empty folder.
        load: how to read the files.
        report: what is known before any file is read; it becomes the report of the load.
    """

    def __init__(self, folder: Path, load: Load, report: LoadReport) -> None:
        self._folder, self._load, self._report = folder, load, report
        self._normalizer = Normalizer(report, load.options)
        self._outcome = Outcome()
        self._parts: list[_Linked] = []
        self._held = ProvisionalRows(report)
        self._waiting: list[tuple[Segment, dict[str, str]]] = []
        self._segments: list[str] = []

    def build(self, groups: Sequence[Group], source: str) -> None:
        """Write the Dataset.

        Args:
            groups: what each segment holds.
            source: key of the files in the cache.

        Raises:
            ReadError: no file can be read.
            Vanished, LimitExceeded: from the readers.
            NotDivisible: a file has to be read as a whole.
            InvalidArgument: the mapping uses a column that no row has.
            StorageFull: the disk is full.
        """
        with report_full_disk(f"the Dataset to {self._folder.parent}"):
            for group in groups:
                self._add(group)
            self._outcome.conclude(self._report, sum(group.begins for group in groups))
            self._normalizer.finish()
            schema = self._normalizer.schema.remove_metadata()
            linked = [self._settle(part, schema) for part in self._parts]
            files = [part.file for part in linked] + self._unfinished(linked, schema)
            files = files or [write_part(self._folder / "part-00000.parquet", [], schema)]
            files = [dataclasses.replace(file, absent=_absent(file, linked, schema)) for file in files]
            sizes = tuple(file.path.stat().st_size for file in files)
            keys = tuple(dict.fromkeys(self._segments))
            manifest = Manifest(tuple(files), schema, self._report.to_dict(), sizes, source, segments=keys)
            write_manifest(self._folder, dataclasses.replace(manifest, linked=True))

    def _add(self, group: Group) -> None:
        """Link the parts of a segment, and absorb what was counted in it."""
        key = self._load.key(group)
        self._segments.append(key)
        entry = segment_for(key)
        lease = Lease(entry)
        segment = open_segment(entry, group, self._load, self._report.rows_read)
        renamed = self._normalizer.absorb(segment.state)
        self._outcome.absorb(segment.outcome)
        for file in segment.files:
            place = self._folder / f"part-{len(self._parts):05d}.parquet"
            _link(file.path, place)
            linked = dataclasses.replace(file, path=place)
            self._parts.append(_Linked(linked, segment.schema, renamed))
        if segment.waiting:
            self._waiting.append((segment, renamed))
        del lease

    def _settle(self, part: _Linked, schema: pa.Schema) -> _Linked:
        """Return the part with the names and types of the Dataset, written again if it has others."""
        own = {part.renamed.get(field.name, field.name): field for field in part.schema}
        wanted = pa.schema([field for field in schema if field.name in own])
        if all(own[field.name].equals(field) for field in wanted):
            return dataclasses.replace(part, schema=wanted)
        names = [part.renamed.get(name, name) for name in part.schema.names]
        known = repr((FORMAT, VERSION, part.file.digest, names)).encode() + wanted.serialize().to_pybytes()
        key = hashlib.blake2b(known, digest_size=16).hexdigest()
        entry = segment_for(key)
        self._segments.append(key)

        def retype(rows: pa.Table, to: pa.Schema) -> pa.Table:
            return cast(rows.rename_columns(names), to)

        def write(folder: Path) -> None:
            made = rewrite_part(part.file, wanted, retype, folder / "part-00000.parquet")
            size = made.path.stat().st_size
            write_manifest(folder, Manifest((made,), wanted, {}, (size,), linked=True))

        lease = Lease(entry)
        found, damage = open_entry(entry)
        if damage:
            self._load.damage.append(damage)
        [made] = (found or make_entry(entry, write)).files
        part.file.path.unlink()
        _link(made.path, part.file.path)
        del lease
        return _Linked(dataclasses.replace(made, path=part.file.path), wanted, {})

    def _unfinished(self, linked: Sequence[_Linked], schema: pa.Schema) -> list[DataFile]:
        """Write the provisional rows that no other row replaces."""
        written: list[pa.RecordBatch] = []

        def settle() -> None:
            spans = self._held.spans()
            parts = [(part.file, part.schema) for part in linked if len(spans)]
            ends = [part for part in parts if may_end(part[0], part[1].names, spans)]
            self._held.settle(read_as(ends, UNIT_COLUMNS))

        for segment, renamed in self._waiting:
            for batch in segment.waiting:
                names = [renamed.get(name, name) for name in batch.schema.names]
                self._held.hold(cast(batch.rename_columns(names), schema))
            if self._held.too_many():
                settle()
                written += self._held.overflow()
        settle()
        written += self._held.rest()
        if not any(batch.num_rows for batch in written):
            return []
        columns = pa.Table.from_batches(written, schema).columns
        table = sorted_by_time([column.chunks for column in columns], schema)
        return [write_part(self._folder / f"part-{len(linked):05d}.parquet", [table], schema)]


def _link(file: Path, to: Path) -> None:
    """Give a file another name; copy it where the file system has no links."""
    try:
        os.link(file, to)
    except OSError:
        shutil.copyfile(file, to)


def _absent(file: DataFile, linked: Sequence[_Linked], schema: pa.Schema) -> pa.Schema:
    """Return the fields of the Dataset that a part does not have."""
    own = next((part.schema for part in linked if part.file is file), schema)
    return pa.schema([field for field in schema if own.get_field_index(field.name) < 0])
