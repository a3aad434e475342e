"""Read the members of archives as files: each by its own format, named `logs.tar.gz!app.log` in the report.

A member is unpacked into a temporary file without a name of the archive's choosing, read, and deleted before
the next one. Folders, links, devices and absolute names are only names. The limits below bound what an
archive can cost; what was read before one of them is reached is kept.
"""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol

import pyarrow as pa

from obskit.errors import ReadError, StorageFull
from obskit.readers.archives.entry import NOT_A_FILE, Damaged, Entry
from obskit.readers.archives.tar import TarEntries, is_tar
from obskit.readers.archives.zip import ENCRYPTED, ZipEntries, document_in, is_zip
from obskit.readers.io.source import SPOOL_LIMIT, Source
from obskit.readers.skipped_files import SkippedFiles, Unrecognized, reason_of
from obskit.schema import LoadReport
from obskit.text import pluralize

MEMBERS = 100_000
"""Entries of an archive that are looked at."""

TOTAL = 64 * 1024**3
"""Bytes of all members of an archive together, unpacked."""

RATIO = 500
"""Unpacked bytes per byte of the archive; logs of equal lines reach about 100."""

RATIO_FROM = 256 * 1024 * 1024
"""Unpacked bytes from which `RATIO` is looked at."""

SEPARATOR = "!"
"""Between the name of an archive and that of a member."""


class _Entries(Protocol):
    damage: str | None

    def __iter__(self) -> Iterator[Entry]: ...


ReadMember = Callable[[Source], Iterator[pa.RecordBatch]]


@dataclass
class Archive:
    """An archive that is being read.

    Attributes:
        source: the archive.
        report: counts what cannot be read.
        skipped: collects members that hold no events.
        read: yields the events of a member; raises `ReadError` if it cannot be read.
        depth: 0 for a file, 1 for an archive that is a member of another one.
        given: rows so far.
        members: members so far that could be read, or were skipped.
        first: why the first member that cannot be read cannot be.
    """

    source: Source
    report: LoadReport
    skipped: SkippedFiles
    read: ReadMember
    depth: int = 0
    given: int = 0
    members: int = 0
    first: ReadError | None = None
    _unpacked: int = field(default=0, repr=False)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the events of all members; what cannot be read is one rejection per member.

        Yields:
            Batches with names as found; schemas differ between members.

        Raises:
            ReadError: no member can be read.
            StorageFull: the folder of temporary files is full.
        """
        others, seen, encrypted = 0, 0, 0
        with self.source.stream() as stream:
            entries: _Entries = TarEntries(stream) if is_tar(self.source.head) else ZipEntries(self.source)
            for entry in entries:
                seen += 1
                if seen > MEMBERS:
                    self._reject(self.source.path, f"more than {MEMBERS:,} members; the rest is not read")
                    break
                if entry.problem == NOT_A_FILE:
                    others += not entry.name.endswith("/")
                    continue
                path = Path(f"{self.source.path}{SEPARATOR}{_printable(entry.name)}")
                encrypted += entry.problem == ENCRYPTED
                if entry.problem:
                    self._fail(path, ReadError(f"{path} is {entry.problem}", hint="unpack the archive first"))
                elif not self.skipped.by_name(path, _parts(entry.name)):
                    yield from self._member(entry, path)
                else:
                    self.members += 1
                if self._too_large():
                    break
        if entries.damage:
            self._reject(self.source.path, entries.damage, "end of the file")
        if others:
            self.report.note(
                f"skipped {pluralize(others, 'entry', 'entries')} of {self._shown(self.source.path)}"
                " that are not files, such as links"
            )
        if encrypted and encrypted == seen:
            raise _encrypted(self.source.path)
        if not self.given and not self.members:
            raise self._nothing(entries.damage)

    def _too_large(self) -> bool:
        """Return whether a limit is reached, which is one rejection."""
        if self._unpacked > TOTAL:
            why = f"more than {TOTAL // 1024**3} GiB when unpacked; the rest is not read"
        elif self._unpacked > max(RATIO_FROM, RATIO * self.source.size):
            why = f"more than {RATIO} times larger when unpacked; the rest is not read"
        else:
            return False
        self._reject(self.source.path, why)
        return True

    def _member(self, entry: Entry, path: Path) -> Iterator[pa.RecordBatch]:
        with tempfile.NamedTemporaryFile(prefix="obskit-") as copy:
            damage = self._unpack(entry, copy)
            try:
                yield from self._source(Source(path, stored=Path(copy.name), modified=entry.modified))
            except ReadError as error:
                if not (damage and not self._unpacked):
                    self._fail(path, error)
            if damage:
                self._reject(path, damage, "end of the file")

    def _source(self, source: Source) -> Iterator[pa.RecordBatch]:
        if self.report.display_names:
            self.report.display_names.setdefault(str(source.path), self._shown(source.path))
        if not is_archive(source):
            rows: Iterable[pa.RecordBatch] = self.read(source)
        elif self.depth:
            raise ReadError(
                f"{source.path} is an archive within an archive within an archive", hint="unpack it first"
            )
        else:
            rows = Archive(source, self.report, self.skipped, self.read, self.depth + 1).batches()
        for batch in rows:
            self.given += batch.num_rows
            yield batch
        self.members += 1

    def _unpack(self, entry: Entry, copy: IO[bytes]) -> str | None:
        """Write a member to a temporary file; return why it ended early, or None."""
        written = 0
        try:
            for piece in entry.pieces():
                written += len(piece)
                self._unpacked += len(piece)
                if written > SPOOL_LIMIT:
                    return f"larger than {SPOOL_LIMIT // 1024**3} GiB; the rest is not read"
                if self._unpacked > max(RATIO_FROM, RATIO * self.source.size) or self._unpacked > TOTAL:
                    break  # `_too_large` reports it
                copy.write(piece)
        except Damaged as damage:
            return str(damage)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            raise StorageFull(
                f"no space left in {tempfile.gettempdir()} to unpack {self.source.path}",
                hint="free some space, or set TMPDIR to a folder on another disk",
            ) from error
        finally:
            copy.flush()
        return None

    def _fail(self, path: Path, error: ReadError) -> None:
        if self.skipped.by_error(path, error):
            self.members += 1
            return
        self.first = self.first or error
        self._reject(path, reason_of(path, error))

    def _reject(self, path: Path, reason: str, position: str = "") -> None:
        self.report.reject(self._shown(path), position, reason)

    def _shown(self, path: Path) -> str:
        """Return the name of the archive or of a member for messages."""
        names = self.report.display_names
        archive, separator, member = str(path).partition(SEPARATOR)
        return names.get(str(path)) or f"{names.get(archive, archive)}{separator}{member}"

    def _nothing(self, damage: str | None) -> ReadError:
        path = self.source.path
        if self.first is not None:
            return Unrecognized(
                f"{path} has no member that can be read; the first: {self.first.message}",
                reason="an archive of which no member can be read",
                hint=self.first.hint,
            )
        return ReadError(
            f"{path} is an archive without a file{f': {damage}' if damage else ''}",
            hint="copy or download it again" if damage else "name an archive that holds events",
        )


def is_archive(source: Source) -> bool:
    """Return whether a file is an archive that is read member by member.

    Args:
        source: the file.

    Returns:
        Whether it is a tar or ZIP archive, and not an office document.

    Example:
        from pathlib import Path

        from obskit.readers import Source

        path = Path("events.jsonl")
        path.write_text('{"timestamp": "2026-05-04T10:00:00Z", "name": "book"}\\n')
        print(is_archive(Source(path)))
    """
    head = source.head
    return is_tar(head) or (is_zip(head) and document_in(head) is None)


def _printable(name: str) -> str:
    """Return a name as text that can be written as UTF-8: it is shown, and never opened."""
    return name.encode("utf-8", "replace").decode()


def _parts(name: str) -> list[str]:
    return [part for part in os.fspath(name).split("/") if part not in ("", ".", "..")]


def _encrypted(path: Path) -> ReadError:
    return ReadError(
        f"{path} is an encrypted ZIP archive",
        hint="unpack it with its password (unzip, or 7z x), and load the folder",
    )
