"""Read one file, or many files, some of which may not hold events."""

from __future__ import annotations

import errno
import os
from collections.abc import Hashable, Iterable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from obskit.errors import LimitExceeded, ReadError
from obskit.readers.archives.members import Archive, is_archive
from obskit.readers.foreign import note_foreign_lines
from obskit.readers.io.live_files import being_written
from obskit.readers.io.source import Source
from obskit.readers.isolation import read_isolated
from obskit.readers.joined import BYTES, Joined, NotJoinable, Recognizer, group_of, joined
from obskit.readers.outcome import Outcome
from obskit.readers.path_fields import Fields, PathFields, with_fields
from obskit.readers.registry import REGISTRY, Reader
from obskit.readers.skipped_files import reason_of
from obskit.schema import GROWING, READ_AS_IS, LoadReport, ReadOptions

HELD = 4 * BYTES
"""Bytes of small files that wait to be read together, at most."""

GROUPS = 64
"""Groups of small files that wait, at most."""


class Vanished(ReadError):
    """A file that was deleted or packed after its folder was listed.

    Example:
        try:
            raise Vanished("events.jsonl was deleted")
        except Vanished as error:
            print("list the folder again:", error)
    """


def read_batches(
    path: Path, report: LoadReport, options: ReadOptions = READ_AS_IS, *, roots: Sequence[Path] = ()
) -> Iterator[pa.RecordBatch]:
    """Yield one file's events, read by the reader that recognizes its content; an archive member by member.

    Args:
        path: an ordinary file.
        report: counts what cannot be read.
        options: how to read it; readers of tables check that the columns that its mapping names exist.
        roots: folders that were given, below which `path_fields` of the options are searched first.

    Yields:
        Batches with names as found; schemas may differ.

    Raises:
        ReadError: the whole file cannot be read.
        LimitExceeded: the file exceeds a limit, which the message states.

    Example:
        from obskit.schema import LoadReport
        from pathlib import Path

        path = Path("events.jsonl")
        path.write_text('{"timestamp": "2026-05-04T10:00:00Z", "name": "book"}\\n')
        for batch in read_batches(path, LoadReport()):
            print(batch.schema.names)
    """
    yield from _ManyFiles(report, options, roots).only(path)


def read_source(
    source: Source, reader: Reader, report: LoadReport, options: ReadOptions
) -> Iterator[pa.RecordBatch]:
    """Yield the events of a source.

    Args:
        source: a file, a member of an archive or a part of a file.
        reader: of its format.
        report: counts what cannot be read.
        options: how to read it.

    Yields:
        Batches with names as found.

    Raises:
        ReadError: the whole source cannot be read.
        LimitExceeded: it exceeds a limit, which the message states.

    Example:
        from obskit.readers import REGISTRY, Source
        from obskit.schema import READ_AS_IS, LoadReport
        from pathlib import Path

        path = Path("events.jsonl")
        path.write_text('{"id": 1}\\n')
        for batch in read_source(Source(path), REGISTRY.choose(Source(path)), LoadReport(), READ_AS_IS):
            print(batch.num_rows)
    """
    path = source.path
    try:
        batches = read_isolated(reader, source, report.file(path, growing=source.growing), options)
        name = report.display_names.get(str(path), str(path))
        yield from note_foreign_lines(batches, reader.name, name, report)
    except LimitExceeded as error:
        if error.message.startswith(str(path)):
            raise
        raise LimitExceeded(f"{path}: {error.message}", hint=error.hint) from None
    except OSError as error:
        if isinstance(error, FileNotFoundError) or error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise ReadError(
            f"{path} cannot be read: {error.strerror or error}",
            hint="check the disk, or the network if the file is on another machine",
        ) from error


def read_paths(
    paths: Iterable[Path | str],
    report: LoadReport,
    options: ReadOptions = READ_AS_IS,
    *,
    roots: Sequence[Path] = (),
) -> Iterator[pa.RecordBatch]:
    """Yield the events of many files; a file that cannot be read is one rejection if others can.

    Small files of one format are read together, so rows of different formats may change places. Archives are
    read member by member. Files of kinds that hold no events, such as pictures, are skipped with a note.

    Args:
        paths: ordinary files.
        report: counts what cannot be read.
        options: how to read them.
        roots: folders that were given, below which `path_fields` of the options are searched first.

    Yields:
        Batches with names as found; schemas may differ.

    Raises:
        ReadError: the only file, or every file, cannot be read.
        Vanished: a file was deleted since its folder was listed.
        LimitExceeded: a file exceeds a limit, which the message states.

    Example:
        from obskit.schema import LoadReport
        from pathlib import Path

        path = Path("events.jsonl")
        path.write_text('{"timestamp": "2026-05-04T10:00:00Z", "name": "book"}\\n')
        report = LoadReport()
        print(sum(batch.num_rows for batch in read_paths([path], report)), report.rejected_count)
    """
    files = list(paths)
    if len(files) == 1:
        try:
            yield from read_batches(Path(files[0]), report, options, roots=roots)
        except (FileNotFoundError, ReadError) as error:
            _raise_if_vanished(Path(files[0]), error)
            raise
        return
    outcome = Outcome()
    yield from _ManyFiles(report, options, roots, outcome).read(files)
    outcome.conclude(report, len(files))


def read_some_paths(
    paths: Iterable[Path | str],
    report: LoadReport,
    options: ReadOptions,
    *,
    roots: Sequence[Path],
    outcome: Outcome,
) -> Iterator[pa.RecordBatch]:
    """Yield the events of some of the files of a load; the others are read elsewhere.

    Args:
        paths: ordinary files.
        report: counts what cannot be read.
        options: how to read them.
        roots: as in `read_paths`.
        outcome: what follows from all files of the load is counted there, for `Outcome.conclude`.

    Yields:
        Batches as in `read_paths`. A file that cannot be read is a rejection, even if no file can be.

    Raises:
        Vanished, LimitExceeded: as in `read_paths`.

    Example:
        from obskit.schema import READ_AS_IS, LoadReport
        from pathlib import Path

        path = Path("events.jsonl")
        path.write_text('{"timestamp": "2026-05-04T10:00:00Z", "name": "book"}\\n')
        report, outcome = LoadReport(), Outcome()
        for batch in read_some_paths([path], report, READ_AS_IS, roots=[], outcome=outcome):
            print(batch.num_rows)
        outcome.conclude(report, 1)
    """
    yield from _ManyFiles(report, options, roots, outcome).read(list(paths))


class _ManyFiles:
    """Reads several files; some of them together, and without those that cannot be read."""

    def __init__(
        self,
        report: LoadReport,
        options: ReadOptions,
        roots: Sequence[Path],
        outcome: Outcome | None = None,
    ) -> None:
        self._report = report
        self._options = options
        self._groups: dict[Hashable, tuple[Joined, Fields]] = {}
        self._held = 0
        self._recognizer = Recognizer()
        self._outcome = Outcome() if outcome is None else outcome
        self._path_fields = PathFields(options.path_fields, roots, report, self._outcome.matched)

    def only(self, path: Path) -> Iterator[pa.RecordBatch]:
        """Yield the rows of a single file; raise if it cannot be read."""
        source = Source(path)
        yield from self._archive(source) if is_archive(source) else self._single(source)
        self._outcome.conclude(self._report)

    def read(self, files: Sequence[Path | str]) -> Iterator[pa.RecordBatch]:
        """Yield the rows of files."""
        for name in files:
            yield from self._one(Path(name), join=True)
            if self._held >= HELD or len(self._groups) > GROUPS:
                yield from self._flush()
        yield from self._flush()

    def _single(self, source: Source) -> Iterator[pa.RecordBatch]:
        """Yield the rows of a file, or of a member of an archive, read by itself."""
        reader = REGISTRY.choose(source, self._options)
        yield from self._path_fields.add(
            source.path, read_source(source, reader, self._report, self._options)
        )

    def _archive(self, source: Source) -> Iterator[pa.RecordBatch]:
        yield from Archive(source, self._report, self._outcome.skipped, self._single).batches()

    def _one(self, path: Path, *, join: bool) -> Iterator[pa.RecordBatch]:
        """Yield the rows of a file, unless it is kept to be read together with others."""
        try:
            source = Source(path)
            if is_archive(source):
                yield from self._archive(source)
                return
            reader = self._recognizer.choose(source, self._options)
            joinable = group_of(source, reader) if join else None
            fields = self._path_fields.of(path)
            if joinable is None:
                batches = read_source(source, reader, self._report, self._options)
                yield from self._path_fields.add(path, batches)
                return
        except (FileNotFoundError, ReadError) as error:
            _raise_if_vanished(path, error)
            if not isinstance(error, ReadError):
                raise
            self._fail(path, error)
            return
        group = (joinable, fields)
        files, _ = self._groups.setdefault(group, (joined(joinable), fields))
        before = files.size
        files.add(source)
        self._held += files.size - before
        if files.size >= BYTES:
            yield from self._flush(group)

    def _flush(self, group: Hashable = None) -> Iterator[pa.RecordBatch]:
        """Yield the rows of the files of one group, or of all groups."""
        for key in list(self._groups) if group is None else [group]:
            files, fields = self._groups.pop(key)
            self._held -= files.size
            yield from self._together(files, fields)

    def _together(self, files: Joined, fields: Fields) -> Iterator[pa.RecordBatch]:
        if len(files.paths) > 1:
            try:
                batches = files.read(self._report, self._options)
            except NotJoinable:
                for half in files.halves():
                    yield from self._together(half, fields)
                return
            for path in files.paths:
                self._path_fields.count(path, fields)
            name = f"{len(files.paths)} files from {files.paths[0]}"
            for batch in note_foreign_lines(batches, files.reader.name, name, self._report):
                yield with_fields(batch, fields, self._report)
            return
        for path in files.paths:
            yield from self._one(path, join=False)

    def _fail(self, path: Path, error: ReadError) -> None:
        if being_written(path):
            self._report.note(GROWING)
            return
        self._outcome.fail(error)
        if self._outcome.skipped.by_error(path, error):
            return
        self._report.reject(str(path), "", reason_of(path, error))


def _raise_if_vanished(path: Path, error: Exception) -> None:
    try:
        os.stat(path)
    except FileNotFoundError:
        raise Vanished(f"{path} was deleted after its folder was listed", hint="load again") from error
    except OSError:
        return  # it is there, but may not be read
