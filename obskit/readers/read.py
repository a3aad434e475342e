"""Read one file, or many files, some of which may not hold events."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa

from obskit.errors import LimitExceeded, ReadError
from obskit.readers.io.live_files import being_written
from obskit.readers.io.source import Source
from obskit.readers.isolation import read_isolated
from obskit.readers.registry import REGISTRY
from obskit.schema import GROWING, READ_AS_IS, LoadReport, ReadOptions


class Vanished(ReadError):
    """A file that was deleted or packed after its folder was listed.

    Example:
        try:
            raise Vanished("events.jsonl was deleted")
        except Vanished as error:
            print("list the folder again:", error)
    """


def read_batches(
    path: Path, report: LoadReport, options: ReadOptions = READ_AS_IS
) -> Iterator[pa.RecordBatch]:
    """Yield one file's events, read by the reader that recognizes its content.

    Args:
        path: an ordinary file.
        report: counts what cannot be read.
        options: how to read it; readers of tables check that the columns that its mapping names exist.

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
    source = Source(path)
    reader = REGISTRY.choose(source)
    try:
        part = report.file(path, growing=being_written(path))
        yield from read_isolated(reader, source, part, options)
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
    paths: Iterable[Path], report: LoadReport, options: ReadOptions = READ_AS_IS
) -> Iterator[pa.RecordBatch]:
    """Yield the events of many files; a file that cannot be read is one rejection if others can.

    Args:
        paths: ordinary files.
        report: counts what cannot be read.
        options: how to read them.

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
    failed: list[ReadError] = []
    for path in files:
        try:
            yield from read_batches(path, report, options)
        except FileNotFoundError as error:
            raise _vanished(path) from error
        except ReadError as error:
            if not path.exists():
                raise _vanished(path) from error
            if len(files) > 1 and being_written(path):
                report.note(GROWING)
                continue
            if len(files) == 1:
                raise
            failed.append(error)
            report.reject(str(path), "", _reason(path, error))
    if failed and len(failed) == len(files):
        first = failed[0]
        more = f" (none of the {len(files):,} files can be read; this is the first)"
        raise ReadError(first.message + more, hint=first.hint)


def _vanished(path: Path) -> Vanished:
    return Vanished(f"{path} was deleted after its folder was listed", hint="load again")


def _reason(path: Path, error: ReadError) -> str:
    return error.message.removeprefix(f"{path} ").removeprefix(f"{path}: ")
