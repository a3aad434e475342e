"""Files of any format to a Dataset, where told or in the cache."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from obskit.dataset.cache import Lease, discard, entry_for, evict, source_key, temporary_beside, touch
from obskit.dataset.codes import Progress
from obskit.dataset.dataset import Dataset, is_dataset, open_dataset
from obskit.dataset.inputs import Given, held, placed
from obskit.dataset.manifest import FORMAT, MANIFEST, RULES
from obskit.dataset.writer import build, check_target, install
from obskit.errors import DatasetError, InvalidArgument, NoSuchPath, ObskitError
from obskit.names import COLUMNS
from obskit.readers import Vanished, expand, read_batches, read_paths
from obskit.schema import READ_AS_IS, LoadReport, Normalizer, ReadOptions

Paths = Given | Sequence[Given]
LISTINGS = 20
"""How often folders are listed, as files go while they are read: packed by their writer, or deleted."""

LOOKED_AT = 16
"""Files whose first rows are looked at before all are read."""

LOOKED_ROWS = 4_000
LARGE = 16 << 20
"""Bytes of input that may fill more than one part."""


def convert(
    paths: Paths,
    out: Path | str | None = None,
    *,
    options: ReadOptions = READ_AS_IS,
    progress: Progress | None = None,
) -> Dataset:
    """Make a Dataset of files, folders and globs, or open the one that was made before.

    Args:
        paths: what to read: paths, URLs, binary streams; a single folder that is a Dataset is opened in place
            (unless `out` is given).
        out: the folder to write; by default an entry of the cache, keyed by size and mtime of each file.
        options: how to read them.
        progress: called as ("reading rows", rows so far, 0) after each batch; what it raises ends the work.
    Raises:
        NoSuchPath, ReadError: from the readers.
        MissingDependency: a URL without the extra `remote`.
        DatasetError: `out` holds something else, or a Dataset opened in place is torn.
        InvalidArgument: `out` is one of the sources or contains one.
        StorageFull: the disk is full; nothing is left behind.
    """
    given = located(paths)
    if out is None and len(given) == 1 and is_dataset(given[0]):
        return open_dataset(given[0])
    for _ in range(LISTINGS - 1):
        try:
            return _converted(given, out, options, progress)
        except Vanished:
            continue
        except FileNotFoundError as error:
            if isinstance(error, ObskitError):  # what the caller named is not there
                raise
    return _converted(given, out, options, progress)


def _converted(
    given: list[Path], out: Path | str | None, options: ReadOptions, progress: Progress | None
) -> Dataset:
    """List the files and convert them as they are now."""
    passed: list[Path] = []
    files = [file for file in expand(given, passed) if file.name != MANIFEST]
    with held(files) as called:
        if out is None:
            key = source_key(files, options)
            return _cached(key, lambda: _Stream(files, _report(passed, called), options, progress))
        target = Path(out).absolute()
        _keep_apart(target, given)
        check_target(target)
        files = [file for file in files if target not in file.absolute().parents]
        building = temporary_beside(target)
        try:
            stream = _Stream(files, _report(passed, called), options, progress)
            build(building, stream, stream.schema, stream.report)
            install(building, target)
        finally:
            shutil.rmtree(building, ignore_errors=True)
    return open_dataset(target)


def located(paths: Paths) -> list[Path]:
    """Return the paths that were given, of streams and URLs where they are kept.

    Raises:
        NoSuchPath: no path, or an empty one.
        ReadError, MissingDependency, LimitExceeded, StorageFull: as `placed`.
    """
    one = isinstance(paths, str | Path) or hasattr(paths, "read")
    named: list[Any] = [paths] if one else list(paths)  # type: ignore[arg-type]
    if not named or "" in named:  # an empty variable of a shell; Path would make it this folder
        raise NoSuchPath(
            "an empty path" if named else "no path", hint="a file, a folder or a pattern; '.' is this folder"
        )
    return placed(named)


def from_arrow(table: pa.Table, options: ReadOptions = READ_AS_IS) -> Dataset:
    """Make a Dataset of a table in memory; kept in the cache by its content.

    Raises:
        StorageFull: the disk is full.
    """
    sink = _Digest()
    with pa.ipc.new_stream(pa.PythonFile(sink, mode="w"), table.schema) as writer:
        writer.write_table(table.combine_chunks())
    sink.hash.update(repr((FORMAT, RULES, options.cache_key())).encode())
    return _cached(sink.hash.hexdigest(), lambda: _Stream(table, LoadReport(), options, None))


def _report(passed: list[Path], called: dict[str, str]) -> LoadReport:
    """Return a report that tells which documents were passed over."""
    report = LoadReport(called=called)
    if passed:
        names = [path.name for path in passed[:3]]
        more = f" and {len(passed) - 3:,} more" if len(passed) > 3 else ""
        report.note(f"passed over beside the events: {', '.join(names)}{more}")
    return report


class _Digest:
    """A file that keeps only the hash of what is written to it."""

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


class _Stream:
    """Canonical batches of files or of a table, and the schema they come to."""

    def __init__(
        self,
        source: list[Path] | pa.Table,
        report: LoadReport,
        options: ReadOptions,
        progress: Progress | None,
    ) -> None:
        self._source = source
        self._options = options
        self._progress = progress
        self.report = report
        self._normalizer = Normalizer(report, options)
        self._expected: list[pa.Field] = []

    def schema(self) -> pa.Schema:
        """Return the schema so far, with the fields that are expected while rows still come."""
        known = {field.name: field for field in self._normalizer.schema}
        for field in self._expected:
            known.setdefault(field.name, field)
        names = [name for name in COLUMNS if name in known] + sorted(known.keys() - COLUMNS.keys())
        return pa.schema([known[name] for name in names])

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        if not isinstance(self._source, pa.Table):
            self._expected = _expected(self._source, self._options)
        yield from self._batches()
        self._expected = []

    def _batches(self) -> Iterator[pa.RecordBatch]:
        if isinstance(self._source, pa.Table):
            for batch in self._source.to_batches(max_chunksize=1 << 16):
                yield self._normalizer.batch(batch)
            return
        for batch in read_paths(self._source, self.report, self._options):
            yield self._normalizer.batch(batch)
            if self._progress is not None:
                self._progress("reading rows", self.report.rows_read, 0)


def _expected(files: list[Path], options: ReadOptions) -> list[pa.Field]:
    """Return fields that the first rows of the files have, so that parts need not be rewritten for them.

    A guess that costs little: what it misses is mended at the end, what it has too much is left out then.
    """
    if len(files) == 1 or sum(file.stat().st_size for file in files) < LARGE:
        return []
    look = Normalizer(LoadReport(), options)
    for file in files[:: -(-len(files) // LOOKED_AT)]:
        rows = 0
        try:
            for batch in read_batches(file, LoadReport(), options):
                held = [
                    name
                    for name, col in zip(batch.schema.names, batch.columns, strict=True)
                    if col.null_count < len(col)
                ]
                look.batch(batch.slice(0, LOOKED_ROWS).select(held))
                rows += batch.num_rows
                if rows >= LOOKED_ROWS:
                    break
        except ObskitError:
            continue  # it is told when the file is read
    return list(look.schema)


def _cached(key: str, stream: Callable[[], _Stream]) -> Dataset:
    entry = entry_for(key)
    held = Lease(entry)  # from before the look until the Dataset has one of its own
    found = _reopen(entry)
    if found is not None:
        return found
    building = temporary_beside(entry, mode=0o700)
    try:
        made = stream()
        build(building, made, made.schema, made.report, source=key)
        try:
            os.rename(building, entry)
        except OSError:
            # Another process was first: its Dataset is of the same files, and as good.
            found = _reopen(entry)
            if found is not None:
                return found
            os.rename(building, entry)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    made_here = open_dataset(entry)
    del held
    evict()
    return made_here


def _reopen(entry: Path) -> Dataset | None:
    """Open an entry of the cache; one that is torn or of another version is thrown out."""
    if not entry.is_dir():
        return None
    try:
        found = open_dataset(entry)
    except DatasetError:
        discard(entry)
        return None
    touch(entry)
    return found


def _keep_apart(target: Path, given: Sequence[str | Path]) -> None:
    for path in given:
        source = Path(path).absolute()
        if source == target or target in source.parents:
            raise InvalidArgument(
                f"{target} holds what is to be read: {source}", hint="write to another folder"
            )
