"""Decompress bzip2 and xz, and the zstd messages that the Collector's file exporter writes; decode UTF-16.

Like every `source.Stream` these hold one piece, or one message of limited size, in memory. `damage` says what
could not be decompressed.
"""

from __future__ import annotations

import bz2
import codecs
import lzma
import os
from typing import BinaryIO, Protocol

import pyarrow as pa

PIECE = 1024 * 1024
MESSAGE_LIMIT = 64 * 1024 * 1024
"""Bytes that one message may have after decompression."""

XZ_MEMORY = 512 * 1024 * 1024
"""Bytes of memory that decompressing xz may take: `xz -9` needs 65 MB, its largest dictionary 1.5 GB."""

BZIP2 = b"BZh"
XZ = b"\xfd7zXZ\x00"
UTF16 = (b"\xff\xfe", b"\xfe\xff")
"""Byte order marks of text in UTF-16, little-endian and big-endian."""
ZSTD = b"\x28\xb5\x2f\xfd"


class _Decompressor(Protocol):
    """What the decompressors of the standard library have in common."""

    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class _Concatenated:
    """Concatenated streams. `max_length` limits what a decompression bomb can fill at once."""

    name: str
    magic: bytes

    def __init__(self, file: BinaryIO) -> None:
        self.damage: str | None = None
        self._file = file
        self._decompressor = self._new()
        self._ended = False

    def _new(self) -> _Decompressor:
        """Return a decompressor for the next stream."""
        raise NotImplementedError

    def position(self) -> int:
        """Return how many bytes of the file have been read."""
        return self._file.tell()

    def piece(self) -> bytes:
        """Return the next bytes, decompressed; empty at the end."""
        while not self._ended:
            data = b""
            if self._decompressor.eof:
                data = self._decompressor.unused_data or self._file.read(PIECE // 4)
                if self.name == "xz":  # streams are padded with zeros
                    data = data.lstrip(b"\0")
                    while not data and (more := self._file.read(PIECE // 4)):
                        data = more.lstrip(b"\0")
                if data[: len(self.magic)] != self.magic[: len(data)] or not data:
                    if data.strip(b"\0"):
                        self.damage = f"the bytes after the {self.name} stream are not {self.name}"
                    break
                self._decompressor = self._new()
            elif self._decompressor.needs_input:
                data = self._file.read(PIECE // 4)
                if not data:
                    self.damage = f"the {self.name} stream is cut off"
                    break
            try:
                out = self._decompressor.decompress(data, PIECE)
            except lzma.LZMAError as error:
                too_much = "emory" in str(error)
                why = f"needs more than {XZ_MEMORY >> 20} MiB of memory" if too_much else "is corrupt"
                self.damage = f"the {self.name} stream {why}"
                break
            except (OSError, ValueError):
                self.damage = f"the {self.name} stream is corrupt"
                break
            if out:
                return out
        self._ended = True
        return b""


class Bzip2(_Concatenated):
    """Concatenated bzip2 streams."""

    name, magic = "bzip2", BZIP2

    def _new(self) -> _Decompressor:
        return bz2.BZ2Decompressor()


class Xz(_Concatenated):
    """Concatenated xz streams, which may be padded with zeros."""

    name, magic = "xz", XZ

    def _new(self) -> _Decompressor:
        return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=XZ_MEMORY)


class Utf16:
    """Text in UTF-16 with a byte order mark, as PowerShell's `>` writes it; it comes out as UTF-8."""

    def __init__(self, file: BinaryIO) -> None:
        self.damage: str | None = None
        self._file = file
        self._decoder = codecs.getincrementaldecoder("utf-16")()

    def position(self) -> int:
        """Return how many bytes of the file have been read."""
        return self._file.tell()

    def piece(self) -> bytes:
        """Return the next text as UTF-8; empty at the end."""
        while self.damage is None:
            data = self._file.read(PIECE // 2)
            try:
                text = self._decoder.decode(data, final=not data)
            except UnicodeDecodeError as error:
                self.damage = "the text stops being UTF-16"
                raw: bytes = error.object
                text = raw[: error.start].decode(f"utf-16-{self._order(raw)}")
            if text or not data:
                return text.encode()
        return b""

    def _order(self, raw: bytes) -> str:
        if raw[:2] in UTF16:
            return "le" if raw[:2] == UTF16[0] else "be"
        self._file.seek(0)
        return "le" if self._file.read(2) == UTF16[0] else "be"


class ZstdMessages:
    """Messages that are compressed one by one, each after its length in four bytes.

    JSON messages come out one per line; others come out after their decompressed length, as the exporter
    writes uncompressed messages. A message that cannot be decompressed, or is too large, is skipped.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.damage: str | None = None
        self._file = file
        self._size = os.fstat(file.fileno()).st_size
        self._rest = memoryview(b"")
        self._json: bool | None = None
        self._skipped = 0
        self._first = ""

    def position(self) -> int:
        """Return how many bytes of the file have been read."""
        return self._file.tell()

    def piece(self) -> bytes:
        """Return the next bytes, decompressed; empty at the end."""
        while not len(self._rest):
            message = self._next()
            if message is None:
                return b""
            self._rest = memoryview(message)
        piece, self._rest = bytes(self._rest[:PIECE]), self._rest[PIECE:]
        return piece

    def _next(self) -> bytes | None:
        """Return the next message, empty if it is skipped; None at the end."""
        at = self._file.tell()
        head = self._file.read(8)
        if not head:
            return None
        length = int.from_bytes(head[:4], "big")
        if length > self._size - at - 4 or len(head) < 8:
            self._skip(at, "an incomplete zstd message")
            return self._after(at)
        if head[4:] != ZSTD or length < len(ZSTD):
            self._skip(at, "bytes that are not a zstd message")
            return self._after(at)
        if length > MESSAGE_LIMIT:
            self._file.seek(length - 4, os.SEEK_CUR)
            self._skip(at, f"a zstd message of more than {MESSAGE_LIMIT >> 20} MiB")
            return b""
        data = head[4:] + self._file.read(length - 4)
        try:
            with pa.CompressedInputStream(pa.BufferReader(data), "zstd") as stream:
                # `read` would leak the memory that it allocates for the result when it fails.
                message: bytes = stream.read_buffer(MESSAGE_LIMIT + 1).to_pybytes()
        except (OSError, pa.ArrowException):
            self._skip(at, "a corrupt zstd message")
            return b""
        if len(message) > MESSAGE_LIMIT:
            self._skip(at, f"a zstd message of more than {MESSAGE_LIMIT >> 20} MiB")
            return b""
        if self._json is None:
            self._json = message.lstrip()[:1] in (b"{", b"[")
        return message + b"\n" if self._json else len(message).to_bytes(4, "big") + message

    def _after(self, at: int) -> bytes | None:
        """Go to the next message after a wrong length at `at`; return empty bytes, or None at the end."""
        start, tail = at + 5, b""
        self._file.seek(start)
        while data := self._file.read(PIECE):
            found = (tail + data).find(ZSTD)
            if found >= 0 and start - len(tail) + found - 4 > at:
                self._file.seek(start - len(tail) + found - 4)
                return b""
            start += len(data)
            tail = (tail + data)[-3:]
        return None

    def _skip(self, at: int, what: str) -> None:
        self._skipped += 1
        self._first = self._first or f"{what} at byte {at}"
        more = f", and {self._skipped - 1:,} more" if self._skipped > 1 else ""
        self.damage = f"{self._first}{more}"
