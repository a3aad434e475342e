"""Read ZIP archives: by their list of members, or where that is cut off by the header before each member.

PK 3 4  header of a member: name, method, sizes      read in order, if the list is missing
...     its bytes, compressed
PK 1 2  the list of all members                      read first, if it is there
PK 5 6  where the list is
"""

from __future__ import annotations

import calendar
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from obskit.readers.archives.entry import NOT_A_FILE, PIECE, Damaged, Entry, no_pieces
from obskit.readers.io.source import Source

LIST_LIMIT = 64 * 1024 * 1024
"""Bytes of the list of members; it is in memory as a whole."""

ENCRYPTED = "encrypted"
CUT_OFF = "the ZIP archive is cut off"

_MAGIC = b"PK\x03\x04"
_HEADER = struct.Struct("<4sHHHHHIIIHH")
_TAIL = 66_000
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError)
_DOCUMENTS = (
    (b"xl/", "an Excel workbook"),
    (b"word/", "a Word document"),
    (b"ppt/", "a PowerPoint document"),
)


def is_zip(head: bytes) -> bool:
    """Return whether a file is a ZIP archive.

    Args:
        head: its first bytes, decompressed.

    Returns:
        Whether they are the header of a member.

    Example:
        print(is_zip(b"no archive"))
    """
    return head[:4] == _MAGIC


def document_in(head: bytes) -> str | None:
    """Return what a file of an office program is, which is a ZIP archive too.

    Args:
        head: the first bytes of the archive.

    Returns:
        Such as "an Excel workbook"; None for an archive of files.

    Example:
        print(document_in(b"no archive"))
    """
    if head[30:38] == b"mimetype" and b"opendocument" in head[38:120]:
        is_sheet = b"spreadsheet" in head[38:120]
        return "an OpenDocument spreadsheet" if is_sheet else "an OpenDocument document"
    if b"[Content_Types].xml" not in head:
        return None
    return next((what for folder, what in _DOCUMENTS if folder in head), "an Office document")


class ZipEntries:
    """The entries of a ZIP archive.

    Args:
        source: the archive.

    Attributes:
        damage: why the archive ended early; None if it did not.
    """

    def __init__(self, source: Source) -> None:
        self.damage: str | None = None
        self._source = source

    def __iter__(self) -> Iterator[Entry]:
        """Yield the entries; each is valid until the next one."""
        with self._source.on_disk() as path, path.open("rb") as file:
            size = _list_bytes(file)
            if size is not None and size > LIST_LIMIT:
                self.damage = f"its list of members is larger than {LIST_LIMIT >> 20} MiB"
                return
            with _opened(path) as archive:
                if archive is not None:
                    for info in archive.infolist():
                        yield _listed(archive, info)
                    self.damage = self._source.damage
                    return
            self.damage = self._source.damage or CUT_OFF
            file.seek(0)
            yield from _Unlisted(file)


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile | None]:
    """Open an archive by its list of members; yield None if it cannot be."""
    try:
        archive = zipfile.ZipFile(path)
    except _BROKEN:
        yield None
        return
    with archive:
        yield archive


def _list_bytes(file: BinaryIO) -> int | None:
    """Return the size of the list of members as the archive states it; None if it does not."""
    end = file.seek(0, 2)
    file.seek(max(0, end - _TAIL))
    tail = file.read(_TAIL)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + 16:
        return None
    large = tail.rfind(b"PK\x06\x06", 0, at)
    if large >= 0 and len(tail) >= large + 48:
        return int.from_bytes(tail[large + 40 : large + 48], "little")
    return int.from_bytes(tail[at + 12 : at + 16], "little")


def _modified(date: tuple[int, int, int, int, int, int]) -> float | None:
    """Return a time without a zone as if it were UTC; None if it is not a time."""
    try:
        return float(calendar.timegm((*date, 0, 0, 0))) if date[1] and date[2] else None
    except (ValueError, OverflowError):
        return None


def _listed(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Entry:
    problem = ""
    mode = info.external_attr >> 28 if info.create_system == 3 else 0  # the type of file in Unix
    if info.is_dir() or mode not in (0, 8):
        problem = NOT_A_FILE
    elif info.flag_bits & 1:
        problem = ENCRYPTED

    def pieces() -> Iterator[bytes]:
        try:
            with archive.open(info) as member:
                while piece := member.read(PIECE):
                    yield piece
        except _BROKEN as error:
            raise Damaged(_why(error)) from error

    return Entry(info.filename, _modified(info.date_time), problem, no_pieces if problem else pieces)


def _why(error: Exception) -> str:
    if isinstance(error, NotImplementedError):
        return "compressed by a method that is not supported"
    return "damaged bytes in the ZIP archive"


class _Unlisted:
    """The entries of an archive whose list is cut off, by the headers before each member."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def __iter__(self) -> Iterator[Entry]:
        while True:
            header = self._file.read(_HEADER.size)
            if len(header) < _HEADER.size or header[:4] != _MAGIC:
                return
            _, _, flags, method, time, date, _, packed, plain, name_size, extra_size = _HEADER.unpack(header)
            name = self._file.read(name_size).decode("utf-8" if flags & 0x800 else "cp437", "replace")
            packed = _large(self._file.read(extra_size), packed, plain)
            begin = self._file.tell()
            unknown = bool(flags & 8) and not packed
            when = _modified(
                ((date >> 9) + 1980, date >> 5 & 15, date & 31, time >> 11, time >> 5 & 63, (time & 31) * 2)
            )
            if flags & 1 or method not in (0, 8) or (unknown and method == 0):
                why = ENCRYPTED if flags & 1 else "of unknown size, or compressed by an unsupported method"
                yield Entry(name, when, why, no_pieces)
                if unknown:
                    return
                self._file.seek(begin + packed)
                continue
            if name.endswith("/"):
                yield Entry(name, when, NOT_A_FILE, no_pieces)
                continue
            member = _Member(self._file, method, None if unknown else packed)
            yield Entry(name, when, "", member.pieces)
            if not unknown:
                self._file.seek(begin + packed)
            elif not member.ended or not self._to_next(member.end):
                return

    def _to_next(self, end: int) -> bool:
        """Go behind the sizes that follow a member; return whether there is another one."""
        self._file.seek(end)
        found = self._file.read(64).find(_MAGIC)
        self._file.seek(end + max(found, 0))
        return found >= 0


def _large(extra: bytes, packed: int, plain: int) -> int:
    """Return the size of a member; beyond 4 GiB it is in the extra fields, after the unpacked size."""
    if packed != 0xFFFFFFFF:
        return packed
    at = 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, at)
        if kind == 1:
            skipped = 8 if plain == 0xFFFFFFFF else 0
            return int.from_bytes(extra[at + 4 + skipped : at + 12 + skipped], "little")
        at += 4 + size
    return packed


class _Member:
    """The bytes of a member that begins where the file is."""

    def __init__(self, file: BinaryIO, method: int, size: int | None) -> None:
        self._file = file
        self._method = method
        self._left = size
        self.ended = False
        self.end = 0

    def pieces(self) -> Iterator[bytes]:
        inflate = zlib.decompressobj(-15) if self._method else None
        while not self.ended:
            data = self._file.read(PIECE // 4 if self._left is None else min(self._left, PIECE // 4))
            if self._left is not None:
                self._left -= len(data)
            if not data:
                if self._left == 0 and inflate is None:
                    break
                raise Damaged(CUT_OFF)
            if inflate is None:
                yield data
                self.ended = self._left == 0
                continue
            try:
                while data and not inflate.eof:
                    if piece := inflate.decompress(data, PIECE):
                        yield piece
                    data = inflate.unconsumed_tail
            except zlib.error as error:
                raise Damaged(_why(error)) from error
            if inflate.eof:
                self.ended = True
                self.end = self._file.tell() - len(inflate.unused_data)
