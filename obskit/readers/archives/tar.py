"""Read tar archives as streams: V7, ustar, GNU and pax, inside any compression that `Source` knows.

    512 bytes   header: name, size 1200, type 0, checksum
    1200 bytes  content, filled up to 1536
    512 bytes   the next header, or zeros at the end

The standard library's reader ends without a word at a damaged header. This one says where the archive broke,
and keeps what came before.
"""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator
from typing import Any

from obskit.readers.archives.entry import NOT_A_FILE, PIECE, Damaged, Entry, no_pieces
from obskit.readers.io.source import Readable, Stream

BLOCK = 512
NAME_LIMIT = 1024 * 1024
"""Bytes of a header that holds a long name; longer ones are skipped."""

CUT_OFF = "the tar archive is cut off"

_YEAR_10000 = 253_402_300_800
_OCTAL = b"01234567 \0"
_WITHOUT_CONTENT = frozenset(b"123456")  # links, devices, folders and pipes, whatever size they state
_FILES = frozenset(b"0\x007")
_LONG_NAME, _LONG_LINK, _PAX, _PAX_SUN, _PAX_GLOBAL, _SPARSE = b"LKxXgS"


def is_tar(head: bytes) -> bool:
    """Return whether a file is a tar archive: its first block has the right checksum.

    Args:
        head: the first bytes, decompressed.

    Returns:
        Whether they are the header of an entry.

    Example:
        print(is_tar(b"no archive" * 100))
    """
    # The checksum is octal; looking at it first costs next to nothing for each file of a large folder.
    return len(head) >= BLOCK and not head[148:156].strip(_OCTAL) and _header(head[:BLOCK]) is not None


def _header(block: bytes) -> tarfile.TarInfo | None:
    """Return what a header says; None if it is damaged, or is not a header."""
    try:
        info = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except (tarfile.TarError, ValueError):
        return None
    return info if info.size >= 0 else None


class TarEntries:
    """The entries of a tar archive.

    Args:
        stream: of the decompressed archive, from its beginning.

    Attributes:
        damage: why the archive ended early; None if it did not.
    """

    def __init__(self, stream: Stream) -> None:
        self.damage: str | None = None
        self._stream = stream
        self._bytes = Readable(stream)
        self._at = 0
        self._left = 0  # bytes of the entry, with its padding, that were not read yet

    def __iter__(self) -> Iterator[Entry]:
        """Yield the entries; each is valid until the next one."""
        extended: dict[str, str] = {}
        for_all: dict[str, str] = {}
        while (info := self._next()) is not None:
            kind = ord(info.type)
            if kind in (_LONG_NAME, _LONG_LINK, _PAX, _PAX_SUN, _PAX_GLOBAL):
                self._left = _padded(info.size)
                content = self._content(info.size) if info.size <= NAME_LIMIT else b""
                if kind == _LONG_NAME:
                    extended["path"] = content.rstrip(b"\0").decode("utf-8", "surrogateescape")
                elif kind in (_PAX, _PAX_SUN):
                    extended.update(_pax(content))
                elif kind == _PAX_GLOBAL:
                    for_all.update(_pax(content))
                continue
            entry = self._entry(info, {**for_all, **extended})
            extended = {}
            if entry is None:
                return
            yield entry

    def _next(self) -> tarfile.TarInfo | None:
        """Return the next header; None at the end."""
        if not self._skip():
            return None
        block = self._read(BLOCK)
        if len(block) < BLOCK:
            # Without the blocks of zeros at its end, an archive may have been cut off between two entries.
            self.damage = self._stream.damage or CUT_OFF
            return None
        if not block.strip(b"\0"):
            return None
        info = _header(block)
        if info is None:
            self.damage = (
                f"a damaged tar header at byte {self._at - BLOCK:,}; the rest of the archive is not read"
            )
        return info

    def _entry(self, info: tarfile.TarInfo, extended: dict[str, str]) -> Entry | None:
        kind = ord(info.type)
        name = extended.get("path", info.name)
        size = info.size
        if "size" in extended:
            size = int(extended["size"]) if re.fullmatch("[0-9]{1,19}", extended["size"]) else -1
        if size < 0 or size > 1 << 62:
            self.damage = f"a damaged size of '{name}'; the rest of the archive is not read"
            return None
        self._left = 0 if kind in _WITHOUT_CONTENT else _padded(size)
        modified = _moment(extended.get("mtime", info.mtime))
        if kind == _SPARSE or any(key.startswith("GNU.sparse") for key in extended):
            if kind == _SPARSE and not self._skip_map(info):
                return None
            return Entry(name, modified, "a sparse file of tar, which is not supported", no_pieces)
        if kind not in _FILES:
            return Entry(name, modified, NOT_A_FILE, no_pieces)
        if name.endswith("/"):  # how V7 writes a folder
            return Entry(name, modified, NOT_A_FILE, no_pieces)
        return Entry(name, modified, "", lambda: self._pieces(size))

    def _skip_map(self, info: tarfile.TarInfo) -> bool:
        """Skip the blocks that list the pieces of a sparse file; `frombuf` has read the first of them."""
        structure: tuple[Any, ...] = getattr(info, "_sparse_structs", ([], False))
        more = bool(structure[1])
        while more:
            block = self._read(BLOCK)
            if len(block) < BLOCK:
                self.damage = self._stream.damage or CUT_OFF
                return False
            more = bool(block[504])
        return True

    def _pieces(self, size: int) -> Iterator[bytes]:
        while size:
            piece = self._read(min(size, PIECE))
            self._left -= len(piece)
            size -= len(piece)
            if piece:
                yield piece
            else:
                self.damage = self._stream.damage or CUT_OFF
                raise Damaged(self.damage)

    def _content(self, size: int) -> bytes:
        data = self._read(size)
        self._left -= len(data)
        return data

    def _skip(self) -> bool:
        """Skip what is left of an entry; return False if the archive ends within it."""
        while self._left:
            piece = self._read(min(self._left, PIECE))
            self._left -= len(piece)
            if not piece:
                self.damage = self._stream.damage or CUT_OFF
                return False
        return True

    def _read(self, size: int) -> bytes:
        data = self._bytes.read(size)
        self._at += len(data)
        return data


def _padded(size: int) -> int:
    return -(-size // BLOCK) * BLOCK


def _pax(content: bytes) -> dict[str, str]:
    """Return the records of a pax header, such as `30 mtime=1777888800.123\\n`; damaged ones are left out."""
    found: dict[str, str] = {}
    at = 0
    while at < len(content):
        length, space, _ = content[at : at + 24].partition(b" ")
        if not space or not length.isdigit() or int(length) <= len(length) + 1:
            break
        record = content[at + len(length) + 1 : at + int(length)].removesuffix(b"\n")
        key, equals, value = record.partition(b"=")
        if equals:
            found[key.decode("utf-8", "replace")] = value.decode("utf-8", "surrogateescape")
        at += int(length)
    return found


def _moment(seconds: str | float) -> float | None:
    """Return seconds since 1970; None if they are no number, or not before the year 10000."""
    try:
        found = float(seconds)
    except (ValueError, OverflowError):
        return None
    return found if 0 <= found < _YEAR_10000 else None
