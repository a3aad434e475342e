"""Convert files of any format into a Dataset, in a given folder or in the cache."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from obskit.dataset.cache import (
    Lease,
    check_owned,
    discard,
    entry_for,
    evict,
    source_key,
    temporary_folder_for,
    touch,
)
from obskit.dataset.coalesce import coalesce
from obskit.dataset.codes import Progress
from obskit.dataset.dataset import Dataset, is_dataset, open_dataset
from obskit.dataset.inputs import Given, leased_inputs, local_paths
from obskit.dataset.manifest import FORMAT, MANIFEST, RULES, read_manifest
from obskit.dataset.parts import checksum_of
from obskit.dataset.writer import BYTES, build, check_target, install
from obskit.errors import DatasetError, InvalidArgument, NoSuchPath, ObskitError
from obskit.names import COLUMNS
from obskit.readers import Unreadable, Vanished, expand_names, read_batches, read_paths
from obskit.readers.skipped_files import SkippedFiles
from obskit.schema import READ_AS_IS, LoadReport, Normalizer, ReadOptions

Paths = Given | Sequence[Given]
LISTINGS = 20
"""How often folders are listed again because a file was compressed or deleted while it was read."""

INSPECTED_FILES = 16
"""Files whose first rows are inspected before all files are read."""

INSPECTED_ROWS = 4_000
MANY_FILES = 1_000
"""Files beyond which parts are smaller."""

LARGE = 16 << 20
"""Bytes of input beyond which a Dataset may have more than one part."""


def convert(
    paths: Paths,
    out: Path | str | None = None,
    *,
    options: ReadOptions = READ_AS_IS,
    progress: Progress | None = None,
) -> Dataset:
    """Convert files, folders and globs into a Dataset, or open the one that was made before.

    Args:
        paths: paths, URLs or binary streams. A single folder that is a Dataset is opened in place, unless
            `out` is given.
        out: folder to write; by default an entry of the cache, keyed by size and modification time of each
            file.
        options: how to read the files.
        progress: called as ("reading rows", rows so far, 0) after each batch; an exception in it stops the
            work.

    Returns:
        The Dataset.

    Raises:
        NoSuchPath, ReadError: from the readers.
        MissingDependency: a URL needs the extra `remote`.
        DatasetError: `out` holds something else, or a Dataset opened in place is torn.
        InvalidArgument: `out` is one of the sources or contains one.
        StorageFull: the disk is full; nothing is left behind.
    """
    given = resolve_inputs(paths)
    if out is None and len(given) == 1 and is_dataset(given[0]):
        return open_dataset(given[0])
    for _ in range(LISTINGS - 1):
        try:
            return _convert_once(given, out, options, progress)
        except Vanished:
            continue
        except FileNotFoundError as error:
            if isinstance(error, ObskitError):  # a path that the caller gave does not exist
                raise
    return _convert_once(given, out, options, progress)


def _convert_once(
    given: list[Path], out: Path | str | None, options: ReadOptions, progress: Progress | None
) -> Dataset:
    """List the files and convert them as they are now."""
    skipped: list[Path] = []
    unreadable: list[Unreadable] = []
    files = list_inputs(given, skipped, unreadable)
    with leased_inputs(files) as display_names:

        def stream() -> _EventStream:
            report = _new_report(skipped, unreadable, display_names)
            return _EventStream(files, report, options, progress, given)

        if out is None:
            return open_or_build(source_key(files, options, unreadable), stream, _part_bytes(files))
        target = Path(out).absolute()
        _check_apart(target, given)
        check_target(target)
        files = [file for file in files if not os.path.abspath(file).startswith(f"{target}{os.sep}")]
        building = temporary_folder_for(target)
        try:
            made = stream()
            build(building, made, made.schema, made.report, bytes_=_part_bytes(files))
            install(building, target)
        finally:
            shutil.rmtree(building, ignore_errors=True)
    return open_dataset(target)


def resolve_inputs(paths: Paths) -> list[Path]:
    """Return local paths of all inputs: streams and URLs are copied into the cache.

    Args:
        paths: paths, URLs or binary streams.

    Returns:
        One path per input; several for a URL of a folder or pattern.

    Raises:
        NoSuchPath: there is no path, or an empty one.
        ReadError, MissingDependency, LimitExceeded, StorageFull: from `local_paths`.
    """
    one = isinstance(paths, str | Path) or hasattr(paths, "read")
    named: list[Any] = [paths] if one else list(paths)  # type: ignore[arg-type]
    if not named or "" in named:  # such as an unset shell variable; Path("") would be the current folder
        raise NoSuchPath(
            "the path is empty" if named else "no path given",
            hint="give a file, a folder or a pattern; '.' is the current folder",
        )
    return local_paths(named)


def from_arrow(table: pa.Table, options: ReadOptions = READ_AS_IS) -> Dataset:
    """Make a Dataset from a table in memory; it is cached by content.

    Args:
        table: the rows.
        options: how to read the table.

    Returns:
        The Dataset.

    Raises:
        StorageFull: the disk is full.
    """
    sink = _Digest()
    with pa.ipc.new_stream(pa.PythonFile(sink, mode="w"), table.schema) as writer:
        writer.write_table(table.combine_chunks())
    sink.hash.update(repr((FORMAT, RULES, options.cache_key())).encode())
    return open_or_build(sink.hash.hexdigest(), lambda: _EventStream(table, LoadReport(), options, None))


def list_inputs(
    given: Sequence[Path], skipped: list[Path] | None = None, unreadable: list[Unreadable] | None = None
) -> list[str]:
    """Return the files that paths name, without the manifest of a Dataset.

    Args:
        given: local paths.
        skipped: documents that are skipped are appended to it.
        unreadable: entries of folders that cannot be read are appended to it.

    Returns:
        The files, as text.

    Raises:
        NoSuchPath, ReadError: from the readers.
    """
    names = expand_names(given, skipped, unreadable)
    return [name for name in names if not name.endswith(MANIFEST) or os.path.basename(name) != MANIFEST]


def _part_bytes(files: Sequence[str]) -> int:
    """Return the bytes of a part. Of many files the list alone is large, so that parts have to be small."""
    return BYTES // 64 if len(files) > MANY_FILES else BYTES


def _new_report(
    skipped: list[Path], unreadable: list[Unreadable], display_names: dict[str, str]
) -> LoadReport:
    """Return a report of what is skipped before any file is read."""
    report = LoadReport(display_names=display_names)
    for one in unreadable:
        if not one.special:
            report.reject(one.path, one.detail, one.reason)
    if special := [f"{one.path} ({one.reason})" for one in unreadable if one.special]:
        more = f" and {len(special) - 3:,} more" if len(special) > 3 else ""
        report.note(f"skipped what is neither a file nor a folder: {', '.join(special[:3])}{more}")
    documents = SkippedFiles()
    for path in skipped:
        documents.add(path, "")
    documents.note(report)
    return report


class _Digest:
    """A file object that hashes what is written to it and keeps nothing else."""

    def __init__(self) -> None:
        self.hash = hashlib.blake2b(digest_size=16)
        self.closed = False

    def write(self, data: bytes) -> int:
        self.hash.update(data)
        return len(data)

    def flush(self) -> None:
        pass

    def tell(self) -> int:
        return 0

    def close(self) -> None:
        self.closed = True


class _EventStream:
    """Normalized batches of files or of a table, and their schema so far."""

    def __init__(
        self,
        source: list[str] | pa.Table,
        report: LoadReport,
        options: ReadOptions,
        progress: Progress | None,
        given: Sequence[Path] = (),
    ) -> None:
        self._source = source
        self._given = given
        self._options = options
        self._progress = progress
        self.report = report
        self._normalizer = Normalizer(report, options)
        self._expected: list[pa.Field] = []

    def schema(self) -> pa.Schema:
        """Return the schema so far, plus the expected fields while rows are still being read."""
        known = {field.name: field for field in self._normalizer.schema}
        for field in self._expected:
            known.setdefault(field.name, field)
        names = [name for name in COLUMNS if name in known] + sorted(known.keys() - COLUMNS.keys())
        return pa.schema([known[name] for name in names])

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        if not isinstance(self._source, pa.Table):
            self._expected = _expected_fields(self._source, self._options)
        yield from self._batches()
        self._expected = []

    def _batches(self) -> Iterator[pa.RecordBatch]:
        if isinstance(self._source, pa.Table):
            for batch in self._source.to_batches(max_chunksize=1 << 16):
                yield self._normalizer.batch(batch)
            self._normalizer.finish()
            return
        for batch in coalesce(read_paths(self._source, self.report, self._options, roots=self._given)):
            yield self._normalizer.batch(batch)
            if self._progress is not None:
                self._progress("reading rows", self.report.rows_read, 0)
        self._normalizer.finish()


def _expected_fields(files: list[str], options: ReadOptions) -> list[pa.Field]:
    """Return the fields of the files' first rows, so that early parts need no rewriting for them.

    This is a cheap guess: at the end, missing fields are added and unused ones are left out.
    """
    if len(files) == 1 or sum(map(os.path.getsize, files)) < LARGE:
        return []
    normalizer = Normalizer(LoadReport(), options)
    for file in files[:: -(-len(files) // INSPECTED_FILES)]:
        rows = 0
        try:
            for batch in read_batches(Path(file), LoadReport(), options):
                present = [
                    name
                    for name, col in zip(batch.schema.names, batch.columns, strict=True)
                    if col.null_count < len(col)
                ]
                normalizer.batch(batch.slice(0, INSPECTED_ROWS).select(present))
                rows += batch.num_rows
                if rows >= INSPECTED_ROWS:
                    break
        except ObskitError:
            continue  # reported when the file is read as a whole
    return list(normalizer.schema)


class Rows(Protocol):
    """Batches of events that are made into a Dataset."""

    @property
    def report(self) -> LoadReport:
        """What is read, left out and changed; complete after the last batch."""

    def schema(self) -> pa.Schema:
        """Return the schema so far; after the last batch it is final."""

    def __iter__(self) -> Iterator[pa.RecordBatch]: ...


def open_or_build(key: str, stream: Callable[[], Rows], part_bytes: int = BYTES) -> Dataset:
    """Open the entry of the cache with a key, or make it.

    Args:
        key: differs for different rows.
        stream: returns the rows, if the entry has to be made.
        part_bytes: bytes after which a part is complete.

    Returns:
        The Dataset.

    Raises:
        StorageFull: the disk is full.
    """
    entry = entry_for(key)
    lease = Lease(entry)  # until the Dataset has a lease of its own
    found, damage = _open_entry(entry)
    if found is not None:
        return found
    building = temporary_folder_for(entry, mode=0o700)
    try:
        made = stream()
        build(building, made, made.schema, made.report, source=key, bytes_=part_bytes)
        try:
            os.rename(building, entry)
        except OSError:
            # Another process was faster: its Dataset is made from the same files.
            found, _ = _open_entry(entry)
            if found is not None:
                return found
            os.rename(building, entry)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    dataset = open_dataset(entry)
    if damage:
        dataset.load_report.note(f"the cached copy of this input was damaged, and was made again: {damage}")
    del lease
    evict()
    return dataset


def _open_entry(entry: Path) -> tuple[Dataset | None, str]:
    """Open an entry of the cache; discard one that is damaged, and say why.

    Everything in the cache can be made again, so no error of it reaches the user. A file that was written to
    since, or that is another file now, is read as a whole and compared with its checksum.
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


def _check_apart(target: Path, given: Sequence[str | Path]) -> None:
    for path in given:
        source = Path(path).absolute()
        if source == target or target in source.parents:
            raise InvalidArgument(
                f"the output {target} contains the input {source}", hint="write to another folder"
            )
