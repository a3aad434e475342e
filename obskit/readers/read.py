"""The two ways in: one file, or many of which some may be no events."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa

from obskit.errors import LimitExceeded, ReadError
from obskit.readers.io.live_files import being_written
from obskit.readers.io.source import Source
from obskit.readers.registry import REGISTRY
from obskit.schema import GROWING, READ_AS_IS, LoadReport, ReadOptions


class Vanished(ReadError):
    """A file that was there when its folder was listed: packed meanwhile, or deleted."""


def read_batches(
    path: Path, report: LoadReport, options: ReadOptions = READ_AS_IS
) -> Iterator[pa.RecordBatch]:
    """Give one file's events in batches, names as found, by the reader that its content asks for.

    Args:
        path: an ordinary file.
        report: what cannot be read is counted here.
        options: how to read it; readers of columns check that the sources of its mapping are there.

    Raises:
        ReadError: nothing of the file can be read as events.
        LimitExceeded: a limit that the message states.
    """
    source = Source(path)
    reader = REGISTRY.choose(source)
    try:
        yield from reader.read(source, report.file(path, growing=being_written(path)), options)
    except LimitExceeded as error:
        if error.message.startswith(str(path)):
            raise
        raise LimitExceeded(f"{path}: {error.message}", hint=error.hint) from None
    except OSError as error:
        if isinstance(error, FileNotFoundError) or error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise ReadError(
            f"{path} cannot be read: {error.strerror or error}",
            hint="is the disk, or the network to it, well?",
        ) from error


def read_paths(
    paths: Iterable[Path], report: LoadReport, options: ReadOptions = READ_AS_IS
) -> Iterator[pa.RecordBatch]:
    """Give the events of many files; one that cannot be read is a counted rejection while others can.

    Raises:
        ReadError: there is but one file, or not one of them can be read.
        Vanished: a file is gone by now.
        LimitExceeded: a limit that the message states.
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
        more = f" (the first of {len(files):,} files, none of which can be read)"
        raise ReadError(first.message + more, hint=first.hint)


def _vanished(path: Path) -> Vanished:
    return Vanished(f"{path} is gone since its folder was listed", hint="load again")


def _reason(path: Path, error: ReadError) -> str:
    return error.message.removeprefix(f"{path} ").removeprefix(f"{path}: ")
